/*
 * network_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "infer/network.h"
#include <math.h>
#include <string.h>

#define PIXELS (3 * 32 * 32)

static void fill(float *images, int n)
{
    an_stream stream = an_stream_open(3, AN_PURPOSE_TEST, 0, 0);

    for (int i = 0; i < n * PIXELS; ++i)
        images[i] = 60 * an_random_normal(&stream);
}

static void probabilities_are_those_of_the_session(void **unused)
{
    static float images[3 * PIXELS], expected[3 * 3];
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 3, 1);
    alexnet_session *session;
    an_network network;

    (void)unused;
    fill(images, 3);
    an_assert_ok(ctx, alexnet_session_open(model, 3, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 3, expected));
    an_assert_ok(ctx, an_network_open(model, 3, 1, false, &network));
    an_assert_ok(ctx, an_network_classify(&network, images, 3));
    assert_memory_equal(network.probs, expected, sizeof expected);
    an_network_close(&network);
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_test_close(ctx, &memory);
}

static void views_are_averaged(void **unused)
{
    static float images[2 * AN_VIEWS * PIXELS], each[2 * AN_VIEWS * 3];
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 3, 1);
    alexnet_session *session;
    an_network network;

    (void)unused;
    fill(images, 2 * AN_VIEWS);
    an_assert_ok(ctx, alexnet_session_open(model, 2 * AN_VIEWS, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 2 * AN_VIEWS, each));
    an_assert_ok(ctx, an_network_open(model, 2, AN_VIEWS, false, &network));
    an_assert_ok(ctx, an_network_classify(&network, images, 2));
    for (int i = 0; i < 2; ++i)
        for (int c = 0; c < 3; ++c) {
            double sum = 0;
            for (int v = 0; v < AN_VIEWS; ++v)
                sum += (double)each[(i * AN_VIEWS + v) * 3 + c];
            assert_true(fabs((double)network.probs[i * 3 + c] - sum / AN_VIEWS) < 1e-7);
        }
    an_network_close(&network);
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

static void weights_that_are_not_finite_are_noticed(void **unused)
{
    static float images[PIXELS];
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 3, 1);
    an_network network;

    (void)unused;
    fill(images, 1);
    model->values[model->params.items[model->params.count - 1].offset] = INFINITY;
    model->values[model->params.items[model->params.count - 1].offset + 1] = INFINITY;
    an_assert_ok(ctx, an_network_open(model, 1, 1, false, &network));
    an_assert_status(ctx, an_network_classify(&network, images, 1), ALEXNET_DIVERGED);
    an_network_close(&network);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

static void classes_without_names_are_numbered(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *unnamed = an_tiny_model(ctx, NULL, 3, 1);
    alexnet_model *named = an_tiny_model(ctx, an_tiny_classes, 3, 1);
    char buffer[AN_LABEL_BYTES];

    (void)unused;
    assert_string_equal(an_network_label(unnamed, 2, buffer), "class 2");
    assert_string_equal(an_network_label(named, 2, buffer), "disc");
    alexnet_model_free(unnamed);
    alexnet_model_free(named);
    an_test_close(ctx, NULL);
}

/* What is wrong with a record shows before any image is read, and names the file. */
static void a_record_that_cannot_be_followed_is_the_files_fault(void **unused)
{
    static const struct {
        const char *record;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"resize=exact:32x32 mean=image", ALEXNET_BAD_FILE, "there is no mean image"},
        {"resize=short:36 crop=30", ALEXNET_BAD_SHAPE, "every image 30 x 30"},
        {"resize=exact:32x30", ALEXNET_BAD_SHAPE, "every image 30 x 32"},
        {"resize=short:32", ALEXNET_OK, ""}, /* right for square images */
    };
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    char *folder = an_test_folder_open();
    const char *path = an_test_path(folder, "w.safetensors");
    alexnet_model *model = an_tiny_model(ctx, NULL, 3, 1);
    alexnet_model *back;

    (void)unused;
    an_assert_ok(ctx, an_model_set_mean_image(model, NULL, NULL));
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_ok(ctx, an_model_set_preprocess(model, rows[i].record));
        an_assert_ok(ctx, alexnet_model_save(model, path));
        an_assert_status(ctx, an_network_load(ctx, path, ALEXNET_ORIENTATION_EXIF, NULL, &back),
                         rows[i].status);
        if (back == NULL) {
            an_assert_error(ctx, "w.safetensors: preprocessing");
            an_assert_error(ctx, rows[i].message);
        } else {
            assert_string_equal(back->preprocess, "resize=short:32 orientation=exif");
        }
        alexnet_model_free(back);
    }
    alexnet_model_free(model);
    an_test_folder_close(folder);
    an_test_close(ctx, &memory);
}

