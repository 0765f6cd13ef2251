/*
 * flatten.c: a map [c][h][w] as one row of c*h*w values in that order.
 *
 * With `window=6` each row holds a window of 6x6 pixels: one row for a map of 6x6, and a map of
 * rows for a larger one, so that a linear layer after it runs at every place with the same weights
 * (a linear layer is a convolution: Sermanet et al. 2014, OverFeat, 3.5). With `map=6` any other
 * map is refused, as torchvision's AlexNet did until 2018.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct flatten {
    int window, map;
} flatten;

/* clang-format off */
static const an_key keys[] = {
    { "window", AN_KEY_INT, offsetof(flatten, window), 0, 256,   NULL, "0", "side of the window of one row; 0: the whole map" },
    { "map",    AN_KEY_INT, offsetof(flatten, map),    0, 65536, NULL, "0", "side that the map must have; 0: any" },
    { 0 },
};
/* clang-format on */

/* Whether each image gives one row. */
static bool is_whole(const flatten *set, an_shape x)
{
    return set->window == 0 || (x.h == set->window && x.w == set->window);
}

static alexnet_status check_map(alexnet_context *ctx, const an_node *node, an_shape x)
{
    const flatten *set = node->settings;

    if (set->map > 0 && (x.h != set->map || x.w != set->map))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: the feature map is %dx%d, this model takes %dx%d only",
                       node->name, x.h, x.w, set->map, set->map);
    if (x.h < set->window || x.w < set->window)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: the feature map is %dx%d, this model needs %dx%d or more",
                       node->name, x.h, x.w, set->window, set->window);
    return ALEXNET_OK;
}

static alexnet_status flatten_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                    an_shape *y)
{
    const flatten *set = node->settings;
    const bool whole = is_whole(set, x);
    const int h = whole ? x.h : set->window, w = whole ? x.w : set->window;
    const int64_t count = (int64_t)x.c * h * w;

    AN_TRY(check_map(ctx, node, x));
    if (count > AN_DIMENSION_MAX)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: %lld values in a row, at most %d are possible", node->name,
                       (long long)count, AN_DIMENSION_MAX);
    *y = (an_shape){x.n, (int)count, x.h - h + 1, x.w - w + 1};
    return ALEXNET_OK;
}

static void flatten_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                         an_needs *needs)
{
    (void)node, (void)setup, (void)y;
    needs->alias = x.h == 1 && x.w == 1;
}

static alexnet_status flatten_forward(const an_op *op)
{
    const flatten *set = op->node->settings;

    return is_whole(set, op->x_shape)
               ? op->backend->flatten(op->run, op->x_shape, op->x, op->y)
               : op->backend->unfold(op->run, op->x_shape, set->window, op->x, op->y);
}

static alexnet_status flatten_backward(const an_op *op)
{
    const flatten *set = op->node->settings;

    if (op->dx == NULL) return ALEXNET_OK;
    return is_whole(set, op->x_shape)
               ? op->backend->unflatten(op->run, op->x_shape, op->dy, op->dx)
               : op->backend->fold(op->run, op->x_shape, set->window, op->dy, op->dx);
}

const an_layer_def an_layer_flatten = {
    .name = "flatten",
    .summary = "a map as one row, or as a row for each window",
    .keys = keys,
    .settings_bytes = sizeof(flatten),
    .shape = flatten_shape,
    .plan = flatten_plan,
    .forward = flatten_forward,
    .backward = flatten_backward,
};
