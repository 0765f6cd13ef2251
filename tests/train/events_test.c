/*
 * events_test.c: the factors of events at given epochs; texts that are refused.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/events.h"
#include <stdio.h>
#include <string.h>

/* Net 145's events, and some more. */
static const char text[] = "25:weights=0.1;51:weights=0.01;67:conv1=0.001;67:noise=off;72:conv1=0;"
                           "79:weights=0.001;80:rate=0.5;30:decay=0";

static void values_hold_from_their_epoch_on(void **unused)
{
    static const struct {
        double epochs;
        const char *layer; /* NULL: of the whole model */
        an_factors expected;
    } rows[] =
        {
            {0, "conv1", {1, 1, 1}},
            {24.999, "conv1", {1, 1, 1}},
            {25, "conv1", {0.1, 1, 1}},
            {30, "fc10", {0.1, 1, 0}},
            {51, "fc10", {0.01, 1, 0}},
            {66.5, "conv1", {0.01, 1, 0}},
            {67, "conv1", {0.001, 1, 0}}, /* times the recipe's rate, not 0.01 */
            {67, "conv2", {0.01, 1, 0}},
            {67, NULL, {0.01, 1, 0}},
            {72, "conv1", {0, 0, 0}},
            {79, "conv1", {0, 0, 0}}, /* it stays untrained */
            {79, "conv2", {0.001, 1, 0}},
            {80, "conv2", {0.001, 0.5, 0}}, /* weights' rate before the rate of all */
            {1000, "conv1", {0, 0, 0}},
        };
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);
    an_events events;

    (void)unused;
    an_assert_ok(ctx, an_events_parse(ctx, text, &events));
    assert_int_equal(events.count, 8);
    an_assert_ok(ctx, an_events_check(&events, model));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int node = rows[i].layer != NULL ? an_model_find_layer(model, rows[i].layer) : -1;
        const an_factors found =
            an_events_at(&events, rows[i].epochs, node >= 0 ? &model->nodes[node] : NULL);
        assert_memory_equal(&found, &rows[i].expected, sizeof found);
    }
    assert_int_equal(an_events_noise_end(&events), 67);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

static void none_change_nothing(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_events events;

    (void)unused;
    an_assert_ok(ctx, an_events_parse(ctx, "", &events));
    const an_factors factors = an_events_at(&events, 1e6, NULL);
    assert_true(factors.weights == 1 && factors.biases == 1 && factors.decay == 1);
    assert_int_equal(an_events_noise_end(&events), INT64_MAX);
    an_assert_ok(ctx, an_events_parse(ctx, "3:noise=off;1.5:noise=off", &events));
    assert_int_equal(an_events_noise_end(&events), 2); /* the next epoch that begins */
    an_test_close(ctx, NULL);
}

/* At the same epoch, the later one in the text holds. */
static void the_last_of_a_kind_holds(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_events events;

    (void)unused;
    an_assert_ok(ctx, an_events_parse(ctx, "5:rate=0.5;2:rate=0.25;5:rate=0.125", &events));
    assert_true(an_events_at(&events, 2, NULL).weights == 0.25);
    assert_true(an_events_at(&events, 5, NULL).weights == 0.125);
    assert_true(an_events_at(&events, 5, NULL).biases == 0.125);
    an_test_close(ctx, NULL);
}

static void a_layer_that_is_missing_is_named(void **unused)
{
    static const char *const rows[] = {"conv9", "pool1", "conv"}; /* pool1 has no parameters */
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 2, 1);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char one[64];
        an_events events;
        snprintf(one, sizeof one, "1:%s=0.5", rows[i]);
        an_assert_ok(ctx, an_events_parse(ctx, one, &events));
        an_assert_status(ctx, an_events_check(&events, model), ALEXNET_NOT_FOUND);
        snprintf(one, sizeof one, "has no parameters under '%s'", rows[i]);
        an_assert_error(ctx, one);
    }
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

static void other_words_are_refused(void **unused)
{
    static const char *const rows[] = {
        "1",
        "1:",
        "1:rate",
        "1:rate=",
        "rate=1",
        ":rate=1",
        "-1:rate=1",
        "1:rate=-1",
        "1:rate=x",
        "1:rate=nan",
        "1:=1",
        "1=rate:1",
        ";",
        "1:rate=1;",
        "1:noise=0",
        "1:noise=on",
        "x:rate=0.1",
        "1:rate=1;2",
        "1:rate=1e300",
        "1:a123456789b123456789c123456789d123456789e123456789f123456789g123=1",
    };
    alexnet_context *ctx = an_test_open(NULL);
    char many[AN_EVENTS_MAX * 9 + 10] = "";

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_events events;
        an_assert_status(ctx, an_events_parse(ctx, rows[i], &events), ALEXNET_BAD_ARG);
        an_assert_error(ctx, "expected EPOCHS:rate=F");
    }
    for (int i = 0; i <= AN_EVENTS_MAX; ++i)
        strcat(many, "1:rate=1;");
    an_events events;
    an_assert_status(ctx, an_events_parse(ctx, many, &events), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "more than 32");
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_hold_from_their_epoch_on),
        cmocka_unit_test(none_change_nothing),
        cmocka_unit_test(the_last_of_a_kind_holds),
        cmocka_unit_test(a_layer_that_is_missing_is_named),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
