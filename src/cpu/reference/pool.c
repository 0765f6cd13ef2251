/*
 * pool.c: pooling, one element at a time. The backward passes gather: each input element
 * sums over the windows that hold it, in ascending order, so that nothing is written twice and the
 * order of the sum is fixed. A window entirely outside the map (rounding "up" with a stride larger
 * than the window) gives 0.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/parallel.h"
#include "cpu/span.h"

/* Index of [n][h][w][c]. */
static size_t at(int n, int h, int w, int c, int height, int width, int channels)
{
    return (((size_t)n * (size_t)height + (size_t)h) * (size_t)width + (size_t)w) *
               (size_t)channels +
           (size_t)c;
}

/* ---- maximum ---- */

static void max_of_window(const an_pool *g, const float *x, int n, int p, int q, int c, float *y,
                          uint8_t *argmax)
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
    if (argmax != NULL) argmax[at(n, p, q, c, g->p, g->q, g->c)] = place;
}

alexnet_status an_max_pool__portable(const an_run *run, const an_pool *g, const float *x, float *y,
                                     uint8_t *argmax)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q)
                for (int c = 0; c < g->c; ++c)
                    max_of_window(g, x, n, p, q, c, y, argmax);
    return ALEXNET_OK;
}

static float max_gradient(const an_pool *g, const float *dy, const uint8_t *argmax, int n, int h,
                          int w, int c)
{
    float sum = 0;

    for (int p = 0; p < g->p; ++p) {
        const int r = h - (p * g->stride - g->pad_top);
        if (r < 0 || r >= g->r) continue;
        for (int q = 0; q < g->q; ++q) {
            const int s = w - (q * g->stride - g->pad_left);
            const size_t i = at(n, p, q, c, g->p, g->q, g->c);
            if (s >= 0 && s < g->s && argmax[i] == r * g->s + s) sum += dy[i];
        }
    }
    return sum;
}

alexnet_status an_max_pool_backward__portable(const an_run *run, const an_pool *g, const float *dy,
                                              const uint8_t *argmax, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n)
        for (int h = 0; h < g->h; ++h)
            for (int w = 0; w < g->w; ++w)
                for (int c = 0; c < g->c; ++c)
                    dx[at(n, h, w, c, g->h, g->w, g->c)] = max_gradient(g, dy, argmax, n, h, w, c);
    return ALEXNET_OK;
}

/* ---- average over windows that divide the map evenly ---- */

static float average_of_window(an_shape x_shape, const float *x, int n, int c, an_span h, an_span w)
{
    double sum = 0;

    for (int i = h.first; i < h.end; ++i)
        for (int j = w.first; j < w.end; ++j)
            sum += (double)x[at(n, i, j, c, x_shape.h, x_shape.w, x_shape.c)];
    return (float)(sum / ((double)(h.end - h.first) * (w.end - w.first)));
}

alexnet_status an_adaptive_average__portable(const an_run *run, an_shape x_shape, int p, int q,
                                             const float *x, float *y)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < x_shape.n; ++n) {
        for (int i = 0; i < p; ++i) {
            const an_span h = an_even_window(i, x_shape.h, p);
            for (int j = 0; j < q; ++j) {
                const an_span w = an_even_window(j, x_shape.w, q);
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
    const an_span over = an_even_window(h, p, x_shape.h), across = an_even_window(w, q, x_shape.w);
    double sum = 0;

    for (int i = over.first; i < over.end; ++i) {
        const an_span rows = an_even_window(i, x_shape.h, p);
        for (int j = across.first; j < across.end; ++j) {
            const an_span columns = an_even_window(j, x_shape.w, q);
            sum += (double)dy[at(n, i, j, c, p, q, x_shape.c)] /
                   ((double)(rows.end - rows.first) * (columns.end - columns.first));
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

alexnet_status an_average_pool__portable(const an_run *run, const an_pool *g, const float *x,
                                         float *y)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            const int top = p * g->stride - g->pad_top;
            const an_span rows = an_places_on_map(top, g->r, g->h);
            for (int q = 0; q < g->q; ++q) {
                const int left = q * g->stride - g->pad_left;
                const an_span columns = an_places_on_map(left, g->s, g->w);
                const float scale = an_window_scale(g, p, q);
                float *out = y + at(n, p, q, 0, g->p, g->q, g->c);

                for (int c = 0; c < g->c; ++c)
                    out[c] = 0;
                for (int r = rows.first; r < rows.end; ++r) {
                    for (int s = columns.first; s < columns.end; ++s) {
                        const float *in = x + at(n, top + r, left + s, 0, g->h, g->w, g->c);
                        for (int c = 0; c < g->c; ++c)
                            out[c] += in[c];
                    }
                }
                for (int c = 0; c < g->c; ++c)
                    out[c] *= scale;
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
            const an_span rows = an_windows_over(h, g->pad_top, g->r, g->stride, g->p);
            for (int w = 0; w < g->w; ++w) {
                const an_span columns = an_windows_over(w, g->pad_left, g->s, g->stride, g->q);
                float *out = dx + at(n, h, w, 0, g->h, g->w, g->c);

                for (int c = 0; c < g->c; ++c)
                    out[c] = 0;
                for (int p = rows.first; p < rows.end; ++p) {
                    for (int q = columns.first; q < columns.end; ++q) {
                        const float *in = dy + at(n, p, q, 0, g->p, g->q, g->c);
                        const float scale = an_window_scale(g, p, q);
                        for (int c = 0; c < g->c; ++c)
                            out[c] += in[c] * scale;
                    }
                }
            }
        }
    }
    return ALEXNET_OK;
}
