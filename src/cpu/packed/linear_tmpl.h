/*
 * linear_tmpl.h: the forward pass of a fully connected layer in a packed format: as in fp32/,
 * with units of 4 bytes. x [n][inputs], w [outputs][inputs], y [n][outputs].
 *
 *     y^T = w * x^T     w broadcast, x^T in panels [unit][NR images]
 *
 * Packed weights: the rows, packed, an odd number of cache lines apart and padded with zeros; then
 * the weights_info of each output. Few images: dot products with the rows, which
 * stream past at the speed of memory.
 *
 * Long sums go in blocks of PACKED_DEPTH units; a thread's chunk of y^T stays in L2 beside the
 * same units of x^T (64 images: 128 KB). Registers are the micro-kernel's; with few images 4 rows
 * * 4 images of sums, a vector of weights and one of an image: 18 of 32.
 *
 * Needs: a format (algorithms_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_LINEAR_TMPL_H
#define AN_CPU_PACKED_LINEAR_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/cost.h"
#include "cpu/packed/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include <string.h>

#define PACKED_DEPTH           512       /* units of a sum at a time */
#define PACKED_FORWARD_OUTPUTS (10 * MR) /* outputs, at most */
#define PACKED_DOT_ROWS        4         /* outputs at a time */

/* Bytes of a row of packed numbers: an odd number of cache lines. */
static size_t packed_row(int count)
{
    const size_t lines = ((size_t)count * sizeof(number) + AN_ALIGNMENT - 1) / AN_ALIGNMENT;

    return (lines | 1) * AN_ALIGNMENT;
}

/* Packs numbers to a row; the rest of its bytes are zeros. */
static void pack_row(const packing *how, const float *from, int count, char *row)
{
    pack_numbers(how, from, (size_t)count, (number *)(void *)row);
    memset(row + (size_t)count * sizeof(number), 0,
           packed_row(count) - (size_t)count * sizeof(number));
}

/* ---- packed weights ---- */

static size_t linear_rows_bytes(const an_linear *g)
{
    return an_size_times((size_t)g->outputs, packed_row(g->inputs));
}

static size_t linear_packed_bytes(const an_linear *g)
{
    return an_size_plus(linear_rows_bytes(g), weights_info_bytes(g->outputs));
}

static alexnet_status linear_pack_weights(const an_run *run, const an_linear *g, const float *w,
                                          void *packed)
{
    const weights_info info = weights_info_at((char *)packed + linear_rows_bytes(g), g->outputs);

    AN_PARALLEL_FOR(run, schedule(dynamic, 16))
    for (int o = 0; o < g->outputs; ++o) {
        const float *from = w + (size_t)o * (size_t)g->inputs;
        const packing how = packing_of_weights(from, (size_t)g->inputs);
        char *row = (char *)packed + (size_t)o * packed_row(g->inputs);
        int32_t sum = 0;
        pack_row(&how, from, g->inputs, row);
        for (int i = 0; i < g->inputs; ++i)
            sum += whole_value(((const number *)(void *)row)[i]);
        weights_info_set(&info, o, &how, sum);
    }
    return ALEXNET_OK;
}

/* ---- the plan ---- */

typedef struct linear_plan {
    int units, panels; /* of a row; of NR images */
    size_t row, panel_bytes, chunk_floats, copy_row;
    size_t packings_at, rows_at, panels_at, chunks_at, copies_at, bytes;
} linear_plan;

