/*
 * sums.h: the checksums of a safetensors file. They are stored in its own metadata and checked
 * whenever it is read.
 *
 *   alexnet.crc32c   {"__metadata__":"9a3c01f7","features.0.weight":"41e8a2d0", ...}
 *
 * The entry is a JSON object as text. For each tensor it has the CRC-32C of its bytes, 8
 * hexadecimal digits; under "__metadata__", which cannot be a tensor's name, that of the records:
 * for every other entry of the metadata, in the order of their keys' bytes,
 *
 *   key 0 value 0
 *
 * and then for every tensor, in the order of their names' bytes,
 *
 *   name 0 dtype 0 rank dimension ...         numbers of 8 bytes, little-endian
 *
 * so the checksum does not depend on the order in which a program writes them. A file without the
 * entry, as other programs write, is read unchecked; so is an edited file whose entry was removed.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_SUMS_H
#define AN_FORMATS_SUMS_H

#include "formats/safetensors.h"

/*
 * Looks for the entry in a file whose records are read, checks the records, and notes in each
 * tensor the checksum of its bytes: whoever reads them checks that. BAD_FILE: the entry is
 * malformed, does not match the records, or lacks a tensor. NO_MEMORY.
 */
alexnet_status an_sums_take(alexnet_context *ctx, const char *path,
                            an_tensor_file *file) AN_NODISCARD;

/* Makes the entry's text for a file to be written; free *text with an_free(). NO_MEMORY. */
alexnet_status an_sums_make(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, char **text) AN_NODISCARD;

#endif
