/*
 * run_folder.c: see run_folder.h. The order of the steps in remove_run() and undo() is the promise
 * that a kill between any two of them leaves a run that can be resumed, or a folder that can be
 * used again: tests/kill stops at each.
 *
 * A line of the log begins with "step" and ends with "split": a resumed run, which cuts the log,
 * reads these two without a parser. Other members may be added between them.
 * SPDX-License-Identifier: MIT
 */
#include "train/run/run_folder.h"

#include "base/context.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/run_weights.h"
#include "train/run/checkpoint.h"
#include <math.h>
#include <string.h>

#define LOG_MAX    ((size_t)1 << 30) /* bytes of a log that is cut; a larger one is refused */
#define LINE_BYTES 768               /* of a line of the log */
#define NAME_BYTES 32                /* for "/" and the longest name of a file in the folder */

static const char log_name[] = "log.jsonl", checkpoints_name[] = "checkpoints";

/* The files of a run. A folder with a config.json, the first of them, is a run folder. */
static const char *const run_files[] = {AN_RUN_CONFIG, log_name,   AN_RUN_BEST,
                                        AN_RUN_LAST,   AN_RUN_VAL, AN_RUN_IMAGES};

alexnet_status an_run_folder_open(alexnet_context *ctx, const char *path, an_run_folder *out)
{
    *out = (an_run_folder){0};
    /* The result of a training names the folder and files in it, in arrays of this size. */
    if (strlen(path) + NAME_BYTES > sizeof((alexnet_train_result *)0)->run)
        return an_fail(ctx, ALEXNET_BAD_ARG, "run folder: the path is too long (%zu bytes)",
                       strlen(path));
    out->path = an_copy_text(ctx, path);
    out->config = an_path_join(ctx, path, AN_RUN_CONFIG);
    out->log = an_path_join(ctx, path, log_name);
    out->best = an_path_join(ctx, path, AN_RUN_BEST);
    out->last = an_path_join(ctx, path, AN_RUN_LAST);
    out->val = an_path_join(ctx, path, AN_RUN_VAL);
    out->images = an_path_join(ctx, path, AN_RUN_IMAGES);
    out->checkpoints = an_path_join(ctx, path, checkpoints_name);
    if (out->path != NULL && out->config != NULL && out->log != NULL && out->best != NULL &&
        out->last != NULL && out->val != NULL && out->images != NULL && out->checkpoints != NULL)
        return ALEXNET_OK;
    an_run_folder_close(ctx, out);
    return an_fail(ctx, ALEXNET_NO_MEMORY, "run folder '%s'", path);
}

void an_run_folder_close(alexnet_context *ctx, an_run_folder *folder)
{
    an_lock_close(&folder->lock);
    an_free(ctx, folder->path);
    an_free(ctx, folder->config);
    an_free(ctx, folder->log);
    an_free(ctx, folder->best);
    an_free(ctx, folder->last);
    an_free(ctx, folder->val);
    an_free(ctx, folder->images);
    an_free(ctx, folder->checkpoints);
    *folder = (an_run_folder){0};
}

/* ---- creation ---- */

/* True if config.json has members that those of other programs do not have. */
static alexnet_status is_run(alexnet_context *ctx, const an_run_folder *folder, bool *run)
{
    an_file_info info;
    json_t *config;

    *run = false;
    AN_TRY(an_file_stat(ctx, folder->config, &info));
    if (info.kind != AN_FILE_REGULAR) return ALEXNET_OK;
    const alexnet_status status = an_json_read(ctx, folder->config, &config);
    if (status == ALEXNET_BAD_FILE) return ALEXNET_OK; /* not a run's config.json */
    AN_TRY(status);
    *run = json_object_get(config, "schema") != NULL && json_object_get(config, "recipe") != NULL &&
           json_object_get(config, "checkpoint_keep") != NULL;
    json_decref(config);
    return ALEXNET_OK;
}

/* True for the temporary file that a kill leaves of a file that was being written. */
static bool is_leftover(const char *name)
{
    for (size_t i = 0; i < AN_COUNT(run_files); ++i)
        if (an_file_is_temporary(name, run_files[i])) return true;
    return false;
}

