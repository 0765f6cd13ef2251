/*
 * split.h: a validation part cut off the training data where the data has none.
 *
 * The same fraction of every class is taken, at random: a function of (seed, class, its images)
 * alone. A class keeps at least one image for training, and gives at least one from two on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_SPLIT_H
#define AN_TRAIN_SPLIT_H

#include "data/source.h"

/* Two sets of indices of one source, each ascending, together all of it. Zeroed: none. */
typedef struct an_split {
    int64_t *train, *val;
    int64_t train_count, val_count;
} an_split;

/* fraction: 0 .. below 1 of each class goes to val; 0: nothing does. NO_MEMORY. */
alexnet_status an_split_open(alexnet_context *ctx, const an_source *source, double fraction,
                             uint64_t seed, an_split *out) AN_NODISCARD;
void an_split_close(alexnet_context *ctx, an_split *split);

#endif
