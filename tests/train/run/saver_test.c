/*
 * saver_test.c: when a checkpoint is written, and that the best weights are the validated ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/course.h"
#include "train/run/checkpoint_read.h"
#include "train/run/saver.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HASH        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EPOCH_STEPS 10

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *root;
    an_config config;
    an_run_folder folder;
    alexnet_model *model;
    an_optimiser optimiser;
    an_train_state state;
    an_saver saver;
} world;

static void open_world(world *w, double average)
{
    static char data[] = "photos", name[] = "quick";

    w->config = (an_config){.data = data,
                            .recipe_name = name,
                            .checkpoint_keep = 2,
                            .steps = -1,
                            .seconds = -1,
                            .recipe = {.update = AN_UPDATE_TORCH, .average = average}};
    w->model = an_tiny_model(w->ctx, an_tiny_classes, 3, 1);
    an_assert_ok(w->ctx, an_optimiser_open(w->model, &w->config.recipe, &w->optimiser));
    an_assert_ok(w->ctx, an_run_folder_open(w->ctx, an_test_path(w->root, "run"), &w->folder));
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    w->state = an_train_state_start();
    w->state.course = an_course_start(10 * EPOCH_STEPS);
    w->saver = (an_saver){
        .ctx = w->ctx,
        .config = &w->config,
        .folder = &w->folder,
        .config_sha256 = HASH,
        .model = w->model,
        .optimiser = &w->optimiser,
        .state = &w->state,
        .before = w->state,
        .epoch_steps = EPOCH_STEPS,
        .epochs_per_checkpoint = 3,
        .saved_step = -1,
        .best_here = -1,
    };
}

static void close_world(world *w)
{
    an_saver_close(&w->saver);
    an_optimiser_close(w->ctx, &w->optimiser);
    an_run_folder_close(w->ctx, &w->folder);
    alexnet_model_free(w->model);
}

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    open_world(&w, 0);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    close_world(w);
    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

/* Goes to the end of an epoch, where validation gives `top1`. A weight's value encodes the step. */
static void validate(world *w, int64_t epoch, double top1)
{
    an_train_state *state = &w->state;
    float *average = w->optimiser.slots[AN_SLOT_AVERAGE];
    const bool best = top1 > state->best_top1 || state->best_step < 0;

    state->step = epoch * EPOCH_STEPS;
    w->model->values[0] = (float)state->step;
    if (average != NULL) average[0] = (float)-state->step;
    state->validated = state->step;
    state->val_top1 = top1;
    if (best) {
        state->best_step = state->step;
        state->best_top1 = top1;
    }
    an_optimiser_swap_average(&w->optimiser, w->model); /* as the trainer does */
    an_saver_validated(&w->saver, best);
    an_optimiser_swap_average(&w->optimiser, w->model);
    assert_float_equal(w->model->values[0], (float)state->step, 0);
}

static float best_value(world *w)
{
    alexnet_model *best;

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->folder.best, &best));
    const float value = best->values[0];
    char expected[64];
    const char *trained = NULL;
    for (size_t i = 0; i < best->metadata_count; ++i)
        if (strcmp(best->metadata[i].key, "alexnet.trained") == 0)
            trained = best->metadata[i].value;
    assert_non_null(trained);
    snprintf(expected, sizeof expected, "\"steps\":%lld", (long long)w->state.best_step);
    assert_non_null(strstr(trained, expected));
    alexnet_model_free(best);
    return value;
}

/* The newest checkpoint is of the step, and has the hash of the present best.safetensors. */
static void assert_saved(world *w, int64_t step)
{
    char *path, hash[AN_SHA256_HEX_SIZE];
    an_train_state found;
    int64_t bytes;

    an_assert_ok(w->ctx,
                 an_checkpoint_find(w->ctx, w->folder.checkpoints, HASH, &path, &found, NULL));
    assert_non_null(path);
    an_free(w->ctx, path);
    assert_int_equal(found.step, step);
    an_assert_ok(w->ctx, an_file_hash(w->ctx, w->folder.best, &bytes, hash));
    assert_string_equal(found.best_sha256, hash);
}

