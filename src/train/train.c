/*
 * train.c: alexnet_train(): makes the inputs of the trainer, from options or an interrupted run.
 *
 *   start    options -> config -> data -> model (fresh, or from weights) -> mean image -> folder
 *   resume   folder -> config -> data -> newest good checkpoint -> model (none: as in start)
 *
 * The run folder is created last, so that a mistake in the options, or a request to stop before the
 * first step, leaves nothing behind. A run that fails before its first checkpoint is removed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/extend.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include "core/refit.h"
#include "formats/partial.h"
#include "formats/run_weights.h"
#include "infer/eval_run.h"
#include "train/caffe_momentum.h"
#include "train/events.h"
#include "train/init_he.h"
#include "train/mean_image.h"
#include "train/memory.h"
#include "train/run/best.h"
#include "train/run/checkpoint.h"
#include "train/run/checkpoint_read.h"
#include "train/run/disk.h"
#include "train/run/held_back.h"
#include "train/run/images.h"
#include "train/run/place.h"
#include "train/schedule.h"
#include "train/trainer.h"
#include <math.h>
#include <string.h>

/* Everything a run holds open. */
typedef struct job {
    alexnet_context *ctx;
    const alexnet_train_options *options;
    an_run_folder folder;
    an_config base; /* read from options.config; zeroed: none */
    an_config config;
    an_dataset data;
    an_partial origin; /* the file that config.from names, while the model is made; closed: none */
    alexnet_model *model;
    an_disk disk;
    an_footprint memory;
    bool begun, made; /* this call began the run; it created the folder */
    char *checkpoint; /* NULL: from the beginning */
    bool best_due;    /* best.safetensors must be written from the checkpoint */
    an_train_state state;
} job;

/* ---- what to start from ---- */

/*
 * The weights to start from: the option, which may be "none", else those of the old run's config.
 */
static const char *choose_origin(const job *j)
{
    const char *given = j->options->from;

    if (given == NULL) return j->base.from;
    return j->options->config != NULL && an_config_is_none(given) ? NULL : given;
}

static alexnet_status open_origin(job *j, const char *from)
{
    return from == NULL ? ALEXNET_OK : an_partial_open(j->ctx, from, &j->origin);
}

/* A training of Caffe that goes on: its state must be that of the weights to start from. */
static alexnet_status check_solverstate(job *j)
{
    if (j->config.solverstate == NULL) return ALEXNET_OK;
    j->origin.by_order = true; /* it goes on with the same classes */
    return an_caffe_momentum_check(j->ctx, &j->config);
}

/* The family: the option, else that of the weights to start from, else torchvision. */
static alexnet_status find_family(const job *j, const an_family **family)
{
    const char *name = j->options->model != NULL ? j->options->model : j->base.model;

    if (name == NULL && j->origin.path != NULL)
        return an_partial_family(j->ctx, &j->origin, family);
    return an_family_require(j->ctx, name != NULL ? name : "torchvision", family);
}

static alexnet_status resolve_config(job *j, const an_family *family)
{
    return j->options->config != NULL
               ? an_config_resolve_from(j->ctx, &j->base, j->options, family, &j->config)
               : an_config_resolve(j->ctx, j->options, family, &j->config);
}

/* ---- the model ---- */

/* The model gets one class for each class of the data. */
static alexnet_status check_classes(const job *j)
{
    const int found = an_source_classes(j->data.train_source);

    if (j->config.network.classes >= 0 && j->config.network.classes != found)
        return an_fail(j->ctx, ALEXNET_BAD_ARG, "classes is %d, but %s has %d",
                       j->config.network.classes, j->config.data, found);
    return ALEXNET_OK;
}

static void warn_of_one_class(const job *j)
{
    if (an_source_classes(j->data.train_source) == 1)
        an_log(j->ctx, ALEXNET_LOG_WARNING,
               "%s has one class only, '%s': every prediction will be right, and nothing is learnt",
               j->config.data, an_source_class(j->data.train_source, 0));
}

