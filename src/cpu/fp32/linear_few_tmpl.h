/*
 * linear_few_tmpl.h: both gradients of a linear layer and the update, of few images, in one sweep
 * over the weights.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LINEAR_FEW_TMPL_H
#define AN_CPU_FP32_LINEAR_FEW_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/cost.h"
#include "cpu/fp32/linear_shared_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/sgd.h"
#include "cpu/simd/parts_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include <string.h>

/* ---- both gradients, few images ----
 *
 * They are bound by memory: w and the velocity v are read, and written, once for both. A thread
 * takes a block of inputs and goes down the outputs, FEW_ROWS rows at a time. It moves along these
 * rows: LANES inputs of them are loaded, their gradient is summed in registers with the x of each
 * image, and their products are added to the image's dx. After each chunk of FEW_CHUNK inputs v and
 * w are updated by the gradient. Meanwhile the lines of w and v FEW_AHEAD floats later are
 * prefetched: memory is fastest when long runs of rows are read in order.
 *
 * Registers: FEW_ROWS of w, as many sums, x, dx and dy: 19 of 32, with AVX2 11 of 16. Caches: x and
 * dx of the block, in columns of LANES inputs [n][LANES] (FEW_BYTES, in L2), the chunk's gradient
 * (4.5 KB, in L1). A step: FEW_ROWS + 2 loads and a store for 2 FEW_ROWS FMA of each image.
 */

#define LINE_FLOATS  (AN_ALIGNMENT / (int)sizeof(float))
#define FEW_ROWS     (MR < 8 ? 4 : 8)
#define FEW_CHUNK    (8 * LANES)         /* inputs */
#define FEW_GRADIENT (FEW_CHUNK + LANES) /* from row to row of its gradient */
#define FEW_AHEAD    (16 * LINE_FLOATS)  /* floats */
#define FEW_BYTES    ((size_t)512 << 10) /* of a block's x and dx */

typedef struct linear_few_plan {
    int width; /* of a block */
    size_t gradient_floats;
    size_t x_at, dx_at, dy_at, gradients_at, bytes;
} linear_few_plan;

