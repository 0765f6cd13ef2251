/*
 * pool_test.c: values by hand, both rounding rules, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

/* 3/2 on 4x4 rounded down: one window, the upper left 3x3. Rounded up: four, three of them clipped.
 */
static const float map4[] = {1, 5, 2, 0, 3, 4, 8, 1, 7, 6, 9, 2, 0, 1, 3, 11};

static void maximum_by_hand(void **unused)
{
    static const struct {
        const char *settings;
        int count;
        float y[4];
    } rows[] = {
        {"max size=3 stride=2", 1, {9}},
        {"max size=3 stride=2 round=up", 4, {9, 9, 9, 11}},
        {"max size=2 stride=2", 4, {5, 8, 7, 11}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        check_layer c;
        float y[4];

        check_open(&c, "portable", "pool", rows[i].settings, (an_shape){1, 1, 4, 4}, AN_TRAIN);
        assert_int_equal(an_shape_count(c.y_shape), rows[i].count);
        check_forward(&c, map4, y);
        assert_memory_equal(y, rows[i].y, (size_t)rows[i].count * sizeof *y);
        check_close(&c);
    }
}

/* Overlapping windows: 9 wins three of them, 11 the last; each gets the sum of what its windows
 * give. */
static void gradient_goes_to_the_maximum(void **unused)
{
    static const float dy[] = {1, 2, 3, 4};
    float expected[16] = {[10] = 1 + 2 + 3, [15] = 4};
    check_layer c;
    float dx[16];

    (void)unused;
    check_open(&c, "portable", "pool", "max size=3 stride=2 round=up", (an_shape){1, 1, 4, 4},
               AN_TRAIN);
    check_forward(&c, map4, NULL);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, expected, sizeof dx);
    check_close(&c);
}

static void first_of_equal_values_wins(void **unused)
{
    static const float x[] = {2, 2, 2, 2}, dy[] = {1}, expected[] = {1, 0, 0, 0};
    check_layer c;
    float dx[4];

    (void)unused;
    check_open(&c, "portable", "pool", "max size=2 stride=2", (an_shape){1, 1, 2, 2}, AN_TRAIN);
    check_forward(&c, x, NULL);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, expected, sizeof dx);
    check_close(&c);
}

/* The divisor is the number of pixels on the map: 9, 6, 6 and 4. Sums: 45, 22, 26 and 25. */
static void average_divides_by_the_pixels_on_the_map(void **unused)
{
    static const float expected[] = {45 / 9.0f, (2 + 0 + 8 + 1 + 9 + 2) / 6.0f,
                                     (7 + 6 + 9 + 0 + 1 + 3) / 6.0f, (9 + 2 + 3 + 11) / 4.0f};
    check_layer c;
    float y[4];

    (void)unused;
    check_open(&c, "portable", "pool", "average size=3 stride=2 round=up", (an_shape){1, 1, 4, 4},
               AN_TRAIN);
    check_forward(&c, map4, y);
    assert_true(an_relative_error(y, expected, 4) < 1e-6);
    check_close(&c);
}

/*
 * The results of PyTorch 2.15, with padding and a last window that passes the padding's end:
 *
 *     x = (torch.arange(h * w) * 7 % 11).double().view(1, 1, h, w)
 *     torch.nn.functional.avg_pool2d(x, size, stride, pad, ceil_mode=round == "up",
 *                                    count_include_pad=divisor == "padded")
 *
 * Caffe's average (pooling_layer.cpp) is that of divisor=padded round=up.
 */
