/*
 * image_test.c: compares every drawn image with PIL's decoding; the pixel buffer; other files.
 * SPDX-License-Identifier: MIT
 */
#include "image/codec.h"
#include "image/samples.h"

#include <string.h>

static void images_decode_as_pil_does(void **state)
{
    static const struct {
        const char *file;
        int width, height;
        const char *stored, *upright;
    } rows[] = {
#include "golden/image_decode.inc"
    };
    alexnet_context *ctx = *state;
    an_image image = {0}; /* one for all files, so that buffers of every size are reused */

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_sample_read(ctx, rows[i].file);
        an_assert_ok(ctx,
                     an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_IGNORE, &image));
        assert_int_equal(image.width, rows[i].width);
        assert_int_equal(image.height, rows[i].height);
        an_assert_pixels(rows[i].file, &image, rows[i].stored);
        an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
        an_assert_pixels(rows[i].file, &image, rows[i].upright);
        assert_true(an_image_sniff(file.data, AN_MIN(file.size, AN_IMAGE_SNIFF_BYTES)));
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

static void a_header_says_how_large_the_image_is(void **state)
{
    static const struct {
        const char *file;
        int width, height;
        const char *stored, *upright;
    } rows[] = {
#include "golden/image_decode.inc"
    };
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_sample_read(ctx, rows[i].file);
        an_image image;
        an_assert_ok(ctx,
                     an_image_measure(ctx, file.data, file.size, AN_ORIENTATION_IGNORE, &image));
        assert_int_equal(image.width, rows[i].width);
        assert_int_equal(image.height, rows[i].height);
        assert_null(image.pixels);
        const size_t stored = image.working;
        an_assert_ok(ctx, an_image_measure(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
        if (strcmp(rows[i].stored, rows[i].upright) != 0) /* turning it takes another */
            assert_int_equal(image.working - stored, an_image_bytes(&image));
        an_bytes_free(ctx, &file);
    }
}

static void other_files_are_refused_and_named(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"", 0, ALEXNET_BAD_FILE, "only 0 bytes"},
        {"\xff\xd8", 2, ALEXNET_BAD_FILE, "only 2 bytes"},
        {"<html>", 6, ALEXNET_BAD_FILE, "begins with bytes 3c 68 74 6d"},
        {"PK\3\4zip", 7, ALEXNET_BAD_FILE, "a ZIP archive, not an image: unpack it"},
        {"\0\0\1\0\1\0", 6, ALEXNET_UNSUPPORTED, "ICO is not supported; convert to JPEG"},
        {"\x0a\5\1\x08", 4, ALEXNET_UNSUPPORTED, "PCX is not supported"},
        {"\0\0\2\0\0\0\0\0\0\0\0\0", 12, ALEXNET_UNSUPPORTED, "TGA is not supported"},
        {"BM 0\n", 6, ALEXNET_BAD_FILE, "not an image"},
        {"RIFF\x10\0\0\0WEB", 11, ALEXNET_BAD_FILE, "not an image"},
        {"\0\0\0\x1c"
         "ftypavif",
         12, ALEXNET_UNSUPPORTED,
         "AVIF is not supported; convert to JPEG, for example with 'magick"},
        {"\0\0\0\x1c"
         "ftypheic",
         12, ALEXNET_UNSUPPORTED, "HEIC is not supported; convert to"},
        {"\0\0\0\x18"
         "ftypmif1",
         12, ALEXNET_UNSUPPORTED, "HEIF is not supported"},
        {"\0\0\0\x0cJXL \r\n\x87\n", 12, ALEXNET_UNSUPPORTED, "JPEG XL is not supported"},
        {"\0\0\0\x0cjP  \r\n\x87\n", 12, ALEXNET_UNSUPPORTED, "JPEG 2000 is not supported"},
        {"8BPS\0\1", 6, ALEXNET_UNSUPPORTED, "PSD is not supported"},
        {"<svg xmlns=", 11, ALEXNET_UNSUPPORTED, "SVG is not supported"},
        {"IIU\0\x18\0\0\0", 8, ALEXNET_UNSUPPORTED, "raw photograph (RW2) is not supported"},
        {"FUJIFILMCCD-RAW ", 16, ALEXNET_UNSUPPORTED, "raw photograph (RAF) is not supported"},
    };
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(
            ctx, an_image_decode(ctx, rows[i].data, rows[i].size, AN_ORIENTATION_EXIF, &image),
            rows[i].status);
        an_assert_error(ctx, rows[i].message);
        assert_false(an_image_sniff(rows[i].data, rows[i].size));
    }
    an_image_free(ctx, &image);
}

