/*
 * pool_tmpl_test.c: pooling.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/trial.h"
#include <math.h>
#include <string.h>

static void pools_agree(void **unused)
{
    /* n, c, h, w; r, s, stride, pad top, pad left; p, q */
    static const an_pool rows[] = {
        {1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1},      {2, 64, 13, 13, 3, 3, 2, 0, 0, 6, 6},
        {2, 65, 8, 8, 3, 3, 2, 0, 0, 4, 4}, /* the last window passes the edge */
        {2, 63, 9, 7, 2, 3, 2, 1, 1, 5, 4},     {1, 130, 5, 5, 5, 5, 1, 2, 2, 5, 5},
        {3, 7, 6, 6, 2, 2, 3, 0, 0, 3, 3},      /* a window entirely outside */
        {1, 16, 20, 20, 16, 16, 4, 0, 0, 2, 2}, /* 256 places */
        {9, 3, 7, 11, 3, 2, 1, 0, 0, 5, 10},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_pool(rows[i]);
}

/* As pooling layers do: the gradient through max(x, 0) and then the maximum, with the ReLU's mask
   applied first at the argmax, or last everywhere. */
static void check_relu_before_pool(const an_backend *backend)
{
    enum { MAP = 2 * 9 * 9 * 19, POOLED = 2 * 4 * 4 * 19 };
    const an_pool g = {2, 19, 9, 9, 3, 3, 2, 0, 0, 4, 4};
    const an_operand map = {.count = MAP}, pooled = {.count = POOLED};
    const an_run run = {.threads = 2};
    static float x[MAP], y[POOLED], dy[POOLED], first[MAP], last[MAP];
    uint8_t argmax[POOLED];
    int blocked = 0;

    an_operand_fill(&map, 1, x);
    an_operand_fill(&pooled, 2, dy);
    for (int i = 0; i < MAP; ++i)
        x[i] -= 0.7f; /* otherwise hardly any window would be all negative */
    assert_int_equal(backend->relu(&run, MAP, x, x), ALEXNET_OK);
    assert_int_equal(backend->max_pool(&run, &g, x, y, argmax), ALEXNET_OK);
    assert_int_equal(backend->max_pool_backward(&run, &g, dy, argmax, last), ALEXNET_OK);
    assert_int_equal(backend->relu_backward(&run, MAP, x, last, last), ALEXNET_OK);
    assert_int_equal(backend->relu_backward(&run, POOLED, y, dy, dy), ALEXNET_OK);
    assert_int_equal(backend->max_pool_backward(&run, &g, dy, argmax, first), ALEXNET_OK);
    for (int i = 0; i < POOLED; ++i)
        blocked += dy[i] == 0;
    assert_in_range(blocked, POOLED / 10, POOLED / 2);
    assert_memory_equal(first, last, sizeof first);
}

static void pooling_does_the_relu_before_it(void **unused)
{
    (void)unused;
    for_each_tier(check_relu_before_pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_agree),
        cmocka_unit_test(pooling_does_the_relu_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
