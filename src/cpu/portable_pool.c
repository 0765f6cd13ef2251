/*
 * portable_pool.c: pooling, one element at a time. The backward passes gather: each input element
 * asks which windows hold it, in ascending order, so that nothing is written twice and the order of
 * the sum is fixed. A window that lies outside the map altogether (rounding "up" with a stride
 * beyond the window) gives 0.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/portable.h"

#include "cpu/parallel.h"

/* Index of [n][h][w][c]. */
static size_t at(int n, int h, int w, int c, int height, int width, int channels)
{
    return (((size_t)n * (size_t)height + (size_t)h) * (size_t)width + (size_t)w) *
               (size_t)channels +
           (size_t)c;
}

/* ---- maximum ---- */

static void max_of_window(const an_pool *g, const float *x, int n, int p, int q, int c, float *y,
                          uint8_t *which)
{
    float best = 0;
    uint8_t place = 0;
    bool empty = true;

    for (int r = 0; r < g->r; ++r) {
        for (int s = 0; s < g->s; ++s) {
            const int h = p * g->stride - g->pad_top + r;
            const int w = q * g->stride - g->pad_left + s;
            if (h < 0 || h >= g->h || w < 0 || w >= g->w) continue;
            const float value = x[at(n, h, w, c, g->h, g->w, g->c)];
            if (empty || value > best) {
                best = value;
                place = (uint8_t)(r * g->s + s);
                empty = false;
            }
        }
    }
    y[at(n, p, q, c, g->p, g->q, g->c)] = best;
    if (which != NULL) which[at(n, p, q, c, g->p, g->q, g->c)] = place;
}

alexnet_status an_max_pool__portable(const an_run *run, const an_pool *g, const float *x, float *y,
                                     uint8_t *which)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q)
                for (int c = 0; c < g->c; ++c)
                    max_of_window(g, x, n, p, q, c, y, which);
    return ALEXNET_OK;
}

static float max_gradient(const an_pool *g, const float *dy, const uint8_t *which, int n, int h,
                          int w, int c)
{
    float sum = 0;

    for (int p = 0; p < g->p; ++p) {
        const int r = h - (p * g->stride - g->pad_top);
        if (r < 0 || r >= g->r) continue;
        for (int q = 0; q < g->q; ++q) {
            const int s = w - (q * g->stride - g->pad_left);
            const size_t i = at(n, p, q, c, g->p, g->q, g->c);
            if (s >= 0 && s < g->s && which[i] == r * g->s + s) sum += dy[i];
        }
    }
    return sum;
}

alexnet_status an_max_pool_backward__portable(const an_run *run, const an_pool *g, const float *dy,
                                              const uint8_t *which, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int h = 0; h < g->h; ++h)
            for (int w = 0; w < g->w; ++w)
                for (int c = 0; c < g->c; ++c)
                    dx[at(n, h, w, c, g->h, g->w, g->c)] = max_gradient(g, dy, which, n, h, w, c);
    return ALEXNET_OK;
}

/* ---- average over windows that part the map evenly ---- */

/*
 * Window i of `out` over `in` elements: first .. last-1. The same rule with in and out exchanged
 * gives the windows that hold element i: floor(i in / out) <= h  and  h < ceil((i+1) in / out) <=>
 * floor(h out / in) <= i < ceil((h+1) out / in).
 */
static int window_first(int i, int in, int out) { return (int)((int64_t)i * in / out); }

static int window_last(int i, int in, int out)
{
    return (int)((((int64_t)i + 1) * in + out - 1) / out);
}

static float average_of_window(an_shape x_shape, const float *x, int n, int c, const int h[2],
                               const int w[2])
{
    double sum = 0;

    for (int i = h[0]; i < h[1]; ++i)
        for (int j = w[0]; j < w[1]; ++j)
            sum += (double)x[at(n, i, j, c, x_shape.h, x_shape.w, x_shape.c)];
    return (float)(sum / ((double)(h[1] - h[0]) * (w[1] - w[0])));
}

alexnet_status an_adaptive_average__portable(const an_run *run, an_shape x_shape, int p, int q,
                                             const float *x, float *y)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < x_shape.n; ++n) {
        for (int i = 0; i < p; ++i) {
            const int h[2] = {window_first(i, x_shape.h, p), window_last(i, x_shape.h, p)};
            for (int j = 0; j < q; ++j) {
                const int w[2] = {window_first(j, x_shape.w, q), window_last(j, x_shape.w, q)};
                for (int c = 0; c < x_shape.c; ++c)
                    y[at(n, i, j, c, p, q, x_shape.c)] = average_of_window(x_shape, x, n, c, h, w);
            }
        }
    }
    return ALEXNET_OK;
}

