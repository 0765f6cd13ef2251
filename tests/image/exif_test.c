/*
 * exif_test.c: the orientation in EXIF data, and the eight orientations of an image.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "image/codec.h"
#include <stdlib.h>
#include <string.h>

/* Two entries; the second says 6. Byte 10 is the number of entries, byte 22 begins the second. */
static const uint8_t little[] = {
    'I',  'I',  42, 0, 8, 0, 0, 0,                 /* header: the directory is at 8 */
    2,    0,                                       /* entries */
    0x0f, 0x01, 2,  0, 4, 0, 0, 0, 'a', 'b', 0, 0, /* the camera's maker */
    0x12, 0x01, 3,  0, 1, 0, 0, 0, 6,   0,   0, 0, /* orientation */
    0,    0,    0,  0,                             /* no further directory */
};
static const uint8_t big[] = {
    'E',  'x',  'i', 'f', 0,    0,    'M', 'M', 0, 42, 0, 0, 0, 12, 0xff, 0xff,
    0xff, 0xff, 0,   1,   0x01, 0x12, 0,   3,   0, 0,  0, 1, 0, 8,  0,    0,
};

static void the_orientation_is_found_in_both_byte_orders(void **unused)
{
    (void)unused;
    assert_int_equal(an_exif_orientation(little, sizeof little), 6);
    assert_int_equal(an_exif_orientation(big, sizeof big), 8);
}

static void damaged_data_mean_upright(void **unused)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 'X'},   /* neither byte order */
        {2, 43},    /* not TIFF */
        {4, 200},   /* the directory lies beyond the end */
        {7, 0x80},  /* far beyond */
        {8, 1},     /* only the first entry */
        {22, 0x13}, /* another tag */
        {24, 2},    /* type text */
        {26, 2},    /* count 2 */
        {30, 0},    /* below 1 */
        {30, 9},    /* above 8 */
        {31, 1},    /* 262 */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(changes); ++i) {
        uint8_t data[sizeof little];
        memcpy(data, little, sizeof little);
        data[changes[i].at] = changes[i].value;
        assert_int_equal(an_exif_orientation(data, sizeof data), 1);
    }
}

static void truncated_data_are_not_read_past_the_end(void **unused)
{
    (void)unused;
    assert_int_equal(an_exif_orientation(NULL, 0), 1);
    for (size_t size = 1; size < sizeof little; ++size) {
        uint8_t *cut = malloc(size); /* of exactly this size, for AddressSanitizer */
        memcpy(cut, little, size);
        assert_int_equal(an_exif_orientation(cut, size), size < 34 ? 1 : 6);
        free(cut);
    }
}

/*
 * A stored image of 3 x 2 pixels         1 2 3
 *                                          4 5 6
 */
static void all_eight_orientations_are_turned_upright(void **state)
{
    static const char *const upright[9] = {
        [1] = "123"
              "456",
        [2] = "321"
              "654",
        [3] = "654"
              "321",
        [4] = "456"
              "123",
        [5] = "14"
              "25"
              "36",
        [6] = "41"
              "52"
              "63",
        [7] = "63"
              "52"
              "41",
        [8] = "36"
              "25"
              "14",
    };
    alexnet_context *ctx = *state;
    uint8_t stored[18];

    for (int i = 0; i < 18; ++i)
        stored[i] = (uint8_t)(10 * (1 + i / 3) + i % 3); /* pixel, channel */
    for (int orientation = 0; orientation <= 9; ++orientation) {
        const bool known = orientation >= 1 && orientation <= 8;
        const char *expected = upright[known ? orientation : 1];
        an_image image = an_image_of(ctx, 3, 2, stored);
        uint8_t pixels[18];
        for (int i = 0; i < 18; ++i)
            pixels[i] = (uint8_t)(10 * (expected[i / 3] - '0') + i % 3);
        an_assert_ok(ctx, an_exif_turn(ctx, orientation, &image));
        an_assert_image(&image, orientation >= 5 && known ? 2 : 3,
                        orientation >= 5 && known ? 3 : 2, pixels);
        an_image_free(ctx, &image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_unit_test(the_orientation_is_found_in_both_byte_orders),
        an_unit_test(damaged_data_mean_upright),
        an_unit_test(truncated_data_are_not_read_past_the_end),
        an_unit_test(all_eight_orientations_are_turned_upright),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