/* The contents of a run folder, or of a folder for a new run. */
typedef struct contents {
    bool marked; /* there is a temporary config.json: new, or being replaced */
    bool other;  /* there are other files than leftovers */
} contents;

static alexnet_status look_inside(alexnet_context *ctx, const an_run_folder *folder, contents *out)
{
    an_names names;

    *out = (contents){0};
    AN_TRY(an_folder_list(ctx, folder->path, &names));
    for (size_t i = 0; i < names.count; ++i) {
        out->marked = out->marked || an_file_is_temporary(names.names[i], AN_RUN_CONFIG);
        out->other = out->other || !is_leftover(names.names[i]);
    }
    an_names_free(ctx, &names);
    return ALEXNET_OK;
}

alexnet_status an_run_folder_check(alexnet_context *ctx, const an_run_folder *folder, bool force)
{
    an_file_info info;
    contents found;
    bool run;

    AN_TRY(an_file_stat(ctx, folder->path, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    if (info.kind != AN_FILE_FOLDER)
        return an_fail(ctx, ALEXNET_BAD_ARG, "run folder '%s' exists and is not a folder",
                       folder->path);
    AN_TRY(look_inside(ctx, folder, &found));
    if (!found.other) return ALEXNET_OK;
    AN_TRY(is_run(ctx, folder, &run));
    if (!run && !found.marked)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "'%s' holds other files than a run: choose another folder", folder->path);
    if (!run && !force)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "run folder '%s': the replacement of its run was interrupted: force it "
                       "again, or choose another",
                       folder->path);
    if (!force)
        return an_fail(
            ctx, ALEXNET_BAD_ARG,
            "run folder '%s' exists: resume it, force its replacement, or choose another",
            folder->path);
    return ALEXNET_OK;
}

alexnet_status an_run_folder_lock(alexnet_context *ctx, an_run_folder *folder)
{
    an_file_info info;

    if (folder->lock.held) return ALEXNET_OK;
    AN_TRY(an_file_stat(ctx, folder->path, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    const alexnet_status status = an_folder_lock(ctx, folder->path, &folder->lock);
    if (status != ALEXNET_BAD_ARG) return status;
    return an_fail(ctx, ALEXNET_BAD_ARG, "run folder '%s' is in use: another process trains there",
                   folder->path);
}

/* ---- removal ---- */

static alexnet_status remove_file(alexnet_context *ctx, const an_run_folder *folder,
                                  const char *name)
{
    char *path = an_path_join(ctx, folder->path, name);

    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "run folder '%s'", folder->path);
    const alexnet_status status = an_file_remove(ctx, path);
    an_free(ctx, path);
    return status;
}

/* Removes leftovers. keep_mark: all but one temporary config.json, which marks a run's folder. */
static alexnet_status clean(alexnet_context *ctx, const an_run_folder *folder, bool keep_mark)
{
    an_names names;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_folder_list(ctx, folder->path, &names));
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        const char *name = names.names[i];
        if (keep_mark && an_file_is_temporary(name, AN_RUN_CONFIG))
            keep_mark = false; /* this one stays */
        else if (is_leftover(name))
            status = remove_file(ctx, folder, name);
    }
    an_names_free(ctx, &names);
    return status;
}

alexnet_status an_run_folder_clean(alexnet_context *ctx, const an_run_folder *folder)
{
    return clean(ctx, folder, false);
}

/*
 * Renames config.json to a temporary name first: from here on there is no run to resume, but the
 * name shows that the folder is a run's, until the new config.json exists. A kill before that
 * leaves a folder that can be replaced again.
 */
static alexnet_status remove_run(alexnet_context *ctx, const an_run_folder *folder)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, folder->config, &info));
    if (info.kind != AN_FILE_ABSENT) AN_TRY(an_file_set_aside(ctx, folder->config));
    for (size_t i = 1; i < AN_COUNT(run_files); ++i)
        AN_TRY(remove_file(ctx, folder, run_files[i]));
    AN_TRY(clean(ctx, folder, true));
    return an_checkpoint_remove_all(ctx, folder->checkpoints);
}

