/*
 * frozen_test.c: the output of frozen layers, kept or computed at each step; runs with frozen
 * layers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/context.h"
#include "base/file.h"
#include "train/frozen.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void the_part_ends_where_something_is_trained_or_drawn(void **unused)
{
    static const struct {
        const char *family, *freeze, *first; /* NULL: none */
    } rows[] = {
        {"torchvision", NULL, NULL},
        {"torchvision", "features", "classifier.0"}, /* dropout */
        {"torchvision", "features.0", "features.3"},
        {"torchvision", "classifier", NULL},
        {"cifar-19pct", "conv1,conv2,conv3", "fc10"},
        {"cifar-19pct", "conv1", "conv2"},
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model;
        an_assert_ok(ctx, alexnet_model_describe(ctx, rows[i].family, NULL, &model));
        if (rows[i].freeze != NULL) an_assert_ok(ctx, an_model_freeze(model, rows[i].freeze));
        const int first = an_frozen_part(model);
        if (rows[i].first == NULL)
            assert_int_equal(first, 0);
        else
            assert_string_equal(model->nodes[first].name, rows[i].first);
        alexnet_model_free(model);
    }
    an_test_close(ctx, NULL);
}

/* Weights to start from. */
static const char *first_run(an_runs *r)
{
    alexnet_train_options options = an_runs_options(r, "first");

    options.force = 1;
    an_runs_train(r, &options);
    return an_test_path(r->folder, "first/last.safetensors");
}

static alexnet_train_options tuning(an_runs *r, const char *name, const char *from, int views)
{
    alexnet_train_options options = an_runs_options(r, name);

    options.from = from;
    options.freeze = "conv1,conv2,conv3";
    an_test_set(&options, "views=%d", views);
    options.force = 1;
    return options;
}

/* With as many views as epochs, the rows and so the bits are the same, also in a resumed run. */
static void kept_rows_are_those_that_would_be_computed(void **state)
{
    an_runs *r = *state;
    const char *from = first_run(r);
    alexnet_train_options options = tuning(r, "computed", from, 0);
    const alexnet_train_result computed = an_runs_train(r, &options);

    assert_null(strstr(r->log.text, "frozen layers is"));
    for (int workers = 0; workers < 3; ++workers) {
        options = tuning(r, "kept", from, 3);
        options.workers = workers;
        const alexnet_train_result kept = an_runs_train(r, &options);
        assert_string_equal(kept.last_sha256, computed.last_sha256);
        assert_true(kept.val_top1 == computed.val_top1);
        assert_true(kept.train_loss == computed.train_loss);
    }
    assert_non_null(strstr(r->log.text, "once for 3 views of each image and kept"));
    for (int step = 1; step < 9; step += 3) {
        options = tuning(r, "stopped", from, 3);
        const alexnet_train_result result = an_runs_interrupt(r, &options, step, false);
        assert_string_equal(result.last_sha256, computed.last_sha256);
    }
}

/* One view: each epoch uses the same; two: they alternate. */
static void fewer_views_than_epochs_take_turns(void **state)
{
    an_runs *r = *state;
    const char *from = first_run(r);
    char hashes[3][65];

    for (int views = 1; views <= 3; ++views) {
        alexnet_train_options options = tuning(r, "run", from, views);
        const alexnet_train_result result = an_runs_train(r, &options);
        memcpy(hashes[views - 1], result.last_sha256, sizeof hashes[0]);
    }
    assert_string_not_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[1], hashes[2]);
}

typedef struct wish_to_stop {
    int64_t seen;
} wish_to_stop;

static alexnet_go stop_in_features(void *user, const alexnet_progress *progress)
{
    wish_to_stop *wish = user;

    if (strcmp(progress->phase, "features") != 0) return ALEXNET_GO_ON;
    ++wish->seen;
    return ALEXNET_GO_STOP;
}

static void a_request_to_stop_is_obeyed_while_rows_are_computed(void **state)
{
    an_runs *r = *state;
    const char *from = first_run(r);
    wish_to_stop wish = {0};
    alexnet_train_options options = tuning(r, "run", from, 3);
    alexnet_train_options resumed = alexnet_train_options_default();
    alexnet_train_result result;

    options.progress = stop_in_features;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_int_equal(wish.seen, 1);
    assert_int_equal(result.steps, 0);
    resumed.resume = options.out;
    result = an_runs_train(r, &resumed);
    options = tuning(r, "whole", from, 3);
    const alexnet_train_result whole = an_runs_train(r, &options);
    assert_string_equal(result.last_sha256, whole.last_sha256);
}

