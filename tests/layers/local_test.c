/*
 * local_test.c: values by hand, a convolution's values where all places agree, sizes, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * x         weights of the four places, 1x1     biases      y
 *  1 2       1 2                                 10 20       11 24
 *  3 4       3 4                                 30 40       39 56
 */
static void every_place_has_other_filters(void **unused)
{
    static const float x[] = {1, 2, 3, 4}, w[] = {1, 2, 3, 4}, bias[] = {10, 20, 30, 40};
    static const float expected[] = {11, 24, 39, 56}, dy[] = {1, -1, 2, 0};
    static const float dx_expected[] = {1, -2, 6, 0}, dw_expected[] = {1, -2, 6, 0};
    check_layer c;
    float y[4], dx[4];

    (void)unused;
    check_open(&c, "portable", "local", "filters=1 kernel=1", (an_shape){1, 1, 2, 2}, AN_TRAIN);
    memcpy(c.w[0], w, sizeof w);
    memcpy(c.w[1], bias, sizeof bias);
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    assert_memory_equal(c.dw[0], dw_expected, sizeof dw_expected);
    assert_memory_equal(c.dw[1], dy, sizeof dy);
    check_close(&c);
}

/* With the same filters at every place it equals conv2d; both sums have 5 * 9 + 1 terms. */
static void same_filters_make_a_convolution(void **unused)
{
    enum { C = 5, K = 7, TAPS = 9, N = 2, H = 8, W = 6, P = 4, Q = 3 };
    static const char settings[] = "filters=7 kernel=3 stride=2 pad=1";
    static float x[N * C * H * W], y[N * K * P * Q], shared[N * K * P * Q];
    check_layer conv, local;

    (void)unused;
    check_fill(x, AN_COUNT(x), 1);
    check_open(&conv, "portable", "conv2d", settings, (an_shape){N, C, H, W}, AN_INFER);
    check_open(&local, "portable", "local", settings, (an_shape){N, C, H, W}, AN_INFER);
    for (int place = 0; place < P * Q; ++place)
        for (int k = 0; k < K; ++k) {
            local.w[1][place * K + k] = conv.w[1][k];
            for (int i = 0; i < C * TAPS; ++i)
                local.w[0][(place * C * TAPS + i) * K + k] = conv.w[0][k * C * TAPS + i];
        }
    conv.relu = local.relu = true;
    check_forward(&conv, x, shared);
    check_forward(&local, x, y);
    for (size_t i = 0; i < AN_COUNT(y); ++i)
        assert_true(fabs((double)y[i] - (double)shared[i]) <=
                    (C * TAPS + 2) * 6e-8 * (C * TAPS + 1));
    check_close(&conv);
    check_close(&local);
}

/* The parameters and products of cuda-convnet's two nets with locally connected layers. */
static void counts_of_cuda_convnet(void **unused)
{
    static const struct {
        int map, filters[2];
        int64_t parameters, macs; /* of the whole network; macs 0: not stated */
    } rows[] = {
        {6, {32, 32}, 1116490, 18517248}, /* 13pct on crops of 24x24, */
        {6, {64, 32}, 2112970, 19512576}, /* 11pct */
        {8, {32, 32}, 1901386, 0},        /* and both on whole images */
        {8, {64, 32}, 3672906, 0},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int map = rows[i].map;
        const int64_t places = (int64_t)map * map;
        int64_t parameters = 64 * 76 + 64 * 1601 + (32 * places + 1) * 10; /* conv1, conv2, fc10 */
        int64_t macs = 16 * places * 64 * 75 + 4 * places * 64 * 1600 + 32 * places * 10;
        int channels = 64;
        for (int layer = 0; layer < 2; ++layer) {
            char settings[64];
            check_layer c;
            snprintf(settings, sizeof settings, "filters=%d kernel=3 pad=1",
                     rows[i].filters[layer]);
            check_open(&c, "portable", "local", settings, (an_shape){1, channels, map, map},
                       AN_INFER);
            assert_int_equal(c.params.count, 2);
            assert_int_equal(c.params.items[0].rank, 4);
            assert_int_equal(c.params.items[0].fan_in, channels * 9);
            assert_int_equal(c.params.items[0].fan_out, rows[i].filters[layer] * 9);
            assert_int_equal(c.params.items[1].shape[0], places);
            parameters += c.params.items[0].count + c.params.items[1].count;
            macs += c.node.def->macs(&c.node);
            channels = rows[i].filters[layer];
            check_close(&c);
        }
        assert_int_equal(parameters, rows[i].parameters);
        if (rows[i].macs > 0) assert_int_equal(macs, rows[i].macs);
    }
}

static void refuses_what_does_not_fit(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(check_shape("local", "filters=1 kernel=5", (an_shape){1, 1, 4, 9}, &y, message,
                                 sizeof message),
                     ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "5x5 filter does not fit on a map of 4x9"));
    assert_int_equal(check_shape("local", "filters=2 kernel=1 groups=2", (an_shape){1, 2, 4, 4}, &y,
                                 message, sizeof message),
                     ALEXNET_BAD_ARG);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
    } rows[] = {
        {"filters=5 kernel=3 stride=2 pad=1", {2, 4, 7, 5}},
        {"filters=18 kernel=3 pad=1", {1, 2, 3, 4}},
        {"filters=3 kernel=4 stride=3 round=up", {2, 2, 9, 8}},
        {"filters=2 kernel=3 stride=2 round=same", {1, 2, 6, 5}},
        {"filters=5 kernel=1", {3, 3, 2, 2}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("local", rows[i].settings, rows[i].x, 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_other_filters),
        cmocka_unit_test(same_filters_make_a_convolution),
        cmocka_unit_test(counts_of_cuda_convnet),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
