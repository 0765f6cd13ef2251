/*
 * winograd_maps_tmpl.h: maps to and from their points: x -> V [point][tile][c], M [point][tile][k]
 * -> y, dy -> Z [point][block][tile][NR]. Rows that are not in memory in the form needed
 * (blocks of pixels, the gradient before a pooling) are made by the thread that needs them, those
 * of one row of tiles at a time: 96 KB in conv1, in L2.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_WINOGRAD_MAPS_TMPL_H
#define AN_CPU_FP32_WINOGRAD_MAPS_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/fp32/conv2d_tmpl.h"
#include "cpu/fp32/pool_tmpl.h"
#include "cpu/fp32/winograd_lines_tmpl.h"
#include "cpu/fp32/winograd_plan_tmpl.h"
#include "cpu/scratch.h"
#include "cpu/simd/vectors_tmpl.h"
#include <string.h>

/* The arrays of a pass. */
typedef struct winograd_maps {
    const float *x, *zeros, *bias;
    const float *u; /* NULL: to be made of w */
    bool relu;
    const float *mask; /* as y in the whole batch: where it is not above 0, y is 0; NULL: none */
    float *y;          /* of image `first_image` and those after it */
    int first_image;
    uint8_t *argmax; /* of the pooling that is part of the layer */
} winograd_maps;

/* A map [n][h][w][c]. */
typedef struct map_shape {
    int h, w, c;
} map_shape;

/* `rows` x `columns` pixels of an image from (y, x) on; zeros beyond the edges. */
static void point_at_pixels(const float *image, map_shape map, int y, int x, int rows, int columns,
                            const float *zeros, tile_sources from)
{
    for (int i = 0; i < rows; ++i) {
        const bool inside = y + i >= 0 && y + i < map.h;
        const float *row = image + ((ptrdiff_t)(y + i) * map.w + x) * map.c;
        for (int j = 0; j < columns; ++j)
            from[i][j] = inside && x + j >= 0 && x + j < map.w ? row + (ptrdiff_t)j * map.c : zeros;
    }
}

/* The last `lanes` channels, fewer than LANES, from `at` on: copies, so that nothing past the end
   of a map is read. */
static void copy_last(int rows, int columns, size_t at, int lanes, tile_sources from,
                      vf copy[POINTS][POINTS])
{
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            copy[i][j] = vf_load_part(from[i][j] + at, lanes);
            from[i][j] = (const float *)&copy[i][j];
        }
    }
}

/* ---- rows that are made ---- */

/* A row of pixels, each of `floats` floats, as a row of the blocks first .. last-1; zeros beyond
   the edges. row NULL: all zeros. */
static void cut_edge(const winograd_plan *plan, const float *row, int floats, int first, int last,
                     float *blocks)
{
    const int count = plan->given.stride * floats, width = plan->given.w * floats;

    for (int bx = first; bx < last; ++bx) {
        for (int i = 0; i < count; ++i) {
            const int at = bx * count + i - plan->given.pad_left * floats;
            blocks[bx * plan->in_c + i] = row != NULL && at >= 0 && at < width ? row[at] : 0;
        }
    }
}

/* The same for all blocks. Blocks without padding are copied in fours of floats: a row of a block
   is 12 floats in conv1, or 4 of each plane, for which a masked vector or a call takes 30 cycles.
   */
static void cut_row(const winograd_plan *plan, const float *row, int floats, float *blocks)
{
    const an_conv2d *g = &plan->given;
    const int count = g->stride * floats, width = g->w * floats, left = g->pad_left * floats;
    const int first = AN_MIN((left + count - 1) / count, plan->in_w);
    const int end = row != NULL ? AN_MIN((left + width) / count, plan->in_w) : first;
    const int last = AN_MAX(end, first);
    int i = 0;

    cut_edge(plan, row, floats, 0, first, blocks);
    cut_edge(plan, row, floats, last, plan->in_w, blocks);
    for (; i + 4 <= count; i += 4)
        for (int bx = first; bx < last; ++bx)
            memcpy(blocks + bx * plan->in_c + i, row + (bx * count + i - left), 4 * sizeof *row);
    for (; i < count; ++i)
        for (int bx = first; bx < last; ++bx)
            blocks[bx * plan->in_c + i] = row[bx * count + i - left];
}

/* The rows of blocks under a row of tiles: [by][bx][dy][dx][c], or of images as they come
   [by][bx][dy][c][dx]. */
