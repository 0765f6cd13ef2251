/*
 * npz_test.c: archives as NumPy writes them, whole, cut off and damaged; what is refused; archives
 * that we write.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/numpy/npz.h"
#include "formats/zip.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
    const uint8_t *archive;
} golden[] = {
#include "golden/npz.inc"
};

static alexnet_status open_golden(alexnet_context *ctx, const char *name, an_tensor_file *out)
{
    size_t i = 0;

    while (strcmp(golden[i].name, name) != 0)
        assert_true(++i < AN_COUNT(golden));
    return an_tensor_file_parse(ctx, "f.npz", golden[i].archive, golden[i].bytes, NULL, out);
}

/* Checks that element i of a tensor in memory is i - 1, or i odd. */
static void check_values(alexnet_context *ctx, const an_tensor_view *tensor)
{
    float floats[64];
    int8_t small[64];
    int16_t shorts[64];
    int32_t ints[64];
    int64_t longs[64];
    uint8_t bytes[64];
    const void *const expected[] = {
        [AN_I8] = small, [AN_I16] = shorts, [AN_I32] = ints, [AN_I64] = longs, [AN_U8] = bytes};
    bool same;

    assert_true(tensor->count <= 64);
    for (int i = 0; i < 64; ++i) {
        small[i] = (int8_t)(i - 1);
        shorts[i] = (int16_t)(i - 1);
        ints[i] = i - 1;
        longs[i] = i - 1;
        bytes[i] = (uint8_t)(tensor->dtype == AN_BOOL ? i % 2 : i - 1);
    }
    if (tensor->dtype == AN_F16 || tensor->dtype == AN_F32 || tensor->dtype == AN_F64) {
        an_assert_ok(ctx, an_tensor_to_finite(ctx, "f", tensor, floats));
        for (int i = 0; i < tensor->count; ++i)
            assert_true(floats[i] == (float)(i - 1));
        return;
    }
    const void *with = tensor->dtype == AN_BOOL ? bytes : expected[tensor->dtype];
    an_assert_ok(ctx, an_tensor_equals(ctx, "f", tensor, with, &same));
    assert_true(same);
}

static void every_type_is_read(void **state)
{
    static const char *const archives[] = {"types", "packed types"};
    static const struct {
        const char *name;
        an_dtype dtype;
    } rows[] = {{"f2", AN_F16}, {"f4", AN_F32}, {"f8", AN_F64}, {"i1", AN_I8},  {"i2", AN_I16},
                {"i4", AN_I32}, {"i8", AN_I64}, {"u1", AN_U8},  {"b1", AN_BOOL}};
    const an_test_place *p = *state;

    for (size_t a = 0; a < AN_COUNT(archives); ++a) {
        an_tensor_file file;
        an_assert_ok(p->ctx, open_golden(p->ctx, archives[a], &file));
        assert_ptr_equal(file.format, &an_tensor_format_npz);
        assert_int_equal(file.count, AN_COUNT(rows));
        for (size_t i = 0; i < AN_COUNT(rows); ++i) {
            const an_tensor_view *tensor = an_tensor_file_find(&file, rows[i].name);
            assert_non_null(tensor);
            assert_int_equal(tensor->dtype, rows[i].dtype);
            assert_int_equal(tensor->packed > 0, a == 1);
            assert_int_equal(tensor->rank, 2);
            check_values(p->ctx, tensor);
            an_assert_ok(p->ctx, an_tensor_check(p->ctx, "f", tensor));
        }
        an_tensor_file_close(p->ctx, &file);
    }
}

static void every_shape_and_order_is_read(void **state)
{
    static const char *const archives[] = {"shapes", "packed shapes"};
    static const struct {
        const char *name, *shape;
    } rows[] = {
        {"scalar", "[]"}, {"empty", "[2,0,3]"}, {"fortran", "[2,3,4]"}, {"folder/a.b:0", "[5]"}};
    const an_test_place *p = *state;

    for (size_t a = 0; a < AN_COUNT(archives); ++a) {
        an_tensor_file file;
        an_assert_ok(p->ctx, open_golden(p->ctx, archives[a], &file));
        assert_int_equal(file.count, AN_COUNT(rows));
        for (size_t i = 0; i < AN_COUNT(rows); ++i) {
            char shape[AN_SHAPE_TEXT];
            const an_tensor_view *tensor = an_tensor_file_find(&file, rows[i].name);
            assert_non_null(tensor);
            assert_string_equal(an_tensor_shape_text(tensor->shape, tensor->rank, shape),
                                rows[i].shape);
            check_values(p->ctx, tensor);
        }
        an_tensor_file_close(p->ctx, &file);
    }
}

