/*
 * config_test.c
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "train/config.h"
#include <math.h>
#include <string.h>

static const an_family *family(const char *name)
{
    const an_family *found = an_family_find(name);

    assert_non_null(found);
    return found;
}

static alexnet_train_options options_for(const char *data)
{
    alexnet_train_options options = alexnet_train_options_default();

    options.data = data;
    return options;
}

static void the_recipe_is_the_family_s_own(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    const alexnet_train_options options = options_for("photos");
    an_config config;

    (void)unused;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("cifar-19pct"), &config));
    assert_string_equal(config.data, "photos");
    assert_string_equal(config.model, "cifar-19pct");
    assert_string_equal(config.recipe_name, "cifar-19pct");
    assert_true(config.recipe.lr == 0.001);
    assert_true(config.dropout < 0);
    assert_true(config.val_split == 0.1 && config.seed == 1 && config.steps == -1);
    assert_true(isnan(config.stop_at_top1));
    assert_null(config.val);
    an_config_free(ctx, &config);
    an_test_close(ctx, &memory);
}

static void options_override_the_recipe(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    an_config config;

    (void)unused;
    options.recipe = "torchvision";
    options.batch = 7;
    options.lr = 0.5;
    options.momentum = 0;
    options.weight_decay = 0.25;
    options.epochs = 1.5;
    options.schedule = "cosine";
    options.augment = "none";
    options.init = "he";
    options.freeze = "features";
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_int_equal(config.recipe.batch, 7);
    assert_true(config.recipe.lr == 0.5 && config.recipe.momentum == 0);
    assert_true(config.recipe.weight_decay == 0.25 && config.recipe.epochs == 1.5);
    assert_string_equal(config.recipe.schedule, "cosine");
    assert_string_equal(config.recipe.augment, "none");
    assert_int_equal(config.recipe.init, AN_RECIPE_INIT_HE);
    assert_string_equal(config.freeze, "features");
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

/* Option, then recipe, then family; and no dropout where the family has none. */
static void who_decides_on_dropout(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    an_config config;
    an_recipe quick;

    (void)unused;
    an_assert_ok(ctx, an_recipe_find(ctx, "quick", &quick));
    options.recipe = "quick";
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_true(config.dropout == quick.dropout);
    an_config_free(ctx, &config);
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("cifar-19pct"), &config));
    assert_true(config.dropout < 0);
    an_config_free(ctx, &config);
    options.model_options.dropout = 0.75;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    assert_true(config.dropout == 0.75);
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

static void values_out_of_range_are_named(void **unused)
{
    static char longer[AN_SETTING_TEXT + 1];
    enum { INT, REAL, TEXT };
    const struct {
        const char *message;
        size_t member;
        int type;
        double number;
        const char *text;
    } rows[] = {
#define AT(member) offsetof(alexnet_train_options, member)
        {"batch is 0, expected 1 to 65536", AT(batch), INT, 0, NULL},
        {"patience is -1", AT(patience), INT, -1, NULL},
        {"checkpoint_keep is 0", AT(checkpoint_keep), INT, 0, NULL},
        {"lr is -1", AT(lr), REAL, -1, NULL},
        {"momentum is 1", AT(momentum), REAL, 1, NULL},
        {"weight_decay is -0.5", AT(weight_decay), REAL, -0.5, NULL},
        {"val_split is 1", AT(val_split), REAL, 1, NULL},
        {"stop_at_top1 is 1.5", AT(stop_at_top1), REAL, 1.5, NULL},
        {"checkpoint_seconds is -1", AT(checkpoint_seconds), REAL, -1, NULL},
        {"unknown recipe 'quik'", AT(recipe), TEXT, 0, "quik"},
        {"init 'xavier': expected one of family|he", AT(init), TEXT, 0, "xavier"},
        {"schedule 'xxx", AT(schedule), TEXT, 0, longer},
        {"augment 'xxx", AT(augment), TEXT, 0, longer},
#undef AT
    };
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);

    (void)unused;
    memset(longer, 'x', AN_SETTING_TEXT);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        alexnet_train_options options = options_for("photos");
        char *at = (char *)&options + rows[i].member;
        const int integer = (int)rows[i].number;
        an_config config;
        if (rows[i].type == INT)
            memcpy(at, &integer, sizeof integer);
        else if (rows[i].type == REAL)
            memcpy(at, &rows[i].number, sizeof rows[i].number);
        else
            memcpy(at, &rows[i].text, sizeof rows[i].text);
        an_assert_status(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config),
                         ALEXNET_BAD_ARG);
        an_assert_error(ctx, rows[i].message);
    }
    an_test_close(ctx, &memory);
}

static void a_resumed_run_may_be_longer(void **unused)
{
    alexnet_context *ctx = an_test_open(NULL);
    alexnet_train_options options = options_for("photos");
    alexnet_train_options later = alexnet_train_options_default();
    an_config config;

    (void)unused;
    options.epochs = 3;
    options.seconds = 60;
    an_assert_ok(ctx, an_config_resolve(ctx, &options, family("torchvision"), &config));
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.recipe.epochs == 3 && config.seconds == 60 && config.steps == -1);
    later.epochs = 5;
    later.steps = 1000;
    an_assert_ok(ctx, an_config_change(ctx, &later, &config));
    assert_true(config.recipe.epochs == 5 && config.seconds == 60 && config.steps == 1000);
    later.epochs = 1e20;
    an_assert_status(ctx, an_config_change(ctx, &later, &config), ALEXNET_BAD_ARG);
    an_config_free(ctx, &config);
    an_test_close(ctx, NULL);
}

static void memory_may_run_out(void **unused)
{
    an_test_memory memory;
    alexnet_context *ctx = an_test_open(&memory);
    alexnet_train_options options = options_for("photos");

    (void)unused;
    options.val = "other";
    options.from = "w";
    options.freeze = "features";
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_config config;
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status =
            an_config_resolve(ctx, &options, family("torchvision"), &config);
        an_config_free(ctx, &config);
        if (!an_test_fault_disarm(&fault)) break;
        an_assert_status(ctx, status, ALEXNET_NO_MEMORY);
    }
    an_test_close(ctx, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recipe_is_the_family_s_own),
        cmocka_unit_test(options_override_the_recipe),
        cmocka_unit_test(who_decides_on_dropout),
        cmocka_unit_test(values_out_of_range_are_named),
        cmocka_unit_test(a_resumed_run_may_be_longer),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
