/*
 * trainer_test.c: the training loop, through alexnet_train().
 *
 * SPDX-License-Identifier: MIT
 */
#include "runs.h"

#include "base/context.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the same bits ---- */

static void threads_and_workers_change_nothing(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "first");
    const alexnet_train_result first = an_runs_train(r, &options);

    options.force = 1;
    for (int n = 1; n <= 4; ++n) {
        alexnet_context *ctx = an_tiny_open(NULL, n);
        alexnet_train_result result;
        options.workers = n - 1;
        an_assert_ok(ctx, alexnet_train(ctx, &options, &result));
        assert_string_equal(result.last_sha256, first.last_sha256);
        assert_true(result.val_top1 == first.val_top1 && result.train_loss == first.train_loss);
        an_test_close(ctx, NULL);
    }
    options.seed = 2;
    const alexnet_train_result other = an_runs_train(r, &options);
    assert_string_not_equal(other.last_sha256, first.last_sha256);
}

/* Stopped anywhere, resumed, stopped again: the weights and the log's numbers are those of a run
 * without a stop. */
static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    static const struct {
        int64_t step;
        bool val;
    } rows[] = {{1, false}, {2, false}, {3, false}, {3, true}, {5, false}, {9, true}};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "whole");
    const alexnet_train_result whole = an_runs_train(r, &options);

    assert_int_equal(whole.steps, 9);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_runs_wish wish = {.step = rows[i].step, .val = rows[i].val, .go = ALEXNET_GO_STOP};
        alexnet_train_options resumed = alexnet_train_options_default();
        alexnet_train_result result;
        options = an_runs_options(r, "stopped");
        options.force = 1;
        options.progress = an_runs_ask;
        options.progress_user = &wish;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
        an_assert_error(r->ctx, "can be resumed");
        assert_int_equal(result.steps, rows[i].step);
        assert_int_equal(wish.last_step, rows[i].step);

        resumed.resume = options.out;
        resumed.workers = (int)(i % 3);
        result = an_runs_train(r, &resumed);
        assert_int_equal(result.steps, 9);
        assert_string_equal(result.last_sha256, whole.last_sha256);
        assert_true(result.val_top1 == whole.val_top1 && result.best_top1 == whole.best_top1);
    }
}

/* Every update rule with its slots, with and without the average. */
static void every_update_resumes_to_the_same_bits(void **state)
{
    static const struct {
        const char *update;
        double average;
    } rows[] = {{"torch", 0.5}, {"paper", 0}, {"rmsprop", 0}, {"rmsprop", 0.5}, {"adam", 0.5}};
    an_runs *r = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = an_runs_options(r, "whole");
        options.force = 1;
        an_test_set(&options, "lr=0.001");
        an_test_set(&options, "update=%s", rows[i].update);
        an_test_set(&options, "average=%.17g", rows[i].average);
        an_test_set(&options, "smoothing=0.1");
        const alexnet_train_result whole = an_runs_train(r, &options);
        options.out = an_test_path(r->folder, "stopped");
        const alexnet_train_result result = an_runs_interrupt(r, &options, 5, false);
        assert_string_equal(result.last_sha256, whole.last_sha256);
        assert_true(result.val_top1 == whole.val_top1 && result.best_top1 == whole.best_top1);
    }
}

/* last.safetensors holds the average, the checkpoint of the same step the unaveraged weights. */
static void averages_are_what_others_see(void **state)
{
    static const char *const names[] = {"run/last.safetensors",
                                        "run/checkpoints/step-00000009/weights.safetensors"};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    char hash[2][65], plain[65];

    alexnet_train_result result = an_runs_train(r, &options);
    memcpy(plain, result.last_sha256, sizeof plain);
    options.force = 1;
    an_test_set(&options, "average=0.9");
    result = an_runs_train(r, &options);
    for (int i = 0; i < 2; ++i) {
        alexnet_model *model;
        an_assert_ok(r->ctx, alexnet_model_load(r->ctx, an_test_path(r->folder, names[i]), &model));
        an_assert_ok(r->ctx, alexnet_model_hash(model, hash[i]));
        alexnet_model_free(model);
    }
    assert_string_equal(hash[0], result.last_sha256);
    assert_string_equal(hash[1], plain);
    assert_string_not_equal(hash[0], plain);
}

