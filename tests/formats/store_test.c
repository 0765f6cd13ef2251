/*
 * store_test.c: blocks that do not move, alignment, sizes that overflow, refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/store.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void blocks_stay_where_they_are(void **state)
{
    const an_test_place *p = *state;
    an_store store = {0};
    char *blocks[500], expected[32];

    for (int i = 0; i < 500; ++i) { /* every tenth has a chunk of its own */
        blocks[i] = an_store_new(p->ctx, &store, i % 10 == 9 ? 5000 : (size_t)i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (int k = 0; k < i; ++k)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], i % 100, (size_t)i);
    }
    for (int i = 0; i < 500; ++i)
        for (int k = 0; k < i; ++k)
            assert_int_equal(blocks[i][k], i % 100);
    const char *text = an_store_format(p->ctx, &store, "%s.%d", "conv", 5);
    snprintf(expected, sizeof expected, "conv.5");
    assert_string_equal(text, expected);
    assert_string_equal(an_store_text(p->ctx, &store, "conv1", 4), "conv");
    assert_string_equal(an_store_text(p->ctx, &store, NULL, 0), "");
    an_store_free(p->ctx, &store);
    an_store_free(p->ctx, &store);
}

static void sizes_that_overflow_are_refused(void **state)
{
    const an_test_place *p = *state;
    an_store store = {0};

    assert_null(an_store_new(p->ctx, &store, SIZE_MAX));
    assert_null(an_store_new(p->ctx, &store, SIZE_MAX - 40));
    assert_null(an_store_array(p->ctx, &store, SIZE_MAX / 2, 3));
    assert_null(an_store_text(p->ctx, &store, "", SIZE_MAX));
    assert_non_null(an_store_array(p->ctx, &store, 0, 8));
    an_store_free(p->ctx, &store);
}

static void refused_memory_leaves_the_store_usable(void **state)
{
    const an_test_place *p = *state;

    for (long n = 0; n < 3; ++n) {
        an_test_fault fault;
        an_store store = {0};
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const char *small = an_store_text(p->ctx, &store, "abc", 3);
        const void *large = an_store_new(p->ctx, &store, 9000);
        const void *more = an_store_new(p->ctx, &store, 4);
        assert_int_equal(an_test_fault_disarm(&fault), n < 2);
        assert_int_equal(small == NULL, n == 0);
        assert_int_equal(large == NULL, n == 1);
        assert_non_null(more);
        if (small != NULL) assert_string_equal(small, "abc");
        an_store_free(p->ctx, &store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(blocks_stay_where_they_are),
        an_test_in_place(sizes_that_overflow_are_refused),
        an_test_in_place(refused_memory_leaves_the_store_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
