/*
 * chain_run.h: runs a network from a file's own tensors in plain loops, with the layout of its
 * source: TF-slim's convolutions over [n][h][w][c] with weights [kh][kw][in][out], cuda-convnet's
 * as products of matrices. `convert` compares the result with that of the written file.
 *
 * It is for formats that store tensors alone. The chain of layers is then the family's; which
 * tensor belongs to which layer follows from the order of layers in the source, not from maps.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CONVERT_CHAIN_RUN_H
#define AN_CONVERT_CHAIN_RUN_H

#include "formats/plain.h"
#include "formats/tensor_file.h"

/*
 *   model   described: the network that the file holds
 *   raw     the file as its reader describes it
 *   images  [n] of the model's input, as the network gets them
 *   logits  receives [n][classes][1][1], for the caller to free
 * BAD_FILE, UNSUPPORTED (a layer that is not exchanged with other formats), NO_MEMORY.
 */
alexnet_status an_chain_run(const alexnet_model *model, const char *path, const an_tensor_file *raw,
                            const an_plain_map *images, an_plain_map *logits) AN_NODISCARD;

#endif
