/*
 * safetensors_test.c: the description of good files; every claim that must be refused (the cases of
 * the reference implementation's tests, and more); every truncation and every changed byte of a
 * small file.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/safetensors.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file in a block of its size, so that a sanitizer detects the first byte read beyond it. */
typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

static bytes make_file(const char *header, size_t data_size)
{
    const uint64_t length = strlen(header);
    bytes file = {.size = sizeof length + length + data_size};

    file.data = malloc(file.size);
    assert_non_null(file.data);
    memcpy(file.data, &length, sizeof length);
    memcpy(file.data + sizeof length, header, length);
    for (size_t i = 0; i < data_size; ++i)
        file.data[sizeof length + length + i] = (uint8_t)i;
    return file;
}

static void parse_file(alexnet_context *ctx, const char *header, size_t data_size,
                       alexnet_status expected, an_tensor_file *out)
{
    const bytes file = make_file(header, data_size);
    const alexnet_status status =
        an_safetensors_parse(ctx, "w.safetensors", file.data, file.size, out);

    if (status != expected) print_error("header %s\n", header);
    an_assert_status(ctx, status, expected);
    free(file.data);
}

/* ---- good files ---- */

static void tensors_are_in_the_order_of_their_data(void **state)
{
    const an_test_place *p = *state;
    const bytes made =
        make_file("{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[12,14]},"
                  "\"__metadata__\":{\"format\":\"pt\",\"k\":\"v\"},"
                  "\"empty\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[12,12]},"
                  "\"scalar\":{\"shape\":[],\"dtype\":\"I32\",\"data_offsets\":[0,4]},"
                  "\"a\":{\"data_offsets\":[4,12],\"dtype\":\"F32\",\"shape\":[1,2]}}   ",
                  14);
    an_tensor_file file;

    an_assert_ok(p->ctx, an_safetensors_parse(p->ctx, "w", made.data, made.size, &file));
    assert_int_equal(file.count, 4);
    assert_string_equal(file.tensors[0].name, "scalar");
    assert_string_equal(file.tensors[1].name, "a");
    assert_string_equal(file.tensors[2].name, "empty");
    assert_string_equal(file.tensors[3].name, "b");
    assert_int_equal(file.tensors[0].rank, 0);
    assert_int_equal(file.tensors[0].count, 1);
    assert_int_equal(file.tensors[2].count, 0);

    const an_tensor_view *a = an_tensor_file_find(&file, "a");
    assert_non_null(a);
    assert_int_equal(a->dtype, AN_F32);
    assert_int_equal(a->rank, 2);
    assert_int_equal(a->shape[0], 1);
    assert_int_equal(a->shape[1], 2);
    assert_int_equal(a->count, 2);
    assert_int_equal(a->data[0], 4); /* make_file() numbers the bytes */
    assert_null(an_tensor_file_find(&file, "c"));

    assert_int_equal(file.metadata_count, 2);
    assert_string_equal(an_tensor_file_metadata(&file, "k"), "v");
    assert_null(an_tensor_file_metadata(&file, "b"));
    an_tensor_file_close(p->ctx, &file);
    an_tensor_file_close(p->ctx, &file); /* closing zeroes it */
    free(made.data);
}

/* safetensors 0.8.0, safetensors.torch.save(): {"weight": [[1, -2]], "steps": 3, "half": [0.5]} */
static void a_file_of_python_is_read(void **state)
{
    static const char written[] =
        "\xd0\0\0\0\0\0\0\0"
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
        "\"half\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[16,18]}} "
        "\3\0\0\0\0\0\0\0"
        "\0\0\x80\x3f"
        "\0\0\0\xc0"
        "\0\x38";
    const an_test_place *p = *state;
    an_tensor_file file;
    float values[2];

    an_assert_ok(p->ctx, an_safetensors_parse(p->ctx, "w", written, sizeof written - 1, &file));
    assert_string_equal(an_tensor_file_metadata(&file, "format"), "pt");
    assert_int_equal(an_tensor_file_find(&file, "steps")->data[0], 3);
    an_assert_ok(p->ctx,
                 an_tensor_to_float(p->ctx, "w", an_tensor_file_find(&file, "weight"), values));
    assert_true(values[0] == 1 && values[1] == -2);
    an_assert_ok(p->ctx,
                 an_tensor_to_float(p->ctx, "w", an_tensor_file_find(&file, "half"), values));
    assert_true(values[0] == 0.5f);
    an_tensor_file_close(p->ctx, &file);
}

