/*
 * elementwise_test.c: element by element operations.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/reference/reference.h"
#include <math.h>
#include <string.h>

#define MANY 40000 /* elements: several of the chunks that threads take */

static const an_run run = {.threads = 3};

static void relu_by_hand_and_in_place(void **unused)
{
    float x[4] = {-1, 0, 2, NAN}, y[4];
    float dx[4] = {5, 6, 7, 8};

    (void)unused;
    assert_int_equal(an_relu__portable(&run, 4, x, y), ALEXNET_OK);
    assert_true(y[0] == 0 && y[1] == 0 && y[2] == 2 && isnan(y[3]));
    assert_int_equal(an_relu__portable(&run, 4, x, x), ALEXNET_OK);
    assert_memory_equal(x, y, sizeof x);
    y[3] = 1;
    assert_int_equal(an_relu_backward__portable(&run, 4, y, dx, dx), ALEXNET_OK);
    assert_true(dx[0] == 0 && dx[1] == 0 && dx[2] == 7 && dx[3] == 8);
}

/* tanh(ln 3 / 2) = 1/2 and sigmoid(ln 3) = 3/4. Both saturate, and not a number stays. */
static void tanh_and_sigmoid_by_hand_and_in_place(void **unused)
{
    const float ln3 = 1.0986122887f;
    float x[5] = {0, ln3, -ln3, 1000, NAN}, y[5], dx[5] = {1, 1, 2, 1, 1};

    (void)unused;
    assert_int_equal(an_tanh__portable(&run, 2, 0.5f, 5, x, y), ALEXNET_OK); /* 2 tanh(x / 2) */
    assert_true(y[0] == 0 && fabsf(y[1] - 1) < 1e-6f && fabsf(y[2] + 1) < 1e-6f && y[3] == 2);
    assert_true(isnan(y[4]));
    assert_int_equal(an_tanh_backward__portable(&run, 2, 0.5f, 4, y, dx, dx), ALEXNET_OK);
    assert_true(dx[0] == 1 && fabsf(dx[1] - 0.75f) < 1e-6f && fabsf(dx[2] - 1.5f) < 1e-6f);
    assert_true(dx[3] == 0);

    dx[3] = 1;
    x[0] = -1000;
    assert_int_equal(an_sigmoid__portable(&run, 5, x, x), ALEXNET_OK);
    assert_true(x[0] == 0 && fabsf(x[1] - 0.75f) < 1e-6f && fabsf(x[2] - 0.25f) < 1e-6f);
    assert_true(x[3] == 1 && isnan(x[4]));
    dx[1] = dx[2] = 1;
    assert_int_equal(an_sigmoid_backward__portable(&run, 4, x, dx, dx), ALEXNET_OK);
    assert_true(dx[0] == 0 && fabsf(dx[1] - 3 / 16.0f) < 1e-6f && dx[3] == 0);
}

/* As backend.h defines it: word j % 4 of block j / 4, j counting c, h, w. */
static void dropout_follows_its_stream(void **unused)
{
    const an_dropout d = {
        .seed = 11, .step = 5, .layer = 3, .first_row = 2, .drop = 0.25f, .scale = 4 / 3.0f};
    const an_shape shape = {2, 5, 2, 3};
    float x[60], y[60];

    (void)unused;
    for (int i = 0; i < 60; ++i)
        x[i] = (float)(i + 1);
    assert_int_equal(an_dropout__portable(&run, &d, shape, x, y), ALEXNET_OK);
    for (int n = 0; n < 2; ++n) {
        const an_stream stream =
            an_stream_open(11, AN_PURPOSE_DROPOUT, 5, 3u << 16 | (uint32_t)(2 + n));
        for (int c = 0; c < 5; ++c) {
            for (int pixel = 0; pixel < 6; ++pixel) {
                const uint32_t j = (uint32_t)(c * 6 + pixel);
                const int at = (n * 6 + pixel) * 5 + c;
                uint32_t words[4];
                an_stream_block(&stream, j / 4, words);
                const bool stay = an_unit_from_u32(words[j % 4]) >= d.drop;
                assert_true(y[at] == (stay ? x[at] * d.scale : 0));
            }
        }
    }
}

