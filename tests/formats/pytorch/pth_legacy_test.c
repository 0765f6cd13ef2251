/*
 * pth_legacy_test.c: streams of torch.save() whose parts do not follow each other as they must.
 * What PyTorch writes is read in pth_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include "formats/pytorch/pth.h"
#include <string.h>

#define FORMAT &an_tensor_format_pth

#define MAGIC    "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define PROTOCOL "\x80\2M\xe9\3."
#define SYSTEM   "\x80\2}."
#define VALUE                                                                                      \
    "\x80\2}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nByteStorage\nU\1kU\3cpuK\2" \
    "NtQK\0K\2\x85K\1\x85\211ccollections\nOrderedDict\n)RtRs."
#define DATA "\2\0\0\0\0\0\0\0ab"

#define BYTES(text) text, sizeof text - 1

static void streams_are_recognised(void **state)
{
    static const struct {
        const char *head;
        size_t bytes;
        bool is;
    } rows[] = {
        {BYTES(MAGIC), true},
        {BYTES("\x80\4\x95\x0d\0\0\0\0\0\0\0\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"),
         true},
        {BYTES("\x81\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), false},
        {BYTES("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50"), false},
        {BYTES("\x80\2}q\1."), false},
        {BYTES(""), false}};

    (void)state;
    for (size_t i = 0; i < AN_COUNT(rows); ++i)
        assert_int_equal(an_pth_is_legacy((const uint8_t *)rows[i].head, rows[i].bytes),
                         rows[i].is);
}

static void other_streams_are_refused(void **state)
{
    static const struct {
        const char *file;
        size_t bytes;
        alexnet_status status;
        const char *part;
    } rows[] = {
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]U\1ka." DATA), ALEXNET_OK, NULL},
        {BYTES(MAGIC PROTOCOL "\x80\2}U\x0dlittle_endian\x88s." VALUE "\x80\2]U\1ka." DATA),
         ALEXNET_OK, NULL},
        {BYTES(MAGIC PROTOCOL "\x80\2}U\x0dlittle_endian\x89s." VALUE "\x80\2]U\1ka." DATA),
         ALEXNET_UNSUPPORTED, "its byte order is big-endian"},
        {BYTES(MAGIC "\x80\2K\1."), ALEXNET_UNSUPPORTED, "of another protocol than 1001"},
        {BYTES(MAGIC "\x80\2N."), ALEXNET_UNSUPPORTED, "of another protocol than 1001"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2}." DATA), ALEXNET_BAD_FILE,
         "expected a list of storages"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]." DATA), ALEXNET_BAD_FILE,
         "storage 'k' is missing"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]U\1xa." DATA), ALEXNET_BAD_FILE,
         "its list of storages has 'x', which no tensor has, or twice"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]Na." DATA), ALEXNET_BAD_FILE,
         "its list of storages has '', which no tensor has, or twice"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2](U\1kU\1ke." DATA DATA), ALEXNET_BAD_FILE,
         "its list of storages has 'k', which no tensor has, or twice"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]U\1ka.\2\0\0\0\0\0\0\0a"), ALEXNET_BAD_FILE,
         "truncated: storage 'k' has 2 bytes"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "\x80\2]U\1ka.\2\0\0\0\0\0\0\1ab"), ALEXNET_BAD_FILE,
         "storage 'k' has 72057594037927938 elements, its pickle says 2"},
        {BYTES(MAGIC PROTOCOL SYSTEM "\x80\2cos\nsystem\n."), ALEXNET_BAD_FILE, "os.system"},
        {BYTES(MAGIC "cos\nsystem\n."), ALEXNET_BAD_FILE, "os.system"},
        {BYTES(MAGIC PROTOCOL SYSTEM VALUE "cos\nsystem\n."), ALEXNET_BAD_FILE, "os.system"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_tensor_file file;
        if (rows[i].status != ALEXNET_OK) {
            an_sample_refuse(p->ctx, rows[i].file, rows[i].bytes, FORMAT, rows[i].status,
                             rows[i].part);
            continue;
        }
        an_assert_ok(p->ctx,
                     an_tensor_file_parse(p->ctx, "w", rows[i].file, rows[i].bytes, FORMAT, &file));
        assert_memory_equal(file.tensors[0].data, "ab", 2);
        an_tensor_file_close(p->ctx, &file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_recognised),
        an_test_in_place(other_streams_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
