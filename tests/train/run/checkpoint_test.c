/*
 * checkpoint_test.c: checkpoints are saved, found and read back to the bit; damaged, cut and
 * interrupted ones.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "base/file.h"
#include "base/memory.h"
#include "formats/partial.h"
#include "train/run/checkpoint.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

typedef struct world {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *root;
    char folder[512]; /* outlives the texts of an_test_path() */
    alexnet_model *model;
    an_optimiser optimiser;
} world;

/* A recipe with all slots. */
static const an_recipe adam = {.update = AN_UPDATE_ADAM,
                               .momentum = 0.9,
                               .beta2 = 0.999,
                               .epsilon = 1e-8,
                               .weight_decay = 0.01,
                               .bias_lr = 1,
                               .bias_decay = 1,
                               .average = 0.75};

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.ctx->options.log = an_tiny_log;
    w.ctx->options.log_user = &w.log;
    snprintf(w.folder, sizeof w.folder, "%s/checkpoints", w.root);
    w.model = an_tiny_model(w.ctx, an_tiny_classes, 3, 1);
    an_assert_ok(w.ctx, an_optimiser_open(w.model, &adam, &w.optimiser));
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        for (int i = 0; i < w.model->params.count; ++i)
            for (int64_t j = 0; j < w.model->params.items[i].count; ++j)
                w.optimiser.slots[slot][(int64_t)w.model->params.items[i].offset + j] =
                    (float)(slot * 100 + i + 1) / (float)(j + 3);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_optimiser_close(w->ctx, &w->optimiser);
    alexnet_model_free(w->model);
    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static alexnet_status save(world *w, int64_t step, int keep)
{
    an_train_state state = an_train_state_start();

    state.step = step;
    state.seconds = (double)step / 2;
    w->model->values[0] = (float)step;
    return an_checkpoint_save(w->model, w->folder, &w->optimiser, &state, HASH, keep);
}

/* The step of the newest good checkpoint; -1: none. */
static int64_t find(world *w)
{
    an_train_state state;
    char *path;

    w->log.text[0] = '\0';
    an_assert_ok(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &state, NULL));
    const int64_t step = path != NULL ? state.step : -1;
    an_free(w->ctx, path);
    return step;
}

static const char *in_step(const world *w, int64_t step, const char *name)
{
    char text[128];

    snprintf(text, sizeof text, "checkpoints/step-%08lld%s%s", (long long)step,
             name[0] != '\0' ? "/" : "", name);
    return an_test_path(w->root, text);
}

static bool exists(world *w, int64_t step)
{
    an_file_info info;

    an_assert_ok(w->ctx, an_file_stat(w->ctx, in_step(w, step, ""), &info));
    return info.kind == AN_FILE_FOLDER;
}

/* ---- a disk that fails ---- */

/*
 * Finds and loads with the n-th read failing. Gives the step, -1: failure; *failed: there was an
 * n-th read.
 */
static int64_t load_with_fault(world *w, long n, int error, bool *failed)
{
    alexnet_model *model = NULL;
    an_optimiser optimiser = {0};
    an_train_state state = an_train_state_start();
    an_test_fault fault;
    char *path;

    an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_READ), n, false, error);
    alexnet_status status = an_checkpoint_find(w->ctx, w->folder, HASH, &path, &state, &model);
    *failed = an_test_fault_disarm(&fault);
    if (status == ALEXNET_OK) {
        assert_true(model->values[0] == (float)state.step);
        an_assert_ok(w->ctx, an_optimiser_open(model, &adam, &optimiser));
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
    world *w = *state;
    int newest = 0, older = 0;
    bool failed = true;

    an_assert_ok(w->ctx, save(w, 1, 3));
    an_assert_ok(w->ctx, save(w, 2, 3));
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
    world *w = *state;
    bool failed;

    an_assert_ok(w->ctx, save(w, 1, 3));
    for (size_t i = 0; i < AN_COUNT(names); ++i)
        for (int part = 0; part < 8; part += 3) {
            an_file_info info;
            an_assert_ok(w->ctx, save(w, 2, 3));
            an_assert_ok(w->ctx, an_file_stat(w->ctx, in_step(w, 2, names[i]), &info));
            assert_int_equal(truncate(in_step(w, 2, names[i]), (off_t)info.size * part / 8), 0);
            assert_int_equal(load_with_fault(w, 1000000, EIO, &failed), 1);
        }
}

