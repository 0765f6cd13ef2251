/*
 * winograd_plan_tmpl.h: the plan of Winograd's convolution: the tiles of a layer, the size of a
 * chunk, the layout of V, M, Z and U (see winograd_tmpl.h) and the scratch they take.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_WINOGRAD_PLAN_TMPL_H
#define AN_CPU_FP32_WINOGRAD_PLAN_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/fp32/conv2d_tmpl.h"
#include "cpu/fp32/winograd_lines_tmpl.h"
#include "cpu/scratch.h"
#include "cpu/simd/vectors_tmpl.h"
#include "cpu/winograd.h"

#define DB_PARTIALS 16 /* partial sums of dy */

#define WINOGRAD_PRIVATE_BYTES                                                                     \
    ((size_t)768                                                                                   \
     << 10) /* V and M of a private chunk, most of L2; a single unit may take twice that */
#define WINOGRAD_PRIVATE_FILTERS                                                                   \
    ((size_t)4 << 20)                            /* U that may be read again for each such chunk */
#define WINOGRAD_SHARED_BYTES ((size_t)12 << 20) /* V and M of a shared chunk */
#define WINOGRAD_BACK_BYTES   ((size_t)12 << 20) /* V and Z */

/* ---- the plan ---- */

typedef struct winograd_plan {
    an_conv2d given; /* as the layer has it; the rest describes an_winograd_blocks() of it */
    bool back;       /* data gradient: in are y's gradients, out x's */
    int r;
    int in_h, in_w, in_c, out_h, out_w, out_c;
    int top, left; /* zeros before the input */
    an_winograd_axis rows, columns;
    int high_with[POINTS], wide_with[POINTS]; /* tiles of rows and columns that have this point */
    int units, chunk, room;                   /* in all; at a time; what V and M have room for */
    bool private_chunks;           /* a chunk belongs to one thread; else all work on it */
    filter_panels filters;         /* [r][r], of the filters as they are used */
    size_t block;                  /* floats of a block of U at one point */
    size_t point;                  /* floats of U at one point */
    ptrdiff_t v_row, m_row;        /* floats from one tile to the next */
    size_t tiles[POINTS * POINTS]; /* of a point: the most that a chunk has */
    size_t v_at_point[POINTS * POINTS + 1], m_at_point[POINTS * POINTS + 1]; /* floats; then all */
    int order[POINTS * POINTS]; /* of the points: those with most tiles first */
    size_t u_floats, zeros_floats, rows_floats, image_floats;
    size_t panels_at, u_at, v_at, m_at, db_at, zeros_at, rows_at, images_at, bytes;
} winograd_plan;

/* Rows of tiles with point i in the units before u. */
static int rows_before(const winograd_plan *plan, int i, int u)
{
    const int with = plan->high_with[i];

    return u / plan->rows.tiles * with + AN_MIN(u % plan->rows.tiles, with);
}

/* The most tiles with point (i, j) that a chunk has. */
static size_t chunk_tiles(const winograd_plan *plan, int i, int j)
{
    const int with = plan->high_with[i];
    const int images = plan->room / plan->rows.tiles;
    const int high = plan->room % plan->rows.tiles == 0 ? images * with
                                                        : AN_MIN(plan->room, (images + 1) * with);

    return (size_t)high * (size_t)plan->wide_with[j];
}

/* Where the points lie in V and in M (or Z, whose rows are m_row wide in all). */
static void lay_out_points(winograd_plan *plan)
{
    size_t v = 0, m = 0;

    for (int i = 0; i < plan->rows.points; ++i) {
        for (int j = 0; j < plan->columns.points; ++j) {
            const int p = i * plan->columns.points + j;
            plan->tiles[p] = chunk_tiles(plan, i, j);
            plan->v_at_point[p] = v;
            plan->m_at_point[p] = m;
            v = an_size_plus(v, an_size_times(plan->tiles[p], (size_t)plan->v_row));
            m = an_size_plus(m, an_size_times(plan->tiles[p], (size_t)plan->m_row));
        }
    }
    plan->v_at_point[plan->rows.points * plan->columns.points] = v;
    plan->m_at_point[plan->rows.points * plan->columns.points] = m;
}

/* Points with most work first, so that the threads end at about the same time. */
static void order_points(winograd_plan *plan)
{
    int count = 0;

    for (int p = 0; p < plan->rows.points * plan->columns.points; ++p, ++count) {
        int at = count;
        for (; at > 0 && plan->tiles[plan->order[at - 1]] < plan->tiles[p]; --at)
            plan->order[at] = plan->order[at - 1];
        plan->order[at] = p;
    }
}

static int points_in_all(const winograd_plan *plan)
{
    return plan->rows.points * plan->columns.points;
}

static size_t chunk_floats(const winograd_plan *plan)
{
    return an_size_plus(plan->v_at_point[points_in_all(plan)],
                        plan->m_at_point[points_in_all(plan)]);
}

static void make_room(winograd_plan *plan, int units)
{
    plan->room = units;
    lay_out_points(plan);
}

