/*
 * convert_test.c: formats there and back with equal weights; a wrong map and wrong options leave
 * nothing behind.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "convert/convert.h"
#include "core/model.h"
#include "formats/weights.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Initial weights of a family in a file. */
static void make_file(alexnet_context *ctx, const char *family, const char *path)
{
    alexnet_model *model;

    an_assert_ok(ctx, alexnet_model_create(ctx, family, NULL, 5, &model));
    an_assert_ok(ctx, alexnet_model_save(model, path));
    alexnet_model_free(model);
}

static void assert_equal_weights(alexnet_context *ctx, const char *a, const char *b)
{
    alexnet_model *one, *other;
    char first[65], second[65];

    an_assert_ok(ctx, alexnet_model_load(ctx, a, &one));
    an_assert_ok(ctx, alexnet_model_load(ctx, b, &other));
    an_assert_ok(ctx, alexnet_model_hash(one, first));
    an_assert_ok(ctx, alexnet_model_hash(other, second));
    assert_string_equal(first, second);
    assert_string_equal(one->family->name, other->family->name);
    assert_string_equal(one->preprocess, other->preprocess);
    alexnet_model_free(one);
    alexnet_model_free(other);
}

static alexnet_context *open_context(void)
{
    alexnet_context *ctx;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    return ctx;
}

static void formats_go_there_and_back(void **state)
{
    static const char *const families[] = {"cifar-18pct", "cifar-19pct", "cifar-13pct"};
    const an_test_place *p = *state;
    alexnet_context *ctx = open_context();

    for (size_t f = 0; f < AN_COUNT(families); ++f) {
        const char *start = an_test_path(p->folder, "start.safetensors");
        make_file(ctx, families[f], start);
        for (int i = 0; an_tensor_format_at(i) != NULL; ++i) {
            const an_tensor_format *format = an_tensor_format_at(i);
            alexnet_conversion result;
            char name[64];
            if (format->write == NULL && format->write_network == NULL) continue;
            snprintf(name, sizeof name, "%s.%s", families[f], format->extension);
            const char *there = an_test_path(p->folder, name);
            const char *back = an_test_path(p->folder, "back.safetensors");
            const alexnet_status status = alexnet_convert(ctx, start, there, NULL, &result);
            if (status == ALEXNET_UNSUPPORTED && format->write == NULL) continue;
            an_assert_ok(ctx, status);
            assert_string_equal(result.model, families[f]);
            assert_string_equal(result.to, format->name);
            assert_true(result.difference < 1e-5);
            an_assert_ok(ctx, alexnet_convert(ctx, there, back, NULL, &result));
            assert_string_equal(result.from, format->name);
            assert_equal_weights(ctx, start, back);
        }
    }
    alexnet_close(ctx);
}

static void narrower_numbers_are_rounded(void **state)
{
    static const alexnet_storage storages[] = {ALEXNET_STORAGE_BF16, ALEXNET_STORAGE_FP16};
    const an_test_place *p = *state;
    const char *start = an_test_path(p->folder, "start.safetensors");
    const char *narrow = an_test_path(p->folder, "narrow.safetensors");
    alexnet_context *ctx = open_context();
    alexnet_conversion whole, half;

    make_file(ctx, "cifar-19pct", start);
    an_assert_ok(ctx, alexnet_convert(ctx, start, an_test_path(p->folder, "whole.safetensors"),
                                      NULL, &whole));
    for (size_t i = 0; i < AN_COUNT(storages); ++i) {
        alexnet_convert_options options = alexnet_convert_options_default();
        options.storage = storages[i];
        an_assert_ok(ctx, alexnet_convert(ctx, start, narrow, &options, &half));
        assert_true(half.difference > 0 && half.difference < 1e-2);
        assert_true(half.bytes < whole.bytes * 6 / 10);
    }
    alexnet_close(ctx);
}

/* A map that takes the bias of one layer for that of another fits by shape, and is found out only
   by running both files. */
