/*
 * evaluate_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/file.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    const char *weights[2];
    const char *data;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.weights[0] = an_test_path(w.folder, "a.safetensors");
    w.weights[1] = an_test_path(w.folder, "b.safetensors");
    w.data = an_test_path(w.folder, "data");
    an_tiny_weights(w.ctx, w.weights[0], an_tiny_classes, 3, 1);
    an_tiny_weights(w.ctx, w.weights[1], an_tiny_classes, 3, 2);
    an_tiny_draw(w.ctx, w.data, 3, 8); /* 12 to validate with */
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

static alexnet_evaluate_options make_options(const world *w)
{
    return (alexnet_evaluate_options){.struct_size = sizeof(alexnet_evaluate_options),
                                      .weights = w->weights,
                                      .weights_count = 1,
                                      .data = w->data,
                                      .batch = 5};
}

static alexnet_evaluate_result evaluate(world *w, const alexnet_evaluate_options *options)
{
    alexnet_evaluate_result result;

    an_assert_ok(w->ctx, alexnet_evaluate(w->ctx, options, &result));
    return result;
}

/* ---- results ---- */

static void the_sums_agree(void **state)
{
    world *w = *state;
    const alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result r = evaluate(w, &options);
    int64_t images = 0, correct = 0;

    assert_int_equal(r.images, 12);
    assert_int_equal(r.skipped, 0);
    assert_int_equal(r.crops, 1);
    assert_int_equal(r.classes, 3);
    for (int c = 0; c < 3; ++c) {
        assert_string_equal(r.per_class[c].label, an_tiny_classes[c]);
        assert_int_equal(r.per_class[c].images, 4);
        images += r.per_class[c].images;
        correct += r.per_class[c].correct;
    }
    assert_int_equal(images, r.images);
    assert_true(r.top1 == (double)correct / (double)images);
    assert_true(r.top5 == 1); /* of three classes */
    assert_true(r.loss > 0 && isfinite(r.loss));
    alexnet_evaluate_result_free(w->ctx, &r);
    assert_null(r.per_class);
}

static void a_data_set_without_parts_is_taken_whole(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);

    options.data = an_test_path(w->folder, "data/train");
    alexnet_evaluate_result r = evaluate(w, &options);
    assert_int_equal(r.images, 24);
    alexnet_evaluate_result_free(w->ctx, &r);
}

/* Images are prepared for the other size; sizes that the weights do not fit are named with the file. */
static void weights_run_at_another_size(void **state)
{
    an_tiny_text log = {""};
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    alexnet_run_size size = {.struct_size = sizeof size, .input_h = 36, .input_w = 36};

    w->ctx->options.log = an_tiny_log;
    w->ctx->options.log_user = &log;
    options.size = &size;
    alexnet_evaluate_result r = evaluate(w, &options);
    assert_int_equal(r.images, 12);
    alexnet_evaluate_result_free(w->ctx, &r);
    assert_non_null(strstr(log.text, "input of 36x36 instead of 32x32; preprocessing: "));
    assert_non_null(strstr(log.text, "resize=exact:36x36"));
    size.input_w = 48;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_SHAPE);
    an_assert_error(w->ctx,
                    "a.safetensors: model cifar-19pct: layer fc10: its weights are for a map");
    size.input_w = -1;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "input size 36x-1");
}

static void threads_and_workers_change_nothing(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result first = evaluate(w, &options);

    for (int n = 1; n <= 3; ++n) {
        alexnet_context *ctx = an_tiny_open(NULL, n);
        alexnet_evaluate_result r;
        options.workers = n;
        an_assert_ok(ctx, alexnet_evaluate(ctx, &options, &r));
        assert_true(r.loss == first.loss);
        assert_true(r.top1 == first.top1);
        alexnet_evaluate_result_free(ctx, &r);
        an_test_close(ctx, NULL);
    }
    alexnet_evaluate_result_free(w->ctx, &first);
}

/* The loss of an ensemble is at most the mean of the losses (Jensen), and of twice the same network
 * the same. */
