/*
 * first_layer_test.c
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/first_layer.h"
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

/* A step of w on x is s times smaller than one of the same layer on x / s, whose weights are s times larger. */
static void weights_rate_and_decay_are_fitted(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    const float first = model->values[0];
    const an_param *weight = &model->params.items[0], *bias = &model->params.items[1];
    const double bias_lr = bias->lr_multiplier;

    (void)unused;
    an_first_layer_scale(model, 50);
    an_first_layer_slow(model, 50);
    assert_true(fabs((double)(model->values[0] / first) - 0.02) < 1e-8);
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
        cmocka_unit_test(weights_rate_and_decay_are_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
