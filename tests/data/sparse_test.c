/*
 * sparse_test.c: sparse files in a tar file, as GNU tar writes them: in its old format, and 0.0,
 * 0.1 and 1.0 in pax headers.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/memory.h"
#include "data/sparse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE  64                       /* pixels of a BMP whose rows are black except for some */
#define HEAD  54                       /* bytes of its header */
#define BYTES (HEAD + SIDE * SIDE * 3) /* of the file */

/* The file and its segments: the header, and a few white bytes in places. */
typedef struct holes {
    uint8_t file[BYTES];
    an_segment segments[30];
    size_t count;
    uint8_t stored[BYTES]; /* the segments, concatenated */
    size_t bytes;
} holes;

static void draw(holes *h, size_t segments)
{
    static const uint8_t head[HEAD] = {
        'B', 'M', [10] = HEAD, [14] = 40, [18] = SIDE, [22] = SIDE, [26] = 1, [28] = 24};

    *h = (holes){.count = segments};
    memcpy(h->file, head, HEAD);
    for (size_t i = 0; i < segments; ++i) {
        const size_t at = i == 0 ? 0 : HEAD + 400 * i + i;
        const size_t bytes = i == 0 ? HEAD : 5 + i % 3;
        if (i > 0) memset(h->file + at, 255, bytes);
        h->segments[i] = (an_segment){at, bytes};
        memcpy(h->stored + h->bytes, h->file + at, bytes);
        h->bytes += bytes;
    }
}

static void put_octal(uint8_t *field, uint64_t value)
{
    char digits[13];

    snprintf(digits, sizeof digits, "%011jo", (uintmax_t)value);
    memcpy(field, digits, 12);
}

/* Type 'S': four segments in the header, 21 in each block that follows. */
static void add_old(fixture_tar *tar, const char *name, const holes *h)
{
    uint8_t data[2 * 512 + BYTES] = {0};
    const size_t blocks = h->count > 4 ? (h->count - 4 + 20) / 21 : 0;

    for (size_t i = 4; i < h->count; ++i) {
        uint8_t *at = data + (i - 4) / 21 * 512 + (i - 4) % 21 * 24;
        put_octal(at, h->segments[i].at);
        put_octal(at + 12, h->segments[i].bytes);
    }
    if (blocks > 1) data[504] = 1;
    memcpy(data + blocks * 512, h->stored, h->bytes);
    const size_t start = tar->bytes;
    fixture_tar_entry(tar, 'S', name, data, blocks * 512 + h->bytes);
    uint8_t *header = tar->data + start;
    put_octal(header + 124, h->bytes); /* the blocks do not count */
    memcpy(header + 257, "ustar  ", 8);
    for (size_t i = 0; i < h->count && i < 4; ++i) {
        put_octal(header + 386 + 24 * i, h->segments[i].at);
        put_octal(header + 386 + 24 * i + 12, h->segments[i].bytes);
    }
    header[482] = blocks > 0;
    put_octal(header + 483, BYTES);
    fixture_tar_checksum(header);
}

/* Appends "LENGTH KEY=VALUE\n". */
static void add_record(char *text, const char *key, const char *value)
{
    size_t length = strlen(key) + strlen(value) + 3;

    length += length + 1 >= 10 ? length + 2 >= 100 ? length + 3 >= 1000 ? 4 : 3 : 2 : 1;
    sprintf(text + strlen(text), "%zu %s=%s\n", length, key, value);
}

static void add_number(char *text, const char *key, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%ju", (uintmax_t)value);
    add_record(text, key, digits);
}

static void add_pax(fixture_tar *tar, const char *name, const holes *h, int minor)
{
    char records[8192] = "", list[4096] = "";

    add_number(records, "GNU.sparse.size", BYTES);
    add_number(records, "GNU.sparse.numblocks", h->count);
    for (size_t i = 0; i < h->count && minor == 0; ++i) {
        add_number(records, "GNU.sparse.offset", h->segments[i].at);
        add_number(records, "GNU.sparse.numbytes", h->segments[i].bytes);
    }
    for (size_t i = 0; i < h->count; ++i)
        sprintf(list + strlen(list), "%s%ju,%ju", i > 0 ? "," : "", (uintmax_t)h->segments[i].at,
                (uintmax_t)h->segments[i].bytes);
    if (minor == 1) add_record(records, "GNU.sparse.name", name);
    if (minor == 1) add_record(records, "GNU.sparse.map", list);
    fixture_tar_entry(tar, 'x', "PaxHeaders/x", records, strlen(records));
    fixture_tar_entry(tar, '0', minor == 0 ? name : "GNUSparseFile.1/x", h->stored, h->bytes);
}