/* ---- saving and loading ---- */

static void what_is_saved_is_found_to_the_bit(void **state)
{
    world *w = *state;
    const size_t bytes = w->model->params.values * sizeof(float);
    an_optimiser optimiser;
    char before[65], after[65];
    an_train_state found;
    alexnet_model *model;
    char *path;

    an_assert_ok(w->ctx, save(w, 7, 2));
    an_assert_ok(w->ctx, alexnet_model_hash(w->model, before));
    an_assert_ok(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL));
    assert_int_equal(found.step, 7);
    assert_true(found.seconds == 3.5);
    an_assert_ok(w->ctx, an_checkpoint_load_model(w->ctx, path, &model));
    an_assert_ok(w->ctx, an_optimiser_open(model, &adam, &optimiser));
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

static void no_checkpoint_at_all_is_no_error(void **state)
{
    world *w = *state;

    assert_int_equal(find(w), -1);
    an_assert_ok(w->ctx, an_folder_make(w->ctx, w->folder));
    an_test_write_text(an_test_path(w->root, "checkpoints/readme"), "not one of ours");
    assert_int_equal(find(w), -1);
}

static void the_newest_few_are_kept(void **state)
{
    world *w = *state;

    for (int64_t step = 10; step <= 50; step += 10)
        an_assert_ok(w->ctx, save(w, step, 2));
    assert_int_equal(an_test_count_entries(w->folder), 2);
    assert_true(exists(w, 40) && exists(w, 50));
    assert_int_equal(find(w), 50);
    an_assert_ok(w->ctx, save(w, 50, 2)); /* again */
    assert_true(exists(w, 40) && exists(w, 50));
}

/* A run resumed at step 20 ignores later checkpoints. */
static void an_abandoned_future_goes_with_the_next_save(void **state)
{
    world *w = *state;

    for (int64_t step = 10; step <= 50; step += 10)
        an_assert_ok(w->ctx, save(w, step, 9));
    an_assert_ok(w->ctx, save(w, 25, 2));
    assert_int_equal(an_test_count_entries(w->folder), 2);
    assert_true(exists(w, 20) && exists(w, 25));
}

static void leftovers_of_a_killed_save_go(void **state)
{
    world *w = *state;

    an_assert_ok(w->ctx, an_folder_make(w->ctx, in_step(w, 5, "")));
    an_assert_ok(w->ctx,
                 an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/step-00000005.tmp/x")));
    an_assert_ok(w->ctx,
                 an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/step-00000010.tmp/x")));
    an_assert_ok(w->ctx, an_folder_make(w->ctx, an_test_path(w->root, "checkpoints/mine.tmp")));
    an_assert_ok(w->ctx, save(w, 10, 1));
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 2); /* the checkpoint and a foreign file */
    assert_int_equal(find(w), 10);
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, an_test_path(w->root, "absent")));
}

/*
 * Killed between the renames of two checkpoints of one step: neither the new nor the old one has
 * the final name.
 */
static void a_checkpoint_that_is_whole_but_for_its_name_is_found(void **state)
{
    world *w = *state;
    const char *path = an_test_path(w->root, "checkpoints/step-00000005");
    const char *temporary = an_test_path(w->root, "checkpoints/step-00000005.tmp");
    const char *gone = an_test_path(w->root, "checkpoints/step-00000005.gone.tmp");

    an_assert_ok(w->ctx, save(w, 5, 1));
    an_assert_ok(w->ctx, an_file_rename(w->ctx, path, temporary));
    an_assert_ok(w->ctx, an_folder_make(w->ctx, gone));
    assert_int_equal(find(w), 5);
    an_assert_ok(w->ctx, an_checkpoint_sweep(w->ctx, w->folder));
    assert_int_equal(an_test_count_entries(w->folder), 1);
    an_assert_ok(w->ctx, an_file_rename(w->ctx, path, gone)); /* being removed */
    assert_int_equal(find(w), -1);
    an_assert_ok(w->ctx, an_file_rename(w->ctx, gone, temporary));
    an_test_write_text(an_test_path(temporary, "optimiser.safetensors"), "half");
    assert_int_equal(find(w), -1);
}

