/*
 * safetensors_write_test.c: all bytes of a known file; written files are read back; faults leave
 * the old file.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/safetensors.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const float numbers[] = {1, -2, 0.5f};
static const uint8_t pixels[] = {7, 8};
static const int64_t steps[] = {-3};

static const an_tensor_out tensors[] = {
    {.name = "b", .dtype = AN_F32, .rank = 2, .shape = {1, 3}, .data = numbers},
    {.name = "a \"quoted\" \xc3\xa9", .dtype = AN_U8, .rank = 1, .shape = {2}, .data = pixels},
    {.name = "scalar", .dtype = AN_I64, .rank = 0, .data = steps},
    {.name = "none", .dtype = AN_F32, .rank = 2, .shape = {0, 5}, .data = NULL},
};
static const char *const keys[] = {"format", "note"};
static const char *const values[] = {"pt", "tab\tand \xe2\x82\xac"};

static alexnet_status write_all(alexnet_context *ctx, const char *path)
{
    return an_safetensors_write(ctx, path, tensors, AN_COUNT(tensors), keys, values,
                                AN_COUNT(keys));
}

/* The checksums were computed by another program, bit by bit. */
static void the_bytes_are_known(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"alexnet.crc32c\":"
        "\"{\\\"__metadata__\\\":\\\"83b44848\\\",\\\"conv\\\":\\\"86739cf2\\\"}\"},"
        "\"conv\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[0,12]}}    "; /* 168 bytes */
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    const an_tensor_out one = {
        .name = "conv", .dtype = AN_F32, .rank = 2, .shape = {1, 3}, .data = numbers};
    uint8_t expected[8 + 168 + sizeof numbers] = {168};

    assert_int_equal(sizeof header - 1, 168);
    memcpy(expected + 8, header, 168);
    memcpy(expected + 8 + 168, numbers, sizeof numbers);
    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, &one, 1, keys, values, 1));
    an_test_assert_file(path, expected, sizeof expected);
    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, &one, 1, keys, values, 1));
    an_test_assert_file(path, expected, sizeof expected); /* writing again gives the same bytes */
    assert_int_equal(an_test_count_entries(p->folder), 1);
}

static void a_written_file_reads_back(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "all.safetensors");
    an_tensor_file file;

    an_assert_ok(p->ctx, write_all(p->ctx, path));
    an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
    assert_int_equal(file.count, AN_COUNT(tensors));
    for (size_t i = 0; i < AN_COUNT(tensors); ++i) {
        const an_tensor_view *back = an_tensor_file_find(&file, tensors[i].name);
        assert_non_null(back);
        assert_int_equal(back->dtype, tensors[i].dtype);
        assert_int_equal(back->rank, tensors[i].rank);
        assert_memory_equal(back->shape, tensors[i].shape, sizeof back->shape);
        bool same;
        an_assert_ok(p->ctx, an_tensor_equals(p->ctx, path, back, tensors[i].data, &same));
        assert_true(same);
    }
    for (size_t i = 0; i < AN_COUNT(keys); ++i)
        assert_string_equal(an_tensor_file_metadata(&file, keys[i]), values[i]);
    an_tensor_file_close(p->ctx, &file);

    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, NULL, 0, NULL, NULL, 0));
    an_test_assert_file(path,
                        "\x48\0\0\0\0\0\0\0{\"__metadata__\":{\"alexnet.crc32c\":"
                        "\"{\\\"__metadata__\\\":\\\"00000000\\\"}\"}}   ",
                        80);
}

static void text_that_json_cannot_represent_is_refused(void **state)
{
    static const char *const bad[] = {"caf\xe9"};
    static const char *const good[] = {"text"};
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    const an_tensor_out twice[] = {tensors[0], tensors[0]};
    an_tensor_out one = tensors[0];

    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, NULL, 0, bad, good, 1),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "cannot be written: it is not UTF-8");
    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, NULL, 0, good, bad, 1),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w.safetensors: 'text' cannot be written: it is not UTF-8");
    one.name = bad[0];
    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, &one, 1, NULL, NULL, 0),
                     ALEXNET_BAD_ARG);
    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, twice, 2, NULL, NULL, 0),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "'b' would be written twice");
    one = (an_tensor_out){.name = "w", .dtype = AN_F32, .rank = 2, .shape = {INT64_MAX, 2}};
    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, &one, 1, NULL, NULL, 0),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "tensor 'w' is too large");
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

/* A file that could not be read again is not written. */
static void a_header_that_is_too_long_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    char *text = malloc(AN_SAFETENSORS_HEADER_MAX + 1);
    const char *key = "k";
    const char *value = text;

    assert_non_null(text);
    memset(text, 'x', AN_SAFETENSORS_HEADER_MAX);
    text[AN_SAFETENSORS_HEADER_MAX] = '\0';
    an_assert_status(p->ctx, an_safetensors_write(p->ctx, path, NULL, 0, &key, &value, 1),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "names and metadata take 2097228 bytes; expected at most 2097152");
    text[AN_SAFETENSORS_HEADER_MAX - 76] = '\0'; /* the longest that can be read */
    an_assert_ok(p->ctx, an_safetensors_write(p->ctx, path, NULL, 0, &key, &value, 1));

    an_tensor_file file;
    an_assert_ok(p->ctx, an_safetensors_open(p->ctx, path, &file));
    an_tensor_file_close(p->ctx, &file);
    free(text);
}

static void a_fault_leaves_the_old_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.safetensors");
    bool failed = true;

    for (long n = 0; failed; ++n) {
        an_test_fault fault;
        an_test_write_text(path, "old");
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, true, ENOSPC);
        const alexnet_status status = write_all(p->ctx, path);
        failed = an_test_fault_disarm(&fault);
        assert_int_equal(an_test_count_entries(p->folder), 1);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            continue;
        }
        if (status != ALEXNET_NO_MEMORY) an_assert_status(p->ctx, status, ALEXNET_IO);
        an_assert_error(p->ctx, "w.safetensors");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(the_bytes_are_known),
        an_test_in_place(a_written_file_reads_back),
        an_test_in_place(text_that_json_cannot_represent_is_refused),
        an_test_in_place(a_header_that_is_too_long_is_refused),
        an_test_in_place(a_fault_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