static linear_plan plan_linear(const an_linear *g, int threads)
{
    linear_plan plan = {.units = blocks_of(g->inputs, UNIT),
                        .panels = g->n > AN_FEW_FORWARD_PACKED ? blocks_of(g->n, NR) : 0,
                        .row = packed_row(g->inputs),
                        .copy_row = packed_row(PACKED_DEPTH * UNIT)};
    an_scratch scratch = {0};

    plan.panel_bytes = an_size_times((size_t)plan.units, STEP_BYTES);
    plan.chunk_floats = an_size_times((size_t)plan.panels, (size_t)PACKED_FORWARD_OUTPUTS * NR);
    plan.packings_at = an_scratch_bytes(&scratch, an_size_times((size_t)g->n, sizeof(packing)));
    plan.rows_at = an_scratch_bytes(&scratch, an_size_times((size_t)g->n, plan.row));
    plan.panels_at =
        an_scratch_bytes(&scratch, an_size_times((size_t)plan.panels, plan.panel_bytes));
    plan.chunks_at = an_scratch_per_thread(&scratch, threads, plan.chunk_floats);
    plan.copies_at =
        an_scratch_per_thread(&scratch, threads, g->packed ? 0 : MR * plan.copy_row / 4);
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t linear_scratch(const an_linear *g, int threads)
{
    return plan_linear(g, threads).bytes;
}

/* The arguments of the pass. */
typedef struct linear_job {
    const an_linear *g;
    const an_linear_tensors *t;
    linear_plan plan;
    weights_info info;       /* of packed weights */
    const packing *packings; /* of the images */
    const char *rows, *panels;
} linear_job;

/* y of image n, output o, from the sum. */
static float linear_value(const linear_job *j, int n, int o, sum_number sum)
{
    const float value =
        value_of(&j->info, j->packings + n, o, sum) + (j->t->bias != NULL ? j->t->bias[o] : 0);

    return j->t->relu && value < 0 ? 0 : value;
}

/* ---- few images ---- */

/* 16 units of the weights of an output: from a packed row, or from plain numbers. The same
   place of the next rows is prefetched: a row ends before the hardware prefetcher follows it. */
static ALWAYS_INLINE vp weights_at(const bool packed, const linear_job *j, size_t output, int u)
{
#if PLAIN_WEIGHTS
    if (!packed) return vp_pack(j->t->w + output * (size_t)j->g->inputs, u * UNIT, j->g->inputs);
#else
    (void)packed;
#endif
    const char *row = (const char *)j->t->packed + output * j->plan.row + (size_t)u * UNIT_BYTES;
    __builtin_prefetch(row + PACKED_DOT_ROWS * j->plan.row, 0, 2);
    return vp_load(row);
}

static ALWAYS_INLINE void dot_rows(const bool packed, const int rows, const int images,
                                   const linear_job *j, int first, int image)
{
    const size_t row = j->plan.row;
    const char *x = j->rows + (size_t)image * row;
    va sum[PACKED_DOT_ROWS][AN_FEW_FORWARD_PACKED];

    for (int o = 0; o < rows; ++o)
        for (int n = 0; n < images; ++n)
            sum[o][n] = va_zero();
    for (int u = 0; u < j->plan.units; u += LANES) {
        for (int o = 0; o < rows; ++o) {
            const vp weights = weights_at(packed, j, (size_t)(first + o), u);
            for (int n = 0; n < images; ++n)
                sum[o][n] = va_dot(sum[o][n], vp_load(x + (size_t)n * row + (size_t)u * UNIT_BYTES),
                                   weights);
        }
    }
    for (int o = 0; o < rows; ++o)
        for (int n = 0; n < images; ++n)
            j->t->y[(size_t)(image + n) * (size_t)j->g->outputs + (size_t)(first + o)] =
                linear_value(j, image + n, first + o, va_sum(sum[o][n]));
}

static ALWAYS_INLINE void dot_rows_of(const bool packed, int rows, const linear_job *j, int first)
{
    if (rows < PACKED_DOT_ROWS) /* the last outputs, one by one */
        for (int o = 0; o < rows; ++o)
            for (int n = 0; n < j->g->n; ++n)
                dot_rows(packed, 1, 1, j, first + o, n);
    else if (j->g->n == 1)
        dot_rows(packed, PACKED_DOT_ROWS, 1, j, first, 0);
    else if (j->g->n == 2)
        dot_rows(packed, PACKED_DOT_ROWS, 2, j, first, 0);
    else if (j->g->n == 3)
        dot_rows(packed, PACKED_DOT_ROWS, 3, j, first, 0);
    else if (j->g->n == 4)
        dot_rows(packed, PACKED_DOT_ROWS, 4, j, first, 0);
}

static void forward_few(const an_run *run, const linear_job *j)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, 4))
    for (int block = 0; block < blocks_of(j->g->outputs, PACKED_DOT_ROWS); ++block) {
        const int rows = AN_MIN(PACKED_DOT_ROWS, j->g->outputs - block * PACKED_DOT_ROWS);
        if (j->t->packed != NULL)
            dot_rows_of(true, rows, j, block * PACKED_DOT_ROWS);
        else
            dot_rows_of(false, rows, j, block * PACKED_DOT_ROWS);
    }
}

