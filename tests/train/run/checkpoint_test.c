/*
 * checkpoint_test.c: what is saved, what is kept, and what a failed save leaves.
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoints.h"
#include "train/runs.h"

#include "base/file.h"
#include "base/memory.h"
#include "formats/partial.h"
#include "train/run/checkpoint.h"
#include "train/run/checkpoint_read.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool exists(an_checkpoints *w, int64_t step)
{
    an_file_info info;

    an_assert_ok(w->ctx, an_file_stat(w->ctx, an_checkpoints_path(w, step, ""), &info));
    return info.kind == AN_FILE_FOLDER;
}

/* ---- saving ---- */

static void what_is_saved_is_found_to_the_bit(void **state)
{
    an_checkpoints *w = *state;
    const size_t bytes = w->model->params.values * sizeof(float);
    an_optimiser optimiser;
    char before[65], after[65];
    an_train_state found;
    alexnet_model *model;
    char *path;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 7, 2));
    an_assert_ok(w->ctx, alexnet_model_hash(w->model, before));
    an_assert_ok(w->ctx,
                 an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL));
    assert_int_equal(found.step, 7);
    assert_true(found.seconds == 3.5);
    an_assert_ok(w->ctx, an_checkpoint_load_model(w->ctx, path, &model));
    an_assert_ok(w->ctx, an_optimiser_open(model, &an_checkpoints_adam, &optimiser));
    an_assert_ok(w->ctx, an_checkpoint_load_optimiser(model, path, &optimiser));
    an_assert_ok(w->ctx, alexnet_model_hash(model, after));
    assert_string_equal(before, after);
    assert_string_equal(alexnet_model_class(model, 1), "cross");
    assert_memory_equal(model->mean_image, w->model->mean_image, 3 * 32 * 32 * sizeof(float));
    for (int slot = 0; slot < AN_SLOTS; ++slot) /* gaps between parameters are 0 in both */
        assert_memory_equal(optimiser.slots[slot], w->optimiser.slots[slot], bytes);
    alexnet_model_free(model);
    an_free(w->ctx, path);
    an_optimiser_close(w->ctx, &optimiser);
}

static void the_newest_few_are_kept(void **state)
{
    an_checkpoints *w = *state;

    for (int64_t step = 10; step <= 50; step += 10)
        an_assert_ok(w->ctx, an_checkpoints_save(w, step, 2));
    assert_int_equal(an_test_count_entries(w->folder), 2);
    assert_true(exists(w, 40) && exists(w, 50));
    assert_int_equal(an_checkpoints_find(w), 50);
    an_assert_ok(w->ctx, an_checkpoints_save(w, 50, 2)); /* again */
    assert_true(exists(w, 40) && exists(w, 50));
}

/* A run resumed at step 20 ignores later checkpoints. */
static void an_abandoned_future_goes_with_the_next_save(void **state)
{
    an_checkpoints *w = *state;

    for (int64_t step = 10; step <= 50; step += 10)
        an_assert_ok(w->ctx, an_checkpoints_save(w, step, 9));
    an_assert_ok(w->ctx, an_checkpoints_save(w, 25, 2));
    assert_int_equal(an_test_count_entries(w->folder), 2);
    assert_true(exists(w, 20) && exists(w, 25));
}

static void leftovers_of_a_killed_save_go(void **state)
{
    an_checkpoints *w = *state;

    an_assert_ok(w->ctx, an_folder_make(w->ctx, an_checkpoints_path(w, 5, "")));
    an_assert_ok(w->ctx,
                 an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/step-00000005.tmp/x")));
    an_assert_ok(w->ctx,
                 an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/step-00000010.tmp/x")));
    an_assert_ok(w->ctx, an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/mine.tmp")));
    an_assert_ok(w->ctx, an_checkpoints_save(w, 10, 1));
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 2); /* the checkpoint and a foreign file */
    assert_int_equal(an_checkpoints_find(w), 10);
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, an_test_path(w->root, "absent")));
}

