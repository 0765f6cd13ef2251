/*
 * recipe_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/model.h"
#include "image/preprocess.h"
#include "train/recipe.h"
#include "train/schedule.h"
#include <string.h>

static void every_recipe_parses_with_its_schedule_and_augmentation(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    assert_true(alexnet_recipe_count() >= 3);
    for (int i = 0; i < alexnet_recipe_count(); ++i) {
        an_recipe recipe;
        an_schedule schedule;
        an_augment augment;
        an_assert_ok(ctx, an_recipe_find(ctx, alexnet_recipe_name(i), &recipe));
        an_assert_ok(ctx, an_schedule_parse(ctx, recipe.schedule, &schedule));
        an_assert_ok(ctx, an_augment_parse(ctx, recipe.augment, &augment));
        assert_true(recipe.lr > 0 && recipe.epochs > 0 && recipe.batch > 0);
        assert_non_null(strstr(alexnet_recipe_settings(i), "lr="));
    }
    assert_null(alexnet_recipe_name(-1));
    assert_null(alexnet_recipe_name(alexnet_recipe_count()));
    assert_null(alexnet_recipe_settings(alexnet_recipe_count()));
    an_test_close(ctx, NULL);
}

/* FACTS of pytorch/vision's references/classification, and of layer-params-19pct.cfg. */
static void the_recipes_of_others_are_as_published(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_recipe r;

    (void)unused;
    an_assert_ok(ctx, an_recipe_find(ctx, "torchvision", &r));
    assert_int_equal(r.batch, 256);
    assert_true(r.lr == 0.01 && r.momentum == 0.9 && r.weight_decay == 1e-4 && r.epochs == 90);
    assert_true(r.bias_lr == 1 && r.bias_decay == 1);
    assert_string_equal(r.schedule, "step:30,0.1");
    assert_string_equal(r.augment, "rrc,flip");
    assert_int_equal(r.update, AN_UPDATE_TORCH);
    assert_int_equal(r.init, AN_RECIPE_INIT_FAMILY);

    an_assert_ok(ctx, an_recipe_find(ctx, "cifar-19pct", &r));
    assert_int_equal(r.batch, 128);
    assert_true(r.lr == 0.001 && r.momentum == 0.9 && r.weight_decay == 0.004);
    assert_string_equal(r.augment, "none");
    assert_int_equal(r.update, AN_UPDATE_PAPER);
    an_test_close(ctx, NULL);
}

static void every_family_has_its_recipe(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    const an_family *family;

    (void)unused;
    for (int i = 0; (family = an_family_at(i)) != NULL; ++i) {
        an_recipe recipe;
        an_assert_ok(ctx, an_recipe_find(ctx, family->recipe, &recipe));
    }
    an_test_close(ctx, NULL);
}

static void an_unknown_name_gets_the_nearest(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    an_recipe recipe;

    (void)unused;
    an_assert_status(ctx, an_recipe_find(ctx, "torchvison", &recipe), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "did you mean 'torchvision'?");
    an_assert_status(ctx, an_recipe_find(ctx, "zzzzzzzzzzzz", &recipe), ALEXNET_BAD_ARG);
    an_assert_error(ctx, "quick");
    an_test_close(ctx, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recipe_parses_with_its_schedule_and_augmentation),
        cmocka_unit_test(the_recipes_of_others_are_as_published),
        cmocka_unit_test(every_family_has_its_recipe),
        cmocka_unit_test(an_unknown_name_gets_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