/* ---- many images ---- */

/* Units first .. first+count-1 of NR rows of x, one column for each; missing rows as 0. */
static void pack_transposed(const linear_job *j, int p, int first, int count, char *panel)
{
    const int rows = AN_MIN(NR, j->g->n - p * NR);
    const char *from = j->rows + (size_t)p * NR * j->plan.row;

    for (int u = first; u < first + count; u += LANES) {
        const int width = AN_MIN(LANES, first + count - u);
        for (int n = 0; n < NR; ++n)
            for (int i = 0; i < width; ++i) {
                char *to = panel + ((size_t)(u + i) * NR + (size_t)n) * UNIT_BYTES;
                if (n < rows)
                    memcpy(to, from + (size_t)n * j->plan.row + (size_t)(u + i) * UNIT_BYTES,
                           UNIT_BYTES);
                else
                    memset(to, 0, UNIT_BYTES);
            }
    }
}

/* A block of w: the outputs of a tile, PACKED_DEPTH units. */
typedef struct weights_block {
    int output, rows, unit, depth;
} weights_block;

/* Block `index` of the chunk of `count` outputs that begins at `first`: all tiles' outputs for the
   first PACKED_DEPTH units, then for the next. */
static weights_block weights_block_of(const linear_job *j, int first, int count, int index)
{
    const int tiles = tiles_of(count);
    const int from = tile_first(count, index % tiles);
    const int unit = index / tiles * PACKED_DEPTH;

    return (weights_block){.output = first + from,
                           .rows = tile_first(count, index % tiles + 1) - from,
                           .unit = unit,
                           .depth = AN_MIN(PACKED_DEPTH, j->plan.units - unit)};
}

/* The address of a block, and the bytes from row to row and from unit to unit. */
static const char *weights_block_at(const linear_job *j, weights_block block, size_t *row,
                                    size_t *unit)
{
    const bool packed = j->t->packed != NULL;
    const char *w = packed ? (const char *)j->t->packed : (const char *)j->t->w;

    *row = packed ? j->plan.row : (size_t)j->g->inputs * sizeof(float);
    *unit = packed ? UNIT_BYTES : UNIT * sizeof(float);
    return w + (size_t)block.output * *row + (size_t)block.unit * *unit;
}

/* A block of w times its units of x^T, for all images, into a chunk of y^T. Meanwhile the next
   block is prefetched, a few rows with each panel of images: a power of 2, which divides a block of
   steps evenly. */
static void forward_block(const linear_job *j, weights_block block, weights_block next, char *copy,
                          float *chunk)
{
    size_t row, unit, next_row, next_unit;
    const char *from = weights_block_at(j, block, &row, &unit);
    const char *wanted = weights_block_at(j, next, &next_row, &next_unit);
    int fetched = 1;

    while (fetched * j->plan.panels < MR)
        fetched *= 2;
    tile t = {
        .columns = NR,
        .outer = 1,
        .inner = block.depth % fetched == 0 ? fetched : 1,
        .a = from,
        .a_row = (ptrdiff_t)row,
        .a_step = UNIT_BYTES,
        .fetch_inner = (ptrdiff_t)next_row,
        .c_row = NR,
        .add = block.unit > 0,
    };
    t.run = block.depth / t.inner;
    t.a_inner = (ptrdiff_t)t.run * UNIT_BYTES;
    t.fetch_step = (ptrdiff_t)next_unit * t.inner;
    if (j->t->packed == NULL) {
        const packing how = packing_of_weights(NULL, 0);
        const int count = AN_MIN(block.depth * UNIT, j->g->inputs - block.unit * UNIT);
        for (int o = 0; o < block.rows; ++o)
            pack_row(&how, (const float *)(const void *)(from + (size_t)o * row), count,
                     copy + (size_t)o * j->plan.copy_row);
        t.a = copy;
        t.a_row = (ptrdiff_t)j->plan.copy_row;
    }
    for (int p = 0; p < j->plan.panels; ++p) {
        t.fetch = wanted + (size_t)AN_MIN(p * fetched, next.rows - 1) * next_row;
        t.b = j->panels + (size_t)p * j->plan.panel_bytes + (size_t)block.unit * STEP_BYTES;
        t.c = chunk + (size_t)p * PACKED_FORWARD_OUTPUTS * NR;
        weights_first[block.rows](&t);
    }
}

