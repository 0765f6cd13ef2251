/*
 * partial.c: loads whatever tensors of a weights file fit into an existing model.
 * SPDX-License-Identifier: MIT
 */
#include "formats/partial.h"

#include "base/alike.h"
#include "base/extend.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include "formats/class_names.h"
#include "formats/metadata.h"
#include "formats/run_weights.h"
#include "formats/translate.h"
#include "formats/weights.h"
#include "image/preprocess.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

/* With both "a" and "module.a" in the file, it is unclear which one is a. */
static alexnet_status check_names(alexnet_context *ctx, const an_partial *partial)
{
    const char *twice;

    AN_TRY(an_find_twice(ctx, partial->names, partial->file.count, &twice));
    return twice == NULL ? ALEXNET_OK
                         : an_fail(ctx, ALEXNET_BAD_FILE,
                                   "two of its tensors are '%s': prefixes such as 'module.' are "
                                   "ignored",
                                   twice);
}

static alexnet_status take_names(alexnet_context *ctx, an_partial *partial)
{
    const size_t count = partial->file.count;

    partial->names = an_new_array(ctx, count, sizeof *partial->names);
    if (partial->names == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "names of %zu tensors", count);
    for (size_t i = 0; i < count; ++i)
        partial->names[i] = an_weights_plain_name(partial->file.tensors[i].name);
    return check_names(ctx, partial);
}

static alexnet_status take_family(alexnet_context *ctx, an_partial *partial)
{
    const char *family = an_tensor_file_metadata(&partial->file, AN_KEY_FAMILY);

    partial->options = alexnet_model_options_default();
    if (family == NULL) return ALEXNET_OK;
    partial->family = an_family_find(family);
    if (partial->family != NULL) return an_weights_options(ctx, &partial->file, &partial->options);
    an_log(ctx, ALEXNET_LOG_INFO, "%s: unknown model '%.100s': its tensors decide the model",
           partial->path, family);
    return ALEXNET_OK;
}