static void a_file_may_be_empty(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file;

    parse_file(p->ctx, "{}", 0, ALEXNET_OK, &file);
    assert_int_equal(file.count, 0);
    assert_int_equal(file.metadata_count, 0);
    an_tensor_file_close(p->ctx, &file);
    parse_file(p->ctx, "{\"__metadata__\":{}}", 0, ALEXNET_OK, &file);
    an_tensor_file_close(p->ctx, &file);
}

/* ---- refused ---- */

#define TENSOR(shape, range)                                                                       \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" range "}}"
#define TYPE(dtype) "{\"a\":{\"dtype\":" dtype ",\"shape\":[2],\"data_offsets\":[0,8]}}"
#define TWO(range_a, range_b)                                                                      \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" range_a "},"                        \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" range_b "}}"

static void false_claims_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data_size;
        const char *error;
    } rows[] = {
        /* the header */
        {"", 0, "does not begin with '{'"},
        {" {}", 0, "does not begin with '{'"},
        {"[]", 0, "does not begin with '{'"},
        {"\xef\xbb\xbf{}", 0, "does not begin with '{'"}, /* a byte order mark */
        {"{", 0, "line 1, column 1"},
        {"{}x", 0, "end of file expected"},
        {"{} {}", 0, "end of file expected"},
        {"{\"a\xff\":1}", 0, "unable to decode byte 0xff"},
        {"{\"a\\u0000\":1}", 0, "NUL"},
        {"{\"\\ud800\":1}", 0, "line 1"}, /* half a surrogate pair */
        {"{\"a\":1,\"a\":2}", 0, "duplicate object key"},
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "duplicate object key"},
        {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "duplicate object key"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate object key"},
        /* metadata */
        {"{\"__metadata__\":1}", 0, "its metadata is not an object"},
        {"{\"__metadata__\":null}", 0, "its metadata is not an object"},
        {"{\"__metadata__\":[\"k\"]}", 0, "its metadata is not an object"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "metadata 'k' is not a string"},
        {"{\"__metadata__\":{\"k\":null}}", 0, "metadata 'k' is not a string"},
        {"{\"__metadata__\":{\"k\":{\"l\":\"m\"}}}", 0, "metadata 'k' is not a string"},
        /* entries */
        {"{\"a\":1}", 0, "tensor 'a': expected only dtype, shape and data_offsets"},
        {"{\"a\":{}}", 0, "tensor 'a': expected only dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8,
         "expected only dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8,
         "expected only dtype"},
        {TYPE("\"F33\""), 8, "tensor 'a': unknown dtype 'F33'"},
        {TYPE("\"F8_E4M3\""), 8, "unknown dtype 'F8_E4M3'"},
        {TYPE("\"f32\""), 8, "unknown dtype 'f32'"},
        {TYPE("7"), 8, "its dtype is not a string"},
        /* shapes */
        {TENSOR("2", "[0,8]"), 8, "its shape is not a list"},
        {TENSOR("{}", "[0,8]"), 8, "its shape is not a list"},
        {TENSOR("[2.0]", "[0,8]"), 8, "a dimension is not a whole number"},
        {TENSOR("[\"2\"]", "[0,8]"), 8, "a dimension is not a whole number"},
        {TENSOR("[-2]", "[0,8]"), 8, "a dimension is not a whole number"},
        {TENSOR("[2,-1]", "[0,8]"), 8, "a dimension is not a whole number"},
        {TENSOR("[99999999999999999999]", "[0,8]"), 8, "too big integer"},
        {TENSOR("[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "it has 9 dimensions; expected at most 8"},
        {TENSOR("[4611686018427387904]", "[0,0]"), 0,
         "is too large"}, /* times 4 is 2^64, that is 0 */
        {TENSOR("[4294967296,4294967296]", "[0,0]"), 0, "is too large"}, /* the product is 2^64 */
        {TENSOR("[9223372036854775807,3]", "[0,8]"), 8, "[9223372036854775807,3] is too large"},
        {TENSOR("[3]", "[0,8]"), 8, "[3] of F32 needs 12 bytes, its data_offsets hold 8"},
        {TENSOR("[1]", "[0,8]"), 8, "[1] of F32 needs 4 bytes, its data_offsets hold 8"},
        {TENSOR("[0]", "[0,8]"), 8, "[0] of F32 needs 0 bytes"},
        {TENSOR("[]", "[0,8]"), 8, "[] of F32 needs 4 bytes"},
        /* ranges */
        {TENSOR("[2]", "8"), 8, "its data_offsets are not two whole numbers"},
        {TENSOR("[2]", "[0]"), 8, "its data_offsets are not two whole numbers"},
        {TENSOR("[2]", "[0,8,8]"), 8, "its data_offsets are not two whole numbers"},
        {TENSOR("[2]", "[0,8.0]"), 8, "its data_offsets are not two whole numbers"},
        {TENSOR("[2]", "{\"0\":0,\"1\":8}"), 8, "its data_offsets are not two whole numbers"},
        {TENSOR("[2]", "[-8,0]"), 8, "negative or in the wrong order"},
        {TENSOR("[2]", "[8,0]"), 8, "negative or in the wrong order"},
        {TENSOR("[2]", "[0,8]"), 7, "tensor 'a': its data ends at byte 8, the file has 7"},
        {TENSOR("[2]", "[0,9223372036854775807]"), 8, "its data ends at byte 9223372036854775807"},
        {TENSOR("[2]", "[0,8]"), 9, "its tensors take 8 bytes, but 9 follow the header"},
        {TENSOR("[2]", "[4,12]"), 12, "tensor 'a': there is a hole before its data"},
        {TENSOR("[0]", "[8,8]"), 8, "there is a hole before its data"},
        {"{}", 1, "its tensors take 0 bytes, but 1 follow the header"},
        {TWO("[0,4]", "[5,9]"), 9, "tensor 'b': there is a hole before its data"},
        {TWO("[0,4]", "[3,7]"), 7, "tensor 'b': its data overlap those of another"},
        {TWO("[0,4]", "[0,4]"), 4, "tensor 'b': its data overlap those of another"},
        {TWO("[4,8]", "[0,4]"), 9, "its tensors take 8 bytes, but 9 follow"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}",
         4, "tensor 'b': its data overlap those of another"},
    };
    const an_test_place *p = *state;
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        parse_file(p->ctx, rows[i].header, rows[i].data_size, ALEXNET_BAD_FILE, &file);
        an_assert_error(p->ctx, "w.safetensors: ");
        an_assert_error(p->ctx, rows[i].error);
        assert_null(file.tensors);
        assert_null(file.tensors);
    }
}

