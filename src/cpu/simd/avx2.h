/*
 * avx2.h: the vector vocabulary of the kernels, for AVX2 and FMA: 16 registers of 8 floats.
 * The same words mean the same in simd/avx512.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_AVX2_H
#define AN_CPU_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>

/* CRC-32C of a word of 8 bytes, and of a byte: SSE 4.2, which every processor of these tiers has.
   */
#define CRC32C_WORD(crc, word) _mm_crc32_u64(crc, word)
#define CRC32C_BYTE(crc, byte) _mm_crc32_u8(crc, byte)

typedef __m256 vf; /* LANES floats */

static inline vf vf_zero(void) { return _mm256_setzero_ps(); }

static inline vf vf_set1(float value) { return _mm256_set1_ps(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return _mm256_loadu_ps(from); }

static inline void vf_store(float *to, vf value) { _mm256_storeu_ps(to, value); }

static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }

static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }

static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }

static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }

/* 1 / sqrt(value) of a normal number above 0, within 2^-11 */
static inline vf vf_about_rsqrt(vf value) { return _mm256_rsqrt_ps(value); }

/* The second operand where one of the two is not a number. */
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }

static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vf vf_relu(vf value) /* not a number stays: MAXPS gives its second operand then */
{
    return _mm256_max_ps(_mm256_setzero_ps(), value);
}

/* The first `count` lanes, 0 .. LANES; memory past them is not touched, the other lanes are 0. */
static inline __m256i vf_lanes(int count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane);
}

static inline vf vf_load_part(const float *from, int count)
{
    return _mm256_maskload_ps(from, vf_lanes(count));
}

static inline void vf_store_part(float *to, int count, vf value)
{
    _mm256_maskstore_ps(to, vf_lanes(count), value);
}

/* ---- comparisons, lane by lane ---- */

typedef __m256 vm;

static inline vm vf_more(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }

static inline vf vf_pick(vm mask, vf yes, vf no) { return _mm256_blendv_ps(no, yes, mask); }

static inline vm vf_bytes_equal(const uint8_t *from, uint8_t value) /* LANES bytes */
{
    const __m256i lanes =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(lanes, _mm256_set1_epi32(value)));
}

static inline void vf_store_bytes(uint8_t *to, vf value) /* integers 0 .. 255 */
{
    const __m256i lanes = _mm256_cvtps_epi32(value);
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    _mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(words, words));
}

/* ---- exponents ---- */

static inline vf vf_floor_log_2(vf value) /* of a normal number above 0 */
{
    const __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(value), 23);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)));
}

static inline __m256 vf_power_of_2(__m256i n) /* -126 .. 127 */
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

static inline vf vf_times_power_of_2(vf value, vf n) /* n: integers -250 .. 250 */
{
    const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    value = _mm256_mul_ps(value, vf_power_of_2(half));
    return _mm256_mul_ps(value, vf_power_of_2(_mm256_sub_epi32(whole, half)));
}

/* ---- across lanes ---- */

static inline void vf_transpose(vf v[8]) /* lane j of v[i] becomes lane i of v[j] */
{
    vf t[8];

    for (int i = 0; i < 8;
         i += 4) { /* 4x4 within each half: lane h of t[i + j] is column 4 h + j */
        const vf a = _mm256_unpacklo_ps(v[i], v[i + 1]), b = _mm256_unpackhi_ps(v[i], v[i + 1]);
        const vf c = _mm256_unpacklo_ps(v[i + 2], v[i + 3]);
        const vf d = _mm256_unpackhi_ps(v[i + 2], v[i + 3]);
        t[i] = _mm256_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    for (int j = 0; j < 4; ++j) {
        v[j] = _mm256_permute2f128_ps(t[j], t[4 + j], 0x20);
        v[4 + j] = _mm256_permute2f128_ps(t[j], t[4 + j], 0x31);
    }
}

static inline float vf_sum(vf value) /* of all lanes, by halves: the order is fixed */
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#endif
