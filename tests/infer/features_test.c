/*
 * features_test.c: alexnet_features(): from images and tensors, as floats and bytes; errors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "core/session.h"
#include "formats/numpy/npy.h"
#include "formats/safetensors.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIXELS (3 * 32 * 32)

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    const char *weights, *data, *out;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.weights = an_test_path(w.folder, "w.safetensors");
    w.data = an_test_path(w.folder, "data");
    w.out = an_test_path(w.folder, "out.safetensors");
    an_tiny_weights(w.ctx, w.weights, an_tiny_classes, 3, 1);
    an_tiny_draw(w.ctx, w.data, 2, 2); /* 6 images in total */
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

static alexnet_features_options make_options(const world *w, const char *layer)
{
    return (alexnet_features_options){
        .struct_size = sizeof(alexnet_features_options),
        .weights = w->weights,
        .layer = layer,
        .images = &w->data,
        .image_count = 1,
        .out = w->out,
        .batch = 4,
    };
}

/* Reads the one tensor of a safetensors file as floats. Free with free(). */
static float *read_out(world *w, const char *path, const char *name, int rank, const int64_t *shape)
{
    an_tensor_file file;

    an_assert_ok(w->ctx, an_safetensors_open(w->ctx, path, &file));
    assert_int_equal(file.count, 1);
    assert_string_equal(file.tensors[0].name, name);
    assert_int_equal(file.tensors[0].rank, rank);
    for (int i = 0; i < rank; ++i)
        assert_int_equal(file.tensors[0].shape[i], shape[i]);
    float *values = malloc((size_t)file.tensors[0].count * sizeof *values);
    assert_non_null(values);
    an_assert_ok(w->ctx, an_tensor_to_float(w->ctx, path, &file.tensors[0], values));
    an_tensor_file_close(w->ctx, &file);
    return values;
}

/* ---- tests ---- */

static void a_layer_of_every_image_is_written(void **state)
{
    world *w = *state;
    alexnet_features_options options = make_options(w, "pool1");
    int64_t shape[4];
    int rank;

    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, &rank, shape));
    assert_int_equal(rank, 4);
    const int64_t expected[] = {6, 32, 16, 16};
    assert_memory_equal(shape, expected, sizeof expected);
    free(read_out(w, w->out, "pool1", 4, expected));

    options = make_options(w, "prob");
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, &rank, shape));
    assert_int_equal(rank, 2);
    const int64_t expected_prob[] = {6, 3};
    float *probs = read_out(w, w->out, "prob", 2, expected_prob);
    for (int i = 0; i < 6; ++i) {
        const float sum = probs[3 * i] + probs[3 * i + 1] + probs[3 * i + 2];
        assert_true(sum > 0.9999F && sum < 1.0001F);
    }
    free(probs);
}

/* Preprocessed images, used as a tensor, give what the images give. */
static void a_tensor_is_used_as_it_is(void **state)
{
    static const char *const names[] = {"images.safetensors", "images.npy"};
    world *w = *state;
    const int64_t shape[] = {6, 3, 32, 32}, shape_logits[] = {6, 3};
    alexnet_features_options direct = make_options(w, "logits");

    an_assert_ok(w->ctx, alexnet_features(w->ctx, &direct, NULL, NULL));
    float *expected = read_out(w, w->out, "logits", 2, shape_logits);
    for (size_t i = 0; i < AN_COUNT(names); ++i) {
        alexnet_features_options prepare = make_options(w, NULL);
        alexnet_features_options feed = make_options(w, "logits");
        prepare.out = an_test_path(w->folder, names[i]);
        an_assert_ok(w->ctx, alexnet_features(w->ctx, &prepare, NULL, NULL));
        if (i == 0) free(read_out(w, prepare.out, "images", 4, shape));
        feed.images = NULL;
        feed.image_count = 0;
        feed.input = prepare.out;
        an_assert_ok(w->ctx, alexnet_features(w->ctx, &feed, NULL, NULL));
        float *found = read_out(w, w->out, "logits", 2, shape_logits);
        assert_memory_equal(found, expected, 18 * sizeof *found);
        free(found);
    }
    free(expected);
}

