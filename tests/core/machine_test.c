/*
 * machine_test.c: contexts with a backend.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include <string.h>

static void defaults_choose_the_best_tier(void **unused)
{
    alexnet_context *ctx;
    alexnet_machine machine;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_get_machine(ctx, &machine));
    assert_string_equal(machine.backend, "cpu");
    assert_true(machine.threads >= 1);
    alexnet_close(ctx);
}

static void a_tier_can_be_forced(void **unused)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .cpu = "portable", .threads = 3};
    alexnet_context *ctx;
    alexnet_machine machine;

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_get_machine(ctx, &machine));
    assert_string_equal(machine.tier, "portable");
    assert_int_equal(machine.threads, 3);
    alexnet_close(ctx);
}

static void bad_options_are_refused(void **unused)
{
    const alexnet_options tier = {.struct_size = sizeof tier, .cpu = "avx1024"},
                          threads = {.struct_size = sizeof threads, .threads = -1};
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(&tier, &ctx), ALEXNET_BAD_ARG);
    assert_null(ctx);
    assert_int_equal(alexnet_open(&threads, &ctx), ALEXNET_BAD_ARG);
    assert_null(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_choose_the_best_tier),
        cmocka_unit_test(a_tier_can_be_forced),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
