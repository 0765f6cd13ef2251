/*
 * torchvision_test.c: torchvision's AlexNet: sizes and counts of its source, initial weights, the
 * two forms.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <math.h>
#include <string.h>

/* Maps 55-27-13-6; parameters and MACs per layer are computed from the sizes of
 * torchvision/models/alexnet.py. */
/* clang-format off */
static const expect_layer layers[] = {
    {"features.0",   {64, 55, 55},  23296,    70276800},
    {"features.2",   {64, 27, 27},  0,        0},
    {"features.3",   {192, 27, 27}, 307392,   223948800},
    {"features.5",   {192, 13, 13}, 0,        0},
    {"features.6",   {384, 13, 13}, 663936,   112140288},
    {"features.8",   {256, 13, 13}, 884992,   149520384},
    {"features.10",  {256, 13, 13}, 590080,   99680256},
    {"features.12",  {256, 6, 6},   0,        0},
    {"classifier.1", {4096, 1, 1},  37752832, 37748736},
    {"classifier.4", {4096, 1, 1},  16781312, 16777216},
    {"classifier.6", {1000, 1, 1},  4097000,  4096000},
    {"prob",         {1000, 1, 1},  0,        0},
    {0},
};

static const expect_tensor tensors[] = {
    {"features.0.weight",   4, {64, 3, 11, 11}},
    {"features.0.bias",     1, {64}},
    {"features.3.weight",   4, {192, 64, 5, 5}},
    {"features.3.bias",     1, {192}},
    {"features.6.weight",   4, {384, 192, 3, 3}},
    {"features.6.bias",     1, {384}},
    {"features.8.weight",   4, {256, 384, 3, 3}},
    {"features.8.bias",     1, {256}},
    {"features.10.weight",  4, {256, 256, 3, 3}},
    {"features.10.bias",    1, {256}},
    {"classifier.1.weight", 2, {4096, 9216}},
    {"classifier.1.bias",   1, {4096}},
    {"classifier.4.weight", 2, {4096, 4096}},
    {"classifier.4.bias",   1, {4096}},
    {"classifier.6.weight", 2, {1000, 4096}},
    {"classifier.6.bias",   1, {1000}},
    {0},
};
/* clang-format on */

/* 193600 + 139968 + 64896 + 43264 + 43264 + 4096 + 4096 + 1000 neurons. */
static void numbers_of_the_source(void **unused)
{
    static const char *const names[] = {"torchvision", "torchvision-2018"};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        const expect_family expected = {names[i], {3, 224, 224}, 61100840, 714188480,
                                        494184,   layers,        tensors};

        an_expect_family(&expected);
    }
}

/* U(-1/sqrt(fan_in), 1/sqrt(fan_in)), biases by the fan-in of their weights: 3 * 11 * 11 = 363 for
 * the first layer. */
static void initial_weights_are_pytorchs(void **unused)
{
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_tensor_info weight, bias;
    float largest = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_create(ctx, "torchvision", NULL, 1, &model));
    an_assert_ok(ctx, alexnet_model_get_tensor(model, 0, &weight));
    an_assert_ok(ctx, alexnet_model_get_tensor(model, 1, &bias));
    for (int i = 0; i < 64 * 363; ++i)
        largest = fmaxf(largest, fabsf(weight.data[i]));
    assert_true(largest <= 1 / sqrtf(363) && largest > 0.99f / sqrtf(363));
    largest = 0;
    for (int i = 0; i < 64; ++i)
        largest = fmaxf(largest, fabsf(bias.data[i]));
    assert_true(largest <= 1 / sqrtf(363) && largest > 0.5f / sqrtf(363));
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Today's form accepts any image from 63x63 on; that of 2018 only those that give a 6x6 map. */
static void input_sizes(void **unused)
{
    static const struct {
        const char *name;
        int size;
        alexnet_status status;
    } rows[] = {
        {"torchvision", 63, ALEXNET_OK},
        {"torchvision", 62, ALEXNET_BAD_SHAPE},
        {"torchvision", 300, ALEXNET_OK},
        {"torchvision-2018", 224, ALEXNET_OK},
        {"torchvision-2018", 230, ALEXNET_OK},
        {"torchvision-2018", 256, ALEXNET_BAD_SHAPE},
        {"torchvision-2018", 192, ALEXNET_BAD_SHAPE},
    };
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;

        options.input_h = options.input_w = rows[i].size;
        an_assert_status(ctx, alexnet_model_describe(ctx, rows[i].name, &options, &model),
                         rows[i].status);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

/* The record keeps its proportion of crop to short side: 256 to 224, 128 to 112, 343 to 300. */
static void the_record_follows_the_input(void **unused)
{
    static const struct {
        int size;
        const char *resize, *crop;
    } rows[] = {
        {224, "resize=short:256 ", "crop=224x224 "},
        {112, "resize=short:128 ", "crop=112x112 "},
        {300, "resize=short:343 ", "crop=300x300 "},
    };
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;

        options.input_h = options.input_w = rows[i].size;
        an_assert_ok(ctx, alexnet_model_describe(ctx, "torchvision", &options, &model));
        assert_non_null(strstr(model->preprocess, rows[i].resize));
        assert_non_null(strstr(model->preprocess, rows[i].crop));
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights_are_pytorchs),
        cmocka_unit_test(input_sizes),
        cmocka_unit_test(the_record_follows_the_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
