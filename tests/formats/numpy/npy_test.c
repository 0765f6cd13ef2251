/*
 * npy_test.c: files as NumPy writes them; every claim that must be refused; written files, byte for
 * byte as NumPy's.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/file.h"
#include "formats/numpy/npy.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes a file of a version, a header and `data_size` numbered bytes, in a block of its size. */
static uint8_t *make_file(int version, const char *header, size_t data_size, size_t *size)
{
    const size_t length = strlen(header);
    const size_t prefix = version == 1 ? 10 : 12;
    uint8_t *data = malloc(prefix + length + data_size);

    assert_non_null(data);
    memcpy(data, "\x93NUMPY", 6);
    data[6] = (uint8_t)version;
    data[7] = 0;
    for (size_t i = 8; i < prefix; ++i)
        data[i] = (uint8_t)(length >> 8 * (i - 8));
    memcpy(data + prefix, header, length);
    for (size_t i = 0; i < data_size; ++i)
        data[prefix + length + i] = (uint8_t)i;
    *size = prefix + length + data_size;
    return data;
}

static alexnet_status parse(alexnet_context *ctx, int version, const char *header, size_t data_size,
                            an_tensor_view *out)
{
    size_t size;
    uint8_t *data = make_file(version, header, data_size, &size);
    const alexnet_status status = an_npy_parse(ctx, "x.npy", data, size, out);

    free(data);
    return status;
}

static void good_headers_are_parsed(void **state)
{
    static const struct {
        int version;
        const char *header;
        size_t data_size;
        an_dtype dtype;
        const char *shape;
        int64_t count;
    } rows[] = {
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 24, AN_F32, "[2,3]",
         6},
        {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", 24, AN_F64, "[3]", 3},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (), }\n", 2, AN_F16, "[]", 1},
        {1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 0, 4), }", 0, AN_U8, "[1,0,4]",
         0},
        {2, "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }\n", 8, AN_I64, "[1]", 1},
        {3, "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", 24, AN_F32, "[2,3]", 6},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }\n", 24, AN_F32, "[6]", 6},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", 24, AN_F32, "[2,3]", 6},
        {1, "{'descr': '<i2', 'fortran_order': True, 'shape': (0, 4611686018427387904, 2), }\n", 0,
         AN_I16, "[0,4611686018427387904,2]", 0},
        {1, "{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }\n", 3, AN_I8, "[3]", 3},
        {1, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }\n", 12, AN_I32, "[3]", 3},
        {1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n", 3, AN_BOOL, "[3]", 3},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_view view;
        char shape[AN_SHAPE_TEXT];
        an_assert_ok(p->ctx,
                     parse(p->ctx, rows[i].version, rows[i].header, rows[i].data_size, &view));
        assert_string_equal(view.name, "");
        assert_int_equal(view.dtype, rows[i].dtype);
        assert_string_equal(an_tensor_shape_text(view.shape, view.rank, shape), rows[i].shape);
        assert_int_equal(view.count, rows[i].count);
    }
}

#define HEADER(descr, order, shape)                                                                \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"
#define SHAPE(shape) HEADER("'<f4'", "False", shape)

static void false_claims_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data_size;
        alexnet_status status;
        const char *error;
    } rows[] = {
        {"", 8, ALEXNET_BAD_FILE, "its header is not"},
        {"{}", 8, ALEXNET_BAD_FILE, "its header is not"},
        {"{", 8, ALEXNET_BAD_FILE, "its header is not"},
        {"{'descr': '<f4', 'shape': (2,), }", 8, ALEXNET_BAD_FILE, "its header is not"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8,
         ALEXNET_BAD_FILE, "its header is not"},
        {HEADER("'<f4'", "Maybe", "(2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {HEADER("'<f4", "False", "(2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {HEADER("'0123456789abcdef'", "False", "(2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {HEADER("[('a', '<f4')]", "False", "(2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {HEADER("__import__('os')", "False", "(2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(2,)") "x", 8, ALEXNET_BAD_FILE, "its header is not"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,), }", 8, ALEXNET_BAD_FILE,
         "its header is not"},
        {SHAPE("2"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(2 2)"), 16, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(-2,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(2.0,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(,)"), 4, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(99999999999999999999,)"), 8, ALEXNET_BAD_FILE, "its header is not"},
        {SHAPE("(1,1,1,1,1,1,1,1,2)"), 8, ALEXNET_BAD_FILE,
         "its header is not"}, /* nine dimensions */
        {SHAPE("(4611686018427387904,)"), 0, ALEXNET_BAD_FILE,
         "shape [4611686018427387904] is too large"},
        {SHAPE("(4294967296, 4294967296)"), 0, ALEXNET_BAD_FILE, "is too large"},
        {SHAPE("(2,)"), 7, ALEXNET_BAD_FILE, "[2] of '<f4' needs 8 bytes, the file has 7"},
        {SHAPE("(2,)"), 9, ALEXNET_BAD_FILE, "[2] of '<f4' needs 8 bytes, the file has 9"},
        {HEADER("'>f4'", "False", "(2,)"), 8, ALEXNET_UNSUPPORTED, "numbers of type '>f4'"},
        {HEADER("'|O'", "False", "(2,)"), 16, ALEXNET_UNSUPPORTED, "Python objects ('|O')"},
        {HEADER("'<c8'", "False", "(1,)"), 8, ALEXNET_UNSUPPORTED, "numbers of type '<c8'"},
        {HEADER("'<f4'", "True", "(1, 2)"), 7, ALEXNET_BAD_FILE,
         "[1,2] of '<f4' needs 8 bytes, the file has 7"},
    };
    const an_test_place *p = *state;
    an_tensor_view view;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, parse(p->ctx, 1, rows[i].header, rows[i].data_size, &view),
                         rows[i].status);
        an_assert_error(p->ctx, "x.npy: ");
        an_assert_error(p->ctx, rows[i].error);
    }
    an_assert_status(p->ctx, parse(p->ctx, 4, SHAPE("(2,)"), 8, &view), ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "version 4.0");
    an_assert_status(p->ctx, an_npy_parse(p->ctx, "x.npy", "PK\3\4zipped", 10, &view),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "not a NumPy file");
    an_assert_status(p->ctx, an_npy_parse(p->ctx, "x.npy", "\x93NUMPY\1\0\xff\xff{", 11, &view),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "truncated within its header");
}

