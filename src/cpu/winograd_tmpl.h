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
 * A unit is a row of tiles of one image. Chunks: where V and M of a few units fit into L2, each thread
 * takes chunks of its own (conv2); else all threads share one that fits into L3 (conv3 to conv5, whose
 * filters are too large to be read for every few tiles). Each sum is one run of the micro-kernel over
 * all channels, or for the weight gradient over the tiles of one chunk after the other: the bits do not
 * depend on the threads.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/winograd.h"

#include "cpu/winograd_transforms.inc"

#define POINTS AN_WINOGRAD_POINTS

#define DB_SLICES 16 /* of the sums of dy */

#define WINOGRAD_OWN_BYTES     ((size_t)768 << 10)  /* V and M of a thread's own chunk, most of its L2; a unit alone may take twice that */
#define WINOGRAD_OWN_FILTERS   ((size_t)4 << 20)    /* U that may be read again for each such chunk */
#define WINOGRAD_SHARED_BYTES  ((size_t)20 << 20)   /* V and M, or V and Z, of a shared chunk */

/* ---- one tile: vectors of LANES channels, t[row][column] ---- */

/* Applies a transform of `in` to `out` numbers to columns, or rows, 0 .. count-1 of t. */
#define LINES(transform, in, out)                                                                  \
    static void transform##_columns(int count, vf t[POINTS][POINTS])                               \
    {                                                                                              \
        for (int j = 0; j < count; ++j) {                                                          \
            vf from[in], to[out];                                                                  \
            UNROLL                                                                                 \
            for (int i = 0; i < (in); ++i)                                                         \
                from[i] = t[i][j];                                                                 \
            transform(from, to);                                                                   \
            UNROLL                                                                                 \
            for (int i = 0; i < (out); ++i)                                                        \
                t[i][j] = to[i];                                                                   \
        }                                                                                          \
    }                                                                                              \
    static void transform##_rows(int count, vf t[POINTS][POINTS])                                  \
    {                                                                                              \
        for (int i = 0; i < count; ++i) {                                                          \
            vf to[out];                                                                            \
            transform(t[i], to);                                                                   \
            UNROLL                                                                                 \
            for (int j = 0; j < (out); ++j)                                                        \
                t[i][j] = to[j];                                                                   \
        }                                                                                          \
    }

typedef void (*line_transform)(int count, vf t[POINTS][POINTS]);

/* A transform of both axes. */
typedef struct both_ways {
    line_transform columns, rows;
} both_ways;

/* The transforms of one tile size: inputs, outputs, gradients of outputs, filters and their gradients. */
typedef struct tile_transforms {
    both_ways bt, at, a, g, gt;
} tile_transforms;

