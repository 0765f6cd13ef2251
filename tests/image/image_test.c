/*
 * image_test.c: what PIL makes of every drawn image, the pixel buffer, and files that are no images.
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
    an_image image = {0}; /* one for all, so that buffers of every size are used again */

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_kind_read_image(ctx, rows[i].file);
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
        an_bytes file = an_kind_read_image(ctx, rows[i].file);
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

static void other_files_are_refused_by_name(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"", 0, ALEXNET_BAD_FILE, "0 bytes in all"},
        {"\xff\xd8", 2, ALEXNET_BAD_FILE, "2 bytes in all"},
        {"<html>", 6, ALEXNET_BAD_FILE, "begins with bytes 3c 68 74 6d"},
        {"PK\3\4zip", 7, ALEXNET_BAD_FILE, "a ZIP archive, not an image: unpack it"},
        {"\0\0\1\0\1\0", 6, ALEXNET_UNSUPPORTED, "ICO is not read; convert to JPEG"},
        {"\x0a\5\1\x08", 4, ALEXNET_UNSUPPORTED, "PCX is not read"},
        {"\0\0\2\0\0\0\0\0\0\0\0\0", 12, ALEXNET_UNSUPPORTED, "TGA is not read"},
        {"BM 0\n", 6, ALEXNET_BAD_FILE, "not an image"},
        {"RIFF\x10\0\0\0WEB", 11, ALEXNET_BAD_FILE, "not an image"},
        {"\0\0\0\x1c"
         "ftypavif",
         12, ALEXNET_UNSUPPORTED, "AVIF is not read; convert to JPEG, for example with 'magick"},
        {"\0\0\0\x1c"
         "ftypheic",
         12, ALEXNET_UNSUPPORTED, "HEIC is not read; convert to"},
        {"\0\0\0\x18"
         "ftypmif1",
         12, ALEXNET_UNSUPPORTED, "HEIF is not read"},
        {"\0\0\0\x0cJXL \r\n\x87\n", 12, ALEXNET_UNSUPPORTED, "JPEG XL is not read"},
        {"\0\0\0\x0cjP  \r\n\x87\n", 12, ALEXNET_UNSUPPORTED, "JPEG 2000 is not read"},
        {"8BPS\0\1", 6, ALEXNET_UNSUPPORTED, "PSD is not read"},
        {"<svg xmlns=", 11, ALEXNET_UNSUPPORTED, "SVG is not read"},
        {"IIU\0\x18\0\0\0", 8, ALEXNET_UNSUPPORTED, "raw photograph (RW2) is not read"},
        {"FUJIFILMCCD-RAW ", 16, ALEXNET_UNSUPPORTED, "raw photograph (RAF) is not read"},
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

static void an_image_keeps_its_buffer(void **state)
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
    an_image_free(ctx, &image); /* harmless */
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

static void short_memory_is_a_status_at_every_point(void **state)
{
    static const char *const files[] = {"rgb420.jpg", "cmyk_adobe.jpg", "gzipped.jpg",
                                        "exif5.jpg",  "interlaced.png", "palette8_transparent.png",
                                        "exif6.png"};
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        an_bytes file = an_kind_read_image(ctx, files[i]);
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

static void an_image_serves_again_after_a_failure(void **state)
{
    alexnet_context *ctx = *state;
    an_bytes good = an_kind_read_image(ctx, "rgb420.jpg"),
             bad = an_kind_read_image(ctx, "bad_truncated.jpg");
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

static void pixels_have_a_limit_that_can_be_chosen(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};
    an_bytes file = an_kind_read_image(ctx, "rgb8.png");

    an_assert_ok(ctx, an_image_check_size(ctx, "photo", 16320, 12240)); /* of a phone: 200 M */
    an_assert_status(ctx, an_image_check_size(ctx, "photo", 16384, 16385), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "photo: 16384 x 16385 pixels; expected 1 to 65535 a side and at most "
                         "268435456 in all (--max-pixels, max_pixels)");
    an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
    ctx->options.max_pixels = (int64_t)image.width * image.height - 1;
    an_assert_status(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "max_pixels");
    an_image_free(ctx, &image);
    an_bytes_free(ctx, &file);
}

static void few_bytes_are_not_believed_to_be_many_pixels(void **state)
{
    alexnet_context *ctx = *state;

    an_assert_ok(ctx, an_image_check_ratio(ctx, "WebP", 4096, 4096, 30));
    an_assert_status(ctx, an_image_check_ratio(ctx, "WebP", 16383, 16383, 30), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "WebP: 16383 x 16383 pixels in 30 bytes: more than 1000 a byte");
    an_assert_ok(ctx, an_image_check_ratio(ctx, "WebP", 16383, 16383, 300000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(images_decode_as_pil_does),
        an_unit_test(a_header_says_how_large_the_image_is),
        an_unit_test(other_files_are_refused_by_name),
        an_unit_test(an_image_keeps_its_buffer),
        an_unit_test(sizes_outside_the_limits_are_refused),
        an_unit_test(short_memory_is_a_status_at_every_point),
        an_unit_test(an_image_serves_again_after_a_failure),
        an_unit_test(pixels_have_a_limit_that_can_be_chosen),
        an_unit_test(few_bytes_are_not_believed_to_be_many_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
