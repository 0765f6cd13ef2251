/*
 * dataset_test.c: which images validate; classes are mapped to those of the model; failures.
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/file.h"
#include "train/dataset.h"
#include <stdio.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    an_config config;
    an_dataset data;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    an_tiny_draw(w.ctx, an_test_path(w.folder, "data"), 3, 10);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_dataset_close(w->ctx, &w->data);
    an_config_free(w->ctx, &w->config);
    an_test_folder_close(w->folder);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static void open_data(world *w, const char *data, const char *val)
{
    alexnet_train_options options = alexnet_train_options_default();

    options.data = data;
    options.val = val;
    an_dataset_close(w->ctx, &w->data);
    an_config_free(w->ctx, &w->config);
    an_assert_ok(w->ctx,
                 an_config_resolve(w->ctx, &options, an_family_find("cifar-19pct"), &w->config));
    an_assert_ok(w->ctx, an_dataset_open(w->ctx, &w->config, &w->data));
}

static void the_data_s_validation_split_is_used(void **state)
{
    world *w = *state;

    open_data(w, an_test_path(w->folder, "data"), NULL);
    assert_int_equal(w->data.train.count, 30);
    assert_int_equal(w->data.val.count, 15);
    assert_null(w->data.train.indices);
    assert_ptr_not_equal(w->data.train.source, w->data.val.source);
}

static void without_a_split_images_are_held_back(void **state)
{
    world *w = *state;

    open_data(w, an_test_path(w->folder, "data/train"), NULL);
    assert_int_equal(w->data.train.count, 27);
    assert_int_equal(w->data.val.count, 3);
    assert_ptr_equal(w->data.train.source, w->data.val.source);
}

static void a_data_set_given_validates(void **state)
{
    world *w = *state;
    const char *train = an_test_path(w->folder, "data/train");

    open_data(w, train, an_test_path(w->folder, "data")); /* its val split */
    assert_int_equal(w->data.train.count, 30);
    assert_int_equal(w->data.val.count, 15);
    open_data(w, train, train); /* all of it */
    assert_int_equal(w->data.val.count, 30);
    assert_null(w->data.val.indices);
}

static void a_missing_one_is_named(void **state)
{
    world *w = *state;

    open_data(w, an_test_path(w->folder, "data"), NULL);
    snprintf(w->config.data, strlen(w->config.data) + 1, "no"); /* the text is long enough */
    an_dataset_close(w->ctx, &w->data);
    an_assert_status(w->ctx, an_dataset_open(w->ctx, &w->config, &w->data), ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "no");
}

static void classes_are_those_of_the_model(void **state)
{
    static const char *const turned[] = {"disc", "cross", "checker"};
    static const char *const others[] = {"disc", "cross", "cat"};
    world *w = *state;
    alexnet_model *model = an_tiny_model(w->ctx, turned, 3, 1);

    open_data(w, an_test_path(w->folder, "data"), NULL);
    an_assert_ok(w->ctx, an_dataset_map_classes(&w->data, model, &w->config));
    for (int c = 0; c < 3; ++c) {
        assert_int_equal(w->data.train.labels[c], 2 - c);
        assert_int_equal(w->data.val.labels[c], 2 - c);
    }
    an_assert_ok(w->ctx, an_model_set_classes(model, others, 3));
    open_data(w, an_test_path(w->folder, "data"), NULL);
    an_assert_status(w->ctx, an_dataset_map_classes(&w->data, model, &w->config), ALEXNET_BAD_FILE);
    alexnet_model_free(model);
}

/* The model's classes are those of the training images. */
static void a_validation_split_of_other_classes_is_bad_data(void **state)
{
    world *w = *state;
    const char *other = an_test_path(w->folder, "other");
    alexnet_model *model = an_tiny_model(w->ctx, an_tiny_classes, 3, 1);

    an_tiny_draw(w->ctx, other, 3, 2);
    assert_int_equal(
        rename(an_test_path(w->folder, "other/val/disc"), an_test_path(w->folder, "other/val/cat")),
        0);
    open_data(w, an_test_path(w->folder, "data"), other);
    an_assert_status(w->ctx, an_dataset_map_classes(&w->data, model, &w->config), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "class 'cat' of ");
    an_assert_error(w->ctx, "data has checker, cross, disc (3 classes)");
    an_assert_error(w->ctx, "other has cat, checker, cross (3 classes)");
    alexnet_model_free(model);
}

