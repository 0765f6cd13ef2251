/*
 * output_test.c: what is to be written is asked before the work.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "infer/output.h"
#include <string.h>
#include <unistd.h>

static void a_file_that_is_read_is_not_written(void **state)
{
    const an_test_place *place = *state;
    alexnet_context *ctx = place->ctx;
    const char *folder = place->folder;
    const char *in = an_test_path(folder, "in"), *link = an_test_path(folder, "link");

    an_test_write_text(in, "weights");
    assert_int_equal(symlink(in, link), 0);
    an_assert_status(ctx, an_output_is_not(ctx, in, in), ALEXNET_BAD_ARG);
    an_assert_status(ctx, an_output_is_not(ctx, link, in), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "is read and cannot be written, too");
    an_assert_ok(ctx, an_output_is_not(ctx, an_test_path(folder, "new"), in));
}

static void trying_leaves_nothing_behind(void **state)
{
    const an_test_place *place = *state;
    alexnet_context *ctx = place->ctx;
    const char *folder = place->folder;
    const char *path = an_test_path(folder, "out");
    an_bytes bytes;

    an_assert_ok(ctx, an_output_try(ctx, path));
    assert_int_equal(an_test_count_entries(folder), 0);
    an_test_write_text(path, "old");
    an_assert_ok(ctx, an_output_try(ctx, path));
    assert_int_equal(an_test_count_entries(folder), 1);
    an_assert_ok(ctx, an_file_read(ctx, path, 100, &bytes));
    assert_string_equal((char *)bytes.data, "old");
    an_bytes_free(ctx, &bytes);
    an_assert_status(ctx, an_output_try(ctx, an_test_path(folder, "none/out")), ALEXNET_IO);
    an_assert_status(ctx, an_output_try(ctx, folder), ALEXNET_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_file_that_is_read_is_not_written),
        an_test_in_place(trying_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
