/*
 * split.h: validation images held back from the training images of data without a validation split.
 *
 * The same fraction of every class is held back, at random: a function of (seed, class, its images)
 * only. Every class keeps at least one image for training; a class with two or more images gives at
 * least one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_SPLIT_H
#define AN_TRAIN_SPLIT_H

#include "data/source.h"

/* Two sets of indices of one source, each ascending, which together are all its images. Zeroed:
   none. */
typedef struct an_split {
    int64_t *train, *val;
    int64_t train_count, val_count;
} an_split;

/* fraction: of each class, for val; 0 .. below 1; 0: val is empty. NO_MEMORY. */
alexnet_status an_split_open(alexnet_context *ctx, const an_source *source, double fraction,
                             uint64_t seed, an_split *out) AN_NODISCARD;
void an_split_close(alexnet_context *ctx, an_split *split);

#endif
