/*
 * course_test.c: positions of steps, worked by hand: without an estimate, with estimates, after
 * changes of the plan.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "train/course.h"
#include <math.h>

static void without_an_estimate_position_and_step_are_the_same(void **unused)
{
    const an_course course = an_course_start(7);

    (void)unused;
    assert_int_equal(course.total, 7);
    for (int64_t step = 0; step < 9; ++step)
        assert_true(an_course_position(&course, step) == (double)step);
    assert_true(an_course_fraction(&course, 0) == 0 && an_course_fraction(&course, 7) == 1);
}

/* The position never jumps, never decreases, and reaches the end where the run ends. */
static void estimates_bend_the_course_but_never_break_it(void **unused)
{
    static const struct {
        int64_t step, total, expected;
    } rows[] = {{0, 40, 40}, {10, 60, 60}, {20, 200, 100}, {50, 55, 55}, {52, 10, 52}};
    an_course course = an_course_start(100);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const double before = an_course_position(&course, rows[i].step);
        course = an_course_end_at(&course, rows[i].step, rows[i].total);
        assert_int_equal(course.total, rows[i].expected);
        assert_true(fabs(an_course_position(&course, rows[i].step) - before) < 1e-9);
        double last = an_course_position(&course, rows[i].step);
        for (int64_t step = rows[i].step; step <= course.total; ++step) {
            assert_true(an_course_position(&course, step) >= last);
            last = an_course_position(&course, step);
        }
        assert_true(course.total == rows[i].step || last == 100);
    }
}

/*
 * The position in steps continues from its value, for a longer or shorter plan; an equal plan gives
 * the same course, bit for bit.
 */
static void another_plan_keeps_the_position(void **unused)
{
    const an_course start = an_course_start(100);
    const an_course moved = an_course_end_at(&start, 10, 50);

    (void)unused;
    assert_true(fabs(an_course_position(&moved, 30) - 55) < 1e-9); /* 10 %, and half of the rest */
    assert_true(fabs(an_course_fraction(&moved, 30) - 0.55) < 1e-9);
    an_course course = an_course_replan(&moved, 30, 100);
    assert_memory_equal(&course, &moved, sizeof course);
    course = an_course_replan(&moved, 30, 200);
    assert_int_equal(course.total, 50);
    assert_true(fabs(an_course_position(&course, 30) - 55) < 1e-9);
    assert_true(an_course_position(&course, 50) == 200);
    course = an_course_replan(&moved, 30, 40);
    assert_int_equal(course.total, 40);
    course =
        an_course_end_at(&start, 10, 100); /* everything fits: a longer plan is done to its end */
    course = an_course_replan(&course, 30, 200);
    assert_int_equal(course.total, 200);
    course = an_course_replan(&start, 5, 30); /* no estimate: an ordinary plan */
    assert_true(an_course_position(&course, 12) == 12 && course.total == 30);
    course = an_course_reopen(50, 100); /* half of the epochs were done, but all of the schedule */
    assert_true(an_course_position(&course, 50) == 50 && an_course_position(&course, 100) == 100);
    assert_int_equal(course.total, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_estimate_position_and_step_are_the_same),
        cmocka_unit_test(estimates_bend_the_course_but_never_break_it),
        cmocka_unit_test(another_plan_keeps_the_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
