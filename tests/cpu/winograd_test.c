/*
 * winograd_test.c: how Winograd's convolution cuts maps: cases by hand, and properties of every
 * size.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/winograd.h"

static void cuts_by_hand(void **unused)
{
    static const struct {
        int r, outputs, tiles, points, first_m, last_m;
    } rows[] = {
        {3, 13, 3, 7, 5, 4}, /* 5 + 4 + 4: 19 points */
        {3, 1, 1, 4, 2, 2},  {3, 4, 1, 6, 4, 4}, {3, 6, 2, 5, 3, 3},
        {5, 27, 7, 8, 4, 3}, {5, 8, 2, 8, 4, 4},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_winograd_axis axis = an_winograd_cut(rows[i].r, rows[i].outputs);
        assert_int_equal(axis.tiles, rows[i].tiles);
        assert_int_equal(axis.points, rows[i].points);
        assert_int_equal(an_winograd_tile_at(&axis, 0).m, rows[i].first_m);
        assert_int_equal(an_winograd_tile_at(&axis, axis.tiles - 1).m, rows[i].last_m);
    }
}

/* Every output lies in one tile; tiles shrink; the tiles that have a point are the first ones. */
static void cuts_of_every_size(void **unused)
{
    (void)unused;
    for (int r = 3; r <= 5; r += 2) {
        for (int outputs = 1; outputs < 300; ++outputs) {
            const an_winograd_axis axis = an_winograd_cut(r, outputs);
            int next = 0, points = 0, before = AN_WINOGRAD_POINTS + 1;
            for (int i = 0; i < axis.tiles; ++i) {
                const an_winograd_tile tile = an_winograd_tile_at(&axis, i);
                assert_int_equal(tile.first, next);
                assert_true(tile.first < outputs && tile.points <= before);
                assert_int_equal(tile.points, tile.m + r - 1);
                for (int p = 0; p < tile.points; ++p)
                    assert_true(an_winograd_tiles_with(
                                    &axis, an_winograd_point(&axis, tile.points, p)) > i);
                next += tile.m;
                points += tile.points;
                before = tile.points;
            }
            assert_true(next >= outputs);
            for (int p = 0; p < axis.points; ++p)
                points -= an_winograd_tiles_with(&axis, p);
            assert_int_equal(points, 0);
        }
    }
}

static void only_what_it_can_do(void **unused)
{
    an_conv2d g = {.n = 128,
                   .c = 256,
                   .h = 13,
                   .w = 13,
                   .k = 256,
                   .r = 3,
                   .s = 3,
                   .stride = 1,
                   .groups = 1,
                   .pad_top = 1,
                   .pad_left = 1,
                   .pad_bottom = 1,
                   .pad_right = 1,
                   .p = 13,
                   .q = 13};

    (void)unused;
    for (int pass = 0; pass < AN_PASSES; ++pass)
        assert_true(an_winograd_applies(&g, (an_pass)pass));
    g.groups = 32; /* 8 channels each */
    assert_false(an_winograd_applies(&g, AN_FORWARD));
    g.groups = 1;
    g.stride = 2;
    assert_false(an_winograd_applies(&g, AN_FORWARD));
    g.stride = 1;
    g.s = 5;
    assert_false(an_winograd_applies(&g, AN_FORWARD));
    g.s = 3;
    g.pad_top = 3;
    g.p = 15;
    assert_true(an_winograd_applies(&g, AN_FORWARD));
    assert_false(an_winograd_applies(&g, AN_BACKWARD_DATA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_by_hand),
        cmocka_unit_test(cuts_of_every_size),
        cmocka_unit_test(only_what_it_can_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
