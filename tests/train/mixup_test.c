/*
 * mixup_test.c: the distribution of parts, a batch blended by hand, and a resumed run.
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/rng.h"
#include "train/mixup.h"
#include <math.h>
#include <string.h>

/*
 * Mean 1/2 and variance 1 / (4 (2 a + 1)) of Beta(a, a), within five standard errors of a sample of
 * 40,000.
 */
static void parts_are_of_the_beta_distribution(void **unused)
{
    static const double strengths[] = {0.1, 0.2, 0.5, 1, 2};
    enum { DRAWS = 40000 };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(strengths); ++i) {
        an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, i, 0);
        const double variance = 1 / (4 * (2 * strengths[i] + 1));
        double sum = 0, squares = 0;
        for (int j = 0; j < DRAWS; ++j) {
            const double p = an_mixup_draw(&stream, strengths[i]);
            assert_true(p >= 0 && p <= 1);
            sum += p - 0.5;
            squares += (p - 0.5) * (p - 0.5);
        }
        assert_true(fabs(sum / DRAWS) < 5 * sqrt(variance / DRAWS));
        assert_true(fabs(squares / DRAWS - variance) < 5 * 0.25 / sqrt(DRAWS));
    }
}

static void the_smallest_strength_draws_one_of_the_two(void **unused)
{
    an_stream stream = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);
    int ones = 0;

    (void)unused;
    for (int i = 0; i < 1000; ++i) {
        const double p = an_mixup_draw(&stream, 1e-300);
        assert_true(p == 0 || p == 1);
        ones += p == 1;
    }
    assert_in_range(ones, 400, 600);
}

/*
 * Each image keeps the larger part; the two images of a pair get each other's label as the second.
 */
static void a_batch_is_blended_in_pairs(void **unused)
{
    const float images[6] = {0, 0, 1, 10, 2, 20};
    const int32_t labels[3] = {5, 6, 7};
    const an_batch batch = {.images = images, .labels = labels, .n = 3};
    alexnet_context *ctx = an_test_open(NULL);
    an_mixup mixup;

    (void)unused;
    an_assert_ok(ctx, an_mixup_open(ctx, 1, 9, 4, 2, &mixup));
    const an_batch *blended = an_mixup_blend(&mixup, &batch, 3);
    assert_int_equal(blended->n, 3);
    assert_ptr_equal(blended->labels, labels);
    for (int i = 0; i < 3; ++i) {
        const float share = blended->shares[i];
        assert_true(share >= 0 && share <= 0.5f);
        assert_int_equal(blended->other_labels[i], labels[2 - i]);
        for (int j = 0; j < 2; ++j)
            assert_true(fabs((double)blended->images[2 * i + j] -
                             (double)((1 - share) * images[2 * i + j] +
                                      share * images[2 * (2 - i) + j])) < 1e-5);
    }
    const float first = blended->shares[0];
    assert_true(an_mixup_blend(&mixup, &batch, 3)->shares[0] == first);
    assert_true(an_mixup_blend(&mixup, &batch, 4)->shares[0] != first);
    an_mixup_close(ctx, &mixup);
    an_test_close(ctx, NULL);
}

static void a_run_with_mixup_is_resumed_to_the_same_bits(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "plain");
    const alexnet_train_result plain = an_runs_train(r, &options);

    options = an_runs_options(r, "whole");
    an_test_set(&options, "mixup=0.2");
    const alexnet_train_result whole = an_runs_train(r, &options);
    assert_string_not_equal(whole.last_sha256, plain.last_sha256);
    options.out = an_test_path(r->folder, "stopped");
    options.workers = 2;
    const alexnet_train_result result = an_runs_interrupt(r, &options, 5, false);
    assert_string_equal(result.last_sha256, whole.last_sha256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_of_the_beta_distribution),
        cmocka_unit_test(the_smallest_strength_draws_one_of_the_two),
        cmocka_unit_test(a_batch_is_blended_in_pairs),
        cmocka_unit_test_setup_teardown(a_run_with_mixup_is_resumed_to_the_same_bits,
                                        an_runs_set_up, an_runs_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
