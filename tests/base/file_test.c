/*
 * file_test.c: reading whole files and parts, hashing; refusals; every operation failing in turn.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- whole files ---- */

static void a_file_is_read_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 100000};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char data[100000];

    for (size_t i = 0; i < sizeof data; ++i)
        data[i] = (char)(i * 7);
    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        an_bytes bytes;
        an_test_write(path, data, sizes[i]);

        an_assert_ok(p->ctx,
                     an_file_read(p->ctx, path, sizes[i], &bytes)); /* the limit is inclusive */
        assert_int_equal(bytes.size, sizes[i]);
        assert_memory_equal(bytes.data, data, sizes[i]);
        assert_int_equal(bytes.data[bytes.size], 0);
        an_bytes_free(p->ctx, &bytes);
        an_bytes_free(p->ctx, &bytes);
    }
}

/* FIPS 180-4 of three letters and of an empty file; a file of several buffers against its bytes. */
static void a_file_is_hashed(void **state)
{
    enum { SIZE = (2 << 20) + 77 };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    char *data = malloc(SIZE), hex[AN_SHA256_HEX_SIZE], expected[AN_SHA256_HEX_SIZE];
    uint8_t digest[AN_SHA256_BYTES];
    an_sha256 hash;
    int64_t bytes;

    assert_non_null(data);
    an_test_write_text(path, "abc");
    an_assert_ok(p->ctx, an_file_hash(p->ctx, path, &bytes, hex));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(bytes, 3);
    an_assert_ok(p->ctx, an_file_sha1(p->ctx, path, hex));
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    an_test_write_text(path, "");
    an_assert_ok(p->ctx, an_file_hash(p->ctx, path, &bytes, hex));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(bytes, 0);

    for (size_t i = 0; i < SIZE; ++i)
        data[i] = (char)(i * 7 + i / 251);
    an_test_write(path, data, SIZE);
    an_sha256_open(&hash);
    an_sha256_add(&hash, data, SIZE);
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, expected);
    an_assert_ok(p->ctx, an_file_hash(p->ctx, path, &bytes, hex));
    assert_string_equal(hex, expected);
    assert_int_equal(bytes, SIZE);
    free(data);
}

static void files_without_a_size_are_read_to_their_end(void **state)
{
    const an_test_place *p = *state;
    an_bytes bytes;

    an_assert_ok(p->ctx, an_file_read(p->ctx, "/proc/self/status", 1 << 20, &bytes));
    assert_non_null(strstr((char *)bytes.data, "VmRSS"));
    assert_int_equal(strlen((char *)bytes.data), bytes.size);
    an_bytes_free(p->ctx, &bytes);
    an_assert_status(p->ctx, an_file_read(p->ctx, "/proc/self/status", 10, &bytes),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "larger than the 10 bytes");
}

static void unreadable_files_are_named(void **state)
{
    const an_test_place *p = *state;
    const char *pipe = an_test_path(p->folder, "pipe");
    const char *large = an_test_path(p->folder, "large");
    const char *secret = an_test_path(p->folder, "secret");
    an_bytes bytes;
    an_reader reader;

    an_test_write_text(large, "12345678901");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const struct {
        const char *path;
        alexnet_status status;
        const char *error;
    } rows[] = {
        {an_test_path(p->folder, "absent"), ALEXNET_NOT_FOUND, "absent: No such file or directory"},
        {an_test_path(large, "below-a-file"), ALEXNET_NOT_FOUND, "below-a-file: Not a directory"},
        {p->folder, ALEXNET_BAD_FILE, "expected a file, found a folder"},
        {pipe, ALEXNET_BAD_FILE, "expected a file, found a device or a pipe"},
        {"/dev/null", ALEXNET_BAD_FILE, "/dev/null: expected a file"},
        {"", ALEXNET_NOT_FOUND, ": No such file or directory"},
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_file_read(p->ctx, rows[i].path, 100, &bytes), rows[i].status);
        an_assert_error(p->ctx, rows[i].error);
        assert_null(bytes.data);
        an_assert_status(p->ctx, an_reader_open(p->ctx, rows[i].path, &reader), rows[i].status);
        assert_int_equal(reader.descriptor, -1);
        an_reader_close(&reader);
    }
    an_assert_status(p->ctx, an_file_read(p->ctx, large, 10, &bytes), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "large: larger than the 10 bytes that are allowed");

    an_test_write_text(secret, "x");
    assert_int_equal(chmod(secret, 0), 0);
    if (geteuid() != 0) { /* root may read everything */
        an_assert_status(p->ctx, an_file_read(p->ctx, secret, 10, &bytes), ALEXNET_IO);
        an_assert_error(p->ctx, "secret: Permission denied");
    }
}

