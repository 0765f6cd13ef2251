/*
 * batch_norm_test.c: values by hand in training and inference, frozen layers, declared parameters,
 * gradients.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "layers/check.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHT, BIAS, MEAN, VARIANCE };

/* One channel, values 1 3 5 7: mean 4, variance 5, seen as 20/3. With epsilon 1 and weight sqrt(6)
 * nothing is scaled: y = x - 4 + bias. */
static const float four[] = {1, 3, 5, 7};
static const char settings[] = "epsilon=1";

static void open_by_hand(check_layer *c, an_mode mode)
{
    check_open(c, "portable", "batch_norm", settings, (an_shape){2, 1, 2, 1}, mode);
    assert_int_equal(c->params.count, 4);
    c->w[WEIGHT][0] = (float)sqrt(6);
    c->w[BIAS][0] = 10;
    c->w[MEAN][0] = 3;
    c->w[VARIANCE][0] = 5;
}

static void assert_near(const float *found, const float *expected, int count)
{
    for (int i = 0; i < count; ++i) /* values up to 13, a handful of roundings */
        assert_true(fabs((double)found[i] - (double)expected[i]) < 1e-5);
}

static void training_uses_the_batch(void **unused)
{
    static const float expected[] = {7, 9, 11, 13};
    check_layer c;
    float y[4];

    (void)unused;
    open_by_hand(&c, AN_TRAIN);
    check_forward(&c, four, y);
    assert_near(y, expected, 4);
    assert_true(c.dw[MEAN][0] == 4 && c.dw[VARIANCE][0] == (float)(20.0 / 3));
    assert_true(c.w[MEAN][0] == 3 && c.w[VARIANCE][0] == 5); /* only the optimiser updates them */
    check_close(&c);
}

static void inference_uses_the_running_statistics(void **unused)
{
    static const float expected[] = {8, 10, 12, 14}; /* x - 3 + 10 */
    check_layer c;
    float y[4];

    (void)unused;
    open_by_hand(&c, AN_INFER);
    check_forward(&c, four, y);
    assert_near(y, expected, 4);
    check_close(&c);
}

/* As in inference, forward and backward: dx = dy weight / sqrt(variance + epsilon) = dy; nothing is
   learned. */
static void frozen_layers_do_not_change(void **unused)
{
    static const float expected[] = {8, 10, 12, 14}, dy[] = {1, -2, 3, 5};
    check_layer c;
    float y[4], dx[4], *kept[CHECK_PARAMS_MAX];

    (void)unused;
    open_by_hand(&c, AN_TRAIN);
    memcpy(kept, c.dw, sizeof kept);
    memset(c.dw, 0, sizeof c.dw);
    check_forward(&c, four, y);
    assert_near(y, expected, 4);
    check_backward(&c, dy, dx);
    assert_near(dx, dy, 4);
    memcpy(c.dw, kept, sizeof kept);
    check_close(&c);
}

/* Weight 6, variance 3, epsilon 1: y = 3 (x - 2) + 10, dx = 3 dy. The seen values are the running
   ones. */
static void one_value_is_normalised_as_in_inference(void **unused)
{
    static const float x[] = {5}, dy[] = {7};
    check_layer c;
    float y, dx;

    (void)unused;
    check_open(&c, "portable", "batch_norm", settings, (an_shape){1, 1, 1, 1}, AN_TRAIN);
    c.w[WEIGHT][0] = 6;
    c.w[BIAS][0] = 10;
    c.w[MEAN][0] = 2;
    c.w[VARIANCE][0] = 3;
    check_forward(&c, x, &y);
    check_backward(&c, dy, &dx);
    assert_true(y == 19 && dx == 21);
    assert_true(c.dw[WEIGHT][0] == 7 * 3 / 2.0F && c.dw[BIAS][0] == 7);
    assert_true(c.dw[MEAN][0] == 2 && c.dw[VARIANCE][0] == 3);
    check_close(&c);
}

static void fused_relu_cuts_at_zero(void **unused)
{
    static const float expected[] = {0, 0, 1, 3};
    check_layer c;
    float y[4];

    (void)unused;
    open_by_hand(&c, AN_TRAIN);
    c.w[BIAS][0] = 0;
    c.relu = true;
    check_forward(&c, four, y);
    assert_near(y, expected, 4);
    check_close(&c);
}

