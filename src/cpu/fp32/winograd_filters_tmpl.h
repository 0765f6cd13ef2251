/*
 * winograd_filters_tmpl.h: filters to and from their points: w -> block [r][r][c][NR] -> U
 * [point][block][c][NR], and dU back to dw. With a stride the filters are those of blocks of pixels
 * (an_winograd_blocks()). A thread takes a block of NR filters, LANES of them and a channel at a
 * time: each tap is a stream that is read, each point one that is written. The values between
 * the two axes (4 KB) stay in L1. Registers are those of the transforms.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_WINOGRAD_FILTERS_TMPL_H
#define AN_CPU_FP32_WINOGRAD_FILTERS_TMPL_H

#include "core/backend.h"
#include "cpu/fp32/conv2d_direct_tmpl.h"
#include "cpu/fp32/conv2d_tmpl.h"
#include "cpu/fp32/winograd_lines_tmpl.h"
#include "cpu/fp32/winograd_plan_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"

/* Offset of element 0 of tap (i, j) in a block [r][r][c][NR] of filters, and of point (i, j) in U
   or dU. */
static size_t at_tap(const winograd_plan *plan, int i, int j)
{
    return (size_t)(i * plan->r + j) * plan->block;
}

static size_t at_point(const winograd_plan *plan, int b, int i, int j)
{
    return (size_t)(i * plan->columns.points + j) * plan->point + (size_t)b * plan->block;
}

/* U of block b, from the block of filters. */
static void transform_filters(const winograd_plan *plan, int b, const float *panel, float *u)
{
    const line_transform *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->g;
    const line_transform *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->g;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS];

    for (int i = 0; i < plan->r; ++i)
        for (int j = 0; j < plan->r; ++j)
            from[i][j] = panel + at_tap(plan, i, j);
    for (int i = 0; i < plan->rows.points; ++i)
        for (int j = 0; j < plan->columns.points; ++j)
            to[i][j] = u + at_point(plan, b, i, j);
    for (size_t e = 0; e < plan->block; e += LANES) { /* a channel and LANES filters */
        high->columns(plan->r, from, e, t);
        wide->rows(plan->rows.points, t, to, e);
    }
}

/* The gradients of a block of filters, from dU. */
static void transform_filters_back(const winograd_plan *plan, int b, const float *du, float *panel)
{
    const line_transform *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->gt;
    const line_transform *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->gt;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS];

    for (int i = 0; i < plan->rows.points; ++i)
        for (int j = 0; j < plan->columns.points; ++j)
            from[i][j] = du + at_point(plan, b, i, j);
    for (int i = 0; i < plan->r; ++i)
        for (int j = 0; j < plan->r; ++j)
            to[i][j] = panel + at_tap(plan, i, j);
    for (size_t e = 0; e < plan->block; e += LANES) {
        high->columns(plan->columns.points, from, e, t);
        wide->rows(plan->r, t, to, e);
    }
}

/* ---- with a stride: of blocks of pixels ---- */

/* Offset in w[k][c][r][s] of the weight of tap (i, j) of channel `c` of the blocks; -1: beyond the
   filter, a zero. */
static ptrdiff_t block_weight(const an_conv2d *g, int k, int c, int i, int j)
{
    const int dy = c / (g->stride * g->c), rest = c % (g->stride * g->c);
    const int dx = g->nchw ? rest % g->stride : rest / g->c;
    const int channel = g->nchw ? rest / g->stride : rest % g->c;
    const int r = i * g->stride + dy, s = j * g->stride + dx;

    if (r >= g->r || s >= g->s) return -1;
    return (((ptrdiff_t)k * g->c + channel) * g->r + r) * g->s + s;
}

/* Block b of the filters, [r][r][c][NR], from w; and back. */
static void pack_block_filters(const winograd_plan *plan, int b, const float *w, float *panel)
{
    const int columns = block_columns(&plan->filters, b);

    for (int i = 0; i < plan->r; ++i) {
        for (int j = 0; j < plan->r; ++j) {
            for (int c = 0; c < plan->in_c; ++c) {
                const ptrdiff_t first = block_weight(&plan->given, b * NR, c, i, j);
                const ptrdiff_t filter = (ptrdiff_t)plan->given.c * plan->given.r * plan->given.s;
                for (int k = 0; k < NR; ++k, ++panel)
                    *panel = first >= 0 && k < columns ? w[first + k * filter] : 0;
            }
        }
    }
}

static void unpack_block_filters(const winograd_plan *plan, int b, const float *panel, float *w)
{
    const int columns = block_columns(&plan->filters, b);

    for (int i = 0; i < plan->r; ++i) {
        for (int j = 0; j < plan->r; ++j) {
            for (int c = 0; c < plan->in_c; ++c, panel += NR) {
                const ptrdiff_t first = block_weight(&plan->given, b * NR, c, i, j);
                const ptrdiff_t filter = (ptrdiff_t)plan->given.c * plan->given.r * plan->given.s;
                for (int k = 0; first >= 0 && k < columns; ++k)
                    w[first + k * filter] = panel[k];
            }
        }
    }
}

/* ---- all of them ---- */

/* U of all blocks: forward from the filters, for the data gradient from the filters rotated by 180
   degrees. */
static void transform_all_filters(const an_run *run, const winograd_plan *plan, bool back,
                                  const float *w, float *u)
{
    const phase whole = {.size = plan->r}; /* a stride of 1 has one phase */

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(&plan->filters); ++b) {
        float *panel = an_scratch_of_thread(run, plan->panels_at, plan->filters.block_floats);
        if (back)
            pack_flipped(&plan->given, &plan->filters, b, whole, whole, w, panel);
        else if (plan->given.stride > 1)
            pack_block_filters(plan, b, w, panel);
        else
            pack_filters(&plan->filters, b, w, panel);
        transform_filters(plan, b, panel, u);
    }
}

#endif
