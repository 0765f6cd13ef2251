/*
 * conv2d_tmpl.h: convolution forward in a packed format, directly from a zero-padded copy of an
 * image: fp32/conv2d_direct_tmpl.h with units of 4 bytes. The rows of a tile are neighbouring
 * output columns, its columns are NR filters, and a step of the sum is a unit of channels under one
 * place of the window.
 *
 * Packed filters: panels [block of NR][run][unit][NR][UNIT numbers], each group in separate blocks;
 * then the weights_info of each filter. A run is contiguous in the copy: a row of the window where
 * there is one group, else the channels of a place. Its last unit is padded with zeros, which are
 * multiplied by the numbers that follow in the copy: in bf16 an infinity there makes the sum not a
 * number, as it makes other outputs of that image.
 *
 * Threads: each takes whole images. With too few images, all threads make the copies together and
 * then take chunks: a block of filters, or some rows of a block where the blocks do not divide
 * evenly among the threads.
 *
 * Cache: a padded image (169 KB for torchvision's conv4 in bf16) and a panel (216 KB) are in L2;
 * meanwhile the next panel is prefetched. Where maximum pooling is a part of the layer, the outputs
 * of a block before it (378 KB for conv1) stay in the cache, too.
 *
 * Needs: a format (algorithms_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_CONV2D_TMPL_H
#define AN_CPU_PACKED_CONV2D_TMPL_H

#include "base/compiler.h"
#include "base/status.h"
#include "core/backend.h"
#include "cpu/packed/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include "cpu/span.h"
#include <limits.h>
#include <string.h>

typedef struct conv_plan {
    int groups, filters, channels;  /* of one group */
    int blocks;                     /* of one group */
    int places, run_numbers, units; /* runs of a row of the window; numbers and units of a run */
    size_t block_bytes, info_at, packed_bytes;
    int h, w; /* the copy; no window passes its border */
    size_t row_bytes, image_bytes;
    bool shared;          /* all threads work on each image */
    int row_chunks;       /* of a block's rows, where images are shared */
    size_t output_floats; /* of a block, before pooling; 0: there is no pooling */
    size_t packings_at, images_at, outputs_at, bytes;
} conv_plan;

/* Rows of y: of the pooling's outputs where there is one. */
static int rows_of_y(const an_conv2d *g) { return g->pool.r > 0 ? g->pool.p : g->p; }

/* The number of chunks into which a block's rows are cut so that threads have equal work. */
static int row_chunks_for(int n, int blocks, int threads, int rows)
{
    int row_chunks = 1;

    while (row_chunks < rows && (int64_t)n * blocks * row_chunks % threads != 0)
        ++row_chunks;
    return row_chunks;
}

