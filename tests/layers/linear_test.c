/*
 * linear_test.c: values by hand, rows and maps, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <string.h>

/* Two rows of three inputs, two outputs: y = x w^T + b. */
static void values_by_hand(void **unused)
{
    static const float x[] = {1, 2, 3, /* row 1 */ 0, -1, 1},
                       w[] = {1, 0, 2, /* output 1 */ -1, 1, 1}, b[] = {10, 20};
    static const float y_expected[] = {17, 24, 12, 20}, dy[] = {1, 2, 3, 4};
    /* dx = dy w; dw = dy^T x; db = column sums of dy */
    static const float dx_expected[] = {1 - 2, 2, 2 + 2, 3 - 4, 4, 6 + 4}, db_expected[] = {4, 6};
    static const float dw_expected[] = {1 + 0, 2 - 3, 3 + 3, 2 + 0, 4 - 4, 6 + 4};
    check_layer c;
    float y[4], dx[6];

    (void)unused;
    check_open(&c, "portable", "linear", "outputs=2", (an_shape){2, 3, 1, 1}, AN_TRAIN);
    memcpy(c.w[0], w, sizeof w);
    memcpy(c.w[1], b, sizeof b);
    check_forward(&c, x, y);
    assert_memory_equal(y, y_expected, sizeof y);
    check_backward(&c, dy, dx);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    assert_memory_equal(c.dw[0], dw_expected, sizeof dw_expected);
    assert_memory_equal(c.dw[1], db_expected, sizeof db_expected);
    check_close(&c);
}

/* At each place of a map it computes the same as for a row. */
static void a_map_is_rows(void **unused)
{
    enum { PLACES = 2 * 3 };
    check_layer map, row;
    float x[4 * PLACES], y[5 * PLACES];

    (void)unused;
    check_open(&map, "portable", "linear", "outputs=5", (an_shape){1, 4, 2, 3}, AN_INFER);
    check_open(&row, "portable", "linear", "outputs=5", (an_shape){1, 4, 1, 1}, AN_INFER);
    assert_int_equal(map.y_shape.h, 2);
    assert_int_equal(map.y_shape.w, 3);
    for (int i = 0; i < 2; ++i)
        memcpy(row.w[i], map.w[i], (size_t)map.params.items[i].count * sizeof(float));
    check_fill(x, AN_COUNT(x), 1);
    check_forward(&map, x, y);
    for (int place = 0; place < PLACES; ++place) {
        float x_row[4], y_row[5];
        for (int c = 0; c < 4; ++c)
            x_row[c] = x[c * PLACES + place];
        check_forward(&row, x_row, y_row);
        for (int k = 0; k < 5; ++k)
            assert_float_equal(y[k * PLACES + place], y_row[k], 1e-6);
    }
    check_close(&map);
    check_close(&row);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    static const an_shape rows[] = {{1, 1, 1, 1}, {3, 17, 1, 1}, {5, 33, 1, 1}, {2, 9, 3, 2}};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("linear", "outputs=7", rows[i], 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(a_map_is_rows),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
