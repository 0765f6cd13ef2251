/*
 * simd_avx2.h: the vector vocabulary of the kernels, for AVX2 and FMA: 16 registers of 8 floats.
 * The same words mean the same in simd_avx512.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_AVX2_H
#define AN_CPU_SIMD_AVX2_H

#include <immintrin.h>

typedef __m256 vf; /* LANES floats */

static inline vf vf_zero(void) { return _mm256_setzero_ps(); }

static inline vf vf_set1(float value) { return _mm256_set1_ps(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return _mm256_loadu_ps(from); }

static inline void vf_store(float *to, vf value) { _mm256_storeu_ps(to, value); }

static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }

static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }

static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vf vf_relu(vf value) /* not a number stays: MAXPS gives its second operand then */
{
    return _mm256_max_ps(_mm256_setzero_ps(), value);
}

/* The first `count` lanes, 0 .. LANES; memory behind them is not touched, the other lanes are 0. */
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

static inline float vf_sum(vf value) /* of all lanes, by halves: the order is fixed */
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#endif
