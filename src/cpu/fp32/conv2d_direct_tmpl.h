/*
 * conv2d_direct_tmpl.h: convolution forward and its data gradient, directly from a zero-padded
 * [h][w][c] image: the rows of a tile are neighbouring output columns, its columns are NR filters,
 * and a step of the sum is one channel under one place of the window. No im2col: the window is
 * stepped through by strides (Zhang, Franchetti, Low: High Performance Zero-Memory Overhead Direct
 * Convolutions, ICML 2018).
 *
 * Cache: a panel of NR filters and a padded image are both in L2 (torchvision's conv4, the largest:
 * 432 and 338 KB; conv1: 45 and 604 KB). Every tile reads the whole panel, and its rows of the
 * image from L1. Threads take whole images, or blocks of filters when images are few.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_CONV2D_DIRECT_TMPL_H
#define AN_CPU_FP32_CONV2D_DIRECT_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/fp32/conv2d_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include <limits.h>
#include <string.h>

/* The geometry of all tiles of one image. */
typedef struct window_sweep {
    filter_panels filters;
    ptrdiff_t in_row, in_pixel;   /* of the padded_map image */
    ptrdiff_t step_row, step_col; /* floats between the windows of neighbouring outputs */
    int p, q;                     /* outputs */
    ptrdiff_t out_row, out_col;
} window_sweep;

static void sweep_block(const window_sweep *g, int b, const float *in, const float *panel,
                        const float *bias, bool relu, float *out)
{
    const filter_panels *f = &g->filters;
    const bool merge = g->in_pixel == f->channels && (int64_t)f->s * f->channels <= INT_MAX;
    const int first_k = block_first(f, b);
    tile t = {
        .columns = block_columns(f, b),
        .outer = f->r,
        .inner = merge ? 1 : f->s, /* a row of the window is one run where there is but one group */
        .run = merge ? f->s * f->channels : f->channels,
        .a_row = g->step_col,
        .a_outer = g->in_row,
        .a_inner = g->in_pixel,
        .a_step = 1,
        .b = panel,
        .fetch = panel,
        .c_row = g->out_col,
        .bias = bias != NULL ? bias + first_k : NULL,
        .relu = relu,
    };

    in += b / f->blocks * f->channels;
    for (int p = 0; p < g->p; ++p) {
        for (int i = 0; i < tiles_of(g->q); ++i) {
            const int q = tile_first(g->q, i);
            t.a = in + p * g->step_row + q * g->step_col;
            t.c = out + p * g->out_row + q * g->out_col + first_k;
            tile_run(tile_first(g->q, i + 1) - q, &t);
        }
    }
}

/* The number of parts into which an image is cut so that every thread has work. */
static int image_parts(int n, int blocks, int threads)
{
    if (n == 0 || n >= 2 * threads) return 1;
    return AN_MIN((2 * threads + n - 1) / n, blocks);
}

/* ---- forward ---- */

typedef struct forward_plan {
    filter_panels filters;
    padded_map image;
    window_sweep sweep;
    size_t panels_at, images_at, bytes;
} forward_plan;

static forward_plan plan_forward(const an_conv2d *g, int threads)
{
    forward_plan plan = {
        .filters = panels_of(g->groups, g->k / g->groups, g->c / g->groups, g->r, g->s),
        .image = {.h = (g->p - 1) * g->stride + g->r,
                  .w = (g->q - 1) * g->stride + g->s,
                  .top = g->pad_top,
                  .left = g->pad_left,
                  .from_h = g->h,
                  .from_w = g->w,
                  .c = g->c,
                  .pixel = g->c,
                  .row = ((ptrdiff_t)(g->q - 1) * g->stride + g->s) * g->c},
    };
    an_scratch scratch = {0};

    plan.panels_at = an_scratch_floats(&scratch, g->packed ? 0 : panels_floats(&plan.filters));
    plan.images_at = an_scratch_per_thread(&scratch, threads, padded_floats(&plan.image));
    plan.bytes = scratch.bytes;
    plan.sweep = (window_sweep){
        .filters = plan.filters,
        .in_row = plan.image.row,
        .in_pixel = g->c,
        .step_row = g->stride * plan.image.row,
        .step_col = (ptrdiff_t)g->stride * g->c,
        .p = g->p,
        .q = g->q,
        .out_row = (ptrdiff_t)g->q * g->k,
        .out_col = g->k,
    };
    return plan;
}

static size_t conv2d_forward_scratch(const an_conv2d *g, int threads)
{
    return plan_forward(g, threads).bytes;
}

static void pack_all_filters(const an_run *run, const filter_panels *f, const float *w,
                             float *panels)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(f); ++b)
        pack_filters(f, b, w, panels + (size_t)b * f->block_floats);
}

static size_t conv2d_packed_bytes(const an_conv2d *g)
{
    const forward_plan plan = plan_forward(g, 1);

    return an_size_times(panels_floats(&plan.filters), sizeof(float));
}

