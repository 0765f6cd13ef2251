/*
 * bad_list_test.c: each bad image once, sorted by index.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "data/bad_list.h"

static void sorted_once_and_with_the_first_reason(void **in)
{
    static const int64_t added[] = {5, 1, 9, 5, 0, 1};
    static const int64_t expected[] = {0, 1, 5, 9};
    const fixture *f = *in;
    an_bad_list list = {0};

    for (size_t i = 0; i < AN_COUNT(added); ++i)
        an_assert_ok(f->ctx, an_bad_list_add(f->ctx, &list, added[i], i < 3 ? "first" : "later"));
    assert_int_equal(list.count, AN_COUNT(expected));
    for (size_t i = 0; i < list.count; ++i) {
        assert_int_equal(list.images[i].index, expected[i]);
        assert_string_equal(list.images[i].reason, expected[i] == 0 ? "later" : "first");
    }
    an_bad_list_free(f->ctx, &list);
    assert_int_equal(list.count, 0);
    an_bad_list_free(f->ctx, &list);
}

static void all_of_another_list_is_added(void **in)
{
    const fixture *f = *in;
    an_bad_list list = {0}, others = {0};

    an_assert_ok(f->ctx, an_bad_list_add(f->ctx, &list, 5, "first"));
    an_assert_ok(f->ctx, an_bad_list_add(f->ctx, &others, 5, "later"));
    an_assert_ok(f->ctx, an_bad_list_add(f->ctx, &others, 3, "later"));
    an_assert_ok(f->ctx, an_bad_list_add_all(f->ctx, &list, &others));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.images[0].reason, "later");
    assert_string_equal(list.images[1].reason, "first");
    an_bad_list_free(f->ctx, &list);
    an_bad_list_free(f->ctx, &others);
}

static void a_list_grows_and_survives_a_lack_of_memory(void **in)
{
    const fixture *f = *in;

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_bad_list list = {0};
        alexnet_status status = ALEXNET_OK;
        an_test_fault_arm(&fault, f->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        for (int64_t i = 100; i > 0 && status == ALEXNET_OK; --i)
            status = an_bad_list_add(f->ctx, &list, i, "reason");
        const bool failed = an_test_fault_disarm(&fault);
        assert_true(failed ? status == ALEXNET_NO_MEMORY : list.count == 100);
        for (size_t i = 1; i < list.count; ++i)
            assert_int_equal(list.images[i].index, list.images[i - 1].index + 1);
        an_bad_list_free(f->ctx, &list);
        if (!failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(sorted_once_and_with_the_first_reason),
        FIXTURE_TEST(all_of_another_list_is_added),
        FIXTURE_TEST(a_list_grows_and_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
