/*
 * math_tmpl_test.c: exponentials, powers and functions made of them, against libm in double.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "cpu/guarded.h"
#include "cpu/trial.h"
#include <float.h>
#include <math.h>

#define POINTS 4096

typedef struct function_check {
    const an_backend *backend;
    double x[POINTS], exact[POINTS], bound; /* relative, in FLT_EPSILON */
    float found[POINTS];
} function_check;

static void check_function(const function_check *f, const char *name)
{
    for (int i = 0; i < POINTS; ++i)
        if (!(fabs((double)f->found[i] - f->exact[i]) <=
              f->bound * (double)FLT_EPSILON * fabs(f->exact[i])))
            fail_msg("%s, %s of %.9g: %.9g, expected %.9g", name, f->backend->tier, f->x[i],
                     (double)f->found[i], f->exact[i]);
}

/* From -last to last, half of them near 0 on every scale down to 1e-20. */
static double point(int i, double last)
{
    const double part = (2.0 * i + 1 - POINTS) / POINTS;

    return i % 2 == 0 ? part * last : copysign(last * pow(1e-20 / last, 1 - fabs(part)), part);
}

static void check_tanh_and_sigmoid(const an_backend *backend)
{
    function_check f = {.backend = backend};
    const an_run run = {.threads = 2};
    float x[POINTS];

    for (int i = 0; i < POINTS; ++i) {
        x[i] = (float)point(i, 80);
        f.x[i] = (double)x[i];
        f.exact[i] = tanh(f.x[i]);
    }
    f.bound = 3;
    assert_int_equal(backend->tanh(&run, 1, 1, POINTS, x, f.found), ALEXNET_OK);
    check_function(&f, "tanh");
    for (int i = 0; i < POINTS; ++i)
        f.exact[i] = 1 / (1 + exp(-f.x[i]));
    f.bound = 2;
    assert_int_equal(backend->sigmoid(&run, POINTS, x, f.found), ALEXNET_OK);
    check_function(&f, "sigmoid");
}

/* Rows of two classes, 0 and x: the second has e^x / (1 + e^x), and the loss of the first is ln(1 +
   e^x). */
static void check_softmax(const an_backend *backend)
{
    function_check f = {.backend = backend, .bound = 3};
    const an_run run = {.threads = 2};
    float x[POINTS][2] = {{0}}, y[POINTS][2];
    int32_t labels[POINTS] = {0};

    for (int i = 0; i < POINTS; ++i) {
        x[i][1] = (float)-fabs(point(i, 80));
        f.x[i] = (double)x[i][1];
        f.exact[i] = exp(f.x[i]) / (1 + exp(f.x[i]));
    }
    assert_int_equal(backend->softmax(&run, (an_shape){POINTS, 2, 1, 1}, x[0], y[0]), ALEXNET_OK);
    for (int i = 0; i < POINTS; ++i)
        f.found[i] = y[i][1];
    check_function(&f, "softmax");

    for (int i = 0; i < POINTS; ++i) { /* beyond, e^x is lost beside 1 even in double */
        x[i][1] = (float)-fabs(point(i, 15));
        f.x[i] = (double)x[i][1];
        f.exact[i] = log(1 + exp(f.x[i]));
    }
    assert_int_equal(
        backend->cross_entropy(&run, POINTS, 2, x[0], &(an_targets){.labels = labels}, f.found),
        ALEXNET_OK);
    check_function(&f, "cross entropy");
}

/* A map of ones and no sum: y = k^-beta. */
static void check_powers(const an_backend *backend, float beta)
{
    function_check f = {.backend = backend, .bound = 2 + 0.5 * (double)beta};
    an_lrn g = {.n = 1, .c = 1, .h = 1, .w = 1, .size = 1, .groups = 1, .beta = beta};
    guarded scratch = guarded_new(backend->lrn_scratch(&g, 1));
    const an_run run = {1, scratch.data, scratch.bytes};
    const float one = 1;

    for (int i = 0; i < POINTS; ++i) { /* 1e-6 to 1e6 */
        g.k = (float)pow(10, 12.0 * i / POINTS - 6);
        f.x[i] = (double)g.k;
        f.exact[i] = pow(f.x[i], -(double)beta);
        assert_int_equal(backend->lrn(&run, &g, &one, &f.found[i], NULL), ALEXNET_OK);
    }
    check_function(&f, "power");
    guarded_free(&scratch);
}

static void check_functions(const an_backend *backend)
{
    check_tanh_and_sigmoid(backend);
    check_softmax(backend);
    check_powers(backend, 0.75f);
    check_powers(backend, 0.5f);
    check_powers(backend, 1);
    check_powers(backend, 4);
}

static void check_special_values(const an_backend *backend)
{
    const an_run run = {.threads = 1};
    const float x[] = {-INFINITY, -200, -0.0f, 0, 200, INFINITY, NAN};
    const float tanh_of[] = {-1, -1, 0, 0, 1, 1}, sigmoid_of[] = {0, 0, 0.5f, 0.5f, 1, 1};
    float y[AN_COUNT(x)];

    assert_int_equal(backend->tanh(&run, 1, 1, AN_COUNT(x), x, y), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(tanh_of); ++i)
        assert_true(y[i] == tanh_of[i]);
    assert_true(isnan(y[6]));
    assert_int_equal(backend->sigmoid(&run, AN_COUNT(x), x, y), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(sigmoid_of); ++i)
        assert_true(y[i] == sigmoid_of[i]);
    assert_true(isnan(y[6]));
    assert_int_equal(backend->softmax(&run, (an_shape){1, 2, 1, 1}, (const float[]){0, -200}, y),
                     ALEXNET_OK);
    assert_true(y[0] == 1 && y[1] == 0);
    assert_int_equal(backend->softmax(&run, (an_shape){1, 2, 1, 1}, (const float[]){0, NAN}, y),
                     ALEXNET_OK);
    assert_true(isnan(y[0]) && isnan(y[1]));
}

static void functions_keep_their_bounds(void **unused)
{
    (void)unused;
    for_each_tier(check_functions);
}

static void functions_take_any_value(void **unused)
{
    (void)unused;
    for_each_tier(check_special_values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_keep_their_bounds),
        cmocka_unit_test(functions_take_any_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
