/*
 * bf16.h: the upper half of a float: 1 bit of sign, 8 of exponent, 7 of fraction; and how the
 * portable code computes with it. The product of two such numbers is a float without rounding.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_BF16_H
#define AN_CPU_BF16_H

#include "core/backend.h"
#include <string.h>

/* Rounds to the nearest, ties to even; not a number stays one. */
static inline uint16_t an_bf16_from_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float an_bf16_to_float(uint16_t value)
{
    const uint32_t bits = (uint32_t)value << 16;
    float result;

    memcpy(&result, &bits, sizeof result);
    return result;
}

/* Whether a pass is computed in bf16. It depends on the shape alone, so that every tier gives
   results of the same kind. */
bool an_bf16_conv2d_pays(const an_conv2d *g, an_pass pass);
bool an_bf16_linear_pays(const an_linear *g, an_pass pass);

/*
 * An algorithm in bf16 made of one in fp32 (rounded_conv2d_tmpl.h, rounded_linear_tmpl.h): its
 * factors are copied, rounded, and passed to `inner`. The weights are those of pack_weights(), or a
 * copy in scratch. Scratch: that of `inner`, then the copies.
 */
size_t an_bf16_conv2d_scratch(const an_conv2d_algorithm *inner, const an_conv2d *g, int threads);
alexnet_status an_bf16_conv2d(const an_conv2d_algorithm *inner, const an_run *run,
                              const an_conv2d *g, const an_conv2d_tensors *t); /* forward */
size_t an_bf16_conv2d_packed_bytes(const an_conv2d *g);
alexnet_status an_bf16_conv2d_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                           void *packed);

size_t an_bf16_linear_scratch(const an_linear_algorithm *inner, const an_linear *g, int threads);
alexnet_status an_bf16_linear(const an_linear_algorithm *inner, const an_run *run,
                              const an_linear *g, const an_linear_tensors *t); /* any pass */
size_t an_bf16_linear_packed_bytes(const an_linear *g);
alexnet_status an_bf16_linear_pack_weights(const an_run *run, const an_linear *g, const float *w,
                                           void *packed);

#endif