static void parameters_are_declared(void **unused)
{
    check_layer c;

    (void)unused;
    check_open(&c, "portable", "batch_norm", "momentum=0.2 decay=0 lr=3 bias_lr=2",
               (an_shape){1, 5, 3, 3}, AN_INFER);
    assert_int_equal(c.params.count, 4);
    for (int i = 0; i < 4; ++i) {
        const an_param *param = &c.params.items[i];
        static const char *const names[] = {"layer.weight", "layer.bias", "layer.running_mean",
                                            "layer.running_var"};
        static const an_param_role roles[] = {AN_PARAM_WEIGHT, AN_PARAM_BIAS, AN_PARAM_STATISTIC,
                                              AN_PARAM_STATISTIC};
        static const double first[] = {1, 0, 0, 1}, rates[] = {3, 2, 0.2, 0.2};
        static const double decays[] = {0, 1, 0, 0};
        assert_string_equal(param->name, names[i]);
        assert_int_equal(param->role, roles[i]);
        assert_int_equal(param->rank, 1);
        assert_int_equal(param->count, 5);
        assert_int_equal(param->init.kind, AN_INIT_CONST);
        assert_true(param->init.value == first[i] && param->lr_multiplier == rates[i] &&
                    param->decay_multiplier == decays[i]);
        assert_int_equal(param->is_variance, i == VARIANCE);
    }
    check_close(&c);
    check_open(&c, "portable", "batch_norm", "affine=no", (an_shape){1, 5, 3, 3}, AN_INFER);
    assert_int_equal(c.params.count, 2);
    assert_string_equal(c.params.items[0].name, "layer.running_mean");
    check_close(&c);
}

static void refuses_settings_out_of_range(void **unused)
{
    static const char *const bad[] = {"epsilon=0", "momentum=1.5", "affine=perhaps"};
    char message[256];
    an_shape y;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(bad); ++i)
        assert_int_equal(
            check_shape("batch_norm", bad[i], (an_shape){1, 2, 3, 3}, &y, message, sizeof message),
            ALEXNET_BAD_ARG);
}

/* y is not linear in x (because of the variance): the smaller step keeps this error below the
   bound. */
static void gradient_agrees_with_central_differences(void **unused)
{
    static const struct {
        const char *settings;
        an_shape x;
    } rows[] = {
        {"", {2, 3, 5, 7}},
        {"epsilon=1e-3", {13, 5, 1, 1}},
        {"affine=no", {3, 4, 3, 2}},
        {"affine=no epsilon=0.5", {9, 17, 1, 1}},
        {"momentum=0.5", {1, 1, 4, 9}},
    };

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_gradient("batch_norm", rows[i].settings, rows[i].x, 4e-3, 1e-3);
}

/* ---- the definition, written plainly ---- */

/* The index of value i, of n * h * w, of one channel of x [n][c][h][w]. */
static size_t place(an_shape s, int channel, int i)
{
    const int plane = s.h * s.w;

    return (size_t)(i / plane * s.c + channel) * (size_t)plane + (size_t)(i % plane);
}

typedef struct plain {
    double mean, variance, seen; /* of a channel; seen: divided by one value less */
    double inverse;              /* 1 / sqrt(variance + epsilon) */
    double dy, dy_x;             /* sums of dy, and of dy times the normalised values */
    double sizes, sizes_x;       /* sizes of these terms, for the bound of rounding */
} plain;

static plain measure(an_shape s, int channel, double epsilon, const float *x, const float *dy)
{
    const int count = s.n * s.h * s.w;
    plain p = {0};

    for (int i = 0; i < count; ++i)
        p.mean += (double)x[place(s, channel, i)] / count;
    for (int i = 0; i < count; ++i)
        p.variance += pow((double)x[place(s, channel, i)] - p.mean, 2) / count;
    p.seen = p.variance * count / (count - 1);
    p.inverse = 1 / sqrt(p.variance + epsilon);
    for (int i = 0; i < count; ++i) {
        const double g = (double)dy[place(s, channel, i)];
        const double normal = ((double)x[place(s, channel, i)] - p.mean) * p.inverse;
        p.dy += g;
        p.dy_x += g * normal;
        p.sizes += fabs(g);
        p.sizes_x += fabs(g) * (fabs(normal) + fabs(p.mean) * p.inverse);
    }
    return p;
}

