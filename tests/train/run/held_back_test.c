/*
 * held_back_test.c: a run's validation images are found again, and evaluated on as in validation.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include "train/run/held_back.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Evaluates the run's weights on its validation images; checks the log. */
static alexnet_evaluate_result measure(an_runs *r, const char *run, const char *part)
{
    const alexnet_evaluate_options options = {
        .struct_size = sizeof options, .weights = &run, .weights_count = 1};
    alexnet_evaluate_result result;

    r->log.text[0] = '\0';
    an_assert_ok(r->ctx, alexnet_evaluate(r->ctx, &options, &result));
    assert_non_null(strstr(r->log.text, part));
    assert_non_null(strstr(r->log.text, ": its best weights, "));
    return result;
}

static void refuse(an_runs *r, const char *run, alexnet_status status, const char *message)
{
    const alexnet_evaluate_options options = {
        .struct_size = sizeof options, .weights = &run, .weights_count = 1};
    alexnet_evaluate_result result;

    an_assert_status(r->ctx, alexnet_evaluate(r->ctx, &options, &result), status);
    an_assert_error(r->ctx, message);
}

/*
 * Held-back images, a split, given data: the number of images and the best accuracy are those of
 * validation.
 */
static void a_run_is_evaluated_on_what_it_held_back(void **state)
{
    static const struct {
        const char *data, *val;
        int64_t images;
        const char *says;
    } rows[] = {
        {"data/train", NULL, 4, "the 4 images of "},
        {"data", NULL, 6, "the 6 images of the validation split of "},
        {"data/train", "data/val", 6, "data/val"},
        {"synthetic:classes=2,images=20,size=32", NULL, 4,
         "that it held back (val_split 0.2, seed 5)"},
    };
    an_runs *r = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = an_runs_options(r, "run");
        options.data = i == 3 ? rows[i].data : an_test_path(r->folder, rows[i].data);
        if (rows[i].val != NULL) options.val = an_test_path(r->folder, rows[i].val);
        options.val_split = i == 3 ? 0.2 : 0.4;
        options.seed = 5;
        options.force = 1;
        const alexnet_train_result trained = an_runs_train(r, &options);
        alexnet_evaluate_result found = measure(r, trained.run, rows[i].says);
        assert_int_equal(found.images, rows[i].images);
        assert_true(found.top1 == trained.best_top1);
        alexnet_evaluate_result_free(r->ctx, &found);
    }
}

/*
 * The list in the run folder is a data set, usable from any folder: the same images, the same
 * predictions.
 */
static void the_split_is_a_list_in_the_runs_folder(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    const char *list = an_test_path(r->folder, "run/val.csv");
    const char *run = options.out;
    alexnet_evaluate_options evaluation = {
        .struct_size = sizeof evaluation, .weights = &run, .weights_count = 1, .data = list};
    alexnet_evaluate_result by_list;
    char *before = getcwd(NULL, 0);
    an_bytes text;

    assert_int_equal(chdir(r->folder), 0);
    options.data = "data/train"; /* relative: names in the list are absolute anyway */
    options.val_split = 0.4;
    an_runs_train(r, &options);
    assert_int_equal(chdir(before), 0);
    free(before);

    an_assert_ok(r->ctx, an_file_read(r->ctx, list, 1 << 16, &text));
    assert_int_equal(strncmp((const char *)text.data, "path,label\n/", 12), 0);
    assert_non_null(strstr((const char *)text.data, "/data/train/cross/"));
    an_bytes_free(r->ctx, &text);
    an_assert_ok(r->ctx, alexnet_evaluate(r->ctx, &evaluation, &by_list));
    alexnet_evaluate_result held_back =
        measure(r, run, "that it held back (val_split 0.4, seed 1)");
    assert_int_equal(by_list.images, held_back.images);
    assert_true(by_list.top1 == held_back.top1 && by_list.loss == held_back.loss);
    alexnet_evaluate_result_free(r->ctx, &by_list);
    alexnet_evaluate_result_free(r->ctx, &held_back);
}

/* There is a list only if images were held back, and are in files. */
static void no_split_no_list(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    an_runs_train(r, &options);
    assert_int_not_equal(access(an_test_path(r->folder, "run/val.csv"), F_OK), 0);
    options.force = 1;
    options.data = "synthetic:classes=2,images=20,size=32";
    an_runs_train(r, &options);
    assert_int_not_equal(access(an_test_path(r->folder, "run/val.csv"), F_OK), 0);
}

/*
 * A resumed run writes its list again; a run that holds no images back removes it when it replaces
 * another.
 */
static void the_list_goes_with_the_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    const char *list = an_test_path(r->folder, "run/val.csv");

    options.data = an_test_path(r->folder, "data/train");
    an_runs_train(r, &options);
    assert_int_equal(unlink(list), 0);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 4;
    an_runs_train(r, &resumed);
    assert_int_equal(access(list, F_OK), 0);
    options = an_runs_options(r, "run");
    options.force = 1;
    an_runs_train(r, &options);
    assert_int_not_equal(access(list, F_OK), 0);
}

