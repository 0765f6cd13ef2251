/*
 * memory_test.c: alignment, zeroing, growing, overflow, and NULL for every allocation that fails.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include <errno.h>
#include <string.h>

/* Runs `check` with malloc and with the caller's allocator, which must get back every block it
 * gave. */
static void with_both_allocators(void (*check)(alexnet_context *ctx))
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(NULL);

    check(ctx);
    alexnet_close(ctx);
    ctx = an_test_open(&memory);
    check(ctx);
    an_test_close(ctx, &memory);
}

static void check_alignment(alexnet_context *ctx)
{
    for (size_t bytes = 0; bytes < 200; ++bytes) {
        char *block = an_new(ctx, bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % AN_ALIGNMENT, 0);
        memset(block, 0xa5, bytes);
        an_free(ctx, block);
    }
    for (size_t alignment = AN_ALIGNMENT; alignment <= 1 << 21; alignment *= 2) {
        char *block = an_new_aligned(ctx, 3, alignment);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % alignment, 0);
        an_free(ctx, block);
    }
    an_free(ctx, NULL);
}

static void blocks_are_aligned(void **unused)
{
    (void)unused;
    with_both_allocators(check_alignment);
}

static void check_contents(alexnet_context *ctx)
{
    static const char zeros[300];
    char *zeroed = an_new_zeroed(ctx, sizeof zeros);
    char *array = an_new_array(ctx, 100, 3);

    assert_memory_equal(zeroed, zeros, sizeof zeros);
    assert_memory_equal(array, zeros, sizeof zeros);
    an_free(ctx, array);

    memcpy(zeroed, "hello", 6);
    char *grown = an_grow(ctx, zeroed, 6, 100000);
    assert_string_equal(grown, "hello");
    grown = an_grow(ctx, grown, 100000, 6);
    assert_string_equal(grown, "hello");
    an_free(ctx, grown);
    grown = an_grow(ctx, NULL, 0, 5);
    assert_non_null(grown);
    an_free(ctx, grown);

    char *copy = an_copy_text(ctx, "photo");
    char *text = an_format(ctx, "%s/%04d.%s", copy, 7, "jpg");
    assert_string_equal(text, "photo/0007.jpg");
    an_free(ctx, copy);
    an_free(ctx, text);
}

static void blocks_hold_what_they_should(void **unused)
{
    (void)unused;
    with_both_allocators(check_contents);
}

static void check_absurd_sizes(alexnet_context *ctx)
{
    volatile size_t huge = SIZE_MAX; /* volatile: the compiler warns of a constant */

    assert_null(an_new(ctx, huge));
    assert_null(an_new(ctx, huge - 100));
    assert_null(an_new_array(ctx, huge / 2, 3));
    assert_null(an_new_array(ctx, 3, huge / 2));
    void *empty = an_new_array(ctx, 0, huge);
    assert_non_null(empty);
    an_free(ctx, empty);
}

static void absurd_sizes_give_null(void **unused)
{
    (void)unused;
    with_both_allocators(check_absurd_sizes);
}

static void every_allocation_can_fail(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    an_test_fault fault;
    char *old = an_copy_text(ctx, "kept");

    (void)unused;
    an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), 0, true, ENOMEM);
    assert_null(an_new(ctx, 1));
    assert_null(an_new_zeroed(ctx, 1));
    assert_null(an_new_array(ctx, 1, 1));
    assert_null(an_grow(ctx, old, 5, 10));
    assert_null(an_copy_text(ctx, "x"));
    assert_null(an_format(ctx, "%d", 1));
    assert_true(an_test_fault_disarm(&fault));
    assert_string_equal(old, "kept");
    assert_string_equal(alexnet_error(ctx), ""); /* the caller writes the message */
    an_free(ctx, old);
    an_test_close(ctx, &memory);
}

static void sums_and_products(void **unused)
{
    size_t out = 7;

    (void)unused;
    assert_true(an_multiply(0, SIZE_MAX, &out));
    assert_int_equal(out, 0);
    assert_true(an_multiply(SIZE_MAX, 0, &out));
    assert_int_equal(out, 0);
    assert_true(an_multiply(SIZE_MAX / 3, 3, &out));
    assert_true(out == SIZE_MAX / 3 * 3);
    assert_false(an_multiply(SIZE_MAX / 3 + 1, 3, &out));
    assert_false(an_multiply((size_t)1 << 32, (size_t)1 << 32, &out));
    assert_true(an_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_false(an_add(SIZE_MAX, 1, &out));
    assert_true(out == SIZE_MAX); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned),     cmocka_unit_test(blocks_hold_what_they_should),
        cmocka_unit_test(absurd_sizes_give_null), cmocka_unit_test(every_allocation_can_fail),
        cmocka_unit_test(sums_and_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
