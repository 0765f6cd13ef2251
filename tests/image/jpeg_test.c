/*
 * jpeg_test.c: JPEGs that must fail, and rare ones that must decode. Ordinary ones: image_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "base/memory.h"
#include "image/codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h before it */

static void damaged_files_fail_and_say_why(void **state)
{
    static const struct {
        const char *file;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"bad_truncated.jpg", ALEXNET_BAD_FILE, "JPEG: truncated: the file ends within the image"},
        {"bad_no_end.jpg", ALEXNET_BAD_FILE, "JPEG: truncated"},
        {"bad_hole.jpg", ALEXNET_BAD_FILE, "premature end of data"},
        {"bad_12bit.jpg", ALEXNET_UNSUPPORTED, "precision 12"},
        {"bad_lossless.jpg", ALEXNET_UNSUPPORTED, "SOF type 0xc3"},
        {"bad_huge.jpg", ALEXNET_BAD_FILE, "JPEG: 60000 x 60000 pixels; expected"},
        {"bad_large.jpg", ALEXNET_BAD_FILE, "truncated: 8000 x 8000 pixels cannot be in"},
    };
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_sample_read(ctx, rows[i].file);
        an_assert_status(ctx, an_jpeg_decode(ctx, file.data, file.size, NULL, &image),
                         rows[i].status);
        an_assert_error(ctx, rows[i].message);
        an_bytes_free(ctx, &file);
    }
    assert_true(image.capacity < 10000); /* a claim in a header allocates nothing */
    an_image_free(ctx, &image);
}

static void every_truncated_file_fails(void **state)
{
    static const char *const files[] = {"grey.jpg", "progressive.jpg", "restart.jpg",
                                        "four_unmarked.jpg"};
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        an_bytes file = an_sample_read(ctx, files[i]);
        for (size_t size = 0; size < file.size; ++size) {
            uint8_t *cut =
                malloc(size > 0 ? size : 1); /* of exactly this size, for AddressSanitizer */
            memcpy(cut, file.data, size);
            an_assert_status(ctx, an_jpeg_decode(ctx, cut, size, NULL, &image), ALEXNET_BAD_FILE);
            free(cut);
        }
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

/* libjpeg warns about them; PIL decodes them, and so do we: all pixels are present. */
static void bytes_between_markers_are_ignored(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes file = an_sample_read(ctx, "rgb420.jpg");
    an_image clean = an_sample_decode(ctx, "rgb420.jpg"), image = {0};
    uint8_t *longer = malloc(file.size + 7);

    memcpy(longer, file.data, file.size - 2);
    memset(longer + file.size - 2, 0, 7);
    memcpy(longer + file.size + 5, file.data + file.size - 2, 2);
    an_assert_ok(ctx, an_jpeg_decode(ctx, longer, file.size + 7, NULL, &image));
    an_assert_image(&image, clean.width, clean.height, clean.pixels);
    free(longer);
    an_bytes_free(ctx, &file);
    an_image_free(ctx, &clean);
    an_image_free(ctx, &image);
}

/* ---- files that PIL cannot write ---- */

typedef struct writer_options {
    bool arithmetic;
    int components;
    const jpeg_scan_info *scans;
    int scan_count;
} writer_options;

/* Returns a grey ramp of width x height as JPEG. Free with free(). */
static uint8_t *write_ramp(int width, int height, writer_options options, size_t *bytes)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long size = 0;
    uint8_t *row = malloc((size_t)width * (size_t)options.components);

    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = options.components;
    info.in_color_space = options.components == 1 ? JCS_GRAYSCALE : JCS_UNKNOWN;
    jpeg_set_defaults(&info);
    info.arith_code = options.arithmetic;
    info.scan_info = options.scans;
    info.num_scans = options.scan_count;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        memset(row, (int)(info.next_scanline * 3 % 256),
               (size_t)width * (size_t)options.components);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    free(row);
    *bytes = size;
    return data;
}

