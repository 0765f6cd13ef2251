/*
 * tar.h: what a tar file holds, and where.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_TAR_H
#define AN_DATA_TAR_H

#include "data/blob.h"
#include "data/sparse.h"
#include "data/tally.h"
#include "data/tree.h"

#define AN_TAR_BLOCK 512

/*
 * A leaf's offset is where its bytes lie, whatever link led there: offset + size <= size of the blob. Of a sparse file they
 * are the bytes of its pieces, and `sparse` says where these belong. A leaf of offset 0 that is no folder cannot be read:
 * its size is the place of the reason in `reasons`.
 */
typedef struct an_tar {
    an_tree tree;
    an_sparse_list sparse; /* in order of offset */
    an_names reasons;
    an_tally passed; /* entries that are no files, and links that lead to none */
} an_tar;

/* True when these bytes begin with the header of a tar entry whose checksum is right. */
bool an_tar_sniff(const uint8_t *data, size_t bytes);

/* Fills in a zeroed *out. BAD_FILE, IO, NO_MEMORY, UNSUPPORTED (links to folders multiply the files beyond measure). */
alexnet_status an_tar_index(alexnet_context *ctx, const an_blob *blob, an_tar *out) AN_NODISCARD;
void an_tar_free(alexnet_context *ctx, an_tar *tar); /* safe on a zeroed one */

/* Adds a leaf that cannot be read: `path`, from the header at `order`. */
alexnet_status an_tar_add_unreadable(alexnet_context *ctx, an_tar *tar, const char *path,
                                     uint64_t order, const char *reason) AN_NODISCARD;

/* Adds a leaf of the entry whose header lies at `order`: of two of one path the later one counts. */
alexnet_status an_tar_add(alexnet_context *ctx, an_tar *tar, const char *path, uint64_t order,
                          uint64_t offset, uint64_t size) AN_NODISCARD;

#endif
