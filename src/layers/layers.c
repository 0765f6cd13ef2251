/*
 * layers.c: the table of layers, and the code that several layers share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "layers/layers.h"
#include "base/status.h"
#include <string.h>

static const an_layer_def *const table[] = {
#define AN_LAYER(name) &an_layer_##name,
#include "layers/layers.inc"
#undef AN_LAYER
};

const an_layer_def *an_layer_at(int index)
{
    return index >= 0 && (size_t)index < AN_COUNT(table) ? table[index] : NULL;
}

const an_layer_def *an_layer_find(const char *name)
{
    for (size_t i = 0; i < AN_COUNT(table); ++i)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

alexnet_status an_layer_add_param(alexnet_context *ctx, const an_node *node, an_param_role role,
                                  const an_weight_settings *settings, int rank,
                                  const int64_t *shape, int64_t fan_in, int64_t fan_out,
                                  an_param_list *list)
{
    const bool is_bias = role == AN_PARAM_BIAS;
    an_param *param;

    AN_TRY(an_param_add(ctx, list, node->name, role, NULL, rank, shape, &param));
    AN_TRY(an_init_parse(ctx, param->name, is_bias ? settings->bias : settings->weights,
                         &param->init));
    param->fan_in = fan_in;
    param->fan_out = fan_out;
    param->lr_multiplier = is_bias ? settings->bias_lr : settings->lr;
    param->decay_multiplier = is_bias ? settings->bias_decay : settings->decay;
    return ALEXNET_OK;
}

alexnet_status an_layer_add_weights(alexnet_context *ctx, const an_node *node,
                                    const an_weight_settings *settings, int rank,
                                    const int64_t *shape, int64_t fan_in, an_param_list *list)
{
    int64_t fan_out = shape[0];

    for (int i = 2; i < rank; ++i)
        fan_out *= shape[i];
    AN_TRY(an_layer_add_param(ctx, node, AN_PARAM_WEIGHT, settings, rank, shape, fan_in, fan_out,
                              list));
    /* PyTorch draws biases by the fan-in of their weights */
    return an_layer_add_param(ctx, node, AN_PARAM_BIAS, settings, 1, shape, fan_in, 0, list);
}

static bool windows(const an_filter_settings *set, an_shape x, an_window *rows, an_window *columns)
{
    return an_window_output((an_rounding)set->round, x.h, set->kernel, set->stride, set->pad, false,
                            rows) &&
           an_window_output((an_rounding)set->round, x.w, set->kernel, set->stride, set->pad, false,
                            columns);
}

alexnet_status an_layer_filter_shape(alexnet_context *ctx, const an_node *node,
                                     const an_filter_settings *set, an_shape x, an_shape *y)
{
    an_window rows, columns;

    if (!windows(set, x, &rows, &columns))
        return an_fail(ctx, ALEXNET_BAD_SHAPE,
                       "layer %s: a %dx%d filter does not fit on a map of %dx%d with padding %d",
                       node->name, set->kernel, set->kernel, x.h, x.w, set->pad);
    *y = (an_shape){x.n, set->filters, rows.out, columns.out};
    return ALEXNET_OK;
}

alexnet_status an_layer_same_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                   an_shape *y)
{
    (void)ctx, (void)node;
    *y = x;
    return ALEXNET_OK;
}

void an_layer_plan_activation(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                              an_needs *needs)
{
    (void)node, (void)setup, (void)x, (void)y;
    needs->in_place = true;
    needs->backward_reads_y = true;
}

an_conv2d an_layer_filter_geometry(const an_node *node, const an_filter_settings *set, int groups,
                                   int n)
{
    an_window rows = {0}, columns = {0};

    (void)windows(set, node->x, &rows, &columns); /* they fit: an_layer_filter_shape() checked */
    return (an_conv2d){
        .n = n,
        .c = node->x.c,
        .h = node->x.h,
        .w = node->x.w,
        .k = set->filters,
        .r = set->kernel,
        .s = set->kernel,
        .stride = set->stride,
        .groups = groups,
        .pad_top = rows.pad_before,
        .pad_left = columns.pad_before,
        .pad_bottom = rows.pad_after,
        .pad_right = columns.pad_after,
        .p = rows.out,
        .q = columns.out,
    };
}

/* Weights that do not change may be packed. pool: r is 0 for none. */
static an_conv2d in_mode(const an_conv2d *g, an_mode mode, const an_pool *pool, bool nchw)
{
    an_conv2d here = *g;

    here.packed = mode == AN_INFER;
    here.pool = *pool;
    here.nchw = nchw;
    return here;
}

