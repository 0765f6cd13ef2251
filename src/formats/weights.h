/*
 * weights.h: a model as a safetensors file. Tensor names are the family's own; metadata, all text:
 *
 *   alexnet.schema      "1"
 *   alexnet.family      "torchvision"
 *   alexnet.options     "classes=10 dropout=0.5 input=224x224"; dropout absent: the family's
 *   alexnet.classes     JSON array of names in class order; absent: unnamed
 *   alexnet.preprocess  the record as text; absent: the family's
 *   alexnet.trained     JSON: recipe, steps, epochs, data, val_top1, val_top5, version ...; absent:
 * never trained format              "pt", so that the usual Python loaders take it
 *
 * Other entries are kept: alexnet_model_metadata() gives them, alexnet_model_save() writes them
 * back. The mean image, where the record asks for one, is the extra tensor "preprocess.mean_image"
 * [3][h][w].
 *
 * The record must parse. A mean image that it asks for may be missing: freshly started weights have
 * none yet (infer/network.h refuses to show them pictures).
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

/*
 * Copies what fits from a file into a model that is already built: tensors of the same name and
 * shape. Parameters without a counterpart keep their values; their indices go to fresh[] (room for
 * params.count), *fresh_count of them. For fine-tuning. BAD_FILE when nothing at all fits. On
 * failure the model's values are unspecified.
 */
alexnet_status an_weights_load_into(alexnet_model *model, const char *path, int *fresh,
                                    int *fresh_count) AN_NODISCARD;

#endif
