/*
 * store.h: many small blocks of one lifetime: names, texts and lists of a file that is being read.
 * They are freed all at once.
 *
 * A store grows by chunks, so a block never moves. One thread at a time.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_STORE_H
#define AN_FORMATS_STORE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

/* Zeroed: empty. */
typedef struct an_store {
    struct an_store_chunk *chunks; /* the newest first */
    size_t left;                   /* bytes of the newest */
} an_store;

/* A zeroed block, aligned to 16 bytes; NULL: no memory. */
void *an_store_new(alexnet_context *ctx, an_store *store, size_t bytes) AN_NODISCARD;
/* The same for an array; NULL also if count * size overflows. */
void *an_store_array(alexnet_context *ctx, an_store *store, size_t count, size_t size) AN_NODISCARD;
/* A copy of `length` bytes, followed by a 0; NULL: no memory. */
char *an_store_text(alexnet_context *ctx, an_store *store, const char *text,
                    size_t length) AN_NODISCARD;
/* A formatted text; NULL: no memory. */
char *an_store_format(alexnet_context *ctx, an_store *store, const char *format, ...)
    AN_PRINTF(3, 4) AN_NODISCARD;

void an_store_free(alexnet_context *ctx, an_store *store); /* safe on a zeroed store */

#endif
