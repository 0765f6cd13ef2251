/*
 * paper_run_test.c: The paper's network as run, net 145: sizes, counts, the order of its layers,
 * initial weights and rates.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <string.h>

/* clang-format off */
static const expect_layer layers[] = {
    {"conv1",   {96, 55, 55},  34944,    105415200},
    {"pool1",   {96, 27, 27},  0,        0},
    {"conv2",   {256, 27, 27}, 307456,   223948800},
    {"cnorm2",  {256, 27, 27}, 0,        0},
    {"pool2",   {256, 13, 13}, 0,        0},
    {"conv3",   {384, 13, 13}, 885120,   149520384},
    {"conv4",   {384, 13, 13}, 663936,   112140288},
    {"conv5",   {256, 13, 13}, 442624,   74760192},
    {"pool3",   {256, 6, 6},   0,        0},
    {"fc4096a", {4096, 1, 1},  37752832, 37748736},
    {"fc4096b", {4096, 1, 1},  16781312, 16777216},
    {"fc1000",  {1000, 1, 1},  4097000,  4096000},
    {0},
};

static const expect_tensor tensors[] = {
    {"conv1.weight",   4, {96, 3, 11, 11}},  {"conv1.bias",   1, {96}},
    {"conv2.weight",   4, {256, 48, 5, 5}},  {"conv2.bias",   1, {256}},
    {"conv3.weight",   4, {384, 256, 3, 3}}, {"conv3.bias",   1, {384}},
    {"conv4.weight",   4, {384, 192, 3, 3}}, {"conv4.bias",   1, {384}},
    {"conv5.weight",   4, {256, 192, 3, 3}}, {"conv5.bias",   1, {256}},
    {"fc4096a.weight", 2, {4096, 9216}},     {"fc4096a.bias", 1, {4096}},
    {"fc4096b.weight", 2, {4096, 4096}},     {"fc4096b.bias", 1, {4096}},
    {"fc1000.weight",  2, {1000, 4096}},     {"fc1000.bias",  1, {1000}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {"paper-run", {3, 224, 224}, 60965224, 724406816,
                                    659272,      layers,        tensors};

    (void)unused;
    an_expect_family(&expected);
}

/* Block 1: conv LRN pool ReLU. Block 2: conv ReLU LRN same-map norm pool. conv5: pool, then
   ReLU. */
static void order_of_the_layers(void **unused)
{
    static const char *const types[] = {
        "conv2d", "lrn",     "pool",   "relu", "conv2d",  "relu",   "lrn",    "lrn",     "pool",
        "conv2d", "relu",    "conv2d", "relu", "conv2d",  "pool",   "relu",   "flatten", "linear",
        "relu",   "dropout", "linear", "relu", "dropout", "linear", "softmax"};
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper-run", NULL, &model));
    assert_int_equal(model->node_count, AN_COUNT(types));
    for (size_t i = 0; i < AN_COUNT(types); ++i)
        assert_string_equal(model->nodes[i].def->name, types[i]);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Net 148: all three normalisations go. */
static void no_lrn_removes_three(void **unused)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    options.lrn = 0;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper-run", &options, &model));
    assert_int_equal(model->node_count, 22);
    assert_int_equal(an_model_find_layer(model, "cnorm2"), -1);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* layer-params-145.cfg: initW .01 and .03, initB; epsB twice epsW, wcB 0. */
static void initial_weights_and_rates(void **unused)
{
    static const expect_start start[] = {
        /* clang-format off */
        {"conv1.weight", 0.01, 0, 1, 2, 0},   {"conv2.weight", 0.01, 1, 1, 2, 0},
        {"conv3.weight", 0.03, 0, 1, 2, 0},   {"conv4.weight", 0.03, 1, 1, 2, 0},
        {"conv5.weight", 0.03, 1, 1, 2, 0},   {"fc4096a.weight", 0.01, 1, 1, 2, 0},
        {"fc4096b.weight", 0.01, 1, 1, 2, 0}, {"fc1000.weight", 0.01, 0, 1, 2, 0},
        {0},
        /* clang-format on */
    };

    (void)unused;
    an_expect_start("paper-run", start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(order_of_the_layers),
        cmocka_unit_test(no_lrn_removes_three),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