static void average_is_that_of_pytorch(void **unused)
{
    /* clang-format off */
    static const struct {
        const char *settings;
        int h, w, count;
        float y[12];
    } rows[] = {
        {"average size=3 stride=2 pad=1 divisor=padded", 5, 5, 9,
         {2, 3.888889f, 2.777778f, 2.555556f, 4.555556f, 3.111111f, 2.222222f, 3, 1.777778f}},
        {"average size=3 stride=2 pad=1 divisor=inside", 5, 5, 9,
         {4.5f, 5.833333f, 6.25f, 3.833333f, 4.555556f, 4.666667f, 5, 4.5f, 4}},
        {"average size=3 stride=2 pad=1 round=up divisor=padded", 6, 5, 12,
         {2, 3.888889f, 2.777778f, 2.555556f, 4.555556f, 3.111111f, 4, 4.888889f, 3.333333f, 2.666667f, 2.833333f, 2.333333f}},
        {"average size=3 stride=2 pad=1 round=up", 6, 5, 12,
         {4.5f, 5.833333f, 6.25f, 3.833333f, 4.555556f, 4.666667f, 6, 4.888889f, 5, 8, 5.666667f, 7}},
        {"average size=3 stride=3 round=up divisor=padded", 4, 7, 6,
         {4.666667f, 4.888889f, 6.666667f, 3.666667f, 6.333333f, 2}},
        {"average size=4 stride=3 pad=2 round=up divisor=padded", 5, 4, 6,
         {0.9375f, 2.25f, 2.375f, 3.875f, 0.9166667f, 1.25f}},
    };
    /* clang-format on */

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        check_layer c;
        float x[30], y[12];

        for (int j = 0; j < rows[i].h * rows[i].w; ++j)
            x[j] = (float)(j * 7 % 11);
        check_open(&c, "portable", "pool", rows[i].settings, (an_shape){1, 1, rows[i].h, rows[i].w},
                   AN_INFER);
        assert_int_equal(an_shape_count(c.y_shape), rows[i].count);
        check_forward(&c, x, y);
        assert_true(an_relative_error(y, rows[i].y, (size_t)rows[i].count) < 1e-6);
        check_close(&c);
    }
}

/* 55-27-13-6 down (torchvision), 32-16-8-4 up (cuda-convnet), and Caffe's rule for padding: the
 * last window starts on the map. */
static void output_sizes(void **unused)
{
    static const struct {
        const char *settings;
        int in, out;
    } rows[] = {
        {"max size=3 stride=2", 55, 27},        {"max size=3 stride=2", 27, 13},
        {"max size=3 stride=2", 13, 6},         {"max size=3 stride=2 round=up", 32, 16},
        {"max size=3 stride=2 round=up", 8, 4}, {"average size=2 stride=2 pad=1 round=up", 3, 2},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        char message[256];
        an_shape y;

        assert_int_equal(check_shape("pool", rows[i].settings,
                                     (an_shape){1, 1, rows[i].in, rows[i].in}, &y, message,
                                     sizeof message),
                         ALEXNET_OK);
        assert_int_equal(y.h, rows[i].out);
    }
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
        double step; /* maximum: below half the distance of two inputs, 1 / count */
    } rows[] = {
        {"max size=3 stride=2", {2, 3, 7, 7}, 1e-3},
        {"max size=3 stride=2 round=up", {1, 5, 8, 6}, 1e-3},
        {"max size=2 stride=1 pad=1", {1, 2, 5, 4}, 1e-3},
        {"average size=3 stride=2 round=up", {2, 3, 8, 5}, 1e-2},
        {"average size=3 stride=1 pad=1", {1, 2, 4, 4}, 1e-2},
        {"average size=2 stride=3", {1, 2, 8, 8}, 1e-2},
        {"average size=3 stride=2 pad=1 round=up divisor=padded", {2, 1, 6, 5}, 1e-2},
        {"average size=5 stride=4 pad=3 divisor=padded", {1, 3, 5, 4}, 1e-2},
        {"average size=7 stride=2 pad=3 divisor=padded", {1, 2, 3, 2}, 1e-2},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("pool", rows[i].settings, rows[i].x, rows[i].step, 1e-3);
}

static void refuses_what_does_not_fit(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(check_shape("pool", "max size=3 stride=2", (an_shape){1, 1, 2, 2}, &y, message,
                                 sizeof message),
                     ALEXNET_BAD_SHAPE);
    assert_int_equal(check_shape("pool", "max size=2 stride=2 pad=2", (an_shape){1, 1, 8, 8}, &y,
                                 message, sizeof message),
                     ALEXNET_BAD_SHAPE);
    assert_int_equal(check_shape("pool", "average size=3 stride=2 round=same divisor=padded",
                                 (an_shape){1, 1, 8, 8}, &y, message, sizeof message),
                     ALEXNET_BAD_ARG);
    assert_int_equal(check_shape("pool", "median size=2 stride=2", (an_shape){1, 1, 8, 8}, &y,
                                 message, sizeof message),
                     ALEXNET_BAD_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maximum_by_hand),
        cmocka_unit_test(gradient_goes_to_the_maximum),
        cmocka_unit_test(first_of_equal_values_wins),
        cmocka_unit_test(average_divides_by_the_pixels_on_the_map),
        cmocka_unit_test(average_is_that_of_pytorch),
        cmocka_unit_test(output_sizes),
        cmocka_unit_test(gradient_agrees_with_central_differences),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
