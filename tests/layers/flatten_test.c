/* flatten: the order is c, h, w, whatever the layout inside. SPDX-License-Identifier: MIT */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

static void keeps_the_order_c_h_w(void **unused)
{
    check_layer c;
    float x[2 * 3 * 2 * 2], y[2 * 12], dx[2 * 12];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(x); ++i)
        x[i] = (float)i;
    check_open(&c, NULL, "flatten", "", (an_shape){2, 3, 2, 2}, AN_TRAIN);
    assert_int_equal(c.y_shape.c, 12);
    check_forward(&c, x, y);
    assert_memory_equal(y, x, sizeof x);
    check_backward(&c, y, dx);
    assert_memory_equal(dx, x, sizeof x);
    check_close(&c);
}

static void can_insist_on_a_map(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(
        check_shape("flatten", "map=6", (an_shape){1, 256, 6, 6}, &y, message, sizeof message),
        ALEXNET_OK);
    assert_int_equal(y.c, 9216);
    assert_int_equal(
        check_shape("flatten", "map=6", (an_shape){1, 256, 7, 6}, &y, message, sizeof message),
        ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "is 7x6, this model takes 6x6 only"));
    assert_null(strstr(message, "224")); /* which input would fit is the model's affair */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_c_h_w),
        cmocka_unit_test(can_insist_on_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
