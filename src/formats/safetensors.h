/*
 * safetensors.h: the native weights format (huggingface/safetensors): u64 little-endian header
 * size, JSON header, data.
 *
 *     0        8               8 + n                                    end
 *     | n      | header, JSON  | tensor | tensor | ...                   |
 *
 *     {"__metadata__": {"format": "pt"},
 *      "features.0.bias": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}, ...}
 *
 * Opening a file only describes it: every claim in the header is checked against the file, and the
 * result is a list of tensors, whose values stay in the file until they are read (tensor.h).
 * Refused: a header longer than the file or than AN_SAFETENSORS_HEADER_MAX, not starting with '{',
 * not UTF-8 or not JSON; duplicate keys; an unknown dtype; a shape that does not match its range;
 * ranges that overlap, leave holes or exceed the data; metadata other than strings; records that do
 * not match their checksum (sums.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_SAFETENSORS_H
#define AN_FORMATS_SAFETENSORS_H

#include "base/file.h"
#include "formats/tensor_file.h"

/*
 * The format allows 100,000,000 bytes, but parsed JSON takes up to eighty times its size in memory,
 * and a network of twenty tensors with twenty thousand class names needs less than one million.
 */
#define AN_SAFETENSORS_HEADER_MAX ((size_t)2 << 20)

/* an_tensor_file_open() and an_tensor_file_parse() of this format alone. */
alexnet_status an_safetensors_open(alexnet_context *ctx, const char *path,
                                   an_tensor_file *out) AN_NODISCARD;
alexnet_status an_safetensors_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, an_tensor_file *out) AN_NODISCARD;

/*
 * Writes a file with its checksums (sums.h), whole or not at all. The header is padded with spaces
 * to a multiple of 8; tensors are in the given order; equal arguments give equal bytes. BAD_ARG (a
 * text that is not UTF-8, two tensors of the same name, a header beyond the limit), IO, NO_MEMORY.
 */
alexnet_status an_safetensors_write(alexnet_context *ctx, const char *path,
                                    const an_tensor_out *tensors, size_t count,
                                    const char *const *keys, const char *const *values,
                                    size_t metadata_count) AN_NODISCARD;
/* The same; *sum receives the size and SHA-256 of the file. sum may be NULL. */
alexnet_status an_safetensors_write_sum(alexnet_context *ctx, const char *path,
                                        const an_tensor_out *tensors, size_t count,
                                        const char *const *keys, const char *const *values,
                                        size_t metadata_count, an_file_sum *sum) AN_NODISCARD;

#endif
