/*
 * plain_test.c: the plain layers against values worked by hand, and against slow loops in double
 * over random shapes; shapes that do not fit; refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/plain.h"
#include <errno.h>
#include <math.h>

static an_plain_map filled(alexnet_context *ctx, int n, int c, int h, int w, const float *values)
{
    an_plain_map map;

    an_assert_ok(ctx, an_plain_new(ctx, "test", n, c, h, w, &map));
    for (int i = 0; i < n * c * h * w; ++i)
        map.data[i] = values != NULL ? values[i] : (float)((i * 7919) % 201 - 100) / 50;
    return map;
}

/* Compares with the expected values, and frees. */
static void expect(alexnet_context *ctx, an_plain_map *y, int c, int h, int w, const double *values,
                   double tolerance)
{
    assert_int_equal(y->c, c);
    assert_int_equal(y->h, h);
    assert_int_equal(y->w, w);
    for (int i = 0; i < y->n * c * h * w; ++i)
        if (!(fabs((double)y->data[i] - values[i]) <= tolerance * fmax(1, fabs(values[i]))))
            fail_msg("element %d: %.9g, expected %.9g", i, (double)y->data[i], values[i]);
    an_plain_free(ctx, y);
}

/* ---- convolution ---- */

/* 1 2 3       kernel 1 2, pad 1 on the left and 0 elsewhere, stride 1, bias 10
 * 4 5 6              3 4
 *   0*1 + 1*2 + 0*3 + 4*4 + 10 = 28, 1 + 4 + 12 + 20 + 10 = 47, 2 + 6 + 15 + 24 + 10 = 57 */
static void convolution_by_hand(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    const an_plain_window window = {.kernel = {2, 2}, .stride = {1, 1}, .pad = {0, 1, 0, 0}};
    an_plain_map x = filled(ctx, 1, 1, 2, 3, (const float[]){1, 2, 3, 4, 5, 6}), y;

    an_assert_ok(ctx, an_plain_conv2d(ctx, "c", &x, &window, 1, 1, (const float[]){1, 2, 3, 4},
                                      (const float[]){10}, &y));
    expect(ctx, &y, 1, 1, 3, (const double[]){28, 47, 57}, 0);
    an_plain_free(ctx, &x);
}

static float at(const an_plain_map *x, int n, int c, int h, int w)
{
    if (h < 0 || w < 0 || h >= x->h || w >= x->w) return 0;
    return x->data[((n * x->c + c) * x->h + h) * x->w + w];
}

static void convolutions_agree_with_slow_loops(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        int x[4], outputs, groups;
        an_plain_window window;
    } rows[] = {
        {{2, 3, 23, 21}, 4, 1, {.kernel = {11, 11}, .stride = {4, 4}, .pad = {2, 2, 2, 2}}},
        {{1, 4, 13, 13}, 6, 2, {.kernel = {5, 5}, .stride = {1, 1}, .pad = {2, 2, 2, 2}}},
        {{2, 6, 7, 9}, 6, 3, {.kernel = {3, 2}, .stride = {2, 3}, .pad = {1, 0, 0, 1}}},
        {{1, 2, 5, 5}, 3, 1, {.kernel = {5, 5}, .stride = {1, 1}}},
        {{3, 5, 1, 1}, 4, 1, {.kernel = {1, 1}, .stride = {1, 1}}},
        {{1, 1, 3, 4}, 1, 1, {.kernel = {2, 2}, .stride = {100, 7}}},
        {{1, 2, 6, 6}, 2, 1, {.kernel = {3, 3}, .stride = {2, 2}, .up = true}},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_plain_window *window = &rows[i].window;
        const int in = rows[i].x[1] / rows[i].groups, outputs = rows[i].outputs;
        const int area = window->kernel[0] * window->kernel[1];
        an_plain_map x = filled(ctx, rows[i].x[0], rows[i].x[1], rows[i].x[2], rows[i].x[3], NULL);
        an_plain_map weight = filled(ctx, outputs, in, window->kernel[0], window->kernel[1], NULL);
        an_plain_map bias = filled(ctx, 1, outputs, 1, 1, NULL), y;
        const float *b = i % 2 == 0 ? bias.data : NULL;

        an_assert_ok(ctx, an_plain_conv2d(ctx, "c", &x, window, rows[i].groups, outputs,
                                          weight.data, b, &y));
        for (int e = 0; e < y.n * y.c * y.h * y.w; ++e) {
            const int q = e % y.w, p = e / y.w % y.h, k = e / y.w / y.h % y.c;
            double sum = b != NULL ? (double)b[k] : 0, size = fabs(sum);
            for (int c = 0; c < in; ++c)
                for (int t = 0; t < area; ++t) {
                    const int from = k / (outputs / rows[i].groups) * in + c;
                    const int h = p * window->stride[0] - window->pad[0] + t / window->kernel[1];
                    const int w = q * window->stride[1] - window->pad[1] + t % window->kernel[1];
                    const double product = (double)weight.data[(k * in + c) * area + t] *
                                           (double)at(&x, e / y.w / y.h / y.c, from, h, w);
                    sum += product;
                    size += fabs(product);
                }
            /* the terms of one channel are added in float */
            assert_true(fabs((double)y.data[e] - sum) <= (area + 1) * ldexp(1, -24) * size);
        }
        an_plain_free(ctx, &x);
        an_plain_free(ctx, &weight);
        an_plain_free(ctx, &bias);
        an_plain_free(ctx, &y);
    }
}