static void make_blocks(const winograd_plan *plan, const float *image, an_winograd_tile high,
                        float *blocks)
{
    const an_conv2d *g = &plan->given;
    const int parts = g->nchw ? g->c : 1, floats = g->nchw ? 1 : g->c;

    for (int by = high.first; by < high.first + high.points; ++by) {
        for (int i = 0; i < g->stride * parts; ++i) {
            const int y = by * g->stride + i / parts - g->pad_top;
            const ptrdiff_t row = ((ptrdiff_t)(i % parts) * g->h + y) * g->w * floats;
            cut_row(plan, y >= 0 && y < g->h ? image + row : NULL, floats,
                    blocks + i * g->stride * floats);
        }
        blocks += plan->in_w * plan->in_c;
    }
}

/* The input of a row of tiles: a map, and the tiles' first row in it. */
typedef struct unit_input {
    const float *map;
    map_shape shape;
    int y;
} unit_input;

/* Rows of the gradient of image n before pooling, as far as there are any; `first` is the first
   that is needed. */
static unit_input unpool(const an_run *run, const winograd_plan *plan, int n, int first, int rows,
                         const float *dy, const uint8_t *argmax)
{
    const an_pool *pool = &plan->given.pool;
    const int from = AN_MAX(first, 0), to = AN_MIN(first + rows, pool->h);
    float *made = an_scratch_of_thread(run, plan->rows_at, plan->rows_floats);

    for (int h = from; h < to; ++h)
        max_gradient_row(pool, n, h, dy, argmax,
                         made + (size_t)(h - from) * (size_t)pool->w * (size_t)pool->c);
    return (unit_input){made, {to - from, pool->w, pool->c}, first - from};
}

static unit_input input_of(const an_run *run, const winograd_plan *plan, int unit,
                           const winograd_maps *maps)
{
    const an_conv2d *g = &plan->given;
    const float *x = maps->x;
    const an_winograd_tile high = an_winograd_tile_at(&plan->rows, unit % plan->rows.tiles);
    const size_t image = (size_t)(unit / plan->rows.tiles);

    if (plan->back && g->pool.r > 0)
        return unpool(run, plan, (int)image, high.first - plan->top, high.points, x, maps->argmax);
    if (g->stride == 1)
        return (unit_input){x + image * (size_t)plan->in_h * (size_t)plan->in_w *
                                    (size_t)plan->in_c,
                            {plan->in_h, plan->in_w, plan->in_c},
                            high.first - plan->top};
    float *blocks = an_scratch_of_thread(run, plan->rows_at, plan->rows_floats);
    make_blocks(plan, x + image * (size_t)g->h * (size_t)g->w * (size_t)g->c, high, blocks);
    return (unit_input){blocks, {high.points, plan->in_w, plan->in_c}, 0};
}

/* V of one tile. */
static void transform_input(const winograd_plan *plan, const chunk_tile *spot,
                            const unit_input *input, const float *zeros, float *v)
{
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->bt;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->bt;
    const int rows = spot->high.points, columns = spot->wide.points;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], copy[POINTS][POINTS];

    point_at_pixels(input->map, input->shape, input->y, spot->wide.first - plan->left, rows,
                    columns, zeros, from);
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            to[i][j] = v + at_v(plan, spot, i, j);
    for (int c = 0; c < plan->in_c; c += LANES) {
        const bool whole = plan->in_c - c >= LANES;
        if (!whole) copy_last(rows, columns, (size_t)c, plan->in_c - c, from, copy);
        high->columns(columns, from, whole ? (size_t)c : 0, t);
        wide->rows(rows, t, to, (size_t)c);
    }
}

/* V of a row of tiles, or of its columns first .. last-1. */
static void transform_input_row(const an_run *run, const winograd_plan *plan,
                                const chunk_range *chunk, int unit, int first, int last,
                                const winograd_maps *maps, float *v)
{
    const unit_input input = input_of(run, plan, unit, maps);
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = first; column < last; ++column) {
        put_column(plan, &spot, column);
        transform_input(plan, &spot, &input, maps->zeros, v);
    }
}

