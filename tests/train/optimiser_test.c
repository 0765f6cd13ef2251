/*
 * optimiser_test.c: one update by each rule against the formula; multipliers, events, frozen
 * parameters; the same bits for any number of threads.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "cpu/backend.h"
#include "train/optimiser.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const an_recipe recipe = {
    .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .bias_lr = 2, .bias_decay = 0.5};

static alexnet_status step_at(an_optimiser *optimiser, alexnet_session *session,
                              alexnet_model *model, double lr, int64_t step)
{
    const an_rates rates = {.weights = lr, .biases = lr, .step = step};

    return an_optimiser_step(optimiser, session, model, &rates);
}

/* All stored gradients. */
static void set_gradients(alexnet_session *session, const alexnet_model *model, float value)
{
    for (int i = 0; i < model->params.count; ++i)
        for (int64_t j = 0;
             an_session_gradient(session, i) != NULL && j < model->params.items[i].count; ++j)
            an_session_gradient(session, i)[j] = value;
}

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
        const an_rates rates = {.weights = 0.1, .biases = 0.1};
        const an_factors whole = {1, 1, 1};
        const an_rule rule = an_optimiser_rule(&recipe, &rows[i].param, &rates, &whole);
        assert_true((float)rule.lr == rows[i].lr && (float)rule.weight_decay == rows[i].decay);
    }
}

/* One weight w = 1 with gradient 2 at every step; the rate falls from 0.1 to 0.01 before the second
 * step. */
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
        an_optimiser optimiser;
        r.update = update;
        an_assert_ok(ctx, an_optimiser_open(model, &r, &optimiser));
        an_assert_ok(ctx, an_session_open_training(model, 1, 0, 1, &session));
        set_gradients(session, model, 0);
        model->values[at] = 1;
        for (int step = 0; step < 2; ++step) {
            an_session_gradient(session, 0)[0] = 2;
            an_assert_ok(ctx, step_at(&optimiser, session, model, rates[step], step));
        }
        assert_true(fabs((double)model->values[at] - expected[update]) < 1e-6);
        alexnet_session_close(session);
        alexnet_model_free(model);
        an_optimiser_close(ctx, &optimiser);
    }
    an_test_close(ctx, NULL);
}

static void frozen_parameters_stay(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    alexnet_session *session;
    an_optimiser optimiser;
    float *before = malloc(model->params.values * sizeof *before);

    (void)unused;
    assert_non_null(before);
    an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
    an_assert_ok(ctx, an_model_freeze(model, "conv1"));
    an_assert_ok(ctx, an_session_open_training(model, 1, 0, 1, &session));
    set_gradients(session, model, 1);
    memcpy(before, model->values, model->params.values * sizeof *before);
    an_assert_ok(ctx, step_at(&optimiser, session, model, 0.1, 0));
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const bool same = memcmp(before + param->offset, model->values + param->offset,
                                 (size_t)param->count * sizeof *before) == 0;
        assert_int_equal(same, strncmp(param->name, "conv1.", 6) == 0);
    }
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_optimiser_close(ctx, &optimiser);
    free(before);
    an_test_close(ctx, NULL);
}

/*
 * One weight w = 1 with gradient 2 at every step, no decay. Adam moves it by the rate, 0.1,
 * whatever the gradient; RMSProp with rho 0.5, epsilon 1 and momentum 0.5 as below.
 */
