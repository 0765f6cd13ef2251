/*
 * config.c: from a caller's options to a config.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/config.h"

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/backend.h"
#include "core/options.h"
#include "data/source.h"
#include <math.h>
#include <string.h>

#define REASON_BYTES 160

/* The defaults of settings that neither the options nor the recipe give. */
static an_config standard(const alexnet_context *ctx)
{
    return (an_config){
        .dtype = (int)ctx->options.dtype,
        .val_split = 0.1,
        .network = alexnet_model_options_default(),
        .seed = 1,
        .steps = -1,
        .seconds = -1,
        .stop_at_top1 = -1,
        .checkpoint_seconds = 600,
        .checkpoint_keep = 2,
    };
}

/* ---- given options override ---- */

/* -1: not given */
static void override_real(double given, double *value)
{
    if (given != -1) *value = given;
}

static void override_int(int given, int *value)
{
    if (given != -1) *value = given;
}

static void override_network(const alexnet_model_options *given, alexnet_model_options *network)
{
    const alexnet_model_options before = *network;

    if (given == NULL) return;
    *network = *given;
    an_options_fill_in(network, &before);
}

/* Replaces an allocated text. */
static alexnet_status override_text(alexnet_context *ctx, const char *given, char **text)
{
    if (given == NULL) return ALEXNET_OK;
    char *copy = an_copy_text(ctx, given);
    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "config");
    an_free(ctx, *text);
    *text = copy;
    return ALEXNET_OK;
}

/* Everything except the recipe's settings. */
static alexnet_status override_fixed(alexnet_context *ctx, const alexnet_train_options *options,
                                     an_config *config)
{
    override_real(options->val_split, &config->val_split);
    override_network(options->model_options, &config->network);
    override_int(options->dtype, &config->dtype);
    if (options->seed >= 0) config->seed = (uint64_t)options->seed;
    if (options->orientation != ALEXNET_ORIENTATION_DEFAULT)
        config->orientation = (int)options->orientation;
    if (options->on_bad_image != ALEXNET_BAD_IMAGE_DEFAULT)
        config->on_bad_image = (int)options->on_bad_image;
    AN_TRY(override_text(ctx, options->data, &config->data));
    AN_TRY(override_text(ctx, options->val, &config->val));
    AN_TRY(override_text(ctx, options->model, &config->model));
    AN_TRY(override_text(ctx, options->from, &config->from));
    AN_TRY(override_text(ctx, options->solverstate, &config->solverstate));
    AN_TRY(override_text(ctx, options->freeze, &config->freeze));
    return override_text(ctx, options->recipe, &config->recipe_name);
}

/* A given limit as in the config: -1 for none. */
static double limit_of(double given) { return given == ALEXNET_NO_LIMIT ? -1 : given; }

static void override_changeable(const alexnet_train_options *options, an_config *config)
{
    if (options->epochs != -1) config->recipe.epochs = options->epochs;
    if (options->steps != -1)
        config->steps = options->steps == ALEXNET_NO_LIMIT ? -1 : options->steps;
    if (options->seconds != -1) config->seconds = limit_of(options->seconds);
    if (options->stop_at_top1 != -1) config->stop_at_top1 = limit_of(options->stop_at_top1);
    override_real(options->checkpoint_seconds, &config->checkpoint_seconds);
    if (options->checkpoint_steps != -1) config->checkpoint_steps = options->checkpoint_steps;
    override_int(options->checkpoint_keep, &config->checkpoint_keep);
    override_int(options->patience, &config->patience);
}

/* ---- the whole config ---- */

/* The default recipe, and the reason for it. */
static const char *choose_recipe(const alexnet_train_options *options, const an_family *family,
                                 int64_t images, char *reason, size_t bytes)
{
    if (options->recipe != NULL) {
        an_print(reason, bytes, "requested");
        return options->recipe;
    }
    if (family->one_data_set) {
        an_print(reason, bytes, "model %s and its recipe are made for one data set", family->name);
        return family->recipe;
    }
    if (images >= ALEXNET_SMALL_SET) {
        an_print(reason, bytes, "model %s's own, as there %s %lld %s", family->name,
                 AN_NOUN(images, "is", "are"), (long long)images,
                 AN_NOUN(images, "image", "images"));
        return family->recipe;
    }
    an_print(reason, bytes, "%lld %s a small set%s", (long long)images,
             AN_NOUN(images, "image is", "images are"),
             options->from != NULL ? ", and there are weights to start from" : "");
    if (options->from != NULL) return "finetune";
    return family->normalises ? "quick-bn" : "quick";
}

