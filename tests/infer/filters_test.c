/*
 * filters_test.c: the first layer of a weights file, complete or a part, as an image.
 * SPDX-License-Identifier: MIT
 */
#include "tiny.h"

#include "base/file.h"
#include "core/options.h"
#include "figure/filters.h"
#include "formats/metadata.h"
#include "formats/safetensors.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct world {
    an_test_memory memory;
    alexnet_context *ctx;
    char *folder;
    const char *weights, *out;
} world;

static int set_up(void **state)
{
    static world w;

    w = (world){.folder = an_test_folder_open()};
    w.ctx = an_tiny_open(&w.memory, 1);
    w.weights = an_test_path(w.folder, "w.safetensors");
    w.out = an_test_path(w.folder, "out.png");
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

/* ---- files ---- */

/* Writes a file of one tensor, with a record (NULL: none). Returns its values; free() them. */
static float *write_tensor(const world *w, const char *name, const int64_t shape[4],
                           const char *record)
{
    const char *keys[] = {AN_KEY_PREPROCESS}, *values[] = {record};
    const size_t count = (size_t)(shape[0] * shape[1] * shape[2] * shape[3]);
    float *data = malloc(count * sizeof *data);
    an_tensor_out tensor = {.name = name, .dtype = AN_F32, .rank = 4, .data = data};

    assert_non_null(data);
    for (size_t i = 0; i < count; ++i)
        data[i] = (float)((i * 7919 + i / 5) % 2001) / 1000 - 1;
    memcpy(tensor.shape, shape, 4 * sizeof *shape);
    an_assert_ok(
        w->ctx, an_safetensors_write(w->ctx, w->weights, &tensor, 1, keys, values, record != NULL));
    return data;
}

/* Fails unless `out` is the drawing of these filters. */
static void assert_drawn(const world *w, const an_filters *filters)
{
    an_image expected = {0}, found = {0};
    an_bytes bytes;

    an_assert_ok(w->ctx, an_filters_draw(w->ctx, filters, &expected));
    an_assert_ok(w->ctx, an_file_read(w->ctx, w->out, 1 << 24, &bytes));
    an_assert_ok(w->ctx,
                 an_image_decode(w->ctx, bytes.data, bytes.size, AN_ORIENTATION_IGNORE, &found));
    assert_int_equal(found.width, expected.width);
    assert_int_equal(found.height, expected.height);
    assert_memory_equal(found.pixels, expected.pixels,
                        (size_t)found.width * (size_t)found.height * 3);
    an_bytes_free(w->ctx, &bytes);
    an_image_free(w->ctx, &expected);
    an_image_free(w->ctx, &found);
}

/* ---- tests ---- */

#define RGB "resize=short:256 crop=224 channels=rgb divide=255 mean=0,0,0 std=1,1,1"
#define BGR "resize=short:256 crop=224 channels=bgr divide=1 mean=0,0,0 std=1,1,1"

/* The record decides the order of channels; without one, the family's, which is BGR for caffe. */
static void the_first_layer_alone_is_enough(void **state)
{
    static const struct {
        const char *tensor, *layer;
        int64_t shape[4];
        int towers;
        const char *record;
        bool bgr;
    } rows[] = {
        {"features.0.weight", "features.0", {64, 3, 11, 11}, 1, NULL, false},
        {"module.features.0.weight", "features.0", {64, 3, 11, 11}, 1, RGB, false},
        {"features.0.weight", "features.0", {64, 3, 11, 11}, 1, BGR, true},
    };
    world *w = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        for (int common = 0; common < 2; ++common) {
            float *weights = write_tensor(w, rows[i].tensor, rows[i].shape, rows[i].record);
            alexnet_filters_info info;
            an_assert_ok(w->ctx, alexnet_filters(w->ctx, w->weights, w->out,
                                                 (alexnet_filter_scale)common, &info));
            assert_string_equal(info.layer, rows[i].layer);
            assert_int_equal(info.count, rows[i].shape[0]);
            assert_int_equal(info.channels, 3);
            assert_int_equal(info.height, rows[i].shape[2]);
            assert_int_equal(info.width, rows[i].shape[3]);
            assert_int_equal(info.towers, rows[i].towers);
            const an_filters expected = {weights,    info.count,     3,           info.height,
                                         info.width, rows[i].towers, rows[i].bgr, common == 1};
            assert_drawn(w, &expected);
            free(weights);
        }
}

/* Each family's first convolution: number of filters, their size, number of towers. */
static void every_family_has_filters(void **state)
{
    static const struct {
        const char *family;
        int count, size, towers;
        bool bgr;
    } rows[] = {
        {"torchvision", 64, 11, 1, false}, {"paper", 96, 11, 2, false},
        {"paper-run", 96, 11, 2, false},   {"caffe", 96, 11, 2, true},
        {"slim", 64, 11, 1, false},        {"bn", 64, 11, 1, false},
        {"cifar-19pct", 32, 5, 1, false},  {"cifar-11pct", 64, 5, 1, false},
    };
    world *w = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model;
        alexnet_filters_info info;
        an_assert_ok(w->ctx, alexnet_model_describe(w->ctx, rows[i].family, NULL, &model));
        const an_param *param = &model->params.items[0];
        char text[AN_OPTIONS_TEXT];
        an_options_print(&model->options, text);
        const char *keys[] = {AN_KEY_SCHEMA, AN_KEY_FAMILY, AN_KEY_OPTIONS};
        const char *values[] = {"1", rows[i].family, text};
        float *weights = malloc((size_t)param->count * sizeof *weights);
        assert_non_null(weights);
        for (int64_t k = 0; k < param->count; ++k)
            weights[k] = (float)(k % 101) / 50 - 1;
        an_tensor_out tensor = {.name = param->name, .dtype = AN_F32, .rank = 4, .data = weights};
        memcpy(tensor.shape, param->shape, sizeof param->shape);
        an_assert_ok(w->ctx, an_safetensors_write(w->ctx, w->weights, &tensor, 1, keys, values, 3));

        an_assert_ok(w->ctx,
                     alexnet_filters(w->ctx, w->weights, w->out, ALEXNET_FILTER_SCALE_OWN, &info));
        assert_int_equal(info.count, rows[i].count);
        assert_int_equal(info.height, rows[i].size);
        assert_int_equal(info.towers, rows[i].towers);
        const an_filters expected = {.weights = weights,
                                     .count = rows[i].count,
                                     .channels = 3,
                                     .height = rows[i].size,
                                     .width = rows[i].size,
                                     .towers = rows[i].towers,
                                     .bgr = rows[i].bgr};
        assert_drawn(w, &expected);
        free(weights);
        alexnet_model_free(model);
    }
}

