/*
 * run_folder_test.c: making, replacing, locking and cleaning a run's folder; its log.
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include "train/run/checkpoint.h"
#include "train/run/run_folder.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *root;
    an_run_folder folder;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open()};
    w.ctx = an_test_open(&w.memory);
    an_assert_ok(w.ctx, an_run_folder_open(w.ctx, an_test_path(w.root, "runs/1"), &w.folder));
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_run_folder_close(w->ctx, &w->folder);
    an_test_folder_close(w->root);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static bool exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

/* A run's files, and a foreign one. */
static void fill(world *w)
{
    an_assert_ok(w->ctx,
                 an_folder_make(w->ctx, an_test_path(w->root, "runs/1/checkpoints/step-1")));
    an_test_write_text(w->folder.config,
                       "{\"schema\": 1, \"recipe\": \"quick\", \"checkpoint_keep\": 2}");
    an_test_write_text(w->folder.log, "");
    an_test_write_text(w->folder.best, "");
    an_test_write_text(w->folder.last, "");
    an_test_write_text(an_test_path(w->root, "runs/1/checkpoints/step-1/x"), "");
    an_test_write_text(an_test_path(w->root, "runs/1/notes.txt"), "mine");
}

/* Opening a folder twice simulates two processes: a lock belongs to the opening. */
static void one_at_a_time_has_the_folder(void **state)
{
    world *w = *state;
    an_run_folder other;

    an_assert_ok(w->ctx, an_run_folder_open(w->ctx, w->folder.path, &other));
    an_assert_ok(w->ctx, an_run_folder_lock(w->ctx, &other)); /* absent: nothing to lock */
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    an_assert_ok(w->ctx, an_run_folder_lock(w->ctx, &w->folder)); /* it holds the lock already */
    an_assert_status(w->ctx, an_run_folder_lock(w->ctx, &other), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "runs/1' is in use");
    fill(w);
    an_assert_status(w->ctx, an_run_folder_create(w->ctx, &other, true), ALEXNET_BAD_ARG);
    assert_true(exists(w->folder.config));
    an_run_folder_close(w->ctx, &w->folder);
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &other, true));
    an_run_folder_close(w->ctx, &other);
}

static void leftovers_of_a_killed_process_go(void **state)
{
    static const char *const names[] = {"config.json.tmp-7-0", "log.jsonl.tmp-70-11",
                                        "best.safetensors.tmp-7-1", "last.safetensors.tmp-7-2"};
    world *w = *state;

    for (int force = 0; force < 2; ++force) {
        fill(w);
        const size_t before = an_test_count_entries(w->folder.path);
        for (size_t i = 0; i < AN_COUNT(names); ++i)
            an_test_write_text(an_test_path(w->folder.path, names[i]), "x");
        an_test_write_text(an_test_path(w->folder.path, "notes.txt.tmp-7-0"), "mine");
        if (force == 0) an_assert_ok(w->ctx, an_run_folder_clean(w->ctx, &w->folder));
        if (force == 1) an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, true));
        an_assert_ok(w->ctx, an_run_folder_clean(w->ctx, &w->folder));
        assert_int_equal(an_test_count_entries(w->folder.path), force == 0 ? before + 1 : 2);
    }
}

static void an_absent_or_empty_folder_is_taken(void **state)
{
    world *w = *state;

    an_assert_ok(w->ctx, an_run_folder_check(w->ctx, &w->folder, false));
    assert_false(exists(w->folder.path)); /* checking creates nothing */
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    assert_true(exists(w->folder.path));
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
}

static void an_earlier_run_is_replaced_only_by_force(void **state)
{
    world *w = *state;

    fill(w);
    an_assert_status(w->ctx, an_run_folder_create(w->ctx, &w->folder, false), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "runs/1' exists");
    assert_true(exists(w->folder.config));
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, true));
    an_assert_ok(w->ctx, an_run_folder_clean(w->ctx, &w->folder));
    assert_int_equal(an_test_count_entries(w->folder.path), 1);
    an_test_assert_text_file(an_test_path(w->root, "runs/1/notes.txt"), "mine");
}

/*
 * Killed before the new config.json exists: the folder can be forced again, and is not mistaken for
 * anything else.
 */
