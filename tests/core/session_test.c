/*
 * session_test.c: outputs, whole-network gradients, the same bits for any number of threads,
 * diagnosis of a bad loss.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "base/context.h"
#include "core/session.h"
#include "cpu/backend.h"
#include "train/optimiser.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH  5
#define PIXELS (3 * 32 * 32)

static float images[BATCH * PIXELS];
static const int32_t labels[BATCH] = {0, 3, 9, 3, 1}, others[BATCH] = {1, 3, 3, 9, 0};
static const float parts[BATCH] = {0.5f, 0.2f, 0, 0.25f, 1};

static void fill_images(void)
{
    an_stream random = an_stream_open(1, AN_PURPOSE_TEST, 0, 0);

    for (size_t i = 0; i < AN_COUNT(images); ++i)
        images[i] = 100 * an_random_normal(&random);
}

static alexnet_context *open_context_in(const char *tier, int threads, alexnet_dtype dtype)
{
    const alexnet_options options = {
        .struct_size = sizeof options, .cpu = tier, .threads = threads, .dtype = dtype};
    alexnet_context *ctx;

    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    return ctx;
}

static alexnet_context *open_context(const char *tier, int threads)
{
    return open_context_in(tier, threads, ALEXNET_FP32);
}

/* The small net with weights large enough that every layer matters (by default conv1 begins at
 * 0.0001). */
static alexnet_model *make_model(alexnet_context *ctx)
{
    const an_init he = {AN_INIT_HE, 0};
    alexnet_model *model;

    an_assert_ok(ctx, an_model_create_zero(ctx, "cifar-19pct", NULL, &model));
    an_model_init_weights(model, 1, &he);
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

/* A row's result depends neither on the rest of the batch nor on the planned batch. */
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

static double loss_of(alexnet_session *session, const an_targets *targets)
{
    double loss;

    assert_int_equal(an_session_train(session, images, targets, BATCH, 0, &loss, NULL), ALEXNET_OK);
    return loss;
}

static double train_loss(alexnet_session *session)
{
    return loss_of(session, &(an_targets){.labels = labels});
}

/* Laid out as the model's values. */
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
                            const an_targets *targets)
{
    alexnet_session *session;
    float *gradient = malloc(model->params.values * sizeof *gradient);

    fill_images();
    assert_non_null(gradient);
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &session));
    loss_of(session, targets);
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
            norm; /* so that the loss changes by 5e-4: few kinks of ReLU or maximum are crossed */
        for (int sign = -1; sign <= 1; sign += 2) {
            for (int64_t i = 0; i < param->count; ++i)
                values[i] = (float)((double)kept[i] + sign * h * (double)g[i] / norm);
            difference += sign * loss_of(session, targets) / (2 * h);
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

    check_gradients(ctx, model, "", &(an_targets){.labels = labels});
    check_gradients(ctx, model, "", &(an_targets){.labels = labels, .smoothing = 0.25f});
    check_gradients(
        ctx, model, "",
        &(an_targets){
            .labels = labels, .other_labels = others, .shares = parts, .smoothing = 0.1f});
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Through local and batch_norm, which removes any constant before it. */
static void gradients_through_normalised_layers_agree(void **unused)
{
    alexnet_context *ctx = open_context("portable", 2);
    alexnet_model *model = an_tiny_normed(ctx, 10, 1);

    (void)unused;
    check_gradients(ctx, model, "conv1.bias local2.bias fc3.bias", &(an_targets){.labels = labels});
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* Gradients of a step, and predictions after it; int8 does not train. */
static void run_both_ways(alexnet_context *ctx, float *gradients, float *predictions)
{
    alexnet_model *model = make_model(ctx);
    alexnet_session *session;

    an_assert_ok(ctx, alexnet_session_open(model, BATCH, NULL, &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, predictions));
    alexnet_session_close(session);
    if (ctx->options.dtype != ALEXNET_INT8) {
        an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &session));
        train_loss(session);
        copy_gradients(session, model, gradients);
        alexnet_session_close(session);
    }
    alexnet_model_free(model);
}

#define VALUES_MAX 200000 /* of the small net, padding included */

