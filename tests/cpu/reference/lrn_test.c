/*
 * lrn_test.c: local response normalisation against values worked by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"
#include <math.h>
#include <stdlib.h>

/* Runs both directions with two threads and scratch of exactly what is booked, filled with
   not-a-number. */
static void lrn(const an_lrn *g, const float *x, float *y, const float *dy, float *dx)
{
    an_run run = {.threads = 2, .scratch_bytes = an_lrn_scratch__portable(g, 2)};

    run.scratch = aligned_alloc(AN_ALIGNMENT, run.scratch_bytes);
    assert_non_null(run.scratch);
    for (size_t i = 0; i < run.scratch_bytes / sizeof(float); ++i)
        ((float *)run.scratch)[i] = NAN;
    assert_int_equal(an_lrn__portable(&run, g, x, y, NULL), ALEXNET_OK);
    if (dy != NULL)
        assert_int_equal(an_lrn_backward__portable(&run, g, x, dy, NULL, dx), ALEXNET_OK);
    free(run.scratch);
}

static void require_close(const float *found, const float *expected, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (!(fabsf(found[i] - expected[i]) <= 1e-6f))
            fail_msg("[%zu]: %g, expected %g", i, (double)found[i], (double)expected[i]);
}

/*
 * Three maps 1 2 3, window 3, k 1, alpha 1, beta 1:  d = 1+1+4   1+1+4+9   1+4+9 = 6 15 14.
 * dy = 1 0 0:  t = 1 * 1 * 6^-2 = 1/36, in the windows of maps 0 and 1:
 * dx = 1/6 - 2 * 1 * 1/36, -2 * 2 * 1/36, 0 = 1/9, -1/9, 0.
 */
static void across_by_hand(void **unused)
{
    const an_lrn g = {1, 3, 1, 1, false, 3, 1, 1, 1, 1};
    const float x[3] = {1, 2, 3}, dy[3] = {1, 0, 0};
    float y[3], dx[3];

    (void)unused;
    lrn(&g, x, y, dy, dx);
    require_close(y, (float[]){1 / 6.0f, 2 / 15.0f, 3 / 14.0f}, 3);
    require_close(dx, (float[]){1 / 9.0f, -1 / 9.0f, 0}, 3);
}

/* Four maps 1 2 3 4 in two groups, of two pixels, the second all zeros: d = 6 6, 26 26; no window
   leaves its group. */
static void windows_stay_in_their_group(void **unused)
{
    const an_lrn g = {1, 4, 1, 2, false, 3, 2, 1, 1, 1};
    const float x[8] = {1, 2, 3, 4}, dy[8] = {0, 1, 0, 0};
    float y[8], dx[8];

    (void)unused;
    lrn(&g, x, y, dy, dx);
    require_close(y, (float[8]){1 / 6.0f, 2 / 6.0f, 3 / 26.0f, 4 / 26.0f}, 8);
    /* t = 0 2/36: dx = -2 * 1 * 2/36, 1/6 - 2 * 2 * 2/36 */
    require_close(dx, (float[8]){-4 / 36.0f, 1 / 6.0f - 8 / 36.0f}, 8);
}

/* Maps 3 0 0 after a ReLU that let only the first through: the others have no gradient. d = 10
   10 1, t = 3/100 0 0. */
static void relu_before(void **unused)
{
    const an_lrn g = {1, 3, 1, 1, false, 3, 1, 1, 1, 1, .relu = true};
    const float x[3] = {3, 0, 0}, dy[3] = {1, 1, 1};
    float y[3], dx[3];

    (void)unused;
    lrn(&g, x, y, dy, dx);
    require_close(dx, (float[]){1 / 10.0f - 2 * 3 * 3 / 100.0f, 0, 0}, 3);
}

/* d = 7 + 9 = 16, 16^-3/4 = 1/8, 16^-1/2 = 1/4; alpha = 1/9: d = 1 + 1/9 * 9 = 2. A window of one
   map. */
static void powers(void **unused)
{
    const float x[1] = {3}, dy[1] = {1};
    float y[1], dx[1];

    (void)unused;
    lrn(&(an_lrn){1, 1, 1, 1, false, 1, 1, 1, 0.75f, 7}, x, y, dy, dx);
    require_close(y, (float[]){3 / 8.0f}, 1);
    require_close(dx, (float[]){1 / 8.0f - 2 * 0.75f * 3 * 3 / 128}, 1); /* 16^(-7/4) = 1/128 */
    lrn(&(an_lrn){1, 1, 1, 1, false, 1, 1, 1, 0.5f, 7}, x, y, NULL, NULL);
    require_close(y, (float[]){3 / 4.0f}, 1);
    lrn(&(an_lrn){1, 1, 1, 1, false, 5, 1, 1 / 9.0f, 1, 1}, x, y, NULL, NULL);
    require_close(y, (float[]){3 / 2.0f}, 1);
}

/*
 * One map of 2 x 3, window 3, k 1, alpha 1, beta 1; a second map, ten times as large, is not seen
 * by the first.
 *
 *     1 2 3    squares 1  4  9    d = 1 + 46   1 + 91   1 + 74 in both rows
 *     4 5 6            16 25 36
 *
 * dy = 1 in the corner (0,0): t = 1/47^2 there, in the windows of columns 0 and 1.
 */
static void within_by_hand(void **unused)
{
    const an_lrn g = {1, 2, 2, 3, true, 3, 1, 1, 1, 1};
    const float d[3] = {47, 92, 75};
    float x[12], dy[12] = {1}, y[12], dx[12], own[6], own_dx[6];

    (void)unused;
    for (int i = 0; i < 6; ++i) {
        x[2 * i] = (float)(i + 1);
        x[2 * i + 1] = 10 * (float)(i + 1);
    }
    lrn(&g, x, y, dy, dx);
    for (int i = 0; i < 6; ++i) {
        const float indirect = i % 3 < 2 ? -2 * x[2 * i] / (47 * 47) : 0;
        own[i] = y[2 * i];
        own_dx[i] = dx[2 * i];
        assert_true(dx[2 * i + 1] == 0);
        require_close(&own[i], &(float){x[2 * i] / d[i % 3]}, 1);
        require_close(&own_dx[i], &(float){(i == 0 ? 1 / 47.0f : 0) + indirect}, 1);
    }
}

/* A window larger than the map sees all of it, as the smallest such window does. */
static void window_larger_than_the_map(void **unused)
{
    const float x[4] = {1, 2, 3, 4}, dy[4] = {1, -1, 2, 0};
    float y[2][4], dx[2][4];

    (void)unused;
    for (int within = 0; within < 2; ++within) {
        an_lrn g = within ? (an_lrn){1, 1, 2, 2, true, 3, 1, 0.5f, 0.75f, 2}
                          : (an_lrn){1, 4, 1, 1, false, 7, 1, 0.5f, 0.75f, 2};
        lrn(&g, x, y[0], dy, dx[0]);
        g.size = 255;
        lrn(&g, x, y[1], dy, dx[1]);
        require_close(y[1], y[0], 4);
        require_close(dx[1], dx[0], 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(across_by_hand), cmocka_unit_test(windows_stay_in_their_group),
        cmocka_unit_test(relu_before),    cmocka_unit_test(powers),
        cmocka_unit_test(within_by_hand), cmocka_unit_test(window_larger_than_the_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