/* Element (i, j, k) of shape [2,3,2] has the value 100 i + 10 j + k, the first axis fastest. */
static void fortran_order_is_transposed(void **state)
{
    const an_test_place *p = *state;
    float values[12], out[12];
    size_t size;
    uint8_t *data = make_file(1, HEADER("'<f4'", "True", "(2, 3, 2)"), sizeof values, &size);
    an_tensor_view view;

    for (int at = 0; at < 12; ++at)
        values[at] = (float)(100 * (at % 2) + 10 * (at / 2 % 3) + at / 6);
    memcpy(data + size - sizeof values, values, sizeof values);
    an_assert_ok(p->ctx, an_npy_parse(p->ctx, "x.npy", data, size, &view));
    an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "x.npy", &view, out));
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 2; ++k)
                assert_true(out[(i * 3 + j) * 2 + k] == (float)(100 * i + 10 * j + k));
    free(data);
}

static void every_truncation_and_change_is_harmless(void **state)
{
    const an_test_place *p = *state;
    size_t size;
    uint8_t *data = make_file(1, SHAPE("(2, 1)"), 8, &size);
    an_tensor_view view;
    float values[64];

    for (size_t cut = 0; cut < size; ++cut) {
        uint8_t *copy = malloc(cut + (cut == 0));
        assert_non_null(copy);
        memcpy(copy, data, cut);
        an_assert_status(p->ctx, an_npy_parse(p->ctx, "x", copy, cut, &view), ALEXNET_BAD_FILE);
        free(copy);
    }
    for (size_t i = 0; i < size; ++i) {
        const uint8_t kept = data[i];
        for (int change = 1; change < 256; ++change) {
            data[i] = kept ^ (uint8_t)change;
            if (an_npy_parse(p->ctx, "x", data, size, &view) == ALEXNET_OK)
                (void)!an_tensor_to_float(p->ctx, "x", &view, values);
        }
        data[i] = kept;
    }
    free(data);
}

/* numpy.save() of float32 [[1, -2, 0.5]]: 128 bytes, then the values. */
static void the_bytes_match_numpys(void **state)
{
    static const float numbers[] = {1, -2, 0.5f};
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.npy");
    const an_tensor_out tensor = {.dtype = AN_F32, .rank = 2, .shape = {1, 3}, .data = numbers};
    uint8_t expected[128 + sizeof numbers];

    memset(expected, ' ', sizeof expected);
    memcpy(expected, "\x93NUMPY\1\0\x76\0", 10); /* 0x76 = 118 = 128 - 10: the size of the header */
    memcpy(expected + 10, text, sizeof text - 1);
    expected[127] = '\n';
    memcpy(expected + 128, numbers, sizeof numbers);
    an_assert_ok(p->ctx, an_npy_write(p->ctx, path, &tensor));
    an_test_assert_file(path, expected, sizeof expected);
}

