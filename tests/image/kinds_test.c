/*
 * kinds_test.c: what the name of a file says about the format. What its first bytes say is in image_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "image/pictures.h"

#include "image/codec.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(names_say_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
