/*
 * dataset.c: see dataset.h. Opens the sources, says what the user may not expect of the data
 * (splits that are not used, validation with training images, classes without images), and compares
 * the data with those that a resumed run began with.
 * SPDX-License-Identifier: MIT
 */
#include "train/dataset.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/parts.h"
#include "infer/classes.h"
#include "infer/network.h"
#include <string.h>

/* ---- messages ---- */

#define SPLITS_BYTES 256 /* "train/ with 200 images and test/ with 50 images" */

/* Logs the splits that are not used: on a small data set the user may want to know. */
static void tell_unused(alexnet_context *ctx, const char *path, const an_source *source,
                        unsigned used)
{
    char splits[SPLITS_BYTES];
    const int count = an_source_unused(source, ctx, used, splits, sizeof splits);

    if (count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: %s %s not used", path, splits,
               count == 1 ? "is" : "are");
}

/* Warns if the data set given for validation has the training images. IO, NO_MEMORY. */
static alexnet_status warn_if_same(alexnet_context *ctx, const an_config *config,
                                   const an_dataset *data)
{
    const unsigned wanted = an_source_parts(data->val_source)->wanted;
    char train[AN_SHA256_HEX_SIZE], val[AN_SHA256_HEX_SIZE];
    bool same_path = false;

    if (an_source_is_path(config->val) && an_source_is_path(config->data))
        AN_TRY(an_file_same(ctx, config->val, config->data, &same_path));
    an_source_hash(data->train_source, train);
    an_source_hash(data->val_source, val);
    const bool same = an_source_same_images(train, val);
    if ((wanted & AN_TRAIN_BIT) != 0 || (same_path && wanted == 0))
        an_log(ctx, ALEXNET_LOG_WARNING,
               "%s: it has no validation split: validating with %straining images", config->val,
               same_path || same ? "the " : "");
    else if (same)
        an_log(ctx, ALEXNET_LOG_WARNING,
               "%s: these are the images of %s: validating with the training images", config->val,
               config->data);
    return ALEXNET_OK;
}

static alexnet_status tell_splits(alexnet_context *ctx, const an_config *config,
                                  const an_dataset *data)
{
    const unsigned train = an_source_parts(data->train_source)->wanted;
    const unsigned val = data->val_source != NULL ? an_source_parts(data->val_source)->wanted : 0;

    AN_TRY(an_source_tell_layout(ctx, data->train_source, config->data));
    if (config->val == NULL) {
        tell_unused(ctx, config->data, data->train_source, train | val);
        return ALEXNET_OK;
    }
    tell_unused(ctx, config->data, data->train_source, train);
    AN_TRY(an_source_tell_layout(ctx, data->val_source, config->val));
    AN_TRY(warn_if_same(ctx, config, data));
    if (val != 0) tell_unused(ctx, config->val, data->val_source, val);
    return ALEXNET_OK;
}

static void count_images(const an_image_set *images, int64_t *counts)
{
    for (int64_t i = 0; i < images->count; ++i) {
        const int64_t index = images->indices != NULL ? images->indices[i] : i;
        const int label = an_source_label(images->source, index);
        ++counts[images->labels != NULL ? images->labels[label] : label];
    }
}

/* Logs the classes with one training image, and those without a validation image. */
static alexnet_status tell_classes(const an_dataset *data, const alexnet_model *model,
                                   const char *path)
{
    const int classes = model->options.classes;
    an_listing single = {0}, unvalidated = {0};
    char label[AN_LABEL_BYTES];
    int64_t *counts = an_new_array(model->ctx, (size_t)classes, 2 * sizeof *counts);
    const int64_t *train = counts, *val = counts + classes;

    if (counts == NULL) return an_fail(model->ctx, ALEXNET_NO_MEMORY, "%d classes", classes);
    count_images(&data->train, counts);
    count_images(&data->val, counts + classes);
    for (int c = 0; c < classes; ++c) {
        if (train[c] == 1)
            an_listing_add(&single, an_network_label(model, c, label));
        else if (train[c] > 0 && val[c] == 0 && data->val.count > 0)
            an_listing_add(&unvalidated, an_network_label(model, c, label));
    }
    an_free(model->ctx, counts);
    if (single.count > 0)
        an_log(model->ctx, ALEXNET_LOG_INFO, "%s: %s %s %s one image to train on", path,
               single.count > 1 ? "classes" : "class", an_listing_text(&single),
               single.count > 1 ? "have" : "has");
    if (unvalidated.count > 0)
        an_log(model->ctx, ALEXNET_LOG_INFO, "%s: %s %s %s no image to validate with", path,
               unvalidated.count > 1 ? "classes" : "class", an_listing_text(&unvalidated),
               unvalidated.count > 1 ? "have" : "has");
    return ALEXNET_OK;
}

/* ---- opening ---- */

/* Opens the validation split of a data set; *out = NULL: it has none. */
static alexnet_status find_val(alexnet_context *ctx, const char *data, an_source **out)
{
    const alexnet_status status = an_source_open(ctx, data, AN_PART_VAL, out);

    return status == ALEXNET_NOT_FOUND ? ALEXNET_OK : status;
}

/* Opens a data set given for validation: its validation split, else all of it. */
static alexnet_status open_given(alexnet_context *ctx, const char *val, an_source **out)
{
    AN_TRY(find_val(ctx, val, out));
    return *out != NULL ? ALEXNET_OK : an_source_open(ctx, val, AN_PART_ALL, out);
}

