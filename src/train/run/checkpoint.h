/*
 * checkpoint.h: the state of a run on disk, so that a resumed run goes on to the same bits.
 *
 *     checkpoints/frozen.safetensors                   the parameters that are not trained, if any
 *                 step-00000120/weights.safetensors    a model file without these
 *                               optimiser.safetensors  its slots: "momentum/NAME" for each parameter, ...
 *                               manifest.json          manifest.h
 *
 * Frozen parameters are the same in every checkpoint, and there is nothing to keep of their updates:
 * they are written once, before the first checkpoint, and each manifest names them with their hash.
 *
 * Order, augmentation and dropout are functions of (seed, epoch, image, step): the step is all
 * that must be saved of them.
 *
 * Written into step-00000120.tmp, every file synced, the manifest last, then renamed, then the folder
 * above synced: a checkpoint is whole or absent. One that goes, or makes room for another of its step,
 * is called step-00000120.gone.tmp first; killed between these names, the reader finds the new one
 * whole under its temporary name. It takes the newest that verifies and says which it passed over and why.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_CHECKPOINT_H
#define AN_TRAIN_RUN_CHECKPOINT_H

#include "core/model.h"
#include "train/optimiser.h"
#include "train/run/manifest.h"

#define AN_CHECKPOINT_FROZEN "frozen.safetensors"

/*
 * Writes a checkpoint and then removes all but the newest `keep` up to it.
 *   folder         the run's checkpoints folder; made when absent
 *   config_sha256  of the run's config: a checkpoint serves only the run that wrote it
 * On failure nothing half-written is left and the older checkpoints stay. IO, NO_MEMORY.
 */
alexnet_status an_checkpoint_save(const alexnet_model *model, const char *folder,
                                  const an_optimiser *optimiser, const an_train_state *state,
                                  const char *config_sha256, int keep) AN_NODISCARD;

/*
 * Needs the lock of the run. The newest checkpoint that verifies and can be read: *path (free with an_free()), its state
 * and, unless model is NULL, its model, as an_checkpoint_load_model() gives it. *path = NULL: there is none at all. Those
 * passed over are logged. BAD_FILE: there are some, but none verifies.
 */
alexnet_status an_checkpoint_find(alexnet_context *ctx, const char *folder,
                                  const char *config_sha256, char **path, an_train_state *state,
                                  alexnet_model **model) AN_NODISCARD;

/* Told of a file of a checkpoint: of the manifest first, with the state that it holds (NULL: it does not fit). The context
 * has the message. */
typedef void (*an_checkpoint_told)(void *user, const char *path, alexnet_status status,
                                   const an_train_state *state);

/* Holds all files of all checkpoints to their manifests, newest first. The folder may be absent. IO (it cannot be listed),
 * NO_MEMORY. */
alexnet_status an_checkpoint_verify_all(alexnet_context *ctx, const char *folder,
                                        const char *config_sha256, an_checkpoint_told told,
                                        void *user) AN_NODISCARD;

/* How many there are, verified or not. The folder may be absent. IO, NO_MEMORY. */
alexnet_status an_checkpoint_count(alexnet_context *ctx, const char *folder,
                                   size_t *count) AN_NODISCARD;

/* Removes all checkpoints, and the folder when nothing else lies in it. The folder may be absent. When
 * it is broken off, what is left of a checkpoint is none to go on from. */
alexnet_status an_checkpoint_remove_all(alexnet_context *ctx, const char *folder) AN_NODISCARD;

/*
 * Writes state->best_sha256, which is known when the best weights are written, into the manifest of the checkpoint of
 * state->step. Whole or not at all. IO, NO_MEMORY.
 */
alexnet_status an_checkpoint_note_best(alexnet_context *ctx, const char *folder,
                                       const an_train_state *state) AN_NODISCARD;

/* Removes what a sitting that was killed while it saved has left. The folder may be absent. */
alexnet_status an_checkpoint_sweep(alexnet_context *ctx, const char *folder) AN_NODISCARD;

/* What a found checkpoint holds, with the frozen parameters. Nothing of the model is marked as frozen. */
alexnet_status an_checkpoint_load_model(alexnet_context *ctx, const char *path,
                                        alexnet_model **model) AN_NODISCARD;
/* Fills the slots of an open optimiser, but for what is frozen in the model. */
alexnet_status an_checkpoint_load_optimiser(const alexnet_model *model, const char *path,
                                            an_optimiser *optimiser) AN_NODISCARD;

#endif
