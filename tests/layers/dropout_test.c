/*
 * dropout_test.c: the mask: the fraction of zeros, the scale, what decides it.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <math.h>
#include <string.h>

#define ROWS    8
#define COLUMNS 4099

static float ones[ROWS * COLUMNS], first[ROWS * COLUMNS], second[ROWS * COLUMNS];

static void fill_ones(void)
{
    for (size_t i = 0; i < AN_COUNT(ones); ++i)
        ones[i] = 1;
}

/* Every value is 0 or 1 / (1 - p); the share of zeros is p within five standard deviations. */
static void zeroes_a_share_of_p_and_scales_the_rest(void **unused)
{
    static const struct {
        const char *settings;
        double p;
    } rows[] = {{"p=0.5", 0.5}, {"p=0.2", 0.2}, {"p=0.9", 0.9}};

    (void)unused;
    fill_ones();
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const double count = (double)AN_COUNT(ones), sd = sqrt(rows[i].p * (1 - rows[i].p) * count);
        double zeros = 0;
        check_layer c;

        check_open(&c, NULL, "dropout", rows[i].settings, (an_shape){ROWS, COLUMNS, 1, 1},
                   AN_TRAIN);
        check_forward(&c, ones, first);
        for (size_t j = 0; j < AN_COUNT(first); ++j) {
            assert_true(first[j] == 0 || first[j] == (float)(1 / (1 - rows[i].p)));
            zeros += first[j] == 0;
        }
        assert_true(fabs(zeros - rows[i].p * count) < 5 * sd);
        check_close(&c);
    }
}

static void backward_uses_the_same_mask(void **unused)
{
    check_layer c;

    (void)unused;
    fill_ones();
    check_open(&c, NULL, "dropout", "p=0.5", (an_shape){ROWS, COLUMNS, 1, 1}, AN_TRAIN);
    check_forward(&c, ones, first);
    check_backward(&c, ones, second);
    assert_memory_equal(first, second, sizeof first);
    check_close(&c);
}

/* The mask depends on the step, but not on the machine: portable and the best tier agree. */
static void mask_is_a_function_of_step(void **unused)
{
    check_layer c;

    (void)unused;
    fill_ones();
    check_open(&c, "portable", "dropout", "p=0.5", (an_shape){ROWS, COLUMNS, 1, 1}, AN_TRAIN);
    check_forward(&c, ones, first);
    c.step = 8;
    check_forward(&c, ones, second);
    assert_memory_not_equal(first, second, sizeof first);
    check_close(&c);
    check_open(&c, NULL, "dropout", "p=0.5", (an_shape){ROWS, COLUMNS, 1, 1}, AN_TRAIN);
    check_forward(&c, ones, second);
    assert_memory_equal(first, second, sizeof first);
    check_close(&c);
}

static void inference_does_nothing(void **unused)
{
    check_layer c;

    (void)unused;
    check_open(&c, NULL, "dropout", "p=0.5", (an_shape){1, 3, 1, 1}, AN_INFER);
    assert_true(c.needs.alias);
    check_close(&c);
    check_open(&c, NULL, "dropout", "p=0", (an_shape){1, 3, 1, 1}, AN_TRAIN);
    assert_true(c.needs.alias);
    check_close(&c);
}

/* form=paper: kept values do not change, and inference multiplies by 1 - p. The mask is that of the
   other form. */
static void paper_scales_in_inference(void **unused)
{
    static const float x[] = {4, -8, 0};
    check_layer c;
    float y[3];

    (void)unused;
    fill_ones();
    check_open(&c, NULL, "dropout", "p=0.25", (an_shape){ROWS, COLUMNS, 1, 1}, AN_TRAIN);
    check_forward(&c, ones, first);
    check_close(&c);
    check_open(&c, NULL, "dropout", "p=0.25 form=paper", (an_shape){ROWS, COLUMNS, 1, 1}, AN_TRAIN);
    check_forward(&c, ones, second);
    for (size_t i = 0; i < AN_COUNT(first); ++i)
        assert_true(second[i] == (first[i] > 0 ? 1 : 0));
    check_backward(&c, ones, first);
    assert_memory_equal(first, second, sizeof first);
    check_close(&c);

    check_open(&c, NULL, "dropout", "p=0.25 form=paper", (an_shape){1, 3, 1, 1}, AN_INFER);
    assert_false(c.needs.alias);
    check_forward(&c, x, y);
    assert_true(y[0] == 3 && y[1] == -6 && y[2] == 0);
    check_close(&c);
    check_open(&c, NULL, "dropout", "p=0 form=paper", (an_shape){1, 3, 1, 1}, AN_INFER);
    assert_true(c.needs.alias);
    check_close(&c);
}

static void gradient_agrees_with_central_differences(void **unused)
{
    (void)unused;
    check_gradient("dropout", "p=0.4", (an_shape){3, 5, 2, 3}, 1e-2, 1e-3);
    check_gradient("dropout", "p=0.4 form=paper", (an_shape){2, 7, 3, 1}, 1e-2, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroes_a_share_of_p_and_scales_the_rest),
        cmocka_unit_test(backward_uses_the_same_mask),
        cmocka_unit_test(mask_is_a_function_of_step),
        cmocka_unit_test(inference_does_nothing),
        cmocka_unit_test(paper_scales_in_inference),
        cmocka_unit_test(gradient_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
