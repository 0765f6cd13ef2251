/*
 * growth_test.c: the side of a growing input, the estimate of its cost, and whole runs that grow.
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "train/growth.h"
#include <string.h>

static void sides_grow_in_steps(void **unused)
{
    static const struct {
        int from, full;
        double part;
        int side;
    } rows[] = {
        {128, 224, 0, 128},    {128, 224, 0.24, 128}, {128, 224, 0.26, 160}, {128, 224, 0.51, 192},
        {128, 224, 0.74, 192}, {128, 224, 0.75, 224}, {128, 224, 1, 224},    {0, 224, 0, 224},
        {224, 224, 0, 224},    {300, 224, 0, 224},    {100, 224, 0.3, 132},  {220, 224, 0.1, 220},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_growth_side(rows[i].from, rows[i].full, rows[i].part), rows[i].side);
}

/* The remaining steps of a growing run cost more than the present one; at full side, as much. */
static void the_rest_costs_more(void **unused)
{
    (void)unused;
    assert_true(an_growth_rest(0, 224, 0.3) == 1);
    assert_true(an_growth_rest(128, 224, 0.8) == 1);
    assert_true(an_growth_rest(128, 224, 0) > 1.2 && an_growth_rest(128, 224, 0) < 2);
    assert_true(an_growth_rest(128, 224, 0.5) > 1 && an_growth_rest(128, 224, 1) == 1);
}

/* ---- in runs ---- */

static alexnet_train_options growing(an_runs *r, const char *name)
{
    static alexnet_model_options network;
    alexnet_train_options options = an_runs_options(r, name);

    network = alexnet_model_options_default();
    network.input_h = network.input_w = 127;
    options.model = "torchvision";
    options.model_options = &network;
    an_test_set(&options, "grow=63 batch=6"); /* 2 steps per epoch */
    options.epochs = 4;
    options.force = 1;
    options.checkpoint_keep = 1;
    return options;
}

/* Stopped within an epoch, and just after the side has changed. */
static void a_run_that_grows_is_resumed_to_the_same_bits(void **state)
{
    static const int64_t stops[] = {3, 4};
    an_runs *r = *state;
    alexnet_train_options options = growing(r, "whole");
    const alexnet_train_result whole = an_runs_train(r, &options);

    assert_non_null(strstr(r->log.text, "epoch 2: the input is 95x95 from now on"));
    assert_non_null(strstr(r->log.text, "epoch 3: the input is 127x127 from now on"));
    for (size_t i = 0; i < AN_COUNT(stops); ++i) {
        options = growing(r, "stopped");
        const alexnet_train_result result = an_runs_interrupt(r, &options, stops[i], false);
        assert_string_equal(result.last_sha256, whole.last_sha256);
    }
}

static void a_network_of_one_size_does_not_grow(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    an_test_set(&options, "grow=16");
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_SHAPE);
    an_assert_error(r->ctx, "fc10");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sides_grow_in_steps),
        cmocka_unit_test(the_rest_costs_more),
        TEST(a_run_that_grows_is_resumed_to_the_same_bits),
        TEST(a_network_of_one_size_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
