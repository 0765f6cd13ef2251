/*
 * cifar_test.c: the binary versions of CIFAR, with two or three images per file.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include <stdio.h>
#include <string.h>

#define PIXELS 1024

/*
 * Writes `count` records; image i has red 10 * label + i, green 100, blue = index of the pixel
 * modulo 256.
 */
static void write_records(const fixture *f, const char *name, int label_bytes,
                          const uint8_t *labels, int count)
{
    static uint8_t records[3 * (2 + 3 * PIXELS)];
    uint8_t *at = records;

    for (int i = 0; i < count; ++i) {
        if (label_bytes == 2) *at++ = 19; /* the coarse class, which is ignored */
        *at++ = labels[i];
        memset(at, 10 * labels[i] + i, PIXELS);
        memset(at + PIXELS, 100, PIXELS);
        for (int k = 0; k < PIXELS; ++k)
            at[2 * PIXELS + k] = (uint8_t)k;
        at += 3 * PIXELS;
    }
    an_test_write(an_test_path(f->folder, name), records, (size_t)(at - records));
}

static void write_cifar10(const fixture *f)
{
    char name[32];

    for (uint8_t i = 1; i <= 5; ++i) {
        snprintf(name, sizeof name, "data_batch_%d.bin", i);
        write_records(f, name, 1, (const uint8_t[]){i, 9}, 2);
    }
    write_records(f, "test_batch.bin", 1, (const uint8_t[]){0, 3, 5}, 3);
}

static an_source *open_part(const fixture *f, an_part part)
{
    an_source *source;

    an_assert_ok(f->ctx, an_source_open(f->ctx, f->folder, part, &source));
    assert_string_equal(an_source_kind(source), "cifar");
    return source;
}

static void planes_become_pixels(void **in)
{
    const fixture *f = *in;
    an_source_buffer buffer = {0};
    an_image image = {0};
    char name[64];

    write_cifar10(f);
    an_source *source = open_part(f, AN_PART_TRAIN);
    assert_int_equal(an_source_count(source), 10);
    assert_int_equal(an_source_label(source, 6), 4);
    assert_int_equal(an_source_label(source, 7), 9);
    an_source_name(source, 7, name, sizeof name);
    assert_string_equal(name, an_test_path(f->folder, "data_batch_4.bin[1]"));
    an_assert_ok(f->ctx, an_source_read(source, f->ctx, 7, AN_ORIENTATION_EXIF, &buffer, &image));
    assert_int_equal(image.width, 32);
    assert_int_equal(image.height, 32);
    for (int i = 0; i < PIXELS; ++i) {
        assert_int_equal(image.pixels[3 * i], 91);
        assert_int_equal(image.pixels[3 * i + 1], 100);
        assert_int_equal(image.pixels[3 * i + 2], i % 256);
    }
    an_image_free(f->ctx, &image);
    an_source_buffer_free(f->ctx, &buffer);
    an_source_close(source);
}

static void splits_and_class_names(void **in)
{
    static const struct {
        an_part part;
        int count;
    } rows[] = {{AN_PART_ALL, 13}, {AN_PART_TRAIN, 10}, {AN_PART_VAL, 3}, {AN_PART_TEST, 3}};
    const fixture *f = *in;

    write_cifar10(f);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_source *source = open_part(f, rows[i].part);
        assert_int_equal(an_source_count(source), rows[i].count);
        assert_int_equal(an_source_classes(source), 10);
        assert_string_equal(an_source_class(source, 0), "airplane");
        assert_string_equal(an_source_class(source, 9), "truck");
        an_source_close(source);
    }
    an_test_write_text(an_test_path(f->folder, "batches.meta.txt"),
                       "a\nb\nc\nd\ne\nf\ng\nh\ni\nlast one\n\n");
    an_source *source = open_part(f, AN_PART_TEST);
    assert_string_equal(an_source_class(source, 9), "last one");
    an_source_close(source);

    an_test_write_text(an_test_path(f->folder, "batches.meta.txt"), "a\nb\n");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "expected 10 class names, found 2");

    an_test_write_text(an_test_path(f->folder, "batches.meta.txt"),
                       "a\nb\nc\nd\ne\nf\ng\nh\nb\nj\n");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, ": two classes are called 'b'");
}

static void cifar100_takes_the_fine_label(void **in)
{
    const fixture *f = *in;

    write_records(f, "train.bin", 2, (const uint8_t[]){1, 99}, 2);
    write_records(f, "test.bin", 2, (const uint8_t[]){12}, 1);
    an_source *source = open_part(f, AN_PART_ALL);
    assert_int_equal(an_source_count(source), 3);
    assert_int_equal(an_source_classes(source), 100);
    assert_string_equal(an_source_class(source, 99), "99");
    assert_int_equal(an_source_label(source, 1), 99);
    assert_int_equal(an_source_label(source, 2), 12);
    assert_int_equal(fixture_grey(f->ctx, source, 2), 120);
    an_source_close(source);
}

static void bad_files_are_refused(void **in)
{
    const fixture *f = *in;
    an_source *source;

    write_cifar10(f);
    write_records(f, "data_batch_2.bin", 1, (const uint8_t[]){1, 10}, 2);
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TRAIN, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "data_batch_2.bin: image 1: expected a class from 0 to 9, found 10");

    an_test_write_text(an_test_path(f->folder, "test_batch.bin"), "short");
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_VAL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "multiple of 3073 bytes, found 5");
    an_assert_ok(f->ctx, an_file_remove(f->ctx, an_test_path(f->folder, "data_batch_3.bin")));
    an_assert_status(f->ctx, an_source_open(f->ctx, f->folder, AN_PART_TRAIN, &source),
                     ALEXNET_NOT_FOUND);
    an_assert_error(f->ctx, "data_batch_3.bin");
}

static alexnet_status open_source(const fixture *f, an_source **out)
{
    return an_source_open(f->ctx, f->folder, AN_PART_ALL, out);
}

static void every_failure_is_clean(void **in)
{
    const fixture *f = *in;

    write_cifar10(f);
    an_test_write_text(an_test_path(f->folder, "batches.meta.txt"),
                       "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    fixture_sweep(f, open_source, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(planes_become_pixels),          FIXTURE_TEST(splits_and_class_names),
        FIXTURE_TEST(cifar100_takes_the_fine_label), FIXTURE_TEST(bad_files_are_refused),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