/* 1.2 MB of zeros in about a kilobyte; the values come through chunks. */
static void a_large_array_is_decompressed(void **state)
{
    const an_test_place *p = *state;
    const size_t count = 300 * 1000;
    float *values = malloc(count * sizeof *values);
    an_tensor_file file;

    assert_non_null(values);
    an_assert_ok(p->ctx, open_golden(p->ctx, "large", &file));
    memset(values, 1, count * sizeof *values);
    an_assert_ok(p->ctx, an_tensor_to_finite(p->ctx, "f", &file.tensors[0], values));
    for (size_t i = 0; i < count; ++i)
        assert_true(values[i] == 0);
    an_tensor_file_close(p->ctx, &file);
    free(values);
}

static void other_archives_are_refused(void **state)
{
    static const struct {
        const char *archive;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"objects", ALEXNET_UNSUPPORTED,
         "f.npz: entry 'bad.npy': Python objects ('|O'); expected numbers"},
        {"structured", ALEXNET_BAD_FILE, "f.npz: entry 'bad.npy': its header is not"},
        {"big-endian", ALEXNET_UNSUPPORTED, "f.npz: entry 'bad.npy': numbers of type '>f4'"},
        {"other", ALEXNET_BAD_FILE,
         "f.npz: entry 'note.txt' is neither an array, NAME.npy, nor alexnet.json"}};
    const an_test_place *p = *state;
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, open_golden(p->ctx, rows[i].archive, &file), rows[i].status);
        an_assert_error(p->ctx, rows[i].message);
    }
}

/* Whatever happened to an archive, each tensor that is read has its values. */
static void read_damaged(alexnet_context *ctx, const uint8_t *bytes, size_t size)
{
    an_tensor_file file;

    if (an_tensor_file_parse(ctx, "f", bytes, size, &an_tensor_format_npz, &file) != ALEXNET_OK)
        return;
    for (size_t i = 0; i < file.count; ++i)
        if (an_tensor_check(ctx, "f", &file.tensors[i]) == ALEXNET_OK)
            check_values(ctx, &file.tensors[i]);
    an_tensor_file_close(ctx, &file);
}