static alexnet_status name_classes(job *j)
{
    const int count = an_source_classes(j->data.train_source);
    const char **names = an_new_array(j->ctx, (size_t)count, sizeof *names);

    if (names == NULL) return an_fail(j->ctx, ALEXNET_NO_MEMORY, "names of %d classes", count);
    for (int i = 0; i < count; ++i)
        names[i] = an_source_class(j->data.train_source, i);
    const alexnet_status status = an_model_set_classes(j->model, names, count);
    an_free(j->ctx, names);
    return status;
}

/* Frozen layers keep their initial values; random ones are probably a mistake. */
static void warn_of_frozen(const job *j, const bool *fresh)
{
    const an_param_list *params = &j->model->params;
    const an_param *first = NULL;
    int count = 0;

    for (int i = 0; i < params->count; ++i) {
        if (!params->items[i].frozen || (fresh != NULL && !fresh[i])) continue;
        if (count++ == 0) first = &params->items[i];
    }
    if (count > 0 && fresh == NULL)
        an_log(j->ctx, ALEXNET_LOG_WARNING,
               "freeze '%s' without weights to start from: these layers keep their random initial "
               "values",
               j->config.freeze);
    else if (count > 0)
        an_log(j->ctx, ALEXNET_LOG_WARNING,
               "%d of the frozen tensors (%s ...) are not in %s: they keep their random initial "
               "values",
               count, first->name, j->config.from);
}

/* At least one layer must be trained. */
static alexnet_status freeze(job *j)
{
    const an_param_list *params = &j->model->params;

    if (j->config.freeze == NULL) return ALEXNET_OK;
    AN_TRY(an_model_freeze(j->model, j->config.freeze));
    for (int i = 0; i < params->count; ++i)
        if (!params->items[i].frozen && params->items[i].role != AN_PARAM_STATISTIC)
            return ALEXNET_OK;
    return an_fail(j->ctx, ALEXNET_BAD_ARG,
                   "freeze '%s': all layers of model %s are frozen, nothing would be trained",
                   j->config.freeze, j->model->family->name);
}

static alexnet_status take_over(job *j)
{
    bool *fresh = an_new_array(j->ctx, (size_t)j->model->params.count, sizeof *fresh);

    if (fresh == NULL) return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s", j->config.from);
    alexnet_status status = an_partial_read(&j->origin, j->model, fresh);
    if (status == ALEXNET_OK) warn_of_frozen(j, fresh);
    an_free(j->ctx, fresh);
    AN_TRY(status);
    return an_partial_take_record(&j->origin, j->model);
}

static alexnet_status init_weights(job *j)
{
    an_preprocess record;

    if (j->config.recipe.init == AN_RECIPE_INIT_FAMILY) {
        an_model_init_weights(j->model, j->config.seed, NULL);
        return ALEXNET_OK;
    }
    AN_TRY(an_preprocess_parse(j->ctx, j->model->preprocess, &record));
    an_init_he(j->model, an_input_deviation(&record), j->config.seed);
    return ALEXNET_OK;
}

/* Image files, which may be photographs with an EXIF orientation. */
static bool holds_files(const an_source *source)
{
    static const char *const kinds[] = {"folder", "tar", "list"};

    for (size_t i = 0; i < AN_COUNT(kinds); ++i)
        if (strcmp(an_source_kind(source), kinds[i]) == 0) return true;
    return false;
}

/* Logs that photographs are turned upright for weights that were trained on them as stored. */
static alexnet_status tell_turned(const job *j)
{
    an_preprocess record;

    if (j->origin.preprocess == NULL) return ALEXNET_OK;
    AN_TRY(an_preprocess_parse(j->ctx, j->origin.preprocess, &record));
    if (record.orientation != AN_ORIENTATION_EXIF)
        an_log(j->ctx, ALEXNET_LOG_INFO,
               "orientation: exif, photographs are turned upright; the record of %s says stored, "
               "which --orientation stored selects",
               j->origin.path);
    return ALEXNET_OK;
}

/*
 * Stores the orientation in the record, which the mean image, training, validation and later users
 * of the weights follow.
 */
