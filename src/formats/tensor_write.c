/*
 * tensor_write.c: what writers of tensors share: conversion from float32, and the check of names.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- conversion from float32 ---- */

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The upper bits from `shift` on, rounded to nearest, ties to even. A carry goes into the exponent,
   where it belongs: the number after the largest fraction is the next power of two. */
static uint32_t round_bits(uint32_t bits, int shift)
{
    const uint32_t half = UINT32_C(1) << (shift - 1);
    const uint32_t odd = bits >> shift & 1;

    return (bits + half - 1 + odd) >> shift;
}

/*
 * To IEEE 754 binary16 (see tensor_read.c):
 *
 *   NaN                the upper bits of its fraction, and quiet
 *   2^16 - 16 and up   infinity: half of the last step is beyond 65504
 *   2^-14 and up       normal: 10 bits of fraction are left of 23, the bias becomes 15
 *   below              a multiple of 2^-24, the fraction itself
 */
static uint16_t half_of(float value)
{
    const uint32_t bits = bits_of(value);
    const uint32_t sign = bits >> 31 << 15, size = bits & 0x7fffffff;

    if (size > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (size >> 13 & 0x3ff));
    if (size >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (size >= 0x38800000)
        return (uint16_t)(sign | round_bits(size - ((UINT32_C(127) - 15) << 23), 13));
    return (uint16_t)(sign | (uint32_t)lrintf(fabsf(value) * 0x1p24f));
}

/* bfloat16 is the upper half of float32. */
static uint16_t bfloat16_of(float value)
{
    const uint32_t bits = bits_of(value);

    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)round_bits(bits, 16);
}

int64_t an_tensor_from_float(an_dtype dtype, const float *values, size_t count, void *out)
{
    const uint16_t infinity = dtype == AN_F16 ? 0x7c00 : 0x7f80;
    uint16_t *narrow = out;
    double *wide = out;
    int64_t beyond = -1;

    if (dtype == AN_F32 && count > 0) memcpy(out, values, count * sizeof *values);
    for (size_t i = 0; dtype == AN_F64 && i < count; ++i)
        wide[i] = (double)values[i];
    for (size_t i = 0; (dtype == AN_F16 || dtype == AN_BF16) && i < count; ++i) {
        narrow[i] = dtype == AN_F16 ? half_of(values[i]) : bfloat16_of(values[i]);
        if ((narrow[i] & 0x7fff) == infinity && isfinite(values[i]) && beyond < 0)
            beyond = (int64_t)i;
    }
    return beyond;
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text != '\0' && length > 0; text += length)
        length = an_utf8_length(text);
    return length > 0;
}

alexnet_status an_tensor_check_names(alexnet_context *ctx, const char *path,
                                     const an_tensor_out *tensors, size_t count)
{
    const char **names = an_new_array(ctx, count, sizeof *names);
    alexnet_status status = ALEXNET_OK;

    if (names == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    for (size_t i = 0; i < count; ++i) {
        names[i] = tensors[i].name;
        if (status == ALEXNET_OK && !is_utf8(names[i]))
            status = an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be written: it is not UTF-8",
                             path, names[i]);
    }
    if (count > 1) qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && status == ALEXNET_OK; ++i)
        if (strcmp(names[i], names[i - 1]) == 0)
            status =
                an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' would be written twice", path, names[i]);
    an_free(ctx, names);
    return status;
}
