/*
 * pth_storage_test.c: tensors as views of storages, and claims that do not fit. The container is a
 * legacy stream, which needs no archive.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include <string.h>

#define FORMAT &an_tensor_format_pth

#define MAGIC "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define HEAD  MAGIC "\x80\2M\xe9\3.\x80\2}."

/* ('storage', TYPE, 'k', 'cpu', COUNT, VIEW), in a persistent id */
#define ID(type, count, view) "(U\7storagec" type "\nU\1kU\3cpu" count view "tQ"
#define FLOATS(count)         ID("torch\nFloatStorage", count, "N")
#define V2                    "ctorch._utils\n_rebuild_tensor_v2\n"
#define V3                    "ctorch._utils\n_rebuild_tensor_v3\n"
#define REST                  "\211ccollections\nOrderedDict\n)RtR"
#define STATE(tensor)         "\x80\2}U\1w" tensor "s."
#define KEYS                  "\x80\2]U\1ka."
/* six floats: 0, 1, 2, 3, 4, 5 */
#define VALUES                                                                                     \
    "\6\0\0\0\0\0\0\0"                                                                             \
    "\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40"
#define FILE_OF(tensor)                                                                            \
    HEAD STATE(tensor)                                                                             \
    KEYS VALUES

#define BYTES(text) text, sizeof text - 1

static void views_are_read(void **state)
{
    static const struct {
        const char *file;
        size_t bytes;
        int rank;
        int64_t shape[3];
        float values[6];
    } rows[] = {
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\2K\3\x86K\3K\1\x86" REST)),
         2,
         {2, 3},
         {0, 1, 2, 3, 4, 5}},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\3K\2\x86K\1K\3\x86" REST)),
         2,
         {3, 2},
         {0, 3, 1, 4, 2, 5}},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\1K\2\x85K\2\x85" REST)), 1, {2}, {1, 3}},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\5))" REST)), 0, {0}, {5}},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\6K\0\x85K\1\x85" REST)), 1, {0}, {0}},
        /* strides of axes of one element are of no interest */
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\1K\6\x86K\0K\1\x86" REST)),
         2,
         {1, 6},
         {0, 1, 2, 3, 4, 5}},
        {BYTES(FILE_OF("ctorch._utils\n_rebuild_tensor\n(" FLOATS("K\6") "K\3K\2\x85K\1\x85tR")),
         1,
         {2},
         {3, 4}},
        {BYTES(FILE_OF("ctorch._utils\n_rebuild_parameter\n(" V2
                       "(" FLOATS("K\6") "K\3K\2\x85K\1\x85" REST REST)),
         1,
         {2},
         {3, 4}},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\3ctorch\nSize\n(K\2\x85tR]K\1a" REST)),
         1,
         {2},
         {3, 4}},
        /* a part of the storage: elements 2 to 4 */
        {BYTES(FILE_OF(
             V2 "(" ID("torch\nFloatStorage", "K\6", "(U\1vK\2K\3t") "K\1K\2\x85K\1\x85" REST)),
         1,
         {2},
         {3, 4}},
        /* 24 bytes whose type the tensor has */
        {BYTES(HEAD STATE(
             V3 "(" ID("torch.storage\nUntypedStorage", "K\x18", "N") "K\2K\2\x85K\1\x85\x89"
                                                                      "Nctorch\nfloat32\ntR") KEYS
               "\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0"
               "\x40"),
         1,
         {2},
         {2, 3}},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        float values[6];
        an_assert_ok(p->ctx, an_tensor_file_parse(p->ctx, "w.pth", rows[i].file, rows[i].bytes,
                                                  NULL, &file));
        assert_int_equal(file.count, 1);
        const an_tensor_view *tensor = &file.tensors[0];
        assert_string_equal(tensor->name, "w");
        assert_int_equal(tensor->rank, rows[i].rank);
        for (int axis = 0; axis < tensor->rank; ++axis)
            assert_int_equal(tensor->shape[axis], rows[i].shape[axis]);
        an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "w.pth", tensor, values));
        for (int64_t k = 0; k < tensor->count; ++k)
            assert_true(values[k] == rows[i].values[k]);
        an_tensor_file_close(p->ctx, &file);
    }
}

