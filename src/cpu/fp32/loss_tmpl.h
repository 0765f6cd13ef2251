/*
 * loss_tmpl.h: softmax and cross-entropy by rows, as in reference/loss.c, with vectors of
 * exponentials. Sums stay in double. A thread takes a row: 1000 classes are 4 KB, which stay in L1
 * over its sweeps.
 *
 * Needs: the vector vocabulary and its LANES (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LOSS_TMPL_H
#define AN_CPU_FP32_LOSS_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/reference/reference.h"
#include "cpu/simd/math_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include <math.h>

static float row_max(const float *x, int classes)
{
    float best = x[0], lanes[LANES];
    int i = 0;

    if (classes >= LANES) {
        vf most = vf_load(x);
        for (i = LANES; i + LANES <= classes; i += LANES)
            most = vf_max(most, vf_load(x + i));
        vf_store(lanes, most);
        for (int j = 0; j < LANES; ++j)
            best = lanes[j] > best ? lanes[j] : best;
    }
    for (; i < classes; ++i)
        best = x[i] > best ? x[i] : best;
    return best;
}

/* y = e^(x - max); returns its sum. */
static double row_exp(const float *x, int count, float max, float *y)
{
    double sum = 0;

    for (int i = 0; i < count; i += LANES)
        store_up_to(y + i, count - i, vf_exp(vf_sub(load_up_to(x + i, count - i), vf_set1(max))));
    for (int i = 0; i < count; ++i)
        sum += (double)y[i];
    return sum;
}

static alexnet_status softmax(const an_run *run, an_shape shape, const float *x, float *y)
{
    const int classes = shape.c;
    const int64_t rows = (int64_t)shape.n * shape.h * shape.w;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t row = 0; row < rows; ++row) {
        const float *from = x + row * classes;
        float *to = y + row * classes;
        const double sum = row_exp(from, classes, row_max(from, classes), to);
        AN_SIMD
        for (int i = 0; i < classes; ++i)
            to[i] = (float)((double)to[i] / sum);
    }
    return ALEXNET_OK;
}

/* The mean of x - max over a row. */
static double row_mean(const float *x, int classes, float max)
{
    double sum = 0;

    for (int i = 0; i < classes; ++i)
        sum += (double)x[i] - (double)max;
    return sum / classes;
}

#define LOSS_CHUNK 256 /* classes whose exponentials are kept at a time */

static alexnet_status cross_entropy(const an_run *run, int n, int classes, const float *logits,
                                    const an_targets *targets, float *loss)
{
    const double s = (double)targets->smoothing;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int row = 0; row < n; ++row) {
        const float *x = logits + (ptrdiff_t)row * classes;
        const float max = row_max(x, classes);
        double sum = 0, target = an_target_logit(targets, row, x) - (double)max;
        float chunk[LOSS_CHUNK];
        for (int i = 0; i < classes; i += LOSS_CHUNK)
            sum += row_exp(x + i, AN_MIN(LOSS_CHUNK, classes - i), max, chunk);
        if (s > 0) target = (1 - s) * target + s * row_mean(x, classes, max);
        loss[row] = (float)(log(sum) - target);
    }
    return ALEXNET_OK;
}

#endif
