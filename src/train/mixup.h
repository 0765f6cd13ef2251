/*
 * mixup.h: mixup regularises training by blending images in pairs, and their labels with them
 * (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"). The AlexNet paper has none. Of
 * n images x[i], [3][h][w], and their losses:
 *
 *     x'[i]  = (1 - share) x[i] + share x[n-1-i]
 *     loss   = (1 - share) loss(label[i]) + share loss(label[n-1-i])       (core/backend.h)
 *     share  = min(p, 1 - p), p ~ Beta(strength, strength), drawn for each i
 *
 * strength is the recipe's `mixup`, the article's alpha: with 1 every p is as likely, near 0 most
 * images stay as they are. The order of an epoch is random, and so are the pairs. A share is at
 * most half, so that an image keeps the label that it shows most of.
 *
 * A share is a function of (seed, step, i). To change how it is drawn changes every run with mixup,
 * and a run that is resumed: tests/train/mixup_test.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_MIXUP_H
#define AN_TRAIN_MIXUP_H

#include "data/loader.h"

/* p ~ Beta(strength, strength), 0 < strength <= ALEXNET_MIXUP_MAX (Joehnk 1964). */
double an_mixup_draw(an_stream *stream, double strength);

typedef struct an_mixup {
    double strength;
    uint64_t seed;
    size_t floats;         /* of an image: 3 h w */
    int capacity;          /* images */
    float *images;         /* [capacity][floats], blended */
    float *shares;         /* [capacity]: of the other image */
    int32_t *other_labels; /* [capacity] */
    an_batch batch;        /* what an_mixup_blend() returns; its pointers are the three above */
} an_mixup;

/* For batches of at most `batch` images of `floats` values. Zeroed: closed. NO_MEMORY. */
alexnet_status an_mixup_open(alexnet_context *ctx, double strength, uint64_t seed, int batch,
                             size_t floats, an_mixup *out) AN_NODISCARD;
int64_t an_mixup_bytes(int batch, size_t floats); /* that an_mixup_open() allocates */
void an_mixup_close(alexnet_context *ctx, an_mixup *mixup);

/* The blended batch of training step `step`, valid until the next call. */
const an_batch *an_mixup_blend(an_mixup *mixup, const an_batch *batch, int64_t step);

#endif