static void add_pax_1(fixture_tar *tar, const char *name, const holes *h)
{
    char records[1024] = "", map[1024 + BYTES] = "";

    add_record(records, "GNU.sparse.major", "1");
    add_record(records, "GNU.sparse.minor", "0");
    add_record(records, "GNU.sparse.name", name);
    add_number(records, "GNU.sparse.realsize", BYTES);
    sprintf(map, "%zu\n", h->count);
    for (size_t i = 0; i < h->count; ++i)
        sprintf(map + strlen(map), "%ju\n%ju\n", (uintmax_t)h->segments[i].at,
                (uintmax_t)h->segments[i].bytes);
    const size_t blocks = (strlen(map) + 511) / 512;
    memcpy(map + 512 * blocks, h->stored, h->bytes);
    fixture_tar_entry(tar, 'x', "PaxHeaders/x", records, strlen(records));
    fixture_tar_entry(tar, '0', "GNUSparseFile.1/x", map, 512 * blocks + h->bytes);
}

static void assert_file(const fixture *f, const an_source *source, int64_t index, const holes *h)
{
    an_source_buffer buffer = {0};
    an_image image = {0};

    an_assert_ok(f->ctx,
                 an_source_read(source, f->ctx, index, AN_ORIENTATION_EXIF, &buffer, &image));
    assert_int_equal(image.width, SIDE);
    for (int y = 0; y < SIDE; ++y)
        for (int x = 0; x < 3 * SIDE; ++x)
            assert_int_equal(image.pixels[y * 3 * SIDE + x],
                             h->file[HEAD + (SIDE - 1 - y) * 3 * SIDE + x / 3 * 3 + 2 - x % 3]);
    an_image_free(f->ctx, &image);
    an_source_buffer_free(f->ctx, &buffer);
}

static void every_format_gives_the_file(void **in)
{
    static const size_t counts[] = {1, 2, 4, 5, 25, 26, 30};
    const fixture *f = *in;
    static holes h;

    for (size_t i = 0; i < 2 * AN_COUNT(counts); ++i) {
        fixture_tar tar = {.ctx = f->ctx};
        an_source *source;
        draw(&h, counts[i / 2]);
        add_old(&tar, "a/0.bmp", &h);
        add_pax(&tar, "a/1.bmp", &h, 0);
        add_pax(&tar, "a/2.bmp", &h, 1);
        add_pax_1(&tar, "a/3.bmp", &h);
        fixture_tar_link(&tar, '1', "a/4.bmp", "a/3.bmp");
        fixture_tar_png(&tar, "a/5.png", 5); /* the entries that follow are found */
        fixture_tar_end(&tar);
        fixture_tar_write(&tar, an_test_path(f->folder, "set.tar"), i % 2 == 1);
        an_assert_ok(f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "set.tar"), AN_PART_ALL,
                                            &source));
        assert_int_equal(an_source_count(source), 6);
        for (int k = 0; k < 5; ++k)
            assert_file(f, source, k, &h);
        assert_int_equal(fixture_grey(f->ctx, source, 5), 5);
        an_source_close(source);
    }
}

