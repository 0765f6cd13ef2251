/*
 * pool_test.c: the reference pooling against values worked by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"
#include <math.h>

static const an_run run = {.threads = 2};

/*
 * 4 x 4, window 3, stride 2, rounded up: the windows at row or column 2 are clipped to two.
 *
 *     1 2 3 4    maximum 9 9   place in the window   (1,1)=4   (1,0)... first of equal values
 *     5 9 9 8            9 9
 *     5 6 7 8    window (0,1) covers columns 2, 3: 9 at (1,2), its place (1,0) = 3
 *     1 9 9 2    window (1,0) covers rows 2, 3: 9 at (3,1), its place (1,1) = 4
 *                window (1,1): 9 at (3,2), place (1,0) = 3
 */
static void maximum_takes_the_first_of_equals_and_clips(void **unused)
{
    const an_pool g = {1, 1, 4, 4, 3, 3, 2, 0, 0, 2, 2};
    const float x[16] = {1, 2, 3, 4, 5, 9, 9, 8, 5, 6, 7, 8, 1, 9, 9, 2};
    const float dy[4] = {1, 2, 4, 8};
    const float expected[4] = {9, 9, 9, 9};
    const uint8_t places[4] = {4, 3, 4, 3};
    const float gradient[16] = {0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 4, 8, 0};
    float y[4], dx[16];
    uint8_t argmax[4];

    (void)unused;
    assert_int_equal(an_max_pool__portable(&run, &g, x, y, argmax), ALEXNET_OK);
    assert_memory_equal(y, expected, sizeof y);
    assert_memory_equal(argmax, places, sizeof argmax);
    assert_int_equal(an_max_pool_backward__portable(&run, &g, dy, argmax, dx), ALEXNET_OK);
    assert_memory_equal(dx, gradient, sizeof dx);
    y[0] = 0;
    assert_int_equal(an_max_pool__portable(&run, &g, x, y, NULL), ALEXNET_OK);
    assert_memory_equal(y, expected, sizeof y);
}

/* Windows that overlap add up: 1 2 1, window 2, stride 1: both choose the 2. Padding is not a
   candidate: -1 beats it. */
static void gradients_of_overlapping_windows_add_up(void **unused)
{
    const an_pool g = {1, 1, 1, 3, 1, 2, 1, 0, 0, 1, 2};
    const float x[3] = {1, 2, 1}, dy[2] = {3, 4}, gradient[3] = {0, 7, 0};
    const an_pool padded = {1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1};
    const float minus[1] = {-1};
    float y[2], dx[3];
    uint8_t argmax[2];

    (void)unused;
    assert_int_equal(an_max_pool__portable(&run, &g, x, y, argmax), ALEXNET_OK);
    assert_int_equal(argmax[0], 1);
    assert_int_equal(argmax[1], 0);
    assert_int_equal(an_max_pool_backward__portable(&run, &g, dy, argmax, dx), ALEXNET_OK);
    assert_memory_equal(dx, gradient, sizeof dx);
    assert_int_equal(an_max_pool__portable(&run, &padded, minus, y, argmax), ALEXNET_OK);
    assert_true(y[0] == -1 && argmax[0] == 4);
}

/*
 * Windows of 1 x 3, stride 2, over the row 2 4 6 with a column of padding at both ends: [0] 2 4, 4
 * 6 [0], and one that lies outside the map. On the map are two pixels of each, on map and padding
 * three.
 */
static void average_counts_what_it_is_told(void **unused)
{
    const float x[3] = {2, 4, 6}, dy[3] = {6, 12, 1000};
    const float expected[2][3] = {{3, 5, 0}, {2, 10 / 3.0f, 0}};
    const float gradient[2][3] = {{3, 9, 6}, {2, 6, 4}};

    (void)unused;
    for (int padded = 0; padded < 2; ++padded) {
        const an_pool g = {1, 1, 1, 3, 1, 3, 2, 0, 1, 1, 3, padded == 1};
        float y[3], dx[3];
        assert_int_equal(an_average_pool__portable(&run, &g, x, y), ALEXNET_OK);
        assert_int_equal(an_average_pool_backward__portable(&run, &g, dy, dx), ALEXNET_OK);
        for (int i = 0; i < 3; ++i)
            assert_true(fabsf(y[i] - expected[padded][i]) < 1e-6f &&
                        fabsf(dx[i] - gradient[padded][i]) < 1e-5f);
    }
}

/*
 * 3 x 3 to 2 x 2: windows rows 0..1 and 1..2, columns likewise.
 *
 *     1 2 3    y = 3 4    dy = 4 8    dx = 1   1+2        2
 *     4 5 6        6 7        12 16        1+3 1+2+3+4    2+4
 *     7 8 9                                3   3+4        4
 */
static void adaptive_average_by_hand(void **unused)
{
    const an_shape shape = {1, 1, 3, 3};
    const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, dy[4] = {4, 8, 12, 16};
    const float expected[4] = {3, 4, 6, 7}, gradient[9] = {1, 3, 2, 4, 10, 6, 3, 7, 4};
    float y[4], dx[9];

    (void)unused;
    assert_int_equal(an_adaptive_average__portable(&run, shape, 2, 2, x, y), ALEXNET_OK);
    assert_memory_equal(y, expected, sizeof y);
    assert_int_equal(an_adaptive_average_backward__portable(&run, shape, 2, 2, dy, dx), ALEXNET_OK);
    assert_memory_equal(dx, gradient, sizeof dx);
}

/* The backward rule is the forward one with the sizes exchanged; here it is checked as the adjoint:
   <A x, dy> = <x, A^T dy>. */
static void adaptive_average_backward_is_the_adjoint(void **unused)
{
    static const int sizes[][2] = {{13, 6}, {6, 6}, {5, 7}, {1, 3}, {9, 1}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        const an_shape shape = {2, 3, sizes[i][0], 4};
        const int p = sizes[i][1], q = 3;
        float x[2 * 3 * 13 * 4], dx[2 * 3 * 13 * 4], y[2 * 3 * 7 * 3], dy[2 * 3 * 7 * 3];
        an_stream stream = an_stream_open(5, AN_PURPOSE_TEST, i, 0);
        double left = 0, right = 0;
        const int x_count = (int)an_shape_count(shape), y_count = 2 * 3 * p * q;
        for (int j = 0; j < x_count; ++j)
            x[j] = an_random_unit(&stream);
        for (int j = 0; j < y_count; ++j)
            dy[j] = an_random_unit(&stream);
        assert_int_equal(an_adaptive_average__portable(&run, shape, p, q, x, y), ALEXNET_OK);
        assert_int_equal(an_adaptive_average_backward__portable(&run, shape, p, q, dy, dx),
                         ALEXNET_OK);
        for (int j = 0; j < x_count; ++j)
            right += (double)x[j] * (double)dx[j];
        for (int j = 0; j < y_count; ++j)
            left += (double)y[j] * (double)dy[j];
        assert_true(fabs(left - right) < 1e-5 * left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maximum_takes_the_first_of_equals_and_clips),
        cmocka_unit_test(gradients_of_overlapping_windows_add_up),
        cmocka_unit_test(average_counts_what_it_is_told),
        cmocka_unit_test(adaptive_average_by_hand),
        cmocka_unit_test(adaptive_average_backward_is_the_adjoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
