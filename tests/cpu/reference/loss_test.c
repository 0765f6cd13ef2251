/*
 * loss_test.c: softmax, cross-entropy and its gradient.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"
#include <math.h>

static const an_run run = {.threads = 2};

/* ln 1, ln 2, ln 5 give 1/8, 2/8, 5/8; a second row far beyond what exp() holds gives the same. */
static void worked_by_hand(void **unused)
{
    const float x[6] = {0, 0.693147181f, 1.609437912f, 1000, 1000.693147f, 1001.609438f};
    const double p[3] = {0.125, 0.25, 0.625};
    const int32_t labels[2] = {1, 2};
    float y[6], loss[2], dx[6];

    (void)unused;
    assert_int_equal(an_softmax__portable(&run, (an_shape){2, 3, 1, 1}, x, y), ALEXNET_OK);
    assert_int_equal(
        an_cross_entropy__portable(&run, 2, 3, x, &(an_targets){.labels = labels}, loss),
        ALEXNET_OK);
    assert_int_equal(an_softmax_loss_backward__portable(&run, 2, 3, y,
                                                        &(an_targets){.labels = labels}, 0.5f, dx),
                     ALEXNET_OK);
    for (int i = 0; i < 6; ++i) {
        assert_true(fabs((double)y[i] - p[i % 3]) < (i < 3 ? 1e-7 : 2e-5));
        assert_true(dx[i] == (y[i] - (i % 3 == labels[i / 3] ? 1.0f : 0.0f)) * 0.5f);
    }
    assert_true(fabs((double)loss[0] - log(4)) < 1e-6);
    assert_true(fabs((double)loss[1] - log(1.6)) < 1e-4);
}

/* p = 1/8, 2/8, 5/8; smoothed by 0.3, the target of label 1 is 0.1, 0.8, 0.1: as
   torch.nn.CrossEntropyLoss(label_smoothing=0.3) has it. */
static void smoothing_by_hand(void **unused)
{
    const float x[6] = {0, 0.693147181f, 1.609437912f, 1000, 1000.693147f, 1001.609438f};
    const double target[3] = {0.1, 0.8, 0.1}, p[3] = {0.125, 0.25, 0.625};
    const int32_t labels[2] = {1, 1};
    const double expected = -(0.1 * log(0.125) + 0.8 * log(0.25) + 0.1 * log(0.625));
    float y[6], loss[2], dx[6];

    (void)unused;
    assert_int_equal(an_softmax__portable(&run, (an_shape){2, 3, 1, 1}, x, y), ALEXNET_OK);
    assert_int_equal(an_cross_entropy__portable(
                         &run, 2, 3, x, &(an_targets){.labels = labels, .smoothing = 0.3f}, loss),
                     ALEXNET_OK);
    assert_int_equal(
        an_softmax_loss_backward__portable(
            &run, 2, 3, y, &(an_targets){.labels = labels, .smoothing = 0.3f}, 0.5f, dx),
        ALEXNET_OK);
    for (int i = 0; i < 3; ++i)
        assert_true(fabs((double)dx[i] - (p[i] - target[i]) / 2) < 1e-7);
    assert_true(fabs((double)loss[0] - expected) < 1e-6);
    assert_true(fabs((double)loss[1] - expected) < 1e-4);
}

/* p = 1/8, 2/8, 5/8; the target is divided between labels 1 and 2, 0.75 to 0.25, all smoothed by
   0.3: 0.1, 0.625, 0.275. An image blended with itself has one label. */
static void blends_by_hand(void **unused)
{
    const float x[6] = {0, 0.693147181f, 1.609437912f, 0, 0.693147181f, 1.609437912f};
    const double p[3] = {0.125, 0.25, 0.625};
    const double target[2][3] = {{0.1, 0.625, 0.275}, {0.1, 0.1, 0.8}};
    const int32_t labels[2] = {1, 2}, others[2] = {2, 2};
    const float parts[2] = {0.25f, 0.5f};
    const an_targets targets = {
        .labels = labels, .other_labels = others, .shares = parts, .smoothing = 0.3f};
    float y[6], loss[2], dx[6];

    (void)unused;
    assert_int_equal(an_softmax__portable(&run, (an_shape){2, 3, 1, 1}, x, y), ALEXNET_OK);
    assert_int_equal(an_cross_entropy__portable(&run, 2, 3, x, &targets, loss), ALEXNET_OK);
    assert_int_equal(an_softmax_loss_backward__portable(&run, 2, 3, y, &targets, 0.5f, dx),
                     ALEXNET_OK);
    for (int row = 0; row < 2; ++row) {
        double expected = 0;
        for (int i = 0; i < 3; ++i) {
            expected -= target[row][i] * log(p[i]);
            assert_true(fabs((double)dx[3 * row + i] - (p[i] - target[row][i]) / 2) < 1e-7);
        }
        assert_true(fabs((double)loss[row] - expected) < 1e-6);
    }
}

/* The probability of the label underflows; its logarithm does not. */
static void loss_survives_certainty(void **unused)
{
    const float x[2] = {0, -200};
    const int32_t wrong[1] = {1}, right[1] = {0};
    float loss[1];

    (void)unused;
    assert_int_equal(
        an_cross_entropy__portable(&run, 1, 2, x, &(an_targets){.labels = wrong}, loss),
        ALEXNET_OK);
    assert_true(loss[0] == 200);
    assert_int_equal(
        an_cross_entropy__portable(&run, 1, 2, x, &(an_targets){.labels = right}, loss),
        ALEXNET_OK);
    assert_true(loss[0] == 0);
}

static void not_a_number_spreads_over_its_row(void **unused)
{
    const float x[4] = {1, NAN, 1, 1};
    float y[4];

    (void)unused;
    assert_int_equal(an_softmax__portable(&run, (an_shape){2, 2, 1, 1}, x, y), ALEXNET_OK);
    assert_true(isnan(y[0]) && isnan(y[1]) && y[2] == 0.5f && y[3] == 0.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_by_hand),
        cmocka_unit_test(smoothing_by_hand),
        cmocka_unit_test(blends_by_hand),
        cmocka_unit_test(loss_survives_certainty),
        cmocka_unit_test(not_a_number_spreads_over_its_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