static void arithmetic_coding_gives_the_pixels_of_huffman_coding(void **state)
{
    alexnet_context *ctx = *state;
    an_image huffman = {0}, arithmetic = {0};
    size_t bytes;

    uint8_t *data = write_ramp(33, 21, (writer_options){.components = 1}, &bytes);
    an_assert_ok(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &huffman));
    free(data);
    data = write_ramp(33, 21, (writer_options){.components = 1, .arithmetic = true}, &bytes);
    an_assert_ok(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &arithmetic));
    free(data);
    an_assert_image(&arithmetic, 33, 21, huffman.pixels);
    an_image_free(ctx, &huffman);
    an_image_free(ctx, &arithmetic);
}

static void two_channels_are_unsupported(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};
    size_t bytes;

    uint8_t *data = write_ramp(8, 8, (writer_options){.components = 2}, &bytes);
    an_assert_status(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &image), ALEXNET_UNSUPPORTED);
    free(data);
    an_image_free(ctx, &image);
}

/* Returns a progressive image whose last scan, from its SOS marker to the end marker, is repeated
   `more` times. Free with free(). */
static uint8_t *write_scans(int side, size_t more, size_t *bytes)
{
    static const jpeg_scan_info scans[2] = {{.comps_in_scan = 1},
                                            {.comps_in_scan = 1, .Ss = 1, .Se = 63}};
    uint8_t *data = write_ramp(
        side, side, (writer_options){.components = 1, .scans = scans, .scan_count = 2}, bytes);
    size_t start = *bytes - 2;

    while (!(data[start] == 0xff && data[start + 1] == 0xda))
        --start;
    const size_t length = *bytes - 2 - start;
    uint8_t *all = malloc(*bytes + more * length);
    assert_non_null(all);
    memcpy(all, data, *bytes - 2);
    for (size_t i = 0; i < more; ++i)
        memcpy(all + *bytes - 2 + i * length, data + start, length);
    memcpy(all + *bytes - 2 + more * length, data + *bytes - 2, 2);
    *bytes += more * length;
    free(data);
    return all;
}

/* Each scan costs one pass over the whole image but few bytes of the file. */
static void scans_times_pixels_are_bounded(void **state)
{
    static const struct {
        int side;
        size_t scans;
        alexnet_status status;
    } rows[] = {
        {16, 2, ALEXNET_OK},         {16, 100, ALEXNET_OK},  {16, 101, ALEXNET_BAD_FILE},
        {16, 400, ALEXNET_BAD_FILE}, {4096, 12, ALEXNET_OK}, {4096, 30, ALEXNET_BAD_FILE},
    };
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_image image = {0};
        size_t bytes;
        uint8_t *data = write_scans(rows[i].side, rows[i].scans - 2, &bytes);
        an_assert_status(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &image), rows[i].status);
        if (rows[i].status != ALEXNET_OK) {
            an_assert_error(ctx, " scans of ");
            assert_null(image.pixels); /* refused before decoding */
        }
        free(data);
        an_image_free(ctx, &image);
    }
}

static void an_image_may_be_one_pixel_wide(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};
    size_t bytes;

    uint8_t *data = write_ramp(1, 65500, (writer_options){.components = 1}, &bytes);
    an_assert_ok(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &image));
    assert_int_equal(image.width, 1);
    assert_int_equal(image.height, 65500);
    free(data);
    data = write_ramp(65500, 1, (writer_options){.components = 1}, &bytes);
    an_assert_ok(ctx, an_jpeg_decode(ctx, data, bytes, NULL, &image));
    assert_int_equal(image.width, 65500);
    free(data);
    an_image_free(ctx, &image);
}

static void the_orientation_is_read(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (int orientation = 1; orientation <= 8; ++orientation) {
        char name[] = "exif0.jpg";
        int turn = 1;
        name[4] = (char)('0' + orientation);
        an_bytes file = an_sample_read(ctx, name);
        an_assert_ok(ctx, an_jpeg_decode(ctx, file.data, file.size, &turn, &image));
        assert_int_equal(turn, orientation);
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(every_truncated_file_fails),
        an_unit_test(bytes_between_markers_are_ignored),
        an_unit_test(arithmetic_coding_gives_the_pixels_of_huffman_coding),
        an_unit_test(two_channels_are_unsupported),
        an_unit_test(scans_times_pixels_are_bounded),
        an_unit_test(an_image_may_be_one_pixel_wide),
        an_unit_test(the_orientation_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
