/*
 * zip_test.c: archives of other programs, archives that lie, that are cut off or damaged anywhere.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/status.h"
#include "formats/zip.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
    const uint8_t *archive;
} golden[] = {
#include "golden/zip.inc"
};

/* An archive in memory, as it is read. */
typedef struct opened {
    an_reader reader;
    an_store store;
    an_zip zip;
} opened;

static alexnet_status open_bytes(alexnet_context *ctx, const void *bytes, size_t size, opened *out)
{
    *out = (opened){.reader = an_reader_of(bytes, size)};
    const alexnet_status status = an_zip_read(ctx, "f", &out->reader, &out->store, &out->zip);
    if (status != ALEXNET_OK) an_store_free(ctx, &out->store);
    return status;
}

/* The content of an entry, which must be `expected`. */
static void check_content(alexnet_context *ctx, const opened *archive, const char *name,
                          const char *expected)
{
    const an_zip_entry *entry = an_zip_find(&archive->zip, name);
    an_bytes content;

    assert_non_null(entry);
    an_assert_ok(ctx, an_zip_content(ctx, "f", &archive->reader, entry, 1000, &content));
    assert_int_equal(content.size, strlen(expected));
    assert_string_equal((const char *)content.data, expected);
    an_bytes_free(ctx, &content);
}

static void archives_of_others_are_read(void **state)
{
    const an_test_place *p = *state;
    char xs[1001];
    opened archive;

    memset(xs, 'x', 1000);
    xs[1000] = '\0';
    for (size_t i = 0; i < AN_COUNT(golden); ++i) {
        an_assert_ok(p->ctx, open_bytes(p->ctx, golden[i].archive, golden[i].bytes, &archive));
        if (strcmp(golden[i].name, "torch") == 0) {
            check_content(p->ctx, &archive, "archive/version", "3\n");
            check_content(p->ctx, &archive, "archive/byteorder", "little");
            assert_int_equal(an_zip_find(&archive.zip, "archive/data/0")->place % 64, 0);
        } else {
            assert_int_equal(archive.zip.count, 2);
            assert_false(archive.zip.entries[0].deflated);
            assert_true(archive.zip.entries[1].deflated);
            check_content(p->ctx, &archive, "stored", "stored text");
            check_content(p->ctx, &archive, "folder/deflated", xs);
        }
        assert_null(an_zip_find(&archive.zip, "store"));
        assert_null(an_zip_find(&archive.zip, ""));
        an_store_free(p->ctx, &archive.store);
    }
}

