/*
 * arena_test.c: parts in order, alignment, rewinding, full arenas, huge pages, failing allocations.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/arena.h"
#include <string.h>

#define MIB ((size_t)1 << 20)

static void blocks_are_consecutive_and_aligned(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_arena arena;

    (void)unused;
    an_assert_ok(ctx, an_arena_open(ctx, "test", 1000, &arena));
    assert_int_equal(arena.capacity, 1024); /* rounded up to the alignment */
    char *a = an_arena_alloc(&arena, 1);
    char *b = an_arena_alloc(&arena, 65);
    char *c = an_arena_alloc(&arena, 0);
    char *d = an_arena_alloc(&arena, 64);
    assert_int_equal((uintptr_t)a % AN_ALIGNMENT, 0);
    assert_ptr_equal(b, a + 64);
    assert_ptr_equal(c, b + 128);
    assert_ptr_equal(d, c);
    assert_int_equal(arena.used, 256);
    memset(a, 1, arena.capacity); /* all of it is usable: the sanitizer checks */

    an_arena_close(ctx, &arena);
    an_arena_close(ctx, &arena); /* a closed arena is zeroed */
    alexnet_close(ctx);
}

static void full_arena_gives_null_and_stays_usable(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_arena arena;

    (void)unused;
    an_assert_ok(ctx, an_arena_open(ctx, "test", 128, &arena));
    assert_non_null(an_arena_alloc(&arena, 64));
    assert_null(an_arena_alloc(&arena, 65));
    assert_null(an_arena_alloc(&arena, SIZE_MAX));
    assert_non_null(an_arena_alloc(&arena, 64));
    assert_null(an_arena_alloc(&arena, 1));
    an_arena_close(ctx, &arena);

    an_assert_ok(ctx, an_arena_open(ctx, "empty", 0, &arena));
    assert_null(an_arena_alloc(&arena, 1));
    an_arena_close(ctx, &arena);
    alexnet_close(ctx);
}

static void large_arenas_start_on_a_huge_page(void **unused)
{
    an_test_memory memory;
    alexnet_context *contexts[] = {an_test_open(NULL), an_test_open(&memory)};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(contexts); ++i) {
        an_arena arena;
        an_assert_ok(contexts[i], an_arena_open(contexts[i], "large", 5 * MIB, &arena));
        assert_int_equal((uintptr_t)arena.base % (2 * MIB), 0);
        char *last = (char *)an_arena_alloc(&arena, 5 * MIB) + 5 * MIB - 1;
        *last = 1;
        an_arena_close(contexts[i], &arena);
    }
    an_test_close(contexts[0], NULL);
    an_test_close(contexts[1], &memory);
}

static void a_failed_allocation_is_reported_with_the_name(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    an_arena arena;
    an_test_fault fault;

    (void)unused;
    an_test_fault_arm(&fault, ctx, AN_FAULT_ANY, 0, false, 1);
    an_assert_status(ctx, an_arena_open(ctx, "step arena", 100, &arena), ALEXNET_NO_MEMORY);
    assert_true(an_test_fault_disarm(&fault));
    an_assert_error(ctx, "step arena: no memory for 128 bytes");
    assert_null(arena.base);
    an_arena_close(ctx, &arena);

    an_assert_status(ctx, an_arena_open(ctx, "absurd", SIZE_MAX, &arena), ALEXNET_NO_MEMORY);
    an_assert_status(ctx, an_arena_open(ctx, "absurd", SIZE_MAX - 64, &arena), ALEXNET_NO_MEMORY);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_consecutive_and_aligned),
        cmocka_unit_test(full_arena_gives_null_and_stays_usable),
        cmocka_unit_test(large_arenas_start_on_a_huge_page),
        cmocka_unit_test(a_failed_allocation_is_reported_with_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
