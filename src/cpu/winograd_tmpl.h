/*
 * winograd_tmpl.h: Winograd's convolution of a fast tier: forward, data gradient, weight gradient.
 *
 *     filters  w  -> U [point][block][c][NR]       once a call
 *     inputs   x  -> V [point][tile][c]            a chunk of tiles at a time
 *     products M [point][tile][k] = V U            one matrix product a point: the micro-kernel
 *     outputs  M  -> y, with bias and ReLU
 *
 * The data gradient is the same with dy for x and the filters turned round. The weight gradient has
 * dy -> Z [point][block][tile][NR], dU [point][block][c][NR] += V^T Z, and at the end dU -> dw.
 *
 * With a stride, x is copied to blocks of pixels first (an_winograd_blocks()), row of tiles by row of tiles.
 *
 * A unit is a row of tiles of one image. Chunks: where V and M of a few units fit into L2, each thread
 * takes chunks of its own (conv1, conv2); else all threads share one that fits into L3 (conv3 to conv5, whose
 * filters are too large to be read for every few tiles). In the products, what comes next is fetched to L2 a line
 * with every fourth step. Each sum is one run of the micro-kernel over all channels, or for the weight gradient
 * over the tiles of one chunk after the other: the bits do not depend on the threads.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/winograd.h"

#include "cpu/winograd_lines_tmpl.h"

#define DB_SLICES 16 /* of the sums of dy */

#define WINOGRAD_OWN_BYTES                                                                         \
    ((size_t)768                                                                                   \
     << 10) /* V and M of a thread's own chunk, most of its L2; a unit alone may take twice that */
#define WINOGRAD_OWN_FILTERS  ((size_t)4 << 20)  /* U that may be read again for each such chunk */
#define WINOGRAD_SHARED_BYTES ((size_t)24 << 20) /* V and M of a shared chunk */
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
    int units, chunk;                         /* in all; at a time */
    bool own;                                 /* each thread has chunks of its own */
    filter_panels filters;                    /* [r][r], of the filters as they are used */
    size_t block;                             /* floats of a block of U at one point */
    size_t point;                             /* floats of U at one point */
    ptrdiff_t v_row, m_row;                   /* floats from one tile to the next */
    size_t tiles[POINTS * POINTS];            /* of a point: the most that a chunk has */
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

/* The most of them that a chunk has. */
static size_t chunk_tiles(const winograd_plan *plan, int i, int j)
{
    const int with = plan->high_with[i];
    const int images = plan->chunk / plan->rows.tiles;
    const int high = plan->chunk % plan->rows.tiles == 0 ? images * with
                                                         : AN_MIN(plan->chunk, (images + 1) * with);

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

/* Those with most work first, so that the threads end at about the same time. */
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

/* The most units, in steps of `step`, whose V and M take at most so many bytes; at least one step. */
static void choose_chunk(winograd_plan *plan, int step, size_t bytes)
{
    plan->chunk = step;
    lay_out_points(plan);
    const size_t one = an_size_times(chunk_floats(plan), sizeof(float));
    const size_t fit = AN_MAX(bytes / one, 1);
    const int steps = (int)AN_MIN(fit, (size_t)((plan->units + step - 1) / step));

    plan->chunk = steps * step;
    lay_out_points(plan);
}

/* So few units, or images that are pooled, are shared by all threads, point by point: there is too little to hand out. */
#define SHARED_UNITS 16

/* Units as the weight gradient wants them: whole images for all threads; else as fits. */
static void choose_units(winograd_plan *plan, bool gradient)
{
    const size_t filters =
        an_size_times(an_size_times((size_t)points_in_all(plan), plan->point), sizeof(float));
    const int rows =
        plan->given.pool.r > 0 ? plan->given.n : plan->units; /* what a thread takes at once */

    choose_chunk(plan, 1, WINOGRAD_OWN_BYTES);
    plan->own = !gradient && rows > SHARED_UNITS && filters <= WINOGRAD_OWN_FILTERS &&
                an_size_times(chunk_floats(plan), sizeof(float)) <= 2 * WINOGRAD_OWN_BYTES;
    if (!plan->own)
        choose_chunk(plan, plan->rows.tiles,
                     gradient ? WINOGRAD_BACK_BYTES : WINOGRAD_SHARED_BYTES);
}

/* A thread makes rows of blocks, or of an unpooled gradient, under a row of tiles. */
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
    plan.u_at = an_scratch_floats(&scratch, given->prepared ? 0 : plan.u_floats);
    plan.v_at =
        plan.own ? an_scratch_per_thread(&scratch, threads, v) : an_scratch_floats(&scratch, v);
    plan.m_at =
        plan.own ? an_scratch_per_thread(&scratch, threads, m) : an_scratch_floats(&scratch, m);
    plan.db_at = an_scratch_floats(
        &scratch, gradient ? an_size_times(2 * DB_SLICES, (size_t)plan.out_c) : 0); /* doubles */
    plan.zeros_floats = (size_t)AN_MAX(odd_lines(plan.in_c), odd_lines(plan.out_c));
    plan.zeros_at = an_scratch_floats(&scratch, plan.zeros_floats);
    plan.rows_floats = made_rows_floats(&plan, pass);
    plan.rows_at = an_scratch_per_thread(&scratch, threads, plan.rows_floats);
    if (pass == AN_FORWARD && given->pool.r > 0) {
        plan.image_floats =
            an_size_times((size_t)plan.out_h * (size_t)plan.out_w, (size_t)plan.out_c);
        plan.images_at =
            plan.own
                ? an_scratch_per_thread(&scratch, threads, plan.image_floats)
                : an_scratch_floats(&scratch, an_size_times((size_t)(plan.chunk / plan.rows.tiles),
                                                            plan.image_floats));
    }
    plan.bytes = scratch.bytes;
    return plan;
}