static void an_interrupted_replacement_can_be_forced_again(void **state)
{
    world *w = *state;

    fill(w);
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, true));
    assert_false(exists(w->folder.config));
    assert_false(exists(w->folder.best));
    an_test_write_text(w->folder.best, ""); /* as if it was killed before removing it */
    an_assert_status(w->ctx, an_run_folder_check(w->ctx, &w->folder, false), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "was interrupted: force it again");
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, true));
    an_test_write_text(w->folder.config, "{}");
    an_assert_ok(w->ctx, an_run_folder_clean(w->ctx, &w->folder));
    assert_int_equal(an_test_count_entries(w->folder.path), 2); /* and the notes */
}

/* Killed while it wrote its first file. */
static void a_folder_of_leftovers_counts_as_empty(void **state)
{
    world *w = *state;

    an_assert_ok(w->ctx, an_folder_make(w->ctx, w->folder.path));
    an_test_write_text(an_test_path(w->root, "runs/1/config.json.tmp-7-0"), "{\"sche");
    an_assert_ok(w->ctx, an_run_folder_check(w->ctx, &w->folder, false));
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    an_test_write_text(w->folder.config, "{}");
    an_assert_ok(w->ctx, an_run_folder_clean(w->ctx, &w->folder));
    assert_int_equal(an_test_count_entries(w->folder.path), 1);
}

static void what_is_no_run_is_never_touched(void **state)
{
    world *w = *state;

    an_assert_ok(w->ctx, an_folder_make(w->ctx, w->folder.path));
    an_test_write_text(an_test_path(w->root, "runs/1/log.jsonl"), "somebody's");
    for (int force = 0; force < 2; ++force) {
        an_assert_status(w->ctx, an_run_folder_create(w->ctx, &w->folder, force != 0),
                         ALEXNET_BAD_ARG);
        an_assert_error(w->ctx, "other files than a run");
    }
    an_test_assert_text_file(an_test_path(w->root, "runs/1/log.jsonl"), "somebody's");

    an_run_folder_close(w->ctx, &w->folder);
    an_assert_ok(w->ctx,
                 an_run_folder_open(w->ctx, an_test_path(w->root, "runs/1/log.jsonl"), &w->folder));
    an_assert_status(w->ctx, an_run_folder_create(w->ctx, &w->folder, true), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "is not a folder");
}

/* A config.json alone is not a run: many programs have one. */
static void a_foreign_config_makes_no_run(void **state)
{
    world *w = *state;
    const char *const configs[] = {"{\"name\": \"web site\"}", "no JSON", "[]"};

    an_assert_ok(w->ctx, an_folder_make(w->ctx, w->folder.checkpoints));
    an_test_write_text(an_test_path(w->root, "runs/1/checkpoints/model.bin"), "somebody's");
    for (size_t i = 0; i < AN_COUNT(configs); ++i) {
        an_test_write_text(w->folder.config, configs[i]);
        an_assert_status(w->ctx, an_run_folder_create(w->ctx, &w->folder, true), ALEXNET_BAD_ARG);
        an_test_assert_text_file(w->folder.config, configs[i]);
    }
    an_test_assert_text_file(an_test_path(w->root, "runs/1/checkpoints/model.bin"), "somebody's");
}

static void a_path_too_long_for_the_result_is_refused(void **state)
{
    world *w = *state;
    static char path[5000];
    an_run_folder folder;

    memset(path, 'x', sizeof path - 1);
    an_assert_status(w->ctx, an_run_folder_open(w->ctx, path, &folder), ALEXNET_BAD_ARG);
}

/* ---- log ---- */

static const an_log_line line = {.split = "train",
                                 .step = 10,
                                 .epoch = 0.5,
                                 .lr = 0.01,
                                 .loss = 2.25,
                                 .top1 = 0.125,
                                 .top5 = 1,
                                 .images_per_second = 80.5,
                                 .data_wait = 0,
                                 .seconds = 12.5};

#define FIRST                                                                                      \
    "{\"step\":10,\"epoch\":0.5,\"lr\":0.01,\"loss\":2.25,\"top1\":0.125,\"top5\":1,"              \
    "\"images_per_second\":80.5,\"data_wait\":0,\"seconds\":12.5,\"split\":\"train\"}\n"