static alexnet_status set_orientation(job *j)
{
    alexnet_orientation orientation = (alexnet_orientation)j->config.orientation;

    if (orientation == ALEXNET_ORIENTATION_DEFAULT && holds_files(j->data.train_source)) {
        orientation = ALEXNET_ORIENTATION_EXIF;
        AN_TRY(tell_turned(j));
    }
    return alexnet_model_set_orientation(j->model, orientation);
}

static alexnet_model_options network_options(const job *j)
{
    alexnet_model_options options = j->config.network;

    options.classes = an_source_classes(j->data.train_source);
    if (j->origin.family != NULL && strcmp(j->origin.family->name, j->config.model) == 0)
        an_options_fill_in(&options, &j->origin.options); /* as the origin was built */
    return options;
}

/* Before memory for the weights is allocated. */
static alexnet_status check_memory(job *j)
{
    const alexnet_model_options options = network_options(j);
    const alexnet_dtype before = j->ctx->options.dtype;
    an_memory_job memory = {
        .config = &j->config,
        .data = &j->data,
        .state = &j->state,
        .workers = j->options->workers,
    };

    AN_TRY(alexnet_model_describe(j->ctx, j->config.model, &options, &memory.model));
    alexnet_status status =
        j->config.freeze != NULL ? an_model_freeze(memory.model, j->config.freeze) : ALEXNET_OK;
    j->ctx->options.dtype = (alexnet_dtype)j->config.dtype; /* as train() does */
    if (status == ALEXNET_OK) status = an_memory_book(&memory, &j->memory);
    j->ctx->options.dtype = before;
    alexnet_model_free(memory.model);
    AN_TRY(status);
    return an_footprint_check(j->ctx, &j->memory, "the run", "take a smaller batch (--batch)");
}

static alexnet_status make_model(job *j)
{
    const alexnet_model_options options = network_options(j);

    AN_TRY(check_classes(j));
    AN_TRY(check_memory(j));
    AN_TRY(an_model_create_zero(j->ctx, j->config.model, &options, &j->model));
    AN_TRY(init_weights(j));
    AN_TRY(name_classes(j));
    AN_TRY(freeze(j));
    if (j->origin.path != NULL)
        AN_TRY(take_over(j));
    else
        warn_of_frozen(j, NULL);
    const alexnet_status status = set_orientation(j);
    an_partial_close(j->ctx, &j->origin);
    return status;
}

static alexnet_status add_mean_image(job *j)
{
    const an_image_set *train = &j->data.train;
    an_preprocess record;
    an_mean_job mean = {
        .model = j->model,
        .record = &record,
        .images = {.source = train->source,
                   .indices = train->indices,
                   .count = train->count,
                   .workers = j->options->workers},
        .progress = j->options->progress,
        .progress_user = j->options->progress_user,
    };

    AN_TRY(an_preprocess_parse(j->ctx, j->model->preprocess, &record));
    if (!record.subtract_image || j->model->mean_image != NULL) return ALEXNET_OK;
    an_skip_policy((alexnet_bad_image)j->config.on_bad_image, train->count, &mean.images);
    return an_mean_image_compute(&mean);
}

/* State that is in no file: multipliers, frozen layers, the data's labels as class numbers of the
 * model. */
static alexnet_status join_data_and_model(job *j)
{
    an_preprocess record;
    an_events events;

    AN_TRY(an_preprocess_parse(j->ctx, j->model->preprocess, &record));
    if (j->config.recipe.init == AN_RECIPE_INIT_HE)
        an_he_set_rates(j->model, an_input_deviation(&record));
    AN_TRY(freeze(j));
    AN_TRY(an_events_parse(j->ctx, j->config.recipe.events, &events));
    AN_TRY(an_events_check(&events, j->model));
    return an_dataset_map_classes(&j->data, j->model, &j->config);
}

static alexnet_status check_disk(job *j)
{
    AN_TRY(an_disk_look(j->model, &j->config, j->data.val.count > 0, j->options->resume != NULL,
                        &j->folder, &j->disk));
    return an_disk_check(j->ctx, &j->folder, &j->disk);
}

