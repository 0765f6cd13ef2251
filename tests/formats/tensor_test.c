/*
 * tensor_test.c: sizes that would overflow, transposed tensors, strides.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/tensor.h"
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

/* ---- other orders of the elements ---- */

static an_tensor_view row_major(int rank, const int64_t *shape)
{
    an_tensor_view view = {.name = "w", .dtype = AN_F32, .rank = rank};
    size_t bytes;

    memcpy(view.shape, shape, (size_t)rank * sizeof *shape);
    assert_true(an_tensor_size(shape, rank, AN_F32, &view.count, &bytes));
    return view;
}

static void a_transposed_tensor_keeps_its_places(void **state)
{
    an_tensor_view view = row_major(4, (const int64_t[]){11, 5, 3, 64}); /* HWIO */

    (void)state;
    an_tensor_permute(&view, (const int[]){3, 2, 0, 1});
    assert_memory_equal(view.shape, ((const int64_t[]){64, 3, 11, 5}), 4 * sizeof(int64_t));
    assert_memory_equal(view.stride, ((const int64_t[]){1, 64, 5 * 3 * 64, 3 * 64}),
                        4 * sizeof(int64_t));
    assert_int_equal(an_tensor_span(&view), view.count);

    assert_true(an_tensor_reshape(&view, (const int64_t[]){64, 165}, 2));
    assert_int_equal(view.rank, 2);
    assert_int_equal(view.axes, 4);
    assert_false(an_tensor_reshape(&view, (const int64_t[]){64, 164}, 2));
    assert_int_equal(view.shape[1], 165);
}

/* The product of its dimensions from the last is too large; there is no element whose place it
   could be. */
static void an_empty_tensor_has_no_order(void **state)
{
    an_tensor_view view = row_major(3, (const int64_t[]){0, INT64_MAX / 2, 8});

    (void)state;
    assert_int_equal(view.count, 0);
    an_tensor_permute(&view, (const int[]){2, 1, 0});
    assert_memory_equal(view.shape, ((const int64_t[]){8, INT64_MAX / 2, 0}), 3 * sizeof(int64_t));
    assert_int_equal(an_tensor_span(&view), 0);
}

static void strides_that_overlap_are_refused(void **state)
{
    static const struct {
        int rank;
        int64_t shape[3], stride[3];
        bool good;
        int64_t span;
    } rows[] = {
        {2, {4, 3}, {3, 1}, true, 12},
        {2, {4, 3}, {1, 4}, true, 12},
        {2, {4, 3}, {10, 2}, true, 35}, /* with gaps */
        {2, {4, 3}, {2, 1}, false, 0},
        {2, {4, 3}, {0, 1}, false, 0},
        {2, {4, 3}, {3, 0}, false, 0},
        {2, {1, 3}, {0, 1}, true, 3}, /* the stride of one element has no meaning */
        {2, {4, 3}, {-3, 1}, false, 0},
        {2, {4, 3}, {INT64_MAX, 1}, false, 0},
        {2, {2, 2}, {INT64_MAX / 4, 1}, false, 0}, /* too many bytes */
        {3, {2, 0, 2}, {0, 0, 0}, true, 0},
        {0, {0}, {0}, true, 1},
    };

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_view view = row_major(rows[i].rank, rows[i].shape);
        assert_int_equal(an_tensor_set_strides(&view, rows[i].stride), rows[i].good);
        if (rows[i].good) assert_int_equal(an_tensor_span(&view), rows[i].span);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names_and_sizes),
        cmocka_unit_test(sizes_never_overflow),
        cmocka_unit_test(shapes_are_printed),
        cmocka_unit_test(a_transposed_tensor_keeps_its_places),
        cmocka_unit_test(an_empty_tensor_has_no_order),
        cmocka_unit_test(strides_that_overlap_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
