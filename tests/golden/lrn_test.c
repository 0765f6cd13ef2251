/*
 * lrn_test.c: local response normalisation, in the forms of its networks, against float64.
 *
 * The expected numbers are lrn.inc, made by lrn_golden.py, which also states the formulas (d, t).
 * The bound counts roundings. Each is at most half of eps = 2^-23 (FLT_EPSILON), relative, and is
 * counted as a whole one. With n values in a window:
 *
 *     d           n + 5    squares, their sum, the product with alpha, the sum with k; roundings of
 *                          alpha and k
 *     d^-beta     beta times those of d, and 5
 *     y           1 more
 *     t           those of d^-beta, those of d, and 3; the sum of n of them another n
 *     dx          those of the sum of t, and 5, relative to the sum of the absolute values of the
 *                 terms of dx
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "golden/formula.h"
#include "layers/check.h"
#include <float.h>
#include <math.h>

#define COUNT_MAX 64

static const struct {
    const char *what, *settings;
    an_shape x;
    float scale;
    int terms;
    double beta, y[COUNT_MAX], dx[COUNT_MAX], dx_size[COUNT_MAX];
} rows[] = {
#include "lrn.inc"
};

static void require_close(const char *what, const char *measure, const float *found,
                          const double *expected, const double *size, int64_t count,
                          double roundings)
{
    for (int64_t i = 0; i < count; ++i) {
        const double bound = roundings * (double)FLT_EPSILON * fabs(size[i]);
        if (!(fabs((double)found[i] - expected[i]) <= bound))
            fail_msg("%s: %s[%lld]: %.9g, expected %.9g within %.2g", what, measure, (long long)i,
                     (double)found[i], expected[i], bound);
    }
}

static void agrees_with_float64(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int64_t count = an_shape_count(rows[i].x);
        const double d = rows[i].terms + 5, power = rows[i].beta * d + 5;
        float x[COUNT_MAX], y[COUNT_MAX], dy[COUNT_MAX], dx[COUNT_MAX];
        check_layer c;

        assert_true(count <= COUNT_MAX);
        formula_give("x", 0, rows[i].scale, count, x);
        formula_give("dy", 0, 1, count, dy);
        check_open(&c, NULL, "lrn", rows[i].settings, rows[i].x, AN_TRAIN);
        check_forward(&c, x, y);
        check_backward(&c, dy, dx);
        check_close(&c);
        require_close(rows[i].what, "y", y, rows[i].y, rows[i].y, count, power + 1);
        require_close(rows[i].what, "dx", dx, rows[i].dx, rows[i].dx_size, count,
                      power + d + 3 + rows[i].terms + 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_float64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
