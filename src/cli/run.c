/*
 * run.c: a small reader of run directories.
 * SPDX-License-Identifier: MIT
 */
#include "cli/run.h"

#include "cli/cli.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_TAIL 65536 /* bytes of log.jsonl that are searched, from its end */

/* "RUN/NAME"; false when that is too long. */
static bool join(char *path, size_t bytes, const char *folder, const char *name)
{
    const int length = snprintf(path, bytes, "%s/%s", folder, name);
    return length > 0 && (size_t)length < bytes;
}

static bool changed(const char *run, const char *name, struct timespec *when)
{
    char path[4096];
    struct stat info;

    if (!join(path, sizeof path, run, name) || stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *when = info.st_mtim;
    return true;
}

static bool later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

bool cli_is_run(const char *path)
{
    struct timespec when;

    return changed(path, "config.json", &when);
}

bool cli_run_newest(const char *folder, char *path, size_t bytes)
{
    DIR *entries = opendir(folder);
    struct timespec newest = {0}, when;
    bool found = false;

    if (entries == NULL && errno == ENOMEM) cli_end_for_memory();
    if (entries == NULL) return false;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char run[4096];
        if (entry->d_name[0] == '.' || !join(run, sizeof run, folder, entry->d_name) ||
            !changed(run, "config.json", &when))
            continue;
        (void)changed(run, "log.jsonl", &when); /* a run that has begun counts by its last line */
        if ((!found || later(when, newest)) && strlen(run) < bytes) {
            strcpy(path, run);
            newest = when;
            found = true;
        }
    }
    closedir(entries);
    return found;
}

/* NULL where there is none that can be read; *status tells from that a refusal of memory, or of the system. */
static json_t *read_config(alexnet_context *ctx, const char *path, alexnet_status *status)
{
    json_t *config = NULL;

    const alexnet_status found = an_json_read(ctx, path, &config);
    if (found == ALEXNET_NO_MEMORY || found == ALEXNET_IO) *status = found;
    return config;
}

static bool config_text(alexnet_context *ctx, const char *path, const char *key, char *text,
                        size_t bytes)
{
    char inside[4096];
    const bool folder = cli_is_run(path) && join(inside, sizeof inside, path, "config.json");
    alexnet_status status = ALEXNET_OK;
    json_t *config = read_config(ctx, folder ? inside : path, &status);
    const char *value = an_json_get_text(config, key, NULL);
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

/* Keeps the last line of each split that the end of the log holds. */
static alexnet_status read_log(alexnet_context *ctx, an_json_maker *m, FILE *file, json_t *document)
{
    char line[4096];

    if (fseek(file, -LOG_TAIL, SEEK_END) != 0) rewind(file); /* shorter than that */
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *report;
        const alexnet_status status = an_json_parse(ctx, "log", line, strlen(line), &report);
        if (status == ALEXNET_NO_MEMORY) return status;
        if (status != ALEXNET_OK) continue; /* the first may be cut off: then it is none */
        const char *split = an_json_get_text(report, "split", "");
        if (strcmp(split, "train") == 0 || strcmp(split, "val") == 0)
            an_json_set(m, document, split, json_incref(report));
        json_decref(report);
    }
    return ALEXNET_OK;
}

alexnet_status cli_run_read(alexnet_context *ctx, an_json_maker *m, const char *run, json_t **out)
{
    char path[4096];
    alexnet_status status = ALEXNET_OK;
    json_t *document = an_json_object(m);
    json_t *config =
        join(path, sizeof path, run, "config.json") ? read_config(ctx, path, &status) : NULL;
    FILE *file = join(path, sizeof path, run, "log.jsonl") ? cli_open(path) : NULL;

    an_json_set(m, document, "config", config != NULL ? config : json_null());
    an_json_set(m, document, "train", json_null());
    an_json_set(m, document, "val", json_null());
    if (file != NULL && status == ALEXNET_OK) status = read_log(ctx, m, file, document);
    if (file != NULL) fclose(file);
    if (status == ALEXNET_OK) status = an_json_made(ctx, m, run);
    if (status != ALEXNET_OK) {
        json_decref(document);
        document = NULL;
    }
    *out = document;
    return status;
}
