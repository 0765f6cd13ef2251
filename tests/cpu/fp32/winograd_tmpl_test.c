/*
 * winograd_tmpl_test.c: Winograd's convolution, even where it is not the cheapest; and with the
 * pooling that follows.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"
#include "cpu/winograd.h"
#include <string.h>

/* Tiles of every size and cut, groups, channels that fill no vector, paddings of every kind;
   several chunks. The bound is the project's for a layer, 1e-5. */
static void winograd_agrees(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, groups, pad[4];
    } rows[] = {
        {8, 32, 13, 13, 40, 3, 1, {1, 1, 1, 1}},    /* conv3 to conv5, small: 5 + 4 + 4 */
        {5, 33, 27, 27, 48, 5, 1, {2, 2, 2, 2}},    /* conv2, small */
        {6, 48, 27, 27, 64, 5, 2, {2, 2, 2, 2}},    /* the same in two towers */
        {9, 34, 13, 11, 70, 3, 2, {1, 1, 1, 1}},    /* channels and filters that fill no block */
        {9, 17, 14, 9, 16, 3, 1, {0, 0, 0, 0}},     /* no padding */
        {9, 16, 12, 8, 31, 3, 1, {2, 2, 2, 2}},     /* the most that the data gradient allows */
        {9, 16, 12, 8, 17, 3, 1, {0, 1, 2, 0}},     /* uneven */
        {40, 40, 3, 2, 40, 3, 1, {1, 1, 1, 1}},     /* a tile or less */
        {20, 32, 8, 8, 64, 5, 1, {2, 2, 2, 2}},     /* cifar-19pct's conv3 */
        {3, 64, 55, 41, 64, 3, 1, {1, 1, 1, 1}},    /* more than one chunk for each thread */
        {12, 16, 13, 13, 1360, 3, 1, {1, 1, 1, 1}}, /* shared chunks: large filters */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_conv2d g = conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r,
                                   rows[i].r, 1, rows[i].groups, rows[i].pad);
        if (macs_of(&g) > 1e8 && an_test_leaves_out("a large shape")) continue;
        for (int pass = 0; pass < AN_PASSES; ++pass) {
            an_case c = {.kind = &an_case_conv2d[pass], .conv2d = g, .relu = i % 2 == 0};
            assert_true(an_winograd_applies(&g, (an_pass)pass));
            check_case(&c);
            c.algorithm = "winograd";
            check_relative_error(&c, 1e-5);
            if (pass != AN_FORWARD) continue;
            c.conv2d.packed = true;
            check_relative_error(&c, 1e-5);
        }
    }
}

/* Strides, as blocks of pixels: the first layers of torchvision, of the paper (224 rounded up) and
   others; also of images in [n][c][h][w]. */
static void winograd_of_blocks_agrees(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, stride, pad[4];
    } rows[] = {
        {9, 3, 63, 71, 64, 11, 4, {2, 2, 2, 2}},  {2, 3, 224, 224, 96, 11, 4, {0, 0, 3, 3}},
        {40, 3, 40, 40, 17, 9, 3, {1, 0, 0, 2}},  {20, 5, 33, 30, 33, 6, 2, {0, 0, 0, 0}},
        {20, 4, 41, 40, 48, 10, 2, {4, 4, 4, 4}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_conv2d g = conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r,
                             rows[i].r, rows[i].stride, 1, rows[i].pad);
        for (int pass = 0; pass < AN_PASSES; ++pass) {
            g.nchw = i % 2 == (pass == AN_FORWARD);
            g.packed = g.nchw && pass == AN_FORWARD;
            an_case c = {.kind = &an_case_conv2d[pass], .conv2d = g, .relu = i % 2 == 0};
            assert_int_equal(an_winograd_applies(&g, (an_pass)pass), pass != AN_BACKWARD_DATA);
            if (pass == AN_BACKWARD_DATA) continue;
            check_case(&c);
            c.algorithm = "winograd";
            check_relative_error(&c, 1e-5);
        }
    }
}

