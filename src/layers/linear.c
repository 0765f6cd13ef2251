/*
 * linear.c: y = x w^T + bias, every output connected to every input. If its input is a map, as in a
 * network with a larger input image, it runs at each place: a convolution with filters of 1x1.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
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

static an_linear geometry(const an_node *node, an_mode mode, int n)
{
    return (an_linear){.n = n,
                       .inputs = node->x.c,
                       .outputs = node->y.c,
                       .packed = mode == AN_INFER}; /* the weights do not change */
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

static void plan_algorithms(const an_linear *g, const an_setup *setup, an_needs *needs)
{
    const int passes = setup->mode == AN_TRAIN ? AN_PASSES : 1;

    for (int pass = 0; pass < passes; ++pass) {
        const an_linear_algorithm *algorithm =
            setup->backend->linear(setup->backend, g, (an_pass)pass, setup->dtype);
        needs->linear[pass] = algorithm;
        needs->cost[pass] = algorithm->cost(g, (an_pass)pass, setup->threads);
        if (algorithm->scratch_bytes != NULL)
            needs->scratch_bytes =
                AN_MAX(needs->scratch_bytes, algorithm->scratch_bytes(g, setup->threads));
        if (g->packed && algorithm->pack_weights != NULL)
            needs->packed_bytes = algorithm->packed_bytes(g);
    }
}

static void linear_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                        an_needs *needs)
{
    const an_linear g = geometry(node, setup->mode, x.n);
    const an_conv2d conv = filters_of_1x1(node, x.n);

    (void)y;
    needs->fuses_relu = true;
    needs->backward_reads_x = true;
    if (on_map(node))
        an_layer_plan_conv2d(&conv, setup, needs);
    else
        plan_algorithms(&g, setup, needs);
    needs->fuses_update = !on_map(node);
}

static alexnet_status linear_pack_weights(const an_op *op)
{
    const an_linear g = geometry(op->node, op->mode, op->x_shape.n);
    const an_conv2d conv = filters_of_1x1(op->node, op->x_shape.n);

    if (on_map(op->node)) return an_layer_conv2d_pack_weights(op, &conv);
    return op->needs->linear[AN_FORWARD]->pack_weights(op->run, &g, op->w[0], op->packed);
}

static alexnet_status linear_forward(const an_op *op)
{
    const an_linear g = geometry(op->node, op->mode, op->x_shape.n);
    const an_conv2d conv = filters_of_1x1(op->node, op->x_shape.n);
    const an_linear_tensors t = {.x = op->x,
                                 .w = op->w[0],
                                 .bias = op->w[1],
                                 .y = op->y,
                                 .relu = op->relu,
                                 .packed = op->packed};

    if (on_map(op->node)) return an_layer_conv2d_forward(op, &conv);
    return op->needs->linear[AN_FORWARD]->run(op->run, &g, &t);
}

static alexnet_status linear_backward(const an_op *op)
{
    const an_linear g = geometry(op->node, op->mode, op->x_shape.n);
    const an_conv2d conv = filters_of_1x1(op->node, op->x_shape.n);
    const an_linear_tensors t = {.x = op->x,
                                 .w = op->w[0],
                                 .dy = op->dy,
                                 .dx = op->dx,
                                 .dw = op->dw[0],
                                 .db = op->dw[1],
                                 .update = op->update};
    const bool of_weights = t.dw != NULL || t.db != NULL || t.update != NULL;

    if (on_map(op->node)) return an_layer_conv2d_backward(op, &conv);
    if (of_weights) return op->needs->linear[AN_BACKWARD_WEIGHTS]->run(op->run, &g, &t);
    if (op->dx == NULL) return ALEXNET_OK;
    return op->needs->linear[AN_BACKWARD_DATA]->run(op->run, &g, &t);
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
    .pack_weights = linear_pack_weights,
    .forward = linear_forward,
    .backward = linear_backward,
};
