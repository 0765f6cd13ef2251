/*
 * tar_test.c: tar files as tar programs write them, and malformed ones.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/tar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_to_tar(void *user, const char *name, uint8_t grey)
{
    if (grey == 0)
        fixture_tar_entry(user, '0', name, "text", 4);
    else
        fixture_tar_png(user, name, grey);
}

static const char *tar_path(const fixture *f) { return an_test_path(f->folder, "set.tar"); }

static an_source *open_part(const fixture *f, an_part part)
{
    an_source *source;

    an_assert_ok(f->ctx, an_source_open(f->ctx, tar_path(f), part, &source));
    assert_string_equal(an_source_kind(source), "tar");
    return source;
}

static void assert_refused(const fixture *f, alexnet_status expected, const char *message)
{
    an_source *source;

    an_assert_status(f->ctx, an_source_open(f->ctx, tar_path(f), AN_PART_ALL, &source), expected);
    assert_null(source);
    an_assert_error(f->ctx, message);
}

/* The image's name is the data set's, a slash, and the expected one. */
static void assert_name_in(const char *data, const an_source *source, int64_t index,
                           const char *expected)
{
    char name[512];

    an_source_name(source, index, name, sizeof name);
    assert_string_equal(name, an_test_path(data, expected));
}

static void assert_name(const fixture *f, const an_source *source, int64_t index,
                        const char *expected)
{
    assert_name_in(tar_path(f), source, index, expected);
}

/* A tar file with one image in class a, after the test's own entries. */
static void finish(fixture_tar *tar, const fixture *f)
{
    fixture_tar_png(tar, "a/1.png", 11);
    fixture_tar_end(tar);
    fixture_tar_write(tar, tar_path(f), false);
}

/* ---- good ones ---- */

static void a_tar_and_its_gzip_equal_the_folder(void **in)
{
    static const an_part parts[] = {AN_PART_ALL, AN_PART_TRAIN, AN_PART_VAL};
    const fixture *f = *in;

    fixture_folder(f->ctx, an_test_path(f->folder, "set"));
    for (int gzip = 0; gzip < 2; ++gzip) {
        fixture_tar tar = {.ctx = f->ctx};
        fixture_tar_entry(&tar, '5', "./", NULL, 0);
        fixture_tar_entry(&tar, '5', "./train/", NULL, 0);
        fixture_tar_entry(&tar, '5', "./train/dog", NULL,
                          0); /* without a slash: the type says folder */
        fixture_list(add_to_tar, &tar);
        fixture_tar_end(&tar);
        fixture_tar_write(&tar, tar_path(f), gzip);
        for (size_t i = 0; i < AN_COUNT(parts); ++i) {
            an_source *folder, *source = open_part(f, parts[i]);
            an_assert_ok(f->ctx,
                         an_source_open(f->ctx, an_test_path(f->folder, "set"), parts[i], &folder));
            fixture_assert_same(f->ctx, folder, source);
            assert_int_equal(an_source_ignored(folder), an_source_ignored(source));
            an_source_close(folder);
            an_source_close(source);
        }
    }
}

/* Two splits of one gzip file unpack it once: the second needs memory for its index only. */
static void splits_of_a_gzip_share_its_bytes(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    an_source *train, *val;

    fixture_list(add_to_tar, &tar);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), true);
    an_assert_ok(f->ctx, an_source_open(f->ctx, tar_path(f), AN_PART_TRAIN, &train));
    const void *bytes = f->ctx->attached;
    assert_non_null(bytes);
    an_assert_ok(f->ctx, an_source_open(f->ctx, tar_path(f), AN_PART_VAL, &val));
    assert_ptr_equal(f->ctx->attached, bytes);
    an_source_close(train);
    assert_ptr_equal(f->ctx->attached, bytes);
    assert_int_equal(fixture_grey(f->ctx, val, 1), 60);
    an_source_close(val);
    assert_null(f->ctx->attached);
}

