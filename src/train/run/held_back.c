/*
 * held_back.c: the images that a run validated with, found from its config.json.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/held_back.h"

#include "base/context.h"
#include "base/extend.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/run_weights.h"
#include "infer/evaluate.h"
#include "infer/prediction_file.h"
#include "train/run/run_folder.h"
#include <string.h>

#define NAME_BYTES 4096 /* of an image's name */

/* ---- as a list ---- */

static alexnet_status add_image(an_writer *writer, const an_source *source, int64_t index,
                                const char *folder)
{
    char name[NAME_BYTES];

    an_source_name(source, index, name, sizeof name);
    if (name[0] == '/') {
        AN_TRY(an_write_csv(writer, name, false));
    } else {
        char whole[2 * NAME_BYTES];
        an_print(whole, sizeof whole, "%s/%s", folder, name);
        AN_TRY(an_write_csv(writer, whole, false));
    }
    AN_TRY(an_writer_add(writer, ",", 1));
    AN_TRY(an_write_csv(writer, an_source_class(source, an_source_label(source, index)), false));
    return an_writer_add(writer, "\n", 1);
}

static alexnet_status add_images(an_writer *writer, const an_image_set *images, const char *folder)
{
    static const char heading[] = "path,label\n";

    AN_TRY(an_writer_add(writer, heading, sizeof heading - 1));
    for (int64_t i = 0; i < images->count; ++i)
        AN_TRY(add_image(writer, images->source, images->indices[i], folder));
    return ALEXNET_OK;
}

alexnet_status an_held_back_write(alexnet_context *ctx, const an_dataset *data,
                                  const an_config *config, const char *path)
{
    an_writer *writer;
    char *folder; /* that relative names start from */
    alexnet_status status;

    if (data->val_source != NULL || data->val.count == 0 || !an_source_is_path(config->data))
        return ALEXNET_OK;
    AN_TRY(an_path_absolute(ctx, ".", &folder));
    status = an_writer_open(ctx, path, &writer);
    if (status == ALEXNET_OK) {
        status = add_images(writer, &data->val, strcmp(folder, "/") == 0 ? "" : folder);
        if (status == ALEXNET_OK)
            status = an_writer_commit(writer);
        else
            an_writer_abandon(writer);
    }
    an_free(ctx, folder);
    return status;
}

/* ---- evaluating ---- */

static void tell(alexnet_context *ctx, const char *run, const an_config *config,
                 const an_dataset *data)
{
    const long long count = (long long)data->val.count;

    if (config->val != NULL)
        an_log(ctx, ALEXNET_LOG_INFO, "run %s: evaluated on the %lld %s of %s", run, count,
               AN_NOUN(count, "image", "images"), config->val);
    else if (data->val_source != NULL)
        an_log(ctx, ALEXNET_LOG_INFO,
               "run %s: evaluated on the %lld %s of the validation split of %s", run, count,
               AN_NOUN(count, "image", "images"), config->data);
    else
        an_log(ctx, ALEXNET_LOG_INFO,
               "run %s: evaluated on the %lld %s of %s that it held back (val_split %g, seed %llu)",
               run, count, AN_NOUN(count, "image", "images"), config->data, config->val_split,
               (unsigned long long)config->seed);
}

/* Whether each image of the source is a file with a path. */
static bool has_paths(const an_source *source)
{
    const char *kind = an_source_kind(source);

    return strcmp(kind, "folder") == 0 || strcmp(kind, "list") == 0;
}

/* If the data has changed since it was split, the run's list still names the images held back. */
static alexnet_status fail_changed(alexnet_context *ctx, const char *run, const an_dataset *data,
                                   alexnet_status status)
{
    char cause[AN_ERROR_BYTES];
    an_run_folder folder;
    an_file_info info;

    an_print(cause, sizeof cause, "%s", ctx->error);
    AN_TRY(an_run_folder_open(ctx, run, &folder));
    const alexnet_status looked = an_file_stat(ctx, folder.val, &info);
    if (looked == ALEXNET_OK && info.kind == AN_FILE_REGULAR && has_paths(data->train_source))
        status = an_fail(ctx, status, "%s; evaluate on the listed images: alexnet eval %s %s",
                         cause, run, folder.val);
    else
        status = an_fail(ctx, status, "%s", cause);
    an_run_folder_close(ctx, &folder);
    return status;
}

