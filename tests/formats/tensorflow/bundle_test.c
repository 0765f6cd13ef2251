/*
 * bundle_test.c: checkpoints as TensorFlow writes them, and others made entry by entry; what is
 * refused; an index cut off anywhere and with any bit flipped.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/hash.h"
#include "formats/tensorflow/bundle.h"
#include "formats/tensorflow/made.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- as TensorFlow writes them ---- */

static const struct {
    const char *name;
    size_t index_bytes;
    const uint8_t *index;
    size_t data_bytes;
    const uint8_t *data;
} golden[] = {
#include "golden/tensorflow.inc"
};

static const char *write_golden(const an_test_place *p, const char *name)
{
    const char *path = an_test_path(p->folder, "c.index");
    size_t i = 0;

    while (strcmp(golden[i].name, name) != 0)
        assert_true(++i < AN_COUNT(golden));
    an_test_write(path, golden[i].index, golden[i].index_bytes);
    an_test_write(an_test_path(p->folder, "c.data-00000-of-00001"), golden[i].data,
                  golden[i].data_bytes);
    return path;
}

/* Changes one byte of a file in place, which is quicker than writing it anew. */
static void change_byte(const char *path, size_t at, uint8_t value)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fputc(value, file), value);
    assert_int_equal(fclose(file), 0);
}

/* Checks that element i is i, or i odd. */
static void check_values(alexnet_context *ctx, const an_tensor_view *tensor)
{
    float floats[64];
    bool same;

    assert_true(tensor->count <= 64);
    if (tensor->dtype <= AN_BF16) {
        an_assert_ok(ctx, an_tensor_to_finite(ctx, "f", tensor, floats));
        for (int i = 0; i < tensor->count; ++i)
            assert_true(floats[i] == (float)i);
        return;
    }
    uint8_t bytes[64 * 8] = {0};
    for (size_t i = 0; i < 64; ++i)
        bytes[i * an_dtype_bytes(tensor->dtype)] = (uint8_t)(tensor->dtype == AN_BOOL ? i % 2 : i);
    an_assert_ok(ctx, an_tensor_equals(ctx, "f", tensor, bytes, &same));
    assert_true(same);
}

static void every_type_is_read(void **state)
{
    static const struct {
        const char *name;
        an_dtype dtype;
        const char *shape;
    } rows[] = {{"t/float32", AN_F32, "[2,3]"}, {"t/float64", AN_F64, "[2,3]"},
                {"t/float16", AN_F16, "[2,3]"}, {"t/bfloat16", AN_BF16, "[2,3]"},
                {"t/int64", AN_I64, "[2,3]"},   {"t/int32", AN_I32, "[2,3]"},
                {"t/int16", AN_I16, "[2,3]"},   {"t/int8", AN_I8, "[2,3]"},
                {"t/uint8", AN_U8, "[2,3]"},    {"t/bool", AN_BOOL, "[2,3]"},
                {"scalar", AN_F32, "[]"},       {"empty", AN_F32, "[2,0,3]"},
                {"many/00", AN_F32, "[1]"},     {"many/16", AN_F32, "[2]"},
                {"many/17", AN_F32, "[3]"}};
    const an_test_place *p = *state;
    const char *path = write_golden(p, "types");
    char shape[AN_SHAPE_TEXT];
    an_tensor_file file;

    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    assert_ptr_equal(file.format, &an_tensor_format_tensorflow);
    assert_int_equal(file.count, 12 + 20); /* the text is left out */
    assert_int_equal(file.other_count, 1);
    assert_string_equal(file.other_names[0], "c.data-00000-of-00001");
    assert_int_equal(file.metadata_count, 0);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const an_tensor_view *tensor = an_tensor_file_find(&file, rows[i].name);
        assert_non_null(tensor);
        assert_int_equal(tensor->dtype, rows[i].dtype);
        assert_string_equal(an_tensor_shape_text(tensor->shape, tensor->rank, shape),
                            rows[i].shape);
    }
    for (size_t i = 0; i < file.count; ++i)
        check_values(p->ctx, &file.tensors[i]);
    an_tensor_file_close(p->ctx, &file);
}

