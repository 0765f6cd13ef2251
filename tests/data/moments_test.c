/*
 * moments_test.c: mean, deviation and principal components, worked by hand.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "data/moments.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* cmocka compares in float. */
#define assert_near(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (tolerance))

typedef struct result {
    double mean[3], sd[3], values[3], vectors[3][3];
} result;

static result conclude(const an_moments *moments)
{
    result r;

    an_moments_conclude(moments, r.mean, r.sd, r.values, r.vectors);
    return r;
}

/*
 * R = 0, 255, G = 255, 0, B = 51 twice: the covariance in 0 .. 1 is ((1/4, -1/4, 0), (-1/4, 1/4,
 * 0), 0), with eigenvalue 1/2 along (1, -1, 0) / sqrt(2).
 */
static void two_pixels(void **in)
{
    static const uint8_t rgb[] = {0, 255, 51, 255, 0, 51};
    an_moments m = {0};

    (void)in;
    an_moments_add(&m, rgb, 2);
    const result r = conclude(&m);
    assert_near(r.mean[0], 0.5, 1e-15);
    assert_near(r.mean[1], 0.5, 1e-15);
    assert_near(r.mean[2], 0.2, 1e-15);
    assert_near(r.sd[0], 0.5, 1e-15);
    assert_near(r.sd[1], 0.5, 1e-15);
    assert_near(r.sd[2], 0, 1e-7);
    assert_near(r.values[0], 0.5, 1e-15);
    assert_near(r.values[1], 0, 1e-15);
    assert_near(r.values[2], 0, 1e-15);
    assert_near(fabs(r.vectors[0][0]), sqrt(0.5), 1e-12);
    assert_near(r.vectors[0][0], -r.vectors[0][1], 1e-12);
    assert_near(r.vectors[0][2], 0, 1e-12);
}

/* For any pixels: the vectors are orthonormal, and covariance x vector = value x vector. */
static void components_of_random_pixels(void **in)
{
    enum { PIXELS = 200000 }; /* several chunks */
    uint8_t *rgb = malloc(3 * PIXELS);
    uint32_t state = 7;
    an_moments whole = {0}, parts = {0};
    double c[3][3] = {{0}}, mean[3] = {0};

    (void)in;
    assert_non_null(rgb);
    for (int i = 0; i < PIXELS; ++i) {
        for (int k = 0; k < 3; ++k)
            rgb[3 * i + k] = (uint8_t)((state = state * 1664525 + 1013904223) >> (25 - (k == 1)));
        rgb[3 * i + 2] = (uint8_t)(rgb[3 * i] + rgb[3 * i + 2] / 2);
    }
    an_moments_add(&whole, rgb, PIXELS);
    for (size_t at = 0, step = 1; at < PIXELS;
         at += step, step = 2 * step < PIXELS - at ? 2 * step : PIXELS - at) {
        an_moments part = {0};
        an_moments_add(&part, rgb + 3 * at, step < PIXELS - at ? step : PIXELS - at);
        an_moments_merge(&parts, &part);
    }
    assert_memory_equal(&whole, &parts, sizeof whole);

    for (int i = 0; i < PIXELS; ++i)
        for (int k = 0; k < 3; ++k)
            mean[k] += rgb[3 * i + k] / 255.0 / PIXELS;
    for (int i = 0; i < PIXELS; ++i)
        for (int k = 0; k < 9; ++k)
            c[k / 3][k % 3] += (rgb[3 * i + k / 3] / 255.0 - mean[k / 3]) *
                               (rgb[3 * i + k % 3] / 255.0 - mean[k % 3]) / PIXELS;
    free(rgb);

    const result r = conclude(&whole);
    assert_true(r.values[0] > r.values[1] && r.values[1] > r.values[2] && r.values[2] > 0);
    for (int i = 0; i < 3; ++i) {
        assert_near(r.mean[i], mean[i], 1e-10);
        assert_near(r.sd[i], sqrt(c[i][i]), 1e-9);
        for (int k = 0; k < 3; ++k) {
            const double *a = r.vectors[i], *b = r.vectors[k];
            assert_near(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], i == k, 1e-12);
            assert_near(c[k][0] * a[0] + c[k][1] * a[1] + c[k][2] * a[2], r.values[i] * a[k],
                        1e-10);
        }
        const double *v = r.vectors[i];
        assert_true(fmax(fmax(v[0], v[1]), v[2]) >= -fmin(fmin(v[0], v[1]), v[2]));
    }
}

/* The sums of a chunk of white pixels just fit. */
static void white_pixels_do_not_overflow(void **in)
{
    enum { PIXELS = 100000 };
    uint8_t *rgb = malloc(3 * PIXELS);
    an_moments m = {0};

    (void)in;
    assert_non_null(rgb);
    memset(rgb, 255, 3 * PIXELS);
    an_moments_add(&m, rgb, PIXELS);
    free(rgb);
    assert_int_equal(m.products[0], (uint64_t)PIXELS * 255 * 255);
    const result r = conclude(&m);
    assert_near(r.mean[2], 1, 1e-15);
    assert_near(r.sd[2], 0, 1e-7);
}

static void no_pixels_give_zeros(void **in)
{
    const an_moments none = {0};
    const result r = conclude(&none);

    (void)in;
    assert_near(r.mean[0] + r.sd[1] + r.values[0], 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pixels),
        cmocka_unit_test(components_of_random_pixels),
        cmocka_unit_test(white_pixels_do_not_overflow),
        cmocka_unit_test(no_pixels_give_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