static alexnet_status conv2d_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                          void *packed)
{
    const forward_plan plan = plan_forward(g, run->threads);

    pack_all_filters(run, &plan.filters, w, packed);
    return ALEXNET_OK;
}

static alexnet_status conv2d_forward(const an_run *run, const an_conv2d *g,
                                     const an_conv2d_tensors *t)
{
    const forward_plan plan = plan_forward(g, run->threads);
    const int blocks = panels_blocks(&plan.filters);
    const int parts = image_parts(g->n, blocks, run->threads);
    const size_t x_size = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t y_size = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    const size_t block = plan.filters.block_floats;
    const float *panel = t->packed;

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    if (panel == NULL) {
        float *packed = an_scratch_at(run, plan.panels_at);
        pack_all_filters(run, &plan.filters, t->w, packed);
        panel = packed;
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int part = 0; part < parts; ++part) {
            float *image = an_scratch_of_thread(run, plan.images_at, padded_floats(&plan.image));
            pad_image(&plan.image, t->x + (size_t)n * x_size, image);
            for (int b = part_first(blocks, parts, part); b < part_first(blocks, parts, part + 1);
                 ++b)
                sweep_block(&plan.sweep, b, image, panel + (size_t)b * block, t->bias, t->relu,
                            t->y + (size_t)n * y_size);
        }
    }
    return ALEXNET_OK;
}

/* ---- data gradient ----
 *
 * Row r of the filter contributes to row h of dx, from output p, when h + pad_top = p * stride + r.
 * So the rows of dx fall into `stride` phases, a = (h + pad_top) mod stride. Each uses only the
 * filter rows r = a, a + stride, ...; columns likewise. Within a phase dx is a plain convolution of
 * dy with that part of the filter, rotated by 180 degrees:
 *
 *     u = (h + pad_top - a) / stride
 *     dx[h] = sum over j < size of dy[u - (size - 1) + j] * w[a + (size - 1 - j) * stride]
 *
 * With stride 1 there is one phase. dy is copied with zeros around it, once for all phases.
 */

/* The rows, or the columns, of one phase. */
typedef struct phase {
    int first;  /* row of the filter */
    int size;   /* rows of the filter */
    int before; /* rows of the filter in the phases before this one */
    int h;      /* first row of dx, and */
    int count;  /* how many, `stride` apart */
    int from;   /* row of the padded dy under the first one's window */
} phase;

/* Phases that have a row of the filter; in the others dx is 0. */
static int phase_count(int r, int stride) { return AN_MIN(r, stride); }

static int phase_size(int a, int r, int stride) /* the first phase has the largest */
{
    return (r - a + stride - 1) / stride;
}

static phase phase_of(int a, int r, int stride, int pad, int height)
{
    const int h = ((a - pad) % stride + stride) % stride;
    const int size = phase_size(a, r, stride);
    phase result = {.first = a,
                    .size = size,
                    .h = h,
                    .count = h < height ? (height - h + stride - 1) / stride : 0,
                    .from = (h + pad - a) / stride + phase_size(0, r, stride) - size};

    for (int i = 0; i < a; ++i)
        result.before += phase_size(i, r, stride);
    return result;
}

typedef struct data_plan {
    filter_panels
        whole;        /* the filters of all phases: the sizes of their windows add up to r and s */
    padded_map image; /* dy */
    size_t panels_at, images_at, bytes;
} data_plan;

