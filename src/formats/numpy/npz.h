/*
 * npz.h: NumPy's archive of arrays: a zip archive (formats/zip.h) of array files (npy.h), stored or
 * deflated. The array "conv1.weight" is the entry "conv1.weight.npy".
 *
 * Metadata is one more entry, AN_METADATA_ENTRY, which numpy.load() gives as bytes. Other entries
 * are refused.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_NUMPY_NPZ_H
#define AN_FORMATS_NUMPY_NPZ_H

#include "formats/tensor_file.h"

/*
 * Writes an archive that numpy.load() reads, whole or not at all. Entries are stored, and their
 * values begin at multiples of 64 bytes; equal arguments give equal bytes. *sum receives the size
 * and SHA-256 of the file; it may be NULL. UNSUPPORTED (a type that NumPy lacks), BAD_ARG (names or
 * metadata that cannot be written), IO, NO_MEMORY.
 */
alexnet_status an_npz_write(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, an_file_sum *sum) AN_NODISCARD;

#endif
