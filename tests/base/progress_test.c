/*
 * progress_test.c: the rate, the time left, and a request to stop.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/progress.h"
#include <math.h>

static void rate_and_time_left_are_computed(void **unused)
{
    alexnet_progress p = an_progress("eval", 30, 120, 2);

    (void)unused;
    assert_string_equal(p.phase, "eval");
    assert_int_equal(p.done, 30);
    assert_int_equal(p.total, 120);
    assert_true(p.images_per_second == 15);
    assert_true(p.seconds_left == 6);
    assert_true(isnan(p.loss) && isnan(p.top1) && isnan(p.top5));
    assert_null(p.message);

    p = an_progress("eval", 0, 120, 2); /* none done: no estimate */
    assert_true(p.images_per_second == 0 && isnan(p.seconds_left));
    p = an_progress("eval", 1, 120, 0);
    assert_true(p.images_per_second == 0 && isnan(p.seconds_left));
}

static alexnet_go reply(void *user, const alexnet_progress *progress)
{
    assert_int_equal(progress->done, 3);
    return *(alexnet_go *)user;
}

static void only_a_request_to_stop_ends_the_job(void **in)
{
    const an_test_place *place = *in;
    const alexnet_progress p = an_progress("verify", 3, 9, 1);
    alexnet_go go = ALEXNET_GO_ON;

    an_assert_ok(place->ctx, an_progress_tell(place->ctx, &p, NULL, NULL));
    an_assert_ok(place->ctx, an_progress_tell(place->ctx, &p, reply, &go));
    go = ALEXNET_GO_CHECKPOINT;
    an_assert_ok(place->ctx, an_progress_tell(place->ctx, &p, reply, &go));
    go = ALEXNET_GO_STOP;
    an_assert_status(place->ctx, an_progress_tell(place->ctx, &p, reply, &go), ALEXNET_STOPPED);
    an_assert_error(place->ctx, "3 of 9 images");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_and_time_left_are_computed),
        an_test_in_place(only_a_request_to_stop_ends_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
