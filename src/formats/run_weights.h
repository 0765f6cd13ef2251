/*
 * run_weights.h: what stands for a weights file wherever weights are expected:
 *
 *   a run folder               its best.safetensors, or its last.safetensors if there is no best
 *   NAME, if there is no such  NAME.index: a checkpoint of TensorFlow
 *   file, but a NAME.index
 *   a file `checkpoint`, or a  the newest checkpoint, which the file names
 *   folder that has one
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_RUN_WEIGHTS_H
#define AN_FORMATS_RUN_WEIGHTS_H

#include "alexnet.h"
#include "base/compiler.h"

/* Files of a run folder (train/run/run_folder.h). */
#define AN_RUN_CONFIG "config.json"
#define AN_RUN_BEST   "best.safetensors"
#define AN_RUN_LAST   "last.safetensors"
#define AN_RUN_VAL    "val.csv" /* the validation images held back from training */
#define AN_RUN_IMAGES "images.txt"

/*
 * Sets *out to the file to read weights from: `path` itself unless it stands for another. Logs
 * which file that is. Free *out with an_free(). NOT_FOUND (a run without weights yet, or a folder
 * that is not a run), BAD_FILE (a file `checkpoint` that names none), IO, NO_MEMORY.
 */
alexnet_status an_weights_file(alexnet_context *ctx, const char *path, char **out) AN_NODISCARD;

#endif
