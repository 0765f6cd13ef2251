/*
 * simd_avx512.h: the vector vocabulary of the kernels, for AVX-512 F, VL, DQ and BW: 32 registers
 * of 16 floats. The same words mean the same in simd_avx2.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_AVX512_H
#define AN_CPU_SIMD_AVX512_H

#include <immintrin.h>

typedef __m512 vf; /* LANES floats */

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }

static inline vf vf_set1(float value) { return _mm512_set1_ps(value); }

static inline vf vf_load(const float *from) /* any alignment */ { return _mm512_loadu_ps(from); }

static inline void vf_store(float *to, vf value) { _mm512_storeu_ps(to, value); }

static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }

static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }

static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }

static inline vf vf_fma(vf a, vf b, vf c) /* a * b + c, rounded once */
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf vf_relu(vf value) /* not a number stays: MAXPS gives its second operand then */
{
    return _mm512_max_ps(_mm512_setzero_ps(), value);
}

/* The first `count` lanes, 0 .. LANES; memory behind them is not touched, the other lanes are 0. */
static inline __mmask16 vf_lanes(int count) { return (__mmask16)((1u << count) - 1); }

static inline vf vf_load_part(const float *from, int count)
{
    return _mm512_maskz_loadu_ps(vf_lanes(count), from);
}

static inline void vf_store_part(float *to, int count, vf value)
{
    _mm512_mask_storeu_ps(to, vf_lanes(count), value);
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
