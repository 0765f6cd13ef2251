/*
 * linear_forward_tmpl.h: the forward pass of a linear layer in the fast tiers, y = x w^T + bias and
 * perhaps a ReLU: linear_forward(), for the table of kernels_tmpl.h and for conv2d_whole_tmpl.h. Up
 * to AN_FEW_FORWARD images (cpu/cost.h) by dot products, more by tiles. linear_tmpl.h has what all
 * passes share.
 *
 * Sizes of blocks may be tuned; the order of the terms of a sum decides the bits, and may depend on
 * the shape alone, not on the number of threads.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LINEAR_FORWARD_TMPL_H
#define AN_CPU_FP32_LINEAR_FORWARD_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/cost.h"
#include "cpu/fp32/linear_shared_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/parts_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include <string.h>

/* ---- forward, few images: dot products, while w streams past at the speed of memory ----
 *
 * A thread takes DOT_ROWS outputs and goes through LANES inputs at a time. The sums of each output
 * with DOT_IMAGES images stay in registers: 3 * 8 sums, 3 of w and 1 of x are 28 of 32. AVX2 has
 * 16, too few from 5 images on. x comes from L1 or L2 (8 rows of 9216: 288 KB). More images take
 * another round, with the rows of w in L2.
 */

#define DOT_IMAGES 8   /* at a time */
#define DOT_ROWS   3   /* outputs at a time */
#define DOT_AHEAD  256 /* floats: how far ahead rows are prefetched */

/* Outputs first .. first+rows-1 of each of `images` images. rows <= DOT_ROWS and images <=
   DOT_IMAGES are constants where this is inlined. */
static ALWAYS_INLINE void dot_rows(const int rows, const int images, const an_linear *g, int first,
                                   const float *x, const float *w, const float *bias, bool relu,
                                   float *y)
{
    const size_t inputs = (size_t)g->inputs;
    const int rest = g->inputs % LANES;
    const size_t whole = inputs - (size_t)rest;
    vf sum[DOT_ROWS][DOT_IMAGES];

    w += (size_t)first * inputs;
    UNROLL
    for (int o = 0; o < rows; ++o)
        UNROLL
    for (int n = 0; n < images; ++n)
        sum[o][n] = vf_zero();
    for (size_t i = 0; i < whole; i += LANES) {
        vf row[DOT_ROWS];
        UNROLL
        for (int o = 0; o < rows; ++o) {
            row[o] = vf_load(w + (size_t)o * inputs + i);
            __builtin_prefetch(w + (size_t)o * inputs + i + DOT_AHEAD);
        }
        UNROLL
        for (int n = 0; n < images; ++n) {
            const vf xn = vf_load(x + (size_t)n * inputs + i);
            UNROLL
            for (int o = 0; o < rows; ++o)
                sum[o][n] = vf_fma(row[o], xn, sum[o][n]);
        }
    }
    for (int o = 0; o < rows; ++o) {
        for (int n = 0; n < images; ++n) {
            const vf last = vf_fma(vf_load_part(w + (size_t)o * inputs + whole, rest),
                                   vf_load_part(x + (size_t)n * inputs + whole, rest), sum[o][n]);
            float dot = vf_sum(last) + (bias != NULL ? bias[first + o] : 0);
            y[(size_t)n * (size_t)g->outputs + (size_t)(first + o)] = relu && dot < 0 ? 0 : dot;
        }
    }
}

/* The same for any number of rows up to DOT_ROWS. */
static ALWAYS_INLINE void dot_block(const int images, const an_linear *g, int first, int rows,
                                    const float *x, const float *w, const float *bias, bool relu,
                                    float *y)
{
    if (rows == DOT_ROWS)
        dot_rows(DOT_ROWS, images, g, first, x, w, bias, relu, y);
    else
        for (int o = 0; o < rows; ++o)
            dot_rows(1, images, g, first + o, x, w, bias, relu, y);
}

/* A function per number of images, so that the sums stay in registers. */
static void dot_1(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(1, g, first, rows, x, w, bias, relu, y);
}

static void dot_2(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(2, g, first, rows, x, w, bias, relu, y);
}

static void dot_3(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(3, g, first, rows, x, w, bias, relu, y);
}

static void dot_4(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(4, g, first, rows, x, w, bias, relu, y);
}

static void dot_5(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(5, g, first, rows, x, w, bias, relu, y);
}

static void dot_6(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(6, g, first, rows, x, w, bias, relu, y);
}

static void dot_7(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(7, g, first, rows, x, w, bias, relu, y);
}

static void dot_8(const an_linear *g, int first, int rows, const float *x, const float *w,
                  const float *bias, bool relu, float *y)
{
    dot_block(8, g, first, rows, x, w, bias, relu, y);
}