#define SECOND                                                                                     \
    "{\"step\":20,\"epoch\":0.5,\"lr\":0.01,\"loss\":null,\"top1\":0.125,\"top5\":1,"              \
    "\"images_per_second\":null,\"data_wait\":0,\"seconds\":12.5,\"split\":\"val\"}\n"

static void write_two(world *w)
{
    an_log_line second = line;

    second.split = "val";
    second.step = 20;
    second.loss = (double)NAN;
    second.images_per_second = (double)INFINITY;
    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    an_assert_ok(w->ctx, an_run_folder_log(w->ctx, &w->folder, &line));
    an_assert_ok(w->ctx, an_run_folder_log(w->ctx, &w->folder, &second));
}

static void a_report_is_a_line_of_json(void **state)
{
    world *w = *state;

    write_two(w);
    an_test_assert_text_file(w->folder.log, FIRST SECOND);
}

static void a_resumed_run_cuts_off_what_it_will_write_again(void **state)
{
    static const struct {
        int64_t step;
        const char *text;
    } rows[] = {{20, FIRST SECOND}, {19, FIRST}, {10, FIRST}, {9, ""}, {0, ""}};
    world *w = *state;

    an_assert_ok(w->ctx, an_run_folder_trim_log(w->ctx, &w->folder, 5)); /* no log yet */
    write_two(w);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(w->ctx, an_run_folder_trim_log(w->ctx, &w->folder, rows[i].step));
        an_test_assert_text_file(w->folder.log, rows[i].text);
    }
}

static void lines_of_others_stay(void **state)
{
    world *w = *state;
    const char *text = "remark\n{\"step\":x}\n\n{\"step\":5,}\n{\"step\":5";

    an_assert_ok(w->ctx, an_run_folder_create(w->ctx, &w->folder, false));
    an_test_write_text(w->folder.log, text);
    an_assert_ok(w->ctx, an_run_folder_trim_log(w->ctx, &w->folder, 5));
    an_test_assert_text_file(w->folder.log, text);
    an_assert_ok(w->ctx, an_run_folder_trim_log(w->ctx, &w->folder, 4));
    an_test_assert_text_file(w->folder.log, "remark\n{\"step\":x}\n\n");
}

static void memory_may_run_out(void **state)
{
    world *w = *state;

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_run_folder folder;
        fill(w);
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        alexnet_status status = an_run_folder_open(w->ctx, w->folder.path, &folder);
        if (status == ALEXNET_OK) status = an_run_folder_trim_log(w->ctx, &folder, 1);
        if (status == ALEXNET_OK) status = an_run_folder_create(w->ctx, &folder, true);
        an_run_folder_close(w->ctx, &folder);
        const bool failed = an_test_fault_disarm(&fault);
        an_assert_ok(w->ctx,
                     an_run_folder_clean(w->ctx, &w->folder)); /* removes the old config.json */
        if (!failed) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
}

/* ---- whole runs ---- */

static void an_existing_run_is_kept_unless_forced(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    options.epochs = 1;
    an_runs_train(r, &options);
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_BAD_ARG);
    an_assert_error(r->ctx, "exists");
    options.force = 1;
    an_runs_train(r, &options);
}

/* Tries to train in the folder of a run that is training. */
typedef struct intruder {
    const alexnet_train_options *options;
    int tried;
} intruder;

