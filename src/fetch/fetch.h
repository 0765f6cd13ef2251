/*
 * fetch.h: a file from a URL, whole and verified or absent.
 *
 * What arrives is PATH.part; beside it PATH.part.json says which file it is a part of (URL, ETag,
 * date, size). A fetch that was cut continues where it ended, if the server can do that and still
 * has the same file. The checksum is verified before the file gets its name.
 *
 * "file:" is read by our own file layer, "http:" and "https:" by libcurl (fetch/http.c), where it
 * was found when the program was built. Proxies come from the usual variables (http_proxy,
 * https_proxy, all_proxy, no_proxy), certificates also from SSL_CERT_FILE.
 *
 * Part of the program, not of the library: a program that embeds the library need not have libcurl.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FETCH_FETCH_H
#define AN_FETCH_FETCH_H

#include "alexnet.h"
#include "base/compiler.h"
#include "base/hash.h"
#include <stdbool.h>
#include <stdint.h>

#define AN_FETCH_BYTES_MAX ((uint64_t)16 << 30) /* of a file whose size is not known before */

typedef struct an_fetch_options {
    const char *url;
    const char *path;         /* of the file; its folder exists, and nobody else fetches it */
    const char *sha256;       /* 64 hexadecimal digits of any case; NULL: sha1 */
    const char *sha1;         /* 40 of them */
    uint64_t bytes;           /* that the file has; 0: not known */
    double stall_seconds;     /* ends a transfer of less than 100 bytes a second for this time */
    bool again;               /* does not continue what arrived before */
    alexnet_progress_fn tell; /* counts bytes: `done`, `total`, bytes per second; may be NULL */
    void *tell_user;
} an_fetch_options;

/* The phase of its progress reports. */
#define AN_FETCH_PHASE "fetch"

/* True where this build can fetch http: and https:. */
bool an_fetch_has_http(void);

/*
 * Fetches the file; *bytes is its size. BAD_ARG (the URL, the checksum), NOT_FOUND (404, 410, no
 * such file), UNSUPPORTED (another protocol, a build without libcurl), BAD_FILE (a wrong checksum
 * or size; nothing stays), STOPPED (by `tell`), IO, NO_MEMORY. After STOPPED and IO what arrived
 * stays, for the next call.
 */
alexnet_status an_fetch(alexnet_context *ctx, const an_fetch_options *options,
                        uint64_t *bytes) AN_NODISCARD;

/* The SHA-256, or the SHA-1, of a file. */
alexnet_status an_fetch_hash(alexnet_context *ctx, const char *path, bool sha256,
                             char hex[AN_SHA256_HEX_SIZE]) AN_NODISCARD;

#endif