/* Several roundings to float of numbers of this size. */
static void assert_rounded(double found, double expected, double size)
{
    if (!(fabs(found - expected) <= 8 * (double)FLT_EPSILON * size))
        fail_msg("found %.9g, expected %.9g within 8 roundings of %.3g", found, expected, size);
}

static void assert_channel(const check_layer *c, int channel, const float *x, const float *y,
                           const float *dy, const float *dx, double epsilon)
{
    const an_shape s = c->x_shape;
    const int count = s.n * s.h * s.w;
    const plain p = measure(s, channel, epsilon, x, dy);
    const double weight = (double)c->w[WEIGHT][channel], bias = (double)c->w[BIAS][channel];

    assert_rounded((double)c->dw[MEAN][channel], p.mean, fabs(p.mean));
    assert_rounded((double)c->dw[VARIANCE][channel], p.seen, p.seen);
    assert_rounded((double)c->dw[BIAS][channel], p.dy, p.sizes);
    assert_rounded((double)c->dw[WEIGHT][channel], p.dy_x, p.sizes_x);
    for (int i = 0; i < count; ++i) {
        const size_t at = place(s, channel, i);
        const double xi = (double)x[at], g = (double)dy[at], normal = (xi - p.mean) * p.inverse;
        const double size = (fabs(xi) + fabs(p.mean)) * p.inverse; /* of normal's terms */
        assert_rounded((double)y[at], normal * weight + bias, size * fabs(weight) + fabs(bias));
        assert_rounded(
            (double)dx[at], weight * p.inverse * (g - p.dy / count - normal * p.dy_x / count),
            fabs(weight) * p.inverse * (fabs(g) + p.sizes / count + size * p.sizes_x / count));
    }
}

/* Far from 0, where a variance computed from squares would cancel. */
static void every_tier_computes_the_definition(void **unused)
{
    static const struct {
        an_shape x;
        float offset;
    } rows[] = {
        {{2, 3, 5, 7}, 0},    {{1, 1, 4, 9}, 100}, {{13, 5, 1, 1}, -3},
        {{70, 33, 2, 1}, 10}, {{2, 1, 1, 1}, 1},   {{3, 64, 6, 5}, 1000},
    };

    (void)unused;
    for (size_t r = 0; r < AN_COUNT(rows); ++r)
        for (int t = 0; check_tier(t) != NULL; ++t) {
            check_layer c;
            check_open(&c, check_tier(t), "batch_norm", "epsilon=0.001", rows[r].x, AN_TRAIN);
            const size_t count = (size_t)(rows[r].x.n * rows[r].x.c * rows[r].x.h * rows[r].x.w);
            float *block = malloc(4 * count * sizeof *block);
            assert_non_null(block);
            float *x = block, *y = x + count, *dy = y + count, *dx = dy + count;
            check_fill(x, count, 1);
            check_fill(dy, count, 2);
            for (size_t i = 0; i < count; ++i)
                x[i] += rows[r].offset;
            check_forward(&c, x, y);
            check_backward(&c, dy, dx);
            for (int channel = 0; channel < rows[r].x.c; ++channel)
                assert_channel(&c, channel, x, y, dy, dx, (double)0.001F);
            free(block);
            check_close(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_uses_the_batch),
        cmocka_unit_test(inference_uses_the_running_statistics),
        cmocka_unit_test(frozen_layers_do_not_change),
        cmocka_unit_test(one_value_is_normalised_as_in_inference),
        cmocka_unit_test(fused_relu_cuts_at_zero),
        cmocka_unit_test(parameters_are_declared),
        cmocka_unit_test(refuses_settings_out_of_range),
        cmocka_unit_test(gradient_agrees_with_central_differences),
        cmocka_unit_test(every_tier_computes_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
