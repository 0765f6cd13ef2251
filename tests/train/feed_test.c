/*
 * feed_test.c: batches, the size of a growing input, kept rows, and images that cannot be read.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "core/refit.h"
#include "train/feed.h"
#include <stdio.h>
#include <string.h>

/* A network that accepts inputs of several sizes. */
static const an_row rows[] = {
    {"conv1", "conv2d", "filters=4 kernel=3 stride=2"},
    {"relu1", "relu", ""},
    {"average", "adaptive_average", "size=2"},
    {"flatten", "flatten", ""},
    {"fc2", "linear", "outputs=CLASSES"},
};
static const an_family family = {
    .name = "tiny-sizes",
    .input = {3, 64, 64},
    .classes = 2,
    .dropout = -1,
    .preprocess = "resize=exact:INPUT",
    .classifier = "fc2",
    .rows = rows,
    .row_count = AN_COUNT(rows),
};

#define EPOCH_STEPS 3 /* 12 images, 4 per step; 4 epochs */

typedef struct world {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *folder;
    an_config config;
    an_dataset data;
    alexnet_model *model;
    an_train_state state;
    an_feed feed;
    alexnet_go go; /* returned by the progress callback */
} world;

static alexnet_go answer(void *user, const alexnet_progress *progress)
{
    assert_string_equal(progress->phase, "features");
    return ((world *)user)->go;
}