/* The rows of a batch cut in two are those of the whole batch; the fraction that stays is about 1 -
   drop. */
static void dropout_of_a_part_is_part_of_the_dropout(void **unused)
{
    an_dropout d = {.seed = 1, .step = 1, .layer = 20, .drop = 0.5f, .scale = 2};
    const an_shape whole = {4, 10000, 1, 1}, half = {2, 10000, 1, 1};
    static float x[MANY], y[MANY], part[MANY / 2];
    int stayed = 0;

    (void)unused;
    for (int i = 0; i < MANY; ++i)
        x[i] = 1;
    assert_int_equal(an_dropout__portable(&run, &d, whole, x, y), ALEXNET_OK);
    d.first_row = 2;
    assert_int_equal(an_dropout__portable(&run, &d, half, x, part), ALEXNET_OK);
    assert_memory_equal(part, y + MANY / 2, sizeof part);
    for (int i = 0; i < MANY; ++i)
        stayed += y[i] > 0;
    assert_in_range(stayed, MANY / 2 - 500, MANY / 2 + 500); /* five standard deviations */
}

static void dropout_extremes(void **unused)
{
    an_dropout d = {.seed = 1, .drop = 0, .scale = 1};
    const an_shape shape = {1, 100, 1, 1};
    float x[100], y[100];

    (void)unused;
    for (int i = 0; i < 100; ++i)
        x[i] = (float)i - 50;
    assert_int_equal(an_dropout__portable(&run, &d, shape, x, y), ALEXNET_OK);
    assert_memory_equal(x, y, sizeof x);
    d.drop = 1;
    assert_int_equal(an_dropout__portable(&run, &d, shape, x, x), ALEXNET_OK); /* in place */
    for (int i = 0; i < 100; ++i)
        assert_true(x[i] == 0);
}

/* w = 1, v = 2, g = 4, lr = 1/4, momentum = 1/2, decay = 1/8: every value exact. */
static void sgd_by_hand(void **unused)
{
    an_sgd rule = {.lr = 0.25f, .momentum = 0.5f, .weight_decay = 0.125f};
    const float g[1] = {4};
    float v[1] = {2}, w[1] = {1};

    (void)unused;
    assert_int_equal(an_sgd__portable(&run, &rule, 1, g, v, w), ALEXNET_OK);
    assert_true(v[0] == 5.125f); /* 1/2 2 + (4 + 1/8) */
    assert_true(w[0] == 1 - 1.28125f);
    v[0] = 2;
    w[0] = 1;
    rule.lr_inside = true;
    assert_int_equal(an_sgd__portable(&run, &rule, 1, g, v, w), ALEXNET_OK);
    assert_true(v[0] == 1 - 1.03125f); /* 1/2 2 - 1/4 (4 + 1/8) */
    assert_true(w[0] == 1 - 0.03125f);
}

/* Two weights, five gradients each; the second's are -1/4 of the first's. */
#define STEPS 5
static const float gradients[STEPS] = {0.5f, -2, 0.125f, 0.75f, -0.25f};
static const float first_weights[2] = {1, -0.5f};

/* torch.optim.Adam(lr=0.1, weight_decay=0.01) in float64. */
static void adam_is_that_of_pytorch(void **unused)
{
    static const double expected[STEPS][2] = {
        {0.9000000019607843, -0.4000000076923071}, {0.9554694277378574, -0.4550044093046726},
        {0.9940803195072678, -0.4929679318303542}, {1.0036150565423405, -0.5016942267259281},
        {1.017561528767338, -0.5147197111889374},
    };
    an_adam rule = {
        .lr = 0.1f, .weight_decay = 0.01f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f};
    float w[2] = {first_weights[0], first_weights[1]}, v[2] = {0}, s[2] = {0};

    (void)unused;
    for (int step = 0; step < STEPS; ++step) {
        const float g[2] = {gradients[step], -gradients[step] / 4};
        rule.t = step + 1;
        assert_int_equal(an_adam__portable(&run, &rule, 2, g, v, s, w), ALEXNET_OK);
        for (int i = 0; i < 2; ++i)
            assert_true(fabs((double)w[i] - expected[step][i]) < 1e-6);
    }
}

