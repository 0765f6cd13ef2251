/*
 * tensor_write_test.c: every number of 16 bits, and the places between two of them; names.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/tensor.h"
#include <math.h>
#include <string.h>

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The value of a number of 16 bits, as it is read. */
static float read_back(alexnet_context *ctx, an_dtype dtype, uint16_t bits)
{
    const an_tensor_view view = {
        .name = "w", .dtype = dtype, .count = 1, .data = (const uint8_t *)&bits};
    float value;

    an_assert_ok(ctx, an_tensor_to_float(ctx, "f", &view, &value));
    return value;
}

static uint16_t narrow(an_dtype dtype, float value)
{
    uint16_t bits;

    (void)an_tensor_from_float(dtype, &value, 1, &bits);
    return bits;
}

/* Each number is itself; between two neighbours, the nearer one, or the even one. */
static void numbers_of_16_bits_are_nearest(void **state)
{
    static const struct {
        an_dtype dtype;
        uint16_t infinity;
    } rows[] = {{AN_F16, 0x7c00}, {AN_BF16, 0x7f80}};
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_dtype dtype = rows[i].dtype;
        float last = 0;
        for (uint16_t bits = 0; bits < rows[i].infinity; ++bits) {
            const float value = read_back(p->ctx, dtype, bits);
            assert_int_equal(narrow(dtype, value), bits);
            assert_int_equal(narrow(dtype, -value), bits | 0x8000);
            if (bits > 0) {
                const uint16_t below = bits - 1;
                const float middle = last + (value - last) / 2;
                assert_int_equal(narrow(dtype, middle), below % 2 == 0 ? below : bits);
                assert_int_equal(narrow(dtype, nextafterf(middle, 0)), below);
                assert_int_equal(narrow(dtype, nextafterf(middle, INFINITY)), bits);
            }
            last = value;
        }
        for (uint32_t bits = rows[i].infinity + 1; bits < 0x8000; ++bits) {
            assert_true(isnan(read_back(p->ctx, dtype, narrow(dtype, float_of(bits << 16)))) ||
                        !isnan(float_of(bits << 16)));
            assert_true(isnan(read_back(p->ctx, dtype, narrow(dtype, float_of(0x7f800001)))));
        }
        assert_int_equal(narrow(dtype, INFINITY), rows[i].infinity);
        assert_int_equal(narrow(dtype, -INFINITY), rows[i].infinity | 0x8000);
    }
}

static void numbers_beyond_are_found(void **state)
{
    static const struct {
        an_dtype dtype;
        float values[4];
        int64_t beyond;
    } rows[] = {
        {AN_F32, {3e38f, INFINITY, NAN, 0}, -1},
        {AN_F64, {3e38f, INFINITY, NAN, 0}, -1},
        {AN_F16, {65504, 65519, INFINITY, NAN}, -1},
        {AN_F16, {INFINITY, 65519, 65520, 1e6f}, 2},
        {AN_F16, {-65520, 1, 1, 1}, 0},
        {AN_BF16, {3e38f, INFINITY, NAN, 65520}, -1},
        {AN_BF16, {1, 3.4028234e38f, 1, 1}, 1},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        double out[4];
        assert_int_equal(an_tensor_from_float(rows[i].dtype, rows[i].values, 4, out),
                         rows[i].beyond);
        assert_int_equal(an_tensor_from_float(rows[i].dtype, NULL, 0, NULL), -1);
    }
}

static void float_and_double_keep_the_value(void **state)
{
    static const float values[] = {1.1f, -0.0f, 1e-40f};
    float same[3];
    double wide[3];

    (void)state;
    assert_int_equal(an_tensor_from_float(AN_F32, values, 3, same), -1);
    assert_memory_equal(same, values, sizeof values);
    assert_int_equal(an_tensor_from_float(AN_F64, values, 3, wide), -1);
    for (int i = 0; i < 3; ++i)
        assert_true(wide[i] == (double)values[i]);
    assert_true(signbit(wide[1]));
}

static void names_must_differ(void **state)
{
    const an_test_place *p = *state;
    an_tensor_out tensors[] = {{.name = "b"}, {.name = "a"}, {.name = "gr\xc3\xbc\xc3\x9f"}};

    an_assert_ok(p->ctx, an_tensor_check_names(p->ctx, "f", tensors, 3));
    an_assert_ok(p->ctx, an_tensor_check_names(p->ctx, "f", NULL, 0));
    tensors[2].name = "b";
    an_assert_status(p->ctx, an_tensor_check_names(p->ctx, "f", tensors, 3), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "f: 'b' would be written twice");
    tensors[2].name = "\xff";
    an_assert_status(p->ctx, an_tensor_check_names(p->ctx, "f", tensors, 3), ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "cannot be written: it is not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(numbers_of_16_bits_are_nearest),
        cmocka_unit_test(numbers_beyond_are_found),
        cmocka_unit_test(float_and_double_keep_the_value),
        an_test_in_place(names_must_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