/* What any batch up to g->n needs: a small one may be shared, where a large one is not. */
static size_t winograd_scratch(const an_conv2d *g, an_pass pass, int threads)
{
    const winograd_plan plan = plan_winograd(g, pass, threads);
    an_conv2d few = *g;

    few.n = AN_MIN(g->n, g->pool.r > 0 ? SHARED_UNITS : SHARED_UNITS / plan.rows.tiles);
    return few.n > 0 ? AN_MAX(plan.bytes, plan_winograd(&few, pass, threads).bytes) : plan.bytes;
}

/* ---- filters ---- */

/* Where element 0 of tap (i, j) lies in a block [r][r][c][NR] of filters, and that of point (i, j) in U, or dU. */
static size_t at_tap(const winograd_plan *plan, int i, int j)
{
    return (size_t)(i * plan->r + j) * plan->block;
}

static size_t at_point(const winograd_plan *plan, int b, int i, int j)
{
    return (size_t)(i * plan->columns.points + j) * plan->point + (size_t)b * plan->block;
}

/* U of block b, from the block of filters. */
static void transform_filters(const winograd_plan *plan, int b, const float *panel, float *u)
{
    const line_transform *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->g;
    const line_transform *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->g;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS];

    for (int i = 0; i < plan->r; ++i)
        for (int j = 0; j < plan->r; ++j)
            from[i][j] = panel + at_tap(plan, i, j);
    for (int i = 0; i < plan->rows.points; ++i)
        for (int j = 0; j < plan->columns.points; ++j)
            to[i][j] = u + at_point(plan, b, i, j);
    for (size_t e = 0; e < plan->block; e += LANES) { /* a channel and LANES filters */
        high->columns(plan->r, from, e, t);
        wide->rows(plan->rows.points, t, to, e);
    }
}

/* The gradients of a block of filters, from dU. */
static void transform_filters_back(const winograd_plan *plan, int b, const float *du, float *panel)
{
    const line_transform *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->gt;
    const line_transform *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->gt;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS];

    for (int i = 0; i < plan->rows.points; ++i)
        for (int j = 0; j < plan->columns.points; ++j)
            from[i][j] = du + at_point(plan, b, i, j);
    for (int i = 0; i < plan->r; ++i)
        for (int j = 0; j < plan->r; ++j)
            to[i][j] = panel + at_tap(plan, i, j);
    for (size_t e = 0; e < plan->block; e += LANES) {
        high->columns(plan->columns.points, from, e, t);
        wide->rows(plan->r, t, to, e);
    }
}

/* ---- blocks of pixels ---- */

/* Where in w[k][c][r][s] the weight of tap (i, j) of channel `c` of the blocks lies; -1: beyond the filter, a zero. */
static ptrdiff_t block_weight(const an_conv2d *g, int k, int c, int i, int j)
{
    const int r = i * g->stride + c / g->c / g->stride, s = j * g->stride + c / g->c % g->stride;

    if (r >= g->r || s >= g->s) return -1;
    return (((ptrdiff_t)k * g->c + c % g->c) * g->r + r) * g->s + s;
}