/* A file with a bad map is one bad image. */
static void a_bad_map_is_one_bad_image(void **in)
{
    static const struct {
        an_segment first, second;
        const char *reason;
    } rows[] = {
        {{0, 100}, {50, 10}, "a sparse file whose segments overlap"},
        {{0, 54}, {BYTES, 1}, "a sparse file with a segment beyond its end"},
        {{0, 54}, {54, UINT64_C(1) << 62}, "a sparse file with a segment beyond its end"},
        {{0, 54}, {60, 400}, "a sparse file whose segments are not all there"},
    };
    const fixture *f = *in;
    static holes h;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_tar tar = {.ctx = f->ctx};
        an_source_buffer buffer = {0};
        an_image image = {0};
        an_source *source;
        draw(&h, 2);
        h.segments[0] = rows[i].first;
        h.segments[1] = rows[i].second;
        add_pax_1(&tar, "a/0.bmp", &h);
        fixture_tar_png(&tar, "a/1.png", 1);
        fixture_tar_end(&tar);
        fixture_tar_write(&tar, an_test_path(f->folder, "set.tar"), false);
        an_assert_ok(f->ctx, an_source_open(f->ctx, an_test_path(f->folder, "set.tar"), AN_PART_ALL,
                                            &source));
        an_assert_status(f->ctx,
                         an_source_read(source, f->ctx, 0, AN_ORIENTATION_EXIF, &buffer, &image),
                         ALEXNET_BAD_FILE);
        an_assert_error(f->ctx, rows[i].reason);
        assert_int_equal(fixture_grey(f->ctx, source, 1), 1);
        an_source_buffer_free(f->ctx, &buffer);
        an_source_close(source);
    }
}

static void maps_are_parsed_strictly(void **in)
{
    static const struct {
        const char *text; /* in front of zeros, to a block */
        alexnet_status status;
        size_t count;
    } rows[] = {
        {"0\n", ALEXNET_OK, 0},
        {"1\n0\n512\n", ALEXNET_OK, 1},
        {"2\n0\n5\n10\n5\n", ALEXNET_OK, 2},
        {"", ALEXNET_BAD_FILE, 0},
        {"x\n", ALEXNET_BAD_FILE, 0},
        {"-1\n", ALEXNET_BAD_FILE, 0},
        {"2\n0\n5\n10\n", ALEXNET_BAD_FILE, 1},
        {"99999999999999999999\n", ALEXNET_BAD_FILE, 0},
        {"9223372036854775807\n1\n2\n", ALEXNET_BAD_FILE, 1},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        uint8_t block[512] = {0};
        an_sparse sparse = {0};
        size_t used = 0;
        memcpy(block, rows[i].text, strlen(rows[i].text));
        an_assert_status(f->ctx, an_sparse_parse_map(f->ctx, &sparse, block, sizeof block, &used),
                         rows[i].status);
        assert_int_equal(sparse.count, rows[i].count);
        if (rows[i].status == ALEXNET_OK) assert_int_equal(used, 512);
        an_sparse_free(f->ctx, &sparse);
        an_assert_status(f->ctx, an_sparse_parse_map(f->ctx, &sparse, block, 100, &used),
                         ALEXNET_BAD_FILE); /* a map fills its block */
        an_sparse_free(f->ctx, &sparse);
    }
}

static void too_many_segments_are_no_image(void **in)
{
    const fixture *f = *in;
    an_sparse sparse = {.size = UINT64_C(1) << 40};

    for (uint64_t i = 0; i <= AN_SPARSE_SEGMENTS_MAX; ++i)
        an_assert_ok(f->ctx, an_sparse_add(f->ctx, &sparse, 2 * i, 1));
    assert_int_equal(sparse.count, AN_SPARSE_SEGMENTS_MAX);
    assert_string_equal(an_sparse_fault(&sparse, UINT64_MAX), "a sparse file of too many segments");
    an_sparse_free(f->ctx, &sparse);
}

/* A file of holes may claim any size: nothing is allocated for it. */
static void a_huge_file_of_holes_is_refused(void **in)
{
    const fixture *f = *in;
    const an_sparse sparse = {.size = UINT64_C(1) << 50};
    an_source_buffer buffer = {0};
    an_blob blob = {0};

    an_assert_status(f->ctx, an_sparse_view(&sparse, &blob, f->ctx, &buffer), ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "at most 268435456 for an image");
    assert_null(buffer.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_format_gives_the_file),     FIXTURE_TEST(a_bad_map_is_one_bad_image),
        FIXTURE_TEST(maps_are_parsed_strictly),        FIXTURE_TEST(too_many_segments_are_no_image),
        FIXTURE_TEST(a_huge_file_of_holes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