/* Takes the names from the list beside a file on disk. */
static alexnet_status take_classes_beside(alexnet_context *ctx, an_partial *partial)
{
    const an_names *names = &partial->names_beside;

    if (!partial->file.open) return ALEXNET_OK;
    AN_TRY(an_class_names_beside(ctx, partial->path, &partial->names_beside));
    if (names->count == 0) return ALEXNET_OK;
    if (names->count > ALEXNET_CLASSES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%zu names of classes; at most %d are possible",
                       names->count, ALEXNET_CLASSES_MAX);
    partial->classes = an_new_array(ctx, names->count, sizeof *partial->classes);
    if (partial->classes == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu class names", names->count);
    for (size_t i = 0; i < names->count; ++i)
        partial->classes[i] = names->names[i];
    partial->class_count = (int)names->count;
    return an_model_check_classes(ctx, partial->classes, partial->class_count);
}

static alexnet_status take_classes(alexnet_context *ctx, an_partial *partial)
{
    const char *text = an_tensor_file_metadata(&partial->file, AN_KEY_CLASSES);

    if (text == NULL) return take_classes_beside(ctx, partial);
    if (an_json_parse_list(ctx, AN_KEY_CLASSES, text, strlen(text), &partial->class_list) ==
        ALEXNET_NO_MEMORY)
        return ALEXNET_NO_MEMORY;
    const size_t count = json_array_size(partial->class_list); /* 0 if it is not a list */
    if (count == 0 || count > ALEXNET_CLASSES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "metadata '%s': expected a JSON list of 1 to %d names, found %zu",
                       AN_KEY_CLASSES, ALEXNET_CLASSES_MAX, count);
    partial->classes = an_new_array(ctx, count, sizeof *partial->classes);
    if (partial->classes == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu class names", count);
    for (size_t i = 0; i < count; ++i) {
        partial->classes[i] = json_string_value(json_array_get(partial->class_list, i));
        if (partial->classes[i] == NULL)
            return an_fail(ctx, ALEXNET_BAD_FILE, "metadata '%s': entry %zu is not a string",
                           AN_KEY_CLASSES, i);
    }
    partial->class_count = (int)count;
    return an_model_check_classes(ctx, partial->classes, partial->class_count);
}

static alexnet_status take_preprocess(alexnet_context *ctx, an_partial *partial)
{
    an_preprocess record;

    partial->preprocess = an_tensor_file_metadata(&partial->file, AN_KEY_PREPROCESS);
    return partial->preprocess == NULL ? ALEXNET_OK
                                       : an_preprocess_parse(ctx, partial->preprocess, &record);
}

static alexnet_status take_all(alexnet_context *ctx, an_partial *partial)
{
    AN_TRY(take_names(ctx, partial));
    AN_TRY(take_family(ctx, partial));
    AN_TRY(take_classes(ctx, partial));
    return take_preprocess(ctx, partial);
}

/* Completes an_partial_open() and an_partial_parse(); `status` is that of opening out->file. */
static alexnet_status finish(alexnet_context *ctx, alexnet_status status, const char *path,
                             an_partial *out)
{
    if (status == ALEXNET_OK) {
        out->path = an_copy_text(ctx, path);
        status = out->path != NULL ? take_all(ctx, out)
                                   : an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for its name");
        /* where other callers passed a bad argument, here the file is bad */
        if (status != ALEXNET_OK)
            status = an_fail_within(ctx, status == ALEXNET_BAD_ARG ? ALEXNET_BAD_FILE : status,
                                    "%s", path);
    }
    if (status != ALEXNET_OK) an_partial_close(ctx, out);
    return status;
}

alexnet_status an_partial_open(alexnet_context *ctx, const char *path, an_partial *out)
{
    char *found;

    *out = (an_partial){0};
    AN_TRY(an_weights_file(ctx, path, &found));
    const alexnet_status status =
        finish(ctx, an_weights_open(ctx, found, NULL, true, &out->file), found, out);
    an_free(ctx, found);
    return status;
}

/* Replaces the values of the file's tensors by their momentum. */
static alexnet_status take_momentum(alexnet_context *ctx, const char *path, const char *state_path,
                                    const an_caffe_solverstate *state, an_tensor_file *file)
{
    an_tensor_view *momentum = an_new_array(ctx, file->count, sizeof *momentum);

    if (momentum == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: momentum of %zu tensors", path, file->count);
    const alexnet_status status =
        an_caffe_solverstate_match(ctx, state_path, state, file, momentum);
    for (size_t i = 0; i < file->count && status == ALEXNET_OK; ++i)
        if (momentum[i].name != NULL) file->tensors[i] = momentum[i];
    an_free(ctx, momentum);
    return status;
}

static alexnet_status open_momentum(alexnet_context *ctx, const char *path, const char *state_path,
                                    an_partial *out)
{
    AN_TRY(an_tensor_file_open(ctx, path, NULL, &out->file));
    if (out->file.format != &an_tensor_format_caffe || out->file.network == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: the momentum of %s needs the weights it was saved with, as a "
                       ".caffemodel; this is a file of format %s",
                       path, state_path, out->file.format->name);
    AN_TRY(an_caffe_solverstate_open(ctx, state_path, &out->solver));
    AN_TRY(take_momentum(ctx, path, state_path, &out->solver, &out->file));
    return an_translate(ctx, path, &out->file, NULL, true);
}

alexnet_status an_partial_open_momentum(alexnet_context *ctx, const char *path,
                                        const char *solverstate, an_partial *out)
{
    *out = (an_partial){0};
    alexnet_status status = open_momentum(ctx, path, solverstate, out);
    if (status != ALEXNET_OK) {
        an_partial_close(ctx, out);
        return status;
    }
    AN_TRY(finish(ctx, status, path, out));
    char *name = an_copy_text(ctx, solverstate);
    if (name == NULL) {
        an_partial_close(ctx, out);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for its name", solverstate);
    }
    an_free(ctx, out->path);
    out->path = name;
    return ALEXNET_OK;
}

alexnet_status an_partial_parse(alexnet_context *ctx, const char *what, const void *data,
                                size_t bytes, an_partial *out)
{
    *out = (an_partial){0};
    return finish(ctx, an_safetensors_parse(ctx, what, data, bytes, &out->file), what, out);
}

void an_partial_close(alexnet_context *ctx, an_partial *partial)
{
    an_tensor_file_close(ctx, &partial->file);
    an_caffe_solverstate_close(ctx, &partial->solver);
    json_decref(partial->class_list);
    an_names_free(ctx, &partial->names_beside);
    an_free(ctx, partial->classes);
    an_free(ctx, partial->names);
    an_free(ctx, partial->path);
    *partial = (an_partial){0};
}

const an_tensor_view *an_partial_find(const an_partial *partial, const char *name)
{
    for (size_t i = 0; i < partial->file.count; ++i)
        if (strcmp(partial->names[i], name) == 0) return &partial->file.tensors[i];
    return NULL;
}

/* ---- lists of names for the log ---- */

#define LIST_BYTES 512

typedef struct listing {
    char text[LIST_BYTES];
    size_t used;
    int count;
    bool full;
} listing;

static void list(listing *l, const char *name)
{
    const char *shown = l->used + strlen(name) + 8 < sizeof l->text ? name : "...";

    if (!l->full)
        l->used += (size_t)an_print(l->text + l->used, sizeof l->text - l->used, "%s%s",
                                    l->count == 0 ? "" : ", ", shown);
    l->full = l->full || shown != name;
    ++l->count;
}

/* ---- the last layer, by the names of classes ---- */

typedef struct head {
    int first, count;   /* its parameters; count 0: the network has no such layer */
    int *rows;          /* for each class of the model, the file's row or -1; NULL: the same row */
    const char *reason; /* why it starts afresh; NULL: it does not */
    int64_t file_rows;  /* -1: the file has no such layer */
    int taken;          /* classes that get a row */
    bool by_order;      /* the file does not name its rows, the model does */
} head;

/* Finds the last layer with parameters, if these have one row for each class. */
static void find_head(const alexnet_model *model, head *h)
{
    int node = model->node_count - 1;

    while (node > 0 && model->nodes[node].param_count == 0)
        --node;
    h->first = model->nodes[node].first_param;
    h->count = model->nodes[node].param_count;
    for (int i = h->first; i < h->first + h->count; ++i)
        if (model->params.items[i].shape[0] != model->options.classes) h->count = 0;
}

static bool is_of_head(const head *h, int index)
{
    return index >= h->first && index < h->first + h->count;
}

/* True if the shapes are equal except for the number of rows. */
static bool same_but_rows(const an_param *param, const an_tensor_view *tensor)
{
    if (tensor->rank != param->rank) return false;
    for (int i = 1; i < param->rank; ++i)
        if (tensor->shape[i] != param->shape[i]) return false;
    return true;
}

/* The number of rows of the last layer in the file; -1 if a tensor is missing or they differ. */
static int64_t count_rows(const an_partial *partial, const alexnet_model *model, const head *h)
{
    int64_t rows = -1;

    for (int i = h->first; i < h->first + h->count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *tensor = an_partial_find(partial, param->name);
        if (tensor == NULL || !same_but_rows(param, tensor)) return -1;
        if (rows >= 0 && tensor->shape[0] != rows) return -1;
        rows = tensor->shape[0];
    }
    return rows;
}

typedef struct entry {
    const char *name;
    int index;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    const int order = strcmp(x->name, y->name);

    return order != 0 ? order : x->index - y->index;
}

/* The first class of this name; -1: none. */
static int find_class(const entry *sorted, int count, const char *name)
{
    int low = 0, high = count;

    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(sorted[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(sorted[low].name, name) == 0 ? sorted[low].index : -1;
}

static alexnet_status map_classes(const an_partial *partial, const alexnet_model *model, head *h)
{
    alexnet_context *ctx = model->ctx;
    const int count = partial->class_count, wanted = model->options.classes;
    entry *sorted = an_new_array(ctx, (size_t)count, sizeof *sorted);

    h->rows = an_new_array(ctx, (size_t)wanted, sizeof *h->rows);
    if (sorted == NULL || h->rows == NULL) {
        an_free(ctx, sorted);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%d classes", wanted);
    }
    for (int i = 0; i < count; ++i)
        sorted[i] = (entry){partial->classes[i], i};
    qsort(sorted, (size_t)count, sizeof *sorted, compare_entries);
    for (int i = 0; i < wanted; ++i) {
        const char *name = an_imagenet_of_synset(model->classes[i]); /* data's, if it is a synset */
        h->rows[i] = find_class(sorted, count, model->classes[i]);
        if (h->rows[i] < 0 && name != NULL) h->rows[i] = find_class(sorted, count, name);
        h->taken += h->rows[i] >= 0;
    }
    an_free(ctx, sorted);
    if (h->taken == 0) h->reason = "the file has none of this model's class names";
    return ALEXNET_OK;
}

static alexnet_status match_head(const an_partial *partial, const alexnet_model *model, head *h)
{
    const bool named = partial->classes != NULL;

    find_head(model, h);
    h->file_rows = h->count > 0 ? count_rows(partial, model, h) : -1;
    if (h->file_rows < 0) return ALEXNET_OK; /* then each tensor is matched by its shape */
    if (named && h->file_rows != partial->class_count)
        return an_fail(model->ctx, ALEXNET_BAD_FILE,
                       "%s: %s has %d %s, but %s has rows for %lld %s", partial->path,
                       partial->class_list != NULL ? "metadata '" AN_KEY_CLASSES "'"
                                                   : "the list of classes beside it",
                       partial->class_count, AN_NOUN(partial->class_count, "name", "names"),
                       model->params.items[h->first].name, (long long)h->file_rows,
                       AN_NOUN(h->file_rows, "class", "classes"));
    if (named && model->classes != NULL) return map_classes(partial, model, h);
    if (!named && partial->by_order && h->file_rows == model->options.classes)
        h->by_order = model->classes != NULL;
    else if (named != (model->classes != NULL))
        h->reason = named ? "the file names its classes, but this model does not"
                          : "the file does not name its classes, so they cannot be matched with "
                            "those of this model";
    else if (h->file_rows != model->options.classes)
        h->reason = "the file has another number of classes, and no names for them";
    return ALEXNET_OK;
}

/* Copies each row of the file to the row of its class. */
static alexnet_status copy_rows(const an_partial *partial, alexnet_model *model,
                                const an_param *param, const head *h)
{
    alexnet_context *ctx = model->ctx;
    const an_tensor_view *tensor = an_partial_find(partial, param->name);
    const int64_t row = param->count / param->shape[0];
    float *values = an_new_array(ctx, (size_t)tensor->count, sizeof *values);

    if (values == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", param->name);
    const alexnet_status status = an_tensor_to_finite(ctx, partial->path, tensor, values);
    for (int i = 0; status == ALEXNET_OK && i < model->options.classes; ++i)
        if (h->rows[i] >= 0)
            memcpy(model->values + param->offset + i * row, values + h->rows[i] * row,
                   (size_t)row * sizeof *values);
    an_model_changed(model);
    an_free(ctx, values);
    return status;
}

/* "head: 6 of 8 classes taken over by name: ...; these start afresh: ...; the file's other ..." */
static void log_head(const an_partial *partial, const alexnet_model *model, const head *h)
{
    listing taken = {0}, fresh = {0};
    const int dropped = partial->class_count - h->taken;

    for (int i = 0; h->rows != NULL && i < model->options.classes; ++i)
        list(h->rows[i] >= 0 ? &taken : &fresh, model->classes[i]);
    if (h->reason != NULL)
        an_log(model->ctx, ALEXNET_LOG_INFO, "head: %s starts afresh: %s",
               model->params.items[h->first].name, h->reason);
    else if (h->by_order)
        an_log(model->ctx, ALEXNET_LOG_INFO,
               "head: the file does not name its %d classes: they are taken to be those of this "
               "model, in the same order",
               model->options.classes);
    else if (h->rows != NULL)
        an_log(model->ctx, ALEXNET_LOG_INFO,
               "head: %d of %d %s taken over by name: %.300s%s%.300s%s", h->taken,
               model->options.classes, AN_NOUN(model->options.classes, "class", "classes"),
               taken.text, fresh.count == 0 ? "" : "; these start afresh: ", fresh.text,
               dropped > 0 ? "; the file's other classes are not used" : "");
}

/* ---- what fits ---- */

/* What was done with each tensor. */
typedef struct outcome {
    listing loaded, absent, other, unused;
} outcome;

static void list_layer(listing *l, const alexnet_model *model, int index)
{
    for (const an_node *node = model->nodes; node < model->nodes + model->node_count; ++node)
        if (index == node->first_param && node->param_count > 0) {
            list(l, node->name);
            return;
        }
    ++l->count; /* a further tensor of the same layer */
}

static void list_other(listing *l, const an_param *param, const an_tensor_view *tensor)
{
    char text[AN_PARAM_NAME_BYTES + 2 * AN_SHAPE_TEXT + 32], ours[AN_SHAPE_TEXT],
        theirs[AN_SHAPE_TEXT];

    an_tensor_shape_text(param->shape, param->rank, ours);
    an_tensor_shape_text(tensor->shape, tensor->rank, theirs);
    an_print(text, sizeof text, "%s %s, not %s", param->name, ours, theirs);
    list(l, text);
}

/* Reads one parameter; *took: all of it, or rows of it, were taken over. */
static alexnet_status read_param(const an_partial *partial, alexnet_model *model, int index,
                                 const head *h, outcome *out, bool *took)
{
    const an_param *param = &model->params.items[index];
    const an_tensor_view *tensor = an_partial_find(partial, param->name);
    const bool matched = is_of_head(h, index) && h->file_rows >= 0;

    *took = false;
    if (tensor == NULL)
        list(&out->absent, param->name);
    else if (matched && h->reason != NULL)
        return ALEXNET_OK; /* log_head() reports it */
    else if (!matched && !an_weights_same_shape(param, tensor))
        list_other(&out->other, param, tensor);
    else
        *took = true;
    if (!*took) return ALEXNET_OK;
    list_layer(&out->loaded, model, index);
    return matched && h->rows != NULL ? copy_rows(partial, model, param, h)
                                      : an_weights_copy_param(model, partial->path, tensor, param);
}

static void list_unused(const an_partial *partial, const alexnet_model *model, listing *l)
{
    for (size_t i = 0; i < partial->file.count; ++i)
        if (an_model_find_param(model, partial->names[i]) < 0 &&
            strcmp(partial->names[i], AN_MEAN_IMAGE) != 0 &&
            !an_translate_ignores(partial->names[i]))
            list(l, partial->file.tensors[i].name);
}

static void log_outcome(const an_partial *partial, const alexnet_model *model, const outcome *out)
{
    alexnet_context *ctx = model->ctx;

    an_log(ctx, ALEXNET_LOG_INFO, "%s: loaded %d of the %d %s of %s: %s", partial->path,
           out->loaded.count, model->params.count,
           AN_NOUN(model->params.count, "tensor", "tensors"), model->family->name,
           out->loaded.text);
    if (out->absent.count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "start afresh, as %s has no such tensors: %s", partial->path,
               out->absent.text);
    if (out->other.count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "start afresh, as %s has them of another shape: %s",
               partial->path, out->other.text);
    if (out->unused.count > 0)
        an_log(ctx, ALEXNET_LOG_INFO, "not used, as model %s has no such tensors: %s",
               model->family->name, out->unused.text);
}

/* The error when no tensor was taken over: because of the head, of shapes, or of names. */
static alexnet_status fail_unfit(const an_partial *partial, const alexnet_model *model,
                                 const head *h, const outcome *out)
{
    alexnet_context *ctx = model->ctx;
    const an_param *params = model->params.items;
    char names[AN_WEIGHTS_NAMES];

    if (h->reason != NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: the only layer of model %s in it is the last one, %s, which starts "
                       "afresh: %s",
                       partial->path, model->family->name, params[h->first].name, h->reason);
    if (out->other.count > 0)
        return an_fail(
            ctx, ALEXNET_BAD_FILE,
            "%s: it has %zu %s, and none fits model %s, which has them of another shape: %.300s",
            partial->path, partial->file.count, AN_NOUN(partial->file.count, "tensor", "tensors"),
            model->family->name, out->other.text);
    if (partial->file.count == 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it has 0 tensors, and none fits model %s",
                       partial->path, model->family->name);
    return an_fail(
        ctx, ALEXNET_BAD_FILE,
        "%s: it has %zu %s, and none fits model %s: the file has %s, the model %s, %s ...",
        partial->path, partial->file.count, AN_NOUN(partial->file.count, "tensor", "tensors"),
        model->family->name, an_weights_names(&partial->file, names), params[0].name,
        params[model->params.count > 1 ? 1 : 0].name);
}

static alexnet_status read_params(const an_partial *partial, alexnet_model *model, const head *h,
                                  bool *fresh)
{
    outcome out = {0};

    for (int i = 0; i < model->params.count; ++i) {
        bool took;
        AN_TRY(read_param(partial, model, i, h, &out, &took));
        if (fresh != NULL) fresh[i] = !took;
    }
    list_unused(partial, model, &out.unused);
    if (out.loaded.count == 0) return fail_unfit(partial, model, h, &out);
    log_outcome(partial, model, &out);
    log_head(partial, model, h);
    return ALEXNET_OK;
}

alexnet_status an_partial_read(const an_partial *partial, alexnet_model *model, bool *fresh)
{
    head h = {0};
    alexnet_status status = match_head(partial, model, &h);

    if (status == ALEXNET_OK) status = read_params(partial, model, &h, fresh);
    an_free(model->ctx, h.rows);
    return status;
}

/* ---- the record ---- */

/* Whether the record yields images of the model's input size, as far as it determines the size. */
static bool is_of_size(const an_preprocess *record, const alexnet_model_options *options)
{
    const bool crops = record->crop_h > 0;
    const int height = crops ? record->crop_h : record->resize_h;
    const int width = crops ? record->crop_w : record->resize_w;

    if (!crops && record->resize != AN_RESIZE_EXACT) return true;
    return height == options->input_h && width == options->input_w;
}

alexnet_status an_partial_take_record(const an_partial *partial, alexnet_model *model)
{
    alexnet_context *ctx = model->ctx;
    const an_tensor_view *mean_image = an_partial_find(partial, AN_MEAN_IMAGE);
    an_preprocess record;

    if (partial->preprocess == NULL) return ALEXNET_OK;
    AN_TRY(an_preprocess_parse(ctx, partial->preprocess, &record));
    if (!is_of_size(&record, &model->options)) {
        an_log(ctx, ALEXNET_LOG_INFO,
               "preprocessing: the record of %s is for images of another size; it is now: %s",
               partial->path, model->preprocess);
        return ALEXNET_OK;
    }
    AN_TRY(an_model_set_preprocess(model, partial->preprocess));
    return mean_image == NULL ? ALEXNET_OK
                              : an_weights_copy_mean_image(model, partial->path, mean_image);
}

/* ---- which network does the file belong to? ---- */

static alexnet_status count_fitting(alexnet_context *ctx, const an_partial *partial,
                                    const an_family *family, int *count)
{
    alexnet_model *model;
    head h = {0};

    *count = 0;
    AN_TRY(an_model_describe(ctx, family, NULL, &model));
    find_head(model, &h);
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *tensor = an_partial_find(partial, param->name);
        if (tensor == NULL) continue;
        *count +=
            is_of_head(&h, i) ? same_but_rows(param, tensor) : an_weights_same_shape(param, tensor);
    }
    alexnet_model_free(model);
    return ALEXNET_OK;
}

alexnet_status an_partial_family(alexnet_context *ctx, const an_partial *partial,
                                 const an_family **out)
{
    char names[AN_WEIGHTS_NAMES];
    int most = 0;

    *out = partial->family;
    if (*out != NULL) return ALEXNET_OK;
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        int count;
        AN_TRY(count_fitting(ctx, partial, an_family_at(i), &count));
        if (count > most) *out = an_family_at(i);
        most = AN_MAX(most, count);
    }
    if (*out == NULL)
        return an_fail(
            ctx, ALEXNET_BAD_FILE, "%s: it has %zu %s, and none fits any model%s%s", partial->path,
            partial->file.count, AN_NOUN(partial->file.count, "tensor", "tensors"),
            partial->file.count > 0 ? ": " : "", an_weights_names(&partial->file, names));
    if (partial->family == NULL)
        an_log(ctx, ALEXNET_LOG_INFO, "%s: %d of its %zu %s %s of %s", partial->path, most,
               partial->file.count, AN_NOUN(partial->file.count, "tensor", "tensors"),
               AN_NOUN(most, "is", "are"), (*out)->name);
    return ALEXNET_OK;
}

/* ---- a model from the file ---- */

static int count_held(const alexnet_model *model, const bool *fresh)
{
    int held = 0;

    for (const an_node *node = model->nodes; held < model->node_count; ++node, ++held)
        for (int i = node->first_param; i < node->first_param + node->param_count; ++i)
            if (fresh[i]) return held;
    return held;
}

static alexnet_status load_held(const an_partial *partial, alexnet_model *model, int *held)
{
    bool *fresh = an_new_array(model->ctx, (size_t)model->params.count, sizeof *fresh);

    if (fresh == NULL) return an_fail(model->ctx, ALEXNET_NO_MEMORY, "%s", partial->path);
    const alexnet_status status = an_partial_read(partial, model, fresh);
    if (status == ALEXNET_OK) *held = count_held(model, fresh);
    an_free(model->ctx, fresh);
    AN_TRY(status);
    return an_partial_take_record(partial, model);
}

/* The number of classes that the file has rows for; -1: its last layer is missing. */
static alexnet_status find_classes(alexnet_context *ctx, const an_partial *partial,
                                   const an_family *family, int *classes)
{
    alexnet_model *model;
    head h = {0};

    *classes = -1;
    AN_TRY(an_model_describe(ctx, family, NULL, &model));
    find_head(model, &h);
    const int64_t rows = h.count > 0 ? count_rows(partial, model, &h) : -1;
    if (rows > 0 && rows <= ALEXNET_CLASSES_MAX) *classes = (int)rows;
    alexnet_model_free(model);
    return ALEXNET_OK;
}

/* The options of a model of this family: those that are given, else the file's. */
static alexnet_status fill_in(alexnet_context *ctx, const an_partial *partial,
                              const an_family *family, alexnet_model_options *options)
{
    if (family == partial->family)
        an_options_fill_in(options, &partial->options);
    else if (options->classes < 0)
        AN_TRY(find_classes(ctx, partial, family, &options->classes));
    return ALEXNET_OK;
}

/* A network that the file describes, but that is no family's, would give other answers here. */
static alexnet_status check_graph(alexnet_context *ctx, const an_partial *partial)
{
    if (partial->file.graph == NULL && partial->file.no_graph == NULL) return ALEXNET_OK;
    if (partial->family != NULL) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: the network that it describes is no model's",
                   partial->path);
}

alexnet_status an_partial_load(alexnet_context *ctx, const char *path, alexnet_model **out,
                               int *held)
{
    alexnet_model_options options = alexnet_model_options_default();
    const an_family *family;
    an_partial partial;

    *out = NULL;
    AN_TRY(an_partial_open(ctx, path, &partial));
    alexnet_status status = check_graph(ctx, &partial);
    if (status == ALEXNET_OK) status = an_partial_family(ctx, &partial, &family);
    if (status == ALEXNET_OK) status = fill_in(ctx, &partial, family, &options);
    if (status == ALEXNET_OK) status = an_model_create_zero(ctx, family->name, &options, out);
    if (status == ALEXNET_OK) status = load_held(&partial, *out, held);
    an_partial_close(ctx, &partial);
    if (status == ALEXNET_OK) return ALEXNET_OK;
    alexnet_model_free(*out);
    *out = NULL;
    return status;
}

static alexnet_status complete(alexnet_context *ctx, const an_partial *partial,
                               const char *family_name, const alexnet_model_options *options,
                               uint64_t seed, alexnet_model **out)
{
    alexnet_model_options wanted = options != NULL ? *options : alexnet_model_options_default();
    const an_family *family;

    if (family_name != NULL)
        AN_TRY(an_family_require(ctx, family_name, &family));
    else
        AN_TRY(an_partial_family(ctx, partial, &family));
    AN_TRY(fill_in(ctx, partial, family, &wanted));
    AN_TRY(alexnet_model_create(ctx, family->name, &wanted, seed, out));
    if (partial->class_count == (*out)->options.classes)
        AN_TRY(an_model_set_classes(*out, partial->classes, partial->class_count));
    AN_TRY(an_partial_read(partial, *out, NULL));
    return an_partial_take_record(partial, *out);
}

alexnet_status alexnet_model_complete(alexnet_context *ctx, const char *path, const char *family,
                                      const alexnet_model_options *options, uint64_t seed,
                                      alexnet_model **out)
{
    alexnet_model_options given;
    an_partial partial;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED(ctx, path);
    if (options != NULL) AN_TAKE_OPTIONS(ctx, options, &given);
    AN_TRY(an_partial_open(ctx, path, &partial));
    const alexnet_status status =
        complete(ctx, &partial, family, options != NULL ? &given : NULL, seed, out);
    an_partial_close(ctx, &partial);
    if (status == ALEXNET_OK) return ALEXNET_OK;
    alexnet_model_free(*out);
    *out = NULL;
    return status;
}
