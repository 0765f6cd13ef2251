/*
 * cifar_local_test.c: cifar-13pct and cifar-11pct: sizes, counts, initial weights and multipliers
 * of their files.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

/* clang-format off */
/* local3 and local4: 36 places, each with other filters of 3x3 and biases. */
#define LAYERS(local3)                                                      \
    {"conv1",  {64, 24, 24},   4864,   2764800},                            \
    {"pool1",  {64, 12, 12},   0,      0},                                  \
    {"conv2",  {64, 12, 12},   102464, 14745600},                           \
    {"pool2",  {64, 6, 6},     0,      0},                                  \
    {"local3", {local3, 6, 6}, 36 * (local3) * (64 * 9 + 1), 36 * (local3) * 64 * 9}, \
    {"local4", {32, 6, 6},     36 * 32 * ((local3) * 9 + 1), 36 * 32 * (local3) * 9}, \
    {"fc10",   {10, 1, 1},     11530,  11520},                              \
    {0}

#define TENSORS(local3)                                                                 \
    {"conv1.weight",  4, {64, 3, 5, 5}},  {"conv1.bias",  1, {64}},                     \
    {"conv2.weight",  4, {64, 64, 5, 5}}, {"conv2.bias",  1, {64}},                     \
    {"local3.weight", 4, {36, 64, 9, local3}}, {"local3.bias", 2, {36, local3}},        \
    {"local4.weight", 4, {36, local3, 9, 32}}, {"local4.bias", 2, {36, 32}},            \
    {"fc10.weight",   2, {10, 1152}},     {"fc10.bias",   1, {10}},                     \
    {0}

static const expect_layer  layers_13pct[]  = {LAYERS(32)},  layers_11pct[]  = {LAYERS(64)};
static const expect_tensor tensors_13pct[] = {TENSORS(32)}, tensors_11pct[] = {TENSORS(64)};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const int neurons = 64 * 576 + 64 * 144 + 32 * 36 + 10;
    const expect_family expected[] = {
        {"cifar-13pct",
         {3, 24, 24},
         1116490,
         18517248,
         neurons + 32 * 36,
         layers_13pct,
         tensors_13pct},
        {"cifar-11pct",
         {3, 24, 24},
         2112970,
         19512576,
         neurons + 64 * 36,
         layers_11pct,
         tensors_11pct},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(expected); ++i)
        an_expect_family(&expected[i]);
}

/* On whole images, without crops. */
static void numbers_at_32x32(void **unused)
{
    static const struct {
        const char *family;
        int64_t parameters;
    } rows[] = {{"cifar-13pct", 1901386}, {"cifar-11pct", 3672906}};
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;
        alexnet_model_info info;

        options.input_h = options.input_w = 32;
        an_assert_ok(ctx, alexnet_model_describe(ctx, rows[i].family, &options, &model));
        alexnet_model_get_info(model, &info);
        assert_int_equal(info.parameters, rows[i].parameters);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

/* initW 1e-4 .01 .04 .04 .01; wc 0 0 .004 .004, and .004 or .01; epsB twice epsW, not decayed. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start_13pct[] = {
        {"conv1.weight", 0.0001, 0, 0, 2, 0}, {"conv2.weight", 0.01, 0, 0, 2, 0},
        {"local3.weight", 0.04, 0, 1, 2, 0},  {"local4.weight", 0.04, 0, 1, 2, 0},
        {"fc10.weight", 0.01, 0, 1, 2, 0},    {0},
    };
    static const expect_start start_11pct[] = {
        {"conv1.weight", 0.0001, 0, 0, 2, 0}, {"conv2.weight", 0.01, 0, 0, 2, 0},
        {"local3.weight", 0.04, 0, 1, 2, 0},  {"local4.weight", 0.04, 0, 1, 2, 0},
        {"fc10.weight", 0.01, 0, 2.5, 2, 0},  {0},
    };

    (void)unused;
    an_expect_start("cifar-13pct", start_13pct);
    an_expect_start("cifar-11pct", start_11pct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(numbers_at_32x32),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
