/*
 * metrics.h: rank and loss of one prediction, and their sums over many.
 *
 * Of classes with the same probability, the one with the lower index ranks first: in training, eval
 * and predict alike, so that ties are never decided by chance.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_METRICS_H
#define AN_INFER_METRICS_H

#include <stdint.h>

/* Sums over images. Must be zeroed before the first. */
typedef struct an_metrics {
    int64_t images, top1, top5; /* counts */
    double loss;                /* sum of cross-entropies, nats */
} an_metrics;

/* The number of classes that rank before `label`: 0 .. classes-1. */
int an_rank(const float *probs, int classes, int label);

/* -ln(p) in nats, at most 87.3: smaller probabilities count as the smallest normal float. */
double an_cross_entropy(float probability);

void an_metrics_add(an_metrics *metrics, int rank, double loss);

/* Means over the images; NaN if there are none. */
double an_metrics_loss(const an_metrics *metrics);
double an_metrics_top1(const an_metrics *metrics);
double an_metrics_top5(const an_metrics *metrics);

/* The k classes with the highest probabilities, highest first; 1 <= k <= classes. */
void an_best_classes(const float *probs, int classes, int k, int *best);

#endif
