/*
 * kinds_test.c: the format that the name of a file indicates, and raw photographs that are TIFF
 * files. The formats that the first bytes indicate are in image_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/codec.h"
#include <stdio.h>
#include <string.h>

static void extensions_indicate_the_format(void **state)
{
    static const struct {
        const char *path, *name;
        const an_codec *codec; /* NULL: not supported */
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
        {"a.jif", "JPEG", &an_codec_jpeg},
        {"a.PJPEG", "JPEG", &an_codec_jpeg},
        {"a.mpo", "JPEG", &an_codec_jpeg},
        {"a.apng", "PNG", &an_codec_png},
        {"a.dib", "BMP", &an_codec_bmp},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_image_kind kind = an_image_kind_of(rows[i].path);
        if (rows[i].name == NULL) assert_null(kind.name);
        if (rows[i].name != NULL) assert_string_equal(kind.name, rows[i].name);
        assert_int_equal(kind.read, rows[i].codec != NULL && rows[i].codec->decode != NULL);
    }
}

/* Refused by name even if this build supports TIFF, and even if the preview could be decoded. */
static void raw_photographs_are_detected_by_content(void **state)
{
    static const struct {
        const char *file, *kind;
    } rows[] = {{"bad_dng", "DNG"}, {"bad_cr2", "CR2"}, {"bad_nef", "such as NEF or ARW"}};
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char name[64], message[128];
        snprintf(name, sizeof name, "../tiff/%s", rows[i].file);
        snprintf(message, sizeof message,
                 "raw photograph (%s) is not supported; convert to JPEG, for example with 'magick",
                 rows[i].kind);
        an_bytes bytes = an_sample_read(ctx, name);
        an_assert_status(ctx,
                         an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &image),
                         ALEXNET_UNSUPPORTED);
        an_assert_error(ctx, message);
        an_bytes_free(ctx, &bytes);
    }
}

/* One entry each; there are no pixels to decode. */
static void the_first_directory_shows_what_is_raw(void **state)
{
    static const struct {
        uint8_t data[24];
        const char *kind; /* NULL: none */
    } rows[] = {
        {{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0xc6, 1, 0, 4, 0, 0, 0, 1, 4}, "DNG"},
        {{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0xc6, 0x12, 0, 1, 0, 0, 0, 4, 1, 4}, "DNG"},
        {{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 6, 1, 3, 0, 1, 0, 0, 0, 0x23, 0x80}, "such as NEF"},
        {{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 6, 1, 3, 0, 1, 0, 0, 0, 2}, NULL},    /* RGB */
        {{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0xfe, 0, 4, 0, 1, 0, 0, 0, 1}, NULL}, /* a preview */
        {{'I', 'I', 42, 0, 8, 0, 0, 0, 0, 0, 0x12, 0xc6, 1, 0, 4, 0, 0, 0, 1, 4}, NULL},
        {{'I', 'I', 42, 0, 200, 0, 0, 0, 1, 0, 0x12, 0xc6, 1, 0, 4, 0, 0, 0, 1, 4}, NULL},
        {{'I', 'I', 42, 0, 16, 0, 0, 0, 'C', 'R', 2, 0}, "CR2"},
        {{'I', 'I', 42, 0, 12, 0, 0, 0, 'C', 'R', 2, 0}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *kind = an_image_raw(rows[i].data, sizeof rows[i].data);
        if (rows[i].kind == NULL) assert_null(kind);
        if (rows[i].kind != NULL) assert_non_null(strstr(kind, rows[i].kind));
    }
}

/* The pixels begin where Canon's files have their mark: 67, 82, 2, 0 are four grey pixels. */
static void pixels_are_not_mistaken_for_canons_mark(void **state)
{
    static const uint8_t grey[] = {
        'I', 'I', 42, 0, 12, 0, 0, 0, 67, 82, 2, 0,              /* the directory is at 12 */
        8,   0,   0,  1, 3,  0, 1, 0, 0,  0,  4, 0, 0, 0,        /* width */
        1,   1,   3,  0, 1,  0, 0, 0, 1,  0,  0, 0,              /* height */
        2,   1,   3,  0, 1,  0, 0, 0, 8,  0,  0, 0,              /* bits */
        6,   1,   3,  0, 1,  0, 0, 0, 1,  0,  0, 0,              /* 0 is black */
        17,  1,   4,  0, 1,  0, 0, 0, 8,  0,  0, 0,              /* where the pixels are */
        21,  1,   3,  0, 1,  0, 0, 0, 1,  0,  0, 0,              /* channels */
        22,  1,   3,  0, 1,  0, 0, 0, 1,  0,  0, 0,              /* rows in the strip */
        23,  1,   4,  0, 1,  0, 0, 0, 4,  0,  0, 0, 0, 0, 0, 0}; /* bytes in the strip */
    static const uint8_t rgb[] = {67, 67, 67, 82, 82, 82, 2, 2, 2, 0, 0, 0};
    alexnet_context *ctx = *state;
    an_image image = {0};

    assert_null(an_image_raw(grey, sizeof grey));
    if (an_codec_tiff.decode == NULL) skip();
    an_assert_ok(ctx, an_image_decode(ctx, grey, sizeof grey, AN_ORIENTATION_EXIF, &image));
    an_assert_image(&image, 4, 1, rgb);
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(extensions_indicate_the_format),
        an_unit_test(raw_photographs_are_detected_by_content),
        an_unit_test(the_first_directory_shows_what_is_raw),
        an_unit_test(pixels_are_not_mistaken_for_canons_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