/* Checks again once the lock is held: another process may have changed the folder before. */
alexnet_status an_run_folder_create(alexnet_context *ctx, an_run_folder *folder, bool force)
{
    AN_TRY(an_run_folder_check(ctx, folder, force));
    AN_TRY(an_folder_make(ctx, folder->path));
    AN_TRY(an_run_folder_lock(ctx, folder));
    AN_TRY(an_run_folder_check(ctx, folder, force));
    return remove_run(ctx, folder);
}

/* Removes a checkpoint that was begun. IO, with a message, if there is a whole one. */
static alexnet_status remove_begun_checkpoints(alexnet_context *ctx, const an_run_folder *folder)
{
    size_t count;

    if (an_folder_remove_empty(ctx, folder->checkpoints) == ALEXNET_OK) return ALEXNET_OK;
    AN_TRY(an_checkpoint_count(ctx, folder->checkpoints, &count));
    if (count > 0) return an_fail(ctx, ALEXNET_IO, "%s: there is a checkpoint", folder->path);
    return an_checkpoint_remove_all(ctx, folder->checkpoints);
}

/*
 * The folder of a replaced run may hold files of other people: it keeps the mark of a run, so that
 * it can be forced again.
 */
static alexnet_status undo_config(alexnet_context *ctx, const an_run_folder *folder, bool replaced)
{
    an_file_info info;

    if (!replaced) return an_file_remove(ctx, folder->config);
    AN_TRY(an_file_stat(ctx, folder->config, &info));
    return info.kind == AN_FILE_ABSENT ? ALEXNET_OK : an_file_set_aside(ctx, folder->config);
}

/* Removes config.json last: a kill before that leaves a run that can be resumed from the start. */
static alexnet_status undo(alexnet_context *ctx, const an_run_folder *folder, bool replaced)
{
    const char *const files[] = {folder->log, folder->best, folder->last, folder->val,
                                 folder->images};

    AN_TRY(remove_begun_checkpoints(ctx, folder));
    for (size_t i = 0; i < AN_COUNT(files); ++i)
        AN_TRY(an_file_remove(ctx, files[i]));
    AN_TRY(undo_config(ctx, folder, replaced));
    const alexnet_status status = clean(ctx, folder, replaced);
    (void)status; /* leftovers do no harm */
    return ALEXNET_OK;
}

void an_run_folder_undo(alexnet_context *ctx, const an_run_folder *folder, bool made, bool replaced)
{
    char cause[AN_ERROR_BYTES];
    const int number = ctx->error_number;

    an_print(cause, sizeof cause, "%s", ctx->error);
    alexnet_status status = undo(ctx, folder, replaced && !made);
    if (status == ALEXNET_OK && made) status = an_folder_remove_empty(ctx, folder->path);
    (void)status; /* the rest can be resumed, or is not a run */
    an_print(ctx->error, sizeof ctx->error, "%s", cause);
    ctx->error_number = number;
}

/* ---- log ---- */

/* "0.25", or "null": JSON has no infinities. */
static const char *number(double value, char text[AN_REAL_SIZE])
{
    if (isfinite(value))
        an_print(text, AN_REAL_SIZE, "%.6g", value);
    else
        an_print(text, AN_REAL_SIZE, "null");
    return text;
}

/*
 * Appends a line to the log, made in buffers on the stack. more: further members, each followed by
 * a comma.
 */
static alexnet_status append(alexnet_context *ctx, const an_run_folder *folder,
                             const an_log_line *line, const char *more)
{
    char text[LINE_BYTES], numbers[8][AN_REAL_SIZE];

    an_print(text, sizeof text,
             "{\"step\":%lld,\"epoch\":%s,\"lr\":%s,\"loss\":%s,\"top1\":%s,\"top5\":%s,"
             "\"images_per_second\":%s,\"data_wait\":%s,\"seconds\":%s,%s\"split\":\"%s\"}",
             (long long)line->step, number(line->epoch, numbers[0]), number(line->lr, numbers[1]),
             number(line->loss, numbers[2]), number(line->top1, numbers[3]),
             number(line->top5, numbers[4]), number(line->images_per_second, numbers[5]),
             number(line->data_wait, numbers[6]), number(line->seconds, numbers[7]), more,
             line->split);
    return an_file_append_line(ctx, folder->log, text);
}

