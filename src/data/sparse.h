/*
 * sparse.h: sparse files, whose data a tar file stores without the holes, as segments (GNU tar
 * manual, "Storing Sparse Files").
 *
 *     file      |segment|    hole    |segment|   hole   |      size
 *     archive   |segment|segment|                              from `offset` on
 *
 * The map of the segments is in the header and blocks behind it (old format, type 'S'), in the pax
 * header (0.0, 0.1), or in front of the segments (1.0).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_SPARSE_H
#define AN_DATA_SPARSE_H

#include "data/blob.h"

#define AN_SPARSE_SEGMENTS_MAX 65536 /* per file */

typedef struct an_segment {
    uint64_t at, bytes; /* offset and length in the file */
} an_segment;

typedef struct an_sparse {
    uint64_t offset; /* of the first segment in the archive */
    uint64_t size;   /* of the file, holes included */
    an_segment *segments;
    size_t count, capacity;
    bool too_many; /* more than AN_SPARSE_SEGMENTS_MAX: unreadable, as no image has so many */
} an_sparse;

typedef struct an_sparse_list {
    an_sparse *files;
    size_t count, capacity;
} an_sparse_list;

/* NO_MEMORY. */
alexnet_status an_sparse_add(alexnet_context *ctx, an_sparse *sparse, uint64_t at,
                             uint64_t bytes) AN_NODISCARD;

/* Parses a map "at,bytes,at,bytes" (0.1). BAD_FILE, NO_MEMORY. */
alexnet_status an_sparse_parse_list(alexnet_context *ctx, an_sparse *sparse, const char *text,
                                    size_t length) AN_NODISCARD;

/*
 * Parses a map in front of the segments (1.0): lines "count", "at", "bytes" ..., padded to a whole
 * block; *used is its size. `data` is the beginning of the entry. BAD_FILE (no map, or truncated),
 * NO_MEMORY.
 */
alexnet_status an_sparse_parse_map(alexnet_context *ctx, an_sparse *sparse, const uint8_t *data,
                                   size_t bytes, size_t *used) AN_NODISCARD;

/*
 * Returns NULL, or what is wrong: segments must be in order, apart and inside the file, with at
 * most `stored` bytes in all.
 */
const char *an_sparse_fault(const an_sparse *sparse, uint64_t stored);

/* Moves the file to the list, and zeroes *sparse. NO_MEMORY. */
alexnet_status an_sparse_keep(alexnet_context *ctx, an_sparse_list *list,
                              an_sparse *sparse) AN_NODISCARD;
const an_sparse *an_sparse_find(const an_sparse_list *list,
                                uint64_t offset); /* NULL: not a sparse file */

/*
 * Reads the whole file, at most AN_IMAGE_BYTES_MAX bytes, into the buffer. BAD_FILE, IO, NO_MEMORY.
 */
alexnet_status an_sparse_view(const an_sparse *sparse, const an_blob *blob, alexnet_context *ctx,
                              an_source_buffer *buffer) AN_NODISCARD;

void an_sparse_free(alexnet_context *ctx, an_sparse *sparse);
void an_sparse_list_free(alexnet_context *ctx, an_sparse_list *list);

#endif