static void false_header_sizes_are_refused(void **state)
{
    static const struct {
        uint64_t claim;
        size_t rest; /* bytes after the size */
        const char *error;
    } rows[] = {
        {3, 2, "a header of 3 bytes, but 2 follow"},
        {100000001, 2, "a header of 100000001 bytes, but 2 follow"},
        {UINT64_MAX, 2, "a header of 18446744073709551615 bytes, but 2 follow"},
        {UINT64_MAX - 7, 2, "2 follow"}, /* 8 + size would be 0 */
        {AN_SAFETENSORS_HEADER_MAX + 1, AN_SAFETENSORS_HEADER_MAX + 1, "expected at most 2097152"},
        {0, 0, "does not begin with '{'"},
    };
    const an_test_place *p = *state;
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        uint8_t *data = malloc(8 + rows[i].rest);
        assert_non_null(data);
        memset(data, '{', 8 + rows[i].rest);
        memcpy(data, &rows[i].claim, 8);
        an_assert_status(p->ctx, an_safetensors_parse(p->ctx, "w", data, 8 + rows[i].rest, &file),
                         ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        free(data);
    }
    an_assert_status(p->ctx, an_safetensors_parse(p->ctx, "w", NULL, 0, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w: not a safetensors file: it has 0 bytes");
    an_assert_status(p->ctx, an_safetensors_parse(p->ctx, "w", "\2\0\0\0\0\0\0", 7, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "w: not a safetensors file: it has 7 bytes");
}

/* Parses a header of the largest size: `start`, then as much of `filler` as fits, then `end`. */
static void parse_largest(alexnet_context *ctx, const char *start, const char *filler,
                          const char *end, const char *error)
{
    const size_t length = AN_SAFETENSORS_HEADER_MAX;
    char *header = malloc(length + 1);
    size_t used = strlen(start);
    an_tensor_file file;

    assert_non_null(header);
    memset(header, ' ', length);
    memcpy(header, start, used);
    for (; used + strlen(filler) + strlen(end) <= length; used += strlen(filler))
        memcpy(header + used, filler, strlen(filler));
    memcpy(header + used, end, strlen(end));
    header[length] = '\0';
    parse_file(ctx, header, 0, ALEXNET_BAD_FILE, &file);
    an_assert_error(ctx, error);
    free(header);
}

/* The deepest and the widest JSON: time and memory stay bounded. */
static void a_hostile_header_costs_little(void **state)
{
    const an_test_place *p = *state;

    parse_largest(p->ctx, "{\"a\":", "[", "", "maximum parsing depth");
    parse_largest(p->ctx, "{\"a\":[{}", ",{}", "]}", "tensor 'a': expected only dtype");
    parse_largest(p->ctx, "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":[0", ",0",
                  "]}}", "dimensions; expected at most 8");
}

/* ---- damage ---- */

static const char small[] = "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1,"
                            "2],\"data_offsets\":[0,8]},"
                            "\"b\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]}}";

static void every_truncation_is_refused(void **state)
{
    const an_test_place *p = *state;
    const bytes whole = make_file(small, 11);
    an_tensor_file file;

    for (size_t size = 0; size < whole.size; ++size) {
        uint8_t *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, whole.data, size);
        an_assert_status(p->ctx, an_safetensors_parse(p->ctx, "w", cut, size, &file),
                         ALEXNET_BAD_FILE);
        free(cut);
    }
    free(whole.data);
}

/* A file with a changed byte is refused or gives tensors within the file. */
static void every_changed_byte_is_harmless(void **state)
{
    const an_test_place *p = *state;
    const bytes made = make_file(small, 11);
    an_tensor_file file;
    float values[64];

    for (size_t i = 0; i < made.size; ++i) {
        const uint8_t kept = made.data[i];
        for (int change = 1; change < 256; ++change) {
            made.data[i] = kept ^ (uint8_t)change;
            if (an_safetensors_parse(p->ctx, "w", made.data, made.size, &file) != ALEXNET_OK)
                continue;
            for (size_t t = 0; t < file.count; ++t)
                (void)!an_tensor_to_float(p->ctx, "w", &file.tensors[t], values);
            an_tensor_file_close(p->ctx, &file);
        }
        made.data[i] = kept;
    }
    free(made.data);
}

/* ---- files ---- */

static void files_are_read_from_disk(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "a.safetensors");
    const bytes made = make_file(small, 11);
    an_tensor_file file;

    an_test_write(path, made.data, made.size);
    free(made.data);
    an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
    assert_int_equal(file.count, 2);
    bool same;
    an_assert_ok(p->ctx, an_tensor_equals(p->ctx, path, an_tensor_file_find(&file, "b"),
                                          "\x08\x09\x0a", &same));
    assert_true(same);
    an_assert_ok(p->ctx, an_tensor_equals(p->ctx, path, an_tensor_file_find(&file, "b"),
                                          "\x08\x09\x0b", &same));
    assert_false(same);

    an_test_write(path, "cut", 3); /* while it is open: an error, no signal */
    an_assert_status(p->ctx, an_tensor_check(p->ctx, path, an_tensor_file_find(&file, "b")),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a.safetensors: truncated while it was read");
    an_tensor_file_close(p->ctx, &file);

    an_test_write(path, "", 0);
    an_assert_status(p->ctx, an_safetensors_open(p->ctx, path, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, path);
    an_assert_status(p->ctx, an_safetensors_open(p->ctx, p->folder, &file), ALEXNET_BAD_FILE);
    an_assert_status(p->ctx, an_safetensors_open(p->ctx, an_test_path(p->folder, "none"), &file),
                     ALEXNET_NOT_FOUND);
    an_assert_error(p->ctx, "none");
}

static void every_step_can_fail(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "a.safetensors");
    const bytes made = make_file(small, 11);
    an_tensor_file file;
    bool failed = true;

    an_test_write(path, made.data, made.size);
    free(made.data);
    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, EIO);
        const alexnet_status status = an_safetensors_open(p->ctx, path, &file);
        failed = an_test_fault_disarm(&fault);
        if (!failed)
            an_assert_ok(p->ctx, status);
        else if (status != ALEXNET_NO_MEMORY)
            an_assert_status(p->ctx, status, ALEXNET_IO);
        if (failed) an_assert_error(p->ctx, "a.safetensors");
    }
    an_tensor_file_close(p->ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(tensors_are_in_the_order_of_their_data),
        an_test_in_place(a_file_of_python_is_read),
        an_test_in_place(a_file_may_be_empty),
        an_test_in_place(false_claims_are_refused),
        an_test_in_place(false_header_sizes_are_refused),
        an_test_in_place(a_hostile_header_costs_little),
        an_test_in_place(every_truncation_is_refused),
        an_test_in_place(every_changed_byte_is_harmless),
        an_test_in_place(files_are_read_from_disk),
        an_test_in_place(every_step_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