/* Block b of the filters, [r][r][c][NR], from w; and back. */
static void pack_block_filters(const winograd_plan *plan, int b, const float *w, float *panel)
{
    const int columns = block_columns(&plan->filters, b);

    for (int i = 0; i < plan->r; ++i) {
        for (int j = 0; j < plan->r; ++j) {
            for (int c = 0; c < plan->in_c; ++c) {
                const ptrdiff_t first = block_weight(&plan->given, b * NR, c, i, j);
                const ptrdiff_t filter = (ptrdiff_t)plan->given.c * plan->given.r * plan->given.s;
                for (int k = 0; k < NR; ++k, ++panel)
                    *panel = first >= 0 && k < columns ? w[first + k * filter] : 0;
            }
        }
    }
}

static void unpack_block_filters(const winograd_plan *plan, int b, const float *panel, float *w)
{
    const int columns = block_columns(&plan->filters, b);

    for (int i = 0; i < plan->r; ++i) {
        for (int j = 0; j < plan->r; ++j) {
            for (int c = 0; c < plan->in_c; ++c, panel += NR) {
                const ptrdiff_t first = block_weight(&plan->given, b * NR, c, i, j);
                const ptrdiff_t filter = (ptrdiff_t)plan->given.c * plan->given.r * plan->given.s;
                for (int k = 0; first >= 0 && k < columns; ++k)
                    w[first + k * filter] = panel[k];
            }
        }
    }
}

/* Row y of an image [h][w][c] as row dy of a row of blocks, [bx][dy][dx][c]; zeros beyond the edges. */
static void make_block_row(const winograd_plan *plan, const float *image, int y, int dy,
                           float *blocks)
{
    const an_conv2d *g = &plan->given;
    const int count = g->stride * g->c, width = g->w * g->c;
    const float *row = image + (ptrdiff_t)y * width;

    blocks += dy * count;
    for (int bx = 0; bx < plan->in_w; ++bx, blocks += plan->in_c) {
        const int from = bx * count - g->pad_left * g->c;
        const int first = AN_MAX(-from, 0),
                  last = y >= 0 && y < g->h ? AN_MIN(count, width - from) : 0;
        for (int i = 0; i < count; i += LANES) {
            const int lanes = AN_MIN(LANES, count - i);
            if (first == 0 && last == count) {
                vf_store_part(blocks + i, lanes, vf_load_part(row + from + i, lanes));
                continue;
            }
            for (int l = i; l < i + lanes; ++l)
                blocks[l] = l >= first && l < last ? row[from + l] : 0;
        }
    }
}

/* The rows of blocks under a row of tiles. */
static void make_blocks(const winograd_plan *plan, const float *image, an_winograd_tile high,
                        float *blocks)
{
    const int stride = plan->given.stride;

    for (int by = 0; by < high.points; ++by, blocks += plan->in_w * plan->in_c)
        for (int dy = 0; dy < stride; ++dy)
            make_block_row(plan, image, (high.first + by) * stride + dy - plan->given.pad_top, dy,
                           blocks);
}

/* ---- maps ---- */

/* What a pass reads and writes. */
typedef struct winograd_maps {
    const float *x, *zeros, *bias;
    const float *u; /* NULL: to be made of w */
    bool relu;
    float *y; /* of image `first_image` and those after it */
    int first_image;
    uint8_t *which; /* of the pooling that is part of the layer */
} winograd_maps;

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
    int point_row[POINTS], point_column[POINTS]; /* which of the filters' points the tile's are */
    size_t row[POINTS]; /* before it in the chunk: rows of tiles with this point */
} chunk_tile;

/* The tiles of unit `unit`; which of them, put_column() says. */
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

/* Which of the filters' points is the tile's point (i, j), and the tile's place among the tiles that have it. */
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

/* A map [n][h][w][c]. */
typedef struct map_shape {
    int h, w, c;
} map_shape;

/* `rows` x `columns` pixels of an image from (y, x) on; zeros beyond the edges. */
static void point_at_pixels(const float *image, map_shape map, int y, int x, int rows, int columns,
                            const float *zeros, tile_sources from)
{
    for (int i = 0; i < rows; ++i) {
        const bool inside = y + i >= 0 && y + i < map.h;
        const float *row = image + ((ptrdiff_t)(y + i) * map.w + x) * map.c;
        for (int j = 0; j < columns; ++j)
            from[i][j] = inside && x + j >= 0 && x + j < map.w ? row + (ptrdiff_t)j * map.c : zeros;
    }
}

