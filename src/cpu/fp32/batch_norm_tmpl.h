/*
 * batch_norm_tmpl.h: mean and variance of each channel over a batch, and the normalisation by
 * them. A tensor is pixels [n * h * w][c]: loops run along the channels of a pixel, which are
 * contiguous. The loops are plain C, which the compiler vectorises for each tier: the same
 * operations in the same order, and so the same bits, in all.
 *
 * The pixels are cut into AN_NORM_PARTS runs; a sum over them is a sum in each run, and then of the
 * runs in their order. Sums are in double: over m pixels the error is at most m 2^-53 of the sum of
 * sizes, so that rounding the result to float decides. The variance takes a second pass, with the
 * mean in double: no cancellation, whatever the mean.
 *
 * A part's sums, [2][c] (1 KB for 64 channels), stay in L1; pixels stream past, which is the bound.
 *
 * Needs: nothing.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_BATCH_NORM_TMPL_H
#define AN_CPU_FP32_BATCH_NORM_TMPL_H

#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/reference/reference.h"
#include "cpu/scratch.h"
#include <math.h>
#include <string.h>

typedef struct norm_layout {
    size_t parts;   /* double [AN_NORM_PARTS][2][c]: sums of each part, */
    size_t sums;    /* double [2][c]: and of all */
    size_t mean;    /* double [c] */
    size_t factors; /* float [3][c]: of the passes that treat every element alone */
    size_t bytes;
} norm_layout;

static size_t norm_plan_doubles(an_scratch *plan, size_t count)
{
    return an_scratch_floats(plan, an_size_times(count, sizeof(double) / sizeof(float)));
}

static norm_layout norm_layout_of(an_shape shape)
{
    const size_t channels = (size_t)shape.c;
    an_scratch plan = {0};
    norm_layout at;

    at.parts = norm_plan_doubles(&plan, AN_NORM_PARTS * 2 * channels);
    at.sums = norm_plan_doubles(&plan, 2 * channels);
    at.mean = norm_plan_doubles(&plan, channels);
    at.factors = an_scratch_floats(&plan, 3 * channels);
    at.bytes = plan.bytes;
    return at;
}

static size_t batch_norm_scratch(an_shape shape) { return norm_layout_of(shape).bytes; }

static double *norm_doubles_at(const an_run *run, size_t at)
{
    return (double *)(void *)an_scratch_at(run, at);
}

static int64_t norm_pixels(an_shape shape) { return (int64_t)shape.n * shape.h * shape.w; }

/* The first pixel of a part; part AN_NORM_PARTS is the end. */
static size_t norm_part(an_shape shape, int part)
{
    return (size_t)(norm_pixels(shape) * part / AN_NORM_PARTS);
}

/* ---- sums over the pixels ---- */

/* Adds one pixel to the sums [2][c]. */
typedef void (*norm_add)(size_t channels, const float *x, const float *dy, const double *mean,
                         double *sums);

static void norm_add_value(size_t channels, const float *x, const float *dy, const double *mean,
                           double *sums)
{
    (void)dy, (void)mean;
    AN_SIMD
    for (size_t c = 0; c < channels; ++c)
        sums[c] += (double)x[c];
}

static void norm_add_square(size_t channels, const float *x, const float *dy, const double *mean,
                            double *sums)
{
    (void)dy;
    AN_SIMD
    for (size_t c = 0; c < channels; ++c) {
        const double distance = (double)x[c] - mean[c];
        sums[c] += distance * distance;
    }
}

/* dy, and dy (x - mean) */
static void norm_add_gradient(size_t channels, const float *x, const float *dy, const double *mean,
                              double *sums)
{
    AN_SIMD
    for (size_t c = 0; c < channels; ++c) {
        sums[c] += (double)dy[c];
        sums[channels + c] += (double)dy[c] * ((double)x[c] - mean[c]);
    }
}

/* dy may be NULL where `add` does not read it. The result lies in scratch. */
static const double *norm_sums(const an_run *run, const norm_layout *at, an_shape shape,
                               norm_add add, const float *x, const float *dy)
{
    const size_t channels = (size_t)shape.c;
    double *parts = norm_doubles_at(run, at->parts), *sums = norm_doubles_at(run, at->sums);
    const double *mean = norm_doubles_at(run, at->mean);

    memset(parts, 0, AN_NORM_PARTS * 2 * channels * sizeof *parts);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int part = 0; part < AN_NORM_PARTS; ++part)
        for (size_t i = norm_part(shape, part); i < norm_part(shape, part + 1); ++i)
            add(channels, x + i * channels, dy != NULL ? dy + i * channels : NULL, mean,
                parts + (size_t)part * 2 * channels);
    memcpy(sums, parts, 2 * channels * sizeof *sums);
    for (size_t part = 1; part < AN_NORM_PARTS; ++part)
        for (size_t i = 0; i < 2 * channels; ++i)
            sums[i] += parts[part * 2 * channels + i];
    return sums;
}

