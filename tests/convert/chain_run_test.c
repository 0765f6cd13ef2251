/*
 * chain_run_test.c: every family in plain loops gives what the program gives; tensors in the layouts
 * of TF-slim and cuda-convnet give the same.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "convert/chain_run.h"
#include "convert/verify.h"
#include "formats/maps.h"
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
                         const an_tensor_file *raw, const an_tensor_file *file)
{
    an_plain_map images, plain, program;

    an_assert_ok(ctx, an_verify_images(model, &images));
    an_assert_ok(ctx, an_chain_run(model, "f", raw, file, &images, &plain));
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
        const double found = difference(ctx, model, &file, &file);
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

/* The description that translate.h would make: names and shapes of the family over these bytes. */
static void layouts_of_other_sources_give_the_same(void **state)
{
    static const struct {
        const char *family, *source;
        bool hwio;
    } rows[] = {{"slim", "TF-slim", true}, {"cifar-19pct", "cuda-convnet", false}};
    alexnet_context *ctx = open_context();

    (void)state;
    for (size_t r = 0; r < AN_COUNT(rows); ++r) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;
        an_tensor_file raw, file;
        float *blocks[32] = {0};
        options.classes = 7;
        an_assert_ok(ctx, alexnet_model_create(ctx, rows[r].family, &options, 3, &model));
        widen(model);
        list_tensors(ctx, model, &raw);
        list_tensors(ctx, model, &file);
        lay_out(&raw, rows[r].hwio, blocks);
        for (size_t i = 0; i < raw.count; ++i)
            file.tensors[i].data = raw.tensors[i].data;
        for (int m = 0; an_map_at(m) != NULL; ++m)
            if (strcmp(an_map_at(m)->source, rows[r].source) == 0) file.map = an_map_at(m);
        const double found = difference(ctx, model, &raw, &file);
        if (!(found < 1e-5)) fail_msg("%s differs by %g", rows[r].family, found);
        file.map = NULL; /* taken for ours, they give something else */
        const double wrong = difference(ctx, model, &raw, &file);
        if (!(wrong > 1e-2)) fail_msg("%s: a wrong layout differs by %g", rows[r].family, wrong);
        an_tensor_file_close(ctx, &raw);
        an_tensor_file_close(ctx, &file);
        for (size_t i = 0; i < AN_COUNT(blocks); ++i)
            free(blocks[i]);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_gives_the_same),
        cmocka_unit_test(layouts_of_other_sources_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