static float average_gradient(an_shape x_shape, int p, int q, const float *dy, int n, int h, int w,
                              int c)
{
    double sum = 0;

    for (int i = window_first(h, p, x_shape.h); i < window_last(h, p, x_shape.h); ++i) {
        const int rows = window_last(i, x_shape.h, p) - window_first(i, x_shape.h, p);
        for (int j = window_first(w, q, x_shape.w); j < window_last(w, q, x_shape.w); ++j) {
            const int columns = window_last(j, x_shape.w, q) - window_first(j, x_shape.w, q);
            sum += (double)dy[at(n, i, j, c, p, q, x_shape.c)] / ((double)rows * columns);
        }
    }
    return (float)sum;
}

alexnet_status an_adaptive_average_backward__portable(const an_run *run, an_shape x_shape, int p,
                                                      int q, const float *dy, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < x_shape.n; ++n)
        for (int h = 0; h < x_shape.h; ++h)
            for (int w = 0; w < x_shape.w; ++w)
                for (int c = 0; c < x_shape.c; ++c)
                    dx[at(n, h, w, c, x_shape.h, x_shape.w, x_shape.c)] =
                        average_gradient(x_shape, p, q, dy, n, h, w, c);
    return ALEXNET_OK;
}

/* ---- average over sliding windows ---- */

/* The part of window p that lies on the map, rows or columns alike: first .. last-1. */
static int clipped_first(int p, int stride, int pad) { return AN_MAX(p * stride - pad, 0); }

static int clipped_last(int p, int stride, int pad, int window, int size)
{
    return AN_MIN(p * stride - pad + window, size);
}

/* The windows that hold element h: first .. last-1. */
static int holder_first(int h, int stride, int pad, int window)
{
    return AN_MAX((h + pad - window + stride) / stride, 0);
}

static int holder_last(int h, int stride, int pad, int windows)
{
    return AN_MIN((h + pad) / stride + 1, windows);
}

/* Rows, or columns, of window p on the map; with `padded` on the map and its padding. */
static int window_extent(bool padded, int p, int stride, int pad, int window, int size)
{
    return padded ? AN_MIN(window, size + 2 * pad - p * stride)
                  : clipped_last(p, stride, pad, window, size) - clipped_first(p, stride, pad);
}

/* 1 / the pixels that count in window (p, q); 0 for a window that lies outside altogether. */
static float window_share(const an_pool *g, int p, int q)
{
    const int rows = window_extent(g->padded, p, g->stride, g->pad_top, g->r, g->h);
    const int columns = window_extent(g->padded, q, g->stride, g->pad_left, g->s, g->w);

    return rows > 0 && columns > 0 ? 1.0f / (float)(rows * columns) : 0;
}

alexnet_status an_average_pool__portable(const an_run *run, const an_pool *g, const float *x,
                                         float *y)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            for (int q = 0; q < g->q; ++q) {
                float *out = y + at(n, p, q, 0, g->p, g->q, g->c);
                const float share = window_share(g, p, q);

                for (int c = 0; c < g->c; ++c)
                    out[c] = 0;
                for (int h = clipped_first(p, g->stride, g->pad_top);
                     h < clipped_last(p, g->stride, g->pad_top, g->r, g->h); ++h) {
                    for (int w = clipped_first(q, g->stride, g->pad_left);
                         w < clipped_last(q, g->stride, g->pad_left, g->s, g->w); ++w) {
                        const float *in = x + at(n, h, w, 0, g->h, g->w, g->c);
                        for (int c = 0; c < g->c; ++c)
                            out[c] += in[c];
                    }
                }
                for (int c = 0; c < g->c; ++c)
                    out[c] *= share;
            }
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_average_pool_backward__portable(const an_run *run, const an_pool *g,
                                                  const float *dy, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            for (int w = 0; w < g->w; ++w) {
                float *out = dx + at(n, h, w, 0, g->h, g->w, g->c);

                for (int c = 0; c < g->c; ++c)
                    out[c] = 0;
                for (int p = holder_first(h, g->stride, g->pad_top, g->r);
                     p < holder_last(h, g->stride, g->pad_top, g->p); ++p) {
                    for (int q = holder_first(w, g->stride, g->pad_left, g->s);
                         q < holder_last(w, g->stride, g->pad_left, g->q); ++q) {
                        const float *in = dy + at(n, p, q, 0, g->p, g->q, g->c);
                        const float share = window_share(g, p, q);
                        for (int c = 0; c < g->c; ++c)
                            out[c] += in[c] * share;
                    }
                }
            }
        }
    }
    return ALEXNET_OK;
}
