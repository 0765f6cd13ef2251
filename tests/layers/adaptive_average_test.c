/*
 * adaptive_average_test.c: values by hand, the identity, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"

/* 5 rows to 2: rows 0..2 and 2..4 (they share row 2), PyTorch's floor(i H / P) .. ceil((i+1) H / P)
 * - 1. */
static void values_by_hand(void **unused)
{
    static const float x[] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5}; /* 5 x 2 */
    static const float expected[] = {2, 2, 4, 4};
    check_layer c;
    float y[4];

    (void)unused;
    check_open(&c, "portable", "adaptive_average", "size=2", (an_shape){1, 1, 5, 2}, AN_INFER);
    check_forward(&c, x, y);
    assert_true(an_relative_error(y, expected, 4) < 1e-7);
    check_close(&c);
}

/* A smaller map is stretched: 1x1 to 2x2 repeats the value. */
static void enlarges(void **unused)
{
    static const float x[] = {3}, expected[] = {3, 3, 3, 3};
    check_layer c;
    float y[4];

    (void)unused;
    check_open(&c, "portable", "adaptive_average", "size=2", (an_shape){1, 1, 1, 1}, AN_INFER);
    check_forward(&c, x, y);
    assert_memory_equal(y, expected, sizeof y);
    check_close(&c);
}

static void nothing_to_do_if_the_size_fits(void **unused)
{
    check_layer c;

    (void)unused;
    check_open(&c, "portable", "adaptive_average", "size=6", (an_shape){1, 2, 6, 6}, AN_TRAIN);
    assert_true(c.needs.alias);
    check_close(&c);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const an_shape rows[] = {{2, 3, 7, 5}, {1, 2, 1, 2}, {1, 1, 13, 6}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("adaptive_average", "size=3", rows[i], 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(enlarges),
        cmocka_unit_test(nothing_to_do_if_the_size_fits),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
