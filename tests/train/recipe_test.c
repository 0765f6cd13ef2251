/*
 * recipe_test.c: every recipe parses, and has the published numbers.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "core/model.h"
#include "image/preprocess.h"
#include "train/optimiser.h"
#include "train/recipe.h"
#include <math.h>
#include <string.h>

static void every_recipe_parses_with_its_words(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    assert_true(alexnet_recipe_count() >= 3);
    for (int i = 0; i < alexnet_recipe_count(); ++i) {
        an_recipe recipe;
        an_schedule weights, biases;
        an_augment augment;
        an_events events;
        an_assert_ok(ctx, an_recipe_find(ctx, alexnet_recipe_name(i), &recipe));
        an_assert_ok(ctx, an_recipe_schedules(ctx, &recipe, &weights, &biases));
        an_assert_ok(ctx, an_events_parse(ctx, recipe.events, &events));
        an_assert_ok(ctx, an_augment_parse(ctx, recipe.augment, &augment));
        assert_true(recipe.lr > 0 && recipe.epochs > 0 && recipe.batch > 0);
        assert_non_null(strstr(alexnet_recipe_settings(i), "lr="));
    }
    assert_null(alexnet_recipe_name(-1));
    assert_null(alexnet_recipe_name(alexnet_recipe_count()));
    assert_null(alexnet_recipe_settings(alexnet_recipe_count()));
    an_test_close(ctx, NULL);
}

/* Facts from pytorch/vision's references/classification, and from layer-params-19pct.cfg. */
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

    an_assert_ok(ctx, an_recipe_find(ctx, "paper-run", &r));
    assert_int_equal(r.batch, 128);
    assert_true(r.epochs == 91);
    assert_string_equal(r.augment, "crop,flip,pca");

    an_assert_ok(ctx, an_recipe_find(ctx, "slim", &r));
    assert_int_equal(r.update, AN_UPDATE_RMSPROP);
    assert_int_equal(r.batch, 32);
    assert_true(r.rho == 0.9 && r.momentum == 0.9 && r.epsilon == 1 && r.smoothing == 0);

    an_assert_ok(ctx, an_recipe_find(ctx, "bn", &r));
    assert_int_equal(r.update, AN_UPDATE_TORCH);
    assert_true(r.batch == 128 && r.epochs == 55);
    an_test_close(ctx, NULL);
}

/*
 * One of a family's parameters at one step: the result of its recipe's values, schedules and
 * events, and of its model's table. Epochs have 10 steps.
 */
typedef struct moment {
    const char *family, *param;
    double epoch;
    int64_t drops; /* of a plateau */
    double lr, decay;
} moment;

static const an_node *node_of(const alexnet_model *model, int param)
{
    for (const an_node *node = model->nodes; node < model->nodes + model->node_count; ++node)
        if (param >= node->first_param && param < node->first_param + node->param_count)
            return node;
    return NULL;
}

static void check_moment(alexnet_context *ctx, const moment *m)
{
    const an_family *family = an_family_find(m->family);
    const alexnet_model_options options = alexnet_model_options_default();
    const an_plateau seen = {.drops = m->drops};
    an_schedule weights, biases;
    an_events events;
    an_recipe recipe;
    alexnet_model *model;

    an_assert_ok(ctx, alexnet_model_describe(ctx, m->family, &options, &model));
    an_assert_ok(ctx, an_recipe_find(ctx, family->recipe, &recipe));
    an_assert_ok(ctx, an_recipe_schedules(ctx, &recipe, &weights, &biases));
    an_assert_ok(ctx, an_events_parse(ctx, recipe.events, &events));
    const int index = an_model_find_param(model, m->param);
    assert_true(index >= 0);
    const int64_t step = (int64_t)(m->epoch * 10), total = (int64_t)(recipe.epochs * 10);
    const an_course course = an_course_start(total);
    const an_rates rates = {
        .weights =
            recipe.lr * an_schedule_factor(&weights, step, 10, &course, &seen, AN_SCHEDULE_UNBOUND),
        .biases =
            recipe.lr * an_schedule_factor(&biases, step, 10, &course, &seen, AN_SCHEDULE_UNBOUND),
    };
    const an_factors factors = an_events_at(&events, m->epoch, node_of(model, index));
    const an_rule rule = an_optimiser_rule(&recipe, &model->params.items[index], &rates, &factors);
    if (!(fabs(rule.lr - m->lr) <= 1e-9 * m->lr && fabs(rule.weight_decay - m->decay) <= 1e-12))
        fail_msg("%s, %s, epoch %g: rate %.9g, decay %.9g, expected %.9g, %.9g", m->family,
                 m->param, m->epoch, rule.lr, rule.weight_decay, m->lr, m->decay);
    assert_int_equal(rule.still, m->lr == 0);
    alexnet_model_free(model);
}

