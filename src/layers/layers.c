/*
 * layers.c: the table of layers, and what layers with weights share.
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

alexnet_status an_layer_add_weights(alexnet_context *ctx, const an_node *node,
                                    const an_weight_settings *settings, int rank,
                                    const int64_t *shape, int64_t fan_in, an_param_list *list)
{
    an_param *param;

    AN_TRY(an_param_add(ctx, list, node->name, "weight", rank, shape, &param));
    AN_TRY(an_init_parse(ctx, param->name, settings->weights, &param->init));
    param->fan_in = fan_in;
    param->lr_multiplier = settings->lr;
    param->decay_multiplier = settings->decay;
    AN_TRY(an_param_add(ctx, list, node->name, "bias", 1, shape, &param));
    AN_TRY(an_init_parse(ctx, param->name, settings->bias, &param->init));
    param->is_bias = true;
    param->fan_in = fan_in; /* PyTorch draws biases by the fan-in of their weights */
    param->lr_multiplier = settings->bias_lr;
    param->decay_multiplier = settings->bias_decay;
    return ALEXNET_OK;
}
