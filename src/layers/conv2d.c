/*
 * conv2d.c: convolution with groups, stride and zero padding.
 *
 *   y[n][k][p][q] = bias[k] + sum over c, r, s of  x[n][g C/G + c][p stride + r - pad][q stride + s - pad]
 *                                                  * w[k][c][r][s]
 *
 * where g = k / (K/G) is the filter's group (Krizhevsky et al. 2012, 3.5: some kernels "are connected only
 * to those kernel maps ... which reside on the same GPU").
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct conv2d {
    int filters, kernel, stride, pad, groups, round;
    an_weight_settings start;
} conv2d;

/* clang-format off */
static const an_key keys[] = {
    { "filters", AN_KEY_INT, offsetof(conv2d, filters), 1, 65536, NULL, NULL, "output channels" },
    { "kernel",  AN_KEY_INT, offsetof(conv2d, kernel),  1, 255,   NULL, NULL, "side of the square filter, pixels" },
    { "stride",  AN_KEY_INT, offsetof(conv2d, stride),  1, 255,   NULL, "1",  "pixels between neighbouring outputs" },
    { "pad",     AN_KEY_INT, offsetof(conv2d, pad),     0, 255,   NULL, "0",  "zeros added on each side, pixels" },
    { "groups",  AN_KEY_INT, offsetof(conv2d, groups),  1, 65536, NULL, "1",  "parts of the channels that do not meet" },
    { "round",   AN_KEY_CHOICE, offsetof(conv2d, round), 0, 0, AN_ROUNDING_CHOICES, "down", "how the output size is rounded" },
    AN_WEIGHT_KEYS(conv2d, start),
    { 0 },
};
/* clang-format on */

static alexnet_status conv2d_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                   an_shape *y)
{
    const conv2d *set = node->settings;
    an_window rows, columns;

    if (x.c % set->groups != 0 || set->filters % set->groups != 0)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: %d groups do not divide %d channels and %d filters evenly",
                       node->name, set->groups, x.c, set->filters);
    if (!an_window_output((an_rounding)set->round, x.h, set->kernel, set->stride, set->pad, false,
                          &rows) ||
        !an_window_output((an_rounding)set->round, x.w, set->kernel, set->stride, set->pad, false,
                          &columns))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: a %dx%d filter does not fit on a map of %dx%d with padding %d",
                       node->name, set->kernel, set->kernel, x.h, x.w, set->pad);
    *y = (an_shape){x.n, set->filters, rows.out, columns.out};
    return ALEXNET_OK;
}

/* The geometry for n images. The windows fit: conv2d_shape() has seen them. */
static an_conv2d geometry(const an_node *node, int n)
{
    const conv2d *set = node->settings;
    an_window rows = {0}, columns = {0};

    (void)!an_window_output((an_rounding)set->round, node->x.h, set->kernel, set->stride, set->pad,
                            false, &rows);
    (void)!an_window_output((an_rounding)set->round, node->x.w, set->kernel, set->stride, set->pad,
                            false, &columns);
    return (an_conv2d){
        .n = n,
        .c = node->x.c,
        .h = node->x.h,
        .w = node->x.w,
        .k = set->filters,
        .r = set->kernel,
        .s = set->kernel,
        .stride = set->stride,
        .groups = set->groups,
        .pad_top = rows.pad_before,
        .pad_left = columns.pad_before,
        .pad_bottom = rows.pad_after,
        .pad_right = columns.pad_after,
        .p = rows.out,
        .q = columns.out,
    };
}

static alexnet_status conv2d_params(alexnet_context *ctx, const an_node *node, an_param_list *list)
{
    const conv2d *set = node->settings;
    const int inputs = node->x.c / set->groups;
    const int64_t shape[] = {set->filters, inputs, set->kernel, set->kernel};

    return an_layer_add_weights(ctx, node, &set->start, 4, shape,
                                (int64_t)inputs * set->kernel * set->kernel, list);
}

static int64_t conv2d_macs(const an_node *node)
{
    const conv2d *set = node->settings;

    return an_shape_image(node->y) * (node->x.c / set->groups) * set->kernel * set->kernel;
}

static void conv2d_plan(const an_node *node, const an_backend *backend, an_mode mode, an_shape x,
                        an_shape y, int threads, an_needs *needs)
{
    const an_conv2d g = geometry(node, x.n);

    (void)y;
    an_layer_plan_conv2d(&g, backend, mode, threads, needs);
    needs->fuses_relu = true;
    needs->backward_reads_x = true;
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
    .forward = conv2d_forward,
    .backward = conv2d_backward,
};
