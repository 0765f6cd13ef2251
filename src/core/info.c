/*
 * info.c: the functions of the public header that tell facts about families and models
 * (alexnet_model_get_info() ...): all computed from the model's table, without a run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/model.h"
#include "core/plan_cost.h"
#include "core/session.h"
#include <limits.h>
#include <string.h>

int alexnet_family_count(void)
{
    int count = 0;

    while (an_family_at(count) != NULL)
        ++count;
    return count;
}

static int64_t total_macs(const alexnet_model *model)
{
    int64_t macs = 0;

    for (int i = 0; i < model->node_count; ++i)
        if (model->nodes[i].def->macs != NULL) macs += model->nodes[i].def->macs(&model->nodes[i]);
    return macs;
}

/* Outputs of the layers that multiply: convolutions and linear layers (as the paper counts them,
 * section 3.5). */
static int64_t total_neurons(const alexnet_model *model)
{
    int64_t neurons = 0;

    for (int i = 0; i < model->node_count; ++i)
        if (model->nodes[i].def->macs != NULL) neurons += an_shape_image(model->nodes[i].y);
    return neurons;
}

static int64_t parameters_of(const alexnet_model *model, const an_node *node)
{
    int64_t count = 0;

    for (int i = 0; i < node->param_count; ++i) {
        const an_param *param = &model->params.items[node->first_param + i];
        if (param->role != AN_PARAM_STATISTIC) count += param->count;
    }
    return count;
}

static int64_t total_parameters(const alexnet_model *model)
{
    int64_t count = 0;

    for (int i = 0; i < model->node_count; ++i)
        count += parameters_of(model, &model->nodes[i]);
    return count;
}

alexnet_status alexnet_get_family(alexnet_context *ctx, int index, alexnet_family_info *out)
{
    const an_family *family = an_family_at(index);
    alexnet_model *model;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    if (family == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "family %d: there are %d", index,
                       alexnet_family_count());
    AN_TRY(alexnet_model_describe(ctx, family->name, NULL, &model));
    *out = (alexnet_family_info){
        .name = family->name,
        .summary = family->summary,
        .source = family->source,
        .recipe = family->recipe,
        .parameters = total_parameters(model),
        .macs = total_macs(model),
    };
    alexnet_model_free(model);
    return ALEXNET_OK;
}

void alexnet_model_get_info(const alexnet_model *model, alexnet_model_info *out)
{
    if (out == NULL) return;
    *out = (alexnet_model_info){0};
    if (model == NULL) return;
    *out = (alexnet_model_info){
        .family = model->family->name,
        .summary = model->family->summary,
        .source = model->family->source,
        .input = {model->nodes[0].x.c, model->nodes[0].x.h, model->nodes[0].x.w},
        .classes = model->options.classes,
        .parameters = total_parameters(model),
        .macs = total_macs(model),
        .neurons = total_neurons(model),
        .layers = model->node_count,
        .tensors = model->params.count,
        .preprocess = model->preprocess,
        .recipe = model->family->recipe,
    };
}

alexnet_status alexnet_model_get_layer(const alexnet_model *model, int index,
                                       alexnet_layer_info *out)
{
    const an_node *node;

    AN_NEED(NULL, model);
    AN_NEED(model->ctx, out);
    if (index < 0 || index >= model->node_count)
        return an_fail(model->ctx, ALEXNET_BAD_ARG, "layer %d: the model has %d", index,
                       model->node_count);
    node = &model->nodes[index];
    *out = (alexnet_layer_info){
        .name = node->name,
        .type = node->def->name,
        .settings = node->settings_text,
        .output = {node->y.c, node->y.h, node->y.w},
        .parameters = parameters_of(model, node),
        .macs = node->def->macs != NULL ? node->def->macs(node) : 0,
    };
    return ALEXNET_OK;
}

alexnet_status alexnet_model_get_tensor(const alexnet_model *model, int index,
                                        alexnet_tensor_info *out)
{
    const an_param *param;

    AN_NEED(NULL, model);
    AN_NEED(model->ctx, out);
    if (index < 0 || index >= model->params.count)
        return an_fail(model->ctx, ALEXNET_BAD_ARG, "tensor %d: the model has %d", index,
                       model->params.count);
    param = &model->params.items[index];
    *out =
        (alexnet_tensor_info){.name = param->name,
                              .rank = param->rank,
                              .data = model->values != NULL ? model->values + param->offset : NULL};
    memcpy(out->shape, param->shape, sizeof out->shape);
    return ALEXNET_OK;
}

