/*
 * grid.c: draws small images in a grid.
 * SPDX-License-Identifier: MIT
 */
#include "figure/grid.h"

#include "base/compiler.h"
#include <string.h>

/*
 * The smallest divisor of `count` that makes a grid of `total` tiles at least twice as wide as
 * high. If that is more than twice the columns needed, returns the columns needed.
 */
static int choose_columns(int count, int total)
{
    int columns = 1;

    while (columns < count && columns * columns < 2 * total)
        ++columns;
    for (int wider = columns; wider <= 2 * columns && wider <= count; ++wider)
        if (count % wider == 0) return wider;
    return columns; /* the last row of each block is then not full */
}

an_grid an_grid_layout(int count, int blocks, int tile_h, int tile_w)
{
    const int block = count / blocks;
    an_grid grid = {.count = count, .blocks = blocks, .tile_h = tile_h, .tile_w = tile_w};

    grid.magnify = AN_MAX(1, AN_GRID_TILE / AN_MAX(tile_h, tile_w));
    grid.columns = choose_columns(block, count);
    grid.block_rows = (block + grid.columns - 1) / grid.columns;
    const int rows = blocks * grid.block_rows;
    grid.width = grid.columns * (grid.magnify * tile_w + AN_GRID_GAP) + AN_GRID_GAP;
    grid.height = rows * (grid.magnify * tile_h + AN_GRID_GAP) + AN_GRID_GAP +
                  (blocks - 1) * (AN_GRID_BLOCK_GAP - AN_GRID_GAP);
    return grid;
}

alexnet_status an_grid_open(alexnet_context *ctx, const an_grid *grid, an_image *image)
{
    const alexnet_status status = an_image_reserve(ctx, image, grid->width, grid->height);

    if (status == ALEXNET_OK)
        memset(image->pixels, 255, (size_t)grid->width * (size_t)grid->height * 3);
    return status;
}

void an_grid_put(const an_grid *grid, an_image *image, int index, const uint8_t *tile)
{
    const int m = grid->magnify, in_block = grid->count / grid->blocks;
    const int block = index / in_block, place = index % in_block;
    const int row = block * grid->block_rows + place / grid->columns;
    const int left = AN_GRID_GAP + place % grid->columns * (m * grid->tile_w + AN_GRID_GAP);
    const int top = AN_GRID_GAP + row * (m * grid->tile_h + AN_GRID_GAP) +
                    block * (AN_GRID_BLOCK_GAP - AN_GRID_GAP);

    for (int y = 0; y < m * grid->tile_h; ++y) {
        const uint8_t *from = tile + (ptrdiff_t)(y / m) * grid->tile_w * 3;
        uint8_t *to = image->pixels + ((ptrdiff_t)(top + y) * image->width + left) * 3;
        for (int x = 0; x < m * grid->tile_w; ++x, to += 3)
            memcpy(to, from + (ptrdiff_t)(x / m) * 3, 3);
    }
}
