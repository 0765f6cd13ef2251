/*
 * tile_tmpl.h: the one micro-kernel. Convolutions and linear layers, forward and backward, consist
 * of it and of packing.
 *
 *     C[mr][NR] (+)= sum over i < outer, j < inner, l < run of
 *                    A[row][i * a_outer + j * a_inner + l * a_step] * B[(i, j, l)][NR]
 *
 * A is read in place, one float broadcast at a time, with any strides: the three levels of the sum
 * go through the kernel's window in an image (row, column, channel), or through the pixels of
 * several images. B is packed: NR floats per step, one step after the other. NR = NV * LANES.
 *
 * Registers: MR * NV sums + NV of B + 1 of A = 14*2+2+1 = 31 of 32 zmm; 6*2+2+1 = 15 of 16 ymm.
 * Traffic of a step, 14 x 32: 14 broadcasts and 2 loads for 28 FMA, and two prefetches with every
 * fourth step. The FMA units are the bound as long as B comes from L2 and A from L1.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_TILE_TMPL_H
#define AN_CPU_FP32_TILE_TMPL_H

#include "cpu/simd/compiler.h"
#include "cpu/simd/parts_tmpl.h"
#include <stdbool.h>
#include <stddef.h>

_Static_assert(sizeof(vf) == LANES * sizeof(float), "LANES are those of the vocabulary");
_Static_assert(MR == 6 || MR == 14, "the heights that there are functions for");

typedef struct tile {
    int columns; /* of C, 1 .. NR; B has NR all the same */
    int outer, inner, run;
    const float *a;  /* A[0][0] */
    ptrdiff_t a_row; /* floats to the next row of the tile */
    ptrdiff_t a_outer, a_inner, a_step;
    const float *b;
    float *c;
    ptrdiff_t c_row;
    bool add;          /* to what C holds */
    const float *bias; /* [columns] added to each row; NULL: none */
    bool relu;
    /* Software prefetch to L2, one line of each stream with every fourth step: the line at fetch +
       j * fetch_inner + l * fetch_step, and another at ahead. ahead NULL: one stream. Prefetching
       past the end is harmless. */
    const float *fetch, *ahead;
    ptrdiff_t fetch_inner, fetch_step, ahead_inner, ahead_step;
} tile;

/* One step of the sum: a column of A times a row of B. base: rows 0, 5 and 10 of A, which then move
   on. */
static ALWAYS_INLINE void tile_step(const int mr, vf sum[][NV], const char *base[3], ptrdiff_t row,
                                    ptrdiff_t step, const float *b)
{
    vf bv[NV];

    FORGET(base[0]);
    FORGET(base[1]);
    FORGET(base[2]);
    UNROLL
    for (int j = 0; j < NV; ++j)
        bv[j] = vf_load(b + j * LANES);
    UNROLL
    for (int i = 0; i < mr; ++i) {
        const vf ai = vf_set1(*(const float *)(const void *)(base[i / 5] + i % 5 * row));
        UNROLL
        for (int j = 0; j < NV; ++j)
            sum[i][j] = vf_fma(ai, bv[j], sum[i][j]);
    }
    base[0] += step;
    base[1] += step;
    base[2] += step;
}

#define UNROLLED 4 /* steps in a row: each such group prefetches a line of each stream */

/* Stores a finished vector of sums: columns first .. first+LANES-1 of a row of C. */
static ALWAYS_INLINE void tile_finish(const tile *t, float *c, int first, vf sum)
{
    const int count = t->columns - first;

    if (count >= LANES) {
        if (t->add) sum = vf_add(sum, vf_load(c + first));
        if (t->bias != NULL) sum = vf_add(sum, vf_load(t->bias + first));
        vf_store(c + first, t->relu ? vf_relu(sum) : sum);
    } else if (count > 0) {
        if (t->add) sum = vf_add(sum, vf_load_part(c + first, count));
        if (t->bias != NULL) sum = vf_add(sum, vf_load_part(t->bias + first, count));
        vf_store_part(c + first, count, t->relu ? vf_relu(sum) : sum);
    }
}

