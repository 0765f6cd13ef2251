/*
 * sstable_test.c: tables with entries, blocks and restarts of every kind; what is refused; a table
 * cut off anywhere and with any bit flipped.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/hash.h"
#include "base/status.h"
#include "formats/tensorflow/made.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads all of a table; its entries as "key=value;" in `text`. */
static alexnet_status read_all(alexnet_context *ctx, const void *data, size_t bytes,
                               char text[1024])
{
    const an_reader reader = an_reader_of(data, bytes);
    an_sstable table;
    an_sstable_entry entry;
    bool more = true;
    size_t used = 0;

    text[0] = '\0';
    alexnet_status status = an_sstable_open(ctx, "f", &reader, &table);
    while (status == ALEXNET_OK && more) {
        status = an_sstable_next(&table, &entry, &more);
        if (status != ALEXNET_OK || !more) break;
        assert_memory_equal((const uint8_t *)data + entry.place, entry.value, entry.value_bytes);
        used += (size_t)snprintf(text + used, used < 1024 ? 1024 - used : 0, "%.*s=%.*s;",
                                 (int)entry.key_bytes, (const char *)entry.key,
                                 (int)entry.value_bytes, (const char *)entry.value);
        assert_true(used < 1024);
    }
    an_sstable_close(&table);
    an_sstable_close(&table);
    return status;
}

/* ---- what is read ---- */

static void expect(alexnet_context *ctx, an_pb_out *table, const char *expected)
{
    char text[1024];

    an_assert_ok(ctx, read_all(ctx, table->data, table->bytes, text));
    assert_string_equal(text, expected);
    an_pb_free(table);
}

static void entries_are_read_in_order(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out block = {.ctx = ctx}, table;

    made_entry(&block, 0, "", 0, "header", 6);
    made_entry(&block, 0, "conv1/b", 7, "1", 1);
    made_entry(&block, 6, "w", 1, "", 0);
    made_entry(&block, 4, "2", 1, "two", 3);
    made_end(&block);
    table = made_table(ctx, block.data, block.bytes);
    expect(ctx, &table, "=header;conv1/b=1;conv1/w=;conv2=two;");
    an_pb_free(&block);
}

static void restarts_are_checked_and_passed(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out block = {.ctx = ctx}, table;

    made_entry(&block, 0, "aa", 2, "1", 1);
    made_entry(&block, 1, "b", 1, "2", 1);
    const uint32_t second = (uint32_t)block.bytes;
    made_entry(&block, 0, "ac", 2, "3", 1);
    made_u32(&block, 0);
    made_u32(&block, second);
    made_u32(&block, 2);
    table = made_table(ctx, block.data, block.bytes);
    expect(ctx, &table, "aa=1;ab=2;ac=3;");
    an_pb_free(&block);
}

/* A table of blocks with one entry each. keys[i] NULL: a block without entries. */
static an_pb_out table_of(alexnet_context *ctx, const char *const *keys, const char *const *bounds,
                          size_t count)
{
    an_pb_out file = {.ctx = ctx}, index = file;

    for (size_t i = 0; i < count; ++i) {
        an_pb_out block = {.ctx = ctx};
        if (keys[i] != NULL) made_entry(&block, 0, keys[i], strlen(keys[i]), "v", 1);
        made_end(&block);
        made_place(&index, bounds[i], strlen(bounds[i]),
                   made_block(&file, block.data, block.bytes, 0));
        an_pb_free(&block);
    }
    made_end(&index);
    made_finish(&file, &index);
    an_pb_free(&index);
    return file;
}

static void blocks_follow_each_other(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const keys[] = {"a", "b", "cc"}, *const bounds[] = {"a", "c", "d"};
    an_pb_out table = table_of(ctx, keys, bounds, 3);

    expect(ctx, &table, "a=v;b=v;cc=v;");
    table = table_of(ctx, keys, bounds, 0);
    expect(ctx, &table, "");
}

