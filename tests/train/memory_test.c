/*
 * memory_test.c: the estimate of a run's memory follows its settings, and a lack of memory is
 * detected before anything is written. tests/bench/said_test.py compares it with whole processes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/room.h"
#include "train/memory.h"
#include <string.h>

#define MIB INT64_C(1048576)

static void keep_start(void *user, const alexnet_train_start *start)
{
    alexnet_train_start *kept = user;

    *kept = *start;
}

static void estimate_and_measurement_are_reported(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_start start;

    options.start = keep_start;
    options.start_user = &start;
    const alexnet_train_result result = an_runs_train(r, &options);
    assert_true(start.memory_bytes > MIB);
    assert_true(start.memory_bytes_free == -1 || start.memory_bytes_free > 0);
    assert_int_equal(result.memory_bytes, start.memory_bytes);
    assert_true(result.peak_rss_bytes == 0 || result.peak_rss_bytes > MIB);
}

static void more_than_there_is_does_not_begin(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;

    r->ctx->options.max_memory = an_room_resident(r->ctx) + MIB;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_NO_MEMORY);
    an_assert_error(r->ctx, "the run needs about ");
    an_assert_error(r->ctx, "take a smaller batch (--batch)");
    an_assert_error(r->ctx, "max_memory");
    assert_int_equal(an_test_count_entries(r->folder), 1); /* the data */

    r->ctx->options.max_memory = ALEXNET_NO_LIMIT;
    an_runs_train(r, &options);
    r->ctx->options.max_memory = an_room_resident(r->ctx) + MIB;
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 4;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &resumed, &result), ALEXNET_NO_MEMORY);
    r->ctx->options.max_memory = 0;
    an_runs_train(r, &resumed);
}

/* For a network for 32x32 images in three classes, 30 for training and 12 for validation. */
static int64_t said(an_runs *r, const an_config *config, const char *freeze, bool validates)
{
    an_dataset data = {0};
    an_train_state state = an_train_state_start();
    an_memory_job job = {.config = config, .data = &data, .state = &state};
    an_footprint f;

    an_assert_ok(r->ctx, an_source_open(r->ctx, "synthetic:classes=3,images=30,size=32",
                                        AN_PART_ALL, &data.train_source));
    data.train = (an_image_set){.source = data.train_source, .count = 30};
    data.val = (an_image_set){.source = data.train_source, .count = validates ? 12 : 0};
    an_assert_ok(r->ctx, alexnet_model_describe(r->ctx, "cifar-19pct", NULL, &job.model));
    if (freeze != NULL) an_assert_ok(r->ctx, an_model_freeze(job.model, freeze));
    an_assert_ok(r->ctx, an_memory_book(&job, &f));
    alexnet_model_free(job.model);
    an_source_close(data.train_source);
    return f.peak - f.start;
}

static void it_follows_the_settings(void **state)
{
    an_runs *r = *state;
    an_config config = {.recipe = {.batch = 8, .augment = "none", .epochs = 2}};
    const int64_t weights = 89578 * (int64_t)sizeof(float), image = 3 * 32 * 32 * sizeof(float);
    const int64_t plain = said(r, &config, NULL, false);

    assert_true(plain > 3 * weights + 3 * 8 * image);
    assert_true(said(r, &config, NULL, true) >= plain + 12 * image);
    config.recipe.average = 0.9;
    assert_in_range(said(r, &config, NULL, false) - plain, weights, weights + 65536);
    config.recipe.average = 0;
    config.recipe.mixup = 0.2;
    assert_in_range(said(r, &config, NULL, false) - plain, 8 * image, 8 * image + 65536);
    config.recipe.mixup = 0;
    config.recipe.batch = 16;
    assert_true(said(r, &config, NULL, false) >= plain + 3 * 8 * image);
    config.recipe.batch = 8;
    config.recipe.views = 2;
    assert_true(said(r, &config, "conv1", false) != plain); /* rows instead of images */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(estimate_and_measurement_are_reported),
        TEST(more_than_there_is_does_not_begin),
        TEST(it_follows_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
