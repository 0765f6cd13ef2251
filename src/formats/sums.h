/*
 * sums.h: the checksums of a safetensors file, which travel in its own metadata and are checked whenever it is read.
 *
 *   alexnet.crc32c   {"__metadata__":"9a3c01f7","features.0.weight":"41e8a2d0", ...}
 *
 * A JSON object as text: for each tensor the CRC-32C of its bytes, 8 hexadecimal digits; under "__metadata__", which is
 * no tensor's name, that of the records: for every other entry of the metadata, in the order of their keys' bytes
 *
 *   key 0 value 0
 *
 * and then for every tensor, in the order of their names' bytes
 *
 *   name 0 dtype 0 rank dimension ...         numbers of 8 bytes, little end first
 *
 * so that it is the same in whatever order a program writes them. A file without the entry, which all but ours are, is
 * read as it is; so is one that somebody edits and takes the entry out of.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_SUMS_H
#define AN_FORMATS_SUMS_H

#include "formats/safetensors.h"

/*
 * Looks the entry up in a file whose records are read, checks those by it, and notes in each tensor what its bytes must
 * be: whoever reads them checks that. BAD_FILE: it is malformed, does not fit the records, or lacks a tensor. NO_MEMORY.
 */
alexnet_status an_sums_take(alexnet_context *ctx, const char *path,
                            an_tensor_file *file) AN_NODISCARD;

/* The entry's text for a file that is to be written; allocated: an_free(). NO_MEMORY. */
alexnet_status an_sums_make(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, char **text) AN_NODISCARD;

#endif
