/*
 * writer_test.c: a file is whole or absent, whatever fails; a log stays readable line by line.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE 200000 /* bytes: several buffers */

static void the_file_has_the_added_bytes(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char *data = malloc(LARGE);
    an_writer *writer;

    assert_non_null(data);
    for (size_t i = 0; i < LARGE; ++i)
        data[i] = (char)(i % 251);
    for (size_t chunk = 1; chunk <= LARGE; chunk = chunk * 7 + 1) {
        an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
        for (size_t at = 0; at < LARGE; at += chunk)
            an_assert_ok(p->ctx, an_writer_add(writer, data + at, AN_MIN(chunk, LARGE - at)));
        an_assert_ok(p->ctx, an_writer_add(writer, NULL, 0));
        an_assert_ok(p->ctx, an_writer_commit(writer));
        an_test_assert_file(path, data, LARGE);
    }
    an_assert_ok(p->ctx, an_file_write(p->ctx, path, data, LARGE));
    an_test_assert_file(path, data, LARGE);
    an_assert_ok(p->ctx, an_file_write(p->ctx, path, NULL, 0));
    an_test_assert_file(path, "", 0);
    assert_int_equal(an_test_count_entries(p->folder), 1);
    free(data);
}

/* Written in parts of any size, larger or smaller than a buffer. */
static void the_checksum_is_that_of_the_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char *data = calloc(1, LARGE);

    assert_non_null(data);
    for (size_t chunk = 0; chunk <= LARGE; chunk = chunk * 7 + 1) {
        an_file_sum sum;
        an_writer *writer;
        char hex[AN_SHA256_HEX_SIZE];
        int64_t bytes;
        an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
        an_writer_sum(writer, &sum);
        for (size_t at = 0; at < LARGE && chunk > 0; at += chunk)
            an_assert_ok(p->ctx, an_writer_add(writer, data + at, AN_MIN(chunk, LARGE - at)));
        if (chunk > 0) an_assert_ok(p->ctx, an_writer_format(writer, "%zu\n", chunk));
        an_assert_ok(p->ctx, an_writer_commit(writer));
        an_assert_ok(p->ctx, an_file_hash(p->ctx, path, &bytes, hex));
        assert_int_equal(sum.bytes, bytes);
        assert_string_equal(sum.sha256, hex);
    }
    free(data);
}

static void formatted_text_of_any_length(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char *expected = calloc(1, 4 * LARGE);
    char *filler = calloc(1, LARGE);
    size_t length = 0;
    an_writer *writer;

    assert_non_null(expected);
    assert_non_null(filler);
    memset(filler, 'f', LARGE - 1);
    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    for (int i = 0; i < 20; ++i) { /* also some that end at the buffer's last bytes */
        const int part = i < 10 ? 65530 + i : i * 1000;
        an_assert_ok(p->ctx, an_writer_format(writer, "%.*s", AN_MIN(part, 30000), filler));
        an_assert_ok(p->ctx, an_writer_format(writer, "%d,%.2f\n", i, i / 2.0));
        length += (size_t)snprintf(expected + length, 4 * LARGE - length, "%.*s%d,%.2f\n",
                                   AN_MIN(part, 30000), filler, i, i / 2.0);
    }
    an_assert_ok(p->ctx, an_writer_format(writer, "%s", filler)); /* longer than the buffer */
    length += (size_t)snprintf(expected + length, 4 * LARGE - length, "%s", filler);
    assert_true(length < 4 * LARGE);
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_test_assert_file(path, expected, length);
    free(filler);
    free(expected);
}

