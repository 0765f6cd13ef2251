/*
 * winograd_lines_tmpl.h: Winograd's transforms of one tile, in both axes, for LANES channels at a time.
 *
 *     columns:  t[.][j] = transform of the numbers at from[.][j] + at, for each column j
 *     rows:     the numbers at to[i][.] + at = transform of t[i][.], for each row i
 *
 * Tables of pointers say where the numbers lie, so that one function serves pixels (borders are pointers to
 * zeros) and the matrices V, M, Z and U. Each number is loaded once, rests in t (at most 64 vectors: 4 KB on the
 * stack, in L1) and is stored once; a line of 8 and its sums take 16 registers; constants come from
 * memory as operands.
 * SPDX-License-Identifier: MIT
 */

#include "cpu/fp32/winograd_transforms.inc"

#define POINTS AN_WINOGRAD_POINTS

/* Where the numbers of a tile lie: of each row and column the one of channel 0. */
typedef const float *tile_sources[POINTS][POINTS];
typedef float *tile_targets[POINTS][POINTS];

/* A transform of `in` to `out` numbers, along the columns 0 .. count-1 and along the rows 0 .. count-1. */
#define LINES(transform, in, out)                                                                  \
    static void transform##_columns(int count, tile_sources from, size_t at, vf t[POINTS][POINTS]) \
    {                                                                                              \
        for (int j = 0; j < count; ++j) {                                                          \
            vf line[in], sums[out];                                                                \
            UNROLL                                                                                 \
            for (int i = 0; i < (in); ++i)                                                         \
                line[i] = vf_load(from[i][j] + at);                                                \
            transform(line, sums);                                                                 \
            UNROLL                                                                                 \
            for (int i = 0; i < (out); ++i)                                                        \
                t[i][j] = sums[i];                                                                 \
        }                                                                                          \
    }                                                                                              \
    static void transform##_rows(int count, vf t[POINTS][POINTS], tile_targets to, size_t at)      \
    {                                                                                              \
        for (int i = 0; i < count; ++i) {                                                          \
            vf sums[out];                                                                          \
            transform(t[i], sums);                                                                 \
            UNROLL                                                                                 \
            for (int j = 0; j < (out); ++j)                                                        \
                vf_store(to[i][j] + at, sums[j]);                                                  \
        }                                                                                          \
    }

typedef struct line_transform {
    void (*columns)(int count, tile_sources from, size_t at, vf t[POINTS][POINTS]);
    void (*rows)(int count, vf t[POINTS][POINTS], tile_targets to, size_t at);
} line_transform;

/* The transforms of one tile size: inputs, outputs, gradients of outputs, filters and their gradients. */
typedef struct tile_transforms {
    line_transform bt, at, a, g, gt;
} tile_transforms;

#define ALL_LINES(r, m)                                                                            \
    LINES(winograd_bt_##r##_##m, (m) + (r)-1, (m) + (r)-1)                                         \
    LINES(winograd_at_##r##_##m, (m) + (r)-1, m)                                                   \
    LINES(winograd_a_##r##_##m, m, (m) + (r)-1)                                                    \
    LINES(winograd_g_##r##_##m, r, (m) + (r)-1)                                                    \
    LINES(winograd_gt_##r##_##m, (m) + (r)-1, r)
#define BOTH(transform)                                                                            \
    {                                                                                              \
        transform##_columns, transform##_rows                                                      \
    }
#define ALL_BOTH(r, m)                                                                             \
    {                                                                                              \
        BOTH(winograd_bt_##r##_##m), BOTH(winograd_at_##r##_##m), BOTH(winograd_a_##r##_##m),      \
            BOTH(winograd_g_##r##_##m), BOTH(winograd_gt_##r##_##m)                                \
    }

ALL_LINES(3, 2)
ALL_LINES(3, 3)
ALL_LINES(3, 4)
ALL_LINES(3, 5)
ALL_LINES(5, 2)
ALL_LINES(5, 3)
ALL_LINES(5, 4)

static const tile_transforms *transforms_of(int r, int m)
{
    static const tile_transforms of_3[] = {ALL_BOTH(3, 2), ALL_BOTH(3, 3), ALL_BOTH(3, 4),
                                           ALL_BOTH(3, 5)};
    static const tile_transforms of_5[] = {ALL_BOTH(5, 2), ALL_BOTH(5, 3), ALL_BOTH(5, 4)};

    return r == 3 ? &of_3[m - 2] : &of_5[m - 2];
}

#undef LINES
#undef ALL_LINES
#undef BOTH
#undef ALL_BOTH
