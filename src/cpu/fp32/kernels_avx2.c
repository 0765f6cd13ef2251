/*
 * kernels_avx2.c: the tier for AVX2 and FMA; compiled with -mavx2 -mfma.
 *
 * A tile is 6 x 16: 6 * 2 sums, 2 vectors of B and 1 of A are 15 of 16 registers of 8 floats. A
 * step takes 8 loads for 12 multiply-adds.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/backend.h"
#include "cpu/tiles.h"

#if defined(__AVX2__) && defined(__FMA__)
#define TIER  avx2
#define LANES AN_TILE_AVX2_LANES
#define NV    AN_TILE_AVX2_VECTORS
#define MR    AN_TILE_AVX2_ROWS
#include "cpu/simd/avx2.h"

#include "cpu/fp32/kernels_tmpl.h"
#else
const an_backend *an_backend_avx2(void) { return NULL; }

float an_peak_loop_avx2(int64_t rounds)
{
    (void)rounds;
    return 0;
}
#endif
