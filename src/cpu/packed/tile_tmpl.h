/*
 * tile_tmpl.h: the micro-kernel of the formats that pack several numbers into 4 bytes: tile_tmpl.h
 * with a unit of 4 bytes (two of bf16, four of int8) where a float stands there.
 *
 *     C[mr][NR] (+)= sum over i < outer, j < inner, l < run of
 *                    A[row][i * a_outer + j * a_inner + l * a_step] . B[(i, j, l)][NR]
 *
 * A and B are units, and . multiplies the numbers of two units pair by pair and adds them all to the sum:
 * one instruction for 16 columns, as fast as a multiply-add of floats. A is read where it lies, at any
 * alignment, one unit broadcast at a time; B is packed, NR units per step. NR = 32.
 *
 * The machine is a vocabulary: vp, 16 units; va, 16 sums; vp_load, vp_set1, va_zero, va_dot, va_finish.
 *
 * Registers: 14 * 2 sums + 2 of B + 1 of A = 31 of 32 zmm. Traffic of a step: 14 broadcasts and 2 loads for
 * 28 dot products.
 * SPDX-License-Identifier: MIT
 */

#define LANES 16
#define NV    2
#define MR    14
#define NR    (NV * LANES)

#define UNIT_BYTES 4
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
    finish end;      /* what becomes of the sums */
    /* What is brought to L2 meanwhile: as in tile_tmpl.h, but with every step; strides in bytes. */
    const char *fetch;
    ptrdiff_t fetch_inner, fetch_step;
} tile;

/* As in tile_tmpl.h: rows are reached from three pointers and small multiples of one stride. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))
#define ALWAYS_INLINE   inline __attribute__((always_inline))

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* One step of the sum: a column of A times a row of B. base: rows 0, 5 and 10 of A. weights_first: A is the
   weights; formats whose factors differ have to know. */
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
        __builtin_prefetch(t->c + i / NV * t->c_row + i % NV * LANES, 1); /* wanted at the end */
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
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#define TILE_FUNCTIONS(mr)                                                                         \
    static void TILE_NAME(images_first_##mr)(const tile *t) { tile_rows(mr, false, t); }           \
    static void TILE_NAME(weights_first_##mr)(const tile *t) { tile_rows(mr, true, t); }
TILE_ROWS(TILE_FUNCTIONS)

typedef void (*tile_function)(const tile *t);
#define IMAGES_ENTRY(mr)  [mr] = TILE_NAME(images_first_##mr),
#define WEIGHTS_ENTRY(mr) [mr] = TILE_NAME(weights_first_##mr),
static const tile_function images_first[MR + 1] = {TILE_ROWS(IMAGES_ENTRY)};
static const tile_function weights_first[MR + 1] = {TILE_ROWS(WEIGHTS_ENTRY)};
