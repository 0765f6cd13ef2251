/*
 * sgd_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/sgd.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const an_recipe recipe = {
    .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .bias_lr = 2, .bias_decay = 0.5};

static void multipliers_of_recipe_and_model_meet(void **unused)
{
    static const struct {
        an_param param;
        float lr, decay;
    } rows[] = {
        {{.lr_multiplier = 1, .decay_multiplier = 1}, 0.1F, 0.01F},
        {{.lr_multiplier = 3, .decay_multiplier = 750}, 0.3F, 7.5F},
        {{.lr_multiplier = 1, .decay_multiplier = 1, .role = AN_PARAM_BIAS}, 0.2F, 0.005F},
        {{.lr_multiplier = 2, .decay_multiplier = 0, .role = AN_PARAM_BIAS}, 0.4F, 0},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_sgd rule = an_sgd_rule(&recipe, &rows[i].param, 0.1);
        assert_true(rule.lr == rows[i].lr && rule.weight_decay == rows[i].decay);
        assert_true(rule.momentum == 0.9F && !rule.lr_inside);
    }
}

/* One weight w = 1 with gradient 2 in every step; the rate falls from 0.1 to 0.01 before the
 * second. */
static void the_two_conventions_differ_when_the_rate_falls(void **unused)
{
    static const double rates[2] = {0.1, 0.01};
    /* g' = 2 + 0.01 w
       torch  v1 = 2.01           w1 = 1 - 0.1 v1   = 0.799
              v2 = 0.9 v1 + 2.00799 = 3.81699     w2 = w1 - 0.01 v2 = 0.7608301
       paper  v1 = -0.1 * 2.01 = -0.201           w1 = 0.799
              v2 = 0.9 v1 - 0.01 * 2.00799 = -0.2009799   w2 = 0.5980201 */
    static const double expected[2] = {0.7608301, 0.5980201};
    alexnet_context *ctx = an_tiny_open(NULL, 1);

    (void)unused;
    for (int update = AN_UPDATE_TORCH; update <= AN_UPDATE_PAPER; ++update) {
        an_recipe r = recipe;
        alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
        alexnet_session *session;
        const size_t at = model->params.items[0].offset; /* conv1.weight: its multipliers are 1 */
        float *velocity = calloc(model->params.values, sizeof *velocity);
        r.update = update;
        assert_non_null(velocity);
        an_assert_ok(ctx, an_session_open_training(model, 1, 1, &session));
        memset(an_session_gradients(session), 0, model->params.values * sizeof(float));
        model->values[at] = 1;
        for (int step = 0; step < 2; ++step) {
            an_session_gradients(session)[at] = 2;
            an_assert_ok(ctx, an_sgd_update(session, model, &r, rates[step], velocity));
        }
        assert_true(fabs((double)model->values[at] - expected[update]) < 1e-6);
        alexnet_session_close(session);
        alexnet_model_free(model);
        free(velocity);
    }
    an_test_close(ctx, NULL);
}

static void frozen_parameters_stay(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    alexnet_session *session;
    float *velocity = calloc(model->params.values, sizeof *velocity);
    float *before = malloc(model->params.values * sizeof *before);

    (void)unused;
    assert_true(velocity != NULL && before != NULL);
    an_assert_ok(ctx, an_model_freeze(model, "conv1"));
    an_assert_ok(ctx, an_session_open_training(model, 1, 1, &session));
    for (size_t i = 0; i < model->params.values; ++i)
        an_session_gradients(session)[i] = 1;
    memcpy(before, model->values, model->params.values * sizeof *before);
    an_assert_ok(ctx, an_sgd_update(session, model, &recipe, 0.1, velocity));
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const bool same = memcmp(before + param->offset, model->values + param->offset,
                                 (size_t)param->count * sizeof *before) == 0;
        assert_int_equal(same, strncmp(param->name, "conv1.", 6) == 0);
    }
    alexnet_session_close(session);
    alexnet_model_free(model);
    free(velocity);
    free(before);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multipliers_of_recipe_and_model_meet),
        cmocka_unit_test(the_two_conventions_differ_when_the_rate_falls),
        cmocka_unit_test(frozen_parameters_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