alexnet_status alexnet_model_get_memory(const alexnet_model *model, int batch, int training,
                                        alexnet_memory_info *out)
{
    an_plan plan;

    AN_NEED(NULL, model);
    AN_NEED(model->ctx, out);
    AN_NEED_WITHIN(model->ctx, training, 0, 1);
    const int64_t weights = (int64_t)(model->params.values * sizeof(float));
    AN_TRY(an_plan_open(model, training ? AN_TRAIN : AN_INFER, batch, 0, model->node_count - 1,
                        &plan));
    *out = (alexnet_memory_info){
        .weights = weights,
        .gradients = training ? (int64_t)an_plan_gradient_bytes(&plan, true) : 0,
        .momentum = training ? weights : 0,
        .activations = (int64_t)plan.step_bytes,
        .scratch = (int64_t)plan.scratch_bytes,
        .prepared = (int64_t)plan.packed_bytes,
    };
    out->total = out->weights + out->gradients + out->momentum + out->activations + out->scratch +
                 out->prepared;
    an_plan_close(model->ctx, &plan);
    return ALEXNET_OK;
}

static void show_pass(const an_pass_estimate *p, alexnet_pass_info *out)
{
    *out = (alexnet_pass_info){
        .layer = p->step->node->name,
        .type = p->step->node->def->name,
        .pass = p->pass,
        .algorithm = p->algorithm != NULL ? p->algorithm : "",
        .fused = an_pass_estimate_fused(p),
        .gflop = 2e-9 * p->macs,
        .executed_gflop = 2e-9 * p->cost.macs,
        .seconds = p->cost.seconds,
        .bytes = p->bytes,
    };
    memcpy(out->tiles, p->cost.tiles, sizeof out->tiles);
}

alexnet_status alexnet_model_get_plan(const alexnet_model *model, int batch, int training,
                                      alexnet_pass_info *out, int capacity, int *count)
{
    an_pass_estimate *passes;
    an_plan plan;

    AN_NEED(NULL, model);
    alexnet_context *ctx = model->ctx;
    AN_NEED(ctx, count);
    AN_NEED_WITHIN(ctx, capacity, 0, INT_MAX);
    AN_NEED_WITHIN(ctx, training, 0, 1);
    if (capacity > 0) AN_NEED(ctx, out);
    *count = 0;
    if (training) AN_TRY(an_session_check_training(ctx, ctx->options.dtype));
    AN_TRY(an_plan_open(model, training ? AN_TRAIN : AN_INFER, batch, 0, model->node_count - 1,
                        &plan));
    passes = an_new_array(ctx, 3 * (size_t)plan.step_count, sizeof *passes);
    if (passes != NULL) *count = an_plan_estimate(&plan, passes);
    for (int i = 0; i < *count && i < capacity; ++i)
        show_pass(&passes[i], &out[i]);
    an_free(ctx, passes);
    an_plan_close(ctx, &plan);
    return passes != NULL ? ALEXNET_OK
                          : an_fail(ctx, ALEXNET_NO_MEMORY, "plan of %d layers", model->node_count);
}

const char *alexnet_model_class(const alexnet_model *model, int index)
{
    return model != NULL && model->classes != NULL && index >= 0 && index < model->options.classes
               ? model->classes[index]
               : NULL;
}

const char *alexnet_model_metadata(const alexnet_model *model, const char *key)
{
    if (model == NULL || key == NULL) return NULL;
    for (size_t i = 0; i < model->metadata_count; ++i)
        if (strcmp(model->metadata[i].key, key) == 0) return model->metadata[i].value;
    return NULL;
}

alexnet_status alexnet_model_hash(const alexnet_model *model, char hex[65])
{
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    AN_NEED(NULL, model);
    AN_NEED(model->ctx, hex);
    if (model->values == NULL)
        return an_fail(model->ctx, ALEXNET_BAD_ARG,
                       "hash: the model is only described, without weights");
    an_sha256_open(&hash);
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];

        an_sha256_add(&hash, param->name, strlen(param->name) + 1);
        an_sha256_add(&hash, param->shape, (size_t)param->rank * sizeof param->shape[0]);
        an_sha256_add(&hash, model->values + param->offset, (size_t)param->count * sizeof(float));
    }
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    return ALEXNET_OK;
}
