/*
 * grid.h: draws small images of one size, the tiles, in rows and columns on white.
 *
 *     +-+ +-+ +-+ +-+     tiles in reading order, AN_GRID_GAP pixels apart; each pixel of a tile is
 *     |0| |1| |2| |3|     a square of `magnify` pixels
 *     +-+ +-+ +-+ +-+
 *                         blocks, equal parts of the tiles, are AN_GRID_BLOCK_GAP pixels apart
 *     +-+ +-+ +-+ +-+
 *     |4| |5| |6| |7|
 *     +-+ +-+ +-+ +-+
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FIGURE_GRID_H
#define AN_FIGURE_GRID_H

#include "image/image.h"

#define AN_GRID_GAP       4
#define AN_GRID_BLOCK_GAP 16
#define AN_GRID_TILE      48 /* smaller tiles are magnified to at most this many pixels a side */

typedef struct an_grid {
    int count, blocks; /* number of tiles, at least 1; number of blocks, a divisor of count */
    int tile_h, tile_w;
    int magnify;
    int columns, block_rows; /* rows of a block */
    int height, width;       /* of the image */
} an_grid;

/* Lays out a grid about twice as wide as high, with full rows if possible. */
an_grid an_grid_layout(int count, int blocks, int tile_h, int tile_w);

/* Makes `image` white, in the grid's size. NO_MEMORY, BAD_ARG (image too large). */
alexnet_status an_grid_open(alexnet_context *ctx, const an_grid *grid,
                            an_image *image) AN_NODISCARD;

/* Draws tile `index`, 0 .. count-1, into the image. tile: RGB [tile_h][tile_w][3]. */
void an_grid_put(const an_grid *grid, an_image *image, int index, const uint8_t *tile);

#endif
