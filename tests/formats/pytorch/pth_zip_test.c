/*
 * pth_zip_test.c: archives of PyTorch with entries that are missing, of the wrong size, or code.
 * What PyTorch writes is read in pth_test.c; what is wrong with an archive itself, zip_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include "formats/zip.h"
#include <stdlib.h>
#include <string.h>

#define FORMAT &an_tensor_format_pth

#define BYTES(text) text, sizeof text - 1
#define VALUE                                                                                      \
    "\x80\2}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nByteStorage\nU\1kU\3cpuK\2" \
    "tQK\0K\2\x85K\1\x85\211ccollections\nOrderedDict\n)RtRs."

typedef struct entry {
    const char *name, *content;
    size_t bytes;
} entry;

/* Writes an archive of the entries up to the first without a name, and reads it. Free it. */
static an_sample make(const an_test_place *p, const entry *entries)
{
    const char *path = an_test_path(p->folder, "made");
    an_writer *writer;
    an_zip_writer *zip;
    an_bytes bytes;

    an_assert_ok(p->ctx, an_writer_open(p->ctx, path, &writer));
    an_assert_ok(p->ctx, an_zip_begin(p->ctx, path, writer, 64, &zip));
    for (; entries->name != NULL; ++entries)
        an_assert_ok(p->ctx,
                     an_zip_add(zip, entries->name, NULL, 0, entries->content, entries->bytes));
    an_assert_ok(p->ctx, an_zip_end(zip));
    an_assert_ok(p->ctx, an_writer_commit(writer));
    an_assert_ok(p->ctx, an_file_read(p->ctx, path, 1 << 20, &bytes));
    an_sample sample = {malloc(bytes.size), bytes.size};
    assert_non_null(sample.data);
    memcpy(sample.data, bytes.data, bytes.size);
    an_bytes_free(p->ctx, &bytes);
    return sample;
}

static void folders_have_any_name(void **state)
{
    static const entry tops[][4] = {
        {{"data.pkl", BYTES(VALUE)}, {"data/k", BYTES("ab")}},
        {{"my net/data.pkl", BYTES(VALUE)},
         {"my net/data/k", BYTES("ab")},
         {"other/data/k", BYTES("cd")}},
        {{"a/b/data.pkl", BYTES(VALUE)},
         {"a/b/data/k", BYTES("ab")},
         {"a/b/byteorder", BYTES("little")}},
        {{"data/k", BYTES("cd")}, {"x/data/k", BYTES("ab")}, {"x/data.pkl", BYTES(VALUE)}},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(tops); ++i) {
        entry entries[5] = {0};
        memcpy(entries, tops[i], sizeof tops[i]);
        const an_sample sample = make(p, entries);
        an_tensor_file file;
        an_assert_ok(p->ctx,
                     an_tensor_file_parse(p->ctx, "w", sample.data, sample.size, NULL, &file));
        assert_int_equal(file.count, 1);
        assert_memory_equal(file.tensors[0].data, "ab", 2);
        assert_int_equal(file.tensors[0].sum, AN_SUM_CRC32);
        an_tensor_file_close(p->ctx, &file);
        free(sample.data);
    }
}

