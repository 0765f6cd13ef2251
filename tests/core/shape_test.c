/*
 * shape_test.c: shapes and windows.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/shape.h"
#include <limits.h>

static void counts_and_limits(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    assert_int_equal(an_shape_count((an_shape){2, 3, 4, 5}), 120);
    assert_int_equal(an_shape_image((an_shape){2, 3, 4, 5}), 60);
    an_assert_ok(ctx, an_shape_check(ctx, "x", (an_shape){128, 64, 55, 55}));
    an_assert_status(ctx, an_shape_check(ctx, "x", (an_shape){1, 0, 5, 5}), ALEXNET_BAD_SHAPE);
    an_assert_status(ctx, an_shape_check(ctx, "x", (an_shape){1, -3, 5, 5}), ALEXNET_BAD_SHAPE);
    an_assert_status(ctx,
                     an_shape_check(ctx, "layer y", (an_shape){INT_MAX, INT_MAX, INT_MAX, INT_MAX}),
                     ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "layer y");
    an_test_close(ctx, NULL);
}

/* One row per rule and corner; `after` is how far the last window reaches beyond the data. */
static void windows(void **unused)
{
    static const struct {
        an_rounding rounding;
        int in, window, stride, pad;
        bool clip, fits;
        an_window expected;
    } rows[] = {
        /* clang-format off */
        /* torchvision: the last window reaches 1 of 2 pixels after */
        {AN_ROUND_DOWN,    224, 11, 4, 2, false, true,  {55, 2, 1}},
        {AN_ROUND_UP_SIZE, 224, 11, 4, 0, false, true,  {55, 0, 3}}, /* the paper's 224 */
        {AN_ROUND_VALID,   224, 11, 4, 0, false, true,  {54, 0, 0}}, /* slim */
        {AN_ROUND_SAME,    27,  5,  1, 0, false, true,  {27, 2, 2}},
        {AN_ROUND_SAME,    6,   3,  2, 0, false, true,  {3, 0, 1}}, /* the odd one after */
        /* a window larger than the data */
        {AN_ROUND_SAME,    1,   3,  1, 0, false, true,  {1, 1, 1}},
        {AN_ROUND_UP_SIZE, 32,  3,  2, 0, true,  true,  {16, 0, 1}}, /* cuda-convnet's pools */
        /* Caffe drops the window at 4 */
        {AN_ROUND_UP_SIZE, 3,   2,  2, 1, true,  true,  {2, 1, 0}},
        {AN_ROUND_UP_SIZE, 3,   2,  2, 1, false, true,  {3, 1, 2}},
        {AN_ROUND_DOWN,    5,   5,  1, 0, false, true,  {1, 0, 0}},
        {AN_ROUND_DOWN,    4,   5,  1, 0, false, false, {0, 0, 0}},
        /* clang-format on */
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_window w = {0};
        const bool fits = an_window_output(rows[i].rounding, rows[i].in, rows[i].window,
                                           rows[i].stride, rows[i].pad, rows[i].clip, &w);

        assert_int_equal(fits, rows[i].fits);
        assert_int_equal(w.out, rows[i].expected.out);
        assert_int_equal(w.pad_before, rows[i].expected.pad_before);
        assert_int_equal(w.pad_after, rows[i].expected.pad_after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_and_limits),
                                       cmocka_unit_test(windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
