/*
 * kernels_avx512.c: the tier for AVX-512; compiled with -mavx512f -mavx512vl -mavx512dq -mavx512bw.
 *
 * A tile is 14 x 32: 14 * 2 sums, 2 vectors of B and 1 of A are 31 of 32 registers of 16 floats. A
 * step takes 16 loads for 28 multiply-adds.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/backend.h"
#include "cpu/packed/packed.h"
#include "cpu/tiles.h"

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && defined(__AVX512BW__)
#define TIER  avx512
#define LANES AN_TILE_AVX512_LANES
#define NV    AN_TILE_AVX512_VECTORS
#define MR    AN_TILE_AVX512_ROWS

/* int8 and bf16 are in separate files, for machines with instructions for them. */
#define PACKED_CONV2D &an_conv2d_bf16__avx512, &an_conv2d_int8__avx512,
#define PACKED_LINEAR                                                                              \
    &an_linear_bf16__avx512[AN_FORWARD], &an_linear_bf16__avx512[AN_BACKWARD_DATA],                \
        &an_linear_bf16__avx512[AN_BACKWARD_WEIGHTS], &an_linear_int8__avx512,

#include "cpu/simd/avx512.h"

#include "cpu/fp32/kernels_tmpl.h"
#else
const an_backend *an_backend_avx512(void) { return NULL; }

float an_peak_loop_avx512(int64_t rounds)
{
    (void)rounds;
    return 0;
}
#endif
