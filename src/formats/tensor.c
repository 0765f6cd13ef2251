/*
 * tensor.c: element types, sizes, and reading values as float32.
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
#error "files are little-endian, and are read and written as they are in memory"
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
 * IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. float32 represents
 * every value exactly:
 *
 *   exponent 31       infinity and NaN     the fraction is kept
 *   exponent 1 .. 30  normal               the bias becomes 127
 *   exponent 0        fraction * 2^-24     zero and subnormal numbers, normal in float32
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
    default: /* AN_F32: check_type() refuses all others */
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
                   "%s: tensor '%s': expected type F32, F64, F16 or BF16, found %s", path,
                   tensor->name, an_dtype_name(tensor->dtype));
}

#define CHUNK ((size_t)1 << 18) /* bytes: still in the cache when they are summed and converted */

/* A scan over the bytes of a tensor, chunk by chunk. */
typedef struct scan {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_view *tensor;
    size_t bytes, at; /* of the tensor; position of the next chunk */
    uint32_t crc;
    uint8_t *buffer; /* CHUNK bytes, allocated when needed */
} scan;

static scan scan_begin(alexnet_context *ctx, const char *path, const an_tensor_view *tensor)
{
    return (scan){.ctx = ctx,
                  .path = path,
                  .tensor = tensor,
                  .bytes = (size_t)tensor->count * an_dtype_bytes(tensor->dtype)};
}

/* Sets *chunk to the next chunk, which is read into `place` (NULL: a buffer) if it is on disk. */
static alexnet_status scan_next(scan *s, void *place, const uint8_t **chunk, size_t *bytes)
{
    const an_tensor_view *tensor = s->tensor;

    *bytes = AN_MIN(s->bytes - s->at, CHUNK);
    if (tensor->data != NULL) {
        *chunk = tensor->data + s->at;
    } else {
        if (place == NULL && s->buffer == NULL) s->buffer = an_new(s->ctx, CHUNK);
        *chunk = place != NULL ? place : s->buffer;
        if (*chunk == NULL)
            return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", s->path);
        AN_TRY(an_reader_read(s->ctx, &tensor->reader, s->path, tensor->place + s->at,
                              place != NULL ? place : s->buffer, *bytes));
    }
    if (tensor->summed) s->crc = an_tensor_crc32c(s->ctx, s->crc, *chunk, *bytes);
    s->at += *bytes;
    return ALEXNET_OK;
}

/* Ends the scan and compares the checksum; `status` is that of the scan so far. */
static alexnet_status scan_end(scan *s, alexnet_status status)
{
    an_free(s->ctx, s->buffer);
    AN_TRY(status);
    return s->tensor->summed && s->crc != s->tensor->crc32c
               ? an_fail(
                     s->ctx, ALEXNET_BAD_FILE,
                     "%s: tensor '%s': its CRC-32C is %08x, the file says %08x: " AN_CRC32C_WAY_ON,
                     s->path, s->tensor->name, s->crc, s->tensor->crc32c)
               : ALEXNET_OK;
}

/* True if every exponent has a 0 bit: adding 1 to an exponent of all ones carries into the sign
   bit. Two numbers per word, as a loop that stops early is no faster than one number at a time. */
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

/* The index of the first value that is infinite or NaN; -1: none. */
static int64_t find_not_finite(const float *values, size_t count)
{
    if (all_finite(values, count)) return -1;
    for (size_t i = 0; i < count; ++i)
        if (!isfinite(values[i])) return (int64_t)i;
    return -1;
}

/* *odd: the index of the first value that is not finite; -1: none. */
static alexnet_status read_floats(scan *s, float *out, int64_t *odd)
{
    const size_t size = an_dtype_bytes(s->tensor->dtype);

    *odd = -1;
    while (s->at < s->bytes) {
        const size_t first = s->at / size;
        const uint8_t *chunk;
        size_t bytes;
        AN_TRY(scan_next(s, size == sizeof *out ? out + first : NULL, &chunk, &bytes));
        if (chunk != (const uint8_t *)(out + first))
            convert(s->tensor->dtype, chunk, bytes / size, out + first);
        const int64_t found = *odd < 0 ? find_not_finite(out + first, bytes / size) : -1;
        if (found >= 0) *odd = (int64_t)first + found;
    }
    return ALEXNET_OK;
}

static alexnet_status to_float(alexnet_context *ctx, const char *path, const an_tensor_view *tensor,
                               float *out, int64_t *odd)
{
    scan s = scan_begin(ctx, path, tensor);

    AN_TRY(check_type(ctx, path, tensor));
    return scan_end(&s, read_floats(&s, out, odd));
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

    AN_TRY(to_float(ctx, path, tensor, out, &odd)); /* a damaged file is reported as such first */
    return odd < 0 ? ALEXNET_OK
                   : an_fail(ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': number %lld is %s", path,
                             tensor->name, (long long)odd, isnan(out[odd]) ? "NaN" : "infinite");
}

static alexnet_status read_all(scan *s)
{
    while (s->at < s->bytes) {
        const uint8_t *chunk;
        size_t bytes;
        AN_TRY(scan_next(s, NULL, &chunk, &bytes));
    }
    return ALEXNET_OK;
}

alexnet_status an_tensor_check(alexnet_context *ctx, const char *path, const an_tensor_view *tensor)
{
    scan s = scan_begin(ctx, path, tensor);

    return scan_end(&s, read_all(&s));
}

static alexnet_status compare(scan *s, const uint8_t *with, bool *same)
{
    *same = true;
    while (s->at < s->bytes) {
        const uint8_t *chunk;
        const size_t first = s->at;
        size_t bytes;
        AN_TRY(scan_next(s, NULL, &chunk, &bytes));
        if (memcmp(chunk, with + first, bytes) != 0) *same = false;
    }
    return ALEXNET_OK;
}

alexnet_status an_tensor_equals(alexnet_context *ctx, const char *path,
                                const an_tensor_view *tensor, const void *bytes, bool *out)
{
    scan s = scan_begin(ctx, path, tensor);

    return scan_end(&s, compare(&s, bytes, out));
}
