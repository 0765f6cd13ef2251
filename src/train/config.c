/*
 * config.c: from a caller's options to a config.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/config.h"

#include "base/memory.h"
#include "base/status.h"
#include <math.h>
#include <string.h>

alexnet_train_options alexnet_train_options_default(void)
{
    return (alexnet_train_options){
        .val_split = 0.1,
        .model_options = alexnet_model_options_default(),
        .epochs = -1,
        .steps = -1,
        .seconds = -1,
        .batch = -1,
        .lr = (double)NAN,
        .momentum = (double)NAN,
        .weight_decay = (double)NAN,
        .checkpoint_seconds = 600,
        .checkpoint_keep = 2,
        .workers = -1,
        .stop_at_top1 = (double)NAN,
        .seed = 1,
    };
}

/* ---- overriding a recipe ---- */

static void override_real(double given, double *value)
{
    if (!isnan(given)) *value = given;
}

static alexnet_status override_word(alexnet_context *ctx, const char *name, const char *given,
                                    char word[AN_SETTING_TEXT])
{
    if (given == NULL) return ALEXNET_OK;
    if (strlen(given) >= AN_SETTING_TEXT)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s '%.40s...': expected at most %d characters", name,
                       given, AN_SETTING_TEXT - 1);
    memset(word, 0, AN_SETTING_TEXT);
    memcpy(word, given, strlen(given));
    return ALEXNET_OK;
}

static alexnet_status override_init(alexnet_context *ctx, const char *given, int *init)
{
    if (given == NULL) return ALEXNET_OK;
    if (strcmp(given, "family") != 0 && strcmp(given, "he") != 0)
        return an_fail(ctx, ALEXNET_BAD_ARG, "init '%s': expected one of %s", given,
                       AN_RECIPE_INIT_CHOICES);
    *init = strcmp(given, "he") == 0 ? AN_RECIPE_INIT_HE : AN_RECIPE_INIT_FAMILY;
    return ALEXNET_OK;
}

static alexnet_status override_recipe(alexnet_context *ctx, const alexnet_train_options *options,
                                      an_recipe *recipe)
{
    if (options->batch >= 0) recipe->batch = options->batch;
    if (options->epochs >= 0) recipe->epochs = options->epochs;
    override_real(options->lr, &recipe->lr);
    override_real(options->momentum, &recipe->momentum);
    override_real(options->weight_decay, &recipe->weight_decay);
    AN_TRY(override_init(ctx, options->init, &recipe->init));
    AN_TRY(override_word(ctx, "schedule", options->schedule, recipe->schedule));
    return override_word(ctx, "augment", options->augment, recipe->augment);
}

/* ---- the whole ---- */

/* Copies a text that may be NULL. */
static alexnet_status copy(alexnet_context *ctx, const char *text, char **out)
{
    *out = text != NULL ? an_copy_text(ctx, text) : NULL;
    return text == NULL || *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "config");
}

static alexnet_status copy_texts(alexnet_context *ctx, const alexnet_train_options *options,
                                 const an_family *family, an_config *config)
{
    AN_TRY(copy(ctx, options->data, &config->data));
    AN_TRY(copy(ctx, options->val, &config->val));
    AN_TRY(copy(ctx, family->name, &config->model));
    AN_TRY(copy(ctx, options->from, &config->from));
    AN_TRY(copy(ctx, options->freeze, &config->freeze));
    return copy(ctx, options->recipe != NULL ? options->recipe : family->recipe,
                &config->recipe_name);
}

static alexnet_status resolve(alexnet_context *ctx, const alexnet_train_options *options,
                              const an_family *family, an_config *config)
{
    AN_TRY(copy_texts(ctx, options, family, config));
    AN_TRY(an_recipe_find(ctx, config->recipe_name, &config->recipe));
    AN_TRY(override_recipe(ctx, options, &config->recipe));
    if (config->dropout < 0 &&
        family->dropout >= 0) /* the recipe's word counts where there is any dropout */
        config->dropout = config->recipe.dropout;
    return an_config_check(ctx, config);
}

alexnet_status an_config_resolve(alexnet_context *ctx, const alexnet_train_options *options,
                                 const an_family *family, an_config *config)
{
    *config = (an_config){
        .val_split = options->val_split,
        .dropout = options->model_options.dropout,
        .input_h = options->model_options.input_h,
        .input_w = options->model_options.input_w,
        .classes = options->model_options.classes,
        .seed = options->seed,
        .on_bad_image = (int)options->on_bad_image,
        .steps = options->steps,
        .seconds = options->seconds,
        .patience = options->patience,
        .stop_at_top1 = options->stop_at_top1,
        .checkpoint_seconds = options->checkpoint_seconds,
        .checkpoint_steps = options->checkpoint_steps,
        .checkpoint_keep = options->checkpoint_keep,
    };
    const alexnet_status status = resolve(ctx, options, family, config);
    if (status != ALEXNET_OK) an_config_free(ctx, config);
    return status;
}

alexnet_status an_config_change(alexnet_context *ctx, const alexnet_train_options *options,
                                an_config *config)
{
    if (options->epochs >= 0) config->recipe.epochs = options->epochs;
    if (options->steps >= 0) config->steps = options->steps;
    if (options->seconds >= 0) config->seconds = options->seconds;
    return an_config_check(ctx, config);
}

void an_config_free(alexnet_context *ctx, an_config *config)
{
    an_free(ctx, config->data);
    an_free(ctx, config->val);
    an_free(ctx, config->model);
    an_free(ctx, config->from);
    an_free(ctx, config->freeze);
    an_free(ctx, config->recipe_name);
    *config = (an_config){0};
}