/* Divides `units` units into chunks, multiples of `step`, of about the same size, whose V and M
   take at most `bytes` (one step may take more). A smaller batch needs no more room, though its
   chunks may be larger. */
static void choose_chunk(winograd_plan *plan, int units, int step, size_t bytes)
{
    make_room(plan, step);
    const size_t one = an_size_times(chunk_floats(plan), sizeof(float));
    const int steps = AN_MAX((units + step - 1) / step, 1); /* also of no images */
    const int fit = (int)AN_MIN(AN_MAX(bytes / one, 1), (size_t)steps);
    const int chunks = (steps + fit - 1) / fit;

    make_room(plan, fit * step);
    plan->chunk = (steps + chunks - 1) / chunks * step;
}

/* With at most so many units, or pooled images, all threads work on each chunk, point by point:
   there are too few chunks to give each thread some. */
#define SHARED_UNITS 16

/* The weight gradient takes whole images for all threads; the other passes take what fits. */
static void choose_units(winograd_plan *plan, bool gradient)
{
    const size_t filters =
        an_size_times(an_size_times((size_t)points_in_all(plan), plan->point), sizeof(float));
    const bool pools = plan->given.pool.r > 0;
    const int turns = pools ? plan->given.n : plan->units; /* a thread takes an image, or a chunk */

    make_room(plan, 1);
    plan->private_chunks =
        !gradient && turns > SHARED_UNITS && filters <= WINOGRAD_PRIVATE_FILTERS &&
        an_size_times(chunk_floats(plan), sizeof(float)) <= 2 * WINOGRAD_PRIVATE_BYTES;
    if (plan->private_chunks) /* filters come from L3 for each chunk: V and M may be there, too */
        choose_chunk(plan, pools ? plan->rows.tiles : plan->units, 1,
                     AN_MAX(WINOGRAD_PRIVATE_BYTES, filters + filters / 4));
    else
        choose_chunk(plan, plan->units, plan->rows.tiles,
                     gradient ? WINOGRAD_BACK_BYTES : WINOGRAD_SHARED_BYTES);
}

/* Rows of blocks, or of an unpooled gradient, that a thread makes for a row of tiles. */
static size_t made_rows_floats(const winograd_plan *plan, an_pass pass)
{
    size_t row = 0;

    if (plan->given.stride > 1) row = an_size_times((size_t)plan->in_w, (size_t)plan->in_c);
    if (plan->given.pool.r > 0 && pass != AN_FORWARD)
        row = AN_MAX(row, an_size_times((size_t)plan->given.q, (size_t)plan->given.k));
    return an_size_times((size_t)plan->rows.points, row);
}

static winograd_plan plan_winograd(const an_conv2d *given, an_pass pass, int threads)
{
    const bool back = pass == AN_BACKWARD_DATA, gradient = pass == AN_BACKWARD_WEIGHTS;
    const an_conv2d blocks = an_winograd_blocks(given), *g = &blocks;
    winograd_plan plan = {
        .given = *given,
        .back = back,
        .r = g->r,
        .in_h = back ? g->p : g->h,
        .in_w = back ? g->q : g->w,
        .in_c = back ? g->k : g->c,
        .out_h = back ? g->h : g->p,
        .out_w = back ? g->w : g->q,
        .out_c = back ? g->c : g->k,
        .top = back ? g->r - 1 - g->pad_top : g->pad_top,
        .left = back ? g->r - 1 - g->pad_left : g->pad_left,
    };
    an_scratch scratch = {0};

    plan.rows = an_winograd_cut(g->r, plan.out_h);
    plan.columns = an_winograd_cut(g->r, plan.out_w);
    for (int i = 0; i < plan.rows.points; ++i)
        plan.high_with[i] = an_winograd_tiles_with(&plan.rows, i);
    for (int j = 0; j < plan.columns.points; ++j)
        plan.wide_with[j] = an_winograd_tiles_with(&plan.columns, j);
    plan.units = g->n * plan.rows.tiles;
    plan.filters = panels_of(g->groups, plan.out_c / g->groups, plan.in_c / g->groups, g->r, g->r);
    plan.block = an_size_times((size_t)plan.filters.channels, NR);
    plan.point = an_size_times((size_t)panels_blocks(&plan.filters), plan.block);
    plan.v_row = odd_lines(plan.in_c);
    plan.m_row = gradient ? (ptrdiff_t)panels_blocks(&plan.filters) * NR : odd_lines(plan.out_c);
    choose_units(&plan, gradient);
    order_points(&plan);

    const size_t points = (size_t)points_in_all(&plan);
    const size_t v = plan.v_at_point[points], m = plan.m_at_point[points];
    plan.panels_at = an_scratch_per_thread(&scratch, threads, plan.filters.block_floats);
    plan.u_floats = an_size_times(points, plan.point);
    plan.u_at =
        an_scratch_floats(&scratch, given->packed && pass == AN_FORWARD ? 0 : plan.u_floats);
    plan.v_at = plan.private_chunks ? an_scratch_per_thread(&scratch, threads, v)
                                    : an_scratch_floats(&scratch, v);
    plan.m_at = plan.private_chunks ? an_scratch_per_thread(&scratch, threads, m)
                                    : an_scratch_floats(&scratch, m);
    plan.db_at = an_scratch_floats(
        &scratch, gradient ? an_size_times(2 * DB_PARTIALS, (size_t)plan.out_c) : 0); /* doubles */
    plan.zeros_floats = (size_t)AN_MAX(odd_lines(plan.in_c), odd_lines(plan.out_c));
    plan.zeros_at = an_scratch_floats(&scratch, plan.zeros_floats);
    plan.rows_floats = made_rows_floats(&plan, pass);
    plan.rows_at = an_scratch_per_thread(&scratch, threads, plan.rows_floats);
    if (pass == AN_FORWARD && given->pool.r > 0) {
        plan.image_floats =
            an_size_times((size_t)plan.out_h * (size_t)plan.out_w, (size_t)plan.out_c);
        plan.images_at =
            plan.private_chunks
                ? an_scratch_per_thread(&scratch, threads, plan.image_floats)
                : an_scratch_floats(&scratch, an_size_times((size_t)(plan.room / plan.rows.tiles),
                                                            plan.image_floats));
    }
    plan.bytes = scratch.bytes;
    return plan;
}

