/*
 * batch_norm_test.c: batch normalisation against values worked by hand, and against its definition
 * in float64.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/backend.h"
#include "cpu/reference/reference.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT      ((double)FLT_EPSILON / 2) /* of one rounding */
#define SIZE_MOST 40000
#define C_MOST    200
#define SCRATCH   (64 * 2 * C_MOST * 8 * 2)
#define EPSILON   1e-5f

static _Alignas(AN_ALIGNMENT) char scratch[SCRATCH];

static an_run run_for(an_shape shape)
{
    const an_run run = {.threads = 3, .scratch = scratch, .scratch_bytes = sizeof scratch};

    assert_true(an_batch_norm_scratch__portable(shape) <= sizeof scratch);
    return run;
}

/*
 * Two channels, side by side, of two images of 1 x 2:
 *   channel 0   1 3 5 7    mean 4, squares 9 1 1 9: variance 20 / 4 = 5, seen 20 / 3
 *   channel 1   2 2 2 6    mean 3, squares 1 1 1 9: variance 12 / 4 = 3, seen 12 / 3 = 4
 * With epsilon 4 and 1 the roots are 3 and 2.
 */
static const float x_by_hand[] = {1, 2, 3, 2, 5, 2, 7, 6};

static void statistics_by_hand(void **unused)
{
    const an_shape shape = {2, 2, 1, 2};
    const an_run run = run_for(shape);
    float mean[2], variance[2], seen[2];

    (void)unused;
    assert_int_equal(
        an_batch_statistics__portable(&run, shape, x_by_hand, NULL, NULL, mean, variance, seen),
        ALEXNET_OK);
    assert_true(mean[0] == 4 && mean[1] == 3);
    assert_true(variance[0] == 5 && variance[1] == 3);
    assert_true(seen[0] == (float)(20.0 / 3) && seen[1] == 4);
}

/* One value, or none, has no variance: the running statistics are used. */
static void one_value_takes_the_running_statistics(void **unused)
{
    const float x[] = {50, 60}, running[] = {1, 2}, running_variance[] = {3, 4};
    float mean[2], variance[2], seen[2];

    (void)unused;
    for (int n = 0; n <= 1; ++n) {
        const an_shape shape = {n, 2, 1, 1};
        const an_run run = run_for(shape);
        assert_int_equal(an_batch_statistics__portable(&run, shape, x, running, running_variance,
                                                       mean, variance, seen),
                         ALEXNET_OK);
        assert_memory_equal(mean, running, sizeof mean);
        assert_memory_equal(variance, running_variance, sizeof variance);
        assert_memory_equal(seen, running_variance, sizeof seen);
    }
}

/*
 * Channel 0 with mean 4, variance 5, epsilon 4 (root 3), weight 6, bias 1: y = 2 (x - 4) + 1 = -5
 * -1 3 7. Channel 1 with mean 3, variance 12 (root 4), weight 8, bias 0: y = 2 (x - 3) = -2 -2 -2
 * 6.
 */
static void values_by_hand(void **unused)
{
    const an_shape shape = {2, 2, 1, 2};
    const an_run run = run_for(shape);
    const float mean[] = {4, 3}, variance[] = {5, 12}, weight[] = {6, 8}, bias[] = {1, 0};
    const float expected[] = {-5, -2, -1, -2, 3, -2, 7, 6};
    const float cut[] = {0, 0, 0, 0, 3, 0, 7, 6}, plain[] = {-1, -0.25F, 1, 0.75F};
    const an_batch_norm_channels t = {mean, variance, weight, bias};
    const an_batch_norm_channels bare = {mean, variance, NULL, NULL};
    float y[8];

    (void)unused;
    an_batch_norm__portable(&run, shape, 4, x_by_hand, &t, false, y);
    assert_memory_equal(y, expected, sizeof y);
    an_batch_norm__portable(&run, shape, 4, x_by_hand, &t, true, y);
    assert_memory_equal(y, cut, sizeof y);
    memcpy(y, x_by_hand, sizeof y);
    an_batch_norm__portable(&run, shape, 4, y, &t, false, y); /* in place */
    assert_memory_equal(y, expected, sizeof y);
    an_batch_norm__portable(&run, shape, 4, x_by_hand, &bare, false, y);
    assert_true(y[0] == plain[0] && y[1] == plain[1] && y[6] == plain[2] && y[7] == plain[3]);
}

