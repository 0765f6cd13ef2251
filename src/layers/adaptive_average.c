/*
 * adaptive_average.c: averages over windows that divide a map of any size evenly, so that the
 * output has a given size (torch.nn.AdaptiveAvgPool2d). If the map has that size, y is x.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

typedef struct adaptive_average {
    int size;
} adaptive_average;

/* clang-format off */
static const an_key keys[] = {
    { "size", AN_KEY_INT, offsetof(adaptive_average, size), 1, 255, NULL, NULL, "side of the output map, pixels" },
    { 0 },
};
/* clang-format on */

static alexnet_status adaptive_average_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                             an_shape *y)
{
    const adaptive_average *set = node->settings;

    (void)ctx;
    *y = (an_shape){x.n, x.c, set->size, set->size};
    return ALEXNET_OK;
}

static void adaptive_average_plan(const an_node *node, const an_setup *setup, an_shape x,
                                  an_shape y, an_needs *needs)
{
    (void)node, (void)setup;
    needs->alias = x.h == y.h && x.w == y.w;
}

static alexnet_status adaptive_average_forward(const an_op *op)
{
    return op->backend->adaptive_average(op->run, op->x_shape, op->y_shape.h, op->y_shape.w, op->x,
                                         op->y);
}

static alexnet_status adaptive_average_backward(const an_op *op)
{
    if (op->dx == NULL) return ALEXNET_OK;
    return op->backend->adaptive_average_backward(op->run, op->x_shape, op->y_shape.h,
                                                  op->y_shape.w, op->dy, op->dx);
}

const an_layer_def an_layer_adaptive_average = {
    .name = "adaptive_average",
    .summary = "average down to a given map size",
    .keys = keys,
    .settings_bytes = sizeof(adaptive_average),
    .shape = adaptive_average_shape,
    .plan = adaptive_average_plan,
    .forward = adaptive_average_forward,
    .backward = adaptive_average_backward,
};