/* The record subtracts 128 and divides by 1: the tensor is the bytes minus 128. */
static void pixels_are_written_before_mean_and_scale(void **state)
{
    world *w = *state;
    const int64_t shape[] = {6, 3, 32, 32};
    alexnet_features_options options = make_options(w, NULL);
    an_tensor_file file;
    an_bytes bytes;

    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL));
    float *tensor = read_out(w, w->out, "images", 4, shape);
    options.as_bytes = 1;
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL));
    an_assert_ok(w->ctx, an_file_read(w->ctx, w->out, 1 << 20, &bytes));
    an_assert_ok(w->ctx, an_safetensors_parse(w->ctx, w->out, bytes.data, bytes.size, &file));
    const an_tensor_view *view = &file.tensors[0];
    assert_int_equal(view->dtype, AN_U8);
    assert_int_equal(view->shape[1], 32);
    assert_int_equal(view->shape[3], 3);
    for (int i = 0; i < 6; ++i)
        for (int p = 0; p < 32 * 32; ++p)
            for (int c = 0; c < 3; ++c)
                assert_true(tensor[i * PIXELS + c * 1024 + p] ==
                            (float)view->data[(i * 1024 + p) * 3 + c] - 128);
    an_tensor_file_close(w->ctx, &file);
    an_bytes_free(w->ctx, &bytes);
    free(tensor);
}

static void mistakes_are_named_and_write_nothing(void **state)
{
    world *w = *state;
    alexnet_features_options options = make_options(w, "conv9");

    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_NOT_FOUND);
    an_assert_error(w->ctx, "conv9");
    options = make_options(w, "conv1");
    options.input = w->weights;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_ARG);
    options.image_count = 0;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "expected one tensor");
    options = make_options(w, "conv1");
    options.as_bytes = 1;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_ARG);
    options = make_options(w, "conv1");
    options.out = "x.txt";
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_ARG);
    an_tiny_spoil(w->folder, "data/val/cross/0000.jpg");
    for (int as_bytes = 0; as_bytes < 2; ++as_bytes) {
        options = make_options(w, NULL);
        options.as_bytes = as_bytes;
        an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_FILE);
        an_assert_error(w->ctx, "val/cross/0000.jpg");
    }
    assert_int_equal(an_test_count_entries(w->folder), 2); /* data and weights */
}

static alexnet_go never(void *user, const alexnet_progress *progress)
{
    (void)user;
    fail_msg("%lld images were preprocessed in vain", (long long)progress->done);
    return ALEXNET_GO_STOP;
}

static void an_output_that_cannot_be_written_fails_early(void **state)
{
    world *w = *state;
    alexnet_features_options options = make_options(w, "conv1");

    options.progress = never;
    options.out = an_test_path(w->folder, "nowhere/x.npy");
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_IO);
    an_assert_error(w->ctx, "nowhere/x.npy");
}

/* Initial weights have no mean image yet; a preprocessed tensor does not need one. */
static void without_a_mean_image_only_tensors_are_accepted(void **state)
{
    static const float values[PIXELS];
    const an_tensor_out tensor = {
        .name = "x", .dtype = AN_F32, .rank = 4, .shape = {1, 3, 32, 32}, .data = values};
    world *w = *state;
    const char *path = an_test_path(w->folder, "x.safetensors");
    alexnet_features_options options = make_options(w, "conv1");
    alexnet_model *model = an_tiny_model(w->ctx, NULL, 3, 1);

    an_assert_ok(w->ctx, an_model_set_mean_image(model, NULL, NULL));
    an_assert_ok(w->ctx, alexnet_model_save(model, w->weights));
    alexnet_model_free(model);
    options.progress = never;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "w.safetensors: preprocessing: mean=image");
    an_assert_ok(w->ctx, an_safetensors_write(w->ctx, path, &tensor, 1, NULL, NULL, 0));
    options.progress = NULL;
    options.image_count = 0;
    options.input = path;
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL));
}