static void nothing_is_seen_before_the_commit(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    an_writer *first, *second;

    an_test_write_text(path, "old");
    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &first));
    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &second)); /* their temporary names differ */
    an_assert_ok(p->ctx, an_writer_add(first, "first", 5));
    an_assert_ok(p->ctx, an_writer_add(second, "second", 6));
    an_test_assert_text_file(path, "old");
    an_assert_ok(p->ctx, an_writer_commit(first));
    an_test_assert_text_file(path, "first");
    an_writer_abandon(second);
    an_writer_abandon(NULL);
    an_test_assert_text_file(path, "first");
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static void permissions_follow_the_umask(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    const mode_t before = umask(027);
    struct stat info;

    an_assert_ok(p->ctx, an_file_write(p->ctx, path, "x", 1));
    umask(before);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void leftovers_of_a_crash_do_no_harm(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    const char *name = an_test_path(p->folder, "");
    an_writer *writer;
    char left[4200];

    /* the names that the next writers would choose exist, for any value of the counter */
    for (int n = 0; n < 60; ++n) {
        snprintf(left, sizeof left, "%sfile.tmp-%ld-%d", name, (long)getpid(), n);
        an_test_write_text(left, "left");
    }
    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_test_assert_text_file(left, "left");
    assert_int_equal(an_test_count_entries(p->folder), 61);
}

static void unwritable_files_are_named(void **state)
{
    const an_test_place *p = *state;
    const char *link = an_test_path(p->folder, "link");
    const char *target = an_test_path(p->folder, "target");
    char longer[400] = "";
    an_writer *writer = (an_writer *)&writer;

    memset(longer, 'n', 300);
    const struct {
        const char *path;
        alexnet_status status;
        const char *error;
    } rows[] = {
        {an_test_path(p->folder, "absent/file"), ALEXNET_IO,
         "absent/file: cannot write: No such file or directory"},
        {p->folder, ALEXNET_IO, ": cannot write: Is a directory"},
        {"/dev/null", ALEXNET_IO, "/dev/null: cannot write: not a regular file"},
        {an_test_path(p->folder, longer), ALEXNET_IO, "File name too long"},
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_writer_open(p->ctx, rows[i].path, &writer), rows[i].status);
        an_assert_error(p->ctx, rows[i].error);
        assert_null(writer);
        an_assert_status(p->ctx, an_file_write(p->ctx, rows[i].path, "x", 1), rows[i].status);
    }
    assert_int_equal(an_test_count_entries(p->folder), 0);

    an_test_write_text(target, "target");
    assert_int_equal(symlink("target", link), 0);
    an_assert_ok(p->ctx,
                 an_file_write(p->ctx, link, "x", 1)); /* the link is replaced, not followed */
    an_test_assert_text_file(target, "target");
    an_test_assert_text_file(link, "x");
}

static void a_failed_writer_stays_failed(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char *data = calloc(1, LARGE);
    an_writer *writer;
    an_test_fault fault;

    assert_non_null(data);
    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_WRITE), 0, false, ENOSPC);
    an_assert_status(p->ctx, an_writer_add(writer, data, LARGE), ALEXNET_IO);
    an_assert_error(p->ctx, "file: cannot write: No space left on device");
    assert_true(an_test_fault_disarm(&fault));
    an_assert_status(p->ctx, an_writer_add(writer, data, 1), ALEXNET_IO);
    an_assert_status(p->ctx, an_writer_add(writer, data, LARGE), ALEXNET_IO);
    an_assert_status(p->ctx, an_writer_format(writer, "%d", 1), ALEXNET_IO);
    an_assert_status(p->ctx, an_writer_commit(writer), ALEXNET_IO);
    assert_int_equal(an_test_count_entries(p->folder), 0);
    free(data);
}

static void a_full_disk_is_reported(void **state)
{
    const an_test_place *p = *state;

    an_assert_status(p->ctx, an_file_append_line(p->ctx, "/dev/full", "line"), ALEXNET_IO);
    an_assert_error(p->ctx, "/dev/full: cannot write: No space left on device");
}

/* ---- faults ---- */