/* With one checkpoint kept, a failed replacement of the same step must not lose it. */
static void a_failed_replacement_leaves_one_of_the_two(void **state)
{
    an_checkpoints *w = *state;

    for (int forever = 0; forever < 2; ++forever) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_assert_ok(w->ctx, an_checkpoints_save(w, 5, 1));
            an_test_fault_arm(&fault, w->ctx, AN_FAULT_FILES, n, forever != 0, EIO);
            const alexnet_status status = an_checkpoints_save(w, 5, 1);
            if (!an_test_fault_disarm(&fault)) break;
            assert_true(status != ALEXNET_OK || forever == 0);
            assert_int_equal(an_checkpoints_find(w), 5);
        }
    }
}

/* ---- frozen parameters ---- */

static off_t size_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static ino_t inode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

static void what_is_frozen_is_stored_once(void **state)
{
    an_checkpoints *w = *state;
    an_optimiser optimiser;
    char before[65], after[65];
    an_train_state found;
    alexnet_model *model;
    char *path;

    an_assert_ok(w->ctx, an_checkpoints_save(w, 1, 1));
    const off_t whole = size_of(an_checkpoints_path(w, 1, "weights.safetensors"));
    const off_t slots = size_of(an_checkpoints_path(w, 1, "optimiser.safetensors"));
    an_checkpoints_freeze(w);
    an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 2, 2));
    const ino_t first = inode_of(an_checkpoints_frozen_path(w));
    an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 3, 2));
    assert_int_equal(inode_of(an_checkpoints_frozen_path(w)), first); /* not written again */
    const int64_t frozen = 4 * (32 * 3 * 25 + 32 + 32 * 32 * 25 + 32);
    assert_true(size_of(an_checkpoints_path(w, 3, "weights.safetensors")) < whole - frozen);
    assert_true(size_of(an_checkpoints_path(w, 3, "optimiser.safetensors")) < slots - 3 * frozen);

    an_assert_ok(w->ctx, alexnet_model_hash(w->model, before));
    an_assert_ok(w->ctx,
                 an_checkpoint_find(w->ctx, w->folder, AN_CHECKPOINTS_HASH, &path, &found, NULL));
    assert_int_equal(found.step, 3);
    an_assert_ok(w->ctx, an_checkpoint_load_model(w->ctx, path, &model));
    an_assert_ok(w->ctx, alexnet_model_hash(model, after));
    assert_string_equal(before, after);
    assert_string_equal(alexnet_model_class(model, 1), "cross");
    assert_memory_equal(model->mean_image, w->model->mean_image, 3 * 32 * 32 * sizeof(float));
    an_assert_ok(w->ctx, an_model_freeze(model, "conv1,conv2"));
    an_assert_ok(w->ctx, an_optimiser_open(model, &an_checkpoints_adam, &optimiser));
    an_assert_ok(w->ctx, an_checkpoint_load_optimiser(model, path, &optimiser));
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        assert_memory_equal(optimiser.slots[slot], w->optimiser.slots[slot],
                            w->model->params.values * sizeof(float));
    an_optimiser_close(w->ctx, &optimiser);
    alexnet_model_free(model);
    an_free(w->ctx, path);
}

/* A frozen file of another run, a damaged one, a missing one: the next save writes it again. */
static void a_wrong_frozen_file_is_written_again(void **state)
{
    an_checkpoints *w = *state;
    float *value = w->model->values + w->model->params.items[1].offset;

    an_checkpoints_freeze(w);
    for (int damage = 0; damage < 4; ++damage) {
        an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 10, 1));
        assert_int_equal(an_checkpoints_find(w), 10);
        if (damage == 0)
            assert_int_equal(remove(an_checkpoints_frozen_path(w)), 0);
        else if (damage == 1)
            an_test_write_text(an_checkpoints_frozen_path(w), "{");
        else if (damage == 2)
            *value += 1; /* another run's */
        else
            an_checkpoints_flip(an_checkpoints_frozen_path(w), -20);
        an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 20, 1));
        assert_int_equal(an_checkpoints_find(w), 20);
    }
}

