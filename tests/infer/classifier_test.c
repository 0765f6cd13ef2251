/*
 * classifier_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/file.h"
#include "infer/network.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    const char *weights, *image;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.weights = an_test_path(w.folder, "w.safetensors");
    an_tiny_weights(w.ctx, w.weights, an_tiny_classes, 3, 1);
    an_tiny_draw(w.ctx, an_test_path(w.folder, "data"), 2, 2);
    w.image = an_test_path(w.folder, "data/train/cross/0001.jpg");
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

static void an_image_gets_its_best_classes(void **state)
{
    world *w = *state;
    alexnet_classifier *net;
    alexnet_prediction best[5];
    float sum = 0;
    int count;

    an_assert_ok(w->ctx, alexnet_classifier_open(w->ctx, w->weights, &net));
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 5, best, &count));
    assert_int_equal(count, 3);
    for (int i = 0; i < count; ++i) {
        assert_string_equal(best[i].label, an_tiny_classes[best[i].index]);
        assert_true(i == 0 || best[i].probability <= best[i - 1].probability);
        sum += best[i].probability;
    }
    assert_true(sum > 0.9999F && sum < 1.0001F);

    alexnet_prediction again;
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 1, &again, NULL));
    assert_int_equal(again.index, best[0].index);
    assert_true(again.probability == best[0].probability);
    alexnet_classifier_close(net);
}

static void bytes_in_memory_are_as_good_as_a_file(void **state)
{
    world *w = *state;
    alexnet_classifier *net;
    alexnet_prediction from_file[3], from_memory[3];
    an_bytes bytes;

    an_assert_ok(w->ctx, alexnet_classifier_open(w->ctx, w->weights, &net));
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 3, from_file, NULL));
    an_assert_ok(w->ctx, an_file_read(w->ctx, w->image, 1 << 20, &bytes));
    an_assert_ok(w->ctx,
                 alexnet_classifier_memory(net, bytes.data, bytes.size, 3, from_memory, NULL));
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(from_file[i].index, from_memory[i].index);
        assert_true(from_file[i].probability == from_memory[i].probability);
    }
    an_bytes_free(w->ctx, &bytes);
    alexnet_classifier_close(net);
}

static void unnamed_classes_are_numbered(void **state)
{
    world *w = *state;
    alexnet_classifier *net;
    alexnet_prediction best[3];
    char expected[AN_LABEL_BYTES];

    an_tiny_weights(w->ctx, w->weights, NULL, 3, 1);
    an_assert_ok(w->ctx, alexnet_classifier_open(w->ctx, w->weights, &net));
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 3, best, NULL));
    for (int i = 0; i < 3; ++i) {
        snprintf(expected, sizeof expected, "class %d", best[i].index);
        assert_string_equal(best[i].label, expected);
    }
    alexnet_classifier_close(net);
}

static void mistakes_are_named(void **state)
{
    world *w = *state;
    alexnet_classifier *net;
    alexnet_prediction best[1];

    an_assert_status(w->ctx, alexnet_classifier_open(w->ctx, "nowhere.safetensors", &net),
                     ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "nowhere.safetensors");
    assert_null(net);
    an_assert_status(w->ctx, alexnet_classifier_open(w->ctx, w->image, &net), ALEXNET_BAD_FILE);

    an_assert_ok(w->ctx, alexnet_classifier_open(w->ctx, w->weights, &net));
    an_assert_status(w->ctx, alexnet_classifier_file(net, w->image, 0, best, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_status(w->ctx, alexnet_classifier_file(net, "none.jpg", 1, best, NULL),
                     ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "none.jpg");
    an_assert_status(w->ctx, alexnet_classifier_file(net, w->weights, 1, best, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "w.safetensors: ");
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 1, best, NULL));
    alexnet_classifier_close(net);
    alexnet_classifier_close(NULL);
}

static void memory_may_run_out(void **state)
{
    world *w = *state;

    for (long n = 0;; ++n) {
        an_test_fault fault;
        alexnet_classifier *net;
        alexnet_prediction best[3];
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        alexnet_status status = alexnet_classifier_open(w->ctx, w->weights, &net);
        if (status == ALEXNET_OK) status = alexnet_classifier_file(net, w->image, 3, best, NULL);
        alexnet_classifier_close(net);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
}

/* A model at another size than its file says becomes the classifier's. */
static void a_resized_model_is_taken(void **state)
{
    world *w = *state;
    const alexnet_run_size size = {.struct_size = sizeof size, .input_h = 36, .input_w = 38},
                           never = {.struct_size = sizeof never, .input_h = 48};
    alexnet_model *model;
    alexnet_classifier *net;
    alexnet_prediction best[3];

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_status(w->ctx, alexnet_model_resize(model, &never), ALEXNET_BAD_SHAPE);
    an_assert_ok(w->ctx, alexnet_model_resize(model, &size));
    an_assert_ok(w->ctx, an_model_set_preprocess(model, "resize=short:32"));
    an_assert_ok(w->ctx, alexnet_classifier_take_model(model, 1, &net));
    an_assert_status(w->ctx, alexnet_classifier_file(net, w->image, 3, best, NULL),
                     ALEXNET_BAD_SHAPE); /* 32x32: the record is followed at the new size */
    alexnet_classifier_close(net);

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_ok(w->ctx, alexnet_model_resize(model, &size));
    an_assert_ok(w->ctx, alexnet_classifier_take_model(model, 1, &net));
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 3, best, NULL));
    assert_true(best[0].probability >= best[1].probability);
    alexnet_classifier_close(net);

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_ok(w->ctx, an_model_set_mean_image(model, NULL, NULL));
    an_assert_status(w->ctx, alexnet_classifier_take_model(model, 1, &net), ALEXNET_BAD_ARG);
    assert_null(net);
    alexnet_model_free(model); /* still ours */
    an_assert_ok(w->ctx, alexnet_model_describe(w->ctx, "cifar-19pct", NULL, &model));
    an_assert_status(w->ctx, alexnet_classifier_take_model(model, 1, &net), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "outline");
    alexnet_model_free(model);
}