static alexnet_go intrude(void *user, const alexnet_progress *progress)
{
    intruder *i = user;
    alexnet_train_options forced = *i->options, resumed = alexnet_train_options_default();
    alexnet_train_result result;

    if (strcmp(progress->phase, "train") != 0) return ALEXNET_GO_ON; /* no run exists yet */
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    forced.progress = NULL;
    forced.force = 1;
    resumed.resume = forced.out;
    an_assert_status(ctx, alexnet_train(ctx, &forced, &result), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "is in use: another process trains there");
    an_assert_status(ctx, alexnet_train(ctx, &resumed, &result), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "is in use: another process trains there");
    an_test_close(ctx, NULL);
    ++i->tried;
    return progress->done == 2 ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static void a_run_is_trained_by_one_at_a_time(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    intruder i = {.options = &options};
    alexnet_train_result result;

    an_test_set(&options, "augment=none");
    options.progress = intrude;
    options.progress_user = &i;
    options.data =
        "synthetic:classes=2,images=12,size=32"; /* the first progress comes from a step */
    options.recipe = "cifar-19pct";
    options.model = "cifar-19pct";
    options.val_split = 0;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_int_equal(i.tried, 2);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    an_runs_train(r, &resumed);
}

static void a_resumed_run_sweeps_what_a_kill_left(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;

    an_runs_train(r, &options);
    an_test_write_text(an_test_path(r->folder, "run/last.safetensors.tmp-1-2"), "half");
    an_assert_ok(r->ctx, an_folder_make(
                             r->ctx, an_test_path(r->folder, "run/checkpoints/step-00000012.tmp")));
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    an_runs_train(r, &resumed);
    assert_int_equal(an_test_count_entries(options.out), 6);
    assert_int_equal(an_test_count_entries(an_test_path(r->folder, "run/checkpoints")), 2);
}

/* Every kind of failure, once or from then on, at every third place. */
static void run_fails_out_of_the_way(an_runs *r, unsigned kinds, bool forever)
{
    const long stride = getenv("ALEXNET_TEST_LONG") != NULL ? 1 : 3;
    alexnet_train_options options = an_runs_options(r, "run");
    char out[512], checkpoints[528];

    snprintf(out, sizeof out, "%s/run", r->folder);
    snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", out);
    options.out = out;
    options.steps = 2;
    for (long n = 0;; n += stride) {
        an_test_fault fault;
        alexnet_train_result result;
        size_t saved = 0;

        an_test_fault_arm(&fault, r->ctx, kinds, n, forever, ENOSPC);
        const alexnet_status status = alexnet_train(r->ctx, &options, &result);
        const bool failed = an_test_fault_disarm(&fault);
        an_assert_ok(r->ctx, an_checkpoint_count(r->ctx, checkpoints, &saved));
        if (failed && status != ALEXNET_OK && saved == 0)
            assert_int_equal(an_test_count_entries(r->folder), 1); /* the data */
        an_assert_ok(r->ctx, an_folder_remove(r->ctx, out));
        if (!failed) return;
    }
}

static void a_run_that_fails_before_its_first_checkpoint_is_removed(void **state)
{
    an_runs *r = *state;

    run_fails_out_of_the_way(r, AN_FAULT_BIT(AN_FAULT_MEMORY), false);
    run_fails_out_of_the_way(r, AN_FAULT_BIT(AN_FAULT_MEMORY), true);
    run_fails_out_of_the_way(r, AN_FAULT_BIT(AN_FAULT_WRITE), true);
}

static void what_was_there_before_a_run_that_failed_stays(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;
    an_test_fault fault;

    assert_int_equal(mkdir(options.out, 0777), 0);
    an_test_fault_arm(&fault, r->ctx, AN_FAULT_BIT(AN_FAULT_WRITE), 0, true, ENOSPC);
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_IO);
    assert_true(an_test_fault_disarm(&fault));
    an_assert_error(r->ctx,
                    "config.json"); /* the message of the failure, not of the removal after it */
    assert_int_equal(an_test_count_entries(options.out), 0);
    an_runs_train(r, &options);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_at_a_time_has_the_folder),
        TEST(leftovers_of_a_killed_process_go),
        TEST(an_absent_or_empty_folder_is_taken),
        TEST(an_earlier_run_is_replaced_only_by_force),
        TEST(an_interrupted_replacement_can_be_forced_again),
        TEST(a_folder_of_leftovers_counts_as_empty),
        TEST(what_is_no_run_is_never_touched),
        TEST(a_foreign_config_makes_no_run),
        TEST(a_path_too_long_for_the_result_is_refused),
        TEST(a_report_is_a_line_of_json),
        TEST(a_resumed_run_cuts_off_what_it_will_write_again),
        TEST(lines_of_others_stay),
        TEST(memory_may_run_out),
    };
    const struct CMUnitTest runs[] = {
        an_runs_test(an_existing_run_is_kept_unless_forced),
        an_runs_test(a_run_is_trained_by_one_at_a_time),
        an_runs_test(a_resumed_run_sweeps_what_a_kill_left),
        an_runs_test(a_run_that_fails_before_its_first_checkpoint_is_removed),
        an_runs_test(what_was_there_before_a_run_that_failed_stays),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (an_test_leaves_out("whole runs")) return failed;
    return failed + cmocka_run_group_tests(runs, NULL, NULL);
}
