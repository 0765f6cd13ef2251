/*
 * simd_neon.h: the vector vocabulary of the kernels, for NEON of 64-bit ARM: 32 registers of 4
 * floats. The same words mean the same in simd_avx2.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_NEON_H
#define AN_CPU_SIMD_NEON_H

#include <arm_neon.h>

typedef float32x4_t vf; /* LANES floats */

static inline vf vf_zero(void) { return vdupq_n_f32(0); }

static inline vf vf_set1(float value) { return vdupq_n_f32(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return vld1q_f32(from); }

static inline void vf_store(float *to, vf value) { vst1q_f32(to, value); }

static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }

static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }

static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return vfmaq_f32(c, a, b);
}

static inline vf vf_relu(vf value) /* not a number stays: FMAX passes it on */
{
    return vmaxq_f32(value, vf_zero());
}

/*
 * The first `count` lanes, 0 .. LANES; memory behind them is not touched, the other lanes are 0.
 * NEON has no masks. Lane by lane, and not by memcpy(): over a call no register would keep its sum.
 */
static inline vf vf_load_part(const float *from, int count)
{
    vf value = vf_zero();

    if (count > 0) value = vld1q_lane_f32(from, value, 0);
    if (count > 1) value = vld1q_lane_f32(from + 1, value, 1);
    if (count > 2) value = vld1q_lane_f32(from + 2, value, 2);
    if (count > 3) value = vld1q_lane_f32(from + 3, value, 3);
    return value;
}

static inline void vf_store_part(float *to, int count, vf value)
{
    if (count > 0) vst1q_lane_f32(to, value, 0);
    if (count > 1) vst1q_lane_f32(to + 1, value, 1);
    if (count > 2) vst1q_lane_f32(to + 2, value, 2);
    if (count > 3) vst1q_lane_f32(to + 3, value, 3);
}

static inline float vf_sum(vf value) /* of all lanes, by halves: the order is fixed */
{
    const float32x2_t two = vadd_f32(vget_low_f32(value), vget_high_f32(value));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

#endif