static void checkpoints_of_objects_are_read(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, write_golden(p, "objects"), NULL, &file));
    const an_tensor_view *w = an_tensor_file_find(&file, "w/.ATTRIBUTES/VARIABLE_VALUE");
    assert_non_null(w);
    check_values(p->ctx, w);
    an_tensor_file_close(p->ctx, &file);
}

static void partitioned_variables_are_refused(void **state)
{
    const an_test_place *p = *state;
    an_tensor_file file;

    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, write_golden(p, "sliced"), NULL, &file),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "c.index: tensor 'sliced': a partitioned variable, stored in 2 slices");
}

static void damaged_data_are_found(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_golden(p, "objects"),
               *data = an_test_path(p->folder, "c.data-00000-of-00001");
    an_tensor_file file;
    float values[4];

    an_assert_ok(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file));
    const an_tensor_view *w = an_tensor_file_find(&file, "w/.ATTRIBUTES/VARIABLE_VALUE");
    assert_non_null(w);
    for (size_t bit = 0; bit < 8 * sizeof values; ++bit) {
        const size_t at = (size_t)w->place + bit / 8;
        change_byte(data, at, (uint8_t)(golden[2].data[at] ^ 1 << bit % 8));
        an_assert_status(p->ctx, an_tensor_to_float(p->ctx, "f", w, values), ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, "VARIABLE_VALUE': its CRC-32C is ");
        an_assert_error(p->ctx, ": the file is damaged");
        assert_null(strstr(alexnet_error(p->ctx), "alexnet.crc32c"));
        change_byte(data, at, golden[2].data[at]);
    }
    an_tensor_file_close(p->ctx, &file);
    assert_int_equal(unlink(data), 0);
    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file), ALEXNET_NOT_FOUND);
    an_assert_error(p->ctx, "c.index: data of tensor 'w/");
    an_assert_error(p->ctx, "c.data-00000-of-00001");
}

/* ---- entry by entry ---- */

/* A BundleHeaderProto. */
typedef struct header {
    uint64_t shards, endianness, min_consumer;
} header;

static void add_header(an_pb_out *block, const header *h)
{
    an_pb_out message = {.ctx = block->ctx}, version = message;

    if (h->shards > 0) an_pb_add_varint(&message, 1, h->shards);
    if (h->endianness > 0) an_pb_add_varint(&message, 2, h->endianness);
    an_pb_add_varint(&version, 1, 1);
    if (h->min_consumer > 0) an_pb_add_varint(&version, 2, h->min_consumer);
    an_pb_add_message(&message, 3, &version);
    made_entry(block, 0, "", 0, message.data, message.bytes);
    an_pb_free(&message);
    an_pb_free(&version);
}

/* A BundleEntryProto of one dimension; a member that is 0 is left out. */
typedef struct entry {
    const char *name;
    uint64_t type, dim, shard, offset, size;
    uint32_t crc;
    const char *more; /* further fields, as bytes */
    size_t more_bytes;
} entry;

static void add_entry(an_pb_out *block, const entry *e)
{
    an_pb_out message = {.ctx = block->ctx}, shape = message, dim = message;

    if (e->type > 0) an_pb_add_varint(&message, 1, e->type);
    an_pb_add_varint(&dim, 1, e->dim);
    an_pb_add_message(&shape, 2, &dim);
    an_pb_add_message(&message, 2, &shape);
    if (e->shard > 0) an_pb_add_varint(&message, 3, e->shard);
    if (e->offset > 0) an_pb_add_varint(&message, 4, e->offset);
    if (e->size > 0) an_pb_add_varint(&message, 5, e->size);
    if (e->crc > 0) {
        made_number(&message, 6 << 3 | AN_PB_32);
        made_u32(&message, e->crc);
    }
    made_bytes(&message, e->more, e->more_bytes);
    made_entry(block, 0, e->name, strlen(e->name), message.data, message.bytes);
    an_pb_free(&message);
    an_pb_free(&shape);
    an_pb_free(&dim);
}

static const float numbers[] = {0, 1, 2, 3};

