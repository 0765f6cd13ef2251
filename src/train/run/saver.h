/*
 * saver.h: what a run writes, and when: checkpoints, best.safetensors and last.safetensors.
 *
 * A checkpoint comes at the end of an epoch. Where checkpoints are large and epochs short, it comes at
 * the end of every second, third, ... epoch, so that a small set is not held up by its files. The best
 * weights of an epoch without a checkpoint are kept in memory until the next one.
 *
 * best.safetensors is never of a later step than the newest checkpoint, but for the moment between two
 * writes. Of the very step of a checkpoint, it comes after it: a killed run writes it again from there.
 * Of an earlier step, it comes before: a killed run trains that step again.
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
    AN_BEST_WRITTEN, /* or there is none */
    AN_BEST_DUE,     /* the model's weights are the best: a checkpoint must follow */
    AN_BEST_KEPT     /* they are in memory */
} an_best;

typedef struct an_saver {
    /* given; borrowed */
    alexnet_context *ctx;
    const an_config *config;
    const an_run_folder *folder;
    const char *config_sha256;
    alexnet_model *model;
    an_optimiser *optimiser;
    an_train_state *state;
    an_train_state before; /* as the sitting found it */
    int64_t epoch_steps;
    int epochs_per_checkpoint; /* an_saver_epochs() */

    /* kept */
    int64_t saved_step; /* of the newest checkpoint; -1: there is none of this state */
    double saved_at;
    an_best best;
    an_train_state kept_state; /* of the kept weights */
    an_arena memory;
    float *kept;       /* a copy of all values; NULL: none yet */
    int64_t best_here; /* step of best.safetensors, if this sitting wrote it; else -1 */
} an_saver;

/*
 * So many epochs go by between two checkpoints of so many bytes: a checkpoint of at least 16 MiB waits until
 * one image was trained for every 128 KiB of it. For AlexNet that is half a minute or so, and writing it
 * takes a second or three.
 */
int an_saver_epochs(int64_t checkpoint_bytes, int64_t epoch_images);

/* Whether a checkpoint is to be written before the next step. `asked`: somebody wants one. */
bool an_saver_due(const an_saver *saver, bool asked);

/* A validation has changed the state, and the model's weights (with the average in their place) are the best so far, or not.
 * Where memory for a copy is refused a checkpoint is due instead. */
void an_saver_validated(an_saver *saver, bool best);

/* A checkpoint, and the best weights where they are not written yet. IO, NO_MEMORY. */
alexnet_status an_saver_checkpoint(an_saver *saver) AN_NODISCARD;

/* best.safetensors from the weights of the newest checkpoint, which are the model's. IO, NO_MEMORY. */
alexnet_status an_saver_best(an_saver *saver) AN_NODISCARD;

/* last.safetensors: the model's values as they are. Where they are the best ones one file has both names. IO, NO_MEMORY. */
alexnet_status an_saver_last(an_saver *saver) AN_NODISCARD;

void an_saver_close(an_saver *saver);

#endif
