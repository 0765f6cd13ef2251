/*
 * context_test.c: defaults, refusals, the caller's allocator, forks, the fault hook.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "base/status.h"
#include <errno.h>
#include <stdlib.h>

static void defaults_are_filled_in(void **unused)
{
    alexnet_context *ctx;

    (void)unused;
    an_assert_ok(NULL, an_context_open(NULL, &ctx));
    assert_in_range(ctx->options.threads, 1, 256);
    assert_string_equal(alexnet_error(ctx), "");
    alexnet_close(ctx);
    alexnet_close(NULL);
}

static void wrong_options_are_refused(void **unused)
{
    const alexnet_options rows[] = {
        {.struct_size = sizeof rows[0], .threads = -1},
        {.struct_size = sizeof rows[0], .threads = 257},
        {.struct_size = sizeof rows[0], .max_memory = -1},
        {.struct_size = sizeof rows[0], .max_memory = ALEXNET_MEMORY_MAX + 1},
        {.struct_size = sizeof rows[0], .allocate = an_test_options(&(an_test_memory){0}).allocate},
        {.struct_size = sizeof rows[0], .release = an_test_options(&(an_test_memory){0}).release},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_context *ctx = (alexnet_context *)&ctx;
        an_assert_status(NULL, an_context_open(&rows[i], &ctx), ALEXNET_BAD_ARG);
        assert_null(ctx);
    }
}

static void every_byte_comes_from_the_callers_allocator(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);

    (void)unused;
    assert_int_equal(memory.live, 1); /* the context itself */
    alexnet_context *child = an_context_fork(ctx);
    void *block = an_new(child, 10);
    assert_int_equal(memory.live, 3);
    alexnet_close(child);
    an_free(ctx, block); /* freed on another context than it was allocated on */
    an_test_close(ctx, &memory);
}

static void *refuse(void *user, size_t bytes)
{
    (void)user, (void)bytes;
    return NULL;
}

static void refuse_release(void *user, void *block) { (void)user, (void)block; }

static void no_memory_for_the_context_is_a_status(void **unused)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .allocate = refuse, .release = refuse_release};
    alexnet_context *ctx;

    (void)unused;
    an_assert_status(NULL, an_context_open(&options, &ctx), ALEXNET_NO_MEMORY);
    assert_null(ctx);
}

static void log_nothing(void *user, alexnet_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
}

static void a_fork_has_an_error_of_its_own_and_no_log(void **unused)
{
    alexnet_context *ctx;
    an_test_fault fault;

    (void)unused;
    an_assert_ok(NULL, an_context_open(&(alexnet_options){.struct_size = sizeof(alexnet_options),
                                                          .threads = 3,
                                                          .log = log_nothing},
                                       &ctx));
    (void)an_fail(ctx, ALEXNET_IO, "first");
    alexnet_context *child = an_context_fork(ctx);
    assert_non_null(child);
    assert_string_equal(alexnet_error(child), "");
    assert_int_equal(child->options.threads, 3);
    assert_null(child->options.log);
    (void)an_fail(child, ALEXNET_IO, "second");
    assert_string_equal(alexnet_error(ctx), "first");
    alexnet_close(child);

    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), 0, false, ENOMEM);
    assert_null(an_context_fork(ctx));
    assert_true(an_test_fault_disarm(&fault));
    alexnet_close(ctx);
}

static void the_fault_hook_sets_errno(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_test_fault fault;

    (void)unused;
    assert_false(an_fault(ctx, AN_FAULT_READ));
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_READ), 1, true, ENXIO);
    assert_false(an_fault(ctx, AN_FAULT_READ));
    assert_false(an_fault(ctx, AN_FAULT_WRITE));
    for (int i = 0; i < 3; ++i) {
        errno = 0;
        assert_true(an_fault(ctx, AN_FAULT_READ));
        assert_int_equal(errno, ENXIO);
    }
    assert_true(an_test_fault_disarm(&fault));
    assert_false(an_fault(ctx, AN_FAULT_READ));
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(every_byte_comes_from_the_callers_allocator),
        cmocka_unit_test(no_memory_for_the_context_is_a_status),
        cmocka_unit_test(a_fork_has_an_error_of_its_own_and_no_log),
        cmocka_unit_test(the_fault_hook_sets_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