static alexnet_status open_held_back(alexnet_context *ctx, const char *run, const an_config *config,
                                     an_dataset *data)
{
    AN_TRY(an_dataset_open_again(ctx, config, data));
    const alexnet_status status = an_dataset_check(ctx, data, config);
    if (status != ALEXNET_OK) return fail_changed(ctx, run, data, status);
    if (data->val.count == 0)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "it held no images back (val_split %g): name the data to evaluate it on",
                       config->val_split);
    return ALEXNET_OK;
}

static alexnet_status evaluate_run(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                   const an_config *config, an_dataset *data,
                                   alexnet_evaluate_result *out)
{
    const char *run = options->weights[0];
    const alexnet_status status = open_held_back(ctx, run, config, data);

    if (status == ALEXNET_IO || status == ALEXNET_NO_MEMORY) return status;
    if (status != ALEXNET_OK) return an_fail_within(ctx, status, "run %s", run);
    const an_evaluated images = {
        .source = data->val.source,
        .indices = data->val.indices,
        .count = data->val.count,
        .name = config->val != NULL ? config->val : config->data,
    };
    tell(ctx, run, config, data);
    return an_evaluate(ctx, options, &images, out);
}

/* The settings of the run in this folder. */
static alexnet_status read_config(alexnet_context *ctx, const char *run, an_config *config)
{
    an_run_folder folder;
    an_file_info info;

    AN_TRY(an_file_stat(ctx, run, &info));
    if (info.kind == AN_FILE_ABSENT)
        return an_fail(ctx, ALEXNET_NOT_FOUND, "%s: no such file or folder", run);
    AN_TRY(an_run_folder_open(ctx, run, &folder));
    alexnet_status status = an_file_stat(ctx, folder.config, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_ABSENT)
        status = an_fail(ctx, ALEXNET_BAD_ARG,
                         "'%s' is not a run folder: name the data to evaluate it on", run);
    if (status == ALEXNET_OK) status = an_config_read(ctx, folder.config, config);
    an_run_folder_close(ctx, &folder);
    return status;
}

/* If the run's images are in an archive, the paths in its list do not exist. */
static alexnet_status evaluate_data(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                    alexnet_evaluate_result *out)
{
    static const char list[] = "/" AN_RUN_VAL;
    const alexnet_status status = an_evaluate(ctx, options, NULL, out);
    const size_t length = options->data != NULL ? strlen(options->data) : 0, tail = sizeof list - 1;
    char cause[AN_ERROR_BYTES];

    if (status != ALEXNET_BAD_FILE || length <= tail ||
        strcmp(options->data + length - tail, list) != 0)
        return status;
    an_print(cause, sizeof cause, "%s", ctx->error);
    return an_fail(ctx, status,
                   "%s; to evaluate on what a run held back of an archive: alexnet eval %.*s",
                   cause, (int)(length - tail), options->data);
}

static alexnet_status evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                               alexnet_evaluate_result *out)
{
    an_config config = {0};
    an_dataset data = {0};

    AN_TRY(an_network_check_paths(ctx, options->weights, options->weights_count));
    if (options->data != NULL || options->weights_count == 0)
        return evaluate_data(ctx, options, out);
    if (options->weights_count > 1)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "several weights need data: only a single run is evaluated on the images it "
                       "held back");
    AN_TRY(read_config(ctx, options->weights[0], &config));
    const alexnet_status status = evaluate_run(ctx, options, &config, &data, out);
    an_dataset_close(ctx, &data);
    an_config_free(ctx, &config);
    return status;
}

alexnet_status alexnet_evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                alexnet_evaluate_result *out)
{
    alexnet_evaluate_options given;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_NEED(ctx, out);
    AN_TAKE_OPTIONS(ctx, options, &given);
    AN_NEED_WITHIN(ctx, given.workers, 0, ALEXNET_WORKERS_MAX);
    AN_NEED_WITHIN(ctx, given.orientation, 0, ALEXNET_ORIENTATION_STORED);
    AN_NEED_WITHIN(ctx, given.on_bad_image, 0, ALEXNET_BAD_IMAGE_SKIP);
    return evaluate(ctx, &given, out);
}