/* Whether a layer runs this pass. */
static bool has_pass(const an_setup *setup, int pass)
{
    return pass == AN_FORWARD ||
           (setup->mode == AN_TRAIN && !(pass == AN_BACKWARD_DATA && setup->no_input_gradient));
}

/* Whether all passes can include the pooling that follows. */
static bool pools(const an_conv2d *g, const an_setup *setup)
{
    bool all = setup->pool.r > 0;

    for (int pass = 0; pass < AN_PASSES; ++pass)
        if (has_pass(setup, pass))
            all = all &&
                  setup->backend->conv2d(setup->backend, g, (an_pass)pass, setup->dtype)->pools;
    return all;
}

/* Whether all passes can read images as [n][c][h][w]. */
static bool takes_nchw(const an_conv2d *g, const an_setup *setup)
{
    an_conv2d images = *g;
    bool all = setup->first;

    images.nchw = true;
    for (int pass = 0; pass < AN_PASSES; ++pass)
        if (has_pass(setup, pass))
            all =
                all && setup->backend->conv2d(setup->backend, &images, (an_pass)pass, setup->dtype)
                           ->takes_nchw;
    return all;
}

void an_layer_plan_conv2d(const an_conv2d *g, const an_setup *setup, an_needs *needs)
{
    an_conv2d here = in_mode(g, setup->mode, &setup->pool, false);

    needs->fuses_pool = pools(&here, setup);
    if (!needs->fuses_pool) here.pool = (an_pool){0};
    needs->takes_nchw = here.nchw = takes_nchw(&here, setup);
    for (int pass = 0; pass < AN_PASSES; ++pass) {
        if (!has_pass(setup, pass)) continue;
        const an_conv2d_algorithm *algorithm =
            setup->backend->conv2d(setup->backend, &here, (an_pass)pass, setup->dtype);
        needs->algorithm[pass] = algorithm;
        needs->cost[pass] = algorithm->cost(&here, (an_pass)pass, setup->threads);
        if (algorithm->scratch_bytes != NULL)
            needs->scratch_bytes =
                AN_MAX(needs->scratch_bytes, algorithm->scratch_bytes(&here, setup->threads));
        if (here.packed && algorithm->pack_weights != NULL)
            needs->packed_bytes = algorithm->packed_bytes(&here);
    }
    needs->takes_relu =
        has_pass(setup, AN_BACKWARD_DATA) && needs->algorithm[AN_BACKWARD_DATA]->takes_relu;
}

alexnet_status an_layer_conv2d_pack_weights(const an_op *op, const an_conv2d *g)
{
    const an_conv2d here = in_mode(g, op->mode, &op->pool, op->needs->takes_nchw);

    return op->needs->algorithm[AN_FORWARD]->pack_weights(op->run, &here, op->w[0], op->packed);
}

alexnet_status an_layer_conv2d_forward(const an_op *op, const an_conv2d *g)
{
    const an_conv2d_tensors t = {.x = op->x,
                                 .w = op->w[0],
                                 .bias = op->w[1],
                                 .y = op->y,
                                 .relu = op->relu,
                                 .argmax = op->saved,
                                 .packed = op->packed};
    const an_conv2d here = in_mode(g, op->mode, &op->pool, op->needs->takes_nchw);

    return op->needs->algorithm[AN_FORWARD]->run(op->run, &here, &t);
}

alexnet_status an_layer_conv2d_backward(const an_op *op, const an_conv2d *g)
{
    const an_conv2d_tensors data = {.x = op->relu_before ? op->x : NULL,
                                    .w = op->w[0],
                                    .relu = op->relu_before,
                                    .dy = op->dy,
                                    .dx = op->dx,
                                    .argmax = op->saved};
    const an_conv2d_tensors weights = {
        .x = op->x, .dy = op->dy, .dw = op->dw[0], .db = op->dw[1], .argmax = op->saved};
    const an_conv2d here = in_mode(g, op->mode, &op->pool, op->needs->takes_nchw);

    if (op->dw[0] != NULL)
        AN_TRY(op->needs->algorithm[AN_BACKWARD_WEIGHTS]->run(op->run, &here, &weights));
    return op->dx != NULL ? op->needs->algorithm[AN_BACKWARD_DATA]->run(op->run, &here, &data)
                          : ALEXNET_OK;
}