static void all_that_is_ours_is_removed(void **state)
{
    an_checkpoints *w = *state;
    an_file_info info;

    an_checkpoints_freeze(w);
    an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 10, 2));
    an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 20, 2));
    an_test_write_text(an_test_path(w->root, "checkpoints/frozen.safetensors.tmp-1-2"), "half");
    an_assert_ok(w->ctx, an_folder_make(w->ctx, an_checkpoints_path(w, 5, "")));
    an_test_write_text(an_test_path(w->root, "checkpoints/mine"), "somebody's");
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 5);
    an_assert_ok(w->ctx, an_checkpoint_remove_all(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 1);
    assert_int_equal(remove(an_test_path(w->root, "checkpoints/mine")), 0);
    an_assert_ok(w->ctx, an_checkpoint_remove_all(w->ctx, w->folder));
    an_assert_ok(w->ctx, an_file_stat(w->ctx, w->folder, &info));
    assert_int_equal(info.kind, AN_FILE_ABSENT);
    an_assert_ok(w->ctx, an_checkpoint_remove_all(w->ctx, w->folder));
}

/* ---- faults ---- */

/* Whatever fails, once or from then on: afterwards there is a good checkpoint, the old or the new
 * one. */
static void a_failed_save_leaves_the_old_one(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    an_checkpoints *w = *state;

    for (int row = 0; row < 4; ++row) {
        const bool forever = row % 2 != 0, frozen = row >= 2;
        if (row == 2) an_checkpoints_freeze(w);
        for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
            for (long n = 0;; ++n) {
                an_test_fault fault;
                if (frozen && n % 2 != 0) /* of another run */
                    an_test_write_text(an_checkpoints_frozen_path(w), "{");
                an_assert_ok(w->ctx, an_checkpoints_save_frozen(w, 10, 2));
                an_test_fault_arm(&fault, w->ctx, kinds[k], n, forever, ENOSPC);
                const alexnet_status status = an_checkpoints_save_frozen(w, 20, 2);
                if (!an_test_fault_disarm(&fault)) break;
                const int64_t found = an_checkpoints_find(w);
                assert_true(found == 20 || found == 10);
                if (status == ALEXNET_OK) assert_int_equal(found, 20);
                if (k == 0 && !forever) an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
                if (!forever && found == 10)
                    assert_int_equal(an_test_count_entries(w->folder), frozen ? 2 : 1);
            }
        }
    }
}

/* `steps` steps of an_tiny_normed(), in a new session. */
static void train(alexnet_model *model, an_optimiser *optimiser, int64_t first, int64_t steps)
{
    enum { IMAGES = 5, PIXELS = 3 * 8 * 8 };
    static const int32_t labels[IMAGES] = {0, 1, 2, 1, 0};
    float images[IMAGES * PIXELS];
    alexnet_session *session;
    double loss;

    an_assert_ok(model->ctx, an_session_open_training(model, IMAGES, 0, 1, &session));
    for (int64_t step = first; step < first + steps; ++step) {
        const an_rates rates = {.weights = 0.01, .biases = 0.01, .step = step};
        an_stream random = an_stream_open(5, AN_PURPOSE_TEST, (uint64_t)step, 0);
        for (size_t i = 0; i < AN_COUNT(images); ++i)
            images[i] = an_random_normal(&random);
        an_assert_ok(model->ctx, an_session_train(session, images, &(an_targets){.labels = labels},
                                                  IMAGES, step, &loss, NULL));
        an_assert_ok(model->ctx, an_optimiser_step(optimiser, session, model, &rates));
    }
    alexnet_session_close(session);
}

