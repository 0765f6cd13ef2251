/*
 * tensor_read.c: reads the values of tensors: from memory or a file, compressed or not, in the
 * order of the file or another, and converts them to float32.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/backend.h"
#include "formats/inflate.h"
#include "formats/tensor.h"
#include <math.h>
#include <string.h>
#include <zlib.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are little-endian, and are read and written as they are in memory"
#endif

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

/* A scan over the bytes of a tensor in the order of the file, chunk by chunk. */
typedef struct scan {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_view *tensor;
    size_t bytes, at; /* of the tensor, gaps included; position of the next chunk */
    bool begun;       /* what the content has before the tensor was read */
    uint32_t crc;
    uint8_t *buffer;    /* CHUNK bytes, allocated when needed */
    an_inflate inflate; /* of a compressed tensor */
} scan;

static scan scan_open(alexnet_context *ctx, const char *path, const an_tensor_view *tensor)
{
    return (scan){.ctx = ctx,
                  .path = path,
                  .tensor = tensor,
                  .bytes = (size_t)an_tensor_span(tensor) * an_dtype_bytes(tensor->dtype)};
}

static alexnet_status fail_memory(const scan *s)
{
    return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", s->path);
}

/*
 * Sets *chunk to the next bytes of the content, of which the tensor's begin at `skip`. They are
 * read into `place` (NULL: a buffer of CHUNK bytes) if they are on disk.
 */
static alexnet_status scan_content(scan *s, uint64_t position, void *place, const uint8_t **chunk,
                                   size_t bytes)
{
    const an_tensor_view *tensor = s->tensor;

    if (tensor->data != NULL) {
        *chunk = tensor->data - tensor->skip + position;
    } else {
        if (place == NULL && s->buffer == NULL) s->buffer = an_new(s->ctx, CHUNK);
        if (place == NULL) place = s->buffer;
        if (place == NULL) return fail_memory(s);
        AN_TRY(tensor->packed > 0
                   ? an_inflate_read(&s->inflate, place, bytes)
                   : an_reader_read(s->ctx, &tensor->reader, s->path,
                                    tensor->place - tensor->skip + position, place, bytes));
        *chunk = place;
    }
    if (tensor->sum == AN_SUM_CRC32C || tensor->sum == AN_SUM_CRC32C_FOREIGN)
        s->crc = an_tensor_crc32c(s->ctx, s->crc, *chunk, bytes);
    else if (tensor->sum == AN_SUM_CRC32)
        s->crc = (uint32_t)crc32(s->crc, *chunk, (uInt)bytes);
    return ALEXNET_OK;
}

/* Reads what the content has before the tensor, where that is needed to sum or decompress it. */
static alexnet_status scan_begin(scan *s)
{
    const an_tensor_view *tensor = s->tensor;

    if (s->begun) return ALEXNET_OK;
    s->begun = true;
    if (tensor->packed > 0)
        AN_TRY(an_inflate_open(s->ctx, s->path, "tensor", tensor->name, &tensor->reader,
                               tensor->place, tensor->packed, &s->inflate));
    else if (tensor->sum == AN_SUM_NONE)
        return ALEXNET_OK;
    for (uint64_t at = 0; at < tensor->skip; at += CHUNK) {
        const uint8_t *chunk;
        AN_TRY(scan_content(s, at, NULL, &chunk, (size_t)AN_MIN(tensor->skip - at, CHUNK)));
    }
    return ALEXNET_OK;
}

/* Sets *chunk to the next chunk of the tensor, which is read into `place` (NULL: a buffer) if it is
   on disk. */
static alexnet_status scan_next(scan *s, void *place, const uint8_t **chunk, size_t *bytes)
{
    AN_TRY(scan_begin(s));
    *bytes = AN_MIN(s->bytes - s->at, CHUNK);
    AN_TRY(scan_content(s, s->tensor->skip + s->at, place, chunk, *bytes));
    s->at += *bytes;
    return ALEXNET_OK;
}

