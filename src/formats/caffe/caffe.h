/*
 * caffe.h: Caffe's files of weights: `.caffemodel` (a NetParameter, caffe_net.h) and
 * `.binaryproto` (one BlobProto, the mean of the training images).
 *
 * Tensors are named LAYER.weight and LAYER.bias; of a BatchNorm layer LAYER.running_mean and
 * LAYER.running_var, divided by the factor that Caffe stores beside them. The mean is called
 * "mean", [channels][height][width].
 *
 * file->graph is the chain of the layers if there is one and its input size is known: from the file
 * (input_dim, input_shape, an Input layer, a crop), or else the input of the first family that it
 * fits. Metadata say what is known:
 *
 *     caffe.name         the network's name
 *     caffe.layers       "V2", "V1" or "V0"
 *     caffe.input        "3x227x227"
 *     caffe.input_from   "file" or the name of a family
 *     caffe.not_a_chain  why there is no graph, with the layer
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_CAFFE_H
#define AN_FORMATS_CAFFE_CAFFE_H

#include "formats/caffe/caffe_net.h"
#include "formats/graph.h"
#include "formats/tensor_file.h"

/* Metadata: what the size of the input is from: "file", or the family whose size it is, as the file
   has none. */
#define AN_CAFFE_INPUT_FROM "caffe.input_from"

/* Computes file->graph for images of this size. UNSUPPORTED, naming the layer: no chain, or a layer
   that no family has. BAD_FILE: it does not fit the weights. NO_MEMORY. On failure file->graph is
   as before. */
alexnet_status an_caffe_set_input(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  int height, int width) AN_NODISCARD;

/*
 * Runs the layers by Caffe's own rules; an_tensor_format_caffe.run. *logits is what the last layer
 * before the softmax gives.
 */
alexnet_status an_caffe_run(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                            const an_plain_map *images, an_plain_map *logits) AN_NODISCARD;

#endif