static void an_image_reuses_its_buffer(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};

    an_assert_ok(ctx, an_image_reserve(ctx, &image, 10, 20));
    const uint8_t *pixels = image.pixels;
    an_assert_ok(ctx, an_image_reserve(ctx, &image, 20, 10));
    assert_ptr_equal(image.pixels, pixels);
    assert_int_equal(image.width, 20);
    assert_int_equal(image.height, 10);
    an_assert_ok(ctx, an_image_reserve(ctx, &image, 3, 1));
    assert_int_equal(image.capacity, 600);
    an_image_free(ctx, &image);
    an_image_free(ctx, &image); /* does nothing the second time */
    assert_null(image.pixels);
}

static void sizes_outside_the_limits_are_refused(void **state)
{
    static const int sizes[][2] = {
        {0, 1},     {1, 0},         {-1, 5},        {65536, 1},
        {1, 65536}, {16385, 16384}, {65535, 65535}, {INT32_MAX, 2},
    };
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(sizes); ++i)
        an_assert_status(ctx, an_image_reserve(ctx, &image, sizes[i][0], sizes[i][1]),
                         ALEXNET_BAD_ARG);
    assert_null(image.pixels);
    an_assert_ok(ctx, an_image_reserve(ctx, &image, 65535, 1));
    an_assert_ok(ctx, an_image_reserve(ctx, &image, 1, 65535));
    an_image_free(ctx, &image);
}

static void every_failed_allocation_is_a_status(void **state)
{
    static const char *const files[] = {"rgb420.jpg", "cmyk_adobe.jpg", "gzipped.jpg",
                                        "exif5.jpg",  "interlaced.png", "palette8_transparent.png",
                                        "exif6.png"};
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        an_bytes file = an_sample_read(ctx, files[i]);
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_image image = {0};
            an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
            const alexnet_status status =
                an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image);
            const bool failed = an_test_fault_disarm(&fault);
            an_image_free(ctx, &image);
            assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
            if (!failed) break;
        }
        an_bytes_free(ctx, &file);
    }
}

static void an_image_is_reusable_after_a_failure(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes good = an_sample_read(ctx, "rgb420.jpg"),
             bad = an_sample_read(ctx, "bad_truncated.jpg");
    an_image image = {0};

    for (int i = 0; i < 3; ++i) {
        an_assert_ok(ctx, an_image_decode(ctx, good.data, good.size, AN_ORIENTATION_EXIF, &image));
        an_assert_status(ctx, an_image_decode(ctx, bad.data, bad.size, AN_ORIENTATION_EXIF, &image),
                         ALEXNET_BAD_FILE);
    }
    an_image_free(ctx, &image);
    an_bytes_free(ctx, &good);
    an_bytes_free(ctx, &bad);
}

static void the_pixel_limit_is_an_option(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};
    an_bytes file = an_sample_read(ctx, "rgb8.png");

    an_assert_ok(ctx, an_image_check_size(ctx, "photo", 16320, 12240)); /* a phone: 200 MP */
    an_assert_status(ctx, an_image_check_size(ctx, "photo", 16384, 16385), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "photo: 16384 x 16385 pixels; expected 1 to 65535 per side and at most "
                         "268435456 in total (--max-pixels, max_pixels)");
    an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
    ctx->options.max_pixels = (int64_t)image.width * image.height - 1;
    an_assert_status(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "max_pixels");
    an_image_free(ctx, &image);
    an_bytes_free(ctx, &file);
}

static void too_many_pixels_per_byte_are_refused(void **state)
{
    alexnet_context *ctx = *state;

    an_assert_ok(ctx, an_image_check_ratio(ctx, "WebP", 4096, 4096, 30));
    an_assert_status(ctx, an_image_check_ratio(ctx, "WebP", 16383, 16383, 30), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "WebP: 16383 x 16383 pixels in 30 bytes: expected at most 1000 per byte");
    an_assert_ok(ctx, an_image_check_ratio(ctx, "WebP", 16383, 16383, 300000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(images_decode_as_pil_does),
        an_unit_test(a_header_says_how_large_the_image_is),
        an_unit_test(other_files_are_refused_and_named),
        an_unit_test(an_image_reuses_its_buffer),
        an_unit_test(sizes_outside_the_limits_are_refused),
        an_unit_test(every_failed_allocation_is_a_status),
        an_unit_test(an_image_is_reusable_after_a_failure),
        an_unit_test(the_pixel_limit_is_an_option),
        an_unit_test(too_many_pixels_per_byte_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
