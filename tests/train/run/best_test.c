/*
 * best_test.c: best weights that are missing, damaged, not yet written, or of a later step.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include <stdio.h>
#include <string.h>

static void missing_best_weights_are_searched_for_again(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;

    an_test_set(&options, "lr=0"); /* nothing improves: the first epoch stays the best */
    an_runs_train(r, &options);
    assert_int_equal(remove(an_test_path(r->folder, "run/best.safetensors")), 0);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    alexnet_train_result result = an_runs_train(r, &resumed); /* nothing left to do */
    assert_string_equal(result.weights, result.last_weights);
    an_runs_assert_hash(r, result.weights, result.weights_sha256);
    resumed.epochs = 4;
    result = an_runs_train(r, &resumed);
    assert_string_equal(result.weights, an_test_path(r->folder, "run/best.safetensors"));
    an_runs_assert_hash(r, result.weights, result.weights_sha256);
    assert_non_null(strstr(r->log.text, "best.safetensors is gone"));
}

/* One flipped bit in them, or other weights in their place. */
static void damaged_best_weights_are_searched_for_again(void **state)
{
    an_runs *r = *state;
    const char *best = an_test_path(r->folder, "run/best.safetensors");
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    an_bytes bytes;

    an_test_set(&options, "lr=0"); /* nothing improves: the first epoch would stay the best */
    an_runs_train(r, &options);
    an_assert_ok(r->ctx, an_file_read(r->ctx, best, 1 << 24, &bytes));
    bytes.data[bytes.size - 1000] ^= 1;
    an_test_write(best, bytes.data, bytes.size);
    an_bytes_free(r->ctx, &bytes);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 4;
    an_runs_train(r, &resumed);
    assert_non_null(strstr(r->log.text, "best.safetensors is not what its checkpoint says: the "
                                        "search for the best weights starts again"));
    alexnet_model *model;
    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, best, &model));
    alexnet_model_free(model);
}

/*
 * As if killed between a checkpoint, with averages beside the values, and the best weights that
 * follow it.
 */
static void best_weights_that_are_not_yet_written_come_from_their_checkpoint(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;

    options.epochs = 1;
    an_test_set(&options, "average=0.9");
    const alexnet_train_result whole = an_runs_train(r, &options);
    const char *best = an_test_path(r->folder, "run/best.safetensors");
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    for (int older = 0; older < 2; ++older) {
        assert_int_equal(remove(best), 0);
        if (older) an_test_write_text(best, "that of an epoch before");
        const alexnet_train_result again = an_runs_train(r, &resumed);
        assert_string_equal(again.weights_sha256, whole.weights_sha256);
        assert_true(again.best_top1 == whole.best_top1);
        an_runs_assert_hash(r, best, whole.weights_sha256);
    }
    assert_null(strstr(r->log.text, "search for the best weights"));
}

/*
 * The newest checkpoint is damaged: the run goes back, and may be stopped before it reaches that
 * step again.
 */
static void best_weights_never_come_from_a_later_step(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 6, .go = ALEXNET_GO_STOP};
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;
    an_file_info info;

    options.epochs = 2;
    options.checkpoint_steps = 1;
    an_runs_train(r, &options);
    const char *best = an_test_path(r->folder, "run/best.safetensors");
    an_test_write_text(
        an_test_path(r->folder, "run/checkpoints/step-00000006/optimiser.safetensors"), "cut");
    alexnet_model *model;
    an_assert_ok(r->ctx, alexnet_model_load(r->ctx, best, &model));
    const char *trained = alexnet_model_metadata(model, "alexnet.trained");
    const bool later =
        strstr(trained, "\"steps\":6") != NULL || strstr(trained, "\"steps\": 6") != NULL;
    alexnet_model_free(model);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.progress = an_runs_ask;
    resumed.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_STOPPED);
    assert_true(later); /* by the choice of data and seed */
    assert_non_null(strstr(r->log.text, "is of a later step than the checkpoint"));
    an_assert_ok(r->ctx, an_file_stat(r->ctx, best, &info));
    assert_int_equal(info.kind, AN_FILE_ABSENT);
    assert_string_equal(result.weights, result.last_weights);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(missing_best_weights_are_searched_for_again),
        TEST(damaged_best_weights_are_searched_for_again),
        TEST(best_weights_that_are_not_yet_written_come_from_their_checkpoint),
        TEST(best_weights_never_come_from_a_later_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