/* Opens FOLDER/m.index of these entries, beside two shards of four numbers. Frees the block. */
static alexnet_status open_made(const an_test_place *p, an_pb_out *block, an_tensor_file *file)
{
    const char *path = an_test_path(p->folder, "m.index");

    made_end(block);
    an_pb_out table = made_table(p->ctx, block->data, block->bytes);
    an_test_write(path, table.data, table.bytes);
    an_test_write(an_test_path(p->folder, "m.data-00000-of-00002"), numbers, sizeof numbers);
    an_test_write(an_test_path(p->folder, "m.data-00001-of-00002"), numbers, sizeof numbers);
    an_pb_free(block);
    an_pb_free(&table);
    return an_tensor_file_open(p->ctx, path, NULL, file);
}

static uint32_t sum_of(size_t first, size_t count)
{
    return made_mask(an_crc32c(0, numbers + first, count * sizeof *numbers));
}

static void shards_lie_beside_the_index(void **state)
{
    const an_test_place *p = *state;
    const entry entries[] = {{"a", 1, 2, 1, 0, 8, sum_of(0, 2), NULL, 0},
                             {"b", 1, 4, 0, 0, 16, sum_of(0, 4), NULL, 0},
                             {"c", 1, 2, 1, 8, 8, sum_of(2, 2), NULL, 0}};
    an_pb_out block = {.ctx = p->ctx};
    an_tensor_file file;
    float values[4];

    add_header(&block, &(header){2, 0, 1});
    for (size_t i = 0; i < AN_COUNT(entries); ++i)
        add_entry(&block, &entries[i]);
    an_assert_ok(p->ctx, open_made(p, &block, &file));
    assert_int_equal(file.count, 3);
    assert_int_equal(file.other_count, 2); /* opened once each, where first needed */
    assert_string_equal(file.other_names[0], "m.data-00001-of-00002");
    assert_string_equal(file.other_names[1], "m.data-00000-of-00002");
    an_assert_ok(p->ctx, an_tensor_to_float(p->ctx, "f", &file.tensors[2], values));
    assert_true(values[0] == 2 && values[1] == 3);
    an_assert_ok(p->ctx, an_tensor_check(p->ctx, "f", &file.tensors[0]));
    an_assert_ok(p->ctx, an_tensor_check(p->ctx, "f", &file.tensors[1]));
    an_tensor_file_close(p->ctx, &file);
}

static void other_headers_are_refused(void **state)
{
    const an_test_place *p = *state;
    static const struct {
        header header;
        alexnet_status status;
        const char *why;
    } rows[] = {
        {{0, 0, 0}, ALEXNET_BAD_FILE, "a checkpoint of 0 data files; expected 1 to 256"},
        {{257, 0, 0}, ALEXNET_BAD_FILE, "a checkpoint of 257 data files"},
        {{UINT64_MAX, 0, 0}, ALEXNET_BAD_FILE, "a checkpoint of 18446744073709551615 data files"},
        {{1, 1, 0}, ALEXNET_UNSUPPORTED, "are big-endian; only little-endian ones are read"},
        {{1, 0, 2}, ALEXNET_UNSUPPORTED, "needs a reader of version 2; this one reads version 1"}};
    an_tensor_file file;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pb_out block = {.ctx = p->ctx};
        add_header(&block, &rows[i].header);
        an_assert_status(p->ctx, open_made(p, &block, &file), rows[i].status);
        an_assert_error(p->ctx, "m.index: ");
        an_assert_error(p->ctx, rows[i].why);
    }
    an_pb_out block = {.ctx = p->ctx};
    add_entry(&block, &(entry){.name = "a", .type = 1});
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a table of another program: expected the header of a checkpoint");
    block = (an_pb_out){.ctx = p->ctx};
    made_entry(&block, 0, "", 0, "\x0a\0", 2); /* the number of shards as a text */
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "field 1 before byte ");
}

