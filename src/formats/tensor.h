/*
 * tensor.h: what readers of files give and writers take: a name, a type, a shape, and where the
 * bytes lie. Bytes in files are little-endian, and so is every machine this builds for.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_TENSOR_H
#define AN_FORMATS_TENSOR_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AN_TENSOR_RANK_MAX 8

typedef enum an_dtype {
    AN_F32,
    AN_F64,
    AN_F16,
    AN_BF16,
    AN_I64,
    AN_I32,
    AN_I16,
    AN_I8,
    AN_U8,
    AN_BOOL
} an_dtype;

size_t an_dtype_bytes(an_dtype dtype);
const char *an_dtype_name(an_dtype dtype); /* "F32", as safetensors spells it */
bool an_dtype_find(const char *name, an_dtype *out) AN_NODISCARD; /* false: none of that name */

/* A tensor inside the bytes of a file. */
typedef struct an_tensor_view {
    const char *name; /* lives as long as the file it came from */
    an_dtype dtype;
    int rank; /* 0 .. AN_TENSOR_RANK_MAX */
    int64_t shape[AN_TENSOR_RANK_MAX];
    int64_t count;       /* product of shape; count times the type's size fits a size_t */
    const uint8_t *data; /* maybe not aligned */
} an_tensor_view;

/* A tensor to write. */
typedef struct an_tensor_out {
    const char *name;
    an_dtype dtype;
    int rank;
    int64_t shape[AN_TENSOR_RANK_MAX];
    const void *data; /* row-major */
} an_tensor_out;

/*
 * The product of `rank` dimensions, none negative, and its size in bytes. False when one is
 * negative or when either number is too large for its type.
 */
bool an_tensor_size(const int64_t *shape, int rank, an_dtype dtype, int64_t *count,
                    size_t *bytes) AN_NODISCARD;

/* Copies a tensor of a floating type (F32, F64, F16, BF16) as float32, rounded to nearest. BAD_FILE
 * for other types. */
alexnet_status an_tensor_to_float(alexnet_context *ctx, const char *path,
                                  const an_tensor_view *tensor, float *out) AN_NODISCARD;

/* "[64,3,11,11]", cut short when the buffer is too small. */
#define AN_SHAPE_TEXT 96
const char *an_tensor_shape_text(const int64_t *shape, int rank, char text[AN_SHAPE_TEXT]);

#endif
