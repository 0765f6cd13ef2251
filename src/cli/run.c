/*
 * run.c: a small reader of run directories.
 * SPDX-License-Identifier: MIT
 */
#include "cli/run.h"

#include <dirent.h>
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

static json_t *read_config(const char *run)
{
    char path[4096];

    return join(path, sizeof path, run, "config.json")
               ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

static bool config_text(const char *path, const char *key, char *text, size_t bytes)
{
    json_t *config =
        cli_is_run(path) ? read_config(path) : json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *value = json_string_value(json_object_get(config, key));
    const bool found = value != NULL && strlen(value) < bytes;

    if (found) strcpy(text, value);
    json_decref(config);
    return found;
}

bool cli_config_model(const char *path, char *name, size_t bytes)
{
    return config_text(path, "model", name, bytes) && strchr(name, '/') == NULL;
}

bool cli_config_data(const char *path, char *name, size_t bytes)
{
    return config_text(path, "data", name, bytes);
}

/* Keeps the last line of each split that the end of the log holds. */
static void read_log(const char *run, json_t *document)
{
    char path[4096], line[4096];
    FILE *file = join(path, sizeof path, run, "log.jsonl") ? fopen(path, "rb") : NULL;

    if (file == NULL) return;
    if (fseek(file, -LOG_TAIL, SEEK_END) != 0) rewind(file); /* shorter than that */
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *report = json_loads(line, 0, NULL); /* the first may be cut off: then it is none */
        const char *split = json_string_value(json_object_get(report, "split"));
        if (split != NULL && (strcmp(split, "train") == 0 || strcmp(split, "val") == 0))
            json_object_set(document, split, report);
        json_decref(report);
    }
    fclose(file);
}

json_t *cli_run_read(const char *run)
{
    json_t *document = json_object();
    json_t *config = read_config(run);

    json_object_set_new(document, "config", config != NULL ? config : json_null());
    json_object_set_new(document, "train", json_null());
    json_object_set_new(document, "val", json_null());
    read_log(run, document);
    return document;
}
