/*
 * batch_norm.c: batch normalisation (Ioffe and Szegedy 2015) with the conventions of torch7 and
 * PyTorch. The AlexNet paper has none; the family `bn` has. Every channel c of x[n][c][h][w] is
 * normalised to mean 0 and variance 1, then scaled and shifted by learned values:
 *
 *   y = (x - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c]
 *
 *   training    mean and variance of the m = n h w values of the channel in the batch; the
 *               variance is divided by m
 *   inference   running statistics, which follow those of the batches in training:
 *               running += momentum (batch's - running), with a variance divided by m - 1
 *
 * Running statistics are parameters of role STATISTIC (core/param.h): forward stores the batch's
 * statistics where other parameters have their gradients, and the optimiser updates them.
 *
 * If the layer is frozen, training uses the running statistics and does not change them, so that
 * frozen features stay the same. The same holds for a batch with a single value per channel (the
 * last batch of an epoch may be one), which has no variance; PyTorch refuses it.
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

typedef struct batch_norm {
    int affine;
    double epsilon, momentum;
    an_weight_settings start;
} batch_norm;

/* clang-format off */
static const an_key keys[] = {
    { "affine",   AN_KEY_CHOICE, offsetof(batch_norm, affine), 0, 0, "no|yes", "yes", "learn a weight and a bias for each channel" },
    { "epsilon",  AN_KEY_REAL, offsetof(batch_norm, epsilon),  1e-12, 1, NULL, "1e-5", "added to the variance" },
    { "momentum", AN_KEY_REAL, offsetof(batch_norm, momentum), 0,     1, NULL, "0.1",  "weight of the newest batch in the running statistics" },
    AN_WEIGHT_KEYS_FROM(batch_norm, start, "const:1", "const:0"),
    { 0 },
};
/* clang-format on */

static alexnet_status batch_norm_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                       an_shape *y)
{
    (void)ctx, (void)node;
    *y = x;
    return ALEXNET_OK;
}

static alexnet_status add_statistic(alexnet_context *ctx, const an_node *node, const char *suffix,
                                    bool is_variance, an_param_list *list)
{
    const batch_norm *set = node->settings;
    const int64_t channels = node->x.c;
    an_param *param;

    AN_TRY(an_param_add(ctx, list, node->name, AN_PARAM_STATISTIC, suffix, 1, &channels, &param));
    param->init = (an_init){AN_INIT_CONST, is_variance ? 1 : 0};
    param->is_variance = is_variance;
    param->lr_multiplier = set->momentum;
    param->decay_multiplier = 0;
    return ALEXNET_OK;
}

/* weight and bias, if they are learned; the running mean and variance */
static alexnet_status batch_norm_params(alexnet_context *ctx, const an_node *node,
                                        an_param_list *list)
{
    const batch_norm *set = node->settings;
    const int64_t channels = node->x.c;

    if (set->affine) {
        AN_TRY(
            an_layer_add_param(ctx, node, AN_PARAM_WEIGHT, &set->start, 1, &channels, 1, 1, list));
        AN_TRY(an_layer_add_param(ctx, node, AN_PARAM_BIAS, &set->start, 1, &channels, 1, 1, list));
    }
    AN_TRY(add_statistic(ctx, node, ".running_mean", false, list));
    return add_statistic(ctx, node, ".running_var", true, list);
}

static void batch_norm_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                            an_needs *needs)
{
    (void)node, (void)y;
    needs->scratch_bytes = setup->backend->batch_norm_scratch(x);
    needs->fuses_relu = true;
    needs->in_place = true;
    needs->backward_reads_x = true;
    if (setup->mode == AN_TRAIN)
        needs->saved_bytes = (size_t)x.c * sizeof(float); /* the variance */
}

/* Index of the running mean among the layer's parameters; the variance follows. */
static int statistics_at(const an_op *op)
{
    const batch_norm *set = op->node->settings;

    return set->affine ? 2 : 0;
}

static bool learns_statistics(const an_op *op)
{
    return op->mode == AN_TRAIN && op->dw[statistics_at(op)] != NULL;
}

/* The statistics that normalise in this run: the batch's, where forward stored them, or the running
   ones. */
static an_batch_norm_channels channels_of(const an_op *op)
{
    const batch_norm *set = op->node->settings;
    const int at = statistics_at(op);
    const bool of_batch = learns_statistics(op);

    return (an_batch_norm_channels){
        .mean = of_batch ? op->dw[at] : op->w[at],
        .variance = of_batch ? op->saved : op->w[at + 1],
        .weight = set->affine ? op->w[0] : NULL,
        .bias = set->affine ? op->w[1] : NULL,
    };
}

static alexnet_status batch_norm_forward(const an_op *op)
{
    const batch_norm *set = op->node->settings;
    const an_batch_norm_channels channels = channels_of(op);
    const int at = statistics_at(op);

    if (learns_statistics(op))
        AN_TRY(op->backend->batch_statistics(op->run, op->x_shape, op->x, op->w[at], op->w[at + 1],
                                             op->dw[at], op->saved, op->dw[at + 1]));
    return op->backend->batch_norm(op->run, op->x_shape, (float)set->epsilon, op->x, &channels,
                                   op->relu, op->y);
}

static alexnet_status batch_norm_backward(const an_op *op)
{
    const batch_norm *set = op->node->settings;
    const an_batch_norm_channels channels = channels_of(op);
    const an_shape x = op->x_shape;
    const bool fixed = !learns_statistics(op) || (int64_t)x.n * x.h * x.w == 1;

    return op->backend->batch_norm_backward(op->run, x, (float)set->epsilon, fixed, op->x, op->dy,
                                            &channels, op->dx, set->affine ? op->dw[0] : NULL,
                                            set->affine ? op->dw[1] : NULL);
}

const an_layer_def an_layer_batch_norm = {
    .name = "batch_norm",
    .summary = "normalises each channel over the batch, then scales and shifts it",
    .keys = keys,
    .settings_bytes = sizeof(batch_norm),
    .shape = batch_norm_shape,
    .params = batch_norm_params,
    .plan = batch_norm_plan,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
};