static int set_up(void **state)
{
    static world w;
    alexnet_model_options network = alexnet_model_options_default();
    alexnet_train_options options = alexnet_train_options_default();

    w = (world){.folder = an_test_folder_open(), .state = an_train_state_start()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.ctx->options.log = an_tiny_log;
    w.ctx->options.log_user = &w.log;
    options.data = an_test_path(w.folder, "data");
    an_tiny_draw(w.ctx, options.data, 2, 6);
    network.classes = 2;
    an_assert_ok(w.ctx, an_model_describe(w.ctx, &family, &network, &w.model));
    an_assert_ok(w.ctx, an_model_alloc(w.model));
    an_model_init_weights(w.model, 1, NULL);
    an_assert_ok(w.ctx, an_model_set_classes(w.model, an_tiny_classes, 2));
    an_assert_ok(w.ctx, an_config_resolve(w.ctx, &options, &family, &w.config));
    w.config.recipe.batch = 4;
    w.config.recipe.epochs = 4;
    w.config.recipe.grow = 0;
    w.config.recipe.mixup = 0;
    w.state.course = an_course_start(4 * EPOCH_STEPS);
    an_assert_ok(w.ctx, an_dataset_open(w.ctx, &w.config, &w.data));
    an_assert_ok(w.ctx, an_dataset_map_classes(&w.data, w.model, &w.config));
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_feed_close(&w->feed);
    an_feed_close(&w->feed); /* closed already */
    an_dataset_close(w->ctx, &w->data);
    an_config_free(w->ctx, &w->config);
    alexnet_model_free(w->model);
    an_test_folder_close(w->folder);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static alexnet_status open_feed(world *w)
{
    const an_feed_options options = {
        .model = w->model,
        .config = &w->config,
        .data = &w->data,
        .state = &w->state,
        .epoch_steps = EPOCH_STEPS,
        .noise_end = INT64_MAX,
        .progress = answer,
        .progress_user = w,
    };

    return an_feed_open(&options, &w->feed);
}

static const an_batch *take_step(world *w)
{
    const an_batch *batch;

    an_assert_ok(w->ctx, an_feed_grow(&w->feed));
    an_assert_ok(w->ctx, an_feed_next(&w->feed, &batch));
    ++w->state.step;
    return batch;
}

static int side_now(const world *w)
{
    return an_session_plan(w->feed.session)->model->nodes[0].x.h;
}

/* A feed that is opened at a step gives the same batches as one that ran up to it. */
static void a_batch_is_a_function_of_the_step(void **state)
{
    world *w = *state;
    static float images[4 * 3 * 64 * 64];
    float parts[4];
    int64_t indices[4];

    w->config.recipe.mixup = 0.5;
    an_assert_ok(w->ctx, open_feed(w));
    for (int step = 0; step < 4; ++step)
        take_step(w);
    const an_batch *batch = take_step(w);
    assert_int_equal(batch->n, 4);
    memcpy(images, batch->images, sizeof images);
    memcpy(parts, batch->shares, sizeof parts);
    memcpy(indices, batch->indices, sizeof indices);
    an_feed_close(&w->feed);
    w->state.step = 4;
    an_assert_ok(w->ctx, open_feed(w));
    batch = take_step(w);
    assert_memory_equal(batch->images, images, sizeof images);
    assert_memory_equal(batch->shares, parts, sizeof parts);
    assert_memory_equal(batch->indices, indices, sizeof indices);
}

static void the_input_grows_where_an_epoch_begins(void **state)
{
    world *w = *state;

    w->config.recipe.grow = 32;
    an_assert_ok(w->ctx, open_feed(w));
    assert_true(an_feed_rest(&w->feed) > 1);
    assert_non_null(strstr(w->log.text, "the input is 32x32 now, and grows to 64x64"));
    for (int step = 0; step < 4 * EPOCH_STEPS; ++step) {
        const int side = step < 3 * EPOCH_STEPS ? 32 : 64;
        assert_int_equal(take_step(w)->n, 4);
        assert_int_equal(side_now(w), side);
        assert_int_equal(w->state.side, side);
    }
    assert_true(an_feed_rest(&w->feed) == 1);
    assert_non_null(strstr(w->log.text, "epoch 3: the input is 64x64 from now on"));
    an_feed_close(&w->feed);

    w->state.step = 3 * EPOCH_STEPS + 1; /* in an epoch that began, and was stopped, at side 32 */
    w->state.side = 32;
    an_assert_ok(w->ctx, open_feed(w));
    assert_int_equal(side_now(w), 32);
}

static void unreadable_images_of_every_size_are_reported(void **state)
{
    world *w = *state;
    an_bad_list train = {0}, val = {0};

    for (int i = 0; i < 2; ++i) {
        char name[64];
        snprintf(name, sizeof name, "data/train/cross/%04d.jpg", i);
        an_tiny_spoil(w->folder, name);
    }
    w->config.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    w->config.recipe.grow = 32;
    an_assert_ok(w->ctx, open_feed(w));
    for (int step = 0; step <= 3 * EPOCH_STEPS;
         ++step) /* the last step is the first of the next size */
        take_step(w);
    an_assert_ok(w->ctx, an_feed_take_skipped(&w->feed, &train, &val));
    assert_int_equal(train.count, 2);
    assert_int_equal(val.count, 0);
    an_bad_list_free(w->ctx, &train);
}

/* Behind frozen layers rows replace images; they are computed at the full input size. */
static void rows_of_frozen_layers_are_kept(void **state)
{
    world *w = *state;

    an_assert_ok(w->ctx, an_model_freeze(w->model, "conv1"));
    w->config.recipe.views = 2;
    w->config.recipe.grow = 32;
    an_assert_ok(w->ctx, open_feed(w));
    assert_non_null(w->feed.frozen);
    assert_string_equal(w->model->nodes[w->feed.first].name, "fc2");
    assert_int_equal(w->state.side, 64);
    assert_true(an_feed_rest(&w->feed) == 1); /* all steps have the same size */
    for (int step = 0; step < EPOCH_STEPS; ++step)
        assert_int_equal(take_step(w)->n, 4);
    assert_non_null(strstr(w->log.text, "once for 2 views of each image and kept"));
}

static void a_request_to_stop_gives_no_batch(void **state)
{
    world *w = *state;
    const an_batch *batch;

    an_assert_ok(w->ctx, an_model_freeze(w->model, "conv1"));
    w->config.recipe.views = 1;
    w->go = ALEXNET_GO_STOP;
    an_assert_ok(w->ctx, open_feed(w));
    an_assert_ok(w->ctx, an_feed_next(&w->feed, &batch));
    assert_null(batch);
}

static void memory_may_run_out(void **state)
{
    world *w = *state;

    w->config.recipe.mixup = 0.5;
    w->config.recipe.grow = 32;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = open_feed(w);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
        assert_null(w->feed.session);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_a_function_of_the_step),
        TEST(the_input_grows_where_an_epoch_begins),
        TEST(unreadable_images_of_every_size_are_reported),
        TEST(rows_of_frozen_layers_are_kept),
        TEST(a_request_to_stop_gives_no_batch),
        TEST(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
