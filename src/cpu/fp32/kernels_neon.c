/*
 * kernels_neon.c: the tier for NEON, which every 64-bit ARM has.
 *
 * A tile is 14 x 8: 14 * 2 sums, 2 vectors of B and 1 of A are 31 of 32 registers of 4 floats. A
 * step loads B in one instruction and 14 single floats of A. Most multiply-adds take such a
 * float by lane, without a broadcast: 15 loads for 28 multiply-adds. gcc 12 compiles it so, with no
 * sum in memory. It has run under an emulator only, and has not been timed.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/backend.h"
#include "cpu/tiles.h"

#if defined(__aarch64__) && defined(__ARM_NEON)
#define TIER  neon
#define LANES AN_TILE_NEON_LANES
#define NV    AN_TILE_NEON_VECTORS
#define MR    AN_TILE_NEON_ROWS
#include "cpu/simd/neon.h"

#include "cpu/fp32/kernels_tmpl.h"
#else
const an_backend *an_backend_neon(void) { return NULL; }

float an_peak_loop_neon(int64_t rounds)
{
    (void)rounds;
    return 0;
}
#endif
