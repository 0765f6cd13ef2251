/*
 * cmd_weights.c: alexnet weights: lists published weights, and fetches them into the cache.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/published.h"
#include "fetch/cache.h"
#include "formats/class_names.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- weights list ---- */

typedef struct list_args {
    cli_common common;
} list_args;

static const cli_option list_options[] = {{0}};

/* A line of the list: a published file, or another one of the cache. */
typedef struct entry {
    const char *name;
    const cli_published *row; /* NULL: not published */
    an_cached cached;
} entry;

typedef struct listing {
    cli *app;
    const char *folder;
    cli_table table;
    json_t *list;
} listing;

static int64_t bytes_of(const entry *e)
{
    return e->cached.path != NULL ? (int64_t)e->cached.bytes : e->row != NULL ? e->row->bytes : 0;
}

static void add_text(listing *l, const entry *e)
{
    const char *sha256 = e->row != NULL ? e->row->sha256 : e->cached.sha256;
    char bytes[CLI_NUMBER] = "";

    if (bytes_of(e) > 0) cli_bytes(bytes_of(e), bytes);
    cli_table_row(&l->table, e->name, bytes, e->cached.path != NULL ? "yes" : "no",
                  sha256 != NULL ? "SHA-256" : "SHA-1",
                  e->row != NULL ? e->row->about : e->cached.url);
}

static void add_json(listing *l, const entry *e)
{
    an_json_maker *m = &l->app->json;
    const cli_published *row = e->row;
    const an_cached *c = &e->cached;
    json_t *object =
        an_json_pack(m, "{s:s, s:o}", "name", e->name, "path", cli_json_text(m, c->path));

    an_json_set(m, object, "bytes", bytes_of(e) > 0 ? an_json_int(m, bytes_of(e)) : json_null());
    an_json_set(m, object, "sha256", cli_json_text(m, row != NULL ? row->sha256 : c->sha256));
    an_json_set(m, object, "sha1", cli_json_text(m, row != NULL ? row->sha1 : c->sha1));
    an_json_set(m, object, "url", cli_json_text(m, row != NULL ? row->url : c->url));
    an_json_set(m, object, "about", cli_json_text(m, row != NULL ? row->about : NULL));
    an_json_set(m, object, "classes",
                cli_json_text(m, row != NULL && row->imagenet ? "imagenet" : NULL));
    an_json_add(m, l->list, object);
}

static alexnet_status add(listing *l, const char *name, const cli_published *row)
{
    entry e = {.name = name, .row = row};
    const alexnet_status status = an_cache_find(l->app->ctx, name, &e.cached);

    if (status != ALEXNET_OK) return status;
    if (row != NULL || e.cached.path != NULL) {
        if (l->app->common->json)
            add_json(l, &e);
        else
            add_text(l, &e);
    }
    an_cached_free(l->app->ctx, &e.cached);
    return ALEXNET_OK;
}

/* Adds the files of the cache that are not in the table, from one folder of names. */
static alexnet_status add_source(listing *l, const char *source)
{
    alexnet_context *ctx = l->app->ctx;
    an_names names;
    char path[4096], name[512];

    if (snprintf(path, sizeof path, "%s/%s", l->folder, source) >= (int)sizeof path)
        return ALEXNET_OK;
    alexnet_status status = an_folder_list(ctx, path, &names);
    if (status == ALEXNET_NOT_FOUND) return ALEXNET_OK; /* no folder */
    for (size_t i = 0; i < names.count && status == ALEXNET_OK; ++i) {
        const int length = snprintf(name, sizeof name, "%s:%s", source, names.names[i]);
        if (length < (int)sizeof name && an_cache_is_name(name) && cli_published_find(name) == NULL)
            status = add(l, name, NULL);
    }
    an_names_free(ctx, &names);
    return status;
}

