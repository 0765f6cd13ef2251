/*
 * weights.c: reads a model from a weights file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/weights.h"

#include "base/context.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/options.h"
#include "formats/class_names.h"
#include "formats/metadata.h"
#include "formats/numpy/npy.h"
#include "formats/run_weights.h"
#include "formats/translate.h"
#include "image/preprocess.h"
#include <limits.h>
#include <math.h>
#include <string.h>

#define METADATA_MAX 1000 /* entries; each is compared with all others */

/* ---- names of tensors ---- */

const char *an_weights_plain_name(const char *name)
{
    static const char *const words[] = {"module.", "model.", "net.", "_orig_mod."};

    for (size_t i = 0; i < AN_COUNT(words);) {
        const size_t length = strlen(words[i]);
        if (strncmp(name, words[i], length) == 0 && name[length] != '\0') {
            name += length;
            i = 0;
        } else {
            ++i;
        }
    }
    return name;
}

const char *an_weights_names(const an_tensor_file *file, char text[AN_WEIGHTS_NAMES])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < AN_MIN(file->count, (size_t)3); ++i)
        used += (size_t)an_print(text + used, AN_WEIGHTS_NAMES - used, "%s%.48s", i > 0 ? ", " : "",
                                 file->tensors[i].name);
    if (file->count > 3) an_print(text + used, AN_WEIGHTS_NAMES - used, " ...");
    return text;
}

/* ---- does the file hold this network? ---- */

bool an_weights_same_shape(const an_param *param, const an_tensor_view *tensor)
{
    return tensor->rank == param->rank &&
           memcmp(tensor->shape, param->shape, (size_t)param->rank * sizeof param->shape[0]) == 0;
}

static alexnet_status check_param(alexnet_context *ctx, const an_tensor_file *file,
                                  const an_param *param)
{
    const an_tensor_view *tensor = an_tensor_file_find(file, param->name);
    char expected[AN_SHAPE_TEXT], found[AN_SHAPE_TEXT];

    an_tensor_shape_text(param->shape, param->rank, expected);
    if (tensor == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected %s, the file has no such tensor",
                       param->name, expected);
    if (an_weights_same_shape(param, tensor)) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_SHAPE, "%s: expected %s, the file has %s", param->name,
                   expected, an_tensor_shape_text(tensor->shape, tensor->rank, found));
}

/* Each parameter must have its tensor, and each tensor must belong to exactly one parameter. */
static alexnet_status check_fit(const alexnet_model *model, const an_tensor_file *file)
{
    alexnet_context *ctx = model->ctx;
    char found[AN_SHAPE_TEXT];

    for (int i = 0; i < model->params.count; ++i)
        AN_TRY(check_param(ctx, file, &model->params.items[i]));
    for (size_t i = 0; i < file->count; ++i) {
        const an_tensor_view *tensor = &file->tensors[i];
        if (an_tensor_file_find(file, tensor->name) != tensor)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "two of its tensors are '%s': prefixes such as 'module.' are ignored",
                           tensor->name);
        if (strcmp(tensor->name, AN_MEAN_IMAGE) != 0 &&
            an_model_find_param(model, tensor->name) < 0)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "%s: model %s has no such tensor, the file has one of %s", tensor->name,
                           model->family->name,
                           an_tensor_shape_text(tensor->shape, tensor->rank, found));
    }
    return ALEXNET_OK;
}

/* ---- which network is it? ---- */

alexnet_status an_weights_options(alexnet_context *ctx, const an_tensor_file *file,
                                  alexnet_model_options *options)
{
    const char *schema = an_tensor_file_metadata(file, AN_KEY_SCHEMA);
    const char *text = an_tensor_file_metadata(file, AN_KEY_OPTIONS);

    if (schema == NULL || strcmp(schema, AN_WEIGHTS_SCHEMA) != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "metadata '%s' is '%s'; expected '%s'", AN_KEY_SCHEMA,
                       schema == NULL ? "" : schema, AN_WEIGHTS_SCHEMA);
    if (text == NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "metadata '%s' is missing", AN_KEY_OPTIONS);
    return an_options_parse(ctx, AN_KEY_OPTIONS, text, options);
}

