/*
 * disk.h: how much disk space a run takes, reported and checked before it begins.
 *
 *     at the end       the kept checkpoints, frozen.safetensors, best and last.safetensors
 *     during the run   that, plus one checkpoint while it is written
 *
 * These are upper bounds: a short run may write fewer checkpoints, and best and last may be one
 * file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_DISK_H
#define AN_TRAIN_RUN_DISK_H

#include "core/model.h"
#include "train/config.h"
#include "train/run/run_folder.h"

typedef struct an_disk {
    int64_t end, peak; /* bytes of the run folder: at its end, and at most */
    int64_t free;      /* bytes available: free space, and what the run holds now; -1: not known */
} an_disk;

/* Bytes of a checkpoint. The model's frozen parameters are marked. */
int64_t an_disk_checkpoint(const alexnet_model *model, const an_config *config);

/*
 * The model's frozen parameters are marked.
 *   validates  there will be a best.safetensors
 *   resumed    there is a last.safetensors already
 * IO, NO_MEMORY.
 */
alexnet_status an_disk_look(const alexnet_model *model, const an_config *config, bool validates,
                            bool resumed, const an_run_folder *folder, an_disk *out) AN_NODISCARD;

/* IO, naming both, if less is available than the run needs. */
alexnet_status an_disk_check(alexnet_context *ctx, const an_run_folder *folder,
                             const an_disk *disk) AN_NODISCARD;

#endif
