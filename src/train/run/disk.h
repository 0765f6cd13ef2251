/*
 * disk.h: how much disk a run takes, said and checked before it begins.
 *
 *     at the end       checkpoints that are kept, frozen.safetensors, best and last.safetensors
 *     on the way       that, or one checkpoint more while it is written
 *
 * Bounds from above: a short run may write fewer checkpoints, and best and last may be one file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_DISK_H
#define AN_TRAIN_RUN_DISK_H

#include "core/model.h"
#include "train/config.h"
#include "train/run/run_folder.h"

typedef struct an_disk {
    int64_t end, peak; /* bytes of the run's folder at its end, and at most */
    int64_t free; /* bytes that there are for it: free ones, and what it holds now; -1: not known */
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

/* IO, naming both, when there is less than the run needs. */
alexnet_status an_disk_check(alexnet_context *ctx, const an_run_folder *folder,
                             const an_disk *disk) AN_NODISCARD;

#endif