/* Describes the network that the metadata name. */
static alexnet_status describe_named(alexnet_context *ctx, const an_tensor_file *file,
                                     alexnet_model **out)
{
    alexnet_model_options options;

    AN_TRY(an_weights_options(ctx, file, &options));
    return alexnet_model_describe(ctx, an_tensor_file_metadata(file, AN_KEY_FAMILY), &options, out);
}

/* Describes a family, with as many classes as the file's tensor for its last layer has rows. */
static alexnet_status describe_found(alexnet_context *ctx, const an_tensor_file *file,
                                     const an_family *family, alexnet_model **out)
{
    alexnet_model_options options = alexnet_model_options_default();
    alexnet_model *model;
    const an_tensor_view *last = NULL;

    *out = NULL;
    AN_TRY(alexnet_model_describe(ctx, family->name, NULL, &model));
    for (int i = 0; i < model->params.count; ++i) {
        if (model->params.items[i].role == AN_PARAM_WEIGHT)
            last = an_tensor_file_find(file, model->params.items[i].name);
    }
    alexnet_model_free(model);
    if (last != NULL && last->rank > 0 && last->shape[0] >= 1 && last->shape[0] <= INT_MAX)
        options.classes = (int)last->shape[0];
    return alexnet_model_describe(ctx, family->name, &options, out);
}

/* The number of the model's tensors that the file has. */
static int count_fitting(const alexnet_model *model, const an_tensor_file *file)
{
    int count = 0;

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *tensor = an_tensor_file_find(file, param->name);
        count += tensor != NULL && an_weights_same_shape(param, tensor);
    }
    return count;
}

/* The results of trying all families. */
typedef struct candidates {
    alexnet_model *model; /* the first that fits, or NULL */
    char others[128];     /* ", caffe, caffenet": others that fit */
    const char *name;     /* the nearest family that does not fit */
    int nearest_count;    /* tensors of the file that fit it */
    char nearest[256];    /* "; with torchvision: ..." */
} candidates;

static alexnet_status try_family(alexnet_context *ctx, const an_tensor_file *file,
                                 const an_family *family, candidates *c)
{
    const size_t used = strlen(c->others);
    alexnet_model *model;

    AN_TRY(describe_found(ctx, file, family, &model));
    if (check_fit(model, file) != ALEXNET_OK) {
        const int count = count_fitting(model, file);
        if (c->name == NULL || count > c->nearest_count) {
            an_print(c->nearest, sizeof c->nearest, "; with %s: %s", family->name,
                     alexnet_error(ctx));
            c->name = family->name;
            c->nearest_count = count;
        }
    } else if (c->model == NULL) {
        c->model = model;
        return ALEXNET_OK;
    } else {
        an_print(c->others + used, sizeof c->others - used, ", %s", family->name);
    }
    alexnet_model_free(model);
    return ALEXNET_OK;
}

/* The message lists the file's tensors, the first difference from the nearest family, and what to
   do with a part of a network. */
static alexnet_status fail_to_recognise(alexnet_context *ctx, const char *path,
                                        const an_tensor_file *file, const candidates *c)
{
    char names[AN_WEIGHTS_NAMES];

    if (file->count == 0) return an_fail(ctx, ALEXNET_BAD_FILE, "its 0 tensors fit no model");
    an_weights_names(file, names);
    if (c->nearest_count == 0)
        return an_fail(
            ctx, ALEXNET_BAD_FILE,
            "its %zu %s (%s) %s no model%s; 'alexnet info MODEL' lists the tensors of one",
            file->count, AN_NOUN(file->count, "tensor", "tensors"), names,
            AN_NOUN(file->count, "fits", "fit"), c->nearest);
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "its %zu %s (%s) %s no model%s; a part of a network is completed by 'alexnet "
                   "init %s --from %s -o whole.safetensors'",
                   file->count, AN_NOUN(file->count, "tensor", "tensors"), names,
                   AN_NOUN(file->count, "fits", "fit"), c->nearest, c->name, path);
}

/*
 * Finds the first family whose tensors are those of the file. Of families with equal tensors
 * (torchvision and torchvision-2018; paper, caffe and caffenet) the preferred one comes first in
 * the table; the log names the others.
 */
