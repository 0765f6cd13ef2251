/*
 * expect.c: compares a family with the numbers of its source.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <math.h>
#include <string.h>

static void expect_numbers(const alexnet_layer_info *layer, const expect_layer *expected)
{
    for (int i = 0; i < 3; ++i)
        if (layer->output[i] != expected->output[i])
            fail_msg("%s: output[%d] is %d, expected %d", layer->name, i, layer->output[i],
                     expected->output[i]);
    assert_int_equal(layer->parameters, expected->parameters);
    assert_int_equal(layer->macs, expected->macs);
}

/* A layer without parameters and products whose output is its input, or its input as one row. */
static void expect_no_numbers(const alexnet_layer_info *layer, const an_shape *x)
{
    const bool flat = strcmp(layer->type, "flatten") == 0;

    if (layer->parameters != 0 || layer->macs != 0 ||
        layer->output[0] != (flat ? x->c * x->h * x->w : x->c) ||
        layer->output[1] != (flat ? 1 : x->h) || layer->output[2] != (flat ? 1 : x->w))
        fail_msg("%s: it stands in no list, yet it is more than a function of single values",
                 layer->name);
}

static void expect_layers(alexnet_context *ctx, const alexnet_model *model,
                          const expect_layer *expected)
{
    for (int i = 0; i < model->node_count; ++i) {
        alexnet_layer_info layer;

        an_assert_ok(ctx, alexnet_model_get_layer(model, i, &layer));
        if (expected->name != NULL && strcmp(layer.name, expected->name) == 0)
            expect_numbers(&layer, expected++);
        else
            expect_no_numbers(&layer, &model->nodes[i].x);
    }
    if (expected->name != NULL) fail_msg("%s: no such layer at its place", expected->name);
}

static void expect_tensors(alexnet_context *ctx, const alexnet_model *model,
                           const expect_tensor *expected)
{
    int count = 0;

    for (; expected->name != NULL; ++expected, ++count) {
        alexnet_tensor_info tensor;

        an_assert_ok(ctx, alexnet_model_get_tensor(model, count, &tensor));
        assert_string_equal(tensor.name, expected->name);
        assert_int_equal(tensor.rank, expected->rank);
        for (int i = 0; i < expected->rank; ++i)
            assert_int_equal(tensor.shape[i], expected->shape[i]);
    }
    assert_int_equal(count, model->params.count);
}

void an_expect_family(const expect_family *expected)
{
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_model_info info;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, an_model_create_zero(ctx, expected->name, NULL, &model));
    alexnet_model_get_info(model, &info);
    assert_string_equal(info.family, expected->name);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(info.input[i], expected->input[i]);
    assert_int_equal(info.parameters, expected->parameters);
    assert_int_equal(info.macs, expected->macs);
    assert_int_equal(info.neurons, expected->neurons);
    expect_layers(ctx, model, expected->layers);
    expect_tensors(ctx, model, expected->tensors);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void expect_weights(const alexnet_model *model, const an_param *weight, double sd)
{
    const double error = 5 / sqrt(2 * (double)weight->count); /* five standard errors */
    double squares = 0;

    for (int64_t i = 0; i < weight->count; ++i)
        squares += pow((double)model->values[weight->offset + (size_t)i], 2);
    const double found = sqrt(squares / (double)weight->count);
    if (!(fabs(found / sd - 1) <= error))
        fail_msg("%s: deviation %g, expected %g", weight->name, found, sd);
}

void an_expect_start(const char *family, const expect_start *expected)
{
    alexnet_context *ctx;
    alexnet_model *model;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_create(ctx, family, NULL, 1, &model));
    for (; expected->weight != NULL; ++expected) {
        const int index = an_model_find_param(model, expected->weight);
        if (index < 0) fail_msg("%s: no tensor %s", family, expected->weight);
        const an_param *weight = &model->params.items[index], *bias = weight + 1;

        expect_weights(model, weight, expected->sd);
        assert_int_equal(bias->role, AN_PARAM_BIAS);
        for (int64_t i = 0; i < bias->count && !isnan(expected->bias); ++i)
            assert_true(model->values[bias->offset + (size_t)i] == (float)expected->bias);
        assert_true(weight->lr_multiplier == 1 && weight->decay_multiplier == expected->decay);
        assert_true(bias->lr_multiplier == expected->bias_lr &&
                    bias->decay_multiplier == expected->bias_decay);
    }
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* clang-format off */
const expect_tensor expect_paper_tensors[] = {
    {"conv1.weight", 4, {96, 3, 11, 11}},  {"conv1.bias", 1, {96}},
    {"conv2.weight", 4, {256, 48, 5, 5}},  {"conv2.bias", 1, {256}},
    {"conv3.weight", 4, {384, 256, 3, 3}}, {"conv3.bias", 1, {384}},
    {"conv4.weight", 4, {384, 192, 3, 3}}, {"conv4.bias", 1, {384}},
    {"conv5.weight", 4, {256, 192, 3, 3}}, {"conv5.bias", 1, {256}},
    {"fc6.weight",   2, {4096, 9216}},     {"fc6.bias",   1, {4096}},
    {"fc7.weight",   2, {4096, 4096}},     {"fc7.bias",   1, {4096}},
    {"fc8.weight",   2, {1000, 4096}},     {"fc8.bias",   1, {1000}},
    {0},
};

const expect_layer expect_paper_layers[] = {
    {"conv1", {96, 55, 55},  34944,    105415200},
    {"pool1", {96, 27, 27},  0,        0},
    {"conv2", {256, 27, 27}, 307456,   223948800},
    {"pool2", {256, 13, 13}, 0,        0},
    {"conv3", {384, 13, 13}, 885120,   149520384},
    {"conv4", {384, 13, 13}, 663936,   112140288},
    {"conv5", {256, 13, 13}, 442624,   74760192},
    {"pool5", {256, 6, 6},   0,        0},
    {"fc6",   {4096, 1, 1},  37752832, 37748736},
    {"fc7",   {4096, 1, 1},  16781312, 16777216},
    {"fc8",   {1000, 1, 1},  4097000,  4096000},
    {"prob",  {1000, 1, 1},  0,        0},
    {0},
};
/* clang-format on */
