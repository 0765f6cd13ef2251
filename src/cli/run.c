/*
 * run.c: reads the files of a run folder.
 * SPDX-License-Identifier: MIT
 */
#include "cli/run.h"

#include "base/file.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_TAIL ((uint64_t)65536) /* bytes of log.jsonl that are searched, from its end */

/* Writes "FOLDER/NAME" to `path`; false if it is too long. */
static bool join(char *path, size_t bytes, const char *folder, const char *name)
{
    const int length = snprintf(path, bytes, "%s/%s", folder, name);
    return length > 0 && (size_t)length < bytes;
}

/* Sets *when to the time of the file's last change; without such a file, leaves it unchanged. */
static alexnet_status look(alexnet_context *ctx, const char *run, const char *name, int64_t *when)
{
    char path[4096];
    an_file_info info;

    if (!join(path, sizeof path, run, name)) return ALEXNET_OK;
    const alexnet_status status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_REGULAR) *when = info.changed;
    return status;
}

#define NEVER INT64_MIN

alexnet_status cli_is_run(alexnet_context *ctx, const char *path, bool *run)
{
    int64_t when = NEVER;
    const alexnet_status status = look(ctx, path, "config.json", &when);

    *run = when != NEVER;
    return status;
}

/* Sets *when to the last change of log.jsonl, or of config.json if the run has no log yet. */
static alexnet_status look_at_run(alexnet_context *ctx, const char *run, int64_t *when)
{
    *when = NEVER;
    alexnet_status status = look(ctx, run, "config.json", when);
    if (status == ALEXNET_OK && *when != NEVER) status = look(ctx, run, "log.jsonl", when);
    return status;
}

alexnet_status cli_run_newest(alexnet_context *ctx, const char *folder, char *path, size_t bytes)
{
    int64_t newest = NEVER, when;
    an_names names;
    alexnet_status status = an_folder_list(ctx, folder, &names);

    if (status != ALEXNET_OK) return status;
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        char run[4096];
        if (names.names[i][0] == '.' || !join(run, sizeof run, folder, names.names[i])) continue;
        status = look_at_run(ctx, run, &when);
        if (status != ALEXNET_OK || when == NEVER || when < newest || strlen(run) >= bytes)
            continue;
        strcpy(path, run);
        newest = when;
    }
    an_names_free(ctx, &names);
    return status == ALEXNET_OK && newest == NEVER ? ALEXNET_NOT_FOUND : status;
}

/* Leaves *config NULL if the file is absent or damaged. */
static alexnet_status read_config(alexnet_context *ctx, const char *path, json_t **config)
{
    const alexnet_status status = an_json_read(ctx, path, config);

    return status == ALEXNET_NOT_FOUND || status == ALEXNET_BAD_FILE ? ALEXNET_OK : status;
}

static bool config_text(alexnet_context *ctx, const char *path, const char *key, char *text,
                        size_t bytes)
{
    char inside[4096];
    bool run = false;
    json_t *config = NULL;
    alexnet_status status = cli_is_run(ctx, path, &run);
    const bool folder = run && join(inside, sizeof inside, path, "config.json");

    if (status == ALEXNET_OK) status = read_config(ctx, folder ? inside : path, &config);
    const char *value = status == ALEXNET_OK ? an_json_get_text(config, key, NULL) : NULL;
    const bool found = value != NULL && strlen(value) < bytes;

    if (found) strcpy(text, value);
    json_decref(config);
    return found;
}

bool cli_config_model(alexnet_context *ctx, const char *path, char *name, size_t bytes)
{
    return config_text(ctx, path, "model", name, bytes) && strchr(name, '/') == NULL;
}

bool cli_config_data(alexnet_context *ctx, const char *path, char *name, size_t bytes)
{
    return config_text(ctx, path, "data", name, bytes);
}

/* Reads the last LOG_TAIL bytes of a log. *text is NULL if there is no log. */
static alexnet_status read_tail(alexnet_context *ctx, const char *path, char **text, size_t *bytes)
{
    an_reader reader;
    alexnet_status status = an_reader_open(ctx, path, &reader);

    *text = NULL;
    *bytes = 0;
    if (status != ALEXNET_OK)
        return status == ALEXNET_NOT_FOUND || status == ALEXNET_BAD_FILE ? ALEXNET_OK : status;
    *bytes = (size_t)(reader.size < LOG_TAIL ? reader.size : LOG_TAIL);
    *text = cli_allocate(*bytes, 1);
    status = an_reader_read(ctx, &reader, path, reader.size - *bytes, *text, *bytes);
    an_reader_close(&reader);
    return status;
}

/* Keeps the last line of each split in this end of the log. A damaged line may hold zero bytes. */
static alexnet_status keep_lines(alexnet_context *ctx, an_json_maker *m, const char *text,
                                 size_t bytes, json_t *document)
{
    const char *const behind = text + bytes;

    for (const char *line = text, *end; (end = memchr(line, '\n', (size_t)(behind - line))) != NULL;
         line = end + 1) {
        json_t *report;
        const alexnet_status status =
            an_json_parse(ctx, "log", line, (size_t)(end - line), &report);
        if (status == ALEXNET_NO_MEMORY) return status;
        if (status != ALEXNET_OK) continue; /* the first line may be cut off */
        const char *split = an_json_get_text(report, "split", "");
        if (strcmp(split, "train") == 0 || strcmp(split, "val") == 0)
            an_json_set(m, document, split, json_incref(report));
        json_decref(report);
    }
    return ALEXNET_OK;
}

static alexnet_status read_log(alexnet_context *ctx, an_json_maker *m, const char *path,
                               json_t *document)
{
    char *text;
    size_t bytes;
    alexnet_status status = read_tail(ctx, path, &text, &bytes);

    if (status == ALEXNET_OK && text != NULL) status = keep_lines(ctx, m, text, bytes, document);
    free(text);
    return status;
}

alexnet_status cli_run_read(alexnet_context *ctx, an_json_maker *m, const char *run, json_t **out)
{
    char path[4096];
    alexnet_status status = ALEXNET_OK;
    json_t *document = an_json_object(m), *config = NULL;

    if (join(path, sizeof path, run, "config.json")) status = read_config(ctx, path, &config);
    an_json_set(m, document, "config", config != NULL ? config : json_null());
    an_json_set(m, document, "train", json_null());
    an_json_set(m, document, "val", json_null());
    if (status == ALEXNET_OK && join(path, sizeof path, run, "log.jsonl"))
        status = read_log(ctx, m, path, document);
    if (status == ALEXNET_OK) status = an_json_made(ctx, m, run);
    if (status != ALEXNET_OK) {
        json_decref(document);
        document = NULL;
    }
    *out = document;
    return status;
}