static void a_wrong_map_is_found_out(void **state)
{
    static const an_map_row wrong_rows[] = {
        {"conv1.bias", "conv2.bias"},     {"conv2.bias", "conv1.bias"},
        {"conv1.weight", "conv1.weight"}, {"conv2.weight", "conv2.weight"},
        {"conv3.*", "conv3.*"},           {"fc10.*", "fc10.*"}};
    static const an_map wrong = {
        .source = "wrong", .family = "cifar-18pct", .rows = wrong_rows, .row_count = 6};
    const an_test_place *p = *state;
    const char *start = an_test_path(p->folder, "start.npz");
    const char *out = an_test_path(p->folder, "out.pth");
    const alexnet_convert_options options = alexnet_convert_options_default();
    alexnet_context *ctx = open_context();
    alexnet_conversion result;
    alexnet_model *model;

    an_assert_ok(ctx, alexnet_model_create(ctx, "cifar-18pct", NULL, 5, &model));
    for (int i = 0; i < model->params.count; ++i)
        for (int64_t k = 0; k < model->params.items[i].count; ++k)
            if (model->params.items[i].role == AN_PARAM_BIAS)
                model->values[model->params.items[i].offset + (size_t)k] = 0.1f * (float)(i + 1);
    an_file_sum sum;
    an_assert_ok(ctx, an_weights_write(model, an_tensor_format_find("npz"), AN_F32, start, &sum));
    alexnet_model_free(model);
    const size_t files = an_test_count_entries(p->folder);
    an_assert_status(ctx, an_convert_by(ctx, start, out, &wrong, &options, &result),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "the logits of the two files differ by");
    assert_int_equal(an_test_count_entries(p->folder), files);
    an_assert_ok(ctx, an_convert_by(ctx, start, out, NULL, &options, &result));
    alexnet_close(ctx);
}

static void options_are_checked(void **state)
{
    static const char *const names[] = {"a", "b"};
    const an_test_place *p = *state;
    const char *start = an_test_path(p->folder, "start.safetensors");
    const char *out = an_test_path(p->folder, "out.npz");
    alexnet_convert_options options = alexnet_convert_options_default();
    alexnet_context *ctx = open_context();

    make_file(ctx, "cifar-19pct", start);
    an_assert_status(ctx, alexnet_convert(ctx, start, an_test_path(p->folder, "x.bin"), NULL, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(ctx, "the extension names no format");
    options.to = "gguf";
    an_assert_status(ctx, alexnet_convert(ctx, start, out, &options, NULL), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "unknown format 'gguf'; these can be written: safetensors");
    options = alexnet_convert_options_default();
    options.from = "pth";
    an_assert_status(ctx, alexnet_convert(ctx, start, out, &options, NULL), ALEXNET_BAD_FILE);
    options = alexnet_convert_options_default();
    options.model = "torchvision";
    an_assert_status(ctx, alexnet_convert(ctx, start, out, &options, NULL), ALEXNET_BAD_FILE);
    options = alexnet_convert_options_default();
    options.classes = names;
    options.class_count = 2;
    an_assert_status(ctx, alexnet_convert(ctx, start, out, &options, NULL), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "2 class names");
    an_assert_status(ctx, alexnet_convert(ctx, an_test_path(p->folder, "none"), out, NULL, NULL),
                     ALEXNET_NOT_FOUND);
    assert_int_equal(an_test_count_entries(p->folder), 1);
    alexnet_close(ctx);
}

/* As wherever weights are taken. */
static void a_run_means_its_best_weights(void **state)
{
    const an_test_place *p = *state;
    const char *best = an_test_path(p->folder, "best.safetensors"),
               *out = an_test_path(p->folder, "out.npz");
    alexnet_convert_options options = alexnet_convert_options_default();
    alexnet_context *ctx = open_context();

    options.no_verify = 1;
    make_file(ctx, "cifar-19pct", best);
    an_assert_ok(ctx, alexnet_convert(ctx, p->folder, out, &options, NULL));
    an_assert_ok(ctx, an_file_remove(ctx, best));
    an_assert_status(ctx, alexnet_convert(ctx, p->folder, out, &options, NULL), ALEXNET_NOT_FOUND);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(formats_go_there_and_back),
        an_test_in_place(narrower_numbers_are_rounded),
        an_test_in_place(a_wrong_map_is_found_out),
        an_test_in_place(options_are_checked),
        an_test_in_place(a_run_means_its_best_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
