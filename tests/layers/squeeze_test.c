/*
 * squeeze_test.c: a row passes, a map is refused with a way out.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

static void only_one_place_passes(void **unused)
{
    char message[256];
    an_shape y;

    (void)unused;
    assert_int_equal(
        check_shape("squeeze", "", (an_shape){1, 10, 1, 1}, &y, message, sizeof message),
        ALEXNET_OK);
    assert_true(y.n == 1 && y.c == 10 && y.h == 1 && y.w == 1);
    assert_int_equal(
        check_shape("squeeze", "", (an_shape){1, 10, 4, 7}, &y, message, sizeof message),
        ALEXNET_BAD_SHAPE);
    assert_non_null(strstr(message, "4x7"));
    assert_non_null(strstr(message, "global pool"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_place_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
