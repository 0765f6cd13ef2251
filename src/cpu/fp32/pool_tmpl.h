/*
 * pool_tmpl.h: pooling of a fast tier, by vectors of channels, which are contiguous in a pixel.
 * Every pass gathers: an output reads the pixels of its window, an element of dx reads the windows
 * that hold it, both in ascending order, and the result stays in registers. So memory is read and
 * written once, and is the bound. With 32 channels at a time the maxima and their places take 4 of
 * AVX-512's 32 registers, 8 of AVX2's 16, 16 of NEON's 32. Rows are prefetched POOL_AHEAD floats
 * ahead. Convolutions that pool (winograd_tmpl.h) call this row by row.
 *
 * Needs: the vector vocabulary and its LANES (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_POOL_TMPL_H
#define AN_CPU_FP32_POOL_TMPL_H

#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/simd/vectors_tmpl.h"
#include "cpu/span.h"
#include <string.h>

static ptrdiff_t pool_pixel(int n, int h, int w, int height, int width, int channels)
{
    return (((ptrdiff_t)n * height + h) * width + w) * channels;
}

/* ---- maximum ---- */

#define POOL_VECTORS (32 / LANES) /* at a time: their comparisons wait for each other less */
#define POOL_AHEAD   512          /* floats: rows of windows are prefetched, or each waits */

/* The last vector's bytes, `rest` of them in the array. */
static ALWAYS_INLINE void store_bytes_up_to(uint8_t *to, int rest, vf value)
{
    uint8_t bytes[LANES];

    if (rest >= LANES) {
        vf_store_bytes(to, value);
    } else {
        vf_store_bytes(bytes, value);
        memcpy(to, bytes, (size_t)rest);
    }
}

static ALWAYS_INLINE vm bytes_equal_up_to(const uint8_t *from, int rest, uint8_t value)
{
    uint8_t bytes[LANES] = {0};

    if (rest >= LANES) return vf_bytes_equal(from, value);
    memcpy(bytes, from, (size_t)rest);
    return vf_bytes_equal(bytes, value);
}

/* Some channels of one output, `rest` of them in the arrays. Place (0, 0) of the window, perhaps
   outside, is x[corner]. */
static ALWAYS_INLINE void max_channels(const int vectors, int rest, const an_pool *g, an_span rows,
                                       an_span columns, const float *x, ptrdiff_t corner, float *y,
                                       uint8_t *argmax)
{
    vf best[POOL_VECTORS], place[POOL_VECTORS];
    bool started = false;

    UNROLL
    for (int i = 0; i < vectors; ++i)
        best[i] = place[i] = vf_zero();
    for (int r = rows.first; r < rows.end; ++r) {
        for (int s = columns.first; s < columns.end; ++s, started = true) {
            const float *from = x + (corner + ((ptrdiff_t)r * g->w + s) * g->c);
            const vf here = vf_set1((float)(r * g->s + s));
            UNROLL
            for (int i = 0; i < vectors; ++i) {
                const vf value = load_up_to(from + i * LANES, rest - i * LANES);
                __builtin_prefetch(from + i * LANES + POOL_AHEAD);
                const vm more = vf_more(value, best[i]);
                best[i] = started ? vf_pick(more, value, best[i]) : value;
                place[i] = started ? vf_pick(more, here, place[i]) : here;
            }
        }
    }
    UNROLL
    for (int i = 0; i < vectors; ++i) {
        store_up_to(y + i * LANES, rest - i * LANES, best[i]);
        if (argmax != NULL) store_bytes_up_to(argmax + i * LANES, rest - i * LANES, place[i]);
    }
}

static void max_output(const an_pool *g, an_span rows, an_span columns, const float *x,
                       ptrdiff_t corner, float *y, uint8_t *argmax)
{
    const int block = POOL_VECTORS * LANES;
    int c = 0;

    for (; c + block <= g->c; c += block)
        max_channels(POOL_VECTORS, block, g, rows, columns, x, corner + c, y + c,
                     argmax != NULL ? argmax + c : NULL);
    for (; c < g->c; c += LANES)
        max_channels(1, g->c - c, g, rows, columns, x, corner + c, y + c,
                     argmax != NULL ? argmax + c : NULL);
}

/* Row p of the outputs of image n of x as that of image `to` of y. */
static void max_pool_row(const an_pool *g, int n, int to, int p, const float *x, float *y,
                         uint8_t *argmax)
{
    const int h = p * g->stride - g->pad_top;
    const an_span rows = an_places_on_map(h, g->r, g->h);

    for (int q = 0; q < g->q; ++q) {
        const int w = q * g->stride - g->pad_left;
        const ptrdiff_t out = pool_pixel(to, p, q, g->p, g->q, g->c);
        max_output(g, rows, an_places_on_map(w, g->s, g->w), x,
                   pool_pixel(n, h, w, g->h, g->w, g->c), y + out,
                   argmax != NULL ? argmax + out : NULL);
    }
}