static void each_rule_gets_the_recipe_s_numbers(void **unused)
{
    /* rmsprop  s1 = 0.5 1 + 0.5 4 = 2.5      v1 = 0.1 2 / sqrt(3.5)  = 0.1069045    w1 = 0.8930955
       s2 = 0.5 2.5 + 0.5 4 = 3.25   v2 = 0.5 v1 + 0.1 2 / sqrt(4.25) = 0.1504664   w2 = 0.7426291
       */
    static const struct {
        an_recipe recipe;
        double expected[2];
    } rows[] = {
        {{.update = AN_UPDATE_ADAM, .momentum = 0.9, .beta2 = 0.99, .epsilon = 1e-8}, {0.9, 0.8}},
        {{.update = AN_UPDATE_RMSPROP, .momentum = 0.5, .rho = 0.5, .epsilon = 1},
         {0.8930955, 0.7426291}},
    };
    alexnet_context *ctx = an_tiny_open(NULL, 1);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
        const size_t at = model->params.items[0].offset;
        alexnet_session *session;
        an_optimiser optimiser;
        an_assert_ok(ctx, an_optimiser_open(model, &rows[i].recipe, &optimiser));
        an_assert_ok(ctx, an_session_open_training(model, 1, 0, 1, &session));
        set_gradients(session, model, 0);
        model->values[at] = 1;
        for (int step = 0; step < 2; ++step) {
            an_session_gradient(session, 0)[0] = 2;
            an_assert_ok(ctx, step_at(&optimiser, session, model, 0.1, step));
            assert_true(fabs((double)model->values[at] - rows[i].expected[step]) < 1e-6);
        }
        assert_null(optimiser.slots[AN_SLOT_AVERAGE]);
        alexnet_session_close(session);
        alexnet_model_free(model);
        an_optimiser_close(ctx, &optimiser);
    }
    an_test_close(ctx, NULL);
}

static void less_is_kept_of_the_first_averages(void **unused)
{
    (void)unused;
    assert_true(an_optimiser_kept(0.9999, 0) == 0.1);
    assert_true(an_optimiser_kept(0.9999, 1) == 2.0 / 11);
    assert_true(an_optimiser_kept(0.9999, 89980) < 0.9999);
    assert_true(an_optimiser_kept(0.9999, 90000) == 0.9999);
    assert_true(an_optimiser_kept(0.05, 0) == 0.05);
    assert_true(an_optimiser_kept(0.5, INT64_MAX) == 0.5);
}

/* a = d a + (1 - d) w after each step, d = min(0.75, (1 + n) / (10 + n)), which is 0.75 from n = 26
   on. For all values, statistics included; swapped, and swapped back. */
static void the_average_follows_all_values(void **unused)
{
    an_recipe averaging = recipe;
    alexnet_context *ctx = an_tiny_open(NULL, 2);
    alexnet_model *model = an_tiny_normed(ctx, 3, 1);
    const size_t values = model->params.values;
    float *expected = malloc(values * sizeof *expected), *raw = malloc(values * sizeof *raw);
    alexnet_session *session;
    an_optimiser optimiser;

    (void)unused;
    assert_true(expected != NULL && raw != NULL);
    averaging.average = 0.75;
    memcpy(expected, model->values, values * sizeof *expected);
    an_assert_ok(ctx, an_optimiser_open(model, &averaging, &optimiser));
    an_assert_ok(ctx, an_session_open_training(model, 1, 0, 1, &session));
    for (int64_t step = 0; step < 30; ++step) {
        const double first = (1.0 + (double)step) / (10.0 + (double)step);
        const float seen = (float)(1 - (first < 0.75 ? first : 0.75));
        set_gradients(session, model, (float)(step % 3) - 0.5F);
        an_assert_ok(ctx, step_at(&optimiser, session, model, 0.01, step));
        for (size_t i = 0; i < values; ++i)
            expected[i] += seen * (model->values[i] - expected[i]);
    }
    memcpy(raw, model->values, values * sizeof *raw);
    assert_memory_equal(optimiser.slots[AN_SLOT_AVERAGE], expected, values * sizeof *expected);
    an_optimiser_swap_average(&optimiser, model);
    assert_memory_equal(model->values, expected, values * sizeof *expected);
    an_optimiser_swap_average(&optimiser, model);
    assert_memory_equal(model->values, raw, values * sizeof *raw);
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_optimiser_close(ctx, &optimiser);
    free(expected);
    free(raw);
    an_test_close(ctx, NULL);
}

