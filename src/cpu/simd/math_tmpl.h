/*
 * math_tmpl.h: e^x, powers, tanh and the logistic function of LANES floats, by range reduction and
 * the first terms of their series: no table, no branch, only textbook constants. Bounds are
 * relative to the exact value, in eps = 2^-23; tests/cpu/simd/math_tmpl_test.c checks them against
 * libm in double. Not a number stays one. All values stay in registers.
 *
 * Needs: the vector vocabulary (fp32/kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_MATH_TMPL_H
#define AN_CPU_SIMD_MATH_TMPL_H

#include "cpu/simd/compiler.h"

#define LN_2 0.69314718055994530942

/* x to the nearest integer, for |x| below 2^22: the constant that is added leaves no bits for a
   fraction. */
static ALWAYS_INLINE vf vf_nearest(vf x)
{
    const vf shift = vf_set1(0x1.8p23f);

    return vf_sub(vf_add(x, shift), shift);
}

/* lowest .. highest; not a number stays, as the second operand of vf_min() and vf_max() does. */
static ALWAYS_INLINE vf vf_clamp(vf x, float lowest, float highest)
{
    return vf_min(vf_set1(highest), vf_max(vf_set1(lowest), x));
}

/* x = n ln 2 + r with n an integer and |r| at most ln 2 / 2. ln 2 comes in two parts, the first of
   so few bits that n times it is exact. */
static ALWAYS_INLINE vf exp_reduce(vf x, vf *n)
{
    const float high = 0x1.63p-1f;

    *n = vf_nearest(vf_mul(x, vf_set1((float)(1 / LN_2))));
    x = vf_fma(*n, vf_set1(-high), x);
    return vf_fma(*n, vf_set1((float)((double)high - LN_2)), x);
}

/* (e^r - 1) / r = 1 + r/2! + .. + r^6/7!: the next term is at most 6e-9 for |r| at most ln 2 / 2.
   */
static ALWAYS_INLINE vf exp_series(vf r)
{
    vf sum = vf_set1(1 / 5040.0f);

    sum = vf_fma(sum, r, vf_set1(1 / 720.0f));
    sum = vf_fma(sum, r, vf_set1(1 / 120.0f));
    sum = vf_fma(sum, r, vf_set1(1 / 24.0f));
    sum = vf_fma(sum, r, vf_set1(1 / 6.0f));
    sum = vf_fma(sum, r, vf_set1(1 / 2.0f));
    return vf_fma(sum, r, vf_set1(1));
}

/* e^x within 1 eps; infinite above 88.7, 0 below -103.9, and of fewer bits where it is below
   2^-126. */
static ALWAYS_INLINE vf vf_exp(vf x)
{
    vf n;
    const vf r = exp_reduce(vf_clamp(x, -110, 90), &n);

    return vf_times_power_of_2(vf_fma(r, exp_series(r), vf_set1(1)), n);
}

/*
 * d^power for a normal d, |power| at most 16, within 2 + |power| / 2 eps, and 0 or infinite where
 * that is out of range.
 *
 * d = 2^e m with m between the root of 1/2 and that of 2, and log2 m = 2 / ln 2 (s + s^3 / 3 + s^5
 * / 5 + ..), s = (m - 1) / (m + 1): the sixth term is at most 2e-9 of the first. power * e is kept
 * in two floats, so that large d cost no accuracy.
 */
static ALWAYS_INLINE vf vf_power(vf d, float power)
{
    const vf one = vf_set1(1), p = vf_set1(power);
    const vf e = vf_floor_log_2(vf_mul(d, vf_set1(1.41421356f)));
    const vf m = vf_times_power_of_2(d, vf_sub(vf_zero(), e));
    const vf s = vf_div(vf_sub(m, one), vf_add(m, one)), s2 = vf_mul(s, s);
    vf log = vf_set1((float)(2 / LN_2 / 9));

    log = vf_fma(log, s2, vf_set1((float)(2 / LN_2 / 7)));
    log = vf_fma(log, s2, vf_set1((float)(2 / LN_2 / 5)));
    log = vf_fma(log, s2, vf_set1((float)(2 / LN_2 / 3)));
    log = vf_mul(s, vf_fma(log, s2, vf_set1((float)(2 / LN_2))));

    const vf high = vf_mul(p, e);
    const vf low = vf_fma(p, log, vf_fma(p, e, vf_sub(vf_zero(), high)));
    const vf n = vf_nearest(vf_add(high, low));
    const vf r = vf_mul(vf_add(vf_sub(high, n), low), vf_set1((float)LN_2));
    return vf_times_power_of_2(vf_fma(r, exp_series(r), one), vf_clamp(n, -160, 160));
}

/*
 * d^(-3/4) for a normal d above 0, within 2 eps, without a root or a division. y begins within 2^-9
 * as r r^(1/2), r about d^(-1/2). With e = d^3 y^4 - 1 the result is y (1 + e)^(-1/4), and two
 * terms of that series leave e^3 / 8, 6e-8 at most. d^3 y^4 is computed as (d y)^2 d y^2,
 * which does not overflow.
 */
static ALWAYS_INLINE vf vf_power_minus_3_4(vf d)
{
    const vf r = vf_about_rsqrt(d);
    const vf y = vf_mul(r, vf_mul(r, vf_about_rsqrt(r)));
    const vf dy = vf_mul(d, y);
    const vf e = vf_fma(vf_mul(dy, dy), vf_mul(dy, y), vf_set1(-1));
    const vf series = vf_mul(e, vf_fma(e, vf_set1(5 / 32.0f), vf_set1(-0.25f)));

    return vf_fma(y, series, y);
}

/*
 * tanh(x) = (e^2x - 1) / (e^2x + 1) within 3 eps. e^y - 1 = 2^n (e^r - 1) + (2^n - 1): near 0,
 * where n is 0, nothing cancels. From |y| = 30 on tanh is 1 to the last bit.
 */
static ALWAYS_INLINE vf vf_tanh(vf x)
{
    vf n;
    const vf r = exp_reduce(vf_clamp(vf_add(x, x), -30, 30), &n);
    const vf scale = vf_times_power_of_2(vf_set1(1), n);
    const vf less_1 =
        vf_fma(scale, vf_mul(r, exp_series(r)), vf_sub(scale, vf_set1(1))); /* e^2x - 1 */

    return vf_div(less_1, vf_add(less_1, vf_set1(2)));
}

/* 1 / (1 + e^-x) within 2 eps */
static ALWAYS_INLINE vf vf_logistic(vf x)
{
    return vf_div(vf_set1(1), vf_add(vf_set1(1), vf_exp(vf_sub(vf_zero(), x))));
}

#endif
