/* cifar-19pct: sizes, counts, first values and multipliers of cuda-convnet's files.
 * SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "models/expect.h"
#include <math.h>

static const expect_layer layers[] = {
    {"conv1",       {32, 32, 32}, 2432, 2457600},
    {"pool1",         {32, 16, 16}, 0, 0},
    {"conv2",             {32, 16, 16}, 25632, 6553600},
    {"pool2",{32, 8, 8}, 0, 0},
    {"conv3",            {64, 8, 8}, 51264, 3276800},
    {"pool3",       {64, 4, 4}, 0, 0},
    {"fc10",        {10, 1, 1}, 10250, 10240},
    {0            },
};

static const expect_tensor tensors[] = {
    {"conv1.weight",  4, {32, 3, 5, 5}},
    {"conv1.bias",  1, {32}},
    {"conv2.weight",    4, {32, 32, 5, 5}},
    {"conv2.bias",           1, {32}},
    {"conv3.weight",  4, {64, 32, 5, 5}},
    {"conv3.bias", 1, {64}},
    {"fc10.weight",    2, {10, 1024}},
    {"fc10.bias",           1, {10}},
    {0 },
};

static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {
        "cifar-19pct", {3, 32, 32},
         89578, 12298240, 32768 + 8192 + 4096 + 10, layers, tensors
    };

    (void)unused;
    an_expect_family(&expected);
}

/* Deviations .0001 .01 .01 .01, biases 0; biases learn twice as fast and are not decayed; fc10's
 * cost is 3 = 750 * .004. */
static void first_values_and_multipliers(void **unused)
{
    static const double sd[] = {1e-4, 0.01, 0.01, 0.01};
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-19pct", NULL, 1, &model));
    for (int i = 0; i < 4; ++i) {
        const an_param *weight = &model->params.items[2 * i],
                       *bias = &model->params.items[2 * i + 1];
        double squares = 0;

        for (int64_t j = 0; j < weight->count; ++j)
            squares += pow((double)model->values[weight->offset + (size_t)j], 2);
        assert_true(fabs(sqrt(squares / (double)weight->count) / sd[i] - 1) < 0.05);
        for (int64_t j = 0; j < bias->count; ++j)
            assert_true(model->values[bias->offset + (size_t)j] == 0);
        assert_true(weight->lr_multiplier == 1 && weight->decay_multiplier == (i == 3 ? 750 : 1));
        assert_true(bias->lr_multiplier == 2 && bias->decay_multiplier == 0 && bias->role == AN_PARAM_BIAS);
    }
    alexnet_model_free(model);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(first_values_and_multipliers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