static void long_names_in_gnu_and_pax_headers_and_prefix(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    char gnu[300], pax[300], record[400];

    memset(gnu, 'g', sizeof gnu);
    memcpy(gnu, "a/", 2);
    memcpy(gnu + 290, ".png", 5);
    fixture_tar_entry(&tar, 'L', "././@LongLink", gnu, strlen(gnu) + 1);
    fixture_tar_png(&tar, "a/cut short", 1);

    memset(pax, 'p', sizeof pax);
    memcpy(pax, "a/", 2);
    memcpy(pax + 200, "\n=.png", 7); /* a newline and '=' in the name */
    snprintf(record, sizeof record, "14 mtime=12.5\n216 path=%s\n", pax);
    assert_int_equal(strlen(record), 14 + 216);
    fixture_tar_entry(&tar, 'x', "PaxHeaders/x", record, strlen(record));
    fixture_tar_png(&tar, "a/cut short", 2);

    fixture_tar_png(&tar, "name.png", 3);
    uint8_t *header = tar.data + tar.bytes - 1024; /* a small image: header, one block */
    memcpy(header + 345, "a/prefix", 8);
    fixture_tar_checksum(header);

    fixture_tar_png(&tar, "a/oldgnu.png", 4);
    header = tar.data + tar.bytes - 1024;
    memcpy(header + 257, "ustar  ", 8);
    memcpy(header + 345, "13571113171", 11); /* a time in place of POSIX's prefix */
    fixture_tar_checksum(header);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);

    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 4);
    assert_name(f, source, 0, gnu);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 1);
    assert_name(f, source, 1, "a/oldgnu.png");
    assert_int_equal(fixture_grey(f->ctx, source, 1), 4);
    assert_name(f, source, 2, pax);
    assert_int_equal(fixture_grey(f->ctx, source, 2), 2);
    assert_name(f, source, 3, "a/prefix/name.png");
    assert_int_equal(fixture_grey(f->ctx, source, 3), 3);
    an_source_close(source);
}

static void names_of_any_bytes_survive(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "new\nline/\xff\xfe 1.png", 1);
    finish(&tar, f);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_string_equal(an_source_class(source, 1), "new\nline");
    assert_name(f, source, 1, "new\nline/\xff\xfe 1.png");
    an_source_close(source);
}

static void the_later_of_two_with_one_name_counts(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_png(&tar, "a//./2.png", 2);
    finish(&tar, f);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 2);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 11);
    assert_name(f, source, 1, "a/2.png");
    an_source_close(source);
}

static void devices_are_counted_by_kind(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    for (const char *type = "3467V"; *type != '\0'; ++type)
        fixture_tar_entry(&tar, *type, "a/other.png", NULL, 0);
    finish(&tar, f);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 2); /* '7', a contiguous file, is a file */
    assert_int_equal(an_source_ignored(source), 4);
    assert_string_equal(source->passed.rows[0].name, "devices and the like");
    an_source_close(source);
}

static void a_size_may_be_binary_or_in_a_pax_header(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/0.png", 1);
    uint8_t *header = tar.data;
    const uint64_t size = strtoull((char *)header + 124, NULL, 8);
    memset(header + 124, 0, 12);
    header[124] = 0x80;
    header[134] = (uint8_t)(size >> 8);
    header[135] = (uint8_t)size;
    fixture_tar_checksum(header);

    char record[32];
    snprintf(record, sizeof record, "%d size=%ju\n", size < 100 ? 11 : 12, (uintmax_t)size);
    fixture_tar_entry(&tar, 'x', "x", record, strlen(record));
    const size_t at = tar.bytes;
    fixture_tar_png(&tar, "a/00.png", 2);
    memcpy(tar.data + at + 124, "00000000000", 11);
    fixture_tar_checksum(tar.data + at);
    finish(&tar, f);

    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 3);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 1);
    assert_int_equal(fixture_grey(f->ctx, source, 1), 2);
    an_source_close(source);
}

