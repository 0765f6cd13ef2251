/*
 * tensor.c: element types, sizes, and reading as float32.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensor.h"

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/backend.h"
#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are little-endian, and are read and written as memory"
#endif

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [AN_F32] = {"F32", 4}, [AN_F64] = {"F64", 8},   [AN_F16] = {"F16", 2}, [AN_BF16] = {"BF16", 2},
    [AN_I64] = {"I64", 8}, [AN_I32] = {"I32", 4},   [AN_I16] = {"I16", 2}, [AN_I8] = {"I8", 1},
    [AN_U8] = {"U8", 1},   [AN_BOOL] = {"BOOL", 1},
};

size_t an_dtype_bytes(an_dtype dtype) { return types[dtype].bytes; }

const char *an_dtype_name(an_dtype dtype) { return types[dtype].name; }

bool an_dtype_find(const char *name, an_dtype *out)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (strcmp(types[i].name, name) == 0) {
            *out = (an_dtype)i;
            return true;
        }
    }
    return false;
}

bool an_tensor_size(const int64_t *shape, int rank, an_dtype dtype, int64_t *count, size_t *bytes)
{
    size_t product = 1;

    for (int i = 0; i < rank; ++i) {
        if (shape[i] < 0 || !an_multiply(product, (size_t)shape[i], &product)) return false;
    }
    *count = (int64_t)product;
    return product <= INT64_MAX && an_multiply(product, types[dtype].bytes, bytes);
}

const char *an_tensor_shape_text(const int64_t *shape, int rank, char text[AN_SHAPE_TEXT])
{
    size_t used = (size_t)an_print(text, AN_SHAPE_TEXT, "[");

    for (int i = 0; i < rank && used < AN_SHAPE_TEXT; ++i)
        used += (size_t)an_print(text + used, AN_SHAPE_TEXT - used, "%s%lld", i > 0 ? "," : "",
                                 (long long)shape[i]);
    if (used < AN_SHAPE_TEXT) an_print(text + used, AN_SHAPE_TEXT - used, "]");
    return text;
}

/* ---- conversion to float32 ---- */

static float float_from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/*
 * IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. Every value is one
 * of float32:
 *
 *   exponent 31       infinity and NaN     fraction kept
 *   exponent 1 .. 30  normal               the bias becomes 127
 *   exponent 0        fraction * 2^-24     zero and the subnormal numbers, normal in float32
 */
static float float_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half >> 15) << 31;
    const uint32_t exponent = half >> 10 & 31;
    const uint32_t fraction = half & 0x3ff;

    if (exponent == 31) return float_from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0) return float_from_bits(sign | (exponent - 15 + 127) << 23 | fraction << 13);
    return sign != 0 ? -(float)fraction * 0x1p-24f : (float)fraction * 0x1p-24f;
}

static void convert_f64(const uint8_t *data, size_t count, float *out)
{
    for (size_t i = 0; i < count; ++i) {
        double value;
        memcpy(&value, data + i * sizeof value, sizeof value);
        out[i] = (float)value; /* beyond float32's range: infinity (IEC 60559) */
    }
}

static void convert_f16(const uint8_t *data, size_t count, float *out)
{
    for (size_t i = 0; i < count; ++i) {
        uint16_t half;
        memcpy(&half, data + i * sizeof half, sizeof half);
        out[i] = float_from_half(half);
    }
}

/* bfloat16 is the upper half of float32. */
static void convert_bf16(const uint8_t *data, size_t count, float *out)
{
    for (size_t i = 0; i < count; ++i) {
        uint16_t upper;
        memcpy(&upper, data + i * sizeof upper, sizeof upper);
        out[i] = float_from_bits((uint32_t)upper << 16);
    }
}

static void convert(an_dtype dtype, const uint8_t *data, size_t count, float *out)
{
    switch (dtype) {
    case AN_F64:
        convert_f64(data, count, out);
        break;
    case AN_F16:
        convert_f16(data, count, out);
        break;
    case AN_BF16:
        convert_bf16(data, count, out);
        break;
    default: /* AN_F32: check_type() let no other pass */
        memcpy(out, data, count * sizeof *out);
    }
}

/* ---- reading ---- */

uint32_t an_tensor_crc32c(const alexnet_context *ctx, uint32_t crc, const void *data, size_t bytes)
{
    return an_context_backend(ctx) != NULL ? an_context_backend(ctx)->crc32c(crc, data, bytes)
                                           : an_crc32c(crc, data, bytes);
}

static alexnet_status check_type(alexnet_context *ctx, const char *path,
                                 const an_tensor_view *tensor)
{
    if (tensor->dtype == AN_F32 || tensor->dtype == AN_F64 || tensor->dtype == AN_F16 ||
        tensor->dtype == AN_BF16)
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: tensor '%s': expected numbers of type F32, F64, F16 or BF16, found %s",
                   path, tensor->name, an_dtype_name(tensor->dtype));
}

#define PIECE ((size_t)1 << 18) /* bytes: what is summed and looked at is still in the cache */

/* A walk through the bytes of a tensor, piece by piece. */
typedef struct walk {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_view *tensor;
    size_t bytes, at; /* of all, and of the next piece */
    uint32_t crc;
    uint8_t *buffer; /* PIECE bytes, allocated when needed */
} walk;

static walk walk_begin(alexnet_context *ctx, const char *path, const an_tensor_view *tensor)
{
    return (walk){.ctx = ctx,
                  .path = path,
                  .tensor = tensor,
                  .bytes = (size_t)tensor->count * an_dtype_bytes(tensor->dtype)};
}