/* The last `lanes` channels, fewer than LANES, from `at` on: copies, so that nothing behind a map is read. */
static void copy_last(int rows, int columns, size_t at, int lanes, tile_sources from,
                      vf copy[POINTS][POINTS])
{
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            copy[i][j] = vf_load_part(from[i][j] + at, lanes);
            from[i][j] = (const float *)&copy[i][j];
        }
    }
}

/* Where the input of a row of tiles lies: a map, and which of its rows is the tiles' first. */
typedef struct unit_input {
    const float *map;
    map_shape shape;
    int y;
} unit_input;

/* Rows of the gradient of image n before pooling, as far as there are any; `first` is the first that is wanted. */
static unit_input unpool(const an_run *run, const winograd_plan *plan, int n, int first, int rows,
                         const float *dy, const uint8_t *which)
{
    const an_pool *pool = &plan->given.pool;
    const int from = AN_MAX(first, 0), to = AN_MIN(first + rows, pool->h);
    float *made = an_scratch_of_thread(run, plan->rows_at, plan->rows_floats);

    for (int h = from; h < to; ++h)
        max_gradient_row(pool, n, h, dy, which,
                         made + (size_t)(h - from) * (size_t)pool->w * (size_t)pool->c);
    return (unit_input){made, {to - from, pool->w, pool->c}, first - from};
}

static unit_input input_of(const an_run *run, const winograd_plan *plan, int unit,
                           const winograd_maps *maps)
{
    const an_conv2d *g = &plan->given;
    const float *x = maps->x;
    const an_winograd_tile high = an_winograd_tile_at(&plan->rows, unit % plan->rows.tiles);
    const size_t image = (size_t)(unit / plan->rows.tiles);

    if (plan->back && g->pool.r > 0)
        return unpool(run, plan, (int)image, high.first - plan->top, high.points, x, maps->which);
    if (g->stride == 1)
        return (unit_input){x + image * (size_t)plan->in_h * (size_t)plan->in_w *
                                    (size_t)plan->in_c,
                            {plan->in_h, plan->in_w, plan->in_c},
                            high.first - plan->top};
    float *blocks = an_scratch_of_thread(run, plan->rows_at, plan->rows_floats);
    make_blocks(plan, x + image * (size_t)g->h * (size_t)g->w * (size_t)g->c, high, blocks);
    return (unit_input){blocks, {high.points, plan->in_w, plan->in_c}, 0};
}

/* V of one tile. */
static void transform_input(const winograd_plan *plan, const chunk_tile *spot,
                            const unit_input *input, const float *zeros, float *v)
{
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->bt;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->bt;
    const int rows = spot->high.points, columns = spot->wide.points;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], copy[POINTS][POINTS];

    point_at_pixels(input->map, input->shape, input->y, spot->wide.first - plan->left, rows,
                    columns, zeros, from);
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            to[i][j] = v + at_v(plan, spot, i, j);
    for (int c = 0; c < plan->in_c; c += LANES) {
        const bool whole = plan->in_c - c >= LANES;
        if (!whole) copy_last(rows, columns, (size_t)c, plan->in_c - c, from, copy);
        high->columns(columns, from, whole ? (size_t)c : 0, t);
        wide->rows(rows, t, to, (size_t)c);
    }
}

/* V of a row of tiles, or of its columns first .. last-1. */
static void transform_input_row(const an_run *run, const winograd_plan *plan,
                                const chunk_range *chunk, int unit, int first, int last,
                                const winograd_maps *maps, float *v)
{
    const unit_input input = input_of(run, plan, unit, maps);
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = first; column < last; ++column) {
        put_column(plan, &spot, column);
        transform_input(plan, &spot, &input, maps->zeros, v);
    }
}

