/*
 * avx512_units.h: units of 4 bytes, sixteen to a vector: common to bf16 and int8 with AVX-512.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_AVX512_UNITS_H
#define AN_CPU_SIMD_AVX512_UNITS_H

#include <immintrin.h>
#include <string.h>

typedef __m512i vp; /* 16 units */

static inline vp vp_load(const char *from) { return _mm512_loadu_si512(from); }

static inline vp vp_set1(const char *unit)
{
    int bits;

    memcpy(&bits, unit, sizeof bits);
    return _mm512_set1_epi32(bits);
}

/* The first `count` lanes of 16; none below 0, all above 16. */
static inline __mmask16 lanes_of(int count)
{
    return (__mmask16)(count >= 16 ? 0xffff : count <= 0 ? 0 : (1u << count) - 1);
}

#endif
