/*
 * vectors_tmpl.h: helpers of all templates: the ends of arrays, the distance of rows, and
 * transposed matrices, in blocks of LANES x LANES that are transposed in registers: 2 LANES of
 * them, all that AVX-512 and AVX2 have.
 *
 * Needs: the vector vocabulary and its LANES (fp32/kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SIMD_VECTORS_TMPL_H
#define AN_CPU_SIMD_VECTORS_TMPL_H

#include "base/compiler.h"
#include "cpu/simd/compiler.h"
#include <stddef.h>
#include <stdint.h>

/* The rest of an array, LANES floats at most; the other lanes are 0 or not stored. */
static ALWAYS_INLINE vf load_up_to(const float *from, int64_t rest)
{
    return rest >= LANES ? vf_load(from) : vf_load_part(from, (int)rest);
}

static ALWAYS_INLINE void store_up_to(float *to, int64_t rest, vf value)
{
    if (rest >= LANES)
        vf_store(to, value);
    else
        vf_store_part(to, (int)rest, value);
}

/* to[j][i] = from[i][j] for i < rows, j < columns, both at most LANES. */
static ALWAYS_INLINE void transpose_block(int rows, int columns, const float *from,
                                          ptrdiff_t from_row, float *to, ptrdiff_t to_row)
{
    vf block[LANES];

    UNROLL
    for (int i = 0; i < LANES; ++i)
        block[i] = i < rows ? load_up_to(from + i * from_row, columns) : vf_zero();
    vf_transpose(block);
    UNROLL
    for (int j = 0; j < LANES; ++j)
        if (j < columns) store_up_to(to + j * to_row, rows, block[j]);
}

/* to[j][i] = from[i][j] for i < rows, j < columns. */
static void transpose(int rows, int columns, const float *from, ptrdiff_t from_row, float *to,
                      ptrdiff_t to_row)
{
    for (int j = 0; j < columns; j += LANES) {
        for (int i = 0; i < rows; i += LANES) {
            const float *block = from + i * from_row + j;
            float *turned = to + j * to_row + i;
            if (i + LANES <= rows && j + LANES <= columns)
                transpose_block(LANES, LANES, block, from_row, turned, to_row);
            else
                transpose_block(AN_MIN(LANES, rows - i), AN_MIN(LANES, columns - j), block,
                                from_row, turned, to_row);
        }
    }
}

/* Floats from one row, or pixel, to the next: c, or somewhat more: an odd number of cache lines. */
static ptrdiff_t odd_lines(int c)
{
    const ptrdiff_t line = AN_ALIGNMENT / (ptrdiff_t)sizeof(float);
    const ptrdiff_t lines = (c + line - 1) / line;

    return (lines | 1) * line;
}

#endif
