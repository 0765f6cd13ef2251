/*
 * footprint_test.c: sums, and their peak.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/footprint.h"
#include "base/room.h"

#define MIB INT64_C(1048576)

static void the_peak_is_the_largest_sum(void **unused)
{
    an_footprint f = {.start = 10, .now = 12, .peak = 12};

    (void)unused;
    an_footprint_add(&f, 100);
    an_footprint_subtract(&f, 60);
    an_footprint_add(&f, 30);
    assert_int_equal(f.now, 82);
    assert_int_equal(f.peak, 112);
    an_footprint_add(&f, 31);
    assert_int_equal(f.peak, 113);
}

static void it_begins_with_the_memory_of_the_process(void **state)
{
    const an_test_place *place = *state;
    const an_footprint f = an_footprint_begin(place->ctx);

    assert_true(f.start > 0 && f.now > f.start && f.peak == f.now);
}

static void missing_values_are_refused(void **state)
{
    const an_test_place *place = *state;

    place->ctx->options.max_memory = an_room_resident(place->ctx) + 100 * MIB;
    an_footprint f = an_footprint_begin(place->ctx);
    assert_in_range(f.free, place->ctx->options.max_memory, place->ctx->options.max_memory);
    an_footprint_add(&f, 50 * MIB);
    an_assert_ok(place->ctx, an_footprint_check(place->ctx, &f, "it", NULL));
    an_footprint_add(&f, 100 * MIB);
    an_assert_status(place->ctx, an_footprint_check(place->ctx, &f, "it", NULL), ALEXNET_NO_MEMORY);
    an_assert_error(place->ctx, "max_memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peak_is_the_largest_sum),
        an_test_in_place(it_begins_with_the_memory_of_the_process),
        an_test_in_place(missing_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
