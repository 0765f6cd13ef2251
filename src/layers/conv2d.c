/*
 * conv2d.c: convolution with groups, stride and zero padding.
 *
 *   y[n][k][p][q] = bias[k] + sum over c, r, s of
 *                   x[n][g C/G + c][p stride + r - pad][q stride + s - pad] * w[k][c][r][s]
 *
 * where g = k / (K/G) is the filter's group (Krizhevsky et al. 2012, 3.5: some kernels "are
 * connected only to those kernel maps ... which reside on the same GPU").
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "base/text.h"
#include "layers/layers.h"

typedef struct conv2d {
    an_filter_settings filter;
    int groups;
    an_weight_settings start;
} conv2d;

/* clang-format off */
static const an_key keys[] = {
    AN_FILTER_KEYS(conv2d, filter),
    { "groups",  AN_KEY_INT, offsetof(conv2d, groups), 1, 65536, NULL, "1", "groups of channels that are convolved separately" },
    AN_WEIGHT_KEYS(conv2d, start),
    { 0 },
};
/* clang-format on */

static alexnet_status conv2d_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                   an_shape *y)
{
    const conv2d *set = node->settings;

    if (x.c % set->groups != 0 || set->filter.filters % set->groups != 0)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: %d %s %s not divide %d %s and %d %s evenly", node->name,
                       set->groups, AN_NOUN(set->groups, "group", "groups"),
                       AN_NOUN(set->groups, "does", "do"), x.c, AN_NOUN(x.c, "channel", "channels"),
                       set->filter.filters, AN_NOUN(set->filter.filters, "filter", "filters"));
    return an_layer_filter_shape(ctx, node, &set->filter, x, y);
}

static an_conv2d geometry(const an_node *node, int n)
{
    const conv2d *set = node->settings;

    return an_layer_filter_geometry(node, &set->filter, set->groups, n);
}

static alexnet_status conv2d_params(alexnet_context *ctx, const an_node *node, an_param_list *list)
{
    const conv2d *set = node->settings;
    const int inputs = node->x.c / set->groups;
    const int64_t kernel = set->filter.kernel;
    const int64_t shape[] = {set->filter.filters, inputs, kernel, kernel};

    return an_layer_add_weights(ctx, node, &set->start, 4, shape, inputs * kernel * kernel, list);
}

static int64_t conv2d_macs(const an_node *node)
{
    const conv2d *set = node->settings;

    return an_shape_image(node->y) * (node->x.c / set->groups) * set->filter.kernel *
           set->filter.kernel;
}

static void conv2d_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                        an_needs *needs)
{
    const an_conv2d g = geometry(node, x.n);

    (void)y;
    an_layer_plan_conv2d(&g, setup, needs);
    needs->fuses_relu = true;
    needs->backward_reads_x = true;
}

static alexnet_status conv2d_pack_weights(const an_op *op)
{
    const an_conv2d g = geometry(op->node, op->x_shape.n);

    return an_layer_conv2d_pack_weights(op, &g);
}

static alexnet_status conv2d_forward(const an_op *op)
{
    const an_conv2d g = geometry(op->node, op->x_shape.n);

    return an_layer_conv2d_forward(op, &g);
}

static alexnet_status conv2d_backward(const an_op *op)
{
    const an_conv2d g = geometry(op->node, op->x_shape.n);

    return an_layer_conv2d_backward(op, &g);
}

const an_layer_def an_layer_conv2d = {
    .name = "conv2d",
    .summary = "convolution with bias",
    .keys = keys,
    .settings_bytes = sizeof(conv2d),
    .shape = conv2d_shape,
    .params = conv2d_params,
    .macs = conv2d_macs,
    .plan = conv2d_plan,
    .pack_weights = conv2d_pack_weights,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
};
