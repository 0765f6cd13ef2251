/*
 * formats_test.c: WebP, GIF, TIFF and BMP: what PIL makes of every drawn image, and files that must fail. The images and
 * the answers are written by tests/golden/formats_golden.py.
 * SPDX-License-Identifier: MIT
 */
#include "image/pictures.h"

#include "image/codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const an_codec *codec_of(const char *format)
{
    static const struct {
        const char *format;
        const an_codec *codec;
    } rows[] = {{"webp", &an_codec_webp},
                {"gif", &an_codec_gif},
                {"tiff", &an_codec_tiff},
                {"bmp", &an_codec_bmp}};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (strcmp(rows[i].format, format) == 0) return rows[i].codec;
    }
    fail_msg("no format %s", format);
    return NULL;
}

/* False, and it is said once for each format, where this build does not read it. */
static bool is_read(const char *format)
{
    static char said[64];

    if (codec_of(format)->decode != NULL) return true;
    if (strstr(said, format) == NULL) {
        printf("left out: this build does not read %s\n", format);
        strcat(said, format);
    }
    return false;
}

static an_bytes read_image(alexnet_context *ctx, const char *format, const char *file)
{
    char name[128];

    snprintf(name, sizeof name, "../%s/%s", format, file);
    return an_picture_read(ctx, name);
}

static void images_decode_as_pil_does(void **state)
{
    static const struct {
        const char *format, *file;
        int width, height;
        const char *stored, *upright;
    } rows[] = {
#include "golden/image_formats.inc"
    };
    alexnet_context *ctx = *state;
    an_image image = {0}; /* one for all, so that buffers of every size are used again */
    char what[128];

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (!is_read(rows[i].format)) continue;
        an_bytes file = read_image(ctx, rows[i].format, rows[i].file);
        snprintf(what, sizeof what, "%s/%s", rows[i].format, rows[i].file);
        assert_true(codec_of(rows[i].format)->sniff(file.data, AN_IMAGE_SNIFF_BYTES));
        assert_true(an_image_sniff(file.data, AN_IMAGE_SNIFF_BYTES));
        an_assert_ok(ctx,
                     an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_IGNORE, &image));
        assert_int_equal(image.width, rows[i].width);
        assert_int_equal(image.height, rows[i].height);
        an_assert_pixels(what, &image, rows[i].stored);
        an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image));
        an_assert_pixels(what, &image, rows[i].upright);
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

static void damaged_files_fail_and_say_why(void **state)
{
    static const struct {
        const char *format, *file;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"webp", "bad_truncated", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"webp", "bad_truncated_lossless", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"webp", "bad_truncated_frame", ALEXNET_BAD_FILE, "WebP: truncated"},
        {"webp", "bad_empty", ALEXNET_BAD_FILE, "WebP: "},
        {"webp", "bad_huge", ALEXNET_BAD_FILE, "WebP: "},
        {"webp", "bad_outside", ALEXNET_BAD_FILE, "WebP: the first frame lies outside the image"},
        {"gif", "bad_truncated", ALEXNET_BAD_FILE, "GIF: truncated"},
        {"gif", "bad_no_end", ALEXNET_BAD_FILE, "GIF: truncated"},
        {"gif", "bad_empty", ALEXNET_BAD_FILE, "GIF: no image in it"},
        {"gif", "bad_large", ALEXNET_BAD_FILE, "GIF: 60000 x 60000 pixels; expected"},
        {"gif", "bad_ratio", ALEXNET_BAD_FILE, "GIF: truncated: 8000 x 8000 pixels cannot be in"},
        {"gif", "bad_header", ALEXNET_BAD_FILE, "GIF: truncated"},
        {"tiff", "bad_truncated", ALEXNET_BAD_FILE, "TIFF: "},
        {"tiff", "bad_lzw", ALEXNET_BAD_FILE, "TIFF: "},
        {"tiff", "bad_huge", ALEXNET_BAD_FILE, "TIFF: 60000 x 60000 pixels; expected"},
        {"tiff", "bad_large", ALEXNET_BAD_FILE, "TIFF: "},
        {"tiff", "bad_loop", ALEXNET_BAD_FILE, "TIFF: "},
        {"tiff", "bad_empty", ALEXNET_BAD_FILE, "TIFF: "},
        {"tiff", "bad_float", ALEXNET_UNSUPPORTED, "TIFF: "},
        {"tiff", "bad_inks", ALEXNET_UNSUPPORTED, "TIFF of 5 inks is not read; convert it to JPEG"},
        {"tiff", "bad_dng", ALEXNET_UNSUPPORTED, "raw photograph (DNG) is not read; convert"},
        {"tiff", "bad_cr2", ALEXNET_UNSUPPORTED, "raw photograph (CR2) is not read; convert"},
        {"tiff", "bad_nef", ALEXNET_UNSUPPORTED, "raw photograph (as of NEF or ARW) is not read"},
        {"bmp", "bad_truncated", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bmp", "bad_colours", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bmp", "bad_rle", ALEXNET_UNSUPPORTED, "BMP of run lengths is not read; convert"},
        {"bmp", "bad_jpeg", ALEXNET_UNSUPPORTED, "BMP of compression 4 is not read"},
        {"bmp", "bad_bits", ALEXNET_BAD_FILE, "BMP: expected 1, 4, 8, 16, 24 or 32 bits, found 7"},
        {"bmp", "bad_huge", ALEXNET_BAD_FILE, "BMP: 60000 x 60000 pixels; expected"},
        {"bmp", "bad_large", ALEXNET_BAD_FILE, "BMP: truncated"},
        {"bmp", "bad_width", ALEXNET_BAD_FILE, "BMP: -13 x 9 pixels; expected"},
        {"bmp", "bad_height", ALEXNET_BAD_FILE, "BMP: 13 x 2147483648 pixels; expected"},
        {"bmp", "bad_masks", ALEXNET_BAD_FILE, "BMP: masks go with 16 or 32 bits"},
        {"bmp", "bad_header", ALEXNET_BAD_FILE, "BMP: truncated"},
    };
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_image image = {0};
        if (!is_read(rows[i].format)) continue;
        an_bytes file = read_image(ctx, rows[i].format, rows[i].file);
        an_assert_status(ctx,
                         an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image),
                         rows[i].status);
        an_assert_error(ctx, rows[i].message);
        assert_true(image.capacity < 10000); /* nothing large on the word of a header */
        an_image_free(ctx, &image);
        an_bytes_free(ctx, &file);
    }
}

