/*
 * loss.c: softmax and cross-entropy, by rows. The largest logit is subtracted first, so that
 * exp() cannot overflow; sums are in double.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/parallel.h"
#include <math.h>

static float row_max(const float *x, int classes)
{
    float best = x[0];

    for (int i = 1; i < classes; ++i)
        best = x[i] > best ? x[i] : best;
    return best;
}

alexnet_status an_softmax__portable(const an_run *run, an_shape shape, const float *x, float *y)
{
    const int classes = shape.c;
    const int64_t rows = (int64_t)shape.n * shape.h * shape.w;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t row = 0; row < rows; ++row) {
        const float *from = x + (size_t)row * (size_t)classes;
        float *to = y + (size_t)row * (size_t)classes;
        const float max = row_max(from, classes);
        double sum = 0;
        for (int i = 0; i < classes; ++i) {
            to[i] = expf(from[i] - max);
            sum += (double)to[i];
        }
        for (int i = 0; i < classes; ++i)
            to[i] = (float)((double)to[i] / sum);
    }
    return ALEXNET_OK;
}

/* The mean of x - max over a row. */
static double row_mean(const float *x, int classes, double max)
{
    double sum = 0;

    for (int i = 0; i < classes; ++i)
        sum += (double)x[i] - max;
    return sum / classes;
}

double an_target_logit(const an_targets *targets, int row, const float *x)
{
    const double label = (double)x[targets->labels[row]];

    if (targets->other_labels == NULL) return label;
    const double share = (double)targets->shares[row];
    return (1 - share) * label + share * (double)x[targets->other_labels[row]];
}

/* -ln(exp(x_label) / sum exp(x)) = ln(sum exp(x - max)) - (x_label - max); with smoothing, the
   second term is mixed with its mean over the classes. */
alexnet_status an_cross_entropy__portable(const an_run *run, int n, int classes,
                                          const float *logits, const an_targets *targets,
                                          float *loss)
{
    const double s = (double)targets->smoothing;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int row = 0; row < n; ++row) {
        const float *x = logits + (size_t)row * (size_t)classes;
        const double max = (double)row_max(x, classes);
        double sum = 0, target = an_target_logit(targets, row, x) - max;
        for (int i = 0; i < classes; ++i)
            sum += exp((double)x[i] - max);
        if (s > 0) target = (1 - s) * target + s * row_mean(x, classes, max);
        loss[row] = (float)(log(sum) - target);
    }
    return ALEXNET_OK;
}

/* The target of a blended image is divided between two classes. */
static void share_target(const an_targets *targets, int row, float scale, float *dx)
{
    const int label = targets->labels[row], other = targets->other_labels[row];
    const float moved = targets->shares[row] * (1 - targets->smoothing);

    if (label == other) return;
    dx[label] += moved * scale;
    dx[other] -= moved * scale;
}

alexnet_status an_softmax_loss_backward__portable(const an_run *run, int n, int classes,
                                                  const float *y, const an_targets *targets,
                                                  float scale, float *dx)
{
    const float other = targets->smoothing / (float)classes;
    const float label = 1 - targets->smoothing + other;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int row = 0; row < n; ++row) {
        const float *from = y + (size_t)row * (size_t)classes;
        float *to = dx + (size_t)row * (size_t)classes;
        for (int i = 0; i < classes; ++i)
            to[i] = (from[i] - (i == targets->labels[row] ? label : other)) * scale;
        if (targets->other_labels != NULL) share_target(targets, row, scale, to);
    }
    return ALEXNET_OK;
}
