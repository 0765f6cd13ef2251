/*
 * linear_tmpl.h: the fully connected layers of a fast tier. x [n][inputs], w [outputs][inputs],
 * y [n][outputs]. The weights stay as they are and are read once per pass, by few images once for both gradients; x
 * and dy are small, so they are packed. Rows of w are often a multiple of 4 KB apart, where all fall into one set of the
 * L1 cache: whatever walks down a column of such a matrix reads a copy.
 *
 *     forward          y^T = w * x^T     w broadcast, x^T in panels of NR images
 *     data gradient    dx  = dy * w      dy broadcast, w copied to panels of NR inputs
 *     weight gradient  dw  = dy^T * x    dy broadcast, x in panels of NR inputs
 *
 * Long sums go in blocks of DEPTH, which fit the caches and add up in a fixed order. Each pass below says what it keeps
 * in which cache. Registers are the micro-kernel's.
 * SPDX-License-Identifier: MIT
 */

#define DEPTH 512 /* steps of a sum at a time */

/* Rows of the next piece of w that are fetched with each tile: one with each quarter of its steps. */
#define FETCH_ROWS 4

/* Floats of a row in a copy of a matrix: an odd number of cache lines. */
static size_t copy_row(int columns) { return (size_t)odd_lines(columns); }

static int blocks_of(int count, int size) { return (int)(((int64_t)count + size - 1) / size); }

/* ---- forward, few images: dot products, while w streams past at the speed of memory ----
 *
 * A thread takes DOT_ROWS outputs; of each its sums over LANES inputs at a time with DOT_IMAGES images stay in
 * registers: 3 * 8 sums, 3 of w and 1 of x are 28 of 32; of AVX2's 16 too many from 5 images on. x comes from L1 or
 * L2 (8 rows of 9216: 295 KB). More images take another round, when the rows of w are in L2.
 */

#define FEW_IMAGES 16
#define DOT_IMAGES 8 /* at a time */
#define DOT_ROWS   3 /* outputs at a time */

/* y[n][first + 0 .. rows-1] for n < images. */
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
        for (int o = 0; o < rows; ++o)
            row[o] = vf_load(w + (size_t)o * inputs + i);
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

/* A function per number of images, so that the sums stay in registers. */
#define DOT_COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define DOT_FUNCTION(images)                                                                       \
    static void dot_##images(const an_linear *g, int first, int rows, const float *x,              \
                             const float *w, const float *bias, bool relu, float *y)               \
    {                                                                                              \
        if (rows == DOT_ROWS)                                                                      \
            dot_rows(DOT_ROWS, images, g, first, x, w, bias, relu, y);                             \
        else                                                                                       \
            for (int o = 0; o < rows; ++o)                                                         \
                dot_rows(1, images, g, first + o, x, w, bias, relu, y);                            \
    }
DOT_COUNTS(DOT_FUNCTION)

