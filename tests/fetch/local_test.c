/*
 * local_test.c: files by file: URLs.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "fetch/transfer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static alexnet_go count(void *user, const alexnet_progress *report)
{
    int64_t *most = user;

    assert_true(report->done >= *most);
    *most = report->done;
    return report->done >= (3 << 20) ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static void a_file_is_copied_in_pieces_until_it_is_stopped(void **state)
{
    enum { SIZE = (2 << 20) + 77 };
    const an_test_place *p = *state;
    const char *from = an_test_path(p->folder, "from"), *to = an_test_path(p->folder, "to");
    char *data = malloc((size_t)4 << 20), url[4300];
    int64_t most = 0;
    uint64_t bytes;

    assert_non_null(data);
    for (size_t i = 0; i < (size_t)4 << 20; ++i)
        data[i] = (char)(i * 7 + i / 251);
    snprintf(url, sizeof url, "file:%s", from);
    an_fetch_options options = {.url = url, .path = to, .tell = count, .tell_user = &most};
    char hex[AN_SHA256_HEX_SIZE];
    an_test_write(from, data, SIZE);
    an_assert_ok(p->ctx, an_fetch_hash(p->ctx, from, true, hex));
    options.sha256 = hex;
    an_assert_ok(p->ctx, an_fetch(p->ctx, &options, &bytes));
    assert_int_equal(bytes, SIZE);
    assert_int_equal(most, SIZE);
    an_test_assert_file(to, data, SIZE);

    most = 0;
    an_test_write(from, data, (size_t)4 << 20);
    an_assert_status(p->ctx, an_fetch(p->ctx, &options, &bytes), ALEXNET_STOPPED);
    an_assert_error(p->ctx, "stopped after 3");
    assert_int_equal(bytes, 0);
    an_test_assert_file(to, data, SIZE); /* as before */
    free(data);
}

static void what_is_not_there_is_named(void **state)
{
    const an_test_place *p = *state;
    char url[4300], hex[AN_SHA256_HEX_SIZE];
    uint64_t bytes;

    memset(hex, '0', 64);
    hex[64] = '\0';
    snprintf(url, sizeof url, "file://%s/none", p->folder);
    const an_fetch_options options = {
        .url = url, .path = an_test_path(p->folder, "to"), .sha256 = hex};
    an_assert_status(p->ctx, an_fetch(p->ctx, &options, &bytes), ALEXNET_NOT_FOUND);
    an_assert_error(p->ctx, "none: No such file");
    snprintf(url, sizeof url, "file://%s", p->folder);
    an_assert_status(p->ctx, an_fetch(p->ctx, &options, &bytes), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "expected a file, found a folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_file_is_copied_in_pieces_until_it_is_stopped),
        an_test_in_place(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
