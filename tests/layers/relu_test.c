/*
 * relu_test.c: values by hand, in place, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <math.h>

static void values_by_hand(void **unused)
{
    static const float x[] = {-1, 0, 2, -0.5f}, dy[] = {5, 6, 7, 8};
    static const float y_expected[] = {0, 0, 2, 0}, dx_expected[] = {0, 0, 7, 0};
    check_layer c;
    float y[4], dx[4];

    (void)unused;
    check_open(&c, "portable", "relu", "", (an_shape){1, 4, 1, 1}, AN_TRAIN);
    check_forward(&c, x, y);
    assert_memory_equal(y, y_expected, sizeof y);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    check_close(&c);
}

/* A value that is not a number must reach the loss, where it is detected, on every tier. */
static void lets_nan_through(void **unused)
{
    const char *tier;

    (void)unused;
    assert_non_null(check_tier(0));
    for (int i = 0; (tier = check_tier(i)) != NULL; ++i) {
        float x[67] = {0}, y[67];
        check_layer c;

        x[0] = x[65] = NAN;
        check_open(&c, tier, "relu", "", (an_shape){1, 67, 1, 1}, AN_INFER);
        check_forward(&c, x, y);
        assert_true(isnan(y[0]) && isnan(y[65]));
        check_close(&c);
    }
}

static void gradient_agrees_with_central_differences(void **unused)
{
    (void)unused;
    check_gradient("relu", "", (an_shape){2, 3, 4, 5}, 1e-3, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(lets_nan_through),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
