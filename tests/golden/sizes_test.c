/*
 * sizes_test.c: weights at another input size than that of their network, against PyTorch in
 * float64: sizes.json, made by size_golden.py. Maps of predictions are compared, and with a global
 * pool their means over the places.
 *
 * The bound is that of golden_test.c for logits.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "base/memory.h"
#include "core/refit.h"
#include "core/session.h"
#include "golden/formula.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ERROR_MAX 1e-4
#define SAMPLES   200

static void give_weights(alexnet_model *model)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const float scale =
            param->role == AN_PARAM_BIAS ? 0.05f : (float)sqrt(3 / (double)param->fan_in);
        formula_give(param->name, 0, scale, param->count, model->values + param->offset);
    }
}

static void require_close(const char *what, const float *values, int64_t count,
                          const json_t *summary)
{
    const json_t *samples = json_object_get(summary, "samples");
    const int64_t sample_count = AN_MIN(count, SAMPLES);
    double squares = 0, difference = 0, size = 0;

    assert_int_equal(an_json_get_int(summary, "count", -1), count);
    assert_int_equal(json_array_size(samples), sample_count);
    for (int64_t i = 0; i < count; ++i)
        squares += (double)values[i] * (double)values[i];
    for (int64_t k = 0; k < sample_count; ++k) {
        const double expected = json_number_value(json_array_get(samples, (size_t)k));
        const double error = (double)values[k * count / sample_count] - expected;
        difference += error * error;
        size += expected * expected;
    }
    const double norm = an_json_get_real(summary, "l2", 0);
    const double error = fmax(sqrt(difference / size), fabs(sqrt(squares) - norm) / norm);
    print_message("%s: relative error %.1e\n", what, error);
    assert_true(error <= ERROR_MAX);
}

/* The logits of the row's images. */
static void check_logits(alexnet_model *model, const json_t *row, const char *what,
                         const char *which, const int shape[3])
{
    alexnet_context *ctx = model->ctx;
    const int batch = (int)an_json_get_int(row, "batch", 0);
    const int64_t pixels = batch * an_shape_image(model->nodes[0].x);
    float *images = an_new_array(ctx, (size_t)pixels, sizeof *images);
    alexnet_session *session;
    int found[3];
    char name[64];

    assert_non_null(images);
    snprintf(name, sizeof name, "size %dx%d", model->options.input_h, model->options.input_w);
    formula_give(name, 0, (float)an_json_get_real(row, "pixel_size", 0), pixels, images);
    an_assert_ok(ctx, alexnet_session_open(model, batch, "logits", &session));
    alexnet_session_get_output(session, found);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(found[i], shape[i]);
    const int64_t count = (int64_t)batch * shape[0] * shape[1] * shape[2];
    float *logits = an_new_array(ctx, (size_t)count, sizeof *logits);
    assert_non_null(logits);
    an_assert_ok(ctx, alexnet_session_run(session, images, batch, logits));
    require_close(what, logits, count, json_object_get(row, which));
    alexnet_session_close(session);
    an_free(ctx, logits);
    an_free(ctx, images);
}

static void check_row(alexnet_context *ctx, const json_t *row, int classes)
{
    const char *family = an_json_get_text(row, "family", "");
    const json_t *shape = json_object_get(row, "shape");
    const alexnet_run_size size = {.struct_size = sizeof size,
                                   .input_h = (int)an_json_get_int(row, "height", 0),
                                   .input_w = (int)an_json_get_int(row, "width", 0)};
    const alexnet_run_size pooled = {.struct_size = sizeof pooled, .global_pool = 1};
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;
    int map[3];

    options.classes = classes;
    an_assert_ok(ctx, an_model_create_zero(ctx, family, &options, &model));
    give_weights(model);
    const float *values = model->values;
    an_assert_ok(ctx, alexnet_model_resize(model, &size));
    assert_ptr_equal(model->values, values); /* not copied */
    for (size_t i = 0; i < 3; ++i)
        map[i] = (int)json_integer_value(json_array_get(shape, 1 + i));
    check_logits(model, row, family, "logits", map);
    if (map[1] * map[2] > 1) {
        an_assert_ok(ctx, alexnet_model_resize(model, &pooled));
        check_logits(model, row, "its mean", "means", (const int[]){classes, 1, 1});
    }
    alexnet_model_free(model);
}

static void weights_at_other_sizes_agree_with_pytorch(void **unused)
{
    alexnet_context *ctx;
    json_t *golden;

    (void)unused;
    if (an_test_leaves_out("networks of 60 million weights")) skip();
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, an_json_read(ctx, GOLDEN_FOLDER "/sizes.json", &golden));
    const json_t *rows = json_object_get(golden, "rows");
    assert_true(json_array_size(rows) >= 4);
    for (size_t i = 0; i < json_array_size(rows); ++i)
        check_row(ctx, json_array_get(rows, i), (int)an_json_get_int(golden, "classes", 0));
    json_decref(golden);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_at_other_sizes_agree_with_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