static bool exists(world *w, const char *path)
{
    an_file_info info;

    an_assert_ok(w->ctx, an_file_stat(w->ctx, path, &info));
    return info.kind != AN_FILE_ABSENT;
}

/* ---- tests ---- */

static void large_checkpoints_wait_for_images(void **state)
{
    static const struct {
        int64_t bytes, images;
        int epochs;
    } rows[] = {
        {0, 100, 1},
        {16777215, 1, 1},   /* small */
        {16777216, 128, 1}, /* 128 images' worth */
        {16777216, 127, 2},
        {16777216, 1, 128},
        {700000000, 9469, 1},    /* AlexNet with momentum and an average, on imagenette */
        {700000000, 950, 6},     /* on a tenth of it */
        {700000000, 1281167, 1}, /* on ImageNet */
        {INT64_MAX, 1, 1000},
    };
    (void)state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_saver_epochs(rows[i].bytes, rows[i].images), rows[i].epochs);
}

static void a_checkpoint_comes_every_third_epoch(void **state)
{
    static const struct {
        int64_t step, saved;
        bool asked, due;
    } rows[] = {
        {0, -1, true, false},   {10, -1, false, false}, {10, -1, true, true},
        {15, -1, false, false}, {30, -1, false, true},  {30, 30, false, false},
        {30, 30, true, false},  {60, 30, false, true},  {50, 30, false, false},
    };
    world *w = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        w->state.step = rows[i].step;
        w->saver.saved_step = rows[i].saved;
        assert_int_equal(an_saver_due(&w->saver, rows[i].asked), rows[i].due);
    }
    w->config.checkpoint_steps = 25;
    w->state.step = 25;
    assert_true(an_saver_due(&w->saver, false));
}

/*
 * The best weights of an epoch without a checkpoint are written with the next one, as validated:
 * averaged, if the recipe averages.
 */
static void the_best_weights_are_those_that_were_validated(void **state)
{
    world *w = *state;

    for (int averages = 0; averages < 2; ++averages) {
        if (averages) {
            close_world(w);
            an_test_folder_close(w->root);
            w->root = an_test_folder_open();
            open_world(w, 0.5);
        }
        const float sign = averages ? -1 : 1;
        validate(w, 1, 0.5);
        assert_false(an_saver_due(&w->saver, false));
        validate(w, 2, 0.7);
        assert_false(an_saver_due(&w->saver, false));
        assert_false(exists(w, w->folder.best));
        validate(w, 3, 0.6);
        assert_true(an_saver_due(&w->saver, false));
        an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
        assert_float_equal(best_value(w), sign * 20, 0);
        assert_float_equal(w->model->values[0], 30, 0);
        assert_saved(w, 30);

        validate(w, 4, 0.8); /* kept, and a checkpoint is requested at the same step */
        an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
        assert_float_equal(best_value(w), sign * 40, 0);
        assert_saved(w, 40);

        validate(w, 5, 0.85); /* kept, but then there is a better one */
        validate(w, 6, 0.9);
        an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
        assert_float_equal(best_value(w), sign * 60, 0);
        assert_saved(w, 60);

        validate(w, 7, 0.2); /* nothing better */
        an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
        assert_float_equal(best_value(w), sign * 60, 0);
        assert_saved(w, 70);
    }
}

static int no_memory(void *user, an_fault_kind kind)
{
    (void)user;
    return kind == AN_FAULT_MEMORY ? ENOMEM : 0;
}

static void without_memory_for_a_copy_a_checkpoint_is_due(void **state)
{
    world *w = *state;

    an_context_set_fault(w->ctx, no_memory, NULL);
    validate(w, 1, 0.5);
    an_context_set_fault(w->ctx, NULL, NULL);
    assert_true(an_saver_due(&w->saver, false));
    an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
    assert_float_equal(best_value(w), 10, 0);
    assert_saved(w, 10);
}

