/*
 * metrics.h: how good an answer is, one by one and over many.
 *
 * Of classes with the same probability the one with the lower index is the better answer: in
 * training, eval and predict alike, so that a tie is never luck.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_METRICS_H
#define AN_INFER_METRICS_H

#include <stdint.h>

/* Sums over answers. Zeroed: none yet. */
typedef struct an_metrics {
    int64_t images, top1, top5; /* counts */
    double loss;                /* sum of cross-entropies, nats */
} an_metrics;

/* How many classes are better answers than `label`: 0 .. classes-1. */
int an_rank(const float *probs, int classes, int label);

/* -ln(p) in nats, at most 87.3: a probability below the smallest normal float counts as that. */
double an_cross_entropy(float probability);

void an_metrics_add(an_metrics *metrics, int rank, double loss);

/* Means over the images; NaN when there are none. */
double an_metrics_loss(const an_metrics *metrics);
double an_metrics_top1(const an_metrics *metrics);
double an_metrics_top5(const an_metrics *metrics);

/* The k best classes, best first; 1 <= k <= classes. */
void an_best_classes(const float *probs, int classes, int k, int *best);

#endif
