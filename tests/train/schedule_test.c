/*
 * schedule_test.c: factors of every shape worked by hand; ends that move; texts that are refused.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "train/schedule.h"
#include <math.h>

static void factors_worked_by_hand(void **unused)
{
    static const struct {
        const char *text;
        int64_t step, epoch_steps, total;
        double factor;
    } rows[] = {
        {"constant", 0, 10, 100, 1},
        {"constant", 99, 10, 100, 1},

        {"step:30,0.1", 0, 10, 900, 1},
        {"step:30,0.1", 299, 10, 900, 1}, /* the last step of epoch 30 */
        {"step:30,0.1", 300, 10, 900, 0.1},
        {"step:30,0.1", 599, 10, 900, 0.1},
        {"step:30,0.1", 600, 10, 900, 0.01},
        {"step:0.5,0.5", 5, 10, 100, 0.5}, /* within an epoch */

        {"at:30,60,80:0.2", 299, 10, 900, 1},
        {"at:30,60,80:0.2", 300, 10, 900, 0.2},
        {"at:30,60,80:0.2", 600, 10, 900, 0.04},
        {"at:30,60,80:0.2", 899, 10, 900, 0.008},

        {"cosine", 0, 10, 100, 1},
        {"cosine", 25, 10, 100, 0.85355339059327373}, /* (1 + 1 / sqrt 2) / 2 */
        {"cosine", 50, 10, 100, 0.5},
        {"cosine", 99, 10, 100, 0.00024671981713422},
        {"cosine", 0, 10, 1, 1},

        {"exp:2,0.94", 19, 10, 900, 1},
        {"exp:2,0.94", 20, 10, 900, 0.94},
        {"exp:2,0.94", 40, 10, 900, 0.8836},

        {"poly:1", 0, 10, 100, 1},
        {"poly:1", 25, 10, 100, 0.75},
        {"poly:1", 99, 10, 100, 0.01},
        {"poly:2", 50, 10, 100, 0.25},
        {"poly:0.5", 75, 10, 100, 0.5},
        {"poly:2,0.2", 50, 10, 100, 0.4}, /* 0.2 + 0.8 / 4 */
        {"poly:1,0.01", 100, 10, 100, 0.01},
        {"warmup:20+poly:1", 60, 10, 100, 0.5},

        /* cuda-convnet2: 250^(-i/3) in quarters, 10^-i in halves */
        {"dexp:250,4", 0, 10, 100, 1},
        {"dexp:250,4", 24, 10, 100, 1},
        {"dexp:250,4", 25, 10, 100, 0.15874010519681994},
        {"dexp:250,4", 50, 10, 100, 0.025198420997897464},
        {"dexp:250,4", 75, 10, 100, 0.004},
        {"dexp:250,4", 99, 10, 100, 0.004},
        {"dexp:250,4", 200, 10, 100, 0.004},
        {"dexp:10,2", 49, 10, 100, 1},
        {"dexp:10,2", 50, 10, 100, 0.1},
        {"dexp:10,1", 99, 10, 100, 1},

        {"plateau:0.1,3,3", 50, 10, 100, 0.01}, /* after two drops */
        {"warmup:4+plateau:0.5,1,1", 1, 10, 100, 0.125},

        {"warmup:4+constant", 0, 10, 100, 0.25},
        {"warmup:4+constant", 3, 10, 100, 1},
        {"warmup:4+constant", 4, 10, 100, 1},
        {"warmup:20+cosine", 9, 10, 100, 0.5},
        {"warmup:20+cosine", 20, 10, 100, 1}, /* the cosine begins here */
        {"warmup:20+cosine", 60, 10, 100, 0.5},
        {"warmup:20+cosine", 0, 10, 10, 0.5}, /* a short run: warm-up takes a fifth of it */
        {"warmup:20+poly:1", 6, 10, 10, 0.5},
        {"warmup:20+cosine", 25, 10, 20, 0}, /* beyond the plan: never below 0 or undefined */
        {"warmup:4+step:1,0.1", 1, 2, 100, 0.5},
        {"warmup:4+step:1,0.1", 2, 2, 100, 0.075},
        {"warmup:0+constant", 0, 10, 100, 1},
    };

    const an_plateau seen = {.drops = 2};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_context *ctx = an_test_open(NULL);
        an_schedule schedule;
        an_assert_ok(ctx, an_schedule_parse(ctx, rows[i].text, &schedule));
        const an_course course = an_course_start(rows[i].total);
        const double factor = an_schedule_factor(&schedule, rows[i].step, rows[i].epoch_steps,
                                                 &course, &seen, AN_SCHEDULE_UNBOUND);
        if (!(fabs(factor - rows[i].factor) < 1e-12))
            fail_msg("%s at step %lld: %.17g, expected %.17g", rows[i].text,
                     (long long)rows[i].step, factor, rows[i].factor);
        an_test_close(ctx, NULL);
    }
}