/* Cut anywhere a file is an error or, where only what follows the pixels is gone, what it was. */
static void every_truncation_is_noticed(void **state)
{
    static const struct {
        const char *format, *file;
    } rows[] = {
        {"webp", "lossy_alpha"}, {"webp", "animated_part"}, {"gif", "interlaced"}, {"gif", "part"},
        {"tiff", "rgb16"},       {"tiff", "lzw"},           {"bmp", "bits4"},      {"bmp", "os2"},
    };
    alexnet_context *ctx = *state;
    an_image whole = {0}, part = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (!is_read(rows[i].format)) continue;
        an_bytes file = read_image(ctx, rows[i].format, rows[i].file);
        an_assert_ok(ctx, an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &whole));
        for (size_t size = 0; size < file.size; ++size) {
            uint8_t *cut =
                malloc(size > 0 ? size : 1); /* of exactly this size, for AddressSanitizer */
            memcpy(cut, file.data, size);
            if (an_image_decode(ctx, cut, size, AN_ORIENTATION_EXIF, &part) == ALEXNET_OK) {
                assert_true(size + 16 > file.size);
                an_assert_image(&part, whole.width, whole.height, whole.pixels);
            }
            free(cut);
        }
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &whole);
    an_image_free(ctx, &part);
}

static void a_format_without_its_library_is_named(void **state)
{
    static const char *const formats[] = {"webp", "gif", "tiff"};
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(formats); ++i) {
        char expected[64];
        const an_codec *codec = codec_of(formats[i]);
        if (codec->decode != NULL) continue;
        an_bytes file = read_image(ctx, formats[i], formats[i][0] == 't' ? "rgb" : "animated");
        an_assert_status(ctx,
                         an_image_decode(ctx, file.data, file.size, AN_ORIENTATION_EXIF, &image),
                         ALEXNET_UNSUPPORTED);
        snprintf(expected, sizeof expected, "this build does not read %s: it was made without %s",
                 codec->name, codec->library);
        an_assert_error(ctx, expected);
        an_bytes_free(ctx, &file);
    }
}

static void short_memory_is_a_status_at_every_point(void **state)
{
    static const struct {
        const char *format, *file;
    } rows[] = {{"webp", "exif6"}, {"gif", "part"}, {"tiff", "turned6"}, {"bmp", "bits8"}};
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (!is_read(rows[i].format)) continue;
        an_bytes file = read_image(ctx, rows[i].format, rows[i].file);
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

static void names_say_the_format(void **state)
{
    static const struct {
        const char *path, *name;
        const an_codec *codec; /* NULL: not read */
    } rows[] = {
        {"a.jpg", "JPEG", &an_codec_jpeg},
        {"a.JPEG", "JPEG", &an_codec_jpeg},
        {"a.jfif", "JPEG", &an_codec_jpeg},
        {"a.jpe", "JPEG", &an_codec_jpeg},
        {"b/a.png", "PNG", &an_codec_png},
        {"b/a.WebP", "WebP", &an_codec_webp},
        {"a.gif", "GIF", &an_codec_gif},
        {"a.tif", "TIFF", &an_codec_tiff},
        {"a.b.tiff", "TIFF", &an_codec_tiff},
        {"a.bmp", "BMP", &an_codec_bmp},
        {"IMG_1.HEIC", "HEIC", NULL},
        {"a.avif", "AVIF", NULL},
        {"a.jxl", "JPEG XL", NULL},
        {"a.jp2", "JPEG 2000", NULL},
        {"a.psd", "PSD", NULL},
        {"a.svg", "SVG", NULL},
        {"a.cr2", "CR2", NULL},
        {"a.NEF", "NEF", NULL},
        {"a.arw", "ARW", NULL},
        {"a.dng", "DNG", NULL},
        {"a.txt", NULL, NULL},
        {"jpg", NULL, NULL},
        {"a.jpg/b", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_image_kind kind = an_image_kind_of(rows[i].path);
        if (rows[i].name == NULL) assert_null(kind.name);
        if (rows[i].name != NULL) assert_string_equal(kind.name, rows[i].name);
        assert_int_equal(kind.read, rows[i].codec != NULL && rows[i].codec->decode != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(images_decode_as_pil_does),
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(every_truncation_is_noticed),
        an_unit_test(a_format_without_its_library_is_named),
        an_unit_test(short_memory_is_a_status_at_every_point),
        an_unit_test(names_say_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
