/*
 * winograd.h: how Winograd's convolution cuts a map of outputs into tiles, and where it applies. It
 * computes the same convolution with fewer products, and other rounding (Winograd 1980; Lavin and
 * Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016, whose F(m x m, r x r) is a
 * tile here). docs/engine.md explains it with drawings; the kernels are cpu/fp32/winograd*_tmpl.h.
 *
 * Along one axis, m outputs of a filter of r taps (its values along that axis) take n = m + r - 1
 * products instead of m r: one at each of n points, at which the polynomials of the algorithm are
 * evaluated. A tile takes n x n products for m x m outputs. Tiles of several sizes use one set of
 * transformed filters: scripts/winograd-transforms explains how. So 13 outputs of a 3x3 filter are
 * tiled 5 + 4 + 4: 19 points along an axis, 361 products for 169 outputs, instead of 169 * 9 =
 * 1521.
 *
 * The sizes of tiles decide the rounding of every result in fp32. Other sizes need other transforms
 * (cpu/fp32/winograd_transforms.inc, made by the script) and other error bounds.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_WINOGRAD_H
#define AN_CPU_WINOGRAD_H

#include "core/backend.h"

#define AN_WINOGRAD_POINTS 8 /* at most, along an axis of a tile */
#define AN_WINOGRAD_M_MAX  5 /* outputs along an axis of a tile, at most */

/* The tiles along one axis, the largest first, so that those that have a point i come first. */
typedef struct an_winograd_axis {
    int r;                            /* taps */
    int outputs;                      /* to be covered; the last tile may extend past them */
    int tiles;                        /* in all */
    int points;                       /* of the largest tile, and so of the transformed filters */
    int count[AN_WINOGRAD_M_MAX + 1]; /* tiles of m outputs */
} an_winograd_axis;

/* A tile of an axis. */
typedef struct an_winograd_tile {
    int first;  /* its first output */
    int m;      /* its outputs */
    int points; /* m + r - 1 */
} an_winograd_tile;

/* Finds the tiles with the fewest points in all. r: 3 or 5. */
an_winograd_axis an_winograd_cut(int r, int outputs);

an_winograd_tile an_winograd_tile_at(const an_winograd_axis *axis, int index);

/* How many tiles have point i of the transformed filters: tiles 0 .. result - 1. */
int an_winograd_tiles_with(const an_winograd_axis *axis, int i);

/* Which point of the transformed filters is point i of a tile of `points` points. The last point of
   both is infinity. */
int an_winograd_point(const an_winograd_axis *axis, int points, int i);

/*
 * The convolution that is tiled. One with stride S becomes one with stride 1 over blocks of S x S
 * pixels, which count as S S C channels, [dy][dx][c] or, for images in [n][c][h][w], [dy][c][dx].
 * In the first layer 11x11 at stride 4 over 3 channels becomes 3x3 over 48; the filters are padded
 * with zeros. The padding is inside the blocks. A convolution with stride 1 stays as it is.
 */
an_conv2d an_winograd_blocks(const an_conv2d *g);

/* Whether it can be tiled; its cost decides whether that pays (cost.h). */
bool an_winograd_applies(const an_conv2d *g, an_pass pass);

#endif
