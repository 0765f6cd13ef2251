/*
 * caffe_test.c: Caffe's two copies: sizes, counts, the order of pooling and normalisation, fillers
 * and rates.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/expect.h"

static void numbers_of_the_source(void **unused)
{
    static const char *const names[] = {"caffe", "caffenet"};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        const expect_family expected = {names[i],
                                        {3, 227, 227},
                                        60965224,
                                        724406816,
                                        659272,
                                        expect_paper_layers,
                                        expect_paper_tensors};
        an_expect_family(&expected);
    }
}

static void caffenet_pools_first(void **unused)
{
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "caffe", NULL, &model));
    assert_int_equal(model->nodes[an_model_find_layer(model, "norm1")].y.h, 55);
    assert_int_equal(model->nodes[an_model_find_layer(model, "norm2")].y.h, 27);
    alexnet_model_free(model);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "caffenet", NULL, &model));
    assert_int_equal(model->nodes[an_model_find_layer(model, "norm1")].y.h, 27);
    assert_int_equal(model->nodes[an_model_find_layer(model, "norm2")].y.h, 13);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Gaussian .01, but .005 in fc6 and fc7; non-zero biases .1 and 1; lr_mult 1 and 2, decay_mult 1
   and 0. */
static void initial_weights_and_rates(void **unused)
{
    static const struct {
        const char *family;
        double bias;
    } rows[] = {{"caffe", 0.1}, {"caffenet", 1}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const double b = rows[i].bias;
        const expect_start start[] = {
            /* clang-format off */
            {"conv1.weight", 0.01, 0, 1, 2, 0}, {"conv2.weight", 0.01, b, 1, 2, 0},
            {"conv3.weight", 0.01, 0, 1, 2, 0}, {"conv4.weight", 0.01, b, 1, 2, 0},
            {"conv5.weight", 0.01, b, 1, 2, 0}, {"fc6.weight", 0.005, b, 1, 2, 0},
            {"fc7.weight", 0.005, b, 1, 2, 0},  {"fc8.weight", 0.01, 0, 1, 2, 0},
            {0},
            /* clang-format on */
        };
        an_expect_start(rows[i].family, start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(caffenet_pools_first),
        cmocka_unit_test(initial_weights_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
