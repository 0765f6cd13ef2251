/*
 * relu.c: y = max(x, 0); dx = dy where y > 0 (Krizhevsky et al. 2012, 3.1).
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

static alexnet_status relu_forward(const an_op *op)
{
    return op->backend->relu(op->run, an_shape_count(op->x_shape), op->x, op->y);
}

static alexnet_status relu_backward(const an_op *op)
{
    if (op->dx == NULL) return ALEXNET_OK;
    return op->backend->relu_backward(op->run, an_shape_count(op->x_shape), op->y, op->dy, op->dx);
}

const an_layer_def an_layer_relu = {
    .name = "relu",
    .summary = "max(x, 0)",
    .is_relu = true,
    .shape = an_layer_same_shape,
    .plan = an_layer_plan_activation,
    .forward = relu_forward,
    .backward = relu_backward,
};
