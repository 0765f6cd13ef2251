/*
 * blob.h: the bytes of a file that may be compressed. A plain file is read where it is asked for, a
 * gzip one is unpacked into memory when it is opened: once, for all blobs of a context that are of the
 * same file, so that two parts of a data set share it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_BLOB_H
#define AN_DATA_BLOB_H

#include "base/file.h"
#include "data/source.h"
#include <stdbool.h>

#define AN_BLOB_FREE  ((size_t)64 << 20)
#define AN_BLOB_RATIO 50 /* archives of photographs have 1, MNIST has 5 */

typedef struct an_blob {
    char *path;
    uint64_t size;
    an_reader reader;             /* of a plain file */
    uint8_t *memory;              /* unpacked bytes; NULL: a plain file */
    struct an_unpacked *unpacked; /* whose they are */
} an_blob;

/*
 * Opens a file; a gzip one, of any number of members, may unpack to at most `limit` bytes, and beyond
 * AN_BLOB_FREE to no more than AN_BLOB_RATIO times its own: a small file does not ask for much memory.
 * NOT_FOUND, IO, NO_MEMORY, BAD_FILE (cut short, corrupt, over the limit).
 */
alexnet_status an_blob_open(alexnet_context *ctx, const char *path, size_t limit,
                            an_blob *out) AN_NODISCARD;
void an_blob_close(alexnet_context *ctx, an_blob *blob); /* safe on a zeroed blob */

/*
 * `bytes` bytes at `offset`: in the blob's own memory, or read into `buffer`. Valid until the buffer's
 * next use. Any thread. BAD_FILE (they are not all there), IO, NO_MEMORY.
 */
alexnet_status an_blob_view(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, an_source_buffer *buffer,
                            const uint8_t **out) AN_NODISCARD;

/* The same, copied to `data`. */
alexnet_status an_blob_read(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, void *data) AN_NODISCARD;

#endif
