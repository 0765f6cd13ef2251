/*
 * weights.h: a model as a safetensors file. Tensor names are the family's own; metadata, all text:
 *
 *   alexnet.schema      "1"
 *   alexnet.family      "torchvision"
 *   alexnet.options     "classes=10 dropout=0.5 input=224x224"; dropout absent: the family's
 *   alexnet.classes     JSON array of names in class order; absent: unnamed
 *   alexnet.preprocess  the record as text; absent: the family's
 *   alexnet.crc32c      checksums, which are checked when the values are read (sums.h)
 *   alexnet.trained     JSON: recipe, steps, epochs, data, val_top1, val_top5, version ...; absent:
 * never trained format              "pt", so that the usual Python loaders take it
 *
 * Other entries are kept: alexnet_model_metadata() gives them, alexnet_model_save() writes them
 * back. The mean image, where the record asks for one, is the extra tensor "preprocess.mean_image"
 * [3][h][w].
 *
 * The record must parse. A mean image that it asks for may be missing: freshly started weights have
 * none yet (infer/network.h refuses to show them images).
 *
 * Programs that wrap a network put a word before its names ("module.features.0.weight"): the words
 * "module.", "model." and "_orig_mod." are passed over, any number of them.
 *
 * A file must hold the family's tensors, all of them, of the right shapes, and no other; every
 * value must be finite, and no variance negative: such weights can only give answers that are none. All of
 * it is checked before memory for the values is taken, but for finiteness.
 *
 * alexnet_model_load() and alexnet_model_save() are implemented here.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_WEIGHTS_H
#define AN_FORMATS_WEIGHTS_H

#include "core/model.h"
#include "formats/safetensors.h"

/* alexnet_model_load() from a file that is already open, or from memory. `path` names it in
 * messages. */
alexnet_status an_weights_read(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                               alexnet_model **out) AN_NODISCARD;

/* What of a model goes into a file: all of it; what is not frozen, with everything else that belongs to the model; only
 * the frozen parameters, without metadata. */
typedef enum an_weights_part {
    AN_WEIGHTS_ALL,
    AN_WEIGHTS_TRAINED,
    AN_WEIGHTS_FROZEN
} an_weights_part;

/* As alexnet_model_save(); *sum is what was written, NULL: nobody asks. */
alexnet_status an_weights_save(const alexnet_model *model, an_weights_part part, const char *path,
                               an_file_sum *sum) AN_NODISCARD;

/* ---- steps of reading, for partial.c ---- */

/* The name without the words that wrappers put before it: a part of `name`. */
const char *an_weights_plain_name(const char *name);

/* The first names of a file for a message: "conv1.weight, conv1.bias, conv2.weight ...". */
#define AN_WEIGHTS_NAMES 168
const char *an_weights_names(const an_tensor_file *file, char text[AN_WEIGHTS_NAMES]);

bool an_weights_same_shape(const an_param *param, const an_tensor_view *tensor);

/* The model options of a file whose metadata name a family. BAD_FILE, BAD_ARG (they do not parse). */
alexnet_status an_weights_options(alexnet_context *ctx, const an_tensor_file *file,
                                  alexnet_model_options *options) AN_NODISCARD;

/* Reads the values of a tensor, all finite, into those of a parameter of that shape. A variance that is negative has no
 * root: BAD_FILE. */
alexnet_status an_weights_copy_param(alexnet_model *model, const char *path,
                                     const an_tensor_view *tensor,
                                     const an_param *param) AN_NODISCARD;

/* The same into the model's mean image. BAD_SHAPE. */
alexnet_status an_weights_copy_mean_image(alexnet_model *model, const char *path,
                                          const an_tensor_view *tensor) AN_NODISCARD;

#endif
