/*
 * linear.c: y = x w^T + bias, every output connected to every input. On a map, which a network has here
 * when its input is larger than usual, it does so at each place: a convolution with filters of 1x1.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct linear {
    int outputs;
    an_weight_settings start;
} linear;

/* clang-format off */
static const an_key keys[] = {
    { "outputs", AN_KEY_INT, offsetof(linear, outputs), 1, 1 << 20, NULL, NULL, "outputs" },
    AN_WEIGHT_KEYS(linear, start),
    { 0 },
};
/* clang-format on */

static alexnet_status linear_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                   an_shape *y)
{
    const linear *set = node->settings;

    (void)ctx;
    *y = (an_shape){x.n, set->outputs, x.h, x.w};
    return ALEXNET_OK;
}

static alexnet_status linear_params(alexnet_context *ctx, const an_node *node, an_param_list *list)
{
    const linear *set = node->settings;
    const int64_t shape[] = {set->outputs, node->x.c};

    return an_layer_add_weights(ctx, node, &set->start, 2, shape, node->x.c, list);
}

static int64_t linear_macs(const an_node *node) { return node->x.c * an_shape_image(node->y); }

static bool on_map(const an_node *node) { return node->x.h > 1 || node->x.w > 1; }

static an_linear geometry(const an_node *node, int n)
{
    return (an_linear){.n = n, .inputs = node->x.c, .outputs = node->y.c};
}

static an_conv2d filters_of_1x1(const an_node *node, int n)
{
    return (an_conv2d){
        .n = n,
        .c = node->x.c,
        .h = node->x.h,
        .w = node->x.w,
        .k = node->y.c,
        .r = 1,
        .s = 1,
        .stride = 1,
        .groups = 1,
        .p = node->y.h,
        .q = node->y.w,
    };
}

static void linear_plan(const an_node *node, const an_backend *backend, an_mode mode, an_shape x,
                        an_shape y, int threads, an_needs *needs)
{
    const an_linear g = geometry(node, x.n);
    const an_conv2d conv = filters_of_1x1(node, x.n);

    (void)y;
    needs->fuses_relu = true;
    needs->backward_reads_x = true;
    if (on_map(node))
        an_layer_plan_conv2d(&conv, backend, mode, threads, needs);
    else
        needs->scratch_bytes = backend->linear_scratch(&g, threads);
    needs->fuses_update = !on_map(node);
}

static alexnet_status linear_forward(const an_op *op)
{
    const an_linear g = geometry(op->node, op->x_shape.n);
    const an_conv2d conv = filters_of_1x1(op->node, op->x_shape.n);

    if (on_map(op->node)) return an_layer_conv2d_forward(op, &conv);
    return op->backend->linear_forward(op->run, &g, op->x, op->w[0], op->w[1], op->relu, op->y);
}

static alexnet_status linear_backward(const an_op *op)
{
    const an_linear g = geometry(op->node, op->x_shape.n);
    const an_conv2d conv = filters_of_1x1(op->node, op->x_shape.n);

    if (on_map(op->node)) return an_layer_conv2d_backward(op, &conv);
    if (op->dx != NULL) /* before an update changes the weights */
        AN_TRY(op->backend->linear_backward_data(op->run, &g, op->dy, op->w[0], op->dx));
    if (op->dw[0] == NULL && op->dw[1] == NULL && op->update == NULL) return ALEXNET_OK;
    return op->backend->linear_backward_weights(op->run, &g, op->x, op->dy, op->dw[0], op->dw[1],
                                                op->update);
}

const an_layer_def an_layer_linear = {
    .name = "linear",
    .summary = "fully connected, with bias",
    .keys = keys,
    .settings_bytes = sizeof(linear),
    .shape = linear_shape,
    .params = linear_params,
    .macs = linear_macs,
    .plan = linear_plan,
    .forward = linear_forward,
    .backward = linear_backward,
};
