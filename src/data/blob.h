/*
 * blob.h: the bytes of a file, which may be compressed with gzip.
 *
 * A plain file is read on demand. A gzip file is unpacked into memory when it is opened. All blobs
 * of a context that refer to the same gzip file share the unpacked bytes, so that two splits of a
 * data set unpack it once.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_BLOB_H
#define AN_DATA_BLOB_H

#include "base/file.h"
#include "data/source.h"
#include <stdbool.h>

#define AN_BLOB_FREE  ((size_t)64 << 20)
#define AN_BLOB_RATIO 50 /* archives of photographs reach 1, MNIST 5 */

typedef struct an_blob {
    char *path;
    uint64_t size;
    an_reader reader;             /* of a plain file */
    uint8_t *memory;              /* unpacked bytes; NULL for a plain file */
    struct an_unpacked *unpacked; /* their shared owner */
} an_blob;

/*
 * Opens a file. A gzip file, of any number of members, may unpack to at most `limit` bytes, and
 * beyond AN_BLOB_FREE to at most AN_BLOB_RATIO times its size, so that a small file cannot take
 * much memory. NOT_FOUND, IO, NO_MEMORY, BAD_FILE (truncated, corrupt, over the limit).
 */
alexnet_status an_blob_open(alexnet_context *ctx, const char *path, size_t limit,
                            an_blob *out) AN_NODISCARD;
void an_blob_close(alexnet_context *ctx, an_blob *blob); /* safe on a zeroed blob */

/*
 * `bytes` bytes at `offset`: in the blob's own memory, or read into `buffer`. Valid until the
 * buffer is used again. Any thread. BAD_FILE (beyond the end), IO, NO_MEMORY.
 */
alexnet_status an_blob_view(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, an_source_buffer *buffer,
                            const uint8_t **out) AN_NODISCARD;

/* The same, copied to `data`. */
alexnet_status an_blob_read(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, void *data) AN_NODISCARD;

#endif
