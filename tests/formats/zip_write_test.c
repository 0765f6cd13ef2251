/*
 * zip_write_test.c: archives as bytes, in 64-bit fields as well; equal entries give equal bytes;
 * failures on the way.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/zip.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Ends an archive; after a failed an_zip_add() that returns its status again. */
static alexnet_status end(an_zip_writer *zip, alexnet_status status)
{
    const alexnet_status ended = an_zip_end(zip);

    if (status != ALEXNET_OK) assert_int_equal(ended, status);
    return ended;
}

/* Two entries, "a" of two parts and "b/c" of none. */
static alexnet_status write_two(alexnet_context *ctx, const char *path, size_t alignment,
                                bool force64)
{
    an_writer *writer;
    an_zip_writer *zip;

    alexnet_status status = an_writer_open(ctx, path, &writer);
    if (status != ALEXNET_OK) return status;
    status = an_zip_begin(ctx, "f", writer, alignment, &zip);
    if (status == ALEXNET_OK) {
        if (force64) an_zip_force64(zip);
        status = an_zip_add(zip, "a", "he", 2, "llo", 3);
        if (status == ALEXNET_OK) status = an_zip_add(zip, "b/c", NULL, 0, NULL, 0);
        status = end(zip, status);
    }
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

static void entries_are_written_as_bytes(void **state)
{
    /* CRC-32 of "hello": 3610a686. */
    static const char expected[] = "PK\3\4"
                                   "\x14\0"
                                   "\0\x08"
                                   "\0\0"
                                   "\0\0\x21\0"
                                   "\x86\xa6\x10\x36"
                                   "\5\0\0\0\5\0\0\0"
                                   "\1\0"
                                   "\0\0"
                                   "a"
                                   "hello"
                                   "PK\3\4"
                                   "\x14\0"
                                   "\0\x08"
                                   "\0\0"
                                   "\0\0\x21\0"
                                   "\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0"
                                   "\3\0"
                                   "\0\0"
                                   "b/c"
                                   "PK\1\2"
                                   "\x2d\0"
                                   "\x14\0"
                                   "\0\x08"
                                   "\0\0"
                                   "\0\0\x21\0"
                                   "\x86\xa6\x10\x36"
                                   "\5\0\0\0\5\0\0\0"
                                   "\1\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0\0\0"
                                   "\0\0\0\0"
                                   "a"
                                   "PK\1\2"
                                   "\x2d\0"
                                   "\x14\0"
                                   "\0\x08"
                                   "\0\0"
                                   "\0\0\x21\0"
                                   "\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0"
                                   "\3\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0"
                                   "\0\0\0\0"
                                   "\x24\0\0\0"
                                   "b/c"
                                   "PK\5\6"
                                   "\0\0\0\0"
                                   "\2\0\2\0"
                                   "\x60\0\0\0"
                                   "\x45\0\0\0"
                                   "\0\0";
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "two.zip");

    an_assert_ok(p->ctx, write_two(p->ctx, path, 1, false));
    an_test_assert_file(path, expected, sizeof expected - 1);
}

/* Reads what write_two() wrote. */
static void check_two(const an_test_place *p, const char *path, size_t alignment)
{
    an_reader reader;
    an_store store = {0};
    an_zip zip;
    an_bytes content;

    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    an_assert_ok(p->ctx, an_zip_read(p->ctx, path, &reader, &store, &zip));
    assert_int_equal(zip.count, 2);
    assert_string_equal(zip.entries[0].name, "a");
    assert_string_equal(zip.entries[1].name, "b/c");
    for (size_t i = 0; i < 2; ++i)
        assert_int_equal(zip.entries[i].place % alignment, 0);
    an_assert_ok(p->ctx,
                 an_zip_content(p->ctx, path, &reader, an_zip_find(&zip, "a"), 5, &content));
    assert_int_equal(content.size, 5);
    assert_string_equal((const char *)content.data, "hello");
    an_bytes_free(p->ctx, &content);
    an_assert_ok(p->ctx,
                 an_zip_content(p->ctx, path, &reader, an_zip_find(&zip, "b/c"), 0, &content));
    assert_int_equal(content.size, 0);
    an_bytes_free(p->ctx, &content);
    an_store_free(p->ctx, &store);
    an_reader_close(&reader);
}

static void entries_are_aligned(void **state)
{
    const an_test_place *p = *state;

    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        for (int force64 = 0; force64 < 2; ++force64) {
            const char *path = an_test_path(p->folder, "two.zip");
            an_assert_ok(p->ctx, write_two(p->ctx, path, alignment, force64 == 1));
            check_two(p, path, alignment);
        }
    }
}

