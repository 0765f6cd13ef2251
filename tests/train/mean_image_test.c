/*
 * mean_image_test.c: the mean of known images, with any number of workers; images that cannot be
 * read.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "train/mean_image.h"
#include <math.h>
#include <string.h>

#define PIXELS (3 * 32 * 32)

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    an_source *source;
    alexnet_model *model;
    an_preprocess record;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    const char *data = an_test_path(w.folder, "data");
    an_tiny_draw(w.ctx, data, 2, 50);
    an_assert_ok(w.ctx, an_source_open(w.ctx, data, AN_PART_TRAIN, &w.source));
    w.model = an_tiny_model(w.ctx, NULL, 2, 1);
    an_assert_ok(w.ctx, an_model_set_mean_image(w.model, NULL, NULL));
    an_assert_ok(w.ctx, an_preprocess_parse(w.ctx, w.model->preprocess, &w.record));
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    alexnet_model_free(w->model);
    an_source_close(w->source);
    an_test_folder_close(w->folder);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

static an_mean_job make_job(world *w)
{
    return (an_mean_job){
        .model = w->model,
        .record = &w->record,
        .images = {.source = w->source, .count = 100, .skip_bad = true, .skip_max = 1},
    };
}

/* 32x32 images are neither resized nor cropped: the mean is that of the decoded bytes. */
static void it_is_the_mean_of_the_pixels(void **state)
{
    world *w = *state;
    const an_mean_job job = make_job(w);
    static int64_t sums[PIXELS];
    an_source_buffer buffer = {0};
    an_image image = {0};

    memset(sums, 0, sizeof sums);
    for (int64_t i = 0; i < 100; ++i) {
        an_assert_ok(w->ctx,
                     an_source_read(w->source, w->ctx, i, AN_ORIENTATION_IGNORE, &buffer, &image));
        for (int p = 0; p < 1024; ++p)
            for (int c = 0; c < 3; ++c)
                sums[c * 1024 + p] += image.pixels[3 * p + c];
    }
    an_image_free(w->ctx, &image);
    an_source_buffer_free(w->ctx, &buffer);

    an_assert_ok(w->ctx, an_mean_image_compute(&job));
    assert_int_equal(w->model->mean_shape[1], 32);
    for (int i = 0; i < PIXELS; ++i)
        assert_true(w->model->mean_image[i] == (float)((double)sums[i] / 100));
}

static void workers_change_nothing(void **state)
{
    world *w = *state;
    an_mean_job job = make_job(w);
    static float first[PIXELS];

    an_assert_ok(w->ctx, an_mean_image_compute(&job));
    memcpy(first, w->model->mean_image, sizeof first);
    for (int workers = 1; workers <= 3; ++workers) {
        job.images.workers = workers;
        an_assert_ok(w->ctx, an_mean_image_compute(&job));
        assert_memory_equal(w->model->mean_image, first, sizeof first);
    }
}

static void unreadable_images_do_not_count(void **state)
{
    world *w = *state;
    an_mean_job job = make_job(w);

    an_tiny_spoil(w->folder, "data/train/cross/0000.jpg");
    an_assert_ok(w->ctx, an_mean_image_compute(&job));
    an_tiny_spoil(w->folder, "data/train/cross/0001.jpg");
    an_assert_status(w->ctx, an_mean_image_compute(&job), ALEXNET_BAD_FILE);
    job.images.skip_max = -1;
    job.images.indices = (const int64_t[]){50, 51}; /* the two bad ones */
    job.images.count = 2;
    an_assert_status(w->ctx, an_mean_image_compute(&job), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "none of the 2");
}

static alexnet_go stop(void *user, const alexnet_progress *progress)
{
    (void)user;
    assert_string_equal(progress->phase, "mean");
    assert_int_equal(progress->total, 100);
    return ALEXNET_GO_STOP;
}

static void it_can_be_stopped(void **state)
{
    world *w = *state;
    an_mean_job job = make_job(w);

    job.progress = stop;
    an_assert_status(w->ctx, an_mean_image_compute(&job), ALEXNET_STOPPED);
    assert_null(w->model->mean_image);
}

static void memory_may_run_out(void **state)
{
    world *w = *state;
    an_mean_job job = make_job(w);

    job.images.count = 3;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_mean_image_compute(&job);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_mean_of_the_pixels),
        TEST(workers_change_nothing),
        TEST(unreadable_images_do_not_count),
        TEST(it_can_be_stopped),
        TEST(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