/* ---- pooling ---- */

/*
 *  1 -2  3  4      3x3 windows, stride 2, rounded up: the second begins at column 2, the second row
 *  5  6  7  8      of windows at row 2
 *  9 10 -1 12
 */
static void pooling_by_hand(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_plain_window window = {.kernel = {3, 3}, .stride = {2, 2}, .up = true};
    const float values[] = {1, -2, 3, 4, 5, 6, 7, 8, 9, 10, -1, 12};
    an_plain_map x = filled(ctx, 1, 1, 3, 4, values), y;

    an_assert_ok(ctx, an_plain_max_pool(ctx, "p", &x, &window, &y));
    expect(ctx, &y, 1, 1, 2, (const double[]){10, 12}, 0);
    an_assert_ok(ctx, an_plain_average_pool(ctx, "p", &x, &window, false, &y));
    expect(ctx, &y, 1, 1, 2, (const double[]){38. / 9, 33. / 6}, 1e-7);
    /* what lies beyond the padding is never counted */
    an_assert_ok(ctx, an_plain_average_pool(ctx, "p", &x, &window, true, &y));
    expect(ctx, &y, 1, 1, 2, (const double[]){38. / 9, 33. / 6}, 1e-7);

    window = (an_plain_window){.kernel = {2, 2}, .stride = {2, 2}, .pad = {1, 1, 0, 0}};
    an_assert_ok(ctx, an_plain_max_pool(ctx, "p", &x, &window, &y));
    expect(ctx, &y, 1, 2, 2, (const double[]){1, 3, 9, 10}, 0);
    an_assert_ok(ctx, an_plain_average_pool(ctx, "p", &x, &window, true, &y));
    expect(ctx, &y, 1, 2, 2, (const double[]){.25, .25, 14. / 4, 22. / 4}, 1e-7);
    an_assert_ok(ctx, an_plain_average_pool(ctx, "p", &x, &window, false, &y));
    expect(ctx, &y, 1, 2, 2, (const double[]){1, .5, 7, 22. / 4}, 1e-7);
    an_plain_free(ctx, &x);
}

/* Rounded up, a window that would begin in the padding after the input is left out: of 4 elements,
   padded by 1, windows of 2 with stride 3 begin at -1 and 2, not at 5. */
static void the_last_window_begins_within_the_input(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        int in, kernel, stride, pad;
        bool up;
        int out;
    } rows[] = {
        {4, 2, 3, 1, true, 2},   {5, 2, 2, 1, true, 3},    {4, 2, 2, 1, true, 3},
        {6, 3, 2, 0, true, 3},   {6, 3, 2, 0, false, 2},   {55, 3, 2, 0, true, 27},
        {32, 3, 2, 0, true, 16}, {32, 3, 2, 0, false, 15}, {2, 3, 2, 1, true, 2},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const int pad = rows[i].pad;
        const an_plain_window window = {.kernel = {rows[i].kernel, 1},
                                        .stride = {rows[i].stride, 1},
                                        .pad = {pad, 0, pad, 0},
                                        .up = rows[i].up};
        an_plain_map x = filled(ctx, 1, 1, rows[i].in, 1, NULL), y;
        an_assert_ok(ctx, an_plain_max_pool(ctx, "p", &x, &window, &y));
        assert_int_equal(y.h, rows[i].out);
        an_plain_free(ctx, &x);
        an_plain_free(ctx, &y);
    }
}

/* ---- normalisation ---- */

