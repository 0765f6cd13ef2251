/*
 * paper_test.c: The paper's network as printed: sizes, counts, initial weights; the ablations that
 * are options.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"
#include <string.h>

/* 659,272 neurons: section 3.5's "650,000", with 290,400 for conv1 (the caption of Figure 2
   slips). */
static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {"paper",
                                    {3, 224, 224},
                                    60965224,
                                    724406816,
                                    659272,
                                    expect_paper_layers,
                                    expect_paper_tensors};

    (void)unused;
    an_expect_family(&expected);
}

/* Section 5: N(0, 0.01); biases 1 in conv2, conv4, conv5 and the hidden linear layers, equal
   rates. */
static void initial_weights(void **unused)
{
    static const expect_start start[] = {
        /* clang-format off */
        {"conv1.weight", 0.01, 0, 1, 1, 1}, {"conv2.weight", 0.01, 1, 1, 1, 1},
        {"conv3.weight", 0.01, 0, 1, 1, 1}, {"conv4.weight", 0.01, 1, 1, 1, 1},
        {"conv5.weight", 0.01, 1, 1, 1, 1}, {"fc6.weight", 0.01, 1, 1, 1, 1},
        {"fc7.weight", 0.01, 1, 1, 1, 1},   {"fc8.weight", 0.01, 0, 1, 1, 1},
        {0},
        /* clang-format on */
    };

    (void)unused;
    an_expect_start("paper", start);
}

static int count_layers(const alexnet_model *model, const char *type)
{
    int count = 0;

    for (int i = 0; i < model->node_count; ++i)
        count += strcmp(model->nodes[i].def->name, type) == 0;
    return count;
}

/* Maps 55-28-26-13-13-11-6 without overlap, and the same parameters (cuda-convnet's net 147). */
static void pooling_without_overlap(void **unused)
{
    static const struct {
        const char *layer;
        int size;
    } rows[] = {{"conv1", 55}, {"pool1", 28}, {"conv2", 26}, {"pool2", 13},
                {"conv4", 13}, {"conv5", 11}, {"pool5", 6}};
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_model_info info;

    (void)unused;
    options.pooling = ALEXNET_POOLING_2_2;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", &options, &model));
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(model->nodes[an_model_find_layer(model, rows[i].layer)].y.h, rows[i].size);
    alexnet_model_get_info(model, &info);
    assert_int_equal(info.parameters, 60965224);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void normalisation_and_activation_are_options(void **unused)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", &options, &model));
    assert_int_equal(count_layers(model, "lrn"), 2);
    assert_int_equal(count_layers(model, "relu"), 7);
    alexnet_model_free(model);
    options.lrn = 0;
    options.activation = ALEXNET_ACTIVATION_TANH;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", &options, &model));
    assert_int_equal(count_layers(model, "lrn"), 0);
    assert_int_equal(count_layers(model, "relu"), 0);
    assert_int_equal(count_layers(model, "tanh"), 7);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* A larger image gives a map of predictions with the same weights; a global pool gives one
   again. */
static void larger_inputs_are_convolved(void **unused)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    options.input_h = 300; /* maps 74-37-18-9 high: 4 windows of 6 */
    options.input_w = 400; /* 99-49-24-12 wide: 7 windows */
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", &options, &model));
    const an_shape map = model->nodes[an_model_find_layer(model, "logits")].y;
    assert_true(map.c == 1000 && map.h == 4 && map.w == 7);
    an_assert_status(ctx, an_model_check_classifier(model), ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "global pool");
    alexnet_model_free(model);
    options.global_pool = 1;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "paper", &options, &model));
    an_assert_ok(ctx, an_model_check_classifier(model));
    assert_int_equal(model->params.items[model->params.count - 2].shape[1], 4096);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights),
        cmocka_unit_test(pooling_without_overlap),
        cmocka_unit_test(normalisation_and_activation_are_options),
        cmocka_unit_test(larger_inputs_are_convolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
