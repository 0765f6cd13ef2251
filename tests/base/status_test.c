/*
 * status_test.c: meanings of statuses, and messages: complete, on one line, about the cause.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/status.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void every_status_has_a_text(void **unused)
{
    (void)unused;
#define CHECK(name, value, text)                                                                   \
    assert_int_equal(ALEXNET_##name, value);                                                       \
    assert_string_equal(alexnet_status_text(ALEXNET_##name), text);
    ALEXNET_STATUS_MAP(CHECK)
#undef CHECK
    assert_string_equal(alexnet_status_text((alexnet_status)12), "unknown status");
}

static void version_is_that_of_the_header(void **unused)
{
    char version[32];

    (void)unused;
    snprintf(version, sizeof version, "%d.%d.%d", ALEXNET_VERSION_MAJOR, ALEXNET_VERSION_MINOR,
             ALEXNET_VERSION_PATCH);
    assert_string_equal(alexnet_version(), version);
}

static void messages_are_formatted_and_wrapped(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    assert_int_equal(an_fail(ctx, ALEXNET_BAD_SHAPE, "%s: expected %d, found %d", "conv1", 3, 4),
                     ALEXNET_BAD_SHAPE);
    assert_string_equal(alexnet_error(ctx), "conv1: expected 3, found 4");
    assert_int_equal(an_fail_within(ctx, ALEXNET_BAD_SHAPE, "model %s", "m"), ALEXNET_BAD_SHAPE);
    assert_string_equal(alexnet_error(ctx), "model m: conv1: expected 3, found 4");

    /* an argument may be the message that is replaced */
    assert_int_equal(an_fail(ctx, ALEXNET_IO, "again: %s", alexnet_error(ctx)), ALEXNET_IO);
    assert_string_equal(alexnet_error(ctx), "again: model m: conv1: expected 3, found 4");
    alexnet_close(ctx);
}

static void errno_gives_status_and_reason(void **unused)
{
    static const struct {
        int error;
        alexnet_status status;
        const char *text;
    } rows[] = {
        {ENOENT, ALEXNET_NOT_FOUND, "a/b.jpg: No such file or directory"},
        {ENOTDIR, ALEXNET_NOT_FOUND, "a/b.jpg: Not a directory"},
        {ENOSPC, ALEXNET_IO, "a/b.jpg: No space left on device"},
        {EACCES, ALEXNET_IO, "a/b.jpg: Permission denied"},
        {ENOMEM, ALEXNET_NO_MEMORY, "a/b.jpg: Cannot allocate memory"},
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_int_equal(an_fail_errno(ctx, rows[i].error, "%s/%s", "a", "b.jpg"), rows[i].status);
        assert_string_equal(alexnet_error(ctx), rows[i].text);
    }
    alexnet_close(ctx);
}

static void long_messages_are_truncated_between_characters(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    char name[2 * AN_ERROR_BYTES];

    (void)unused;
    for (size_t shift = 0; shift < 4; ++shift) { /* the cut is at each byte of a character of 4 */
        memset(name, 'x', sizeof name);
        for (size_t i = shift; i + 4 < sizeof name; i += 4)
            memcpy(name + i, "\xf0\x9f\x90\xb1", 4); /* a cat */
        name[sizeof name - 1] = '\0';
        (void)an_fail(ctx, ALEXNET_IO, "%s", name);
        const size_t length = strlen(alexnet_error(ctx));
        assert_in_range(length, AN_ERROR_BYTES - 4, AN_ERROR_BYTES - 1);
        assert_int_equal((length - shift) % 4, 0);
        assert_memory_equal(alexnet_error(ctx), name, length);
        (void)an_fail_within(ctx, ALEXNET_IO, "%s", name);
        (void)an_fail_errno(ctx, EIO, "%s", name);
        assert_int_equal((strlen(alexnet_error(ctx)) - shift) % 4, 0);
    }
    alexnet_close(ctx);
}

static void names_of_files_cannot_break_the_line(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    (void)an_fail(ctx, ALEXNET_IO, "%s", "one\ntwo\r\x1b[31mred\x7f\ttab");
    assert_string_equal(alexnet_error(ctx), "one\\ntwo\\r\\x1b[31mred\\x7f\\ttab");
    (void)an_fail_within(ctx, ALEXNET_IO, "caf\xe9"); /* at the end of a part, too */
    assert_non_null(strstr(alexnet_error(ctx), "caf\\xe9: one\\ntwo"));
    alexnet_close(ctx);
}

static void missing_arguments_are_named(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    an_assert_ok(ctx, an_need(ctx, "f", "out", ctx));
    an_assert_status(ctx, an_need(ctx, "f", "out", NULL), ALEXNET_BAD_ARG);
    assert_string_equal(alexnet_error(ctx), "f(): 'out' is NULL");
    an_assert_status(ctx, an_need_within(ctx, "f", "n", -2, 0, 64), ALEXNET_BAD_ARG);
    assert_string_equal(alexnet_error(ctx), "f(): 'n' is -2, expected 0 to 64");
    an_assert_ok(ctx, an_need_within(ctx, "f", "n", 64, 0, 64));
    assert_int_equal(an_need(NULL, "f", "ctx", NULL), ALEXNET_BAD_ARG);
    assert_string_equal(alexnet_error(NULL), "there is no context");
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text),
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(messages_are_formatted_and_wrapped),
        cmocka_unit_test(errno_gives_status_and_reason),
        cmocka_unit_test(long_messages_are_truncated_between_characters),
        cmocka_unit_test(names_of_files_cannot_break_the_line),
        cmocka_unit_test(missing_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
