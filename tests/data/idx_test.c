/*
 * idx_test.c: MNIST's format, with images of 2 x 3 pixels.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include <string.h>
#include <zlib.h>

#define ROWS    2
#define COLUMNS 3

static uint8_t *put(uint8_t *at, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

static void write_images(const fixture *f, const char *name, uint32_t magic, uint32_t count,
                         size_t bytes)
{
    uint8_t file[64] = {0};
    uint8_t *at = put(put(put(put(file, magic), count), ROWS), COLUMNS);

    for (uint8_t i = 0; i < 18; ++i)
        at[i] = (uint8_t)(10 * i);
    an_test_write(an_test_path(f->folder, name), file, 16 + bytes);
}

static void write_labels(const fixture *f, const char *name, uint32_t magic, uint32_t count,
                         const char *labels)
{
    uint8_t file[64] = {0};

    memcpy(put(put(file, magic), count), labels, strlen(labels));
    an_test_write(an_test_path(f->folder, name), file, 8 + strlen(labels));
}

static void write_all(const fixture *f)
{
    write_images(f, "train-images-idx3-ubyte", 0x803, 3, 18);
    write_labels(f, "train-labels-idx1-ubyte", 0x801, 3, "\1\7\2");
    write_images(f, "t10k-images-idx3-ubyte", 0x803, 1, 6);
    write_labels(f, "t10k-labels-idx1-ubyte", 0x801, 1, "\3");
}

static void grey_pixels_become_rgb(void **in)
{
    static const struct {
        an_part part;
        int count, classes;
    } rows[] = {
        {AN_PART_ALL, 4, 8}, {AN_PART_TRAIN, 3, 8}, {AN_PART_VAL, 1, 4}, {AN_PART_TEST, 1, 4}};
    const fixture *f = *in;
    an_source_buffer buffer = {0};
    an_image image = {0};
    an_source *source;
    char name[64];

    write_all(f);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, rows[i].part, &source));
        assert_string_equal(an_source_kind(source), "idx");
        assert_int_equal(an_source_count(source), rows[i].count);
        assert_int_equal(an_source_classes(source), rows[i].classes);
        an_source_close(source);
    }
    an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source));
    assert_int_equal(an_source_label(source, 1), 7);
    assert_int_equal(an_source_label(source, 3), 3);
    assert_string_equal(an_source_class(source, 7), "7");
    an_source_name(source, 3, name, sizeof name);
    assert_string_equal(name, an_test_path(f->folder, "t10k-images-idx3-ubyte[0]"));
    an_assert_ok(f->ctx, an_source_read(source, f->ctx, 1, AN_ORIENTATION_EXIF, &buffer, &image));
    assert_int_equal(image.width, COLUMNS);
    assert_int_equal(image.height, ROWS);
    for (int i = 0; i < 3 * ROWS * COLUMNS; ++i)
        assert_int_equal(image.pixels[i], 60 + 10 * (i / 3));
    an_image_free(f->ctx, &image);
    an_source_buffer_free(f->ctx, &buffer);
    an_source_close(source);
}

static void headers_are_checked(void **in)
{
    const fixture *f = *in;
    an_source *source;

    for (int fault = 0; fault < 9; ++fault) {
        write_all(f);
        switch (fault) {
        case 0:
            write_images(f, "train-images-idx3-ubyte", 0x801, 3, 18);
            break;
        case 1:
            write_images(f, "train-images-idx3-ubyte", 0x803, 4, 18);
            break;
        case 2:
            write_images(f, "train-images-idx3-ubyte", 0x803, 3, 17);
            break;
        case 3:
            write_images(f, "train-images-idx3-ubyte", 0x803, 0, 0);
            break;
        case 4:
            write_images(f, "train-images-idx3-ubyte", 0x803, 0xffffffff, 18);
            break;
        case 5:
            write_labels(f, "train-labels-idx1-ubyte", 0x803, 3, "\1\2\3");
            break;
        case 6:
            write_labels(f, "train-labels-idx1-ubyte", 0x801, 4, "\1\2\3");
            break;
        case 7:
            write_labels(f, "train-labels-idx1-ubyte", 0x801, 2, "\1\2");
            break;
        case 8:
            an_test_write(an_test_path(f->folder, "train-labels-idx1-ubyte"), "\0\0\10\1", 4);
            break;
        }
        an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TRAIN, &source),
                         ALEXNET_BAD_FILE);
        an_assert_error(f->ctx, "train-");
        an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL,
                                            &source)); /* not the file's fault */
        an_source_close(source);
    }
    an_assert_ok(f->ctx, an_file_remove(f->ctx, an_test_path(f->folder, "t10k-images-idx3-ubyte")));
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);
}

static alexnet_status open_source(const fixture *f, an_source **out)
{
    return an_source_open(f->ctx, f->folder, AN_PART_ALL, out);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    write_all(f);
    fixture_sweep(f, open_source, 3);
}

/* Compressed, as Debian's package dataset-fashion-mnist has it. */
static void fashion_mnist(void **in)
{
    const fixture *f = *in;
    const char *folder = "/usr/share/datasets/fashion-mnist";
    an_file_info info;
    an_source *source;

    an_assert_ok(f->ctx, an_file_stat(f->ctx, folder, &info));
    if (info.kind != AN_FILE_FOLDER) {
        print_message("%s: not installed\n", folder);
        skip();
    }
    an_assert_ok(f->ctx, an_source_open(f->ctx, folder, AN_PART_ALL, &source));
    assert_int_equal(an_source_count(source), 70000);
    assert_int_equal(an_source_classes(source), 10);
    /* the first labels of both files: ankle boot, ankle boot */
    assert_int_equal(an_source_label(source, 0), 9);
    assert_int_equal(an_source_label(source, 60000), 9);
    assert_int_equal(fixture_grey(f->ctx, source, 69999), 0);
    an_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(grey_pixels_become_rgb),
        FIXTURE_TEST(headers_are_checked),
        FIXTURE_TEST(every_failure_is_clean),
        FIXTURE_TEST(fashion_mnist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