#define ALL_LINES(r, m)                                                                            \
    LINES(winograd_bt_##r##_##m, (m) + (r)-1, (m) + (r)-1)                                         \
    LINES(winograd_at_##r##_##m, (m) + (r)-1, m)                                                   \
    LINES(winograd_a_##r##_##m, m, (m) + (r)-1)                                                    \
    LINES(winograd_g_##r##_##m, r, (m) + (r)-1)                                                    \
    LINES(winograd_gt_##r##_##m, (m) + (r)-1, r)
#define BOTH(transform) {transform##_columns, transform##_rows}
#define ALL_BOTH(r, m)                                                                             \
    {BOTH(winograd_bt_##r##_##m), BOTH(winograd_at_##r##_##m), BOTH(winograd_a_##r##_##m),         \
     BOTH(winograd_g_##r##_##m), BOTH(winograd_gt_##r##_##m)}

ALL_LINES(3, 2)
ALL_LINES(3, 3)
ALL_LINES(3, 4)
ALL_LINES(3, 5)
ALL_LINES(5, 2)
ALL_LINES(5, 3)
ALL_LINES(5, 4)

static const tile_transforms *transforms_of(int r, int m)
{
    static const tile_transforms of_3[] = {ALL_BOTH(3, 2), ALL_BOTH(3, 3), ALL_BOTH(3, 4),
                                           ALL_BOTH(3, 5)};
    static const tile_transforms of_5[] = {ALL_BOTH(5, 2), ALL_BOTH(5, 3), ALL_BOTH(5, 4)};

    return r == 3 ? &of_3[m - 2] : &of_5[m - 2];
}

/* ---- the plan ---- */

typedef struct winograd_plan {
    int r;
    int in_h, in_w, in_c, out_h, out_w, out_c;
    int top, left; /* zeros before the input */
    an_winograd_axis rows, columns;
    int high_with[POINTS], wide_with[POINTS]; /* tiles of rows and columns that have this point */
    int units, chunk;          /* in all; at a time */
    bool own;                  /* each thread has chunks of its own */
    filter_panels filters;     /* [r][r], of the filters as they are used */
    size_t block;              /* floats of a block of U at one point */
    size_t point;              /* floats of U at one point */
    ptrdiff_t v_row, m_row;    /* floats from one tile to the next */
    size_t tiles[POINTS * POINTS]; /* of a point: the most that a chunk has */
    size_t v_at_point[POINTS * POINTS + 1], m_at_point[POINTS * POINTS + 1]; /* floats; then all */
    size_t panels_at, u_at, v_at, m_at, db_at, bytes;
} winograd_plan;

/* Rows of tiles with point i in the units before u. */
static int rows_before(const winograd_plan *plan, int i, int u)
{
    const int with = plan->high_with[i];

    return u / plan->rows.tiles * with + AN_MIN(u % plan->rows.tiles, with);
}

/* Tiles with point (i, j) in the units first .. last-1. */
static int tiles_between(const winograd_plan *plan, int i, int j, int first, int last)
{
    return (rows_before(plan, i, last) - rows_before(plan, i, first)) * plan->wide_with[j];
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

/* Units as the weight gradient wants them: whole images for all threads; else as fits. */
static void choose_units(winograd_plan *plan, bool gradient)
{
    const size_t filters =
        an_size_times(an_size_times((size_t)points_in_all(plan), plan->point), sizeof(float));

    choose_chunk(plan, 1, WINOGRAD_OWN_BYTES);
    plan->own = !gradient && filters <= WINOGRAD_OWN_FILTERS &&
                an_size_times(chunk_floats(plan), sizeof(float)) <= 2 * WINOGRAD_OWN_BYTES;
    if (!plan->own) choose_chunk(plan, plan->rows.tiles, WINOGRAD_SHARED_BYTES);
}

static winograd_plan plan_winograd(const an_conv2d *g, an_pass pass, int threads)
{
    const bool back = pass == AN_BACKWARD_DATA, gradient = pass == AN_BACKWARD_WEIGHTS;
    winograd_plan plan = {
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
    plan.filters =
        panels_of(g->groups, plan.out_c / g->groups, plan.in_c / g->groups, g->r, g->r);
    plan.block = an_size_times((size_t)plan.filters.channels, NR);
    plan.point = an_size_times((size_t)panels_blocks(&plan.filters), plan.block);
    plan.v_row = odd_lines(plan.in_c);
    plan.m_row = gradient ? (ptrdiff_t)panels_blocks(&plan.filters) * NR : odd_lines(plan.out_c);
    choose_units(&plan, gradient);

    const size_t points = (size_t)points_in_all(&plan);
    const size_t v = plan.v_at_point[points], m = plan.m_at_point[points];
    plan.panels_at = an_scratch_per_thread(&scratch, threads, plan.filters.block_floats);
    plan.u_at = an_scratch_floats(&scratch, an_size_times(points, plan.point));
    plan.v_at = plan.own ? an_scratch_per_thread(&scratch, threads, v) : an_scratch_floats(&scratch, v);
    plan.m_at = plan.own ? an_scratch_per_thread(&scratch, threads, m) : an_scratch_floats(&scratch, m);
    plan.db_at = an_scratch_floats(
        &scratch, gradient ? an_size_times(2 * DB_SLICES, (size_t)plan.out_c) : 0); /* doubles */
    plan.bytes = scratch.bytes;
    return plan;
}

/* ---- filters ---- */

/* U of block b, from the block [r][r][c][NR]. */
static void transform_filters(const winograd_plan *plan, int b, const float *panel, float *u)
{
    const both_ways *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->g;
    const both_ways *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->g;
    vf t[POINTS][POINTS];

    u += (size_t)b * plan->block;
    for (size_t e = 0; e < plan->block; e += LANES) { /* a channel and LANES filters */
        for (int i = 0; i < plan->r; ++i)
            for (int j = 0; j < plan->r; ++j)
                t[i][j] = vf_load(panel + (size_t)(i * plan->r + j) * plan->block + e);
        high->columns(plan->r, t);
        wide->rows(plan->rows.points, t);
        for (int i = 0; i < plan->rows.points; ++i)
            for (int j = 0; j < plan->columns.points; ++j)
                vf_store(u + (size_t)(i * plan->columns.points + j) * plan->point + e, t[i][j]);
    }
}

/* The gradients in [r][r][c][NR], from dU of block b. */
static void transform_filters_back(const winograd_plan *plan, int b, const float *du, float *panel)
{
    const both_ways *high = &transforms_of(plan->r, plan->rows.points - plan->r + 1)->gt;
    const both_ways *wide = &transforms_of(plan->r, plan->columns.points - plan->r + 1)->gt;
    vf t[POINTS][POINTS];

    du += (size_t)b * plan->block;
    for (size_t e = 0; e < plan->block; e += LANES) {
        for (int i = 0; i < plan->rows.points; ++i)
            for (int j = 0; j < plan->columns.points; ++j)
                t[i][j] = vf_load(du + (size_t)(i * plan->columns.points + j) * plan->point + e);
        high->columns(plan->columns.points, t);
        wide->rows(plan->r, t);
        for (int i = 0; i < plan->r; ++i)
            for (int j = 0; j < plan->r; ++j)
                vf_store(panel + (size_t)(i * plan->r + j) * plan->block + e, t[i][j]);
    }
}

/* ---- maps ---- */

/* A tile of a chunk that begins with unit `first`. */
typedef struct chunk_tile {
    an_winograd_tile high, wide;
    int image;
    size_t at[POINTS][POINTS]; /* its row among the tiles of each of its points */
    int point[POINTS][POINTS];
} chunk_tile;

static chunk_tile spot_of(const winograd_plan *plan, int first, int u, int column)
{
    chunk_tile t = {.high = an_winograd_tile_at(&plan->rows, u % plan->rows.tiles),
                    .wide = an_winograd_tile_at(&plan->columns, column),
                    .image = u / plan->rows.tiles};

    for (int i = 0; i < t.high.points; ++i) {
        const int pi = an_winograd_point(&plan->rows, t.high.points, i);
        const int row = rows_before(plan, pi, u) - rows_before(plan, pi, first);
        for (int j = 0; j < t.wide.points; ++j) {
            const int pj = an_winograd_point(&plan->columns, t.wide.points, j);
            t.point[i][j] = pi * plan->columns.points + pj;
            t.at[i][j] = (size_t)row * (size_t)plan->wide_with[pj] + (size_t)column;
        }
    }
    return t;
}

/* `rows` x `columns` pixels of an image [h][w][c] from (y, x) on, channels from c on; 0 beyond the edges. */
static ALWAYS_INLINE void load_pixels(const float *image, int h, int w, int c_count, int y, int x,
                                      int rows, int columns, int c, int lanes, vf t[POINTS][POINTS])
{
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            const float *pixel = image + ((ptrdiff_t)(y + i) * w + (x + j)) * c_count + c;
            if (y + i < 0 || y + i >= h || x + j < 0 || x + j >= w)
                t[i][j] = vf_zero();
            else
                t[i][j] = lanes == LANES ? vf_load(pixel) : vf_load_part(pixel, lanes);
        }
    }
}

/* V of one tile. */
static void transform_input(const winograd_plan *plan, const chunk_tile *spot, const float *x,
                            float *v)
{
    const tile_transforms *high = transforms_of(plan->r, spot->high.m);
    const tile_transforms *wide = transforms_of(plan->r, spot->wide.m);
    const float *image =
        x + (size_t)spot->image * (size_t)plan->in_h * (size_t)plan->in_w * (size_t)plan->in_c;
    vf t[POINTS][POINTS];

    for (int c = 0; c < plan->in_c; c += LANES) {
        load_pixels(image, plan->in_h, plan->in_w, plan->in_c, spot->high.first - plan->top,
                    spot->wide.first - plan->left, spot->high.points, spot->wide.points, c,
                    AN_MIN(LANES, plan->in_c - c), t);
        high->bt.columns(spot->wide.points, t);
        wide->bt.rows(spot->high.points, t);
        for (int i = 0; i < spot->high.points; ++i)
            for (int j = 0; j < spot->wide.points; ++j)
                vf_store(v + plan->v_at_point[spot->point[i][j]] +
                             spot->at[i][j] * (size_t)plan->v_row + c,
                         t[i][j]);
    }
}

/* y of one tile. */
static void transform_output(const winograd_plan *plan, const chunk_tile *spot, const float *m,
                             const float *bias, bool relu, float *y)
{
    const tile_transforms *high = transforms_of(plan->r, spot->high.m);
    const tile_transforms *wide = transforms_of(plan->r, spot->wide.m);
    const int rows = AN_MIN(spot->high.m, plan->out_h - spot->high.first);
    const int columns = AN_MIN(spot->wide.m, plan->out_w - spot->wide.first);
    float *to = y + (((size_t)spot->image * (size_t)plan->out_h + (size_t)spot->high.first) *
                         (size_t)plan->out_w +
                     (size_t)spot->wide.first) *
                        (size_t)plan->out_c;
    vf t[POINTS][POINTS];

    for (int k = 0; k < plan->out_c; k += LANES) {
        const int lanes = AN_MIN(LANES, plan->out_c - k);
        const vf add = bias != NULL ? vf_load_part(bias + k, lanes) : vf_zero();
        for (int i = 0; i < spot->high.points; ++i)
            for (int j = 0; j < spot->wide.points; ++j)
                t[i][j] = vf_load(m + plan->m_at_point[spot->point[i][j]] +
                                  spot->at[i][j] * (size_t)plan->m_row + k);
        high->at.columns(spot->wide.points, t);
        wide->at.rows(rows, t);
        for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < columns; ++j) {
                const vf sum = vf_add(t[i][j], add);
                float *pixel =
                    to + ((size_t)i * (size_t)plan->out_w + (size_t)j) * (size_t)plan->out_c + k;
                if (lanes == LANES)
                    vf_store(pixel, relu ? vf_relu(sum) : sum);
                else
                    vf_store_part(pixel, lanes, relu ? vf_relu(sum) : sum);
            }
        }
    }
}

/* ---- products ---- */

/* M at point (i, j) for the units first .. last-1: rows of tiles times blocks of filters. */
static void multiply(const winograd_plan *plan, int i, int j, int first, int last, const float *v,
                     const float *u, float *m)
{
    const filter_panels *f = &plan->filters;
    const int p = i * plan->columns.points + j;
    const int count = tiles_between(plan, i, j, first, last);
    const int blocks = panels_blocks(f);

    for (int r = 0; r < tiles_of(count); ++r) {
        const int row = tile_first(count, r), rows = tile_first(count, r + 1) - row;
        const float *a = v + plan->v_at_point[p] + (size_t)row * (size_t)plan->v_row;
        for (int b = 0; b < blocks; ++b) {
            const float *panel = u + (size_t)p * plan->point + (size_t)b * plan->block;
            const tile t = {
                .columns = block_columns(f, b),
                .outer = 1,
                .inner = 1,
                .run = f->channels,
                .a = a + b / f->blocks * f->channels,
                .a_row = plan->v_row,
                .a_step = 1,
                .b = panel,
                .c = m + plan->m_at_point[p] + (size_t)row * (size_t)plan->m_row + block_first(f, b),
                .c_row = plan->m_row,
                .fetch = panel + plan->block, /* the next block, or the next point's first */
                .fetch_step = NR,
            };
            tile_run(rows, &t);
        }
    }
}

/* ---- forward and data gradient ---- */

/* U of all blocks: forward from the filters, for the data gradient from the filters turned round. */
static void prepare_filters(const an_run *run, const an_conv2d *g, const winograd_plan *plan,
                            bool back, const float *w, float *u)
{
    const phase whole = {.size = g->r}; /* a stride of 1 has one phase */

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(&plan->filters); ++b) {
        float *panel = an_scratch_of_thread(run, plan->panels_at, plan->filters.block_floats);
        if (back)
            pack_turned(g, &plan->filters, b, whole, whole, w, panel);
        else
            pack_filters(&plan->filters, b, w, panel);
        transform_filters(plan, b, panel, u);
    }
}

static void chunk_alone(const an_run *run, const winograd_plan *plan, int first, int last,
                        const float *u, const float *x, const float *bias, bool relu, float *y)
{
    const int points = points_in_all(plan);
    float *v = an_scratch_of_thread(run, plan->v_at, plan->v_at_point[points]);
    float *m = an_scratch_of_thread(run, plan->m_at, plan->m_at_point[points]);

    for (int unit = first; unit < last; ++unit) {
        for (int column = 0; column < plan->columns.tiles; ++column) {
            const chunk_tile spot = spot_of(plan, first, unit, column);
            transform_input(plan, &spot, x, v);
        }
    }
    for (int p = 0; p < points; ++p)
        multiply(plan, p / plan->columns.points, p % plan->columns.points, first, last, v, u, m);
    for (int unit = first; unit < last; ++unit) {
        for (int column = 0; column < plan->columns.tiles; ++column) {
            const chunk_tile spot = spot_of(plan, first, unit, column);
            transform_output(plan, &spot, m, bias, relu, y);
        }
    }
}

static void chunk_together(const an_run *run, const winograd_plan *plan, int first, int last,
                           const float *u, const float *x, const float *bias, bool relu, float *y)
{
    float *v = an_scratch_at(run, plan->v_at), *m = an_scratch_at(run, plan->m_at);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int unit = first; unit < last; ++unit) {
        for (int column = 0; column < plan->columns.tiles; ++column) {
            const chunk_tile spot = spot_of(plan, first, unit, column);
            transform_input(plan, &spot, x, v);
        }
    }
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int p = 0; p < points_in_all(plan); ++p)
        multiply(plan, p / plan->columns.points, p % plan->columns.points, first, last, v, u, m);
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int unit = first; unit < last; ++unit) {
        for (int column = 0; column < plan->columns.tiles; ++column) {
            const chunk_tile spot = spot_of(plan, first, unit, column);
            transform_output(plan, &spot, m, bias, relu, y);
        }
    }
}

static alexnet_status winograd_convolve(const an_run *run, const an_conv2d *g, an_pass pass,
                                        const float *x, const float *w, const float *bias,
                                        bool relu, float *y)
{
    const winograd_plan plan = plan_winograd(g, pass, run->threads);
    float *u = an_scratch_at(run, plan.u_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    prepare_filters(run, g, &plan, pass == AN_BACKWARD_DATA, w, u);
    if (plan.own) {
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int first = 0; first < plan.units; first += plan.chunk)
            chunk_alone(run, &plan, first, AN_MIN(first + plan.chunk, plan.units), u, x, bias, relu,
                        y);
    } else {
        for (int first = 0; first < plan.units; first += plan.chunk)
            chunk_together(run, &plan, first, AN_MIN(first + plan.chunk, plan.units), u, x, bias,
                           relu, y);
    }
    return ALEXNET_OK;
}

static size_t winograd_forward_scratch(const an_conv2d *g, int threads)
{
    return plan_winograd(g, AN_FORWARD, threads).bytes;
}

static alexnet_status winograd_forward(const an_run *run, const an_conv2d *g,
                                       const an_conv2d_tensors *t)
{
    return winograd_convolve(run, g, AN_FORWARD, t->x, t->w, t->bias, t->relu, t->y);
}

static size_t winograd_data_scratch(const an_conv2d *g, int threads)
{
    return plan_winograd(g, AN_BACKWARD_DATA, threads).bytes;
}

static alexnet_status winograd_backward_data(const an_run *run, const an_conv2d *g,
                                             const an_conv2d_tensors *t)
{
    return winograd_convolve(run, g, AN_BACKWARD_DATA, t->dy, t->w, NULL, false, t->dx);
}

/* ---- weight gradient ---- */

/* Z of one tile of dy. */
static void transform_gradient(const winograd_plan *plan, const chunk_tile *spot, const float *dy,
                               float *z)
{
    const tile_transforms *high = transforms_of(plan->r, spot->high.m);
    const tile_transforms *wide = transforms_of(plan->r, spot->wide.m);
    const filter_panels *f = &plan->filters;
    const float *image =
        dy + (size_t)spot->image * (size_t)plan->out_h * (size_t)plan->out_w * (size_t)plan->out_c;
    vf t[POINTS][POINTS];

    for (int b = 0; b < panels_blocks(f); ++b) {
        for (int l = 0; l < NR; l += LANES) {
            const int lanes = AN_MAX(AN_MIN(LANES, block_columns(f, b) - l), 0);
            load_pixels(image, plan->out_h, plan->out_w, plan->out_c, spot->high.first,
                        spot->wide.first, spot->high.m, spot->wide.m, block_first(f, b) + l, lanes,
                        t);
            high->a.columns(spot->wide.m, t);
            wide->a.rows(spot->high.points, t);
            for (int i = 0; i < spot->high.points; ++i) {
                for (int j = 0; j < spot->wide.points; ++j) {
                    const int p = spot->point[i][j];
                    const size_t row = (size_t)b * plan->tiles[p] + spot->at[i][j];
                    vf_store(z + plan->m_at_point[p] + row * NR + (size_t)l, t[i][j]);
                }
            }
        }
    }
}

/* dU at point (i, j) += V^T Z over the tiles of the units first .. last-1. */
static void multiply_back(const winograd_plan *plan, int i, int j, int first, int last, bool add,
                          const float *v, const float *z, float *du)
{
    const filter_panels *f = &plan->filters;
    const int p = i * plan->columns.points + j;
    const int count = tiles_between(plan, i, j, first, last);

    for (int b = 0; b < panels_blocks(f); ++b) {
        const float *panel = z + plan->m_at_point[p] + (size_t)b * plan->tiles[p] * NR;
        for (int r = 0; r < tiles_of(f->channels); ++r) {
            const int c = tile_first(f->channels, r);
            const tile t = {
                .columns = NR,
                .outer = 1,
                .inner = 1,
                .run = count,
                .a = v + plan->v_at_point[p] + b / f->blocks * f->channels + c,
                .a_row = 1,
                .a_step = plan->v_row,
                .b = panel,
                .c = du + (size_t)p * plan->point + (size_t)b * plan->block + (size_t)c * NR,
                .c_row = NR,
                .add = add,
                .fetch = panel,
            };
            tile_run(tile_first(f->channels, r + 1) - c, &t);
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
    return plan_winograd(g, AN_BACKWARD_WEIGHTS, threads).bytes;
}

static alexnet_status winograd_backward_weights(const an_run *run, const an_conv2d *g,
                                                const an_conv2d_tensors *t)
{
    const winograd_plan plan = plan_winograd(g, AN_BACKWARD_WEIGHTS, run->threads);
    float *du = an_scratch_at(run, plan.u_at);
    float *v = an_scratch_at(run, plan.v_at), *z = an_scratch_at(run, plan.m_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    for (int first = 0; first < plan.units; first += plan.chunk) {
        const int last = AN_MIN(first + plan.chunk, plan.units);
        AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
        for (int unit = first; unit < last; ++unit) {
            for (int column = 0; column < plan.columns.tiles; ++column) {
                const chunk_tile spot = spot_of(&plan, first, unit, column);
                transform_input(&plan, &spot, t->x, v);
                transform_gradient(&plan, &spot, t->dy, z);
            }
        }
        AN_PARALLEL_FOR(run, schedule(dynamic))
        for (int p = 0; p < points_in_all(&plan); ++p)
            multiply_back(&plan, p / plan.columns.points, p % plan.columns.points, first, last,
                          first > 0, v, z, du);
    }
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < panels_blocks(&plan.filters); ++b) {
        float *panel = an_scratch_of_thread(run, plan.panels_at, plan.filters.block_floats);
        transform_filters_back(&plan, b, du, panel);
        unpack_filters(&plan.filters, b, panel, t->dw);
    }
    if (t->db != NULL)
        sum_pixels(run, (int64_t)g->n * g->p * g->q, g->k, t->dy,
                   (double *)(void *)an_scratch_at(run, plan.db_at), t->db);
    return ALEXNET_OK;
}

#undef LINES
#undef ALL_LINES
#undef BOTH
#undef ALL_BOTH
