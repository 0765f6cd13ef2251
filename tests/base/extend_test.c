/*
 * extend_test.c: options of earlier and later headers are completed, or refused where they ask for
 * more.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/extend.h"
#include <string.h>

typedef struct earlier {
    size_t struct_size;
    int a, b;
} earlier;

typedef struct ours {
    size_t struct_size;
    int a, b;
    const char *text;
} ours;

typedef struct later {
    size_t struct_size;
    int a, b;
    const char *text;
    double x;
} later;

static alexnet_status take(alexnet_context *ctx, const void *given, ours *out)
{
    memset(out, 0x5a, sizeof *out);
    AN_TAKE_OPTIONS(ctx, given, out);
    return ALEXNET_OK;
}

static void options_of_any_version_are_accepted(void **state)
{
    const an_test_place *p = *state;
    const earlier old = {sizeof old, 1, 2};
    const ours same = {sizeof same, 3, 4, "text"};
    later next = {sizeof next, 5, 6, "text", 0};
    ours found;

    an_assert_ok(p->ctx, take(p->ctx, &old, &found));
    assert_true(found.a == 1 && found.b == 2);
    assert_null(found.text);
    assert_int_equal(found.struct_size, sizeof found);
    an_assert_ok(p->ctx, take(p->ctx, &same, &found));
    assert_true(found.a == 3 && found.b == 4 && found.text == same.text);
    an_assert_ok(p->ctx, take(p->ctx, &next, &found));
    assert_true(found.a == 5 && found.b == 6 && found.text == next.text);
    assert_int_equal(found.struct_size, sizeof found);
}

static void unknown_members_are_refused(void **state)
{
    const an_test_place *p = *state;
    const later next = {sizeof next, 5, 6, "text", 0.5};
    ours found;

    an_assert_status(p->ctx, take(p->ctx, &next, &found), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "take(): 'given' asks for something that version");
}

static void a_size_that_was_not_set_is_refused(void **state)
{
    const an_test_place *p = *state;
    const size_t sizes[] = {0, sizeof(size_t), AN_EXTEND_BYTES_MAX + 1, SIZE_MAX};
    ours found;

    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        const ours given = {sizes[i], 1, 2, NULL};
        an_assert_status(p->ctx, take(p->ctx, &given, &found), ALEXNET_BAD_ARG);
        an_assert_error(p->ctx, "begin with alexnet_..._default()");
    }
    const ours given = {0};
    assert_int_equal(take(NULL, &given, &found), ALEXNET_BAD_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(options_of_any_version_are_accepted),
        an_test_in_place(unknown_members_are_refused),
        an_test_in_place(a_size_that_was_not_set_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