/* Four steps, or two, a checkpoint, and two more: the same bits, running statistics included. */
static void check_resumed(an_checkpoints *w, const an_recipe *recipe)
{
    const an_train_state at = {.step = 2};
    alexnet_model *models[3];
    an_optimiser optimisers[3];
    an_partial weights;

    for (int i = 0; i < 3; ++i) {
        models[i] = an_tiny_normed(w->ctx, 3, i < 2 ? 1 : 99);
        an_assert_ok(w->ctx, an_optimiser_open(models[i], recipe, &optimisers[i]));
    }
    train(models[0], &optimisers[0], 0, 4);
    train(models[1], &optimisers[1], 0, 2);
    an_assert_ok(w->ctx, an_checkpoint_save(models[1], w->folder, &optimisers[1], &at,
                                            AN_CHECKPOINTS_HASH, 1));
    an_assert_ok(w->ctx, an_partial_open(w->ctx, an_checkpoints_path(w, 2, "weights.safetensors"),
                                         &weights));
    an_assert_ok(w->ctx, an_partial_read(&weights, models[2], NULL));
    an_partial_close(w->ctx, &weights);
    an_assert_ok(w->ctx, an_checkpoint_load_optimiser(models[2], an_checkpoints_path(w, 2, ""),
                                                      &optimisers[2]));
    train(models[2], &optimisers[2], 2, 2);
    for (int averaged = 0; averaged < 2; ++averaged) {
        char expected[65], found[65];
        an_assert_ok(w->ctx, alexnet_model_hash(models[0], expected));
        an_assert_ok(w->ctx, alexnet_model_hash(models[2], found));
        assert_string_equal(found, expected);
        an_optimiser_swap_average(&optimisers[0], models[0]);
        an_optimiser_swap_average(&optimisers[2], models[2]);
    }
    for (int i = 0; i < 3; ++i) {
        alexnet_model_free(models[i]);
        an_optimiser_close(w->ctx, &optimisers[i]);
    }
}

static void every_update_resumes_to_the_same_bits(void **state)
{
    for (int update = AN_UPDATE_TORCH; update <= AN_UPDATE_ADAM; ++update) {
        an_recipe recipe = an_checkpoints_adam;
        recipe.update = update;
        recipe.rho = 0.9;
        for (int averaged = 0; averaged < 2; ++averaged) {
            recipe.average = averaged ? 0.75 : 0;
            check_resumed(*state, &recipe);
        }
    }
}

/* ---- whole runs ---- */

static void no_checkpoint_stays_where_none_is_wanted(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    an_runs_wish wish = {.step = 4, .go = ALEXNET_GO_STOP};
    alexnet_train_result result;

    options.checkpoint_keep = 0;
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_int_equal(an_test_count_entries(an_test_path(r->folder, "run/checkpoints")), 1);

    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    result = an_runs_train(r, &resumed);
    assert_int_equal(an_test_count_entries(options.out), 5);
    an_runs_assert_hash(r, result.weights, result.weights_sha256);
    an_assert_ok(
        r->ctx,
        an_folder_make(r->ctx, an_test_path(r->folder, "run/checkpoints/step-00000009.gone.tmp")));
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_BAD_FILE);
    assert_int_equal(an_test_count_entries(options.out),
                     5); /* leftovers of a kill are removed, too */
    an_assert_error(r->ctx, "run is finished and kept no checkpoint to resume from");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_checkpoints_test(what_is_saved_is_found_to_the_bit),
        an_checkpoints_test(the_newest_few_are_kept),
        an_checkpoints_test(an_abandoned_future_goes_with_the_next_save),
        an_checkpoints_test(leftovers_of_a_killed_save_go),
        an_checkpoints_test(a_failed_replacement_leaves_one_of_the_two),
        an_checkpoints_test(what_is_frozen_is_stored_once),
        an_checkpoints_test(a_wrong_frozen_file_is_written_again),
        an_checkpoints_test(all_that_is_ours_is_removed),
        an_checkpoints_test(every_update_resumes_to_the_same_bits),
        an_checkpoints_test(a_failed_save_leaves_the_old_one),
        an_runs_test(no_checkpoint_stays_where_none_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
