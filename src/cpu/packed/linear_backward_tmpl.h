/*
 * linear_backward_tmpl.h: the gradients of a fully connected layer in a packed format whose sums
 * are floats: as in fp32/, with units of 4 bytes. Weights and their gradient are float.
 *
 *     data gradient    dx  = dy * w      dy broadcast, w packed to panels of NR inputs
 *     weight gradient  dw  = dy^T * x    dy broadcast, x in panels of NR inputs
 *
 * The numbers of a unit follow each other along the sum: two outputs, or two images. So panels
 * interleave the rows of a matrix by twos. Registers are those of the micro-kernel; each pass
 * names the caches it counts on.
 *
 * Needs: a format (algorithms_tmpl.h) whose sums are floats, and its vp_pair() and vp_store().
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_LINEAR_BACKWARD_TMPL_H
#define AN_CPU_PACKED_LINEAR_BACKWARD_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/packed/linear_tmpl.h"
#include "cpu/packed/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/sgd.h"
#include "cpu/simd/parts_tmpl.h"

/* Rows of `width` numbers, `count` of them, by twos: the units of NR columns lie together, `panel`
   bytes from those of the next NR, `unit` bytes from those of the next two rows. Missing numbers
   are 0. */
static void pack_pairs(int count, int width, size_t row, const float *from, size_t panel,
                       size_t unit, char *to)
{
    for (int i = 0; i < count; i += UNIT, to += unit) {
        const float *first = from + (size_t)i * row;
        const float *second = i + 1 < count ? first + row : NULL;
        for (int j = 0; j < AN_ROUND_UP(width, NR); j += LANES)
            vp_store(to + (size_t)(j / NR) * panel + (size_t)(j % NR) * UNIT_BYTES,
                     vp_pair(first, second, j, width));
    }
}

/* ---- data gradient ----
 *
 * A thread takes a chunk of PACKED_DATA_INPUTS inputs. It packs w in blocks of PACKED_DATA_DEPTH
 * outputs (256 KB, in L2).
 */

#define PACKED_DATA_INPUTS 256 /* inputs; 1 KB of each row of w */
#define PACKED_DATA_DEPTH  512 /* outputs */
#define PACKED_DATA_FETCH  8   /* rows of the block below, prefetched with each tile */

typedef struct data_plan {
    size_t row, block_bytes;
    size_t dy_at, blocks_at, bytes;
} data_plan;

static data_plan plan_data(const an_linear *g, int threads)
{
    data_plan plan = {.row = packed_row(g->outputs),
                      .block_bytes =
                          (size_t)PACKED_DATA_DEPTH / UNIT * PACKED_DATA_INPUTS * UNIT_BYTES};
    an_scratch scratch = {0};

    plan.dy_at = an_scratch_bytes(&scratch, an_size_times((size_t)g->n, plan.row));
    plan.blocks_at = an_scratch_per_thread(&scratch, threads, plan.block_bytes / sizeof(float));
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t linear_data_scratch(const an_linear *g, int threads)
{
    return plan_data(g, threads).bytes;
}

/* Adds to dx what the block of w at (output, input) contributes for all images. */
static void data_block(const an_linear *g, int output, int input, const data_plan *plan,
                       const char *dy, const float *w, char *block, float *dx)
{
    const size_t inputs = (size_t)g->inputs;
    const int depth = AN_MIN(PACKED_DATA_DEPTH, g->outputs - output);
    const int width = AN_MIN(PACKED_DATA_INPUTS, g->inputs - input);
    const int below = AN_MIN(PACKED_DATA_DEPTH, g->outputs - output - depth);
    const int units = blocks_of(depth, UNIT);
    const int down = tiles_of(g->n);
    tile t = {
        .outer = 1,
        .inner = units % PACKED_DATA_FETCH == 0 ? PACKED_DATA_FETCH : 1,
        .a_row = (ptrdiff_t)plan->row,
        .a_step = UNIT_BYTES,
        .fetch_inner = (ptrdiff_t)(inputs * sizeof *w),
        .c_row = g->inputs,
        .add = output > 0,
    };

    w += (size_t)output * inputs + (size_t)input;
    pack_pairs(depth, width, inputs, w, (size_t)units * STEP_BYTES, STEP_BYTES, block);
    t.run = units / t.inner;
    t.a_inner = (ptrdiff_t)t.run * UNIT_BYTES;
    t.fetch_step = (ptrdiff_t)(PACKED_DATA_INPUTS * sizeof *w) / AN_MAX(t.run, 1);
    for (int i = 0; i < blocks_of(width, NR) * down; ++i) {
        const int fetch = i * PACKED_DATA_FETCH;
        const int n = tile_first(g->n, i % down);
        const int j = i / down * NR;
        t.fetch = (const char *)(w + (size_t)(fetch < below ? depth + fetch : 0) * inputs);
        t.columns = AN_MIN(NR, width - j);
        t.a = dy + (size_t)n * plan->row + (size_t)output * sizeof(number);
        t.b = block + (size_t)(j / NR) * (size_t)units * STEP_BYTES;
        t.c = dx + (size_t)n * inputs + (size_t)(input + j);
        images_first[tile_first(g->n, i % down + 1) - n](&t);
    }
}

static alexnet_status linear_backward_data(const an_run *run, const an_linear *g,
                                           const an_linear_tensors *t)
{
    const data_plan plan = plan_data(g, run->threads);
    const packing how = packing_of_weights(NULL, 0);
    char *const dy = (char *)an_scratch_at(run, plan.dy_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, schedule(dynamic, 8))
    for (int n = 0; n < g->n; ++n)
        pack_row(&how, t->dy + (size_t)n * (size_t)g->outputs, g->outputs,
                 dy + (size_t)n * plan.row);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < blocks_of(g->inputs, PACKED_DATA_INPUTS); ++s) {
        char *block =
            (char *)an_scratch_of_thread(run, plan.blocks_at, plan.block_bytes / sizeof(float));
        for (int output = 0; output < g->outputs; output += PACKED_DATA_DEPTH)
            data_block(g, output, s * PACKED_DATA_INPUTS, &plan, dy, t->w, block, t->dx);
    }
    return ALEXNET_OK;
}

