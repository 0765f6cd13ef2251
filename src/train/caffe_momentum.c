/*
 * caffe_momentum.c: Caffe's momentum in the terms of the optimiser.
 * SPDX-License-Identifier: MIT
 */
#include "train/caffe_momentum.h"

#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/partial.h"
#include <string.h>

/* What would be logged of the file was logged when its weights were read. */
static alexnet_status open_silently(alexnet_context *ctx, const an_config *config, an_partial *out)
{
    const alexnet_log log = ctx->options.log;

    ctx->options.log = NULL;
    const alexnet_status status =
        an_partial_open_momentum(ctx, config->from, config->solverstate, out);
    ctx->options.log = log;
    out->by_order = true;
    return status;
}

alexnet_status an_caffe_momentum_check(alexnet_context *ctx, const an_config *config)
{
    an_partial momentum;

    if (config->from == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "solverstate '%s': its momentum needs the weights that were saved with it "
                       "(from)",
                       config->solverstate);
    if (config->recipe.update != AN_UPDATE_TORCH && config->recipe.update != AN_UPDATE_PAPER)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "solverstate '%s' has the momentum of SGD, but the recipe's update is "
                       "another: choose update=paper",
                       config->solverstate);
    AN_TRY(open_silently(ctx, config, &momentum));
    an_partial_close(ctx, &momentum);
    return ALEXNET_OK;
}

/* From Caffe's h to the v of cpu/sgd.h. */
static void convert(const an_recipe *recipe, const an_param *param, float *v)
{
    const an_rates rates = {.weights = recipe->lr, .biases = recipe->lr};
    const an_factors factors = {1, 1, 1};
    const double lr = an_optimiser_rule(recipe, param, &rates, &factors).lr;

    if (param->role == AN_PARAM_STATISTIC || lr <= 0) {
        memset(v, 0, (size_t)param->count * sizeof *v);
        return;
    }
    for (int64_t i = 0; i < param->count; ++i)
        v[i] = recipe->update == AN_UPDATE_PAPER ? -v[i] : (float)((double)v[i] / lr);
}

/* Reads h as if it were weights, so that it meets the same parameters and classes as they did. */
static alexnet_status read_history(alexnet_model *model, const an_partial *momentum, float *h,
                                   bool *fresh)
{
    alexnet_context *ctx = model->ctx;
    const alexnet_log log = ctx->options.log;

    ctx->options.log = NULL;
    an_model_swap_values(model, h);
    const alexnet_status status = an_partial_read(momentum, model, fresh);
    an_model_swap_values(model, h);
    ctx->options.log = log;
    return status;
}

static alexnet_status load(alexnet_model *model, const an_config *config,
                           const an_partial *momentum, an_optimiser *optimiser)
{
    alexnet_context *ctx = model->ctx;
    const an_param_list *params = &model->params;
    float *values = optimiser->slots[AN_SLOT_MOMENTUM];
    bool *fresh = an_new_array(ctx, (size_t)params->count, sizeof *fresh);
    int taken = 0;

    if (fresh == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", config->solverstate);
    const alexnet_status status = read_history(model, momentum, values, fresh);
    for (int i = 0; i < params->count && status == ALEXNET_OK; ++i) {
        convert(&config->recipe, &params->items[i], values + params->items[i].offset);
        taken += !fresh[i] && params->items[i].role != AN_PARAM_STATISTIC;
    }
    an_free(ctx, fresh);
    AN_TRY(status);
    an_log(
        ctx, ALEXNET_LOG_INFO,
        "%s: goes on with the momentum of %d %s after %lld steps of Caffe; the learning rate and "
        "its schedule are this run's, from its first step",
        config->solverstate, taken, AN_NOUN(taken, "tensor", "tensors"),
        (long long)momentum->solver.iteration);
    return ALEXNET_OK;
}

alexnet_status an_caffe_momentum_load(alexnet_model *model, const an_config *config,
                                      an_optimiser *optimiser)
{
    an_partial momentum;

    AN_TRY(open_silently(model->ctx, config, &momentum));
    const alexnet_status status = load(model, config, &momentum, optimiser);
    an_partial_close(model->ctx, &momentum);
    return status;
}
