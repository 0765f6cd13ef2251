/*
 * pth_write.h: writes PyTorch's file of a state dict, as torch.save() does since 1.6: a zip archive
 * of stored entries.
 *
 *     archive/data.pkl      a pickle: an OrderedDict of names and tensors, each with its storage
 *     archive/byteorder     "little"
 *     archive/data/0 ...    the storages: raw values, at multiples of 64 bytes
 *     archive/version       "3"
 *     archive/alexnet.json  metadata (formats/metadata_json.h), which torch.load() passes over
 *
 * torch.load(weights_only=True) accepts it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PTH_WRITE_H
#define AN_FORMATS_PYTORCH_PTH_WRITE_H

#include "formats/tensor_file.h"

/*
 * Writes these tensors and texts, whole or not at all; equal arguments give equal bytes. Every type
 * can be written. *sum receives the size and SHA-256 of the file; it may be NULL. BAD_ARG (names or
 * texts that cannot be written, two tensors of one name), IO, NO_MEMORY.
 */
alexnet_status an_pth_write(alexnet_context *ctx, const char *path, const an_tensor_out *tensors,
                            size_t count, const char *const *keys, const char *const *values,
                            size_t metadata_count, an_file_sum *sum) AN_NODISCARD;

#endif
