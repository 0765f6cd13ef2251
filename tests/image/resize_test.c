/*
 * resize_test.c: PIL's results bit for bit, values worked by hand, the limits.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void windows_of_resized_parts_match_pil(void **state)
{
    static const struct {
        const char *file;
        an_rect part;
        int width, height;
        an_filter filter;
        an_rect window;
        const char *digest;
    } rows[] = {
#include "golden/image_resize.inc"
    };
    alexnet_context *ctx = *state;
    an_resizer resizer = {0};
    an_image result = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_image image = an_sample_decode(ctx, rows[i].file);
        an_assert_ok(ctx, an_image_resize_window(ctx, &resizer, &image, &rows[i].part,
                                                 rows[i].width, rows[i].height, rows[i].filter,
                                                 &rows[i].window, &result));
        assert_int_equal(result.width, rows[i].window.width);
        assert_int_equal(result.height, rows[i].window.height);
        an_assert_pixels(rows[i].file, &result, rows[i].digest);
        an_image_free(ctx, &image);
    }
    an_image_free(ctx, &result);
    an_resizer_free(ctx, &resizer);
}

static void resized_boxes_match_pil(void **state)
{
    static const struct {
        an_box box;
        int width, height;
        an_filter filter;
        const char *digest;
    } rows[] = {
#include "golden/image_box.inc"
    };
    alexnet_context *ctx = *state;
    an_image image = an_sample_decode(ctx, "rgb8.png"), result = {0};
    an_resizer resizer = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(ctx, an_image_resize(ctx, &resizer, &image, &rows[i].box, rows[i].width,
                                          rows[i].height, rows[i].filter, &result));
        an_assert_pixels("rgb8.png", &result, rows[i].digest);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &result);
    an_resizer_free(ctx, &resizer);
}

static void two_pixels_match_values_worked_by_hand(void **state)
{
    static const uint8_t stored[] = {10, 20, 30, 21, 0, 255};
    static const struct {
        int width;
        an_filter filter;
        uint8_t pixels[12];
    } rows[] = {
        /* (10 + 21) / 2 = 15.5, rounded up */
        {1, AN_FILTER_BILINEAR, {16, 10, 143}},
        /* outputs lie at 0.25, 0.75, 1.25, 1.75 of the input, whose pixels lie at 0.5 and 1.5 */
        {4, AN_FILTER_BILINEAR, {10, 20, 30, 13, 15, 86, 18, 5, 199, 21, 0, 255}},
        {4, AN_FILTER_NEAREST, {10, 20, 30, 10, 20, 30, 21, 0, 255, 21, 0, 255}},
        /* the one output lies at 1.0, the left edge of the second pixel */
        {1, AN_FILTER_NEAREST, {21, 0, 255}},
        {2, AN_FILTER_BICUBIC, {10, 20, 30, 21, 0, 255}},
    };
    alexnet_context *ctx = *state;
    an_image image = an_image_of(ctx, 2, 1, stored), result = {0};
    an_resizer resizer = {0};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(ctx, an_image_resize(ctx, &resizer, &image, NULL, rows[i].width, 1,
                                          rows[i].filter, &result));
        an_assert_image(&result, rows[i].width, 1, rows[i].pixels);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &result);
    an_resizer_free(ctx, &resizer);
}

/* Resizing the columns of the transposed image must give the transposed result. */
static void columns_are_resized_like_rows(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = an_sample_decode(ctx, "rgb8.png"), turned = {0}, across = {0}, down = {0};
    an_resizer resizer = {0};

    an_assert_ok(ctx, an_image_reserve(ctx, &turned, image.height, image.width));
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            memcpy(turned.pixels + 3 * (x * image.height + y),
                   image.pixels + 3 * (y * image.width + x), 3);

    for (int size = 1; size <= 100; size += 11) {
        an_assert_ok(ctx, an_image_resize(ctx, &resizer, &image, NULL, size, image.height,
                                          AN_FILTER_BICUBIC, &across));
        an_assert_ok(ctx, an_image_resize(ctx, &resizer, &turned, NULL, image.height, size,
                                          AN_FILTER_BICUBIC, &down));
        for (int y = 0; y < image.height; ++y)
            for (int x = 0; x < size; ++x)
                assert_memory_equal(across.pixels + 3 * (y * size + x),
                                    down.pixels + 3 * (x * image.height + y), 3);
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &turned);
    an_image_free(ctx, &across);
    an_image_free(ctx, &down);
    an_resizer_free(ctx, &resizer);
}

static void windows_tile_the_whole(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = an_sample_decode(ctx, "tall.jpg"), whole = {0}, tile = {0};
    an_resizer resizer = {0};

    for (an_filter filter = AN_FILTER_BILINEAR; filter <= AN_FILTER_NEAREST; ++filter) {
        an_assert_ok(ctx, an_image_resize(ctx, &resizer, &image, NULL, 40, 21, filter, &whole));
        for (int top = 0; top < 21; top += 7)
            for (int left = 0; left < 40; left += 8) {
                const an_rect window = {left, top, 8, 7};
                an_assert_ok(ctx, an_image_resize_window(ctx, &resizer, &image, NULL, 40, 21,
                                                         filter, &window, &tile));
                for (int y = 0; y < 7; ++y)
                    assert_memory_equal(tile.pixels + y * 24,
                                        whole.pixels + ((top + y) * 40 + left) * 3, 24);
            }
    }
    an_image_free(ctx, &image);
    an_image_free(ctx, &whole);
    an_image_free(ctx, &tile);
    an_resizer_free(ctx, &resizer);
}

