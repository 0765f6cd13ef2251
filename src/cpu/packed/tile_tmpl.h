/*
 * tile_tmpl.h: the micro-kernel of the formats that pack several numbers into 4 bytes:
 * fp32/tile_tmpl.h with a unit of 4 bytes (two of bf16, four of int8) in place of a float.
 *
 *     C[mr][NR] (+)= sum over i < outer, j < inner, l < run of
 *                    A[row][i * a_outer + j * a_inner + l * a_step] . B[(i, j, l)][NR]
 *
 * A and B are units, and . multiplies the numbers of two units pair by pair and adds them all to
 * the sum: one instruction for 16 columns, as fast as a multiply-add of floats. A is read in
 * place, at any alignment, one unit broadcast at a time; B is packed, NR units per step. NR = 32.
 *
 * The machine is a vocabulary: vp, 16 units; va, 16 sums; vp_load, vp_set1, va_zero, va_dot,
 * va_finish.
 *
 * Registers: 14 * 2 sums + 2 of B + 1 of A = 31 of 32 zmm. Traffic of a step: 14 broadcasts and 2
 * loads for 28 dot products.
 *
 * Needs: a format (algorithms_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_TILE_TMPL_H
#define AN_CPU_PACKED_TILE_TMPL_H

#include "base/compiler.h"
#include "cpu/simd/compiler.h"
#include "cpu/simd/parts_tmpl.h"
#include <stdbool.h>
#include <stddef.h>

#define UNIT_BYTES 4

_Static_assert(sizeof(vp) == LANES * UNIT_BYTES, "LANES are those of the vocabulary");
_Static_assert(MR == 14, "the height that there are functions for");

#define STEP_BYTES (NR * UNIT_BYTES) /* of B */

typedef struct tile {
    int columns; /* of C, 1 .. NR; B has NR all the same */
    int outer, inner, run;
    const char *a;   /* A[0][0]; strides in bytes */
    ptrdiff_t a_row; /* to the next row of the tile */
    ptrdiff_t a_outer, a_inner, a_step;
    const char *b;
    float *c;        /* or whole numbers, where the format's sums are and they are not finished */
    ptrdiff_t c_row; /* in numbers */
    bool add;        /* to what C holds */
    finish end;      /* how the sums are stored */
    /* Software prefetch to L2, as in fp32/tile_tmpl.h, but of one stream and with every step;
       strides in bytes. */
    const char *fetch;
    ptrdiff_t fetch_inner, fetch_step;
} tile;

/* One step of the sum: a column of A times a row of B. base: rows 0, 5 and 10 of A. weights_first:
   A is the weights; formats whose factors differ need it. */
static ALWAYS_INLINE void tile_step(const int mr, const bool weights_first, va sum[][NV],
                                    const char *const base[3], ptrdiff_t row, const char *b)
{
    vp bv[NV];

    UNROLL
    for (int j = 0; j < NV; ++j)
        bv[j] = vp_load(b + j * LANES * UNIT_BYTES);
    UNROLL
    for (int i = 0; i < mr; ++i) {
        const vp ai = vp_set1(base[i / 5] + i % 5 * row);
        UNROLL
        for (int j = 0; j < NV; ++j)
            sum[i][j] = weights_first ? va_dot(sum[i][j], bv[j], ai) : va_dot(sum[i][j], ai, bv[j]);
    }
}

static ALWAYS_INLINE void tile_rows(const int mr, const bool weights_first, const tile *t)
{
    const ptrdiff_t row = t->a_row;
    const char *b = t->b;
    va sum[MR][NV];

    UNROLL
    for (int i = 0; i < mr * NV; ++i) {
        sum[i / NV][i % NV] = va_zero();
        __builtin_prefetch(t->c + i / NV * t->c_row + i % NV * LANES, 1); /* needed at the end */
    }

    for (int o = 0; o < t->outer; ++o) {
        for (int n = 0; n < t->inner; ++n) {
            const char *a = t->a + o * t->a_outer + n * t->a_inner;
            const char *base[3] = {a, a + 5 * row, a + 10 * row};
            const char *fetch = t->fetch + n * t->fetch_inner;
            for (int l = 0; l < t->run; ++l, b += STEP_BYTES, fetch += t->fetch_step) {
                __builtin_prefetch(fetch, 0, 2);
                FORGET(base[0]);
                FORGET(base[1]);
                FORGET(base[2]);
                tile_step(mr, weights_first, sum, base, row, b);
                base[0] += t->a_step;
                base[1] += t->a_step;
                base[2] += t->a_step;
            }
        }
    }

    UNROLL
    for (int i = 0; i < mr * NV; ++i) {
        const int count = t->columns - i % NV * LANES;
        if (count > 0)
            va_finish(&t->end, t->c + i / NV * t->c_row, i % NV * LANES, AN_MIN(count, LANES),
                      t->add, sum[i / NV][i % NV]);
    }
}

