/*
 * mixup.h: images of a batch blended in pairs, and their labels with them (Zhang et al. 2018, "mixup: Beyond
 * Empirical Risk Minimization"):
 *
 *     image i = (1 - part) image i + part image n-1-i     part = min(p, 1 - p), p ~ Beta(strength, strength)
 *
 * The order of an epoch is random, and so are the pairs. Parts are functions of (seed, step, place in the batch).
 * At most a half comes from the other image, so that an image's own label stays the first.
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
int64_t an_mixup_bytes(int batch, size_t floats); /* that takes */
void an_mixup_close(alexnet_context *ctx, an_mixup *mixup);

/* The blended batch, valid until the next call. */
const an_batch *an_mixup_blend(an_mixup *mixup, const an_batch *batch, int64_t step);

#endif