/* At a rate of 0 the weights do not change, and neither does validation. */
static void smoothing_enters_training_alone(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    an_test_set(&options, "lr=0");
    const alexnet_train_result sharp = an_runs_train(r, &options);
    options.force = 1;
    an_test_set(&options, "smoothing=0.5");
    const alexnet_train_result smooth = an_runs_train(r, &options);
    assert_string_equal(smooth.last_sha256, sharp.last_sha256);
    assert_true(smooth.train_loss != sharp.train_loss);
    assert_true(smooth.val_top1 == sharp.val_top1);
}

/* The rates of the last step of each epoch, from log.jsonl. */
static void read_rates(an_runs *r, const char *run, double *rates, int count)
{
    char name[64];
    an_bytes bytes;
    int epochs = 0;

    snprintf(name, sizeof name, "%s/log.jsonl", run);
    an_assert_ok(r->ctx, an_file_read(r->ctx, an_test_path(r->folder, name), 1 << 20, &bytes));
    for (char *line = (char *)bytes.data; *line != '\0'; line = strchr(line, '\n') + 1) {
        long long step;
        double epoch, lr;
        const char *train = strstr(line, "\"train\"");
        if (train == NULL || train > strchr(line, '\n')) continue;
        assert_int_equal(
            sscanf(line, "{\"step\":%lld,\"epoch\":%lf,\"lr\":%lf,", &step, &epoch, &lr), 3);
        if (step % 3 != 0) continue;
        assert_true(epochs < count);
        rates[epochs++] = lr;
    }
    assert_int_equal(epochs, count);
    an_bytes_free(r->ctx, &bytes);
}

/*
 * The rate is so small that no prediction ever changes: the first epoch is the best, and every
 * second epoch after it lowers the rate, at most twice. A run stopped anywhere is resumed to the
 * same rates and bits.
 */
static void a_plateau_lowers_the_rate_and_is_resumed(void **state)
{
    static const double expected[7] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25};
    static const int64_t stops[] = {2, 6, 8, 9, 17};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "whole");
    double rates[7];

    an_test_set(&options, "lr=1e-30");
    options.epochs = 7;
    an_test_set(&options, "schedule=plateau:0.5,2,2");
    const alexnet_train_result whole = an_runs_train(r, &options);
    read_rates(r, "whole", rates, 7);
    for (int i = 0; i < 7; ++i)
        assert_true(fabs(rates[i] / 1e-30 - expected[i]) < 1e-9);
    assert_non_null(strstr(r->log.text, "epoch 3: validation has not improved for 2 epochs"));
    options.force = 1;
    options.out = an_test_path(r->folder, "stopped");
    for (size_t i = 0; i < AN_COUNT(stops); ++i) {
        const alexnet_train_result result = an_runs_interrupt(r, &options, stops[i], i == 1);
        assert_string_equal(result.last_sha256, whole.last_sha256);
        read_rates(r, "stopped", rates, 7);
        for (int j = 0; j < 7; ++j)
            assert_true(fabs(rates[j] / 1e-30 - expected[j]) < 1e-9);
    }
}

static void biases_may_have_a_schedule_of_their_own(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    char hashes[3][65];

    an_test_set(&options, "schedule=constant");
    for (int i = 0; i < 3; ++i) {
        options.force = 1;
        an_test_set(&options, "bias_schedule=%s",
                    (const char *const[]){"", "constant", "dexp:1000,2"}[i]);
        const alexnet_train_result result = an_runs_train(r, &options);
        memcpy(hashes[i], result.last_sha256, sizeof hashes[i]);
    }
    assert_string_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[0], hashes[2]);
}

/*
 * Colour noise ends with epoch 2, and a layer is not trained from then on. The bits differ from
 * those of a run without events, and of one whose events hold from the start; stopped anywhere, it
 * is resumed to the same bits.
 */
