/*
 * winograd_tmpl.h: Winograd's convolution of a fast tier: forward, data gradient, weight gradient.
 *
 *     filters  w  -> U [point][block][c][NR]       once a call
 *     inputs   x  -> V [point][tile][c]            a chunk of tiles at a time
 *     products M [point][tile][k] = V U            one matrix product a point: the micro-kernel
 *     outputs  M  -> y, with bias and ReLU
 *
 * The data gradient is the same with dy for x and the filters rotated by 180 degrees. The weight
 * gradient has dy -> Z [point][block][tile][NR], dU [point][block][c][NR] += V^T Z, and at the end
 * dU -> dw.
 *
 * With a stride, x is first copied to blocks of pixels (an_winograd_blocks()), one row of tiles at
 * a time.
 *
 * A unit is a row of tiles of one image. Chunks: where V and M of a few units fit into L2 (conv1),
 * or are as large as filters that do not (conv2), each thread takes private chunks. Otherwise all
 * threads work on one chunk that fits into L3 (conv3 to conv5, whose filters are too large to be
 * read for every few tiles). In the products, the next operands are prefetched to L2, a line with
 * every fourth step. Each sum is one run of the micro-kernel over all channels, or for the weight
 * gradient over the tiles of one chunk after the other: the bits do not depend on the threads.
 *
 * Cache, in a product: a tile's rows of V (conv4: 22 KB) in L1 for all filters, a panel of U
 * (conv4: 48 KB) from L2. With a pooling, maps are made in scratch and pooled there, image by
 * image; backward spreads out the rows that it needs (unpool()).
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_WINOGRAD_TMPL_H
#define AN_CPU_FP32_WINOGRAD_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/fp32/pool_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/fp32/winograd_filters_tmpl.h"
#include "cpu/fp32/winograd_maps_tmpl.h"
#include "cpu/fp32/winograd_plan_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include <string.h>

/* ---- products ---- */

/* M at point p for the units of a chunk: rows of tiles times blocks of filters. Meanwhile two
   streams are prefetched to L2: the next rows of V, a quarter of their lines with each of the first
   blocks, and the filters of point `next`, some with each row of tiles. */
static void multiply(const winograd_plan *plan, const chunk_range *chunk, int p, int next,
                     const float *v, const float *u, float *m)
{
    const filter_panels *f = &plan->filters;
    const int count = tiles_with(plan, chunk, p);
    const int blocks = panels_blocks(f);
    const size_t quarter =
        (size_t)f->channels * 4; /* floats of the lines that one tile's run brings */

    for (int r = 0; r < tiles_of(count); ++r) {
        const int row = tile_first(count, r), rows = tile_first(count, r + 1) - row;
        const float *a = v + plan->v_at_point[p] + (size_t)row * (size_t)plan->v_row;
        for (int b = 0; b < blocks; ++b) {
            const float *panel = u + (size_t)b * plan->block;
            const tile t = {
                .columns = block_columns(f, b),
                .outer = 1,
                .inner = 1,
                .run = f->channels,
                .a = a + b / f->blocks * f->channels,
                .a_row = plan->v_row,
                .a_step = 1,
                .b = panel + (size_t)p * plan->point,
                .c =
                    m + plan->m_at_point[p] + (size_t)row * (size_t)plan->m_row + block_first(f, b),
                .c_row = plan->m_row,
                .fetch = a + (size_t)rows * (size_t)plan->v_row + (size_t)AN_MIN(b, 3) * quarter,
                .fetch_step = 4,
                .ahead_step = 4,
                .ahead = panel + (size_t)next * plan->point + (size_t)AN_MIN(r, 7) * quarter,
            };
            tile_run(rows, &t);
        }
    }
}

/* ---- forward and data gradient ---- */

/* A private chunk: the units from `first` on, before `end`. */
static void chunk_alone(const an_run *run, const winograd_plan *plan, int first, int end,
                        const winograd_maps *maps)
{
    const chunk_range chunk = chunk_of(plan, first, end);
    const int points = points_in_all(plan), tiles = plan->columns.tiles;
    float *v = an_scratch_of_thread(run, plan->v_at, plan->v_at_point[points]);
    float *m = an_scratch_of_thread(run, plan->m_at, plan->m_at_point[points]);

    for (int unit = chunk.first; unit < chunk.last; ++unit)
        transform_input_row(run, plan, &chunk, unit, 0, tiles, maps, v);
    for (int p = 0; p < points; ++p)
        multiply(plan, &chunk, p, (p + 1) % points, v, maps->u, m);
    for (int unit = chunk.first; unit < chunk.last; ++unit)
        transform_output_row(plan, &chunk, unit, 0, tiles, m, maps);
}