/* y from a chunk of y^T, [panel][output][NR]. */
static void forward_finish(const linear_job *j, int first, int count, const float *chunk)
{
    const sum_number *sums = (const sum_number *)(const void *)chunk;

    for (int n = 0; n < j->g->n; ++n) {
        const sum_number *from = sums + (size_t)(n / NR) * PACKED_FORWARD_OUTPUTS * NR + n % NR;
        float *to = j->t->y + (size_t)n * (size_t)j->g->outputs + (size_t)first;
        for (int o = 0; o < count; ++o)
            to[o] = linear_value(j, n, first + o, from[(size_t)o * NR]);
    }
}

static void forward_many(const an_run *run, const linear_job *j, char *panels)
{
    const int blocks = blocks_of(j->plan.units, PACKED_DEPTH);
    const int chunks = parts_for(j->g->outputs, PACKED_FORWARD_OUTPUTS, run->threads);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int p = 0; p < j->plan.panels; ++p)
        for (int i = 0; i < blocks; ++i)
            pack_transposed(j, p, i * PACKED_DEPTH,
                            AN_MIN(PACKED_DEPTH, j->plan.units - i * PACKED_DEPTH),
                            panels + (size_t)p * j->plan.panel_bytes);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < chunks; ++s) {
        const int first = part_first(j->g->outputs, chunks, s);
        const int count = part_first(j->g->outputs, chunks, s + 1) - first;
        float *chunk = an_scratch_of_thread(run, j->plan.chunks_at, j->plan.chunk_floats);
        char *copy = (char *)an_scratch_of_thread(run, j->plan.copies_at,
                                                  MR * j->plan.copy_row / sizeof(float));
        const int block_count = blocks * tiles_of(count);
        weights_block block = weights_block_of(j, first, count, 0);
        for (int i = 0; i < block_count; ++i) {
            const weights_block next =
                weights_block_of(j, first, count, AN_MIN(i + 1, block_count - 1));
            forward_block(j, block, next, copy, chunk + (size_t)(block.output - first) * NR);
            block = next;
        }
        forward_finish(j, first, count, chunk);
    }
}

static alexnet_status linear_forward(const an_run *run, const an_linear *g,
                                     const an_linear_tensors *t)
{
    linear_job j = {.g = g, .t = t, .plan = plan_linear(g, run->threads)};
    packing *const packings = (packing *)(void *)an_scratch_at(run, j.plan.packings_at);
    char *const rows = (char *)an_scratch_at(run, j.plan.rows_at);
    char *const panels = (char *)an_scratch_at(run, j.plan.panels_at);

    if (!an_scratch_fits(run, j.plan.bytes)) return ALEXNET_BAD_ARG;
    if (t->packed != NULL)
        j.info = weights_info_at((const char *)t->packed + linear_rows_bytes(g), g->outputs);
    j.packings = packings;
    j.rows = rows;
    j.panels = panels;
    AN_PARALLEL_FOR(run, schedule(dynamic) if (g->n > AN_FEW_FORWARD_PACKED))
    for (int n = 0; n < g->n; ++n) {
        const float *x = t->x + (size_t)n * (size_t)g->inputs;
        packings[n] = packing_of_image(x, (size_t)g->inputs);
        pack_row(packings + n, x, g->inputs, rows + (size_t)n * j.plan.row);
    }
    if (g->n > AN_FEW_FORWARD_PACKED)
        forward_many(run, &j, panels);
    else
        forward_few(run, &j);
    return ALEXNET_OK;
}

#endif
