/*
 * filters_test.c: the pixels of drawn weights, against values computed by hand.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "figure/filters.h"
#include "figure/grid.h"
#include <float.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    an_image image;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.ctx = NULL};
    w.ctx = an_test_open(&w.memory);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_image_free(w->ctx, &w->image);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

/* Checks the colour of a weight, in the middle of its square. */
static const uint8_t *colour_at(const world *w, const an_filters *f, int filter, int y, int x)
{
    const an_grid grid = an_grid_layout(f->count, f->towers, f->height, f->width);
    const int left = AN_GRID_GAP + filter * (grid.magnify * f->width + AN_GRID_GAP);
    const int middle = grid.magnify / 2;

    assert_int_equal(grid.columns, f->count); /* all in one row */
    return w->image.pixels +
           ((ptrdiff_t)(AN_GRID_GAP + y * grid.magnify + middle) * w->image.width + left +
            x * grid.magnify + middle) *
               3;
}

static void assert_colour(const world *w, const an_filters *f, int filter, int x, int r, int g,
                          int b)
{
    const uint8_t expected[] = {(uint8_t)r, (uint8_t)g, (uint8_t)b};

    assert_memory_equal(colour_at(w, f, filter, 0, x), expected, sizeof expected);
}

/* Two filters of 3 channels, 1 x 2. 0.5 of 1: 127.5 + 63.75 = 191.25; 0: 127.5, rounded up. */
static const float two_filters[] = {
    1,  0,    /* filter 0, channel 0 */
    -1, 0.5f, /* channel 1 */
    0,  -0.5f /* channel 2 */,
    2,  0, /* filter 1 */
    0,  -1,
    0,  4,
};

static void each_filter_has_its_own_scale(void **state)
{
    world *w = *state;
    const an_filters f = {two_filters, 2, 3, 1, 2, .towers = 1};

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, &f, &w->image));
    assert_colour(w, &f, 0, 0, 255, 0, 128);
    assert_colour(w, &f, 0, 1, 128, 191, 64); /* 127.5 - 63.75 = 63.75 */
    assert_colour(w, &f, 1, 0, 191, 128, 128);
    assert_colour(w, &f, 1, 1, 128, 96, 255); /* -1 of 4: 127.5 - 31.875 = 95.625 */
}

static void or_all_have_one(void **state)
{
    world *w = *state;
    const an_filters f = {two_filters, 2, 3, 1, 2, .towers = 1, .common = true};

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, &f, &w->image));
    assert_colour(w, &f, 0, 0, 159, 96, 128); /* 1 of 4: 159.375 */
    assert_colour(w, &f, 1, 1, 128, 96, 255);
}

static void blue_may_come_first(void **state)
{
    world *w = *state;
    const an_filters f = {two_filters, 2, 3, 1, 2, .towers = 1, .bgr = true};

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, &f, &w->image));
    assert_colour(w, &f, 0, 0, 128, 0, 255);
}

/* Means of two channels: (1 + 3) / 2 of 3: 127.5 + 85 = 212.5, rounded up; -1.5 of 3: 63.75. */
static void other_numbers_of_channels_are_grey(void **state)
{
    static const float weights[] = {1, -3, 3, 0};
    world *w = *state;
    const an_filters f = {weights, 1, 2, 1, 2, .towers = 1};

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, &f, &w->image));
    assert_colour(w, &f, 0, 0, 213, 213, 213);
    assert_colour(w, &f, 0, 1, 64, 64, 64);
}

static void zeros_are_grey_and_the_largest_floats_no_trouble(void **state)
{
    static const float weights[] = {0, 0, FLT_MAX, -FLT_MAX};
    world *w = *state;
    const an_filters f = {weights, 2, 1, 1, 2, .towers = 1};

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, &f, &w->image));
    assert_colour(w, &f, 0, 0, 128, 128, 128);
    assert_colour(w, &f, 1, 0, 255, 255, 255);
    assert_colour(w, &f, 1, 1, 0, 0, 0);
}

static void short_memory_is_a_status_at_every_point(void **state)
{
    world *w = *state;
    const an_filters f = {two_filters, 2, 3, 1, 2, .towers = 2};

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_image_free(w->ctx, &w->image);
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_filters_draw(w->ctx, &f, &w->image);
        if (!an_test_fault_disarm(&fault)) break;
        assert_int_equal(status, ALEXNET_NO_MEMORY);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_filter_has_its_own_scale),
        TEST(or_all_have_one),
        TEST(blue_may_come_first),
        TEST(other_numbers_of_channels_are_grey),
        TEST(zeros_are_grey_and_the_largest_floats_no_trouble),
        TEST(short_memory_is_a_status_at_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