static linear_few_plan plan_linear_few(const an_linear *g, int threads)
{
    linear_few_plan plan = {.gradient_floats = (size_t)FEW_ROWS * FEW_GRADIENT};
    an_scratch scratch = {0};
    const size_t column = an_size_times((size_t)g->n, 2 * LANES * sizeof(float));
    const int chunks = blocks_of(g->inputs, FEW_CHUNK);
    const int most = AN_MAX(1, (int)(FEW_BYTES / AN_MAX(column * (FEW_CHUNK / LANES), 1)));
    const int blocks = AN_ROUND_UP(blocks_of(chunks, most), threads);
    const size_t floats = an_size_times((size_t)blocks_of(g->inputs, LANES) * LANES, (size_t)g->n);

    plan.width = blocks_of(chunks, blocks) * FEW_CHUNK;
    plan.x_at = an_scratch_floats(&scratch, floats);
    plan.dx_at = an_scratch_floats(&scratch, floats);
    plan.dy_at = an_scratch_floats(
        &scratch, an_size_times((size_t)blocks_of(g->outputs, FEW_ROWS) * FEW_ROWS, (size_t)g->n));
    plan.gradients_at = an_scratch_per_thread(&scratch, threads, plan.gradient_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* A matrix [n][count], `row` floats from row to row, in columns of `width` numbers:
   [column][n][width], filled up with 0. */
static void to_columns(int n, int count, size_t row, const float *from, int width, float *to)
{
    for (int i = 0; i < count; i += width)
        for (int j = 0; j < n; ++j, to += width) {
            const int here = AN_MIN(width, count - i);
            memcpy(to, from + (size_t)j * row + (size_t)i, (size_t)here * sizeof *to);
            memset(to + here, 0, (size_t)(width - here) * sizeof *to);
        }
}

static void from_columns(int n, int count, const float *from, int width, size_t row, float *to)
{
    for (int i = 0; i < count; i += width)
        for (int j = 0; j < n; ++j, from += width)
            memcpy(to + (size_t)j * row + (size_t)i, from,
                   (size_t)AN_MIN(width, count - i) * sizeof *to);
}

/* The arguments of the passes, the same for all blocks. */
typedef struct linear_few {
    const an_linear *g;
    const an_linear_tensors *t;
    float *x, *dx; /* in columns of LANES */
    float *dy;     /* in columns of FEW_ROWS */
} linear_few;

/* Some rows of a block of w: at (output, input). */
typedef struct few_rows {
    int output, input, width;
} few_rows;

/* Prefetches the lines of `count` rows FEW_AHEAD floats after `at`, in these rows or, past their
   end, in those that begin `below` floats later. */
static ALWAYS_INLINE void fetch_lines(const int count, const few_rows *rows, size_t inputs,
                                      size_t below, int at, const float *matrix)
{
    const int ahead = at + FEW_AHEAD;
    const float *from = matrix + (size_t)rows->output * inputs + (size_t)rows->input;

    from += ahead < rows->width ? (size_t)ahead : below + (size_t)AN_MIN(ahead - rows->width, at);
    UNROLL
    for (int r = 0; r < count; ++r)
        __builtin_prefetch(from + (size_t)r * inputs, 0, 2);
}

/* LANES inputs of some rows of w, or what is left of them: where they lie, and what belongs to
   them. */
typedef struct few_inputs {
    const float *w; /* rows w_row apart */
    size_t w_row;
    const float *dy; /* [n][FEW_ROWS] */
    const float *x;  /* [n][LANES] */
    float *dx;       /* [n][LANES] */
    float *gradient; /* rows gradient_row apart */
    size_t gradient_row;
} few_inputs;

/* What `lanes` inputs of `count` rows add to dx, and, stored, their gradient. */
static ALWAYS_INLINE void few_step(const int count, const bool data, const bool weights, int n,
                                   const int lanes, const few_inputs at)
{
    const float *dy = at.dy, *x = at.x;
    float *dx = at.dx;
    vf row[FEW_ROWS], sum[FEW_ROWS];

    UNROLL
    for (int r = 0; r < count; ++r) {
        row[r] = data ? load_up_to(at.w + (size_t)r * at.w_row, lanes) : vf_zero();
        sum[r] = vf_zero();
    }
    for (int i = 0; i < n; ++i, dy += FEW_ROWS, x += LANES, dx += LANES) {
        const vf xi = weights ? vf_load(x) : vf_zero();
        vf dxi = data ? vf_load(dx) : vf_zero();
        UNROLL
        for (int r = 0; r < count; ++r) {
            const vf dyi = vf_set1(dy[r]);
            if (weights) sum[r] = vf_fma(dyi, xi, sum[r]);
            if (data) dxi = vf_fma(dyi, row[r], dxi);
        }
        if (data) vf_store(dx, dxi);
    }
    UNROLL
    for (int r = 0; r < count; ++r)
        if (weights) store_up_to(at.gradient + (size_t)r * at.gradient_row, lanes, sum[r]);
}

/* Along `count` rows of a block. own: room for a chunk's gradient. */
static ALWAYS_INLINE void few_sweep(const int count, const bool data, const bool weights,
                                    const linear_few *job, const few_rows *rows, float *own)
{
    const an_sgd_update *update = job->t->update;
    const size_t inputs = (size_t)job->g->inputs, n = (size_t)job->g->n;
    const size_t at = (size_t)rows->output * inputs + (size_t)rows->input;
    const size_t below = rows->output + count < job->g->outputs ? (size_t)count * inputs : 0;
    const float *w = data ? job->t->w : update != NULL ? update->w : NULL;
    const float *dy = job->dy + (size_t)(rows->output / FEW_ROWS * FEW_ROWS) * n +
                      (size_t)(rows->output % FEW_ROWS);

    for (int first = 0; first < rows->width; first += FEW_CHUNK) {
        const int end = AN_MIN(first + FEW_CHUNK, rows->width);
        const size_t chunk = at + (size_t)first;
        float *gradient = weights && update == NULL ? job->t->dw + chunk : own;
        const size_t gradient_row = weights && update == NULL ? inputs : FEW_GRADIENT;
        for (int i = first; i < end; i += LANES) {
            const size_t column = (size_t)(rows->input + i) * n;
            const few_inputs here = {
                .w = data ? w + at + (size_t)i : NULL,
                .w_row = inputs,
                .dy = dy,
                .x = job->x + column,
                .dx = job->dx + column,
                .gradient = weights ? gradient + (i - first) : NULL,
                .gradient_row = gradient_row,
            };
            if (i % LINE_FLOATS == 0 && w != NULL) fetch_lines(count, rows, inputs, below, i, w);
            if (i % LINE_FLOATS == 0 && update != NULL)
                fetch_lines(count, rows, inputs, below, i, update->v);
            if (end - i >= LANES)
                few_step(count, data, weights, (int)n, LANES, here);
            else
                few_step(count, data, weights, (int)n, end - i, here);
        }
        for (int r = 0; update != NULL && r < count; ++r)
            an_sgd_row(&update->rule, end - first, own + r * FEW_GRADIENT,
                       update->v + chunk + (size_t)r * inputs,
                       update->w + chunk + (size_t)r * inputs);
    }
}

/* few_sweep() of one kind, for the two counts of rows that there are. */
static void few_sweep_both(int count, const linear_few *job, const few_rows *rows, float *own)
{
    if (count == FEW_ROWS)
        few_sweep(FEW_ROWS, true, true, job, rows, own);
    else
        few_sweep(1, true, true, job, rows, own);
}

static void few_sweep_data(int count, const linear_few *job, const few_rows *rows, float *own)
{
    if (count == FEW_ROWS)
        few_sweep(FEW_ROWS, true, false, job, rows, own);
    else
        few_sweep(1, true, false, job, rows, own);
}

static void few_sweep_weights(int count, const linear_few *job, const few_rows *rows, float *own)
{
    if (count == FEW_ROWS)
        few_sweep(FEW_ROWS, false, true, job, rows, own);
    else
        few_sweep(1, false, true, job, rows, own);
}

static void few_block(const linear_few *job, int input, int width, float *own)
{
    const an_linear *g = job->g;
    const an_linear_tensors *t = job->t;
    const bool weights = t->dw != NULL || t->update != NULL;
    const size_t inputs = (size_t)g->inputs, column = (size_t)input * (size_t)g->n;
    few_rows rows = {.input = input, .width = width};

    if (weights) to_columns(g->n, width, inputs, t->x + input, LANES, job->x + column);
    if (t->dx != NULL)
        memset(job->dx + column, 0,
               (size_t)AN_ROUND_UP(width, LANES) * (size_t)g->n * sizeof *job->dx);
    while (rows.output < g->outputs) {
        const int count = rows.output + FEW_ROWS <= g->outputs ? FEW_ROWS : 1;
        if (t->dx != NULL && weights)
            few_sweep_both(count, job, &rows, own);
        else if (weights)
            few_sweep_weights(count, job, &rows, own);
        else
            few_sweep_data(count, job, &rows, own);
        rows.output += count;
    }
    if (t->dx != NULL) from_columns(g->n, width, job->dx + column, LANES, inputs, t->dx + input);
}

static alexnet_status backward_few(const an_run *run, const an_linear *g,
                                   const an_linear_tensors *t)
{
    const linear_few_plan plan = plan_linear_few(g, run->threads);
    const bool wanted = t->dw != NULL || t->update != NULL || t->dx != NULL;
    const int blocks = wanted ? blocks_of(g->inputs, plan.width) : 0;
    const linear_few job = {.g = g,
                            .t = t,
                            .x = an_scratch_at(run, plan.x_at),
                            .dx = an_scratch_at(run, plan.dx_at),
                            .dy = an_scratch_at(run, plan.dy_at)};

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    to_columns(g->n, g->outputs, (size_t)g->outputs, t->dy, FEW_ROWS, job.dy);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < blocks; ++s)
        few_block(&job, s * plan.width, AN_MIN(plan.width, g->inputs - s * plan.width),
                  an_scratch_of_thread(run, plan.gradients_at, plan.gradient_floats));
    if (t->db != NULL) bias_gradient(run, g, t->dy, (size_t)g->outputs, t->db);
    return ALEXNET_OK;
}

#endif
