/*
 * lrn_tmpl.h: local response normalisation of a fast tier: as in reference/lrn.c, but in one sweep
 * over chunks that stay in L1, and with the powers of math_tmpl.h: roots and divisions take longer
 * than memory accesses.
 *
 *     across maps   a line is a pixel's maps of one group; lines are contiguous, and so are those
 *                   of a row. A chunk is as many lines as make LRN_CHUNK floats. Backward holds
 *                   five times that (x, dy, dx, squares, t: 20 KB); x, dy and dx of the next chunk
 *                   are prefetched meanwhile
 *     within a map  a block is LRN_BLOCK channels of an image, row by row: sums down the window's
 *                   rows first, then along them. As many rows of it are read as the window has: the
 *                   5 of net 145 take 17 KB, and the sums 4 KB, in L1
 *
 * A maximum pooling that follows is fused, so that the map between the two is never in memory.
 * Across maps, forward: the rows of a window are made in scratch (norm1 of the paper: 62 KB, in L2)
 * and pooled there, in chunks of LRN_POOLED_ROWS rows of windows; between chunks one row is made
 * twice. Within a map: a whole block (91 KB). Backward: each row of the gradient is spread out in
 * scratch before it is used.
 *
 * Needs: the vector vocabulary and its LANES (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LRN_TMPL_H
#define AN_CPU_FP32_LRN_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/fp32/pool_tmpl.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd/math_tmpl.h"
#include "cpu/simd/vectors_tmpl.h"
#include "cpu/span.h"
#include <string.h>

/* ---- for both kinds of window ---- */

/* The settings of an_lrn, in registers: otherwise they would be read again after every store. */
typedef struct lrn_terms {
    vf k, alpha, factor; /* factor: 2 alpha beta */
    float beta;
    bool relu;
} lrn_terms;

static ALWAYS_INLINE lrn_terms lrn_terms_of(const an_lrn *g)
{
    return (lrn_terms){vf_set1(g->k), vf_set1(g->alpha), vf_set1(2 * g->alpha * g->beta), g->beta,
                       g->relu};
}

/* d = k + alpha * sum. Rounded twice, as the reference implementation's. */
static ALWAYS_INLINE vf lrn_denominator(lrn_terms g, vf sum)
{
    return vf_add(g.k, vf_mul(g.alpha, sum));
}

static ALWAYS_INLINE vf lrn_power(const bool usual, lrn_terms g, vf d) /* d^-beta */
{
    return usual ? vf_power_minus_3_4(d) : vf_power(d, -g.beta);
}

/* y, from the sum of squares. */
static ALWAYS_INLINE vf lrn_response(const bool usual, lrn_terms g, vf sum, vf x)
{
    return vf_mul(lrn_power(usual, g, lrn_denominator(g, sum)), x);
}

/* Backward, first half: t, and dx as far as x is the numerator. */
static ALWAYS_INLINE vf lrn_as_numerator(const bool usual, lrn_terms g, vf sum, vf x, vf dy, vf *t)
{
    const vf d = lrn_denominator(g, sum);
    const vf power = lrn_power(usual, g, d);

    *t = vf_div(vf_mul(vf_mul(dy, x), power), d);
    return vf_mul(power, dy);
}

/* Second half: the effect of x through the denominators of all; and the backward pass of a ReLU
   before. */
static ALWAYS_INLINE vf lrn_as_denominator(lrn_terms g, vf sum, vf x, vf dx)
{
    const vf all = vf_sub(dx, vf_mul(vf_mul(g.factor, x), sum));

    return g.relu ? vf_pick(vf_more(x, vf_zero()), all, vf_zero()) : all;
}

/* ---- layout ---- */

#define LRN_CHUNK       1024 /* floats */
#define LRN_POOLED_ROWS 9    /* rows of pooled outputs in a chunk */
#define LRN_BLOCK       32   /* channels */

typedef struct lrn_plan {
    size_t row; /* floats of a row of pixels */
    int maps;   /* across: floats of a line; */
    int lines;  /* those of a row, */
    int chunk;  /* and of a chunk */
    int side;   /* zeros before the first line in scratch, and behind each: whole vectors */
    int stride; /* of lines in scratch: whole vectors */
    size_t squares_floats, t_floats;
    size_t squares; /* in scratch: of a chunk; within: a row of a block's sums over rows alone */
    size_t t;       /* of a chunk; within: of a block */
    size_t made_floats,
        made; /* with a pooling: rows before it, of y or of its gradient; within: a block's */
    size_t bytes;
} lrn_plan;

