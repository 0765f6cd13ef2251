/*
 * softmax.c: logits to probabilities, over the channels of each place, and in training the
 * multinomial logistic loss -ln p[label] (Krizhevsky et al. 2012, 3.5), for which there must be one
 * place. Every model with classes ends in it under the name "prob". The backward pass of both is
 * one: (p - onehot) / images. Labels may be smoothed (Szegedy et al. 2015, 7), and blended images
 * have two (Zhang et al. 2018).
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

static void softmax_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                         an_needs *needs)
{
    (void)node, (void)setup, (void)x, (void)y;
    needs->backward_reads_y = true;
}

static alexnet_status softmax_forward(const an_op *op)
{
    const int n = op->x_shape.n, classes = op->x_shape.c;

    if (op->mode == AN_TRAIN)
        AN_TRY(op->backend->cross_entropy(op->run, n, classes, op->x, &op->targets, op->row_loss));
    return op->backend->softmax(op->run, op->x_shape, op->x, op->y);
}

static alexnet_status softmax_backward(const an_op *op)
{
    if (op->dx == NULL) return ALEXNET_OK;
    return op->backend->softmax_loss_backward(op->run, op->x_shape.n, op->x_shape.c, op->y,
                                              &op->targets, op->loss_scale, op->dx);
}

const an_layer_def an_layer_softmax = {
    .name = "softmax",
    .summary = "probabilities; in training with cross-entropy",
    .is_loss = true,
    .shape = an_layer_same_shape,
    .plan = softmax_plan,
    .forward = softmax_forward,
    .backward = softmax_backward,
};