static data_plan plan_data(const an_conv2d *g, int threads)
{
    const int r = phase_size(0, g->r, g->stride);
    const int s = phase_size(0, g->s, g->stride);
    data_plan plan = {
        .whole = panels_of(g->groups, g->c / g->groups, g->k / g->groups, g->r, g->s),
        .image = {.h = (g->h - 1 + g->pad_top) / g->stride + r,
                  .w = (g->w - 1 + g->pad_left) / g->stride + s,
                  .top = r - 1,
                  .left = s - 1,
                  .from_h = g->p,
                  .from_w = g->q,
                  .c = g->k,
                  .pixel = g->k},
    };
    an_scratch scratch = {0};

    plan.image.row = plan.image.w * plan.image.pixel;
    plan.panels_at = an_scratch_floats(&scratch, panels_floats(&plan.whole));
    plan.images_at = an_scratch_per_thread(&scratch, threads, padded_floats(&plan.image));
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t conv2d_data_scratch(const an_conv2d *g, int threads)
{
    return plan_data(g, threads).bytes;
}

/* Block b of NR channels of dx for one phase: [r][s][k][NR], rotated by 180 degrees. */
static void pack_flipped(const an_conv2d *g, const filter_panels *f, int b, phase rows,
                         phase columns, const float *w, float *block)
{
    const size_t map = (size_t)g->r * (size_t)g->s;
    const size_t channels = (size_t)f->filters; /* of dx: the panels' filters */
    const int width = block_columns(f, b);
    const int group = b / f->blocks;
    const int first_c = b % f->blocks * NR;

    for (int k = 0; k < f->channels; ++k) {
        const float *filter =
            w + ((size_t)(group * f->channels + k) * channels + (size_t)first_c) * map;
        for (int i = 0; i < f->r; ++i) {
            const int r = rows.first + (f->r - 1 - i) * g->stride;
            for (int j = 0; j < f->s; ++j) {
                const int s = columns.first + (f->s - 1 - j) * g->stride;
                const float *from = filter + (size_t)r * (size_t)g->s + (size_t)s;
                float *to =
                    block +
                    (((size_t)i * (size_t)f->s + (size_t)j) * (size_t)f->channels + (size_t)k) * NR;
                for (int c = 0; c < width; ++c)
                    to[c] = from[(size_t)c * map];
                for (int c = width; c < NR; ++c)
                    to[c] = 0;
            }
        }
    }
}

/* One pair of a phase of rows and a phase of columns. */
typedef struct data_phase {
    phase rows, columns;
    window_sweep sweep;
    size_t panel; /* floats of the panels of the pairs before this one */
} data_phase;

static data_phase data_phase_of(const an_conv2d *g, const data_plan *plan, int a, int b)
{
    data_phase result = {.rows = phase_of(a, g->r, g->stride, g->pad_top, g->h),
                         .columns = phase_of(b, g->s, g->stride, g->pad_left, g->w)};
    const phase *rows = &result.rows;
    const phase *cols = &result.columns;
    const size_t place = (size_t)panels_blocks(&plan->whole) * (size_t)plan->whole.channels * NR;

    result.panel =
        ((size_t)rows->before * (size_t)g->s + (size_t)rows->size * (size_t)cols->before) * place;
    result.sweep = (window_sweep){
        .filters = panels_of(g->groups, g->c / g->groups, g->k / g->groups, rows->size, cols->size),
        .in_row = plan->image.row,
        .in_pixel = g->k,
        .step_row = plan->image.row,
        .step_col = g->k,
        .p = rows->count,
        .q = cols->count,
        .out_row = (ptrdiff_t)g->stride * g->w * g->c,
        .out_col = (ptrdiff_t)g->stride * g->c,
    };
    return result;
}

/* Blocks first .. last-1 of one phase of one image's dx; `in` is the padded dy. */
static void data_phase_run(const an_conv2d *g, const data_plan *plan, const data_phase *now,
                           int first, int last, const float *in, const float *panel, float *dx)
{
    const size_t block = now->sweep.filters.block_floats;

    in += now->rows.from * plan->image.row + now->columns.from * plan->image.pixel;
    dx += ((size_t)now->rows.h * (size_t)g->w + (size_t)now->columns.h) * (size_t)g->c;
    for (int b = first; b < last; ++b)
        sweep_block(&now->sweep, b, in, panel + now->panel + (size_t)b * block, NULL, false, dx);
}

static alexnet_status conv2d_backward_data(const an_run *run, const an_conv2d *g,
                                           const an_conv2d_tensors *t)
{
    const data_plan plan = plan_data(g, run->threads);
    const int down = phase_count(g->r, g->stride);
    const int across = phase_count(g->s, g->stride);
    const int blocks = panels_blocks(&plan.whole);
    const int parts = image_parts(g->n, blocks, run->threads);
    const size_t dx_size = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t dy_size = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    float *const panel = an_scratch_at(run, plan.panels_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    if (down < g->stride || across < g->stride) { /* some of dx is in no window */
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int n = 0; n < g->n; ++n)
            memset(t->dx + (size_t)n * dx_size, 0, dx_size * sizeof *t->dx);
    }

    AN_PARALLEL_FOR(run, collapse(3) schedule(dynamic))
    for (int i = 0; i < down; ++i) {
        for (int j = 0; j < across; ++j) {
            for (int b = 0; b < blocks; ++b) {
                const data_phase now = data_phase_of(g, &plan, i, j);
                pack_flipped(g, &now.sweep.filters, b, now.rows, now.columns, t->w,
                             panel + now.panel + (size_t)b * now.sweep.filters.block_floats);
            }
        }
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int part = 0; part < parts; ++part) {
            const int first = part_first(blocks, parts, part);
            const int last = part_first(blocks, parts, part + 1);
            float *image = an_scratch_of_thread(run, plan.images_at, padded_floats(&plan.image));
            pad_image(&plan.image, t->dy + (size_t)n * dy_size, image);
            for (int i = 0; i < down; ++i) {
                for (int j = 0; j < across; ++j) {
                    const data_phase now = data_phase_of(g, &plan, i, j);
                    data_phase_run(g, &plan, &now, first, last, image, panel,
                                   t->dx + (size_t)n * dx_size);
                }
            }
        }
    }
    return ALEXNET_OK;
}

#endif