/* Enough for any batch up to g->n: a small one may have shared chunks where a large one has private
   ones. */
static size_t winograd_scratch(const an_conv2d *g, an_pass pass, int threads)
{
    const winograd_plan plan = plan_winograd(g, pass, threads);
    an_conv2d few = *g;

    few.n = AN_MIN(g->n, g->pool.r > 0 ? SHARED_UNITS : SHARED_UNITS / plan.rows.tiles);
    return few.n > 0 ? AN_MAX(plan.bytes, plan_winograd(&few, pass, threads).bytes) : plan.bytes;
}

/* ---- chunks and tiles ---- */

/* A chunk: the units first .. last-1. */
typedef struct chunk_range {
    int first, last;
    int rows_before[POINTS]; /* of tiles with point i, in the units before the first */
} chunk_range;

static chunk_range chunk_of(const winograd_plan *plan, int first, int end)
{
    chunk_range chunk = {.first = first, .last = AN_MIN(first + plan->chunk, end)};

    for (int i = 0; i < plan->rows.points; ++i)
        chunk.rows_before[i] = rows_before(plan, i, first);
    return chunk;
}

/* How many tiles of the chunk have point p. */
static int tiles_with(const winograd_plan *plan, const chunk_range *chunk, int p)
{
    const int i = p / plan->columns.points, j = p % plan->columns.points;

    return (rows_before(plan, i, chunk->last) - chunk->rows_before[i]) * plan->wide_with[j];
}

/* A tile of a chunk. */
typedef struct chunk_tile {
    an_winograd_tile high, wide;
    int image, column;
    int point_row[POINTS], point_column[POINTS]; /* the tile's points among the filters' */
    size_t row[POINTS]; /* before it in the chunk: rows of tiles with this point */
} chunk_tile;

/* The tiles of unit `unit`; put_column() chooses one. */
static chunk_tile tiles_of_unit(const winograd_plan *plan, const chunk_range *chunk, int unit)
{
    chunk_tile t = {.high = an_winograd_tile_at(&plan->rows, unit % plan->rows.tiles),
                    .image = unit / plan->rows.tiles};

    for (int i = 0; i < t.high.points; ++i) {
        t.point_row[i] = an_winograd_point(&plan->rows, t.high.points, i);
        t.row[i] =
            (size_t)(rows_before(plan, t.point_row[i], unit) - chunk->rows_before[t.point_row[i]]);
    }
    return t;
}

static void put_column(const winograd_plan *plan, chunk_tile *t, int column)
{
    t->column = column;
    t->wide = an_winograd_tile_at(&plan->columns, column);
    for (int j = 0; j < t->wide.points; ++j)
        t->point_column[j] = an_winograd_point(&plan->columns, t->wide.points, j);
}

/* The filters' point that is the tile's point (i, j), and the tile's place among the tiles that
   have it. */
static int point_of(const winograd_plan *plan, const chunk_tile *t, int i, int j)
{
    return t->point_row[i] * plan->columns.points + t->point_column[j];
}

static size_t place_of(const winograd_plan *plan, const chunk_tile *t, int i, int j)
{
    return t->row[i] * (size_t)plan->wide_with[t->point_column[j]] + (size_t)t->column;
}

static size_t at_v(const winograd_plan *plan, const chunk_tile *t, int i, int j)
{
    return plan->v_at_point[point_of(plan, t, i, j)] +
           place_of(plan, t, i, j) * (size_t)plan->v_row;
}

static size_t at_m(const winograd_plan *plan, const chunk_tile *t, int i, int j)
{
    return plan->m_at_point[point_of(plan, t, i, j)] +
           place_of(plan, t, i, j) * (size_t)plan->m_row;
}

#endif