static void other_entries_are_refused(void **state)
{
    const an_test_place *p = *state;
#define MORE(bytes) bytes, sizeof(bytes) - 1
    static const struct {
        entry entry;
        alexnet_status status;
        const char *why;
    } rows[] = {
        {{"a", 1, 2, 0, 0, 4, 0, NULL, 0},
         ALEXNET_BAD_FILE,
         "tensor 'a': [2] of F32 needs 8 bytes, the index says 4"},
        {{"a", 1, 2, 2, 0, 8, 0, NULL, 0},
         ALEXNET_BAD_FILE,
         "tensor 'a': it is in data file 2 of 2, counted from 0"},
        {{"a", 1, 2, UINT64_MAX, 0, 8, 0, NULL, 0}, ALEXNET_BAD_FILE, "it is in data file 1844"},
        {{"a", 1, 2, 0, 12, 8, 0, NULL, 0},
         ALEXNET_BAD_FILE,
         "needs 8 bytes at 12 of 'm.data-00000-of-00002', which has 16"},
        {{"a", 1, 2, 1, UINT64_MAX, 8, 0, NULL, 0}, ALEXNET_BAD_FILE, "needs 8 bytes at 1844"},
        {{"a", 1, UINT64_MAX, 0, 0, 8, 0, NULL, 0}, ALEXNET_BAD_FILE, "a dimension is negative"},
        {{"a", 1, INT64_MAX, 0, 0, 8, 0, NULL, 0}, ALEXNET_BAD_FILE, "is too large"},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x12\2\x18\1")}, ALEXNET_BAD_FILE, "its shape is unknown"},
        {{"a", 1, 2, 0, 0, 8, 0,
          MORE("\x12\x12\x12\0\x12\0\x12\0\x12\0\x12\0\x12\0\x12\0\x12\0\x12\0")},
         ALEXNET_BAD_FILE,
         "it has more than 8 dimensions"},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x32\0")}, ALEXNET_BAD_FILE, "field 6 before byte "},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x2a\0")}, ALEXNET_BAD_FILE, "field 5 before byte "},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x12\4\x12\2\x0a\0")}, ALEXNET_BAD_FILE, "field 1 before"},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x12\x7f")}, ALEXNET_BAD_FILE, "longer than its message"},
        {{"a", 0, 2, 0, 0, 8, 0, NULL, 0}, ALEXNET_UNSUPPORTED, "TensorFlow's type 0"},
        {{"a", 8, 2, 0, 0, 8, 0, NULL, 0},
         ALEXNET_UNSUPPORTED,
         "tensor 'a': numbers of TensorFlow's type 8 are not read"},
        {{"a", 1, 2, 0, 0, 8, 0, MORE("\x3a\0")},
         ALEXNET_UNSUPPORTED,
         "tensor 'a': a partitioned variable, stored in 1 slice;"},
        {{"a\xff", 1, 2, 0, 0, 8, 0, NULL, 0}, ALEXNET_BAD_FILE, "its name is not UTF-8"},
    };
#undef MORE
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        const size_t open = an_test_count_descriptors();
        an_pb_out block = {.ctx = p->ctx};
        an_tensor_file file;
        add_header(&block, &(header){2, 0, 0});
        add_entry(&block, &rows[i].entry);
        an_assert_status(p->ctx, open_made(p, &block, &file), rows[i].status);
        an_assert_error(p->ctx, "m.index: ");
        an_assert_error(p->ctx, rows[i].why);
        assert_int_equal(an_test_count_descriptors(), open);
    }
}

static void other_names_are_refused(void **state)
{
    const an_test_place *p = *state;
    char name[AN_BUNDLE_NAME_MAX + 2] = {0};
    an_pb_out block = {.ctx = p->ctx};
    an_tensor_file file;

    memset(name, 'n', AN_BUNDLE_NAME_MAX + 1);
    add_header(&block, &(header){2, 0, 0});
    add_entry(&block, &(entry){.name = name, .type = 1});
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a name of 513 bytes; expected at most 512");
    block = (an_pb_out){.ctx = p->ctx};
    add_header(&block, &(header){2, 0, 0});
    made_entry(&block, 0, "a\0b", 3, "\x8\1", 2);
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "tensor 'a': its name is not UTF-8, or has a zero byte");
    block = (an_pb_out){.ctx = p->ctx};
    add_header(&block, &(header){2, 0, 0});
    made_entry(&block, 0, "\0a", 2, "\x8\1", 2);
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a slice of a variable that is not there");
}