static void bits_do_not_depend_on_threads(void **unused)
{
    static float gradients[2][VALUES_MAX];
    float predictions[2][BATCH * 10];
    const an_backend *backend;
    const char *tier;

    (void)unused;
    fill_images();
    for (int t = 0; (tier = an_tier_name(t, &backend)) != NULL; ++t) {
        if (backend == NULL) continue; /* not on this machine */
        for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_INT8; ++dtype) {
            memset(gradients, 0, sizeof gradients);
            for (int threads = 1; threads <= 4; ++threads) {
                alexnet_context *ctx = open_context_in(tier, threads, (alexnet_dtype)dtype);
                const int now = threads > 1;
                run_both_ways(ctx, gradients[now], predictions[now]);
                if (threads > 1)
                    assert_memory_equal(gradients[0], gradients[1], sizeof gradients[0]);
                if (threads > 1)
                    assert_memory_equal(predictions[0], predictions[1], sizeof predictions[0]);
                alexnet_close(ctx);
            }
        }
    }
}

/* A session packs weights again after the values have changed. */
static void packed_weights_follow_the_model(void **unused)
{
    static const an_recipe recipe = {
        .momentum = 0.9, .average = 0.5, .bias_lr = 1, .bias_decay = 1};
    /* a late step: in the first ones an average hardly differs from the values, and is the same in
       int8 */
    const an_rates rates = {.weights = 0.01, .biases = 0.01, .step = 1000};

    (void)unused;
    fill_images();
    for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_INT8; ++dtype) {
        alexnet_context *ctx = open_context_in(NULL, 2, (alexnet_dtype)dtype);
        alexnet_model *model = make_model(ctx);
        alexnet_session *session, *training, *fresh;
        an_optimiser optimiser;
        float before[BATCH * 10], found[BATCH * 10], expected[BATCH * 10];

        an_assert_ok(ctx, alexnet_session_open(model, BATCH, NULL, &session));
        ctx->options.dtype = ALEXNET_FP32; /* for training */
        an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &training));
        an_assert_ok(ctx, an_optimiser_open(model, &recipe, &optimiser));
        for (int change = 0; change < 4; ++change) {
            an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, before));
            if (change == 0) {
                train_loss(training);
                an_assert_ok(ctx, an_optimiser_step(&optimiser, training, model, &rates));
            } else if (change < 3)
                an_optimiser_swap_average(&optimiser, model);
            else
                an_model_init_weights(model, 7, NULL);
            ctx->options.dtype = (alexnet_dtype)dtype;
            an_assert_ok(ctx, alexnet_session_open(model, BATCH, NULL, &fresh));
            ctx->options.dtype = ALEXNET_FP32;
            an_assert_ok(ctx, alexnet_session_run(fresh, images, BATCH, expected));
            an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, found));
            assert_memory_equal(found, expected, sizeof found);
            assert_memory_not_equal(found, before, sizeof found);
            alexnet_session_close(fresh);
        }
        an_optimiser_close(ctx, &optimiser);
        alexnet_session_close(training);
        alexnet_session_close(session);
        alexnet_model_free(model);
        alexnet_close(ctx);
    }
}

static bool is_packed_bytes(const an_plan *plan, const char *layer)
{
    for (int i = 0; i < plan->step_count; ++i)
        if (strcmp(plan->steps[i].node->name, layer) == 0)
            return plan->steps[i].packed != AN_NOWHERE;
    return false;
}

/* An exclusive session releases the weights that it has packed: its predictions stay the same, run
   after run. */
static void an_exclusive_session_releases_values(void **unused)
{
    (void)unused;
    fill_images();
    for (int dtype = ALEXNET_FP32; dtype <= ALEXNET_INT8; ++dtype) {
        alexnet_context *ctx = open_context_in(NULL, 2, (alexnet_dtype)dtype);
        alexnet_model *model = make_model(ctx);
        const an_param *conv2 = NULL;
        alexnet_session *session, *exclusive;
        float expected[BATCH * 10], found[BATCH * 10];

        for (int i = 0; i < model->params.count; ++i)
            if (strcmp(model->params.items[i].name, "conv2.weight") == 0)
                conv2 = &model->params.items[i];
        assert_non_null(conv2);
        /* the middle of these 102,400 bytes is in whole pages, whose contents are lost when
           released */
        const float *middle = model->values + conv2->offset + conv2->count / 2;
        an_assert_ok(ctx, alexnet_session_open(model, BATCH, NULL, &session));
        an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, expected)); /* packs */
        assert_true(*middle != 0);
        an_assert_ok(ctx, an_session_open_exclusive(model, BATCH, NULL, &exclusive));
        for (int n = BATCH; n > 0; n -= 2) {
            an_assert_ok(ctx, alexnet_session_run(session, images, n, expected));
            an_assert_ok(ctx, alexnet_session_run(exclusive, images, n, found));
            assert_memory_equal(found, expected, (size_t)n * 10 * sizeof *found);
        }
        const bool given_back = is_packed_bytes(an_session_plan(exclusive), "conv2");
        if (dtype == ALEXNET_INT8) assert_true(given_back);
        assert_int_equal(*middle == 0, given_back);
        alexnet_session_close(exclusive);
        alexnet_session_close(session);
        alexnet_model_free(model);
        alexnet_close(ctx);
    }
}