static void content_has_a_limit(void **state)
{
    const an_test_place *p = *state;
    an_bytes content;
    opened archive;

    an_assert_ok(p->ctx, open_bytes(p->ctx, golden[0].archive, golden[0].bytes, &archive));
    an_assert_status(p->ctx,
                     an_zip_content(p->ctx, "f", &archive.reader,
                                    an_zip_find(&archive.zip, "folder/deflated"), 999, &content),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: entry 'folder/deflated' of 1000 bytes; expected at most 999");
    assert_null(content.data);
    an_store_free(p->ctx, &archive.store);
}

/* ---- archives that lie ---- */

/* Entries "a" with "hello" and "b/c" with "world!", written by us. */
static an_bytes make_archive(const an_test_place *p, bool force64)
{
    const char *path = an_test_path(p->folder, "made.zip");
    an_writer *writer;
    an_zip_writer *zip;
    an_bytes bytes;

    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_assert_ok(p->ctx, an_zip_begin(p->ctx, "f", writer, 1, &zip));
    if (force64) an_zip_force64(zip);
    an_assert_ok(p->ctx, an_zip_add(zip, "a", NULL, 0, "hello", 5));
    an_assert_ok(p->ctx, an_zip_add(zip, "b/c", "wo", 2, "rld!", 4));
    an_assert_ok(p->ctx, an_zip_end(zip));
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    return bytes;
}

/* Places in that archive without 64-bit fields. */
enum { A = 0, B = 36, CENTRAL_A = 75, CENTRAL_B = 122, END = 171 };
/* Places in a local header; 2 more in a central record. */
enum { FLAGS = 6, METHOD = 8, CRC = 14, PACKED = 18, SIZE = 22, EXTRA_BYTES = 28, NAME = 30 };
enum { DISK = 34, HEADER = 42, CENTRAL_NAME = 46 };

typedef struct patch {
    size_t place;
    const char *bytes;
    size_t size;
} patch;

static void lies_are_refused(void **state)
{
    static const struct {
        patch patches[4];
        alexnet_status status;
        const char *message;
    } rows[] = {
        {{{0}}, ALEXNET_OK, NULL},
        {{{B + NAME, "../", 3}, {CENTRAL_B + CENTRAL_NAME, "../", 3}},
         ALEXNET_BAD_FILE,
         "f: entry '../': expected a relative name"},
        {{{B + NAME, "/bc", 3}, {CENTRAL_B + CENTRAL_NAME, "/bc", 3}},
         ALEXNET_BAD_FILE,
         "f: entry '/bc': expected a relative name"},
        {{{B + NAME, "b\\c", 3}, {CENTRAL_B + CENTRAL_NAME, "b\\c", 3}},
         ALEXNET_BAD_FILE,
         "f: entry 'b\\c': expected a relative name"},
        {{{B + NAME, "b\0c", 3}, {CENTRAL_B + CENTRAL_NAME, "b\0c", 3}},
         ALEXNET_BAD_FILE,
         "f: entry 'b': expected a relative name"},
        {{{B + NAME,
           "b\xff"
           "c",
           3},
          {CENTRAL_B + CENTRAL_NAME,
           "b\xff"
           "c",
           3}},
         ALEXNET_BAD_FILE,
         "f: entry 'b\\xffc': expected a relative name"},
        {{{B + NAME, "b/d", 3}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': its header and the directory differ"},
        {{{A + FLAGS, "\1", 1}, {CENTRAL_A + 2 + FLAGS, "\1", 1}},
         ALEXNET_UNSUPPORTED,
         "f: entry 'a': it is encrypted"},
        {{{CENTRAL_A + 2 + FLAGS + 1, "\x20", 1}},
         ALEXNET_UNSUPPORTED,
         "f: entry 'a': it is encrypted"},
        {{{CENTRAL_A + 2 + FLAGS, "\x20", 1}}, ALEXNET_UNSUPPORTED, "f: entry 'a': it is a patch"},
        {{{A + FLAGS, "\1", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': its header and the directory differ"},
        {{{A + METHOD, "\x0c", 1}, {CENTRAL_A + 2 + METHOD, "\x0c", 1}},
         ALEXNET_UNSUPPORTED,
         "f: entry 'a': its compression is neither 'stored' nor 'deflated'"},
        {{{A + METHOD, "\x08", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': its header and the directory differ"},
        {{{A + CRC, "\0", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': its header and the directory differ"},
        {{{A + SIZE, "\4", 1}, {CENTRAL_A + 2 + SIZE, "\4", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': it is stored, but its two sizes differ"},
        {{{A + PACKED, "\4", 1}, {A + SIZE, "\4", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': its header and the directory differ"},
        /* One entry that holds the other. */
        {{{A + PACKED, "\x2c\0\0\0\x2c", 5}, {CENTRAL_A + 2 + PACKED, "\x2c\0\0\0\x2c", 5}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': it overlaps another entry"},
        /* Two records of one entry. */
        {{{CENTRAL_B + HEADER, "\0", 1}}, ALEXNET_BAD_FILE, "': it overlaps another entry"},
        /* Beyond the directory: by one byte, and its header. */
        {{{CENTRAL_B + 2 + PACKED, "\7\0\0\0\7", 5}, {B + PACKED, "\7\0\0\0\7", 5}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': it does not lie before the directory"},
        {{{CENTRAL_B + HEADER, "\x45", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': it does not lie before the directory"},
        {{{CENTRAL_B + HEADER, "\x46", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': it does not lie before the directory"},
        {{{B + EXTRA_BYTES, "\xff\xff", 2}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': it does not lie before the directory"},
        {{{CENTRAL_B + HEADER, "\x23", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': it overlaps another entry"},
        {{{A + EXTRA_BYTES, "\xff\xff", 2}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': it overlaps another entry"},
        {{{CENTRAL_A + HEADER, "\1", 1}},
         ALEXNET_BAD_FILE,
         "f: entry 'a': it has no header where the directory says"},
        {{{CENTRAL_B + HEADER, "\xff\xff\xff\xff", 4}},
         ALEXNET_BAD_FILE,
         "f: entry 'b/c': its extra field is damaged"},
        {{{CENTRAL_A + DISK, "\1", 1}}, ALEXNET_UNSUPPORTED, "f: entry 'a': it is in another file"},
        {{{END + 4, "\1", 1}}, ALEXNET_UNSUPPORTED, "f: a zip archive of several files"},
        {{{END + 8, "\1", 1}}, ALEXNET_UNSUPPORTED, "f: a zip archive of several files"},
        {{{END + 8, "\1\0\1\0", 4}},
         ALEXNET_BAD_FILE,
         "f: its zip directory has more entries than its end record says"},
        {{{END + 8, "\3\0\3\0", 4}},
         ALEXNET_BAD_FILE,
         "f: its zip directory is too short for its entries"},
        {{{END + 8, "\xff\xff\xff\xff", 4}},
         ALEXNET_BAD_FILE,
         "f: 65535 zip entries; expected at most 20000"},
        {{{END + 12, "\0\0\0\x7f", 4}},
         ALEXNET_BAD_FILE,
         "f: a zip directory of 2130706432 bytes; expected at most 2097152"},
        {{{END + 12, "\x61", 1}},
         ALEXNET_BAD_FILE,
         "f: its zip directory does not end where its end record begins"},
        {{{END + 16, "\xff\xff\xff\xff", 4}},
         ALEXNET_BAD_FILE,
         "f: its zip directory does not end where its end record begins"},
        {{{END + 12, "\x5f", 1}, {END + 16, "\x4c", 1}},
         ALEXNET_BAD_FILE,
         "f: its zip directory is damaged"},
        {{{CENTRAL_B + 2 + NAME - 4, "\4", 1}},
         ALEXNET_BAD_FILE,
         "f: its zip directory is damaged"},
        {{{END, "x", 1}}, ALEXNET_BAD_FILE, "f: a zip archive without its end; it is truncated"},
    };
    const an_test_place *p = *state;
    an_bytes bytes = make_archive(p, false);
    opened archive;

    assert_int_equal(bytes.size, END + 22);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        uint8_t copy[END + 22];
        memcpy(copy, bytes.data, sizeof copy);
        for (size_t k = 0; k < AN_COUNT(rows[i].patches); ++k)
            if (rows[i].patches[k].size > 0)
                memcpy(copy + rows[i].patches[k].place, rows[i].patches[k].bytes,
                       rows[i].patches[k].size);
        an_assert_status(p->ctx, open_bytes(p->ctx, copy, sizeof copy, &archive), rows[i].status);
        if (rows[i].message != NULL)
            an_assert_error(p->ctx, rows[i].message);
        else
            an_store_free(p->ctx, &archive.store);
    }
    an_bytes_free(p->ctx, &bytes);
}

/* Two entries "a", the second of which hides behind the first. */
static void two_entries_of_one_name_are_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "made.zip");
    an_writer *writer;
    an_zip_writer *zip;
    an_bytes bytes;
    opened archive;

    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_assert_ok(p->ctx, an_zip_begin(p->ctx, "f", writer, 1, &zip));
    an_assert_ok(p->ctx, an_zip_add(zip, "a", NULL, 0, "hello", 5));
    an_assert_ok(p->ctx, an_zip_add(zip, "b", NULL, 0, "world", 5));
    an_assert_ok(p->ctx, an_zip_end(zip));
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    bytes.data[36 + NAME] = bytes.data[72 + 47 + CENTRAL_NAME] = 'a';
    an_assert_status(p->ctx, open_bytes(p->ctx, bytes.data, bytes.size, &archive),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: entry 'a': two entries have this name");
    an_bytes_free(p->ctx, &bytes);
}

/* Places in the same archive with 64-bit fields: 20 more in each header, 28 in each record. */
enum { END64 = 75 + 40 + 2 * 28 + 96, LOCATOR = END64 + 56, LAST_END = LOCATOR + 20 };

static void lies_in_64_bits_are_refused(void **state)
{
    static const struct {
        patch patch;
        const char *message; /* NULL: refused, however */
    } rows[] = {
        {{END64 + 24, "\0\0\0\0\0\1", 6}, "f: a zip archive of several files"},
        {{END64 + 24, "\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 14},
         "f: 1099511627776 zip entries; expected at most 20000"},
        {{END64 + 40, "\0\0\0\0\0\1", 6},
         "f: a zip directory of 1099511627776 bytes; expected at most 2097152"},
        {{END64 + 48, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
         "f: its zip directory does not end where its end record begins"},
        {{END64 + 4, "\x2d", 1}, "f: its zip directory has no 64-bit end record where"},
        {{END64, "x", 1}, "f: its zip directory has no 64-bit end record where"},
        {{LOCATOR + 8, "\0\0\0\0\1", 5}, "f: its zip directory has no 64-bit end record where"},
        {{LOCATOR + 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
         "f: its zip directory has no 64-bit end record where"},
        {{LAST_END + 8, "\1\0\1\0", 4}, "f: its zip directory has two end records that differ"},
        {{LAST_END + 12, "\1\0\0\0", 4}, "f: its zip directory has two end records that differ"},
        {{LAST_END + 16, "\1\0\0\0", 4}, "f: its zip directory has two end records that differ"},
        {{LOCATOR, "x", 1}, "f: 65535 zip entries; expected at most 20000"},
        {{NAME + 1 + 4, "\0\0\0\0\0\0\0\1", 8},
         "f: entry 'a': its header and the directory differ"},
        {{NAME + 1 + 2, "\x08", 1}, "f: entry 'a': its header and the directory differ"},
        {{75 + 40 + CENTRAL_NAME + 1 + 4, "\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\x80", 16},
         "f: entry 'a': it does not lie before the directory"},
        {{75 + 40 + CENTRAL_NAME + 1 + 20, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
         "f: entry 'a': it does not lie before the directory"},
        {{75 + 40 + CENTRAL_NAME + 1 + 2, "\x08", 1}, "f: entry 'a': its extra field is damaged"},
    };
    const an_test_place *p = *state;
    an_bytes bytes = make_archive(p, true);
    opened archive;

    assert_int_equal(bytes.size, LAST_END + 22);
    an_assert_ok(p->ctx, open_bytes(p->ctx, bytes.data, bytes.size, &archive));
    check_content(p->ctx, &archive, "a", "hello");
    check_content(p->ctx, &archive, "b/c", "world!");
    an_store_free(p->ctx, &archive.store);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        uint8_t copy[LAST_END + 22];
        memcpy(copy, bytes.data, sizeof copy);
        memcpy(copy + rows[i].patch.place, rows[i].patch.bytes, rows[i].patch.size);
        assert_int_not_equal(open_bytes(p->ctx, copy, sizeof copy, &archive), ALEXNET_OK);
        an_assert_error(p->ctx, rows[i].message);
    }
    an_bytes_free(p->ctx, &bytes);
}

/* A thousand x take 11 bytes; they could not be a million. */
static void bombs_are_refused(void **state)
{
    static const struct {
        const char *size;
        const char *message;
    } rows[] = {{"\x40\x42\x0f\0", "f: entry 'folder/deflated': it claims to be larger than"},
                {"\xe9\3\0\0", NULL},
                {"\xe7\3\0\0", NULL}};
    const an_test_place *p = *state;
    const size_t header = 30 + 6 + 11, record = golden[0].bytes - 22 - 9 - (46 + 15);
    uint8_t copy[512];
    an_bytes content;
    opened archive;

    assert_true(golden[0].bytes <= sizeof copy);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        memcpy(copy, golden[0].archive, golden[0].bytes);
        memcpy(copy + header + SIZE, rows[i].size, 4);
        memcpy(copy + record + 2 + SIZE, rows[i].size, 4);
        const alexnet_status status = open_bytes(p->ctx, copy, golden[0].bytes, &archive);
        assert_int_equal(status, rows[i].message != NULL ? ALEXNET_BAD_FILE : ALEXNET_OK);
        if (status != ALEXNET_OK) {
            an_assert_error(p->ctx, rows[i].message);
            continue;
        }
        an_assert_status(
            p->ctx,
            an_zip_content(p->ctx, "f", &archive.reader, &archive.zip.entries[1], 2000, &content),
            ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "f: entry 'folder/deflated': its compressed data is ");
        an_store_free(p->ctx, &archive.store);
    }
}

/* ---- damage anywhere ---- */

/* Whatever happened to an archive, each entry that is read has its content. */
static void read_damaged(alexnet_context *ctx, const uint8_t *bytes, size_t size,
                         const opened *sound)
{
    opened archive;

    if (open_bytes(ctx, bytes, size, &archive) != ALEXNET_OK) return;
    for (size_t i = 0; i < archive.zip.count; ++i) {
        const an_zip_entry *entry = &archive.zip.entries[i];
        const an_zip_entry *same = an_zip_find(&sound->zip, entry->name);
        an_bytes content, expected;
        if (an_zip_content(ctx, "f", &archive.reader, entry, 1 << 20, &content) != ALEXNET_OK)
            continue;
        assert_non_null(same);
        an_assert_ok(ctx, an_zip_content(ctx, "f", &sound->reader, same, 1 << 20, &expected));
        assert_int_equal(content.size, expected.size);
        assert_memory_equal(content.data, expected.data, expected.size);
        an_bytes_free(ctx, &content);
        an_bytes_free(ctx, &expected);
    }
    an_store_free(ctx, &archive.store);
}

static void damage_is_found(alexnet_context *ctx, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    opened sound, cut;

    assert_non_null(copy);
    an_assert_ok(ctx, open_bytes(ctx, bytes, size, &sound));
    for (size_t length = 0; length < size; ++length) {
        memcpy(copy, bytes, length);
        assert_int_not_equal(open_bytes(ctx, copy, length, &cut), ALEXNET_OK);
    }
    memcpy(copy, bytes, size);
    for (size_t bit = 0; bit < 8 * size; ++bit) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        read_damaged(ctx, copy, size, &sound);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    an_store_free(ctx, &sound.store);
    free(copy);
}

static void damage_anywhere_is_found(void **state)
{
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(golden); ++i)
        damage_is_found(p->ctx, golden[i].archive, golden[i].bytes);
    for (int force64 = 0; force64 < 2; ++force64) {
        an_bytes bytes = make_archive(p, force64 == 1);
        damage_is_found(p->ctx, bytes.data, bytes.size);
        an_bytes_free(p->ctx, &bytes);
    }
}

/* ---- limits and failures ---- */

/* As many entries as an archive may have; all are found. */
static void many_entries_are_read(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "many.zip");
    an_reader reader;
    an_store store = {0};
    an_zip zip;
    an_writer *writer;
    an_zip_writer *writing;
    char name[32];

    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_assert_ok(p->ctx, an_zip_begin(p->ctx, "f", writer, 64, &writing));
    for (int i = 0; i < AN_ZIP_ENTRIES_MAX; ++i) {
        snprintf(name, sizeof name, "archive/data/%d", i);
        an_assert_ok(p->ctx, an_zip_add(writing, name, NULL, 0, &i, sizeof i));
    }
    an_assert_ok(p->ctx, an_zip_end(writing));
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    an_assert_ok(p->ctx, an_zip_read(p->ctx, path, &reader, &store, &zip));
    assert_int_equal(zip.count, AN_ZIP_ENTRIES_MAX);
    for (int i = 0; i < AN_ZIP_ENTRIES_MAX; ++i) {
        snprintf(name, sizeof name, "archive/data/%d", i);
        assert_ptr_equal(an_zip_find(&zip, name), &zip.entries[i]);
    }
    an_store_free(p->ctx, &store);
    an_reader_close(&reader);
}

static void an_empty_archive_is_read(void **state)
{
    static const char empty[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const an_test_place *p = *state;
    opened archive;

    an_assert_ok(p->ctx, open_bytes(p->ctx, empty, 22, &archive));
    assert_int_equal(archive.zip.count, 0);
    assert_null(an_zip_find(&archive.zip, "a"));
    an_store_free(p->ctx, &archive.store);
    assert_false(an_zip_matches((const uint8_t *)empty, 22));
    assert_true(an_zip_matches(golden[0].archive, 4));
    assert_false(an_zip_matches(golden[0].archive, 3));
}

static alexnet_status read_whole(alexnet_context *ctx, const char *path)
{
    an_reader reader;
    an_store store = {0};
    an_zip zip;

    AN_TRY(an_reader_open(ctx, path, &reader));
    alexnet_status status = an_zip_read(ctx, path, &reader, &store, &zip);
    for (size_t i = 0; i < zip.count && status == ALEXNET_OK; ++i) {
        an_bytes content;
        status = an_zip_content(ctx, path, &reader, &zip.entries[i], 1000, &content);
        if (status == ALEXNET_OK) an_bytes_free(ctx, &content);
    }
    an_store_free(ctx, &store);
    an_reader_close(&reader);
    return status;
}

static void every_failure_is_reported(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "streamed.zip");

    an_test_write(path, golden[2].archive, golden[2].bytes);
    for (int memory = 0; memory < 2; ++memory) {
        long n = 0;
        for (;; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx,
                              memory == 1 ? AN_FAULT_BIT(AN_FAULT_MEMORY)
                                          : AN_FAULT_BIT(AN_FAULT_READ),
                              n, false, memory == 1 ? ENOMEM : EIO);
            const alexnet_status status = read_whole(p->ctx, path);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, memory == 1 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            an_assert_error(p->ctx, "streamed.zip: ");
        }
        assert_true(n >= 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(archives_of_others_are_read),
        an_test_in_place(content_has_a_limit),
        an_test_in_place(lies_are_refused),
        an_test_in_place(two_entries_of_one_name_are_refused),
        an_test_in_place(lies_in_64_bits_are_refused),
        an_test_in_place(bombs_are_refused),
        an_test_in_place(damage_anywhere_is_found),
        an_test_in_place(many_entries_are_read),
        an_test_in_place(an_empty_archive_is_read),
        an_test_in_place(every_failure_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
