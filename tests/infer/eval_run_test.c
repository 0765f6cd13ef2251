/*
 * eval_run_test.c: results, order and averages of an evaluation; bad images, progress, failures.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "infer/eval_run.h"
#include <math.h>
#include <string.h>

#define COUNT 18 /* images: 3 classes of 6 images */

typedef struct world {
    alexnet_context *ctx;
    char *folder;
    an_source *source;
    alexnet_model *models[2];
    an_network networks[2];
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.ctx = an_tiny_open(NULL, 1), .folder = an_test_folder_open()};
    const char *data = an_test_path(w.folder, "data");
    an_tiny_draw(w.ctx, data, 3, 6);
    an_assert_ok(w.ctx, an_source_open(w.ctx, data, AN_PART_TRAIN, &w.source));
    for (int i = 0; i < 2; ++i) {
        w.models[i] = an_tiny_model(w.ctx, an_tiny_classes, 3, (uint64_t)i + 1);
        an_assert_ok(w.ctx, an_network_open(w.models[i], 4, 1, false, &w.networks[i]));
    }
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;

    for (int i = 0; i < 2; ++i) {
        an_network_close(&w->networks[i]);
        alexnet_model_free(w->models[i]);
    }
    an_source_close(w->source);
    an_test_folder_close(w->folder);
    alexnet_close(w->ctx);
    return 0;
}

static an_eval make_eval(world *w)
{
    return (an_eval){
        .networks = w->networks,
        .network_count = 1,
        .source = w->source,
        .count = COUNT,
        .batch = 4,
        .phase = "eval",
    };
}

/* ---- recorded results ---- */

typedef struct notes {
    int count;
    int64_t indices[COUNT];
    int labels[COUNT];
    float probs[COUNT][3];
    an_metrics metrics;
} notes;

static alexnet_status take_note(void *user, const an_eval_result *result)
{
    notes *n = user;

    n->indices[n->count] = result->index;
    n->labels[n->count] = result->label;
    memcpy(n->probs[n->count], result->probs, sizeof n->probs[0]);
    an_metrics_add(&n->metrics, result->rank, result->loss);
    ++n->count;
    return ALEXNET_OK;
}

static notes evaluate(world *w, an_eval eval)
{
    notes n = {0};
    an_metrics metrics;

    eval.result = take_note;
    eval.result_user = &n;
    an_assert_ok(w->ctx, an_eval_run(w->ctx, &eval, &metrics, NULL));
    assert_int_equal(metrics.images, n.count);
    assert_int_equal(metrics.top1, n.metrics.top1);
    assert_true(metrics.loss == n.metrics.loss);
    return n;
}

static void every_image_is_evaluated_once_in_order(void **state)
{
    world *w = *state;
    const notes n = evaluate(w, make_eval(w));

    assert_int_equal(n.count, COUNT);
    for (int i = 0; i < COUNT; ++i) {
        assert_int_equal(n.indices[i], i);
        assert_int_equal(n.labels[i], an_source_label(w->source, i));
        assert_true(fabsf(n.probs[i][0] + n.probs[i][1] + n.probs[i][2] - 1) < 1e-5F);
    }
}

static void results_do_not_depend_on_workers(void **state)
{
    world *w = *state;
    const notes inline_notes = evaluate(w, make_eval(w));

    for (int workers = 1; workers <= 3; ++workers) {
        an_eval eval = make_eval(w);
        eval.workers = workers;
        const notes n = evaluate(w, eval);
        assert_memory_equal(n.probs, inline_notes.probs, sizeof n.probs);
    }
}

static void indices_and_labels_are_used(void **state)
{
    static const int64_t indices[5] = {3, 4, 9, 16, 17};
    static const int labels[3] = {2, 0, 1};
    world *w = *state;
    an_eval eval = make_eval(w);

    eval.indices = indices;
    eval.count = 5;
    eval.labels = labels;
    const notes n = evaluate(w, eval);
    assert_int_equal(n.count, 5);
    for (int i = 0; i < 5; ++i) {
        assert_int_equal(n.indices[i], indices[i]);
        assert_int_equal(n.labels[i], labels[an_source_label(w->source, indices[i])]);
    }
}