static void a_table_is_known_by_its_end(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out table = made_table(ctx, "\0\0\0\0\1\0\0\0", 8);

    assert_true(an_sstable_matches(table.data + table.bytes - 8, 8));
    assert_true(an_sstable_matches(table.data, table.bytes));
    assert_false(an_sstable_matches(table.data, table.bytes - 1));
    assert_false(an_sstable_matches(table.data + table.bytes - 7, 7));
    an_pb_free(&table);
}

/* RFC 3720, B.4: 32 zeros have the CRC-32C 8a9136aa. LevelDB's util/crc32c.h has the mask. */
static void a_checksum_is_unmasked(void **state)
{
    static const uint8_t zeros[32];

    (void)state;
    assert_int_equal(an_crc32c(0, zeros, sizeof zeros), 0x8a9136aaU);
    assert_int_equal(an_sstable_unmask(0x0fd7fffaU), 0x8a9136aaU);
    for (uint32_t crc = 1; crc != 0; crc <<= 1)
        assert_int_equal(an_sstable_unmask(made_mask(crc)), crc);
}

/* ---- what is refused ---- */

static void refuse(alexnet_context *ctx, an_pb_out *table, alexnet_status status, const char *why)
{
    char text[1024];

    an_assert_status(ctx, read_all(ctx, table->data, table->bytes, text), status);
    an_assert_error(ctx, "f: ");
    an_assert_error(ctx, why);
    an_pb_free(table);
}

#define ONE "\0\0\0\0\1\0\0\0" /* one restart, at 0 */

static void damaged_blocks_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *data;
        size_t bytes;
        const char *why;
    } rows[] = {
#define ROW(data, why) {data, sizeof(data) - 1, why}
        ROW("\1\0\0", "a block of less than 8 bytes"),
        ROW("\0\0\0\0\0\0\0\0", "more restarts than bytes, or none"),
        ROW("\0\0\0\0\2\0\0\0", "more restarts than bytes, or none"),
        ROW("\0\0\0\0\xff\xff\xff\xff", "more restarts than bytes, or none"),
        ROW("\0\1\1ab\1\0\0\0\1\0\0\0", "the first restart of a block is not its beginning"),
        ROW("\0\1\1ab\0\0\0\0\2\0\0\0\2\0\0\0",
            "a restart of a block is not where an entry begins"),
        ROW("\0\1\1ab\0\0\0\0\5\0\0\0\2\0\0\0",
            "a restart of a block is not where an entry begins"),
        ROW("\0\1\1ab\0\0\0\0\xff\0\0\0\2\0\0\0",
            "a restart of a block is not where an entry begins"),
        ROW("\0\1\1ab\0\0\0\0\0\0\0\0\2\0\0\0",
            "a restart of a block is not where an entry begins"),
        ROW(ONE, "a block without entries"),
        ROW("\0\0\0\0\0\0\0\0\2\0\0\0", "a restart of a block is not where an entry begins"),
        ROW("\0" ONE, "an entry does not end in its block"),
        ROW("\0\2\1ab" ONE, "an entry does not end in its block"),
        ROW("\0\1\2ab" ONE, "an entry does not end in its block"),
        ROW("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1ab" ONE,
            "an entry does not end in its block"),
        ROW("\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"
            "ab" ONE,
            "an entry does not end in its block"),
        ROW("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\1ab" ONE,
            "an entry does not end in its block"),
        ROW("\0\x81\0\1ab" ONE, "an entry does not end in its block"),
        ROW("\1\1\1ab" ONE, "a key shares more than there is before it"),
        ROW("\0\1\1ab\2\1\1ab" ONE, "a key shares more than there is before it"),
        ROW("\0\2\1abx\1\1\1cx\0\0\0\0\6\0\0\0\2\0\0\0",
            "a key shares more than there is before it"),
        ROW("\0\1\1ab\0\1\1ab" ONE, "keys do not ascend"),
        ROW("\0\1\1bx\0\1\1ax" ONE, "keys do not ascend"),
        ROW("\0\2\1abx\0\1\1ax" ONE, "keys do not ascend"),
        ROW("\0\2\1abx\1\1\1bx" ONE, "keys do not ascend"),
        ROW("\0\2\1abx\1\0\1x" ONE, "keys do not ascend"),
        ROW("\0\0\1x\0\0\1x" ONE, "keys do not ascend"),
        ROW("\0\3\1\xff\xff\xffx" ONE, "the index has a lower key than the block"),
#undef ROW
    };
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pb_out table = made_table(ctx, rows[i].data, rows[i].bytes);
        refuse(ctx, &table, ALEXNET_BAD_FILE, rows[i].why);
    }
}

