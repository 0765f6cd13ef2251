/*
 * sigmoid.c: y = 1 / (1 + exp(-x)), as cuda-convnet's neuron logistic.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

static alexnet_status sigmoid_forward(const an_op *op)
{
    return op->backend->sigmoid(op->run, an_shape_count(op->x_shape), op->x, op->y);
}

static alexnet_status sigmoid_backward(const an_op *op)
{
    if (op->dx == NULL) return ALEXNET_OK;
    return op->backend->sigmoid_backward(op->run, an_shape_count(op->x_shape), op->y, op->dy,
                                         op->dx);
}

const an_layer_def an_layer_sigmoid = {
    .name = "sigmoid",
    .summary = "1 / (1 + exp(-x))",
    .shape = an_layer_same_shape,
    .plan = an_layer_plan_activation,
    .forward = sigmoid_forward,
    .backward = sigmoid_backward,
};
