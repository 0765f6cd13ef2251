/*
 * tanh.c: y = a tanh(b x), as cuda-convnet's neuron tanh[a,b]. Krizhevsky et al. 2012, 3.1,
 * compare ReLU with it.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"

typedef struct tanh_settings {
    double a, b;
} tanh_settings;

/* clang-format off */
static const an_key keys[] = {
    { "a", AN_KEY_REAL, offsetof(tanh_settings, a), 1e-6, 1e6, NULL, "1", "multiplies the result: the largest value" },
    { "b", AN_KEY_REAL, offsetof(tanh_settings, b), 1e-6, 1e6, NULL, "1", "multiplies x" },
    { 0 },
};
/* clang-format on */

static alexnet_status tanh_forward(const an_op *op)
{
    const tanh_settings *set = op->node->settings;

    return op->backend->tanh(op->run, (float)set->a, (float)set->b, an_shape_count(op->x_shape),
                             op->x, op->y);
}

static alexnet_status tanh_backward(const an_op *op)
{
    const tanh_settings *set = op->node->settings;

    if (op->dx == NULL) return ALEXNET_OK;
    return op->backend->tanh_backward(op->run, (float)set->a, (float)set->b,
                                      an_shape_count(op->x_shape), op->y, op->dy, op->dx);
}

const an_layer_def an_layer_tanh = {
    .name = "tanh",
    .summary = "a tanh(b x)",
    .keys = keys,
    .settings_bytes = sizeof(tanh_settings),
    .shape = an_layer_same_shape,
    .plan = an_layer_plan_activation,
    .forward = tanh_forward,
    .backward = tanh_backward,
};
