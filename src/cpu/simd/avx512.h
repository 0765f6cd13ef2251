/*
 * avx512.h: the vector vocabulary of the kernels, for AVX-512 F, VL, DQ and BW: 32 registers
 * of 16 floats. The same words mean the same in simd/avx2.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_AVX512_H
#define AN_CPU_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

/* CRC-32C of a word of 8 bytes, and of a byte: SSE 4.2, which every processor of these tiers has.
   */
#define CRC32C_WORD(crc, word) _mm_crc32_u64(crc, word)
#define CRC32C_BYTE(crc, byte) _mm_crc32_u8(crc, byte)

typedef __m512 vf; /* LANES floats */

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }

static inline vf vf_set1(float value) { return _mm512_set1_ps(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return _mm512_loadu_ps(from); }

static inline void vf_store(float *to, vf value) { _mm512_storeu_ps(to, value); }

static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }

static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }

static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }

static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }

/* 1 / sqrt(value) of a normal number above 0, within 2^-11 */
static inline vf vf_about_rsqrt(vf value) { return _mm512_rsqrt14_ps(value); }

/* The second operand where one of the two is not a number. */
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }

static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf vf_relu(vf value) /* not a number stays: MAXPS gives its second operand then */
{
    return _mm512_max_ps(_mm512_setzero_ps(), value);
}

/* The first `count` lanes, 0 .. LANES; memory past them is not touched, the other lanes are 0. */
static inline __mmask16 vf_lanes(int count) { return (__mmask16)((1u << count) - 1); }

static inline vf vf_load_part(const float *from, int count)
{
    return _mm512_maskz_loadu_ps(vf_lanes(count), from);
}

static inline void vf_store_part(float *to, int count, vf value)
{
    _mm512_mask_storeu_ps(to, vf_lanes(count), value);
}

/* ---- comparisons, lane by lane ---- */

typedef __mmask16 vm;

static inline vm vf_more(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }

static inline vf vf_pick(vm mask, vf yes, vf no) { return _mm512_mask_blend_ps(mask, no, yes); }

static inline vm vf_bytes_equal(const uint8_t *from, uint8_t value) /* LANES bytes */
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    return _mm_cmpeq_epi8_mask(bytes, _mm_set1_epi8((char)value));
}

static inline void vf_store_bytes(uint8_t *to, vf value) /* integers 0 .. 255 */
{
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(value)));
}

/* ---- exponents ---- */

static inline vf vf_floor_log_2(vf value) /* of a normal number above 0 */
{
    return _mm512_getexp_ps(value);
}

static inline vf vf_times_power_of_2(vf value, vf n) /* n: integers -250 .. 250 */
{
    return _mm512_scalef_ps(value, n);
}

/* ---- across lanes ---- */

static inline void vf_transpose(vf v[16]) /* lane j of v[i] becomes lane i of v[j] */
{
    vf t[16];

    for (int i = 0; i < 16;
         i += 4) { /* 4x4 in each quarter: quarter h of t[i + j] is column 4 h + j */
        const vf a = _mm512_unpacklo_ps(v[i], v[i + 1]), b = _mm512_unpackhi_ps(v[i], v[i + 1]);
        const vf c = _mm512_unpacklo_ps(v[i + 2], v[i + 3]);
        const vf d = _mm512_unpackhi_ps(v[i + 2], v[i + 3]);
        t[i] = _mm512_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    for (int j = 0; j < 4; ++j) {
        const vf a = _mm512_shuffle_f32x4(t[j], t[4 + j], 0x88); /* quarters 0 and 2 of both */
        const vf b = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0x88);
        const vf c = _mm512_shuffle_f32x4(t[j], t[4 + j], 0xdd); /* 1 and 3 */
        const vf d = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0xdd);
        v[j] = _mm512_shuffle_f32x4(a, b, 0x88);
        v[4 + j] = _mm512_shuffle_f32x4(c, d, 0x88);
        v[8 + j] = _mm512_shuffle_f32x4(a, b, 0xdd);
        v[12 + j] = _mm512_shuffle_f32x4(c, d, 0xdd);
    }
}

static inline float vf_sum(vf value) /* of all lanes, by halves: the order is fixed */
{
    const __m256 eight =
        _mm256_add_ps(_mm512_castps512_ps256(value), _mm512_extractf32x8_ps(value, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#endif
