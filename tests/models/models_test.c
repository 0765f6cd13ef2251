/*
 * models_test.c: the table of families: each is found, can be built, and names its source; its
 * pixels and its recipe; its options.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "models/models.h"
#include <stdio.h>
#include <string.h>

static void every_family_is_found_and_built(void **unused)
{
    alexnet_context *ctx;
    int count = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (const an_family *family; (family = an_family_at(count)) != NULL; ++count) {
        alexnet_model *model;

        assert_ptr_equal(an_family_find(family->name), family);
        assert_true(strlen(family->summary) > 0 && strlen(family->source) > 0 &&
                    strlen(family->recipe) > 0);
        an_assert_ok(ctx, alexnet_model_describe(ctx, family->name, NULL, &model));
        assert_int_equal(model->nodes[model->node_count - 2].y.c, family->classes);
        alexnet_model_free(model);
    }
    assert_int_equal(count, 16);
    assert_null(an_family_at(-1));
    assert_null(an_family_find("resnet"));
    alexnet_close(ctx);
}

#define PIXELS(resize, crop, rest)                                                                 \
    "resize=" resize " filter=bilinear crop=" crop " orientation=stored channels=" rest

/* How each family's source prepares images, and the name of its recipe. */
static void records_and_recipes_of_the_sources(void **unused)
{
    /* clang-format off */
    static const char torch[] = PIXELS("short:256", "224x224", "rgb divide=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225");
    static const char paper[] = PIXELS("square:256", "224x224", "rgb divide=1 mean=image");
    static const char caffe[] = PIXELS("exact:256", "227x227", "bgr divide=1 mean=104,117,123");
    static const char vgg[]   = PIXELS("short:256", "224x224", "rgb divide=1 mean=123.68,116.78,103.94");
    static const char whole[] = PIXELS("exact:32x32", "none", "rgb divide=1 mean=image");
    static const char crop[]  = PIXELS("exact:32", "24x24", "rgb divide=1 mean=image");
    static const struct {
        const char *family, *record, *recipe;
    } rows[] = {
        {"torchvision",  torch, "torchvision"},  {"torchvision-2018", torch, "torchvision"},
        {"paper",        paper, "paper"},        {"paper-run",        paper, "paper-run"},
        {"owt",          paper, "owt"},          {"slim",             vgg,   "slim"},
        {"caffe",        caffe, "caffe"},        {"caffenet",         caffe, "caffe"},
        {"bn",           torch, "bn"},           {"cifar-80sec",      whole, "cifar-80sec"},
        {"cifar-19pct",  whole, "cifar-19pct"},  {"cifar-18pct",      whole, "cifar-18pct"},
        {"cifar-13pct",  crop,  "cifar-13pct"},  {"cifar-11pct",      crop,  "cifar-11pct"},
        {"figure1-relu", whole, "figure1-relu"}, {"figure1-tanh",     whole, "figure1-tanh"},
    };
    /* clang-format on */
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_model *model;
        alexnet_model_info info;
        an_assert_ok(ctx, alexnet_model_describe(ctx, rows[i].family, NULL, &model));
        alexnet_model_get_info(model, &info);
        assert_string_equal(info.preprocess, rows[i].record);
        assert_string_equal(info.recipe, rows[i].recipe);
        alexnet_model_free(model);
    }
    alexnet_close(ctx);
}

