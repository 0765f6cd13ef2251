/*
 * dropout.c: in training each value is zero with probability p and else divided by 1 - p
 * ("inverted"), so that testing has nothing to do (Krizhevsky et al. 2012, 4.2, multiply by 0.5 in
 * testing instead).
 *
 * The mask is a function of (seed, step, layer, row, element): backward draws it again instead of
 * keeping it.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

typedef struct dropout {
    double p;
} dropout;

/* clang-format off */
static const an_key keys[] = {
    { "p", AN_KEY_REAL, offsetof(dropout, p), 0, ALEXNET_DROPOUT_MAX, NULL, NULL, "probability of zero" },
    { 0 },
};
/* clang-format on */

static void dropout_plan(const an_node *node, const an_backend *backend, an_mode mode, an_shape x,
                         an_shape y, int threads, an_needs *needs)
{
    const dropout *set = node->settings;

    (void)backend, (void)x, (void)y, (void)threads;
    needs->alias = mode == AN_INFER || !(set->p > 0);
    needs->in_place = true;
}

static an_dropout mask(const an_op *op)
{
    const dropout *set = op->node->settings;

    return (an_dropout){
        .seed = op->seed,
        .step = op->step,
        .layer = op->node->index,
        .first_row = op->first_row,
        .drop = (float)set->p,
        .scale = (float)(1 / (1 - set->p)),
    };
}

static alexnet_status dropout_forward(const an_op *op)
{
    const an_dropout d = mask(op);

    return op->backend->dropout(op->run, &d, op->x_shape, op->x, op->y);
}

static alexnet_status dropout_backward(const an_op *op)
{
    const an_dropout d = mask(op);

    return op->dx != NULL ? op->backend->dropout(op->run, &d, op->x_shape, op->dy, op->dx)
                          : ALEXNET_OK;
}

const an_layer_def an_layer_dropout = {
    .name = "dropout",
    .summary = "zeroes values at random in training",
    .keys = keys,
    .settings_bytes = sizeof(dropout),
    .shape = an_layer_same_shape,
    .plan = dropout_plan,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
