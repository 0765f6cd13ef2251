/*
 * convert.c: alexnet_convert().
 * SPDX-License-Identifier: MIT
 */
#include "convert/convert.h"

#include "base/context.h"
#include "base/extend.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "convert/verify.h"
#include "core/options.h"
#include "formats/run_weights.h"
#include "formats/translate.h"
#include "formats/weights.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

#define LIMIT        1e-4 /* of the difference, stored as fp32 */
#define LIMIT_NARROW 1e-2 /* stored as bf16 or fp16 */

typedef struct job {
    alexnet_context *ctx;
    const char *from, *to;
    const an_map *map; /* NULL: the table's */
    const alexnet_convert_options *options;
    const an_tensor_format *format; /* of the output */
    an_tensor_file file;            /* the input, translated */
    an_tensor_file raw;             /* the same as its reader describes it; only the list of tensors
                                       is its own */
    alexnet_model *model;
    char *folder; /* where the output is written first */
    char *path;   /* of its main file there */
    alexnet_conversion result;
} job;

/* ---- formats ---- */

static bool is_written(const an_tensor_format *format)
{
    return format->write != NULL || format->write_network != NULL;
}

#define FORMATS_TEXT 128

/* "safetensors, npz, pth, ...": the formats that can be written. */
static const char *list_written(char text[FORMATS_TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; an_tensor_format_at(i) != NULL && used < FORMATS_TEXT; ++i)
        if (is_written(an_tensor_format_at(i)))
            used += (size_t)an_print(text + used, FORMATS_TEXT - used, "%s%s", used > 0 ? ", " : "",
                                     an_tensor_format_at(i)->name);
    return text;
}

alexnet_status an_convert_format(alexnet_context *ctx, const char *name, const char *path,
                                 const an_tensor_format **out)
{
    char written[FORMATS_TEXT];

    if (name == NULL && an_path_has_extension(path, "pt")) name = "pth";
    for (int i = 0; (*out = an_tensor_format_at(i)) != NULL; ++i)
        if (is_written(*out) && (name != NULL ? strcmp((*out)->name, name) == 0
                                              : an_path_has_extension(path, (*out)->extension)))
            return ALEXNET_OK;
    return name != NULL
               ? an_fail(ctx, ALEXNET_BAD_ARG, "unknown format '%s'; these can be written: %s",
                         name, list_written(written))
               : an_fail(ctx, ALEXNET_BAD_ARG,
                         "%s: the extension names no format; these can be written: %s", path,
                         list_written(written));
}

/* ---- reading ---- */

/* Keeps the list of tensors as the reader made it, before the translation changes it. */
static alexnet_status keep_raw(job *j)
{
    j->raw = j->file;
    j->raw.tensors = an_new_array(j->ctx, j->file.count, sizeof *j->raw.tensors);
    if (j->raw.tensors == NULL)
        return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: list of tensors", j->from);
    if (j->file.count > 0)
        memcpy(j->raw.tensors, j->file.tensors, j->file.count * sizeof *j->raw.tensors);
    return ALEXNET_OK;
}

static alexnet_status open_input(job *j)
{
    const an_tensor_format *format = NULL;

    if (j->options->from != NULL) {
        format = an_tensor_format_find(j->options->from);
        if (format == NULL)
            return an_fail(j->ctx, ALEXNET_BAD_ARG, "unknown format '%s'", j->options->from);
    }
    AN_TRY(an_tensor_file_open(j->ctx, j->from, format, &j->file));
    AN_TRY(keep_raw(j));
    return j->map != NULL ? an_translate_by(j->ctx, j->from, &j->file, j->map)
                          : an_translate(j->ctx, j->from, &j->file, j->options->model, false);
}

static alexnet_status check_family(const job *j)
{
    const char *wanted = j->options->model;

    return wanted == NULL || strcmp(j->model->family->name, wanted) == 0
               ? ALEXNET_OK
               : an_fail(j->ctx, ALEXNET_BAD_FILE, "%s: expected model %s, the file holds %s",
                         j->from, wanted, j->model->family->name);
}

