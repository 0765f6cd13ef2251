/*
 * npy.h: NumPy's array file (NEP 1), versions 1.0 to 3.0, in C or Fortran order. Types: float16,
 * float32, float64, int8 to int64, uint8 and bool, little-endian.
 *
 *     0        6   8    10 (v2, v3: 12)          multiple of 64                 end
 *     | magic  | v | n  | header, n bytes        | data                          |
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), }  spaces, newline
 *
 * The header is a Python literal; it is parsed as text of this one form and never executed. An
 * array of Python objects is refused.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_NUMPY_NPY_H
#define AN_FORMATS_NUMPY_NPY_H

#include "base/file.h"
#include "formats/inflate.h"
#include "formats/tensor.h"

/* A header is one short line, padded to a multiple of 64 bytes. numpy.load() has the same limit. */
#define AN_NPY_HEADER_MAX 10000

/* Writes version 1.0, whole or not at all. The tensor's name is not stored. UNSUPPORTED (its type),
   IO, NO_MEMORY. */
alexnet_status an_npy_write(alexnet_context *ctx, const char *path,
                            const an_tensor_out *tensor) AN_NODISCARD;

/* Parses one tensor, named "", which points into `data`. BAD_FILE (the message names the reason;
   also a header that is too long), UNSUPPORTED (another type). */
alexnet_status an_npy_parse(alexnet_context *ctx, const char *what, const void *data, size_t bytes,
                            an_tensor_view *out) AN_NODISCARD;

/* Opens a file; the tensor's values stay on disk. Close *reader after they are read. On failure it
   is already closed. As an_npy_parse(), and NOT_FOUND, IO. */
alexnet_status an_npy_open(alexnet_context *ctx, const char *path, an_reader *reader,
                           an_tensor_view *out) AN_NODISCARD;

/* ---- for archives of array files ---- */

/* An array file of `bytes` bytes, read from its beginning. */
typedef struct an_npy_source {
    const an_reader *reader; /* of the file that holds it */
    uint64_t place;          /* of the next byte there */
    an_inflate *inflate;     /* not NULL: it is compressed, and read from here instead */
    uint64_t bytes;
} an_npy_source;

/* Reads the header. *out receives type, shape, order, the name "", and `skip`: the size of the
   header. Errors as above; messages begin with `what`. */
alexnet_status an_npy_describe(alexnet_context *ctx, const char *what, an_npy_source *source,
                               an_tensor_view *out) AN_NODISCARD;

/* Makes everything before the data; `name` is for messages. Sets the sizes of this and of the data.
   UNSUPPORTED (its type), BAD_ARG (too large). */
#define AN_NPY_HEAD_MAX 512 /* enough for eight dimensions of twenty digits */
alexnet_status an_npy_head(alexnet_context *ctx, const char *name, const an_tensor_out *tensor,
                           char head[AN_NPY_HEAD_MAX], size_t *head_bytes,
                           size_t *data_bytes) AN_NODISCARD;

#endif