static void memory_may_run_out(void **state)
{
    world *w = *state;
    const char *train = an_test_path(w->folder, "data/train");

    for (long n = 0;; ++n) {
        an_test_fault fault;
        open_data(w, train, NULL);
        an_dataset_close(w->ctx, &w->data);
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_dataset_open(w->ctx, &w->config, &w->data);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
}

/* ---- whole runs ---- */

static void data_that_has_changed_is_noticed(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;

    an_runs_train(r, &options);
    assert_int_equal(remove(an_test_path(r->folder, "data/train/cross/0000.jpg")), 0);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "11 images to train on");
    an_assert_error(r->ctx, "the run began with 12");
}

/* The number of images is the same, but one was renamed: the order of an epoch would change. */
static void data_of_the_same_size_that_has_changed_is_noticed(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } rows[] = {{"data/train/cross/0000.jpg", "data/train/checker/9999.jpg", "to train on"},
                {"data/val/cross/0000.jpg", "data/val/cross/9999.jpg", "to validate with"}};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;

    an_runs_train(r, &options);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const char *from = an_test_path(r->folder, rows[i].from);
        const char *to = an_test_path(r->folder, rows[i].to);
        assert_int_equal(rename(from, to), 0);
        an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_FILE);
        an_assert_error(r->ctx, "data has changed: as many images ");
        an_assert_error(r->ctx, rows[i].message);
        an_assert_error(r->ctx, "gone: 'cross/0000.jpg'; new: '");
        assert_int_equal(rename(to, from), 0);
    }
    an_runs_train(r, &resumed);
}

/* The same images at another path are the same data, to the bit; the run stores the new path. */
static void data_that_has_moved_is_named(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 5, .go = ALEXNET_GO_STOP};
    alexnet_train_options options = an_runs_options(r, "whole"), resumed;
    alexnet_train_result result;
    const char *moved = an_test_path(r->folder, "elsewhere");
    const alexnet_train_result whole = an_runs_train(r, &options);

    options = an_runs_options(r, "run");
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    an_assert_ok(r->ctx, an_file_rename(r->ctx, r->data, moved));
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_NOT_FOUND);
    an_assert_error(r->ctx, "--resume ");
    an_assert_error(r->ctx, "--data DIR");
    resumed.data = moved;
    resumed.progress = an_runs_ask;
    resumed.progress_user = &wish;
    wish = (an_runs_wish){.step = 7, .go = ALEXNET_GO_STOP};
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_STOPPED);
    resumed = alexnet_train_options_default(); /* it has the new path, and may move again */
    resumed.resume = options.out;
    assert_string_equal(an_runs_train(r, &resumed).last_sha256, whole.last_sha256);
    an_assert_ok(r->ctx, an_file_rename(r->ctx, moved, r->data));
    resumed.data = r->data;
    assert_int_equal(an_runs_train(r, &resumed).steps, 9);
}

/* Other names or sizes of files mean other images, whatever the folder's name. */
static void data_that_is_not_the_run_s_is_no_moved_data(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;
    const char *moved = an_test_path(r->folder, "elsewhere");

    an_runs_train(r, &options);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.data = moved;
    an_tiny_draw(r->ctx, moved, 3, 6);
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "elsewhere is not what the run began with: 18 images to train on");
    an_assert_error(r->ctx, "start another run from the weights: alexnet train DATA --from ");
    an_assert_ok(r->ctx, an_folder_remove(r->ctx, moved));
    an_assert_ok(r->ctx, an_file_rename(r->ctx, r->data, moved));
    an_test_write_text(an_test_path(moved, "train/cross/0000.jpg"), "cut");
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "but with other sizes of files");
    an_assert_ok(r->ctx, an_file_rename(r->ctx, moved, r->data));
    resumed.data = NULL; /* a refusal changes nothing in the run */
    assert_int_equal(an_runs_train(r, &resumed).steps, 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_data_s_validation_split_is_used),
        TEST(without_a_split_images_are_held_back),
        TEST(a_data_set_given_validates),
        TEST(a_missing_one_is_named),
        TEST(classes_are_those_of_the_model),
        TEST(a_validation_split_of_other_classes_is_bad_data),
        TEST(memory_may_run_out),
    };
    const struct CMUnitTest runs[] = {
        an_runs_test(data_that_has_changed_is_noticed),
        an_runs_test(data_of_the_same_size_that_has_changed_is_noticed),
        an_runs_test(data_that_has_moved_is_named),
        an_runs_test(data_that_is_not_the_run_s_is_no_moved_data),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (an_test_leaves_out("whole runs")) return failed;
    return failed + cmocka_run_group_tests(runs, NULL, NULL);
}
