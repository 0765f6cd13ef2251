/*
 * classifier_test.c: single images, from files and from memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/file.h"
#include "infer/network.h"
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

static void bytes_in_memory_match_a_file(void **state)
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

/* The classifier accepts a model that was resized after loading. */
static void a_resized_model_is_accepted(void **state)
{
    world *w = *state;
    const alexnet_run_size size = {.input_h = 36, .input_w = 38}, never = {.input_h = 48};
    alexnet_model *model;
    alexnet_classifier *net;
    alexnet_prediction best[3];

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_status(w->ctx, alexnet_model_resize(model, &never), ALEXNET_BAD_SHAPE);
    an_assert_ok(w->ctx, alexnet_model_resize(model, &size));
    an_assert_ok(w->ctx, an_model_set_preprocess(model, "resize=short:32"));
    an_assert_ok(w->ctx, alexnet_classifier_take_model(model, &net));
    an_assert_status(w->ctx, alexnet_classifier_file(net, w->image, 3, best, NULL),
                     ALEXNET_BAD_SHAPE); /* 32x32: the record applies at the new size */
    alexnet_classifier_close(net);

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_ok(w->ctx, alexnet_model_resize(model, &size));
    an_assert_ok(w->ctx, alexnet_classifier_take_model(model, &net));
    an_assert_ok(w->ctx, alexnet_classifier_file(net, w->image, 3, best, NULL));
    assert_true(best[0].probability >= best[1].probability);
    alexnet_classifier_close(net);

    an_assert_ok(w->ctx, alexnet_model_load(w->ctx, w->weights, &model));
    an_assert_ok(w->ctx, an_model_set_mean_image(model, NULL, NULL));
    an_assert_status(w->ctx, alexnet_classifier_take_model(model, &net), ALEXNET_BAD_ARG);
    assert_null(net);
    alexnet_model_free(model); /* still owned here */
    an_assert_ok(w->ctx, alexnet_model_describe(w->ctx, "cifar-19pct", NULL, &model));
    an_assert_status(w->ctx, alexnet_classifier_take_model(model, &net), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "only described");
    alexnet_model_free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_image_gets_its_best_classes), TEST(bytes_in_memory_match_a_file),
        TEST(unnamed_classes_are_numbered),   TEST(mistakes_are_named),
        TEST(a_resized_model_is_accepted),    TEST(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