/* If the network takes no smaller input, a recipe's `grow` is dropped; a caller's is an error. */
static alexnet_status check_growth(job *j)
{
    const an_shape input = j->model->nodes[0].x;
    const int full = AN_MIN(input.h, input.w), side = j->config.recipe.grow;
    an_recipe asked = {.grow = 0};
    alexnet_model *view;

    if (side <= 0 || side >= full) return ALEXNET_OK;
    const alexnet_status status =
        an_model_describe_like(j->model, input.h * side / full, input.w * side / full, &view);
    if (status == ALEXNET_OK) alexnet_model_free(view);
    AN_TRY(an_recipe_override(j->ctx, j->options->settings, &asked));
    if (status != ALEXNET_BAD_SHAPE || asked.grow > 0) return status;
    an_log(j->ctx, ALEXNET_LOG_INFO, "the input does not grow: %s", alexnet_error(j->ctx));
    j->config.recipe.grow = 0;
    return ALEXNET_OK;
}

/* ---- a new run ---- */

static alexnet_status note_hash(const job *j, const an_source *source, char **out)
{
    char hex[AN_SHA256_HEX_SIZE];

    if (source == NULL) return ALEXNET_OK;
    an_source_hash(source, hex);
    *out = an_copy_text(j->ctx, hex);
    return *out != NULL ? ALEXNET_OK : an_fail(j->ctx, ALEXNET_NO_MEMORY, "config");
}

/* Sets the members that are known only now. */
static alexnet_status complete_config(job *j)
{
    an_preprocess record;

    AN_TRY(an_preprocess_parse(j->ctx, j->model->preprocess, &record));
    j->config.orientation = record.orientation == AN_ORIENTATION_EXIF ? ALEXNET_ORIENTATION_EXIF
                                                                      : ALEXNET_ORIENTATION_STORED;
    j->config.network = j->model->options;
    j->config.train_images = j->data.train.count;
    j->config.val_images = j->data.val.count;
    AN_TRY(note_hash(j, j->data.train_source, &j->config.train_sha256));
    AN_TRY(note_hash(j, j->data.val_source, &j->config.val_sha256));
    AN_TRY(an_config_find_tier(j->ctx, j->config.dtype, &j->config.tier));
    return an_config_root(j->ctx, &j->config);
}

static alexnet_status check_words(const job *j)
{
    an_schedule weights, biases;
    an_augment augment;
    an_events events;

    AN_TRY(an_recipe_schedules(j->ctx, &j->config.recipe, &weights, &biases));
    AN_TRY(an_events_parse(j->ctx, j->config.recipe.events, &events));
    return an_augment_parse(j->ctx, j->config.recipe.augment, &augment);
}

/* A plateau schedule needs validation. */
static alexnet_status check_schedule(const job *j)
{
    an_schedule schedule;

    AN_TRY(an_schedule_parse(j->ctx, j->config.recipe.schedule, &schedule));
    if (schedule.shape == AN_SCHEDULE_PLATEAU && j->data.val.count == 0)
        return an_fail(j->ctx, ALEXNET_BAD_ARG, "schedule '%s' needs validation data",
                       j->config.recipe.schedule);
    return ALEXNET_OK;
}

