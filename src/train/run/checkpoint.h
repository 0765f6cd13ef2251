/*
 * checkpoint.h: the state of a run on disk, so that a resumed run ends with the same bits.
 *
 *     checkpoints/frozen.safetensors                   the frozen parameters, if any
 *                 step-00000120/weights.safetensors    a model file without these
 *                               optimiser.safetensors  its slots: "momentum/NAME" ...
 *                               manifest.json          manifest.h
 *
 * Frozen parameters are the same in every checkpoint: they are written once, before the first
 * checkpoint, and each manifest names them with their hash. Their optimiser slots are not saved.
 *
 * Order, augmentation and dropout are functions of (seed, epoch, image, step): only the step must
 * be saved for them.
 *
 * A checkpoint is written into step-00000120.tmp: every file is synced, the manifest last; then the
 * folder is renamed and its parent synced. So a checkpoint is whole or absent. A checkpoint that is
 * removed, or replaced by another of the same step, is renamed to step-00000120.gone.tmp first;
 * after a kill between these renames, the reader finds the new one whole under its temporary name.
 *
 * This header writes and removes checkpoints; checkpoint_read.h finds and reads them.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_CHECKPOINT_H
#define AN_TRAIN_RUN_CHECKPOINT_H

#include "core/model.h"
#include "train/optimiser.h"
#include "train/run/manifest.h"

/*
 * Writes a checkpoint, then removes all but the newest `keep` up to this step.
 *   folder         the run's checkpoints folder; created if absent
 *   config_sha256  of the run's config: a checkpoint can be used only by the run that wrote it
 * On failure nothing half-written is left, and the older checkpoints stay. IO, NO_MEMORY.
 */
alexnet_status an_checkpoint_save(const alexnet_model *model, const char *folder,
                                  const an_optimiser *optimiser, const an_train_state *state,
                                  const char *config_sha256, int keep) AN_NODISCARD;

/* The number of checkpoints, damaged ones included. The folder may be absent. IO, NO_MEMORY. */
alexnet_status an_checkpoint_count(alexnet_context *ctx, const char *folder,
                                   size_t *count) AN_NODISCARD;

/*
 * Removes all checkpoints, and the folder if nothing else is in it. The folder may be absent. If
 * the removal is interrupted, no half of a checkpoint can be resumed from.
 */
alexnet_status an_checkpoint_remove_all(alexnet_context *ctx, const char *folder) AN_NODISCARD;

/*
 * Writes state->best_sha256, which is known only after the best weights are written, into the
 * manifest of the checkpoint of state->step. The manifest is replaced as a whole or not at all. IO,
 * NO_MEMORY.
 */
alexnet_status an_checkpoint_note_best(alexnet_context *ctx, const char *folder,
                                       const an_train_state *state) AN_NODISCARD;

/* Removes the leftovers of a process that was killed while it saved. The folder may be absent. */
alexnet_status an_checkpoint_sweep(alexnet_context *ctx, const char *folder) AN_NODISCARD;

#endif
