/*
 * tar.h: the index of a tar file: its entries and where their bytes are.
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
 * A leaf's offset is that of its bytes, also if a link led there: offset + size <= size of the
 * blob. For a sparse file these are its segments, described in `sparse`. A leaf with offset 0 that
 * is no folder cannot be read: its size is the index of the reason in `reasons`.
 */
typedef struct an_tar {
    an_tree tree;
    an_sparse_list sparse; /* sorted by offset */
    an_names reasons;
    an_tally passed; /* entries that are not files, and links that lead nowhere */
} an_tar;

/* True if the bytes begin with the header of a tar entry whose checksum is right. */
bool an_tar_sniff(const uint8_t *data, size_t bytes);

/*
 * Fills in a zeroed *out. BAD_FILE, IO, NO_MEMORY, UNSUPPORTED (links to folders add too many
 * files).
 */
alexnet_status an_tar_index(alexnet_context *ctx, const an_blob *blob, an_tar *out) AN_NODISCARD;
void an_tar_free(alexnet_context *ctx, an_tar *tar); /* safe on a zeroed one */

/* Adds an unreadable leaf: `path`, from the header at `order`. NO_MEMORY. */
alexnet_status an_tar_add_unreadable(alexnet_context *ctx, an_tar *tar, const char *path,
                                     uint64_t order, const char *reason) AN_NODISCARD;

/*
 * Adds a leaf for the entry whose header is at `order`; of two with one path the later one counts.
 * NO_MEMORY.
 */
alexnet_status an_tar_add(alexnet_context *ctx, an_tar *tar, const char *path, uint64_t order,
                          uint64_t offset, uint64_t size) AN_NODISCARD;

#endif
