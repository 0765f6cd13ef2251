/*
 * Time goes on, and never back.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/clock.h"

static void never_goes_back(void **unused)
{
    const double start = an_seconds();
    double last = start;

    (void)unused;
    while (last < start + 0.01) {
        const double now = an_seconds();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_goes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
