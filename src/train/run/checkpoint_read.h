/*
 * checkpoint_read.h: finds, verifies and loads the checkpoints that checkpoint.h describes.
 *
 * A resumed run takes the newest checkpoint that verifies and can be read; the log says which were
 * passed over, and why.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_CHECKPOINT_READ_H
#define AN_TRAIN_RUN_CHECKPOINT_READ_H

#include "core/model.h"
#include "train/optimiser.h"
#include "train/run/manifest.h"

/*
 * Finds the newest checkpoint that verifies and can be read. The caller must hold the run's lock.
 * Sets *path (free it with an_free()), the state and, unless model is NULL, the model as
 * an_checkpoint_load_model() does. *path = NULL: there is no checkpoint. Checkpoints that are
 * passed over are logged. BAD_FILE: there are checkpoints, but none verifies.
 */
alexnet_status an_checkpoint_find(alexnet_context *ctx, const char *folder,
                                  const char *config_sha256, char **path, an_train_state *state,
                                  alexnet_model **model) AN_NODISCARD;

/* Loads the model of a found checkpoint, with the frozen parameters, none of which is marked as
 * frozen. */
alexnet_status an_checkpoint_load_model(alexnet_context *ctx, const char *path,
                                        alexnet_model **model) AN_NODISCARD;
/* Fills the slots of an open optimiser, except those of the model's frozen parameters. */
alexnet_status an_checkpoint_load_optimiser(const alexnet_model *model, const char *path,
                                            an_optimiser *optimiser) AN_NODISCARD;

/*
 * Called for each file of a checkpoint, the manifest first, with the state that it holds (NULL: it
 * is damaged or of another run). The context has the message.
 */
typedef void (*an_checkpoint_told)(void *user, const char *path, alexnet_status status,
                                   const an_train_state *state);

/*
 * Verifies all files of all checkpoints by their manifests, newest checkpoint first. The folder may
 * be absent. IO (it cannot be listed), NO_MEMORY.
 */
alexnet_status an_checkpoint_verify_all(alexnet_context *ctx, const char *folder,
                                        const char *config_sha256, an_checkpoint_told told,
                                        void *user) AN_NODISCARD;

#endif
