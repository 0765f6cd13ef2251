/*
 * refit_test.c: another input size over the same parameters: what is shared, what is refused, and
 * which sizes fit.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/refit.h"
#include "core/session.h"
#include <errno.h>
#include <string.h>

static alexnet_model *create(alexnet_context *ctx, const char *family, int classes, int h, int w)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.classes = classes;
    if (h > 0) options.input_h = h;
    if (w > 0) options.input_w = w;
    an_assert_ok(ctx, alexnet_model_describe(ctx, family, &options, &model));
    return model;
}

/* A small network for any input from a smallest size on: torchvision's layers, narrow. */
static const an_row narrow_rows[] = {
    {"conv1", "conv2d", "filters=4 kernel=5 stride=2"},
    {"relu1", "ACTIVATION", ""},
    {"pool1", "pool", "max POOL"},
    {"average", "adaptive_average", "size=2"},
    {"flatten", "flatten", ""},
    {"drop", "dropout", "p=DROPOUT"},
    {"fc", "linear", "outputs=CLASSES"},
};

static const an_family narrow = {
    .name = "narrow",
    .input = {3, 24, 24},
    .classes = 3,
    .dropout = 0.5,
    .preprocess = "resize=short:SHORT crop=INPUT divide=255",
    .short_side = 28,
    .recipe = "quick",
    .classifier = "flatten",
    .rows = narrow_rows,
    .row_count = AN_COUNT(narrow_rows),
};

static alexnet_model *create_narrow(alexnet_context *ctx, int h, int w)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;

    options.input_h = h;
    options.input_w = w;
    an_assert_ok(ctx, an_model_describe(ctx, &narrow, &options, &model));
    an_assert_ok(ctx, an_model_alloc(model));
    an_model_init_weights(model, 7, NULL);
    return model;
}

static void give_images(float *images, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        images[i] = (float)(i * 2654435761U % 1000) / 1000;
}

/* Predictions of the view are those of a model that was built at its size with the same values. */
static void a_view_computes_with_the_borrowed_values(void **unused)
{
    an_test_memory memory;
    const alexnet_options options = an_test_options(&memory);
    alexnet_context *ctx;
    static float images[3 * 40 * 31], expected[3], found[3];
    alexnet_model *model, *view, *built;
    alexnet_session *session;

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    model = create_narrow(ctx, 24, 24);
    built = create_narrow(ctx, 40, 31);
    an_assert_ok(ctx, an_model_describe_like(model, 40, 31, &view));
    assert_ptr_equal(view->values, model->values);
    assert_ptr_equal(view->params.items, model->params.items);
    assert_string_equal(view->preprocess, built->preprocess);
    assert_int_equal(view->nodes[0].x.h, 40);
    assert_int_equal(model->nodes[0].x.h, 24);

    give_images(images, AN_COUNT(images));
    an_assert_ok(ctx, alexnet_session_open(built, 1, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, expected));
    alexnet_session_close(session);
    an_assert_ok(ctx, alexnet_session_open(view, 1, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, found));
    assert_memory_equal(found, expected, sizeof found);

    /* the view's session sees what is written through the model, and packs again */
    an_model_init_weights(model, 8, NULL);
    an_model_init_weights(built, 8, NULL);
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, found));
    assert_memory_not_equal(found, expected, sizeof found);
    alexnet_session_close(session);
    an_assert_ok(ctx, alexnet_session_open(built, 1, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, expected));
    alexnet_session_close(session);
    assert_memory_equal(found, expected, sizeof found);

    /* and the other way */
    const uint64_t before = an_model_changes(model);
    an_model_changed(view);
    assert_int_equal(an_model_changes(model), before + 1);
    assert_int_equal(an_model_changes(view), before + 1);
    alexnet_model_free(view);
    alexnet_model_free(model);
    alexnet_model_free(built);
    an_test_close(ctx, &memory);
}