/* A function per number of rows, so that the sums stay in registers. */
static void TILE_NAME(images_first_1)(const tile *t) { tile_rows(1, false, t); }
static void TILE_NAME(images_first_2)(const tile *t) { tile_rows(2, false, t); }
static void TILE_NAME(images_first_3)(const tile *t) { tile_rows(3, false, t); }
static void TILE_NAME(images_first_4)(const tile *t) { tile_rows(4, false, t); }
static void TILE_NAME(images_first_5)(const tile *t) { tile_rows(5, false, t); }
static void TILE_NAME(images_first_6)(const tile *t) { tile_rows(6, false, t); }
static void TILE_NAME(images_first_7)(const tile *t) { tile_rows(7, false, t); }
static void TILE_NAME(images_first_8)(const tile *t) { tile_rows(8, false, t); }
static void TILE_NAME(images_first_9)(const tile *t) { tile_rows(9, false, t); }
static void TILE_NAME(images_first_10)(const tile *t) { tile_rows(10, false, t); }
static void TILE_NAME(images_first_11)(const tile *t) { tile_rows(11, false, t); }
static void TILE_NAME(images_first_12)(const tile *t) { tile_rows(12, false, t); }
static void TILE_NAME(images_first_13)(const tile *t) { tile_rows(13, false, t); }
static void TILE_NAME(images_first_14)(const tile *t) { tile_rows(14, false, t); }

static void TILE_NAME(weights_first_1)(const tile *t) { tile_rows(1, true, t); }
static void TILE_NAME(weights_first_2)(const tile *t) { tile_rows(2, true, t); }
static void TILE_NAME(weights_first_3)(const tile *t) { tile_rows(3, true, t); }
static void TILE_NAME(weights_first_4)(const tile *t) { tile_rows(4, true, t); }
static void TILE_NAME(weights_first_5)(const tile *t) { tile_rows(5, true, t); }
static void TILE_NAME(weights_first_6)(const tile *t) { tile_rows(6, true, t); }
static void TILE_NAME(weights_first_7)(const tile *t) { tile_rows(7, true, t); }
static void TILE_NAME(weights_first_8)(const tile *t) { tile_rows(8, true, t); }
static void TILE_NAME(weights_first_9)(const tile *t) { tile_rows(9, true, t); }
static void TILE_NAME(weights_first_10)(const tile *t) { tile_rows(10, true, t); }
static void TILE_NAME(weights_first_11)(const tile *t) { tile_rows(11, true, t); }
static void TILE_NAME(weights_first_12)(const tile *t) { tile_rows(12, true, t); }
static void TILE_NAME(weights_first_13)(const tile *t) { tile_rows(13, true, t); }
static void TILE_NAME(weights_first_14)(const tile *t) { tile_rows(14, true, t); }

typedef void (*tile_function)(const tile *t);

static const tile_function images_first[MR + 1] = {
    NULL,
    TILE_NAME(images_first_1),
    TILE_NAME(images_first_2),
    TILE_NAME(images_first_3),
    TILE_NAME(images_first_4),
    TILE_NAME(images_first_5),
    TILE_NAME(images_first_6),
    TILE_NAME(images_first_7),
    TILE_NAME(images_first_8),
    TILE_NAME(images_first_9),
    TILE_NAME(images_first_10),
    TILE_NAME(images_first_11),
    TILE_NAME(images_first_12),
    TILE_NAME(images_first_13),
    TILE_NAME(images_first_14),
};

static const tile_function weights_first[MR + 1] = {
    NULL,
    TILE_NAME(weights_first_1),
    TILE_NAME(weights_first_2),
    TILE_NAME(weights_first_3),
    TILE_NAME(weights_first_4),
    TILE_NAME(weights_first_5),
    TILE_NAME(weights_first_6),
    TILE_NAME(weights_first_7),
    TILE_NAME(weights_first_8),
    TILE_NAME(weights_first_9),
    TILE_NAME(weights_first_10),
    TILE_NAME(weights_first_11),
    TILE_NAME(weights_first_12),
    TILE_NAME(weights_first_13),
    TILE_NAME(weights_first_14),
};

#endif