alexnet_status an_config_suit(alexnet_context *ctx, const alexnet_train_options *options,
                              const an_family *family, int64_t images, an_config *config)
{
    char reason[REASON_BYTES];
    const char *name = choose_recipe(options, family, images, reason, sizeof reason);

    AN_TRY(override_text(ctx, name, &config->recipe_name));
    AN_TRY(override_text(ctx, reason, &config->recipe_reason));
    AN_TRY(an_recipe_find(ctx, name, &config->recipe));
    config->recipe.epochs = an_recipe_epochs(&config->recipe, images);
    config->recipe.seen = 0; /* it is in epochs now */
    AN_TRY(an_recipe_override(ctx, options->settings, &config->recipe));
    override_changeable(options, config);
    config->network.dropout = options->model_options != NULL ? options->model_options->dropout : -1;
    if (config->network.dropout < 0 &&
        family->dropout >= 0) /* the recipe's dropout applies if the family has any */
        config->network.dropout = config->recipe.dropout;
    return an_config_check(ctx, config);
}

static alexnet_status resolve(alexnet_context *ctx, const alexnet_train_options *options,
                              const an_family *family, an_config *config)
{
    AN_TRY(override_fixed(ctx, options, config));
    AN_TRY(override_text(ctx, family->name, &config->model)); /* may come from the weights */
    return an_config_suit(ctx, options, family, 0, config);
}

alexnet_status an_config_resolve(alexnet_context *ctx, const alexnet_train_options *options,
                                 const an_family *family, an_config *config)
{
    *config = standard(ctx);
    const alexnet_status status = resolve(ctx, options, family, config);
    if (status != ALEXNET_OK) an_config_free(ctx, config);
    return status;
}

/* ---- from another run's config ---- */

static void drop_text(alexnet_context *ctx, char **text)
{
    an_free(ctx, *text);
    *text = NULL;
}

bool an_config_is_none(const char *text) { return *text == '\0' || strcmp(text, "none") == 0; }

static void drop_none(alexnet_context *ctx, char **text)
{
    if (*text != NULL && an_config_is_none(*text)) drop_text(ctx, text);
}

/* Drops the old run's settings that do not fit the given options. */
static alexnet_status leave_out(alexnet_context *ctx, const alexnet_train_options *options,
                                const an_family *family, an_config *config)
{
    bool same = true;

    if (options->data != NULL && strcmp(options->data, config->data) != 0)
        AN_TRY(an_file_same(ctx, options->data, config->data, &same));
    if (!same) drop_text(ctx, &config->val); /* belonged to the old data */
    if (strcmp(family->name, config->model) != 0)
        config->network = alexnet_model_options_default();
    else if (options->recipe != NULL)
        config->network.dropout = -1; /* may be the old recipe's */
    return ALEXNET_OK;
}

static alexnet_status resolve_from(alexnet_context *ctx, const alexnet_train_options *options,
                                   const an_family *family, an_config *config)
{
    AN_TRY(leave_out(ctx, options, family, config));
    AN_TRY(override_fixed(ctx, options, config));
    AN_TRY(override_text(ctx, family->name, &config->model));
    drop_none(ctx, &config->val);
    drop_none(ctx, &config->from);
    drop_none(ctx, &config->freeze);
    drop_none(ctx, &config->solverstate);
    if (options->from != NULL && options->solverstate == NULL)
        drop_text(ctx, &config->solverstate); /* it belongs to the old weights */
    if (options->recipe != NULL) return an_config_suit(ctx, options, family, 0, config);
    AN_TRY(override_text(ctx, "as in the config that it begins with", &config->recipe_reason));
    AN_TRY(an_recipe_override(ctx, options->settings, &config->recipe));
    override_changeable(options, config);
    if (config->network.dropout < 0 && family->dropout >= 0)
        config->network.dropout = config->recipe.dropout;
    return an_config_check(ctx, config);
}

alexnet_status an_config_resolve_from(alexnet_context *ctx, const an_config *base,
                                      const alexnet_train_options *options, const an_family *family,
                                      an_config *config)
{
    AN_TRY(an_config_copy(ctx, base, config));
    const alexnet_status status = resolve_from(ctx, options, family, config);
    if (status != ALEXNET_OK) an_config_free(ctx, config);
    return status;
}