static void a_written_file_reads_back(void **state)
{
    static const uint64_t zeros[4];
    static const struct {
        an_dtype dtype;
        int rank;
        int64_t shape[AN_TENSOR_RANK_MAX];
    } rows[] = {
        {AN_F32, 0, {0}},
        {AN_U8, 1, {5}},
        {AN_I64, 2, {2, 1}},
        {AN_F64, 8, {1, 1, 1, 1, 1, 1, 1, 2}},
        {AN_F32, 8, {0, INT64_MAX, 1, 2, 3, 4, 5, 6}},
    };
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.npy");

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_out tensor = {.dtype = rows[i].dtype, .rank = rows[i].rank, .data = zeros};
        an_tensor_view view;
        an_reader reader;
        memcpy(tensor.shape, rows[i].shape, sizeof tensor.shape);
        an_assert_ok(p->ctx, an_npy_write(p->ctx, path, &tensor));
        an_assert_ok(p->ctx, an_npy_open(p->ctx, path, &reader, &view));
        assert_int_equal(view.dtype, rows[i].dtype);
        assert_int_equal(view.rank, rows[i].rank);
        assert_memory_equal(view.shape, rows[i].shape, (size_t)view.rank * sizeof view.shape[0]);
        an_reader_close(&reader);
    }
}

static void a_file_is_read_from_disk(void **state)
{
    static const float numbers[] = {1, -2, 0.5f, 4};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.npy");
    const an_tensor_out tensor = {.dtype = AN_F32, .rank = 2, .shape = {2, 2}, .data = numbers};
    float back[4];
    an_tensor_view view;
    an_reader reader;
    an_file_info info;

    an_assert_ok(p->ctx, an_npy_write(p->ctx, path, &tensor));
    an_assert_ok(p->ctx, an_npy_open(p->ctx, path, &reader, &view));
    an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, path, &view, back));
    assert_memory_equal(back, numbers, sizeof numbers);

    an_assert_ok(p->ctx, an_file_stat(p->ctx, path, &info));
    assert_int_equal(truncate(path, (off_t)info.size - 1), 0); /* changed while it is open */
    an_assert_status(p->ctx, an_tensor_to_float(p->ctx, path, &view, back), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "x.npy: truncated while it was read");
    an_reader_close(&reader);

    for (off_t size = 0; size < (off_t)info.size; size += 7) {
        assert_int_equal(truncate(path, size), 0);
        an_assert_status(p->ctx, an_npy_open(p->ctx, path, &reader, &view), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "x.npy");
        assert_int_equal(reader.descriptor, -1);
        an_assert_ok(p->ctx, an_npy_write(p->ctx, path, &tensor));
    }
    an_test_write(path, "\x93NUMPY\2\0\0\0\1\0", 12); /* and a header of 65536 zeros */
    assert_int_equal(truncate(path, 12 + 65536), 0);
    an_assert_status(p->ctx, an_npy_open(p->ctx, path, &reader, &view), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a header of 65536 bytes; expected at most 10000");
    an_assert_status(p->ctx, an_npy_open(p->ctx, p->folder, &reader, &view), ALEXNET_BAD_FILE);

    bool failed = true;
    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_assert_ok(p->ctx, an_npy_write(p->ctx, path, &tensor));
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EIO);
        alexnet_status status = an_npy_open(p->ctx, path, &reader, &view);
        if (status == ALEXNET_OK) {
            status = an_tensor_to_float(p->ctx, path, &view, back);
            an_reader_close(&reader);
        }
        failed = an_test_fault_disarm(&fault);
        if (!failed || status != ALEXNET_NO_MEMORY)
            an_assert_status(p->ctx, status, failed ? ALEXNET_IO : ALEXNET_OK);
        if (failed) an_assert_error(p->ctx, "x.npy");
    }
}

static void unknown_types_are_not_written(void **state)
{
    const an_test_place *p = *state;
    const an_tensor_out tensor = {.dtype = AN_BF16, .rank = 1, .shape = {1}, .data = "xx"};
    const an_tensor_out large = {.dtype = AN_F32, .rank = 1, .shape = {INT64_MAX}};

    an_assert_status(p->ctx, an_npy_write(p->ctx, an_test_path(p->folder, "x.npy"), &tensor),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "x.npy: numbers of type BF16 cannot be written");
    an_assert_status(p->ctx, an_npy_write(p->ctx, an_test_path(p->folder, "x.npy"), &large),
                     ALEXNET_BAD_ARG);
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

static void a_fault_leaves_the_old_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "x.npy");
    const float number = 1;
    const an_tensor_out tensor = {.dtype = AN_F32, .rank = 0, .data = &number};
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, ENOSPC);
        const alexnet_status status = an_npy_write(p->ctx, path, &tensor);
        failed = an_test_fault_disarm(&fault);
        if (!failed)
            an_assert_ok(p->ctx, status);
        else if (status != ALEXNET_NO_MEMORY)
            an_assert_status(p->ctx, status, ALEXNET_IO);
        if (failed) an_assert_error(p->ctx, "x.npy");
    }
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(good_headers_are_parsed),
        an_test_in_place(false_claims_are_refused),
        an_test_in_place(fortran_order_is_transposed),
        an_test_in_place(every_truncation_and_change_is_harmless),
        an_test_in_place(the_bytes_match_numpys),
        an_test_in_place(a_written_file_reads_back),
        an_test_in_place(a_file_is_read_from_disk),
        an_test_in_place(unknown_types_are_not_written),
        an_test_in_place(a_fault_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
