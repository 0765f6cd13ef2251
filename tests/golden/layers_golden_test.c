/*
 * layers_golden_test.c: single layers against PyTorch and numpy in float64. Expected numbers, and
 * the bounds of their errors, are in layers.json, made by layers_golden.py, which states the
 * formula of the inputs and the reason for the bounds.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/json.h"
#include "golden/formula.h"
#include "layers/check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *take(int64_t count)
{
    float *values = malloc((size_t)count * sizeof *values);

    assert_non_null(values);
    return values;
}

static void give(const char *name, int64_t count, float *out)
{
    static const struct {
        const char *name;
        float offset, scale;
    } formula[] = {
        {"x", 1, 2},
        {"dy", 0, 1},
        {"weight", 1, 0.5F},
        {"bias", 0, 0.5F},
        {"running_mean", 0, 0.5F},
        {"running_var", 1, 0.5F},
    };
    size_t i = 0;

    while (strcmp(formula[i].name, name) != 0)
        ++i;
    formula_give(name, formula[i].offset, formula[i].scale, count, out);
}

/* A parameter's name without its layer. */
static const char *own_name(const an_param *param) { return strchr(param->name, '.') + 1; }

static void check(const json_t *tensors, const char *name, const float *found, int64_t count)
{
    const json_t *tensor = json_object_get(tensors, name);
    const json_t *values = json_object_get(tensor, "values");
    const double bound = an_json_get_real(tensor, "bound", 0);

    assert_int_equal(json_array_size(values), count);
    for (int64_t i = 0; i < count; ++i) {
        const double expected = json_number_value(json_array_get(values, (size_t)i));
        if (!(fabs((double)found[i] - expected) <= bound))
            fail_msg("%s[%lld]: %.9g, expected %.9g within %.3g", name, (long long)i,
                     (double)found[i], expected, bound);
    }
}

static void open_case(check_layer *c, const json_t *test, const char *tier, an_mode mode)
{
    const json_t *x = json_object_get(test, "x");
    int shape[4];

    for (size_t i = 0; i < 4; ++i)
        shape[i] = (int)json_integer_value(json_array_get(x, i));
    check_open(c, tier, an_json_get_text(test, "type", ""), an_json_get_text(test, "settings", ""),
               (an_shape){shape[0], shape[1], shape[2], shape[3]}, mode);
    for (int i = 0; i < c->params.count; ++i)
        give(own_name(&c->params.items[i]), c->params.items[i].count, c->w[i]);
}

/* Gradients; for statistics, the running value after one update. */
static void check_param(const check_layer *c, const json_t *tensors, int index)
{
    const an_param *param = &c->params.items[index];
    const float *found = c->dw[index];

    if (param->role == AN_PARAM_STATISTIC) {
        an_assert_ok(c->ctx,
                     an_context_backend(c->ctx)->average(&c->run, (float)param->lr_multiplier,
                                                         param->count, found, c->w[index]));
        found = c->w[index];
    }
    check(tensors, own_name(param), found, param->count);
}

static void check_case(const json_t *test, const char *tier)
{
    const json_t *tensors = json_object_get(test, "tensors");
    check_layer c;

    open_case(&c, test, tier, AN_TRAIN);
    const int64_t x_count = an_shape_count(c.x_shape), y_count = an_shape_count(c.y_shape);
    float *x = take(x_count), *dx = take(x_count), *y = take(y_count), *dy = take(y_count);
    give("x", x_count, x);
    give("dy", y_count, dy);
    check_forward(&c, x, y);
    check(tensors, "y", y, y_count);
    check_backward(&c, dy, dx);
    check(tensors, "dx", dx, x_count);
    for (int i = 0; i < c.params.count; ++i)
        check_param(&c, tensors, i);
    check_close(&c);

    open_case(&c, test, tier, AN_INFER);
    check_forward(&c, x, y);
    check(tensors, json_object_get(tensors, "inference") != NULL ? "inference" : "y", y, y_count);
    check_close(&c);
    free(x);
    free(dx);
    free(y);
    free(dy);
}

static void layers_agree_with_float64(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    json_t *golden;

    (void)unused;
    an_assert_ok(ctx, an_json_read(ctx, GOLDEN_FOLDER "/layers.json", &golden));
    const json_t *cases = json_object_get(golden, "cases");
    assert_true(json_array_size(cases) >= 5);
    for (size_t i = 0; i < json_array_size(cases); ++i)
        for (int t = 0; check_tier(t) != NULL; ++t)
            check_case(json_array_get(cases, i), check_tier(t));
    json_decref(golden);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_agree_with_float64)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