static alexnet_status read_input(job *j)
{
    const alexnet_convert_options *o = j->options;

    AN_TRY(open_input(j));
    AN_TRY(an_weights_read_as(j->ctx, j->from, &j->file, o->model, &j->model));
    AN_TRY(check_family(j));
    if (o->classes != NULL) {
        if (o->class_count != j->model->options.classes)
            return an_fail(j->ctx, ALEXNET_BAD_ARG, "%d class names; %s has %d classes",
                           o->class_count, j->from, j->model->options.classes);
        AN_TRY(an_model_set_classes(j->model, o->classes, o->class_count));
    }
    return o->mean == NULL ? ALEXNET_OK : an_weights_take_mean(j->model, o->mean);
}

/* ---- writing ---- */

static an_dtype dtype_of(alexnet_storage storage)
{
    return storage == ALEXNET_STORAGE_BF16   ? AN_BF16
           : storage == ALEXNET_STORAGE_FP16 ? AN_F16
                                             : AN_F32;
}

/* A new folder beside the output, for its files until they are proved. */
static alexnet_status make_folder(job *j)
{
    for (int n = 0; j->folder == NULL; ++n) {
        bool made;
        char *folder = an_format(j->ctx, "%s.tmp-%ld-%d", j->to, (long)getpid(), n);
        if (folder == NULL) return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s", j->to);
        const alexnet_status status = an_folder_make_new(j->ctx, folder, &made);
        if (made) /* even if its name could not be synced: it must be removed */
            j->folder = folder;
        else
            an_free(j->ctx, folder);
        AN_TRY(status);
    }
    j->path = an_path_join(j->ctx, j->folder, an_path_base(j->to));
    return j->path != NULL ? ALEXNET_OK : an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s", j->to);
}

static alexnet_status write_output(job *j)
{
    an_file_sum sum;

    AN_TRY(make_folder(j));
    AN_TRY(an_weights_write(j->model, j->format, dtype_of(j->options->storage), j->path, &sum));
    j->result.bytes = sum.bytes;
    memcpy(j->result.sha256, sum.sha256, sizeof j->result.sha256);
    return ALEXNET_OK;
}

/* Moves the proved files to their names: what belongs to the weights first, the weights last. */
static alexnet_status move_output(job *j)
{
    an_names names;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_folder_list(j->ctx, j->folder, &names));
    for (int last = 0; last <= 1; ++last)
        for (size_t i = 0; i < names.count && status == ALEXNET_OK; ++i) {
            if ((strcmp(names.names[i], an_path_base(j->to)) == 0) != (last == 1)) continue;
            char *from = an_path_join(j->ctx, j->folder, names.names[i]);
            char *to = an_format(j->ctx, "%.*s%s", (int)(an_path_base(j->to) - j->to), j->to,
                                 names.names[i]);
            status = from != NULL && to != NULL ? an_file_rename(j->ctx, from, to)
                                                : an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s", j->to);
            an_free(j->ctx, from);
            an_free(j->ctx, to);
        }
    an_names_free(j->ctx, &names);
    return status;
}

/* ---- proving ---- */

/* The logits of the written file by the program and, where its format has rules, by those; the
   larger difference from `expected`. */
static alexnet_status compare_output(job *j, const an_plain_map *images,
                                     const an_plain_map *expected)
{
    an_plain_map found = {0}, again = {0};
    an_tensor_file file;
    alexnet_model *model;

    AN_TRY(alexnet_model_load(j->ctx, j->path, &model));
    alexnet_status status = an_verify_run(model, images, &found);
    if (status == ALEXNET_OK) j->result.difference = an_verify_difference(&found, expected);
    if (status == ALEXNET_OK && j->format->run != NULL) {
        status = an_tensor_file_open(j->ctx, j->path, j->format, &file);
        if (status == ALEXNET_OK) {
            status = an_verify_run_file(model, j->path, &file, images, &again);
            an_tensor_file_close(j->ctx, &file);
        }
        if (status == ALEXNET_OK) {
            const double other = an_verify_difference(&again, expected);
            if (!(other <= j->result.difference)) j->result.difference = other;
        }
    }
    an_plain_free(j->ctx, &found);
    an_plain_free(j->ctx, &again);
    alexnet_model_free(model);
    return status;
}

