/*
 * chain_run_test.c: every family in plain loops gives what the program gives; so do tensors in the
 * layouts of TF-slim and cuda-convnet, and under the names of others.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "convert/chain_run.h"
#include "convert/verify.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A context with the backend: the program runs networks in it. */
static alexnet_context *open_context(void)
{
    alexnet_context *ctx;

    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    return ctx;
}

static void list_tensors(alexnet_context *ctx, const alexnet_model *model, an_tensor_file *file)
{
    *file = (an_tensor_file){.reader = an_reader_of("", 0)};
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        an_tensor_view view = {.name = param->name,
                               .dtype = AN_F32,
                               .rank = param->rank,
                               .count = param->count,
                               .data = (const uint8_t *)(model->values + param->offset)};
        memcpy(view.shape, param->shape, sizeof param->shape);
        an_assert_ok(ctx, an_tensor_file_add(ctx, "f", file, &view));
    }
}

/* Initial weights are small in some families: larger ones show a difference in every layer. */
static void widen(alexnet_model *model)
{
    static const an_init rule = {AN_INIT_HE, 0};
    unsigned state = 1;

    an_model_init_weights(model, 3, &rule);
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (param->role == AN_PARAM_WEIGHT && param->rank != 1) continue;
        for (int64_t k = 0; k < param->count; ++k) { /* biases and statistics, 0.5 to 1.5 */
            state = state * 1664525 + 1013904223;
            model->values[param->offset + (size_t)k] = 0.5f + (float)(state >> 8) * 0x1p-24f;
        }
    }
    an_model_changed(model);
}

static double difference(alexnet_context *ctx, const alexnet_model *model,
                         const an_tensor_file *raw)
{
    an_plain_map images, plain, program;

    an_assert_ok(ctx, an_verify_images(model, &images));
    an_assert_ok(ctx, an_chain_run(model, "f", raw, &images, &plain));
    an_assert_ok(ctx, an_verify_run(model, &images, &program));
    const double result = an_verify_difference(&program, &plain);
    an_plain_free(ctx, &images);
    an_plain_free(ctx, &plain);
    an_plain_free(ctx, &program);
    return result;
}

static void every_family_gives_the_same(void **state)
{
    alexnet_context *ctx = open_context();

    (void)state;
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;
        an_tensor_file file;
        options.classes = 7;
        an_assert_ok(ctx, alexnet_model_create(ctx, an_family_at(i)->name, &options, 3, &model));
        widen(model);
        list_tensors(ctx, model, &file);
        const double found = difference(ctx, model, &file);
        if (!(found < 1e-5)) fail_msg("%s differs by %g", an_family_at(i)->name, found);
        an_tensor_file_close(ctx, &file);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

/* Writes the weights of convolutions as [kh][kw][in][out] or as a matrix [in*kh*kw][out], those of
   linear layers as [in][out]. `blocks` receives what to free. */
static void lay_out(an_tensor_file *file, bool hwio, float **blocks)
{
    for (size_t i = 0; i < file->count; ++i) {
        an_tensor_view *t = &file->tensors[i];
        const float *from = (const float *)(const void *)t->data;
        if (t->rank < 2) continue;
        const size_t out = (size_t)t->shape[0], in = (size_t)t->shape[1];
        const size_t area = t->rank == 4 ? (size_t)(t->shape[2] * t->shape[3]) : 1;
        float *to = malloc((size_t)t->count * sizeof *to);
        assert_non_null(to);
        for (size_t o = 0; o < out; ++o)
            for (size_t c = 0; c < in; ++c)
                for (size_t a = 0; a < area; ++a) {
                    const size_t line = hwio ? a * in + c : c * area + a;
                    to[line * out + o] = from[(o * in + c) * area + a];
                }
        const int64_t four[] = {t->shape[2], t->shape[3], (int64_t)in, (int64_t)out};
        const int64_t two[] = {(int64_t)(in * area), (int64_t)out};
        assert_true(an_tensor_reshape(t, hwio ? four : two, hwio ? 4 : 2));
        t->data = (const uint8_t *)to;
        blocks[i] = to;
    }
}

static void rename_as_convnet(alexnet_context *ctx, an_tensor_file *file)
{
    for (size_t i = 0; i < file->count; ++i) {
        an_tensor_view *t = &file->tensors[i];
        const char *dot = strchr(t->name, '.');
        t->name = an_store_format(ctx, &file->store, "layers.%.*s.%s", (int)(dot - t->name),
                                  t->name, dot[1] == 'w' ? "weights.0" : "biases");
        assert_non_null(t->name);
    }
}

static void layouts_of_other_sources_give_the_same(void **state)
{
    static const struct {
        const char *family;
        bool hwio;
    } rows[] = {{"slim", true}, {"cifar-19pct", false}};
    alexnet_context *ctx = open_context();

    (void)state;
    for (size_t r = 0; r < AN_COUNT(rows); ++r) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;
        an_tensor_file raw;
        float *blocks[32] = {0};
        options.classes = 7;
        an_assert_ok(ctx, alexnet_model_create(ctx, rows[r].family, &options, 3, &model));
        widen(model);
        list_tensors(ctx, model, &raw);
        lay_out(&raw, rows[r].hwio, blocks);
        if (!rows[r].hwio) rename_as_convnet(ctx, &raw);
        const double found = difference(ctx, model, &raw);
        if (!(found < 1e-5)) fail_msg("%s differs by %g", rows[r].family, found);
        an_tensor_file_close(ctx, &raw);
        for (size_t i = 0; i < AN_COUNT(blocks); ++i)
            free(blocks[i]);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

/* The same tensors under the names that others give to torchvision's layers. */
static void names_of_other_sources_give_the_same(void **state)
{
    static const char *const layers[][8] = {
        {"features.conv1", "features.conv2", "features.conv3", "features.conv4", "features.conv5",
         "classifier.fc6", "classifier.fc7", "classifier.fc8"},
        {"features.0", "features.3", "features.6", "features.8", "features.10", "pre_logits.1",
         "pre_logits.4", "head.fc"},
        {"module.conv1", "module.conv2", "module.conv3", "module.conv4", "module.conv5",
         "module.fc6", "module.fc7", "module.fc8"}};
    alexnet_context *ctx = open_context();
    alexnet_model *model;

    (void)state;
    an_assert_ok(ctx, alexnet_model_create(ctx, "torchvision", NULL, 3, &model));
    widen(model);
    for (size_t r = 0; r < AN_COUNT(layers); ++r) {
        an_tensor_file raw;
        list_tensors(ctx, model, &raw);
        for (size_t i = 0; i < raw.count; ++i)
            raw.tensors[i].name = an_store_format(ctx, &raw.store, "%s.%s", layers[r][i / 2],
                                                  i % 2 == 0 ? "weight" : "bias");
        const double found = difference(ctx, model, &raw);
        if (!(found < 1e-5)) fail_msg("%s differs by %g", layers[r][0], found);
        an_tensor_file_close(ctx, &raw);
    }
    alexnet_model_free(model);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_gives_the_same),
        cmocka_unit_test(names_of_other_sources_give_the_same),
        cmocka_unit_test(layouts_of_other_sources_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