static void a_cosine_goes_down_all_the_way(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_plateau seen = an_plateau_start();
    const an_course course = an_course_start(1000);
    an_schedule schedule;
    double last = 2;

    (void)unused;
    an_assert_ok(ctx, an_schedule_parse(ctx, "cosine", &schedule));
    for (int64_t step = 0; step < 1000; ++step) {
        const double factor =
            an_schedule_factor(&schedule, step, 10, &course, &seen, AN_SCHEDULE_UNBOUND);
        assert_true(factor < last && factor > 0);
        last = factor;
    }
    an_test_close(ctx, NULL);
}

/* Patience 2, at most 2 drops. */
/*
 * The end moves away half-way, at the end, or during warm-up: the rate never rises, and falls to
 * the new end.
 */
static void a_rate_goes_on_from_where_it_was(void **unused)
{
    static const struct {
        const char *text;
        int64_t step;
        double bound, last; /* last: at most */
    } rows[] = {
        {"cosine", 50, 0.5, 1e-3},
        {"cosine", 100, 2.47e-4, 1e-4},
        {"poly:1", 75, 0.25, 0.01},
        {"poly:2,0.1", 100, 0.10009, 0.10003},
        {"dexp:10,2", 100, 0.1, 0.1},
        {"warmup:20+cosine", 60, 0.5, 1e-3},
        {"warmup:40+cosine", 25, 0.990393,
         1e-3}, /* warm-up took 20 steps; in a run of 200 it takes 40 */
        {"constant", 100, (double)INFINITY, 1},
        {"step:5,0.1", 60, (double)INFINITY, 0.1},
    };
    const an_plateau seen = an_plateau_start();
    const an_course before = an_course_start(100), after = an_course_start(200);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_context *ctx = an_test_open(NULL);
        an_schedule schedule;
        an_assert_ok(ctx, an_schedule_parse(ctx, rows[i].text, &schedule));
        const int64_t step = rows[i].step;
        const double most = an_schedule_bound(&schedule, step, &before, AN_SCHEDULE_UNBOUND);
        if (!(most == rows[i].bound || fabs(most - rows[i].bound) < 1e-5))
            fail_msg("%s: bound %.9g, expected %.9g", rows[i].text, most, rows[i].bound);
        double last =
            an_schedule_factor(&schedule, step - 1, 10, &before, &seen, AN_SCHEDULE_UNBOUND);
        for (int64_t s = step; s < 200; ++s) {
            const double factor = an_schedule_factor(&schedule, s, 10, &after, &seen, most);
            if (!(factor <= last + 1e-12))
                fail_msg("%s: %g after %g at step %lld", rows[i].text, factor, last, (long long)s);
            last = factor;
        }
        assert_true(last <= rows[i].last);
        assert_true(an_schedule_bound(&schedule, 0, &before, most) == AN_SCHEDULE_UNBOUND);
        an_test_close(ctx, NULL);
    }
}

