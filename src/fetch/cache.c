/*
 * cache.c: the folder of fetched weights, its records and locks.
 * SPDX-License-Identifier: MIT
 */
#include "fetch/cache.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include "base/text.h"
#include "fetch/url.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECORD           "about.json"
#define POLL_NANOSECONDS 100000000 /* between looks at another process's lock */

/* ---- names and folders ---- */

/* Bytes of the word at `text`; 0: there is none. */
static size_t word_length(const char *text)
{
    size_t length = 0;

    if (!isalnum((unsigned char)*text)) return 0;
    while (isalnum((unsigned char)text[length]) ||
           (text[length] != '\0' && strchr("._-", text[length]) != NULL))
        ++length;
    return length;
}

bool an_cache_is_name(const char *word)
{
    const size_t source = word_length(word);
    const size_t name = source > 0 && word[source] == ':' ? word_length(word + source + 1) : 0;

    return name > 0 && word[source + 1 + name] == '\0' && strlen(word) < AN_URL_NAME;
}

alexnet_status an_cache_folder(alexnet_context *ctx, char **folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    /* A relative one is to be ignored, by the XDG Base Directory Specification. */
    if (cache != NULL && *cache == '/')
        *folder = an_format(ctx, "%s/alexnet/weights", cache);
    else if (home != NULL && *home == '/')
        *folder = an_format(ctx, "%s/.cache/alexnet/weights", home);
    else {
        *folder = NULL;
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "no folder for the cache: neither XDG_CACHE_HOME nor HOME is a path");
    }
    return *folder != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for a path");
}

void an_cache_folder_free(alexnet_context *ctx, char *folder) { an_free(ctx, folder); }

/* The folder of a name, allocated: ".../weights/torchvision/imagenet". */
static alexnet_status folder_of(alexnet_context *ctx, const char *name, char **folder)
{
    char *root, *colon;

    *folder = NULL;
    if (!an_cache_is_name(name))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "'%s': expected a name such as 'mine:flowers', of letters, digits and ._-",
                       name);
    AN_TRY(an_cache_folder(ctx, &root));
    *folder = an_format(ctx, "%s/%s", root, name);
    an_free(ctx, root);
    if (*folder == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for a path");
    colon = *folder + strlen(*folder) - strlen(strchr(name, ':'));
    *colon = '/';
    return ALEXNET_OK;
}

/* ---- records ---- */

static bool copy_member(alexnet_context *ctx, const json_t *record, const char *key, char **out)
{
    const char *text = an_json_get_text(record, key, NULL);

    *out = text != NULL ? an_copy_text(ctx, text) : NULL;
    return text == NULL || *out != NULL;
}

/* Fills *out from a record; leaves out->path NULL if the record does not fit the file. */
static alexnet_status take_record(alexnet_context *ctx, const char *folder, const json_t *record,
                                  an_cached *out)
{
    const char *file = an_json_get_text(record, "file", "");
    const int64_t bytes = an_json_get_int(record, "bytes", -1);
    an_file_info info;

    if (*file == '\0' || *file == '.' || strchr(file, '/') != NULL) return ALEXNET_OK;
    char *path = an_path_join(ctx, folder, file);
    if (path == NULL || !copy_member(ctx, record, "url", &out->url) ||
        !copy_member(ctx, record, "sha256", &out->sha256) ||
        !copy_member(ctx, record, "sha1", &out->sha1)) {
        an_free(ctx, path);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", folder);
    }
    const alexnet_status status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_REGULAR && bytes >= 0 &&
        info.size == (uint64_t)bytes) {
        out->path = path;
        out->bytes = info.size;
    } else {
        an_free(ctx, path);
    }
    return status;
}

static alexnet_status find_in(alexnet_context *ctx, const char *folder, an_cached *out)
{
    json_t *record = NULL;
    char *path = an_path_join(ctx, folder, RECORD);

    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", folder);
    alexnet_status status = an_json_read(ctx, path, &record);
    an_free(ctx, path);
    if (status == ALEXNET_NOT_FOUND || status == ALEXNET_BAD_FILE) return ALEXNET_OK;
    if (status == ALEXNET_OK) status = take_record(ctx, folder, record, out);
    json_decref(record);
    return status;
}

alexnet_status an_cache_find(alexnet_context *ctx, const char *name, an_cached *out)
{
    char *folder;

    *out = (an_cached){0};
    AN_TRY(folder_of(ctx, name, &folder));
    const alexnet_status status = find_in(ctx, folder, out);
    an_free(ctx, folder);
    if (status != ALEXNET_OK || out->path == NULL) an_cached_free(ctx, out);
    return status;
}

void an_cached_free(alexnet_context *ctx, an_cached *cached)
{
    an_free(ctx, cached->path);
    an_free(ctx, cached->url);
    an_free(ctx, cached->sha256);
    an_free(ctx, cached->sha1);
    *cached = (an_cached){0};
}

