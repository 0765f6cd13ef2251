/*
 * checkpoint_read_test.c: which checkpoint is found among damaged ones, and what it loads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoints.h"
#include "train/runs.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/run/checkpoint.h"
#include "train/run/checkpoint_read.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* ---- a disk that fails ---- */

/*
 * Finds and loads with the n-th read failing. Gives the step, -1: failure; *failed: there was an
 * n-th read.
 */
static int64_t load_with_fault(an_checkpoints *w, long n, int error, bool *failed)
{
    alexnet_model *model = NULL;
    an_optimiser optimiser = {0};
    an_train_state state = an_train_state_start();
    an_test_fault fault;
    char *path;

    an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_READ), n, false, error);
    alexnet_status status =
        an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &state, &model);
    *failed = an_test_fault_disarm(&fault);
    if (status == ALEXNET_OK) {
        assert_true(model->values[0] == (float)state.step);
        an_assert_ok(w->ctx, an_optimiser_open(model, &an_checkpoints_adam, &optimiser));
        an_assert_ok(w->ctx, an_checkpoint_load_optimiser(model, path, &optimiser));
        an_optimiser_close(w->ctx, &optimiser);
    } else {
        an_assert_status(w->ctx, status, ALEXNET_IO); /* listing the folder failed */
        an_assert_error(w->ctx, "checkpoints: ");
    }
    alexnet_model_free(model);
    an_free(w->ctx, path);
    return status == ALEXNET_OK ? state.step : -1;
}

/* Whichever read of the newest checkpoint fails, the one before is found and loaded. */
static void what_cannot_be_read_is_passed_over(void **state)
{
    an_checkpoints *w = *state;
    int newest = 0, older = 0;
    bool failed = true;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 1, 3));
    an_assert_ok(w->ctx, an_checkpoints_save(w, 2, 3));
    for (long n = 0; failed; ++n) {
        w->log.text[0] = '\0';
        const int64_t step = load_with_fault(w, n, EIO, &failed);
        older += step == 1;
        newest += step == 2;
        if (step == 1) assert_non_null(strstr(w->log.text, "Input/output error"));
    }
    assert_int_equal(newest, 1); /* once nothing fails any more */
    assert_true(older > 10);

    failed = true; /* interrupted and short reads are continued */
    for (long n = 0; failed; ++n)
        assert_int_equal(load_with_fault(w, n, EINTR, &failed), 2);
    failed = true;
    for (long n = 0; failed; ++n)
        assert_int_equal(load_with_fault(w, n, AN_FAULT_SHORT, &failed), 2);
}

/* A file truncated to any length. */
static void a_cut_checkpoint_is_passed_over(void **state)
{
    static const char *const names[] = {"weights.safetensors", "optimiser.safetensors",
                                        "manifest.json"};
    an_checkpoints *w = *state;
    bool failed;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 1, 3));
    for (size_t i = 0; i < AN_COUNT(names); ++i)
        for (int part = 0; part < 8; part += 3) {
            an_file_info info;
            an_assert_ok(w->ctx, an_checkpoints_save(w, 2, 3));
            an_assert_ok(w->ctx, an_file_stat(w->ctx, an_checkpoints_path(w, 2, names[i]), &info));
            assert_int_equal(
                truncate(an_checkpoints_path(w, 2, names[i]), (off_t)info.size * part / 8), 0);
            assert_int_equal(load_with_fault(w, 1000000, EIO, &failed), 1);
        }
}

/* ---- finding ---- */

static void no_checkpoint_at_all_is_no_error(void **state)
{
    an_checkpoints *w = *state;

    assert_int_equal(an_checkpoints_find(w), -1);
    an_assert_ok(w->ctx, an_folder_make(w->ctx, w->folder));
    an_test_write_text(an_test_path(w->root, "checkpoints/readme"), "not one of ours");
    assert_int_equal(an_checkpoints_find(w), -1);
}

/*
 * Killed between the renames of two checkpoints of one step: neither the new nor the old one has
 * the final name.
 */
static void a_checkpoint_that_is_whole_but_for_its_name_is_found(void **state)
{
    an_checkpoints *w = *state;
    const char *path = an_test_path(w->root, "checkpoints/step-00000005");
    const char *temporary = an_test_path(w->root, "checkpoints/step-00000005.tmp");
    const char *gone = an_test_path(w->root, "checkpoints/step-00000005.gone.tmp");

    an_assert_ok(w->ctx, an_checkpoints_save(w, 5, 1));
    an_assert_ok(w->ctx, an_file_rename(w->ctx, path, temporary));
    an_assert_ok(w->ctx, an_folder_make(w->ctx, gone));
    assert_int_equal(an_checkpoints_find(w), 5);
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 1);
    an_assert_ok(w->ctx, an_file_rename(w->ctx, path, gone)); /* being removed */
    assert_int_equal(an_checkpoints_find(w), -1);
    an_assert_ok(w->ctx, an_file_rename(w->ctx, gone, temporary));
    an_test_write_text(an_test_path(temporary, "optimiser.safetensors"), "half");
    assert_int_equal(an_checkpoints_find(w), -1);
}

/* ---- damage ---- */

static void cut(const char *path) { an_test_write_text(path, "{"); }

static void drop(const char *path) { assert_int_equal(remove(path), 0); }

static void a_damaged_frozen_file_is_named(void **state)
{
    static void (*const damages[])(const char *) = {cut, drop};
    an_checkpoints *w = *state;
    an_train_state found;
    char *path;

    an_checkpoints_freeze(w);
    for (int damage = 0; damage < 3; ++damage) {
        an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 10, 1));
        if (damage < 2)
            damages[damage](an_checkpoints_frozen_path(w));
        else
            an_checkpoints_flip(an_checkpoints_frozen_path(w), -20);
        an_assert_status(
            w->ctx, an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL),
            ALEXNET_BAD_FILE);
        an_assert_error(w->ctx, "frozen.safetensors");
    }
}

