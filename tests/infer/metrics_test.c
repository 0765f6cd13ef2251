/*
 * metrics_test.c: ranks, ties, the best classes, the loss and the means.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "infer/metrics.h"
#include <math.h>

static void the_rank_counts_better_classes(void **unused)
{
    static const float probs[] = {0.1F, 0.4F, 0.2F, 0.3F};

    (void)unused;
    assert_int_equal(an_rank(probs, 4, 1), 0);
    assert_int_equal(an_rank(probs, 4, 3), 1);
    assert_int_equal(an_rank(probs, 4, 2), 2);
    assert_int_equal(an_rank(probs, 4, 0), 3);
    assert_int_equal(an_rank(probs, 1, 0), 0);
}

static void ties_prefer_the_first_class(void **unused)
{
    static const float probs[] = {0.25F, 0.25F, 0.25F, 0.25F};
    int best[4];

    (void)unused;
    for (int i = 0; i < 4; ++i)
        assert_int_equal(an_rank(probs, 4, i), i);
    an_best_classes(probs, 4, 4, best);
    for (int i = 0; i < 4; ++i)
        assert_int_equal(best[i], i);
}

static void the_best_classes_agree_with_the_rank(void **unused)
{
    static const float probs[] = {0.05F, 0.3F, 0.05F, 0.3F, 0.2F, 0.1F};

    (void)unused;
    for (int k = 1; k <= 6; ++k) {
        int best[6];
        an_best_classes(probs, 6, k, best);
        for (int i = 0; i < k; ++i)
            assert_int_equal(an_rank(probs, 6, best[i]), i);
    }
}

static void sums_and_means(void **unused)
{
    an_metrics metrics = {0};

    (void)unused;
    assert_true(isnan(an_metrics_loss(&metrics)));
    an_metrics_add(&metrics, 0, 0.5);
    an_metrics_add(&metrics, 1, 1.5);
    an_metrics_add(&metrics, 4, 2);
    an_metrics_add(&metrics, 5, 4);
    assert_int_equal(metrics.images, 4);
    assert_true(an_metrics_loss(&metrics) == 2);
    assert_true(an_metrics_top1(&metrics) == 0.25);
    assert_true(an_metrics_top5(&metrics) == 0.75);
}

static void the_loss_of_probability_zero_is_finite(void **unused)
{
    (void)unused;
    assert_true(an_cross_entropy(1) == 0);
    assert_true(fabs(an_cross_entropy(0.5F) - log(2)) < 1e-15);
    assert_true(fabs(an_cross_entropy(0) - 87.3365) < 1e-3); /* 126 ln 2 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rank_counts_better_classes),
        cmocka_unit_test(ties_prefer_the_first_class),
        cmocka_unit_test(the_best_classes_agree_with_the_rank),
        cmocka_unit_test(sums_and_means),
        cmocka_unit_test(the_loss_of_probability_zero_is_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
