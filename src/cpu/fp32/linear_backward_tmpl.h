/*
 * linear_backward_tmpl.h: the two gradients of a linear layer for many images, each in a separate
 * pass.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LINEAR_BACKWARD_TMPL_H
#define AN_CPU_FP32_LINEAR_BACKWARD_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/fp32/linear_shared_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/sgd.h"
#include "cpu/simd/parts_tmpl.h"

/* ---- data gradient ----
 *
 * A thread takes a chunk of DATA_INPUTS inputs. It copies w to panels in blocks of DATA_DEPTH
 * outputs (256 KB, in L2).
 */

#define DATA_INPUTS 256 /* inputs; 1 KB of each row of w */
#define DATA_DEPTH  256 /* outputs */

typedef struct linear_data_plan {
    size_t block_floats;
    size_t dy_at, blocks_at, bytes;
} linear_data_plan;

static linear_data_plan plan_linear_data(const an_linear *g, int threads)
{
    linear_data_plan plan = {.block_floats = (size_t)DATA_DEPTH * DATA_INPUTS};
    an_scratch scratch = {0};

    plan.dy_at = an_scratch_floats(&scratch, an_size_times((size_t)g->n, copy_row(g->outputs)));
    plan.blocks_at = an_scratch_per_thread(&scratch, threads, plan.block_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* Rows of `width` floats to panels [panel][count][NR]; the last panel is padded with 0. */
static void pack_panels(int count, int width, size_t row, const float *from, float *panels)
{
    for (int i = 0; i < count; ++i, from += row) {
        float *to = panels + (size_t)i * NR;
        int j = 0;
        for (; j + LANES <= width; j += LANES)
            vf_store(to + (size_t)(j / NR * count) * NR + j % NR, vf_load(from + j));
        for (; j % NR != 0 || j < width; j += LANES)
            vf_store(to + (size_t)(j / NR * count) * NR + j % NR,
                     j < width ? vf_load_part(from + j, width - j) : vf_zero());
    }
}

/* Adds to dx what the block of w at (output, input), depth x width, contributes for all images.
   Meanwhile the block below is prefetched, some rows with each tile. */
static void data_block(const an_linear *g, int output, int input, const float *dy, const float *w,
                       float *block, float *dx)
{
    const size_t inputs = (size_t)g->inputs;
    const int depth = AN_MIN(DATA_DEPTH, g->outputs - output);
    const int width = AN_MIN(DATA_INPUTS, g->inputs - input);
    const int below = AN_MIN(DATA_DEPTH, g->outputs - output - depth);
    const int down = tiles_of(g->n);
    const int tiles = blocks_of(width, NR) * down;
    tile t = {
        .outer = 1,
        .inner = depth % FETCH_ROWS == 0 ? FETCH_ROWS : 1,
        .a_row = (ptrdiff_t)copy_row(g->outputs),
        .a_step = 1,
        .fetch_inner = g->inputs,
        .fetch_step = 4,
        .c_row = g->inputs,
        .add = output > 0,
    };

    w += (size_t)output * inputs + (size_t)input;
    pack_panels(depth, width, inputs, w, block);
    t.run = depth / t.inner;
    t.a_inner = t.run;
    for (int i = 0; i < tiles; ++i) {
        const int fetch = i * FETCH_ROWS;
        const int n = tile_first(g->n, i % down);
        const int j = i / down * NR;
        t.fetch = w + (size_t)(fetch < below ? depth + fetch : 0) * inputs;
        t.columns = AN_MIN(NR, width - j);
        t.a = dy + n * t.a_row + output;
        t.b = block + (size_t)j * (size_t)depth;
        t.c = dx + (size_t)n * inputs + (size_t)(input + j);
        tile_run(tile_first(g->n, i % down + 1) - n, &t);
    }
}

static alexnet_status backward_data_many(const an_run *run, const an_linear *g,
                                         const an_linear_tensors *t)
{
    const linear_data_plan plan = plan_linear_data(g, run->threads);
    float *const copy = an_scratch_at(run, plan.dy_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    copy_rows(run, g->n, g->outputs, t->dy, copy);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < blocks_of(g->inputs, DATA_INPUTS); ++s) {
        float *block = an_scratch_of_thread(run, plan.blocks_at, plan.block_floats);
        for (int output = 0; output < g->outputs; output += DATA_DEPTH)
            data_block(g, output, s * DATA_INPUTS, copy, t->w, block, t->dx);
    }
    return ALEXNET_OK;
}

/* ---- weight gradient ----
 *
 * A thread takes a rectangle of dw; the x of its inputs (128 images, 512 inputs: 256 KB) stays in
 * L2. With an update, a row of tiles of dw (14 rows of 2 KB) stays in the nearest caches: v and w
 * are updated from it row by row, and meanwhile v and w of the row of tiles below are prefetched.
 * An update after each tile takes longer (fc6: 32 ms, not 26): it jumps between rows a multiple of
 * 4 KB apart every other line.
 */

#define WEIGHTS_INPUTS  512
#define WEIGHTS_OUTPUTS (32 * MR)

#define GRADIENT_ROW (WEIGHTS_INPUTS + LANES) /* not a multiple of 4 KB */

typedef struct linear_weights_plan {
    size_t panels_at, dy_at, rows_at, bytes;
} linear_weights_plan;

static linear_weights_plan plan_linear_weights(const an_linear *g, int threads)
{
    linear_weights_plan plan = {0};
    an_scratch scratch = {0};
    const size_t columns = an_size_times((size_t)blocks_of(g->inputs, NR), NR);

    plan.panels_at = an_scratch_floats(&scratch, an_size_times(columns, (size_t)g->n));
    plan.dy_at = an_scratch_floats(&scratch, an_size_times((size_t)g->n, copy_row(g->outputs)));
    plan.rows_at = an_scratch_per_thread(&scratch, threads, MR * GRADIENT_ROW);
    plan.bytes = scratch.bytes;
    return plan;
}

/* The arguments of a weight gradient, the same for all rectangles. */
typedef struct linear_weights {
    const an_linear *g;
    const float *x_panels, *dy;
    float *dw;                   /* or */
    const an_sgd_update *update; /* NULL: none */
} linear_weights;

/* A tile of dw, `rows` high: summed over the images, LINEAR_DEPTH of them at a time. */
static void gradient_tile(const linear_weights *job, int rows, int output, int input, tile *t)
{
    const an_linear *g = job->g;

    for (int n = 0; n < g->n; n += LINEAR_DEPTH) {
        const int depth = AN_MIN(LINEAR_DEPTH, g->n - n);
        t->run = depth;
        if (job->update !=
            NULL) /* as many lines as a row of w and v has here, if the steps are enough */
            t->fetch_step = t->ahead_step = AN_MIN(WEIGHTS_INPUTS / depth, 4);
        t->add = n > 0;
        t->a = job->dy + n * t->a_step + output;
        t->b = job->x_panels + ((size_t)(input / NR) * (size_t)g->n + (size_t)n) * NR;
        tile_run(rows, t);
    }
}

/* Updates v and w, from element `at` on, by a row of tiles of the gradient. */
static void update_rows(const linear_weights *job, int rows, int columns, const float *gradient,
                        size_t at)
{
    const an_sgd_update *update = job->update;

    for (int i = 0; i < rows; ++i, gradient += GRADIENT_ROW, at += (size_t)job->g->inputs)
        an_sgd_row(&update->rule, columns, gradient, update->v + at, update->w + at);
}

/* dw at (output, input), at most WEIGHTS_OUTPUTS x WEIGHTS_INPUTS. own: the thread's room for a
   row of tiles. */
static void weights_rectangle(const linear_weights *job, int output, int input, float *own)
{
    const an_linear *g = job->g;
    const an_sgd_update *update = job->update;
    const int rows = AN_MIN(WEIGHTS_OUTPUTS, g->outputs - output);
    const int columns = AN_MIN(WEIGHTS_INPUTS, g->inputs - input);
    tile t = {
        .outer = 1,
        .inner = 1,
        .a_row = 1,
        .a_step = (ptrdiff_t)copy_row(g->outputs),
        .fetch = job->dy,
        .c_row = update != NULL ? GRADIENT_ROW : g->inputs,
    };

    for (int i = 0; i < tiles_of(rows); ++i) {
        const int o = output + tile_first(rows, i), below = output + tile_first(rows, i + 1);
        const size_t at = (size_t)o * (size_t)g->inputs + (size_t)input;
        for (int j = 0; j < columns; j += NR) {
            const int fetch = AN_MIN(below + AN_MIN(j / NR, MR - 1), g->outputs - 1);
            t.columns = AN_MIN(NR, columns - j);
            t.c = (update != NULL ? own : job->dw + at) + j;
            if (update != NULL) { /* the rows below, one with each tile */
                t.fetch = update->w + (size_t)fetch * (size_t)g->inputs + input;
                t.ahead = update->v + (size_t)fetch * (size_t)g->inputs + input;
            }
            gradient_tile(job, below - o, o, input + j, &t);
        }
        if (update != NULL) update_rows(job, below - o, columns, own, at);
    }
}

static alexnet_status backward_weights_many(const an_run *run, const an_linear *g,
                                            const an_linear_tensors *t)
{
    const linear_weights_plan plan = plan_linear_weights(g, run->threads);
    const int chunks =
        t->dw != NULL || t->update != NULL ? blocks_of(g->inputs, WEIGHTS_INPUTS) : 0;
    float *const panels = an_scratch_at(run, plan.panels_at);
    float *const copy = an_scratch_at(run, plan.dy_at);
    const linear_weights job = {g, panels, copy, t->dw, t->update};

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    copy_rows(run, g->n, g->outputs, t->dy, copy);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < chunks; ++s) {
        const int input = s * WEIGHTS_INPUTS;
        pack_panels(g->n, AN_MIN(WEIGHTS_INPUTS, g->inputs - input), (size_t)g->inputs,
                    t->x + input, panels + (size_t)input * (size_t)g->n);
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int s = 0; s < chunks; ++s)
        for (int o = 0; o < blocks_of(g->outputs, WEIGHTS_OUTPUTS); ++o)
            weights_rectangle(&job, o * WEIGHTS_OUTPUTS, s * WEIGHTS_INPUTS,
                              an_scratch_of_thread(run, plan.rows_at, MR * GRADIENT_ROW));
    if (t->db != NULL) bias_gradient(run, g, copy, copy_row(g->outputs), t->db);
    return ALEXNET_OK;
}

#endif
