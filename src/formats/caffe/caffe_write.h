/*
 * caffe_write.h: writes a chain of layers as Caffe's files: NAME.caffemodel with the weights, in
 * layers of V2, and NAME.prototxt beside it, which defines the network for inference:
 *
 *     input   "data"  [1][channels][rows][columns]
 *     output  "prob"  the softmax of the last layer
 *
 * Comments in the prototxt have what Caffe has no place for (caffe_record.h reads them back); a
 * mean image goes to NAME_mean.binaryproto, which they name.
 *
 * What Caffe cannot express is refused: windows that reach further beyond the map than their
 * padding (convolutions that round up: paper, paper-run and owt with images of 224x224, where the
 * sizes of 227x227 fit), normalisation in groups of channels, and locally connected layers.
 * Pooling that rounds down (slim) has `round_mode: FLOOR`, which Caffe knows since 2017, but OpenCV
 * does not.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_CAFFE_WRITE_H
#define AN_FORMATS_CAFFE_CAFFE_WRITE_H

#include "formats/graph.h"
#include "formats/tensor_file.h"

/*
 * Writes the files, each whole or not at all, the weights last, and their tensors one after the
 * other without a copy of them. Equal arguments give equal bytes. *sum receives the size and the
 * SHA-256 of the file of weights; it may be NULL. UNSUPPORTED, naming the layer: see above, or a
 * file of more than 2 GB, which Caffe does not read. BAD_ARG (two layers of one name), IO,
 * NO_MEMORY.
 */
alexnet_status an_caffe_write(alexnet_context *ctx, const char *path, const an_network_out *what,
                              an_file_sum *sum) AN_NODISCARD;

#endif
