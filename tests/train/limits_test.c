/*
 * limits_test.c: which limit ends a run, and what a run with nothing left says.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/limits.h"
#include <string.h>

/* 100 planned steps, with a limit of 60 seconds in some rows; patience 3, top-1 0.9. */
static void the_first_limit_ends_a_run(void **unused)
{
    static const struct {
        double limit, seconds;
        int64_t step, total, stale;
        double top1;
        bool reached, good;
        const char *name;
    } rows[] = {
        {-1, 1e9, 99, 100, 0, 0.5, false, false, "time"},
        {-1, 0, 100, 100, 2, 0.5, true, false, "epochs"},
        {60, 59, 49, 50, 0, 0.5, false, false, "time"},
        {60, 59, 50, 50, 0, 0.5, true, false, "time"},
        {60, 60, 40, 50, 0, 0.5, true, false, "time"},
        {0, 0, 0, 0, 0, 0.5, false, false, "time"}, /* one step, however short the time is */
        {60, 60, 100, 100, 0, 0.5, true, false, "epochs"},
        {-1, 0, 50, 100, 3, 0.5, false, true, "patience"},
        {-1, 0, 50, 100, 0, 0.9, false, true, "top1"},
        {-1, 0, 50, 100, 3, 0.9, false, true, "top1"},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_config config = {.seconds = rows[i].limit, .patience = 3, .stop_at_top1 = 0.9};
        const an_train_state state = {
            .step = rows[i].step,
            .seconds = rows[i].seconds,
            .stale = rows[i].stale,
            .val_top1 = rows[i].top1,
            .course = {.planned = 100, .total = rows[i].total},
        };
        assert_int_equal(an_limit_reached(&config, &state), rows[i].reached);
        assert_int_equal(an_limit_good_enough(&config, &state), rows[i].good);
        assert_string_equal(an_limit_name(&config, &state), rows[i].name);
    }
}

static void without_validation_nothing_is_good_enough(void **unused)
{
    const an_config config = {.seconds = -1, .stop_at_top1 = 0};
    const an_train_state state = an_train_state_start();

    (void)unused;
    assert_false(an_limit_good_enough(&config, &state));
}

static void a_run_with_nothing_left_says_why(void **unused)
{
    static const struct {
        double seconds;
        an_course course;
        int64_t step;
        const char *part;
        int64_t steps, stale;
        double top1;
    } rows[] = {
        {10, {.planned = 100, .total = 100}, 99, "", -1, 0, 0},
        {10, {.planned = 100, .total = 100}, 100, "step 100 is the last of its epochs", -1, 0, 0},
        {10,
         {.planned = 100, .total = 100},
         100,
         "last of its steps; raise --steps, or",
         100,
         0,
         0},
        {10,
         {.planned = 100, .from = 20, .done = 0.2, .total = 50},
         50,
         "ended it after step 50",
         -1,
         0,
         0},
        {90,
         {.planned = 100, .from = 20, .done = 0.2, .total = 50},
         30,
         "used up after step 30",
         -1,
         0,
         0},
        {10, {.planned = 100, .total = 100}, 99, "raise --patience, or --patience none", -1, 2, 0},
        {10, {.planned = 100, .total = 100}, 99, "--stop-at-top1 none, to continue", -1, 0, 0.9},
    };
    an_tiny_text log;
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    ctx->options.log = an_tiny_log;
    ctx->options.log_user = &log;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_config config = {
            .seconds = 60, .steps = rows[i].steps, .patience = 2, .stop_at_top1 = 0.9};
        const an_train_state state = {.step = rows[i].step,
                                      .seconds = rows[i].seconds,
                                      .course = rows[i].course,
                                      .stale = rows[i].stale,
                                      .val_top1 = rows[i].top1};
        log.text[0] = '\0';
        an_limit_tell(ctx, &config, &state);
        assert_non_null(strstr(log.text, rows[i].part));
        assert_int_equal(log.text[0] != '\0', rows[i].part[0] != '\0');
    }
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_limit_ends_a_run),
        cmocka_unit_test(without_validation_nothing_is_good_enough),
        cmocka_unit_test(a_run_with_nothing_left_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