static void a_plateau_drops_when_nothing_improves(void **unused)
{
    static const struct {
        double top1;
        int64_t stale, drops;
    } rows[] = {
        {0.3, 0, 0}, {0.3, 1, 0}, {0.4, 0, 0}, {0.3, 1, 0},
        {0.4, 0, 1},                                        /* the second without improvement */
        {0.4, 1, 1}, {0.5, 0, 1}, {0.1, 1, 1}, {0.5, 0, 2}, /* the last drop */
        {0.5, 1, 2}, {0.5, 2, 2}, {0.5, 3, 2},              /* constant from here */
        {0.6, 0, 2},
    };
    alexnet_context *ctx = an_test_open(NULL);
    an_plateau seen = an_plateau_start();
    an_schedule schedule;

    (void)unused;
    an_assert_ok(ctx, an_schedule_parse(ctx, "plateau:0.1,2,2", &schedule));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        seen = an_plateau_update(&schedule, seen, rows[i].top1);
        assert_int_equal(seen.stale, rows[i].stale);
        assert_int_equal(seen.drops, rows[i].drops);
    }
    assert_true(seen.best == 0.6);
    an_test_close(ctx, NULL);
}

static void other_words_are_refused(void **unused)
{
    static const char *const rows[] = {
        "",
        "linear",
        "Cosine",
        "cosine ",
        " cosine",
        "step",
        "step:",
        "step:30",
        "step:30,",
        "step:,0.1",
        "step:0,0.1",
        "step:-1,0.1",
        "step:30,0.1,2",
        "step:30,0",
        "step:nan,0.1",
        "at:30",
        "at:30,60",
        "at::0.1",
        "at:30,:0.1",
        "at:30:",
        "exp:2",
        "exp:2,",
        "poly",
        "poly:",
        "poly:0",
        "poly:1,",
        "poly:1,0.1,2",
        "dexp:250",
        "dexp:250,0",
        "dexp:250,1.5",
        "dexp:-250,4",
        "plateau",
        "plateau:0.1",
        "plateau:0.1,3",
        "plateau:0.1,0,3",
        "plateau:0.1,3,0",
        "plateau:0.1,3,3,3",
        "plateau:0,3,3",
        "warmup:5",
        "warmup:5+",
        "warmup:+cosine",
        "warmup:-1+cosine",
        "warmup:1.5+cosine",
        "warmup:5+cosinex",
        "constant+cosine",
        "at:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17:0.1",
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_schedule schedule;
        an_assert_status(ctx, an_schedule_parse(ctx, rows[i], &schedule), ALEXNET_BAD_ARG);
        an_assert_error(ctx, "step:EPOCHS,FACTOR");
    }
    an_test_close(ctx, NULL);
}

/* Half of the planned steps fit: they cover the whole schedule. */
static void a_course_that_ends_earlier_takes_the_schedule_along(void **unused)
{
    static const struct {
        const char *text;
        int64_t step;
        double factor;
    } rows[] = {
        {"cosine", 0, 1},
        {"cosine", 25, 0.5},
        {"cosine", 50, 0},
        {"step:5,0.1", 24, 1},
        {"step:5,0.1", 25, 0.1},
        {"at:2,8:0.1", 10, 0.1},
        {"at:2,8:0.1", 40, 0.01},
        {"dexp:10,2", 25, 0.1},
        {"constant", 40, 1},
        {"warmup:4+poly:1", 1, 0.5},
        {"warmup:20+poly:1", 30, 0.5},
    };
    const an_plateau seen = an_plateau_start();
    const an_course start = an_course_start(100), course = an_course_end_at(&start, 0, 50);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_context *ctx = an_test_open(NULL);
        an_schedule schedule;
        an_assert_ok(ctx, an_schedule_parse(ctx, rows[i].text, &schedule));
        const double factor =
            an_schedule_factor(&schedule, rows[i].step, 10, &course, &seen, AN_SCHEDULE_UNBOUND);
        if (!(fabs(factor - rows[i].factor) < 1e-12))
            fail_msg("%s at step %lld: %.17g, expected %.17g", rows[i].text,
                     (long long)rows[i].step, factor, rows[i].factor);
        an_test_close(ctx, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_worked_by_hand),
        cmocka_unit_test(a_course_that_ends_earlier_takes_the_schedule_along),
        cmocka_unit_test(a_cosine_goes_down_all_the_way),
        cmocka_unit_test(a_rate_goes_on_from_where_it_was),
        cmocka_unit_test(a_plateau_drops_when_nothing_improves),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