static void other_archives_are_refused(void **state)
{
    static const struct {
        entry entries[4];
        alexnet_status status;
        const char *part;
    } rows[] = {
        {{{"t/data.txt", BYTES("x")}},
         ALEXNET_BAD_FILE,
         "a zip archive without data.pkl: not a file of torch.save()"},
        {{{"t/mydata.pkl", BYTES(VALUE)}}, ALEXNET_BAD_FILE, "a zip archive without data.pkl"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"u/data.pkl", BYTES(VALUE)}},
         ALEXNET_BAD_FILE,
         "a zip archive with two entries data.pkl"},
        {{{"t/data.pkl", BYTES(VALUE)}}, ALEXNET_BAD_FILE, "entry 'data/k' is missing"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("a")}},
         ALEXNET_BAD_FILE,
         "entry 't/data/k' has 1 bytes, its pickle says 2"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("abc")}},
         ALEXNET_BAD_FILE,
         "entry 't/data/k' has 3 bytes, its pickle says 2"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("ab")}, {"t/code/a.py", BYTES("x")}},
         ALEXNET_UNSUPPORTED,
         "a TorchScript archive, which has code; save the weights by "
         "torch.save(torch.jit.load(FILE).state_dict(), OTHER)"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("ab")}, {"t/constants.pkl", BYTES("x")}},
         ALEXNET_UNSUPPORTED,
         "a TorchScript archive"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("ab")}, {"t/byteorder", BYTES("big")}},
         ALEXNET_UNSUPPORTED,
         "its byte order is big-endian"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("ab")}, {"t/byteorder", BYTES("x")}},
         ALEXNET_BAD_FILE,
         "expected its byte order to be 'little' or 'big'"},
        {{{"t/data.pkl", BYTES(VALUE)},
          {"t/data/k", BYTES("ab")},
          {"t/byteorder", BYTES("little little little")}},
         ALEXNET_BAD_FILE,
         "expected at most 16"},
        {{{"t/data.pkl", BYTES("\x80\2cos\nsystem\n(S'true'\ntR.")}},
         ALEXNET_BAD_FILE,
         "os.system: this file asks for code to be run"},
        {{{"t/data.pkl", BYTES(VALUE)},
          {"t/data/k", BYTES("ab")},
          {"t/alexnet.json", BYTES("{\"k\": 1}")}},
         ALEXNET_BAD_FILE,
         "its metadata is not a JSON object"},
        {{{"t/data.pkl", BYTES(VALUE)}, {"t/data/k", BYTES("ab")}, {"t/alexnet.json", BYTES("{")}},
         ALEXNET_BAD_FILE,
         "premature end of input"},
        {{{"t/data.pkl", BYTES("\x80\2}U\1wK\1Qs.")}},
         ALEXNET_BAD_FILE,
         "something that is no storage"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        entry entries[5] = {0};
        memcpy(entries, rows[i].entries, sizeof rows[i].entries);
        const an_sample sample = make(p, entries);
        an_sample_refuse(p->ctx, sample.data, sample.size, FORMAT, rows[i].status, rows[i].part);
        free(sample.data);
    }
}

static void archives_of_python_are_refused(void **state)
{
    static const struct {
        const char *name;
        alexnet_status status;
        const char *part;
    } rows[] = {
        {"pth/bad_big_endian", ALEXNET_UNSUPPORTED, "its byte order is big-endian"},
        {"pth/bad_missing", ALEXNET_BAD_FILE, "entry 'data/1' is missing"},
        {"pth/bad_short", ALEXNET_BAD_FILE, "data/1' has 4 bytes, its pickle says 8"},
        {"pth/bad_long", ALEXNET_BAD_FILE, "data/1' has 9 bytes, its pickle says 8"},
        {"pth/bad_no_pickle", ALEXNET_BAD_FILE, "a zip archive without data.pkl"},
        {"pth/bad_script", ALEXNET_UNSUPPORTED, "a TorchScript archive"},
        {"pth/bad_expanded", ALEXNET_UNSUPPORTED, "tensor 'w': its strides give two"},
        {"pth/bad_deflated_views", ALEXNET_UNSUPPORTED, "is a part of compressed data"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        an_sample_refuse_file(p->ctx, rows[i].name, FORMAT, rows[i].status, rows[i].part);
}

static void our_metadata_are_read(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_ok(p->ctx,
                 an_tensor_file_open(p->ctx, an_sample_path("pth/metadata"), FORMAT, &file));
    assert_int_equal(file.metadata_count, 2);
    assert_string_equal(an_tensor_file_metadata(&file, "alexnet.family"), "paper");
    assert_string_equal(an_tensor_file_metadata(&file, "k"), "\xc3\xa9");
    an_tensor_file_close(p->ctx, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(folders_have_any_name),
        an_test_in_place(other_archives_are_refused),
        an_test_in_place(archives_of_python_are_refused),
        an_test_in_place(our_metadata_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
