/*
 * tiles.h: the sizes of the micro-kernels' tiles: the kernels are compiled with them, and costs are
 * counted by them. A tile is ROWS x (VECTORS * LANES) sums, all of them in registers beside VECTORS
 * vectors of B and one of A.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_TILES_H
#define AN_CPU_TILES_H

/* 14 * 2 + 2 + 1 = 31 of 32 registers of 16 floats, or of 16 units of 4 bytes */
#define AN_TILE_AVX512_LANES   16
#define AN_TILE_AVX512_VECTORS 2
#define AN_TILE_AVX512_ROWS    14

/* 6 * 2 + 2 + 1 = 15 of 16 registers of 8 floats */
#define AN_TILE_AVX2_LANES   8
#define AN_TILE_AVX2_VECTORS 2
#define AN_TILE_AVX2_ROWS    6

/* 14 * 2 + 2 + 1 = 31 of 32 registers of 4 floats */
#define AN_TILE_NEON_LANES   4
#define AN_TILE_NEON_VECTORS 2
#define AN_TILE_NEON_ROWS    14

_Static_assert(AN_TILE_AVX512_ROWS *AN_TILE_AVX512_VECTORS + AN_TILE_AVX512_VECTORS + 1 <= 32,
               "the tile fits AVX-512's registers");
_Static_assert(AN_TILE_AVX2_ROWS *AN_TILE_AVX2_VECTORS + AN_TILE_AVX2_VECTORS + 1 <= 16,
               "the tile fits AVX2's registers");
_Static_assert(AN_TILE_NEON_ROWS *AN_TILE_NEON_VECTORS + AN_TILE_NEON_VECTORS + 1 <= 32,
               "the tile fits NEON's registers");

#endif
