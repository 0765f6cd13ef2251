/*
 * flatten_test.c: the order is c, h, w, whatever the layout inside.
 * SPDX-License-Identifier: MIT
 */
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
    assert_null(strstr(message, "224")); /* the model adds the inputs that fit */
}

/* A window of 2x2 on a map of 3x2: two places, each with its eight values in the order c, h, w. */
static void windows_make_a_map_of_rows(void **unused)
{
    static const float x[] = {0, 1, 2, 3, 4, 5, /* channel 1 */ 6, 7, 8, 9, 10, 11};
    static const float first[] = {0, 1, 2, 3, 6, 7, 8, 9}, second[] = {2, 3, 4, 5, 8, 9, 10, 11};
    static const float dx_expected[] = {1, 1, 3, 3, 2, 2, 1, 1, 3, 3, 2, 2};
    check_layer c;
    float y[16], dy[16], dx[12];

    (void)unused;
    check_open(&c, NULL, "flatten", "window=2", (an_shape){1, 2, 3, 2}, AN_TRAIN);
    assert_int_equal(c.y_shape.c, 8);
    assert_int_equal(c.y_shape.h, 2);
    assert_int_equal(c.y_shape.w, 1);
    check_forward(&c, x, y);
    for (int i = 0; i < 8; ++i) {
        assert_true(y[2 * i] == first[i] && y[2 * i + 1] == second[i]);
        dy[2 * i] = 1; /* of the first place */
        dy[2 * i + 1] = 2;
    }
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    check_close(&c);
}

static void a_map_of_one_window_is_one_row(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(
        check_shape("flatten", "window=6", (an_shape){1, 256, 6, 6}, &y, message, sizeof message),
        ALEXNET_OK);
    assert_true(y.c == 9216 && y.h == 1 && y.w == 1);
    assert_int_equal(
        check_shape("flatten", "window=6", (an_shape){1, 256, 5, 9}, &y, message, sizeof message),
        ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "needs 6x6 or more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_c_h_w),
        cmocka_unit_test(can_insist_on_a_map),
        cmocka_unit_test(windows_make_a_map_of_rows),
        cmocka_unit_test(a_map_of_one_window_is_one_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
