/*
 * param_test.c: the parameter table and initial weights.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/param.h"
#include <math.h>

static void rules_are_parsed(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_init rule;

    (void)unused;
    an_assert_ok(ctx, an_init_parse(ctx, "w", "normal:0.01", &rule));
    assert_true(rule.kind == AN_INIT_NORMAL && rule.value == 0.01);
    an_assert_ok(ctx, an_init_parse(ctx, "w", "const:-7", &rule));
    assert_true(rule.kind == AN_INIT_CONST && rule.value == -7);
    an_assert_ok(ctx, an_init_parse(ctx, "w", "torch", &rule));
    assert_true(rule.kind == AN_INIT_TORCH);
    static const char *const bad[] = {"",        "normal",  "normal:", "normal:x",
                                      "torch:1", "gauss:1", "he:2"};
    for (size_t i = 0; i < AN_COUNT(bad); ++i) {
        an_assert_status(ctx, an_init_parse(ctx, "conv1.weight", bad[i], &rule), ALEXNET_BAD_ARG);
        an_assert_error(ctx, "conv1.weight");
    }
    an_test_close(ctx, NULL);
}

static void offsets_are_aligned_and_apart(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_param_list list = {0};
    size_t end = 0;

    (void)unused;
    for (int i = 1; i <= 40; ++i) {
        const int64_t shape[] = {i, 3};
        an_param *param;

        an_assert_ok(ctx,
                     an_param_add(ctx, &list, "layer", AN_PARAM_WEIGHT, NULL, 2, shape, &param));
        assert_int_equal(param->count, 3 * i);
        assert_int_equal(param->offset % 16, 0);
        assert_true(param->offset >= end);
        end = param->offset + (size_t)param->count;
    }
    assert_true(list.values >= end);
    an_param_list_free(ctx, &list);
    an_test_close(ctx, NULL);
}

static void absurd_shapes_are_refused(void **unused)
{
    static const int64_t shapes[][2] = {{0, 3}, {-1, 3}, {(int64_t)1 << 40, (int64_t)1 << 40}};
    alexnet_context *ctx = an_test_open(NULL);
    an_param_list list = {0};
    an_param *param;

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(shapes); ++i)
        an_assert_status(
            ctx, an_param_add(ctx, &list, "fc", AN_PARAM_WEIGHT, NULL, 2, shapes[i], &param),
            ALEXNET_BAD_SHAPE);
    assert_int_equal(list.count, 0);
    an_param_list_free(ctx, &list);
    an_test_close(ctx, NULL);
}

enum { COUNT = 40001 };
static float values[COUNT], again[COUNT];

/* Mean and deviation are those of the rule, within five standard errors; the same seed and index
 * give the same bits. */
static void initial_weights_follow_their_rule(void **unused)
{
    static const struct {
        an_init rule;
        double sd, limit;
    } rows[] = {
        {{AN_INIT_NORMAL, 0.01}, 0.01, 0.01 * 6.7},
        /* U(-b, b) has deviation b / sqrt 3 */
        {{AN_INIT_TORCH, 0}, 0.1 / 1.7320508, 0.1},
        {{AN_INIT_HE, 0}, 0.14142136, 0.1414 * 6.7},
        {{AN_INIT_GLOROT, 0}, 0.2 / 1.7320508, 0.2},
        {{AN_INIT_TRUNCATED, 0.01}, 0.0087962566, 0.02}, /* .8796 of the untruncated */
    };
    const an_param param = {.count = COUNT, .fan_in = 100, .fan_out = 50};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        double sum = 0, squares = 0;

        an_param_init(&param, rows[i].rule, 5, 3, values);
        an_param_init(&param, rows[i].rule, 5, 3, again);
        assert_memory_equal(values, again, sizeof values);
        an_param_init(&param, rows[i].rule, 5, 4, again);
        assert_memory_not_equal(values, again, sizeof values);
        for (size_t j = 0; j < COUNT; ++j) {
            sum += (double)values[j];
            squares += (double)values[j] * (double)values[j];
            assert_true(fabs((double)values[j]) <= rows[i].limit);
        }
        assert_true(fabs(sum / COUNT) < 5 * rows[i].sd / sqrt(COUNT));
        assert_true(fabs(sqrt(squares / COUNT) - rows[i].sd) < 5 * rows[i].sd / sqrt(2.0 * COUNT));
    }
}

static void names_follow_the_naming(void **unused)
{
    static const int64_t shape[] = {1};
    alexnet_context *ctx = an_test_open(NULL);
    an_param_list list = {0};
    an_param *param;

    (void)unused;
    an_assert_ok(ctx, an_param_add(ctx, &list, "fc", AN_PARAM_WEIGHT, NULL, 1, shape, &param));
    assert_string_equal(param->name, "fc.weight");
    an_assert_ok(ctx, an_param_add(ctx, &list, "fc", AN_PARAM_BIAS, NULL, 1, shape, &param));
    assert_string_equal(param->name, "fc.bias");
    assert_int_equal(param->role, AN_PARAM_BIAS);
    list.naming = (an_naming){"net/", "/weights", "/biases"};
    an_assert_ok(ctx, an_param_add(ctx, &list, "fc", AN_PARAM_WEIGHT, NULL, 1, shape, &param));
    assert_string_equal(param->name, "net/fc/weights");
    an_assert_ok(ctx, an_param_add(ctx, &list, "fc", AN_PARAM_BIAS, NULL, 1, shape, &param));
    assert_string_equal(param->name, "net/fc/biases");
    an_assert_ok(ctx,
                 an_param_add(ctx, &list, "bn", AN_PARAM_STATISTIC, "/mean", 1, shape, &param));
    assert_string_equal(param->name, "net/bn/mean");
    an_param_list_free(ctx, &list);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_parsed),
        cmocka_unit_test(offsets_are_aligned_and_apart),
        cmocka_unit_test(absurd_shapes_are_refused),
        cmocka_unit_test(initial_weights_follow_their_rule),
        cmocka_unit_test(names_follow_the_naming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
