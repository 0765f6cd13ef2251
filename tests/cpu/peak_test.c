/*
 * peak_test.c: a peak is a speed that some machine could have.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/peak.h"

static void peak_is_plausible_on_every_tier(void **unused)
{
    const an_backend *backend;

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        if (backend == NULL) continue;
        const double gflops = an_cpu_peak_gflops(backend, 1);
        /* 0.1: an emulator; 6 GHz, 4 units of 16 lanes: no machine has more */
        assert_true(gflops > 0.1 && gflops < 6 * 4 * 16 * 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peak_is_plausible_on_every_tier)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