static void blocks_out_of_order_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char *const keys[] = {"b", "b"}, *const same[] = {"b", "c"},
                             *const back[] = {"b", "a"}, *const none[] = {NULL, "b"};
    an_pb_out table = table_of(ctx, keys, same, 2);

    refuse(ctx, &table, ALEXNET_BAD_FILE, "keys do not ascend from block to block");
    table = table_of(ctx, keys, back, 2);
    refuse(ctx, &table, ALEXNET_BAD_FILE, "keys do not ascend");
    table = table_of(ctx, none, same, 2);
    refuse(ctx, &table, ALEXNET_BAD_FILE, "a block without entries");
}

/* A table of one good data block, with an index of one entry that says this. */
static an_pb_out table_at(alexnet_context *ctx, const char *value, size_t bytes)
{
    static const char data[] = "\0\1\1ab" ONE;
    an_pb_out file = {.ctx = ctx}, index = file;

    made_block(&file, data, sizeof data - 1, 0);
    made_entry(&index, 0, "x", 1, value, bytes);
    made_end(&index);
    made_finish(&file, &index);
    an_pb_free(&index);
    return file;
}

static void places_that_are_none_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const struct {
        const char *value;
        size_t bytes;
        const char *why; /* NULL: good */
    } rows[] = {{"\0\x0d", 2, NULL},
                {"\0", 1, "a value that is no place"},
                {"\0\x0d\0", 3, "a value that is no place"},
                {"\0\x8d\0", 3, "a value that is no place"},
                {"\0\x20", 2, "a block of 32 bytes at 0, of which only 31 are left"},
                {"\x1f\0", 2, "a block of 0 bytes at 31"},
                {"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11, "a block of 18446744073709551615"},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1", 11, "bytes at 18446744073709551615"},
                {"\1\x0d", 2, "the CRC-32C of a block of 13 bytes is"}};

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_pb_out table = table_at(ctx, rows[i].value, rows[i].bytes);
        if (rows[i].why != NULL)
            refuse(ctx, &table, ALEXNET_BAD_FILE, rows[i].why);
        else
            expect(ctx, &table, "a=b;");
    }
}

/* The same block twice would be read as often as a small file likes. */
static void a_block_is_read_once(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char data[] = "\0\1\1ab" ONE;
    an_pb_out file = {.ctx = ctx}, index = file;
    const an_sstable_range range = made_block(&file, data, sizeof data - 1, 0);

    made_place(&index, "b", 1, range);
    made_place(&index, "c", 1, range);
    made_end(&index);
    made_finish(&file, &index);
    an_pb_free(&index);
    refuse(ctx, &file, ALEXNET_BAD_FILE, "the index has a block before the end of another");
}

static void compressed_blocks_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    static const char data[] = "\0\1\1ab" ONE;

    for (uint8_t compression = 1; compression <= 2; ++compression) {
        an_pb_out file = {.ctx = ctx}, index = file;
        made_place(&index, "x", 1, made_block(&file, data, sizeof data - 1, compression));
        made_end(&index);
        made_finish(&file, &index);
        an_pb_free(&index);
        refuse(ctx, &file, ALEXNET_UNSUPPORTED,
               compression == 1 ? "a block is compressed by Snappy" : "in an unknown way");
    }
}