static alexnet_status recognise(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                                const an_family *only, alexnet_model **out)
{
    candidates c = {0};
    alexnet_status status = ALEXNET_OK;

    for (int i = 0; an_family_at(i) != NULL && status == ALEXNET_OK; ++i)
        if (only == NULL || only == an_family_at(i))
            status = try_family(ctx, file, an_family_at(i), &c);
    if (status != ALEXNET_OK) {
        alexnet_model_free(c.model);
        return status;
    }
    if (c.model == NULL) return fail_to_recognise(ctx, path, file, &c);
    an_log(ctx, ALEXNET_LOG_INFO, "%s: recognised by its tensors as %s with %d %s, unnamed%s%s",
           path, c.model->family->name, c.model->options.classes,
           AN_NOUN(c.model->options.classes, "class", "classes"),
           c.others[0] != '\0' ? "; these fit as well: " : "",
           c.others[0] != '\0' ? c.others + 2 : "");
    *out = c.model;
    return ALEXNET_OK;
}

/* ---- from file to model ---- */

alexnet_status an_weights_copy_param(alexnet_model *model, const char *path,
                                     const an_tensor_view *tensor, const an_param *param)
{
    float *values = model->values + param->offset;

    an_model_changed(model);
    AN_TRY(an_tensor_to_finite(model->ctx, path, tensor, values));
    for (int64_t i = 0; param->is_variance && i < param->count; ++i) {
        if (values[i] < 0)
            return an_fail(model->ctx, ALEXNET_BAD_FILE,
                           "%s: tensor '%s': number %lld is %g, but a variance is never negative",
                           path, tensor->name, (long long)i, (double)values[i]);
    }
    return ALEXNET_OK;
}

/* Lists the names, which are borrowed from `list`; fails unless it has `count` strings. */
static alexnet_status read_class_names(alexnet_context *ctx, const json_t *list, const char **names,
                                       size_t count)
{
    if (!json_is_array(list) || json_array_size(list) != count)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "metadata '%s': expected a JSON list of %zu names, found %zu",
                       AN_KEY_CLASSES, count, json_array_size(list));
    for (size_t i = 0; i < count; ++i) {
        names[i] = json_string_value(json_array_get(list, i));
        if (names[i] == NULL)
            return an_fail(ctx, ALEXNET_BAD_FILE, "metadata '%s': entry %zu is not a string",
                           AN_KEY_CLASSES, i);
    }
    return ALEXNET_OK;
}

