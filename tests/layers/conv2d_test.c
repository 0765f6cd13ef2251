/*
 * conv2d_test.c: values by hand, size rules, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

/*
 * x            w (2x2)    pad 0, stride 1, bias 10:   y = 1 x00 + 2 x01 + 3 x10 + 4 x11 + 10
 *  1 2 3        1 2         1+4+12+20+10 = 47   2+6+15+24+10 = 57
 *  4 5 6        3 4         4+10+21+32+10 = 77  5+12+24+36+10 = 87
 *  7 8 9
 */
static void values_by_hand(void **unused)
{
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[] = {1, 2, 3, 4}, dy[] = {1, 0, 0, 1};
    static const float expected[] = {47, 57, 77, 87};
    /* dx: each 1 of dy adds the filter at its place; dw: x's window under each 1, added; db: 2 */
    static const float dx_expected[] = {1, 2, 0, 3, 4 + 1, 2, 0, 3, 4},
                       dw_expected[] = {1 + 5, 2 + 6, 4 + 8, 5 + 9};
    check_layer c;
    float y[4], dx[9];

    (void)unused;
    check_open(&c, "portable", "conv2d", "filters=1 kernel=2", (an_shape){1, 1, 3, 3}, AN_TRAIN);
    memcpy(c.w[0], w, sizeof w);
    c.w[1][0] = 10;
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    assert_memory_equal(c.dw[0], dw_expected, sizeof dw_expected);
    assert_true(c.dw[1][0] == 2.0f);
    check_close(&c);
}

/* Padding 1, stride 2, on 3x3: the four windows are the corners of x. With ones as filter each sums
 * 2x2 of x. */
static void padding_and_stride(void **unused)
{
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, expected[] = {12, 16, 24, 28};
    check_layer c;
    float y[4];

    (void)unused;
    check_open(&c, "portable", "conv2d", "filters=1 kernel=3 stride=2 pad=1",
               (an_shape){1, 1, 3, 3}, AN_INFER);
    for (int i = 0; i < 9; ++i)
        c.w[0][i] = 1;
    c.w[1][0] = 0;
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_close(&c);
}

/* Two groups of one channel and one filter each: the channels are convolved separately. */
static void groups_are_independent(void **unused)
{
    static const float x[] = {1, 2, /* channel 1 */ 10, 20}, expected[] = {3, 6, 50, 100};
    check_layer c;
    float y[4];

    (void)unused;
    check_open(&c, "portable", "conv2d", "filters=2 kernel=1 groups=2", (an_shape){1, 2, 1, 2},
               AN_INFER);
    c.w[0][0] = 3;
    c.w[0][1] = 5;
    c.w[1][0] = c.w[1][1] = 0;
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_close(&c);
}

static void fused_relu_cuts_at_zero(void **unused)
{
    static const float x[] = {-2, 3}, expected[] = {0, 3};
    check_layer c;
    float y[2];

    (void)unused;
    check_open(&c, "portable", "conv2d", "filters=1 kernel=1", (an_shape){1, 1, 1, 2}, AN_INFER);
    c.w[0][0] = 1;
    c.w[1][0] = 0;
    c.relu = true;
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_close(&c);
}

/* 224 gives 55 in three ways and 54 in a fourth (FACTS of the families: paper, caffe, torchvision,
 * slim). */
static void output_sizes(void **unused)
{
    static const struct {
        const char *settings;
        int in, out;
    } rows[] = {
        /* clang-format off */
        {"filters=1 kernel=11 stride=4 round=up",    224, 55},
        {"filters=1 kernel=11 stride=4",             227, 55},
        {"filters=1 kernel=11 stride=4 pad=2",       224, 55},
        {"filters=1 kernel=11 stride=4 round=valid", 224, 54},
        {"filters=1 kernel=5 round=same",            27,  27},
        {"filters=1 kernel=3 stride=2 round=same",   7,   4},
        {"filters=1 kernel=11 stride=4 pad=2",       63,  15},
        /* clang-format on */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char message[256];
        an_shape y;

        assert_int_equal(check_shape("conv2d", rows[i].settings,
                                     (an_shape){1, 1, rows[i].in, rows[i].in}, &y, message,
                                     sizeof message),
                         ALEXNET_OK);
        assert_int_equal(y.h, rows[i].out);
        assert_int_equal(y.w, rows[i].out);
    }
}

static void refuses_what_does_not_fit(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(check_shape("conv2d", "filters=1 kernel=5", (an_shape){1, 1, 4, 9}, &y,
                                 message, sizeof message),
                     ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "5x5 filter does not fit on a map of 4x9"));
    assert_int_equal(check_shape("conv2d", "filters=4 kernel=1 groups=2", (an_shape){1, 3, 4, 4},
                                 &y, message, sizeof message),
                     ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "2 groups"));
    assert_int_equal(check_shape("conv2d", "filters=0 kernel=1", (an_shape){1, 3, 4, 4}, &y,
                                 message, sizeof message),
                     ALEXNET_BAD_ARG);
    assert_int_equal(
        check_shape("conv2d", "kernel=1", (an_shape){1, 3, 4, 4}, &y, message, sizeof message),
        ALEXNET_BAD_ARG);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
    } rows[] = {
        /* clang-format off */
        {"filters=6 kernel=3 stride=2 pad=1 groups=2", {2, 4, 7, 7}},
        {"filters=4 kernel=5 stride=1 pad=2",          {1, 3, 5, 9}},
        {"filters=3 kernel=4 stride=3 round=up",       {2, 2, 9, 8}},
        {"filters=2 kernel=3 stride=2 round=same",     {1, 2, 6, 5}},
        {"filters=5 kernel=1",                         {3, 3, 2, 2}},
        /* clang-format on */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("conv2d", rows[i].settings, rows[i].x, 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(padding_and_stride),
        cmocka_unit_test(groups_are_independent),
        cmocka_unit_test(fused_relu_cuts_at_zero),
        cmocka_unit_test(output_sizes),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
