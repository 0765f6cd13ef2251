/*
 * relu.c: y = max(x, 0); dx = dy where y > 0 (Krizhevsky et al. 2012, 3.1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

static alexnet_status relu_shape(alexnet_context *ctx, const an_node *node, an_shape x, an_shape *y)
{
    (void)ctx, (void)node;
    *y = x;
    return ALEXNET_OK;
}

static void relu_plan(const an_node *node, const an_backend *backend, an_mode mode, an_shape x,
                      an_shape y, int threads, an_needs *needs)
{
    (void)node, (void)backend, (void)mode, (void)x, (void)y, (void)threads;
    needs->in_place = true; /* backward reads y, so x may be overwritten */
    needs->backward_reads_y = true;
}

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
    .shape = relu_shape,
    .plan = relu_plan,
    .forward = relu_forward,
    .backward = relu_backward,
};
