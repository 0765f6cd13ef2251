/*
 * pth_write_test.c: the archive's entries, the pickle byte by byte, failures on the way. What torch
 * makes of such files: tests/formats/exports.py.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "formats/pytorch/pth_write.h"
#include "formats/zip.h"
#include <errno.h>
#include <string.h>

static const char *const keys[] = {"alexnet.family"};
static const char *const values[] = {"torchvision"};

static alexnet_status write_two(alexnet_context *ctx, const char *path, an_file_sum *sum)
{
    static const float weights[6] = {0, 1, 2, 3, 4, 5};
    const an_tensor_out tensors[] = {
        {.name = "w", .dtype = AN_F32, .rank = 4, .shape = {1, 1, 2, 3}, .data = weights},
        {.name = "steps", .dtype = AN_U8, .rank = 0, .data = "\7"}};

    return an_pth_write(ctx, path, tensors, AN_COUNT(tensors), keys, values, 1, sum);
}

static void check_entry(alexnet_context *ctx, const an_reader *reader, const an_zip *zip,
                        const char *name, const void *expected, size_t bytes)
{
    const an_zip_entry *entry = an_zip_find(zip, name);
    an_bytes content;

    assert_non_null(entry);
    assert_false(entry->deflated);
    assert_int_equal(entry->place % 64, 0);
    an_assert_ok(ctx, an_zip_content(ctx, "f", reader, entry, 1000, &content));
    assert_int_equal(content.size, bytes);
    assert_memory_equal(content.data, expected, bytes);
    an_bytes_free(ctx, &content);
}

static void the_entries_are_those_of_torch(void **state)
{
    /* clang-format off */
    static const char expected[] =
        "\x80\2"
        "ccollections\nOrderedDict\nq\0)R"
        "("
        "X\1\0\0\0w"
        "ctorch._utils\n_rebuild_tensor_v2\nq\1"
        "("
            "(" "X\7\0\0\0storageq\2" "ctorch\nFloatStorage\nq\4" "X\1\0\0\0""0" "X\3\0\0\0cpuq\3"
                "K\6" "tQ"
            "K\0" "(K\1K\1K\2K\3t" "(K\6K\6K\3K\1t" "\x89" "h\0)R"
        "tR"
        "X\5\0\0\0steps"
        "h\1"
        "("
            "(" "h\2" "ctorch\nByteStorage\nq\x0c" "X\1\0\0\0""1" "h\3" "K\1" "tQ"
            "K\0" ")" ")" "\x89" "h\0)R"
        "tR"
        "u.";
    /* clang-format on */
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.pth"), *again = an_test_path(p->folder, "v.pth");
    an_reader reader;
    an_store store = {0};
    an_zip zip;
    an_bytes bytes;
    an_file_sum sum;

    an_assert_ok(p->ctx, write_two(p->ctx, path, &sum));
    an_assert_ok(p->ctx, write_two(p->ctx, again, NULL));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    an_test_assert_file(again, bytes.data, bytes.size);
    assert_int_equal(sum.bytes, bytes.size);
    an_bytes_free(p->ctx, &bytes);

    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    an_assert_ok(p->ctx, an_zip_read(p->ctx, path, &reader, &store, &zip));
    assert_int_equal(zip.count, 6);
    assert_string_equal(zip.entries[0].name, "archive/data.pkl");
    check_entry(p->ctx, &reader, &zip, "archive/data.pkl", expected, sizeof expected - 1);
    check_entry(p->ctx, &reader, &zip, "archive/byteorder", "little", 6);
    check_entry(p->ctx, &reader, &zip, "archive/data/0", ((const float[]){0, 1, 2, 3, 4, 5}), 24);
    check_entry(p->ctx, &reader, &zip, "archive/data/1", "\7", 1);
    check_entry(p->ctx, &reader, &zip, "archive/version", "3\n", 2);
    check_entry(p->ctx, &reader, &zip, "archive/alexnet.json",
                "{\"alexnet.family\":\"torchvision\"}", 32);
    an_store_free(p->ctx, &store);
    an_reader_close(&reader);
}

static void what_cannot_be_written_is_refused(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.pth");
    an_tensor_out tensors[] = {{.name = "a", .dtype = AN_U8, .data = "x"},
                               {.name = "a", .dtype = AN_U8, .data = "x"}};
    const char *const bad = "\xff";

    an_assert_status(p->ctx, an_pth_write(p->ctx, path, tensors, 2, NULL, NULL, 0, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w.pth: 'a' would be written twice");
    an_assert_status(p->ctx, an_pth_write(p->ctx, path, tensors, 1, &bad, &bad, 1, NULL),
                     ALEXNET_BAD_ARG);
    tensors[0].rank = 2;
    tensors[0].shape[0] = tensors[0].shape[1] = INT64_MAX;
    an_assert_status(p->ctx, an_pth_write(p->ctx, path, tensors, 1, NULL, NULL, 0, NULL),
                     ALEXNET_BAD_ARG);
    an_assert_error(p->ctx, "w.pth: tensor 'a' is too large");
    assert_int_equal(an_test_count_entries(p->folder), 0);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.pth");
    an_bytes whole;

    an_assert_ok(p->ctx, write_two(p->ctx, path, NULL));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &whole));
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_write_text(path, "old");
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_ANY, n, false, ENOSPC);
        const alexnet_status status = write_two(p->ctx, path, NULL);
        if (!an_test_fault_disarm(&fault)) break;
        an_file_info info;
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
        an_assert_error(p->ctx, "w.pth");
        assert_int_equal(an_test_count_entries(p->folder), 1);
        an_assert_ok(p->ctx, an_file_stat(p->ctx, path, &info));
        if (info.size == 3) continue;
        an_test_assert_file(path, whole.data, whole.size); /* only the folder was not synced */
    }
    an_bytes_free(p->ctx, &whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(the_entries_are_those_of_torch),
        an_test_in_place(what_cannot_be_written_is_refused),
        an_test_in_place(a_failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