static void an_ensemble_averages(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    const char *twice[2] = {w->weights[0], w->weights[0]};
    alexnet_evaluate_result a = evaluate(w, &options);

    options.weights = &w->weights[1];
    alexnet_evaluate_result b = evaluate(w, &options);
    options.weights = w->weights;
    options.weights_count = 2;
    alexnet_evaluate_result both = evaluate(w, &options);
    options.weights = twice;
    alexnet_evaluate_result same = evaluate(w, &options);
    assert_true(both.loss < (a.loss + b.loss) / 2);
    assert_true(same.loss == a.loss);
    assert_null(a.each);
    assert_true(both.each[0].loss == a.loss && both.each[0].top1 == a.top1);
    assert_true(both.each[1].loss == b.loss && both.each[1].top5 == b.top5);
    assert_string_equal(both.each[1].weights, w->weights[1]);
    alexnet_evaluate_result_free(w->ctx, &a);
    alexnet_evaluate_result_free(w->ctx, &b);
    alexnet_evaluate_result_free(w->ctx, &both);
    alexnet_evaluate_result_free(w->ctx, &same);
}

static void ten_crops_are_ten_views_of_each_image(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);

    options.crops = 10;
    alexnet_evaluate_result r = evaluate(w, &options);
    assert_int_equal(r.images, 12);
    assert_int_equal(r.crops, 10);
    alexnet_evaluate_result_free(w->ctx, &r);
    options.crops = 4;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_ARG);
}

static alexnet_go note_first(void *user, const alexnet_progress *progress)
{
    int64_t *first = user;

    if (*first == 0) *first = progress->done;
    return ALEXNET_GO_ON;
}

/* Ten tensors for each image, so a tenth of the images at a time; the results do not depend on it. */
static void ten_crops_take_the_memory_of_one(void **state)
{
    static const struct {
        int batch;
        int64_t images;
    } rows[] = {{0, 6}, {20, 2}, {1, 1}, {100, 10}};
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result first = {0};

    options.crops = 10;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        int64_t images = 0;
        options.batch = rows[i].batch;
        options.progress = note_first;
        options.progress_user = &images;
        alexnet_evaluate_result r = evaluate(w, &options);
        assert_int_equal(images, rows[i].images);
        if (i == 0) first = r;
        assert_true(fabs(r.loss - first.loss) <= 1e-5 * first.loss);
        assert_true(r.top1 == first.top1);
        if (i > 0) alexnet_evaluate_result_free(w->ctx, &r);
    }
    alexnet_evaluate_result_free(w->ctx, &first);
}

/* ---- reports ---- */

static alexnet_go never(void *user, const alexnet_progress *progress)
{
    (void)user;
    fail_msg("%lld images were shown in vain", (long long)progress->done);
    return ALEXNET_GO_STOP;
}

static void what_cannot_be_written_shows_before_the_work(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result r;
    const size_t before = an_test_count_entries(w->folder);

    options.progress = never;
    options.predictions = an_test_path(w->folder, "nowhere/p.csv");
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_IO);
    an_assert_error(w->ctx, "nowhere/p.csv");
    options.predictions = an_test_path(w->folder, "p.csv");
    options.confusion = an_test_path(w->folder, "nowhere/c.svg");
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_IO);
    an_assert_error(w->ctx, "nowhere/c.svg");
    assert_int_equal(an_test_count_entries(w->folder), before);
}

static size_t count_lines(world *w, const char *path)
{
    an_bytes bytes;
    size_t lines = 0;

    an_assert_ok(w->ctx, an_file_read(w->ctx, path, 1 << 20, &bytes));
    for (size_t i = 0; i < bytes.size; ++i)
        lines += bytes.data[i] == '\n';
    an_bytes_free(w->ctx, &bytes);
    return lines;
}

