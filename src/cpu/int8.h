/*
 * int8.h: 8-bit integers for inference, without calibration ("dynamic quantisation").
 *
 *     weights      w = scale * q, q in -127 .. 127; one scale for each output channel, from its
 *                  largest weight
 *     activations  x = scale * (q - zero), q in 0 .. 255; scale and zero for each image and layer,
 *                  from its values: zero is 0 where none is negative (after a ReLU), else 128 and q
 *                  in 1 .. 255
 *
 * Sums of products are exact, so that results depend neither on the batch nor on the machine:
 *
 *     y = (sum of (q_x - zero) q_w) * (scale_x * scale_w) + bias
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_INT8_H
#define AN_CPU_INT8_H

#include "core/backend.h"
#include <math.h>
#include <string.h>

/* The number of products of 255 * 127 that a sum of 32 bits can hold. */
#define AN_INT8_TERMS_MAX 66000

/* Whether a pass is computed in int8: forward, with packed weights, if the sums fit. */
static inline bool an_int8_conv2d_fits(const an_conv2d *g, an_pass pass)
{
    return pass == AN_FORWARD && g->packed &&
           (double)(g->c / g->groups) * g->r * g->s <= AN_INT8_TERMS_MAX;
}

static inline bool an_int8_linear_fits(const an_linear *g, an_pass pass)
{
    return pass == AN_FORWARD && g->packed && g->inputs <= AN_INT8_TERMS_MAX;
}

/* How numbers become integers. */
typedef struct an_int8_scale {
    float scale, inverse; /* inverse: 1 / scale, or 0 where all numbers are 0 */
    int zero;
} an_int8_scale;

#define AN_INT8_TINY                                                                               \
    1e-30f /* a largest value up to this counts as 0: its inverse would be infinite */

static inline an_int8_scale an_int8_scale_to(float largest, int levels, int zero)
{
    an_int8_scale s = {.zero = zero};

    if (!isfinite(largest)) /* shows in every output */
        s.scale = NAN;
    else if (largest > AN_INT8_TINY) {
        s.scale = largest / (float)levels;
        s.inverse = (float)levels / largest;
    }
    return s;
}

/* The largest magnitude, not a number above all; and whether any number is below 0. */
static inline float an_int8_largest(const float *x, size_t count, bool *negative)
{
    uint32_t largest = 0, below = 0;
    float result;

    for (size_t i = 0; i < count; ++i) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        const uint32_t magnitude = bits & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
        below |= bits > 0x80000000;
    }
    *negative = below != 0;
    memcpy(&result, &largest, sizeof result);
    return result;
}

static inline an_int8_scale an_int8_scale_of_weights(const float *w, size_t count)
{
    bool negative;
    const float largest = an_int8_largest(w, count, &negative);

    return an_int8_scale_to(largest, 127, 0);
}

static inline an_int8_scale an_int8_scale_of_image(const float *x, size_t count)
{
    bool negative;
    const float largest = an_int8_largest(x, count, &negative);

    return negative ? an_int8_scale_to(largest, 127, 128) : an_int8_scale_to(largest, 255, 0);
}

/* value / scale as an integer, to the nearest, ties to even: the sum with 1.5 * 2^23 rounds so.
   Its low byte, as any float has one. */
static inline int an_int8_low_byte(const an_int8_scale *s, float value)
{
    const float shifted = value * s->inverse + 12582912.0f;
    uint32_t bits;

    memcpy(&bits, &shifted, sizeof bits);
    return (int)(bits & 0xff);
}

/* q - zero: of weights, and of images that have numbers below 0, -127 .. 127; of others 0 .. 255.
   */
static inline int an_int8_signed(const an_int8_scale *s, float value)
{
    return (an_int8_low_byte(s, value) ^ 0x80) - 0x80;
}

static inline int an_int8_of_image(const an_int8_scale *s, float value)
{
    return s->zero != 0 ? an_int8_signed(s, value) : an_int8_low_byte(s, value);
}

#endif