/*
 * One channel of values -1 1 with variance 1, epsilon 3 (d = 1/2), weight 4; dy = 1 5.
 *   dbias = 6, sum dy (x - mean) = 4, dweight = 2
 *   fixed: dx = 4/2 dy = 2 10
 *   else:  dx = 2 (dy - 6/2 - x 1/4 4/2) = 2 (1 - 3 + 1/2), 2 (5 - 3 - 1/2) = -3 3
 */
static void gradients_by_hand(void **unused)
{
    const an_shape shape = {2, 1, 1, 1};
    const an_run run = run_for(shape);
    const float x[] = {-1, 1}, dy[] = {1, 5}, mean[] = {0}, variance[] = {1}, weight[] = {4};
    const an_batch_norm_channels t = {mean, variance, weight, NULL};
    float dx[2], dweight = 0, dbias = 0;

    (void)unused;
    an_batch_norm_backward__portable(&run, shape, 3, false, x, dy, &t, dx, &dweight, &dbias);
    assert_true(dx[0] == -3 && dx[1] == 3 && dweight == 2 && dbias == 6);
    memcpy(dx, dy, sizeof dx);
    an_batch_norm_backward__portable(&run, shape, 3, true, x, dx, &t, dx, NULL, NULL);
    assert_true(dx[0] == 2 && dx[1] == 10);
    dweight = dbias = 0;
    an_batch_norm_backward__portable(&run, shape, 3, true, x, dy, &t, NULL, &dweight, &dbias);
    assert_true(dweight == 2 && dbias == 6);
}

/* ---- against the definition ---- */

typedef struct exact {
    double mean[C_MOST], variance[C_MOST], dy[C_MOST], dy_x[C_MOST]; /* sums of dy, dy (x - mean) */
    double dy_size[C_MOST], dy_x_size[C_MOST];
} exact;

static void by_definition(an_shape shape, const float *x, const float *dy, exact *e)
{
    const int m = shape.n * shape.h * shape.w, channels = shape.c;

    memset(e, 0, sizeof *e);
    for (int c = 0; c < channels; ++c) {
        for (int i = 0; i < m; ++i)
            e->mean[c] += (double)x[i * channels + c] / m;
        for (int i = 0; i < m; ++i) {
            const double distance = (double)x[i * channels + c] - e->mean[c];
            const double gradient = (double)dy[i * channels + c];
            e->variance[c] += distance * distance / m;
            e->dy[c] += gradient;
            e->dy_x[c] += gradient * distance;
            e->dy_size[c] += fabs(gradient);
            e->dy_x_size[c] += fabs(gradient * distance);
        }
    }
}

static void near(const char *what, int at, float found, double expected, double bound)
{
    if (!(fabs((double)found - expected) <= bound))
        fail_msg("%s[%d]: %.9g, expected %.9g within %.3g", what, at, (double)found, expected,
                 bound);
}

/*
 * Bounds. The mean m and the variance v are rounded once (the sums in double add nothing that
 * counts here): errors UNIT |m| and UNIT v. So x - m is wrong by UNIT (|m| + |x - m|), 1 / sqrt(v)
 * relatively by UNIT / 2, and every product and sum by UNIT of itself; 8 UNIT of the terms covers
 * them. The sum of dy (x - m) suffers UNIT |m| sum |dy| from the mean.
 */