/* slim's end, narrow: a window of 2x2 slides over a larger map. */
static alexnet_model *make_sliding(alexnet_context *ctx)
{
    static const an_row rows[] = {
        {"conv1", "conv2d", "filters=5 kernel=3 stride=2"},
        {"relu1", "relu", ""},
        {"flat", "flatten", "window=2"},
        {"fc2", "linear", "outputs=7"},
        {"relu2", "relu", ""},
        {"mean", "adaptive_average", "size=1", "global-pool"},
        {"fc3", "linear", "outputs=CLASSES"},
    };
    static const an_family family = {
        .name = "sliding",
        .input = {3, 5, 5},
        .classes = 4,
        .dropout = -1,
        .preprocess = "resize=exact:INPUT",
        .classifier = "flat",
        .rows = rows,
        .row_count = AN_COUNT(rows),
    };
    alexnet_model *model;

    an_assert_ok(ctx, an_model_describe(ctx, &family, NULL, &model));
    an_assert_ok(ctx, an_model_alloc(model));
    an_model_init_weights(model, 3, &(an_init){AN_INIT_HE, 0});
    return model;
}

/* Answers in a map: softmax of the mean of the logits over all places. */
static void a_map_of_answers_is_averaged(void **unused)
{
    enum { H = 9, W = 13, PLACES = 3 * 5 };
    const alexnet_run_size size = {.struct_size = sizeof size, .input_h = H, .input_w = W};
    an_tiny_text log = {""};
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = make_sliding(ctx);
    alexnet_session *session;
    an_network network;
    float images[3 * H * W], logits[4 * PLACES];
    double expected[4], sum = 0;

    (void)unused;
    ctx->options.log = an_tiny_log;
    ctx->options.log_user = &log;
    for (size_t i = 0; i < AN_COUNT(images); ++i)
        images[i] = (float)(i * 2654435761U % 1000) / 1000;
    an_assert_ok(ctx, an_network_join(model)); /* one place: nothing to do */
    assert_string_equal(log.text, "");
    an_assert_ok(ctx, alexnet_model_resize(model, &size));
    an_assert_ok(ctx, alexnet_session_open(model, 1, "logits", &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, logits));
    alexnet_session_close(session);
    for (int c = 0; c < 4; ++c) {
        expected[c] = 0;
        for (int i = 0; i < PLACES; ++i)
            expected[c] += (double)logits[c * PLACES + i] / PLACES;
        sum += expected[c] = exp(expected[c]);
    }
    an_assert_status(ctx, an_network_open(model, 1, 1, false, &network), ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "map of 3x5");
    an_assert_ok(ctx, an_network_join(model));
    assert_string_equal(log.text,
                        "its answers are a map of 3x5 places: their logits are averaged, as "
                        "by a global pool\n");
    an_assert_ok(ctx, an_network_open(model, 1, 1, false, &network));
    an_assert_ok(ctx, an_network_classify(&network, images, 1));
    for (int c = 0; c < 4; ++c)
        assert_true(fabs((double)network.probs[c] - expected[c] / sum) < 1e-6);
    an_network_close(&network);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

static void memory_may_run_out(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_tiny_open(&memory, 1);
    alexnet_model *model = an_tiny_model(ctx, NULL, 3, 1);

    (void)unused;
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_network network;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status = an_network_open(model, 2, 1, false, &network);
        if (!an_test_fault_disarm(&fault)) {
            an_network_close(&network);
            break;
        }
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    alexnet_model_free(model);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_are_those_of_the_session),
        cmocka_unit_test(views_are_averaged),
        cmocka_unit_test(weights_that_are_not_finite_are_noticed),
        cmocka_unit_test(classes_without_names_are_numbered),
        cmocka_unit_test(a_record_that_cannot_be_followed_is_the_files_fault),
        cmocka_unit_test(a_map_of_answers_is_averaged),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
