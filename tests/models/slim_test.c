/*
 * slim_test.c: slim's alexnet_v2: sizes and initial weights, and the nine tests of its test file
 * (research/slim/nets/alexnet_test.py), under their names and with their assertions.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/session.h"
#include "models/expect.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const expect_layer layers[] = {
    {"conv1/BiasAdd", {64, 54, 54},  23296,    67744512},
    {"pool1",         {64, 26, 26},  0,        0},
    {"conv2/BiasAdd", {192, 26, 26}, 307392,   207667200},
    {"pool2",         {192, 12, 12}, 0,        0},
    {"conv3/BiasAdd", {384, 12, 12}, 663936,   95551488},
    {"conv4/BiasAdd", {384, 12, 12}, 1327488,  191102976},
    {"conv5/BiasAdd", {256, 12, 12}, 884992,   127401984},
    {"pool5",         {256, 5, 5},   0,        0},
    {"fc6/BiasAdd",   {4096, 1, 1},  26218496, 26214400},
    {"fc7/BiasAdd",   {4096, 1, 1},  16781312, 16777216},
    {"fc8/BiasAdd",   {1000, 1, 1},  4097000,  4096000},
    {0},
};

static const expect_tensor tensors[] = {
    {"alexnet_v2/conv1/weights", 4, {64, 3, 11, 11}},   {"alexnet_v2/conv1/biases", 1, {64}},
    {"alexnet_v2/conv2/weights", 4, {192, 64, 5, 5}},   {"alexnet_v2/conv2/biases", 1, {192}},
    {"alexnet_v2/conv3/weights", 4, {384, 192, 3, 3}},  {"alexnet_v2/conv3/biases", 1, {384}},
    {"alexnet_v2/conv4/weights", 4, {384, 384, 3, 3}},  {"alexnet_v2/conv4/biases", 1, {384}},
    {"alexnet_v2/conv5/weights", 4, {256, 384, 3, 3}},  {"alexnet_v2/conv5/biases", 1, {256}},
    {"alexnet_v2/fc6/weights",   4, {4096, 256, 5, 5}}, {"alexnet_v2/fc6/biases",   1, {4096}},
    {"alexnet_v2/fc7/weights",   4, {4096, 4096, 1, 1}}, {"alexnet_v2/fc7/biases",  1, {4096}},
    {"alexnet_v2/fc8/weights",   4, {1000, 4096, 1, 1}}, {"alexnet_v2/fc8/biases",  1, {1000}},
    {0},
};
/* clang-format on */

static void numbers_of_the_source(void **unused)
{
    const expect_family expected = {"slim", {3, 224, 224}, 50303912, 736555776,
                                    473064, layers,        tensors};

    (void)unused;
    an_expect_family(&expected);
}

/* Glorot: U(-b, b), b = sqrt(6 / (fan_in + fan_out)), deviation b / sqrt(3); truncated normals keep
 * .87962566 of their deviation. weights_regularizer only: biases are not decayed. */
static void initial_weights(void **unused)
{
    const double t = 0.005 * 0.87962566;
    const expect_start start[] = {
        {"alexnet_v2/conv1/weights", sqrt(2.0 / (121 * (3 + 64))), 0.1, 1, 1, 0},
        {"alexnet_v2/conv2/weights", sqrt(2.0 / (25 * (64 + 192))), 0.1, 1, 1, 0},
        {"alexnet_v2/conv3/weights", sqrt(2.0 / (9 * (192 + 384))), 0.1, 1, 1, 0},
        {"alexnet_v2/conv4/weights", sqrt(2.0 / (9 * (384 + 384))), 0.1, 1, 1, 0},
        {"alexnet_v2/conv5/weights", sqrt(2.0 / (9 * (384 + 256))), 0.1, 1, 1, 0},
        {"alexnet_v2/fc6/weights", t, 0.1, 1, 1, 0},
        {"alexnet_v2/fc7/weights", t, 0.1, 1, 1, 0},
        {"alexnet_v2/fc8/weights", t, 0, 1, 1, 0},
        {0},
    };

    (void)unused;
    an_expect_start("slim", start);
}

/* ---- the nine tests ---- */

typedef struct net {
    alexnet_context *ctx;
    alexnet_model *model;
} net;

