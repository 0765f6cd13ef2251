/*
 * lrn.c: local response normalisation. Either kind of window costs a few additions a value:
 *
 *     across maps     a pixel's values are contiguous: the window slides over a copy of their
 *                     squares with zeros at both ends of the group
 *     within a map    rows of the window are summed first, [w][c] at a time, then columns
 *
 * The windows that hold a value are those of the values in its own window, so backward slides the
 * same windows over t = dy x d^(-beta-1).
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "base/compiler.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- scratch: the values that a thread's windows slide over, and their sums ---- */

typedef struct places {
    size_t values, sums;           /* where, in bytes */
    size_t value_count, sum_count; /* floats */
    size_t bytes;
} places;

static places places_of(const an_lrn *g, int threads)
{
    const size_t row = an_size_times((size_t)g->w, (size_t)g->c);
    const size_t maps = (size_t)(g->c / g->groups);
    an_scratch plan = {0};
    places at = {
        /* within: t of an image, and a row of the sums over rows alone */
        .value_count =
            g->within ? an_size_times(row, (size_t)g->h + 1) : maps + (size_t)g->size - 1,
        .sum_count = g->within ? row : maps,
    };

    at.values = an_scratch_per_thread(&plan, threads, at.value_count);
    at.sums = an_scratch_per_thread(&plan, threads, at.sum_count);
    at.bytes = plan.bytes;
    return at;
}

size_t an_lrn_scratch__portable(const an_lrn *g, int threads)
{
    return places_of(g, threads).bytes;
}

/* ---- for both kinds of window ---- */

/* sums become d = k + alpha * sum; out = d^-beta. */
static void denominators(const an_lrn *g, size_t count, float *sums, float *out)
{
    const float k = g->k, alpha = g->alpha, beta = g->beta;

    AN_SIMD
    for (size_t i = 0; i < count; ++i)
        sums[i] = k + alpha * sums[i];
    if (beta == 0.75f) { /* every AlexNet: two roots are vector instructions, powf() is not */
        AN_SIMD
        for (size_t i = 0; i < count; ++i)
            out[i] = 1 / (sqrtf(sums[i]) * sqrtf(sqrtf(sums[i])));
    } else {
        for (size_t i = 0; i < count; ++i)
            out[i] = powf(sums[i], -beta);
    }
}

/* y = x d^-beta, from the sums of squares. */
static void respond(const an_lrn *g, size_t count, const float *x, float *sums, float *y)
{
    denominators(g, count, sums, y);
    AN_SIMD
    for (size_t i = 0; i < count; ++i)
        y[i] *= x[i];
}

/* Backward, first half: t = dy x d^(-beta-1), and dx = dy d^-beta, the effect of a value as
   numerator. */
static void as_numerator(const an_lrn *g, size_t count, const float *x, const float *dy,
                         float *sums, float *t, float *dx)
{
    denominators(g, count, sums, dx);
    AN_SIMD
    for (size_t i = 0; i < count; ++i) {
        t[i] = dy[i] * x[i] * dx[i] / sums[i];
        dx[i] *= dy[i];
    }
}

/* Second half, from the sums of t: its effect through the denominators of all. */
static void as_denominator(const an_lrn *g, size_t count, const float *x, const float *sums,
                           float *dx)
{
    const float factor = 2 * g->alpha * g->beta;

    AN_SIMD
    for (size_t i = 0; i < count; ++i)
        dx[i] -= factor * x[i] * sums[i];
    if (!g->relu) return;
    AN_SIMD
    for (size_t i = 0; i < count; ++i)
        dx[i] = x[i] > 0 ? dx[i] : 0;
}

/* ---- across the maps of a group ---- */

/* sums[i] = values[i] + .. + values[i + size - 1] */
static void slide(const an_lrn *g, size_t count, const float *values, float *sums)
{
    memset(sums, 0, count * sizeof *sums);
    for (int j = 0; j < g->size; ++j) {
        AN_SIMD
        for (size_t i = 0; i < count; ++i)
            sums[i] += values[i + (size_t)j];
    }
}

/* One pixel's values of one group. dy NULL: forward, to out. `values` begins and ends with size / 2
   zeros. */
static void across(const an_lrn *g, size_t count, const float *x, const float *dy, float *values,
                   float *sums, float *out)
{
    float *middle = values + g->size / 2;

    AN_SIMD
    for (size_t i = 0; i < count; ++i)
        middle[i] = x[i] * x[i];
    slide(g, count, values, sums);
    if (dy == NULL) {
        respond(g, count, x, sums, out);
        return;
    }
    as_numerator(g, count, x, dy, sums, middle, out);
    slide(g, count, values, sums);
    as_denominator(g, count, x, sums, out);
}