static alexnet_status batch_statistics(const an_run *run, an_shape shape, const float *x,
                                       const float *running_mean, const float *running_variance,
                                       float *mean, float *variance, float *sample_variance)
{
    const norm_layout at = norm_layout_of(shape);
    const size_t channels = (size_t)shape.c, bytes = channels * sizeof(float);
    const double pixels = (double)norm_pixels(shape);
    double *centre = norm_doubles_at(run, at.mean);
    const double *sums;

    if (!an_scratch_fits(run, at.bytes)) return ALEXNET_BAD_ARG;
    if (norm_pixels(shape) < 2) {
        memcpy(mean, running_mean, bytes);
        memcpy(variance, running_variance, bytes);
        memcpy(sample_variance, running_variance, bytes);
        return ALEXNET_OK;
    }
    sums = norm_sums(run, &at, shape, norm_add_value, x, NULL);
    for (size_t c = 0; c < channels; ++c) {
        centre[c] = sums[c] / pixels;
        mean[c] = (float)centre[c];
    }
    sums = norm_sums(run, &at, shape, norm_add_square, x, NULL);
    for (size_t c = 0; c < channels; ++c) {
        variance[c] = (float)(sums[c] / pixels);
        sample_variance[c] = (float)(sums[c] / (pixels - 1));
    }
    return ALEXNET_OK;
}

/* ---- element by element ---- */

/*
 * Each result is rounded three times, the mean and the scale once each: within
 * 3 * 2^-23 (|x - mean| scale + |bias|) + 2^-24 |mean| scale.
 */
static alexnet_status batch_norm(const an_run *run, an_shape shape, float epsilon, const float *x,
                                 const an_batch_norm_channels *t, bool relu, float *y)
{
    const norm_layout at = norm_layout_of(shape);
    const size_t channels = (size_t)shape.c;
    float *scale = an_scratch_at(run, at.factors), *shift = scale + channels;

    if (!an_scratch_fits(run, at.bytes)) return ALEXNET_BAD_ARG;
    for (size_t c = 0; c < channels; ++c) {
        const double weight = t->weight != NULL ? (double)t->weight[c] : 1;
        scale[c] = (float)(weight / sqrt((double)t->variance[c] + (double)epsilon));
        shift[c] = t->bias != NULL ? t->bias[c] : 0;
    }
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int part = 0; part < AN_NORM_PARTS; ++part) {
        for (size_t i = norm_part(shape, part); i < norm_part(shape, part + 1); ++i) {
            const float *in = x + i * channels;
            float *out = y + i * channels;
            AN_SIMD
            for (size_t c = 0; c < channels; ++c) {
                const float value = (in[c] - t->mean[c]) * scale[c] + shift[c];
                out[c] = relu && value < 0 ? 0 : value;
            }
        }
    }
    return ALEXNET_OK;
}

/*
 * With d = 1 / sqrt(variance + epsilon), m pixels, and sums over them:
 *
 *   dbias = sum dy     dweight = d sum dy (x - mean)
 *   dx    = weight d (dy - sum dy / m - (x - mean) d^2 sum dy (x - mean) / m)
 *                                        mean and variance of this batch,
 *   dx    = weight d dy                  or given: `fixed`
 */
static alexnet_status batch_norm_backward(const an_run *run, an_shape shape, float epsilon,
                                          bool fixed, const float *x, const float *dy,
                                          const an_batch_norm_channels *t, float *dx,
                                          float *dweight, float *dbias)
{
    const norm_layout at = norm_layout_of(shape);
    const size_t channels = (size_t)shape.c;
    const double pixels = (double)norm_pixels(shape);
    float *of_dy = an_scratch_at(run, at.factors), *of_x = of_dy + channels;
    float *constant = of_x + channels;
    double *mean = norm_doubles_at(run, at.mean);
    const double *sums;

    if (!an_scratch_fits(run, at.bytes)) return ALEXNET_BAD_ARG;
    for (size_t c = 0; c < channels; ++c)
        mean[c] = (double)t->mean[c];
    sums = norm_sums(run, &at, shape, norm_add_gradient, x, dy);
    for (size_t c = 0; c < channels; ++c) {
        const double d = 1 / sqrt((double)t->variance[c] + (double)epsilon);
        const double factor = d * (t->weight != NULL ? (double)t->weight[c] : 1);
        if (dbias != NULL) dbias[c] = (float)sums[c];
        if (dweight != NULL) dweight[c] = (float)(d * sums[channels + c]);
        of_dy[c] = (float)factor;
        of_x[c] = fixed ? 0 : (float)(-factor * d * d * sums[channels + c] / pixels);
        constant[c] = fixed ? 0 : (float)(-factor * sums[c] / pixels);
    }
    if (dx == NULL) return ALEXNET_OK;
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int part = 0; part < AN_NORM_PARTS; ++part) {
        for (size_t i = norm_part(shape, part); i < norm_part(shape, part + 1); ++i) {
            const float *in = x + i * channels, *gradient = dy + i * channels;
            float *out = dx + i * channels;
            AN_SIMD
            for (size_t c = 0; c < channels; ++c)
                out[c] = of_dy[c] * gradient[c] + ((in[c] - t->mean[c]) * of_x[c] + constant[c]);
        }
    }
    return ALEXNET_OK;
}

#endif