static alexnet_status add_all(listing *l)
{
    alexnet_context *ctx = l->app->ctx;
    alexnet_status status = ALEXNET_OK;
    an_names sources;

    for (const cli_published *row = cli_published_weights;
         row->name != NULL && status == ALEXNET_OK; ++row)
        status = add(l, row->name, row);
    if (status == ALEXNET_OK) status = an_folder_list(ctx, l->folder, &sources);
    if (status == ALEXNET_NOT_FOUND) return ALEXNET_OK; /* nothing was fetched yet */
    if (status != ALEXNET_OK) return status;
    for (size_t i = 0; i < sources.count && status == ALEXNET_OK; ++i)
        status = add_source(l, sources.names[i]);
    an_names_free(ctx, &sources);
    return status;
}

static cli_exit print_list(cli *app, listing *l)
{
    if (app->common->json) {
        json_t *document =
            an_json_pack(&app->json, "{s:i, s:o, s:o}", "schema", 1, "cache",
                         cli_json_text(&app->json, l->folder), "weights", json_incref(l->list));
        return cli_json_print(app, document);
    }
    cli_table_print(&l->table, stdout, "");
    cli_print(stdout, "\nThe cache is ");
    cli_put(stdout, l->folder);
    cli_print(stdout,
              "\nWhere no SHA-256 was published, a file is verified by its published SHA-1.\n");
    return CLI_DONE;
}

static cli_exit run_list(cli *app, void *data)
{
    char *folder;
    listing l = {.app = app, .table = {.align = "lrlll"}};

    (void)data;
    alexnet_status status = an_cache_folder(app->ctx, &folder);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    l.folder = folder;
    if (app->common->json)
        l.list = an_json_list(&app->json);
    else
        cli_table_row(&l.table, "name", "size", "cached", "verified by", "what it is");
    status = add_all(&l);
    const cli_exit code = status == ALEXNET_OK ? print_list(app, &l) : cli_fail(app, status);
    json_decref(l.list);
    cli_table_free(&l.table);
    an_cache_folder_free(app->ctx, folder);
    return code;
}

static const cli_example list_examples[] = {
    {"alexnet weights list", "what can be fetched, and what is in the cache"},
    {"alexnet weights list --json", "with addresses, checksums and paths"},
    {0},
};

const cli_command command_weights_list = {
    .name = "weights list",
    .words = "",
    .summary = "lists trained weights that can be fetched",
    .examples = list_examples,
    .notes = {"The cache is $XDG_CACHE_HOME/alexnet/weights, or ~/.cache/alexnet/weights."},
    .options = list_options,
    .args_bytes = sizeof(list_args),
    .computes = true,
    .run = run_list,
};

/* ---- weights get ---- */

typedef struct get_args {
    cli_common common;
    const char *url, *sha256, *classes_from;
    double timeout; /* seconds */
    int force;
} get_args;

static const cli_option get_options[] = {
    {"url", 0, CLI_TEXT, offsetof(get_args, url), 0, 0, "URL",
     "where the file is: https://, http:// or file:/; for a published name, a copy of it"},
    {"sha256", 0, CLI_TEXT, offsetof(get_args, sha256), 0, 0, "HEX",
     "the SHA-256 of the file, for a name of your own"},
    {"classes-from", 0, CLI_PATH, offsetof(get_args, classes_from), 0, 0, "FILE|imagenet",
     "names of the classes for a file without: ImageNet's, or the lines of a text file [ImageNet's "
     "for published classifiers, else none]"},
    {"timeout", 0, CLI_TIME, offsetof(get_args, timeout), 1, 86400, "TIME",
     "end a transfer in which next to nothing comes for this time [60s]"},
    {"force", 'f', CLI_FLAG, offsetof(get_args, force), 0, 0, NULL,
     "fetch it again from the beginning, even if it is there"},
    {0},
};

static void get_defaults(void *data) { ((get_args *)data)->timeout = 60; }

static volatile sig_atomic_t stop_wanted;

static void on_stop(int number)
{
    (void)number;
    stop_wanted = 1;
}

/* The first signal ends the transfer and keeps what arrived; a second one ends the program. One
   that was ignored at the start stays ignored. */
