/*
 * dataset.c: opening the parts of a data set.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/dataset.h"

#include "base/memory.h"
#include "base/status.h"
#include "infer/classes.h"

/* The validation part of data, or *out = NULL where it has none. */
static alexnet_status find_part(alexnet_context *ctx, const char *data, an_source **out)
{
    const alexnet_status status = an_source_open(ctx, data, AN_PART_VAL, out);

    return status == ALEXNET_NOT_FOUND ? ALEXNET_OK : status;
}

/* A data set given for validation: its own part for that, else all of it. */
static alexnet_status open_given(alexnet_context *ctx, const char *val, an_source **out)
{
    AN_TRY(find_part(ctx, val, out));
    return *out != NULL ? ALEXNET_OK : an_source_open(ctx, val, AN_PART_ALL, out);
}

static alexnet_status open_val(alexnet_context *ctx, const an_config *config, an_dataset *data)
{
    if (config->val != NULL)
        AN_TRY(open_given(ctx, config->val, &data->val_source));
    else
        AN_TRY(find_part(ctx, config->data, &data->val_source));
    if (data->val_source != NULL) {
        an_source_tell_passed(ctx, data->val_source,
                              config->val != NULL ? config->val : "to validate with");
        data->val =
            (an_pictures){.source = data->val_source, .count = an_source_count(data->val_source)};
        return ALEXNET_OK;
    }
    AN_TRY(an_split_open(ctx, data->train_source, config->val_split, config->seed, &data->split));
    data->train.indices = data->split.train;
    data->train.count = data->split.train_count;
    data->val = (an_pictures){
        .source = data->train_source, .indices = data->split.val, .count = data->split.val_count};
    return ALEXNET_OK;
}

alexnet_status an_dataset_open(alexnet_context *ctx, const an_config *config, an_dataset *out)
{
    alexnet_status status;

    *out = (an_dataset){0};
    AN_TRY(an_source_open(ctx, config->data, AN_PART_TRAIN, &out->train_source));
    an_source_tell_passed(ctx, out->train_source, config->data);
    out->train =
        (an_pictures){.source = out->train_source, .count = an_source_count(out->train_source)};
    status = open_val(ctx, config, out);
    if (status != ALEXNET_OK) an_dataset_close(ctx, out);
    return status;
}

void an_dataset_close(alexnet_context *ctx, an_dataset *data)
{
    an_source_close(data->train_source);
    an_source_close(data->val_source);
    an_split_close(ctx, &data->split);
    an_free(ctx, data->train_labels);
    an_free(ctx, data->val_labels);
    *data = (an_dataset){0};
}

alexnet_status an_dataset_map(an_dataset *data, const alexnet_model *model, const an_config *config)
{
    AN_TRY(an_classes_map(model, config->model, data->train_source, config->data,
                          &data->train_labels));
    data->train.labels = data->train_labels;
    if (data->val_source == NULL) {
        data->val.labels = data->train_labels;
        return ALEXNET_OK;
    }
    const alexnet_status status = an_classes_map(
        model, config->data, data->val_source,
        config->val != NULL ? config->val : "the validation part", &data->val_labels);
    if (status == ALEXNET_BAD_ARG) return ALEXNET_BAD_FILE; /* no option would set it right */
    AN_TRY(status);
    data->val.labels = data->val_labels;
    return ALEXNET_OK;
}