static alexnet_status max_pool(const an_run *run, const an_pool *g, const float *x, float *y,
                               uint8_t *argmax)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int p = 0; p < g->p; ++p)
            max_pool_row(g, n, n, p, x, y, argmax);
    return ALEXNET_OK;
}

/* A pixel of dx, and the windows over it. */
typedef struct pooled_pixel {
    int n, h, w;
    an_span rows, columns;
} pooled_pixel;

/* Some channels of one pixel of dx: from each window over it the gradients that chose it. */
static ALWAYS_INLINE void max_gradients(const int vectors, int rest, const an_pool *g,
                                        const pooled_pixel at, const float *dy,
                                        const uint8_t *argmax, float *dx)
{
    vf sum[POOL_VECTORS];

    UNROLL
    for (int i = 0; i < vectors; ++i)
        sum[i] = vf_zero();
    for (int p = at.rows.first; p < at.rows.end; ++p) {
        for (int q = at.columns.first; q < at.columns.end; ++q) {
            const int r = at.h + g->pad_top - p * g->stride;
            const int s = at.w + g->pad_left - q * g->stride;
            const uint8_t here = (uint8_t)(r * g->s + s);
            const ptrdiff_t from = pool_pixel(at.n, p, q, g->p, g->q, g->c);
            UNROLL
            for (int i = 0; i < vectors; ++i) {
                const vf value = load_up_to(dy + from + i * LANES, rest - i * LANES);
                const vm chosen =
                    bytes_equal_up_to(argmax + from + i * LANES, rest - i * LANES, here);
                sum[i] = vf_add(sum[i], vf_pick(chosen, value, vf_zero()));
                __builtin_prefetch(dy + from + i * LANES + POOL_AHEAD);
            }
        }
    }
    UNROLL
    for (int i = 0; i < vectors; ++i) {
        store_up_to(dx + i * LANES, rest - i * LANES, sum[i]);
        __builtin_prefetch(dx + i * LANES + POOL_AHEAD, 1);
    }
}

static void max_gradient(const an_pool *g, const pooled_pixel at, const float *dy,
                         const uint8_t *argmax, float *dx)
{
    const int block = POOL_VECTORS * LANES;
    int c = 0;

    for (; c + block <= g->c; c += block)
        max_gradients(POOL_VECTORS, block, g, at, dy + c, argmax + c, dx + c);
    for (; c < g->c; c += LANES)
        max_gradients(1, g->c - c, g, at, dy + c, argmax + c, dx + c);
}

/* Row h of the gradient of image n's input. */
static void max_gradient_row(const an_pool *g, int n, int h, const float *dy, const uint8_t *argmax,
                             float *dx)
{
    pooled_pixel at = {
        .n = n, .h = h, .rows = an_windows_over(h, g->pad_top, g->r, g->stride, g->p)};

    for (; at.w < g->w; ++at.w, dx += g->c) {
        an_windows_move(&at.columns, at.w, g->pad_left, g->s, g->stride, g->q);
        max_gradient(g, at, dy, argmax, dx);
    }
}

static alexnet_status max_pool_backward(const an_run *run, const an_pool *g, const float *dy,
                                        const uint8_t *argmax, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int h = 0; h < g->h; ++h)
            max_gradient_row(g, n, h, dy, argmax, dx + pool_pixel(n, h, 0, g->h, g->w, g->c));
    return ALEXNET_OK;
}

/* ---- average, over sliding windows or over those that divide the map evenly ---- */

typedef struct averages {
    int n, c, h, w, p, q;
    const an_pool *sliding; /* NULL: they divide the map */
} averages;

/* The rows of the map that count in window row p; columns likewise. */
static an_span average_rows(const averages *g, int p)
{
    if (g->sliding == NULL) return an_even_window(p, g->h, g->p);
    const int start = p * g->sliding->stride - g->sliding->pad_top;
    const an_span places = an_places_on_map(start, g->sliding->r, g->h);
    return (an_span){start + places.first, start + places.end};
}

static an_span average_columns(const averages *g, int q)
{
    if (g->sliding == NULL) return an_even_window(q, g->w, g->q);
    const int start = q * g->sliding->stride - g->sliding->pad_left;
    const an_span places = an_places_on_map(start, g->sliding->s, g->w);
    return (an_span){start + places.first, start + places.end};
}

/* The windows that hold row h. */
static an_span average_windows_over(const averages *g, int h)
{
    const an_pool *s = g->sliding;

    return s != NULL ? an_windows_over(h, s->pad_top, s->r, s->stride, g->p)
                     : an_even_window(h, g->p, g->h);
}

static an_span average_windows_across(const averages *g, int w)
{
    const an_pool *s = g->sliding;

    return s != NULL ? an_windows_over(w, s->pad_left, s->s, s->stride, g->q)
                     : an_even_window(w, g->q, g->w);
}