static void events_come_and_are_resumed(void **state)
{
    static const char *const events[] = {
        "", "0:noise=off", "0:conv1=0", "2:noise=off;2:conv1=0", "2:noise=off", "2:conv1=0"};
    static const int64_t stops[] = {3, 6, 7};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    char hashes[AN_COUNT(events)][65];

    an_test_set(&options, "augment=crop,flip,pca");
    options.force = 1;
    for (size_t i = 0; i < AN_COUNT(events); ++i) {
        an_test_set(&options, "events=%s", events[i]);
        const alexnet_train_result result = an_runs_train(r, &options);
        memcpy(hashes[i], result.last_sha256, sizeof hashes[i]);
        for (size_t j = 0; j < i; ++j)
            assert_string_not_equal(hashes[i], hashes[j]);
    }
    an_test_set(&options, "events=%s", events[3]);
    for (size_t i = 0; i < AN_COUNT(stops); ++i) {
        const alexnet_train_result result = an_runs_interrupt(r, &options, stops[i], false);
        assert_string_equal(result.last_sha256, hashes[3]);
    }
}

/* Without colour noise from the start, the run equals one without pca in its list. */
static void noise_that_never_begins_is_none(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    an_test_set(&options, "augment=crop,flip");
    const alexnet_train_result plain = an_runs_train(r, &options);
    options.force = 1;
    an_test_set(&options, "augment=crop,flip,pca events=0:noise=off");
    const alexnet_train_result off = an_runs_train(r, &options);
    assert_string_equal(off.last_sha256, plain.last_sha256);
}

/* The log has the rate after events. */
static void the_log_shows_the_rate_of_events(void **state)
{
    static const double expected[3] = {0.01, 0.001, 0.0005};
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    double rates[3];

    an_test_set(&options, "lr=0.01 schedule=constant");
    an_test_set(&options, "events=1:rate=0.1;2:weights=0.05;2:conv1=0.5");
    an_runs_train(r, &options);
    read_rates(r, "run", rates, 3);
    for (int i = 0; i < 3; ++i)
        assert_true(fabs(rates[i] - expected[i]) < 1e-9);
}

/* One step per process. */
static void a_run_may_be_resumed_at_every_step(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "whole");
    const alexnet_train_result whole = an_runs_train(r, &options);
    alexnet_train_result result;

    options = an_runs_options(r, "steps");
    options.progress = an_runs_ask;
    for (int64_t step = 1; step <= 9; ++step) {
        an_runs_wish wish = {.step = step, .go = ALEXNET_GO_STOP};
        options.progress_user = &wish;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
        options.resume = options.out;
    }
    options.progress = NULL;
    result = an_runs_train(r, &options);
    assert_string_equal(result.last_sha256, whole.last_sha256);
}

/* Each process uses another number of threads and workers. */
static void processes_may_have_other_threads_and_workers(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "whole");
    const alexnet_train_result whole = an_runs_train(r, &options);
    alexnet_train_result result;

    options = an_runs_options(r, "processes");
    for (int step = 1; step <= 9; ++step) {
        an_runs_wish wish = {.step = step, .go = ALEXNET_GO_STOP};
        alexnet_context *ctx = an_tiny_open(NULL, 1 + (step + 2) % 4);
        options.workers = (2 * step + 1) % 5;
        options.progress = an_runs_ask;
        options.progress_user = &wish;
        an_assert_status(ctx, alexnet_train(ctx, &options, &result), ALEXNET_STOPPED);
        assert_int_equal(result.steps, step);
        options.resume = options.out;
        an_test_close(ctx, NULL);
    }
    options.progress = NULL;
    result = an_runs_train(r, &options);
    assert_string_equal(result.last_sha256, whole.last_sha256);
    assert_string_equal(result.weights_sha256, whole.weights_sha256);
    assert_true(result.val_top1 == whole.val_top1 && result.best_top1 == whole.best_top1);
}