static conv_plan plan_conv(const an_conv2d *g, int threads)
{
    const bool merge = g->groups == 1 && (int64_t)g->s * g->c <= INT_MAX;
    conv_plan plan = {
        .groups = g->groups,
        .filters = g->k / g->groups,
        .channels = g->c / g->groups,
        .blocks = blocks_of(g->k / g->groups, NR),
        .places = merge ? 1 : g->s,
        .run_numbers = merge ? g->s * g->c : g->c / g->groups,
        .h = (g->p - 1) * g->stride + g->r,
        .w = (g->q - 1) * g->stride + g->s,
    };
    an_scratch scratch = {0};

    plan.units = blocks_of(plan.run_numbers, UNIT);
    plan.block_bytes = an_size_times(an_size_times((size_t)g->r, (size_t)plan.places),
                                     an_size_times((size_t)plan.units, STEP_BYTES));
    plan.info_at = an_size_times((size_t)(plan.groups * plan.blocks), plan.block_bytes);
    plan.packed_bytes = an_size_plus(plan.info_at, weights_info_bytes(g->k));
    plan.row_bytes = an_size_times(an_size_times((size_t)plan.w, (size_t)g->c), sizeof(number));
    plan.image_bytes = an_size_plus(an_size_times((size_t)plan.h, plan.row_bytes),
                                    UNIT_BYTES); /* the last unit reads beyond the end */
    plan.shared = g->n < 2 * threads;
    plan.row_chunks = row_chunks_for(g->n, plan.groups * plan.blocks, threads, rows_of_y(g));
    plan.packings_at = an_scratch_bytes(&scratch, an_size_times((size_t)g->n, sizeof(packing)));
    /* shared or not, and for any smaller batch */
    plan.images_at = an_scratch_per_thread(&scratch, AN_MAX(threads, AN_MIN(g->n, 2 * threads - 1)),
                                           plan.image_bytes / sizeof(float) + 1);
    if (g->pool.r > 0)
        plan.output_floats = an_size_times(an_size_times((size_t)g->p, (size_t)g->q), NR);
    plan.outputs_at = an_scratch_per_thread(&scratch, threads, plan.output_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t conv_packed_bytes(const an_conv2d *g) { return plan_conv(g, 1).packed_bytes; }

static size_t conv_scratch(const an_conv2d *g, int threads) { return plan_conv(g, threads).bytes; }

/* Offset of number (c, r, s) of a filter in its panel, in numbers, for column 0. */
static size_t panel_offset(const conv_plan *plan, int r, int s, int c)
{
    const int place = plan->places > 1 ? s : 0;
    const int at = plan->places > 1 ? c : s * plan->channels + c;
    const size_t unit = ((size_t)r * (size_t)plan->places + (size_t)place) * (size_t)plan->units +
                        (size_t)(at / UNIT);

    return unit * NR * UNIT + (size_t)(at % UNIT);
}

/* The first filter of a block, and how many it has. */
static int block_first(const conv_plan *plan, int b)
{
    return b / plan->blocks * plan->filters + b % plan->blocks * NR;
}

static int block_columns(const conv_plan *plan, int b)
{
    return AN_MIN(NR, plan->filters - b % plan->blocks * NR);
}

static void pack_block(const an_conv2d *g, const conv_plan *plan, int b, const float *w,
                       const weights_info *info, number *panel)
{
    const int first = block_first(plan, b);
    const int columns = block_columns(plan, b);
    const size_t size = (size_t)plan->channels * (size_t)g->r * (size_t)g->s;

    memset(panel, 0, plan->block_bytes);
    for (int j = 0; j < columns; ++j) {
        const float *from = w + (size_t)(first + j) * size;
        const packing how = packing_of_weights(from, size);
        int32_t sum = 0;
        for (int c = 0; c < plan->channels; ++c)
            for (int r = 0; r < g->r; ++r)
                for (int s = 0; s < g->s; ++s, ++from) {
                    const number value = pack_weight(&how, *from);
                    panel[panel_offset(plan, r, s, c) + (size_t)j * UNIT] = value;
                    sum += whole_value(value);
                }
        weights_info_set(info, first + j, &how, sum);
    }
}

static alexnet_status conv_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                        void *packed)
{
    const conv_plan plan = plan_conv(g, run->threads);
    const weights_info info = weights_info_at((char *)packed + plan.info_at, g->k);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < plan.groups * plan.blocks; ++b)
        pack_block(g, &plan, b, w, &info,
                   (number *)(void *)((char *)packed + (size_t)b * plan.block_bytes));
    return ALEXNET_OK;
}

/* Some rows of the copy of an image. */
static void pack_rows(const an_conv2d *g, const conv_plan *plan, const packing *how, const float *x,
                      an_span rows, char *copy)
{
    const size_t pixel = (size_t)g->c;
    const int left = AN_MIN(g->pad_left, plan->w);
    const int count = AN_MIN(g->w, plan->w - left);

    for (int i = rows.first; i < rows.end; ++i) {
        number *to = (number *)(void *)(copy + (size_t)i * plan->row_bytes);
        const int h = i - g->pad_top;
        if (h < 0 || h >= g->h) {
            memset(to, packed_zero(how), plan->row_bytes);
            continue;
        }
        memset(to, packed_zero(how), (size_t)left * pixel * sizeof *to);
        pack_numbers(how, x + (size_t)h * (size_t)g->w * pixel, (size_t)count * pixel,
                     to + (size_t)left * pixel);
        memset(to + (size_t)(left + count) * pixel, packed_zero(how),
               (size_t)(plan->w - left - count) * pixel * sizeof *to);
    }
    if (rows.end == plan->h) memset(copy + (size_t)plan->h * plan->row_bytes, 0, UNIT_BYTES);
}