static alexnet_status start(job *j)
{
    const alexnet_train_options *options = j->options;
    const an_family *family;
    an_file_info info;

    if ((options->data == NULL && options->config == NULL) || options->out == NULL)
        return an_fail(j->ctx, ALEXNET_BAD_ARG, "training needs %s",
                       options->out != NULL ? "data" : "a run folder");
    if (options->config != NULL) AN_TRY(an_config_open(j->ctx, options->config, &j->base));
    AN_TRY(an_run_folder_open(j->ctx, options->out, &j->folder));
    AN_TRY(an_run_folder_check(j->ctx, &j->folder, options->force != 0));
    AN_TRY(an_run_folder_lock(j->ctx, &j->folder));
    AN_TRY(open_origin(j, choose_origin(j)));
    AN_TRY(find_family(j, &family));
    AN_TRY(resolve_config(j, family));
    AN_TRY(check_words(j));
    AN_TRY(check_solverstate(j));
    AN_TRY(an_dataset_open(j->ctx, &j->config, &j->data));
    AN_TRY(an_place_check(j->ctx, &j->folder, j->data.train_source, j->config.data));
    AN_TRY(an_place_check(j->ctx, &j->folder, j->data.val_source, j->config.val));
    if (options->config == NULL || options->recipe != NULL)
        AN_TRY(an_config_suit(j->ctx, options, family, j->data.train.count, &j->config));
    AN_TRY(check_schedule(j));
    warn_of_one_class(j);
    AN_TRY(make_model(j));
    AN_TRY(check_growth(j));
    AN_TRY(join_data_and_model(j));
    AN_TRY(add_mean_image(j));
    AN_TRY(complete_config(j));
    AN_TRY(check_disk(j));
    AN_TRY(an_file_stat(j->ctx, j->folder.path, &info));
    j->made = info.kind == AN_FILE_ABSENT;
    AN_TRY(an_run_folder_create(j->ctx, &j->folder, options->force != 0));
    j->begun = true;
    AN_TRY(an_config_write(j->ctx, &j->config, j->folder.config));
    AN_TRY(an_run_folder_clean(j->ctx, &j->folder)); /* removes the old config.json, too */
    AN_TRY(an_images_write(j->ctx, &j->data, j->folder.images));
    return an_held_back_write(j->ctx, &j->data, &j->config, j->folder.val);
}

/* ---- an interrupted run ---- */

/* The other options must fit the run to resume. */
static alexnet_status take_changes(job *j)
{
    const alexnet_train_options *options = j->options;
    bool same = true;

    if (options->config != NULL)
        return an_fail(j->ctx, ALEXNET_BAD_ARG,
                       "a run is either resumed, or a new one is started from a config");
    if (options->solverstate != NULL)
        return an_fail(j->ctx, ALEXNET_BAD_ARG,
                       "a resumed run has its own momentum: solverstate is for a new one");
    if (options->force)
        return an_fail(j->ctx, ALEXNET_BAD_ARG, "a run is either resumed or replaced by force");
    if (options->out != NULL) AN_TRY(an_file_same(j->ctx, options->out, options->resume, &same));
    if (!same)
        return an_fail(j->ctx, ALEXNET_BAD_ARG, "out is '%s', the run to resume '%s'", options->out,
                       options->resume);
    const alexnet_status status = an_config_change(j->ctx, options, &j->config);
    return status == ALEXNET_BAD_ARG ? an_fail_within(j->ctx, status, "run '%s'", options->resume)
                                     : status;
}

/*
 * Starts from the beginning, unless that would replace results: the checkpoints may have been
 * removed by hand.
 */
static alexnet_status restart(job *j)
{
    an_file_info info;

    AN_TRY(an_file_stat(j->ctx, j->folder.last, &info)); /* written at the end */
    if (info.kind != AN_FILE_ABSENT && j->config.checkpoint_keep == 0) {
        /* it may have been killed while it removed its checkpoints */
        AN_TRY(an_run_folder_clean(j->ctx, &j->folder));
        AN_TRY(an_checkpoint_remove_all(j->ctx, j->folder.checkpoints));
        return an_fail(j->ctx, ALEXNET_BAD_FILE,
                       "%s is finished and kept no checkpoint to resume from, as "
                       "requested (checkpoint_keep 0): start another run from its weights",
                       j->folder.path);
    }
    if (info.kind == AN_FILE_ABSENT) AN_TRY(an_file_stat(j->ctx, j->folder.best, &info));
    if (info.kind != AN_FILE_ABSENT)
        return an_fail(
            j->ctx, ALEXNET_BAD_FILE,
            "%s has weights but no checkpoint to resume from: start another run from its "
            "weights, or force its replacement",
            j->folder.path);
    an_log(j->ctx, ALEXNET_LOG_INFO, "%s has no checkpoint yet: the run starts from the beginning",
           j->folder.path);
    AN_TRY(open_origin(j, j->config.from));
    AN_TRY(check_solverstate(j));
    return make_model(j);
}

