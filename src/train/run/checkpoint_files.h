/*
 * checkpoint_files.h: names of the files and folders of checkpoints, for checkpoint.c, which writes
 * them, and checkpoint_read.c, which reads them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_CHECKPOINT_FILES_H
#define AN_TRAIN_RUN_CHECKPOINT_FILES_H

#include "core/param.h"
#include "train/run/manifest.h"
#include <stddef.h>

#define AN_CHECKPOINT_PREFIX      "step-"
#define AN_CHECKPOINT_TEMPORARY   ".tmp"      /* being written: whole once its manifest verifies */
#define AN_CHECKPOINT_GONE        ".gone.tmp" /* being removed */
#define AN_CHECKPOINT_NAME_BYTES  64          /* holds a step with any of these suffixes */
#define AN_CHECKPOINT_MANIFEST    "manifest.json"
#define AN_CHECKPOINT_FROZEN_NAME "frozen.safetensors"

/* Files of a manifest, in this order. */
enum { AN_CHECKPOINT_WEIGHTS, AN_CHECKPOINT_OPTIMISER, AN_CHECKPOINT_FROZEN };
extern const char *const an_checkpoint_file_names[AN_MANIFEST_FILES];

/* FOLDER/NAME; free it with an_free(). NO_MEMORY. */
alexnet_status an_checkpoint_join(alexnet_context *ctx, const char *folder, const char *name,
                                  char **out) AN_NODISCARD;

/* FOLDER/step-00000120SUFFIX; free it with an_free(). NO_MEMORY. */
alexnet_status an_checkpoint_step_path(alexnet_context *ctx, const char *folder, int64_t step,
                                       const char *suffix, char **out) AN_NODISCARD;

/* The step of a checkpoint's folder, "step-00000120"; -1 for any other name. */
int64_t an_checkpoint_step_of(const char *name);

/* The step of "step-00000120.tmp"; -1 for any other name. */
int64_t an_checkpoint_unnamed_step_of(const char *name);

/* Whether a name is of the leftovers of an interrupted save or removal. */
bool an_checkpoint_is_leftover(const char *name);

/*
 * The steps of all checkpoints in a folder that may be absent, newest first. Free *steps with
 * an_free(). IO, NO_MEMORY.
 */
alexnet_status an_checkpoint_list_steps(alexnet_context *ctx, const char *folder, int64_t **steps,
                                        size_t *count) AN_NODISCARD;

/* Reads the manifest of the checkpoint in `folder`. Errors of an_manifest_read(). */
alexnet_status an_checkpoint_read_manifest(alexnet_context *ctx, const char *folder,
                                           an_manifest *manifest) AN_NODISCARD;

/* The name of a tensor of the optimiser's file: "momentum/conv1.weight". */
typedef struct an_slot_name {
    char text[AN_PARAM_NAME_BYTES + 16];
} an_slot_name;

an_slot_name an_checkpoint_name_slot(int slot, const an_param *param);

#endif