/* Sizes are refused before anything is allocated for them. */
static void large_claims_are_refused(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    const size_t bytes = AN_SSTABLE_BLOCK_MAX + 1 + 5;
    an_pb_out file = {.ctx = ctx}, block = file, index = file;
    uint8_t *zeros = calloc(1, bytes);

    assert_non_null(zeros);
    made_place(&index, "x", 1, (an_sstable_range){0, bytes - 5});
    made_end(&index);
    file = (an_pb_out){.ctx = ctx};
    an_pb_append(&file, &(an_pb_out){.ctx = ctx, .data = zeros, .bytes = bytes});
    made_finish(&file, &index);
    refuse(ctx, &file, ALEXNET_BAD_FILE, "a block of 2097153 bytes; expected at most 2097152");
    made_entry(&block, 0, zeros, AN_SSTABLE_KEY_MAX, "v", 1);
    memset(zeros, 1, AN_SSTABLE_KEY_MAX + 1);
    made_entry(&block, 0, zeros, AN_SSTABLE_KEY_MAX + 1, "v", 1);
    made_end(&block);
    file = made_table(ctx, block.data, block.bytes);
    refuse(ctx, &file, ALEXNET_BAD_FILE, "a key has more than 2048 bytes");
    an_pb_free(&block);
    an_pb_free(&index);
    free(zeros);
}

/* ---- damage ---- */

static an_pb_out small_table(alexnet_context *ctx)
{
    static const char *const keys[] = {"a", "b", "cc"}, *const bounds[] = {"a", "c", "d"};

    return table_of(ctx, keys, bounds, 3);
}

static void damage_anywhere_is_found(void **state)
{
    alexnet_context *ctx = ((const an_test_place *)*state)->ctx;
    an_pb_out table = small_table(ctx);
    char text[1024];

    for (size_t bytes = 0; bytes < table.bytes; ++bytes) {
        uint8_t *copy = malloc(bytes + 1); /* of exactly this size, for the sanitizers */
        assert_non_null(copy);
        memcpy(copy, table.data, bytes);
        an_assert_status(ctx, read_all(ctx, copy, bytes, text), ALEXNET_BAD_FILE);
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * table.bytes; ++bit) {
        table.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(read_all(ctx, table.data, table.bytes, text), ALEXNET_OK);
        table.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    an_pb_free(&table);
}

static alexnet_status read_file(alexnet_context *ctx, const char *path)
{
    an_reader reader;
    an_sstable table = {0};
    an_sstable_entry entry;
    bool more = true;

    AN_TRY(an_reader_open(ctx, path, &reader));
    alexnet_status status = an_sstable_open(ctx, path, &reader, &table);
    while (status == ALEXNET_OK && more)
        status = an_sstable_next(&table, &entry, &more);
    an_sstable_close(&table);
    an_reader_close(&reader);
    return status;
}

static void every_failure_is_reported(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "t");
    an_pb_out table = small_table(p->ctx);

    an_test_write(path, table.data, table.bytes);
    an_pb_free(&table);
    for (int i = 0; i < 2; ++i) {
        const unsigned kind = i == 0 ? AN_FAULT_MEMORY : AN_FAULT_READ;
        for (long n = 0;; ++n) {
            an_test_fault fault;
            an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(kind), n, false, EIO);
            const alexnet_status status = read_file(p->ctx, path);
            if (!an_test_fault_disarm(&fault)) break;
            assert_int_equal(status, i == 0 ? ALEXNET_NO_MEMORY : ALEXNET_IO);
            an_assert_error(p->ctx, path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(entries_are_read_in_order),
        an_test_in_place(restarts_are_checked_and_passed),
        an_test_in_place(blocks_follow_each_other),
        an_test_in_place(a_table_is_known_by_its_end),
        cmocka_unit_test(a_checksum_is_unmasked),
        an_test_in_place(damaged_blocks_are_refused),
        an_test_in_place(blocks_out_of_order_are_refused),
        an_test_in_place(places_that_are_none_are_refused),
        an_test_in_place(a_block_is_read_once),
        an_test_in_place(compressed_blocks_are_refused),
        an_test_in_place(large_claims_are_refused),
        an_test_in_place(damage_anywhere_is_found),
        an_test_in_place(every_failure_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