static void a_log_of_a_resumed_run_reads_like_one_of_a_whole_run(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 5, .go = ALEXNET_GO_STOP};
    alexnet_train_options options = an_runs_options(r, "run"), resumed;
    alexnet_train_result result;
    an_bytes bytes;
    int64_t last = 0;
    int lines = 0;

    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    /* As if it had continued after its checkpoint, and been killed while it wrote. */
    FILE *log = fopen(an_test_path(r->folder, "run/log.jsonl"), "a");
    assert_non_null(log);
    fputs("{\"step\":6,\"epoch\":2}\n{\"step\":9,\"ep", log);
    fclose(log);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    an_runs_train(r, &resumed);
    an_assert_ok(r->ctx,
                 an_file_read(r->ctx, an_test_path(r->folder, "run/log.jsonl"), 1 << 20, &bytes));
    for (char *line = (char *)bytes.data; *line != '\0'; line = strchr(line, '\n') + 1) {
        long long step;
        assert_int_equal(sscanf(line, "{\"step\":%lld,", &step), 1);
        assert_true(step >= last);
        last = step;
        ++lines;
    }
    assert_int_equal(lines,
                     7); /* a train and a val line for each of three epochs, and the last line */
    an_bytes_free(r->ctx, &bytes);
}

static void take_start(void *user, const alexnet_train_start *start)
{
    *(alexnet_train_start *)user = *start;
    assert_string_equal(alexnet_model_class(start->model, 0), "checker");
    assert_string_equal(start->recipe, "quick");
}

static void the_start_is_reported_once(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 5, .go = ALEXNET_GO_STOP};
    alexnet_train_start start = {0};
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    options.start = take_start;
    options.start_user = &start;
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_true(start.images == 12 && start.val_images == 6 && start.batch == 4);
    assert_true(start.steps_per_epoch == 3 && start.step == 0 && start.steps == 9);
    options.resume = options.out;
    options.progress = NULL;
    an_runs_train(r, &options);
    assert_true(start.step == 5 && start.steps == 9);
}

/* ---- how long ---- */

static void the_first_limit_ends_the_run(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    options.force = 1;
    options.epochs = 1.5; /* 4.5 steps: 5 */
    alexnet_train_result result = an_runs_train(r, &options);
    assert_int_equal(result.steps, 5);
    assert_true(fabs(result.epochs - 5.0 / 3) < 1e-12);
    assert_true(isfinite(result.val_top1)); /* validated at the end, even within an epoch */
    options.steps = 2;
    result = an_runs_train(r, &options);
    assert_int_equal(result.steps, 2);
    options.steps = -1;
    options.epochs = 1000;
    options.seconds = 0.05;
    result = an_runs_train(r, &options);
    assert_in_range(result.steps, 1, 2999);
}

static void more_epochs_may_be_requested_later(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;

    options.epochs = 1;
    an_test_set(&options, "schedule=constant"); /* a cosine would be compressed */
    an_runs_train(r, &options);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.epochs = 3;
    const alexnet_train_result two = an_runs_train(r, &resumed);
    options = an_runs_options(r, "whole");
    an_test_set(&options, "schedule=constant");
    const alexnet_train_result one = an_runs_train(r, &options);
    assert_string_equal(one.last_sha256, two.last_sha256);
}

/* A simulated clock: each reading advances it by `tick` seconds. */
typedef struct test_clock {
    double now, tick;
} test_clock;

static double look(void *user)
{
    test_clock *clock = user;

    clock->now += clock->tick;
    return clock->now;
}

/*
 * Checks that the rates of the log's training lines from `first` on never rise; gives their number
 * and the last.
 */
