/*
 * disk_test.c: the estimate before a run is what it takes; a disk with too little space is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/runs.h"

#include "base/file.h"
#include "train/run/disk.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WEIGHTS  (4 * 82403) /* of cifar-19pct with three classes */
#define MEAN     (4 * 3 * 32 * 32)
#define SLACK    65536
#define WHOLE    (WEIGHTS + MEAN + SLACK)
#define FEATURES (4 * (82403 - 3075))

static void the_plan_adds_up(void **state)
{
    static const struct {
        int keep, update;
        double average;
        const char *freeze;
        bool validates, resumed;
        int64_t checkpoint, frozen, end; /* of one checkpoint; end without checkpoints */
    } rows[] = {
        {2, AN_UPDATE_TORCH, 0, NULL, true, false, 2 * WEIGHTS + MEAN + 3 * SLACK, 0, 2 * WHOLE},
        {5, AN_UPDATE_TORCH, 0, NULL, false, false, 2 * WEIGHTS + MEAN + 3 * SLACK, 0, WHOLE},
        {1, AN_UPDATE_ADAM, 0.9, NULL, true, true, 4 * WEIGHTS + MEAN + 3 * SLACK, 0, 2 * WHOLE},
        {0, AN_UPDATE_TORCH, 0, NULL, true, false, 2 * WEIGHTS + MEAN + 3 * SLACK, 0, 2 * WHOLE},
        {2, AN_UPDATE_TORCH, 0, "features", true, false, 2 * 4 * 3075 + MEAN + 3 * SLACK,
         FEATURES + SLACK, 2 * WHOLE},
    };
    an_runs *r = *state;
    an_run_folder folder;

    an_assert_ok(r->ctx, an_run_folder_open(r->ctx, an_test_path(r->folder, "run"), &folder));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model = an_tiny_model(r->ctx, NULL, 3, 1);
        const an_config config = {
            .checkpoint_keep = rows[i].keep,
            .recipe = {.update = rows[i].update, .average = rows[i].average},
        };
        const int64_t kept = AN_MAX(rows[i].keep, 1) * rows[i].checkpoint + rows[i].frozen;
        an_disk disk;
        if (rows[i].freeze != NULL) an_assert_ok(r->ctx, an_model_freeze(model, rows[i].freeze));
        an_assert_ok(r->ctx, an_disk_look(model, &config, rows[i].validates, rows[i].resumed,
                                          &folder, &disk));
        assert_int_equal(disk.end, rows[i].end + (rows[i].keep > 0 ? kept : 0));
        assert_int_equal(disk.peak, rows[i].end + kept + AN_MAX(rows[i].checkpoint - WHOLE, 0) +
                                        (rows[i].resumed ? WHOLE : 0));
        alexnet_model_free(model);
    }
    an_run_folder_close(r->ctx, &folder);
}

static int64_t size_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return (int64_t)info.st_size;
}

static uint64_t room(void *user) { return *(const uint64_t *)user; }

static void keep_start(void *user, const alexnet_train_start *start)
{
    alexnet_train_start *kept = user;

    *kept = *start;
}

static void a_full_disk_is_refused_before_the_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_start start;
    alexnet_train_result result;
    uint64_t bytes = 100000;

    options.start = keep_start;
    options.start_user = &start;
    an_context_set_free(r->ctx, room, &bytes);
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_IO);
    an_assert_error(r->ctx, "the run needs up to 2.");
    an_assert_error(r->ctx, " MiB of disk space, and 97.7 KiB are free: ");
    assert_int_equal(an_test_count_entries(r->folder), 1); /* the data */

    bytes = 100000000;
    an_runs_train(r, &options);
    assert_int_equal(start.disk_bytes_free, 100000000);
    const int64_t peak = start.disk_bytes_max;

    /* The run's existing files count as free: they are part of the need, or are removed. */
    bytes = (uint64_t)(peak - size_of(an_test_path(r->folder, "run/best.safetensors")));
    options.force = 1;
    an_runs_train(r, &options);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 4;
    an_runs_train(r, &resumed);
    bytes = 0;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_IO);
}

/* All files of the run, if its checkpoints are of these steps. */
static int64_t size_of_run(an_runs *r, const char *const *names, size_t count)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < count; ++i)
        bytes += size_of(an_test_path(r->folder, names[i]));
    return bytes;
}

static void the_estimate_is_what_it_takes(void **state)
{
    static const char *const names[] = {
        "run/config.json",
        "run/log.jsonl",
        "run/best.safetensors",
        "run/last.safetensors",
        "run/checkpoints/frozen.safetensors",
        "run/checkpoints/step-00000006/weights.safetensors",
        "run/checkpoints/step-00000006/optimiser.safetensors",
        "run/checkpoints/step-00000006/manifest.json",
        "run/checkpoints/step-00000009/weights.safetensors",
        "run/checkpoints/step-00000009/optimiser.safetensors",
        "run/checkpoints/step-00000009/manifest.json",
    };
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_start start;

    options.freeze = "conv2";
    options.start = keep_start;
    options.start_user = &start;
    an_runs_train(r, &options);
    const int64_t bytes = size_of_run(r, names, AN_COUNT(names));
    assert_true(bytes <= start.disk_bytes);
    assert_true(start.disk_bytes - bytes < 10 * SLACK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_plan_adds_up),
        TEST(a_full_disk_is_refused_before_the_run),
        TEST(the_estimate_is_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