/* The same image in both orders gives the same output. */
static void an_input_may_be_in_fortran_order(void **state)
{
    static float values[PIXELS], transposed[PIXELS];
    const an_tensor_out tensor = {
        .name = "x", .dtype = AN_F32, .rank = 4, .shape = {1, 3, 32, 32}, .data = values};
    world *w = *state;
    const char *path = an_test_path(w->folder, "x.npy");
    alexnet_features_options options = make_options(w, "conv1");
    an_bytes file, expected;

    for (int i = 0; i < PIXELS; ++i) {
        values[i] = (float)(i % 257) / 257;
        transposed[i / 1024 + 3 * (i / 32 % 32) + 96 * (i % 32)] = values[i];
    }
    options.image_count = 0;
    options.input = path;
    an_assert_ok(w->ctx, an_npy_write(w->ctx, path, &tensor));
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL));
    an_assert_ok(w->ctx, an_file_read(w->ctx, w->out, 1 << 24, &expected));

    an_assert_ok(w->ctx, an_file_read(w->ctx, path, 1 << 20, &file));
    char *order = strstr((char *)file.data + 10, "False");
    assert_non_null(order);
    memcpy(order, "True ", 5);
    memcpy(file.data + file.size - sizeof transposed, transposed, sizeof transposed);
    an_test_write(path, file.data, file.size);
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL));
    an_test_assert_file(w->out, expected.data, expected.size);
    an_bytes_free(w->ctx, &file);
    an_bytes_free(w->ctx, &expected);
}

/* A ReLU turns NaN into 0, so the output may look valid. */
static void a_tensor_that_is_not_finite_is_refused(void **state)
{
    static const char *const layers[] = {"conv1", "prob", NULL};
    static const char *const names[] = {"x.safetensors", "x.npy"};
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    static float values[2 * PIXELS];
    const an_tensor_out tensor = {
        .name = "x", .dtype = AN_F32, .rank = 4, .shape = {2, 3, 32, 32}, .data = values};
    world *w = *state;

    for (size_t i = 0; i < 12; ++i) {
        const char *path = an_test_path(w->folder, names[i % 2]);
        alexnet_features_options options = make_options(w, layers[i / 2 % 2]);
        const size_t place = PIXELS + i * 7;
        values[place] = odd[i % 3];
        an_assert_ok(w->ctx, i % 2 == 0
                                 ? an_safetensors_write(w->ctx, path, &tensor, 1, NULL, NULL, 0)
                                 : an_npy_write(w->ctx, path, &tensor));
        values[place] = 0;
        options.image_count = 0;
        options.input = path;
        an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_FILE);
        an_assert_error(w->ctx, "number 3");
        an_assert_error(w->ctx, i % 3 == 0 ? " is NaN" : " is infinite");
        assert_int_not_equal(access(w->out, F_OK), 0); /* nothing is written */
    }
}

/* Refused as in classification. */
static void an_output_that_is_not_finite_is_refused(void **state)
{
    static float values[2 * PIXELS];
    const an_tensor_out tensor = {
        .name = "x", .dtype = AN_F32, .rank = 4, .shape = {2, 3, 32, 32}, .data = values};
    world *w = *state;
    const char *path = an_test_path(w->folder, "x.safetensors");
    alexnet_features_options options = make_options(w, "prob");

    for (size_t i = 0; i < PIXELS; ++i)
        values[PIXELS + i] = i % 2 == 0 ? 3e38f : -3e38f;
    an_assert_ok(w->ctx, an_safetensors_write(w->ctx, path, &tensor, 1, NULL, NULL, 0));
    options.image_count = 0;
    options.input = path;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_DIVERGED);
    an_assert_error(w->ctx, "row 1: the output of prob is not a number");
    assert_int_not_equal(access(w->out, F_OK), 0);
}

static void a_tensor_of_another_shape_is_refused(void **state)
{
    static const float values[2 * PIXELS], wide[3 * 70000];
    world *w = *state;
    const an_tensor_out tensors[] = {
        {.name = "x", .dtype = AN_F32, .rank = 4, .shape = {2, 3, 16, 64}, .data = values},
        {.name = "x", .dtype = AN_F32, .rank = 4, .shape = {3, 2, 32, 32}, .data = values},
        {.name = "x", .dtype = AN_F32, .rank = 3, .shape = {6, 32, 32}, .data = values},
        {.name = "x", .dtype = AN_F32, .rank = 4, .shape = {0, 3, 32, 32}, .data = values},
        {.name = "x", .dtype = AN_F32, .rank = 4, .shape = {1, 3, 1, 70000}, .data = wide},
    };
    static const char *const messages[] = {
        "layer fc10: its weights are for a map of 4x4, an input of 16x64 gives 2x8; inputs from "
        "32x32 "
        "to 39x39 fit",
        "expected a tensor [n,3,h,w], found [3,2,32,32]",
        "expected a tensor [n,3,h,w], found [6,32,32]",
        "expected a tensor [n,3,h,w], found [0,3,32,32]",
        "expected a tensor [n,3,h,w], found [1,3,1,70000]",
    };
    const char *path = an_test_path(w->folder, "x.safetensors");

    for (size_t i = 0; i < AN_COUNT(tensors); ++i) {
        alexnet_features_options options = make_options(w, "conv1");
        an_assert_ok(w->ctx, an_safetensors_write(w->ctx, path, &tensors[i], 1, NULL, NULL, 0));
        options.image_count = 0;
        options.input = path;
        an_assert_status(w->ctx, alexnet_features(w->ctx, &options, NULL, NULL), ALEXNET_BAD_SHAPE);
        an_assert_error(w->ctx, "x.safetensors: ");
        an_assert_error(w->ctx, messages[i]);
    }
}

