/*
 * run_weights.h: the folder of a run in place of a weights file: wherever weights are asked for, it
 * stands for best.safetensors in it, or last.safetensors where there is no best.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_RUN_WEIGHTS_H
#define AN_FORMATS_RUN_WEIGHTS_H

#include "alexnet.h"
#include "base/compiler.h"

/* Files of a run's folder (train/run_folder.h). */
#define AN_RUN_CONFIG "config.json"
#define AN_RUN_BEST   "best.safetensors"
#define AN_RUN_LAST   "last.safetensors"
#define AN_RUN_VAL    "val.csv" /* the images of a split to validate with */
#define AN_RUN_IMAGES "images.txt"

/*
 * The file to read weights from: `path` itself unless that is a folder. Which file of a run it is, is
 * told to the log. *out is allocated: an_free(). NOT_FOUND (a run without weights yet, or a folder that is no
 * run), IO, NO_MEMORY.
 */
alexnet_status an_weights_file(alexnet_context *ctx, const char *path, char **out) AN_NODISCARD;

#endif
