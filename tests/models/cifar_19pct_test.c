/*
 * cifar_19pct_test.c: cifar-19pct, and Figure 1's two networks: sizes, counts, initial weights and
 * multipliers of cuda-convnet's files.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <stdio.h>

/* clang-format off */
static const expect_layer layers[] = {
    {"conv1", {32, 32, 32}, 2432, 2457600},
    {"pool1", {32, 16, 16}, 0, 0},
    {"conv2", {32, 16, 16}, 25632, 6553600},
    {"pool2", {32, 8, 8}, 0, 0},
    {"conv3", {64, 8, 8}, 51264, 3276800},
    {"pool3", {64, 4, 4}, 0, 0},
    {"fc10", {10, 1, 1}, 10250, 10240},
    {0},
};

static const expect_tensor tensors[] = {
    {"conv1.weight", 4, {32, 3, 5, 5}}, {"conv1.bias", 1, {32}},
    {"conv2.weight", 4, {32, 32, 5, 5}}, {"conv2.bias", 1, {32}},
    {"conv3.weight", 4, {64, 32, 5, 5}}, {"conv3.bias", 1, {64}},
    {"fc10.weight", 2, {10, 1024}}, {"fc10.bias", 1, {10}},
    {0},
};
/* clang-format on */

static const char *const families[] = {"cifar-19pct", "figure1-relu", "figure1-tanh"};

static void numbers_of_the_source(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        const expect_family expected = {
            families[i], {3, 32, 32}, 89578, 12298240, 32768 + 8192 + 4096 + 10, layers, tensors};

        an_expect_family(&expected);
    }
}

/* initW 1e-4 .01 .01 .01; wc .004 .004 .004 3, in units of .004; epsB twice epsW, not decayed. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start[] = {
        {"conv1.weight", 0.0001, 0, 1, 2, 0},
        {"conv2.weight", 0.01, 0, 1, 2, 0},
        {"conv3.weight", 0.01, 0, 1, 2, 0},
        {"fc10.weight", 0.01, 0, 750, 2, 0},
        {0},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(families); ++i)
        an_expect_start(families[i], start);
}

/* All that Figure 1 varies. */
static void tanh_replaces_every_relu(void **unused)
{
    static const char *const activations[] = {"relu", "relu", "tanh"};
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        alexnet_model *model;
        an_assert_ok(ctx, alexnet_model_describe(ctx, families[i], NULL, &model));
        for (int j = 1; j <= 3; ++j) {
            char name[16];
            snprintf(name, sizeof name, j == 1 ? "pool%d_neuron" : "conv%d_neuron", j);
            assert_string_equal(model->nodes[an_model_find_layer(model, name)].def->name,
                                activations[i]);
        }
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights_and_rates),
        cmocka_unit_test(tanh_replaces_every_relu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
