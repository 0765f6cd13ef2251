/*
 * predict_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    const char *weights, *data;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.weights = an_test_path(w.folder, "w.safetensors");
    w.data = an_test_path(w.folder, "data");
    an_tiny_weights(w.ctx, w.weights, an_tiny_classes, 3, 1);
    an_tiny_draw(w.ctx, w.data, 2, 4);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    an_test_folder_close(w->folder);
    an_test_close(w->ctx, &w->memory);
    return 0;
}

/* ---- what was told ---- */

#define RESULTS 16

typedef struct results {
    int count;
    char images[RESULTS][512], errors[RESULTS][256];
    int predictions[RESULTS], best[RESULTS];
    float probability[RESULTS];
} results;

static void take_result(void *user, const alexnet_prediction_result *result)
{
    results *r = user;
    const int i = r->count++;

    assert_in_range(i, 0, RESULTS - 1);
    snprintf(r->images[i], sizeof r->images[i], "%s", result->image);
    snprintf(r->errors[i], sizeof r->errors[i], "%s", result->error != NULL ? result->error : "");
    assert_true((result->error == NULL) == (result->count > 0));
    r->predictions[i] = result->count;
    if (result->count > 0) {
        r->best[i] = result->predictions[0].index;
        r->probability[i] = result->predictions[0].probability;
    }
}

static alexnet_status predict(world *w, const char *const *images, size_t count, int workers,
                              int batch, results *r, int64_t *failed)
{
    const alexnet_predict_options options = {
        .struct_size = sizeof options,
        .weights = w->weights,
        .images = images,
        .image_count = count,
        .topk = 2,
        .batch = batch,
        .workers = workers,
        .result = take_result,
        .result_user = r,
    };
    int64_t done = 0;

    *r = (results){0};
    const alexnet_status status = alexnet_predict(w->ctx, &options, &done, failed);
    if (status == ALEXNET_OK) assert_int_equal(done, r->count);
    return status;
}

/* ---- tests ---- */

static void folders_are_searched_and_the_order_is_kept(void **state)
{
    world *w = *state;
    const char *paths[] = {an_test_path(w->folder, "data/val/cross/0000.jpg"),
                           an_test_path(w->folder, "data/train")};
    int64_t failed;
    results r;

    an_test_write_text(an_test_path(w->folder, "data/train/readme.txt"), "passed over");
    an_test_write_text(an_test_path(w->folder, "data/train/.hidden.jpg"), "passed over");
    an_assert_ok(w->ctx, predict(w, paths, 2, 0, 3, &r, &failed));
    assert_int_equal(r.count, 9);
    assert_int_equal(failed, 0);
    assert_string_equal(r.images[0], paths[0]);
    assert_non_null(strstr(r.images[1], "data/train/checker/0000.jpg"));
    assert_non_null(strstr(r.images[8], "data/train/cross/0003.jpg"));
    for (int i = 0; i < r.count; ++i)
        assert_int_equal(r.predictions[i], 2);
}

static void answers_do_not_depend_on_batch_or_workers(void **state)
{
    world *w = *state;
    int64_t failed;
    results first, r;

    an_assert_ok(w->ctx, predict(w, &w->data, 1, 1, 1, &first, &failed));
    for (int i = 1; i <= 3; ++i) {
        an_assert_ok(w->ctx, predict(w, &w->data, 1, i, 5 * i, &r, &failed));
        assert_int_equal(r.count, first.count);
        for (int k = 0; k < r.count; ++k) {
            assert_string_equal(r.images[k], first.images[k]);
            assert_int_equal(r.best[k], first.best[k]);
            assert_true(r.probability[k] - first.probability[k] < 1e-6F);
            assert_true(first.probability[k] - r.probability[k] < 1e-6F);
        }
    }
}

static void bad_images_are_told_in_their_place(void **state)
{
    world *w = *state;
    const char *paths[] = {
        an_test_path(w->folder, "none.jpg"),
        an_test_path(w->folder, "data/train/cross/0000.jpg"),
        w->weights,
        an_test_path(w->folder, "data/train/cross/0001.jpg"),
        an_test_path(w->folder, "bad.jpg"),
    };
    int64_t failed;
    results r;

    an_tiny_spoil(w->folder, "bad.jpg");
    for (int batch = 1; batch <= 5; ++batch) {
        an_assert_ok(w->ctx, predict(w, paths, 5, 0, batch, &r, &failed));
        assert_int_equal(r.count, 5);
        assert_int_equal(failed, 3);
        for (int i = 0; i < 5; ++i) {
            assert_string_equal(r.images[i], paths[i]);
            assert_int_equal(r.predictions[i], i % 2 == 0 ? 0 : 2);
        }
        assert_non_null(strstr(r.errors[0], "o such file"));
    }
}

static alexnet_go stop_at_once(void *user, const alexnet_progress *progress)
{
    ++*(int *)user;
    assert_string_equal(progress->phase, "predict");
    return ALEXNET_GO_STOP;
}

static void it_can_be_stopped(void **state)
{
    world *w = *state;
    int calls = 0;
    int64_t images = -1, failed = -1;
    const alexnet_predict_options options = {
        .struct_size = sizeof options,
        .weights = w->weights,
        .images = &w->data,
        .image_count = 1,
        .batch = 2,
        .progress = stop_at_once,
        .progress_user = &calls,
    };

    an_assert_status(w->ctx, alexnet_predict(w->ctx, &options, &images, &failed), ALEXNET_STOPPED);
    assert_int_equal(calls, 1);
    assert_int_equal(images, -1);
}

static void mistakes_are_named(void **state)
{
    world *w = *state;
    int64_t failed;
    results r;

    an_assert_status(w->ctx, predict(w, NULL, 0, 0, 1, &r, &failed), ALEXNET_NOT_FOUND);
    an_assert_status(w->ctx, predict(w, &w->data, 1, 0, -1, &r, &failed), ALEXNET_BAD_ARG);
    w->weights = "nowhere.safetensors";
    an_assert_status(w->ctx, predict(w, &w->data, 1, 0, 1, &r, &failed), ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "nowhere.safetensors");
}

/* Whatever fails, the status says so, or the image's own result does; and nothing leaks
 * (tear_down). */
static void memory_and_files_may_fail(void **state)
{
    world *w = *state;
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};

    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            int64_t failed = 0;
            results r;
            an_test_fault_arm(&fault, w->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = predict(w, &w->data, 1, 0, 4, &r, &failed);
            if (!an_test_fault_disarm(&fault)) break;
            if (k == 0) an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
            /* what cannot even be looked at is one result, of an image or of a whole folder */
            if (status == ALEXNET_OK) assert_true(r.count == 12 || failed == 1);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(folders_are_searched_and_the_order_is_kept),
        TEST(answers_do_not_depend_on_batch_or_workers),
        TEST(bad_images_are_told_in_their_place),
        TEST(it_can_be_stopped),
        TEST(mistakes_are_named),
        TEST(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