/* The path of a run's config.json, given that or the run folder. */
static alexnet_status find_file(alexnet_context *ctx, const char *path, char **out)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, path, &info));
    const bool folder = info.kind == AN_FILE_FOLDER;
    *out = folder ? an_path_join(ctx, path, "config.json") : an_copy_text(ctx, path);
    if (*out == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);
    if (!folder) return ALEXNET_OK;
    alexnet_status status = an_file_stat(ctx, *out, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_ABSENT)
        status = an_fail(ctx, ALEXNET_NOT_FOUND, "%s: not a run folder: no config.json", path);
    if (status == ALEXNET_OK) return ALEXNET_OK;
    an_free(ctx, *out);
    *out = NULL;
    return status;
}

/*
 * The files have only the resulting network.dropout, not the recipe's dropout, which another
 * network needs again. -1: the recipe has none, or is not known here.
 */
static double recipe_dropout(alexnet_context *ctx, const char *name)
{
    an_recipe recipe;

    return name != NULL && an_recipe_find(ctx, name, &recipe) == ALEXNET_OK ? recipe.dropout : -1;
}

alexnet_status an_config_open(alexnet_context *ctx, const char *path, an_config *config)
{
    char *file;

    *config = (an_config){0};
    AN_TRY(find_file(ctx, path, &file));
    const alexnet_status status = an_config_read(ctx, file, config);
    an_free(ctx, file);
    AN_TRY(status);
    config->network.classes = -1; /* as many as in the new run's data */
    config->recipe.dropout = recipe_dropout(ctx, config->recipe_name);
    config->train_images = config->val_images = 0;
    drop_text(ctx, &config->train_sha256);
    drop_text(ctx, &config->val_sha256);
    drop_text(ctx, &config->first_data);
    drop_text(ctx, &config->first_val);
    drop_text(ctx, &config->tier); /* will be this machine's */
    return ALEXNET_OK;
}

/* ---- a resumed run ---- */

/* Applies the given options to a copy, which must not change. */
static alexnet_status check_fixed(alexnet_context *ctx, const alexnet_train_options *options,
                                  const an_config *config)
{
    an_config asked;

    AN_TRY(an_config_copy(ctx, config, &asked));
    alexnet_status status = override_fixed(ctx, options, &asked);
    if (status == ALEXNET_OK) status = an_recipe_override(ctx, options->settings, &asked.recipe);
    if (status == ALEXNET_OK) status = an_config_compare(ctx, config, &asked);
    an_config_free(ctx, &asked);
    return status;
}

/* Sets the new path of data that has moved; *first keeps its first path. */
static alexnet_status move(alexnet_context *ctx, const char *given, char **path, char **first)
{
    bool same = given == NULL || *path == NULL || !an_source_is_path(given) ||
                !an_source_is_path(*path) || strcmp(given, *path) == 0;
    char *now;

    if (!same) AN_TRY(an_file_same(ctx, given, *path, &same));
    if (same) return ALEXNET_OK;
    AN_TRY(an_path_absolute(ctx, given, &now));
    if (*first == NULL)
        *first = *path;
    else
        an_free(ctx, *path);
    *path = now;
    return ALEXNET_OK;
}

alexnet_status an_config_find_tier(alexnet_context *ctx, int dtype, char **out)
{
    const an_backend *backend = an_context_backend(ctx);
    const bool narrow = dtype == ALEXNET_BF16 && strstr(backend->features(), "bf16") != NULL;

    *out = an_format(ctx, "%s%s", backend->tier, narrow ? " bf16" : "");
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "config");
}

alexnet_status an_config_change(alexnet_context *ctx, const alexnet_train_options *options,
                                an_config *config)
{
    AN_TRY(move(ctx, options->data, &config->data, &config->first_data));
    AN_TRY(move(ctx, options->val, &config->val, &config->first_val));
    AN_TRY(check_fixed(ctx, options, config));
    override_changeable(options, config);
    return an_config_check(ctx, config);
}

static alexnet_status root(alexnet_context *ctx, char **path)
{
    char *absolute;

    if (*path == NULL || !an_source_is_path(*path)) return ALEXNET_OK;
    AN_TRY(an_path_absolute(ctx, *path, &absolute));
    an_free(ctx, *path);
    *path = absolute;
    return ALEXNET_OK;
}

alexnet_status an_config_root(alexnet_context *ctx, an_config *config)
{
    AN_TRY(root(ctx, &config->data));
    AN_TRY(root(ctx, &config->val));
    AN_TRY(root(ctx, &config->solverstate));
    return root(ctx, &config->from);
}
