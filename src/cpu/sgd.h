/*
 * sgd.h: the update of SGD, written once. A separate update (an_sgd__portable) and the update at
 * the end of a weight gradient that is not stored give the same bits, in every tier, because each
 * operation is rounded as written.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SGD_H
#define AN_CPU_SGD_H

#include "core/backend.h"
#include "cpu/parallel.h"

/* v and w of `count` elements, from their gradient g. */
static inline void an_sgd_row(const an_sgd *rule, int64_t count, const float *g, float *v, float *w)
{
    const float lr = rule->lr, momentum = rule->momentum, decay = rule->weight_decay;

    if (rule->lr_inside) {
        AN_SIMD
        for (int64_t i = 0; i < count; ++i) {
            v[i] = momentum * v[i] - lr * (g[i] + decay * w[i]);
            w[i] = w[i] + v[i];
        }
    } else {
        AN_SIMD
        for (int64_t i = 0; i < count; ++i) {
            v[i] = momentum * v[i] + (g[i] + decay * w[i]);
            w[i] = w[i] - lr * v[i];
        }
    }
}

#endif