/* The outputs of block b of the filters in these rows; y: row 0's first one, `pixel` floats from
   pixel to pixel. */
static void conv_block(const an_conv2d *g, const conv_plan *plan, int b, an_span rows,
                       const char *image, const char *panels, const finish *end, float *y,
                       ptrdiff_t y_pixel)
{
    const int across = tiles_of(g->q);
    const size_t pixel = (size_t)g->c * sizeof(number);
    const bool last = b + 1 == plan->groups * plan->blocks;
    const char *const next = panels + (size_t)(last ? b : b + 1) * plan->block_bytes;
    const size_t fetch_bytes = plan->block_bytes / (size_t)(g->p * across);
    tile t = {
        .columns = block_columns(plan, b),
        .outer = g->r,
        .inner = plan->places,
        .run = plan->units,
        .a_row = (ptrdiff_t)((size_t)g->stride * pixel),
        .a_outer = (ptrdiff_t)plan->row_bytes,
        .a_inner = (ptrdiff_t)pixel,
        .a_step = UNIT_BYTES,
        .b = panels + (size_t)b * plan->block_bytes,
        .c_row = y_pixel,
        .end = finish_of_columns(end, block_first(plan, b)),
    };

    t.fetch_step = (ptrdiff_t)(fetch_bytes / (size_t)(t.inner * t.run)) + 1;
    t.fetch_inner = t.fetch_step * t.run;
    image += (size_t)(b / plan->blocks * plan->channels) * sizeof(number);
    for (int p = rows.first; p < rows.end; ++p) {
        for (int i = 0; i < across; ++i) {
            const int q = tile_first(g->q, i);
            t.a =
                image + (size_t)(p * g->stride) * plan->row_bytes + (size_t)(q * g->stride) * pixel;
            t.c = y + ((ptrdiff_t)p * g->q + q) * y_pixel;
            t.fetch = next + (size_t)(p * across + i) * fetch_bytes;
            images_first[tile_first(g->q, i + 1) - q](&t);
        }
    }
}

/* The largest of a window of a block's outputs, of the first of equal ones, to `columns` numbers.
   */
static void pool_window(const an_pool *pool, int p, int q, const float *outputs, int columns,
                        float *y)
{
    const int h = p * pool->stride - pool->pad_top, w = q * pool->stride - pool->pad_left;
    const an_span rows = an_places_on_map(h, pool->r, pool->h);
    const an_span across = an_places_on_map(w, pool->s, pool->w);
    float best[NR] = {0};

    for (int r = rows.first; r < rows.end; ++r) {
        for (int s = across.first; s < across.end; ++s) {
            const float *from =
                outputs + ((size_t)(h + r) * (size_t)pool->w + (size_t)(w + s)) * NR;
            const bool is_first = r == rows.first && s == across.first;
            for (int c = 0; c < NR; ++c)
                best[c] = is_first || from[c] > best[c] ? from[c] : best[c];
        }
    }
    memcpy(y, best, (size_t)columns * sizeof *y);
}

/* The arguments of the pass. */
typedef struct conv_job {
    const an_conv2d *g;
    const an_conv2d_tensors *t;
    conv_plan plan;
    weights_info info;
    size_t x_size;     /* of an image */
    packing *packings; /* of shared images */
} conv_job;

/* The rows that the windows of these rows of a pooling cover. */
static an_span rows_under(const an_pool *pool, an_span rows)
{
    return (an_span){AN_MAX(0, rows.first * pool->stride - pool->pad_top),
                     AN_MIN(pool->h, (rows.end - 1) * pool->stride - pool->pad_top + pool->r)};
}