static void normalisation_by_hand(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_plain_map x = filled(ctx, 1, 4, 1, 1, (const float[]){1, 2, 3, 4}), y;

    an_assert_ok(ctx, an_plain_lrn_across(ctx, "n", &x, 3, .5, 1, 2, &y));
    expect(ctx, &y, 4, 1, 1, (const double[]){1 / 4.5, 2 / 9., 3 / 16.5, 4 / 14.5}, 1e-7);
    an_assert_ok(ctx, an_plain_lrn_across(ctx, "n", &x, 2, 1, .5, 0, &y)); /* this and the next */
    expect(ctx, &y, 4, 1, 1, (const double[]){1 / sqrt(5), 2 / sqrt(13), 3 / 5., 1}, 1e-7);
    an_plain_free(ctx, &x);

    x = filled(ctx, 1, 1, 2, 3, (const float[]){1, 2, 3, 4, 5, 6});
    an_assert_ok(ctx, an_plain_lrn_within(ctx, "n", &x, 3, 1, .75, 1, &y));
    expect(ctx, &y, 1, 2, 3,
           (const double[]){1 / pow(47, .75), 2 / pow(92, .75), 3 / pow(75, .75), 4 / pow(47, .75),
                            5 / pow(92, .75), 6 / pow(75, .75)},
           1e-7);
    an_assert_status(ctx, an_plain_lrn_within(ctx, "n7", &x, 4, 1, 1, 1, &y), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "n7: a window of size 4");
    an_assert_status(ctx, an_plain_lrn_across(ctx, "n8", &x, 0, 1, 1, 1, &y), ALEXNET_BAD_FILE);
    an_plain_free(ctx, &x);

    /* (x - mean) / sqrt(variance + epsilon) * scale + shift */
    x = filled(ctx, 1, 2, 1, 2, (const float[]){1, 3, 5, 9});
    an_plain_batch_norm(&x, (const float[]){1, 5}, (const float[]){3, 15}, 1, (const float[]){2, 1},
                        (const float[]){0, 10});
    expect(ctx, &x, 2, 1, 2, (const double[]){0, 2, 10, 11}, 1e-7);
    x = filled(ctx, 2, 1, 1, 1, (const float[]){1, 3});
    an_plain_batch_norm(&x, (const float[]){1}, (const float[]){4}, 0, NULL, NULL);
    expect(ctx, &x, 1, 1, 1, (const double[]){0, 1}, 1e-7);
}

/* ---- linear layers, and element by element ---- */

static void linear_layers_agree_with_slow_loops(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const int sizes[] = {1, 15, 16, 17, 1023, 1024, 1025, 3000};

    for (size_t i = 0; i < AN_COUNT(sizes); ++i) {
        an_plain_map x = filled(ctx, 2, sizes[i], 1, 1, NULL), y;
        an_plain_map weight = filled(ctx, 3, sizes[i], 1, 1, NULL);
        double expected[6] = {0};
        for (int k = 0; k < 6; ++k)
            for (int c = 0; c < sizes[i]; ++c)
                expected[k] += (double)weight.data[k % 3 * sizes[i] + c] *
                               (double)x.data[k / 3 * sizes[i] + c];
        an_assert_ok(ctx, an_plain_linear(ctx, "l", &x, 3, weight.data, NULL, &y));
        expect(ctx, &y, 3, 1, 1, expected, 1e-5);
        an_plain_free(ctx, &x);
        an_plain_free(ctx, &weight);
    }
    /* a map is a row in the order channel, row, column */
    an_plain_map x = filled(ctx, 1, 2, 1, 2, (const float[]){1, 2, 3, 4}), y;
    an_assert_ok(ctx, an_plain_linear(ctx, "l", &x, 1, (const float[]){1, 10, 100, 1000},
                                      (const float[]){5}, &y));
    expect(ctx, &y, 1, 1, 1, (const double[]){4326}, 0);
    an_plain_free(ctx, &x);
}

static void element_by_element(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    const float values[] = {-1, 0, 2, -0.5F};
    an_plain_map x = filled(ctx, 1, 4, 1, 1, values);

    an_plain_relu(&x);
    expect(ctx, &x, 4, 1, 1, (const double[]){0, 0, 2, 0}, 0);
    x = filled(ctx, 1, 4, 1, 1, values);
    an_plain_tanh(&x);
    expect(ctx, &x, 4, 1, 1, (const double[]){tanh(-1), 0, tanh(2), tanh(-.5)}, 1e-7);
    x = filled(ctx, 1, 4, 1, 1, values);
    an_plain_sigmoid(&x);
    expect(ctx, &x, 4, 1, 1,
           (const double[]){1 / (1 + exp(1)), .5, 1 / (1 + exp(-2)), 1 / (1 + exp(.5))}, 1e-7);
    /* over the two channels of each of two places; large values do not overflow */
    x = filled(ctx, 1, 2, 1, 2, (const float[]){1000, 0, 1001, 0});
    an_plain_softmax(&x);
    expect(ctx, &x, 2, 1, 2, (const double[]){1 / (1 + exp(1)), .5, 1 / (1 + exp(-1)), .5}, 1e-7);
}