static void equal_entries_give_equal_bytes(void **state)
{
    const an_test_place *p = *state;
    const char *paths[2] = {an_test_path(p->folder, "one.zip"), an_test_path(p->folder, "two.zip")};
    an_bytes bytes;

    for (size_t i = 0; i < 2; ++i)
        an_assert_ok(p->ctx, write_two(p->ctx, paths[i], 64, false));
    an_assert_ok(p->ctx, an_file_read(p->ctx, paths[0], 1 << 20, &bytes));
    an_test_assert_file(paths[1], bytes.data, bytes.size);
    an_bytes_free(p->ctx, &bytes);
}

/* Writes an archive of these names into the file; NULL: of `count` names. */
static alexnet_status write_names(alexnet_context *ctx, an_writer *writer, const char *const *names,
                                  size_t count)
{
    alexnet_status status = ALEXNET_OK;
    an_zip_writer *zip;
    char text[32];

    an_assert_ok(ctx, an_zip_begin(ctx, "f", writer, 1, &zip));
    for (size_t i = 0; i < count; ++i) {
        snprintf(text, sizeof text, "%zu", i);
        status = an_zip_add(zip, names != NULL ? names[i] : text, NULL, 0, NULL, 0);
    }
    return end(zip, status);
}

static void names_must_fit(void **state)
{
    static const char *const bad[] = {"",     "/a",   "..",   "../a",     "a/../b",
                                      "a/..", "a\\b", "a\nb", "\xff\xfe", "\xc0\xaf"};
    static const char *const good[] = {
        "a..b", "...", "a//b", "..a/b..", ".", "a/", "gr\xc3\xbc\xc3\x9f"};
    const an_test_place *p = *state;
    an_writer *writer;

    an_assert_ok(p->ctx, an_writer_open(p->ctx, an_test_path(p->folder, "names"), &writer));
    for (size_t i = 0; i < AN_COUNT(bad); ++i)
        an_assert_status(p->ctx, write_names(p->ctx, writer, &bad[i], 1), ALEXNET_BAD_ARG);
    an_assert_ok(p->ctx, write_names(p->ctx, writer, good, AN_COUNT(good)));
    an_assert_status(p->ctx, write_names(p->ctx, writer, (const char *[]){"a", "b", "a"}, 3),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "two zip entries called 'a'");
    an_assert_ok(p->ctx, write_names(p->ctx, writer, NULL, AN_ZIP_ENTRIES_MAX));
    an_assert_status(p->ctx, write_names(p->ctx, writer, NULL, AN_ZIP_ENTRIES_MAX + 1),
                     ALEXNET_BAD_ARG);
    an_writer_abandon(writer);
}

static void long_names_are_refused(void **state)
{
    static char name[65537];
    const an_test_place *p = *state;
    const char *const names[] = {name};
    an_writer *writer;
    an_zip_writer *zip;

    memset(name, 'a', sizeof name - 1);
    an_assert_ok(p->ctx, an_writer_open(p->ctx, an_test_path(p->folder, "names"), &writer));
    an_assert_status(p->ctx, write_names(p->ctx, writer, names, 1), ALEXNET_BAD_ARG);
    name[sizeof name - 2] = '\0';
    an_assert_ok(p->ctx, write_names(p->ctx, writer, names, 1));
    an_assert_ok(p->ctx, an_zip_begin(p->ctx, "f", writer, 1, &zip));
    for (int i = 0; i < 40; ++i) { /* more than a directory may have */
        name[0] = (char)('0' + i);
        an_assert_ok(p->ctx, an_zip_add(zip, name, NULL, 0, NULL, 0));
    }
    an_assert_status(p->ctx, an_zip_end(zip), ALEXNET_BAD_ARG);
    an_zip_abandon(NULL);
    an_writer_abandon(writer);
}

static void every_failure_leaves_no_file(void **state)
{
    const an_test_place *p = *state;

    for (int memory = 0; memory < 2; ++memory) {
        for (long n = 0;; ++n) {
            const char *path = an_test_path(p->folder, "two.zip");
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx,
                              memory == 1 ? AN_FAULT_BIT(AN_FAULT_MEMORY)
                                          : AN_FAULT_BIT(AN_FAULT_WRITE),
                              n, false, memory == 1 ? ENOMEM : ENOSPC);
            const alexnet_status status = write_two(p->ctx, path, 64, false);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, memory == 1 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            assert_int_equal(an_test_count_entries(p->folder), 0);
        }
        an_assert_ok(p->ctx, an_file_remove(p->ctx, an_test_path(p->folder, "two.zip")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(entries_are_written_as_bytes),
        an_test_in_place(entries_are_aligned),
        an_test_in_place(equal_entries_give_equal_bytes),
        an_test_in_place(names_must_fit),
        an_test_in_place(long_names_are_refused),
        an_test_in_place(every_failure_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
