/*
 * verify.h: proves that a weights file gives the same results as another: both are run on the same
 * pseudo-random images, each in its own way.
 *
 *   the input     by the rules of its format: ONNX node by node, Caffe's layers in order, other
 *                 files in plain loops with the layout of their source (chain_run.h)
 *   the output    by the program, as `predict` will run it; and if its format describes a network,
 *                 by the rules of that, too
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CONVERT_VERIFY_H
#define AN_CONVERT_VERIFY_H

#include "core/model.h"
#include "formats/plain.h"
#include "formats/tensor_file.h"

/* Images of the model's input size, as its preprocessing record would give them for random pixels;
   free with an_plain_free(). The same for every call. NO_MEMORY. */
alexnet_status an_verify_images(const alexnet_model *model, an_plain_map *out) AN_NODISCARD;

/* The logits of the model on those images, by the program in fp32, [n][classes][1][1]. */
alexnet_status an_verify_run(const alexnet_model *model, const an_plain_map *images,
                             an_plain_map *logits) AN_NODISCARD;

/* The same by the rules of the file's own format.
     raw  the file as its reader describes it; model: described, what it holds */
alexnet_status an_verify_run_file(const alexnet_model *model, const char *path,
                                  const an_tensor_file *raw, const an_plain_map *images,
                                  an_plain_map *logits) AN_NODISCARD;

/* The largest difference of two numbers, relative to the largest of `expected`. NaN if one of them
   is not finite, or the sizes differ. */
double an_verify_difference(const an_plain_map *found, const an_plain_map *expected);

#endif
