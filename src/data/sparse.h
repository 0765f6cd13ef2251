/*
 * sparse.h: files with holes, of which a tar file holds the rest in pieces (GNU tar manual, "Storing Sparse Files").
 *
 *     file      |piece|    hole    |piece|   hole   |          size
 *     archive   |piece|piece|                                  from `offset` on
 *
 * Where the pieces belong stands in the header and blocks behind it (old format, type 'S'), in the pax header (0.0, 0.1), or in
 * front of the pieces (1.0).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_SPARSE_H
#define AN_DATA_SPARSE_H

#include "data/blob.h"

#define AN_SPARSE_PIECES_MAX 65536 /* of one file */

typedef struct an_piece {
    uint64_t at, bytes; /* of the file */
} an_piece;

typedef struct an_sparse {
    uint64_t offset; /* of the first piece in the archive */
    uint64_t size;   /* of the file, holes and all */
    an_piece *pieces;
    size_t count, capacity;
    bool too_many; /* more than AN_SPARSE_PIECES_MAX: it is no image, and cannot be read */
} an_sparse;

typedef struct an_sparse_list {
    an_sparse *files;
    size_t count, capacity;
} an_sparse_list;

/* NO_MEMORY. */
alexnet_status an_sparse_add(alexnet_context *ctx, an_sparse *sparse, uint64_t at,
                             uint64_t bytes) AN_NODISCARD;

/* Pieces as numbers "at,bytes,at,bytes" (0.1). BAD_FILE, NO_MEMORY. */
alexnet_status an_sparse_parse_list(alexnet_context *ctx, an_sparse *sparse, const char *text,
                                    size_t length) AN_NODISCARD;

/*
 * The map in front of the pieces (1.0): lines "count", "at", "bytes" ..., filled up to a whole block; *used is its size. `data`
 * are the first bytes of the entry. BAD_FILE (no map, or cut short), NO_MEMORY.
 */
alexnet_status an_sparse_parse_map(alexnet_context *ctx, an_sparse *sparse, const uint8_t *data,
                                   size_t bytes, size_t *used) AN_NODISCARD;

/* NULL, or what is wrong: pieces in order, apart, inside the file, and `stored` bytes together. */
const char *an_sparse_fault(const an_sparse *sparse, uint64_t stored);

/* Takes the file over, and leaves *sparse zeroed. NO_MEMORY. */
alexnet_status an_sparse_keep(alexnet_context *ctx, an_sparse_list *list,
                              an_sparse *sparse) AN_NODISCARD;
const an_sparse *an_sparse_find(const an_sparse_list *list,
                                uint64_t offset); /* NULL: the file has no holes */

/* The whole file, of at most AN_IMAGE_BYTES_MAX bytes, in the buffer. BAD_FILE, IO, NO_MEMORY. */
alexnet_status an_sparse_view(const an_sparse *sparse, const an_blob *blob, alexnet_context *ctx,
                              an_source_buffer *buffer) AN_NODISCARD;

void an_sparse_free(alexnet_context *ctx, an_sparse *sparse);
void an_sparse_list_free(alexnet_context *ctx, an_sparse_list *list);

#endif
