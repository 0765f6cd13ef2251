/*
 * winograd.h: how Winograd's convolution cuts a map into tiles, and where it applies.
 *
 * Along one axis, m outputs of a filter of r taps take n = m + r - 1 products instead of m r
 * (Winograd 1980; Lavin and Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016). A
 * tile takes n x n products for m x m outputs. Tiles of several sizes use one set of transformed
 * filters: scripts/winograd-transforms explains how. So 13 outputs are tiled 5 + 4 + 4: 19 points
 * along an axis, 361 products for 169 outputs, instead of 1521 by the definition.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_WINOGRAD_H
#define AN_CPU_WINOGRAD_H

#include "core/backend.h"

#define AN_WINOGRAD_POINTS 8 /* most points along an axis */
#define AN_WINOGRAD_M_MAX  5

/* The tiles along one axis, the largest first: those that have point i are then the first ones. */
typedef struct an_winograd_axis {
    int r;                            /* taps */
    int outputs;                      /* the last tile may extend past them */
    int tiles;                        /* in all */
    int points;                       /* of the largest tile, and so of the filters */
    int count[AN_WINOGRAD_M_MAX + 1]; /* tiles of m outputs */
} an_winograd_axis;

/* A tile of an axis. */
typedef struct an_winograd_tile {
    int first;  /* output */
    int m;      /* outputs */
    int points; /* m + r - 1 */
} an_winograd_tile;

/* Finds the tiles with the fewest points in all. r: 3 or 5. */
an_winograd_axis an_winograd_cut(int r, int outputs);

an_winograd_tile an_winograd_tile_at(const an_winograd_axis *axis, int index);

/* The number of tiles that have the filters' point i; they are the first ones. */
int an_winograd_tiles_with(const an_winograd_axis *axis, int i);

/* The filters' point that is point i of a tile of `points`; infinity is the last of both. */
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
