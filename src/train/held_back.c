/*
 * held_back.c: what a run validated with, found again from its config.json.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/held_back.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "infer/answers.h"
#include "infer/evaluate.h"
#include "train/run_folder.h"
#include <string.h>

#define NAME_BYTES 4096 /* of a picture */

/* ---- as a list ---- */

static alexnet_status add_picture(an_writer *writer, const an_source *source, int64_t index,
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

static alexnet_status add_pictures(an_writer *writer, const an_pictures *pictures,
                                   const char *folder)
{
    static const char heading[] = "path,label\n";

    AN_TRY(an_writer_add(writer, heading, sizeof heading - 1));
    for (int64_t i = 0; i < pictures->count; ++i)
        AN_TRY(add_picture(writer, pictures->source, pictures->indices[i], folder));
    return ALEXNET_OK;
}

alexnet_status an_held_back_write(alexnet_context *ctx, const an_dataset *data,
                                  const an_config *config, const char *path)
{
    an_writer *writer;
    char *folder; /* that relative names begin in */
    alexnet_status status;

    if (data->val_source != NULL || data->val.count == 0 || !an_source_is_path(config->data))
        return ALEXNET_OK;
    AN_TRY(an_path_absolute(ctx, ".", &folder));
    status = an_writer_open(ctx, path, &writer);
    if (status == ALEXNET_OK) {
        status = add_pictures(writer, &data->val, strcmp(folder, "/") == 0 ? "" : folder);
        if (status == ALEXNET_OK)
            status = an_writer_commit(writer);
        else
            an_writer_abandon(writer);
    }
    an_free(ctx, folder);
    return status;
}

/* ---- measuring it ---- */

static void tell(alexnet_context *ctx, const char *run, const an_config *config,
                 const an_dataset *data)
{
    const long long count = (long long)data->val.count;

    if (config->val != NULL)
        an_log(ctx, ALEXNET_LOG_INFO, "run %s: measured on the %lld images of %s", run, count,
               config->val);
    else if (data->val_source != NULL)
        an_log(ctx, ALEXNET_LOG_INFO,
               "run %s: measured on the %lld images of the validation part of %s", run, count,
               config->data);
    else
        an_log(
            ctx, ALEXNET_LOG_INFO,
            "run %s: measured on the %lld images of %s that it held back (val_split %g, seed %llu)",
            run, count, config->data, config->val_split, (unsigned long long)config->seed);
}

static alexnet_status evaluate_run(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                   const an_config *config, an_dataset *data,
                                   alexnet_evaluate_result *out)
{
    const char *run = options->weights[0];

    AN_TRY(an_dataset_open_again(ctx, config, data)); /* training told what there is to tell */
    AN_TRY(an_dataset_check(ctx, data, config));
    if (data->val.count == 0)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "it held no images back (val_split %g): name the data to measure it on",
                       config->val_split);
    const an_evaluated pictures = {
        .source = data->val.source,
        .indices = data->val.indices,
        .count = data->val.count,
        .name = config->val != NULL ? config->val : config->data,
    };
    tell(ctx, run, config, data);
    return an_evaluate(ctx, options, &pictures, out);
}

/* The settings of the run in this folder. */
static alexnet_status read_config(alexnet_context *ctx, const char *run, an_config *config)
{
    an_run_folder folder;
    an_file_info info;

    AN_TRY(an_run_folder_open(ctx, run, &folder));
    alexnet_status status = an_file_stat(ctx, folder.config, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_ABSENT)
        status = an_fail(ctx, ALEXNET_BAD_ARG,
                         "'%s' is not the folder of a run: name the data to measure it on", run);
    if (status == ALEXNET_OK) status = an_config_read(ctx, folder.config, config);
    an_run_folder_close(ctx, &folder);
    return status;
}

alexnet_status alexnet_evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                                alexnet_evaluate_result *out)
{
    an_config config = {0};
    an_dataset data = {0};

    if (options->data != NULL || options->weights_count == 0)
        return an_evaluate(ctx, options, NULL, out);
    if (options->weights_count > 1)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "several weights need data: only one run is measured on what it held back");
    AN_TRY(read_config(ctx, options->weights[0], &config));
    alexnet_status status = evaluate_run(ctx, options, &config, &data, out);
    if (status == ALEXNET_BAD_ARG || status == ALEXNET_NOT_FOUND)
        status = an_fail_within(ctx, status, "run %s", options->weights[0]);
    an_dataset_close(ctx, &data);
    an_config_free(ctx, &config);
    return status;
}
