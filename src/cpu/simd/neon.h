/*
 * neon.h: the vector vocabulary of the kernels, for NEON of 64-bit ARM: 32 registers of 4
 * floats. The same words mean the same in simd/avx2.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_NEON_H
#define AN_CPU_SIMD_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

/* The first processors of this architecture may lack the instruction: a build for those that have
   it uses it. */
#if defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define CRC32C_WORD(crc, word) __crc32cd((uint32_t)(crc), word)
#define CRC32C_BYTE(crc, byte) __crc32cb(crc, byte)
#endif

typedef float32x4_t vf; /* LANES floats */

static inline vf vf_zero(void) { return vdupq_n_f32(0); }

static inline vf vf_set1(float value) { return vdupq_n_f32(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return vld1q_f32(from); }

static inline void vf_store(float *to, vf value) { vst1q_f32(to, value); }

static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }

static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }

static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }

static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }

/* 1 / sqrt(value) of a normal number above 0, within 2^-11: eight bits, and a step of Newton's
   method */
static inline vf vf_about_rsqrt(vf value)
{
    const vf first = vrsqrteq_f32(value);
    return vmulq_f32(first, vrsqrtsq_f32(vmulq_f32(value, first), first));
}

/* Not a number where one of the two is. */
static inline vf vf_min(vf a, vf b) { return vminq_f32(a, b); }

static inline vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return vfmaq_f32(c, a, b);
}

static inline vf vf_relu(vf value) /* not a number stays: FMAX passes it on */
{
    return vmaxq_f32(value, vf_zero());
}

/*
 * The first `count` lanes, 0 .. LANES; memory past them is not touched, the other lanes are 0.
 * NEON has no masks. The lanes are copied one by one, without memcpy(): registers would not keep
 * their sums across a call.
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

/* ---- comparisons, lane by lane ---- */

typedef uint32x4_t vm;

static inline vm vf_more(vf a, vf b) { return vcgtq_f32(a, b); }

static inline vf vf_pick(vm mask, vf yes, vf no) { return vbslq_f32(mask, yes, no); }

static inline vm vf_bytes_equal(const uint8_t *from, uint8_t value) /* LANES bytes */
{
    uint32_t four;

    memcpy(&four, from, sizeof four);
    const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
    return vceqq_u32(vmovl_u16(vget_low_u16(words)), vdupq_n_u32(value));
}

static inline void vf_store_bytes(uint8_t *to, vf value) /* integers 0 .. 255 */
{
    const uint16x4_t words = vmovn_u32(vcvtnq_u32_f32(value));
    const uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
    const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    memcpy(to, &four, sizeof four);
}

/* ---- exponents ---- */

static inline vf vf_floor_log_2(vf value) /* of a normal number above 0 */
{
    const int32x4_t biased = vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_f32(value), 23));
    return vcvtq_f32_s32(vsubq_s32(biased, vdupq_n_s32(127)));
}

static inline vf vf_power_of_2(int32x4_t n) /* -126 .. 127 */
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

static inline vf vf_times_power_of_2(vf value, vf n) /* n: integers -250 .. 250 */
{
    const int32x4_t whole = vcvtnq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    value = vmulq_f32(value, vf_power_of_2(half));
    return vmulq_f32(value, vf_power_of_2(vsubq_s32(whole, half)));
}

/* ---- across lanes ---- */

static inline void vf_transpose(vf v[4]) /* lane j of v[i] becomes lane i of v[j] */
{
    const float32x4x2_t a = vtrnq_f32(v[0], v[1]), b = vtrnq_f32(v[2], v[3]);

    v[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    v[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    v[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    v[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

static inline float vf_sum(vf value) /* of all lanes, by halves: the order is fixed */
{
    const float32x2_t two = vadd_f32(vget_low_f32(value), vget_high_f32(value));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

#endif
