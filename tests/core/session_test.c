/* Sessions: outputs, whole-network gradients, the same bits for any number of threads, diagnosis of
 * a bad loss. SPDX-License-Identifier: MIT */
#include "infer/tiny.h"

#include "core/session.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH  5
#define PIXELS (3 * 32 * 32)

static float images[BATCH * PIXELS];
static const int32_t labels[BATCH] = {0, 3, 9, 3, 1};

static void fill_images(void)
{
    an_stream random = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);

    for (size_t i = 0; i < AN_COUNT(images); ++i)
        images[i] = 100 * an_random_normal(&random);
}

static alexnet_context *open_context(const char *tier, int threads)
{
    const alexnet_options options = {.cpu = tier, .threads = threads};
    alexnet_context *ctx;

    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    return ctx;
}

/* The small net with weights large enough that every layer matters (its own conv1 begins at
 * 0.0001). */
static alexnet_model *make_model(alexnet_context *ctx)
{
    const an_init he = {AN_INIT_HE, 0};
    alexnet_model *model;

    an_assert_ok(ctx, an_model_build(ctx, "cifar-19pct", NULL, &model));
    an_model_start(model, 1, &he);
    for (int64_t i = 0; i < model->params.items[0].count; ++i)
        model->values[model->params.items[0].offset + (size_t)i] *=
            0.01f; /* images have deviation 100 */
    return model;
}

static void outputs_by_name(void **unused)
{
    alexnet_context *ctx = open_context(NULL, 2);
    alexnet_model *model = make_model(ctx);
    alexnet_session *session;
    float prob[BATCH * 10], logits[BATCH * 10];
    int shape[3];

    (void)unused;
    fill_images();
    an_assert_ok(ctx, alexnet_session_open(model, BATCH, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, prob));
    alexnet_session_close(session);
    an_assert_ok(ctx, alexnet_session_open(model, BATCH, "logits", &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, logits));
    alexnet_session_close(session);
    for (int i = 0; i < BATCH; ++i) {
        double sum = 0, total = 0;

        for (int j = 0; j < 10; ++j) {
            sum += exp((double)logits[10 * i + j]);
            total += (double)prob[10 * i + j];
        }
        assert_true(fabs(total - 1) < 1e-5);
        for (int j = 0; j < 10; ++j)
            assert_true(fabs((double)prob[10 * i + j] - exp((double)logits[10 * i + j]) / sum) <
                        1e-6);
    }
    an_assert_ok(ctx, alexnet_session_open(model, 1, "pool2", &session));
    alexnet_session_get_output(session, shape);
    assert_true(shape[0] == 32 && shape[1] == 8 && shape[2] == 8);
    alexnet_session_close(session);
    an_assert_status(ctx, alexnet_session_open(model, 1, "pool9", &session), ALEXNET_NOT_FOUND);
    assert_null(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* A row's result does not depend on what else is in the batch, nor on the batch that was planned
 * for. */
static void rows_do_not_meet(void **unused)
{
    alexnet_context *ctx = open_context(NULL, 2);
    alexnet_model *model = make_model(ctx);
    alexnet_session *session;
    float together[BATCH * 10], alone[10];

    (void)unused;
    fill_images();
    an_assert_ok(ctx, alexnet_session_open(model, BATCH, "logits", &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, together));
    for (int i = 0; i < BATCH; ++i) {
        an_assert_ok(ctx, alexnet_session_run(session, images + i * PIXELS, 1, alone));
        assert_true(an_relative_error(alone, together + 10 * i, 10) < 1e-6);
    }
    an_assert_status(ctx, alexnet_session_run(session, images, 0, alone), ALEXNET_BAD_ARG);
    an_assert_status(ctx, alexnet_session_run(session, images, BATCH + 1, alone), ALEXNET_BAD_ARG);
    alexnet_session_close(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static double train_loss(alexnet_session *session)
{
    double loss;

    assert_int_equal(an_session_train(session, images, labels, BATCH, 0, &loss, NULL), ALEXNET_OK);
    return loss;
}

/* As the model's values lie. */
static void copy_gradients(const alexnet_session *session, const alexnet_model *model, float *to)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        memcpy(to + param->offset, an_session_gradient(session, i),
               (size_t)param->count * sizeof *to);
    }
}

/*
 * The gradient of the whole network along random directions: (loss(w + h d) - loss(w - h d)) / 2h
 * against the sum of g d, one direction for each parameter. On the portable tier, whose sums are in
 * double. The parameters named in `idle` have no gradient.
 */
static void check_gradients(alexnet_context *ctx, alexnet_model *model, const char *idle,
                            double smoothing)
{
    alexnet_session *session;
    float *gradient = malloc(model->params.values * sizeof *gradient);

    fill_images();
    assert_non_null(gradient);
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 1, &session));
    an_session_smooth(session, smoothing);
    train_loss(session);
    copy_gradients(session, model, gradient);
    for (int p = 0; p < model->params.count; ++p) {
        const an_param *param = &model->params.items[p];
        float *values = model->values + param->offset,
              *kept = malloc((size_t)param->count * sizeof *kept);
        const float *g = gradient + param->offset;
        const bool is_idle = strstr(idle, param->name) != NULL;
        double slope = 0, norm = 0, difference = 0, h;

        assert_non_null(kept);
        memcpy(kept, values, (size_t)param->count * sizeof *kept);
        for (int64_t i = 0; i < param->count; ++i)
            norm += (double)g[i] * (double)g[i];
        norm = sqrt(norm);
        if (is_idle) assert_true(norm < 1e-6);
        if (is_idle || param->role == AN_PARAM_STATISTIC) {
            free(kept);
            continue;
        }
        h = 5e-4 /
            norm; /* so that the loss changes by 5e-4: few kinks of ReLU or maximum are met */
        for (int sign = -1; sign <= 1; sign += 2) {
            for (int64_t i = 0; i < param->count; ++i)
                values[i] = (float)((double)kept[i] + sign * h * (double)g[i] / norm);
            difference += sign * train_loss(session) / (2 * h);
        }
        memcpy(values, kept, (size_t)param->count * sizeof *kept);
        free(kept);
        slope = norm;
        if (!(fabs(difference - slope) <= 0.02 * slope))
            fail_msg("%s: |gradient| %g, central difference along it %g", param->name, slope,
                     difference);
    }
    free(gradient);
    alexnet_session_close(session);
}