/* y of one tile. */
static void transform_output(const winograd_plan *plan, const chunk_tile *spot, const float *m,
                             const winograd_maps *maps)
{
    const float *bias = maps->bias;
    const bool relu = maps->relu;
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->at;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->at;
    const map_shape map = {plan->out_h, plan->out_w, plan->out_c};
    const int rows = AN_MIN(spot->high.m, map.h - spot->high.first);
    const int columns = AN_MIN(spot->wide.m, map.w - spot->wide.first);
    const size_t first =
        (((size_t)(spot->image - maps->first_image) * (size_t)map.h + (size_t)spot->high.first) *
             (size_t)map.w +
         (size_t)spot->wide.first) *
        (size_t)map.c;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], sums[POINTS][POINTS];

    for (int i = 0; i < spot->high.points; ++i)
        for (int j = 0; j < spot->wide.points; ++j)
            from[i][j] = m + at_m(plan, spot, i, j);
    for (int i = 0; i < POINTS; ++i)
        for (int j = 0; j < POINTS; ++j)
            to[i][j] = (float *)&sums[i][j];
    for (int k = 0; k < map.c; k += LANES) {
        const int lanes = AN_MIN(LANES, map.c - k);
        const vf add = bias != NULL ? vf_load_part(bias + k, lanes) : vf_zero();
        high->columns(spot->wide.points, from, (size_t)k, t);
        wide->rows(rows, t, to, 0);
        for (int i = 0; i < rows; ++i) {
            size_t at = first + (size_t)i * (size_t)map.w * (size_t)map.c + (size_t)k;
            for (int j = 0; j < columns; ++j, at += (size_t)map.c) {
                const vf sum = vf_add(sums[i][j], add);
                vf result = relu ? vf_relu(sum) : sum;
                if (maps->mask != NULL)
                    result = vf_pick(vf_more(load_up_to(maps->mask + at, lanes), vf_zero()), result,
                                     vf_zero());
                store_up_to(maps->y + at, lanes, result);
            }
        }
    }
}

/* y of a row of tiles, or of its columns first .. last-1. */
static void transform_output_row(const winograd_plan *plan, const chunk_range *chunk, int unit,
                                 int first, int last, const float *m, const winograd_maps *maps)
{
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = first; column < last; ++column) {
        put_column(plan, &spot, column);
        transform_output(plan, &spot, m, maps);
    }
}

/* ---- the gradient of y ---- */

/* Z of one tile of dy. */
static void transform_gradient(const winograd_plan *plan, const chunk_tile *spot,
                               const unit_input *dy, const float *zeros, float *z)
{
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->a;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->a;
    const filter_panels *f = &plan->filters;
    const int rows = spot->high.points, columns = spot->wide.points;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], copy[POINTS][POINTS];

    for (int b = 0; b < panels_blocks(f); ++b) {
        const int k = block_first(f, b), width = block_columns(f, b);
        point_at_pixels(dy->map, dy->shape, dy->y, spot->wide.first, spot->high.m, spot->wide.m,
                        zeros, from);
        for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < columns; ++j) {
                const int p = point_of(plan, spot, i, j);
                const size_t row = (size_t)b * plan->tiles[p] + place_of(plan, spot, i, j);
                to[i][j] = z + plan->m_at_point[p] + row * NR;
            }
        }
        for (int l = 0; l < NR; l += LANES) {
            const bool whole = width - l >= LANES;
            if (!whole)
                copy_last(spot->high.m, spot->wide.m, (size_t)(k + l), AN_MAX(width - l, 0), from,
                          copy);
            high->columns(spot->wide.m, from, whole ? (size_t)(k + l) : 0, t);
            wide->rows(rows, t, to, (size_t)l);
        }
    }
}

/* The gradient of the outputs of a row of tiles. */
static unit_input gradient_of(const an_run *run, const winograd_plan *plan, int unit,
                              const an_conv2d_tensors *t)
{
    const an_winograd_tile high = an_winograd_tile_at(&plan->rows, unit % plan->rows.tiles);
    const int n = unit / plan->rows.tiles;
    const size_t image = (size_t)plan->out_h * (size_t)plan->out_w * (size_t)plan->out_c;

    if (plan->given.pool.r > 0) return unpool(run, plan, n, high.first, high.m, t->dy, t->argmax);
    return (unit_input){
        t->dy + (size_t)n * image, {plan->out_h, plan->out_w, plan->out_c}, high.first};
}

/* Z of a row of tiles. */
static void transform_gradient_row(const an_run *run, const winograd_plan *plan,
                                   const chunk_range *chunk, int unit, const an_conv2d_tensors *t,
                                   const float *zeros, float *z)
{
    const unit_input dy = gradient_of(run, plan, unit, t);
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = 0; column < plan->columns.tiles; ++column) {
        put_column(plan, &spot, column);
        transform_gradient(plan, &spot, &dy, zeros, z);
    }
}

#endif