/* Ends the scan and compares the checksum; `status` is that of the scan so far. */
static alexnet_status scan_end(scan *s, alexnet_status status)
{
    const an_tensor_view *tensor = s->tensor;

    if (status == ALEXNET_OK) status = scan_begin(s); /* of a tensor without elements */
    if (status == ALEXNET_OK && tensor->packed > 0) status = an_inflate_finish(&s->inflate);
    an_inflate_close(&s->inflate);
    an_free(s->ctx, s->buffer);
    AN_TRY(status);
    if (tensor->sum == AN_SUM_NONE || s->crc == tensor->crc) return ALEXNET_OK;
    return an_fail(s->ctx, ALEXNET_BAD_FILE,
                   "%s: tensor '%s': its %s is %08x, the file says %08x: %s", s->path, tensor->name,
                   tensor->sum == AN_SUM_CRC32 ? "CRC-32" : "CRC-32C", s->crc, tensor->crc,
                   tensor->sum == AN_SUM_CRC32C ? AN_CRC32C_WAY_ON : "the file is damaged");
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

/* ---- in another order than that of the file ---- */

/*
 * Counts through the elements in the order of the file. Axis 0 is the innermost there. The file is
 * read once from its beginning to its end, and each value is written to its place in memory.
 */
typedef struct odometer {
    int axes;
    int64_t size[AN_TENSOR_RANK_MAX], at[AN_TENSOR_RANK_MAX];
    int64_t from_step[AN_TENSOR_RANK_MAX], to_step[AN_TENSOR_RANK_MAX]; /* elements */
    int64_t from, to; /* the current element in the file and in memory */
} odometer;

static odometer odometer_begin(const an_tensor_view *t)
{
    odometer o = {0};
    int order[AN_TENSOR_RANK_MAX];
    int64_t step[AN_TENSOR_RANK_MAX], product = 1;

    for (int i = t->axes - 1; i >= 0; --i) {
        step[i] = product;
        product *= t->axis[i];
    }
    o.axes = an_tensor_sort_axes(t, order);
    for (int i = 0; i < o.axes; ++i) {
        o.size[i] = t->axis[order[i]];
        o.from_step[i] = t->stride[order[i]];
        o.to_step[i] = step[order[i]];
    }
    return o;
}

static void odometer_next(odometer *o)
{
    for (int i = 0; i < o->axes; ++i) {
        o->from += o->from_step[i];
        o->to += o->to_step[i];
        if (++o->at[i] < o->size[i]) return;
        o->from -= o->size[i] * o->from_step[i];
        o->to -= o->size[i] * o->to_step[i];
        o->at[i] = 0;
    }
}

/* Writes the elements that lie before element `end` of the file; values[0] is element `first`. */
static void scatter(odometer *o, const float *values, int64_t first, int64_t end, int64_t *left,
                    float *out)
{
    for (; *left > 0 && o->from < end; --*left) {
        out[o->to] = values[o->from - first];
        odometer_next(o);
    }
}

static alexnet_status read_scattered(scan *s, float *values, float *out)
{
    const size_t size = an_dtype_bytes(s->tensor->dtype);
    odometer o = odometer_begin(s->tensor);
    int64_t left = s->tensor->count;

    while (s->at < s->bytes) {
        const size_t first = s->at / size;
        const uint8_t *chunk;
        size_t bytes;
        AN_TRY(scan_next(s, NULL, &chunk, &bytes));
        convert(s->tensor->dtype, chunk, bytes / size, values);
        scatter(&o, values, (int64_t)first, (int64_t)(first + bytes / size), &left, out);
    }
    return ALEXNET_OK;
}

static alexnet_status read_in_order(scan *s, float *out, int64_t *odd)
{
    if (s->tensor->axes == 0) return read_floats(s, out, odd);
    float *values = an_new(s->ctx, CHUNK / sizeof(uint16_t) * sizeof *values);
    if (values == NULL) return fail_memory(s);
    const alexnet_status status = read_scattered(s, values, out);
    an_free(s->ctx, values);
    if (status == ALEXNET_OK) *odd = find_not_finite(out, (size_t)s->tensor->count);
    return status;
}

static alexnet_status to_float(alexnet_context *ctx, const char *path, const an_tensor_view *tensor,
                               float *out, int64_t *odd)
{
    scan s = scan_open(ctx, path, tensor);

    *odd = -1;
    AN_TRY(check_type(ctx, path, tensor));
    return scan_end(&s, read_in_order(&s, out, odd));
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
    scan s = scan_open(ctx, path, tensor);

    return scan_end(&s, read_all(&s));
}

/* ---- statistics ---- */

#define BLOCK 1024 /* numbers: their mean and squares are summed by themselves, then merged */

typedef struct moments {
    int64_t count, not_finite;
    double min, max, mean, squares; /* squares: of the distances from the mean, summed */
} moments;

/* The numbers of a type as float64; all are exact but large ones of I64. */
static void widen(an_dtype dtype, const uint8_t *data, size_t count, double out[BLOCK])
{
    float values[BLOCK];

    if (dtype == AN_F64) {
        memcpy(out, data, count * sizeof *out);
    } else if (dtype == AN_F32 || dtype == AN_F16 || dtype == AN_BF16) {
        convert(dtype, data, count, values);
        for (size_t i = 0; i < count; ++i)
            out[i] = (double)values[i];
    } else {
        const size_t size = an_dtype_bytes(dtype);
        for (size_t i = 0; i < count; ++i) {
            int64_t number = 0;
            memcpy(&number, data + i * size, size);
            if (dtype == AN_I8) number = (int8_t)number;
            if (dtype == AN_I16) number = (int16_t)number;
            if (dtype == AN_I32) number = (int32_t)number;
            out[i] = (double)number;
        }
    }
}

/* Merges the moments of two sets (Chan, Golub, LeVeque 1979: "Updating formulae and a pairwise
   algorithm for computing sample variances"). */
static void merge(moments *to, const moments *from)
{
    const double a = (double)to->count, b = (double)from->count, apart = from->mean - to->mean;

    to->not_finite += from->not_finite;
    if (from->count == 0) return;
    if (to->count == 0 || from->min < to->min) to->min = from->min;
    if (to->count == 0 || from->max > to->max) to->max = from->max;
    to->mean += apart * (b / (a + b));
    to->squares += from->squares + apart * apart * (a * b / (a + b));
    to->count += from->count;
}

static void add_block(moments *m, const double *values, size_t count)
{
    moments block = {0};
    double sum = 0;

    for (size_t i = 0; i < count; ++i) {
        if (!isfinite(values[i])) {
            ++block.not_finite;
            continue;
        }
        if (block.count == 0 || values[i] < block.min) block.min = values[i];
        if (block.count == 0 || values[i] > block.max) block.max = values[i];
        sum += values[i];
        ++block.count;
    }
    block.mean = block.count > 0 ? sum / (double)block.count : 0;
    for (size_t i = 0; i < count; ++i)
        if (isfinite(values[i]))
            block.squares += (values[i] - block.mean) * (values[i] - block.mean);
    merge(m, &block);
}

/* Adds the numbers of one block of the file that are the tensor's, if there are gaps between them;
   values[0] is number `first`. */
static void add_listed(moments *m, odometer *o, double *values, int64_t first, size_t count,
                       int64_t *left)
{
    size_t kept = 0;

    for (; *left > 0 && o->from < first + (int64_t)count; --*left) {
        values[kept++] = values[o->from - first]; /* in ascending order: never over a later one */
        odometer_next(o);
    }
    add_block(m, values, kept);
}

static alexnet_status measure(scan *s, moments *m)
{
    const an_tensor_view *tensor = s->tensor;
    const size_t size = an_dtype_bytes(tensor->dtype);
    const bool gaps = tensor->axes > 0 && an_tensor_span(tensor) != tensor->count;
    odometer o = gaps ? odometer_begin(tensor) : (odometer){0};
    int64_t left = tensor->count;
    double values[BLOCK];

    while (s->at < s->bytes) {
        const size_t first = s->at / size;
        const uint8_t *chunk;
        size_t bytes;
        AN_TRY(scan_next(s, NULL, &chunk, &bytes));
        for (size_t at = 0; at < bytes / size; at += BLOCK) {
            const size_t count = AN_MIN(bytes / size - at, (size_t)BLOCK);
            widen(tensor->dtype, chunk + at * size, count, values);
            if (gaps)
                add_listed(m, &o, values, (int64_t)(first + at), count, &left);
            else
                add_block(m, values, count);
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_tensor_measure(alexnet_context *ctx, const char *path,
                                 const an_tensor_view *tensor, an_tensor_statistics *out)
{
    const double none = (double)NAN;
    scan s = scan_open(ctx, path, tensor);
    moments m = {0};

    AN_TRY(scan_end(&s, measure(&s, &m)));
    *out = (an_tensor_statistics){none, none, none, none, m.not_finite};
    if (m.count > 0)
        *out = (an_tensor_statistics){m.min, m.max, m.mean, sqrt(m.squares / (double)m.count),
                                      m.not_finite};
    return ALEXNET_OK;
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
    scan s = scan_open(ctx, path, tensor);

    return scan_end(&s, compare(&s, bytes, out));
}