/* With one checkpoint kept, a failed replacement of the same step must not lose it. */
static void a_failed_replacement_leaves_one_of_the_two(void **state)
{
    world *w = *state;

    for (int forever = 0; forever < 2; ++forever) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_assert_ok(w->ctx, save(w, 5, 1));
            an_test_fault_arm(&fault, w->ctx, AN_FAULT_FILES, n, forever != 0, EIO);
            const alexnet_status status = save(w, 5, 1);
            if (!an_test_fault_disarm(&fault)) break;
            assert_true(status != ALEXNET_OK || forever == 0);
            assert_int_equal(find(w), 5);
        }
    }
}

/* ---- damaging files ---- */

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void cut(const char *path) { an_test_write_text(path, "{"); }

static void drop(const char *path) { assert_int_equal(remove(path), 0); }

/* ---- frozen parameters ---- */

static const char *frozen_path(const world *w)
{
    return an_test_path(w->root, "checkpoints/frozen.safetensors");
}

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

/* Freezes conv1 and conv2, whose slots keep their initial values. */
static void freeze(world *w)
{
    an_optimiser fresh;

    an_assert_ok(w->ctx, an_model_freeze(w->model, "conv1,conv2"));
    an_assert_ok(w->ctx, an_optimiser_open(w->model, &adam, &fresh));
    for (int slot = 0; slot < AN_SLOTS; ++slot)
        for (int i = 0; i < w->model->params.count; ++i) {
            const an_param *param = &w->model->params.items[i];
            if (param->frozen)
                memcpy(w->optimiser.slots[slot] + param->offset, fresh.slots[slot] + param->offset,
                       (size_t)param->count * sizeof(float));
        }
    an_optimiser_close(w->ctx, &fresh);
}

/* `save` writes its step into conv1; conv1 is frozen here, so the step is the same each time. */
static alexnet_status save_frozen(world *w, int64_t step, int keep)
{
    an_train_state state = an_train_state_start();

    state.step = step;
    return an_checkpoint_save(w->model, w->folder, &w->optimiser, &state, HASH, keep);
}

static void what_is_frozen_is_stored_once(void **state)
{
    world *w = *state;
    an_optimiser optimiser;
    char before[65], after[65];
    an_train_state found;
    alexnet_model *model;
    char *path;

    an_assert_ok(w->ctx, save(w, 1, 1));
    const off_t whole = size_of(in_step(w, 1, "weights.safetensors"));
    const off_t slots = size_of(in_step(w, 1, "optimiser.safetensors"));
    freeze(w);
    an_assert_ok(w->ctx, save_frozen(w, 2, 2));
    const ino_t first = inode_of(frozen_path(w));
    an_assert_ok(w->ctx, save_frozen(w, 3, 2));
    assert_int_equal(inode_of(frozen_path(w)), first); /* not written again */
    const int64_t frozen = 4 * (32 * 3 * 25 + 32 + 32 * 32 * 25 + 32);
    assert_true(size_of(in_step(w, 3, "weights.safetensors")) < whole - frozen);
    assert_true(size_of(in_step(w, 3, "optimiser.safetensors")) < slots - 3 * frozen);

    an_assert_ok(w->ctx, alexnet_model_hash(w->model, before));
    an_assert_ok(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL));
    assert_int_equal(found.step, 3);
    an_assert_ok(w->ctx, an_checkpoint_load_model(w->ctx, path, &model));
    an_assert_ok(w->ctx, alexnet_model_hash(model, after));
    assert_string_equal(before, after);
    assert_string_equal(alexnet_model_class(model, 1), "cross");
    assert_memory_equal(model->mean_image, w->model->mean_image, 3 * 32 * 32 * sizeof(float));
    an_assert_ok(w->ctx, an_model_freeze(model, "conv1,conv2"));
    an_assert_ok(w->ctx, an_optimiser_open(model, &adam, &optimiser));
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
    world *w = *state;
    float *value = w->model->values + w->model->params.items[1].offset;

    freeze(w);
    for (int damage = 0; damage < 4; ++damage) {
        an_assert_ok(w->ctx, save_frozen(w, 10, 1));
        assert_int_equal(find(w), 10);
        if (damage == 0)
            assert_int_equal(remove(frozen_path(w)), 0);
        else if (damage == 1)
            an_test_write_text(frozen_path(w), "{");
        else if (damage == 2)
            *value += 1; /* another run's */
        else
            flip(frozen_path(w), -20);
        an_assert_ok(w->ctx, save_frozen(w, 20, 1));
        assert_int_equal(find(w), 20);
    }
}

