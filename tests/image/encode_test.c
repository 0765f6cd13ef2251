/*
 * encode_test.c: encoded images decode to what they were.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Noise does not compress, so the result outgrows its first buffer several times. */
static an_image draw_noise(alexnet_context *ctx, int width, int height)
{
    an_image image = {0};
    uint32_t state = 1;

    an_assert_ok(ctx, an_image_reserve(ctx, &image, width, height));
    for (int i = 0; i < width * height * 3; ++i) {
        state = state * 1664525 + 1013904223;
        image.pixels[i] = (uint8_t)(state >> 24);
    }
    return image;
}

static void a_png_decodes_to_the_same_pixels(void **state)
{
    static const int sizes[][2] = {{1, 1}, {1, 300}, {300, 1}, {200, 150}};
    alexnet_context *ctx = *state;

    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        an_image image = draw_noise(ctx, sizes[i][0], sizes[i][1]), again = {0};
        uint8_t *data;
        size_t bytes;
        an_assert_ok(ctx, an_image_encode_png(ctx, &image, &data, &bytes));
        an_assert_ok(ctx, an_image_decode(ctx, data, bytes, AN_ORIENTATION_IGNORE, &again));
        an_assert_image(&again, image.width, image.height, image.pixels);
        an_free(ctx, data);
        an_image_free(ctx, &image);
        an_image_free(ctx, &again);
    }
}

static void a_jpeg_decodes_to_nearly_the_same_pixels(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = an_sample_decode(ctx, "rgb420.jpg"), again = {0};
    size_t smaller = 0;

    for (int quality = 10; quality <= 100; quality += 30) {
        uint8_t *data;
        size_t bytes;
        an_assert_ok(ctx, an_image_encode_jpeg(ctx, &image, quality, &data, &bytes));
        assert_true(bytes > smaller);
        smaller = bytes;
        an_assert_ok(ctx, an_image_decode(ctx, data, bytes, AN_ORIENTATION_IGNORE, &again));
        an_free(ctx, data);
    }
    /* the last is quality 100: only the halved colour resolution differs */
    long sum = 0;
    for (int i = 0; i < image.width * image.height * 3; ++i)
        sum += labs((long)image.pixels[i] - again.pixels[i]);
    assert_true(sum < 6L * image.width * image.height * 3);
    an_image_free(ctx, &image);
    an_image_free(ctx, &again);
}

static void a_large_jpeg_is_complete(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = draw_noise(ctx, 500, 400), again = {0};
    uint8_t *data;
    size_t bytes;

    an_assert_ok(ctx, an_image_encode_jpeg(ctx, &image, 95, &data, &bytes));
    assert_true(bytes > 100000);
    an_assert_ok(ctx, an_image_decode(ctx, data, bytes, AN_ORIENTATION_IGNORE, &again));
    assert_int_equal(again.width, 500);
    assert_int_equal(again.height, 400);
    an_free(ctx, data);
    an_image_free(ctx, &image);
    an_image_free(ctx, &again);
}

static void every_failed_allocation_is_a_status(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = draw_noise(ctx, 200, 150);

    for (int png = 0; png < 2; ++png)
        for (long n = 0;; ++n) {
            an_test_fault fault;
            uint8_t *data;
            size_t bytes;
            an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
            const alexnet_status status =
                png ? an_image_encode_png(ctx, &image, &data, &bytes)
                    : an_image_encode_jpeg(ctx, &image, 90, &data, &bytes);
            if (!an_test_fault_disarm(&fault)) {
                assert_int_equal(status, ALEXNET_OK);
                an_free(ctx, data);
                break;
            }
            assert_int_equal(status, ALEXNET_NO_MEMORY);
            assert_null(data);
            assert_int_equal(bytes, 0);
        }
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(a_png_decodes_to_the_same_pixels),
        an_unit_test(a_jpeg_decodes_to_nearly_the_same_pixels),
        an_unit_test(a_large_jpeg_is_complete),
        an_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