static alexnet_status set_classes(alexnet_model *model, const char *text)
{
    alexnet_context *ctx = model->ctx;
    const size_t count = (size_t)model->options.classes;
    const char **names = an_new_array(ctx, count, sizeof *names);
    json_t *list;
    alexnet_status status = an_json_parse_list(ctx, AN_KEY_CLASSES, text, strlen(text), &list);

    if (status == ALEXNET_NO_MEMORY) {
        an_free(ctx, names);
        return status;
    }
    if (names == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%zu class names", count);
    else
        status = read_class_names(ctx, list, names, count);
    if (status == ALEXNET_OK) status = an_model_set_classes(model, names, model->options.classes);
    an_free(ctx, names);
    json_decref(list);
    return status;
}

static alexnet_status set_metadata(alexnet_model *model, const an_tensor_file *file)
{
    const char *classes = an_tensor_file_metadata(file, AN_KEY_CLASSES);
    const char *preprocess = an_tensor_file_metadata(file, AN_KEY_PREPROCESS);

    const size_t sums = an_tensor_file_metadata(file, AN_KEY_CRC32C) != NULL;
    if (file->metadata_count - sums > METADATA_MAX)
        return an_fail(model->ctx, ALEXNET_BAD_FILE, "%zu entries of metadata; expected at most %d",
                       file->metadata_count - sums, METADATA_MAX);
    if (classes != NULL) AN_TRY(set_classes(model, classes));
    if (preprocess != NULL) {
        an_preprocess record;
        AN_TRY(an_preprocess_parse(model->ctx, preprocess, &record));
        AN_TRY(an_model_set_preprocess(model, preprocess));
    }
    for (size_t i = 0; i < file->metadata_count; ++i) {
        if (!an_metadata_is_reserved(file->keys[i]))
            AN_TRY(an_model_set_metadata(model, file->keys[i], file->values[i]));
    }
    return ALEXNET_OK;
}

/* As check_fit(), but the message says how to load a checkpoint without its frozen parameters. */
static alexnet_status check_named_fit(const alexnet_model *model, const an_tensor_file *file)
{
    alexnet_context *ctx = model->ctx;
    char cause[AN_ERROR_BYTES];

    const alexnet_status status = check_fit(model, file);
    if (status != ALEXNET_BAD_FILE || count_fitting(model, file) == 0 ||
        file->count >= (size_t)model->params.count)
        return status;
    an_print(cause, sizeof cause, "%s", alexnet_error(ctx));
    return an_fail(ctx, status,
                   "%s; a checkpoint does not contain the frozen parameters of its run: use the "
                   "run folder or its " AN_RUN_BEST,
                   cause);
}

/* Takes the names from the list beside the file, if it has none itself. */
static alexnet_status set_classes_beside(alexnet_model *model, const char *path,
                                         const an_tensor_file *file)
{
    alexnet_status status = ALEXNET_OK;
    an_names names;

    if (model->classes != NULL || !file->open) return ALEXNET_OK; /* not of bytes in memory */
    AN_TRY(an_class_names_beside(model->ctx, path, &names));
    if (names.count > 0 && names.count != (size_t)model->options.classes)
        status = an_fail(model->ctx, ALEXNET_BAD_FILE,
                         "%s" AN_CLASSES_FILE_SUFFIX " has %zu names, for %d classes",
                         an_path_base(path), names.count, model->options.classes);
    else if (names.count > 0)
        status = an_model_set_classes(model, (const char *const *)names.names, (int)names.count);
    an_names_free(model->ctx, &names);
    return status;
}

/* Creates everything but the values. */
static alexnet_status describe(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                               const an_family *only, alexnet_model **out)
{
    if (an_tensor_file_metadata(file, AN_KEY_FAMILY) == NULL) {
        AN_TRY(recognise(ctx, path, file, only, out));
    } else {
        AN_TRY(describe_named(ctx, file, out));
        AN_TRY(check_named_fit(*out, file));
    }
    AN_TRY(set_metadata(*out, file));
    return set_classes_beside(*out, path, file);
}

alexnet_status an_weights_copy_mean_image(alexnet_model *model, const char *path,
                                          const an_tensor_view *tensor)
{
    alexnet_context *ctx = model->ctx;
    char shape[AN_SHAPE_TEXT];

    if (tensor->rank != 3 || tensor->shape[0] != model->family->input[0] || tensor->count == 0 ||
        tensor->shape[1] > AN_DIMENSION_MAX || tensor->shape[2] > AN_DIMENSION_MAX)
        return an_fail(ctx, ALEXNET_BAD_SHAPE, "%s: %s: expected [%d,h,w], the file has %s", path,
                       AN_MEAN_IMAGE, model->family->input[0],
                       an_tensor_shape_text(tensor->shape, tensor->rank, shape));
    float *values = an_new_array(ctx, (size_t)tensor->count, sizeof *values);
    if (values == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: %s", path, AN_MEAN_IMAGE);

    const int size[3] = {(int)tensor->shape[0], (int)tensor->shape[1], (int)tensor->shape[2]};
    alexnet_status status = an_tensor_to_finite(ctx, path, tensor, values);
    if (status == ALEXNET_OK && an_model_set_mean_image(model, size, values) != ALEXNET_OK)
        status = an_fail_within(ctx, ALEXNET_NO_MEMORY, "%s", path);
    an_free(ctx, values);
    return status;
}

static alexnet_status read_values(alexnet_model *model, const char *path,
                                  const an_tensor_file *file)
{
    const an_tensor_view *mean_image = an_tensor_file_find(file, AN_MEAN_IMAGE);

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        AN_TRY(an_weights_copy_param(model, path, an_tensor_file_find(file, param->name), param));
    }
    return mean_image == NULL ? ALEXNET_OK : an_weights_copy_mean_image(model, path, mean_image);
}

/* Copies the description, with names as in the network. The caller frees its list of tensors. */
static alexnet_status take_plain_names(alexnet_context *ctx, const an_tensor_file *file,
                                       an_tensor_file *plain)
{
    *plain = *file;
    plain->tensors = an_new_array(ctx, file->count, sizeof *plain->tensors);
    if (plain->tensors == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "names of %zu tensors", file->count);
    for (size_t i = 0; i < file->count; ++i) {
        plain->tensors[i] = file->tensors[i];
        plain->tensors[i].name = an_weights_plain_name(file->tensors[i].name);
    }
    return ALEXNET_OK;
}

alexnet_status an_weights_read(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                               alexnet_model **out)
{
    return an_weights_read_as(ctx, path, file, NULL, out);
}

/* values: read them, too */
static alexnet_status read_model(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                                 const char *family, bool values, alexnet_model **out)
{
    const an_family *only = NULL;
    alexnet_model *model = NULL;
    an_tensor_file plain;

    *out = NULL;
    if (family != NULL) AN_TRY(an_family_require(ctx, family, &only));
    alexnet_status status = take_plain_names(ctx, file, &plain);
    if (status == ALEXNET_OK) status = describe(ctx, path, &plain, only, &model);
    if (status == ALEXNET_OK && values) status = an_model_alloc_unset(model);
    if (status == ALEXNET_OK && values)
        status = read_values(model, path, &plain);
    else if (status != ALEXNET_OK) /* where others passed a bad argument, here the file is bad */
        status =
            an_fail_within(ctx, status == ALEXNET_BAD_ARG ? ALEXNET_BAD_FILE : status, "%s", path);
    an_free(ctx, plain.tensors);
    if (status == ALEXNET_OK)
        *out = model;
    else
        alexnet_model_free(model);
    return status;
}

alexnet_status an_weights_read_as(alexnet_context *ctx, const char *path,
                                  const an_tensor_file *file, const char *family,
                                  alexnet_model **out)
{
    return read_model(ctx, path, file, family, true, out);
}

alexnet_status an_weights_describe(alexnet_context *ctx, const char *path,
                                   const an_tensor_file *file, alexnet_model **out)
{
    return read_model(ctx, path, file, NULL, false, out);
}

alexnet_status an_weights_open(alexnet_context *ctx, const char *path, const char *family,
                               bool part, an_tensor_file *out)
{
    AN_TRY(an_tensor_file_open(ctx, path, NULL, out));
    const alexnet_status status = an_translate(ctx, path, out, family, part);
    if (status != ALEXNET_OK) an_tensor_file_close(ctx, out);
    return status;
}

alexnet_status alexnet_model_load(alexnet_context *ctx, const char *path, alexnet_model **out)
{
    an_tensor_file file;
    char *found; /* a file in a run folder, or the path itself */

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED(ctx, path);
    AN_TRY(an_weights_file(ctx, path, &found));
    alexnet_status status = an_weights_open(ctx, found, NULL, false, &file);
    if (status == ALEXNET_OK) {
        status = an_weights_read(ctx, found, &file, out);
        an_tensor_file_close(ctx, &file);
    }
    an_free(ctx, found);
    return status;
}

/* ---- a mean image from a file of its own ---- */

/* Replaces the record's mean by the image. */
static alexnet_status subtract_image(alexnet_model *model)
{
    char text[AN_RECORD_BYTES] = "";
    size_t used = 0;

    for (const char *word = model->preprocess; *word != '\0';) {
        const size_t length = strcspn(word, " ");
        if (length > 0 && strncmp(word, "mean=", 5) != 0)
            used += (size_t)an_print(text + used, sizeof text - used, "%.*s ", (int)length, word);
        word += length + (word[length] == ' ');
    }
    an_print(text + used, sizeof text - used, "mean=image");
    return an_model_set_preprocess(model, text);
}

static alexnet_status read_npy_mean(alexnet_model *model, const char *path)
{
    an_tensor_view view;
    an_reader reader;

    AN_TRY(an_npy_open(model->ctx, path, &reader, &view));
    const alexnet_status status = an_weights_copy_mean_image(model, path, &view);
    an_reader_close(&reader);
    return status;
}

static alexnet_status read_mean(alexnet_model *model, const char *path)
{
    alexnet_context *ctx = model->ctx;
    an_tensor_file file;

    if (an_path_has_extension(path, "npy")) return read_npy_mean(model, path);
    AN_TRY(an_tensor_file_open(ctx, path, NULL, &file));
    const alexnet_status status =
        file.count == 1
            ? an_weights_copy_mean_image(model, path, &file.tensors[0])
            : an_fail(ctx, ALEXNET_BAD_FILE,
                      "%s: expected one mean image, found a file of %zu tensors", path, file.count);
    an_tensor_file_close(ctx, &file);
    return status;
}

alexnet_status an_weights_take_mean(alexnet_model *model, const char *path)
{
    AN_TRY(read_mean(model, path));
    return subtract_image(model);
}