/* Every option on every family: it works, or is refused with a message that names the model. */
static void options_make_sense_or_are_refused(void **unused)
{
    /* clang-format off */
    enum { SIZE = sizeof(alexnet_model_options) };
    static const struct {
        const char *name;
        alexnet_model_options options;
    } tries[] = { /* dropout classes h w global_pool squeeze lrn activation pooling */
        {"classes",     {SIZE, -1,  0,   -1,  -1, -1, -1, -1, -1, -1}},
        {"dropout",     {SIZE, 0.3, -1,  -1,  -1, -1, -1, -1, -1, -1}},
        {"input",       {SIZE, -1, -1,  288, 352, -1, -1, -1, -1, -1}},
        {"global-pool", {SIZE, -1, -1,   -1,  -1,  1, -1, -1, -1, -1}},
        {"squeeze",     {SIZE, -1, -1,   -1,  -1, -1,  0, -1, -1, -1}},
        {"lrn",         {SIZE, -1, -1,   -1,  -1, -1, -1,  0, -1, -1}},
        {"activation",  {SIZE, -1, -1,   -1,  -1, -1, -1, -1,  1, -1}},
        {"2/2",         {SIZE, -1, -1,   -1,  -1, -1, -1, -1, -1,  1}},
    };
    static const struct {
        const char *family, *refused;
    } rows[] = {
        {"torchvision",      "classes global-pool squeeze lrn"},
        {"torchvision-2018", "classes input global-pool squeeze lrn"},
        {"paper",            "classes squeeze"},
        {"paper-run",        "classes squeeze"},
        {"owt",              "classes squeeze"},
        {"slim",             "input lrn 2/2"}, /* it squeezes a map of predictions; no lrn */
        {"caffe",            "classes squeeze"},
        {"caffenet",         "classes squeeze"},
        {"bn",               "classes squeeze lrn"},
        {"cifar-80sec",      "classes dropout global-pool squeeze lrn"},
        {"cifar-19pct",      "classes dropout global-pool squeeze lrn"},
        {"cifar-18pct",      "classes dropout global-pool squeeze"},
        {"cifar-13pct",      "classes dropout global-pool squeeze lrn"},
        {"cifar-11pct",      "classes dropout global-pool squeeze"},
        {"figure1-relu",     "classes dropout global-pool squeeze lrn activation"},
        {"figure1-tanh",     "classes dropout global-pool squeeze lrn activation"},
    };
    /* clang-format on */
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    assert_null(an_family_at(AN_COUNT(rows)));
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        for (size_t j = 0; j < AN_COUNT(tries); ++j) {
            alexnet_model *model;
            char part[64];
            const alexnet_status status =
                alexnet_model_describe(ctx, rows[i].family, &tries[j].options, &model);
            if ((status != ALEXNET_OK) != (strstr(rows[i].refused, tries[j].name) != NULL))
                fail_msg("%s, %s: status %d (%s)", rows[i].family, tries[j].name, (int)status,
                         alexnet_error(ctx));
            snprintf(part, sizeof part, "model %s: ", rows[i].family);
            if (status != ALEXNET_OK) an_assert_error(ctx, part);
            alexnet_model_free(model);
        }
    alexnet_close(ctx);
}

/* Windows without overlap do not change the maps before a family's first linear layer, nor its
 * parameters. Only slim's maps grow, so that it needs a global pool. */
static void pooling_without_overlap_keeps_the_parameters(void **unused)
{
    alexnet_context *ctx;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        const char *name = an_family_at(i)->name;
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *usual, *other;
        alexnet_model_info a, b;

        an_assert_ok(ctx, alexnet_model_describe(ctx, name, NULL, &usual));
        options.pooling = ALEXNET_POOLING_2_2;
        if (strcmp(name, "slim") == 0) options.global_pool = 1;
        an_assert_ok(ctx, alexnet_model_describe(ctx, name, &options, &other));
        alexnet_model_get_info(usual, &a);
        alexnet_model_get_info(other, &b);
        assert_int_equal(a.parameters, b.parameters);
        alexnet_model_free(usual);
        alexnet_model_free(other);
    }
    alexnet_close(ctx);
}

/* --activation tanh replaces every ReLU, in every family that has the option. */
static void activation_is_that_of_all_layers(void **unused)
{
    alexnet_context *ctx;
    int taken = 0;

    (void)unused;
    assert_int_equal(alexnet_open(NULL, &ctx), ALEXNET_OK);
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        alexnet_model_options options = alexnet_model_options_default();
        alexnet_model *model;

        options.activation = ALEXNET_ACTIVATION_TANH;
        if (alexnet_model_describe(ctx, an_family_at(i)->name, &options, &model) != ALEXNET_OK)
            continue;
        ++taken;
        for (int j = 0; j < model->node_count; ++j)
            assert_string_not_equal(model->nodes[j].def->name, "relu");
        alexnet_model_free(model);
    }
    assert_int_equal(taken, 14); /* all but Figure 1's two */
    alexnet_close(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_is_found_and_built),
        cmocka_unit_test(records_and_recipes_of_the_sources),
        cmocka_unit_test(options_make_sense_or_are_refused),
        cmocka_unit_test(pooling_without_overlap_keeps_the_parameters),
        cmocka_unit_test(activation_is_that_of_all_layers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