static lrn_plan plan_lrn(const an_lrn *g, int threads)
{
    const int maps = g->c / g->groups, side = AN_ROUND_UP(g->size / 2, LANES);
    const int stride = AN_ROUND_UP(maps, LANES) + side;
    const size_t row = an_size_times((size_t)g->w, (size_t)g->c);
    const int chunk = AN_MAX(1, LRN_CHUNK / stride);
    const size_t floats = an_size_plus(an_size_times((size_t)chunk, (size_t)stride), (size_t)side);
    an_scratch scratch = {0};
    const size_t block = an_size_times((size_t)g->w, LRN_BLOCK);
    lrn_plan plan = {.row = row,
                     .maps = maps,
                     .lines = g->w * g->groups,
                     .chunk = chunk,
                     .side = side,
                     .stride = stride,
                     .squares_floats = g->within ? block : floats,
                     .t_floats = g->within ? an_size_times(block, (size_t)g->h) : floats};

    if (g->pool.r > 0)
        plan.made_floats = g->within ? plan.t_floats : an_size_times(row, (size_t)g->pool.r);
    plan.squares = an_scratch_per_thread(&scratch, threads, plan.squares_floats);
    plan.t = an_scratch_per_thread(&scratch, threads, plan.t_floats);
    plan.made = an_scratch_per_thread(&scratch, threads, plan.made_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* ---- across the maps of a group ---- */

/* A chunk: the lines of x, dy and dx are contiguous, those of squares and t `stride` apart, with
   zeros around their maps. `whole`: a line's maps fill vectors. */
typedef struct lrn_chunk {
    int lines, maps;
    ptrdiff_t stride;
    const float *x, *dy; /* dy NULL: forward */
    float *squares, *t;
    float *out;
} lrn_chunk;

#define LRN_REST(chunk, c) (whole ? LANES : (chunk).maps - (c))

static ALWAYS_INLINE void lrn_squares(const bool whole, const lrn_chunk p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const vf x = load_up_to(p.x + i * p.maps + c, LRN_REST(p, c));
            vf_store(p.squares + i * p.stride + c, vf_mul(x, x));
        }
    }
}

/* The sum of the window around values[0], a window for each lane. */
static ALWAYS_INLINE vf lrn_window(const int size, const float *values)
{
    vf sum = vf_load(values - size / 2);

    for (int j = 1; j < size; ++j)
        sum = vf_add(sum, vf_load(values - size / 2 + j));
    return sum;
}

static ALWAYS_INLINE void lrn_responses(const int size, const bool usual, const bool whole,
                                        const lrn_terms g, const lrn_chunk p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.squares + i * p.stride + c);
            __builtin_prefetch(p.x + at + LRN_CHUNK); /* of the next chunk */
            __builtin_prefetch(p.out + at + LRN_CHUNK, 1);
            store_up_to(p.out + at, rest, lrn_response(usual, g, sum, load_up_to(p.x + at, rest)));
        }
    }
}

static ALWAYS_INLINE void lrn_numerators(const int size, const bool usual, const bool whole,
                                         const lrn_terms g, const lrn_chunk p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.squares + i * p.stride + c);
            vf t;
            __builtin_prefetch(p.x + at + LRN_CHUNK);
            __builtin_prefetch(p.dy + at + LRN_CHUNK);
            __builtin_prefetch(p.out + at + LRN_CHUNK, 1);
            store_up_to(p.out + at, rest,
                        lrn_as_numerator(usual, g, sum, load_up_to(p.x + at, rest),
                                         load_up_to(p.dy + at, rest), &t));
            vf_store(p.t + i * p.stride + c, t); /* 0 behind the maps, as x is */
        }
    }
}

static ALWAYS_INLINE void lrn_denominators(const int size, const bool whole, const lrn_terms g,
                                           const lrn_chunk p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.t + i * p.stride + c);
            store_up_to(p.out + at, rest,
                        lrn_as_denominator(g, sum, load_up_to(p.x + at, rest),
                                           load_up_to(p.out + at, rest)));
        }
    }
}

