/*
 * golden_test.c: whole networks against PyTorch in float64: logits, gradients, and three steps of both forms of SGD.
 *
 * The expected numbers are FAMILY.json, made by torch_golden.py, which also states the formula for weights and pictures.
 * Bounds (relative, in norm): 1e-4 forward, 1e-3 gradients and what follows from them.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "base/memory.h"
#include "core/session.h"
#include "golden/formula.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FORWARD_ERROR_MAX  1e-4
#define GRADIENT_ERROR_MAX 1e-3
#define SAMPLES            200
#define STEPS              3
#define MOMENTUM           0.9f
#define DECAY              5e-4

/* ---- the formula: see torch_golden.py ---- */

static float scale_of(const an_param *param)
{
    return param->rank == 1 ? 0.05f : (float)sqrt(3 / (double)(param->count / param->shape[0]));
}

static void give_weights(alexnet_model *model)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        formula_give(param->name, 0, scale_of(param), param->count, model->values + param->offset);
    }
}

/* ---- comparing ---- */

static void require_close(const char *what, const char *measure, double error, double error_max)
{
    if (!(error <= error_max))
        fail_msg("%s: %s: relative error %.2e, at most %.0e", what, measure, error, error_max);
}

/* A tensor against its summary: sum, norm, and the samples. */
static void check(const char *what, const float *values, int64_t count, const json_t *summary,
                  double error_max)
{
    const json_t *samples = json_object_get(summary, "samples");
    const int64_t sample_count = AN_MIN(count, SAMPLES);
    double sum = 0, squares = 0, difference = 0, size = 0;

    assert_int_equal(an_json_get_int(summary, "count", -1), count);
    assert_int_equal(json_array_size(samples), sample_count);
    for (int64_t i = 0; i < count; ++i) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
    }
    for (int64_t k = 0; k < sample_count; ++k) {
        const double expected = json_number_value(json_array_get(samples, (size_t)k));
        const double found = (double)values[k * count / sample_count];
        difference += (found - expected) * (found - expected);
        size += expected * expected;
    }
    const double norm = an_json_get_real(summary, "l2", 0);
    require_close(what, "norm", fabs(sqrt(squares) - norm) / norm, error_max);
    require_close(what, "sum",
                  fabs(sum - an_json_get_real(summary, "sum", 0)) /
                      an_json_get_real(summary, "l1", 0),
                  error_max);
    require_close(what, "samples", sqrt(difference / size), error_max);
}

/* ---- one network ---- */

typedef struct bench {
    alexnet_context *ctx;
    alexnet_model *model;
    json_t *golden;
    int batch;
    float *images;
    int32_t *labels;
    double rate;
} bench;

static void bench_open(bench *b, alexnet_context *ctx, const char *family)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model_info info;
    char path[4096];

    snprintf(path, sizeof path, "%s/%s.json", GOLDEN_FOLDER, family);
    b->ctx = ctx;
    an_assert_ok(ctx, an_json_read(ctx, path, &b->golden));
    b->batch = (int)an_json_get_int(b->golden, "batch", 0);
    b->rate = an_json_get_real(b->golden, "rate", 0);
    options.classes = (int)an_json_get_int(b->golden, "classes", 0);
    options.dropout = strcmp(family, "torchvision") == 0 ? 0 : -1;
    an_assert_ok(ctx, an_model_build(ctx, family, &options, &b->model));
    alexnet_model_get_info(b->model, &info);

    const int64_t pixels = (int64_t)b->batch * info.input[0] * info.input[1] * info.input[2];
    b->images = an_new_array(ctx, (size_t)pixels, sizeof *b->images);
    b->labels = an_new_array(ctx, (size_t)b->batch, sizeof *b->labels);
    assert_non_null(b->images);
    assert_non_null(b->labels);
    formula_give("images", 0, 2, pixels, b->images);
    for (int i = 0; i < b->batch; ++i)
        b->labels[i] = (3 * i + 1) % options.classes;
    give_weights(b->model);
}

static void bench_close(bench *b)
{
    json_decref(b->golden);
    an_free(b->ctx, b->images);
    an_free(b->ctx, b->labels);
    alexnet_model_free(b->model);
}

static void check_logits(const bench *b)
{
    const int64_t count = (int64_t)b->batch * b->model->options.classes;
    float *logits = an_new_array(b->ctx, (size_t)count, sizeof *logits);
    alexnet_session *session;

    assert_non_null(logits);
    an_assert_ok(b->ctx, alexnet_session_open(b->model, b->batch, "logits", &session));
    an_assert_ok(b->ctx, alexnet_session_run(session, b->images, b->batch, logits));
    check("logits", logits, count, json_object_get(b->golden, "logits"), FORWARD_ERROR_MAX);
    alexnet_session_close(session);
    an_free(b->ctx, logits);
}