/* ---- refusals ---- */

static void shapes_that_do_not_fit_are_named(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const an_plain_window wrong[] = {
        {.kernel = {4, 1}, .stride = {1, 1}},
        {.kernel = {1, 1}, .stride = {0, 1}},
        {.kernel = {0, 1}, .stride = {1, 1}},
        {.kernel = {2, 1}, .stride = {1, 1}, .pad = {-1, 0, 0, 0}},
    };
    an_plain_map x = filled(ctx, 1, 4, 3, 3, NULL), y;
    const float weight[64] = {0};

    for (size_t i = 0; i < AN_COUNT(wrong); ++i) {
        an_assert_status(ctx, an_plain_conv2d(ctx, "node", &x, &wrong[i], 1, 1, weight, NULL, &y),
                         ALEXNET_BAD_FILE);
        an_assert_error(ctx, "node: a window of");
        assert_null(y.data);
        an_assert_status(ctx, an_plain_max_pool(ctx, "node", &x, &wrong[i], &y), ALEXNET_BAD_FILE);
        an_assert_error(ctx, "node: ");
        an_assert_status(ctx, an_plain_average_pool(ctx, "node", &x, &wrong[i], true, &y),
                         ALEXNET_BAD_FILE);
    }
    const an_plain_window one = {.kernel = {1, 1}, .stride = {1, 1}};
    an_assert_status(ctx, an_plain_conv2d(ctx, "node", &x, &one, 3, 3, weight, NULL, &y),
                     ALEXNET_BAD_FILE);
    an_assert_error(ctx, "do not divide into 3 groups");
    an_assert_status(ctx, an_plain_conv2d(ctx, "node", &x, &one, 2, 3, weight, NULL, &y),
                     ALEXNET_BAD_FILE);
    const an_plain_window beyond = {.kernel = {2, 2}, .stride = {1, 1}, .pad = {0, 0, 0, 2}};
    an_assert_status(ctx, an_plain_max_pool(ctx, "node", &x, &beyond, &y), ALEXNET_BAD_FILE);
    an_assert_error(ctx, "a padding of 2 reaches past a window of 2");
    const an_plain_window huge = {.kernel = {1, 1}, .stride = {1, 1}, .pad = {1 << 30, 0, 1 << 30}};
    an_assert_status(ctx, an_plain_conv2d(ctx, "node", &x, &huge, 1, 1, weight, NULL, &y),
                     ALEXNET_BAD_FILE);
    an_assert_status(ctx, an_plain_new(ctx, "node", 1, 0, 1, 1, &y), ALEXNET_BAD_FILE);
    an_assert_status(ctx, an_plain_new(ctx, "node", 1 << 30, 1 << 30, 4, 4, &y), ALEXNET_BAD_FILE);
    an_plain_free(ctx, &x);
}

static void refused_memory_is_reported(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    const an_plain_window window = {.kernel = {3, 3}, .stride = {1, 1}};
    an_plain_map x = filled(ctx, 1, 2, 4, 4, NULL), y;
    const float weight[18] = {0};

    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        const alexnet_status status =
            an_plain_conv2d(ctx, "node", &x, &window, 1, 1, weight, NULL, &y);
        if (!an_test_fault_disarm(&fault)) {
            an_assert_ok(ctx, status);
            break;
        }
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
        an_assert_error(ctx, "node: no memory");
        assert_null(y.data);
    }
    an_plain_free(ctx, &x);
    an_plain_free(ctx, &y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(convolution_by_hand),
        an_test_in_place(convolutions_agree_with_slow_loops),
        an_test_in_place(pooling_by_hand),
        an_test_in_place(the_last_window_begins_within_the_input),
        an_test_in_place(normalisation_by_hand),
        an_test_in_place(linear_layers_agree_with_slow_loops),
        an_test_in_place(element_by_element),
        an_test_in_place(shapes_that_do_not_fit_are_named),
        an_test_in_place(refused_memory_is_reported),
    };

    return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
