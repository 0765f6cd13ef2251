/*
 * arrival_test.c: a file that arrives in pieces keeps what arrived, whatever fails.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "fetch/arrival.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void it_grows_over_several_openings(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    const char *name = an_test_path(p->folder, "file.part");
    an_arrival part;

    an_assert_ok(p->ctx, an_arrival_open(p->ctx, path, &part));
    assert_int_equal(part.size, 0);
    an_assert_ok(p->ctx, an_arrival_add(&part, "one ", 4));
    an_arrival_close(&part);
    an_arrival_close(&part); /* closed already */
    an_test_assert_text_file(name, "one ");

    an_assert_ok(p->ctx, an_arrival_open(p->ctx, path, &part));
    assert_int_equal(part.size, 4);
    an_assert_ok(p->ctx, an_arrival_add(&part, "two", 3));
    assert_int_equal(part.size, 7);
    an_assert_ok(p->ctx, an_arrival_commit(&part));
    an_test_assert_text_file(path, "one two");
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static void it_can_begin_anew_and_replaces_the_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    an_arrival part;

    an_test_write_text(path, "old");
    an_assert_ok(p->ctx, an_arrival_open(p->ctx, path, &part));
    an_assert_ok(p->ctx, an_arrival_add(&part, "wrong", 5));
    an_assert_ok(p->ctx, an_arrival_restart(&part));
    assert_int_equal(part.size, 0);
    an_assert_ok(p->ctx, an_arrival_add(&part, "new", 3));
    an_test_assert_text_file(path, "old");
    an_assert_ok(p->ctx, an_arrival_commit(&part));
    an_test_assert_text_file(path, "new");
}

static void what_is_no_file_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    const char *name = an_test_path(p->folder, "file.part");
    const char *target = an_test_path(p->folder, "target");
    an_arrival part;

    an_assert_status(p->ctx, an_arrival_open(p->ctx, an_test_path(p->folder, "no/file"), &part),
                     ALEXNET_IO);
    an_assert_error(p->ctx, "no/file.part: cannot write: No such file or directory");
    assert_null(part.path);
    assert_int_equal(mkdir(name, 0777), 0);
    an_assert_status(p->ctx, an_arrival_open(p->ctx, path, &part), ALEXNET_IO);
    assert_int_equal(rmdir(name), 0);
    assert_int_equal(mkfifo(name, 0666), 0);
    an_assert_status(p->ctx, an_arrival_open(p->ctx, path, &part), ALEXNET_IO);
    assert_int_equal(unlink(name), 0);
    an_test_write_text(target, "target");
    assert_int_equal(symlink("target", name), 0); /* it is not followed */
    an_assert_status(p->ctx, an_arrival_open(p->ctx, path, &part), ALEXNET_IO);
    an_test_assert_text_file(target, "target");
}

static alexnet_status receive(alexnet_context *ctx, const char *path)
{
    an_arrival part;
    alexnet_status status = an_arrival_open(ctx, path, &part);

    if (status != ALEXNET_OK) {
        assert_null(part.name);
        return status;
    }
    status = an_arrival_restart(&part);
    for (int i = 0; i < 5 && status == ALEXNET_OK; ++i)
        status = an_arrival_add(&part, "piece", 5);
    if (status == ALEXNET_OK) return an_arrival_commit(&part);
    an_arrival_close(&part);
    return status;
}

static void any_failure_leaves_the_file_as_it_was(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_FILES, AN_FAULT_BIT(AN_FAULT_MEMORY)};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    an_test_fault fault;

    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            unlink(an_test_path(p->folder, "file"));
            an_test_fault_arm(&fault, p->ctx, kinds[k], n, false, ENOSPC);
            const alexnet_status status = receive(p->ctx, path);
            if (!an_test_fault_disarm(&fault)) {
                an_assert_ok(p->ctx, status);
                break;
            }
            assert_int_equal(status, k == 0 ? ALEXNET_IO : ALEXNET_NO_MEMORY);
            an_assert_error(p->ctx, "file");
            if (access(path, F_OK) == 0) /* only its name may not be safe yet */
                an_test_assert_text_file(path, "piecepiecepiecepiecepiece");
        }
        an_test_assert_text_file(path, "piecepiecepiecepiecepiece");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(it_grows_over_several_openings),
        an_test_in_place(it_can_begin_anew_and_replaces_the_file),
        an_test_in_place(what_is_no_file_is_refused),
        an_test_in_place(any_failure_leaves_the_file_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
