/*
 * tensor_test.c: sizes that would overflow; conversions, with values known from the definitions of
 * the formats.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/tensor.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void types_have_names_and_sizes(void **state)
{
    static const struct {
        an_dtype dtype;
        const char *name;
        size_t bytes;
    } rows[] = {
        {AN_F32, "F32", 4}, {AN_F64, "F64", 8},   {AN_F16, "F16", 2}, {AN_BF16, "BF16", 2},
        {AN_I64, "I64", 8}, {AN_I32, "I32", 4},   {AN_I16, "I16", 2}, {AN_I8, "I8", 1},
        {AN_U8, "U8", 1},   {AN_BOOL, "BOOL", 1},
    };
    an_dtype found;

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        assert_string_equal(an_dtype_name(rows[i].dtype), rows[i].name);
        assert_int_equal(an_dtype_bytes(rows[i].dtype), rows[i].bytes);
        assert_true(an_dtype_find(rows[i].name, &found));
        assert_int_equal(found, rows[i].dtype);
    }
    assert_false(an_dtype_find("F8_E4M3", &found));
    assert_false(an_dtype_find("f32", &found));
    assert_false(an_dtype_find("", &found));
}

static void sizes_never_overflow(void **state)
{
    static const struct {
        int rank;
        int64_t shape[AN_TENSOR_RANK_MAX];
        bool good;
        int64_t count;
    } rows[] = {
        {0, {0}, true, 1},
        {1, {5}, true, 5},
        {4, {64, 3, 11, 11}, true, 23232},
        {3, {7, 0, 9}, true, 0},
        {2, {0, -1}, false, 0},
        {1, {-1}, false, 0},
        {1, {INT64_MAX / 4}, true, INT64_MAX / 4},
        {1, {INT64_MAX}, false, 0},                          /* times 4 bytes */
        {2, {INT64_MAX, 2}, false, 0},                       /* fits 64 bits without a sign */
        {2, {(int64_t)1 << 32, (int64_t)1 << 32}, false, 0}, /* 2^64 */
        {8, {256, 256, 256, 256, 256, 256, 256, 256}, false, 0},
        {3, {(int64_t)1 << 32, (int64_t)1 << 32, 0}, false, 0}, /* overflows before the 0 */
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        int64_t count = -1;
        size_t bytes = 0;
        const bool good = an_tensor_size(rows[i].shape, rows[i].rank, AN_F32, &count, &bytes);
        assert_int_equal(good, rows[i].good);
        if (!good) continue;
        assert_int_equal(count, rows[i].count);
        assert_int_equal(bytes, 4 * (size_t)rows[i].count);
    }
}