static int falling_rates(an_runs *r, const char *run, double *last, int *paces)
{
    char name[64];
    an_bytes bytes;
    int count = 0;

    snprintf(name, sizeof name, "%s/log.jsonl", run);
    an_assert_ok(r->ctx, an_file_read(r->ctx, an_test_path(r->folder, name), 1 << 20, &bytes));
    *last = 1e9;
    *paces = 0;
    for (char *line = (char *)bytes.data; *line != '\0'; line = strchr(line, '\n') + 1) {
        long long step;
        double epoch, lr;
        const char *end = strchr(line, '\n'), *train = strstr(line, "\"train\"");
        const char *pace = strstr(line, "\"pace\"");
        *paces += pace != NULL && pace < end;
        if (train == NULL || train > end) continue;
        assert_int_equal(
            sscanf(line, "{\"step\":%lld,\"epoch\":%lf,\"lr\":%lf,", &step, &epoch, &lr), 3);
        assert_true(lr <= *last + 1e-12);
        *last = lr;
        ++count;
    }
    an_bytes_free(r->ctx, &bytes);
    return count;
}

/*
 * 1e9 epochs do not fit into 300 seconds at several seconds per step: the cosine still reaches its
 * end, even if the run was stopped before, or the speed changes.
 */
static void a_limit_in_time_shapes_the_schedule(void **state)
{
    static const struct {
        int64_t stop; /* 0: no stop */
        double later; /* tick after the stop */
    } rows[] = {{0, 1}, {2, 1}, {9, 1}, {13, 1}, {9, 2}, {9, 0.5}};
    an_runs *r = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        test_clock clock = {.tick = 1};
        an_runs_wish wish = {.step = rows[i].stop, .go = ALEXNET_GO_STOP};
        alexnet_train_options options = an_runs_options(r, "run");
        alexnet_train_options resumed = alexnet_train_options_default();
        alexnet_train_result result;
        double last;
        int paces;
        an_context_set_clock(r->ctx, look, &clock);
        options.force = 1;
        options.epochs = 1e9;
        an_test_set(&options, "schedule=cosine");
        options.seconds = 300;
        an_test_set(&options, "lr=0.001");
        if (rows[i].stop > 0) {
            options.progress = an_runs_ask;
            options.progress_user = &wish;
            an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
            resumed.resume = options.out;
            clock.tick = rows[i].later;
            options = resumed;
        }
        result = an_runs_train(r, &options);
        assert_true(falling_rates(r, "run", &last, &paces) > 3 && paces > 1);
        if (!(last < 0.1 * 0.001)) fail_msg("row %zu: the last rate is %g", i, last);
        assert_in_range(result.steps, 20, 200);
        an_context_set_clock(r->ctx, NULL, NULL);
    }
}

static alexnet_train_result go_on(an_runs *r, double seconds)
{
    alexnet_train_options resumed = alexnet_train_options_default();

    resumed.resume = an_test_path(r->folder, "run");
    resumed.seconds = seconds;
    r->log.text[0] = '\0';
    return an_runs_train(r, &resumed);
}

/*
 * A run with a cosine that was stopped after its sixth step, on a clock that continues. seconds -1:
 * no limit.
 */
static alexnet_train_result stop_on_the_way(an_runs *r, test_clock *clock, double epochs,
                                            double seconds)
{
    an_runs_wish wish = {.step = 6, .go = ALEXNET_GO_STOP};
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    an_context_set_clock(r->ctx, look, clock);
    options.epochs = epochs;
    an_test_set(&options, "schedule=cosine");
    options.seconds = seconds;
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    assert_string_equal(result.ended, "stopped");
    return result;
}

/* The limit is reduced to nothing, and raised again. */
static void a_limit_in_time_may_be_changed(void **state)
{
    an_runs *r = *state;
    test_clock clock = {.tick = 1};
    alexnet_train_result result = stop_on_the_way(r, &clock, 1e9, 400);
    double last;
    int paces;

    result = go_on(r, 1);
    assert_int_equal(result.steps, 6);
    assert_string_equal(result.ended, "time");
    assert_non_null(strstr(r->log.text, "used up after step 6: raise --time"));
    assert_true(isnan(result.train_loss));

    const alexnet_train_result more = go_on(r, 300);
    assert_true(more.steps > 10);
    assert_string_equal(more.ended, "time");
    assert_true(falling_rates(r, "run", &last, &paces) > 3 && last < 0.1 * 0.003);
    an_context_set_clock(r->ctx, NULL, NULL);
}