/* Values from the sources. */
static void rates_and_decays_are_the_published_ones(void **unused)
{
    static const moment rows[] = {
        {"paper", "conv1.weight", 0, 0, 0.01, 5e-4},
        {"paper", "conv1.bias", 40, 3, 1e-5, 5e-4},
        {"paper-run", "conv1.weight", 0, 0, 0.01, 5e-4},
        {"paper-run", "conv1.bias", 0, 0, 0.02, 0},
        {"paper-run", "conv2.weight", 25, 0, 1e-3, 5e-4},
        {"paper-run", "conv2.weight", 51, 0, 1e-4, 5e-4},
        {"paper-run", "conv1.weight", 67, 0, 1e-5, 5e-4},
        {"paper-run", "conv2.weight", 67, 0, 1e-4, 5e-4},
        {"paper-run", "conv1.weight", 80, 0, 0, 5e-4},
        {"paper-run", "conv1.bias", 72, 0, 0, 0},
        {"paper-run", "conv2.weight", 79, 0, 1e-5, 5e-4},
        {"paper-run", "fc1000.bias", 90, 0, 0.02, 0},
        {"owt", "conv1.weight", 0, 0, 0.01, 5e-4},
        {"owt", "conv1.weight", 22.5, 0, 0.0015874010519682, 5e-4},
        {"owt", "conv1.weight", 67.5, 0, 4e-5, 5e-4},
        {"owt", "conv1.bias", 44.9, 0, 0.02, 0},
        {"owt", "conv1.bias", 45, 0, 0.002, 0},
        {"torchvision", "features.0.bias", 30, 0, 0.001, 1e-4},
        {"slim", "alexnet_v2/conv1/weights", 4, 0, 0.01 * 0.94 * 0.94, 4e-5},
        {"slim", "alexnet_v2/conv1/biases", 0, 0, 0.01, 0},
        {"caffe", "conv1.weight", 20, 0, 0.001, 5e-4},
        {"caffenet", "conv1.bias", 80, 0, 2e-6, 0},
        {"bn", "conv1.weight", 17.9, 0, 0.01, 5e-4},
        {"bn", "conv1.bias", 18, 0, 0.005, 5e-4},
        {"bn", "conv1.weight", 29, 0, 0.001, 0},
        {"bn", "bn1.weight", 43, 0, 5e-4, 0},
        {"bn", "fc8.bias", 54, 0, 1e-4, 0},
        {"cifar-80sec", "fc10.weight", 7, 0, 1e-3, 0.03},
        {"cifar-80sec", "fc10.bias", 8, 0, 2e-4, 0},
        {"cifar-19pct", "fc10.weight", 139, 0, 1e-3, 3},
        {"cifar-18pct", "fc10.weight", 120, 0, 1e-4, 1},
        {"cifar-18pct", "conv1.bias", 130, 0, 2e-5, 0},
        {"cifar-13pct", "local3.weight", 140, 0, 1e-4, 0.004},
        {"cifar-13pct", "conv1.weight", 150, 0, 1e-5, 0},
        {"cifar-13pct", "conv1.bias", 150, 0, 0.002, 0},
        {"cifar-11pct", "fc10.weight", 499, 0, 1e-3, 0.01},
        {"cifar-11pct", "fc10.weight", 500, 0, 1e-4, 0.01},
        {"cifar-11pct", "fc10.weight", 519, 0, 1e-5, 0.01},
        {"figure1-relu", "fc10.weight", 0, 0, 1e-3, 0},
        {"figure1-tanh", "conv1.bias", 39, 0, 2e-3, 0},
    };
    alexnet_context *ctx = an_test_open(NULL);

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        check_moment(ctx, &rows[i]);
    an_test_close(ctx, NULL);
}

/*
 * Every recipe parses, with its schedules, augmentation and events; the events' layers exist in its
 * model.
 */
static void every_family_has_its_recipe(void **unused)
{
    const alexnet_model_options options = alexnet_model_options_default();
    alexnet_context *ctx = an_test_open(NULL);
    const an_family *family;

    (void)unused;
    for (int i = 0; (family = an_family_at(i)) != NULL; ++i) {
        alexnet_model *model;
        an_recipe recipe;
        an_schedule weights, biases;
        an_augment augment;
        an_events events;
        an_assert_ok(ctx, alexnet_model_describe(ctx, family->name, &options, &model));
        an_assert_ok(ctx, an_recipe_find(ctx, family->recipe, &recipe));
        an_assert_ok(ctx, an_recipe_schedules(ctx, &recipe, &weights, &biases));
        an_assert_ok(ctx, an_augment_parse(ctx, recipe.augment, &augment));
        an_assert_ok(ctx, an_events_parse(ctx, recipe.events, &events));
        an_assert_ok(ctx, an_events_check(&events, model));
        /* only colour noise that is on can end */
        assert_true(augment.pca || augment.pca_text || an_events_noise_end(&events) == INT64_MAX);
        alexnet_model_free(model);
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
        cmocka_unit_test(every_recipe_parses_with_its_words),
        cmocka_unit_test(the_recipes_of_others_are_as_published),
        cmocka_unit_test(rates_and_decays_are_the_published_ones),
        cmocka_unit_test(every_family_has_its_recipe),
        cmocka_unit_test(an_unknown_name_gets_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