static void gradients_agree_with_central_differences(void **unused)
{
    (void)unused;
    if (an_test_leaves_out("dozens of training steps on the portable tier")) skip();
    alexnet_context *ctx = open_context("portable", 2);
    alexnet_model *model = make_model(ctx);

    check_gradients(ctx, model, "", 0);
    check_gradients(ctx, model, "", 0.25); /* labels smoothed */
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Through batch_norm, which takes away whatever constant comes before it, and local. */
static void gradients_through_normalised_layers_agree(void **unused)
{
    alexnet_context *ctx = open_context("portable", 2);
    alexnet_model *model = an_tiny_normed(ctx, 10, 1);

    (void)unused;
    check_gradients(ctx, model, "conv1.bias local2.bias fc3.bias", 0);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void bits_do_not_depend_on_threads(void **unused)
{
    static const char *const tiers[] = {"portable", NULL};
    float *first = NULL;

    (void)unused;
    fill_images();
    for (size_t t = 0; t < AN_COUNT(tiers); ++t) {
        for (int threads = 1; threads <= 4; ++threads) {
            alexnet_context *ctx = open_context(tiers[t], threads);
            alexnet_model *model = make_model(ctx);
            const size_t values = model->params.values;
            alexnet_session *session;

            an_assert_ok(ctx, an_session_open_training(model, BATCH, 1, &session));
            train_loss(session);
            if (threads == 1) first = calloc(2 * values, sizeof *first);
            assert_non_null(first);
            copy_gradients(session, model, first + (threads == 1 ? 0 : values));
            if (threads > 1) assert_memory_equal(first, first + values, values * sizeof *first);
            alexnet_session_close(session);
            alexnet_model_free(model);
            alexnet_close(ctx);
        }
        free(first);
    }
}

static void running_allocates_nothing(void **unused)
{
    an_test_memory memory = {0};
    alexnet_options options = an_test_options(&memory);
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_session *session;
    long before;

    (void)unused;
    fill_images();
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    model = make_model(ctx);
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 1, &session));
    before = memory.total;
    train_loss(session);
    train_loss(session);
    assert_int_equal(memory.total, before);
    alexnet_session_close(session);
    alexnet_model_free(model);
    an_test_close(ctx, &memory);
}

static void a_bad_loss_names_the_first_bad_layer(void **unused)
{
    alexnet_context *ctx = open_context(NULL, 2);
    alexnet_model *model = make_model(ctx);
    const an_param *conv2 = &model->params.items[an_model_find_param(model, "conv2.weight")];
    alexnet_session *session;
    double loss;
    float kept;

    (void)unused;
    fill_images();
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 1, &session));
    model->values[conv2->offset] = NAN;
    an_assert_status(ctx, an_session_train(session, images, labels, BATCH, 12, &loss, NULL),
                     ALEXNET_DIVERGED);
    an_assert_error(ctx, "step 12");
    an_assert_error(ctx, "layer conv2 ");
    model->values[conv2->offset] = 0;
    kept = images[0];
    images[0] = INFINITY;
    an_assert_status(ctx, an_session_train(session, images, labels, BATCH, 13, &loss, NULL),
                     ALEXNET_DIVERGED);
    an_assert_error(ctx, "images are not finite");
    images[0] = kept;
    an_assert_ok(ctx, an_session_train(session, images, labels, BATCH, 14, &loss, NULL));
    alexnet_session_close(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

static void labels_are_checked(void **unused)
{
    static const int32_t bad[BATCH] = {0, 1, 10, 2, 3};
    alexnet_context *ctx = open_context(NULL, 1);
    alexnet_model *model = make_model(ctx);
    alexnet_session *session;
    double loss;

    (void)unused;
    fill_images();
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 1, &session));
    an_assert_status(ctx, an_session_train(session, images, bad, BATCH, 0, &loss, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(ctx, "label 10 of image 2");
    alexnet_session_close(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_by_name),
        cmocka_unit_test(rows_do_not_meet),
        cmocka_unit_test(gradients_agree_with_central_differences),
        cmocka_unit_test(gradients_through_normalised_layers_agree),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(a_bad_loss_names_the_first_bad_layer),
        cmocka_unit_test(labels_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
