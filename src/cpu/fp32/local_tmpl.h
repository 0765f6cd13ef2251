/*
 * local_tmpl.h: the locally connected layer, whose filter is another at every place: one matrix
 * product at every place of the output, for all images, which reads the weights of the place once.
 * x [n][h][w][c], w [p][q][c][r][s][k], y [n][p][q][k].
 *
 *     forward          y  = x * w     rows images, columns filters:  w in the order [r][s][c][NR]
 *     data gradient    dx = dy * w^T  rows images, columns channels: for a pixel of dx, w
 *                                                                    transposed to [p][q][k][NR]
 *     weight gradient  dw = x^T * dy  rows channels, columns filters: for a tap (r, s), dy [n][NR]
 *
 * Rows are read in place. The data of the columns is copied to a panel of the thread, NR columns
 * wide: 9 taps of 64 channels are 72 KB, in L2, where the tiles of all images read it. Threads take
 * places, or pixels of dx.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LOCAL_TMPL_H
#define AN_CPU_FP32_LOCAL_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include "cpu/span.h"
#include <string.h>

static size_t local_panel_floats(const an_conv2d *g)
{
    const size_t taps = an_size_times((size_t)g->r, (size_t)g->s);
    const size_t steps = an_size_times(taps, (size_t)AN_MAX(g->c, g->k));

    return an_size_times(AN_MAX(steps, (size_t)g->n), NR);
}

static size_t local_scratch(const an_conv2d *g, int threads)
{
    an_scratch plan = {0};

    (void)an_scratch_per_thread(&plan, threads, local_panel_floats(g));
    return plan.bytes;
}

static ptrdiff_t local_x_image(const an_conv2d *g) { return (ptrdiff_t)g->h * g->w * g->c; }

static ptrdiff_t local_y_image(const an_conv2d *g) { return (ptrdiff_t)g->p * g->q * g->k; }

/* Floats of the weights of a place, and from one channel to the next. */
static ptrdiff_t local_channel(const an_conv2d *g) { return (ptrdiff_t)g->r * g->s * g->k; }

static ptrdiff_t local_place(const an_conv2d *g) { return local_channel(g) * g->c; }

/* Row after row of `count` floats, to rows of NR: the panel's other columns are 0. Returns the row
   after the last. */
static float *local_copy_rows(int rows, int count, const float *from, ptrdiff_t from_row, float *to)
{
    for (int i = 0; i < rows; ++i, from += from_row, to += NR) {
        UNROLL
        for (int j = 0; j < NR; j += LANES) {
            const int rest = AN_MAX(0, AN_MIN(LANES, count - j));
            vf_store(to + j, rest == LANES ? vf_load(from + j) : vf_load_part(from + j, rest));
        }
    }
    return to;
}

/* All images in tiles of rows; t describes the first image's row. */
static void local_images(const an_conv2d *g, tile t)
{
    const float *a = t.a;
    float *c = t.c;

    for (int i = 0; i < tiles_of(g->n); ++i) {
        const int n = tile_first(g->n, i);
        t.a = a + n * t.a_row;
        t.c = c + n * t.c_row;
        tile_run(tile_first(g->n, i + 1) - n, &t);
    }
}

/* ---- forward ---- */

/* The taps of a place that lie on the map, and where tap (0, 0) would lie. */
typedef struct local_window {
    an_span r, s;
    ptrdiff_t corner; /* floats from the first of the image */
} local_window;

static local_window local_window_at(const an_conv2d *g, int p, int q)
{
    const int h = p * g->stride - g->pad_top, w = q * g->stride - g->pad_left;

    return (local_window){.r = an_places_on_map(h, g->r, g->h),
                          .s = an_places_on_map(w, g->s, g->w),
                          .corner = ((ptrdiff_t)h * g->w + w) * g->c};
}

static ptrdiff_t local_tap(const an_conv2d *g, int r, int s) /* floats from tap (0, 0)'s pixel */
{
    return ((ptrdiff_t)r * g->w + s) * g->c;
}

static void local_forward_block(const an_conv2d *g, int p, int q, int k, const float *x,
                                const float *w, const float *bias, bool relu, float *panel,
                                float *y)
{
    const local_window at = local_window_at(g, p, q);
    const ptrdiff_t place = (ptrdiff_t)p * g->q + q;
    const int columns = AN_MIN(NR, g->k - k);
    float *to = panel;

    w += place * local_place(g) + k;
    for (int r = at.r.first; r < at.r.end; ++r)
        for (int s = at.s.first; s < at.s.end; ++s)
            to = local_copy_rows(g->c, columns, w + ((ptrdiff_t)r * g->s + s) * g->k,
                                 local_channel(g), to);
    local_images(g, (tile){
                        .columns = columns,
                        .outer = at.r.end - at.r.first,
                        .inner = at.s.end - at.s.first,
                        .run = g->c,
                        .a = x + (at.corner + local_tap(g, at.r.first, at.s.first)),
                        .a_row = local_x_image(g),
                        .a_outer = local_tap(g, 1, 0),
                        .a_inner = local_tap(g, 0, 1),
                        .a_step = 1,
                        .b = panel,
                        .c = y + place * g->k + k,
                        .c_row = local_y_image(g),
                        .bias = bias + place * g->k + k,
                        .relu = relu,
                        .fetch = panel,
                    });
}