static void shapes_are_printed(void **state)
{
    static const int64_t shape[AN_TENSOR_RANK_MAX] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
                                                      INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    char text[AN_SHAPE_TEXT];

    (void)state;
    assert_string_equal(an_tensor_shape_text(shape, 0, text), "[]");
    assert_string_equal(an_tensor_shape_text((const int64_t[]){64, 3, 11, 11}, 4, text),
                        "[64,3,11,11]");
    an_tensor_shape_text(shape, 8, text); /* truncated, and terminated */
    assert_int_equal(strlen(text), AN_SHAPE_TEXT - 1);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Converts one element, given as bits. The source is unaligned, as in a file. */
static uint32_t convert(alexnet_context *ctx, an_dtype dtype, uint64_t bits)
{
    uint8_t bytes[9];
    float out;

    memcpy(bytes + 1, &bits, sizeof bits);
    const an_tensor_view view = {.name = "w", .dtype = dtype, .count = 1, .data = bytes + 1};
    an_assert_ok(ctx, an_tensor_to_float(ctx, "file", &view, &out));
    return bits_of(out);
}

static void conversions_are_exact(void **state)
{
    static const struct {
        an_dtype dtype;
        uint64_t from;
        uint32_t to;
    } rows[] = {
        {AN_F32, 0x3f800000, 0x3f800000},
        {AN_F32, 0x80000000, 0x80000000}, /* -0 */
        {AN_F32, 0x00000001, 0x00000001}, /* the smallest */
        {AN_F16, 0x0000, 0x00000000},
        {AN_F16, 0x8000, 0x80000000},
        {AN_F16, 0x3c00, 0x3f800000}, /* 1 */
        {AN_F16, 0xc000, 0xc0000000}, /* -2 */
        {AN_F16, 0x3555, 0x3eaaa000}, /* about 1/3 */
        {AN_F16, 0x7bff, 0x477fe000}, /* 65504, the largest */
        {AN_F16, 0x0400, 0x38800000}, /* 2^-14, the smallest normal one */
        {AN_F16, 0x03ff, 0x387fc000}, /* 1023 2^-24, the largest subnormal one */
        {AN_F16, 0x0001, 0x33800000}, /* 2^-24 */
        {AN_F16, 0x8001, 0xb3800000},
        {AN_F16, 0x7c00, 0x7f800000},
        {AN_F16, 0xfc00, 0xff800000},
        {AN_F16, 0x7e01, 0x7fc02000}, /* NaN */
        {AN_BF16, 0x3f80, 0x3f800000},
        {AN_BF16, 0xc049, 0xc0490000},
        {AN_BF16, 0x0001, 0x00010000},
        {AN_BF16, 0xff80, 0xff800000},
        {AN_F64, 0x3ff0000000000000, 0x3f800000},
        {AN_F64, 0x8000000000000000, 0x80000000},
        {AN_F64, 0x3ff0000010000000, 0x3f800000}, /* 1 + 2^-24, a tie: to even */
        {AN_F64, 0x3ff0000030000000, 0x3f800002}, /* 1 + 3 2^-24, a tie: to even */
        {AN_F64, 0x3ff0000010000001, 0x3f800001}, /* just above the tie */
        {AN_F64, 0x36a0000000000000, 0x00000001}, /* 2^-149 */
        {AN_F64, 0x47efffffe0000000, 0x7f7fffff}, /* the largest float */
        {AN_F64, 0x47efffffefffffff, 0x7f7fffff}, /* less than half a step above */
        {AN_F64, 0x47effffff0000000, 0x7f800000}, /* half a step above: infinity */
        {AN_F64, 0x7ff0000000000000, 0x7f800000},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(convert(p->ctx, rows[i].dtype, rows[i].from), rows[i].to);
}

/* Compared with the definition: (-1)^s 2^(e-15) (1 + f/1024), and 2^-14 f/1024 where e is 0. */
static void every_half_is_converted(void **state)
{
    const an_test_place *p = *state;

    for (uint32_t half = 0; half < 65536; ++half) {
        const int exponent = half >> 10 & 31;
        const double fraction = (half & 0x3ff) / 1024.0;
        const double size =
            exponent == 0 ? ldexp(fraction, -14) : ldexp(1 + fraction, exponent - 15);
        if (exponent == 31) continue;
        const float expected = (float)(half >> 15 ? -size : size);
        assert_int_equal(convert(p->ctx, AN_F16, half), bits_of(expected));
    }
}

static void integers_are_not_weights(void **state)
{
    const an_test_place *p = *state;
    const int64_t value = 1;
    const an_tensor_view view = {
        .name = "steps", .dtype = AN_I64, .count = 1, .data = (const uint8_t *)&value};
    float out;

    an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "a.safetensors", &view, &out),
                     ALEXNET_BAD_FILE);
    an_assert_error(
        p->ctx, "a.safetensors: tensor 'steps': expected type F32, F64, F16 or BF16, found I64");
}

/* In either half of a pair, and as the last of an odd count. */
static void values_that_are_not_finite_are_found(void **state)
{
    static const float odd[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const float sound[] = {0, -0.0f, 3.4e38f, -3.4e38f, 1e-45f, 1};
    const an_test_place *p = *state;
    float values[7], out[7];

    for (int64_t count = 1; count <= 7; ++count) {
        const an_tensor_view view = {.name = "w",
                                     .dtype = AN_F32,
                                     .rank = 1,
                                     .shape = {count},
                                     .count = count,
                                     .data = (const uint8_t *)values};
        for (int64_t i = 0; i < count; ++i)
            values[i] = sound[i % 6];
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, "a", &view, out));
        for (int64_t i = 0; i < 4 * count; ++i) {
            char expected[64];
            values[i / 4] = odd[i % 4];
            an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "a", &view, out));
            an_assert_status(p->ctx, an_tensor_to_finite(p->ctx, "a", &view, out),
                             ALEXNET_BAD_FILE);
            snprintf(expected, sizeof expected, "a: tensor 'w': number %lld is %s",
                     (long long)(i / 4), i % 4 < 2 ? "NaN" : "infinite");
            an_assert_error(p->ctx, expected);
            values[i / 4] = sound[i / 4 % 6];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names_and_sizes),
        cmocka_unit_test(sizes_never_overflow),
        cmocka_unit_test(shapes_are_printed),
        an_test_in_place(conversions_are_exact),
        an_test_in_place(every_half_is_converted),
        an_test_in_place(integers_are_not_weights),
        an_test_in_place(values_that_are_not_finite_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
