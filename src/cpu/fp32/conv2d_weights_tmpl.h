/*
 * conv2d_weights_tmpl.h: the weight gradient of a convolution. For each place (r, s) of the window,
 * dw is a matrix product over all pixels of all images: channels of x under that place, times dy.
 * The rows of a tile are channels, its columns NR filters, a step of the sum is one output pixel.
 *
 *     a chunk of images ->  x padded, dy in panels [block][image][pixel][NR]   (threads: rows)
 *                       ->  sums [partial][block][r][s][c][NR] += ...          (threads: tiles)
 *     at the end        ->  dw [k][c][r][s]
 *
 * Cache: the dy of a group of pixels, NR filters wide, about fills L1 (GROUP_PIXELS) while all
 * tiles of a block read it. The copies of a chunk (CHUNK_BYTES) stay in L3, and so do the sums;
 * small sums (PARTIALS_BYTES) come from L2.
 *
 * Every sum takes its images in order and the partial sums are added in order, so the bits do not
 * depend on the threads. Pixels of the padded copy lie an odd number of cache lines apart: channels
 * of neighbouring pixels then spread over all sets of L1.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_CONV2D_WEIGHTS_TMPL_H
#define AN_CPU_FP32_CONV2D_WEIGHTS_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/fp32/conv2d_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include <limits.h>
#include <string.h>

/* Bytes of the copies of a chunk of images. All threads meet at a barrier between making and using
   the copies, which costs more the less work there is in between. */
#define CHUNK_BYTES ((size_t)16 << 20)

/* Pixels over which a tile sums at once: several small images, or some rows of a large one. Their
   dy, NR filters wide, is 48 KB with NR = 32. With fewer pixels the tile itself is read and written
   too often. */
#define GROUP_PIXELS 384

/* Small weights have several partial sums, added at the end; group i of pixels goes into partial
   sum i modulo their number. So a thread can take a group for all tiles, and x and dy are read from
   memory once. The number of partial sums depends on the shape alone. */
#define PARTIALS_MAX   8
#define PARTIALS_BYTES ((size_t)2 << 20)

/* Work items of a chunk for each thread, at least: enough that a thread that is delayed does not
   delay all. */
#define ITEMS_PER_THREAD 3

typedef struct weights_plan {
    filter_panels filters; /* of the sums */
    padded_map image;      /* x */
    bool merge;            /* few channels: a row of the window, [s][c], is one run of tile rows */
    int group, group_rows; /* images, or rows of one image, over which a tile sums at once */
    int chunk;             /* images copied at a time: whole groups */
    int partials;
    size_t partial_floats;
    size_t image_floats;
    ptrdiff_t pixels; /* outputs of an image */
    size_t sums_at, images_at, dy_at, db_rows_at, db_at, bytes;
} weights_plan;

/* Whole groups of images that fit CHUNK_BYTES; at least one, at most the batch needs. */
static int chunk_images(int n, int group, size_t image_floats)
{
    const size_t group_bytes =
        an_size_times(an_size_times(image_floats, sizeof(float)), (size_t)group);
    const int groups =
        (int)AN_MIN(AN_MAX(CHUNK_BYTES / group_bytes, 1), (size_t)INT_MAX / (size_t)group);

    return AN_MIN(groups * group, n);
}

static int partials_of(int groups, size_t floats)
{
    const size_t fit = PARTIALS_BYTES / an_size_times(floats, sizeof(float));

    return AN_MIN(AN_MAX(groups, 1), (int)AN_MIN(AN_MAX(fit, 1), PARTIALS_MAX));
}