static void networks_are_averaged(void **state)
{
    world *w = *state;
    an_eval eval = make_eval(w);
    const notes first = evaluate(w, eval);

    eval.networks = &w->networks[1];
    const notes second = evaluate(w, eval);
    eval.networks = w->networks;
    eval.network_count = 2;
    const notes both = evaluate(w, eval);
    for (int i = 0; i < COUNT; ++i)
        for (int c = 0; c < 3; ++c) {
            const double mean = ((double)first.probs[i][c] + (double)second.probs[i][c]) / 2;
            assert_true(fabs((double)both.probs[i][c] - mean) < 1e-7);
        }
}

/* ---- bad images, progress ---- */

static void bad_images_follow_the_policy(void **state)
{
    world *w = *state;
    an_eval eval = make_eval(w);
    an_bad_list skipped = {0};
    an_metrics metrics;

    an_tiny_spoil(w->folder, "data/train/cross/0000.jpg");
    an_assert_ok(w->ctx, an_eval_run(w->ctx, &eval, &metrics, &skipped));
    assert_int_equal(metrics.images, COUNT - 1);
    assert_int_equal(skipped.count, 1);
    assert_int_equal(skipped.images[0].index, 6);

    eval.on_bad_image = ALEXNET_BAD_IMAGE_FAIL;
    an_assert_status(w->ctx, an_eval_run(w->ctx, &eval, &metrics, &skipped), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "cross/0000.jpg");

    an_tiny_spoil(w->folder, "data/train/cross/0001.jpg");
    eval.on_bad_image = ALEXNET_BAD_IMAGE_DEFAULT; /* one of 18 */
    an_assert_status(w->ctx, an_eval_run(w->ctx, &eval, &metrics, &skipped), ALEXNET_BAD_FILE);
    eval.on_bad_image = ALEXNET_BAD_IMAGE_SKIP;
    an_assert_ok(w->ctx, an_eval_run(w->ctx, &eval, &metrics, &skipped));
    assert_int_equal(metrics.images, COUNT - 2);
    assert_int_equal(skipped.count, 2);
    an_bad_list_free(w->ctx, &skipped);
}

typedef struct watcher {
    int calls, stop_at;
    int64_t done;
} watcher;

static alexnet_go watch(void *user, const alexnet_progress *progress)
{
    watcher *v = user;

    assert_string_equal(progress->phase, "eval");
    assert_int_equal(progress->total, COUNT);
    assert_true(progress->done > v->done);
    v->done = progress->done;
    return ++v->calls == v->stop_at ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static void progress_is_reported_and_can_stop(void **state)
{
    world *w = *state;
    an_eval eval = make_eval(w);
    watcher all = {0}, some = {.stop_at = 2};
    an_metrics metrics;

    eval.progress = watch;
    eval.progress_user = &all;
    an_assert_ok(w->ctx, an_eval_run(w->ctx, &eval, &metrics, NULL));
    assert_int_equal(all.calls, 5); /* 18 images in batches of 4 */
    assert_int_equal(all.done, COUNT);
    eval.progress_user = &some;
    an_assert_status(w->ctx, an_eval_run(w->ctx, &eval, &metrics, NULL), ALEXNET_STOPPED);
    assert_int_equal(some.calls, 2);
}

static alexnet_status refuse(void *user, const an_eval_result *result)
{
    (void)user;
    return result->index < 5 ? ALEXNET_OK : ALEXNET_IO;
}

static void a_failed_callback_ends_the_run(void **state)
{
    world *w = *state;
    an_eval eval = make_eval(w);
    an_metrics metrics;

    eval.result = refuse;
    an_assert_status(w->ctx, an_eval_run(w->ctx, &eval, &metrics, NULL), ALEXNET_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_image_is_evaluated_once_in_order),
        TEST(results_do_not_depend_on_workers),
        TEST(indices_and_labels_are_used),
        TEST(networks_are_averaged),
        TEST(bad_images_follow_the_policy),
        TEST(progress_is_reported_and_can_stop),
        TEST(a_failed_callback_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