/* The next piece, read into `place` (NULL: a buffer) unless it is in memory: *piece says where it is. */
static alexnet_status walk_next(walk *w, void *place, const uint8_t **piece, size_t *bytes)
{
    const an_tensor_view *tensor = w->tensor;

    *bytes = AN_MIN(w->bytes - w->at, PIECE);
    if (tensor->data != NULL) {
        *piece = tensor->data + w->at;
    } else {
        if (place == NULL && w->buffer == NULL) w->buffer = an_new(w->ctx, PIECE);
        *piece = place != NULL ? place : w->buffer;
        if (*piece == NULL)
            return an_fail(w->ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", w->path);
        AN_TRY(an_reader_read(w->ctx, &tensor->reader, w->path, tensor->place + w->at,
                              place != NULL ? place : w->buffer, *bytes));
    }
    if (tensor->summed) w->crc = an_tensor_crc32c(w->ctx, w->crc, *piece, *bytes);
    w->at += *bytes;
    return ALEXNET_OK;
}

/* `status` is that of the walk so far. */
static alexnet_status walk_end(walk *w, alexnet_status status)
{
    an_free(w->ctx, w->buffer);
    AN_TRY(status);
    return w->tensor->summed && w->crc != w->tensor->crc32c
               ? an_fail(
                     w->ctx, ALEXNET_BAD_FILE,
                     "%s: tensor '%s': its CRC-32C is %08x, the file says %08x: " AN_CRC32C_WAY_ON,
                     w->path, w->tensor->name, w->crc, w->tensor->crc32c)
               : ALEXNET_OK;
}

/* Whether all exponents have a 0: the lowest place added to one of all 1 carries into the sign's place. Two numbers a
 * word, as a loop that ends early is no quicker than one number at a time. */
static bool all_finite(const float *values, size_t count)
{
    uint64_t carries = 0, pair;
    size_t i = 0;

    for (; i + 2 <= count; i += 2) {
        memcpy(&pair, values + i, sizeof pair);
        carries |= (pair & 0x7f8000007f800000) + 0x0080000000800000;
    }
    return (carries & 0x8000000080000000) == 0 && (i == count || isfinite(values[i]));
}

/* The first of them that is infinite or not a number; -1: there is none. */
static int64_t find_not_finite(const float *values, size_t count)
{
    if (all_finite(values, count)) return -1;
    for (size_t i = 0; i < count; ++i)
        if (!isfinite(values[i])) return (int64_t)i;
    return -1;
}

/* *odd: the first value that is not finite; -1: there is none. */
static alexnet_status read_floats(walk *w, float *out, int64_t *odd)
{
    const size_t size = an_dtype_bytes(w->tensor->dtype);

    *odd = -1;
    while (w->at < w->bytes) {
        const size_t first = w->at / size;
        const uint8_t *piece;
        size_t bytes;
        AN_TRY(walk_next(w, size == sizeof *out ? out + first : NULL, &piece, &bytes));
        if (piece != (const uint8_t *)(out + first))
            convert(w->tensor->dtype, piece, bytes / size, out + first);
        const int64_t found = *odd < 0 ? find_not_finite(out + first, bytes / size) : -1;
        if (found >= 0) *odd = (int64_t)first + found;
    }
    return ALEXNET_OK;
}

static alexnet_status to_float(alexnet_context *ctx, const char *path, const an_tensor_view *tensor,
                               float *out, int64_t *odd)
{
    walk w = walk_begin(ctx, path, tensor);

    AN_TRY(check_type(ctx, path, tensor));
    return walk_end(&w, read_floats(&w, out, odd));
}

alexnet_status an_tensor_to_float(alexnet_context *ctx, const char *path,
                                  const an_tensor_view *tensor, float *out)
{
    int64_t odd;

    return to_float(ctx, path, tensor, out, &odd);
}

alexnet_status an_tensor_to_finite(alexnet_context *ctx, const char *path,
                                   const an_tensor_view *tensor, float *out)
{
    int64_t odd;

    AN_TRY(to_float(ctx, path, tensor, out, &odd)); /* damage is told as damage */
    return odd < 0 ? ALEXNET_OK
                   : an_fail(ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': number %lld is %s", path,
                             tensor->name, (long long)odd, isnan(out[odd]) ? "NaN" : "infinite");
}

static alexnet_status read_all(walk *w)
{
    while (w->at < w->bytes) {
        const uint8_t *piece;
        size_t bytes;
        AN_TRY(walk_next(w, NULL, &piece, &bytes));
    }
    return ALEXNET_OK;
}

alexnet_status an_tensor_check(alexnet_context *ctx, const char *path, const an_tensor_view *tensor)
{
    walk w = walk_begin(ctx, path, tensor);

    return walk_end(&w, read_all(&w));
}

static alexnet_status compare(walk *w, const uint8_t *with, bool *same)
{
    *same = true;
    while (w->at < w->bytes) {
        const uint8_t *piece;
        const size_t first = w->at;
        size_t bytes;
        AN_TRY(walk_next(w, NULL, &piece, &bytes));
        if (memcmp(piece, with + first, bytes) != 0) *same = false;
    }
    return ALEXNET_OK;
}

alexnet_status an_tensor_equals(alexnet_context *ctx, const char *path,
                                const an_tensor_view *tensor, const void *bytes, bool *out)
{
    walk w = walk_begin(ctx, path, tensor);

    return walk_end(&w, compare(&w, bytes, out));
}
