/*
 * tensor.c: element types, sizes, and the conversion to float32.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensor.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
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

alexnet_status an_tensor_to_float(alexnet_context *ctx, const char *path,
                                  const an_tensor_view *tensor, float *out)
{
    const size_t count = (size_t)tensor->count;

    switch (tensor->dtype) {
    case AN_F32:
        if (count > 0) memcpy(out, tensor->data, count * sizeof *out);
        return ALEXNET_OK;
    case AN_F64:
        convert_f64(tensor->data, count, out);
        return ALEXNET_OK;
    case AN_F16:
        convert_f16(tensor->data, count, out);
        return ALEXNET_OK;
    case AN_BF16:
        convert_bf16(tensor->data, count, out);
        return ALEXNET_OK;
    default:
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': expected numbers of type F32, F64, F16 or BF16, found %s",
                       path, tensor->name, an_dtype_name(tensor->dtype));
    }
}