static void catch_signals(void)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND}, before;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CLI_COUNT_OF(stops); ++i)
        if (sigaction(stops[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(stops[i], &action, NULL);
}

static alexnet_go report_progress(void *user, const alexnet_progress *report)
{
    cli *app = user;

    if (report->done > 0) cli_progress_report(&app->progress, report);
    return stop_wanted ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

static void note_waiting(void *user)
{
    cli *app = user;

    cli_note(app, "another process fetches %s: waiting for it", app->words[0]);
}

/* Fills in what the table knows. */
static cli_exit take_published(cli *app, const get_args *args, const cli_published *row,
                               const an_cached *recorded, an_cache_wanted *wanted)
{
    an_fetch_options *fetch = &wanted->fetch;

    if (args->sha256 != NULL && (row->sha256 == NULL || strcasecmp(args->sha256, row->sha256) != 0))
        return cli_usage(app,
                         "%s is verified by its published %s %s: leave --sha256 out, or choose "
                         "a name of your own such as 'mine:alexnet'",
                         row->name, row->sha256 != NULL ? "SHA-256" : "SHA-1",
                         row->sha256 != NULL ? row->sha256 : row->sha1);
    fetch->url = args->url != NULL ? args->url : row->url != NULL ? row->url : recorded->url;
    if (fetch->url == NULL)
        return cli_error(app, CLI_NO_INPUT, "%s is not fetched by its URL: %s puts it in the cache",
                         row->name, row->by);
    fetch->sha256 = row->sha256;
    fetch->sha1 = row->sha1;
    fetch->bytes = (uint64_t)row->bytes;
    wanted->file = row->file;
    return CLI_DONE;
}

/* Fills in what the command line, or else the record of the cache, says about an own name. */
static cli_exit take_own(cli *app, const get_args *args, const an_cached *recorded,
                         an_cache_wanted *wanted)
{
    an_fetch_options *fetch = &wanted->fetch;
    const char *near = cli_published_nearest(wanted->name);

    if (args->url == NULL && recorded->path == NULL)
        return cli_error(app, CLI_NO_INPUT,
                         "no published weights are called '%s'%s%s%s; 'alexnet weights list' names "
                         "them; a file of your own needs --url and --sha256",
                         wanted->name, near != NULL ? "; did you mean '" : "",
                         near != NULL ? near : "", near != NULL ? "'?" : "");
    if (args->url != NULL && args->sha256 == NULL)
        return cli_usage(app, "--url needs --sha256 HEX: a file is not used unless it is verified");
    if (args->url == NULL && args->sha256 != NULL) return cli_usage(app, "--sha256 needs --url");
    fetch->url = args->url != NULL ? args->url : recorded->url;
    fetch->sha256 = args->url != NULL ? args->sha256 : recorded->sha256;
    fetch->sha1 = args->url != NULL ? NULL : recorded->sha1;
    return CLI_DONE;
}

/* Writes names of classes beside the file. */
static alexnet_status write_classes(cli *app, const char *weights, const an_names *names)
{
    const size_t room = strlen(weights) + sizeof AN_CLASSES_FILE_SUFFIX;
    char *path = cli_allocate(room, 1), *text, *to;
    size_t bytes = 0;

    snprintf(path, room, "%s" AN_CLASSES_FILE_SUFFIX, weights);
    for (size_t i = 0; i < names->count; ++i)
        bytes += strlen(names->names[i]) + 1;
    text = to = cli_allocate(bytes + 1, 1);
    for (size_t i = 0; i < names->count; ++i) {
        to = stpcpy(to, names->names[i]);
        *to++ = '\n';
    }
    const alexnet_status status = an_file_write(app->ctx, path, text, bytes);
    free(text);
    free(path);
    return status;
}

static cli_exit print_got(cli *app, const an_cache_wanted *wanted, const an_cached *got)
{
    an_json_maker *m = &app->json;
    char bytes[CLI_NUMBER];

    if (app->common->json)
        return cli_json_print(
            app, an_json_pack(m, "{s:i, s:s, s:o, s:I, s:o, s:o, s:o, s:b}", "schema", 1, "name",
                              wanted->name, "path", cli_json_text(m, got->path), "bytes",
                              (json_int_t)got->bytes, "url", cli_json_text(m, got->url), "sha256",
                              cli_json_text(m, got->sha256), "sha1", cli_json_text(m, got->sha1),
                              "fetched", got->fetched));
    cli_print(stdout, "%s: ", wanted->name);
    cli_put(stdout, got->path);
    cli_print(stdout, ", %s, %s as expected%s\n", cli_bytes((int64_t)got->bytes, bytes),
              got->sha256 != NULL ? "SHA-256" : "SHA-1", got->fetched ? "" : "; was there");
    return CLI_DONE;
}

/* classes: where their names come from; NULL: nowhere. */
static cli_exit get(cli *app, const an_cache_wanted *wanted, const char *classes)
{
    an_names names = {0};
    an_cached got = {0};
    alexnet_status status = ALEXNET_OK;

    catch_signals();
    if (classes != NULL) status = an_class_names_read(app->ctx, classes, &names);
    if (status == ALEXNET_OK) status = an_cache_get(app->ctx, wanted, &got);
    cli_progress_clear(&app->progress);
    if (status == ALEXNET_OK && names.count > 0) status = write_classes(app, got.path, &names);
    const cli_exit code =
        status == ALEXNET_OK ? print_got(app, wanted, &got) : cli_fail(app, status);
    an_cached_free(app->ctx, &got);
    an_names_free(app->ctx, &names);
    return code;
}

static cli_exit run_get(cli *app, void *data)
{
    const get_args *args = data;
    const char *name = app->words[0];
    const cli_published *row = cli_published_find(name);
    an_cached recorded = {0};
    an_cache_wanted wanted = {.name = name,
                              .waits = note_waiting,
                              .waits_user = app,
                              .fetch = {.stall_seconds = args->timeout,
                                        .again = args->force != 0,
                                        .tell = report_progress,
                                        .tell_user = app}};

    const alexnet_status status = an_cache_find(app->ctx, name, &recorded);
    if (status != ALEXNET_OK) return cli_fail(app, status);
    cli_exit code = row != NULL ? take_published(app, args, row, &recorded, &wanted)
                                : take_own(app, args, &recorded, &wanted);
    const char *classes = args->classes_from != NULL     ? args->classes_from
                          : row != NULL && row->imagenet ? "imagenet"
                                                         : NULL;
    if (code == CLI_DONE) code = get(app, &wanted, classes);
    an_cached_free(app->ctx, &recorded);
    return code;
}

static const cli_example get_examples[] = {
    {"alexnet weights get torchvision:imagenet",
     "then 'alexnet predict torchvision:imagenet photo.jpg' names what is in the photo"},
    {"alexnet weights get torchvision:imagenet --url https://mirror.example/alexnet.pth",
     "from a copy; it must be the same file"},
    {"alexnet weights get mine:flowers --url file:/media/disk/flowers.pth --sha256 7be5...ee02",
     "a file of your own, under a name of your own"},
    {0},
};

const cli_command command_weights_get = {
    .name = "weights get",
    .words = "NAME",
    .summary = "fetches trained weights into the cache",
    .examples = get_examples,
    .notes = {"The file is verified by its checksum before it is used. Wherever a command takes "
              "WEIGHTS, NAME then stands for it.",
              "What was interrupted continues where it ended when the command is called again; the "
              "exit status is 75 after Ctrl-C. A file that is in the cache is verified again.",
              "Proxies are taken from http_proxy, https_proxy, all_proxy and no_proxy, "
              "certificates of your own from SSL_CERT_FILE."},
    .words_min = 1,
    .words_max = 1,
    .options = get_options,
    .args_bytes = sizeof(get_args),
    .computes = true,
    .defaults = get_defaults,
    .run = run_get,
};
