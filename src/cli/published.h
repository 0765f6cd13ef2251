/*
 * published.h: weights that others have published, by the names that stand for them here.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_PUBLISHED_H
#define CLI_PUBLISHED_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_published {
    const char *name;   /* "torchvision:imagenet"; NULL ends the table */
    const char *file;   /* its name in the cache */
    const char *url;    /* NULL: not fetched but put into the cache by `by` */
    const char *by;     /* "scripts/get-weights" */
    int64_t bytes;      /* 0: not published */
    const char *sha256; /* NULL: only its SHA-1 was published */
    const char *sha1;
    const char *about;
    bool imagenet; /* its classes are those of ImageNet 2012, which the file does not name */
} cli_published;

extern const cli_published cli_published_weights[];

/* The row of this name; NULL: none. */
const cli_published *cli_published_find(const char *name);

/* The name that was probably meant; NULL: none. */
const char *cli_published_nearest(const char *name);

#endif
