/*
 * pool_tmpl.h: maximum pooling of a fast tier. Plain loops over the channels of a pixel, which lie
 * side by side: the compiler makes vectors of them. A block of channels keeps its running maxima in
 * registers or L1.
 * SPDX-License-Identifier: MIT
 */

#define POOL_BLOCK 64 /* channels at a time */

/* The places of a window that lie inside the map. */
typedef struct pool_window {
    int first, last; /* first .. last-1, of 0 .. size */
} pool_window;

static pool_window pool_clip(int start, int size, int limit) /* start: where place 0 lies */
{
    return (pool_window){AN_MAX(0, -start), AN_MIN(size, limit - start)};
}

/* `count` channels of one output. Place (0, 0) of the window, perhaps outside, is x[corner]. */
static ALWAYS_INLINE void max_channels(const int count, const an_pool *g, pool_window rows,
                                       pool_window columns, const float *x, ptrdiff_t corner,
                                       float *y, uint8_t *which)
{
    float best[POOL_BLOCK] = {0};
    int32_t place[POOL_BLOCK] = {0};
    bool started = false;

    for (int r = rows.first; r < rows.last; ++r) {
        for (int s = columns.first; s < columns.last; ++s, started = true) {
            const float *from = x + (corner + ((ptrdiff_t)r * g->w + s) * g->c);
            const int32_t here = r * g->s + s;
            if (started) {
                for (int c = 0; c < count; ++c) {
                    const bool more = from[c] > best[c];
                    best[c] = more ? from[c] : best[c];
                    place[c] = more ? here : place[c];
                }
            } else {
                for (int c = 0; c < count; ++c) {
                    best[c] = from[c];
                    place[c] = here;
                }
            }
        }
    }
    for (int c = 0; c < count; ++c)
        y[c] = best[c];
    if (which != NULL)
        for (int c = 0; c < count; ++c)
            which[c] = (uint8_t)place[c];
}

static void max_block(const an_pool *g, pool_window rows, pool_window columns, int count,
                      const float *x, ptrdiff_t corner, float *y, uint8_t *which)
{
    if (count == POOL_BLOCK) /* loops without rests: pool1 17.7 -> 12.2 ms (1 thread of Zen 5) */
        max_channels(POOL_BLOCK, g, rows, columns, x, corner, y, which);
    else
        max_channels(count, g, rows, columns, x, corner, y, which);
}

static alexnet_status max_pool(const an_run *run, const an_pool *g, const float *x, float *y,
                               uint8_t *which)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            const int h = p * g->stride - g->pad_top;
            const pool_window rows = pool_clip(h, g->r, g->h);
            for (int q = 0; q < g->q; ++q) {
                const int w = q * g->stride - g->pad_left;
                const pool_window columns = pool_clip(w, g->s, g->w);
                const ptrdiff_t corner = (((ptrdiff_t)n * g->h + h) * g->w + w) * g->c;
                const ptrdiff_t out = (((ptrdiff_t)n * g->p + p) * g->q + q) * g->c;
                for (int c = 0; c < g->c; c += POOL_BLOCK)
                    max_block(g, rows, columns, AN_MIN(POOL_BLOCK, g->c - c), x, corner + c,
                              y + out + c, which != NULL ? which + out + c : NULL);
            }
        }
    }
    return ALEXNET_OK;
}

/* The windows that hold element h: those p with 0 <= h + pad - p * stride < size. */
static pool_window windows_over(int h, int pad, int size, int stride, int outputs)
{
    const int first = h + pad - size + 1;

    return (pool_window){first > 0 ? (first + stride - 1) / stride : 0,
                         AN_MIN((h + pad) / stride + 1, outputs)};
}

/* One pixel of dx: from each window over it the gradients that chose it, in ascending order. */
static void max_gradient(const an_pool *g, int n, int h, int w, pool_window rows,
                         pool_window columns, const float *dy, const uint8_t *which, float *dx)
{
    memset(dx, 0, (size_t)g->c * sizeof *dx);
    for (int p = rows.first; p < rows.last; ++p) {
        for (int q = columns.first; q < columns.last; ++q) {
            const int r = h + g->pad_top - p * g->stride;
            const int s = w + g->pad_left - q * g->stride;
            const int here = r * g->s + s;
            const size_t at =
                (((size_t)n * (size_t)g->p + (size_t)p) * (size_t)g->q + (size_t)q) * (size_t)g->c;
            const float *from = dy + at;
            const uint8_t *chosen = which + at;
            for (int c = 0; c < g->c; ++c)
                dx[c] += chosen[c] == here ? from[c] : 0;
        }
    }
}

static alexnet_status max_pool_backward(const an_run *run, const an_pool *g, const float *dy,
                                        const uint8_t *which, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const pool_window rows = windows_over(h, g->pad_top, g->r, g->stride, g->p);
            float *to = dx + ((size_t)n * (size_t)g->h + (size_t)h) * (size_t)g->w * (size_t)g->c;
            for (int w = 0; w < g->w; ++w, to += g->c)
                max_gradient(g, n, h, w, rows, windows_over(w, g->pad_left, g->s, g->stride, g->q),
                             dy, which, to);
        }
    }
    return ALEXNET_OK;
}
