/*
 * npy.h: numpy's array file (NEP 1), versions 1.0 to 3.0, C order. Types: float16, float32,
 * float64, uint8 and int64, little-endian.
 *
 *     0        6   8    10 (v2, v3: 12)          multiple of 64                 end
 *     | magic  | v | n  | header, n bytes        | data                          |
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), }  spaces, newline
 *
 * The header is a Python literal; it is read as a text of this one form and never executed.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_NPY_H
#define AN_FORMATS_NPY_H

#include "base/file.h"
#include "formats/tensor.h"

/* A header is a line of words; numpy pads it to a few dozen bytes. */
#define AN_NPY_HEADER_MAX 65535

/* Writes version 1.0, whole or not at all. The tensor's name is not stored. UNSUPPORTED (its type),
 * IO, NO_MEMORY. */
alexnet_status an_npy_write(alexnet_context *ctx, const char *path,
                            const an_tensor_out *tensor) AN_NODISCARD;

/* One tensor, named "", pointing into `data`. BAD_FILE (naming the fact, also a header that is too long), UNSUPPORTED
 * (Fortran order, another type). */
alexnet_status an_npy_parse(alexnet_context *ctx, const char *what, const void *data, size_t bytes,
                            an_tensor_view *out) AN_NODISCARD;

/* The same of a file, whose numbers stay there; close *reader after the last of them is read. On failure it is closed.
 * Also NOT_FOUND, IO. */
alexnet_status an_npy_open(alexnet_context *ctx, const char *path, an_reader *reader,
                           an_tensor_view *out) AN_NODISCARD;

#endif