static void false_claims_are_refused(void **state)
{
#define WIDE "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
    static const struct {
        const char *file;
        size_t bytes;
        const char *part;
    } rows[] = {
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\7\x85K\1\x85" REST)),
         "tensor 'w': elements 0 to 7 of storage 'k', which has 6"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\5K\2\x85K\1\x85" REST)), "elements 5 to 7"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\7K\0\x85K\1\x85" REST)), "elements 7 to 7"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") WIDE "K\2\x85K\1\x85" REST)),
         "elements 9223372036854775807 to"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\4\x85K\2\x85" REST)), "elements 0 to 7"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "J\xff\xff\xff\xffK\2\x85K\1\x85" REST)),
         "expected an offset, a shape and strides"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0J\xff\xff\xff\xff\x85K\1\x85" REST)),
         "expected an offset, a shape and strides"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\2\x85J\xff\xff\xff\xff\x85" REST)),
         "expected an offset, a shape and strides"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\2\x85K\1K\1\x86" REST)),
         "expected an offset, a shape and strides"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1tK\1\x85" REST)),
         "of at most 8 dimensions"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0" WIDE "K\3\x86K\1K\1\x86" REST)), "is too large"},
        {BYTES(HEAD STATE(V2 "(K\1K\0K\2\x85K\1\x85" REST) "\x80\2]."),
         "tensor 'w': it has no storage"},
        {BYTES(HEAD STATE(V2 ")R") "\x80\2]."), "tensor 'w': it has no storage"},
        {BYTES(HEAD STATE(V2 "(" ID("torch.storage\nUntypedStorage", "K\x18",
                                    "N") "K\0K\2\x85K\1\x85" REST) KEYS "\x18\0\0\0\0\0\0\0"
                                                                        "abcdabcdabcdabcdabcdabcd"),
         "its storage has no type"},
        {BYTES(FILE_OF(V3 "(" FLOATS("K\6") "K\0K\2\x85K\1\x85\x89N"
                                            "NtR")),
         "it has no type"},
        {BYTES(FILE_OF(V2 "(" ID("torch\nSize", "K\6", "N") "K\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(V2 "(K\1QK\0K\2\x85K\1\x85" REST)), "something that is no storage"},
        {BYTES(FILE_OF(V2 "()QK\0K\2\x85K\1\x85" REST)), "something that is no storage"},
        {BYTES(
             FILE_OF(V2 "((U\6modulectorch\nFloatStorage\nU\1kU\3cpuK\6tQK\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(
             FILE_OF(V2 "((U\7storagectorch\nFloatStorage\nK\1U\3cpuK\6tQK\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(V2 "(" FLOATS("N") "K\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(V2 "(" FLOATS("J\xff\xff\xff\xff") "K\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(V2 "(" FLOATS(WIDE) "K\0K\2\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(
             V2 "(" ID("torch\nFloatStorage", "K\6", "(U\1vK\5K\2t") "K\0K\1\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(
             V2 "(" ID("torch\nFloatStorage", "K\6", "(U\1vK\7K\0t") "K\0K\0\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(V2 "(" ID("torch\nFloatStorage", "K\6", "K\1") "K\0K\1\x85K\1\x85" REST)),
         "something that is no storage"},
        {BYTES(FILE_OF(
             V2 "(" ID("torch\nFloatStorage", "K\6", "(U\1vK\1K\2t") "K\1K\2\x85K\1\x85" REST)),
         "elements 1 to 3 of storage 'k', which has 2"},
        /* the storage is smaller, or larger, than the pickle says */
        {BYTES(FILE_OF(V2 "(" FLOATS("K\7") "K\0K\7\x85K\1\x85" REST)),
         "storage 'k' has 6 elements, its pickle says 7"},
        {BYTES(FILE_OF(V2 "(" FLOATS("K\5") "K\0K\2\x85K\1\x85" REST)),
         "storage 'k' has 6 elements, its pickle says 5"},
        {BYTES(FILE_OF("N0" V2 "(" FLOATS("K\6") "K\0K\2\x85K\1\x85" REST "U\1v" V2
                                                 "(" FLOATS("K\5") "K\0K\2\x85K\1\x85" REST "0"
                                                                   "0")),
         "two tensors differ in the type or the size of storage 'k'"},
        {BYTES(FILE_OF(ID("torch\nIntStorage", "K\6",
                          "N") "0" V2 "(" FLOATS("K\6") "K\0K\2\x85K\1\x85" REST)),
         "two tensors differ in the type or the size of storage 'k'"},
        /* parameters in parameters, without end */
        {BYTES(HEAD STATE("ctorch._utils\n_rebuild_parameter\n]q\0h\0aNN\x87R") "\x80\2]."),
         "no tensors in its dict of 'w'"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        an_sample_refuse(p->ctx, rows[i].file, rows[i].bytes, FORMAT, ALEXNET_BAD_FILE,
                         rows[i].part);
}

static void overlapping_elements_are_refused(void **state)
{
    const an_test_place *p = *state;

    an_sample_refuse(
        p->ctx, BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\3\x85K\0\x85" REST)), FORMAT,
        ALEXNET_UNSUPPORTED,
        "tensor 'w': its strides give two of its elements one place, or are too large; "
        "save tensor.contiguous() instead");
    an_sample_refuse(p->ctx, BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\2K\3\x86K\1K\1\x86" REST)),
                     FORMAT, ALEXNET_UNSUPPORTED, "its strides give two of its elements one place");
    an_sample_refuse(p->ctx,
                     BYTES(FILE_OF(V2 "(" FLOATS("K\6") "K\0K\2K\3\x86" WIDE "K\1\x86" REST)),
                     FORMAT, ALEXNET_UNSUPPORTED, "or are too large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(views_are_read),
        an_test_in_place(false_claims_are_refused),
        an_test_in_place(overlapping_elements_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
