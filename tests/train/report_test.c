/*
 * report_test.c: progress, lines of the log and sentences, from numbers given by the test.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "base/file.h"
#include "train/report.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    an_tiny_text log;
    alexnet_context *ctx;
    char *root;
    an_run_folder folder;
    an_report report;
    alexnet_progress last;
    char message[256];
    int calls;
    alexnet_go answer;
} world;

static alexnet_go note(void *user, const alexnet_progress *progress)
{
    world *w = user;

    w->last = *progress;
    if (progress->message != NULL) snprintf(w->message, sizeof w->message, "%s", progress->message);
    ++w->calls;
    return w->answer;
}

static int set_up(void **state)
{
    static world w;

    w = (world){.root = an_test_folder_open()};
    w.ctx = an_test_open(&w.memory);
    w.ctx->options.log = an_tiny_log;
    w.ctx->options.log_user = &w.log;
    an_assert_ok(w.ctx, an_run_folder_open(w.ctx, an_test_path(w.root, "run"), &w.folder));
    an_assert_ok(w.ctx, an_run_folder_create(w.ctx, &w.folder, false));
    w.report =
        (an_report){.ctx = w.ctx, .folder = &w.folder, .progress = note, .progress_user = &w};
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

/*
 * Two predictions of four classes, one right, the other with rank 1; a step takes 2 seconds, half
 * of them waiting.
 */
static void step(world *w, int64_t number, double loss)
{
    static const float probs[8] = {0.7F, 0.1F, 0.1F, 0.1F, 0.6F, 0.4F, 0, 0};
    static const int32_t labels[2] = {0, 1};
    const an_position at = {.step = number,
                            .epoch_steps = 25,
                            .total_steps = 100,
                            .lr = 0.01,
                            .busy_seconds = 2 * (double)number,
                            .wait_seconds = (double)number,
                            .seconds = 3 * (double)number,
                            .seconds_left = (double)NAN};

    an_report_predictions(&w->report, probs, 4, labels, 2, loss);
    an_assert_ok(w->ctx, an_report_step(&w->report, &at));
}

static size_t count_lines(world *w)
{
    size_t lines = 0;
    an_file_info info;
    an_bytes bytes;

    an_assert_ok(w->ctx, an_file_stat(w->ctx, w->folder.log, &info));
    if (info.kind == AN_FILE_ABSENT) return 0;
    an_assert_ok(w->ctx, an_file_read(w->ctx, w->folder.log, 1 << 20, &bytes));
    for (size_t i = 0; i < bytes.size; ++i)
        lines += bytes.data[i] == '\n';
    an_bytes_free(w->ctx, &bytes);
    return lines;
}

static void progress_follows_every_step_and_the_log_every_tenth(void **state)
{
    world *w = *state;

    for (int64_t i = 1; i <= 25; ++i)
        step(w, i, 1);
    assert_int_equal(w->calls, 25);
    assert_int_equal(count_lines(w), 3); /* steps 10, 20, and the epoch's end */
    assert_true(w->last.images_per_second == 1 && w->last.data_wait == 0.5);
    assert_true(w->last.top1 == 0.5 && w->last.top5 == 1 && w->last.epoch == 1);
}

static void a_line_is_the_mean_since_the_one_before(void **state)
{
    world *w = *state;

    for (int64_t i = 1; i <= 10; ++i)
        step(w, i, 1);
    for (int64_t i = 11; i <= 20; ++i)
        step(w, i, 3);
    assert_true(w->last.loss == 3);
    assert_true(an_metrics_loss(&w->report.epoch) == 2);
    an_test_assert_text_file(
        w->folder.log,
        "{\"step\":10,\"epoch\":0.4,\"lr\":0.01,\"loss\":1,\"top1\":0.5,\"top5\":1,"
        "\"images_per_second\":1,\"data_wait\":0.5,\"seconds\":30,\"split\":\"train\"}\n"
        "{\"step\":20,\"epoch\":0.8,\"lr\":0.01,\"loss\":3,\"top1\":0.5,\"top5\":1,"
        "\"images_per_second\":1,\"data_wait\":0.5,\"seconds\":60,\"split\":\"train\"}\n");
}

