/*
 * flatten.c: a map [c][h][w] as one row of c*h*w values in that order. With `map=6` any other map
 * is refused, as torchvision's AlexNet did until 2018.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct flatten {
    int map;
} flatten;

/* clang-format off */
static const an_key keys[] = {
    { "map", AN_KEY_INT, offsetof(flatten, map), 0, 65536, NULL, "0", "side that the map must have; 0: any" },
    { 0 },
};
/* clang-format on */

static alexnet_status flatten_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                    an_shape *y)
{
    const flatten *set = node->settings;
    const int64_t count = an_shape_image(x);

    if (set->map > 0 && (x.h != set->map || x.w != set->map))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: the feature map is %dx%d, this model takes %dx%d only", node->name,
                       x.h, x.w, set->map, set->map);
    if (count > AN_DIMENSION_MAX)
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: %lld values in a row, at most %d are possible", node->name,
                       (long long)count, AN_DIMENSION_MAX);
    *y = (an_shape){x.n, (int)count, 1, 1};
    return ALEXNET_OK;
}

static void flatten_plan(const an_node *node, const an_backend *backend, an_mode mode, an_shape x,
                         an_shape y, int threads, an_needs *needs)
{
    (void)node, (void)backend, (void)mode, (void)y, (void)threads;
    needs->alias = x.h == 1 && x.w == 1;
}

static alexnet_status flatten_forward(const an_op *op)
{
    return op->backend->flatten(op->run, op->x_shape, op->x, op->y);
}

static alexnet_status flatten_backward(const an_op *op)
{
    return op->dx != NULL ? op->backend->unflatten(op->run, op->x_shape, op->dy, op->dx)
                          : ALEXNET_OK;
}

const an_layer_def an_layer_flatten = {
    .name = "flatten",
    .summary = "a map as one row",
    .keys = keys,
    .settings_bytes = sizeof(flatten),
    .shape = flatten_shape,
    .plan = flatten_plan,
    .forward = flatten_forward,
    .backward = flatten_backward,
};