/* Factors: weights 0.5, biases 0.25, decay 0.125; a factor of 0 differs from a rate of 0. */
static void factors_of_events_come_on_top(void **unused)
{
    static const an_param weight = {.lr_multiplier = 3, .decay_multiplier = 2};
    static const an_param bias = {.lr_multiplier = 1, .decay_multiplier = 1, .role = AN_PARAM_BIAS};
    const an_rates rates = {.weights = 0.1, .biases = 0.3}, none = {0};
    const an_factors factors = {0.5, 0.25, 0.125}, stop = {0, 1, 1};
    an_rule rule = an_optimiser_rule(&recipe, &weight, &rates, &factors);

    (void)unused;
    assert_true(fabs(rule.lr - 0.15) < 1e-15 && fabs(rule.weight_decay - 0.0025) < 1e-15);
    rule = an_optimiser_rule(&recipe, &bias, &rates, &factors);
    assert_true(fabs(rule.lr - 0.15) < 1e-15 && fabs(rule.weight_decay - 0.000625) < 1e-15);
    assert_false(rule.still);
    assert_true(an_optimiser_rule(&recipe, &weight, &rates, &stop).still);
    assert_false(an_optimiser_rule(&recipe, &bias, &rates, &stop).still);
    assert_false(an_optimiser_rule(&recipe, &weight, &none, &factors).still);
}

/*
 * From epoch 2 on conv1 is neither updated nor decayed, and keeps its velocity; the others are
 * trained.
 */
static void a_layer_that_an_event_stops_stands_still(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    float *before = malloc(model->params.values * sizeof *before);
    alexnet_session *session;
    an_optimiser optimiser;
    an_events events;

    (void)unused;
    assert_non_null(before);
    an_assert_ok(ctx, an_events_parse(ctx, "2:conv1=0", &events));
    an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
    an_assert_ok(ctx, an_session_open_training(model, 1, 0, 1, &session));
    set_gradients(session, model, 1);
    for (int64_t step = 0; step < 4; ++step) {
        const an_rates rates = {
            .weights = 0.1, .biases = 0.1, .step = step, .epochs = (double)step, .events = &events};
        memcpy(before, model->values, model->params.values * sizeof *before);
        an_assert_ok(ctx, an_optimiser_step(&optimiser, session, model, &rates));
        for (int i = 0; i < model->params.count; ++i) {
            const an_param *param = &model->params.items[i];
            const bool same = memcmp(before + param->offset, model->values + param->offset,
                                     (size_t)param->count * sizeof *before) == 0;
            assert_int_equal(same, step >= 2 && strncmp(param->name, "conv1.", 6) == 0);
        }
    }
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_optimiser_close(ctx, &optimiser);
    free(before);
    an_test_close(ctx, NULL);
}

/* ---- running statistics ---- */

#define IMAGES 37
#define PIXELS (3 * 8 * 8) /* of an image of an_tiny_normed() */

static void fill(float images[IMAGES * PIXELS], int32_t labels[IMAGES], int64_t step)
{
    an_stream random = an_stream_open(5, AN_PURPOSE_TEST, (uint64_t)step, 0);

    for (int i = 0; i < IMAGES * PIXELS; ++i)
        images[i] = an_random_normal(&random);
    for (int i = 0; i < IMAGES; ++i)
        labels[i] = (int32_t)an_random_below(&random, 3);
}

static void train_by(alexnet_session *session, alexnet_model *model, const an_rates *rates,
                     an_optimiser *optimiser)
{
    static float images[IMAGES * PIXELS];
    int32_t labels[IMAGES];
    const an_batch batch = {.images = images, .labels = labels, .n = IMAGES};
    double loss;

    fill(images, labels, rates->step);
    an_assert_ok(model->ctx,
                 an_optimiser_train(optimiser, session, model, rates, &batch, &loss, NULL));
}

