/*
 * tensor_read_test.c: conversions, with values known from the definitions of the formats; values in
 * another order than that of the file; compressed values; checksums.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

/* ---- other orders, compression ---- */

/* Bytes of a file that holds count floats, compressed if `deflated`. The caller frees them. */
static uint8_t *make_bytes(const float *values, size_t count, bool deflated, size_t *bytes)
{
    const size_t plain = count * sizeof *values;
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *out = malloc(deflateBound(&z, plain));
    assert_non_null(out);
    z.next_in = (uint8_t *)(uintptr_t)values;
    z.avail_in = (uInt)plain;
    z.next_out = out;
    z.avail_out = (uInt)deflateBound(&z, plain);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *bytes = deflated ? z.total_out : plain;
    deflateEnd(&z);
    if (!deflated) memcpy(out, values, plain);
    return out;
}

enum { H = 40, W = 35, I = 30, O = 45 }; /* some seven megabytes: 29 chunks */

/* A convolution's weights [h][w][i][o], read as [o][i][h][w]; in a file, and compressed. */
static void a_transposed_tensor_is_read(void **state)
{
    const an_test_place *p = *state;
    const size_t count = (size_t)H * W * I * O;
    float *values = malloc(count * sizeof *values), *out = malloc(count * sizeof *out);

    assert_true(values != NULL && out != NULL);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)i;
    for (int deflated = 0; deflated <= 1; ++deflated) {
        an_tensor_view view = {.name = "w",
                               .dtype = AN_F32,
                               .rank = 4,
                               .shape = {H, W, I, O},
                               .count = (int64_t)count};
        size_t bytes;
        uint8_t *file = make_bytes(values, count, deflated == 1, &bytes);
        view.reader = an_reader_of(file, bytes);
        view.packed = deflated == 1 ? bytes : 0;
        view.sum = AN_SUM_CRC32;
        view.crc = (uint32_t)crc32(0, (const uint8_t *)values, (uInt)(count * sizeof *values));
        an_tensor_permute(&view, (const int[]){3, 2, 0, 1});
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, "f", &view, out));
        for (size_t o = 0; o < O; ++o)
            for (size_t i = 0; i < I; ++i)
                for (size_t y = 0; y < H; ++y)
                    for (size_t x = 0; x < W; ++x)
                        assert_true(out[((o * I + i) * H + y) * W + x] ==
                                    (float)(((y * W + x) * I + i) * O + o));
        view.crc ^= 1;
        an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "f", &view, out), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "f: tensor 'w': its CRC-32 is ");
        free(file);
    }
    free(values);
    free(out);
}

/* Columns 1 and 2 of a matrix of four columns. */
static void gaps_between_elements_are_left_out(void **state)
{
    static const float file[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const an_test_place *p = *state;
    an_tensor_view view = {.name = "w",
                           .dtype = AN_F32,
                           .rank = 2,
                           .shape = {3, 2},
                           .count = 6,
                           .place = sizeof *file,
                           .reader = an_reader_of(file, sizeof file)};
    float out[6];

    assert_true(an_tensor_set_strides(&view, (const int64_t[]){4, 1}));
    an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "f", &view, out));
    assert_memory_equal(out, ((const float[]){1, 2, 5, 6, 9, 10}), sizeof out);
}

static void compressed_data_must_be_of_the_tensors_size(void **state)
{
    const an_test_place *p = *state;
    float values[1000], out[1001];
    size_t bytes;

    for (int i = 0; i < 1000; ++i)
        values[i] = (float)(i * i % 97);
    uint8_t *file = make_bytes(values, 1000, true, &bytes);
    an_tensor_view view = {.name = "w",
                           .dtype = AN_F32,
                           .rank = 1,
                           .shape = {1000},
                           .count = 1000,
                           .packed = bytes,
                           .reader = an_reader_of(file, bytes)};
    const struct {
        int64_t count;
        size_t packed;
        const char *message;
    } rows[] = {{1000, bytes, NULL},
                {999, bytes, "f: tensor 'w': its compressed data is longer than the tensor"},
                {1001, bytes, "f: tensor 'w': its compressed data is shorter than the tensor"},
                {1000, bytes - 1, "f: tensor 'w': its compressed data ends early"},
                {1000, 10, "f: tensor 'w': its compressed data ends early"}};
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        view.count = view.shape[0] = rows[i].count;
        view.packed = rows[i].packed;
        an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "f", &view, out),
                         rows[i].message == NULL ? ALEXNET_OK : ALEXNET_BAD_FILE);
        if (rows[i].message == NULL)
            assert_memory_equal(out, values, sizeof values);
        else
            an_assert_error(p->ctx, rows[i].message);
    }
    file[0] = 0xff; /* a reserved type of block */
    view.count = view.shape[0] = 1000;
    view.packed = bytes;
    an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "f", &view, out), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "f: tensor 'w': its compressed data is damaged");
    free(file);
}

