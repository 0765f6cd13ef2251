/*
 * int8_test.c: 8-bit integers, by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/int8.h"
#include "cpu/reference/reference.h"

typedef struct block {
    _Alignas(AN_ALIGNMENT) float floats[256];
} block;

static void scales_come_from_the_largest_number(void **unused)
{
    static const float plain[3] = {2, 0, 1}, mixed[2] = {-1, 0.5f}, zeros[2] = {0, -0.0f};
    const an_int8_scale a = an_int8_scale_of_image(plain, 3);
    const an_int8_scale b = an_int8_scale_of_image(mixed, 2);
    const an_int8_scale c = an_int8_scale_of_image(zeros, 2);
    const an_int8_scale d = an_int8_scale_of_weights(plain, 3);
    const float bad[2] = {1, NAN};

    (void)unused;
    assert_true(a.zero == 0 && a.scale == 2.0f / 255);
    assert_int_equal(an_int8_of_image(&a, 2), 255);
    assert_int_equal(an_int8_of_image(&a, 1), 128); /* 127.5: to the even one */
    assert_true(b.zero == 128 && b.scale == 1.0f / 127);
    assert_int_equal(an_int8_of_image(&b, -1), -127);
    assert_int_equal(an_int8_of_image(&b, 0.5f), 64); /* 63.5 */
    assert_true(c.zero == 0 && c.scale == 0);
    assert_int_equal(an_int8_of_image(&c, 0), 0);
    assert_true(d.zero == 0 && d.scale == 2.0f / 127);
    assert_true(isnan(an_int8_scale_of_image(bad, 2).scale));
}

/* x = 2 0 1 are 255 0 128; w = 1 0.5 -1 are 127 64 -127: the sum is 127 * 127. */
static void linear_by_hand(void **unused)
{
    const an_linear g = {.n = 1, .inputs = 3, .outputs = 1, .packed = true};
    const an_linear_algorithm *algorithm = &an_linear_int8__portable;
    const float x[3] = {2, 0, 1}, w[3] = {1, 0.5f, -1}, bias[1] = {0.25f};
    block scratch, packed;
    const an_run run = {1, scratch.floats, sizeof scratch};
    float y[1];
    const an_linear_tensors t = {.x = x, .bias = bias, .y = y, .packed = packed.floats};

    (void)unused;
    assert_true(algorithm->packed_bytes(&g) <= sizeof packed);
    assert_true(algorithm->scratch_bytes(&g, 1) <= sizeof scratch);
    assert_int_equal(algorithm->pack_weights(&run, &g, w, packed.floats), ALEXNET_OK);
    assert_int_equal(algorithm->run(&run, &g, &t), ALEXNET_OK);
    assert_true(y[0] == (float)(127 * 127) * ((2.0f / 255) * (1.0f / 127)) + 0.25f);
}

/* One row of x = -1 0.5 under a filter of ones, padding on both sides: -127 + 64 twice, and single
   ones at the ends. */
static void padding_is_zero(void **unused)
{
    const an_conv2d g = {.n = 1,
                         .c = 1,
                         .h = 1,
                         .w = 2,
                         .k = 1,
                         .r = 1,
                         .s = 2,
                         .stride = 1,
                         .groups = 1,
                         .pad_left = 1,
                         .pad_right = 1,
                         .p = 1,
                         .q = 3,
                         .packed = true};
    const an_conv2d_algorithm *algorithm = &an_conv2d_int8__portable;
    const float x[2] = {-1, 0.5f}, w[2] = {1, 1};
    const float scale = (1.0f / 127) * (1.0f / 127);
    block scratch, packed;
    const an_run run = {1, scratch.floats, sizeof scratch};
    float y[3];
    const an_conv2d_tensors t = {.x = x, .y = y, .packed = packed.floats};

    (void)unused;
    assert_int_equal(algorithm->pack_weights(&run, &g, w, packed.floats), ALEXNET_OK);
    assert_int_equal(algorithm->run(&run, &g, &t), ALEXNET_OK);
    assert_true(y[0] == -127 * 127 * scale);
    assert_true(y[1] == (-127 + 64) * 127 * scale);
    assert_true(y[2] == 64 * 127 * scale);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_come_from_the_largest_number),
        cmocka_unit_test(linear_by_hand),
        cmocka_unit_test(padding_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