static void a_single_outer_folder_is_entered(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_entry(&tar, '5', "outer/", NULL, 0);
    fixture_tar_entry(&tar, '0', "._outer", "x", 1);
    fixture_tar_entry(&tar, '0', ".hidden/a/9.png", "x", 1);
    fixture_tar_entry(&tar, '0', "README", "x", 1);
    fixture_tar_png(&tar, "outer/inner/a/1.png", 1);
    fixture_tar_png(&tar, "outer/inner/b/1.png", 2);
    fixture_tar_entry(&tar, '0', "outer/LICENSE.txt", "x", 1);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    an_source *source = open_part(f, AN_PART_TRAIN);
    assert_int_equal(an_source_classes(source), 2);
    assert_name(f, source, 1, "b/1.png");
    assert_int_equal(an_source_ignored(source), 4);
    an_source_close(source);
}

static void splits_in_an_outer_folder_are_found(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    an_source *source;

    fixture_tar_png(&tar, "set/train/a/1.png", 1);
    fixture_tar_png(&tar, "set/test/a/1.png", 2);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    source = open_part(f, AN_PART_VAL);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 2);
    an_source_close(source);
}

static void a_class_may_have_the_name_of_a_split(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    an_source *source;

    fixture_tar_entry(&tar, '5', "set/train/", NULL, 0);
    fixture_tar_png(&tar, "set/train/1.png", 1);
    fixture_tar_png(&tar, "set/train/.thumbnails/1.png", 1);
    fixture_tar_png(&tar, "set/car/1.png", 2);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    source = open_part(f, AN_PART_TRAIN);
    assert_int_equal(an_source_classes(source), 2);
    assert_string_equal(an_source_class(source, 1), "train");
    an_source_close(source);

    fixture_tar_png(&tar, "train/steam/1.png", 1);
    fixture_tar_png(&tar, "car/1.png", 2);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_classes(source), 1);
    assert_string_equal(an_source_class(source, 0), "steam");
    an_source_close(source);
}

/* A class in `folders` nested folders. */
static void write_wrapped(const fixture *f, size_t folders)
{
    fixture_tar tar = {.ctx = f->ctx};
    char *name = malloc(2 * folders + 16);

    assert_non_null(name);
    for (size_t i = 0; i < folders; ++i)
        memcpy(name + 2 * i, "w/", 2);
    strcpy(name + 2 * folders, "a/1.png");
    fixture_tar_entry(&tar, 'L', "long", name, strlen(name));
    fixture_tar_png(&tar, "cut short", 1);
    fixture_tar_end(&tar);
    fixture_tar_write(&tar, tar_path(f), false);
    free(name);
}

static void too_many_outer_folders_are_refused(void **in)
{
    const fixture *f = *in;

    write_wrapped(f, 16);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_string_equal(an_source_class(source, 0), "a");
    an_source_close(source);
    write_wrapped(f, 17);
    assert_refused(f, ALEXNET_UNSUPPORTED, "more than 16 outer folders");
    write_wrapped(f, 30000);
    assert_refused(f, ALEXNET_UNSUPPORTED, "more than 16 outer folders");
}

static void an_empty_class_is_named(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_entry(&tar, '5', "empty/", NULL, 0);
    finish(&tar, f);
    assert_refused(f, ALEXNET_BAD_FILE, "class 'empty'");
}

/* ---- bad ones ---- */