/* Threads take DOT_ROWS outputs, for all images. Needs no scratch. */
static void forward_few(const an_run *run, const an_linear *g, const float *x, const float *w,
                        const float *bias, bool relu, float *y)
{
    static void (*const functions[DOT_IMAGES + 1])(const an_linear *, int, int, const float *,
                                                   const float *, const float *, bool, float *) = {
        NULL, dot_1, dot_2, dot_3, dot_4, dot_5, dot_6, dot_7, dot_8};

    AN_PARALLEL_FOR(run, schedule(dynamic, 4))
    for (int block = 0; block < blocks_of(g->outputs, DOT_ROWS); ++block) {
        const int first = block * DOT_ROWS, rows = AN_MIN(DOT_ROWS, g->outputs - first);
        for (int n = 0; n < g->n; n += DOT_IMAGES)
            functions[AN_MIN(DOT_IMAGES, g->n - n)](g, first, rows,
                                                    x + (size_t)n * (size_t)g->inputs, w, bias,
                                                    relu, y + (size_t)n * (size_t)g->outputs);
    }
}

/* ---- forward, many images ----
 *
 * A thread takes a chunk of outputs. For each LINEAR_DEPTH inputs it adds to the chunk's y^T, which
 * stays in L2 (70 KB for 128 images) beside these inputs of x^T (256 KB). w is copied one block at
 * a time: 28 KB, in L1.
 */

#define FORWARD_OUTPUTS (10 * MR) /* outputs of a chunk, at most */

/* The scratch: panels of x^T for all threads; for each thread its chunk of y^T and the copy of a
   block of w. */
typedef struct linear_forward_plan {
    int panels;                           /* of NR images */
    size_t chunk_floats, rows_floats;     /* of one thread */
    size_t panels_at, chunks_at, rows_at; /* offsets in scratch, bytes */
    size_t bytes;                         /* of all */
} linear_forward_plan;