static weights_plan plan_weights(const an_conv2d *g)
{
    const int64_t pixels = (int64_t)g->p * g->q;
    const bool merge = g->groups == 1 && g->c < LANES && g->s <= INT_MAX / LANES;
    weights_plan plan = {
        .filters = panels_of(g->groups, g->k / g->groups, g->c / g->groups, g->r, g->s),
        .image = {.h = (g->p - 1) * g->stride + g->r,
                  .w = (g->q - 1) * g->stride + g->s,
                  .top = g->pad_top,
                  .left = g->pad_left,
                  .from_h = g->h,
                  .from_w = g->w,
                  .c = g->c,
                  .pixel = merge ? g->c : odd_lines(g->c)},
        .merge = merge,
        .pixels = (ptrdiff_t)pixels,
    };
    const size_t blocks = (size_t)panels_blocks(&plan.filters);
    const size_t columns = an_size_times(blocks, NR);
    const size_t dy_floats = an_size_times((size_t)pixels, columns);
    an_scratch scratch = {0};

    plan.image.row = plan.image.w * plan.image.pixel;
    plan.image_floats = padded_floats(&plan.image);
    plan.group = (int)AN_MIN((int64_t)AN_MAX(g->n, 1), AN_MAX(GROUP_PIXELS / pixels, 1));
    plan.group_rows = AN_MIN(g->p, AN_MAX(GROUP_PIXELS / g->q, 1));
    plan.chunk = chunk_images(g->n, plan.group, an_size_plus(plan.image_floats, dy_floats));
    const size_t chunk = (size_t)plan.chunk;
    plan.partial_floats = panels_floats(&plan.filters);
    plan.partials = partials_of((g->n + plan.group - 1) / plan.group, plan.partial_floats);
    plan.sums_at =
        an_scratch_floats(&scratch, an_size_times((size_t)plan.partials, plan.partial_floats));
    plan.images_at = an_scratch_floats(&scratch, an_size_times(chunk, plan.image_floats));
    plan.dy_at = an_scratch_floats(&scratch, an_size_times(chunk, dy_floats));
    plan.db_rows_at =
        an_scratch_floats(&scratch, an_size_times(an_size_times(chunk, (size_t)g->p), columns));
    plan.db_at = an_scratch_floats(&scratch, an_size_times(2, columns)); /* doubles */
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t conv2d_weights_scratch(const an_conv2d *g, int threads)
{
    (void)threads;
    return plan_weights(g).bytes;
}

/* Row p of image i of the chunk into the panels, missing filters as 0; and its sums, for db. */
static void pack_dy_row(const an_conv2d *g, const weights_plan *plan, int i, int p, const float *dy,
                        float *dy_panels, float *sums)
{
    const int blocks = panels_blocks(&plan->filters);
    const size_t pixels = (size_t)plan->pixels;
    const float *row = dy + (size_t)p * (size_t)g->q * (size_t)g->k;

    for (int b = 0; b < blocks; ++b) {
        const int width = block_columns(&plan->filters, b);
        const float *from = row + block_first(&plan->filters, b);
        float *to = dy_panels + (((size_t)b * (size_t)plan->chunk + (size_t)i) * pixels +
                                 (size_t)p * (size_t)g->q) *
                                    NR;
        vf sum[NV];
        for (int j = 0; j < NV; ++j)
            sum[j] = vf_zero();
        for (int q = 0; q < g->q; ++q, from += g->k, to += NR) {
            for (int j = 0; j < NV; ++j) {
                const int count = AN_MIN(AN_MAX(width - j * LANES, 0), LANES);
                const vf value = count == LANES ? vf_load(from + j * LANES)
                                 : count > 0    ? vf_load_part(from + j * LANES, count)
                                                : vf_zero();
                vf_store(to + j * LANES, value);
                sum[j] = vf_add(sum[j], value);
            }
        }
        for (int j = 0; j < NV; ++j)
            vf_store(sums + b * NR + j * LANES, sum[j]);
    }
}

/* The tiles of a block, counted [i][r][s]: i tiles of the channels under each place of the window.
   */
static int tile_rows_of(const weights_plan *plan)
{
    return plan->merge ? plan->filters.s * plan->filters.channels : plan->filters.channels;
}

static int tile_places_of(const weights_plan *plan)
{
    return plan->filters.r * (plan->merge ? 1 : plan->filters.s);
}

/* Adds a group of pixels to one tile of a block's sums. t holds what is the same for all tiles,
   t->a the pixel under (0, 0). */
static void weights_tile(const weights_plan *plan, tile t, int index, float *sums)
{
    const filter_panels *f = &plan->filters;
    const int rows = tile_rows_of(plan);
    const int places = tile_places_of(plan);
    const int first = tile_first(rows, index / places);
    const int r = index % places / (places / f->r);
    const int s = index % (places / f->r);

    t.a += r * plan->image.row + s * plan->image.pixel + first;
    t.c =
        sums + (((size_t)r * (size_t)f->s + (size_t)s) * (size_t)f->channels + (size_t)first) * NR;
    tile_run(tile_first(rows, index / places + 1) - first, &t);
}

/* A work item of a chunk: the groups of one partial sum, tiles first .. last-1 of block b. */
typedef struct weights_item {
    int partial, b, first, last;
} weights_item;

/* Adds a work item to its sums. images: of the chunk, which begins with image n0 of the batch. */
static void weights_run(const an_conv2d *g, const weights_plan *plan, int n0, int images,
                        weights_item item, const float *x, const float *dy_panels, float *sums)
{
    const filter_panels *f = &plan->filters;
    const ptrdiff_t step_row = g->stride * plan->image.row;
    const size_t pixels = (size_t)plan->pixels;
    tile t = {
        .columns = NR,
        .run = g->q,
        .a_row = 1,
        .a_outer = (ptrdiff_t)plan->image_floats,
        .a_inner = step_row,
        .a_step = g->stride * plan->image.pixel,
        .fetch = x,
        .c_row = NR,
    };

    x += item.b / f->blocks * f->channels;
    dy_panels += (size_t)item.b * (size_t)plan->chunk * pixels * NR;
    sums += (size_t)item.partial * plan->partial_floats + (size_t)item.b * f->block_floats;
    for (int n = 0; n < images; n += plan->group) {
        const int group = (n0 + n) / plan->group;
        if (group % plan->partials != item.partial) continue;
        t.outer = AN_MIN(plan->group, images - n);
        for (int p = 0; p < g->p; p += plan->group_rows) {
            t.inner = AN_MIN(plan->group_rows, g->p - p);
            t.add = group >= plan->partials || p > 0; /* else these are the partial's first */
            t.a = x + (size_t)n * plan->image_floats + p * step_row;
            t.b = dy_panels + ((size_t)n * pixels + (size_t)p * (size_t)g->q) * NR;
            for (int i = item.first; i < item.last; ++i)
                weights_tile(plan, t, i, sums);
        }
    }
}

/* Block b of dw: the partials' sums, in order, and where they belong. */
static void weights_finish(const weights_plan *plan, int b, float *sums, float *dw)
{
    const filter_panels *f = &plan->filters;
    float *total = sums + (size_t)b * f->block_floats;

    for (int partial = 1; partial < plan->partials; ++partial) {
        const float *more = total + (size_t)partial * plan->partial_floats;
        for (size_t i = 0; i < f->block_floats; ++i)
            total[i] += more[i];
    }
    unpack_filters(f, b, total, dw);
}

/* Copies a chunk: x with zeros around it, dy to panels. Adds to db the sums of dy. */
static void copy_chunk(const an_run *run, const an_conv2d *g, const weights_plan *plan, int images,
                       const float *x, const float *dy, float *x_copy, float *dy_panels,
                       float *row_sums, double *db)
{
    const size_t x_size = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t y_size = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    const size_t columns = (size_t)panels_blocks(&plan->filters) * NR;
    const int work = plan->image.h + g->p; /* rows of x, then of dy */

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int i = 0; i < images; ++i) {
        for (int row = 0; row < work; ++row) {
            const int p = row - plan->image.h;
            if (p < 0)
                pad_row(&plan->image, row, x + (size_t)i * x_size,
                        x_copy + (size_t)i * plan->image_floats);
            else
                pack_dy_row(g, plan, i, p, dy + (size_t)i * y_size, dy_panels,
                            row_sums + ((size_t)i * (size_t)g->p + (size_t)p) * columns);
        }
    }
    for (size_t row = 0; row < (size_t)images * (size_t)g->p; ++row)
        for (size_t j = 0; j < columns; ++j)
            db[j] += (double)row_sums[row * columns + j];
}

