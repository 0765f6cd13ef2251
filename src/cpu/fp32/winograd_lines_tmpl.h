/*
 * winograd_lines_tmpl.h: Winograd's transforms of one tile, in both axes, for LANES channels at a
 * time.
 *
 *     columns:  t[.][j] = transform of the numbers at from[.][j] + at, for each column j
 *     rows:     the numbers at to[i][.] + at = transform of t[i][.], for each row i
 *
 * Tables of pointers give the addresses of the numbers, so that one function serves pixels (borders
 * are pointers to zeros) and the matrices V, M, Z and U. Each number is loaded once, kept in t (at
 * most 64 vectors: 4 KB on the stack, in L1) and is stored once; a line of 8 and its sums take 16
 * registers; constants come from memory as operands.
 *
 * Needs: the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_WINOGRAD_LINES_TMPL_H
#define AN_CPU_FP32_WINOGRAD_LINES_TMPL_H

#include "cpu/simd/compiler.h"
#include "cpu/winograd.h"
#include <stddef.h>

#define POINTS AN_WINOGRAD_POINTS

/* The addresses of the numbers of a tile: of each row and column the one of channel 0. */
typedef const float *tile_sources[POINTS][POINTS];
typedef float *tile_targets[POINTS][POINTS];

/* A transform of one line of `in` numbers to `out`. */
typedef void (*transform_line)(const vf *in, vf *out);

static ALWAYS_INLINE void transform_columns(const transform_line transform, const int in,
                                            const int out, int count, tile_sources from, size_t at,
                                            vf t[POINTS][POINTS])
{
    for (int j = 0; j < count; ++j) {
        vf line[POINTS], sums[POINTS];
        UNROLL
        for (int i = 0; i < in; ++i)
            line[i] = vf_load(from[i][j] + at);
        transform(line, sums);
        UNROLL
        for (int i = 0; i < out; ++i)
            t[i][j] = sums[i];
    }
}

static ALWAYS_INLINE void transform_rows(const transform_line transform, const int out, int count,
                                         vf t[POINTS][POINTS], tile_targets to, size_t at)
{
    for (int i = 0; i < count; ++i) {
        vf sums[POINTS];
        transform(t[i], sums);
        UNROLL
        for (int j = 0; j < out; ++j)
            vf_store(to[i][j] + at, sums[j]);
    }
}

/* Both axes of one transform: of the columns 0 .. count-1, of the rows 0 .. count-1. */
typedef struct line_transform {
    void (*columns)(int count, tile_sources from, size_t at, vf t[POINTS][POINTS]);
    void (*rows)(int count, vf t[POINTS][POINTS], tile_targets to, size_t at);
} line_transform;

/* The transforms of one tile size: inputs, outputs, gradients of outputs, filters and their
   gradients. */
typedef struct tile_transforms {
    line_transform bt, at, a, g, gt;
} tile_transforms;

/* Functions of these for each transform, and the tables winograd_transforms_3 and _5, by m - 2. */
#include "cpu/fp32/winograd_transforms.inc"

static const tile_transforms *transforms_of(int r, int m)
{
    return r == 3 ? &winograd_transforms_3[m - 2] : &winograd_transforms_5[m - 2];
}

#endif
