/*
 * softmax_test.c: softmax with cross-entropy: values by hand, large logits, gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/rng.h"
#include "layers/check.h"
#include <math.h>

/* exp(ln 1), exp(ln 2), exp(ln 5): probabilities 1/8, 2/8, 5/8; the loss of label 1 is ln 4. */
static void values_by_hand(void **unused)
{
    static const float probabilities[] = {0.125f, 0.25f, 0.625f},
                       dx_expected[] = {0.125f, -0.75f, 0.625f};
    const float x[] = {0, logf(2), logf(5)};
    check_layer c;
    float y[3], dx[3];

    (void)unused;
    check_open(&c, "portable", "softmax", "", (an_shape){1, 3, 1, 1}, AN_TRAIN);
    c.labels[0] = 1;
    check_forward(&c, x, y);
    assert_true(an_relative_error(y, probabilities, 3) < 1e-6);
    assert_true(fabs((double)c.row_loss[0] - log(4)) < 1e-6);
    check_backward(&c, y, dx);
    assert_true(an_relative_error(dx, dx_expected, 3) < 1e-6);
    check_close(&c);
}

static void large_logits_do_not_overflow(void **unused)
{
    static const float x[] = {1000, 0, -1000};
    check_layer c;
    float y[3];

    (void)unused;
    check_open(&c, NULL, "softmax", "", (an_shape){1, 3, 1, 1}, AN_TRAIN);
    c.labels[0] = 2;
    check_forward(&c, x, y);
    assert_true(y[0] == 1 && y[1] == 0 && y[2] == 0);
    assert_true(c.row_loss[0] == 2000);
    check_close(&c);
}

/* Backward is that of the mean loss, not of sum(y r): checked against differences of the loss
 * itself, with and without smoothed labels. */
static void check_loss_gradient(int n, int classes, float smoothing)
{
    enum { VALUES_MAX = 9 * 40 };
    const double step = 1e-2;
    check_layer c;
    float x[VALUES_MAX], dx[VALUES_MAX];

    assert_true(n * classes <= VALUES_MAX);
    check_open(&c, "portable", "softmax", "", (an_shape){n, classes, 1, 1}, AN_TRAIN);
    c.smoothing = smoothing;
    check_fill(x, (size_t)(n * classes), 3);
    for (int i = 0; i < n; ++i)
        c.labels[i] = (2 * i + 1) % classes;
    check_forward(&c, x, NULL);
    check_backward(&c, x, dx);
    for (int i = 0; i < n * classes; ++i) {
        const float kept = x[i];
        double difference = 0;

        for (int sign = -1; sign <= 1; sign += 2) {
            x[i] = kept + (float)(sign * step);
            check_forward(&c, x, NULL);
            for (int row = 0; row < n; ++row)
                difference += sign * (double)c.row_loss[row] / n;
        }
        x[i] = kept;
        assert_true(fabs(difference / (2 * step) - (double)dx[i]) < 1e-4);
    }
    check_close(&c);
}

static void gradient_of_the_loss_agrees_with_central_differences(void **unused)
{
    an_stream random = an_stream_open(3, AN_PURPOSE_TEST, 0, 0);

    (void)unused;
    for (int trial = 0; trial < 12; ++trial) {
        const int n = 1 + (int)an_random_below(&random, 9);
        const int classes = 2 + (int)an_random_below(&random, 39);
        check_loss_gradient(n, classes, trial % 2 == 0 ? 0 : 0.9F * an_random_unit(&random));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(large_logits_do_not_overflow),
        cmocka_unit_test(gradient_of_the_loss_agrees_with_central_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