/* The names of files that another file names: nothing outside its folder is opened. */
static void files_beside_another_stay_in_its_folder(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "in/file");
    char absolute[300];
    an_reader reader;

    assert_int_equal(mkdir(an_test_path(p->folder, "in"), 0700), 0);
    assert_int_equal(mkdir(an_test_path(p->folder, "in/sub"), 0700), 0);
    an_test_write_text(an_test_path(p->folder, "outside"), "x");
    an_test_write_text(an_test_path(p->folder, "in/data"), "data");
    an_test_write_text(an_test_path(p->folder, "in/sub/..data"), "data");
    assert_int_equal(symlink("data", an_test_path(p->folder, "in/link")), 0);
    assert_int_equal(symlink("../..", an_test_path(p->folder, "in/sub/up")), 0);
    assert_int_equal(link(an_test_path(p->folder, "outside"), an_test_path(p->folder, "in/other")),
                     0);
    snprintf(absolute, sizeof absolute, "%s", an_test_path(p->folder, "in/data"));
    const struct {
        const char *name;
        alexnet_status status;
    } rows[] = {
        {"data", ALEXNET_OK},
        {"sub/..data", ALEXNET_OK},
        {"../outside", ALEXNET_BAD_FILE},
        {"sub/../data", ALEXNET_BAD_FILE},
        {"sub/up/outside", ALEXNET_BAD_FILE},
        {"link", ALEXNET_BAD_FILE},
        {"other", ALEXNET_BAD_FILE},
        {"sub", ALEXNET_BAD_FILE},
        {"sub/", ALEXNET_BAD_FILE},
        {"", ALEXNET_BAD_FILE},
        {".", ALEXNET_BAD_FILE},
        {absolute, ALEXNET_BAD_FILE},
        {"none", ALEXNET_NOT_FOUND},
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_reader_open_beside(p->ctx, path, rows[i].name, &reader),
                         rows[i].status);
        assert_int_equal(reader.descriptor >= 0, rows[i].status == ALEXNET_OK);
        if (reader.descriptor >= 0) an_reader_close(&reader);
    }
    for (long n = 0;; ++n) { /* whatever the system refuses */
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = an_reader_open_beside(p->ctx, path, "sub/..data", &reader);
        if (!an_test_fault_disarm(&fault)) {
            an_assert_ok(p->ctx, status);
            an_reader_close(&reader);
            break;
        }
        assert_true(status == ALEXNET_IO || status == ALEXNET_NO_MEMORY);
    }
}

static void reading_at_a_place(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    an_reader reader;
    char data[8] = "";

    an_test_write_text(path, "0123456789");
    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    assert_int_equal(reader.size, 10);
    an_assert_ok(p->ctx, an_reader_read(p->ctx, &reader, path, 6, data, 4));
    assert_string_equal(data, "6789");
    an_assert_ok(p->ctx, an_reader_read(p->ctx, &reader, path, 10, data, 0));

    an_assert_status(p->ctx, an_reader_read(p->ctx, &reader, path, 7, data, 4), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "file: truncated: 4 bytes expected at 7, the file has 10");
    an_assert_status(p->ctx, an_reader_read(p->ctx, &reader, path, 11, data, 0), ALEXNET_BAD_FILE);
    an_assert_status(p->ctx, an_reader_read(p->ctx, &reader, path, UINT64_MAX, data, 4),
                     ALEXNET_BAD_FILE);

    assert_int_equal(truncate(path, 5), 0); /* by another program */
    an_assert_status(p->ctx, an_reader_read(p->ctx, &reader, path, 3, data, 4), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "truncated while it was read");
    an_reader_close(&reader);
    an_reader_close(&reader);
}

