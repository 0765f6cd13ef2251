/*
 * metrics.c: rank, loss and their sums.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/metrics.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* True if class a ranks before class b. */
static bool is_better(const float *probs, int a, int b)
{
    return probs[a] > probs[b] || (probs[a] == probs[b] && a < b);
}

int an_rank(const float *probs, int classes, int label)
{
    int rank = 0;

    for (int i = 0; i < classes; ++i)
        rank += is_better(probs, i, label);
    return rank;
}

double an_cross_entropy(float probability)
{
    return -log((double)(probability > FLT_MIN ? probability : FLT_MIN));
}

void an_metrics_add(an_metrics *metrics, int rank, double loss)
{
    metrics->images += 1;
    metrics->top1 += rank < 1;
    metrics->top5 += rank < 5;
    metrics->loss += loss;
}

static double mean(double sum, int64_t count)
{
    return count > 0 ? sum / (double)count : (double)NAN;
}

double an_metrics_loss(const an_metrics *metrics) { return mean(metrics->loss, metrics->images); }

double an_metrics_top1(const an_metrics *metrics)
{
    return mean((double)metrics->top1, metrics->images);
}

double an_metrics_top5(const an_metrics *metrics)
{
    return mean((double)metrics->top5, metrics->images);
}

void an_best_classes(const float *probs, int classes, int k, int *best)
{
    int kept = 0; /* best[0 .. kept-1]: the best so far, in order */

    for (int i = 0; i < classes; ++i) {
        int at = kept;
        if (kept == k && !is_better(probs, i, best[k - 1])) continue;
        if (kept < k)
            ++kept;
        else
            --at;
        for (; at > 0 && is_better(probs, i, best[at - 1]); --at)
            best[at] = best[at - 1];
        best[at] = i;
    }
}