static ALWAYS_INLINE void lrn_run_chunk(const int size, const bool usual, const bool whole,
                                        const lrn_terms g, const lrn_chunk p)
{
    lrn_squares(whole, p);
    if (p.dy == NULL) {
        lrn_responses(size, usual, whole, g, p);
    } else {
        lrn_numerators(size, usual, whole, g, p);
        lrn_denominators(size, whole, g, p);
    }
}

/* Zeros around the lines of a chunk. They stay: lines are written between them. */
static void lrn_clear_sides(const lrn_plan *l, float *lines)
{
    for (int i = 0; i <= l->chunk; ++i)
        memset(lines + (ptrdiff_t)i * l->stride, 0, (size_t)l->side * sizeof *lines);
}

/* A row of pixels, one chunk at a time. */
static void lrn_across_row(const an_run *run, const an_lrn *g, const lrn_plan *l, const float *x,
                           const float *dy, float *out)
{
    float *squares = an_scratch_of_thread(run, l->squares, l->squares_floats);
    float *t = an_scratch_of_thread(run, l->t, l->t_floats);
    const lrn_terms terms = lrn_terms_of(g);
    lrn_chunk p = {
        .maps = l->maps, .stride = l->stride, .squares = squares + l->side, .t = t + l->side};

    lrn_clear_sides(l, squares);
    if (dy != NULL) lrn_clear_sides(l, t);
    for (int first = 0; first < l->lines; first += l->chunk) {
        p.lines = AN_MIN(l->chunk, l->lines - first);
        p.x = x + first * l->maps;
        p.dy = dy != NULL ? dy + first * l->maps : NULL;
        p.out = out + first * l->maps;
        if (g->size == 5 && g->beta == 0.75f && l->maps % LANES == 0) /* every AlexNet */
            lrn_run_chunk(5, true, true, terms, p);
        else if (g->beta == 0.75f)
            lrn_run_chunk(g->size, true, false, terms, p);
        else
            lrn_run_chunk(g->size, false, false, terms, p);
    }
}

/* ---- within a map ---- */

/* A block: some channels of all pixels of image n, `rest` of them in the arrays, whose pointers
   begin at the first one. */
typedef struct lrn_block {
    int n, channel, vectors, rest;
} lrn_block;

static int lrn_blocks(const an_lrn *g)
{
    return g->c / LRN_BLOCK + (g->c % LRN_BLOCK + LANES - 1) / LANES;
}

static lrn_block lrn_block_at(const an_lrn *g, int n, int i)
{
    const int wide = g->c / LRN_BLOCK;

    if (i < wide) return (lrn_block){n, i * LRN_BLOCK, LRN_BLOCK / LANES, LRN_BLOCK};
    const int channel = wide * LRN_BLOCK + (i - wide) * LANES;
    return (lrn_block){n, channel, 1, g->c - channel};
}

/* The pixels of a block, in a map or in scratch. */
typedef struct lrn_pixels {
    float *at;
    ptrdiff_t step; /* floats to the next pixel */
} lrn_pixels;

/* column[w][vectors]: the sum over the window's rows around row h; of squares where `squared`. */
static ALWAYS_INLINE void lrn_column(const int vectors, int rest, const bool squared,
                                     const an_lrn *g, int h, const lrn_pixels image, float *column)
{
    const int half = g->size / 2, width = g->w;
    const int first = AN_MAX(h - half, 0), last = AN_MIN(h + half, g->h - 1);
    const float *from = image.at + (ptrdiff_t)first * width * image.step;

    for (int w = 0; w < width; ++w, from += image.step, column += vectors * LANES) {
        const float *pixel = from;
        vf sum[LRN_BLOCK / LANES];
        UNROLL
        for (int v = 0; v < vectors; ++v)
            sum[v] = vf_zero();
        for (int i = first; i <= last; ++i, pixel += width * image.step) {
            UNROLL
            for (int v = 0; v < vectors; ++v) {
                const vf value = load_up_to(pixel + v * LANES, rest - v * LANES);
                sum[v] = vf_add(sum[v], squared ? vf_mul(value, value) : value);
            }
        }
        UNROLL
        for (int v = 0; v < vectors; ++v) {
            vf_store(column + v * LANES, sum[v]);
            __builtin_prefetch(pixel + v * LANES); /* of the row that comes next */
        }
    }
}

