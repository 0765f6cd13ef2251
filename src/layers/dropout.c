/*
 * dropout.c: in training each value is set to zero with probability p. Two forms keep the expected
 * sums in inference, which drops nothing, the same:
 *
 *     inverted    training divides the kept values by 1 - p; inference does nothing
 *     paper       training keeps them; inference multiplies all values by 1 - p (Krizhevsky et
 *                 al. 2012, 4.2, with p = 0.5; cuda-convnet)
 *
 * The mask is a function of (seed, step, layer, row, element): backward draws it again, so
 * that it need not be stored.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

typedef enum dropout_form { DROPOUT_INVERTED, DROPOUT_PAPER } dropout_form;

typedef struct dropout {
    double p;
    int form;
} dropout;

/* clang-format off */
static const an_key keys[] = {
    { "p", AN_KEY_REAL, offsetof(dropout, p), 0, ALEXNET_DROPOUT_MAX, NULL, NULL, "probability of zero" },
    { "form", AN_KEY_CHOICE, offsetof(dropout, form), 0, 0, "inverted|paper", "inverted", "scaled by 1 / (1 - p) in training, or by 1 - p in inference" },
    { 0 },
};
/* clang-format on */

static void dropout_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                         an_needs *needs)
{
    const dropout *set = node->settings;

    (void)x, (void)y;
    needs->alias = (setup->mode == AN_INFER && set->form == DROPOUT_INVERTED) || !(set->p > 0);
    needs->in_place = true;
}

static an_dropout mask(const an_op *op)
{
    const dropout *set = op->node->settings;
    const double stay = 1 - set->p;

    if (op->mode == AN_INFER)
        return (an_dropout){.drop = 0, .scale = (float)stay}; /* the paper's form */
    return (an_dropout){
        .seed = op->seed,
        .step = op->step,
        .layer = op->node->index,
        .first_row = op->first_row,
        .drop = (float)set->p,
        .scale = set->form == DROPOUT_PAPER ? 1 : (float)(1 / stay),
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
