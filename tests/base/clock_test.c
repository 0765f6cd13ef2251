/*
 * clock_test.c: seconds are those of the system's monotonic clock.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/clock.h"
#include <time.h>

static double monotonic_seconds(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A time that is read between two others lies between them, on a machine of any speed. That of a
 * clock with another unit, or one that can be set, does not. 1e-6 is far above the rounding to
 * double for a thousand years. */
static void seconds_are_those_of_the_monotonic_clock(void **unused)
{
    (void)unused;
    for (int i = 0; i < 1000; ++i) {
        const double before = monotonic_seconds(), now = an_seconds(), after = monotonic_seconds();
        assert_true(before - 1e-6 <= now && now <= after + 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_those_of_the_monotonic_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
