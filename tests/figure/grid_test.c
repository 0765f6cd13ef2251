/*
 * grid_test.c: the places of tiles.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "figure/grid.h"

static void layouts_worked_by_hand(void **in)
{
    static const struct {
        int count, blocks, tile_h, tile_w, magnify, columns, block_rows, height, width;
    } rows[] = {
        {1, 1, 11, 11, 4, 1, 1, 52, 52},     /* 4 + 44 + 4 */
        {64, 1, 11, 11, 4, 16, 4, 196, 772}, /* 4 (44 + 4) + 4, 16 (44 + 4) + 4 */
        {96, 2, 11, 11, 4, 16, 3, 304,
         772}, /* Krizhevsky et al. 2012, Figure 3; 6 (44 + 4) + 4 + 12 */
        {32, 1, 5, 5, 9, 8, 4, 200, 396},   /* 4 (45 + 4) + 4, 8 (45 + 4) + 4 */
        {7, 1, 3, 3, 16, 7, 1, 56, 368},    /* a prime number: one row, unless that is too wide */
        {37, 1, 1, 2, 24, 9, 5, 144, 472},  /* too wide: rows that are not full; 5 (24 + 4) + 4 */
        {4, 1, 100, 60, 1, 4, 1, 108, 260}, /* large tiles are not magnified */
    };

    (void)in;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_grid grid =
            an_grid_layout(rows[i].count, rows[i].blocks, rows[i].tile_h, rows[i].tile_w);
        assert_int_equal(grid.magnify, rows[i].magnify);
        assert_int_equal(grid.columns, rows[i].columns);
        assert_int_equal(grid.block_rows, rows[i].block_rows);
        assert_int_equal(grid.height, rows[i].height);
        assert_int_equal(grid.width, rows[i].width);
    }
}

/* The number of the tile, from 1, whose colour the pixel has; 0: white. */
static int tile_at(const an_image *image, int y, int x)
{
    const uint8_t *pixel = image->pixels + ((ptrdiff_t)y * image->width + x) * 3;

    assert_true(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    return pixel[0] == 255 ? 0 : pixel[0];
}

static void every_pixel_is_of_its_tile_or_white(void **in)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_grid grid = an_grid_layout(10, 2, 1, 2); /* 5 in a row, in two blocks */
    an_image image = {0};

    (void)in;
    assert_int_equal(grid.columns, 5);
    an_assert_ok(ctx, an_grid_open(ctx, &grid, &image));
    for (int i = 0; i < grid.count; ++i) {
        const uint8_t grey = (uint8_t)(i + 1), tile[] = {grey, grey, grey, grey, grey, grey};
        an_grid_put(&grid, &image, i, tile);
    }
    /* tiles of 24 x 48; across 4 + i (48 + 4), down 4 and 4 + 24 + 16 */
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x) {
            const int row = y >= 4 && y < 28 ? 0 : y >= 44 && y < 68 ? 1 : -1;
            const int column = x >= 4 && (x - 4) % 52 < 48 ? (x - 4) / 52 : -1;
            assert_int_equal(tile_at(&image, y, x),
                             row < 0 || column < 0 ? 0 : 5 * row + column + 1);
        }
    an_image_free(ctx, &image);
    alexnet_close(ctx);
}

static void one_too_large_is_refused(void **in)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_grid grid = an_grid_layout(1, 1, 1, AN_IMAGE_SIDE_MAX);
    an_image image = {0};

    (void)in;
    an_assert_status(ctx, an_grid_open(ctx, &grid, &image), ALEXNET_BAD_ARG);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_worked_by_hand),
        cmocka_unit_test(every_pixel_is_of_its_tile_or_white),
        cmocka_unit_test(one_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