static void train_step(alexnet_session *session, alexnet_model *model, int64_t step,
                       an_optimiser *optimiser)
{
    const an_rates rates = {.weights = 0.1, .biases = 0.1, .step = step};

    train_by(session, model, &rates, optimiser);
}

static const float *values_of(const alexnet_model *model, const char *name)
{
    return model->values + model->params.items[an_model_find_param(model, name)].offset;
}

/*
 * norm1's output, from conv1's and the model's own parameters; sums of few terms of size 10 at
 * most.
 */
static void check_inference(const alexnet_model *model)
{
    enum { PLACES = 64, CHANNELS = 6 };
    static float images[IMAGES * PIXELS], conv[IMAGES * CHANNELS * PLACES];
    static float norm[IMAGES * CHANNELS * PLACES];
    const float *mean = values_of(model, "norm1.running_mean");
    const float *variance = values_of(model, "norm1.running_var");
    const float *weight = values_of(model, "norm1.weight"), *bias = values_of(model, "norm1.bias");
    int32_t labels[IMAGES];
    alexnet_session *session;

    fill(images, labels, 9);
    an_assert_ok(model->ctx, alexnet_session_open(model, IMAGES, "conv1", &session));
    an_assert_ok(model->ctx, alexnet_session_run(session, images, IMAGES, conv));
    alexnet_session_close(session);
    an_assert_ok(model->ctx, alexnet_session_open(model, IMAGES, "norm1", &session));
    an_assert_ok(model->ctx, alexnet_session_run(session, images, IMAGES, norm));
    alexnet_session_close(session);
    for (int i = 0; i < IMAGES * CHANNELS * PLACES; ++i) {
        const int c = i / PLACES % CHANNELS;
        const double expected = ((double)conv[i] - (double)mean[c]) /
                                    sqrt((double)variance[c] + 1e-5) * (double)weight[c] +
                                (double)bias[c];
        assert_true(fabs((double)norm[i] - expected) < 1e-5);
    }
}

/*
 * running += momentum (seen - running), momentum .1 for norm1 and .25 for norm3, without rate and
 * decay.
 */
static void statistics_follow_the_batches_and_serve_inference(void **unused)
{
    static const char *const names[] = {"norm1.running_mean", "norm1.running_var",
                                        "norm3.running_mean", "norm3.running_var"};
    static const float momentum[] = {0.1F, 0.1F, 0.25F, 0.25F};
    alexnet_context *ctx = an_tiny_open(NULL, 2);
    alexnet_model *model = an_tiny_normed(ctx, 3, 1);
    alexnet_session *session;
    an_optimiser optimiser;

    (void)unused;
    an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
    an_assert_ok(ctx, an_session_open_training(model, IMAGES, 0, 1, &session));
    for (int64_t step = 0; step < 2; ++step) {
        float before[4];
        for (int i = 0; i < 4; ++i)
            before[i] = values_of(model, names[i])[1];
        train_step(session, model, step, &optimiser);
        for (int i = 0; i < 4; ++i) {
            const int param = an_model_find_param(model, names[i]);
            const size_t at = model->params.items[param].offset + 1;
            const float seen = an_session_gradient(session, param)[1];
            const float expected = before[i] + momentum[i] * (seen - before[i]);
            assert_true(seen != before[i] && model->values[at] == expected);
            assert_true(optimiser.slots[AN_SLOT_MOMENTUM][at] == 0);
        }
    }
    alexnet_session_close(session);
    check_inference(model);
    alexnet_model_free(model);
    an_optimiser_close(ctx, &optimiser);
    an_test_close(ctx, NULL);
}

static void frozen_statistics_stay(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 2);
    alexnet_model *model = an_tiny_normed(ctx, 3, 1);
    alexnet_session *session;
    an_optimiser optimiser;

    (void)unused;
    an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
    an_assert_ok(ctx, an_model_freeze(model, "features"));
    an_assert_ok(ctx, an_session_open_training(model, IMAGES, 0, 1, &session));
    train_step(session, model, 0, &optimiser);
    assert_true(values_of(model, "norm1.running_mean")[1] == 0);
    assert_true(values_of(model, "norm1.running_var")[1] == 1);
    assert_true(values_of(model, "norm3.running_var")[1] != 1);
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_optimiser_close(ctx, &optimiser);
    an_test_close(ctx, NULL);
}