static alexnet_status conv2d_backward_weights(const an_run *run, const an_conv2d *g,
                                              const an_conv2d_tensors *t)
{
    const weights_plan plan = plan_weights(g);
    const filter_panels *f = &plan.filters;
    const int blocks = panels_blocks(f);
    const int tiles = tiles_of(tile_rows_of(&plan)) * tile_places_of(&plan);
    const int items = blocks * plan.partials;
    const int parts = AN_MIN(tiles, (ITEMS_PER_THREAD * run->threads + items - 1) / items);
    const size_t x_size = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t y_size = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    float *const sums = an_scratch_at(run, plan.sums_at);
    float *const x = an_scratch_at(run, plan.images_at);
    float *const dy = an_scratch_at(run, plan.dy_at);
    float *const rows = an_scratch_at(run, plan.db_rows_at);
    double *const db = (double *)(void *)an_scratch_at(run, plan.db_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    for (int j = 0; j < blocks * NR; ++j)
        db[j] = 0;
    if (g->n == 0) memset(sums, 0, panels_floats(f) * sizeof *sums); /* the one partial */

    for (int n = 0; n < g->n; n += plan.chunk) {
        const int images = AN_MIN(plan.chunk, g->n - n);

        copy_chunk(run, g, &plan, images, t->x + (size_t)n * x_size, t->dy + (size_t)n * y_size, x,
                   dy, rows, db);
        AN_PARALLEL_FOR(run, collapse(3) schedule(dynamic))
        for (int partial = 0; partial < plan.partials; ++partial) {
            for (int b = 0; b < blocks; ++b) {
                for (int i = 0; i < parts; ++i) {
                    const weights_item item = {partial, b, part_first(tiles, parts, i),
                                               part_first(tiles, parts, i + 1)};
                    weights_run(g, &plan, n, images, item, x, dy, sums);
                }
            }
        }
    }

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < blocks; ++b) {
        weights_finish(&plan, b, sums, t->dw);
        for (int j = 0; t->db != NULL && j < block_columns(f, b); ++j)
            t->db[block_first(f, b) + j] = (float)db[b * NR + j];
    }
    return ALEXNET_OK;
}

#endif
