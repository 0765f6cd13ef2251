/*
 * layout_test.c: [n][c][h][w] to [n][h][w][c] and back.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"

static const an_run run = {.threads = 2};

/* Two images of 3 channels, 1 x 2: channels a, b, c of pixels 0 and 1. */
static void by_hand(void **unused)
{
    const an_shape shape = {2, 3, 1, 2};
    const float nchw[12] = {10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61};
    const float nhwc[12] = {10, 20, 30, 11, 21, 31, 40, 50, 60, 41, 51, 61};
    float x[12], back[12];

    (void)unused;
    assert_int_equal(an_from_nchw__portable(&run, shape, nchw, x), ALEXNET_OK);
    assert_memory_equal(x, nhwc, sizeof x);
    assert_int_equal(an_to_nchw__portable(&run, shape, x, back), ALEXNET_OK);
    assert_memory_equal(back, nchw, sizeof back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