/* An unreadable image is left out of every epoch, and reported once. */
static void count_skipped(void *user, const char *path, const char *reason)
{
    (void)path;
    (void)reason;
    ++*(int *)user;
}

static void unreadable_images_are_left_out(void **state)
{
    an_runs *r = *state;
    const char *from = first_run(r);
    int skipped[2] = {0, 0};
    alexnet_train_result results[2];

    an_assert_ok(r->ctx,
                 an_file_write(r->ctx, an_test_path(r->folder, "data/train/checker/0002.jpg"),
                               "no image", 8));
    for (int views = 0; views <= 3; views += 3) {
        alexnet_train_options options = tuning(r, "run", from, views);
        options.skipped = count_skipped;
        options.skipped_user = &skipped[views / 3];
        results[views / 3] = an_runs_train(r, &options);
    }
    assert_int_equal(skipped[0], 1);
    assert_int_equal(skipped[1], 1);
    assert_int_equal(results[1].skipped, 1);
    assert_string_equal(results[0].last_sha256, results[1].last_sha256);
}

static void memory_may_fail_anywhere(void **state)
{
    an_runs *r = *state;
    const char *from = first_run(r);

    for (long n = 0;; ++n) {
        alexnet_train_options options = tuning(r, "run", from, 2);
        alexnet_train_result result;
        an_test_fault fault;
        options.epochs = 1;
        an_test_fault_arm(&fault, r->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = alexnet_train(r->ctx, &options, &result);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(r->ctx, status, ALEXNET_NO_MEMORY);
    }
}

static void frozen_layers_that_start_at_random_are_warned_of(void **state)
{
    an_runs *r = *state;
    const char *from = an_test_path(r->folder, "from.safetensors");
    alexnet_train_options options = an_runs_options(r, "run");

    options.epochs = 1;
    options.freeze = "conv1";
    an_runs_train(r, &options);
    assert_non_null(strstr(r->log.text, "freeze 'conv1' without weights to start from"));

    an_tiny_weights(r->ctx, from, NULL, 2, 9);
    options.from = from;
    options.force = 1;
    r->log.text[0] = '\0';
    an_runs_train(r, &options);
    assert_null(strstr(r->log.text, "random values"));
    options.freeze = "fc10"; /* its classes have no names in the file */
    an_runs_train(r, &options);
    assert_non_null(strstr(r->log.text, "2 of the frozen tensors (fc10.weight ...) are not in"));

    alexnet_train_result result;
    options.freeze = "features,fc10";
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "freeze 'features,fc10': all layers of model cifar-19pct are frozen");
}

static void a_resumed_fine_tuning_stays_frozen(void **state)
{
    an_runs *r = *state;
    const char *from = an_test_path(r->folder, "from.safetensors");
    alexnet_train_options options = an_runs_options(r, "whole"), resumed;
    an_runs_wish wish = {.step = 4, .go = ALEXNET_GO_STOP};
    alexnet_train_result result;

    an_tiny_weights(r->ctx, from, NULL, 2, 9);
    options.from = from;
    options.freeze = "conv1";
    const alexnet_train_result whole = an_runs_train(r, &options);
    options.out = an_test_path(r->folder, "stopped");
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_int_equal(remove(from), 0); /* no longer needed */
    assert_true(
        an_runs_is_file(r, an_test_path(r->folder, "stopped/checkpoints/frozen.safetensors")));
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    result = an_runs_train(r, &resumed);
    assert_string_equal(result.last_sha256, whole.last_sha256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_part_ends_where_something_is_trained_or_drawn),
        TEST(kept_rows_are_those_that_would_be_computed),
        TEST(fewer_views_than_epochs_take_turns),
        TEST(a_request_to_stop_is_obeyed_while_rows_are_computed),
        TEST(unreadable_images_are_left_out),
        TEST(memory_may_fail_anywhere),
        TEST(frozen_layers_that_start_at_random_are_warned_of),
        TEST(a_resumed_fine_tuning_stays_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