/* ---- weight gradient ---- * * A thread takes a rectangle of dw: the x of its inputs (128 images,
   512 inputs: 128 KB) stays in * L2. With an update, a row of tiles of dw (14 rows of 2 KB) stays
   in the nearest caches: v and w * are updated from it row by row, and meanwhile v and w of the row
   of tiles below are prefetched, as * in fp32/linear_backward_tmpl.h. */

#define PACKED_WEIGHTS_INPUTS  512
#define PACKED_WEIGHTS_OUTPUTS (32 * MR)
#define PACKED_GRADIENT_ROW    (PACKED_WEIGHTS_INPUTS + LANES) /* not a multiple of 4 KB */

typedef struct weights_plan {
    int units;     /* pairs of images */
    size_t dy_row; /* bytes: an odd number of cache lines */
    size_t x_at, dy_at, rows_at, bytes;
} weights_plan;

static weights_plan plan_weights(const an_linear *g, int threads)
{
    weights_plan plan = {.units = blocks_of(g->n, UNIT)};
    an_scratch scratch = {0};
    const size_t x_row = an_size_times((size_t)blocks_of(g->inputs, NR), STEP_BYTES);

    plan.dy_row =
        an_size_plus(an_size_times((size_t)blocks_of(g->outputs, NR), STEP_BYTES), AN_ALIGNMENT);
    plan.x_at = an_scratch_bytes(&scratch, an_size_times(x_row, (size_t)plan.units));
    plan.dy_at = an_scratch_bytes(&scratch, an_size_times(plan.dy_row, (size_t)plan.units));
    plan.rows_at = an_scratch_per_thread(&scratch, threads, MR * PACKED_GRADIENT_ROW);
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t linear_weights_scratch(const an_linear *g, int threads) /* dx may be requested, too */
{
    return AN_MAX(plan_weights(g, threads).bytes, plan_data(g, threads).bytes);
}

/* The arguments of the pass, the same for all rectangles. */
typedef struct weights_job {
    const an_linear *g;
    int units;
    const char *x;  /* [panel][unit][NR] */
    const char *dy; /* [unit][outputs], and */
    size_t dy_row;
    float *dw;                   /* or */
    const an_sgd_update *update; /* NULL: none */
} weights_job;

/* A row of tiles of dw: `rows` outputs from `output` on, `columns` inputs from `input` on, at c,
   rows c_row apart. Meanwhile each tile prefetches w and v of a row below, each in half of its
   steps. */
static void gradient_rows(const weights_job *j, int output, int rows, int input, int columns,
                          float *c, ptrdiff_t c_row)
{
    const size_t panel = (size_t)j->units * STEP_BYTES;
    const an_sgd_update *update = j->update;
    tile t = {
        .outer = 1,
        .inner = j->units % 2 == 0 ? 2 : 1,
        .a = j->dy + (size_t)output * UNIT_BYTES,
        .a_row = UNIT_BYTES,
        .a_step = (ptrdiff_t)j->dy_row,
        .c_row = c_row,
    };

    t.run = j->units / t.inner;
    t.a_inner = t.run * t.a_step;
    if (update != NULL) {
        t.fetch_inner = (intptr_t)update->v - (intptr_t)update->w; /* another array */
        t.fetch_step = (ptrdiff_t)(PACKED_WEIGHTS_INPUTS * sizeof(float)) / AN_MAX(t.run, 1);
    }
    for (int i = 0; i < columns; i += NR) {
        const int below = AN_MIN(output + rows + AN_MIN(i / NR, MR - 1), j->g->outputs - 1);
        t.columns = AN_MIN(NR, columns - i);
        t.b = j->x + (size_t)((input + i) / NR) * panel;
        t.c = c + i;
        t.fetch = t.b;
        if (update != NULL)
            t.fetch = (const char *)(update->w + (size_t)below * (size_t)j->g->inputs + input);
        images_first[rows](&t);
    }
}

/* dw at (output, input), PACKED_WEIGHTS_OUTPUTS x PACKED_WEIGHTS_INPUTS or less at the edge. own:
   the thread's room for a row of tiles. */
static void weights_rectangle(const weights_job *j, int output, int input, float *own)
{
    const size_t inputs = (size_t)j->g->inputs;
    const an_sgd_update *update = j->update;
    const int count = AN_MIN(PACKED_WEIGHTS_OUTPUTS, j->g->outputs - output);
    const int columns = AN_MIN(PACKED_WEIGHTS_INPUTS, j->g->inputs - input);

    for (int i = 0; i < tiles_of(count); ++i) {
        const int o = output + tile_first(count, i);
        const int rows = output + tile_first(count, i + 1) - o;
        size_t at = (size_t)o * inputs + (size_t)input;
        gradient_rows(j, o, rows, input, columns, update != NULL ? own : j->dw + at,
                      update != NULL ? PACKED_GRADIENT_ROW : (ptrdiff_t)inputs);
        for (int r = 0; update != NULL && r < rows; ++r, at += inputs)
            an_sgd_row(&update->rule, columns, own + (size_t)r * PACKED_GRADIENT_ROW,
                       update->v + at, update->w + at);
    }
}

/* Of dy in fp32: no product, no rounding. NR outputs at a time. */
static void bias_gradient(const an_run *run, const an_linear *g, const float *dy, float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, 4))
    for (int first = 0; first < g->outputs; first += NR) {
        const int count = AN_MIN(NR, g->outputs - first);
        double sum[NR] = {0};
        for (int n = 0; n < g->n; ++n)
            for (int o = 0; o < count; ++o)
                sum[o] += (double)dy[(size_t)n * (size_t)g->outputs + (size_t)(first + o)];
        for (int o = 0; o < count; ++o)
            db[first + o] = (float)sum[o];
    }
}

