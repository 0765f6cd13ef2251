/*
 * cache.h: fetched weights, by names such as "torchvision:imagenet".
 *
 *     $XDG_CACHE_HOME/alexnet/weights/torchvision/imagenet/     else ~/.cache/alexnet/...
 *         alexnet-owt-7be5be79.pth       under the name that its publisher gave it
 *         about.json                     {"schema":1,"name":..,"file":..,"url":..,"bytes":N,
 *                                         "sha256":.., or "sha1":..}, written last
 *         alexnet-....pth.part           what has arrived of a file; and .part.json (fetch.h)
 *
 * A file is there once its record is; the record stands for the checksum that was verified. The
 * folder is locked while a file is fetched into it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FETCH_CACHE_H
#define AN_FETCH_CACHE_H

#include "fetch/fetch.h"

/* True for "SOURCE:NAME": two words of letters, digits and "._-" that begin with a letter or
   digit. */
bool an_cache_is_name(const char *word);

/* The folder of all weights, allocated. BAD_ARG: neither XDG_CACHE_HOME nor HOME names one. */
alexnet_status an_cache_folder(alexnet_context *ctx, char **folder) AN_NODISCARD;
void an_cache_folder_free(alexnet_context *ctx, char *folder);

/* A file of the cache. Free with an_cached_free(). */
typedef struct an_cached {
    char *path;          /* NULL: not there */
    char *url;           /* where it came from */
    char *sha256, *sha1; /* one of them, the other NULL */
    uint64_t bytes;
    bool fetched; /* by this call */
} an_cached;

/* Finds a file by its name. What is absent, or whose record does not fit it, is no error. BAD_ARG
   (the name), IO, NO_MEMORY. */
alexnet_status an_cache_find(alexnet_context *ctx, const char *name, an_cached *out) AN_NODISCARD;
void an_cached_free(alexnet_context *ctx, an_cached *cached);

/*
 * Fetches a file into the cache, or verifies the one that is there and has this checksum. Waits
 * while another process fetches a file of this name; `waits` (may be NULL) is called once if so.
 *   file     its name in the folder; NULL: by the URL
 *   options  `path` is not used; `again`: fetches what is there, too
 * As an_fetch().
 */
typedef struct an_cache_wanted {
    const char *name, *file;
    an_fetch_options fetch;
    void (*waits)(void *user);
    void *waits_user;
} an_cache_wanted;

alexnet_status an_cache_get(alexnet_context *ctx, const an_cache_wanted *wanted,
                            an_cached *out) AN_NODISCARD;

#endif