/* An image that one thread computes and pools. */
static void image_alone(const an_run *run, const winograd_plan *plan, int n,
                        const winograd_maps *maps)
{
    const an_pool *pool = &plan->given.pool;
    const int first = n * plan->rows.tiles, end = first + plan->rows.tiles;
    winograd_maps mine = *maps;

    mine.y = an_scratch_of_thread(run, plan->images_at, plan->image_floats);
    mine.first_image = n;
    for (int unit = first; unit < end; unit += plan->chunk)
        chunk_alone(run, plan, unit, end, &mine);
    for (int p = 0; p < pool->p; ++p)
        max_pool_row(pool, 0, n, p, mine.y, maps->y, maps->argmax);
}

/* A shared chunk. */
static void chunk_together(const an_run *run, const winograd_plan *plan, int first,
                           const winograd_maps *maps)
{
    const an_pool *pool = &plan->given.pool;
    const chunk_range chunk = chunk_of(plan, first, plan->units);
    const int points = points_in_all(plan), tiles = plan->columns.tiles;
    /* a few rows are cut into tiles; not where each would have to make the rows of pixels */
    const int step = plan->units > SHARED_UNITS || plan->rows_floats > 0 ? tiles : 1;
    const bool pools = plan->image_floats > 0;
    float *v = an_scratch_at(run, plan->v_at), *m = an_scratch_at(run, plan->m_at);
    winograd_maps here = *maps;

    if (pools) {
        here.y = an_scratch_at(run, plan->images_at);
        here.first_image = first / plan->rows.tiles;
    }
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int unit = chunk.first; unit < chunk.last; ++unit)
        for (int column = 0; column < tiles; column += step)
            transform_input_row(run, plan, &chunk, unit, column, column + step, maps, v);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int i = 0; i < points; ++i)
        multiply(plan, &chunk, plan->order[i], plan->order[(i + run->threads) % points], v, maps->u,
                 m);
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int unit = chunk.first; unit < chunk.last; ++unit)
        for (int column = 0; column < tiles; column += step)
            transform_output_row(plan, &chunk, unit, column, column + step, m, &here);
    if (!pools) return;
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = here.first_image; n < chunk.last / plan->rows.tiles; ++n)
        for (int p = 0; p < pool->p; ++p)
            max_pool_row(pool, n - here.first_image, n, p, here.y, maps->y, maps->argmax);
}

static const float *zero_pixel(const an_run *run, const winograd_plan *plan)
{
    float *zeros = an_scratch_at(run, plan->zeros_at);

    memset(zeros, 0, plan->zeros_floats * sizeof *zeros);
    return zeros;
}

static alexnet_status winograd_convolve(const an_run *run, const an_conv2d *g, an_pass pass,
                                        const float *w, winograd_maps maps)
{
    const winograd_plan plan = plan_winograd(g, pass, run->threads);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    if (maps.u == NULL) {
        float *u = an_scratch_at(run, plan.u_at);
        transform_all_filters(run, &plan, pass == AN_BACKWARD_DATA, w, u);
        maps.u = u;
    }
    maps.zeros = zero_pixel(run, &plan);
    if (plan.private_chunks && plan.image_floats > 0) {
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int n = 0; n < g->n; ++n)
            image_alone(run, &plan, n, &maps);
    } else if (plan.private_chunks) {
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int first = 0; first < plan.units; first += plan.chunk)
            chunk_alone(run, &plan, first, plan.units, &maps);
    } else {
        for (int first = 0; first < plan.units; first += plan.chunk)
            chunk_together(run, &plan, first, &maps);
    }
    return ALEXNET_OK;
}

static size_t winograd_forward_scratch(const an_conv2d *g, int threads)
{
    return winograd_scratch(g, AN_FORWARD, threads);
}

static size_t winograd_packed_bytes(const an_conv2d *g)
{
    return an_size_times(plan_winograd(g, AN_FORWARD, 1).u_floats, sizeof(float));
}

static alexnet_status winograd_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                            void *packed)
{
    const winograd_plan plan = plan_winograd(g, AN_FORWARD, run->threads);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    transform_all_filters(run, &plan, false, w, packed);
    return ALEXNET_OK;
}

static alexnet_status winograd_forward(const an_run *run, const an_conv2d *g,
                                       const an_conv2d_tensors *t)
{
    return winograd_convolve(run, g, AN_FORWARD, t->w,
                             (winograd_maps){.x = t->x,
                                             .u = t->packed,
                                             .bias = t->bias,
                                             .relu = t->relu,
                                             .y = t->y,
                                             .argmax = t->argmax});
}

static size_t winograd_data_scratch(const an_conv2d *g, int threads)
{
    return winograd_scratch(g, AN_BACKWARD_DATA, threads);
}

static alexnet_status winograd_backward_data(const an_run *run, const an_conv2d *g,
                                             const an_conv2d_tensors *t)
{
    return winograd_convolve(
        run, g, AN_BACKWARD_DATA, t->w,
        (winograd_maps){
            .x = t->dy, .mask = t->relu ? t->x : NULL, .y = t->dx, .argmax = t->argmax});
}

