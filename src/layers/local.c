/*
 * local.c: a locally connected layer: a convolution whose filters and biases differ at every place
 * of the output (cuda-convnet's `local` layers, in its nets of 13 % and 11 % error on CIFAR-10).
 *
 *   y[n][k][p][q] = bias[p,q][k] + sum over c, r, s of
 *                   x[n][c][p stride + r - pad][q stride + s - pad] * w[p,q][c][r,s][k]
 *
 * The weights are cuda-convnet's matrix (places * channels * kernel^2, filters), stored as
 * [places][channels][kernel^2][filters].
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct local {
    an_filter_settings filter;
    an_weight_settings start;
} local;

static const an_key keys[] = {
    AN_FILTER_KEYS(local, filter),
    AN_WEIGHT_KEYS(local, start),
    {0},
};

static alexnet_status local_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                  an_shape *y)
{
    const local *set = node->settings;

    return an_layer_filter_shape(ctx, node, &set->filter, x, y);
}

static an_conv2d geometry(const an_node *node, int n)
{
    const local *set = node->settings;

    return an_layer_filter_geometry(node, &set->filter, 1, n);
}

/* Products in one output. */
static int64_t inputs_of(const an_node *node)
{
    const local *set = node->settings;

    return (int64_t)node->x.c * set->filter.kernel * set->filter.kernel;
}

static alexnet_status local_params(alexnet_context *ctx, const an_node *node, an_param_list *list)
{
    const local *set = node->settings;
    const int64_t places = (int64_t)node->y.h * node->y.w, filters = node->y.c;
    const int64_t taps = (int64_t)set->filter.kernel * set->filter.kernel;
    const int64_t weights[] = {places, node->x.c, taps, filters}, biases[] = {places, filters};

    AN_TRY(an_layer_add_param(ctx, node, AN_PARAM_WEIGHT, &set->start, 4, weights, inputs_of(node),
                              filters * taps, list)); /* fans as for a convolution */
    return an_layer_add_param(ctx, node, AN_PARAM_BIAS, &set->start, 2, biases, inputs_of(node), 0,
                              list);
}

static int64_t local_macs(const an_node *node) { return an_shape_image(node->y) * inputs_of(node); }

static void local_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                       an_needs *needs)
{
    const an_conv2d g = geometry(node, x.n);

    (void)y;
    needs->scratch_bytes = setup->backend->local_scratch(&g, setup->threads);
    needs->fuses_relu = true;
    needs->backward_reads_x = true;
}

static alexnet_status local_forward(const an_op *op)
{
    const an_conv2d g = geometry(op->node, op->x_shape.n);

    return op->backend->local_forward(op->run, &g, op->x, op->w[0], op->w[1], op->relu, op->y);
}

static alexnet_status local_backward(const an_op *op)
{
    const an_conv2d g = geometry(op->node, op->x_shape.n);

    if (op->dw[0] != NULL)
        AN_TRY(
            op->backend->local_backward_weights(op->run, &g, op->x, op->dy, op->dw[0], op->dw[1]));
    return op->dx != NULL ? op->backend->local_backward_data(op->run, &g, op->dy, op->w[0], op->dx)
                          : ALEXNET_OK;
}

const an_layer_def an_layer_local = {
    .name = "local",
    .summary = "locally connected: a convolution with other filters and biases at every place",
    .keys = keys,
    .settings_bytes = sizeof(local),
    .per_place = true,
    .shape = local_shape,
    .params = local_params,
    .macs = local_macs,
    .plan = local_plan,
    .forward = local_forward,
    .backward = local_backward,
};