/* The sums of `column` over the window's pixels around pixel w. */
static ALWAYS_INLINE void lrn_along(const int vectors, const an_lrn *g, const float *column, int w,
                                    vf sum[])
{
    const int half = g->size / 2;
    const int first = AN_MAX(w - half, 0), last = AN_MIN(w + half, g->w - 1);

    UNROLL
    for (int v = 0; v < vectors; ++v)
        sum[v] = vf_zero();
    for (int i = first; i <= last; ++i)
        UNROLL
    for (int v = 0; v < vectors; ++v)
        sum[v] = vf_add(sum[v], vf_load(column + (i * vectors + v) * LANES));
}

/* Row h of the response. */
static ALWAYS_INLINE void lrn_row_response(const int vectors, int rest, const bool usual,
                                           const an_lrn *g, int h, const lrn_pixels x,
                                           const lrn_pixels y, float *column)
{
    const lrn_terms terms = lrn_terms_of(g);
    const ptrdiff_t row = (ptrdiff_t)h * g->w;
    vf sum[LRN_BLOCK / LANES];

    lrn_column(vectors, rest, true, g, h, x, column);
    for (int w = 0; w < g->w; ++w) {
        lrn_along(vectors, g, column, w, sum);
        UNROLL
        for (int v = 0; v < vectors; ++v) {
            const vf value = load_up_to(x.at + (row + w) * x.step + v * LANES, rest - v * LANES);
            store_up_to(y.at + (row + w) * y.step + v * LANES, rest - v * LANES,
                        lrn_response(usual, terms, sum[v], value));
        }
    }
}

/* t and the first half of dx. dy: of the row alone. */
static ALWAYS_INLINE void lrn_row_numerators(const int vectors, int rest, const bool usual,
                                             const an_lrn *g, int h, const lrn_pixels x,
                                             const lrn_pixels dy, const lrn_pixels t,
                                             const lrn_pixels dx, float *column)
{
    const lrn_terms terms = lrn_terms_of(g);
    const ptrdiff_t row = (ptrdiff_t)h * g->w;
    vf sum[LRN_BLOCK / LANES];

    lrn_column(vectors, rest, true, g, h, x, column);
    for (int w = 0; w < g->w; ++w) {
        lrn_along(vectors, g, column, w, sum);
        UNROLL
        for (int v = 0; v < vectors; ++v) {
            const int left = rest - v * LANES;
            const vf value = load_up_to(x.at + (row + w) * x.step + v * LANES, left);
            const vf given = load_up_to(dy.at + w * dy.step + v * LANES, left);
            vf product;
            store_up_to(dx.at + (row + w) * dx.step + v * LANES, left,
                        lrn_as_numerator(usual, terms, sum[v], value, given, &product));
            vf_store(t.at + (row + w) * t.step + v * LANES, product);
        }
    }
}

/* The second half. */
static ALWAYS_INLINE void lrn_row_denominators(const int vectors, int rest, const an_lrn *g, int h,
                                               const lrn_pixels x, const lrn_pixels t,
                                               const lrn_pixels dx, float *column)
{
    const lrn_terms terms = lrn_terms_of(g);
    const ptrdiff_t row = (ptrdiff_t)h * g->w;
    vf sum[LRN_BLOCK / LANES];

    lrn_column(vectors, LRN_BLOCK, false, g, h, t, column);
    for (int w = 0; w < g->w; ++w) {
        lrn_along(vectors, g, column, w, sum);
        UNROLL
        for (int v = 0; v < vectors; ++v) {
            const int left = rest - v * LANES;
            const vf value = load_up_to(x.at + (row + w) * x.step + v * LANES, left);
            float *to = dx.at + (row + w) * dx.step + v * LANES;
            store_up_to(to, left, lrn_as_denominator(terms, sum[v], value, load_up_to(to, left)));
        }
    }
}