/* y of one tile. */
static void transform_output(const winograd_plan *plan, const chunk_tile *spot, const float *m,
                             const winograd_maps *maps)
{
    const float *bias = maps->bias;
    const bool relu = maps->relu;
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->at;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->at;
    const map_shape map = {plan->out_h, plan->out_w, plan->out_c};
    const int rows = AN_MIN(spot->high.m, map.h - spot->high.first);
    const int columns = AN_MIN(spot->wide.m, map.w - spot->wide.first);
    float *pixels =
        maps->y +
        (((size_t)(spot->image - maps->first_image) * (size_t)map.h + (size_t)spot->high.first) *
             (size_t)map.w +
         (size_t)spot->wide.first) *
            (size_t)map.c;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], sums[POINTS][POINTS];

    for (int i = 0; i < spot->high.points; ++i)
        for (int j = 0; j < spot->wide.points; ++j)
            from[i][j] = m + at_m(plan, spot, i, j);
    for (int i = 0; i < POINTS; ++i)
        for (int j = 0; j < POINTS; ++j)
            to[i][j] = (float *)&sums[i][j];
    for (int k = 0; k < map.c; k += LANES) {
        const int lanes = AN_MIN(LANES, map.c - k);
        const vf add = bias != NULL ? vf_load_part(bias + k, lanes) : vf_zero();
        high->columns(spot->wide.points, from, (size_t)k, t);
        wide->rows(rows, t, to, 0);
        for (int i = 0; i < rows; ++i) {
            float *row = pixels + (size_t)i * (size_t)map.w * (size_t)map.c + (size_t)k;
            for (int j = 0; j < columns; ++j) {
                const vf sum = vf_add(sums[i][j], add);
                const vf result = relu ? vf_relu(sum) : sum;
                if (lanes == LANES)
                    vf_store(row + (size_t)j * (size_t)map.c, result);
                else
                    vf_store_part(row + (size_t)j * (size_t)map.c, lanes, result);
            }
        }
    }
}

/* y of a row of tiles, or of its columns first .. last-1. */
static void transform_output_row(const winograd_plan *plan, const chunk_range *chunk, int unit,
                                 int first, int last, const float *m, const winograd_maps *maps)
{
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = first; column < last; ++column) {
        put_column(plan, &spot, column);
        transform_output(plan, &spot, m, maps);
    }
}

/* ---- products ---- */

/* M at point p for the units of a chunk: rows of tiles times blocks of filters. Meanwhile come to L2: the next rows of V, a
   quarter of their lines with each of the first blocks; and the filters of point `next`, a part with each row of tiles. */
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
                .ahead = panel + (size_t)next * plan->point + (size_t)AN_MIN(r, 7) * quarter,
            };
            tile_run(rows, &t);
        }
    }
}

/* ---- forward and data gradient ---- */

/* U of all blocks: forward from the filters, for the data gradient from the filters turned round. */
static void prepare_filters(const an_run *run, const winograd_plan *plan, bool back, const float *w,
                            float *u)
{
    const phase whole = {.size = plan->r}; /* a stride of 1 has one phase */

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(&plan->filters); ++b) {
        float *panel = an_scratch_of_thread(run, plan->panels_at, plan->filters.block_floats);
        if (back)
            pack_turned(&plan->given, &plan->filters, b, whole, whole, w, panel);
        else if (plan->given.stride > 1)
            pack_block_filters(plan, b, w, panel);
        else
            pack_filters(&plan->filters, b, w, panel);
        transform_filters(plan, b, panel, u);
    }
}

/* A chunk of a thread's own: the units from `first` on, before `end`. */
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

/* An image of a thread's own, which ends pooled. */
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
        max_pool_row(pool, 0, n, p, mine.y, maps->y, maps->which);
}

