/*
 * threads_test.c: fewer threads than wanted.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/threads.h"
#include <errno.h>
#include <string.h>

/* A context that asks for this many threads. */
static alexnet_context *open_wanting(int threads, an_test_heard *h)
{
    alexnet_options options = {
        .struct_size = sizeof options, .threads = threads, .log = an_test_hear, .log_user = h};
    alexnet_context *ctx;

    an_assert_ok(NULL, an_context_open(&options, &ctx));
    return ctx;
}

static void the_threads_that_start_are_used(void **unused)
{
    (void)unused;
    for (int refused_from = 0; refused_from < 4; ++refused_from) {
        an_test_heard h = {0};
        alexnet_context *ctx = open_wanting(4, &h);
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_THREAD), refused_from, true, EAGAIN);
        an_threads_settle(ctx);
        an_threads_settle(ctx); /* once is enough */
        assert_int_equal(an_test_fault_disarm(&fault), refused_from < 3);
        assert_int_equal(ctx->options.threads, AN_MIN(1 + refused_from, 4));
        assert_int_equal(h.lines, refused_from < 3);
        if (refused_from == 0)
            assert_non_null(strstr(h.last, "computing with 1 thread: the system refused to start "
                                           "more of the 4 wanted"));
        alexnet_close(ctx);
    }
}

static void one_thread_starts_none(void **unused)
{
    an_test_heard h = {0};
    alexnet_context *ctx = open_wanting(1, &h);
    an_test_fault fault;

    (void)unused;
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_THREAD), 0, true, EAGAIN);
    an_threads_settle(ctx);
    assert_false(an_test_fault_disarm(&fault));
    assert_int_equal(h.lines, 0);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threads_that_start_are_used),
        cmocka_unit_test(one_thread_starts_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
