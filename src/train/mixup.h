/*
 * mixup.h: images of a batch blended in pairs, together with their labels (Zhang et al. 2018,
 * "mixup: Beyond Empirical Risk Minimization"):
 *
 *     image i = (1 - part) image i + part image n-1-i
 *     part = min(p, 1 - p), p ~ Beta(strength, strength)
 *
 * The order of an epoch is random, so the pairs are random, too. Parts are functions of (seed,
 * step, index in the batch). At most half comes from the other image, so that an image's first
 * label stays its own.
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
    size_t floats; /* of an image */
    int capacity;  /* images */
    float *images, *parts;
    int32_t *others;
    an_batch batch;
} an_mixup;

/* Zeroed: closed. NO_MEMORY. */
alexnet_status an_mixup_open(alexnet_context *ctx, double strength, uint64_t seed, int batch,
                             size_t floats, an_mixup *out) AN_NODISCARD;
int64_t an_mixup_bytes(int batch, size_t floats); /* that an_mixup_open() allocates */
void an_mixup_close(alexnet_context *ctx, an_mixup *mixup);

/* The blended batch, valid until the next call. */
const an_batch *an_mixup_blend(an_mixup *mixup, const an_batch *batch, int64_t step);

#endif