/* A chunk of all threads. */
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
            max_pool_row(pool, n - here.first_image, n, p, here.y, maps->y, maps->which);
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
        prepare_filters(run, &plan, pass == AN_BACKWARD_DATA, w, u);
        maps.u = u;
    }
    maps.zeros = zero_pixel(run, &plan);
    if (plan.own && plan.image_floats > 0) {
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int n = 0; n < g->n; ++n)
            image_alone(run, &plan, n, &maps);
    } else if (plan.own) {
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

static size_t winograd_prepared_bytes(const an_conv2d *g)
{
    return an_size_times(plan_winograd(g, AN_FORWARD, 1).u_floats, sizeof(float));
}

static alexnet_status winograd_prepare(const an_run *run, const an_conv2d *g, const float *w,
                                       void *prepared)
{
    const winograd_plan plan = plan_winograd(g, AN_FORWARD, run->threads);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    prepare_filters(run, &plan, false, w, prepared);
    return ALEXNET_OK;
}

static alexnet_status winograd_forward(const an_run *run, const an_conv2d *g,
                                       const an_conv2d_tensors *t)
{
    return winograd_convolve(run, g, AN_FORWARD, t->w,
                             (winograd_maps){.x = t->x,
                                             .u = t->prepared,
                                             .bias = t->bias,
                                             .relu = t->relu,
                                             .y = t->y,
                                             .which = t->which});
}

static size_t winograd_data_scratch(const an_conv2d *g, int threads)
{
    return winograd_scratch(g, AN_BACKWARD_DATA, threads);
}

static alexnet_status winograd_backward_data(const an_run *run, const an_conv2d *g,
                                             const an_conv2d_tensors *t)
{
    return winograd_convolve(run, g, AN_BACKWARD_DATA, t->w,
                             (winograd_maps){.x = t->dy, .y = t->dx, .which = t->which});
}

/* ---- weight gradient ---- */

/* Z of one tile of dy. */
static void transform_gradient(const winograd_plan *plan, const chunk_tile *spot,
                               const unit_input *dy, const float *zeros, float *z)
{
    const line_transform *high = &transforms_of(plan->r, spot->high.m)->a;
    const line_transform *wide = &transforms_of(plan->r, spot->wide.m)->a;
    const filter_panels *f = &plan->filters;
    const int rows = spot->high.points, columns = spot->wide.points;
    tile_sources from;
    tile_targets to;
    vf t[POINTS][POINTS], copy[POINTS][POINTS];

    for (int b = 0; b < panels_blocks(f); ++b) {
        const int k = block_first(f, b), width = block_columns(f, b);
        point_at_pixels(dy->map, dy->shape, dy->y, spot->wide.first, spot->high.m, spot->wide.m,
                        zeros, from);
        for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < columns; ++j) {
                const int p = point_of(plan, spot, i, j);
                const size_t row = (size_t)b * plan->tiles[p] + place_of(plan, spot, i, j);
                to[i][j] = z + plan->m_at_point[p] + row * NR;
            }
        }
        for (int l = 0; l < NR; l += LANES) {
            const bool whole = width - l >= LANES;
            if (!whole)
                copy_last(spot->high.m, spot->wide.m, (size_t)(k + l), AN_MAX(width - l, 0), from,
                          copy);
            high->columns(spot->wide.m, from, whole ? (size_t)(k + l) : 0, t);
            wide->rows(rows, t, to, (size_t)l);
        }
    }
}

/* The gradient of the outputs of a row of tiles. */
static unit_input gradient_of(const an_run *run, const winograd_plan *plan, int unit,
                              const an_conv2d_tensors *t)
{
    const an_winograd_tile high = an_winograd_tile_at(&plan->rows, unit % plan->rows.tiles);
    const int n = unit / plan->rows.tiles;
    const size_t image = (size_t)plan->out_h * (size_t)plan->out_w * (size_t)plan->out_c;

    if (plan->given.pool.r > 0) return unpool(run, plan, n, high.first, high.m, t->dy, t->which);
    return (unit_input){
        t->dy + (size_t)n * image, {plan->out_h, plan->out_w, plan->out_c}, high.first};
}

/* Z of a row of tiles. */
static void transform_gradient_row(const an_run *run, const winograd_plan *plan,
                                   const chunk_range *chunk, int unit, const an_conv2d_tensors *t,
                                   const float *zeros, float *z)
{
    const unit_input dy = gradient_of(run, plan, unit, t);
    chunk_tile spot = tiles_of_unit(plan, chunk, unit);

    for (int column = 0; column < plan->columns.tiles; ++column) {
        put_column(plan, &spot, column);
        transform_gradient(plan, &spot, &dy, zeros, z);
    }
}

/* dU at point p += V^T Z over the tiles of a chunk. A tile's channels of V stay in L1 for all filters of their group;
   meanwhile the next ones come, a line of a tile of V with every fourth step. */
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
                .ahead =
                    du + (size_t)p * plan->point + (size_t)(b + 1) * plan->block + (size_t)c * NR,
            };
            tile_run(rows, &t);
        }
    }
}

/* db[k]: the sum over all pixels, in slices that are added up in order. */
static void sum_pixels(const an_run *run, int64_t pixels, int k_count, const float *dy,
                       double *sums, float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int slice = 0; slice < DB_SLICES; ++slice) {
        double *sum = sums + (size_t)slice * (size_t)k_count;
        for (int k = 0; k < k_count; ++k)
            sum[k] = 0;
        for (int64_t i = pixels * slice / DB_SLICES; i < pixels * (slice + 1) / DB_SLICES; ++i)
            for (int k = 0; k < k_count; ++k)
                sum[k] += (double)dy[(size_t)i * (size_t)k_count + (size_t)k];
    }
    for (int k = 0; k < k_count; ++k) {
        double sum = 0;
        for (int slice = 0; slice < DB_SLICES; ++slice)
            sum += sums[(size_t)slice * (size_t)k_count + (size_t)k];
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
