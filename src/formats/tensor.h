/*
 * tensor.h: a tensor as readers return it and writers take it: name, type, shape, and where its
 * bytes are. Files are little-endian, as is every machine that this builds for.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_TENSOR_H
#define AN_FORMATS_TENSOR_H

#include "alexnet.h"
#include "base/compiler.h"
#include "base/file.h"
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
bool an_dtype_find(const char *name, an_dtype *out) AN_NODISCARD; /* false: no such type */

/* The checksum that a file has of a tensor's bytes. */
typedef enum an_sum_kind {
    AN_SUM_NONE,
    AN_SUM_CRC32C,         /* our safetensors files (sums.h) */
    AN_SUM_CRC32C_FOREIGN, /* the same of another program: TensorFlow's checkpoints */
    AN_SUM_CRC32           /* zip archives */
} an_sum_kind;

/*
 * A tensor of a file. Its values stay there until they are read.
 *
 * The elements need not lie in the file as the shape lists them. If `axes` is 0 they do, row-major.
 * Otherwise element (i0, i1, ...) of an array of `axes` axes, whose product is `count`, lies
 * i0 * stride[0] + i1 * stride[1] + ... elements after the first. A shape [4,6] whose six
 * columns are stored as [2][3] transposed has three axes. an_tensor_permute() and its neighbours
 * make such views.
 *
 * What is summed and compressed as one piece is the content: usually the bytes from the first to
 * the last element, and in an archive of arrays a header before them as well.
 */
typedef struct an_tensor_view {
    const char *name; /* valid as long as the file */
    an_dtype dtype;
    int rank; /* 0 .. AN_TENSOR_RANK_MAX */
    int64_t shape[AN_TENSOR_RANK_MAX];
    int64_t count; /* product of shape; count times the type's size fits a size_t */
    int axes;
    int64_t axis[AN_TENSOR_RANK_MAX], stride[AN_TENSOR_RANK_MAX];
    uint64_t place;      /* position of its first byte in the file, or of the compressed data */
    uint64_t packed;     /* bytes of the content in the file if it is deflated (RFC 1951), else 0 */
    uint64_t skip;       /* bytes of the content before the first element; it ends with the last */
    const uint8_t *data; /* the first element in memory, may be unaligned; NULL: in the file */
    an_reader reader;    /* borrowed; open as long as the file is */
    an_sum_kind sum;
    uint32_t crc; /* of the content */
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
 * Computes the product of `rank` dimensions and its size in bytes. False if a dimension is negative
 * or a result is too large for its type.
 */
bool an_tensor_size(const int64_t *shape, int rank, an_dtype dtype, int64_t *count,
                    size_t *bytes) AN_NODISCARD;

/* ---- other orders of the elements ---- */

/* Transposes it: its axis i is then what was its axis order[i]. Not after a reshape. */
void an_tensor_permute(an_tensor_view *tensor, const int *order);

/* Gives it another shape of as many elements. False: of another number, and nothing changes. */
bool an_tensor_reshape(an_tensor_view *tensor, const int64_t *shape, int rank) AN_NODISCARD;

/*
 * Sets the distance of neighbours along each of its axes, in elements. False, and nothing changes,
 * if one is negative, two elements have the same place, or the distance from the first to the last
 * is too large for its type.
 */
bool an_tensor_set_strides(an_tensor_view *tensor, const int64_t *stride) AN_NODISCARD;

/* The elements from the first to the last: `count`, unless there are gaps between them. */
int64_t an_tensor_span(const an_tensor_view *tensor);

/* The axes of more than one element by their strides, from the innermost outwards, and their
   number. `order` receives their indices. */
int an_tensor_sort_axes(const an_tensor_view *tensor, int order[AN_TENSOR_RANK_MAX]);

/* ---- reading ---- */

/* CRC-32C by the machine's fastest instructions. `crc` is 0 at first, then the previous result. */
uint32_t an_tensor_crc32c(const alexnet_context *ctx, uint32_t crc, const void *data, size_t bytes);

/*
 * Reads the values of a tensor of a floating-point type (F32, F64, F16, BF16) as float32, rounded
 * to nearest, in row-major order of its shape. `path` names the file in messages. BAD_FILE: another
 * type, a file that ends early, compressed data that is damaged or of another size, bytes that do
 * not match the file's checksum. IO: the system refused to read. NO_MEMORY. On failure `out` is
 * unspecified.
 */
alexnet_status an_tensor_to_float(alexnet_context *ctx, const char *path,
                                  const an_tensor_view *tensor, float *out) AN_NODISCARD;

/* The same; BAD_FILE also if a value is infinite or NaN. */
alexnet_status an_tensor_to_finite(alexnet_context *ctx, const char *path,
                                   const an_tensor_view *tensor, float *out) AN_NODISCARD;

/* Reads a tensor of any type only to check its checksum. Errors as above. */
alexnet_status an_tensor_check(alexnet_context *ctx, const char *path,
                               const an_tensor_view *tensor) AN_NODISCARD;

/* Of the values that are finite. */
typedef struct an_tensor_statistics {
    double min, max, mean, sd; /* sd: the root of the mean square of the distances from the mean;
                                  NaN: no value is finite */
    int64_t not_finite;        /* infinite or NaN */
} an_tensor_statistics;

/* Reads a tensor of any type, chunk by chunk: the memory that this needs does not depend on its
   size. Errors as above. */
alexnet_status an_tensor_measure(alexnet_context *ctx, const char *path,
                                 const an_tensor_view *tensor,
                                 an_tensor_statistics *out) AN_NODISCARD;

/* Sets *out to whether the tensor's bytes, in the order of the file, equal those in memory. Errors
   as above. */
alexnet_status an_tensor_equals(alexnet_context *ctx, const char *path,
                                const an_tensor_view *tensor, const void *bytes,
                                bool *out) AN_NODISCARD;

/* ---- writing ---- */

/*
 * Converts to F32, F64, F16 or BF16, rounded to nearest, ties to even; `out` has `count` numbers of
 * that type. Returns the index of the first finite value that became infinite; -1: none.
 */
int64_t an_tensor_from_float(an_dtype dtype, const float *values, size_t count, void *out);

/* Checks that the names are UTF-8 and differ. BAD_ARG, NO_MEMORY. `path` is for messages. */
alexnet_status an_tensor_check_names(alexnet_context *ctx, const char *path,
                                     const an_tensor_out *tensors, size_t count) AN_NODISCARD;

/* The end of every message about bytes that do not match their CRC-32C. */
#define AN_CRC32C_WAY_ON                                                                           \
    "the file is damaged; if it was edited on purpose, remove 'alexnet.crc32c' from its metadata"
#define AN_KEY_CRC32C "alexnet.crc32c"

/* "[64,3,11,11]", truncated if the buffer is too small. */
#define AN_SHAPE_TEXT 96
const char *an_tensor_shape_text(const int64_t *shape, int rank, char text[AN_SHAPE_TEXT]);

#endif
