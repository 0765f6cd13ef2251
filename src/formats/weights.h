/*
 * weights.h: a model as a weights file: a safetensors file, or one of another format that
 * translate.h makes look like it. Tensor names are the family's; the metadata, all text:
 *
 *   format              "pt", which the usual Python loaders expect
 *   alexnet.schema      "1"
 *   alexnet.family      "torchvision"
 *   alexnet.options     "classes=10 dropout=0.5 input=224x224"; dropout absent: the family's
 *   alexnet.classes     JSON array of names in class order; absent: unnamed
 *   alexnet.preprocess  the record as text; absent: the family's
 *   alexnet.crc32c      checksums, which are checked when the values are read (sums.h)
 *   alexnet.trained     JSON: recipe, steps, epochs, data, val_top1, val_top5, version ...;
 *                       absent: never trained
 *
 * Other entries are kept: alexnet_model_metadata() returns them, alexnet_model_save() writes them
 * back. The mean image, if the record asks for one, is the additional tensor
 * "preprocess.mean_image" [3][h][w].
 *
 * The record must parse. A mean image that it asks for may be missing, as initial weights do not
 * have one yet (infer/network.h then refuses to run them on images).
 *
 * Programs that wrap a network put a prefix before its names ("module.features.0.weight"): the
 * prefixes "module.", "model.", "net." and "_orig_mod." are ignored, any number of them.
 *
 * A file must hold exactly the family's tensors, with the right shapes; every value must be finite
 * and no variance negative, as the results would be meaningless otherwise. All of this except
 * the values is checked before memory for the values is allocated.
 *
 * alexnet_model_load() and alexnet_model_save() are implemented here.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_WEIGHTS_H
#define AN_FORMATS_WEIGHTS_H

#include "core/model.h"
#include "formats/safetensors.h"

/*
 * Opens a weights file of any format (tensor_file.h) and translates it (translate.h), so that its
 * tensors and metadata are as in a file of ours.
 *   family  NULL, or the one that a network described by the file must be
 *   part    the file may hold only a part of a network
 * Errors of an_tensor_file_open() and an_translate(). On failure *out is zeroed.
 */
alexnet_status an_weights_open(alexnet_context *ctx, const char *path, const char *family,
                               bool part, an_tensor_file *out) AN_NODISCARD;

/* alexnet_model_load() for a file that is open, or in memory. `path` names it in messages. */
alexnet_status an_weights_read(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                               alexnet_model **out) AN_NODISCARD;

/* The same for a file that a family was given for: of several that its tensors fit, this one. NULL:
   any. BAD_FILE: they do not fit it. */
alexnet_status an_weights_read_as(alexnet_context *ctx, const char *path,
                                  const an_tensor_file *file, const char *family,
                                  alexnet_model **out) AN_NODISCARD;

/* The same without reading values: *out is as by alexnet_model_describe(), with the file's class
   names, record and metadata. */
alexnet_status an_weights_describe(alexnet_context *ctx, const char *path,
                                   const an_tensor_file *file, alexnet_model **out) AN_NODISCARD;

/* Which part of a model goes into a file: all of it; all but the frozen parameters; only the frozen
   parameters, without metadata. */
typedef enum an_weights_part {
    AN_WEIGHTS_ALL,
    AN_WEIGHTS_TRAINED,
    AN_WEIGHTS_FROZEN
} an_weights_part;

/* As alexnet_model_save(); *sum receives the size and SHA-256 of the file, may be NULL. */
alexnet_status an_weights_save(const alexnet_model *model, an_weights_part part, const char *path,
                               an_file_sum *sum) AN_NODISCARD;

/*
 * Writes all of a model in a format, with numbers of a type (F32, BF16, F16; running statistics and
 * the mean image stay F32). *sum receives the size and SHA-256 of the file. UNSUPPORTED: the format
 * cannot express the network. BAD_ARG, IO, NO_MEMORY.
 */
alexnet_status an_weights_write(const alexnet_model *model, const an_tensor_format *format,
                                an_dtype dtype, const char *path, an_file_sum *sum) AN_NODISCARD;

/* Makes the model subtract the mean image of a file (.binaryproto, or .npy of [3][h][w]), and its
   record say so. BAD_FILE, BAD_SHAPE, NOT_FOUND, IO, NO_MEMORY. */
alexnet_status an_weights_take_mean(alexnet_model *model, const char *path) AN_NODISCARD;

/* ---- steps of reading, for partial.c ---- */

/* The name without the prefixes of wrappers; points into `name`. */
const char *an_weights_plain_name(const char *name);

/* The first names of a file for a message: "conv1.weight, conv1.bias, conv2.weight ...". */
#define AN_WEIGHTS_NAMES 168
const char *an_weights_names(const an_tensor_file *file, char text[AN_WEIGHTS_NAMES]);

bool an_weights_same_shape(const an_param *param, const an_tensor_view *tensor);

/* The model options of a file whose metadata name a family. BAD_FILE, BAD_ARG (do not parse). */
alexnet_status an_weights_options(alexnet_context *ctx, const an_tensor_file *file,
                                  alexnet_model_options *options) AN_NODISCARD;

/* Reads the values of a tensor into a parameter of the same shape. BAD_FILE if one is not finite,
   or if a variance is negative: it has no square root. */
alexnet_status an_weights_copy_param(alexnet_model *model, const char *path,
                                     const an_tensor_view *tensor,
                                     const an_param *param) AN_NODISCARD;

/* Reads the values of a tensor into the model's mean image. BAD_SHAPE. */
alexnet_status an_weights_copy_mean_image(alexnet_model *model, const char *path,
                                          const an_tensor_view *tensor) AN_NODISCARD;

#endif