static void what_cannot_be_evaluated_is_refused(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    const char *two[] = {options.out, options.out};
    const alexnet_evaluate_options several = {
        .struct_size = sizeof several, .weights = two, .weights_count = 2};
    const alexnet_evaluate_options none = {.struct_size = sizeof none, .weights = two};
    alexnet_evaluate_result result;

    refuse(r, r->data, ALEXNET_BAD_ARG, "data' is not a run folder: name the data");
    an_test_write_text(an_test_path(r->folder, "w.safetensors"), "");
    refuse(r, an_test_path(r->folder, "w.safetensors"), ALEXNET_BAD_ARG, "is not a run folder");
    refuse(r, an_test_path(r->folder, "nosuchrun"), ALEXNET_NOT_FOUND,
           "nosuchrun: no such file or folder");
    an_assert_status(r->ctx, alexnet_evaluate(r->ctx, &several, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "several weights need data");
    an_assert_status(r->ctx, alexnet_evaluate(r->ctx, &none, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "evaluation needs weights and data");

    options.data = an_test_path(r->folder, "data/train");
    options.val_split = 0;
    an_runs_train(r, &options);
    refuse(r, options.out, ALEXNET_BAD_ARG, "run: it held no images back (val_split 0)");

    options.val_split = 0.4;
    options.force = 1;
    an_runs_train(r, &options);
    assert_int_equal(rename(an_test_path(r->folder, "data/train/cross/0001.jpg"),
                            an_test_path(r->folder, "data/train/cross/0900.jpg")),
                     0);
    refuse(r, options.out, ALEXNET_BAD_FILE, "data/train has changed: as many images");
    an_assert_error(r->ctx, "; evaluate on the listed images: alexnet eval ");
    an_assert_error(r->ctx, "run/val.csv");
    assert_int_equal(unlink(an_test_path(r->folder, "data/train/cross/0900.jpg")), 0);
    refuse(r, options.out, ALEXNET_BAD_FILE, "data/train has changed: ");
    assert_int_equal(rename(an_test_path(r->folder, "data"), an_test_path(r->folder, "gone")), 0);
    refuse(r, options.out, ALEXNET_NOT_FOUND, "run: ");
    an_assert_error(r->ctx, "data/train: no such file");
    an_test_write_text(an_test_path(r->folder, "run/config.json"), "{");
    refuse(r, options.out, ALEXNET_BAD_FILE, "config.json");
}

/*
 * Weights to start from may be a run folder: the config names the file that they were read from.
 */
static void a_run_starts_from_a_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    an_bytes config;

    an_runs_train(r, &options);
    options.from = options.out;
    options.out = an_test_path(r->folder, "tuned");
    r->log.text[0] = '\0';
    an_runs_train(r, &options);
    assert_non_null(strstr(r->log.text, "run: its best weights, "));
    an_assert_ok(r->ctx, an_file_read(r->ctx, an_test_path(r->folder, "tuned/config.json"), 1 << 16,
                                      &config));
    assert_non_null(strstr((const char *)config.data, "/run/best.safetensors\""));
    an_bytes_free(r->ctx, &config);

    alexnet_train_options resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.from = options.from; /* the same file */
    resumed.epochs = 4;
    an_runs_train(r, &resumed);
    options.from = r->data;
    options.out = an_test_path(r->folder, "other");
    alexnet_train_result result;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_NOT_FOUND);
    an_assert_error(r->ctx, "data' is a folder, but not a run");
}

static void memory_and_files_may_fail(void **state)
{
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    const alexnet_evaluate_options evaluation = {.struct_size = sizeof evaluation,
                                                 .weights = &options.out,
                                                 .weights_count = 1,
                                                 .workers = 1};

    options.data = an_test_path(r->folder, "data/train");
    options.epochs = 1;
    an_runs_train(r, &options);
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0; n < 400; ++n) {
            an_test_fault fault;
            alexnet_evaluate_result result;
            an_test_fault_arm(&fault, r->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = alexnet_evaluate(r->ctx, &evaluation, &result);
            if (status == ALEXNET_OK) alexnet_evaluate_result_free(r->ctx, &result);
            if (!an_test_fault_disarm(&fault)) break;
            /* OK: an image that could not be read was skipped */
            assert_true(status == ALEXNET_OK || status == ALEXNET_NO_MEMORY ||
                        status == ALEXNET_IO);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_evaluated_on_what_it_held_back),
        TEST(the_split_is_a_list_in_the_runs_folder),
        TEST(no_split_no_list),
        TEST(the_list_goes_with_the_run),
        TEST(what_cannot_be_evaluated_is_refused),
        TEST(a_run_starts_from_a_run),
        TEST(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