static void a_damaged_frozen_file_is_named(void **state)
{
    static void (*const damages[])(const char *) = {cut, drop};
    world *w = *state;
    an_train_state found;
    char *path;

    freeze(w);
    for (int damage = 0; damage < 3; ++damage) {
        an_assert_ok(w->ctx, save_frozen(w, 10, 1));
        if (damage < 2)
            damages[damage](frozen_path(w));
        else
            flip(frozen_path(w), -20);
        an_assert_status(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL),
                         ALEXNET_BAD_FILE);
        an_assert_error(w->ctx, "frozen.safetensors");
    }
}

static void all_that_is_ours_is_removed(void **state)
{
    world *w = *state;
    an_file_info info;

    freeze(w);
    an_assert_ok(w->ctx, save_frozen(w, 10, 2));
    an_assert_ok(w->ctx, save_frozen(w, 20, 2));
    an_test_write_text(an_test_path(w->root, "checkpoints/frozen.safetensors.tmp-1-2"), "half");
    an_assert_ok(w->ctx, an_folder_make(w->ctx, in_step(w, 5, "")));
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

/* ---- damage ---- */

static void a_damaged_checkpoint_is_passed_over_and_named(void **state)
{
    static const char *const names[] = {"weights.safetensors", "optimiser.safetensors",
                                        "manifest.json"};
    static void (*const damages[])(const char *) = {cut, drop};
    world *w = *state;

    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        for (int damage = 0; damage < 4; ++damage) {
            an_assert_ok(w->ctx, save(w, 10, 2));
            an_assert_ok(w->ctx, save(w, 20, 2));
            assert_int_equal(find(w), 20);
            assert_string_equal(w->log.text, "");
            const char *path = in_step(w, 20, names[i]);
            if (damage < 2)
                damages[damage](path);
            else
                flip(path, damage == 2 ? 40 : -20);
            assert_int_equal(find(w), 10);
            assert_non_null(strstr(w->log.text, "checkpoint passed over: "));
            assert_non_null(strstr(w->log.text, "step-00000020"));
            assert_non_null(strstr(w->log.text, names[i]));
        }
    }
}

static void when_none_verifies_it_says_so(void **state)
{
    world *w = *state;
    an_train_state found;
    char *path;

    an_assert_ok(w->ctx, save(w, 10, 2));
    an_assert_ok(w->ctx, save(w, 20, 2));
    drop(in_step(w, 10, "manifest.json"));
    cut(in_step(w, 20, "weights.safetensors"));
    an_assert_status(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "none of 2 checkpoints verifies");
    assert_null(path);
}