static void check_gradients(const bench *b, alexnet_session *session)
{
    const json_t *expected = json_object_get(b->golden, "gradients");

    assert_int_equal(json_object_size(expected), b->model->params.count);
    for (int i = 0; i < b->model->params.count; ++i) {
        const an_param *param = &b->model->params.items[i];
        check(param->name, an_session_gradients(session) + param->offset, param->count,
              json_object_get(expected, param->name), GRADIENT_ERROR_MAX);
    }
}

/* How far each parameter has come from where it was given. */
static void check_moves(const bench *b, const json_t *expected)
{
    for (int i = 0; i < b->model->params.count; ++i) {
        const an_param *param = &b->model->params.items[i];
        const float *values = b->model->values + param->offset;
        float *moves = an_new_array(b->ctx, (size_t)param->count, sizeof *moves);
        assert_non_null(moves);
        formula_give(param->name, 0, scale_of(param), param->count, moves);
        for (int64_t j = 0; j < param->count; ++j)
            moves[j] = values[j] - moves[j];
        check(param->name, moves, param->count, json_object_get(expected, param->name),
              GRADIENT_ERROR_MAX);
        an_free(b->ctx, moves);
    }
}

static void update(const bench *b, alexnet_session *session, double rate, bool lr_inside,
                   float *velocity)
{
    for (int i = 0; i < b->model->params.count; ++i) {
        const an_param *param = &b->model->params.items[i];
        const an_sgd rule = {.lr = (float)(rate * param->lr_multiplier),
                             .momentum = MOMENTUM,
                             .weight_decay = (float)(DECAY * param->decay_multiplier),
                             .lr_inside = lr_inside};
        an_assert_ok(b->ctx, b->ctx->backend->sgd(
                                 an_session_run_resources(session), &rule, param->count,
                                 an_session_gradients(session) + param->offset,
                                 velocity + param->offset, b->model->values + param->offset));
    }
}

/* Three steps from the given weights; `factors` are times the network's rate. */
static void check_training(const bench *b, const char *form, bool lr_inside,
                           const double factors[STEPS])
{
    char losses_key[32], moves_key[32];
    float *velocity = an_new_array(b->ctx, b->model->params.values, sizeof *velocity);
    alexnet_session *session;

    snprintf(losses_key, sizeof losses_key, "%s_losses", form);
    snprintf(moves_key, sizeof moves_key, "%s_moves", form);
    assert_non_null(velocity);
    give_weights(b->model);
    an_assert_ok(b->ctx, an_session_open_training(b->model, b->batch, 1, &session));
    for (int step = 0; step < STEPS; ++step) {
        const double expected =
            json_number_value(json_array_get(json_object_get(b->golden, losses_key), (size_t)step));
        double loss;
        an_assert_ok(b->ctx,
                     an_session_train(session, b->images, b->labels, b->batch, step, &loss, NULL));
        require_close(losses_key, "loss", fabs(loss - expected) / expected,
                      step == 0 ? FORWARD_ERROR_MAX : GRADIENT_ERROR_MAX);
        if (step == 0) check_gradients(b, session);
        update(b, session, b->rate * factors[step], lr_inside, velocity);
    }
    check_moves(b, json_object_get(b->golden, moves_key));
    alexnet_session_close(session);
    an_free(b->ctx, velocity);
}

static void check_network(const char *family, const char *tier)
{
    static const double constant[STEPS] = {1, 1, 1};
    static const double falling[STEPS] = {1, 0.1, 0.1};
    const alexnet_options options = {.cpu = tier};
    alexnet_context *ctx;
    bench b;

    const alexnet_status status = alexnet_open(&options, &ctx);
    if (status == ALEXNET_UNSUPPORTED) {
        print_message("skipped: this machine has no %s\n", tier);
        skip();
    }
    an_assert_ok(NULL, status);
    bench_open(&b, ctx, family);
    check_logits(&b);
    check_training(&b, "torch", false, constant);
    check_training(&b, "paper", true, falling);
    bench_close(&b);
    alexnet_close(ctx);
}

static void torchvision_on_the_best_tier(void **state)
{
    (void)state;
    check_network("torchvision", NULL);
}

static void cifar_19pct_on_the_best_tier(void **state)
{
    (void)state;
    check_network("cifar-19pct", NULL);
}

static void cifar_19pct_on_avx2(void **state)
{
    (void)state;
    check_network("cifar-19pct", "avx2");
}

static void cifar_19pct_on_portable(void **state)
{
    (void)state;
    check_network("cifar-19pct", "portable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar_19pct_on_the_best_tier),
        cmocka_unit_test(cifar_19pct_on_avx2),
        cmocka_unit_test(cifar_19pct_on_portable),
        cmocka_unit_test(torchvision_on_the_best_tier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