/* Without weights, for tests of sizes. 0 classes: None. */
static net net_describe(int h, int w, int classes, bool squeeze, bool global_pool)
{
    alexnet_model_options options = alexnet_model_options_default();
    net n;

    options.classes = classes;
    options.input_h = h;
    options.input_w = w;
    options.squeeze = squeeze;
    options.global_pool = global_pool;
    assert_int_equal(alexnet_open(NULL, &n.ctx), ALEXNET_OK);
    an_assert_ok(n.ctx, alexnet_model_describe(n.ctx, "slim", &options, &n.model));
    return n;
}

/* With initial weights, of 1000 classes. */
static net net_open(int h, int w, bool squeeze)
{
    net n = net_describe(h, w, 1000, squeeze, false);

    an_assert_ok(n.ctx, an_model_alloc(n.model));
    an_model_init_weights(n.model, 1, NULL);
    return n;
}

static void net_close(net *n)
{
    alexnet_model_free(n->model);
    alexnet_close(n->ctx);
}

static void expect_map(const net *n, const char *layer, int c, int h, int w)
{
    const int index = an_model_find_layer(n->model, layer);

    assert_true(index >= 0);
    const an_shape y = n->model->nodes[index].y;
    if (y.c != c || y.h != h || y.w != w)
        fail_msg("%s: %dx%dx%d, expected %dx%dx%d", layer, y.c, y.h, y.w, c, h, w);
}

static float *make_images(int count, int h, int w)
{
    const size_t floats = (size_t)count * 3 * (size_t)h * (size_t)w;
    float *images = malloc(floats * sizeof *images);

    assert_non_null(images);
    for (size_t i = 0; i < floats; ++i)
        images[i] = (float)(i * 2654435761U % 1000) / 1000; /* tf.random.uniform: 0 to 1 */
    return images;
}

/* The output is fc8, squeezed, [5, 1000]. */
static void testBuild(void **unused)
{
    net n = net_describe(224, 224, 1000, true, false);
    const int logits = an_model_find_layer(n.model, "logits");

    (void)unused;
    assert_string_equal(n.model->nodes[logits].name, "fc8");
    assert_string_equal(n.model->nodes[logits].def->name, "squeeze");
    expect_map(&n, "fc8", 1000, 1, 1);
    net_close(&n);
}

/* 300x400 without squeeze: [1, 4, 7, 1000]. */
static void testFullyConvolutional(void **unused)
{
    net n = net_describe(300, 400, 1000, false, false);

    (void)unused;
    expect_map(&n, "conv1", 64, 73, 98);
    expect_map(&n, "pool1", 64, 36, 48);
    expect_map(&n, "pool2", 192, 17, 23);
    expect_map(&n, "pool5", 256, 8, 11);
    expect_map(&n, "fc8", 1000, 4, 7);
    net_close(&n);
}

/* 256x256 without squeeze, pooled: [1, 1, 1, 1000]. */
static void testGlobalPool(void **unused)
{
    net n = net_describe(256, 256, 1000, false, true);

    (void)unused;
    expect_map(&n, "fc6", 4096, 2, 2);
    expect_map(&n, "global_pool", 4096, 1, 1);
    expect_map(&n, "fc8", 1000, 1, 1);
    net_close(&n);
}

static void expect_end_points(const net *n, const char *const *names, size_t count)
{
    size_t found = 0;

    for (int i = 0; i < n->model->node_count; ++i) { /* other layers are no end points */
        const an_node *node = &n->model->nodes[i];
        if (strchr(node->name, '/') != NULL || strcmp(node->def->name, "dropout") == 0 ||
            strcmp(node->name, "prob") == 0)
            continue;
        assert_true(found < count);
        assert_string_equal(node->name, names[found++]);
    }
    assert_int_equal(found, count);
}

static const char *const end_points[] = {"conv1", "pool1", "conv2", "pool2", "conv3", "conv4",
                                         "conv5", "pool5", "fc6",   "fc7",   "fc8"};

static void testEndPoints(void **unused)
{
    net n = net_describe(224, 224, 1000, true, false);

    (void)unused;
    expect_end_points(&n, end_points, AN_COUNT(end_points));
    net_close(&n);
}

/* Ten end points; the output is fc7, [5, 1, 1, 4096]. */
static void testNoClasses(void **unused)
{
    net n = net_describe(224, 224, 0, true, false);
    const an_node *last = &n.model->nodes[n.model->node_count - 1];

    (void)unused;
    expect_end_points(&n, end_points, AN_COUNT(end_points) - 1);
    assert_string_equal(last->name, "fc7");
    expect_map(&n, "fc7", 4096, 1, 1);
    assert_int_equal(an_model_find_layer(n.model, "logits"), n.model->node_count - 1);
    net_close(&n);
}