/* Two more numbers before the values are summed and compressed with them: in memory, on disk and
   deflated; with values and without. */
static void what_is_before_the_values_is_summed(void **state)
{
    enum { HEAD = 2, COUNT = 100000 };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "file");
    float *content = malloc((HEAD + COUNT) * sizeof *content);
    float *out = malloc(COUNT * sizeof *out);

    assert_true(content != NULL && out != NULL);
    for (int i = 0; i < HEAD + COUNT; ++i)
        content[i] = (float)(i - HEAD);
    for (int kind = 0; kind < 6; ++kind) {
        const int64_t count = kind < 3 ? COUNT : 0;
        const size_t used = (size_t)(HEAD + count);
        const bool deflated = kind % 3 == 2;
        size_t bytes;
        uint8_t *file = make_bytes(content, used, deflated, &bytes);
        an_tensor_view view = {.name = "w",
                               .dtype = AN_F32,
                               .rank = 1,
                               .shape = {count},
                               .count = count,
                               .place = deflated ? 0 : HEAD * sizeof *content,
                               .skip = HEAD * sizeof *content,
                               .reader = an_reader_of(file, bytes),
                               .packed = deflated ? bytes : 0,
                               .sum = AN_SUM_CRC32};
        view.crc = (uint32_t)crc32(0, (const uint8_t *)content, (uInt)(used * sizeof *content));
        if (kind % 3 == 0) view.data = file + HEAD * sizeof *content;
        if (kind % 3 == 1) {
            an_test_write(path, file, bytes);
            an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &view.reader));
        }
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, "f", &view, out));
        if (count > 0) assert_memory_equal(out, content + HEAD, COUNT * sizeof *out);
        view.crc ^= 1;
        an_assert_status(p->ctx, an_tensor_check(p->ctx, "f", &view), ALEXNET_BAD_FILE);
        view.sum = AN_SUM_NONE;
        an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, "f", &view, out));
        if (count > 0) assert_memory_equal(out, content + HEAD, COUNT * sizeof *out);
        if (kind % 3 == 1) an_reader_close(&view.reader);
        free(file);
    }
    free(out);
    free(content);
}

static void assert_measured(alexnet_context *ctx, const an_tensor_view *view, double min,
                            double max, double mean, double sd, int64_t not_finite)
{
    an_tensor_statistics got;

    an_assert_ok(ctx, an_tensor_measure(ctx, "file", view, &got));
    assert_true(got.min == min && got.max == max && got.not_finite == not_finite);
    assert_true(fabs(got.mean - mean) <= 1e-12 * fabs(mean) && fabs(got.sd - sd) <= 1e-9 * sd);
}

/* 0 .. n - 1: the mean is (n - 1) / 2, the variance (n^2 - 1) / 12. Far from 0, the squares of
   float64 would lose the variance. */
static void values_are_measured(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    enum { N = 300000 };
    const double sd = sqrt(((double)N * N - 1) / 12);
    double *values = malloc(N * sizeof *values);
    int16_t few[] = {-3, 100, 5, 100, -1, 100};
    float odd[] = {2, INFINITY, 4, NAN};
    an_tensor_statistics got;

    for (int i = 0; i < N; ++i)
        values[i] = 1e9 + i;
    an_tensor_view view = {.name = "w",
                           .dtype = AN_F64,
                           .rank = 1,
                           .shape = {N},
                           .count = N,
                           .data = (const uint8_t *)values};
    assert_measured(ctx, &view, 1e9, 1e9 + N - 1, 1e9 + (N - 1) / 2.0, sd, 0);
    free(values);

    view = (an_tensor_view){
        .name = "w", .dtype = AN_F32, .rank = 1, .shape = {4}, .count = 4, .data = (uint8_t *)odd};
    assert_measured(ctx, &view, 2, 4, 3, 1, 2);
    view.shape[0] = view.count = 0;
    an_assert_ok(ctx, an_tensor_measure(ctx, "file", &view, &got));
    assert_true(isnan(got.min) && isnan(got.sd) && got.not_finite == 0);

    /* every second number is in no tensor */
    view = (an_tensor_view){
        .name = "w", .dtype = AN_I16, .rank = 1, .shape = {3}, .count = 3, .data = (uint8_t *)few};
    assert_true(an_tensor_set_strides(&view, (const int64_t[]){2}));
    assert_measured(ctx, &view, -3, 5, 1 / 3.0, sqrt(104 / 9.0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(conversions_are_exact),
        an_test_in_place(every_half_is_converted),
        an_test_in_place(integers_are_not_weights),
        an_test_in_place(values_that_are_not_finite_are_found),
        an_test_in_place(a_transposed_tensor_is_read),
        an_test_in_place(gaps_between_elements_are_left_out),
        an_test_in_place(compressed_data_must_be_of_the_tensors_size),
        an_test_in_place(what_is_before_the_values_is_summed),
        an_test_in_place(values_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