static alexnet_status write_text(alexnet_context *ctx, const char *path)
{
    an_writer *writer;
    alexnet_status status = an_writer_open(ctx, path, &writer);

    if (status != ALEXNET_OK) {
        assert_null(writer);
        return status;
    }
    for (int i = 0; i < 20000 && status == ALEXNET_OK; ++i)
        status = an_writer_format(writer, "%05d\n", i); /* two buffers in all */
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

static void check_faults(const an_test_place *p, unsigned kinds, bool forever, int error,
                         alexnet_status expected)
{
    const char *path = an_test_path(p->folder, "file");
    an_file_info info;
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_write_text(path, "old");
        const long live = p->memory.live;
        an_test_fault_arm(&fault, p->ctx, kinds, n, forever, error);
        const alexnet_status status = write_text(p->ctx, path);
        failed = an_test_fault_disarm(&fault);
        an_assert_status(p->ctx, status, failed ? expected : ALEXNET_OK);
        if (failed) an_assert_error(p->ctx, "file: ");

        /* The old file or the new one, and no other file. (The new one: only the folder could
         * not be synced.) */
        an_assert_ok(p->ctx, an_file_stat(p->ctx, path, &info));
        assert_true(info.size == 3 || info.size == 120000);
        if (!failed) assert_int_equal(info.size, 120000);
        assert_int_equal(an_test_count_entries(p->folder), 1);
        assert_int_equal(an_test_count_descriptors(), p->descriptors);
        assert_int_equal(p->memory.live, live);
        assert_true(n > 0 || failed);
    }
}

static void every_step_can_fail(void **state)
{
    const an_test_place *p = *state;

    check_faults(p, AN_FAULT_FILES, false, EIO, ALEXNET_IO);
    check_faults(p, AN_FAULT_FILES, true, ENOSPC, ALEXNET_IO);
    check_faults(p, AN_FAULT_FILES & ~AN_FAULT_BIT(AN_FAULT_STAT), false, ENOENT, ALEXNET_IO);
    check_faults(p, AN_FAULT_BIT(AN_FAULT_OPEN), true, EEXIST,
                 ALEXNET_IO); /* gives up in the end */
    check_faults(p, AN_FAULT_BIT(AN_FAULT_MEMORY), false, ENOMEM, ALEXNET_NO_MEMORY);
    check_faults(p, AN_FAULT_BIT(AN_FAULT_MEMORY), true, ENOMEM, ALEXNET_NO_MEMORY);
}

/* ---- logs ---- */

static void a_log_grows_line_by_line(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "log");

    an_assert_ok(p->ctx, an_file_append_line(p->ctx, path, "{\"step\":1}"));
    an_assert_ok(p->ctx, an_file_append_line(p->ctx, path, ""));
    an_assert_ok(p->ctx, an_file_append_line(p->ctx, path, "{\"step\":2}"));
    an_test_assert_text_file(path, "{\"step\":1}\n\n{\"step\":2}\n");
}

static void a_torn_line_is_ended_first(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "log");

    an_test_write_text(path, "{\"step\":1}\n{\"st");
    an_assert_ok(p->ctx, an_file_append_line(p->ctx, path, "{\"step\":2}"));
    an_test_assert_text_file(path, "{\"step\":1}\n{\"st\n{\"step\":2}\n");
}

static void failed_syncs_are_named(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "log");
    bool failed = true;

    an_assert_status(p->ctx, an_file_sync(p->ctx, path), ALEXNET_NOT_FOUND);
    an_test_write_text(path, "{\"step\":1}\n");
    an_assert_ok(p->ctx, an_file_sync(p->ctx, p->folder));
    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = an_file_sync(p->ctx, path);
        failed = an_test_fault_disarm(&fault);
        an_assert_status(p->ctx, status, failed ? ALEXNET_IO : ALEXNET_OK);
        if (failed) an_assert_error(p->ctx, "log: cannot write: Input/output error");
    }
}

static void a_log_that_cannot_be_written_is_named(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "log");
    bool failed = true;

    an_assert_status(p->ctx,
                     an_file_append_line(p->ctx, an_test_path(p->folder, "absent/log"), "x"),
                     ALEXNET_IO);
    an_assert_status(p->ctx, an_file_append_line(p->ctx, p->folder, "x"), ALEXNET_IO);
    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_write_text(path, "old\n");
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, ENOSPC);
        const alexnet_status status = an_file_append_line(p->ctx, path, "new");
        failed = an_test_fault_disarm(&fault);
        an_assert_status(p->ctx, status,
                         !failed  ? ALEXNET_OK
                         : n == 0 ? ALEXNET_NO_MEMORY
                                  : ALEXNET_IO);
        if (failed)
            an_assert_error(p->ctx, n == 0 ? "log: no memory" : "log: cannot write: No space left");
        assert_int_equal(an_test_count_descriptors(), p->descriptors);
    }
    an_test_assert_text_file(path, "old\nnew\n");
}