/* Two steps through batch_norm and local layers on every tier. */
static void bits_do_not_depend_on_threads(void **unused)
{
    const an_backend *backend;

    (void)unused;
    for (int t = 0; an_tier_name(t, &backend) != NULL; ++t) {
        if (backend == NULL) continue;
        char first[65] = "", hash[65];
        for (int threads = 1; threads <= 4; ++threads) {
            const alexnet_options options = {
                .struct_size = sizeof options, .cpu = backend->tier, .threads = threads};
            alexnet_context *ctx;
            alexnet_session *session;
            an_assert_ok(NULL, alexnet_open(&options, &ctx));
            alexnet_model *model = an_tiny_normed(ctx, 3, 1);
            an_optimiser optimiser;
            an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
            an_assert_ok(ctx, an_session_open_training(model, IMAGES, 0, 1, &session));
            for (int64_t step = 0; step < 2; ++step)
                train_step(session, model, step, &optimiser);
            an_assert_ok(ctx, alexnet_model_hash(model, hash));
            if (threads == 1) memcpy(first, hash, sizeof first);
            assert_string_equal(hash, first);
            alexnet_session_close(session);
            alexnet_model_free(model);
            an_optimiser_close(ctx, &optimiser);
            alexnet_close(ctx);
        }
    }
}

/* ---- parameters that the backward pass updates ---- */

/* A network in training. */
typedef struct run {
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_session *session;
    an_optimiser optimiser;
    an_events events;
} run;

static run run_open(const an_recipe *by, const char *tier, int threads, const char *frozen,
                    bool stores)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .cpu = tier, .threads = threads};
    run r;

    an_assert_ok(NULL, alexnet_open(&options, &r.ctx));
    r.model = an_tiny_normed(r.ctx, 3, 1);
    if (frozen != NULL) an_assert_ok(r.ctx, an_model_freeze(r.model, frozen));
    an_assert_ok(r.ctx, an_events_parse(r.ctx, "1:fc3=0.5;2:fc3=0;2:decay=0;3:fc3=2", &r.events));
    an_assert_ok(r.ctx, an_optimiser_open(r.model, by, &r.optimiser));
    an_assert_ok(r.ctx, stores ? an_session_open_training(r.model, IMAGES, 0, 1, &r.session)
                               : an_optimiser_open_session(by, r.model, IMAGES, 0, 1, &r.session));
    return r;
}

static void run_close(run *r)
{
    alexnet_session_close(r->session);
    an_optimiser_close(r->ctx, &r->optimiser);
    alexnet_model_free(r->model);
    alexnet_close(r->ctx);
}

static void run_train(run *r)
{
    for (int64_t step = 0; step < 5; ++step) {
        const an_rates rates = {.weights = 0.1,
                                .biases = 0.1,
                                .step = step,
                                .epochs = (double)step,
                                .events = &r->events};
        train_by(r->session, r->model, &rates, &r->optimiser);
    }
}

static void check_same(const run *a, const run *b)
{
    const size_t bytes = a->model->params.values * sizeof(float);

    assert_memory_equal(a->model->values, b->model->values, bytes);
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        if (a->optimiser.slots[slot] != NULL)
            assert_memory_equal(a->optimiser.slots[slot], b->optimiser.slots[slot], bytes);
}

/*
 * With and without stored gradients, on every tier, for any number of threads, with events that
 * slow a layer, stop it and train it again.
 */
