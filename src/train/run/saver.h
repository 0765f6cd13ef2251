/*
 * saver.h: what a run writes, and when: checkpoints, best.safetensors and last.safetensors.
 *
 * A checkpoint is written at the end of an epoch. If checkpoints are large and epochs short, it is
 * written at the end of every second, third, ... epoch, so that writing does not dominate on a
 * small data set. The best weights of an epoch without a checkpoint are kept in memory until the
 * next one.
 *
 * best.safetensors is never of a later step than the newest checkpoint, except between two writes.
 * If it is of the checkpoint's step, it is written after the checkpoint: a killed run writes it
 * again from there. If it is of an earlier step, it is written before: a killed run trains that
 * step again.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_SAVER_H
#define AN_TRAIN_RUN_SAVER_H

#include "base/arena.h"
#include "train/config.h"
#include "train/optimiser.h"
#include "train/run/manifest.h"
#include "train/run/run_folder.h"

typedef enum an_best {
    AN_BEST_WRITTEN, /* or there are none */
    AN_BEST_DUE,     /* the model's weights are the best: a checkpoint must follow */
    AN_BEST_KEPT     /* in memory */
} an_best;

typedef struct an_saver {
    /* set by the caller; borrowed */
    alexnet_context *ctx;
    const an_config *config;
    const an_run_folder *folder;
    const char *config_sha256;
    alexnet_model *model;
    an_optimiser *optimiser;
    an_train_state *state;
    an_train_state before; /* the state when this process began */
    int64_t epoch_steps;
    int epochs_per_checkpoint; /* an_saver_epochs() */

    /* internal */
    int64_t saved_step; /* of the newest checkpoint; -1: none of this state */
    double saved_at;
    an_best best;
    an_train_state kept_state; /* of the kept weights */
    an_arena memory;
    float *kept;       /* a copy of all values; NULL: none yet */
    int64_t best_here; /* step of best.safetensors, if this process wrote it; else -1 */
} an_saver;

/*
 * Epochs between two checkpoints of `checkpoint_bytes` bytes: a checkpoint of 16 MiB or more waits
 * until one image was trained for every 128 KiB of it. For AlexNet that is about half a minute, and
 * writing it takes one to three seconds.
 */
int an_saver_epochs(int64_t checkpoint_bytes, int64_t epoch_images);

/* Whether a checkpoint is to be written before the next step. asked: the caller requests one. */
bool an_saver_due(const an_saver *saver, bool asked);

/*
 * Call after a validation has changed the state. best: the model's weights (the average, if there
 * is one) are the best so far. If there is no memory to copy them, a checkpoint is due instead.
 */
void an_saver_validated(an_saver *saver, bool best);

/* Writes a checkpoint, and the best weights if they are not written yet. IO, NO_MEMORY. */
alexnet_status an_saver_checkpoint(an_saver *saver) AN_NODISCARD;

/* Writes best.safetensors from the newest checkpoint's weights, which the model holds. IO,
 * NO_MEMORY. */
alexnet_status an_saver_best(an_saver *saver) AN_NODISCARD;

/*
 * Writes last.safetensors: the model's values as they are. If these are the best weights, one file
 * gets both names. IO, NO_MEMORY.
 */
alexnet_status an_saver_last(an_saver *saver) AN_NODISCARD;

void an_saver_close(an_saver *saver);

#endif