static void temporary_names_are_recognised(void **unused)
{
    static const struct {
        const char *name;
        bool temporary;
    } rows[] = {{"a.b.tmp-1-0", true},  {"a.b.tmp-123-45", true}, {"a.b", false},
                {"a.b.tmp", false},     {"a.b.tmp-1", false},     {"a.b.tmp-1-", false},
                {"a.b.tmp--1", false},  {"a.b.tmp-1-0x", false},  {"a.b.tmp-1-0-2", false},
                {"a.c.tmp-1-0", false}, {"xa.b.tmp-1-0", false},  {"a.b.tmp-x-0", false}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_file_is_temporary(rows[i].name, "a.b"), rows[i].temporary);
}

/* ---- second names ---- */

static void a_file_gets_a_second_name(void **state)
{
    const an_test_place *p = *state;
    const char *a = an_test_path(p->folder, "a"), *b = an_test_path(p->folder, "b");
    bool same;

    an_test_write_text(a, "first");
    an_test_write_text(b, "old");
    for (int times = 0; times < 2; ++times) { /* the second call changes nothing */
        an_assert_ok(p->ctx, an_file_link(p->ctx, a, b));
        an_assert_ok(p->ctx, an_file_same(p->ctx, a, b, &same));
        assert_true(same);
        assert_int_equal(an_test_count_entries(p->folder), 2);
    }
    an_assert_ok(p->ctx, an_file_write(p->ctx, b, "new", 3)); /* replaced, not written through */
    an_test_assert_text_file(a, "first");
    an_assert_status(p->ctx, an_file_link(p->ctx, an_test_path(p->folder, "absent"), b),
                     ALEXNET_NOT_FOUND);
    an_assert_status(p->ctx, an_file_link(p->ctx, a, p->folder), ALEXNET_IO);
    an_test_assert_text_file(b, "new");
}

static void every_step_of_linking_can_fail(void **state)
{
    const an_test_place *p = *state;
    const char *a = an_test_path(p->folder, "a"), *b = an_test_path(p->folder, "b");
    bool failed = true, same;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_write_text(a, "first");
        an_assert_ok(p->ctx, an_file_write(p->ctx, b, "old", 3));
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EPERM);
        const alexnet_status status = an_file_link(p->ctx, a, b);
        failed = an_test_fault_disarm(&fault);
        assert_int_equal(status == ALEXNET_OK, !failed);
        an_assert_ok(p->ctx, an_file_same(p->ctx, a, b, &same));
        if (!same) an_test_assert_text_file(b, "old");
        assert_int_equal(an_test_count_entries(p->folder), 2);
    }
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporary_names_are_recognised),
        an_test_in_place(the_file_has_the_added_bytes),
        an_test_in_place(the_checksum_is_that_of_the_file),
        an_test_in_place(formatted_text_of_any_length),
        an_test_in_place(nothing_is_seen_before_the_commit),
        an_test_in_place(permissions_follow_the_umask),
        an_test_in_place(leftovers_of_a_crash_do_no_harm),
        an_test_in_place(unwritable_files_are_named),
        an_test_in_place(a_failed_writer_stays_failed),
        an_test_in_place(a_full_disk_is_reported),
        an_test_in_place(every_step_can_fail),
        an_test_in_place(a_file_gets_a_second_name),
        an_test_in_place(every_step_of_linking_can_fail),
        an_test_in_place(a_log_grows_line_by_line),
        an_test_in_place(a_torn_line_is_ended_first),
        an_test_in_place(failed_syncs_are_named),
        an_test_in_place(a_log_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
