/*
 * pth_tar_test.c: tar archives of PyTorch whose parts do not fit. One that it reads is read in
 * pth_test.c.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/samples.h"

#include "formats/pytorch/pth.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT &an_tensor_format_pth
#define BLOCK  512

#define BYTES(text) text, sizeof text - 1

typedef struct part {
    const char *data;
    size_t bytes;
} part;

/* Two bytes under the key 7; as a view of it, the key 8. */
#define STORAGE "\x80\2K\1.\x80\2K\7U\3cpuctorch\nByteStorage\n\x87.\2\0\0\0\0\0\0\0ab"
#define VIEWS   "\x80\2]((K\x08K\7K\1K\1te."
#define PLAIN   "\x80\2]."
#define TENSOR(storage, rank)                                                                      \
    "\x80\2K\1.\x80\2K\x09" storage "ctorch\nByteTensor\n\x87." rank "\0\0\0\0\0\0\0"
#define ONE      "\1\0\0\0\0\0\0\0"
#define TWO      "\2\0\0\0\0\0\0\0"
#define ZERO     "\0\0\0\0\0\0\0\0"
#define NEGATIVE "\xff\xff\xff\xff\xff\xff\xff\xff"
#define GOOD     TENSOR("K\7", "\1") TWO ONE ZERO
#define VALUE    "\x80\2}U\1wK\x09Qs."

static void set_checksum(uint8_t header[BLOCK])
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < BLOCK; ++i)
        sum += header[i];
    snprintf((char *)header + 148, 7, "%06o", sum);
}

static size_t add_entry(uint8_t *at, const char *name, part content)
{
    memset(at, 0, BLOCK);
    snprintf((char *)at, 100, "%s", name);
    snprintf((char *)at + 124, 12, "%011zo", content.bytes);
    at[156] = '0';
    memcpy(at + 257, "ustar", 6);
    set_checksum(at);
    if (content.bytes > 0) memcpy(at + BLOCK, content.data, content.bytes);
    return BLOCK + AN_ROUND_UP(content.bytes, (size_t)BLOCK);
}

/* An archive of these three entries; free it. */
static an_sample make(part storages, part tensors, part value)
{
    an_sample sample = {calloc(16, BLOCK), 0};

    assert_non_null(sample.data);
    sample.size += add_entry(sample.data, "./storages", storages);
    sample.size += add_entry(sample.data + sample.size, "tensors", tensors);
    sample.size += add_entry(sample.data + sample.size, "pickle", value);
    sample.size += BLOCK;
    return sample;
}