/* ---- paths ---- */

static void kinds_of_paths(void **state)
{
    const an_test_place *p = *state;
    const char *file = an_test_path(p->folder, "file");
    const char *link = an_test_path(p->folder, "link");
    const char *dangling = an_test_path(p->folder, "dangling");
    const char *loop = an_test_path(p->folder, "loop");
    an_file_info info, through;

    an_test_write_text(file, "12345");
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(symlink("loop", loop), 0);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, file, &info));
    assert_int_equal(info.kind, AN_FILE_REGULAR);
    assert_int_equal(info.size, 5);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, link, &through));
    assert_int_equal(through.kind, AN_FILE_REGULAR);
    assert_int_equal(through.inode, info.inode);
    assert_int_equal(through.device, info.device);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, p->folder, &info));
    assert_int_equal(info.kind, AN_FILE_FOLDER);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, "/dev/null", &info));
    assert_int_equal(info.kind, AN_FILE_OTHER);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, dangling, &info));
    assert_int_equal(info.kind, AN_FILE_ABSENT);
    an_assert_ok(p->ctx, an_file_stat(p->ctx, an_test_path(file, "below"), &info));
    assert_int_equal(info.kind, AN_FILE_ABSENT);
    an_assert_status(p->ctx, an_file_stat(p->ctx, loop, &info), ALEXNET_IO);
    assert_int_equal(info.kind, AN_FILE_ABSENT);
}

static void removing_and_renaming(void **state)
{
    const an_test_place *p = *state;
    const char *a = an_test_path(p->folder, "a");
    const char *b = an_test_path(p->folder, "b");

    an_test_write_text(a, "new");
    an_test_write_text(b, "old");
    an_assert_ok(p->ctx, an_file_rename(p->ctx, a, b));
    an_test_assert_text_file(b, "new");
    an_assert_status(p->ctx, an_file_rename(p->ctx, a, b), ALEXNET_NOT_FOUND);
    an_assert_error(p->ctx, "cannot rename to");
    an_assert_ok(p->ctx, an_file_remove(p->ctx, b));
    an_assert_ok(p->ctx, an_file_remove(p->ctx, b));
    assert_int_equal(an_test_count_entries(p->folder), 0);
    an_assert_status(p->ctx, an_file_remove(p->ctx, p->folder), ALEXNET_IO);
}

static uint64_t as_told(void *user) { return *(const uint64_t *)user; }

static void a_disk_has_room(void **state)
{
    const an_test_place *p = *state;
    uint64_t room = 7;

    const uint64_t free = an_disk_free(p->ctx, p->folder);
    assert_true(free > 0);
    /* for a path that does not exist yet, and for a name without a folder */
    assert_int_equal(an_disk_free(p->ctx, an_test_path(p->folder, "a/b/c")) == UINT64_MAX,
                     free == UINT64_MAX);
    assert_true(an_disk_free(p->ctx, "absent/x") > 0);
    an_context_set_free(p->ctx, as_told, &room);
    assert_int_equal(an_disk_free(p->ctx, p->folder), 7);
    an_context_set_free(p->ctx, NULL, NULL);
    assert_int_equal(an_disk_free(p->ctx, "/proc/self"), UINT64_MAX);
}

/* ---- faults ---- */

static alexnet_status read_whole(alexnet_context *ctx, const char *path)
{
    an_bytes bytes;
    const alexnet_status status = an_file_read(ctx, path, 1 << 20, &bytes);

    if (status != ALEXNET_OK) assert_null(bytes.data);
    an_bytes_free(ctx, &bytes);
    return status;
}

static alexnet_status hash_whole(alexnet_context *ctx, const char *path)
{
    char hex[AN_SHA256_HEX_SIZE];
    int64_t bytes;

    return an_file_hash(ctx, path, &bytes, hex);
}

static alexnet_status read_in_places(alexnet_context *ctx, const char *path)
{
    an_reader reader;
    char data[2];
    alexnet_status status = an_reader_open(ctx, path, &reader);

    if (status == ALEXNET_OK) status = an_reader_read(ctx, &reader, path, 1, data, sizeof data);
    an_reader_close(&reader);
    return status;
}

