/*
 * safetensors.h: the one native weights format (huggingface/safetensors): u64 little-endian header
 * size, JSON header, data.
 *
 *     0        8               8 + n                                    end
 *     | n      | header, JSON  | tensor | tensor | ...                   |
 *
 *     {"__metadata__": {"format": "pt"},
 *      "features.0.bias": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}, ...}
 *
 * The reader only describes: it checks every claim of the file against the file and gives back a
 * list of tensors, whose bytes stay in the file until somebody asks for their values (tensor.h). Refused: header longer than the file or than
 * AN_SAFETENSORS_HEADER_MAX, not starting with '{', not UTF-8 or JSON, duplicate keys, unknown
 * dtype, shape times size unlike the range, ranges that overlap, leave holes or pass the end,
 * metadata that is not text to text, records that are not what their checksum says (sums.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_SAFETENSORS_H
#define AN_FORMATS_SAFETENSORS_H

#include "base/file.h"
#include "formats/tensor.h"

/*
 * The format allows 100,000,000 bytes; but parsed JSON takes up to eighty times its size in memory,
 * and a network of twenty tensors with twenty thousand class names needs less than one million.
 */
#define AN_SAFETENSORS_HEADER_MAX ((size_t)2 << 20)

typedef struct an_tensor_file {
    bool on_disk;            /* else it was parsed from memory */
    an_reader reader;        /* on disk: open; the tensors read by it */
    struct json_t *header;   /* owns the names and texts below */
    an_tensor_view *tensors; /* in the order of their data */
    size_t count;
    const char **keys, **values; /* metadata, in the file's order */
    size_t metadata_count;
} an_tensor_file;

/* Keeps the file open. BAD_FILE, NOT_FOUND, IO, NO_MEMORY. Every message names `path`. On failure *out is zeroed. */
alexnet_status an_safetensors_open(alexnet_context *ctx, const char *path,
                                   an_tensor_file *out) AN_NODISCARD;
/* From bytes that outlive *out: fuzzing and embedding. */
alexnet_status an_safetensors_parse(alexnet_context *ctx, const char *what, const void *data,
                                    size_t bytes, an_tensor_file *out) AN_NODISCARD;
void an_tensor_file_close(alexnet_context *ctx, an_tensor_file *file); /* safe on a zeroed file */

const an_tensor_view *an_tensor_file_find(const an_tensor_file *file,
                                          const char *name);                      /* NULL: none */
const char *an_tensor_file_metadata(const an_tensor_file *file, const char *key); /* NULL: none */

/*
 * Writes the file, with its checksums (sums.h), whole or not at all; header padded with spaces to a multiple of 8; tensors in the
 * order given; equal arguments give equal bytes. BAD_ARG (a text that is not UTF-8, two tensors of
 * one name, a header beyond the limit), IO, NO_MEMORY.
 */
alexnet_status an_safetensors_write(alexnet_context *ctx, const char *path,
                                    const an_tensor_out *tensors, size_t count,
                                    const char *const *keys, const char *const *values,
                                    size_t metadata_count) AN_NODISCARD;
/* The same, and *sum is what was written; NULL: nobody asks. */
alexnet_status an_safetensors_write_sum(alexnet_context *ctx, const char *path,
                                        const an_tensor_out *tensors, size_t count,
                                        const char *const *keys, const char *const *values,
                                        size_t metadata_count, an_file_sum *sum) AN_NODISCARD;

#endif
