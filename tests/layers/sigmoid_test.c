/*
 * sigmoid_test.c: values by hand, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <math.h>

/* sigmoid(ln 3) = 3/4; dx = 3/4 (1 - 3/4). */
static void values_by_hand(void **unused)
{
    static const float x[] = {0, 1.0986122887f, -1.0986122887f}, dy[] = {4, 16, -16};
    static const float y_expected[] = {0.5f, 0.75f, 0.25f}, dx_expected[] = {1, 3, -3};
    check_layer c;
    float y[3], dx[3];

    (void)unused;
    check_open(&c, "portable", "sigmoid", "", (an_shape){1, 3, 1, 1}, AN_TRAIN);
    check_forward(&c, x, y);
    check_backward(&c, dy, dx);
    for (int i = 0; i < 3; ++i)
        assert_true(fabsf(y[i] - y_expected[i]) < 1e-6f && fabsf(dx[i] - dx_expected[i]) < 1e-5f);
    check_close(&c);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    (void)unused;
    check_gradient("sigmoid", "", (an_shape){2, 3, 4, 5}, 1e-2, 1e-3);
    check_gradient("sigmoid", "", (an_shape){3, 7, 1, 1}, 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
