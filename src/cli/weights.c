/*
 * weights.c: resolves names of weights.
 * SPDX-License-Identifier: MIT
 */
#include "cli/weights.h"

#include "base/file.h"
#include "cli/published.h"
#include "fetch/cache.h"
#include <stdlib.h>

/* Keeps a copy of the path as long as the command runs. */
static const char *keep(cli *app, const char *path)
{
    app->paths = cli_grow(app->paths, app->path_count + 1, sizeof *app->paths);
    app->paths[app->path_count] = cli_copy(path);
    return app->paths[app->path_count++];
}

static cli_exit not_cached(cli *app, const cli_published *row)
{
    if (row->url == NULL)
        return cli_error(app, CLI_NO_INPUT, "%s is not in the cache: %s puts it there", row->name,
                         row->by);
    return cli_error(app, CLI_NO_INPUT,
                     "%s is not in the cache: fetch it by 'alexnet weights get %s'", row->name,
                     row->name);
}

/* What is neither in the table nor in the cache is a path, unless it looks like a name of the
   table. */
static cli_exit check_path(cli *app, const char *word)
{
    const char *near = cli_published_nearest(word);
    an_file_info info;

    if (near == NULL) return CLI_DONE;
    const alexnet_status status = an_file_stat(app->ctx, word, &info);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    return info.kind != AN_FILE_ABSENT
               ? CLI_DONE
               : cli_error(app, CLI_NO_INPUT,
                           "'%s' is neither a file nor in the cache; did you mean '%s'?", word,
                           near);
}

/* Replaces *word by the path that it means. */
static cli_exit resolve(cli *app, const char **word)
{
    const cli_published *row = cli_published_find(*word);
    an_cached cached;

    if (!an_cache_is_name(*word)) return CLI_DONE;
    const alexnet_status status = an_cache_find(app->ctx, *word, &cached);
    if (status != ALEXNET_OK) /* without a folder for the cache, only its names cannot be used */
        return status == ALEXNET_BAD_ARG && row == NULL ? CLI_DONE : cli_fail(app, status);
    if (cached.path == NULL) return row != NULL ? not_cached(app, row) : check_path(app, *word);
    *word = keep(app, cached.path);
    an_cached_free(app->ctx, &cached);
    return CLI_DONE;
}

static cli_exit resolve_words(cli *app)
{
    char **words = cli_allocate((size_t)app->word_count, sizeof *words);
    cli_exit code = CLI_DONE;

    for (int i = 0; i < app->word_count; ++i) {
        const char *word = app->words[i];
        if (code == CLI_DONE && i < app->command->weights_words) code = resolve(app, &word);
        words[i] = word == app->words[i] ? app->words[i] : app->paths[app->path_count - 1];
    }
    app->given = app->words;
    app->words = words;
    return code;
}

cli_exit cli_weights_resolve(cli *app, void *args)
{
    const cli_option *tables[CLI_TABLES];
    cli_exit code = resolve_words(app);

    cli_tables(app->command, tables);
    for (int t = 0; tables[t] != NULL && code == CLI_DONE; ++t) {
        for (const cli_option *o = tables[t]; o->name != NULL && code == CLI_DONE; ++o) {
            const char **value = (const char **)(void *)((char *)args + o->offset);
            if (o->type == CLI_WEIGHTS && *value != NULL) code = resolve(app, value);
        }
    }
    return code;
}

void cli_weights_release(cli *app)
{
    for (size_t i = 0; i < app->path_count; ++i)
        free(app->paths[i]);
    free(app->paths);
    if (app->given != NULL) free(app->words);
    app->words = app->given != NULL ? app->given : app->words;
}