static void a_finished_run_says_so(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result = an_runs_train(r, &options);

    assert_string_equal(result.ended, "epochs");
    result = go_on(r, -1);
    assert_int_equal(result.steps, 9);
    assert_non_null(strstr(r->log.text, "finished: step 9 is the last of its epochs"));
}

/* The schedule ended with the time limit: more time changes nothing. */
static void a_run_that_its_time_ended_says_so(void **state)
{
    an_runs *r = *state;
    test_clock clock = {.tick = 1};
    alexnet_train_options options = an_runs_options(r, "run");

    an_context_set_clock(r->ctx, look, &clock);
    options.epochs = 1e9;
    an_test_set(&options, "schedule=cosine");
    options.seconds = 300;
    const alexnet_train_result first = an_runs_train(r, &options);
    assert_string_equal(first.ended, "time");
    char expected[128];
    snprintf(expected, sizeof expected,
             "the run is finished: its time limit ended it after step %lld, with the learning",
             (long long)first.steps);
    assert_null(strstr(r->log.text, "the run is finished"));

    for (int i = 0; i < 2; ++i) { /* repeated */
        const alexnet_train_result again = go_on(r, -1);
        assert_non_null(strstr(r->log.text, expected));
        assert_int_equal(again.steps, first.steps);
        assert_string_equal(again.last_sha256, first.last_sha256);
        assert_string_equal(again.ended, "time");
    }
    double last;
    int paces;
    const alexnet_train_result more = go_on(r, 600); /* at the rate where it ended */
    assert_true(more.steps > first.steps + 3);
    assert_non_null(strstr(r->log.text, "the learning rate continues at"));
    assert_true(falling_rates(r, "run", &last, &paces) > 3);
    an_context_set_clock(r->ctx, NULL, NULL);
}

/*
 * A very short limit, given once by mistake, ended the run and used up its schedule: without it,
 * all epochs are trained.
 */
static void a_limit_in_time_may_be_taken_away(void **state)
{
    an_runs *r = *state;
    test_clock clock = {.tick = 1};
    alexnet_train_result result = stop_on_the_way(r, &clock, 20, -1);
    double last;
    int paces;

    result = go_on(r, result.seconds + 60);
    assert_string_equal(result.ended, "time");
    assert_in_range(result.steps, 7, 59);
    result = go_on(r, -1);
    assert_string_equal(result.ended, "time");
    result = go_on(r, ALEXNET_NO_LIMIT);
    assert_string_equal(result.ended, "epochs");
    assert_int_equal(result.steps, 60);
    assert_true(falling_rates(r, "run", &last, &paces) > 10);
    an_context_set_clock(r->ctx, NULL, NULL);
}

/* Fewer steps, then the old number again, without a step in between: nothing changes. */
static void a_limit_that_no_step_was_taken_under_leaves_no_trace(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 5, .go = ALEXNET_GO_STOP};
    alexnet_train_options options = an_runs_options(r, "whole"), resumed;
    alexnet_train_result result;
    const alexnet_train_result whole = an_runs_train(r, &options);

    options = an_runs_options(r, "run");
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_STOPPED);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    resumed.steps = 1;
    assert_int_equal(an_runs_train(r, &resumed).steps, 5);
    assert_non_null(
        strstr(r->log.text, "is the last of its steps; raise --steps, or --steps none"));
    resumed.steps = ALEXNET_NO_LIMIT;
    assert_string_equal(an_runs_train(r, &resumed).last_sha256, whole.last_sha256);
}

