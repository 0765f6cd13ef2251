/*
 * url.h: the parts of a URL that decide what is done with it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FETCH_URL_H
#define AN_FETCH_URL_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

typedef enum an_url_kind { AN_URL_OTHER, AN_URL_FILE, AN_URL_HTTP, AN_URL_HTTPS } an_url_kind;

/*
 * Checks a URL that is to be fetched. BAD_ARG: it has no protocol, holds spaces, control characters
 * or bytes outside ASCII, or a user name (which would stay in the cache's record).
 */
alexnet_status an_url_check(alexnet_context *ctx, const char *url, an_url_kind *kind) AN_NODISCARD;

/* The path that a file: URL means, allocated. BAD_ARG: another machine, a relative path, a bad
   escape. */
alexnet_status an_url_local_path(alexnet_context *ctx, const char *url, char **path) AN_NODISCARD;

/* A name for the file: the last part of the URL's path, if it is made of letters, digits and "._-"
   and does not begin with a dot, else "weights". */
#define AN_URL_NAME 128
void an_url_file_name(const char *url, char name[AN_URL_NAME]);

#endif
