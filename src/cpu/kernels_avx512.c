/*
 * kernels_avx512.c: the tier for AVX-512; compiled with -mavx512f -mavx512vl -mavx512dq -mavx512bw.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/backend.h"

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512BW__)
#define TIER  avx512
#define LANES 16
#define NV    2
#define MR    14
#include "cpu/simd_avx512.h"

#include "cpu/kernels_tmpl.h"
#else
const an_backend *an_backend_avx512(an_cpu_level level)
{
    (void)level;
    return NULL;
}

float an_peak_loop_avx512(int64_t rounds)
{
    (void)rounds;
    return 0;
}
#endif