static void a_damaged_checkpoint_is_passed_over_and_named(void **state)
{
    static const char *const names[] = {"weights.safetensors", "optimiser.safetensors",
                                        "manifest.json"};
    static void (*const damages[])(const char *) = {cut, drop};
    an_checkpoints *w = *state;

    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        for (int damage = 0; damage < 4; ++damage) {
            an_assert_ok(w->ctx, an_checkpoints_save(w, 10, 2));
            an_assert_ok(w->ctx, an_checkpoints_save(w, 20, 2));
            assert_int_equal(an_checkpoints_find(w), 20);
            assert_string_equal(w->log.text, "");
            const char *path = an_checkpoints_path(w, 20, names[i]);
            if (damage < 2)
                damages[damage](path);
            else
                an_checkpoints_flip(path, damage == 2 ? 40 : -20);
            assert_int_equal(an_checkpoints_find(w), 10);
            assert_non_null(strstr(w->log.text, "checkpoint passed over: "));
            assert_non_null(strstr(w->log.text, "step-00000020"));
            assert_non_null(strstr(w->log.text, names[i]));
        }
    }
}

static void when_none_verifies_it_says_so(void **state)
{
    an_checkpoints *w = *state;
    an_train_state found;
    char *path;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 10, 2));
    an_assert_ok(w->ctx, an_checkpoints_save(w, 20, 2));
    drop(an_checkpoints_path(w, 10, "manifest.json"));
    cut(an_checkpoints_path(w, 20, "weights.safetensors"));
    an_assert_status(
        w->ctx, an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL),
        ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "none of 2 checkpoints verifies");
    assert_null(path);
}

static void a_checkpoint_serves_only_its_run(void **state)
{
    an_checkpoints *w = *state;
    an_train_state found;
    char *path;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 10, 2));
    an_assert_status(w->ctx, an_checkpoint_find(w->ctx, w->folder, OTHER, &path, &found, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "another config.json");
    assert_int_equal(rename(an_checkpoints_path(w, 10, ""), an_checkpoints_path(w, 11, "")), 0);
    an_assert_status(
        w->ctx, an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL),
        ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it is of step 10");
}

static void an_optimiser_of_another_model_is_refused(void **state)
{
    an_checkpoints *w = *state;
    alexnet_model *other = an_tiny_model(w->ctx, NULL, 5, 1);

    an_assert_ok(w->ctx, an_checkpoints_save(w, 10, 2));
    an_assert_status(
        w->ctx, an_checkpoint_load_optimiser(other, an_checkpoints_path(w, 10, ""), &w->optimiser),
        ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "momentum/fc10.weight: expected 5120 values, found 3072");
    alexnet_model_free(other);
}

/* ---- faults ---- */

static void a_failed_search_leaks_nothing(void **state)
{
    an_checkpoints *w = *state;

    an_checkpoints_freeze(w);
    an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 10, 2));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_train_state found;
        alexnet_model *model = NULL;
        char *path;
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        alexnet_status status =
            an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL);
        if (status == ALEXNET_OK) status = an_checkpoint_load_model(w->ctx, path, &model);
        if (status == ALEXNET_OK) status = an_checkpoint_load_optimiser(model, path, &w->optimiser);
        alexnet_model_free(model);
        an_free(w->ctx, path);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
}

/* ---- whole runs ---- */

static void a_run_without_a_checkpoint_starts_over(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    const alexnet_train_result whole = an_runs_train(r, &options);

    an_assert_ok(r->ctx, an_folder_remove(r->ctx, an_test_path(r->folder, "run/checkpoints")));
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    alexnet_train_result refused; /* it would replace weights */
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &refused), ALEXNET_BAD_FILE);
    an_assert_error(r->ctx, "has weights but no checkpoint");
    assert_int_equal(remove(an_test_path(r->folder, "run/best.safetensors")), 0);
    assert_int_equal(remove(an_test_path(r->folder, "run/last.safetensors")), 0);
    const alexnet_train_result result = an_runs_train(r, &resumed);
    assert_string_equal(result.last_sha256, whole.last_sha256);
    assert_non_null(strstr(r->log.text, "has no checkpoint yet"));
}

static void a_damaged_checkpoint_costs_only_what_came_after_the_one_before(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    const alexnet_train_result whole = an_runs_train(r, &options);

    an_test_write_text(
        an_test_path(r->folder, "run/checkpoints/step-00000009/optimiser.safetensors"), "cut");
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    const alexnet_train_result result = an_runs_train(r, &resumed);
    assert_string_equal(result.last_sha256, whole.last_sha256);
    assert_non_null(strstr(r->log.text, "checkpoint passed over: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_checkpoints_test(what_cannot_be_read_is_passed_over),
        an_checkpoints_test(a_cut_checkpoint_is_passed_over),
        an_checkpoints_test(no_checkpoint_at_all_is_no_error),
        an_checkpoints_test(a_checkpoint_that_is_whole_but_for_its_name_is_found),
        an_checkpoints_test(a_damaged_frozen_file_is_named),
        an_checkpoints_test(a_damaged_checkpoint_is_passed_over_and_named),
        an_checkpoints_test(when_none_verifies_it_says_so),
        an_checkpoints_test(a_checkpoint_serves_only_its_run),
        an_checkpoints_test(an_optimiser_of_another_model_is_refused),
        an_checkpoints_test(a_failed_search_leaks_nothing),
        an_runs_test(a_run_without_a_checkpoint_starts_over),
        an_runs_test(a_damaged_checkpoint_costs_only_what_came_after_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