static void parts_must_fit_together(void **state)
{
    static const struct {
        part storages, tensors, value;
        const char *message; /* NULL: read */
    } rows[] = {
        {{BYTES(STORAGE PLAIN)}, {BYTES(GOOD)}, {BYTES(VALUE)}, NULL},
        {{BYTES(STORAGE VIEWS)}, {BYTES(TENSOR("K\x08", "\1") ONE ONE ZERO)}, {BYTES(VALUE)}, NULL},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("U\0017", "\1") TWO ONE ZERO)},
         {BYTES(VALUE)},
         NULL},
        {{BYTES("\x80\2N.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "expected a number of storages"},
        {{BYTES("\x80\2J\xff\xff\xff\xff.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "expected a number of"},
        {{BYTES("\x80\2M\xff\xff.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "expected a number of"},
        {{BYTES("\x80\2K\1.\x80\2K\7K\7\x86.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "expected a tuple"},
        {{BYTES("\x80\2K\1.\x80\2N.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "expected a tuple"},
        {{BYTES("\x80\2K\1.\x80\2K\7NN\x87.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "a storage has no type"},
        {{BYTES("\x80\2K\1.\x80\2NNctorch\nByteStorage\n\x87.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "a key is neither a text nor a number"},
        {{BYTES("\x80\2K\1.\x80\2K\7Nctorch\nByteStorage\n\x87.\2\0\0")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "it is truncated"},
        {{BYTES("\x80\2K\1.\x80\2K\7Nctorch\nByteStorage\n\x87." TWO "a")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "storage '7' of 2 elements does not lie within the file"},
        {{BYTES("\x80\2K\1.\x80\2K\7Nctorch\nByteStorage\n\x87." NEGATIVE "a")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "storage '7' of -1 elements does not lie"},
        {{BYTES("\x80\2K\1.\x80\2K\7Nctorch\nLongStorage\n\x87.\0\0\0\0\0\0\0\x20")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "does not lie within the file"},
        {{BYTES(STORAGE "\x80\2]((K\x08K\6K\0K\1te.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "a part does not lie within its storage"},
        {{BYTES(STORAGE "\x80\2]((K\x08K\7K\2K\1te.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "a part does not lie within its storage"},
        {{BYTES(STORAGE "\x80\2]((K\x08K\7J\xff\xff\xff\xffK\1te.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "a part does not lie within its storage"},
        {{BYTES(STORAGE "\x80\2]Na.")},
         {BYTES(GOOD)},
         {BYTES(VALUE)},
         "expected a part of a storage"},
        {{BYTES(STORAGE "\x80\2N.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "expected a tuple"},
        {{BYTES(STORAGE)}, {BYTES(GOOD)}, {BYTES(VALUE)}, "truncated"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\x09"))},
         {BYTES(VALUE)},
         "a tensor has more than 8 dimensions"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\xff"))},
         {BYTES(VALUE)},
         "a tensor has more than 8 dimensions"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\1") TWO ONE)},
         {BYTES(VALUE)},
         "it is truncated"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\1") NEGATIVE ONE ZERO)},
         {BYTES(VALUE)},
         "a dimension is negative"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\1") TWO NEGATIVE ZERO)},
         {BYTES(VALUE)},
         "a dimension is negative"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\1") TWO ONE NEGATIVE)},
         {BYTES(VALUE)},
         "an offset is negative"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\7", "\1") TWO ONE ONE)},
         {BYTES(VALUE)},
         "tensor 'w': elements 1 to 3 of storage '7', which has 2"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(TENSOR("K\6", "\1") TWO ONE ZERO)},
         {BYTES(VALUE)},
         "tensor 'w': it is missing in the file"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(GOOD)},
         {BYTES("\x80\2}U\1wK\x08Qs.")},
         "tensor 'w': it is missing in the file"},
        {{BYTES(STORAGE PLAIN)},
         {BYTES(GOOD)},
         {BYTES("\x80\2}U\1wNQs.")},
         "tensor 'w': it is missing in the file"},
        {{BYTES(STORAGE PLAIN)}, {BYTES(GOOD)}, {BYTES("\x80\2cos\nsystem\n.")}, "os.system"},
        {{BYTES("cos\nsystem\n.")}, {BYTES(GOOD)}, {BYTES(VALUE)}, "os.system"},
        {{BYTES(STORAGE PLAIN)}, {BYTES("cos\nsystem\n.")}, {BYTES(VALUE)}, "os.system"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_sample sample = make(rows[i].storages, rows[i].tensors, rows[i].value);
        an_tensor_file file;
        if (rows[i].message != NULL) {
            an_sample_refuse(p->ctx, sample.data, sample.size, NULL, ALEXNET_BAD_FILE,
                             rows[i].message);
        } else {
            an_assert_ok(p->ctx,
                         an_tensor_file_parse(p->ctx, "w", sample.data, sample.size, NULL, &file));
            assert_int_equal(file.tensors[0].data[0], file.tensors[0].count == 2 ? 'a' : 'b');
            an_tensor_file_close(p->ctx, &file);
        }
        free(sample.data);
    }
}

static void damaged_headers_are_refused(void **state)
{
    const an_test_place *p = *state;
    an_sample sample =
        make((part){BYTES(STORAGE PLAIN)}, (part){BYTES(GOOD)}, (part){BYTES(VALUE)});
    uint8_t *second = sample.data + 2 * BLOCK;

    second[100] ^= 1;
    an_sample_refuse(p->ctx, sample.data, sample.size, FORMAT, ALEXNET_BAD_FILE,
                     "a header of its tar archive is damaged");
    second[100] ^= 1;
    memcpy(second + 124, "0000000000x", 11);
    set_checksum(second);
    an_sample_refuse(p->ctx, sample.data, sample.size, FORMAT, ALEXNET_BAD_FILE,
                     "a header of its tar archive is damaged");
    memcpy(second + 124, "77777777777", 11);
    set_checksum(second);
    an_sample_refuse(p->ctx, sample.data, sample.size, FORMAT, ALEXNET_BAD_FILE,
                     "its tar archive is truncated");
    memcpy(second + 124, "00000000001", 11);
    second[156] = '5'; /* a folder */
    set_checksum(second);
    an_sample_refuse(p->ctx, sample.data, sample.size, FORMAT, ALEXNET_BAD_FILE,
                     "an old file of torch.save() without 'tensors'");
    free(sample.data);
}

static void archives_are_recognised(void **state)
{
    const an_sample sample =
        make((part){BYTES(STORAGE PLAIN)}, (part){BYTES(GOOD)}, (part){BYTES(VALUE)});

    (void)state;
    assert_true(an_pth_is_tar(sample.data, BLOCK));
    assert_false(an_pth_is_tar(sample.data, BLOCK - 1));
    sample.data[2] = 'x';
    assert_false(an_pth_is_tar(sample.data, BLOCK));
    memcpy(sample.data, "sys_info\0", 9);
    assert_true(an_pth_is_tar(sample.data, BLOCK));
    sample.data[257] = 'x';
    assert_false(an_pth_is_tar(sample.data, BLOCK));
    free(sample.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(parts_must_fit_together),
        an_test_in_place(damaged_headers_are_refused),
        cmocka_unit_test(archives_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
