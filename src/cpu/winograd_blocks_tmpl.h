/*
 * winograd_blocks_tmpl.h: a convolution with a stride as one without, over blocks of pixels
 * (an_winograd_blocks()), a few images at a time:
 *
 *     x  [h][w][c]        ->  blocks [by][bx][dy][dx][c]     zeros where the padding is
 *     w  [k][c][r][s]     ->  [k][dy][dx][c][i][j]           r = i stride + dy, zeros beyond the filter
 * SPDX-License-Identifier: MIT
 */

/* Blocks of so many images stay in L3 between their making and their use. */
#define BLOCKS_BYTES ((size_t)8 << 20)

typedef struct blocks_plan {
    an_conv2d inner; /* of `images` images */
    winograd_plan winograd;
    int images; /* at a time */
    size_t image_floats;
    size_t blocks_at, filters_at, bytes;
} blocks_plan;

static blocks_plan plan_blocks(const an_conv2d *g, an_pass pass, int threads)
{
    blocks_plan plan;
    an_scratch scratch = {0};

    (void)an_winograd_blocks(g, pass, &plan.inner); /* it does: this algorithm was chosen */
    plan.image_floats = an_size_times(
        an_size_times((size_t)plan.inner.h, (size_t)plan.inner.w), (size_t)plan.inner.c);
    const size_t fit = BLOCKS_BYTES / an_size_times(plan.image_floats, sizeof(float));
    plan.images = (int)AN_MIN(AN_MAX(fit, 1), (size_t)g->n);
    plan.inner.n = plan.images;
    plan.winograd = plan_winograd(&plan.inner, pass, threads);
    scratch.bytes = plan.winograd.bytes;
    plan.blocks_at =
        an_scratch_floats(&scratch, an_size_times((size_t)plan.images, plan.image_floats));
    plan.filters_at = an_scratch_floats(
        &scratch, an_size_times(an_size_times((size_t)g->k, (size_t)plan.inner.c),
                                (size_t)plan.inner.r * (size_t)plan.inner.s));
    plan.bytes = scratch.bytes;
    return plan;
}

/* A row of a block: `stride` pixels of row y from column x on, zeros beyond the edges. */
static void make_block_row(const an_conv2d *g, int y, int x, const float *image, float *to)
{
    const int first = AN_MIN(AN_MAX(-x, 0), g->stride);
    const int last = AN_MAX(AN_MIN(g->w - x, g->stride), first);
    const float *from = image + ((ptrdiff_t)y * g->w + x) * g->c;
    const bool inside = y >= 0 && y < g->h;

    for (int i = 0; i < g->stride * g->c; ++i)
        to[i] = inside && i >= first * g->c && i < last * g->c ? from[i] : 0;
}

/* Row `by` of the blocks of one image. */
static void make_blocks(const an_conv2d *g, const an_conv2d *inner, int by, const float *image,
                        float *blocks)
{
    const int row = g->stride * g->c;
    float *to = blocks + (size_t)by * (size_t)inner->w * (size_t)inner->c;

    for (int bx = 0; bx < inner->w; ++bx) {
        for (int dy = 0; dy < g->stride; ++dy, to += row) {
            const int y = by * g->stride + dy - g->pad_top, x = bx * g->stride - g->pad_left;
            if (y >= 0 && y < g->h && x >= 0 && x + g->stride <= g->w)
                memcpy(to, image + ((ptrdiff_t)y * g->w + x) * g->c, (size_t)row * sizeof *to);
            else
                make_block_row(g, y, x, image, to);
        }
    }
}

static void make_blocks_of(const an_run *run, const an_conv2d *g, const blocks_plan *plan, int n,
                           const float *x)
{
    const size_t image = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    float *blocks = an_scratch_at(run, plan->blocks_at);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 8))
    for (int i = 0; i < n; ++i)
        for (int by = 0; by < plan->inner.h; ++by)
            make_blocks(g, &plan->inner, by, x + (size_t)i * image,
                        blocks + (size_t)i * plan->image_floats);
}

/* The place in [k][c][r][s] of weight (i, j) of channel `c` of the blocks; -1 beyond the filter. */
static ptrdiff_t block_weight(const an_conv2d *g, int k, int c, int i, int j)
{
    const int r = i * g->stride + c / g->c / g->stride, s = j * g->stride + c / g->c % g->stride;

    if (r >= g->r || s >= g->s) return -1;
    return (((ptrdiff_t)k * g->c + c % g->c) * g->r + r) * g->s + s;
}

/* The filters of the blocks from those of the layer, or back. */
static void move_filters(const an_conv2d *g, const an_conv2d *inner, bool back, const float *from,
                         float *to)
{
    size_t e = 0; /* in the filters of the blocks */

    for (int k = 0; k < g->k; ++k) {
        for (int c = 0; c < inner->c; ++c) {
            for (int i = 0; i < inner->r; ++i) {
                for (int j = 0; j < inner->s; ++j, ++e) {
                    const ptrdiff_t place = block_weight(g, k, c, i, j);
                    if (!back)
                        to[e] = place >= 0 ? from[place] : 0;
                    else if (place >= 0)
                        to[place] = from[e];
                }
            }
        }
    }
}

static size_t blocks_forward_scratch(const an_conv2d *g, int threads)
{
    return plan_blocks(g, AN_FORWARD, threads).bytes;
}

static alexnet_status blocks_forward(const an_run *run, const an_conv2d *g,
                                     const an_conv2d_tensors *t)
{
    const blocks_plan plan = plan_blocks(g, AN_FORWARD, run->threads);
    const size_t x_image = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t y_image = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    float *filters = an_scratch_at(run, plan.filters_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    move_filters(g, &plan.inner, false, t->w, filters);
    prepare_filters(run, &plan.inner, &plan.winograd, false, filters,
                    an_scratch_at(run, plan.winograd.u_at));
    for (int n = 0; n < g->n; n += plan.images) {
        const int count = AN_MIN(plan.images, g->n - n);
        make_blocks_of(run, g, &plan, count, t->x + (size_t)n * x_image);
        convolve_images(run, &plan.winograd, count, an_scratch_at(run, plan.blocks_at), t->bias,
                        t->relu, t->y + (size_t)n * y_image);
    }
    return ALEXNET_OK;
}

static size_t blocks_weights_scratch(const an_conv2d *g, int threads)
{
    return plan_blocks(g, AN_BACKWARD_WEIGHTS, threads).bytes;
}

static alexnet_status blocks_backward_weights(const an_run *run, const an_conv2d *g,
                                              const an_conv2d_tensors *t)
{
    const blocks_plan plan = plan_blocks(g, AN_BACKWARD_WEIGHTS, run->threads);
    const size_t x_image = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t y_image = (size_t)g->p * (size_t)g->q * (size_t)g->k;
    float *filters = an_scratch_at(run, plan.filters_at);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    for (int n = 0; n < g->n; n += plan.images) {
        const int count = AN_MIN(plan.images, g->n - n);
        make_blocks_of(run, g, &plan, count, t->x + (size_t)n * x_image);
        add_gradient(run, &plan.winograd, count, n > 0, an_scratch_at(run, plan.blocks_at),
                     t->dy + (size_t)n * y_image);
    }
    finish_gradient(run, &plan.winograd, filters);
    move_filters(g, &plan.inner, true, filters, t->dw);
    sum_gradient(run, &plan.winograd, g, t->dy, t->db);
    return ALEXNET_OK;
}
