/*
 * onnx_write.h: writes a chain of layers as an ONNX model, for inference.
 *
 *     input   "input"   [N][channels][rows][columns] float, normalised as the network takes it
 *     output  "logits"  [N][classes]; [N][classes][rows][columns] if the last layer gives a map
 *
 * Operators are those of set 22, the last one that changed an operator that is used here, in IR
 * version 10, which came with it. Nothing is approximated: windows that reach past the map have
 * their zeros as padding, normalisation within a map is written out in elementary operators, one in
 * groups of channels as one over more images of fewer channels.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ONNX_WRITE_H
#define AN_FORMATS_ONNX_WRITE_H

#include "formats/graph.h"
#include "formats/tensor_file.h"

/*
 * Writes the file whole or not at all, and the tensors one after the other: equal arguments give
 * equal bytes. *sum receives the size and SHA-256 of the file; it may be NULL. UNSUPPORTED, naming
 * the layer: ONNX does not have it (a locally connected one), or a file of more than 2 GB, which no
 * reader of protocol buffers takes. BAD_ARG (names or texts that cannot be written, a value beyond
 * the range of the type), IO, NO_MEMORY.
 */
alexnet_status an_onnx_write(alexnet_context *ctx, const char *path, const an_network_out *what,
                             an_file_sum *sum) AN_NODISCARD;

#endif
