/*
 * conv2d_tmpl_test.c: convolutions, on edges and at random; in all formats.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"
#include <string.h>

static void convolutions_agree_on_edges(void **unused)
{
    /* n, c, h, w; k, r, s, stride, groups; pads top, left, bottom, right */
    static const struct {
        int g[9], pad[4];
    } rows[] = {
        {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{1, 3, 23, 27, 7, 11, 11, 4, 1}, {2, 2, 2, 2}}, /* conv1, small */
        {{2, 3, 19, 19, 33, 11, 11, 4, 1}, {0, 0, 0, 0}},
        {{2, 3, 20, 20, 8, 11, 11, 4, 1}, {0, 0, 3, 3}}, /* padding "up" */
        {{3, 8, 9, 9, 12, 5, 5, 1, 2}, {2, 2, 2, 2}},    /* conv2, small, two towers */
        {{5, 5, 13, 13, 31, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 15, 7, 14, 32, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 16, 7, 15, 33, 3, 3, 1, 1}, {1, 1, 1, 1}},
        {{2, 17, 4, 29, 64, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{1, 34, 6, 6, 34, 3, 3, 1, 17}, {1, 1, 1, 1}},
        {{7, 19, 5, 5, 37, 5, 5, 1, 1}, {0, 0, 0, 0}}, /* the filter is as large as the map */
        {{3, 4, 6, 5, 65, 6, 5, 3, 1}, {0, 0, 0, 0}},
        {{3, 4, 6, 5, 6, 6, 5, 9, 1}, {1, 2, 0, 0}}, /* as large, but not in the same place */
        {{9, 70, 1, 1, 34, 1, 1, 1, 1}, {0, 0, 0, 0}},
        {{2, 6, 8, 8, 6, 3, 3, 1, 6}, {1, 1, 1, 1}}, /* depthwise */
        {{2, 7, 9, 9, 5, 2, 2, 3, 1}, {0, 0, 0, 0}}, /* stride beyond the window */
        {{2, 4, 9, 8, 5, 1, 3, 2, 1}, {0, 1, 0, 1}},
        {{2, 4, 9, 8, 6, 3, 1, 2, 2}, {1, 0, 1, 0}},
        {{1, 4, 10, 10, 6, 3, 3, 2, 1}, {0, 0, 1, 1}}, /* "same" of TensorFlow */
        {{1, 2, 5, 5, 3, 3, 3, 1, 1}, {4, 4, 4, 4}},   /* zeros beyond the window's size */
        {{1, 2, 6, 6, 3, 6, 6, 1, 1}, {0, 0, 0, 0}},   /* one output */
        {{1, 2, 3, 3, 3, 5, 5, 2, 1}, {1, 1, 1, 1}},
        {{1, 3, 7, 40, 4, 3, 4, 3, 1}, {3, 2, 1, 0}},
        {{9, 2, 4, 4, 3, 3, 3, 1, 1}, {1, 1, 1, 1}}, /* several images to a chunk, and a rest */
        {{1, 48, 5, 5, 100, 3, 3, 1, 1}, {1, 1, 1, 1}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int *g = rows[i].g;
        check_conv2d(conv2d(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], rows[i].pad));
    }
}

static void convolutions_agree_on_random_shapes(void **unused)
{
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 0, 0);

    (void)unused;
    for (int i = 0; i < 60; ++i) {
        const int groups = 1 + (int)an_random_below(&stream, 3);
        const int c = groups * (1 + (int)an_random_below(&stream, 20));
        const int k = groups * (1 + (int)an_random_below(&stream, 40));
        const int r = 1 + (int)an_random_below(&stream, 5);
        const int s = 1 + (int)an_random_below(&stream, 5);
        const int h = r + (int)an_random_below(&stream, 12);
        const int w = s + (int)an_random_below(&stream, 18);
        int pad[4];
        for (int j = 0; j < 4; ++j)
            pad[j] = (int)an_random_below(&stream, 4);
        check_conv2d(conv2d(1 + (int)an_random_below(&stream, 6), c, h, w, k, r, s,
                            1 + (int)an_random_below(&stream, 4), groups, pad));
    }
}

/* The longest sums of AlexNet's convolutions, of as many images as fast tiers need for
   Winograd's algorithm. */
static void conv4_of_alexnet_agrees(void **unused)
{
    int found = 0;

    (void)unused;
    if (an_test_leaves_out("conv4 of AlexNet")) return;
    for (int i = 0; i < an_cases_step.count; ++i) {
        const an_case c = an_case_get(&an_cases_step, i, 3);
        if (strncmp(c.name, "conv4 ", strlen("conv4 ")) != 0) continue;
        check_case(&c);
        ++found;
    }
    assert_int_equal(found, AN_PASSES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_agree_on_edges),
        cmocka_unit_test(convolutions_agree_on_random_shapes),
        cmocka_unit_test(conv4_of_alexnet_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