static ALWAYS_INLINE void tile_rows(const int mr, const tile *t)
{
    const ptrdiff_t row = t->a_row * (ptrdiff_t)sizeof(float);
    const ptrdiff_t step = t->a_step * (ptrdiff_t)sizeof(float);
    const ptrdiff_t fetch_step = t->fetch_step * (ptrdiff_t)sizeof(float);
    const ptrdiff_t fetch_inner = t->fetch_inner * (ptrdiff_t)sizeof(float);
    const ptrdiff_t ahead_step = t->ahead_step * (ptrdiff_t)sizeof(float);
    const ptrdiff_t ahead_inner = t->ahead_inner * (ptrdiff_t)sizeof(float);
    /* not NULL: page 0 would cost a page walk each time */
    const float *wanted = t->ahead != NULL ? t->ahead : t->b;
    const float *b = t->b;
    vf sum[MR][NV];

    UNROLL
    for (int i = 0; i < mr * NV; ++i) {
        sum[i / NV][i % NV] = vf_zero();
        __builtin_prefetch(t->c + i / NV * t->c_row + i % NV * LANES, 1); /* needed at the end */
    }

    for (int o = 0; o < t->outer; ++o) {
        for (int n = 0; n < t->inner; ++n) {
            const float *a = t->a + o * t->a_outer + n * t->a_inner;
            const char *base[3] = {(const char *)a, (const char *)a + 5 * row,
                                   (const char *)a + 10 * row};
            const char *fetch = (const char *)t->fetch + n * fetch_inner;
            const char *ahead = (const char *)wanted + n * ahead_inner;
            for (int l = t->run / UNROLLED; l > 0; --l) {
                __builtin_prefetch(fetch, 0, 2);
                __builtin_prefetch(ahead, 0, 2);
                fetch += UNROLLED * fetch_step;
                ahead += UNROLLED * ahead_step;
                UNROLL
                for (int i = 0; i < UNROLLED; ++i)
                    tile_step(mr, sum, base, row, step, b + i * NR);
                b += UNROLLED * NR;
            }
            for (int l = t->run % UNROLLED; l > 0; --l, b += NR)
                tile_step(mr, sum, base, row, step, b);
        }
    }

    UNROLL
    for (int i = 0; i < mr * NV; ++i)
        tile_finish(t, t->c + i / NV * t->c_row, i % NV * LANES, sum[i / NV][i % NV]);
}

/* A function per number of rows, so that the sums stay in registers. */
static void TIER_NAME(f32_tile_1)(const tile *t) { tile_rows(1, t); }
static void TIER_NAME(f32_tile_2)(const tile *t) { tile_rows(2, t); }
static void TIER_NAME(f32_tile_3)(const tile *t) { tile_rows(3, t); }
static void TIER_NAME(f32_tile_4)(const tile *t) { tile_rows(4, t); }
static void TIER_NAME(f32_tile_5)(const tile *t) { tile_rows(5, t); }
static void TIER_NAME(f32_tile_6)(const tile *t) { tile_rows(6, t); }
#if MR > 6
static void TIER_NAME(f32_tile_7)(const tile *t) { tile_rows(7, t); }
static void TIER_NAME(f32_tile_8)(const tile *t) { tile_rows(8, t); }
static void TIER_NAME(f32_tile_9)(const tile *t) { tile_rows(9, t); }
static void TIER_NAME(f32_tile_10)(const tile *t) { tile_rows(10, t); }
static void TIER_NAME(f32_tile_11)(const tile *t) { tile_rows(11, t); }
static void TIER_NAME(f32_tile_12)(const tile *t) { tile_rows(12, t); }
static void TIER_NAME(f32_tile_13)(const tile *t) { tile_rows(13, t); }
static void TIER_NAME(f32_tile_14)(const tile *t) { tile_rows(14, t); }
#endif

static void tile_run(int rows, const tile *t) /* rows 1 .. MR */
{
    static void (*const functions[MR + 1])(const tile *) = {
        NULL,
        TIER_NAME(f32_tile_1),
        TIER_NAME(f32_tile_2),
        TIER_NAME(f32_tile_3),
        TIER_NAME(f32_tile_4),
        TIER_NAME(f32_tile_5),
        TIER_NAME(f32_tile_6),
#if MR > 6
        TIER_NAME(f32_tile_7),
        TIER_NAME(f32_tile_8),
        TIER_NAME(f32_tile_9),
        TIER_NAME(f32_tile_10),
        TIER_NAME(f32_tile_11),
        TIER_NAME(f32_tile_12),
        TIER_NAME(f32_tile_13),
        TIER_NAME(f32_tile_14),
#endif
    };

    functions[rows](t);
}

#endif
