/*
 * pool.c: the maximum or the average over a sliding square window. In every AlexNet windows
 * overlap: size 3, stride 2 (Krizhevsky et al. 2012, 3.4). Windows are clipped to the map: padding
 * is never the maximum and adds nothing to a sum. An average divides the sum by:
 *
 *     inside    the window's pixels on the map (cuda-convnet; PyTorch's count_include_pad=False)
 *     padded    its pixels on the map and its padding (Caffe; PyTorch's default). Pixels past the
 *               end of the padding, which a last window may have with round=up, are never counted
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef enum pool_kind { POOL_MAX, POOL_AVERAGE } pool_kind;

typedef enum pool_divisor { DIVISOR_INSIDE, DIVISOR_PADDED } pool_divisor;

typedef struct pool {
    int kind, size, stride, pad, round, divisor;
} pool;

/* clang-format off */
static const an_key keys[] = {
    { "kind",   AN_KEY_CHOICE, offsetof(pool, kind), 0, 0, "max|average", NULL, "what is computed over the window" },
    { "size",   AN_KEY_INT, offsetof(pool, size),   1, 16,  NULL, NULL, "side of the window, pixels" },
    { "stride", AN_KEY_INT, offsetof(pool, stride), 1, 255, NULL, NULL, "pixels between neighbouring windows" },
    { "pad",    AN_KEY_INT, offsetof(pool, pad),    0, 15,  NULL, "0",  "how far before the map windows may begin, pixels" },
    { "round",  AN_KEY_CHOICE, offsetof(pool, round), 0, 0, AN_ROUNDING_CHOICES, "down", "how the output size is rounded" },
    { "divisor", AN_KEY_CHOICE, offsetof(pool, divisor), 0, 0, "inside|padded", "inside", "average: the sum is divided by the window's pixels on the map, or by those on its padding, too" },
    { 0 },
};
/* clang-format on */

static bool windows(const pool *set, an_shape x, an_window *rows, an_window *columns)
{
    return an_window_output((an_rounding)set->round, x.h, set->size, set->stride, set->pad, true,
                            rows) &&
           an_window_output((an_rounding)set->round, x.w, set->size, set->stride, set->pad, true,
                            columns);
}

static alexnet_status pool_shape(alexnet_context *ctx, const an_node *node, an_shape x, an_shape *y)
{
    const pool *set = node->settings;
    an_window rows, columns;

    if (set->pad >= set->size)
        return an_fail(ctx, ALEXNET_BAD_SHAPE, "layer %s: padding %d reaches past its window of %d",
                       node->name, set->pad, set->size);
    if (set->divisor == DIVISOR_PADDED && set->round == AN_ROUND_SAME)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "layer %s: divisor=padded needs one padding for all sides, not round=same",
                       node->name);
    if (!windows(set, x, &rows, &columns))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: a %dx%d window does not fit on a map of %dx%d", node->name,
                       set->size, set->size, x.h, x.w);
    *y = (an_shape){x.n, x.c, rows.out, columns.out};
    return ALEXNET_OK;
}

static an_pool geometry(const an_node *node, int n)
{
    const pool *set = node->settings;
    an_window rows = {0}, columns = {0};

    (void)windows(set, node->x, &rows, &columns); /* they fit: pool_shape() checked */
    return (an_pool){
        .n = n,
        .c = node->x.c,
        .h = node->x.h,
        .w = node->x.w,
        .r = set->size,
        .s = set->size,
        .stride = set->stride,
        .pad_top = rows.pad_before,
        .pad_left = columns.pad_before,
        .p = rows.out,
        .q = columns.out,
        .padded = set->divisor == DIVISOR_PADDED,
    };
}

static bool pool_max_pool(const an_node *node, int n, an_pool *out)
{
    *out = geometry(node, n);
    return ((const pool *)node->settings)->kind == POOL_MAX;
}

static void pool_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                      an_needs *needs)
{
    const pool *set = node->settings;

    (void)x;
    if (setup->mode == AN_TRAIN && set->kind == POOL_MAX) {
        needs->saved_bytes = (size_t)an_shape_count(y); /* argmax, a byte each */
        needs->takes_relu = true;                       /* y holds the maximum */
    }
}

static alexnet_status pool_forward(const an_op *op)
{
    const pool *set = op->node->settings;
    const an_pool g = geometry(op->node, op->x_shape.n);

    if (set->kind == POOL_AVERAGE) return op->backend->average_pool(op->run, &g, op->x, op->y);
    return op->backend->max_pool(op->run, &g, op->x, op->y, op->saved);
}

static alexnet_status pool_backward(const an_op *op)
{
    const pool *set = op->node->settings;
    const an_pool g = geometry(op->node, op->x_shape.n);

    if (op->dx == NULL) return ALEXNET_OK;
    if (set->kind == POOL_AVERAGE)
        return op->backend->average_pool_backward(op->run, &g, op->dy, op->dx);
    if (op->relu_before)
        AN_TRY(op->backend->relu_backward(op->run, an_shape_count(op->y_shape), op->y, op->dy,
                                          op->dy));
    return op->backend->max_pool_backward(op->run, &g, op->dy, op->saved, op->dx);
}

const an_layer_def an_layer_pool = {
    .name = "pool",
    .summary = "maximum or average over a sliding window",
    .keys = keys,
    .settings_bytes = sizeof(pool),
    .shape = pool_shape,
    .max_pool = pool_max_pool,
    .plan = pool_plan,
    .forward = pool_forward,
    .backward = pool_backward,
};