/* ---- several images ---- */

enum { IMAGES = 11, TOPK = 2 };

/* Files of the data set as bytes, two of them spoilt: the 3rd cut short, the 6th without data. */
typedef struct batch {
    an_bytes files[IMAGES];
    alexnet_image_bytes images[IMAGES];
    alexnet_prediction predictions[IMAGES][TOPK];
    alexnet_image_result results[IMAGES];
} batch;

static void open_batch(const world *w, batch *b)
{
    static const char *const names[] = {"cross/0000", "cross/0001", "checker/0000", "checker/0001"};
    char name[64];

    *b = (batch){0};
    for (int i = 0; i < IMAGES; ++i) {
        snprintf(name, sizeof name, "data/train/%s.jpg", names[i % 4]);
        an_assert_ok(w->ctx,
                     an_file_read(w->ctx, an_test_path(w->folder, name), 1 << 20, &b->files[i]));
        b->images[i] = (alexnet_image_bytes){b->files[i].data, b->files[i].size};
    }
    b->images[2].bytes = 20;
    b->images[5].data = NULL;
}

static void close_batch(const world *w, batch *b)
{
    for (int i = 0; i < IMAGES; ++i)
        an_bytes_free(w->ctx, &b->files[i]);
}

static alexnet_classifier *open_net(world *w, alexnet_context *ctx, int size)
{
    alexnet_model *model;
    alexnet_classifier *net;

    an_assert_ok(ctx, alexnet_model_load(ctx, w->weights, &model));
    an_assert_ok(ctx, alexnet_classifier_take_model(model, size, &net));
    return net;
}

static void assert_same(const batch *b, alexnet_context *ctx, alexnet_classifier *net)
{
    for (int i = 0; i < IMAGES; ++i) {
        alexnet_prediction best[TOPK];
        const alexnet_image_result *result = &b->results[i];
        if (i == 2 || i == 5) {
            assert_int_equal(result->status, i == 2 ? ALEXNET_BAD_FILE : ALEXNET_BAD_ARG);
            assert_non_null(result->error);
            assert_int_equal(result->count, 0);
            continue;
        }
        assert_int_equal(result->status, ALEXNET_OK);
        assert_null(result->error);
        assert_int_equal(result->count, TOPK);
        an_assert_ok(ctx, alexnet_classifier_memory(net, b->images[i].data, b->images[i].bytes,
                                                    TOPK, best, NULL));
        for (int k = 0; k < TOPK; ++k) {
            assert_int_equal(best[k].index, b->predictions[i][k].index);
            assert_string_equal(best[k].label, b->predictions[i][k].label);
            assert_true(best[k].probability - b->predictions[i][k].probability < 1e-5F &&
                        b->predictions[i][k].probability - best[k].probability < 1e-5F);
        }
    }
}