static void forward_few(const an_run *run, const an_linear *g, const float *x, const float *w,
                        const float *bias, bool relu, float *y)
{
#define DOT_ENTRY(images) [images] = dot_##images,
    static void (*const functions[DOT_IMAGES + 1])(const an_linear *, int, int, const float *,
                                                   const float *, const float *, bool,
                                                   float *) = {DOT_COUNTS(DOT_ENTRY)};

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
 * A thread takes a strip of outputs and, block by block of DEPTH inputs, adds to its y^T, which
 * stays in L2 (70 KB for 128 images) beside the block's part of x^T (256 KB). w is copied tile by
 * tile: 29 KB, in L1.
 */

#define FORWARD_STRIP (10 * MR) /* outputs */

typedef struct linear_forward_plan {
    int panels; /* of NR images */
    size_t strip_floats, rows_floats;
    size_t panels_at, strips_at, rows_at, bytes;
} linear_forward_plan;

static linear_forward_plan plan_linear_forward(const an_linear *g, int threads)
{
    linear_forward_plan plan = {.panels = blocks_of(g->n, NR)};
    an_scratch scratch = {0};
    const size_t columns = an_size_times((size_t)plan.panels, NR);

    plan.strip_floats = an_size_times(columns, FORWARD_STRIP);
    plan.rows_floats = MR * copy_row(DEPTH);
    plan.panels_at = an_scratch_floats(&scratch, an_size_times(columns, (size_t)g->inputs));
    plan.strips_at = an_scratch_per_thread(&scratch, threads, plan.strip_floats);
    plan.rows_at = an_scratch_per_thread(&scratch, threads, plan.rows_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* x^T: panel [inputs][NR] of NR rows of x, from input `first` on; missing rows as 0. */
static void pack_transposed(const an_linear *g, int p, int first, int count, const float *x,
                            float *panel)
{
    const size_t inputs = (size_t)g->inputs;
    const int rows = AN_MIN(NR, g->n - p * NR);
    const float *from = x + (size_t)p * NR * inputs;

    if (rows < NR) memset(panel + (size_t)first * NR, 0, (size_t)count * NR * sizeof *panel);
    transpose(rows, count, from + first, (ptrdiff_t)inputs, panel + (size_t)first * NR, NR);
}

/* A piece of w: a tile's outputs, a block of DEPTH inputs. */
typedef struct weights_piece {
    int output, rows, input, depth;
} weights_piece;

/* Piece `index` of the strip of `count` outputs that begins at `first`: all of a block, then the next block. */
static weights_piece piece_of(const an_linear *g, int first, int count, int index)
{
    const int tiles = tiles_of(count);
    const int from = tile_first(count, index % tiles);
    const int input = index / tiles * DEPTH;

    return (weights_piece){.output = first + from,
                           .rows = tile_first(count, index % tiles + 1) - from,
                           .input = input,
                           .depth = AN_MIN(DEPTH, g->inputs - input)};
}

static const float *piece_at(const an_linear *g, weights_piece piece, const float *w)
{
    return w + (size_t)piece.output * (size_t)g->inputs + (size_t)piece.input;
}

/* A piece of w times its part of x^T, for all images, into a strip of y^T. Meanwhile the next piece is fetched, twice
   FETCH_ROWS rows with each panel of images. */
static void forward_piece(const an_linear *g, const linear_forward_plan *plan, weights_piece piece,
                          weights_piece next, const float *w, const float *x_panels, float *copy,
                          float *strip)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t row = copy_row(DEPTH);
    const float *from = piece_at(g, piece, w);
    tile t = {
        .columns = NR,
        .outer = 1,
        .inner = piece.depth % FETCH_ROWS == 0 ? FETCH_ROWS : 1,
        .a = copy,
        .a_row = (ptrdiff_t)row,
        .a_step = 1,
        .fetch_inner = g->inputs,
        .fetch_step = 4,
        .ahead_inner = g->inputs,
        .ahead_step = 4,
        .c_row = NR,
        .add = piece.input > 0,
    };

    t.run = piece.depth / t.inner;
    t.a_inner = t.run;
    for (int o = 0; o < piece.rows; ++o)
        memcpy(copy + (size_t)o * row, from + (size_t)o * inputs, (size_t)piece.depth * sizeof *w);
    for (int p = 0; p < plan->panels; ++p) {
        const int fetch = 2 * p * FETCH_ROWS;
        t.fetch = piece_at(g, next, w) + (size_t)AN_MIN(fetch, next.rows - 1) * inputs;
        t.ahead = piece_at(g, next, w) + (size_t)AN_MIN(fetch + FETCH_ROWS, next.rows - 1) * inputs;
        t.b = x_panels + ((size_t)p * inputs + (size_t)piece.input) * NR;
        t.c = strip + (size_t)p * FORWARD_STRIP * NR;
        tile_run(piece.rows, &t);
    }
}

/* y from a strip of y^T, [panel][output][NR]: its blocks are turned, then biases and ReLU follow. */
static void forward_finish(const an_linear *g, int first, int count, const float *strip,
                           const float *bias, bool relu, float *y)
{
    for (int n = 0; n < g->n; n += NR)
        transpose(count, AN_MIN(NR, g->n - n), strip + (size_t)(n / NR) * FORWARD_STRIP * NR, NR,
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
    const int blocks = blocks_of(g->inputs, DEPTH);
    float *const panel = an_scratch_at(run, plan.panels_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int p = 0; p < plan.panels; ++p)
        for (int i = 0; i < blocks; ++i)
            pack_transposed(g, p, i * DEPTH, AN_MIN(DEPTH, g->inputs - i * DEPTH), x,
                            panel + (size_t)p * (size_t)g->inputs * NR);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < blocks_of(g->outputs, FORWARD_STRIP); ++s) {
        const int first = s * FORWARD_STRIP;
        const int count = AN_MIN(FORWARD_STRIP, g->outputs - first);
        float *strip = an_scratch_of_thread(run, plan.strips_at, plan.strip_floats);
        float *copy = an_scratch_of_thread(run, plan.rows_at, plan.rows_floats);
        const int pieces = blocks * tiles_of(count);
        weights_piece piece = piece_of(g, first, count, 0);
        for (int i = 0; i < pieces; ++i) {
            const weights_piece next = piece_of(g, first, count, AN_MIN(i + 1, pieces - 1));
            forward_piece(g, &plan, piece, next, w, panel, copy,
                          strip + (size_t)(piece.output - first) * NR);
            piece = next;
        }
        forward_finish(g, first, count, strip, bias, relu, y);
    }
    return ALEXNET_OK;
}

static alexnet_status linear_forward(const an_run *run, const an_linear *g,
                                     const an_linear_tensors *t)
{
    if (g->n > FEW_IMAGES) return forward_many(run, g, t->x, t->w, t->bias, t->relu, t->y);
    forward_few(run, g, t->x, t->w, t->bias, t->relu, t->y);
    return ALEXNET_OK;
}

static size_t linear_forward_scratch(const an_linear *g, int threads)
{
    return plan_linear_forward(g, threads).bytes;
}

/* ---- data gradient ----
 *
 * A thread takes a strip of inputs and, DATA_DEPTH outputs at a time, copies that block of w to
 * panels (256 KB, in L2).
 */

#define DATA_STRIP 256 /* inputs; 1 KB of each row of w */
#define DATA_DEPTH 256 /* outputs */

/* A copy of a matrix [rows][columns] with rows an odd number of lines apart. */
static void copy_rows(const an_run *run, int rows, int columns, const float *from, float *to)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, 8))
    for (int i = 0; i < rows; ++i)
        memcpy(to + (size_t)i * copy_row(columns), from + (size_t)i * (size_t)columns,
               (size_t)columns * sizeof *to);
}