/* The pooling of a block in scratch. */
static ALWAYS_INLINE void lrn_pool_block(const int vectors, const an_lrn *g, const lrn_block s,
                                         const float *made, float *y, uint8_t *argmax)
{
    an_pool part = g->pool;

    part.c = vectors * LANES;
    for (int p = 0; p < part.p; ++p) {
        const int h = p * part.stride - part.pad_top;
        const an_span rows = an_places_on_map(h, part.r, part.h);
        for (int q = 0; q < part.q; ++q) {
            const int w = q * part.stride - part.pad_left;
            const ptrdiff_t to = pool_pixel(s.n, p, q, part.p, part.q, g->c);
            max_channels(vectors, s.rest, &part, rows, an_places_on_map(w, part.s, part.w), made,
                         pool_pixel(0, h, w, part.h, part.w, part.c), y + to,
                         argmax != NULL ? argmax + to : NULL);
        }
    }
}

/* Row h of the gradient before the pooling, in scratch. */
static ALWAYS_INLINE void lrn_unpool_row(const int vectors, const an_lrn *g, const lrn_block s,
                                         int h, const float *dy, const uint8_t *argmax, float *made)
{
    const an_pool *pool = &g->pool;
    pooled_pixel at = {
        .n = s.n,
        .h = h,
        .rows = an_windows_over(h, pool->pad_top, pool->r, pool->stride, pool->p),
    };

    for (; at.w < g->w; ++at.w, made += vectors * LANES) {
        an_windows_move(&at.columns, at.w, pool->pad_left, pool->s, pool->stride, pool->q);
        max_gradients(vectors, s.rest, pool, at, dy, argmax, made);
    }
}

/* The arrays of a pass over a block, all from its first channel on. dy NULL: forward. */
typedef struct lrn_maps {
    const float *x, *dy;
    float *out; /* y or dx */
    uint8_t *argmax;
    float *column, *t, *made;
} lrn_maps;

static ALWAYS_INLINE void lrn_run_block(const int vectors, const bool usual, const an_lrn *g,
                                        const lrn_block s, const lrn_maps m)
{
    const bool pools = g->pool.r > 0;
    const int rest = s.rest, pitch = vectors * LANES;
    const size_t image = (size_t)s.n * (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const lrn_pixels x = {(float *)(uintptr_t)(m.x + image), g->c}; /* read only */
    const lrn_pixels made = {m.made, pitch}, t = {m.t, pitch};

    if (m.dy == NULL) {
        const lrn_pixels y = pools ? made : (lrn_pixels){m.out + image, g->c};
        for (int h = 0; h < g->h; ++h)
            lrn_row_response(vectors, rest, usual, g, h, x, y, m.column);
        if (pools) lrn_pool_block(vectors, g, s, m.made, m.out, m.argmax);
        return;
    }
    const lrn_pixels dx = {m.out + image, g->c};
    for (int h = 0; h < g->h; ++h) {
        const size_t row = image + (size_t)h * (size_t)g->w * (size_t)g->c;
        const lrn_pixels dy = pools ? made : (lrn_pixels){(float *)(uintptr_t)(m.dy + row), g->c};
        if (pools) lrn_unpool_row(vectors, g, s, h, m.dy, m.argmax, m.made);
        lrn_row_numerators(vectors, rest, usual, g, h, x, dy, t, dx, m.column);
    }
    for (int h = 0; h < g->h; ++h)
        lrn_row_denominators(vectors, rest, g, h, x, t, dx, m.column);
}

static void lrn_within(const an_run *run, const an_lrn *g, const lrn_plan *l, const float *x,
                       const float *dy, uint8_t *argmax, float *out)
{
    const int blocks = lrn_blocks(g);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int i = 0; i < blocks; ++i) {
            const lrn_block s = lrn_block_at(g, n, i);
            const int c = s.channel;
            const lrn_maps m = {x + c,
                                dy != NULL ? dy + c : NULL,
                                out + c,
                                argmax != NULL ? argmax + c : NULL,
                                an_scratch_of_thread(run, l->squares, l->squares_floats),
                                an_scratch_of_thread(run, l->t, l->t_floats),
                                an_scratch_of_thread(run, l->made, l->made_floats)};
            if (g->beta != 0.75f && s.vectors == 1)
                lrn_run_block(1, false, g, s, m);
            else if (g->beta != 0.75f)
                lrn_run_block(LRN_BLOCK / LANES, false, g, s, m);
            else if (s.vectors == 1)
                lrn_run_block(1, true, g, s, m);
            else
                lrn_run_block(LRN_BLOCK / LANES, true, g, s, m);
        }
    }
}