/* The fast tiers fuse the pooling into Winograd's tiles: otherwise nothing would be compared. */
static void check_pools(const an_conv2d *g)
{
    const an_backend *backend;

    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i) {
        int fused = 0;
        if (backend == NULL || backend == an_backend_portable()) continue;
        for (int a = 0; backend->conv2d_algorithms[a] != NULL; ++a) {
            const an_conv2d_algorithm *algorithm = backend->conv2d_algorithms[a];
            if (strcmp(algorithm->name, "winograd") == 0 && algorithm->applies(g, algorithm->pass))
                fused += algorithm->pools;
        }
        assert_true(fused >= 2); /* forward and the gradient of the weights */
    }
}

static void convolutions_pool(void **unused)
{
    static const struct {
        int n, c, h, w, k, r, stride, groups, pad; /* of the convolution */
        int size, step, pool_pad;
        an_rounding rounding;
        bool fused; /* in training, too */
    } rows[] = {
        {6, 3, 63, 63, 64, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* conv1, small: shared by all threads */
        {18, 3, 63, 63, 40, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* an image for each thread */
        {17, 32, 13, 13, 48, 5, 1, 1, 2, 3, 2, 0, AN_ROUND_DOWN, true}, /* conv2, small */
        {18, 48, 13, 13, 32, 5, 1, 2, 2, 2, 2, 0, AN_ROUND_DOWN,
         true}, /* two towers, windows that do not overlap */
        {5, 40, 14, 14, 33, 3, 1, 1, 1, 3, 2, 1, AN_ROUND_DOWN,
         true}, /* channels that fill no block; padding */
        {17, 128, 6, 6, 256, 3, 1, 1, 1, 3, 2, 0, AN_ROUND_DOWN,
         true}, /* filters too large for private chunks */
        {9, 32, 12, 8, 36, 3, 1, 1, 1, 3, 3, 0, AN_ROUND_UP_SIZE,
         true}, /* the last window passes the edge */
        {1, 3, 43, 43, 40, 11, 4, 1, 2, 3, 2, 0, AN_ROUND_DOWN, false},
        {3, 16, 13, 13, 33, 3, 1, 1, 1, 3, 2, 0, AN_ROUND_DOWN, false},
        {7, 17, 13, 11, 64, 5, 1, 1, 2, 2, 2, 0, AN_ROUND_DOWN, false},
        {2, 32, 9, 9, 70, 3, 1, 2, 1, 3, 2, 1, AN_ROUND_DOWN, false},
    };
    an_stream stream = an_stream_open(2012, AN_PURPOSE_TEST, 2, 0);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int pad = rows[i].pad;
        an_conv2d g =
            conv2d(rows[i].n, rows[i].c, rows[i].h, rows[i].w, rows[i].k, rows[i].r, rows[i].r,
                   rows[i].stride, rows[i].groups, (int[]){pad, pad, pad, pad});
        if (macs_of(&g) > 1e8 && an_test_leaves_out("a large shape")) continue;
        g.pool = pool_over(g.n, g.k, g.p, g.q, rows[i].size, rows[i].step, rows[i].pool_pad,
                           rows[i].rounding);
        if (rows[i].fused) check_pools(&g);
        check_conv2d(g);
    }
    for (int i = 0; i < 12; ++i) {
        const int groups = 1 + (int)an_random_below(&stream, 2);
        const int r = 3 + 2 * (int)an_random_below(&stream, 2);
        const int pad = (int)an_random_below(&stream, (uint32_t)r / 2 + 1);
        const int c = groups * (16 + (int)an_random_below(&stream, 20));
        const int k = groups * (16 + (int)an_random_below(&stream, 30));
        const int h = r + (int)an_random_below(&stream, 10);
        const int w = r + (int)an_random_below(&stream, 10);
        an_conv2d g = conv2d(1 + (int)an_random_below(&stream, 6), c, h, w, k, r, r, 1, groups,
                             (int[]){pad, pad, pad, pad});
        g.pool = random_pool(&stream, g.n, g.k, g.p, g.q);
        check_conv2d(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winograd_agrees),
        cmocka_unit_test(winograd_of_blocks_agrees),
        cmocka_unit_test(convolutions_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