/* ---- weight gradient ---- */

/* dU at point p += V^T Z over the tiles of a chunk. A tile's channels of V stay in L1 for all
   filters of their group; meanwhile the next ones are prefetched, a line of a tile of V with every
   fourth step. */
static void multiply_back(const winograd_plan *plan, const chunk_range *chunk, int p, bool add,
                          const float *v, const float *z, float *du)
{
    const filter_panels *f = &plan->filters;
    const int count = tiles_with(plan, chunk, p);
    const size_t fetched = (size_t)(count / 4) * (size_t)plan->v_row;

    for (int r = 0; r < f->groups * tiles_of(f->channels); ++r) {
        const int group = r / tiles_of(f->channels), i = r % tiles_of(f->channels);
        const int c = tile_first(f->channels, i), rows = tile_first(f->channels, i + 1) - c;
        const float *a = v + plan->v_at_point[p] + group * f->channels + c;
        for (int j = 0; j < f->blocks; ++j) {
            const int b = group * f->blocks + j;
            const tile t = {
                .columns = NR,
                .outer = 1,
                .inner = 1,
                .run = count,
                .a = a,
                .a_row = 1,
                .a_step = plan->v_row,
                .b = z + plan->m_at_point[p] + (size_t)b * plan->tiles[p] * NR,
                .c = du + (size_t)p * plan->point + (size_t)b * plan->block + (size_t)c * NR,
                .c_row = NR,
                .add = add,
                .fetch = a + rows + (size_t)(j % 4) * fetched,
                .fetch_step = plan->v_row / 4,
                .ahead_step = 4,
                .ahead =
                    du + (size_t)p * plan->point + (size_t)(b + 1) * plan->block + (size_t)c * NR,
            };
            tile_run(rows, &t);
        }
    }
}

/* db[k]: the sum over all pixels, in partial sums that are added in order. */
static void sum_pixels(const an_run *run, int64_t pixels, int k_count, const float *dy,
                       double *sums, float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int partial = 0; partial < DB_PARTIALS; ++partial) {
        double *sum = sums + (size_t)partial * (size_t)k_count;
        for (int k = 0; k < k_count; ++k)
            sum[k] = 0;
        for (int64_t i = pixels * partial / DB_PARTIALS; i < pixels * (partial + 1) / DB_PARTIALS;
             ++i)
            for (int k = 0; k < k_count; ++k)
                sum[k] += (double)dy[(size_t)i * (size_t)k_count + (size_t)k];
    }
    for (int k = 0; k < k_count; ++k) {
        double sum = 0;
        for (int partial = 0; partial < DB_PARTIALS; ++partial)
            sum += sums[(size_t)partial * (size_t)k_count + (size_t)k];
        db[k] = (float)sum;
    }
}

static size_t winograd_weights_scratch(const an_conv2d *g, int threads)
{
    return winograd_scratch(g, AN_BACKWARD_WEIGHTS, threads);
}

static alexnet_status winograd_backward_weights(const an_run *run, const an_conv2d *g,
                                                const an_conv2d_tensors *t)
{
    const winograd_plan plan = plan_winograd(g, AN_BACKWARD_WEIGHTS, run->threads);
    float *du = an_scratch_at(run, plan.u_at);
    float *v = an_scratch_at(run, plan.v_at), *z = an_scratch_at(run, plan.m_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    const winograd_maps maps = {.x = t->x, .zeros = zero_pixel(run, &plan)};
    if (plan.units == 0) memset(du, 0, plan.u_floats * sizeof *du);
    for (int first = 0; first < plan.units; first += plan.chunk) {
        const chunk_range chunk = chunk_of(&plan, first, plan.units);
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int unit = chunk.first; unit < chunk.last; ++unit) {
            transform_input_row(run, &plan, &chunk, unit, 0, plan.columns.tiles, &maps, v);
            transform_gradient_row(run, &plan, &chunk, unit, t, maps.zeros, z);
        }
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int i = 0; i < points_in_all(&plan); ++i)
            multiply_back(&plan, &chunk, plan.order[i], first > 0, v, z, du);
    }
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(&plan.filters); ++b) {
        float *panel = an_scratch_of_thread(run, plan.panels_at, plan.filters.block_floats);
        transform_filters_back(&plan, b, du, panel);
        if (g->stride > 1)
            unpack_block_filters(&plan, b, panel, t->dw);
        else
            unpack_filters(&plan.filters, b, panel, t->dw);
    }
    if (t->db != NULL)
        sum_pixels(run, (int64_t)g->n * (g->pool.r > 0 ? g->pool.p * g->pool.q : g->p * g->q), g->k,
                   t->dy, (double *)(void *)an_scratch_at(run, plan.db_at), t->db);
    return ALEXNET_OK;
}

#endif
