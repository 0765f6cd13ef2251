/*
 * run_weights.h: a run folder given as a weights file. Wherever weights are expected, it
 * means its best.safetensors, or its last.safetensors if there is no best.
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
 * Sets *out to the file to read weights from: `path` itself unless it is a folder. Logs which file
 * of a run it is. Free *out with an_free(). NOT_FOUND (a run without weights yet, or a folder that
 * is not a run), IO, NO_MEMORY.
 */
alexnet_status an_weights_file(alexnet_context *ctx, const char *path, char **out) AN_NODISCARD;

#endif