static linear_forward_plan plan_linear_forward(const an_linear *g, int threads)
{
    linear_forward_plan plan = {.panels = blocks_of(g->n, NR)};
    an_scratch scratch = {0};
    const size_t columns = an_size_times((size_t)plan.panels, NR);

    plan.chunk_floats = an_size_times(columns, FORWARD_OUTPUTS);
    plan.rows_floats = MR * copy_row(LINEAR_DEPTH);
    plan.panels_at = an_scratch_floats(&scratch, an_size_times(columns, (size_t)g->inputs));
    plan.chunks_at = an_scratch_per_thread(&scratch, threads, plan.chunk_floats);
    plan.rows_at = an_scratch_per_thread(&scratch, threads, plan.rows_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* Packs inputs first .. first+count-1 of panel p of x^T, [inputs][NR]: NR images, missing ones as
   0. */
static void pack_transposed(const an_linear *g, int p, int first, int count, const float *x,
                            float *panel)
{
    const size_t inputs = (size_t)g->inputs;
    const int rows = AN_MIN(NR, g->n - p * NR);
    const float *from = x + (size_t)p * NR * inputs;

    if (rows < NR) memset(panel + (size_t)first * NR, 0, (size_t)count * NR * sizeof *panel);
    transpose(rows, count, from + first, (ptrdiff_t)inputs, panel + (size_t)first * NR, NR);
}

/* A block of w: a tile's outputs, a block of LINEAR_DEPTH inputs. */
typedef struct weights_block {
    int output, rows, input, depth;
} weights_block;

/* Block `index` of the chunk of `count` outputs that begins at `first`: all tiles' outputs for the
   first LINEAR_DEPTH inputs, then for the next. */
static weights_block weights_block_of(const an_linear *g, int first, int count, int index)
{
    const int tiles = tiles_of(count);
    const int from = tile_first(count, index % tiles);
    const int input = index / tiles * LINEAR_DEPTH;

    return (weights_block){.output = first + from,
                           .rows = tile_first(count, index % tiles + 1) - from,
                           .input = input,
                           .depth = AN_MIN(LINEAR_DEPTH, g->inputs - input)};
}

static const float *weights_block_at(const an_linear *g, weights_block block, const float *w)
{
    return w + (size_t)block.output * (size_t)g->inputs + (size_t)block.input;
}

/*
 * A block of w times its inputs of x^T, for all images, into a chunk of y^T: the first inputs set
 * it, the others add to it. `copy` holds the block, its rows copy_row() apart. Meanwhile the next
 * block is prefetched: 2 * FETCH_ROWS rows with each panel of images, the rest with the copy.
 */
static void forward_block(const an_linear *g, const linear_forward_plan *plan, weights_block block,
                          weights_block next, const float *w, const float *x_panels, float *copy,
                          float *chunk)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t row = copy_row(LINEAR_DEPTH);
    const float *from = weights_block_at(g, block, w);
    tile t = {
        .columns = NR,
        .outer = 1,
        .inner = block.depth % FETCH_ROWS == 0 ? FETCH_ROWS : 1,
        .a = copy,
        .a_row = (ptrdiff_t)row,
        .a_step = 1,
        .fetch_inner = g->inputs,
        .fetch_step = 4,
        .ahead_inner = g->inputs,
        .ahead_step = 4,
        .c_row = NR,
        .add = block.input > 0,
    };

    t.run = block.depth / t.inner;
    t.a_inner = t.run;
    for (int o = 0; o < block.rows; ++o) {
        const int more = 2 * FETCH_ROWS * plan->panels + o;
        memcpy(copy + (size_t)o * row, from + (size_t)o * inputs, (size_t)block.depth * sizeof *w);
        for (int i = 0; more < next.rows && i < next.depth; i += AN_ALIGNMENT / (int)sizeof *w)
            __builtin_prefetch(weights_block_at(g, next, w) + (size_t)more * inputs + i, 0, 2);
    }
    for (int p = 0; p < plan->panels; ++p) {
        const int fetch = 2 * p * FETCH_ROWS;
        t.fetch = weights_block_at(g, next, w) + (size_t)AN_MIN(fetch, next.rows - 1) * inputs;
        t.ahead = weights_block_at(g, next, w) +
                  (size_t)AN_MIN(fetch + FETCH_ROWS, next.rows - 1) * inputs;
        t.b = x_panels + ((size_t)p * inputs + (size_t)block.input) * NR;
        t.c = chunk + (size_t)p * FORWARD_OUTPUTS * NR;
        tile_run(block.rows, &t);
    }
}

/* y from a chunk of y^T, [panel][output][NR]: transposed; then biases and ReLU are applied. */
static void forward_finish(const an_linear *g, int first, int count, const float *chunk,
                           const float *bias, bool relu, float *y)
{
    for (int n = 0; n < g->n; n += NR)
        transpose(count, AN_MIN(NR, g->n - n), chunk + (size_t)(n / NR) * FORWARD_OUTPUTS * NR, NR,
                  y + (size_t)n * (size_t)g->outputs + (size_t)first, g->outputs);
    for (int n = 0; n < g->n; ++n) {
        float *to = y + (size_t)n * (size_t)g->outputs + (size_t)first;
        for (int o = 0; o < count; o += LANES) {
            const vf value = load_up_to(to + o, count - o);
            const vf sum =
                bias != NULL ? vf_add(value, load_up_to(bias + first + o, count - o)) : value;
            store_up_to(to + o, count - o, relu ? vf_relu(sum) : sum);
        }
    }
}

static alexnet_status forward_many(const an_run *run, const an_linear *g, const float *x,
                                   const float *w, const float *bias, bool relu, float *y)
{
    const linear_forward_plan plan = plan_linear_forward(g, run->threads);
    const int blocks = blocks_of(g->inputs, LINEAR_DEPTH);
    const int chunks = parts_for(g->outputs, FORWARD_OUTPUTS, run->threads);
    float *const panel = an_scratch_at(run, plan.panels_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int p = 0; p < plan.panels; ++p)
        for (int i = 0; i < blocks; ++i)
            pack_transposed(g, p, i * LINEAR_DEPTH,
                            AN_MIN(LINEAR_DEPTH, g->inputs - i * LINEAR_DEPTH), x,
                            panel + (size_t)p * (size_t)g->inputs * NR);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < chunks; ++s) {
        const int first = part_first(g->outputs, chunks, s);
        const int count = part_first(g->outputs, chunks, s + 1) - first;
        float *chunk = an_scratch_of_thread(run, plan.chunks_at, plan.chunk_floats);
        float *copy = an_scratch_of_thread(run, plan.rows_at, plan.rows_floats);
        const int block_count = blocks * tiles_of(count);
        weights_block block = weights_block_of(g, first, count, 0);
        for (int i = 0; i < block_count; ++i) {
            const weights_block next =
                weights_block_of(g, first, count, AN_MIN(i + 1, block_count - 1));
            forward_block(g, &plan, block, next, w, panel, copy,
                          chunk + (size_t)(block.output - first) * NR);
            block = next;
        }
        forward_finish(g, first, count, chunk, bias, relu, y);
    }
    return ALEXNET_OK;
}

static alexnet_status linear_forward(const an_run *run, const an_linear *g,
                                     const an_linear_tensors *t)
{
    if (g->n > AN_FEW_FORWARD) return forward_many(run, g, t->x, t->w, t->bias, t->relu, t->y);
    forward_few(run, g, t->x, t->w, t->bias, t->relu, t->y);
    return ALEXNET_OK;
}

/* Enough for any number of images up to g->n; few images need none. */
static size_t linear_forward_scratch(const an_linear *g, int threads)
{
    return plan_linear_forward(g, threads).bytes;
}

#endif