static void a_checkpoint_serves_only_its_run(void **state)
{
    world *w = *state;
    an_train_state found;
    char *path;

    an_assert_ok(w->ctx, save(w, 10, 2));
    an_assert_status(w->ctx, an_checkpoint_find(w->ctx, w->folder, OTHER, &path, &found, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "another config.json");
    assert_int_equal(rename(in_step(w, 10, ""), in_step(w, 11, "")), 0);
    an_assert_status(w->ctx, an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it is of step 10");
}

static void an_optimiser_of_another_model_is_refused(void **state)
{
    world *w = *state;
    alexnet_model *other = an_tiny_model(w->ctx, NULL, 5, 1);

    an_assert_ok(w->ctx, save(w, 10, 2));
    an_assert_status(w->ctx, an_checkpoint_load_optimiser(other, in_step(w, 10, ""), &w->optimiser),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "momentum/fc10.weight: expected 5120 values, found 3072");
    alexnet_model_free(other);
}

/* ---- faults ---- */

/* Whatever fails, once or from then on: afterwards there is a good checkpoint, the old or the new
 * one. */
static void a_failed_save_leaves_the_old_one(void **state)
{
    static const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    world *w = *state;

    for (int row = 0; row < 4; ++row) {
        const bool forever = row % 2 != 0, frozen = row >= 2;
        if (row == 2) freeze(w);
        for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
            for (long n = 0;; ++n) {
                an_test_fault fault;
                if (frozen && n % 2 != 0) /* of another run */
                    an_test_write_text(frozen_path(w), "{");
                an_assert_ok(w->ctx, save_frozen(w, 10, 2));
                an_test_fault_arm(&fault, w->ctx, kinds[k], n, forever, ENOSPC);
                const alexnet_status status = save_frozen(w, 20, 2);
                if (!an_test_fault_disarm(&fault)) break;
                const int64_t found = find(w);
                assert_true(found == 20 || found == 10);
                if (status == ALEXNET_OK) assert_int_equal(found, 20);
                if (k == 0 && !forever) an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
                if (!forever && found == 10)
                    assert_int_equal(an_test_count_entries(w->folder), frozen ? 2 : 1);
            }
        }
    }
}

static void a_failed_search_leaks_nothing(void **state)
{
    world *w = *state;

    freeze(w);
    an_assert_ok(w->ctx, save_frozen(w, 10, 2));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_train_state found;
        alexnet_model *model = NULL;
        char *path;
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        alexnet_status status = an_checkpoint_find(w->ctx, w->folder, HASH, &path, &found, NULL);
        if (status == ALEXNET_OK) status = an_checkpoint_load_model(w->ctx, path, &model);
        if (status == ALEXNET_OK) status = an_checkpoint_load_optimiser(model, path, &w->optimiser);
        alexnet_model_free(model);
        an_free(w->ctx, path);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
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
static void check_resumed(world *w, const an_recipe *recipe)
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
    an_assert_ok(w->ctx, an_checkpoint_save(models[1], w->folder, &optimisers[1], &at, HASH, 1));
    an_assert_ok(w->ctx, an_partial_open(w->ctx, in_step(w, 2, "weights.safetensors"), &weights));
    an_assert_ok(w->ctx, an_partial_read(&weights, models[2], NULL));
    an_partial_close(w->ctx, &weights);
    an_assert_ok(w->ctx,
                 an_checkpoint_load_optimiser(models[2], in_step(w, 2, ""), &optimisers[2]));
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
        an_recipe recipe = adam;
        recipe.update = update;
        recipe.rho = 0.9;
        for (int averaged = 0; averaged < 2; ++averaged) {
            recipe.average = averaged ? 0.75 : 0;
            check_resumed(*state, &recipe);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_read_is_passed_over),
        TEST(a_cut_checkpoint_is_passed_over),
        TEST(what_is_saved_is_found_to_the_bit),
        TEST(no_checkpoint_at_all_is_no_error),
        TEST(the_newest_few_are_kept),
        TEST(an_abandoned_future_goes_with_the_next_save),
        TEST(leftovers_of_a_killed_save_go),
        TEST(a_checkpoint_that_is_whole_but_for_its_name_is_found),
        TEST(a_failed_replacement_leaves_one_of_the_two),
        TEST(what_is_frozen_is_stored_once),
        TEST(a_wrong_frozen_file_is_written_again),
        TEST(a_damaged_frozen_file_is_named),
        TEST(all_that_is_ours_is_removed),
        TEST(a_damaged_checkpoint_is_passed_over_and_named),
        TEST(when_none_verifies_it_says_so),
        TEST(a_checkpoint_serves_only_its_run),
        TEST(an_optimiser_of_another_model_is_refused),
        TEST(every_update_resumes_to_the_same_bits),
        TEST(a_failed_save_leaves_the_old_one),
        TEST(a_failed_search_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
