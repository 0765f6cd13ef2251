/*
 * synth_test.c: drawn images.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/hash.h"
#include "synth/synth.h"
#include <stdlib.h>
#include <string.h>

static void hash_image(const an_test_place *place, uint64_t seed, int class_index, uint32_t number,
                       int size, char hex[AN_SHA256_HEX_SIZE])
{
    an_image image = {0};
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    an_assert_ok(place->ctx, an_synth_draw(place->ctx, seed, class_index, number, size, &image));
    an_sha256_open(&hash);
    an_sha256_add(&hash, image.pixels, (size_t)size * (size_t)size * 3);
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    an_image_free(place->ctx, &image);
}

/* One image of each class, on every machine, with every compiler. */
static void the_same_pixels_everywhere(void **in)
{
    /* the first 16 digits of SHA-256 */
    static const char *const expected[AN_SYNTH_CLASSES_MAX] = {
        "70c04819a24bc1c4", "e90f881a5700ee89", "230a6f19f0ed1d55", "465785b5e97b5dba",
        "714dbfd4932999de", "282b2c95235cd22e", "16d3ce5c1d69caa1", "143b72561cdc8913",
        "887feccca8b05a40", "9800031443e19af7", "3f3d4c321a62305f", "9f67993d5d565e88",
    };
    const an_test_place *place = *in;
    char hex[AN_SHA256_HEX_SIZE];

    for (int i = 0; i < AN_SYNTH_CLASSES_MAX; ++i) {
        hash_image(place, 1, i, 5, 64, hex);
        hex[16] = '\0';
        assert_string_equal(hex, expected[i]);
    }
}

static void images_depend_on_seed_class_and_number(void **in)
{
    const an_test_place *place = *in;
    char a[AN_SHA256_HEX_SIZE], b[AN_SHA256_HEX_SIZE];

    hash_image(place, 1, 2, 3, 32, a);
    hash_image(place, 1, 2, 3, 32, b);
    assert_string_equal(a, b);
    hash_image(place, 2, 2, 3, 32, b);
    assert_string_not_equal(a, b);
    hash_image(place, 1, 3, 3, 32, b);
    assert_string_not_equal(a, b);
    hash_image(place, 1, 2, 4, 32, b);
    assert_string_not_equal(a, b);
}

/* The figure is visible: in every image some pixels are much brighter than others. */
static void figures_have_contrast(void **in)
{
    const an_test_place *place = *in;
    an_image image = {0};

    for (int i = 0; i < AN_SYNTH_CLASSES_MAX; ++i) {
        for (uint32_t number = 0; number < 20; ++number) {
            int bins[16] = {0};
            an_assert_ok(place->ctx, an_synth_draw(place->ctx, 9, i, number, 48, &image));
            for (int k = 0; k < 48 * 48; ++k)
                ++bins[(299 * image.pixels[3 * k] + 587 * image.pixels[3 * k + 1] +
                        114 * image.pixels[3 * k + 2]) /
                       16000];
            int low = 0, high = 15;
            while (bins[low] < 12)
                ++low;
            while (bins[high] < 12)
                --high;
            assert_true(high - low >= 2);
        }
    }
    an_image_free(place->ctx, &image);
}

static void sizes_and_classes_have_limits(void **in)
{
    const an_test_place *place = *in;
    an_image image = {0};

    an_assert_ok(place->ctx, an_synth_draw(place->ctx, 1, 0, 0, AN_SYNTH_SIZE_MIN, &image));
    an_assert_ok(place->ctx, an_synth_draw(place->ctx, 1, 11, UINT32_MAX, 33, &image));
    assert_int_equal(image.width, 33);
    an_assert_status(place->ctx, an_synth_draw(place->ctx, 1, -1, 0, 32, &image), ALEXNET_BAD_ARG);
    an_assert_status(place->ctx, an_synth_draw(place->ctx, 1, 12, 0, 32, &image), ALEXNET_BAD_ARG);
    an_assert_status(place->ctx, an_synth_draw(place->ctx, 1, 0, 0, 7, &image), ALEXNET_BAD_ARG);
    an_assert_status(place->ctx, an_synth_draw(place->ctx, 1, 0, 0, 4097, &image), ALEXNET_BAD_ARG);
    an_image_free(place->ctx, &image);
}

static void classes_are_sorted_by_name(void **in)
{
    (void)in;
    for (int i = 1; i < AN_SYNTH_CLASSES_MAX; ++i)
        assert_true(strcmp(an_synth_class(i - 1), an_synth_class(i)) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(the_same_pixels_everywhere),
        an_test_in_place(images_depend_on_seed_class_and_number),
        an_test_in_place(figures_have_contrast),
        an_test_in_place(sizes_and_classes_have_limits),
        an_test_in_place(classes_are_sorted_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