static alexnet_status linear_backward_weights(const an_run *run, const an_linear *g,
                                              const an_linear_tensors *t)
{
    const weights_plan plan = plan_weights(g, run->threads);
    const size_t panel = (size_t)plan.units * STEP_BYTES;
    const bool wanted = t->dw != NULL || t->update != NULL;
    const int x_chunks = wanted ? blocks_of(g->inputs, PACKED_WEIGHTS_INPUTS) : 0;
    const int dy_chunks = wanted ? blocks_of(g->outputs, PACKED_WEIGHTS_INPUTS) : 0;
    char *const x = (char *)an_scratch_at(run, plan.x_at);
    char *const dy = (char *)an_scratch_at(run, plan.dy_at);
    const weights_job job = {g, plan.units, x, dy, plan.dy_row, t->dw, t->update};

    if (t->dx != NULL) AN_TRY(linear_backward_data(run, g, t));
    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < x_chunks + dy_chunks; ++s) {
        const int first = (s < x_chunks ? s : s - x_chunks) * PACKED_WEIGHTS_INPUTS;
        if (s < x_chunks)
            pack_pairs(g->n, AN_MIN(PACKED_WEIGHTS_INPUTS, g->inputs - first), (size_t)g->inputs,
                       t->x + first, panel, STEP_BYTES, x + (size_t)(first / NR) * panel);
        else
            pack_pairs(g->n, AN_MIN(PACKED_WEIGHTS_INPUTS, g->outputs - first), (size_t)g->outputs,
                       t->dy + first, STEP_BYTES, plan.dy_row, dy + (size_t)first * UNIT_BYTES);
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int s = 0; s < x_chunks; ++s)
        for (int o = 0; o < blocks_of(g->outputs, PACKED_WEIGHTS_OUTPUTS); ++o)
            weights_rectangle(&job, o * PACKED_WEIGHTS_OUTPUTS, s * PACKED_WEIGHTS_INPUTS,
                              an_scratch_of_thread(run, plan.rows_at, MR * PACKED_GRADIENT_ROW));
    if (t->db != NULL) bias_gradient(run, g, t->dy, t->db);
    return ALEXNET_OK;
}

#endif