/* Scales come from one image's values: the rest of the batch changes no bit. */
/* The memory that is counted beforehand is that of the plan. */
static void its_memory_is_known_before(void **unused)
{
    alexnet_context *ctx = open_context(NULL, 1);
    alexnet_model *described;
    an_plan plan;

    (void)unused;
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", NULL, &described));
    for (int mode = 0; mode < 2; ++mode) {
        const an_session_order order = {.mode = mode == 0 ? AN_INFER : AN_TRAIN,
                                        .batch = BATCH,
                                        .images = BATCH,
                                        .output = described->node_count - 1,
                                        .updates = true};
        an_footprint f = {0};
        an_assert_ok(ctx, an_session_book(described, &order, &f));
        an_assert_ok(ctx, an_plan_open(described, order.mode, BATCH, 0, order.output, &plan));
        const size_t gradients = mode == 0 ? 0 : an_plan_gradient_bytes(&plan, true);
        assert_true(f.peak >= (int64_t)(plan.step_bytes + plan.scratch_bytes + gradients));
        assert_true(f.peak <= (int64_t)(plan.step_bytes + plan.scratch_bytes + gradients +
                                        plan.packed_bytes));
        an_plan_close(ctx, &plan);
    }
    alexnet_model_free(described);
    alexnet_close(ctx);
}

static void an_image_in_int8_is_alone(void **unused)
{
    alexnet_context *ctx = open_context_in(NULL, 2, ALEXNET_INT8);
    alexnet_model *model = make_model(ctx);
    alexnet_session *session, *training;
    float together[BATCH * 10], alone[10];

    (void)unused;
    fill_images();
    an_assert_ok(ctx, alexnet_session_open(model, BATCH, "logits", &session));
    an_assert_ok(ctx, alexnet_session_run(session, images, BATCH, together));
    for (int i = 0; i < BATCH; ++i) {
        an_assert_ok(ctx, alexnet_session_run(session, images + i * PIXELS, 1, alone));
        assert_memory_equal(alone, together + 10 * i, sizeof alone);
    }
    an_assert_status(ctx, an_session_open_training(model, BATCH, 0, 1, &training), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "int8 is for inference only");
    alexnet_session_close(session);
    alexnet_model_free(model);
    alexnet_close(ctx);
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
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &session));
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
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &session));
    model->values[conv2->offset] = NAN;
    an_assert_status(
        ctx,
        an_session_train(session, images, &(an_targets){.labels = labels}, BATCH, 12, &loss, NULL),
        ALEXNET_DIVERGED);
    an_assert_error(ctx, "step 12: loss is not a number; ");
    an_assert_error(ctx, "layer conv2 ");
    model->values[conv2->offset] = 0;
    kept = images[0];
    images[0] = INFINITY;
    an_assert_status(
        ctx,
        an_session_train(session, images, &(an_targets){.labels = labels}, BATCH, 13, &loss, NULL),
        ALEXNET_DIVERGED);
    an_assert_error(ctx, "images are not finite");
    images[0] = kept;
    an_assert_ok(ctx, an_session_train(session, images, &(an_targets){.labels = labels}, BATCH, 14,
                                       &loss, NULL));
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
    an_assert_ok(ctx, an_session_open_training(model, BATCH, 0, 1, &session));
    an_assert_status(
        ctx, an_session_train(session, images, &(an_targets){.labels = bad}, BATCH, 0, &loss, NULL),
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
        cmocka_unit_test(packed_weights_follow_the_model),
        cmocka_unit_test(an_exclusive_session_releases_values),
        cmocka_unit_test(its_memory_is_known_before),
        cmocka_unit_test(an_image_in_int8_is_alone),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(a_bad_loss_names_the_first_bad_layer),
        cmocka_unit_test(labels_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
