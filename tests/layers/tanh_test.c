/*
 * tanh_test.c: values by hand, its keys, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <math.h>

#define LN3 1.0986122887f /* tanh(ln 3 / 2) = 1/2 */

static void values_by_hand(void **unused)
{
    static const struct {
        const char *settings;
        float y, dx; /* at x = ln 3 */
    } rows[] = {
        {"", 0.8f, 0.36f}, /* (9 - 1) / (9 + 1) */
        {"b=0.5", 0.5f, 0.375f},
        {"a=2 b=0.5", 1, 0.75f},
    };
    static const float x[] = {LN3, 0, -LN3}, dy[] = {1, 1, 1};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        check_layer c;
        float y[3], dx[3];

        check_open(&c, "portable", "tanh", rows[i].settings, (an_shape){1, 3, 1, 1}, AN_TRAIN);
        check_forward(&c, x, y);
        check_backward(&c, dy, dx);
        assert_true(fabsf(y[0] - rows[i].y) < 1e-6f && y[1] == 0 && y[2] == -y[0]);
        assert_true(fabsf(dx[0] - rows[i].dx) < 1e-6f && dx[2] == dx[0]);
        check_close(&c);
    }
}

static void gradient_agrees_with_central_differences(void **unused)
{
    (void)unused;
    check_gradient("tanh", "", (an_shape){2, 3, 4, 5}, 1e-2, 1e-3);
    check_gradient("tanh", "a=1.7159 b=0.6667", (an_shape){1, 1, 7, 3}, 1e-2, 1e-3);
    check_gradient("tanh", "a=0.5 b=2", (an_shape){5, 9, 1, 1}, 5e-3, 1e-3);
}

static void refuses_what_has_no_gradient(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(
        check_shape("tanh", "a=0", (an_shape){1, 1, 1, 1}, &y, message, sizeof message),
        ALEXNET_BAD_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(gradient_agrees_with_central_differences),
        cmocka_unit_test(refuses_what_has_no_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