static alexnet_status verify(job *j)
{
    const double limit = j->options->storage == ALEXNET_STORAGE_FP32 ? LIMIT : LIMIT_NARROW;
    an_plain_map images, expected = {0};

    AN_TRY(an_verify_images(j->model, &images));
    alexnet_status status = an_verify_run_file(j->model, j->from, &j->raw, &images, &expected);
    if (status == ALEXNET_OK) status = compare_output(j, &images, &expected);
    an_plain_free(j->ctx, &images);
    an_plain_free(j->ctx, &expected);
    AN_TRY(status);
    return j->result.difference <= limit
               ? ALEXNET_OK
               : an_fail(j->ctx, ALEXNET_BAD_FILE,
                         "%s: the logits of the two files differ by %.3g of the largest, expected "
                         "at most %g: nothing was written",
                         j->from, j->result.difference, limit);
}

static alexnet_status check_dtype(const job *j)
{
    return j->options->no_verify || j->ctx->options.dtype == ALEXNET_FP32
               ? ALEXNET_OK
               : an_fail(
                     j->ctx, ALEXNET_BAD_ARG,
                     "a conversion is verified in fp32: the context computes in another format");
}

static alexnet_status run(job *j)
{
    AN_TRY(check_dtype(j));
    AN_TRY(an_convert_format(j->ctx, j->options->to, j->to, &j->format));
    AN_TRY(read_input(j));
    AN_TRY(write_output(j));
    if (!j->options->no_verify) AN_TRY(verify(j));
    return move_output(j);
}

static void close_job(job *j)
{
    alexnet_context *ctx = j->ctx;

    if (j->folder != NULL) {
        char cause[AN_ERROR_BYTES];
        memcpy(cause, ctx->error, sizeof cause);
        if (an_folder_remove(ctx, j->folder) != ALEXNET_OK)
            an_log(ctx, ALEXNET_LOG_WARNING, "left behind: %s", ctx->error);
        memcpy(ctx->error, cause, sizeof cause);
    }
    an_free(ctx, j->folder);
    an_free(ctx, j->path);
    an_free(ctx, j->raw.tensors);
    an_tensor_file_close(ctx, &j->file);
    alexnet_model_free(j->model);
}

static void fill_in(const job *j, alexnet_conversion *out)
{
    *out = j->result;
    an_print(out->model, sizeof out->model, "%s", j->model->family->name);
    an_print(out->from, sizeof out->from, "%s", j->file.format->name);
    an_print(out->to, sizeof out->to, "%s", j->format->name);
    out->tensors = j->model->params.count + (j->model->mean_image != NULL);
}

alexnet_status an_convert_by(alexnet_context *ctx, const char *from, const char *to,
                             const an_map *map, const alexnet_convert_options *options,
                             alexnet_conversion *out)
{
    job j = {.ctx = ctx, .to = to, .map = map, .options = options};
    char *found; /* what `from` stands for */

    AN_TRY(an_weights_file(ctx, from, &found));
    j.from = found;
    j.result.difference = (double)NAN;
    const alexnet_status status = run(&j);
    if (status == ALEXNET_OK) fill_in(&j, out);
    close_job(&j);
    an_free(ctx, found);
    return status;
}

alexnet_status alexnet_convert(alexnet_context *ctx, const char *from, const char *to,
                               const alexnet_convert_options *options, alexnet_conversion *out)
{
    alexnet_convert_options given = alexnet_convert_options_default();
    alexnet_conversion unwanted;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, from);
    AN_NEED(ctx, to);
    if (options != NULL) AN_TAKE_OPTIONS(ctx, options, &given);
    AN_NEED_WITHIN(ctx, given.storage, ALEXNET_STORAGE_FP32, ALEXNET_STORAGE_FP16);
    AN_NEED_WITHIN(ctx, given.class_count, 0, ALEXNET_CLASSES_MAX);
    return an_convert_by(ctx, from, to, NULL, &given, out != NULL ? out : &unwanted);
}
