/*
 * lrn.c: local response normalisation (Krizhevsky et al. 2012, 3.3: k = 2, n = 5, alpha = 1e-4,
 * beta = 0.75; `size` is their n). Of an image's maps x[c][h][w], each value becomes
 *
 *     y = x / (k + alpha * s)^beta        s: the sum of x^2 over a window around the value
 *
 *     across    the window is `size` maps at the same pixel, this one in the middle. It ends at the
 *               first and the last map of its group: of the layer in the paper's text, of a tower
 *               (groups=2) in the network that was run (models/paper_run.c)
 *     within    the window is size x size pixels of the same map, clipped at the border
 *               (cuda-convnet's rnorm, Caffe's WITHIN_CHANNEL)
 *
 * alpha multiplies the undivided sum, as in the paper and TensorFlow. Caffe, PyTorch and
 * cuda-convnet divide theirs (cuda-convnet calls it scale) by the number of values in a window,
 * size or size^2: their 1e-4 with size 5, across maps, is alpha=2e-5 here.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "base/text.h"
#include "layers/layers.h"

typedef enum lrn_kind { LRN_ACROSS, LRN_WITHIN } lrn_kind;

typedef struct lrn {
    int kind, size, groups;
    double alpha, beta, k;
} lrn;

/* clang-format off */
static const an_key keys[] = {
    { "kind",   AN_KEY_CHOICE, offsetof(lrn, kind), 0, 0, "across|within", NULL, "the window: maps around this one, or pixels of the same map" },
    { "size",   AN_KEY_INT,  offsetof(lrn, size),   1, 255,      NULL, NULL, "maps, or side in pixels, of the window; odd" },
    { "alpha",  AN_KEY_REAL, offsetof(lrn, alpha),  0, 1e6,      NULL, NULL, "multiplies the sum of squares, after any division by the window's size" },
    { "beta",   AN_KEY_REAL, offsetof(lrn, beta),   0, 16,       NULL, NULL, "power of the denominator" },
    { "k",      AN_KEY_REAL, offsetof(lrn, k),      1e-6, 1e6,   NULL, NULL, "added to the sum" },
    { "groups", AN_KEY_INT,  offsetof(lrn, groups), 1, 1 << 16,  NULL, "1",  "across: groups of maps that are normalised separately" },
    { 0 },
};
/* clang-format on */

static alexnet_status lrn_shape(alexnet_context *ctx, const an_node *node, an_shape x, an_shape *y)
{
    const lrn *set = node->settings;

    if (set->size % 2 == 0)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "layer %s: a window of size %d has no middle, expected an odd size",
                       node->name, set->size);
    if (x.c % set->groups != 0)
        return an_fail(ctx, ALEXNET_BAD_SHAPE, "layer %s: %d %s %s not divide into %d %s",
                       node->name, x.c, AN_NOUN(x.c, "map", "maps"), AN_NOUN(x.c, "does", "do"),
                       set->groups, AN_NOUN(set->groups, "group", "groups"));
    *y = x;
    return ALEXNET_OK;
}

/* pool: the pooling that is fused; r is 0 for none. */
static an_lrn geometry(const an_node *node, an_shape x, bool relu, const an_pool *pool)
{
    const lrn *set = node->settings;

    return (an_lrn){
        .n = x.n,
        .c = x.c,
        .h = x.h,
        .w = x.w,
        .within = set->kind == LRN_WITHIN,
        .size = set->size,
        .groups = set->groups,
        .alpha = (float)set->alpha,
        .beta = (float)set->beta,
        .k = (float)set->k,
        .relu = relu,
        .pool = *pool,
    };
}

static void lrn_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                     an_needs *needs)
{
    an_lrn g = geometry(node, x, false, &setup->pool);

    (void)y;
    needs->fuses_pool = setup->backend->lrn_pools && setup->pool.r > 0;
    if (!needs->fuses_pool) g.pool = (an_pool){0};
    needs->scratch_bytes = setup->backend->lrn_scratch(&g, setup->threads);
    needs->backward_reads_x = true; /* recomputing the denominators is cheaper than keeping them */
    needs->takes_relu = true;
}

static alexnet_status lrn_forward(const an_op *op)
{
    const an_lrn g = geometry(op->node, op->x_shape, false, &op->pool);

    return op->backend->lrn(op->run, &g, op->x, op->y, op->saved);
}

static alexnet_status lrn_backward(const an_op *op)
{
    const an_lrn g = geometry(op->node, op->x_shape, op->relu_before, &op->pool);

    return op->dx != NULL ? op->backend->lrn_backward(op->run, &g, op->x, op->dy, op->saved, op->dx)
                          : ALEXNET_OK;
}

const an_layer_def an_layer_lrn = {
    .name = "lrn",
    .summary = "local response normalisation",
    .keys = keys,
    .settings_bytes = sizeof(lrn),
    .shape = lrn_shape,
    .plan = lrn_plan,
    .forward = lrn_forward,
    .backward = lrn_backward,
};