static void every_truncation_is_noticed(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};
    an_source *source;

    fixture_tar_png(&tar, "a/1.png", 1);
    fixture_tar_png(&tar, "b/1.png", 1);
    const size_t needed = tar.bytes + 512; /* one of the two blocks of zeros may be missing */
    fixture_tar_end(&tar);
    for (size_t bytes = 0; bytes < needed;
         bytes += bytes % 512 == 511 || bytes % 512 == 0 ? 1 : 73) {
        an_test_write(tar_path(f), tar.data, bytes);
        const alexnet_status status = an_source_open(f->ctx, tar_path(f), AN_PART_ALL, &source);
        assert_true(status == ALEXNET_BAD_FILE || (bytes == 0 && status == ALEXNET_NOT_FOUND));
    }
    an_test_write(tar_path(f), tar.data, needed);
    an_assert_ok(f->ctx, an_source_open(f->ctx, tar_path(f), AN_PART_ALL, &source));
    an_source_close(source);
    free(tar.data);
}

static void absurd_headers_are_refused(void **in)
{
    static const struct {
        const char *size; /* the field's 12 bytes */
        const char *message;
    } rows[] = {
        {"77777777777\0", "cut short"},
        {"0000000129 \0", "not a tar header"}, /* 9 is no octal digit */
        {"\x80\0\0\0\0\0\0\x10\0\0\0\0", "cut short"},
        {"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not a tar header"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not a tar header"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_tar tar = {.ctx = f->ctx};
        fixture_tar_png(&tar, "a/0.png", 1);
        const size_t at = tar.bytes;
        fixture_tar_entry(&tar, '0', "a/x.png", NULL, 0);
        memcpy(tar.data + at + 124, rows[i].size, 12);
        fixture_tar_checksum(tar.data + at);
        finish(&tar, f);
        assert_refused(f, ALEXNET_BAD_FILE, rows[i].message);
    }
}

static void bad_extensions_are_refused(void **in)
{
    static const struct {
        char type;
        const char *data;
        size_t bytes;
        const char *message;
    } rows[] = {
        {'x', "7 path=a\n", 9, "bad pax header"},
        {'x', "99 path=a\n", 10, "bad pax header"},
        {'x', "10 path:a\n", 10, "bad pax header"},
        {'x', "path=a\n", 7, "bad pax header"},
        {'x', "3 \n", 3, "bad pax header"},
        {'x', "-9 path=a\n", 10, "bad pax header"},
        {'x', "10 path=a", 9, "bad pax header"},
        {'x', "11 size=-5\n", 11, "bad size"},
        {'x', "25 GNU.sparse.size=seven\n", 25, "bad size"},
        {'x', "24 GNU.sparse.map=0,5,8\n", 24, "a bad map of a sparse file"},
        {'x', "22 GNU.sparse.map=x,y\n", 22, "a bad map of a sparse file"},
        {'x', "11 path=a\0\n", 11, "zero byte"},
        {'x', "99999999999999999999 path=a\n", 28, "bad pax header"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_tar tar = {.ctx = f->ctx};
        fixture_tar_entry(&tar, rows[i].type, "x", rows[i].data, rows[i].bytes);
        finish(&tar, f);
        assert_refused(f, ALEXNET_BAD_FILE, rows[i].message);
    }
    char *name = calloc(1, 70000);
    fixture_tar tar = {.ctx = f->ctx};
    assert_non_null(name);
    memset(name, 'n', 69999);
    fixture_tar_entry(&tar, 'L', "long", name, 70000);
    finish(&tar, f);
    assert_refused(f, ALEXNET_BAD_FILE, "absurdly long");
    free(name);
}

static void a_wrong_checksum_is_refused(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_png(&tar, "a/0.png", 1);
    const size_t at = tar.bytes;
    fixture_tar_png(&tar, "a/2.png", 1);
    tar.data[at] ^= 1;
    finish(&tar, f);
    assert_refused(f, ALEXNET_BAD_FILE, "not a tar header");
}

static void a_gzip_of_something_else_is_refused(void **in)
{
    static const struct {
        const char *data;
        size_t bytes;
        const char *found;
    } rows[] = {
        {"a.jpg cat\n", 10, "found text: a list of images is read uncompressed only"},
        {"\0\0\010\001\0\0\0\001\003", 9, "found an IDX file: the data set is its folder"},
        {"\0\001\002", 3, "found something else"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_tar tar = {.ctx = f->ctx, .data = malloc(rows[i].bytes), .bytes = rows[i].bytes};
        assert_non_null(tar.data);
        memcpy(tar.data, rows[i].data, rows[i].bytes);
        fixture_tar_write(&tar, tar_path(f), true);
        assert_refused(f, ALEXNET_BAD_FILE, rows[i].found);
    }
}

static void sniffing_needs_a_whole_header(void **in)
{
    const fixture *f = *in;
    fixture_tar tar = {.ctx = f->ctx};

    fixture_tar_entry(&tar, '0', "a", NULL, 0);
    assert_true(an_tar_sniff(tar.data, 512));
    assert_false(an_tar_sniff(tar.data, 511));
    memset(tar.data, 0, 512);
    assert_false(an_tar_sniff(tar.data, 512));
    free(tar.data);
}

static alexnet_status open_source(const fixture *f, an_source **out)
{
    return an_source_open(f->ctx, tar_path(f), AN_PART_ALL, out);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    for (int gzip = 0; gzip < 2; ++gzip) {
        fixture_tar tar = {.ctx = f->ctx};
        fixture_tar_entry(&tar, 'L', "long", "a/gnu.png", 10);
        fixture_tar_entry(&tar, '5', "a", NULL, 0);
        finish(&tar, f);
        fixture_sweep(f, open_source, 0);
    }
}

/* ---- the real thing ---- */

static void cifar10_as_jpeg(void **in)
{
    const fixture *f = *in;
    const char *path = an_test_data("cifar10-jpeg.tar.gz");
    an_source *source;

    if (path == NULL) skip();
    an_assert_ok(f->ctx, an_source_open(f->ctx, path, AN_PART_TRAIN, &source));
    assert_int_equal(an_source_count(source), 50000);
    assert_int_equal(an_source_classes(source), 10);
    assert_string_equal(an_source_class(source, 9), "truck");
    assert_int_equal(an_source_label(source, 49999), 9);
    an_source_close(source);
    an_assert_ok(f->ctx, an_source_open(f->ctx, path, AN_PART_VAL, &source));
    assert_int_equal(an_source_count(source), 10000);
    assert_name_in(path, source, 0, "test/airplane/0000.jpg");
    fixture_grey(f->ctx, source, 9999);
    an_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_tar_and_its_gzip_equal_the_folder),
        FIXTURE_TEST(splits_of_a_gzip_share_its_bytes),
        FIXTURE_TEST(long_names_in_gnu_and_pax_headers_and_prefix),
        FIXTURE_TEST(names_of_any_bytes_survive),
        FIXTURE_TEST(the_later_of_two_with_one_name_counts),
        FIXTURE_TEST(devices_are_counted_by_kind),
        FIXTURE_TEST(a_size_may_be_binary_or_in_a_pax_header),
        FIXTURE_TEST(a_single_outer_folder_is_entered),
        FIXTURE_TEST(splits_in_an_outer_folder_are_found),
        FIXTURE_TEST(a_class_may_have_the_name_of_a_split),
        FIXTURE_TEST(too_many_outer_folders_are_refused),
        FIXTURE_TEST(an_empty_class_is_named),
        FIXTURE_TEST(every_truncation_is_noticed),
        FIXTURE_TEST(absurd_headers_are_refused),
        FIXTURE_TEST(bad_extensions_are_refused),
        FIXTURE_TEST(a_wrong_checksum_is_refused),
        FIXTURE_TEST(a_gzip_of_something_else_is_refused),
        FIXTURE_TEST(sniffing_needs_a_whole_header),
        FIXTURE_TEST(every_failure_is_clean),
        FIXTURE_TEST(cifar10_as_jpeg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
