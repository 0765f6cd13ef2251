/*
 * tar.h: what a tar file holds, and where.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_TAR_H
#define AN_DATA_TAR_H

#include "data/blob.h"
#include "data/tree.h"

#define AN_TAR_BLOCK 512

/* True when these bytes begin with the header of a tar entry whose checksum is right. */
bool an_tar_sniff(const uint8_t *data, size_t bytes);

/*
 * Adds every file and folder to the tree. Each leaf lies in the blob: offset + size <= blob->size.
 * Links, devices and the like are only counted. BAD_FILE, IO, NO_MEMORY.
 */
alexnet_status an_tar_index(alexnet_context *ctx, const an_blob *blob, an_tree *tree,
                            int64_t *others) AN_NODISCARD;

#endif