static void across_all(const an_run *run, const an_lrn *g, const float *x, const float *dy,
                       float *out)
{
    const places at = places_of(g, run->threads);
    const size_t maps = (size_t)(g->c / g->groups);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const size_t row = ((size_t)n * (size_t)g->h + (size_t)h) * (size_t)g->w * (size_t)g->c;
            float *values = an_scratch_of_thread(run, at.values, at.value_count);
            float *sums = an_scratch_of_thread(run, at.sums, at.sum_count);

            memset(values, 0, at.value_count * sizeof *values);
            for (size_t i = row; i < row + (size_t)g->w * (size_t)g->c; i += maps)
                across(g, maps, x + i, dy != NULL ? dy + i : NULL, values, sums, out + i);
        }
    }
}

/* ---- within a map ---- */

/* sums[w][c], over the size x size window of `image` around each pixel of row h; of squares where
   `squared`. column[w][c]: the same over its rows alone. */
static void slide_rows(const an_lrn *g, int h, const float *image, bool squared, float *column,
                       float *sums)
{
    const size_t channels = (size_t)g->c;
    const size_t row = (size_t)g->w * channels;
    const int half = g->size / 2;

    memset(column, 0, row * sizeof *column);
    for (int i = AN_MAX(h - half, 0); i <= AN_MIN(h + half, g->h - 1); ++i) {
        const float *from = image + (size_t)i * row;
        if (squared) {
            AN_SIMD
            for (size_t j = 0; j < row; ++j)
                column[j] += from[j] * from[j];
        } else {
            AN_SIMD
            for (size_t j = 0; j < row; ++j)
                column[j] += from[j];
        }
    }
    memset(sums, 0, row * sizeof *sums);
    for (int w = 0; w < g->w; ++w) {
        float *to = sums + (size_t)w * channels;
        for (int i = AN_MAX(w - half, 0); i <= AN_MIN(w + half, g->w - 1); ++i) {
            const float *from = column + (size_t)i * channels;
            AN_SIMD
            for (size_t c = 0; c < channels; ++c)
                to[c] += from[c];
        }
    }
}

static void within_forward(const an_run *run, const an_lrn *g, const float *x, float *y)
{
    const places at = places_of(g, run->threads);
    const size_t row = (size_t)g->w * (size_t)g->c;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const size_t image = (size_t)n * (size_t)g->h * row;
            const size_t here = image + (size_t)h * row;
            float *sums = an_scratch_of_thread(run, at.sums, at.sum_count);

            slide_rows(g, h, x + image, true, an_scratch_of_thread(run, at.values, at.value_count),
                       sums);
            respond(g, row, x + here, sums, y + here);
        }
    }
}

/* A thread takes whole images: t of all rows comes before the first of its sums. */
static void within_backward(const an_run *run, const an_lrn *g, const float *x, const float *dy,
                            float *dx)
{
    const places at = places_of(g, run->threads);
    const size_t row = (size_t)g->w * (size_t)g->c;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        const size_t image = (size_t)n * (size_t)g->h * row;
        float *t = an_scratch_of_thread(run, at.values, at.value_count);
        float *column = t + (size_t)g->h * row;
        float *sums = an_scratch_of_thread(run, at.sums, at.sum_count);

        for (int h = 0; h < g->h; ++h) {
            const size_t here = (size_t)h * row;
            slide_rows(g, h, x + image, true, column, sums);
            as_numerator(g, row, x + image + here, dy + image + here, sums, t + here,
                         dx + image + here);
        }
        for (int h = 0; h < g->h; ++h) {
            const size_t here = image + (size_t)h * row;
            slide_rows(g, h, t, false, column, sums);
            as_denominator(g, row, x + here, sums, dx + here);
        }
    }
}

/* ---- the primitives ---- */

alexnet_status an_lrn__portable(const an_run *run, const an_lrn *g, const float *x, float *y,
                                uint8_t *argmax)
{
    assert(g->pool.r == 0);
    (void)argmax;
    if (!an_scratch_fits(run, an_lrn_scratch__portable(g, run->threads))) return ALEXNET_BAD_ARG;
    if (g->within)
        within_forward(run, g, x, y);
    else
        across_all(run, g, x, NULL, y);
    return ALEXNET_OK;
}

alexnet_status an_lrn_backward__portable(const an_run *run, const an_lrn *g, const float *x,
                                         const float *dy, const uint8_t *argmax, float *dx)
{
    assert(g->pool.r == 0);
    (void)argmax;
    if (!an_scratch_fits(run, an_lrn_scratch__portable(g, run->threads))) return ALEXNET_BAD_ARG;
    if (g->within)
        within_backward(run, g, x, dy, dx);
    else
        across_all(run, g, x, dy, dx);
    return ALEXNET_OK;
}