/* A schedule that depends on the end of the run: stopped half-way, or finished. */
static void more_epochs_never_raise_the_rate(void **state)
{
    an_runs *r = *state;

    for (int64_t stop = 0; stop <= 5; stop += 5) {
        an_runs_wish wish = {.step = stop, .go = ALEXNET_GO_STOP};
        alexnet_train_options options = an_runs_options(r, "run"), resumed;
        alexnet_train_result result;
        double last;
        int paces;
        options.force = 1;
        an_test_set(&options, "schedule=cosine lr=0.001");
        options.progress = stop > 0 ? an_runs_ask : NULL;
        options.progress_user = &wish;
        an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result),
                         stop > 0 ? ALEXNET_STOPPED : ALEXNET_OK);
        resumed = alexnet_train_options_default();
        resumed.resume = options.out;
        resumed.epochs = 7;
        r->log.text[0] = '\0';
        result = an_runs_train(r, &resumed);
        assert_int_equal(result.steps, 21);
        assert_int_equal(falling_rates(r, "run", &last, &paces), 7 + 2); /* and steps 10 and 20 */
        assert_true(last > 0 && last < 0.00001);
        assert_non_null(strstr(r->log.text, stop > 0 ? "the learning rate continues at 0.000413"
                                                     : "the learning rate continues at 3.02e-05"));
        assert_non_null(strstr(r->log.text, "is 0 at the new end, after step 21"));
        assert_int_equal(strstr(r->log.text, "start another run from these weights") != NULL,
                         stop == 0);
    }
}

static void what_validation_ended_continues_on_request(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run"), resumed;

    an_test_set(&options, "lr=0");
    options.patience = 1;
    options.stop_at_top1 = 1;
    assert_int_equal(an_runs_train(r, &options).steps, 6);
    resumed = alexnet_train_options_default();
    resumed.resume = options.out;
    assert_int_equal(an_runs_train(r, &resumed).steps, 6);
    assert_non_null(strstr(r->log.text, "raise --patience, or --patience none, to continue"));
    resumed.patience = 0;
    resumed.stop_at_top1 = ALEXNET_NO_LIMIT;
    assert_int_equal(an_runs_train(r, &resumed).steps, 9);
}

/* If all epochs fit, the limit changes no bit. */
static void a_limit_that_is_far_changes_nothing(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    const alexnet_train_result free = an_runs_train(r, &options);

    options.force = 1;
    options.seconds = 1e6;
    const alexnet_train_result limited = an_runs_train(r, &options);
    assert_string_equal(free.last_sha256, limited.last_sha256);
}

static void validation_can_end_it(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");

    an_test_set(&options, "lr=0"); /* nothing ever improves */
    options.epochs = 20;
    options.patience = 2;
    alexnet_train_result result = an_runs_train(r, &options);
    assert_int_equal(result.steps,
                     9); /* best after the first epoch, then two without improvement */
    options = an_runs_options(r, "other");
    options.stop_at_top1 = 0;
    result = an_runs_train(r, &options);
    assert_int_equal(result.steps, 3);
}

/* ---- checkpoints ---- */

static bool has_checkpoint(an_runs *r, const char *name)
{
    an_file_info info;

    an_assert_ok(r->ctx, an_file_stat(r->ctx, an_test_path(r->folder, name), &info));
    return info.kind == AN_FILE_FOLDER;
}

static void checkpoints_by_steps_on_request_and_at_the_end(void **state)
{
    an_runs *r = *state;
    an_runs_wish wish = {.step = 5, .go = ALEXNET_GO_CHECKPOINT};
    alexnet_train_options options = an_runs_options(r, "run");

    options.steps = 8;
    options.checkpoint_steps = 4;
    options.checkpoint_keep = 100;
    options.progress = an_runs_ask;
    options.progress_user = &wish;
    an_runs_train(r, &options);
    assert_true(has_checkpoint(r, "run/checkpoints/step-00000003")); /* an epoch's end */
    assert_true(has_checkpoint(r, "run/checkpoints/step-00000004")); /* by steps */
    assert_true(has_checkpoint(r, "run/checkpoints/step-00000005")); /* requested */
    assert_true(has_checkpoint(r, "run/checkpoints/step-00000006"));
    assert_true(has_checkpoint(r, "run/checkpoints/step-00000008")); /* the end */
    assert_int_equal(an_test_count_entries(an_test_path(r->folder, "run/checkpoints")), 5);
}

/* ---- failures ---- */