static void check(an_shape shape, float offset, uint32_t seed)
{
    static float x[SIZE_MOST], y[SIZE_MOST], dy[SIZE_MOST], dx[SIZE_MOST];
    static float mean[C_MOST], variance[C_MOST], seen[C_MOST], weight[C_MOST], bias[C_MOST];
    static float dweight[C_MOST], dbias[C_MOST];
    static exact e;
    const an_run run = run_for(shape);
    const int channels = shape.c, count = (int)an_shape_count(shape), m = count / channels;
    const an_batch_norm_channels t = {mean, variance, weight, bias};
    an_stream random = an_stream_open(1, AN_PURPOSE_TEST, seed, 0);

    assert_true(count <= SIZE_MOST && channels <= C_MOST);
    for (int i = 0; i < count; ++i) {
        x[i] = offset + an_random_normal(&random);
        dy[i] = an_random_normal(&random);
    }
    for (int c = 0; c < channels; ++c) {
        weight[c] = an_random_normal(&random);
        bias[c] = an_random_normal(&random);
    }
    by_definition(shape, x, dy, &e);
    an_batch_statistics__portable(&run, shape, x, NULL, NULL, mean, variance, seen);
    an_batch_norm__portable(&run, shape, EPSILON, x, &t, false, y);
    an_batch_norm_backward__portable(&run, shape, EPSILON, false, x, dy, &t, dx, dweight, dbias);
    for (int c = 0; c < channels; ++c) {
        const double d = 1 / sqrt(e.variance[c] + (double)EPSILON);
        const double factor = d * (double)weight[c], size = fabs(e.mean[c]);
        const double dy_x_error = 8 * UNIT * (size * e.dy_size[c] + e.dy_x_size[c]);
        near("mean", c, mean[c], e.mean[c], 2 * UNIT * size);
        near("variance", c, variance[c], e.variance[c], 2 * UNIT * e.variance[c]);
        near("seen", c, seen[c], e.variance[c] * m / (m - 1), 4 * UNIT * e.variance[c] * 2);
        near("dbias", c, dbias[c], e.dy[c], 2 * UNIT * e.dy_size[c]);
        near("dweight", c, dweight[c], d * e.dy_x[c], d * dy_x_error);
        for (int i = c; i < count; i += channels) {
            const double distance = (double)x[i] - e.mean[c], g = (double)dy[i];
            const double of_mean = e.dy[c] / m, of_spread = distance * d * d * e.dy_x[c] / m;
            const double terms = fabs(g) + fabs(of_mean) + fabs(of_spread);
            const double moved = (size * fabs(e.dy_x[c]) + fabs(distance) * dy_x_error / UNIT / 8);
            near("y", i, y[i], distance * factor + (double)bias[c],
                 8 * UNIT * (fabs(factor) * (size + fabs(distance)) + fabs((double)bias[c])));
            near("dx", i, dx[i], factor * (g - of_mean - of_spread),
                 8 * UNIT * fabs(factor) * (terms + d * d / m * moved));
        }
    }
}

static void agrees_with_the_definition(void **unused)
{
    static const an_shape shapes[] = {
        {2, 1, 1, 1},   {3, 5, 1, 1},  {128, 70, 1, 1}, {1, 3, 7, 5},
        {4, 9, 13, 11}, {65, 3, 1, 1}, {2, 200, 5, 7},  {7, 33, 4, 3},
    };

    (void)unused;
    for (uint32_t i = 0; i < AN_COUNT(shapes); ++i) {
        check(shapes[i], 0, 2 * i);
        check(shapes[i], 1000,
              2 * i + 1); /* a mean far from 0 does not make the variance inexact */
    }
}

/* A session plans for its batch and may run fewer images, as the last of an epoch. */
static void scratch_does_not_depend_on_the_batch(void **unused)
{
    const an_shape shape = {100, 64, 55, 55};
    const an_backend *backend;

    (void)unused;
    for (int i = 0; an_tier_name(i, &backend) != NULL; ++i)
        if (backend != NULL)
            assert_int_equal(backend->batch_norm_scratch(an_shape_with_n(shape, 1)),
                             backend->batch_norm_scratch(shape));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_by_hand),
        cmocka_unit_test(one_value_takes_the_running_statistics),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(gradients_by_hand),
        cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(scratch_does_not_depend_on_the_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
