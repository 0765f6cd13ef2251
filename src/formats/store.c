/*
 * store.c: small blocks of one lifetime, cut from chunks.
 * SPDX-License-Identifier: MIT
 */
#include "formats/store.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define ALIGNMENT   ((size_t)16)
#define CHUNK_BYTES ((size_t)4096) /* a block of more than a quarter of it gets its own chunk */

typedef struct an_store_chunk {
    struct an_store_chunk *next;
    _Alignas(16) char data[];
} an_store_chunk;

static an_store_chunk *new_chunk(alexnet_context *ctx, size_t bytes)
{
    size_t whole;
    return an_add(sizeof(an_store_chunk), bytes, &whole) ? an_new_zeroed(ctx, whole) : NULL;
}

/* A block with a chunk of its own, which goes behind the newest: that one is still being filled. */
static void *new_large(alexnet_context *ctx, an_store *store, size_t bytes)
{
    an_store_chunk *chunk = new_chunk(ctx, bytes);

    if (chunk == NULL) return NULL;
    if (store->chunks == NULL) {
        store->chunks = chunk;
        store->left = 0;
    } else {
        chunk->next = store->chunks->next;
        store->chunks->next = chunk;
    }
    return chunk->data;
}

void *an_store_new(alexnet_context *ctx, an_store *store, size_t bytes)
{
    size_t room;

    if (!an_add(AN_MAX(bytes, (size_t)1), ALIGNMENT - 1, &room)) return NULL;
    room = room / ALIGNMENT * ALIGNMENT;
    if (room > CHUNK_BYTES / 4) return new_large(ctx, store, room);
    if (room > store->left) {
        an_store_chunk *chunk = new_chunk(ctx, CHUNK_BYTES);
        if (chunk == NULL) return NULL;
        chunk->next = store->chunks;
        store->chunks = chunk;
        store->left = CHUNK_BYTES;
    }
    char *block = store->chunks->data + (CHUNK_BYTES - store->left);
    store->left -= room;
    return block;
}

void *an_store_array(alexnet_context *ctx, an_store *store, size_t count, size_t size)
{
    size_t bytes;

    return an_multiply(count, size, &bytes) ? an_store_new(ctx, store, bytes) : NULL;
}

char *an_store_text(alexnet_context *ctx, an_store *store, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? an_store_new(ctx, store, length + 1) : NULL;

    if (copy != NULL && length > 0) memcpy(copy, text, length);
    return copy;
}

char *an_store_format(alexnet_context *ctx, an_store *store, const char *format, ...)
{
    va_list list, again;

    va_start(list, format);
    va_copy(again, list);
    const int length = an_print_list(NULL, 0, format, list);
    va_end(list);
    char *text = length >= 0 ? an_store_new(ctx, store, (size_t)length + 1) : NULL;
    if (text != NULL) an_print_list(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void an_store_free(alexnet_context *ctx, an_store *store)
{
    for (an_store_chunk *chunk = store->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        an_free(ctx, chunk);
    }
    *store = (an_store){0};
}