static void a_diverging_run_names_a_layer(void **state)
{
    an_runs *r = *state;
    alexnet_train_options options = an_runs_options(r, "run");
    alexnet_train_result result;

    an_test_set(&options, "lr=1e6 schedule=constant");
    options.epochs = 50;
    an_assert_status(r->ctx, alexnet_train(r->ctx, &options, &result), ALEXNET_DIVERGED);
    an_assert_error(r->ctx, "layer ");
    an_assert_error(r->ctx, "step ");
}

static void a_batch_without_a_good_image_is_passed_over(void **state)
{
    an_runs *r = *state;
    an_tiny_text told = {""};
    alexnet_train_options options = an_runs_options(r, "run");

    for (int i = 0; i < 6; ++i) {
        char name[64];
        snprintf(name, sizeof name, "data/train/checker/%04d.jpg", i);
        an_tiny_spoil(r->folder, name);
    }
    options.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    an_test_set(&options, "batch=1");
    options.epochs = 2;
    options.skipped = an_tiny_skipped;
    options.skipped_user = &told;
    const alexnet_train_result result = an_runs_train(r, &options);
    assert_int_equal(result.steps,
                     24); /* the numbering of steps does not depend on unreadable images */
    assert_int_equal(result.skipped, 6);
    assert_non_null(strstr(told.text, "checker/0005.jpg: "));
}

typedef struct counter {
    const an_test_memory *memory;
    long at_start, at_end;
} counter;

static alexnet_go count_blocks(void *user, const alexnet_progress *progress)
{
    counter *c = user;

    if (strcmp(progress->phase, "train") != 0) return ALEXNET_GO_ON;
    if (progress->done == 13) c->at_start = atomic_load(&c->memory->total);
    if (progress->done == 19) c->at_end = atomic_load(&c->memory->total);
    return ALEXNET_GO_ON;
}

/*
 * From step 13 to step 19, with 12 steps per epoch. A line of the log, at every tenth step,
 * allocates a block temporarily.
 */
static void a_step_allocates_nothing(void **state)
{
    an_runs *r = *state;
    counter c = {.memory = &r->memory};
    alexnet_train_options options = an_runs_options(r, "run");

    an_test_set(&options, "batch=1");
    options.epochs = 2;
    an_test_set(&options, "augment=flip"); /* buffers fit the largest image: all are 32x32 */
    options.progress = count_blocks;
    options.progress_user = &c;
    an_runs_train(r, &options);
    assert_true(c.at_start > 0);
    assert_int_equal(c.at_end, c.at_start);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_runs_set_up, an_runs_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_and_workers_change_nothing),
        TEST(a_resumed_run_ends_with_the_same_bits),
        TEST(every_update_resumes_to_the_same_bits),
        TEST(averages_are_what_others_see),
        TEST(smoothing_enters_training_alone),
        TEST(a_plateau_lowers_the_rate_and_is_resumed),
        TEST(biases_may_have_a_schedule_of_their_own),
        TEST(events_come_and_are_resumed),
        TEST(noise_that_never_begins_is_none),
        TEST(the_log_shows_the_rate_of_events),
        TEST(a_run_may_be_resumed_at_every_step),
        TEST(processes_may_have_other_threads_and_workers),
        TEST(a_log_of_a_resumed_run_reads_like_one_of_a_whole_run),
        TEST(the_start_is_reported_once),
        TEST(the_first_limit_ends_the_run),
        TEST(more_epochs_may_be_requested_later),
        TEST(a_limit_in_time_shapes_the_schedule),
        TEST(a_limit_that_is_far_changes_nothing),
        TEST(a_limit_in_time_may_be_changed),
        TEST(a_finished_run_says_so),
        TEST(a_run_that_its_time_ended_says_so),
        TEST(what_validation_ended_continues_on_request),
        TEST(more_epochs_never_raise_the_rate),
        TEST(a_limit_that_no_step_was_taken_under_leaves_no_trace),
        TEST(a_limit_in_time_may_be_taken_away),
        TEST(validation_can_end_it),
        TEST(checkpoints_by_steps_on_request_and_at_the_end),
        TEST(a_diverging_run_names_a_layer),
        TEST(a_batch_without_a_good_image_is_passed_over),
        TEST(a_step_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