alexnet_status an_run_folder_log(alexnet_context *ctx, const an_run_folder *folder,
                                 const an_log_line *line)
{
    return append(ctx, folder, line, "");
}

/* A line without measurements. */
static an_log_line bare_line(const char *split, int64_t step, double epoch, double seconds)
{
    const double none = (double)NAN;

    return (an_log_line){.split = split,
                         .step = step,
                         .epoch = epoch,
                         .lr = none,
                         .loss = none,
                         .top1 = none,
                         .top5 = none,
                         .images_per_second = none,
                         .data_wait = none,
                         .seconds = seconds};
}

alexnet_status an_run_folder_log_pace(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step, double epoch, double step_seconds,
                                      int64_t total_steps, double seconds)
{
    const an_log_line line = bare_line("pace", step, epoch, seconds);
    char more[LINE_BYTES / 2], text[AN_REAL_SIZE];

    an_print(more, sizeof more, "\"step_seconds\":%s,\"total_steps\":%lld,",
             number(step_seconds, text), (long long)total_steps);
    return append(ctx, folder, &line, more);
}

alexnet_status an_run_folder_sync_log(alexnet_context *ctx, const an_run_folder *folder)
{
    const alexnet_status status = an_file_sync(ctx, folder->log);

    return status == ALEXNET_NOT_FOUND ? ALEXNET_OK : status; /* nothing was reported yet */
}

#define END_MARK "\"split\":\"end\""

alexnet_status an_run_folder_log_end(alexnet_context *ctx, const an_run_folder *folder,
                                     const alexnet_train_result *result)
{
    const an_log_line line = bare_line("end", result->steps, result->epochs, result->seconds);
    char more[LINE_BYTES / 2];

    an_print(more, sizeof more,
             "\"weights_sha256\":\"%s\",\"last_sha256\":\"%s\",\"memory_bytes\":%lld,"
             "\"peak_rss_bytes\":%lld,",
             result->weights_sha256, result->last_sha256, (long long)result->memory_bytes,
             (long long)result->peak_rss_bytes);
    AN_TRY(append(ctx, folder, &line, more));
    return an_run_folder_sync_log(ctx, folder);
}

/* True for the last line of a run. */
static bool is_end(const char *line, size_t length)
{
    const size_t mark = sizeof END_MARK - 1;

    return length > mark && memcmp(line + length - mark - 1, END_MARK, mark) == 0;
}

/* The step of a line; -1: the line was not written by us. */
static int64_t step_of(const char *line, size_t length)
{
    static const char start[] = "{\"step\":";
    const size_t skip = sizeof start - 1;
    int64_t step;

    if (length <= skip || memcmp(line, start, skip) != 0) return -1;
    const char *comma = memchr(line + skip, ',', length - skip);
    if (comma == NULL || !an_parse_int(line + skip, (size_t)(comma - line) - skip, &step))
        return -1;
    return step;
}

/* Where the first line after `step` begins. */
static size_t find_cut(const char *text, size_t size, int64_t step)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        if (step_of(text + at, length) > step || is_end(text + at, length)) return at;
        at += length + (end != NULL);
    }
    return size;
}

alexnet_status an_run_folder_trim_log(alexnet_context *ctx, const an_run_folder *folder,
                                      int64_t step)
{
    an_file_info info;
    an_bytes bytes;

    AN_TRY(an_file_stat(ctx, folder->log, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    AN_TRY(an_file_read(ctx, folder->log, LOG_MAX, &bytes));
    const size_t cut = find_cut((const char *)bytes.data, bytes.size, step);
    alexnet_status status = ALEXNET_OK;
    if (cut < bytes.size) status = an_file_write(ctx, folder->log, bytes.data, cut);
    an_bytes_free(ctx, &bytes);
    return status;
}