/* Rows of y of image n, block b of the filters: convolution, bias, ReLU and pooling. */
static void conv_chunk(const conv_job *j, int n, int b, an_span rows, const packing *how,
                       const char *image, float *outputs)
{
    const an_conv2d *g = j->g;
    const an_pool *pool = &g->pool;
    const char *const panels = j->t->packed;
    const finish end = finish_of(&j->info, how, j->t->bias, j->t->relu);
    const int columns = pool->r > 0 ? pool->q : g->q;
    float *y = j->t->y + (size_t)n * (size_t)rows_of_y(g) * (size_t)columns * (size_t)g->k +
               block_first(&j->plan, b);

    if (pool->r == 0) {
        conv_block(g, &j->plan, b, rows, image, panels, &end, y, g->k);
        return;
    }
    conv_block(g, &j->plan, b, rows_under(pool, rows), image, panels, &end, outputs, NR);
    for (int p = rows.first; p < rows.end; ++p)
        for (int q = 0; q < pool->q; ++q)
            pool_window(pool, p, q, outputs, block_columns(&j->plan, b),
                        y + ((size_t)p * (size_t)pool->q + (size_t)q) * (size_t)g->k);
}

/* Every thread takes whole images. */
static void forward_apart(const an_run *run, const conv_job *j)
{
    const conv_plan *plan = &j->plan;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < j->g->n; ++n) {
        const float *x = j->t->x + (size_t)n * j->x_size;
        const packing how = packing_of_image(x, j->x_size);
        char *image = (char *)an_scratch_of_thread(run, plan->images_at,
                                                   plan->image_bytes / sizeof(float) + 1);
        float *outputs = an_scratch_of_thread(run, plan->outputs_at, plan->output_floats);
        pack_rows(j->g, plan, &how, x, (an_span){0, plan->h}, image);
        for (int b = 0; b < plan->groups * plan->blocks; ++b)
            conv_chunk(j, n, b, (an_span){0, rows_of_y(j->g)}, &how, image, outputs);
    }
}

static char *shared_image(const an_run *run, const conv_plan *plan, int n)
{
    return (char *)an_scratch_at(run, plan->images_at) +
           (size_t)n * an_scratch_round(plan->image_bytes / sizeof(float) + 1);
}

/* Every thread packs some rows of each image, and computes a few chunks. */
static void forward_shared(const an_run *run, const conv_job *j)
{
    const conv_plan *plan = &j->plan;
    const int chunks = plan->groups * plan->blocks * plan->row_chunks;

    AN_PARALLEL_FOR(run, collapse(2) schedule(static))
    for (int n = 0; n < j->g->n; ++n) {
        for (int part = 0; part < run->threads; ++part) {
            const float *x = j->t->x + (size_t)n * j->x_size;
            const packing how = packing_of_image(x, j->x_size); /* of all of it */
            const an_span rows = {part_first(plan->h, run->threads, part),
                                  part_first(plan->h, run->threads, part + 1)};
            if (part == 0) j->packings[n] = how;
            pack_rows(j->g, plan, &how, x, rows, shared_image(run, plan, n));
        }
    }
    AN_PARALLEL_FOR(run, collapse(2) schedule(static))
    for (int n = 0; n < j->g->n; ++n) {
        for (int i = 0; i < chunks; ++i) {
            const int chunk = i % plan->row_chunks;
            const an_span rows = {part_first(rows_of_y(j->g), plan->row_chunks, chunk),
                                  part_first(rows_of_y(j->g), plan->row_chunks, chunk + 1)};
            conv_chunk(j, n, i / plan->row_chunks, rows, j->packings + n,
                       shared_image(run, plan, n),
                       an_scratch_of_thread(run, plan->outputs_at, plan->output_floats));
        }
    }
}

static alexnet_status conv_forward(const an_run *run, const an_conv2d *g,
                                   const an_conv2d_tensors *t)
{
    conv_job j = {.g = g,
                  .t = t,
                  .plan = plan_conv(g, run->threads),
                  .x_size = (size_t)g->h * (size_t)g->w * (size_t)g->c};

    if (!an_scratch_fits(run, j.plan.bytes)) return ALEXNET_BAD_ARG;
    j.info = weights_info_at((const char *)t->packed + j.plan.info_at, g->k);
    j.packings = (packing *)(void *)an_scratch_at(run, j.plan.packings_at);
    if (j.plan.shared)
        forward_shared(run, &j);
    else
        forward_apart(run, &j);
    return ALEXNET_OK;
}

#endif