static void testModelVariables(void **unused)
{
    net n = net_describe(224, 224, 1000, true, false);

    (void)unused;
    assert_int_equal(n.model->params.count, 16);
    for (int i = 0; i < 16; ++i)
        assert_string_equal(n.model->params.items[i].name, tensors[i].name);
    net_close(&n);
}

static int best_of(const float *logits, int count)
{
    int best = 0;

    for (int i = 1; i < count; ++i)
        if (logits[i] > logits[best]) best = i;
    return best;
}

/* Not training, two images: logits [2, 1000], one best class for each. */
static void testEvaluation(void **unused)
{
    static float logits[2 * 1000];
    net n = net_open(224, 224, true);
    float *images = make_images(2, 224, 224);
    alexnet_session *session;
    int shape[3];

    (void)unused;
    an_assert_ok(n.ctx, alexnet_session_open(n.model, 2, "logits", &session));
    alexnet_session_get_output(session, shape);
    assert_true(shape[0] == 1000 && shape[1] == 1 && shape[2] == 1);
    an_assert_ok(n.ctx, alexnet_session_run(session, images, 2, logits));
    for (int i = 0; i < 2; ++i)
        assert_in_range(best_of(logits + (ptrdiff_t)1000 * i, 1000), 0, 999);
    alexnet_session_close(session);
    free(images);
    net_close(&n);
}

/* Trained at 224x224, [2, 1000]; evaluated at 300x400 with the same weights: [1, 4, 7, 1000], whose
 * mean over the places has one best class. */
static void testTrainEvalWithReuse(void **unused)
{
    static float logits[1000 * 4 * 7], means[1000];
    const int32_t labels[2] = {1, 2};
    net train = net_open(224, 224, true), eval = net_describe(300, 400, 1000, false, false);
    float *images = make_images(2, 224, 224), *larger = make_images(1, 300, 400);
    alexnet_session *session;
    double loss;
    int shape[3];

    (void)unused;
    expect_map(&train, "fc8", 1000, 1, 1);
    an_assert_ok(train.ctx, an_session_open_training(train.model, 2, 0, 1, &session));
    an_assert_ok(train.ctx, an_session_train(session, images, &(an_targets){.labels = labels}, 2, 0,
                                             &loss, NULL));
    alexnet_session_close(session);
    assert_int_equal(train.model->params.values, eval.model->params.values);
    an_assert_ok(eval.ctx, an_model_alloc(eval.model));
    memcpy(eval.model->values, train.model->values, train.model->params.values * sizeof(float));
    an_assert_ok(eval.ctx, alexnet_session_open(eval.model, 1, "logits", &session));
    alexnet_session_get_output(session, shape);
    assert_true(shape[0] == 1000 && shape[1] == 4 && shape[2] == 7);
    an_assert_ok(eval.ctx, alexnet_session_run(session, larger, 1, logits));
    for (int c = 0; c < 1000; ++c) {
        means[c] = 0;
        for (int place = 0; place < 28; ++place)
            means[c] += logits[c * 28 + place] / 28;
    }
    assert_in_range(best_of(means, 1000), 0, 999);
    alexnet_session_close(session);
    free(images);
    free(larger);
    net_close(&train);
    net_close(&eval);
}

/* Random initial weights: the output is not all zero. */
static void testForward(void **unused)
{
    static float logits[1000];
    net n = net_open(224, 224, true);
    float *images = make_images(1, 224, 224);
    alexnet_session *session;
    bool any = false;

    (void)unused;
    an_assert_ok(n.ctx, alexnet_session_open(n.model, 1, "logits", &session));
    an_assert_ok(n.ctx, alexnet_session_run(session, images, 1, logits));
    for (int i = 0; i < 1000; ++i)
        any = any || logits[i] != 0;
    assert_true(any);
    alexnet_session_close(session);
    free(images);
    net_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_source),
        cmocka_unit_test(initial_weights),
        cmocka_unit_test(testBuild),
        cmocka_unit_test(testFullyConvolutional),
        cmocka_unit_test(testGlobalPool),
        cmocka_unit_test(testEndPoints),
        cmocka_unit_test(testNoClasses),
        cmocka_unit_test(testModelVariables),
        cmocka_unit_test(testEvaluation),
        cmocka_unit_test(testTrainEvalWithReuse),
        cmocka_unit_test(testForward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