/* ---- across maps: forward ---- */

/* Rows first .. end-1 of the pooled outputs of image n. The rows that windows cover are made, and
   kept while the next windows need them. */
static void lrn_pooled_rows(const an_run *run, const an_lrn *g, const lrn_plan *l, int n, int first,
                            int end, const float *image, float *y, uint8_t *argmax)
{
    const an_pool *pool = &g->pool;
    float *made = an_scratch_of_thread(run, l->made, l->made_floats);
    an_span have = {0, 0};

    for (int p = first; p < end; ++p) {
        const int start = p * pool->stride - pool->pad_top;
        const an_span want = {AN_MAX(start, 0), AN_MIN(start + pool->r, g->h)};
        const int kept = AN_MAX(have.end - want.first, 0);
        if (kept > 0)
            memmove(made, made + (size_t)(want.first - have.first) * l->row,
                    (size_t)kept * l->row * sizeof *made);
        for (int h = want.first + kept; h < want.end; ++h)
            lrn_across_row(run, g, l, image + (size_t)h * l->row, NULL,
                           made + (size_t)(h - want.first) * l->row);
        have = want;
        /* the rows that were made, as a map with one row of windows */
        an_pool part = *pool;
        part.h = want.end - want.first;
        part.p = 1;
        part.pad_top = want.first - start;
        max_pool_row(&part, 0, n * pool->p + p, 0, made, y, argmax);
    }
}

static void lrn_across_forward(const an_run *run, const an_lrn *g, const lrn_plan *l,
                               const float *x, float *y, uint8_t *argmax)
{
    const bool pools = g->pool.r > 0;
    const int rows = pools ? g->pool.p : g->h;
    const int step = pools ? LRN_POOLED_ROWS : 1;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, pools ? 1 : 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < rows; h += step) {
            const size_t image = (size_t)n * (size_t)g->h * l->row, row = (size_t)h * l->row;
            if (pools)
                lrn_pooled_rows(run, g, l, n, h, AN_MIN(h + step, rows), x + image, y, argmax);
            else
                lrn_across_row(run, g, l, x + image + row, NULL, y + image + row);
        }
    }
}

/* ---- across maps: backward ---- */

static void lrn_across_backward(const an_run *run, const an_lrn *g, const lrn_plan *l,
                                const float *x, const float *dy, const uint8_t *argmax, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const size_t here = ((size_t)n * (size_t)g->h + (size_t)h) * l->row;
            float *made = an_scratch_of_thread(run, l->made, l->made_floats);
            if (g->pool.r > 0) max_gradient_row(&g->pool, n, h, dy, argmax, made);
            lrn_across_row(run, g, l, x + here, g->pool.r > 0 ? made : dy + here, dx + here);
        }
    }
}

/* ---- the primitives ---- */

static size_t lrn_scratch(const an_lrn *g, int threads) { return plan_lrn(g, threads).bytes; }

static alexnet_status lrn(const an_run *run, const an_lrn *g, const float *x, float *y,
                          uint8_t *argmax)
{
    const lrn_plan l = plan_lrn(g, run->threads);

    if (!an_scratch_fits(run, l.bytes)) return ALEXNET_BAD_ARG;
    if (g->within)
        lrn_within(run, g, &l, x, NULL, argmax, y);
    else
        lrn_across_forward(run, g, &l, x, y, argmax);
    return ALEXNET_OK;
}

static alexnet_status lrn_backward(const an_run *run, const an_lrn *g, const float *x,
                                   const float *dy, const uint8_t *argmax, float *dx)
{
    const lrn_plan l = plan_lrn(g, run->threads);

    if (!an_scratch_fits(run, l.bytes)) return ALEXNET_BAD_ARG;
    if (g->within)
        lrn_within(run, g, &l, x, dy, (uint8_t *)(uintptr_t)argmax, dx); /* read only */
    else
        lrn_across_backward(run, g, &l, x, dy, argmax, dx);
    return ALEXNET_OK;
}

#endif