static alexnet_status write_record(alexnet_context *ctx, const char *folder, const char *file,
                                   const an_cache_wanted *wanted, uint64_t bytes)
{
    an_json_maker m = {0};
    const an_fetch_options *fetch = &wanted->fetch;
    char *path = an_path_join(ctx, folder, RECORD);

    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", folder);
    json_t *record = an_json_pack(&m, "{s:i, s:s, s:s, s:s, s:I, s:s}", "schema", 1, "name",
                                  wanted->name, "file", file, "url", fetch->url, "bytes",
                                  (json_int_t)bytes, fetch->sha256 != NULL ? "sha256" : "sha1",
                                  fetch->sha256 != NULL ? fetch->sha256 : fetch->sha1);
    alexnet_status status = an_json_made(ctx, &m, path);
    if (status == ALEXNET_OK) status = an_json_write(ctx, path, record);
    json_decref(record);
    an_free(ctx, path);
    return status;
}

/* ---- getting ---- */

/* Asks whoever follows the progress whether to go on waiting. */
static alexnet_status look_up(alexnet_context *ctx, const an_cache_wanted *wanted)
{
    const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
    const alexnet_progress report = an_progress(AN_FETCH_PHASE, 0, 0, 0);

    nanosleep(&pause, NULL);
    if (wanted->fetch.tell == NULL ||
        wanted->fetch.tell(wanted->fetch.tell_user, &report) != ALEXNET_GO_STOP)
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_STOPPED, "%s: stopped while another process fetches it",
                   wanted->name);
}

/* Waits for the folder's lock. */
static alexnet_status lock(alexnet_context *ctx, const char *folder, const an_cache_wanted *wanted,
                           an_lock *out)
{
    alexnet_status status = an_folder_lock(ctx, folder, out);

    if (status == ALEXNET_BAD_ARG && wanted->waits != NULL) wanted->waits(wanted->waits_user);
    while (status == ALEXNET_BAD_ARG) {
        AN_TRY(look_up(ctx, wanted));
        status = an_folder_lock(ctx, folder, out);
    }
    return status;
}

/* Whether the record says that the file has the checksum that is wanted. */
static bool is_recorded(const an_cached *there, const an_fetch_options *fetch)
{
    const char *expected = fetch->sha256 != NULL ? fetch->sha256 : fetch->sha1;
    const char *recorded = fetch->sha256 != NULL ? there->sha256 : there->sha1;

    return there->path != NULL && recorded != NULL && expected != NULL &&
           an_same_word(recorded, expected);
}

/* Sets *good if the file that is there is the one that is wanted, by its content. */
static alexnet_status check_there(alexnet_context *ctx, const an_cached *there,
                                  const an_fetch_options *fetch, bool *good)
{
    char hex[AN_SHA256_HEX_SIZE] = "";

    *good = false;
    if (fetch->again || !is_recorded(there, fetch)) return ALEXNET_OK;
    AN_TRY(an_fetch_hash(ctx, there->path, fetch->sha256 != NULL, hex));
    *good = an_same_word(hex, fetch->sha256 != NULL ? fetch->sha256 : fetch->sha1);
    return ALEXNET_OK;
}

static alexnet_status fetch_into(alexnet_context *ctx, const char *folder,
                                 const an_cache_wanted *wanted)
{
    an_fetch_options fetch = wanted->fetch;
    char file[AN_URL_NAME];
    uint64_t bytes;

    if (wanted->file == NULL)
        an_url_file_name(fetch.url, file);
    else
        an_print(file, sizeof file, "%s", wanted->file);
    char *path = an_path_join(ctx, folder, file);
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", folder);
    fetch.path = path;
    alexnet_status status = an_fetch(ctx, &fetch, &bytes);
    if (status == ALEXNET_OK) status = write_record(ctx, folder, file, wanted, bytes);
    an_free(ctx, path);
    return status;
}

/* Removes the file that the name meant before, if it is another one. */
static alexnet_status remove_former(alexnet_context *ctx, const an_cached *former,
                                    const an_cached *now)
{
    return former->path == NULL || strcmp(former->path, now->path) == 0
               ? ALEXNET_OK
               : an_file_remove(ctx, former->path);
}

static alexnet_status get_locked(alexnet_context *ctx, const char *folder,
                                 const an_cache_wanted *wanted, an_cached *former, an_cached *out)
{
    bool good;

    AN_TRY(find_in(ctx, folder, former));
    AN_TRY(check_there(ctx, former, &wanted->fetch, &good));
    if (!good) AN_TRY(fetch_into(ctx, folder, wanted));
    AN_TRY(find_in(ctx, folder, out));
    out->fetched = !good;
    if (out->path == NULL) return an_fail(ctx, ALEXNET_IO, "%s: the file is gone again", folder);
    return remove_former(ctx, former, out);
}

static alexnet_status get_in(alexnet_context *ctx, const char *folder,
                             const an_cache_wanted *wanted, an_cached *out)
{
    an_cached former = {0};
    an_lock held;

    AN_TRY(an_folder_make(ctx, folder));
    AN_TRY(lock(ctx, folder, wanted, &held));
    const alexnet_status status = get_locked(ctx, folder, wanted, &former, out);
    an_lock_close(&held);
    an_cached_free(ctx, &former);
    return status;
}

alexnet_status an_cache_get(alexnet_context *ctx, const an_cache_wanted *wanted, an_cached *out)
{
    char *folder;

    *out = (an_cached){0};
    AN_TRY(folder_of(ctx, wanted->name, &folder));
    const alexnet_status status = get_in(ctx, folder, wanted, out);
    an_free(ctx, folder);
    if (status != ALEXNET_OK) an_cached_free(ctx, out);
    return status;
}