static void updating_in_backward_changes_no_bit(void **unused)
{
    static const char *const tiers[] = {"portable", "avx2", "avx512"};
    an_recipe recipes[] = {recipe, recipe, recipe};

    (void)unused;
    recipes[1].update = AN_UPDATE_PAPER;
    recipes[2].average = 0.75;
    for (size_t t = 0; t < AN_COUNT(tiers); ++t) {
        const alexnet_options options = {.struct_size = sizeof options, .cpu = tiers[t]};
        alexnet_context *ctx;
        const alexnet_status status = alexnet_open(&options, &ctx);
        alexnet_close(ctx);
        if (status != ALEXNET_OK) continue; /* this machine does not support it */
        for (size_t i = 0; i < AN_COUNT(recipes); ++i) {
            run stored = run_open(&recipes[i], tiers[t], 1, NULL, true);
            run_train(&stored);
            for (int threads = 1; threads <= 4; ++threads) {
                run fused = run_open(&recipes[i], tiers[t], threads, NULL, false);
                run_train(&fused);
                check_same(&stored, &fused);
                run_close(&fused);
            }
            run_close(&stored);
        }
    }
}

static bool updates(const run *r, const char *name)
{
    const int param = an_model_find_param(r->model, name);

    return an_session_updates(r->session, param) && an_session_gradient(r->session, param) == NULL;
}

/* Weights of linear layers with SGD; none with another rule, and no frozen ones. */
static void only_sgd_updates_in_backward(void **unused)
{
    an_recipe adam = {.update = AN_UPDATE_ADAM, .momentum = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    run r = run_open(&recipe, NULL, 2, NULL, false);

    (void)unused;
    assert_true(updates(&r, "fc3.weight") && updates(&r, "fc4.weight"));
    assert_false(updates(&r, "fc3.bias") || updates(&r, "conv1.weight") ||
                 updates(&r, "norm3.weight"));
    run_close(&r);
    r = run_open(&adam, NULL, 2, NULL, false);
    assert_false(updates(&r, "fc3.weight") || updates(&r, "fc4.weight"));
    run_close(&r);

    r = run_open(&recipe, NULL, 2, "fc3", false);
    run stored = run_open(&recipe, NULL, 2, "fc3", true);
    assert_false(updates(&r, "fc3.weight"));
    assert_true(updates(&r, "fc4.weight"));
    run_train(&r);
    run_train(&stored);
    check_same(&stored, &r);
    run_close(&stored);
    run_close(&r);
}

static void a_bad_loss_updates_nothing(void **unused)
{
    static float images[IMAGES * PIXELS];
    int32_t labels[IMAGES];
    const an_batch batch = {.images = images, .labels = labels, .n = IMAGES};
    const an_rates rates = {.weights = 0.1, .biases = 0.1};
    run r = run_open(&recipe, NULL, 2, NULL, false),
        fresh = run_open(&recipe, NULL, 2, NULL, false);
    double loss;

    (void)unused;
    fill(images, labels, 0);
    images[PIXELS] = INFINITY;
    an_assert_status(
        r.ctx, an_optimiser_train(&r.optimiser, r.session, r.model, &rates, &batch, &loss, NULL),
        ALEXNET_DIVERGED);
    check_same(&r, &fresh);
    run_close(&r);
    run_close(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multipliers_of_recipe_and_model_meet),
        cmocka_unit_test(the_two_conventions_differ_when_the_rate_falls),
        cmocka_unit_test(each_rule_gets_the_recipe_s_numbers),
        cmocka_unit_test(less_is_kept_of_the_first_averages),
        cmocka_unit_test(the_average_follows_all_values),
        cmocka_unit_test(factors_of_events_come_on_top),
        cmocka_unit_test(a_layer_that_an_event_stops_stands_still),
        cmocka_unit_test(frozen_parameters_stay),
        cmocka_unit_test(statistics_follow_the_batches_and_serve_inference),
        cmocka_unit_test(frozen_statistics_stay),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(updating_in_backward_changes_no_bit),
        cmocka_unit_test(only_sgd_updates_in_backward),
        cmocka_unit_test(a_bad_loss_updates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
