/*
 * packed_linear_backward_tmpl.h: the gradients of a fully connected layer in a packed format whose sums are
 * floats: linear_tmpl.h's, with units of 4 bytes. Weights and their gradient are float.
 *
 *     data gradient    dx  = dy * w      dy broadcast, w packed to panels of NR inputs
 *     weight gradient  dw  = dy^T * x    dy broadcast, x in panels of NR inputs
 *
 * The numbers of a unit follow each other along the sum: two outputs, or two images. So panels interleave the
 * rows of a matrix by twos.
 * SPDX-License-Identifier: MIT
 */

/* Rows of `width` numbers, `count` of them, to panels [panel][row pair][NR]; what is missing is 0. */
static void pack_pairs(int count, int width, size_t row, const float *from, char *panels)
{
    const size_t pairs = (size_t)blocks_of(count, UNIT);

    for (size_t i = 0; i < pairs; ++i) {
        const float *first = from + 2 * i * row;
        const float *second = 2 * i + 1 < (size_t)count ? first + row : NULL;
        for (int j = 0; j < AN_ROUND_UP(width, NR); j += LANES)
            vp_store(panels + ((size_t)(j / NR) * pairs + i) * STEP_BYTES +
                         (size_t)(j % NR) * UNIT_BYTES,
                     vp_pair(first, second, j, width));
    }
}

/* ---- data gradient ----
 *
 * A thread takes a strip of inputs and, DATA_DEPTH outputs at a time, packs that block of w (256 KB, in L2).
 */

#define DATA_STRIP 256 /* inputs; 1 KB of each row of w */
#define DATA_DEPTH 512 /* outputs */
#define DATA_FETCH 8   /* rows of the block below, fetched with each tile */

typedef struct data_plan {
    size_t row, block_bytes;
    size_t dy_at, blocks_at, bytes;
} data_plan;