static alexnet_status local_forward(const an_run *run, const an_conv2d *g, const float *x,
                                    const float *w, const float *bias, bool relu, float *y)
{
    if (!an_scratch_fits(run, local_scratch(g, run->threads))) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(3) schedule(dynamic))
    for (int p = 0; p < g->p; ++p)
        for (int q = 0; q < g->q; ++q)
            for (int k = 0; k < g->k; k += NR)
                local_forward_block(g, p, q, k, x, w, bias, relu,
                                    an_scratch_of_thread(run, 0, local_panel_floats(g)), y);
    return ALEXNET_OK;
}

/* ---- backward: data ---- */

static void local_data_block(const an_conv2d *g, int h, int w, int c, const float *dy,
                             const float *weights, float *panel, float *dx)
{
    const an_span rows = an_windows_over(h, g->pad_top, g->r, g->stride, g->p);
    const an_span cols = an_windows_over(w, g->pad_left, g->s, g->stride, g->q);
    const int columns = AN_MIN(NR, g->c - c);
    float *to = panel;

    weights += c * local_channel(g);
    for (int p = rows.first; p < rows.end; ++p) {
        for (int q = cols.first; q < cols.end; ++q, to += (ptrdiff_t)g->k * NR) {
            const int r = h + g->pad_top - p * g->stride, s = w + g->pad_left - q * g->stride;
            const float *from = weights + ((ptrdiff_t)p * g->q + q) * local_place(g) +
                                ((ptrdiff_t)r * g->s + s) * g->k;
            if (columns < NR) memset(to, 0, (size_t)g->k * NR * sizeof *to);
            transpose(columns, g->k, from, local_channel(g), to, NR);
        }
    }
    local_images(g, (tile){
                        .columns = columns,
                        .outer = rows.end - rows.first,
                        .inner = cols.end - cols.first,
                        .run = g->k,
                        .a = dy + ((ptrdiff_t)rows.first * g->q + cols.first) * g->k,
                        .a_row = local_y_image(g),
                        .a_outer = (ptrdiff_t)g->q * g->k,
                        .a_inner = g->k,
                        .a_step = 1,
                        .b = panel,
                        .c = dx + local_tap(g, h, w) + c,
                        .c_row = local_x_image(g),
                        .fetch = panel,
                    });
}

static alexnet_status local_backward_data(const an_run *run, const an_conv2d *g, const float *dy,
                                          const float *w, float *dx)
{
    if (!an_scratch_fits(run, local_scratch(g, run->threads))) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(3) schedule(dynamic))
    for (int h = 0; h < g->h; ++h)
        for (int column = 0; column < g->w; ++column)
            for (int c = 0; c < g->c; c += NR)
                local_data_block(g, h, column, c, dy, w,
                                 an_scratch_of_thread(run, 0, local_panel_floats(g)), dx);
    return ALEXNET_OK;
}

/* ---- backward: weights ---- */

/* All channels of one tap in tiles of rows. x: its pixel in the first image; NULL: it is outside
   the map. */
static void local_tap_gradient(const an_conv2d *g, int columns, const float *x, const float *panel,
                               float *dw)
{
    tile t = {
        .columns = columns,
        .outer = x != NULL ? 1 : 0,
        .inner = 1,
        .run = g->n,
        .a_row = 1,
        .a_step = local_x_image(g),
        .b = panel,
        .c_row = local_channel(g),
        .fetch = panel,
    };

    for (int i = 0; i < tiles_of(g->c); ++i) {
        const int c = tile_first(g->c, i);
        t.a = x != NULL ? x + c : NULL;
        t.c = dw + c * t.c_row;
        tile_run(tile_first(g->c, i + 1) - c, &t);
    }
}

/* The sum of a panel's rows. */
static void local_bias_gradient(const an_conv2d *g, int columns, const float *panel, float *db)
{
    for (int j = 0; j < columns; j += LANES) {
        vf sum = vf_zero();
        for (int n = 0; n < g->n; ++n)
            sum = vf_add(sum, vf_load(panel + (ptrdiff_t)n * NR + j));
        vf_store_part(db + j, AN_MIN(LANES, columns - j), sum);
    }
}

static void local_weights_block(const an_conv2d *g, int p, int q, int k, const float *x,
                                const float *dy, float *panel, float *dw, float *db)
{
    const local_window at = local_window_at(g, p, q);
    const ptrdiff_t place = (ptrdiff_t)p * g->q + q;
    const int columns = AN_MIN(NR, g->k - k);

    (void)local_copy_rows(g->n, columns, dy + place * g->k + k, local_y_image(g), panel);
    local_bias_gradient(g, columns, panel, db + place * g->k + k);
    dw += place * local_place(g) + k;
    for (int r = 0; r < g->r; ++r) {
        for (int s = 0; s < g->s; ++s, dw += g->k) {
            const bool on_map = r >= at.r.first && r < at.r.end && s >= at.s.first && s < at.s.end;
            local_tap_gradient(g, columns, on_map ? x + (at.corner + local_tap(g, r, s)) : NULL,
                               panel, dw);
        }
    }
}

static alexnet_status local_backward_weights(const an_run *run, const an_conv2d *g, const float *x,
                                             const float *dy, float *dw, float *db)
{
    if (!an_scratch_fits(run, local_scratch(g, run->threads))) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(3) schedule(dynamic))
    for (int p = 0; p < g->p; ++p)
        for (int q = 0; q < g->q; ++q)
            for (int k = 0; k < g->k; k += NR)
                local_weights_block(g, p, q, k, x, dy,
                                    an_scratch_of_thread(run, 0, local_panel_floats(g)), dw, db);
    return ALEXNET_OK;
}

#endif
