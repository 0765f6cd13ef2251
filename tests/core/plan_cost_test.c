/*
 * plan_cost_test.c: the passes of plans: which exist, what they count, and that each has a time.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/plan_cost.h"
#include <stdlib.h>
#include <string.h>

/* The passes of a family's plan; free `rows`. */
static an_pass_estimate *predict(const char *family, an_mode mode, int batch, int *count)
{
    alexnet_context *ctx;
    alexnet_model *model;
    an_plan plan;

    assert_int_equal(alexnet_open(&(alexnet_options){.struct_size = sizeof(alexnet_options),
                                                     .cpu = "portable",
                                                     .threads = 2},
                                  &ctx),
                     ALEXNET_OK);
    assert_int_equal(alexnet_model_describe(ctx, family, NULL, &model), ALEXNET_OK);
    assert_int_equal(an_plan_open(model, mode, batch, 0, model->node_count - 1, &plan), ALEXNET_OK);
    an_pass_estimate *rows = calloc(3 * (size_t)plan.step_count, sizeof *rows);
    assert_non_null(rows);
    *count = an_plan_estimate(&plan, rows);
    for (int i = 0; i < *count; ++i) /* those beyond the plan are not read */
        rows[i].step = NULL;
    an_plan_close(ctx, &plan);
    alexnet_model_free(model);
    alexnet_close(ctx);
    return rows;
}

static double sum_of(const an_pass_estimate *rows, int count, bool seconds)
{
    double sum = 0;

    for (int i = 0; i < count; ++i)
        sum += seconds ? rows[i].cost.seconds : rows[i].macs;
    return sum;
}

/* 714,188,480 multiply-adds an image; training three times that, less the gradient of the
   images. */
static void operations_are_those_of_the_definition(void **unused)
{
    const double macs = 714188480, first = 70276800;
    int count;

    (void)unused;
    an_pass_estimate *rows = predict("torchvision", AN_INFER, 3, &count);
    assert_true(sum_of(rows, count, false) == 3 * macs);
    free(rows);
    rows = predict("torchvision", AN_TRAIN, 3, &count);
    assert_true(sum_of(rows, count, false) == 3 * (3 * macs - first));
    free(rows);
}

static void every_pass_takes_time(void **unused)
{
    static const char *const families[] = {"torchvision", "paper",       "slim",
                                           "bn",          "cifar-19pct", "cifar-11pct"};

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(families); ++i) {
        double before = 0;
        for (int batch = 1; batch <= 64; batch *= 8) {
            int count;
            an_pass_estimate *rows = predict(families[i], AN_TRAIN, batch, &count);
            for (int j = 0; j < count; ++j)
                assert_true(rows[j].cost.seconds > 0);
            assert_true(sum_of(rows, count, true) > before);
            before = sum_of(rows, count, true);
            free(rows);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_those_of_the_definition),
        cmocka_unit_test(every_pass_takes_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