static void reports_are_written(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);

    options.predictions = an_test_path(w->folder, "p.csv");
    options.confusion = an_test_path(w->folder, "c.csv");
    alexnet_evaluate_result r = evaluate(w, &options);
    assert_int_equal(count_lines(w, options.predictions), 13);
    assert_int_equal(count_lines(w, options.confusion), 4);
    alexnet_evaluate_result_free(w->ctx, &r);
    options.predictions = an_test_path(w->folder, "p.jsonl");
    r = evaluate(w, &options);
    assert_int_equal(count_lines(w, options.predictions), 12);
    alexnet_evaluate_result_free(w->ctx, &r);
}

static alexnet_go stop(void *user, const alexnet_progress *progress)
{
    (void)user;
    return progress->done > 6 ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static void a_stopped_evaluation_writes_nothing(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result r;
    const size_t before = an_test_count_entries(w->folder);

    options.predictions = an_test_path(w->folder, "p.csv");
    options.confusion = an_test_path(w->folder, "c.csv");
    options.progress = stop;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_STOPPED);
    assert_int_equal(an_test_count_entries(w->folder), before);
}

/* ---- mistakes ---- */

static void mistakes_are_named(void **state)
{
    world *w = *state;
    static const char *const other[] = {"ant", "bee", "cat"};
    alexnet_evaluate_options options = make_options(w);
    alexnet_evaluate_result r;

    options.weights_count = 0;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_ARG);
    options = make_options(w);
    options.data = "nowhere";
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "nowhere");
    options = make_options(w);
    options.predictions = "p.txt";
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_ARG);
    options = make_options(w);
    options.confusion = "c.png";
    options.weights = (const char *const[]){"nowhere.safetensors"}; /* which it does not come to */
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_ARG);

    options = make_options(w);
    options.weights_count = 2;
    an_tiny_weights(w->ctx, w->weights[1], other, 3, 1);
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "class 0 is 'checker'");
    options.weights = &w->weights[1];
    options.weights_count = 1;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "ant, bee, cat");
    an_assert_error(w->ctx, "checker, cross, disc");
}

static void unreadable_images_are_told(void **state)
{
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);
    an_tiny_text told = {""};

    an_tiny_spoil(w->folder, "data/val/disc/0002.jpg");
    options.skipped = an_tiny_skipped;
    options.skipped_user = &told;
    alexnet_evaluate_result r = evaluate(w, &options);
    assert_int_equal(r.images, 11);
    assert_int_equal(r.skipped, 1);
    assert_non_null(strstr(told.text, "disc/0002.jpg: "));
    alexnet_evaluate_result_free(w->ctx, &r);
    options.on_bad_image = ALEXNET_BAD_IMAGE_FAIL;
    an_assert_status(w->ctx, alexnet_evaluate(w->ctx, &options, &r), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "disc/0002.jpg");
}

static void memory_and_files_may_fail(void **state)
{
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    world *w = *state;
    alexnet_evaluate_options options = make_options(w);

    options.predictions = an_test_path(w->folder, "p.csv");
    options.confusion = an_test_path(w->folder, "c.csv");
    for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
        for (long n = 0;; ++n) {
            an_test_fault fault;
            alexnet_evaluate_result r;
            an_test_fault_arm(&fault, w->ctx, kinds[k], n, false, EIO);
            const alexnet_status status = alexnet_evaluate(w->ctx, &options, &r);
            if (status == ALEXNET_OK) alexnet_evaluate_result_free(w->ctx, &r);
            if (!an_test_fault_disarm(&fault)) break;
            if (k == 0) an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
            assert_true(an_test_count_entries(w->folder) <= 5); /* no temporary file */
            remove(options.predictions);
            remove(options.confusion);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_sums_agree),
        TEST(a_data_set_without_parts_is_taken_whole),
        TEST(weights_run_at_another_size),
        TEST(threads_and_workers_change_nothing),
        TEST(an_ensemble_averages),
        TEST(ten_crops_are_ten_views_of_each_image),
        TEST(ten_crops_take_the_memory_of_one),
        TEST(what_cannot_be_written_shows_before_the_work),
        TEST(reports_are_written),
        TEST(a_stopped_evaluation_writes_nothing),
        TEST(mistakes_are_named),
        TEST(unreadable_images_are_told),
        TEST(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