/* Resized to a short side of 256, this image would be 16 million pixels high; only the window is
   computed. */
static void a_window_of_a_huge_image_needs_little_memory(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = {0}, result = {0};
    an_resizer resizer = {0};
    const an_rect window = {16, 8384000 - 112, 224, 224};

    an_assert_ok(ctx, an_image_reserve(ctx, &image, 1, 65500));
    for (int y = 0; y < 65500; ++y)
        memset(image.pixels + 3 * y, y < 32750 ? 50 : 150, 3);
    an_assert_ok(ctx, an_image_resize_window(ctx, &resizer, &image, NULL, 256, 65500 * 256,
                                             AN_FILTER_BILINEAR, &window, &result));
    assert_int_equal(result.pixels[0], 56); /* 50 to 150 in 256 rows: 50 + 16.5 / 256 * 100 */
    assert_true(resizer.bytes < (1 << 20));
    an_image_free(ctx, &image);
    an_image_free(ctx, &result);
    an_resizer_free(ctx, &resizer);
}

static void parts_outside_the_image_are_refused(void **state)
{
    static const an_rect bad[] = {{-1, 0, 1, 1}, {0, -1, 1, 1}, {0, 0, 0, 1},
                                  {0, 0, 1, 0},  {2, 0, 1, 1},  {0, 3, 1, 1},
                                  {0, 0, 3, 1},  {1, 0, 2, 1},  {INT32_MAX, 0, INT32_MAX, 1}};
    static const an_box bad_boxes[] = {
        {-0.5, 0, 1, 1}, {0, 0, 2.5, 1},         {1, 0, 1, 1},          {0, 2, 1, 1},
        {0, 0, 1, 4},    {(double)NAN, 0, 1, 1}, {0, 0, (double)NAN, 1}};
    static const uint8_t pixels[18] = {0};
    alexnet_context *ctx = *state;
    an_image image = an_image_of(ctx, 2, 3, pixels), result = {0};
    const an_image none = {0};
    an_resizer resizer = {0};

    for (size_t i = 0; i < AN_COUNT(bad); ++i) {
        an_assert_status(ctx,
                         an_image_resize_window(ctx, &resizer, &image, &bad[i], 2, 3,
                                                AN_FILTER_BILINEAR, NULL, &result),
                         ALEXNET_BAD_ARG);
        an_assert_status(ctx,
                         an_image_resize_window(ctx, &resizer, &image, NULL, 2, 3,
                                                AN_FILTER_BILINEAR, &bad[i], &result),
                         ALEXNET_BAD_ARG);
    }
    for (size_t i = 0; i < AN_COUNT(bad_boxes); ++i)
        an_assert_status(ctx,
                         an_image_resize(ctx, &resizer, &image, &bad_boxes[i], 2, 3,
                                         AN_FILTER_BILINEAR, &result),
                         ALEXNET_BAD_ARG);
    an_assert_status(
        ctx, an_image_resize(ctx, &resizer, &image, NULL, 0, 3, AN_FILTER_BILINEAR, &result),
        ALEXNET_BAD_ARG);
    an_assert_status(
        ctx, an_image_resize(ctx, &resizer, &image, NULL, 65536, 3, AN_FILTER_BILINEAR, &result),
        ALEXNET_BAD_ARG);
    an_assert_status(ctx,
                     an_image_resize(ctx, &resizer, &none, NULL, 2, 3, AN_FILTER_BILINEAR, &result),
                     ALEXNET_BAD_ARG);
    an_image_free(ctx, &image);
    an_image_free(ctx, &result);
    an_resizer_free(ctx, &resizer);
}

static void every_failed_allocation_is_a_status(void **state)
{
    alexnet_context *ctx = *state;
    an_image image = an_sample_decode(ctx, "rgb8.png");

    for (an_filter filter = AN_FILTER_BILINEAR; filter <= AN_FILTER_NEAREST; ++filter)
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_image result = {0};
            an_resizer resizer = {0};
            an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
            const alexnet_status status =
                an_image_resize(ctx, &resizer, &image, NULL, 20, 20, filter, &result);
            const bool failed = an_test_fault_disarm(&fault);
            an_image_free(ctx, &result);
            an_resizer_free(ctx, &resizer);
            assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
            if (!failed) break;
        }
    an_image_free(ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(windows_of_resized_parts_match_pil),
        an_unit_test(resized_boxes_match_pil),
        an_unit_test(two_pixels_match_values_worked_by_hand),
        an_unit_test(columns_are_resized_like_rows),
        an_unit_test(windows_tile_the_whole),
        an_unit_test(a_window_of_a_huge_image_needs_little_memory),
        an_unit_test(parts_outside_the_image_are_refused),
        an_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