static void missing_filters_are_named(void **state)
{
    static const int64_t conv2[] = {192, 64, 5, 5}, other[] = {8, 3, 2, 2};
    world *w = *state;

    free(write_tensor(w, "features.3.weight", conv2, NULL));
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, w->out, 0, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "w.safetensors: expected 'features.0.weight' [64,3,11,11], the filters "
                            "of torchvision's first convolution; found features.3.weight");
    free(write_tensor(w, "stem.weight", other, NULL));
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, w->out, 0, NULL),
                     ALEXNET_BAD_FILE);
    an_assert_error(w->ctx, "it has 1 tensor, and none fits any model: stem.weight");
}

static void another_shape_is_named(void **state)
{
    const char *keys[] = {AN_KEY_SCHEMA, AN_KEY_FAMILY, AN_KEY_OPTIONS};
    const char *values[] = {"1", "torchvision", "classes=10 input=224x224"};
    static const float zeros[24];
    const an_tensor_out tensor = {.name = "features.0.weight",
                                  .dtype = AN_F32,
                                  .rank = 4,
                                  .shape = {2, 3, 2, 2},
                                  .data = zeros};
    world *w = *state;

    an_assert_ok(w->ctx, an_safetensors_write(w->ctx, w->weights, &tensor, 1, keys, values, 3));
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, w->out, 0, NULL),
                     ALEXNET_BAD_SHAPE);
    an_assert_error(w->ctx, "features.0.weight: expected [64,3,11,11], found [2,3,2,2]");
}

static void bad_outputs_and_bad_weights_are_refused(void **state)
{
    world *w = *state;
    const char *link = an_test_path(w->folder, "link.png");

    an_tiny_weights(w->ctx, w->weights, an_tiny_classes, 3, 1);
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, w->weights, 0, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "expected a name that ends in .png or .svg");
    assert_int_equal(symlink(w->weights, link), 0);
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, link, 0, NULL), ALEXNET_BAD_ARG);
    an_assert_error(w->ctx, "is an input and cannot be the output");
    an_assert_status(
        w->ctx, alexnet_filters(w->ctx, w->weights, an_test_path(w->folder, "no/a.png"), 0, NULL),
        ALEXNET_IO);

    alexnet_model *model = an_tiny_model(w->ctx, NULL, 3, 1);
    model->values[5] = NAN;
    an_assert_ok(w->ctx, alexnet_model_save(model, w->weights));
    alexnet_model_free(model);
    an_assert_status(w->ctx, alexnet_filters(w->ctx, w->weights, w->out, 0, NULL),
                     ALEXNET_BAD_FILE);
    assert_int_equal(access(w->out, F_OK), -1);
}

static void every_failure_is_clean(void **state)
{
    world *w = *state;

    an_tiny_weights(w->ctx, w->weights, an_tiny_classes, 3, 1);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, w->ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = alexnet_filters(w->ctx, w->weights, w->out, 0, NULL);
        if (!an_test_fault_disarm(&fault)) break;
        /* OK: only the comparison of the two files or the sync of the folder failed */
        assert_true(status == ALEXNET_OK || status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
        remove(w->out);
        assert_int_equal(an_test_count_entries(w->folder), 1); /* the weights */
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_layer_alone_is_enough),
        TEST(every_family_has_filters),
        TEST(missing_filters_are_named),
        TEST(another_shape_is_named),
        TEST(bad_outputs_and_bad_weights_are_refused),
        TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