static float average_scale(const averages *g, int p, int q)
{
    if (g->sliding != NULL) return an_window_scale(g->sliding, p, q);
    const an_span rows = an_even_window(p, g->h, g->p), columns = an_even_window(q, g->w, g->q);
    return 1 / ((float)(rows.end - rows.first) * (float)(columns.end - columns.first));
}

/* Some channels of one output, `rest` of them in the arrays. */
static ALWAYS_INLINE void average_channels(const int vectors, int rest, const averages *g, int n,
                                           an_span rows, an_span columns, float scale,
                                           const float *x, float *y)
{
    vf sum[POOL_VECTORS];

    UNROLL
    for (int i = 0; i < vectors; ++i)
        sum[i] = vf_zero();
    for (int h = rows.first; h < rows.end; ++h) {
        for (int w = columns.first; w < columns.end; ++w) {
            const float *from = x + pool_pixel(n, h, w, g->h, g->w, g->c);
            UNROLL
            for (int i = 0; i < vectors; ++i)
                sum[i] = vf_add(sum[i], load_up_to(from + i * LANES, rest - i * LANES));
        }
    }
    UNROLL
    for (int i = 0; i < vectors; ++i)
        store_up_to(y + i * LANES, rest - i * LANES, vf_mul(sum[i], vf_set1(scale)));
}

static void average_forward(const an_run *run, const averages *g, const float *x, float *y)
{
    const int block = POOL_VECTORS * LANES;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            const an_span rows = average_rows(g, p);
            for (int q = 0; q < g->q; ++q) {
                const an_span columns = average_columns(g, q);
                const float scale = average_scale(g, p, q);
                float *out = y + pool_pixel(n, p, q, g->p, g->q, g->c);
                int c = 0;
                for (; c + block <= g->c; c += block)
                    average_channels(POOL_VECTORS, block, g, n, rows, columns, scale, x + c,
                                     out + c);
                for (; c < g->c; c += LANES)
                    average_channels(1, g->c - c, g, n, rows, columns, scale, x + c, out + c);
            }
        }
    }
}

/* Some channels of one pixel of dx. */
static ALWAYS_INLINE void average_gradients(const int vectors, int rest, const averages *g, int n,
                                            an_span rows, an_span columns, const float *dy,
                                            float *dx)
{
    vf sum[POOL_VECTORS];

    UNROLL
    for (int i = 0; i < vectors; ++i)
        sum[i] = vf_zero();
    for (int p = rows.first; p < rows.end; ++p) {
        for (int q = columns.first; q < columns.end; ++q) {
            const float *from = dy + pool_pixel(n, p, q, g->p, g->q, g->c);
            const vf scale = vf_set1(average_scale(g, p, q));
            UNROLL
            for (int i = 0; i < vectors; ++i)
                sum[i] =
                    vf_add(sum[i], vf_mul(load_up_to(from + i * LANES, rest - i * LANES), scale));
        }
    }
    UNROLL
    for (int i = 0; i < vectors; ++i)
        store_up_to(dx + i * LANES, rest - i * LANES, sum[i]);
}

static void average_backward(const an_run *run, const averages *g, const float *dy, float *dx)
{
    const int block = POOL_VECTORS * LANES;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const an_span rows = average_windows_over(g, h);
            for (int w = 0; w < g->w; ++w) {
                const an_span columns = average_windows_across(g, w);
                float *out = dx + pool_pixel(n, h, w, g->h, g->w, g->c);
                int c = 0;
                for (; c + block <= g->c; c += block)
                    average_gradients(POOL_VECTORS, block, g, n, rows, columns, dy + c, out + c);
                for (; c < g->c; c += LANES)
                    average_gradients(1, g->c - c, g, n, rows, columns, dy + c, out + c);
            }
        }
    }
}

static averages sliding_averages(const an_pool *g)
{
    return (averages){g->n, g->c, g->h, g->w, g->p, g->q, g};
}

static alexnet_status average_pool(const an_run *run, const an_pool *g, const float *x, float *y)
{
    const averages windows = sliding_averages(g);

    average_forward(run, &windows, x, y);
    return ALEXNET_OK;
}

static alexnet_status average_pool_backward(const an_run *run, const an_pool *g, const float *dy,
                                            float *dx)
{
    const averages windows = sliding_averages(g);

    average_backward(run, &windows, dy, dx);
    return ALEXNET_OK;
}

static alexnet_status adaptive_average(const an_run *run, an_shape shape, int p, int q,
                                       const float *x, float *y)
{
    const averages windows = {shape.n, shape.c, shape.h, shape.w, p, q, NULL};

    average_forward(run, &windows, x, y);
    return ALEXNET_OK;
}

static alexnet_status adaptive_average_backward(const an_run *run, an_shape shape, int p, int q,
                                                const float *dy, float *dx)
{
    const averages windows = {shape.n, shape.c, shape.h, shape.w, p, q, NULL};

    average_backward(run, &windows, dy, dx);
    return ALEXNET_OK;
}

#endif