static data_plan plan_data(const an_linear *g, int threads)
{
    data_plan plan = {.row = packed_row(g->outputs),
                      .block_bytes = (size_t)DATA_DEPTH / UNIT * DATA_STRIP * UNIT_BYTES};
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

/* A block of w at (output, input): its share of dx for all images. */
static void data_block(const an_linear *g, int output, int input, const data_plan *plan,
                       const char *dy, const float *w, char *block, float *dx)
{
    const size_t inputs = (size_t)g->inputs;
    const int depth = AN_MIN(DATA_DEPTH, g->outputs - output);
    const int width = AN_MIN(DATA_STRIP, g->inputs - input);
    const int below = AN_MIN(DATA_DEPTH, g->outputs - output - depth);
    const int units = blocks_of(depth, UNIT);
    const int down = tiles_of(g->n);
    tile t = {
        .outer = 1,
        .inner = units % DATA_FETCH == 0 ? DATA_FETCH : 1,
        .a_row = (ptrdiff_t)plan->row,
        .a_step = UNIT_BYTES,
        .fetch_inner = (ptrdiff_t)(inputs * sizeof *w),
        .c_row = g->inputs,
        .add = output > 0,
    };

    w += (size_t)output * inputs + (size_t)input;
    pack_pairs(depth, width, inputs, w, block);
    t.run = units / t.inner;
    t.a_inner = (ptrdiff_t)t.run * UNIT_BYTES;
    t.fetch_step = (ptrdiff_t)(DATA_STRIP * sizeof *w) / AN_MAX(t.run, 1);
    for (int i = 0; i < blocks_of(width, NR) * down; ++i) {
        const int fetch = i * DATA_FETCH;
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
    for (int s = 0; s < blocks_of(g->inputs, DATA_STRIP); ++s) {
        char *block =
            (char *)an_scratch_of_thread(run, plan.blocks_at, plan.block_bytes / sizeof(float));
        for (int output = 0; output < g->outputs; output += DATA_DEPTH)
            data_block(g, output, s * DATA_STRIP, &plan, dy, t->w, block, t->dx);
    }
    return ALEXNET_OK;
}

/* ---- weight gradient ----
 *
 * A thread takes a rectangle of dw: its inputs' part of x (128 images, 512 inputs: 128 KB) stays in L2.
 */

#define WEIGHTS_INPUTS  512
#define WEIGHTS_OUTPUTS (32 * MR)

typedef struct weights_plan {
    int units; /* pairs of images */
    size_t x_at, dy_at, dy_row, bytes;
} weights_plan;

static weights_plan plan_weights(const an_linear *g)
{
    weights_plan plan = {.units = blocks_of(g->n, UNIT)};
    an_scratch scratch = {0};
    const size_t columns = an_size_times((size_t)blocks_of(g->inputs, NR), STEP_BYTES);

    plan.dy_row = an_size_times((size_t)blocks_of(g->outputs, NR), STEP_BYTES);
    plan.x_at = an_scratch_bytes(&scratch, an_size_times(columns, (size_t)plan.units));
    plan.dy_at = an_scratch_bytes(&scratch, an_size_times(plan.dy_row, (size_t)plan.units));
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t linear_weights_scratch(const an_linear *g, int threads)
{
    (void)threads;
    return plan_weights(g).bytes;
}

/* dw at (output, input), WEIGHTS_OUTPUTS x WEIGHTS_INPUTS or what is left. dy: [panel][unit][NR outputs]. */
static void weights_rectangle(const an_linear *g, const weights_plan *plan, int output, int input,
                              const char *x, const char *dy, float *dw)
{
    const int rows = AN_MIN(WEIGHTS_OUTPUTS, g->outputs - output);
    const int last = AN_MIN(input + WEIGHTS_INPUTS, g->inputs);
    const size_t panel = (size_t)plan->units * STEP_BYTES;
    tile t = {
        .outer = 1,
        .inner = 1,
        .run = plan->units,
        .a_row = UNIT_BYTES,
        .a_step = STEP_BYTES,
        .c_row = g->inputs,
    };

    for (int o = output; o < output + rows; o += NR) {
        const int count = AN_MIN(NR, output + rows - o);
        for (int i = 0; i < tiles_of(count); ++i) {
            const int from = tile_first(count, i);
            for (int j = input; j < last; j += NR) {
                t.columns = AN_MIN(NR, last - j);
                t.a = dy + (size_t)(o / NR) * panel + (size_t)from * UNIT_BYTES;
                t.b = x + (size_t)(j / NR) * panel;
                t.fetch = t.b;
                t.c = dw + (size_t)(o + from) * (size_t)g->inputs + (size_t)j;
                images_first[tile_first(count, i + 1) - from](&t);
            }
        }
    }
}

/* Of dy as it comes: no product, no rounding. Columns of NR outputs at a time. */
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
    const weights_plan plan = plan_weights(g);
    const size_t panel = (size_t)plan.units * STEP_BYTES;
    const int strips = blocks_of(g->inputs, WEIGHTS_INPUTS);
    const int bands = blocks_of(g->outputs, WEIGHTS_INPUTS);
    char *const x = (char *)an_scratch_at(run, plan.x_at);
    char *const dy = (char *)an_scratch_at(run, plan.dy_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int s = 0; s < strips + bands; ++s) {
        const bool of_x = s < strips;
        const int first = (of_x ? s : s - strips) * WEIGHTS_INPUTS;
        const int width = of_x ? g->inputs : g->outputs;
        pack_pairs(g->n, AN_MIN(WEIGHTS_INPUTS, width - first), (size_t)width,
                   (of_x ? t->x : t->dy) + first, (of_x ? x : dy) + (size_t)(first / NR) * panel);
    }

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int s = 0; s < strips; ++s)
        for (int o = 0; o < blocks_of(g->outputs, WEIGHTS_OUTPUTS); ++o)
            weights_rectangle(g, &plan, o * WEIGHTS_OUTPUTS, s * WEIGHTS_INPUTS, x, dy, t->dw);
    if (t->db != NULL) bias_gradient(run, g, t->dy, t->db);
    return ALEXNET_OK;
}