static alexnet_status ask(alexnet_context *ctx, const char *path)
{
    an_file_info info;

    return an_file_stat(ctx, path, &info);
}

static void one_file_may_have_several_names(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {{"file", "./file", true},   {"file", "link", true}, {"", ".", true},
                {"file", "other", false},   {"file", "", false},    {"file", "absent", false},
                {"absent", "absent", false}};
    const an_test_place *p = *state;

    an_test_write_text(an_test_path(p->folder, "file"), "x");
    an_test_write_text(an_test_path(p->folder, "other"), "x");
    assert_int_equal(symlink("file", an_test_path(p->folder, "link")), 0);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        bool same;
        an_assert_ok(p->ctx, an_file_same(p->ctx, an_test_path(p->folder, rows[i].a),
                                          an_test_path(p->folder, rows[i].b), &same));
        assert_int_equal(same, rows[i].same);
    }
}

static alexnet_status compare_with_itself(alexnet_context *ctx, const char *path)
{
    bool same;

    return an_file_same(ctx, path, path, &same);
}

static alexnet_status rename_onto_itself(alexnet_context *ctx, const char *path)
{
    return an_file_rename(ctx, path, path);
}

static void every_step_can_fail(void **state)
{
    alexnet_status (*const operations[])(alexnet_context *, const char *) = {
        read_whole, hash_whole, read_in_places, ask, compare_with_itself, rename_onto_itself,
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    alexnet_status status;

    an_test_write_text(path, "contents");
    for (size_t i = 0; i < AN_COUNT(operations); ++i) {
        long n = 0;
        for (bool failed = true; failed; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_FILES, n, false, EIO);
            status = operations[i](p->ctx, path);
            failed = an_test_fault_disarm(&fault);
            an_assert_status(p->ctx, status, failed ? ALEXNET_IO : ALEXNET_OK);
            if (failed) {
                an_assert_error(p->ctx, "file");
                an_assert_error(p->ctx, "Input/output error");
            }
            assert_int_equal(an_test_count_descriptors(), p->descriptors);
        }
        assert_true(n > 1);
    }
    an_test_fault fault;
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), 0, true, ENOMEM);
    status = read_whole(p->ctx, path);
    assert_true(an_test_fault_disarm(&fault));
    an_assert_status(p->ctx, status, ALEXNET_NO_MEMORY);
    an_test_assert_text_file(path, "contents");
}

/* An interrupted read is repeated, and one that returns a single byte is continued. */
static void interrupted_and_short_reads_go_on(void **state)
{
    static const int errors[] = {EINTR, AN_FAULT_SHORT};
    alexnet_status (*const operations[])(alexnet_context *, const char *) = {read_whole, hash_whole,
                                                                             read_in_places};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");

    an_test_write_text(path, "contents");
    for (size_t w = 0; w < AN_COUNT(errors); ++w)
        for (size_t i = 0; i < AN_COUNT(operations); ++i) {
            bool met = true;
            for (long n = 0; met; ++n) {
                an_test_fault fault;
                an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_READ), n, false, errors[w]);
                an_assert_ok(p->ctx, operations[i](p->ctx, path));
                met = an_test_fault_disarm(&fault);
            }
        }
    an_test_fault fault;
    an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_READ), 0, true, AN_FAULT_SHORT);
    an_assert_ok(p->ctx, hash_whole(p->ctx, path)); /* byte by byte */
    assert_true(an_test_fault_disarm(&fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(a_file_is_read_whole),
        an_test_in_place(a_file_is_hashed),
        an_test_in_place(files_without_a_size_are_read_to_their_end),
        an_test_in_place(unreadable_files_are_named),
        an_test_in_place(files_beside_another_stay_in_its_folder),
        an_test_in_place(reading_at_a_place),
        an_test_in_place(kinds_of_paths),
        an_test_in_place(one_file_may_have_several_names),
        an_test_in_place(removing_and_renaming),
        an_test_in_place(a_disk_has_room),
        an_test_in_place(every_step_can_fail),
        an_test_in_place(interrupted_and_short_reads_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