/* A training session of the view: gradients are laid out as the model's parameters; frozen ones
   have none. */
static void a_view_trains(void **unused)
{
    alexnet_context *ctx;
    static float images[2 * 3 * 32 * 32];
    const int32_t labels[2] = {0, 2};
    alexnet_model *model, *view, *of_view;
    alexnet_session *session;
    double loss;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    model = create_narrow(ctx, 24, 24);
    an_assert_ok(ctx, an_model_freeze(model, "conv1"));
    an_assert_ok(ctx, an_model_describe_like(model, 32, 32, &view));
    an_assert_ok(ctx,
                 /* borrows from the model as well */
                 an_model_describe_like(view, 48, 48, &of_view));
    assert_ptr_equal(of_view->lender, model);
    give_images(images, AN_COUNT(images));
    an_assert_ok(ctx, an_session_open_training(view, 2, 0, 1, &session));
    an_assert_ok(
        ctx, an_session_train(session, images, &(an_targets){.labels = labels}, 2, 0, &loss, NULL));
    assert_true(loss > 0);
    assert_null(an_session_gradient(session, 0));
    assert_non_null(an_session_gradient(session, 2));
    alexnet_session_close(session);
    alexnet_model_free(of_view);
    alexnet_model_free(view);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Sizes that do not fit a family, and those that do; some fit the family, but not the weights. */
static void refusals_name_the_layer_and_sizes_that_fit(void **unused)
{
    static const struct {
        const char *family;
        int h, w;
        const char *layer, *sizes;
    } rows[] = {
        {"torchvision", 62, 62, "layer features.12: a 3x3 window does not fit on a map of 2x2",
         "; the smallest input that fits is 63x63"},
        {"torchvision", 200, 62, "layer features.12", "the smallest input that fits is 63x63"},
        {"torchvision-2018", 256, 256, "layer flatten: the feature map is 7x7",
         "; inputs from 223x223 to 254x254 fit"},
        {"caffe", 160, 227, "layer flat5: the feature map is 4x6",
         "; the smallest input that fits is 199x199"},
        {"slim", 300, 400, "layer fc8: the predictions are a map of 4x7",
         "; inputs from 195x195 to 226x226 fit"},
        {"cifar-19pct", 48, 48,
         "layer fc10: its weights are for a map of 4x4, an input of 48x48 gives 6x6",
         "; inputs from 32x32 to 39x39 fit"},
        {"cifar-19pct", 16, 64, "layer fc10: its weights are for a map of 4x4", "fit"},
        {"cifar-11pct", 48, 12,
         "layer local3: its weights are for a map of 6x6, an input of 48x12 gives 12x3", "fit"},
    };
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model = create(ctx, rows[i].family, -1, 0, 0), *view = model;
        an_assert_status(ctx, an_model_describe_like(model, rows[i].h, rows[i].w, &view),
                         ALEXNET_BAD_SHAPE);
        assert_null(view);
        an_assert_error(ctx, rows[i].layer);
        an_assert_error(ctx, rows[i].sizes);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

static void every_size_from_63x63_fits_torchvision(void **unused)
{
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    model = create(ctx, "torchvision", 10, 0, 0);
    for (int size = 63; size <= 500; size += 19) {
        alexnet_model *view;
        an_assert_ok(ctx, an_model_describe_like(model, size, 563 - size, &view));
        alexnet_model_free(view);
    }
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Records: that of the family follows the family's rule; another keeps its words. */
static void records_are_scaled(void **unused)
{
    static const struct {
        const char *family, *record; /* NULL: the family's */
        int h, w;
        const char *expected;
    } rows[] = {
        {"torchvision", NULL, 288, 193, "resize=short:329 filter=bilinear crop=288x193 "},
        {"caffe", NULL, 454, 454, "resize=exact:512 filter=bilinear crop=454x454 "},
        {"caffe", NULL, 227, 454, "resize=exact:256x512 filter=bilinear crop=227x454 "},
        {"torchvision", "resize=short:232 crop=224 orientation=exif", 448, 448,
         "resize=short:464 crop=448x448 orientation=exif"},
        {"torchvision", "crop=224  resize=square:224", 112, 224, "crop=112x224 resize=square:224"},
        {"torchvision", "resize=exact:224", 112, 448, "resize=exact:112x448"},
        {"torchvision", "resize=exact:240x250 crop=none", 448, 224,
         "resize=exact:480x250 crop=none"},
        {"torchvision", "resize=none", 448, 224, "resize=none"},
    };
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model = create(ctx, rows[i].family, -1, 0, 0), *view;
        if (rows[i].record != NULL)
            an_assert_ok(ctx, an_model_set_preprocess(model, rows[i].record));
        an_assert_ok(ctx, an_model_describe_like(model, rows[i].h, rows[i].w, &view));
        if (strncmp(view->preprocess, rows[i].expected, strlen(rows[i].expected)) != 0 ||
            (rows[i].record != NULL && strcmp(view->preprocess, rows[i].expected) != 0))
            fail_msg("%zu: %s, expected %s", i, view->preprocess, rows[i].expected);
        alexnet_model_free(view);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

static void mean_images_are_scaled(void **unused)
{
    an_test_memory memory;
    const alexnet_options options = an_test_options(&memory);
    alexnet_context *ctx;
    const float values[3 * 2 * 2] = {0, 4, 8, 12, 1, 1, 1, 1, 2, 2, 2, 2};
    alexnet_model *model, *view;

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    model = create_narrow(ctx, 24, 24);
    an_assert_ok(ctx, an_model_set_mean_image(model, (int[]){3, 2, 2}, values));
    an_assert_ok(ctx, an_model_describe_like(model, 24, 48, &view));
    assert_int_equal(view->mean_shape[0], 3);
    assert_int_equal(view->mean_shape[1], 2);
    assert_int_equal(view->mean_shape[2], 4);
    const float expected[8] = {0, 1, 3, 4, 8, 9, 11, 12};
    assert_memory_equal(view->mean_image, expected, sizeof expected);
    assert_true(view->mean_image[8] == 1 && view->mean_image[23] == 2);
    alexnet_model_free(view);
    alexnet_model_free(model);
    an_test_close(ctx, &memory);
}

/* In place: the values stay; a failure changes nothing. */
static void a_model_is_resized_in_place(void **unused)
{
    an_test_memory memory;
    const alexnet_options options = an_test_options(&memory);
    const alexnet_run_size none = alexnet_run_size_default(),
                           larger = {.struct_size = sizeof larger, .input_h = 40, .input_w = 31};
    const alexnet_run_size small = {.struct_size = sizeof small, .input_h = 7},
                           pool = {.struct_size = sizeof pool, .global_pool = 1};
    const char *names[] = {"a", "b", "c"};
    static float images[3 * 40 * 31], expected[3], found[3];
    alexnet_context *ctx;
    alexnet_model *model, *built;
    alexnet_session *session;
    char hash[2][65];

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    model = create_narrow(ctx, 24, 24);
    built = create_narrow(ctx, 40, 31);
    an_assert_ok(ctx, an_model_set_classes(model, names, 3));
    an_assert_ok(ctx, alexnet_model_hash(model, hash[0]));
    const an_node *nodes = model->nodes;
    const float *values = model->values;
    an_assert_ok(ctx, alexnet_model_resize(model, NULL));
    an_assert_ok(ctx, alexnet_model_resize(model, &none));
    an_assert_status(ctx, alexnet_model_resize(model, &small), ALEXNET_BAD_SHAPE);
    an_assert_error(ctx,
                    "layer pool1: a 3x3 window does not fit on a map of 2x10; the smallest input "
                    "that fits is 9x9");
    an_assert_status(ctx, alexnet_model_resize(model, &pool), ALEXNET_BAD_ARG);
    assert_ptr_equal(model->nodes, nodes);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = alexnet_model_resize(model, &larger);
        const bool failed = an_test_fault_disarm(&fault);
        assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
        assert_ptr_equal(model->nodes, nodes);
    }
    assert_ptr_equal(model->values, values);
    assert_string_equal(model->preprocess, built->preprocess);
    assert_string_equal(alexnet_model_class(model, 2), "c");
    an_assert_ok(ctx, alexnet_model_hash(model, hash[1]));
    assert_string_equal(hash[0], hash[1]);

    give_images(images, AN_COUNT(images));
    an_assert_ok(ctx, alexnet_session_open(built, 1, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, expected));
    alexnet_session_close(session);
    an_assert_ok(ctx, alexnet_session_open(model, 1, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, 1, found));
    alexnet_session_close(session);
    assert_memory_equal(found, expected, sizeof found);
    alexnet_model_free(model);
    alexnet_model_free(built);
    an_test_close(ctx, &memory);
}

/* A size that only the squeeze forbids gives a map; a pool makes one prediction of it. */
static void without_a_squeeze_there_is_a_map(void **unused)
{
    const alexnet_run_size size = {.struct_size = sizeof size, .input_h = 300, .input_w = 400},
                           pool = {.struct_size = sizeof pool, .global_pool = 1};
    const alexnet_run_size small = {.struct_size = sizeof small, .input_h = 100};
    alexnet_context *ctx;
    alexnet_model *model;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    model = create(ctx, "slim", -1, 0, 0);
    an_assert_status(ctx, alexnet_model_resize(model, &small), ALEXNET_BAD_SHAPE);
    an_assert_error(ctx, "layer fc6/BiasAdd");
    an_assert_error(ctx, "; the smallest input that fits is 195x195"); /* the larger ones run */
    assert_int_equal(model->options.squeeze, 1);
    an_assert_ok(ctx, alexnet_model_resize(model, &size));
    an_shape y = model->nodes[an_model_find_layer(model, "logits")].y;
    assert_true(y.c == 1000 && y.h == 4 && y.w == 7);
    an_assert_ok(ctx, alexnet_model_resize(model, &pool));
    y = model->nodes[an_model_find_layer(model, "logits")].y;
    assert_true(y.c == 1000 && y.h == 1 && y.w == 1);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void views_leak_nothing_without_memory(void **unused)
{
    an_test_memory memory;
    const alexnet_options options = an_test_options(&memory);
    alexnet_context *ctx;
    const char *names[] = {"a", "b", "c"};
    alexnet_model *model, *view;

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    model = create_narrow(ctx, 24, 24);
    an_assert_ok(ctx, an_model_set_classes(model, names, 3));
    an_assert_ok(ctx, an_model_set_preprocess(model, "resize=short:28 crop=24 divide=1"));
    an_assert_ok(ctx, an_model_set_mean_image(model, (int[]){3, 1, 1}, (float[]){1, 2, 3}));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status = an_model_describe_like(model, 30, 30, &view);
        const bool failed = an_test_fault_disarm(&fault);
        assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
        assert_null(view);
    }
    assert_string_equal(alexnet_model_class(view, 1), "b");
    alexnet_model_free(view);
    alexnet_model_free(model);
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_computes_with_the_borrowed_values),
        cmocka_unit_test(a_view_trains),
        cmocka_unit_test(refusals_name_the_layer_and_sizes_that_fit),
        cmocka_unit_test(every_size_from_63x63_fits_torchvision),
        cmocka_unit_test(records_are_scaled),
        cmocka_unit_test(mean_images_are_scaled),
        cmocka_unit_test(a_model_is_resized_in_place),
        cmocka_unit_test(without_a_squeeze_there_is_a_map),
        cmocka_unit_test(views_leak_nothing_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
