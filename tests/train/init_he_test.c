/*
 * init_he_test.c: deviations of He's initial weights, and the adapted rate of the first layer.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/init_he.h"
#include <math.h>

static void the_deviation_follows_from_the_record(void **unused)
{
    static const struct {
        const char *record;
        double deviation;
    } rows[] = {
        {"divide=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225", 1},
        {"divide=255", 0.226},
        {"divide=1 mean=image", 57.63},
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_preprocess record;
        an_assert_ok(ctx, an_preprocess_parse(ctx, rows[i].record, &record));
        assert_true(fabs(an_input_deviation(&record) / rows[i].deviation - 1) < 1e-3);
    }
    an_test_close(ctx, NULL);
}

static double deviation_of(const alexnet_model *model, int index)
{
    const an_param *param = &model->params.items[index];
    double sum = 0;

    for (int64_t i = 0; i < param->count; ++i)
        sum += pow((double)model->values[(int64_t)param->offset + i], 2);
    return sqrt(sum / (double)param->count);
}

/* sqrt(2 / fan_in): conv1 3x5x5, conv2 and conv3 32x5x5, fc10 1024; biases, at odd indices, 0. */
static void weights_have_their_deviations(void **unused)
{
    const double expected[8] = {sqrt(2.0 / 75) / 50, 0, sqrt(2.0 / 800),       0,
                                sqrt(2.0 / 800),     0, sqrt(2.0 / 1024) / 10, 0};
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 10, 1);

    (void)unused;
    an_init_he(model, 50, 3);
    for (int i = 0; i < 8; ++i)
        assert_true(fabs(deviation_of(model, i) - expected[i]) <= 0.05 * expected[i]);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

/* A step of w with input x changes w x as much as a step of 50 w with input x / 50. */
static void the_first_layer_s_rate_and_decay_are_fitted(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    const an_param *weight = &model->params.items[0], *bias = &model->params.items[1];
    const double bias_lr = bias->lr_multiplier;

    (void)unused;
    an_he_set_rates(model, 50);
    assert_true(fabs(weight->lr_multiplier - 1.0 / 2500) < 1e-12);
    assert_true(fabs(weight->decay_multiplier - 2500) < 1e-9);
    assert_true(bias->lr_multiplier == bias_lr);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_deviation_follows_from_the_record),
        cmocka_unit_test(weights_have_their_deviations),
        cmocka_unit_test(the_first_layer_s_rate_and_decay_are_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
