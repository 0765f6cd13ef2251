/*
 * linear_few_tmpl.h: both gradients of a linear layer and the update, of few images, in one walk over the weights.
 * SPDX-License-Identifier: MIT
 */

/* ---- both gradients, few images ----
 *
 * Memory is what bounds them: w and the velocity are read, and written, once for both. A thread takes a strip of inputs and
 * walks down the outputs, FEW_OUTPUTS rows at a time: it copies them to panels for dx, computes their gradient, and lets v
 * and w follow. v is fetched while dx is computed, the next rows of w with their gradient: as much as the tiles have steps
 * for, the rest in one go. More rows would push each other out of L2 (56 KB each of w, v, the next w and the panels): they are
 * often a multiple of 16 KB apart. Beside them are the strip's x and dx, 64 KB each of 32 images.
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