/* last.safetensors of the best step is the same file. */
static void the_last_weights_that_are_the_best_are_one_file(void **state)
{
    world *w = *state;

    validate(w, 3, 0.5);
    an_assert_ok(w->ctx, an_saver_checkpoint(&w->saver));
    an_assert_ok(w->ctx, an_saver_last(&w->saver));
    char best[AN_SHA256_HEX_SIZE], last[AN_SHA256_HEX_SIZE];
    int64_t bytes;
    an_assert_ok(w->ctx, an_file_hash(w->ctx, w->folder.best, &bytes, best));
    an_assert_ok(w->ctx, an_file_hash(w->ctx, w->folder.last, &bytes, last));
    assert_string_equal(best, last);

    validate(w, 4, 0.3);
    an_assert_ok(w->ctx, an_saver_last(&w->saver));
    an_assert_ok(w->ctx, an_file_hash(w->ctx, w->folder.last, &bytes, last));
    assert_string_not_equal(best, last);
}

/* ---- whole runs ---- */

/* If the rate is too high, the last validation is not always the best. */
static void each_hash_is_that_of_the_file_beside_it(void **state)
{
    static const double rates[] = {0.01, 0.02, 0.05, 0.1, 0.2};
    an_runs *r = *state;
    int different = 0;

    for (size_t i = 0; i < AN_COUNT(rates); ++i) {
        alexnet_train_options options = an_runs_options(r, "run"), resumed;
        an_test_set(&options, "lr=%.17g", rates[i]);
        options.force = 1;
        an_test_set(&options, "schedule=constant");
        alexnet_train_result result;
        if (alexnet_train(r->ctx, &options, &result) == ALEXNET_DIVERGED) continue;
        different += strcmp(result.weights_sha256, result.last_sha256) != 0;
        for (int process = 0; process < 2; ++process) {
            assert_string_equal(result.weights, an_test_path(r->folder, "run/best.safetensors"));
            assert_string_equal(result.last_weights,
                                an_test_path(r->folder, "run/last.safetensors"));
            an_runs_assert_hash(r, result.weights, result.weights_sha256);
            an_runs_assert_hash(r, result.last_weights, result.last_sha256);
            resumed = alexnet_train_options_default();
            resumed.resume = options.out;
            resumed.epochs = 4;
            result = an_runs_train(r, &resumed);
        }
    }
    assert_true(different > 0);
}

static void the_last_weights_are_the_best_under_another_name(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    const char *best = an_test_path(r->folder, "run/best.safetensors");
    const char *last = an_test_path(r->folder, "run/last.safetensors");
    bool same;

    options.epochs = 1; /* its validation is the best */
    alexnet_train_result result = an_runs_train(r, &options);
    an_assert_ok(r->ctx, an_file_same(r->ctx, best, last, &same));
    assert_true(same);
    an_runs_assert_hash(r, last, result.last_sha256);

    resumed =
        alexnet_train_options_default(); /* best and last become two files again, or stay one */
    resumed.resume = options.out;
    resumed.epochs = 2;
    result = an_runs_train(r, &resumed);
    an_runs_assert_hash(r, best, result.weights_sha256);
    an_runs_assert_hash(r, last, result.last_sha256);

    options.force = 1;
    an_test_set(&options, "lr=0"); /* nothing improves */
    an_test_set(&options, "schedule=constant");
    options.epochs = 2;
    an_runs_train(r, &options);
    an_assert_ok(r->ctx, an_file_same(r->ctx, best, last, &same));
    assert_false(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_checkpoints_wait_for_images),
        cmocka_unit_test_setup_teardown(a_checkpoint_comes_every_third_epoch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_best_weights_are_those_that_were_validated, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_memory_for_a_copy_a_checkpoint_is_due, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_weights_that_are_the_best_are_one_file, set_up,
                                        tear_down),
    };
    const struct CMUnitTest runs[] = {
        an_runs_test(each_hash_is_that_of_the_file_beside_it),
        an_runs_test(the_last_weights_are_the_best_under_another_name),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (an_test_leaves_out("whole runs")) return failed;
    return failed + cmocka_run_group_tests(runs, NULL, NULL);
}