static void the_caller_s_request_is_kept(void **state)
{
    world *w = *state;

    w->answer = ALEXNET_GO_CHECKPOINT;
    step(w, 1, 1);
    w->answer = ALEXNET_GO_ON;
    step(w, 2, 1);
    assert_int_equal(w->report.go, ALEXNET_GO_CHECKPOINT);
    assert_int_equal(an_report_watch(&w->report, &w->last), ALEXNET_GO_ON);
    w->answer = ALEXNET_GO_STOP;
    assert_int_equal(an_report_watch(&w->report, &w->last), ALEXNET_GO_STOP);
    w->answer = ALEXNET_GO_CHECKPOINT;
    step(w, 3, 1);
    assert_int_equal(w->report.go, ALEXNET_GO_STOP);
}

static void an_epoch_ends_with_a_sentence(void **state)
{
    world *w = *state;
    const an_position at = {.step = 25, .epoch_steps = 25, .total_steps = 100};
    an_metrics val = {.images = 4, .top1 = 3, .top5 = 4, .loss = 2};

    step(w, 25, 0.5);
    an_report_epoch(&w->report, &at, 6, &val);
    assert_string_equal(w->message, "epoch 1: loss 0.5000, top-1 50.00 %; validation: loss 0.5000, "
                                    "top-1 75.00 %, top-5 100.00 %");
    an_report_epoch(&w->report, &at, 5,
                    &val); /* five predictions of five classes are always right */
    assert_string_equal(w->message, "epoch 1: loss 0.5000, top-1 50.00 %; validation: loss 0.5000, "
                                    "top-1 75.00 %");
    an_report_epoch(&w->report, &at, 6, NULL);
    assert_string_equal(w->message, "epoch 1: loss 0.5000, top-1 50.00 %");
    assert_string_equal(w->log.text, "");
    an_report_epoch(&w->report, &at, 6, &(an_metrics){0}); /* every image was unreadable */
    assert_string_equal(w->message,
                        "epoch 1: loss 0.5000, top-1 50.00 %; validation: loss not a number, "
                        "top-1 not a number, top-5 not a number");
    an_assert_ok(w->ctx, an_report_validation(&w->report, &at, &val));
    assert_int_equal(count_lines(w), 2);
}

/* The warning comes once, and again only after the loss has improved and come back. */
static void a_loss_of_mere_guessing_is_pointed_out(void **state)
{
    static const struct {
        double loss;
        int classes;
        bool warns;
    } rows[] = {
        {1.386, 4, true}, {1.386, 4, false}, {1.3, 4, false},
        {1.38, 4, true},  {9, 4, false},     {0, 1, false},
    };
    world *w = *state;
    const an_position at = {.step = 25, .epoch_steps = 25, .total_steps = 100};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        w->report.epoch = (an_metrics){.images = 1, .loss = rows[i].loss};
        w->log.text[0] = '\0';
        an_report_epoch(&w->report, &at, rows[i].classes, NULL);
        assert_int_equal(w->log.text[0] != '\0', rows[i].warns);
    }
    w->report.epoch = (an_metrics){.images = 1, .loss = 1.386};
    w->log.text[0] = '\0';
    an_report_epoch(&w->report, &(an_position){.step = 2, .epoch_steps = 2, .total_steps = 2}, 4,
                    NULL);
    assert_string_equal(w->log.text, ""); /* two steps are too few for a warning */
}

static void callbacks_are_optional(void **state)
{
    world *w = *state;

    w->report.progress = NULL;
    step(w, 10, 1);
    assert_int_equal(w->calls, 0);
    assert_int_equal(count_lines(w), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(progress_follows_every_step_and_the_log_every_tenth),
        TEST(a_line_is_the_mean_since_the_one_before),
        TEST(the_caller_s_request_is_kept),
        TEST(an_epoch_ends_with_a_sentence),
        TEST(a_loss_of_mere_guessing_is_pointed_out),
        TEST(callbacks_are_optional),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