/* Each tier adds in a different order, so its bits differ. */
static alexnet_status check_tier(job *j)
{
    char *here;

    AN_TRY(an_config_find_tier(j->ctx, j->config.dtype, &here));
    const bool other = j->config.tier != NULL && strcmp(j->config.tier, here) != 0;
    if (other && !j->options->allow_other_bits) {
        const alexnet_status status = an_fail(
            j->ctx, ALEXNET_BAD_ARG,
            "run '%s' computes with the kernels of %s, this process with those of %s, which gives "
            "other bits: choose the same (--cpu, or another machine), or --allow-other-bits",
            j->folder.path, j->config.tier, here);
        an_free(j->ctx, here);
        return status;
    }
    if (other)
        an_log(j->ctx, ALEXNET_LOG_WARNING,
               "the run continues with the kernels of %s, after those of %s: its bits will differ "
               "from those of a run on one tier",
               here, j->config.tier);
    an_free(j->ctx, j->config.tier);
    j->config.tier = here;
    return ALEXNET_OK;
}

/* Opens the data that the run began with, at its present path. */
static alexnet_status find_data(job *j)
{
    char cause[AN_ERROR_BYTES], names[AN_ERROR_BYTES / 2] = "";
    const char *run = j->options->resume;
    alexnet_status status = an_dataset_open(j->ctx, &j->config, &j->data);

    an_print(cause, sizeof cause, "%s", alexnet_error(j->ctx));
    if (status == ALEXNET_NOT_FOUND)
        return an_fail(j->ctx, status,
                       "%s; if the data has moved, name its folder: "
                       "alexnet train --resume %s --data DIR",
                       cause, run);
    AN_TRY(status);
    status = an_dataset_check(j->ctx, &j->data, &j->config);
    an_print(cause, sizeof cause, "%s", alexnet_error(j->ctx));
    if (status == ALEXNET_BAD_FILE)
        AN_TRY(an_images_differ(j->ctx, &j->data, j->folder.images, names, sizeof names));
    if (status == ALEXNET_BAD_FILE)
        return an_fail(
            j->ctx, status,
            "%s%s%s; restore the data, name its folder (--data DIR), or start another run "
            "from the weights: alexnet train DATA --from %s",
            cause, names[0] != '\0' ? ": " : "", names, run);
    return status;
}

static alexnet_status read_config(job *j)
{
    char cause[AN_ERROR_BYTES];
    const alexnet_status status = an_config_read(j->ctx, j->folder.config, &j->config);

    if (status != ALEXNET_NOT_FOUND) return status;
    an_print(cause, sizeof cause, "%s", alexnet_error(j->ctx));
    return an_fail(j->ctx, status, "%s: no run has begun in '%s': start it again", cause,
                   j->folder.path);
}

static alexnet_status resume(job *j)
{
    char hash[AN_SHA256_HEX_SIZE];

    AN_TRY(an_run_folder_open(j->ctx, j->options->resume, &j->folder));
    AN_TRY(an_run_folder_lock(j->ctx, &j->folder));
    AN_TRY(read_config(j));
    AN_TRY(take_changes(j));
    AN_TRY(check_words(j));
    AN_TRY(check_tier(j));
    AN_TRY(an_config_hash(j->ctx, &j->config, hash));
    AN_TRY(find_data(j));
    AN_TRY(check_memory(j));
    AN_TRY(an_checkpoint_find(j->ctx, j->folder.checkpoints, hash, &j->checkpoint, &j->state,
                              &j->model));
    if (j->checkpoint == NULL) AN_TRY(restart(j));
    AN_TRY(an_best_check(j->ctx, &j->folder, &j->state, &j->best_due));
    AN_TRY(join_data_and_model(j));
    AN_TRY(check_disk(j));
    AN_TRY(an_run_folder_clean(j->ctx, &j->folder));
    AN_TRY(an_checkpoint_sweep(j->ctx, j->folder.checkpoints));
    AN_TRY(an_run_folder_trim_log(j->ctx, &j->folder, j->state.step));
    AN_TRY(an_config_write(j->ctx, &j->config, j->folder.config));
    AN_TRY(an_images_write(j->ctx, &j->data, j->folder.images));
    AN_TRY(an_held_back_write(j->ctx, &j->data, &j->config, j->folder.val));
    return add_mean_image(j); /* only for a restart: a checkpoint has it */
}