/* tf.compat.v1.train.RMSPropOptimizer(0.1, decay=0.9, momentum=0.8, epsilon=1e-10), by its formula
   in float64: ms += (1 - decay) (g^2 - ms), which starts at 1; mom = momentum mom + lr g / sqrt(ms
   + epsilon); w -= mom. */
static void rmsprop_is_that_of_tensorflow(void **unused)
{
    static const double expected[STEPS][2] = {
        {0.9470016513616658, -0.48630964450090997}, {1.0841100206110885, -0.5295091146891809},
        {1.1808945999945895, -0.5598560300377968},  {1.1841781687895838, -0.5607347900709776},
        {1.211165309392435, -0.568702776349438},
    };
    const an_rmsprop rule = {
        .lr = 0.1f, .momentum = 0.8f, .weight_decay = 0.01f, .rho = 0.9f, .epsilon = 1e-10f};
    float w[2] = {first_weights[0], first_weights[1]}, v[2] = {0}, s[2] = {1, 1};

    (void)unused;
    for (int step = 0; step < STEPS; ++step) {
        const float g[2] = {gradients[step], -gradients[step] / 4};
        assert_int_equal(an_rmsprop__portable(&run, &rule, 2, g, v, s, w), ALEXNET_OK);
        for (int i = 0; i < 2; ++i)
            assert_true(fabs((double)w[i] - expected[step][i]) < 1e-6);
    }
}

/* Long after the start the correction vanishes, and a steady gradient moves a weight by lr; w = 5 +
   3 lr. */
static void adam_moves_by_its_rate(void **unused)
{
    const an_adam rule = {
        .lr = 0.25f, .beta1 = 0.5f, .beta2 = 0.5f, .epsilon = 1e-30f, .t = (int64_t)1 << 40};
    const float g[1] = {-4};
    float w[1] = {5}, v[1] = {-4}, s[1] = {16};

    (void)unused;
    for (int step = 0; step < 3; ++step)
        assert_int_equal(an_adam__portable(&run, &rule, 1, g, v, s, w), ALEXNET_OK);
    assert_true(w[0] == 5.75f);
}

static void average_by_hand(void **unused)
{
    const float seen[2] = {3, -1};
    float w[2] = {1, 1};

    (void)unused;
    assert_int_equal(an_average__portable(&run, 0.25f, 2, seen, w), ALEXNET_OK);
    assert_true(w[0] == 1.5f && w[1] == 0.5f);
}

static void all_finite_sees_one_bad_element(void **unused)
{
    static float x[MANY];
    static const size_t places[] = {0, 1, 16383, 16384, MANY - 1};
    const float bad[] = {INFINITY, -INFINITY, NAN};

    (void)unused;
    assert_true(an_all_finite__portable(&run, MANY, x));
    assert_true(an_all_finite__portable(&run, 0, x));
    for (size_t i = 0; i < AN_COUNT(places); ++i) {
        for (size_t j = 0; j < AN_COUNT(bad); ++j) {
            x[places[i]] = bad[j];
            assert_false(an_all_finite__portable(&run, MANY, x));
        }
        x[places[i]] = 3e38f;
        assert_true(an_all_finite__portable(&run, MANY, x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_by_hand_and_in_place),
        cmocka_unit_test(tanh_and_sigmoid_by_hand_and_in_place),
        cmocka_unit_test(dropout_follows_its_stream),
        cmocka_unit_test(dropout_of_a_part_is_part_of_the_dropout),
        cmocka_unit_test(dropout_extremes),
        cmocka_unit_test(sgd_by_hand),
        cmocka_unit_test(adam_is_that_of_pytorch),
        cmocka_unit_test(rmsprop_is_that_of_tensorflow),
        cmocka_unit_test(adam_moves_by_its_rate),
        cmocka_unit_test(average_by_hand),
        cmocka_unit_test(all_finite_sees_one_bad_element),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