static void damage_anywhere_is_found(void **state)
{
    const an_test_place *p = *state;

    for (size_t g = 0; g < AN_COUNT(golden); ++g) {
        if (strstr(golden[g].name, "shapes") == NULL) continue;
        const size_t size = golden[g].bytes;
        uint8_t *copy = malloc(size);
        an_tensor_file file;
        assert_non_null(copy);
        for (size_t length = 0; length < size; ++length) {
            memcpy(copy, golden[g].archive, length);
            an_assert_status(
                p->ctx,
                an_tensor_file_parse(p->ctx, "f", copy, length, &an_tensor_format_npz, &file),
                ALEXNET_BAD_FILE);
        }
        memcpy(copy, golden[g].archive, size);
        for (size_t bit = 0; bit < 8 * size; ++bit) {
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            read_damaged(p->ctx, copy, size);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(copy);
    }
}

/* ---- writing ---- */

static alexnet_status write_some(alexnet_context *ctx, const char *path, an_file_sum *sum)
{
    static const float weights[] = {-1, 0, 1, 2, 3, 4};
    static const uint16_t halves[] = {0xbc00, 0, 0x3c00};
    static const int64_t number = -1;
    static const char *const keys[] = {"alexnet.family", "note"};
    static const char *const values[] = {"torchvision", "gr\xc3\xbc\xc3\x9f"};
    const an_tensor_out tensors[] = {
        {.name = "conv1.weight", .dtype = AN_F32, .rank = 2, .shape = {2, 3}, .data = weights},
        {.name = "conv1.bias", .dtype = AN_F16, .rank = 1, .shape = {3}, .data = halves},
        {.name = "steps", .dtype = AN_I64, .rank = 0, .data = &number},
        {.name = "none", .dtype = AN_F32, .rank = 1, .shape = {0}}};

    return an_npz_write(ctx, path, tensors, AN_COUNT(tensors), keys, values, 2, sum);
}

static void a_written_archive_reads_back(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.npz"), *again = an_test_path(p->folder, "v.npz");
    an_tensor_file file;
    an_bytes bytes;
    an_file_sum sum;

    an_assert_ok(p->ctx, write_some(p->ctx, path, &sum));
    an_assert_ok(p->ctx, write_some(p->ctx, again, NULL));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    an_test_assert_file(again, bytes.data, bytes.size);
    assert_int_equal(sum.bytes, bytes.size);
    an_bytes_free(p->ctx, &bytes);
    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_ptr_equal(file.format, &an_tensor_format_npz);
    assert_int_equal(file.count, 4);
    assert_string_equal(file.tensors[0].name, "conv1.weight");
    for (size_t i = 0; i < file.count; ++i) {
        check_values(p->ctx, &file.tensors[i]);
        assert_int_equal(file.tensors[i].place % 64, 0);
    }
    assert_int_equal(file.metadata_count, 2);
    assert_string_equal(an_tensor_file_metadata(&file, "alexnet.family"), "torchvision");
    assert_string_equal(an_tensor_file_metadata(&file, "note"), "gr\xc3\xbc\xc3\x9f");
    an_tensor_file_close(p->ctx, &file);
}

static void what_numpy_lacks_is_not_written(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.npz");
    an_tensor_out twice[] = {{.name = "a", .dtype = AN_U8, .rank = 0, .data = "x"},
                             {.name = "a", .dtype = AN_U8, .rank = 0, .data = "x"}};
    const char *const bad = "\xff";

    an_assert_status(p->ctx, an_npz_write(p->ctx, path, twice, 2, NULL, NULL, 0, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w.npz: two zip entries called 'a.npy'");
    an_assert_status(p->ctx, an_npz_write(p->ctx, path, twice, 1, &bad, &bad, 1, NULL),
                     ALEXNET_BAD_ARG);
    twice[0].name = "../a";
    an_assert_status(p->ctx, an_npz_write(p->ctx, path, twice, 1, NULL, NULL, 0, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w.npz: '../a.npy' cannot be the name of a zip entry");
    twice[0] = (an_tensor_out){.name = "a", .dtype = AN_BF16, .rank = 0, .data = "xx"};
    an_assert_status(p->ctx, an_npz_write(p->ctx, path, twice, 1, NULL, NULL, 0, NULL),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "w.npz: tensor 'a': numbers of type BF16 cannot be written");
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

static alexnet_status read_whole(alexnet_context *ctx, const char *path)
{
    an_tensor_file file;

    alexnet_status status = an_tensor_file_open(ctx, path, NULL, &file);
    for (size_t i = 0; i < file.count && status == ALEXNET_OK; ++i)
        status = an_tensor_check(ctx, path, &file.tensors[i]);
    an_tensor_file_close(ctx, &file);
    return status;
}

/* Of a compressed archive and one with metadata. */
static void every_failure_is_reported(void **state)
{
    const an_test_place *p = *state;
    const char *paths[] = {an_test_path(p->folder, "packed.npz"),
                           an_test_path(p->folder, "stored.npz")};

    assert_string_equal(golden[3].name, "packed shapes");
    an_test_write(paths[0], golden[3].archive, golden[3].bytes);
    an_assert_ok(p->ctx, write_some(p->ctx, paths[1], NULL));
    for (int i = 0; i < 4; ++i) {
        const unsigned kind = i / 2 == 0 ? AN_FAULT_MEMORY : AN_FAULT_READ;
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(kind), n, false, EIO);
            const alexnet_status status = read_whole(p->ctx, paths[i % 2]);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, kind == AN_FAULT_MEMORY ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            an_assert_error(p->ctx, paths[i % 2]);
        }
    }
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.npz");

    an_test_write_text(path, "old");
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, ENOSPC);
        const alexnet_status status = write_some(p->ctx, path, NULL);
        if (!an_test_fault_disarm(&fault)) break;
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
        an_assert_error(p->ctx, "w.npz");
        assert_int_equal(an_test_count_entries(p->folder), 1);
        an_file_info info;
        an_assert_ok(p->ctx, an_file_stat(p->ctx, path, &info));
        if (info.size == 3) continue;
        an_assert_ok(p->ctx, read_whole(p->ctx, path)); /* only the folder was not synced */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_type_is_read),
        an_test_in_place(every_shape_and_order_is_read),
        an_test_in_place(a_large_array_is_decompressed),
        an_test_in_place(other_archives_are_refused),
        an_test_in_place(damage_anywhere_is_found),
        an_test_in_place(a_written_archive_reads_back),
        an_test_in_place(what_numpy_lacks_is_not_written),
        an_test_in_place(every_failure_is_reported),
        an_test_in_place(a_failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