static alexnet_status open_val(alexnet_context *ctx, const an_config *config, an_dataset *data)
{
    if (config->val != NULL)
        AN_TRY(open_given(ctx, config->val, &data->val_source));
    else
        AN_TRY(find_val(ctx, config->data, &data->val_source));
    if (data->val_source != NULL) {
        an_source_tell_passed(ctx, data->val_source,
                              config->val != NULL ? config->val : "to validate with");
        data->val =
            (an_image_set){.source = data->val_source, .count = an_source_count(data->val_source)};
        return ALEXNET_OK;
    }
    AN_TRY(an_split_open(ctx, data->train_source, config->val_split, config->seed, &data->split));
    data->train.indices = data->split.train;
    data->train.count = data->split.train_count;
    data->val = (an_image_set){
        .source = data->train_source, .indices = data->split.val, .count = data->split.val_count};
    return ALEXNET_OK;
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text != '\0' && length > 0; text += length)
        length = an_utf8_length(text);
    return length > 0;
}

/* A weights file allows only UTF-8 in names of classes. Here the message can say what to rename. */
static alexnet_status check_names(alexnet_context *ctx, const an_source *source)
{
    char path[4096];

    for (int c = 0; c < an_source_classes(source); ++c) {
        if (is_utf8(an_source_class(source, c))) continue;
        int64_t index = 0;
        while (index + 1 < an_source_count(source) && an_source_label(source, index) != c)
            ++index;
        an_source_name(source, index, path, sizeof path);
        return an_fail(ctx, ALEXNET_BAD_FILE, "class '%s' of %s: its name is not UTF-8: rename it",
                       an_source_class(source, c), path);
    }
    return ALEXNET_OK;
}

static alexnet_status open_dataset(alexnet_context *ctx, const an_config *config, bool tell,
                                   an_dataset *out)
{
    alexnet_status status;

    *out = (an_dataset){0};
    AN_TRY(an_source_open(ctx, config->data, AN_PART_TRAIN, &out->train_source));
    if (tell) an_source_tell_passed(ctx, out->train_source, config->data);
    out->train =
        (an_image_set){.source = out->train_source, .count = an_source_count(out->train_source)};
    status = check_names(ctx, out->train_source);
    if (status == ALEXNET_OK) status = open_val(ctx, config, out);
    if (status == ALEXNET_OK && tell) status = tell_splits(ctx, config, out);
    if (status != ALEXNET_OK) an_dataset_close(ctx, out);
    return status;
}

alexnet_status an_dataset_open(alexnet_context *ctx, const an_config *config, an_dataset *out)
{
    return open_dataset(ctx, config, true, out);
}

alexnet_status an_dataset_open_again(alexnet_context *ctx, const an_config *config, an_dataset *out)
{
    return open_dataset(ctx, config, false, out);
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

static alexnet_status map_val(an_dataset *data, const alexnet_model *model, const an_config *config)
{
    if (data->val_source == NULL) {
        data->val.labels = data->train_labels;
        return ALEXNET_OK;
    }
    const alexnet_status status = an_classes_map(
        model, config->data, data->val_source,
        config->val != NULL ? config->val : "the validation split", &data->val_labels);
    if (status == ALEXNET_BAD_FILE || status == ALEXNET_BAD_ARG) /* no option can fix it */
        return an_fail(model->ctx, ALEXNET_BAD_FILE,
                       "%s; train on images of these classes, too, or take them out of what is to "
                       "validate with",
                       alexnet_error(model->ctx));
    data->val.labels = data->val_labels;
    return status;
}

alexnet_status an_dataset_map_classes(an_dataset *data, const alexnet_model *model,
                                      const an_config *config)
{
    AN_TRY(an_classes_map(model, config->model, data->train_source, config->data,
                          &data->train_labels));
    data->train.labels = data->train_labels;
    AN_TRY(map_val(data, model, config));
    return tell_classes(data, model, config->data);
}

/* True if the run was resumed with data at another path. */
static bool has_moved(const an_config *config)
{
    return config->first_data != NULL || config->first_val != NULL;
}

static const char *verdict(const an_config *config)
{
    return has_moved(config) ? "is not what the run began with" : "has changed";
}

/*
 * Compares a source with the hash that the run began with (NULL: there is no source, there was
 * none): with changed data a resumed run would train and validate on other images. Names and
 * classes must be the same; data at another path than before must have files of the same sizes,
 * too.
 */
static alexnet_status check_hash(alexnet_context *ctx, const an_dataset *data,
                                 const an_config *config, const an_source *source,
                                 const char *expected)
{
    char found[AN_SHA256_HEX_SIZE];

    if (source == NULL && expected == NULL) return ALEXNET_OK;
    if (source != NULL) an_source_hash(source, found);
    const bool same_names =
        source != NULL && expected != NULL && an_source_same_order(found, expected);
    if (same_names && (!has_moved(config) || an_source_same_images(found, expected)))
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s %s: as many images to %s as when the run began, but with other %s",
                   source == data->val_source && config->val != NULL ? config->val : config->data,
                   verdict(config), source == data->train_source ? "train on" : "validate with",
                   same_names ? "sizes of files" : "names or classes");
}

alexnet_status an_dataset_check(alexnet_context *ctx, const an_dataset *data,
                                const an_config *config)
{
    if (data->train.count != config->train_images || data->val.count != config->val_images)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s %s: %lld %s to train on and %lld to validate with, the run began with "
                       "%lld and %lld",
                       config->data, verdict(config), (long long)data->train.count,
                       AN_NOUN(data->train.count, "image", "images"), (long long)data->val.count,
                       (long long)config->train_images, (long long)config->val_images);
    AN_TRY(check_hash(ctx, data, config, data->train_source, config->train_sha256));
    return check_hash(ctx, data, config, data->val_source, config->val_sha256);
}