/* A tensor of another size that the network supports runs at that size; images do on request. */
static void another_size_runs(void **state)
{
    world *w = *state;
    const alexnet_run_size size = {.struct_size = sizeof size, .input_h = 33, .input_w = 39};
    const alexnet_run_size lower = {.struct_size = sizeof lower, .input_h = 32, .input_w = 39};
    const alexnet_run_size pooled = {.struct_size = sizeof pooled, .global_pool = 1};
    const int64_t shape[] = {6, 3};
    alexnet_features_options prepare = make_options(w, NULL), feed = make_options(w, "logits");
    alexnet_features_options direct = make_options(w, "logits");
    int64_t prepared[4];

    prepare.size = &size;
    prepare.out = an_test_path(w->folder, "x.npy");
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &prepare, NULL, prepared));
    assert_int_equal(prepared[2], 33);
    assert_int_equal(prepared[3], 39);
    direct.size = &size;
    an_assert_ok(w->ctx, alexnet_features(w->ctx, &direct, NULL, NULL));
    float *expected = read_out(w, w->out, "logits", 2, shape);
    feed.image_count = 0;
    feed.input = prepare.out;
    for (int asked = 0; asked < 2; ++asked) {
        if (asked) feed.size = &size; /* repeats the tensor's size */
        an_assert_ok(w->ctx, alexnet_features(w->ctx, &feed, NULL, NULL));
        float *found = read_out(w, w->out, "logits", 2, shape);
        assert_memory_equal(found, expected, 18 * sizeof *found);
        free(found);
    }
    free(expected);
    feed.size = &lower;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &feed, NULL, NULL), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "x.npy is of 33x39, but an input of 32x39 was requested");
    feed = make_options(w, "logits");
    feed.size = &pooled;
    an_assert_status(w->ctx, alexnet_features(w->ctx, &feed, NULL, NULL), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "no global pool");
}

static void memory_and_files_may_fail(void **state)
{
    const unsigned kinds[] = {AN_FAULT_BIT(AN_FAULT_MEMORY), AN_FAULT_FILES};
    world *w = *state;

    for (int as_bytes = 0; as_bytes < 2; ++as_bytes) {
        for (size_t k = 0; k < AN_COUNT(kinds); ++k) {
            for (long n = 0;; ++n) {
                alexnet_features_options options = make_options(w, as_bytes ? NULL : "prob");
                an_test_fault fault;
                options.as_bytes = as_bytes;
                an_test_fault_arm(&fault, w->ctx, kinds[k], n, false, EIO);
                const alexnet_status status = alexnet_features(w->ctx, &options, NULL, NULL);
                if (!an_test_fault_disarm(&fault)) break;
                if (k == 0) an_assert_status(w->ctx, status, ALEXNET_NO_MEMORY);
                assert_true(an_test_count_entries(w->folder) <= 3); /* no temporary file */
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_layer_of_every_image_is_written),
        TEST(a_tensor_is_used_as_it_is),
        TEST(pixels_are_written_before_mean_and_scale),
        TEST(mistakes_are_named_and_write_nothing),
        TEST(an_output_that_cannot_be_written_fails_early),
        TEST(without_a_mean_image_only_tensors_are_accepted),
        TEST(an_output_that_is_not_finite_is_refused),
        TEST(an_input_may_be_in_fortran_order),
        TEST(a_tensor_that_is_not_finite_is_refused),
        TEST(a_tensor_of_another_shape_is_refused),
        TEST(another_size_runs),
        TEST(memory_and_files_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