static void overlapping_data_are_refused(void **state)
{
    const an_test_place *p = *state;
    const entry entries[] = {{"a", 1, 2, 1, 0, 8, 0, NULL, 0},
                             {"b", 1, 2, 0, 4, 8, 0, NULL, 0},
                             {"c", 1, 2, 1, 4, 8, 0, NULL, 0}};
    an_pb_out block = {.ctx = p->ctx};
    an_tensor_file file;

    add_header(&block, &(header){2, 0, 0});
    for (size_t i = 0; i < AN_COUNT(entries); ++i)
        add_entry(&block, &entries[i]);
    an_assert_status(p->ctx, open_made(p, &block, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "m.index: tensor 'c': its data overlap those of 'a'");
}

/* ---- files beside it ---- */

static void nothing_outside_its_folder_is_opened(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_golden(p, "objects"), *other = an_test_path(p->folder, "other"),
               *data = an_test_path(p->folder, "c.data-00000-of-00001");
    an_tensor_file file;

    assert_int_equal(rename(data, other), 0);
    assert_int_equal(symlink("other", data), 0);
    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "a part of it is a link");
    assert_int_equal(unlink(data), 0);
    assert_int_equal(link(other, data), 0);
    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "it has other names");
}

static void an_index_needs_its_name_and_place(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_golden(p, "objects"), *renamed = an_test_path(p->folder, "c.bin"),
               *large = an_test_path(p->folder, "large.index");
    an_tensor_file file;

    assert_int_equal(rename(path, renamed), 0);
    an_assert_status(p->ctx, an_tensor_file_open(p->ctx, renamed, NULL, &file), ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "c.bin: the index of a checkpoint of TensorFlow; expected a name that");
    an_assert_status(
        p->ctx,
        an_tensor_file_parse(p->ctx, "x", golden[2].index, golden[2].index_bytes, NULL, &file),
        ALEXNET_UNSUPPORTED);
    an_assert_error(p->ctx, "x: tensor 'w/");
    an_assert_error(p->ctx, "its data are in another file, and the index is not on disk");
    an_test_write_text(large, "");
    assert_int_equal(truncate(large, (off_t)AN_BUNDLE_INDEX_MAX + 1), 0);
    an_assert_status(p->ctx,
                     an_tensor_file_open(p->ctx, large, &an_tensor_format_tensorflow, &file),
                     ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "an index of 67108865 bytes; expected at most 67108864");
}

/* ---- damage ---- */

static void damage_anywhere_is_found(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_golden(p, "types");
    const size_t size = golden[0].index_bytes;
    const uint8_t *index = golden[0].index;
    an_tensor_file file;

    assert_string_equal(golden[0].name, "types");
    for (size_t bit = 0; bit < 8 * size; ++bit) {
        change_byte(path, bit / 8, (uint8_t)(index[bit / 8] ^ 1 << bit % 8));
        an_assert_status(p->ctx,
                         an_tensor_file_open(p->ctx, path, &an_tensor_format_tensorflow, &file),
                         ALEXNET_BAD_FILE);
        change_byte(path, bit / 8, index[bit / 8]);
    }
    for (size_t bytes = size; bytes-- > 0;) {
        assert_int_equal(truncate(path, (off_t)bytes), 0);
        an_assert_status(p->ctx,
                         an_tensor_file_open(p->ctx, path, &an_tensor_format_tensorflow, &file),
                         ALEXNET_BAD_FILE);
        an_assert_status(p->ctx, an_tensor_file_open(p->ctx, path, NULL, &file), ALEXNET_BAD_FILE);
    }
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

static void every_failure_is_reported(void **state)
{
    const an_test_place *p = *state;
    const char *path = write_golden(p, "types");

    for (int i = 0; i < 3; ++i) {
        const unsigned kind = i == 0 ? AN_FAULT_MEMORY : i == 1 ? AN_FAULT_READ : AN_FAULT_OPEN;
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(kind), n, false, EIO);
            const alexnet_status status = read_whole(p->ctx, path);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, i == 0 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            an_assert_error(p->ctx, path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(every_type_is_read),
        an_test_in_place(checkpoints_of_objects_are_read),
        an_test_in_place(partitioned_variables_are_refused),
        an_test_in_place(damaged_data_are_found),
        an_test_in_place(shards_lie_beside_the_index),
        an_test_in_place(other_headers_are_refused),
        an_test_in_place(other_entries_are_refused),
        an_test_in_place(other_names_are_refused),
        an_test_in_place(overlapping_data_are_refused),
        an_test_in_place(nothing_outside_its_folder_is_opened),
        an_test_in_place(an_index_needs_its_name_and_place),
        an_test_in_place(damage_anywhere_is_found),
        an_test_in_place(every_failure_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
