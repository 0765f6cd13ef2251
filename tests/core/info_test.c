/*
 * info_test.c: the facts of info that are not a family's numbers.
 * SPDX-License-Identifier: MIT
 */
#include "infer/tiny.h"

#include "core/model.h"
#include <string.h>

static void families_are_listed_with_their_numbers(void **unused)
{
    alexnet_context *ctx;
    alexnet_family_info family;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    assert_true(alexnet_family_count() >= 3);
    an_assert_ok(ctx, alexnet_get_family(ctx, 0, &family));
    assert_string_equal(family.name, "torchvision");
    assert_int_equal(family.parameters, 61100840);
    an_assert_status(ctx, alexnet_get_family(ctx, alexnet_family_count(), &family),
                     ALEXNET_BAD_ARG);
    an_assert_status(ctx, alexnet_get_family(ctx, -1, &family), ALEXNET_BAD_ARG);
    alexnet_close(ctx);
}

/* Training holds weights, momentum and the gradients that backward stores: of torchvision's
   61,100,840 parameters 58,621,952 are weights of linear layers. Its activations grow with the
   batch. */
static void memory_follows_the_plan(void **unused)
{
    alexnet_context *ctx;
    alexnet_model *model;
    alexnet_memory_info few, many, infer;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "torchvision", NULL, &model));
    /* enough images for the same algorithms */
    an_assert_ok(ctx, alexnet_model_get_memory(model, 32, 1, &few));
    an_assert_ok(ctx, alexnet_model_get_memory(model, 512, 1, &many));
    an_assert_ok(ctx, alexnet_model_get_memory(model, 512, 0, &infer));
    assert_true(few.weights >= 4 * 61100840 && few.momentum == few.weights);
    assert_in_range(few.gradients, 4 * 2478888, 4 * 2478888 + 1024);
    assert_true(many.activations > 15 * few.activations && many.activations < 17 * few.activations);
    assert_true(infer.gradients == 0 && infer.momentum == 0 &&
                infer.activations < many.activations);
    assert_int_equal(few.total,
                     few.weights + few.gradients + few.momentum + few.activations + few.scratch);
    an_assert_status(ctx, alexnet_model_get_memory(model, 0, 1, &few), ALEXNET_BAD_ARG);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* int8 is for inference only: a plan of training in it could not be run. */
static void a_plan_can_be_run(void **unused)
{
    const alexnet_options options = {.struct_size = sizeof options, .dtype = ALEXNET_INT8};
    alexnet_pass_info passes[64];
    alexnet_context *ctx;
    alexnet_model *model;
    int count;

    (void)unused;
    assert_int_equal(alexnet_open(&options, &ctx), ALEXNET_OK);
    an_assert_ok(ctx, alexnet_model_describe(ctx, "cifar-19pct", NULL, &model));
    an_assert_ok(ctx, alexnet_model_get_plan(model, 8, 0, passes, 64, &count));
    assert_true(count > 0);
    an_assert_status(ctx, alexnet_model_get_plan(model, 8, 1, passes, 64, &count), ALEXNET_BAD_ARG);
    assert_int_equal(count, 0);
    alexnet_model_free(model);
    alexnet_close(ctx);
}

/* conv1 168, norm1 12, local2 4400, fc3 567, norm3 14, fc4 24; statistics are stored, but not
   counted. */
static void running_statistics_are_not_counted(void **unused)
{
    alexnet_context *ctx = an_tiny_open(NULL, 1);
    alexnet_model *model = an_tiny_normed(ctx, 3, 1);
    alexnet_model_info info;

    (void)unused;
    alexnet_model_get_info(model, &info);
    assert_int_equal(info.parameters, 5185);
    assert_int_equal(model->params.count, 16);
    alexnet_model_free(model);
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_listed_with_their_numbers),
        cmocka_unit_test(running_statistics_are_not_counted),
        cmocka_unit_test(memory_follows_the_plan),
        cmocka_unit_test(a_plan_can_be_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