/* Whatever goes through the network at once, and however many threads decode. */
static void each_image_of_a_batch_has_its_own_answer(void **state)
{
    static const int sizes[] = {1, 3, 64}, threads[] = {1, 3};
    world *w = *state;
    batch b;

    open_batch(w, &b);
    for (size_t t = 0; t < AN_COUNT(threads); ++t)
        for (size_t s = 0; s < AN_COUNT(sizes); ++s) {
            alexnet_context *ctx = an_tiny_open(NULL, threads[t]);
            alexnet_classifier *net = open_net(w, ctx, sizes[s]);
            for (int again = 0; again < 2; ++again) {
                memset(b.results, 0x5a, sizeof b.results);
                an_assert_ok(ctx, alexnet_classifier_batch(net, b.images, IMAGES, TOPK,
                                                           b.predictions[0], b.results));
                assert_same(&b, ctx, net);
                assert_non_null(strstr(b.results[5].error, "NULL"));
            }
            an_assert_ok(ctx, alexnet_classifier_batch(net, &b.images[2], 1, TOPK, b.predictions[0],
                                                       b.results));
            assert_int_equal(b.results[0].status, ALEXNET_BAD_FILE); /* and nothing is left */
            alexnet_classifier_close(net);
            an_test_close(ctx, NULL);
        }
    close_batch(w, &b);
}

static void memory_may_run_out_in_a_batch(void **state)
{
    world *w = *state;
    batch b;

    open_batch(w, &b);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        alexnet_classifier *net = open_net(w, w->ctx, 4);
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status =
            alexnet_classifier_batch(net, b.images, IMAGES, TOPK, b.predictions[0], b.results);
        const bool failed = an_test_fault_disarm(&fault);
        alexnet_classifier_close(net);
        if (!failed) break;
        an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
    }
    close_batch(w, &b);
}

/* ---- one model's weights, several threads ---- */

typedef struct worker {
    alexnet_context *ctx;
    alexnet_classifier *net;
    const batch *expected;
    int wrong;
} worker;

static void *classify_again(void *arg)
{
    worker *k = arg;
    batch b = *k->expected;

    for (int again = 0; again < 3; ++again) {
        if (alexnet_classifier_batch(k->net, b.images, IMAGES, TOPK, b.predictions[0], b.results) !=
            ALEXNET_OK)
            ++k->wrong;
        for (int i = 0; i < IMAGES; ++i) {
            const alexnet_prediction *a = b.predictions[i], *e = k->expected->predictions[i];
            k->wrong += b.results[i].status != k->expected->results[i].status;
            if (b.results[i].status != ALEXNET_OK) continue;
            k->wrong += a->index != e->index || a->probability != e->probability ||
                        strcmp(a->label, e->label) != 0;
        }
    }
    return NULL;
}

static void threads_share_the_weights_of_a_classifier(void **state)
{
    world *w = *state;
    worker workers[2] = {{w->ctx, open_net(w, w->ctx, 4), NULL, 0},
                         {an_tiny_open(NULL, 1), NULL, NULL, 0}};
    pthread_t threads[2];
    batch b;

    open_batch(w, &b);
    an_assert_ok(workers[1].ctx,
                 alexnet_classifier_share(workers[0].net, workers[1].ctx, &workers[1].net));
    an_assert_ok(w->ctx, alexnet_classifier_batch(workers[0].net, b.images, IMAGES, TOPK,
                                                  b.predictions[0], b.results));
    for (int i = 0; i < 2; ++i) {
        workers[i].expected = &b;
        assert_int_equal(pthread_create(&threads[i], NULL, classify_again, &workers[i]), 0);
    }
    for (int i = 0; i < 2; ++i) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    alexnet_classifier_close(workers[1].net);
    alexnet_classifier_close(workers[0].net);
    an_test_close(workers[1].ctx, NULL);
    close_batch(w, &b);
}

static void what_cannot_be_shared_is_refused(void **state)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .threads = 1, .cpu = "portable", .dtype = ALEXNET_INT8};
    world *w = *state;
    alexnet_classifier *net = open_net(w, w->ctx, 1), *other;
    alexnet_context *ctx;

    an_assert_ok(NULL, alexnet_open(&options, &ctx));
    an_assert_status(ctx, alexnet_classifier_share(net, ctx, &other), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "another tier or format of numbers");
    assert_null(other);
    alexnet_close(ctx);

    an_test_memory memory = {0};
    ctx = an_tiny_open(&memory, 1);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = alexnet_classifier_share(net, ctx, &other);
        alexnet_classifier_close(other);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_test_close(ctx, &memory);
    alexnet_classifier_close(net);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_image_gets_its_best_classes),
        TEST(bytes_in_memory_are_as_good_as_a_file),
        TEST(unnamed_classes_are_numbered),
        TEST(mistakes_are_named),
        TEST(a_resized_model_is_taken),
        TEST(memory_may_run_out),
        TEST(each_image_of_a_batch_has_its_own_answer),
        TEST(memory_may_run_out_in_a_batch),
        TEST(threads_share_the_weights_of_a_classifier),
        TEST(what_cannot_be_shared_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
