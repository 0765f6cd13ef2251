/*
 * png_test.c: PNGs that must fail, and chunks that must be ignored. Ordinary PNGs: image_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "base/memory.h"
#include "image/codec.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void damaged_files_fail_and_say_why(void **state)
{
    static const struct {
        const char *file, *message;
    } rows[] = {
        {"bad_truncated.png", "PNG: truncated: the file ends within the image"},
        {"bad_checksum.png", "PNG: IDAT: "},
        {"bad_huge.png", "PNG: 60000 x 60000 pixels; expected"},
        {"bad_large.png", "PNG: truncated: 192000000 bytes of pixels cannot be in"},
        {"bad_no_palette.png", "Missing PLTE before IDAT"},
    };
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_bytes file = an_sample_read(ctx, rows[i].file);
        an_assert_status(ctx, an_png_decode(ctx, file.data, file.size, NULL, &image),
                         ALEXNET_BAD_FILE);
        an_assert_error(ctx, rows[i].message);
        an_bytes_free(ctx, &file);
    }
    assert_true(image.capacity < 10000); /* a claim in a header allocates nothing */
    an_image_free(ctx, &image);
}

#define IEND_BYTES 12

static void every_file_that_lacks_pixels_fails(void **state)
{
    static const char *const files[] = {"grey4.png", "interlaced.png", "palette8_transparent.png"};
    alexnet_context *ctx = *state;
    an_image image = {0};

    for (size_t i = 0; i < AN_COUNT(files); ++i) {
        an_bytes file = an_sample_read(ctx, files[i]);
        for (size_t size = 0; size < file.size - IEND_BYTES; ++size) {
            uint8_t *cut =
                malloc(size > 0 ? size : 1); /* of exactly this size, for AddressSanitizer */
            memcpy(cut, file.data, size);
            an_assert_status(ctx, an_png_decode(ctx, cut, size, NULL, &image), ALEXNET_BAD_FILE);
            free(cut);
        }
        an_bytes_free(ctx, &file);
    }
    an_image_free(ctx, &image);
}

/* Returns a copy of rgb8.png with a chunk inserted before the pixels. Free with free(). */
static uint8_t *with_chunk(alexnet_context *ctx, const char *name, const uint8_t *data,
                           size_t bytes, size_t *size)
{
    enum { HEADER_BYTES = 33 }; /* signature and IHDR */
    an_bytes file = an_sample_read(ctx, "rgb8.png");
    uint8_t *longer = malloc(file.size + bytes + 12), *at = longer + HEADER_BYTES;

    memcpy(longer, file.data, HEADER_BYTES);
    for (int i = 0; i < 4; ++i)
        at[i] = (uint8_t)(bytes >> (24 - 8 * i));
    memcpy(at + 4, name, 4);
    memcpy(at + 8, data, bytes);
    const uLong checksum = crc32(0, at + 4, (uInt)bytes + 4);
    for (int i = 0; i < 4; ++i)
        at[8 + bytes + (size_t)i] = (uint8_t)(checksum >> (24 - 8 * i));
    memcpy(at + bytes + 12, file.data + HEADER_BYTES, file.size - HEADER_BYTES);
    *size = file.size + bytes + 12;
    an_bytes_free(ctx, &file);
    return longer;
}

static void text_and_profiles_are_ignored(void **state)
{
    static const char *const names[] = {"tEXt", "zTXt", "iTXt", "iCCP", "eXIf", "prVt"};
    alexnet_context *ctx = *state;
    an_image clean = an_sample_decode(ctx, "rgb8.png"), image = {0};
    const size_t bytes = (size_t)9 << 20; /* more than libpng keeps by default */
    uint8_t *nothing = an_new_zeroed(ctx, bytes);

    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        size_t size;
        int turn = 1;
        uint8_t *file = with_chunk(ctx, names[i], nothing, bytes, &size);
        an_assert_ok(ctx, an_png_decode(ctx, file, size, NULL, &image));
        an_assert_image(&image, clean.width, clean.height, clean.pixels);
        an_assert_ok(ctx, an_png_decode(ctx, file, size, &turn, &image));
        assert_int_equal(turn, 1);
        free(file);
    }
    an_free(ctx, nothing);
    an_image_free(ctx, &clean);
    an_image_free(ctx, &image);
}

static void the_orientation_is_read(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0};
    an_bytes file = an_sample_read(ctx, "exif6.png");
    int turn = 1;

    an_assert_ok(ctx, an_png_decode(ctx, file.data, file.size, &turn, &image));
    assert_int_equal(turn, 6);
    an_bytes_free(ctx, &file);
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(damaged_files_fail_and_say_why),
        an_unit_test(every_file_that_lacks_pixels_fails),
        an_unit_test(text_and_profiles_are_ignored),
        an_unit_test(the_orientation_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
