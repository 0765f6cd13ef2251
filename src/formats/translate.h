/*
 * translate.h: turns what the reader of another format or source describes into what a native file
 * would: names and layouts of a family, and metadata that name it. After it, weights.h and
 * partial.h read the file like one of ours.
 *
 *   a file that describes a network    its chain of layers must be exactly that of a family
 *   (ONNX, Caffe)                      (graph.h); its parameters are taken in their order
 *   any other file                     names and layouts by the table of its source (maps.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_TRANSLATE_H
#define AN_FORMATS_TRANSLATE_H

#include "core/model.h"
#include "formats/maps.h"
#include "formats/tensor_file.h"

/*
 * Translates a file that was just opened. A file of ours, and one that needs nothing, stays as it
 * is. The log says what was found.
 *   family  NULL, or the one that a described network must be
 *   part    a network that is no family's is no error: if its layers are the first ones of a
 *           family, its tensors are those; otherwise they keep their names, and the log says what
 *           differs from the nearest family
 * UNSUPPORTED (the network is no chain of layers: the message names the node that differs),
 * BAD_FILE (the chain is no family's: the message names the nearest family and the first node that
 * differs), BAD_ARG (no such family), NO_MEMORY.
 */
alexnet_status an_translate(alexnet_context *ctx, const char *path, an_tensor_file *file,
                            const char *family, bool part) AN_NODISCARD;

/* The same by one map; for tests. BAD_FILE: no tensor of the file is in it. */
alexnet_status an_translate_by(alexnet_context *ctx, const char *path, an_tensor_file *file,
                               const an_map *map) AN_NODISCARD;

/* Names of files that belong to a training run and not to a network, which are never missed:
   PyTorch's counters of batches, TensorFlow's steps and slots of optimisers. */
bool an_translate_ignores(const char *name);

#endif