/* ---- new and resumed runs ---- */

/* The hash of the weights that the result recommends: the last, or those in best.safetensors. */
static alexnet_status hash_weights(job *j, alexnet_train_result *result)
{
    alexnet_model *best;

    if (j->state.best_step < 0 || j->state.best_step == j->state.step) {
        memcpy(result->weights_sha256, result->last_sha256, sizeof result->last_sha256);
        return ALEXNET_OK;
    }
    alexnet_model_free(j->model); /* makes room for the other, which is as large */
    j->model = NULL;
    AN_TRY(alexnet_model_load(j->ctx, result->weights, &best));
    const alexnet_status status = alexnet_model_hash(best, result->weights_sha256);
    alexnet_model_free(best);
    return status;
}

/* For a successful run that keeps none. A checkpoint that cannot be removed is no failure. */
static void remove_checkpoints(const job *j)
{
    if (j->config.checkpoint_keep == 0 &&
        an_checkpoint_remove_all(j->ctx, j->folder.checkpoints) != ALEXNET_OK)
        an_log(j->ctx, ALEXNET_LOG_WARNING, "checkpoints are left: %s", alexnet_error(j->ctx));
}

static alexnet_status train(job *j, alexnet_train_result *result)
{
    const an_training training = {
        .config = &j->config,
        .folder = &j->folder,
        .data = &j->data,
        .model = j->model,
        .disk = &j->disk,
        .memory = &j->memory,
        .checkpoint = j->checkpoint,
        .best_due = j->best_due,
        .options = j->options,
    };

    /* A resumed run keeps the dtype it began with; validation uses the dtype of training. */
    const alexnet_dtype before = j->ctx->options.dtype;
    j->ctx->options.dtype = (alexnet_dtype)j->config.dtype;
    const alexnet_status status = an_train_run(&training, &j->state, result);
    j->ctx->options.dtype = before;

    if (status == ALEXNET_OK) remove_checkpoints(j);
    if (status == ALEXNET_OK || status == ALEXNET_STOPPED) AN_TRY(hash_weights(j, result));
    if (status == ALEXNET_OK) AN_TRY(an_run_folder_log_end(j->ctx, &j->folder, result));
    return status;
}

static void close_job(job *j)
{
    an_dataset_close(j->ctx, &j->data);
    an_partial_close(j->ctx, &j->origin);
    alexnet_model_free(j->model);
    an_free(j->ctx, j->checkpoint);
    an_config_free(j->ctx, &j->base);
    an_config_free(j->ctx, &j->config);
    an_run_folder_close(j->ctx, &j->folder);
}

alexnet_status alexnet_train(alexnet_context *ctx, const alexnet_train_options *options,
                             alexnet_train_result *out)
{
    const double none = (double)NAN;
    alexnet_train_options resolved;
    alexnet_model_options network;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_NEED(ctx, out);
    AN_TAKE_OPTIONS(ctx, options, &resolved);
    if (resolved.model_options != NULL) {
        AN_TAKE_OPTIONS(ctx, resolved.model_options, &network);
        resolved.model_options = &network;
    }
    job j = {.ctx = ctx, .options = &resolved, .state = an_train_state_start()};
    char *from = NULL; /* the weights file, if a run folder is given */
    alexnet_status status = ALEXNET_OK;

    if (resolved.from != NULL) status = an_weights_file(ctx, resolved.from, &from);
    resolved.from = from;
    if (status == ALEXNET_OK) status = resolved.resume != NULL ? resume(&j) : start(&j);
    if (status == ALEXNET_OK)
        status = train(&j, out);
    else if (status == ALEXNET_STOPPED) /* before the first step: there is no run */
        *out = (alexnet_train_result){
            .train_loss = none, .val_top1 = none, .val_top5 = none, .best_top1 = none};
    if (status != ALEXNET_OK && status != ALEXNET_STOPPED && (j.begun || j.made))
        an_run_folder_undo(ctx, &j.folder, j.made, resolved.force != 0);
    close_job(&j);
    an_free(ctx, from);
    return status;
}