typedef struct linear_data_plan {
    size_t block_floats;
    size_t dy_at, blocks_at, bytes;
} linear_data_plan;

static linear_data_plan plan_linear_data(const an_linear *g, int threads)
{
    linear_data_plan plan = {.block_floats = (size_t)DATA_DEPTH * DATA_STRIP};
    an_scratch scratch = {0};

    plan.dy_at = an_scratch_floats(&scratch, an_size_times((size_t)g->n, copy_row(g->outputs)));
    plan.blocks_at = an_scratch_per_thread(&scratch, threads, plan.block_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* Rows of `width` floats to panels [panel][count][NR]; the last panel is filled up with 0. */
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

/* A block of w at (output, input), depth x width: its share of dx for all images. Meanwhile the block below is fetched, some
   rows with each tile. */
static void data_block(const an_linear *g, int output, int input, const float *dy, const float *w,
                       float *block, float *dx)
{
    const size_t inputs = (size_t)g->inputs;
    const int depth = AN_MIN(DATA_DEPTH, g->outputs - output);
    const int width = AN_MIN(DATA_STRIP, g->inputs - input);
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
    for (int s = 0; s < blocks_of(g->inputs, DATA_STRIP); ++s) {
        float *block = an_scratch_of_thread(run, plan.blocks_at, plan.block_floats);
        for (int output = 0; output < g->outputs; output += DATA_DEPTH)
            data_block(g, output, s * DATA_STRIP, copy, t->w, block, t->dx);
    }
    return ALEXNET_OK;
}

/* ---- weight gradient ----
 *
 * A thread takes a rectangle of dw: its inputs' part of x (128 images, 512 inputs: 256 KB) stays in
 * L2. With an update, a row of tiles of dw (14 rows of 2 KB) never leaves the nearest caches: v and
 * w follow it row by row, and while it is computed theirs of the row of tiles below are fetched.
 * Tile by tile it takes longer (fc6: 32 ms, not 26): that jumps between rows a multiple of 4 KB
 * apart every other line.
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

/* What all rectangles of a weight gradient share. */
typedef struct linear_weights {
    const an_linear *g;
    const float *x_panels, *dy;
    float *dw;                   /* or */
    const an_sgd_update *update; /* NULL: none */
} linear_weights;

/* A tile of dw, `rows` high: summed over the images, DEPTH of them at a time. */
static void gradient_tile(const linear_weights *job, int rows, int output, int input, tile *t)
{
    const an_linear *g = job->g;

    for (int n = 0; n < g->n; n += DEPTH) {
        const int depth = AN_MIN(DEPTH, g->n - n);
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

/* What a row of tiles of the gradient makes of v and w from element `at` on. */
static void update_rows(const linear_weights *job, int rows, int columns, const float *gradient,
                        size_t at)
{
    const an_sgd_update *update = job->update;

    for (int i = 0; i < rows; ++i, gradient += GRADIENT_ROW, at += (size_t)job->g->inputs)
        an_sgd_row(&update->rule, columns, gradient, update->v + at, update->w + at);
}

/* dw at (output, input), WEIGHTS_OUTPUTS x WEIGHTS_INPUTS or what is left. own: room for a row of tiles. */
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

static void bias_gradient(const an_run *run, const an_linear *g, const float *dy, float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, STRIP))
    for (int o = 0; o < g->outputs; ++o) {
        double sum = 0;
        for (int n = 0; n < g->n; ++n)
            sum += (double)dy[(size_t)n * copy_row(g->outputs) + (size_t)o];
        db[o] = (float)sum;
    }
}

static alexnet_status backward_weights_many(const an_run *run, const an_linear *g,
                                            const an_linear_tensors *t)
{
    const linear_weights_plan plan = plan_linear_weights(g, run->threads);
    const int strips =
        t->dw != NULL || t->update != NULL ? blocks_of(g->inputs, WEIGHTS_INPUTS) : 0;
    float *const panels = an_scratch_at(run, plan.panels_at);
    float *const copy = an_scratch_at(run, plan.dy_at);
    const linear_weights job = {g, panels, copy, t->dw, t->update};

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    copy_rows(run, g->n, g->outputs, t->dy, copy);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < strips; ++s) {
        const int input = s * WEIGHTS_INPUTS;
        pack_panels(g->n, AN_MIN(WEIGHTS_INPUTS, g->inputs - input), (size_t)g->inputs,
                    t->x + input, panels + (size_t)input * (size_t)g->n);
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int s = 0; s < strips; ++s)
        for (int o = 0; o < blocks_of(g->outputs, WEIGHTS_OUTPUTS); ++o)
            weights_rectangle(&job, o * WEIGHTS_OUTPUTS, s * WEIGHTS_INPUTS,
                              an_scratch_of_thread(run, plan.rows_at, MR * GRADIENT_ROW));
    if (t->db != NULL) bias_gradient(run, g, copy, t->db);
    return ALEXNET_OK;
}

/* ---- both gradients, few images ----
 *
 * Memory is what bounds them: w and the velocity are read, and written, once for both. A thread takes a strip of inputs and
 * walks down the outputs, FEW_OUTPUTS rows at a time: it copies them to panels for dx, computes their gradient, and lets v
 * and w follow. v is fetched while dx is computed, the next rows of w with their gradient: as much as the tiles have steps
 * for, the rest in one go. More rows would push each other out of
 * L2 (56 KB each of w, v, the next w and the panels): they are often a multiple of 16 KB apart. Beside them are the
 * strip's x and dx, 64 KB each of 32 images.
 */

#define LINE_FLOATS  (AN_ALIGNMENT / (int)sizeof(float))
#define BACKWARD_FEW 32  /* images */
#define FEW_INPUTS   512 /* of a strip, at most */
#define FEW_OUTPUTS  (2 * MR)

typedef struct linear_few_plan {
    int width; /* of a strip */
    size_t block_floats, dx_floats, rows_floats;
    size_t x_at, dy_at, blocks_at, dx_at, rows_at, bytes;
} linear_few_plan;

static linear_few_plan plan_linear_few(const an_linear *g, int threads)
{
    linear_few_plan plan = {
        .width = AN_MIN(FEW_INPUTS, AN_MAX(AN_ROUND_UP(g->inputs / 8, NR), NR)),
        .block_floats = (size_t)FEW_OUTPUTS * FEW_INPUTS,
        .dx_floats = (size_t)BACKWARD_FEW * GRADIENT_ROW,
        .rows_floats = (size_t)MR * GRADIENT_ROW,
    };
    an_scratch scratch = {0};
    const size_t columns = an_size_times((size_t)blocks_of(g->inputs, NR), NR);

    plan.x_at = an_scratch_floats(&scratch, an_size_times(columns, (size_t)g->n));
    plan.dy_at = an_scratch_floats(&scratch, an_size_times((size_t)g->n, copy_row(g->outputs)));
    plan.blocks_at = an_scratch_per_thread(&scratch, threads, plan.block_floats);
    plan.dx_at = an_scratch_per_thread(&scratch, threads, plan.dx_floats);
    plan.rows_at = an_scratch_per_thread(&scratch, threads, plan.rows_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* Rows of a matrix that are wanted soon, which come piece by piece while tiles are computed. */
typedef struct fetching {
    const float *row; /* of the next piece, */
    int first;        /* which begins here */
    int rows, width;  /* left, and how much of each is wanted */
    size_t row_floats;
} fetching;

static void fetch_row(fetching *f)
{
    const float *row = f->row;
    const int width = f->width;

    for (int i = f->first; i < width; i += LINE_FLOATS)
        __builtin_prefetch(row + i, 0, 2);
    f->first = 0;
    f->row += f->row_floats;
    --f->rows;
}

static void fetch_rest(fetching *f)
{
    while (f->rows > 0)
        fetch_row(f);
}

/* The next piece, for a tile of so many steps. */
static const float *fetch_piece(fetching *f, int steps)
{
    const float *piece = f->row + f->first;

    if (f->rows == 0) return f->row; /* a line too many costs nothing */
    f->first += steps / UNROLLED * LINE_FLOATS;
    if (f->first >= f->width) {
        f->first = 0;
        f->row += f->row_floats;
        --f->rows;
    }
    return piece;
}

/* What all strips share. */
typedef struct linear_few {
    const an_linear *g;
    const an_linear_tensors *t;
    const float *x_panels, *dy;
} linear_few;

/* Some rows of w from `output` on, in panels: their share of a strip's dx [n][GRADIENT_ROW]. */
static void few_data(const linear_few *job, int output, int depth, int width, const float *panels,
                     fetching *wanted, float *dx)
{
    tile t = {
        .outer = 1,
        .inner = 1,
        .run = depth,
        .a_row = (ptrdiff_t)copy_row(job->g->outputs),
        .a_step = 1,
        .fetch_step = 4,
        .ahead_step = 4,
        .c_row = GRADIENT_ROW,
        .add = output > 0,
    };

    for (int j = 0; j < width; j += NR) {
        t.columns = AN_MIN(NR, width - j);
        t.b = panels + (size_t)j * (size_t)depth;
        for (int i = 0; i < tiles_of(job->g->n); ++i) {
            const int n = tile_first(job->g->n, i);
            t.a = job->dy + n * t.a_row + output;
            t.c = dx + n * GRADIENT_ROW + j;
            t.fetch = fetch_piece(wanted, depth);
            t.ahead = fetch_piece(wanted, depth);
            tile_run(tile_first(job->g->n, i + 1) - n, &t);
        }
    }
}

/* The gradient of `rows` rows of w, at most MR, from (output, input) on: to c, its rows c_row apart. */
static void few_gradient(const linear_few *job, int output, int rows, int input, int width,
                         fetching *wanted, float *c, ptrdiff_t c_row)
{
    tile t = {
        .outer = 1,
        .inner = 1,
        .run = job->g->n,
        .a = job->dy + output,
        .a_row = 1,
        .a_step = (ptrdiff_t)copy_row(job->g->outputs),
        .fetch_step = 4,
        .ahead_step = 4,
        .c_row = c_row,
    };

    for (int j = 0; j < width; j += NR) {
        t.columns = AN_MIN(NR, width - j);
        t.b = job->x_panels + (size_t)(input + j) * (size_t)job->g->n;
        t.c = c + j;
        t.fetch = fetch_piece(wanted, t.run);
        t.ahead = fetch_piece(wanted, t.run);
        tile_run(rows, &t);
    }
}

/* `depth` rows of w from (output, input) on: their gradient is stored, or v and w follow it. own: room for MR rows. */
static void few_weights(const linear_few *job, int output, int depth, int input, int width,
                        float *own)
{
    const an_sgd_update *update = job->t->update;
    const float *w = update != NULL ? update->w : job->t->w;
    const size_t inputs = (size_t)job->g->inputs;

    for (int i = 0; i < tiles_of(depth); ++i) {
        const int first = output + tile_first(depth, i);
        const int rows = output + tile_first(depth, i + 1) - first;
        const int next = AN_MIN(first + FEW_OUTPUTS, job->g->outputs - 1);
        size_t at = (size_t)first * inputs + (size_t)input;
        fetching wanted = {.row = job->dy, .width = width, .row_floats = inputs};
        if (w != NULL) {
            wanted.row = w + (size_t)next * inputs + (size_t)input;
            wanted.rows = AN_MIN(rows, job->g->outputs - next);
        }
        if (update == NULL) {
            few_gradient(job, first, rows, input, width, &wanted, job->t->dw + at,
                         (ptrdiff_t)inputs);
            continue;
        }
        few_gradient(job, first, rows, input, width, &wanted, own, GRADIENT_ROW);
        for (int r = 0; r < rows; ++r, at += inputs) {
            if (wanted.rows > 0) fetch_row(&wanted);
            an_sgd_row(&update->rule, width, own + (size_t)r * GRADIENT_ROW, update->v + at,
                       update->w + at);
        }
    }
}

static void few_strip(const an_run *run, const linear_few *job, const linear_few_plan *plan,
                      int input)
{
    const an_linear *g = job->g;
    const an_linear_tensors *t = job->t;
    const size_t inputs = (size_t)g->inputs;
    const int width = AN_MIN(plan->width, g->inputs - input);
    float *panels = an_scratch_of_thread(run, plan->blocks_at, plan->block_floats);
    float *dx = an_scratch_of_thread(run, plan->dx_at, plan->dx_floats);
    float *own = an_scratch_of_thread(run, plan->rows_at, plan->rows_floats);

    for (int output = 0; output < g->outputs; output += FEW_OUTPUTS) {
        const int depth = AN_MIN(FEW_OUTPUTS, g->outputs - output);
        const size_t at = (size_t)output * inputs + (size_t)input;
        fetching v = {.row = t->update != NULL ? t->update->v + at : job->dy,
                      .rows = t->update != NULL ? depth : 0,
                      .width = width,
                      .row_floats = inputs};
        if (t->dx != NULL) {
            pack_panels(depth, width, inputs, t->w + at, panels);
            few_data(job, output, depth, width, panels, &v, dx);
        }
        fetch_rest(&v);
        if (t->update != NULL || t->dw != NULL) few_weights(job, output, depth, input, width, own);
    }
    for (int n = 0; t->dx != NULL && n < g->n; ++n)
        memcpy(t->dx + (size_t)n * inputs + (size_t)input, dx + (size_t)n * GRADIENT_ROW,
               (size_t)width * sizeof *dx);
}

static alexnet_status backward_few(const an_run *run, const an_linear *g,
                                   const an_linear_tensors *t)
{
    const linear_few_plan plan = plan_linear_few(g, run->threads);
    const bool of_weights = t->dw != NULL || t->update != NULL;
    const int strips = of_weights || t->dx != NULL ? blocks_of(g->inputs, plan.width) : 0;
    float *const panels = an_scratch_at(run, plan.x_at);
    float *const copy = an_scratch_at(run, plan.dy_at);
    const linear_few job = {g, t, panels, copy};

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    copy_rows(run, g->n, g->outputs, t->dy, copy);
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < strips; ++s) {
        const int input = s * plan.width;
        if (of_weights)
            pack_panels(g->n, AN_MIN(plan.width, g->inputs - input), (size_t)g->inputs,
                        t->x + input, panels + (size_t)input * (size_t)g->n);
        few_strip(run, &job, &plan, input);
    }
    if (t->db != NULL) bias_gradient(run, g, copy, t->db);
    return ALEXNET_OK;
}

/* ---- the backward passes ---- */

static alexnet_status linear_backward_data(const an_run *run, const an_linear *g,
                                           const an_linear_tensors *t)
{
    return g->n <= BACKWARD_FEW ? backward_few(run, g, t) : backward_data_many(run, g, t);
}

static alexnet_status linear_backward_weights(const an_run *run, const an_linear *g,
                                              const an_linear_tensors *t)
{
    if (g->n <= BACKWARD_FEW) return backward_few(run, g, t);
    if (t->dx != NULL) AN_TRY(backward_data_many(run, g, t));
    return backward_weights_many(run, g, t);
}

/* Of any batch up to this one. */
static size_t linear_backward_scratch(const an_linear *g, int threads)
{
    an_linear few = *g;

    few.n = AN_MIN(g->n, BACKWARD_FEW);
    const size_t bytes = plan_linear_few(&few, threads).bytes;
    if (g->n <= BACKWARD_FEW) return bytes;
    return AN_MAX(
        bytes, AN_MAX(plan_linear_data(g, threads).bytes, plan_linear_weights(g, threads).bytes));
}

static size_t linear_scratch(const an_linear *g, int threads) /* enough for all three */
{
    return AN_MAX(linear_forward_scratch(g, threads), linear_backward_scratch(g, threads));
}
