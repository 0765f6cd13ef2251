/*
 * protobuf_test.c: fields of every wire type, written and read back; every truncation; false
 * claims; nesting; a large file through a small window; refused memory.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "formats/protobuf.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static an_pb_cursor open_bytes(alexnet_context *ctx, an_reader *reader, const void *data,
                               size_t bytes)
{
    *reader = an_reader_of(data, bytes);
    const an_pb_cursor cursor = an_pb_open(ctx, "w", reader);
    an_assert_ok(ctx, cursor.status);
    return cursor;
}

/* Encoding: protobuf.dev/programming-guides/encoding, its examples (150, "testing", nesting). */
static void fields_of_every_wire_type_are_read(void **state)
{
    static const char bytes[] = "\x08\x96\x01"                     /* 1: 150 */
                                "\x12\x07testing"                  /* 2: "testing" */
                                "\x1a\x03\x08\x96\x01"             /* 3: a message */
                                "\x22\x06\x03\x8e\x02\x9e\xa7\x05" /* 4: packed 3, 270, 86942 */
                                "\x2d\0\0\xc0\x3f"                 /* 5: 1.5f */
                                "\x31\0\0\0\0\0\0\x04\xc0"         /* 6: -2.5 */
                                "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* 7: -1 */
                                "\xf8\xff\xff\xff\x0f\x80\x00"; /* 2^29 - 1: 0 in two bytes */
    const an_test_place *p = *state;
    an_reader reader;
    an_pb_field field, inner_field;
    an_store store = {0};
    uint64_t value;
    an_pb_cursor message = open_bytes(p->ctx, &reader, bytes, sizeof bytes - 1);

    assert_true(an_pb_next(&message, &field));
    assert_true(field.number == 1 && field.wire == AN_PB_VARINT && field.value == 150);

    assert_true(an_pb_next(&message, &field));
    assert_true(field.number == 2 && field.wire == AN_PB_BYTES && field.value == 7);
    assert_int_equal(field.place, 5);
    assert_string_equal(an_pb_text(&message, &field, &store, 7), "testing");

    assert_true(an_pb_next(&message, &field));
    an_pb_cursor inner = an_pb_enter(&message, &field);
    assert_true(an_pb_next(&inner, &inner_field));
    assert_true(inner_field.number == 1 && inner_field.value == 150);
    assert_false(an_pb_next(&inner, &inner_field));
    an_pb_leave(&message, &inner);

    assert_true(an_pb_next(&message, &field));
    inner = an_pb_enter(&message, &field);
    assert_true(an_pb_varint(&inner, &value) && value == 3);
    assert_true(an_pb_varint(&inner, &value) && value == 270);
    assert_true(an_pb_varint(&inner, &value) && value == 86942);
    assert_false(an_pb_varint(&inner, &value));
    an_pb_leave(&message, &inner);

    assert_true(an_pb_next(&message, &field));
    assert_true(field.wire == AN_PB_32 && an_pb_float(&field) == 1.5f);
    assert_true(an_pb_next(&message, &field));
    assert_true(field.wire == AN_PB_64 && an_pb_double(&field) == -2.5);
    assert_true(an_pb_next(&message, &field));
    assert_true(an_pb_signed(&field) == -1);
    assert_true(an_pb_next(&message, &field));
    assert_true(field.number == (1 << 29) - 1 && field.value == 0);
    assert_false(an_pb_next(&message, &field));
    an_assert_ok(p->ctx, message.status);
    an_pb_close(&message);
    an_pb_close(&message);
    an_store_free(p->ctx, &store);
}

/* ---- refused ---- */

static void false_claims_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *error;
    } rows[] = {
        {"\x00\x01", 2, "byte 0: a field's number is not in 1"},
        {"\x08\x01\x07\x01", 4, "byte 2: a field's number is not in 1"},
        {"\x80\x80\x80\x80\x10\x01", 6, "a field's number is not in 1"},
        {"\x0b", 1, "byte 0: a field of a wire type that is not in use"}, /* a group */
        {"\x0c", 1, "byte 0: a field of a wire type that is not in use"},
        {"\x0e", 1, "byte 0: a field of a wire type that is not in use"},
        {"\x0f", 1, "byte 0: a field of a wire type that is not in use"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "byte 1: a number of more than"},
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12, "byte 1: a number of more than"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "a number of more than 64 bits"},
        {"\x0a\x02x", 3, "byte 0: a field is longer than its message"},
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "a field is longer"},
        {"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x40", 10, "a field is longer"},
        {"\x0d\0\0\0", 4, "byte 1: a field is longer"},
        {"\x09\0\0\0\0\0\0\0", 8, "byte 1: a field is longer"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_reader reader;
        an_pb_field field;
        uint8_t *copy = malloc(rows[i].count); /* a sanitizer sees the first byte beyond it */
        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].count);
        an_pb_cursor message = open_bytes(p->ctx, &reader, copy, rows[i].count);
        while (an_pb_next(&message, &field)) {
        }
        an_assert_status(p->ctx, message.status, ALEXNET_BAD_FILE);
        an_assert_error(p->ctx, rows[i].error);
        assert_false(an_pb_next(&message, &field)); /* it stays refused */
        an_pb_close(&message);
        free(copy);
    }
}

static void texts_are_checked(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *error; /* NULL: good */
    } rows[] = {
        {"\x0a\x00", 2, NULL},
        {"\x0a\x06\xc3\xa9\xe2\x82\xac.", 8, NULL},
        {"\x0a\x03"
         "a\0b",
         5, "not UTF-8, or has a zero byte"},
        {"\x0a\x02\xc3\x28", 4, "not UTF-8"},
        {"\x0a\x01\xc3", 3, "not UTF-8"},
        {"\x0a\x0b"
         "elevenbytes",
         13, "a text of 11 bytes; expected at most 10"},
        {"\x08\x03", 2, "expected a text before it, found a number"},
    };
    const an_test_place *p = *state;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_reader reader;
        an_pb_field field;
        an_store store = {0};
        an_pb_cursor message = open_bytes(p->ctx, &reader, rows[i].bytes, rows[i].count);
        assert_true(an_pb_next(&message, &field));
        const char *text = an_pb_text(&message, &field, &store, 10);
        if (rows[i].error == NULL) {
            assert_non_null(text);
            assert_memory_equal(text, rows[i].bytes + 2, rows[i].count - 2);
            assert_int_equal(strlen(text), rows[i].count - 2);
        } else {
            assert_null(text);
            an_assert_error(p->ctx, rows[i].error);
            assert_null(an_pb_text(&message, &field, &store, 10));
        }
        an_pb_close(&message);
        an_store_free(p->ctx, &store);
    }
}

/* Enters the first field of every message. */
static alexnet_status descend(an_pb_cursor *message, int *levels)
{
    an_pb_field field;

    if (!an_pb_next(message, &field)) return message->status;
    an_pb_cursor inner = an_pb_enter(message, &field);
    if (inner.status == ALEXNET_OK) ++*levels;
    if (inner.status == ALEXNET_OK) inner.status = descend(&inner, levels);
    an_pb_leave(message, &inner);
    return message->status;
}

static void nesting_is_bounded(void **state)
{
    const an_test_place *p = *state;

    for (int depth = 31; depth <= 33; ++depth) {
        an_reader reader;
        an_pb_out out = {.ctx = p->ctx};
        int levels = 0;
        for (int i = 0; i < depth; ++i) {
            an_pb_out outer = {.ctx = p->ctx};
            an_pb_add_message(&outer, 1, &out);
            an_pb_free(&out);
            out = outer;
        }
        assert_false(out.failed);
        an_pb_cursor message = open_bytes(p->ctx, &reader, out.data, out.bytes);
        an_assert_status(p->ctx, descend(&message, &levels),
                         depth <= 32 ? ALEXNET_OK : ALEXNET_BAD_FILE);
        if (depth > 32) an_assert_error(p->ctx, "nested more than 32 deep");
        assert_int_equal(levels, AN_MIN(depth, 32));
        an_pb_close(&message);
        an_pb_free(&out);
    }
}

static void a_number_is_not_entered(void **state)
{
    const an_test_place *p = *state;
    an_reader reader;
    an_pb_field field;
    an_pb_cursor message = open_bytes(p->ctx, &reader, "\x08\x01\x08\x01", 4);

    assert_true(an_pb_next(&message, &field));
    an_pb_cursor inner = an_pb_enter(&message, &field);
    assert_false(an_pb_next(&inner, &field));
    an_pb_leave(&message, &inner);
    an_assert_status(p->ctx, message.status, ALEXNET_BAD_FILE);
    an_assert_error(p->ctx, "expected a message before it");
    assert_false(an_pb_next(&message, &field));
    inner = an_pb_enter(&message, &field); /* a refused cursor gives refused ones */
    an_assert_status(p->ctx, inner.status, ALEXNET_BAD_FILE);
    an_pb_close(&message);
}

/* ---- written and read back ---- */

#define LARGE 10000 /* bytes; several windows */

static void write_all(alexnet_context *ctx, an_pb_out *out)
{
    static uint8_t large[LARGE];
    an_pb_out inner = {.ctx = ctx};

    for (size_t i = 0; i < LARGE; ++i)
        large[i] = (uint8_t)(i * 7);
    an_pb_add_varint(&inner, 1, 300);
    an_pb_add_float(&inner, 2, -0.25f);
    an_pb_add_text(out, 1, "net");
    an_pb_add_message(out, 100, &inner);
    an_pb_add_bytes(out, 3, large, sizeof large);
    an_pb_add_varint(out, 4, (uint64_t)-5);
    an_pb_add_message(out, 100, &inner);
    an_pb_free(&inner);
}

/* Reads what write_all() wrote, and counts the fields. */
static alexnet_status read_all(alexnet_context *ctx, const an_reader *reader, int *fields)
{
    an_pb_cursor message = an_pb_open(ctx, "w", reader);
    an_store store = {0};
    an_pb_field field;

    *fields = 0;
    while (an_pb_next(&message, &field)) {
        if (field.number == 1) {
            const char *text = an_pb_text(&message, &field, &store, 100);
            if (text != NULL) assert_string_equal(text, "net");
        }
        if (field.number == 4) assert_true(an_pb_signed(&field) == -5);
        ++*fields;
        if (field.number != 100) continue;
        an_pb_cursor inner = an_pb_enter(&message, &field);
        while (an_pb_next(&inner, &field)) {
            if (field.number == 1) assert_int_equal(field.value, 300);
            if (field.number == 2) assert_true(an_pb_float(&field) == -0.25f);
            ++*fields;
        }
        an_pb_leave(&message, &inner);
    }
    an_pb_close(&message);
    an_store_free(ctx, &store);
    return message.status;
}

static void what_is_written_is_read_back(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.pb");
    an_pb_out out = {.ctx = p->ctx};
    an_reader reader;
    int fields;

    write_all(p->ctx, &out);
    assert_false(out.failed);
    an_test_write(path, out.data, out.bytes);
    an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
    an_assert_ok(p->ctx, read_all(p->ctx, &reader, &fields));
    assert_int_equal(fields, 5 + 4);
    an_reader_close(&reader);
    an_pb_free(&out);
}

/* A message may end after any of its fields: such a truncation alone is a message. */
static void every_truncation_is_seen_or_ends_a_field(void **state)
{
    const an_test_place *p = *state;
    an_pb_out out = {.ctx = p->ctx};
    int whole = 0, fields;

    write_all(p->ctx, &out);
    for (size_t bytes = 0; bytes < out.bytes; ++bytes) {
        uint8_t *copy = malloc(bytes + 1);
        assert_non_null(copy);
        memcpy(copy, out.data, bytes);
        const an_reader reader = an_reader_of(copy, bytes);
        const alexnet_status status = read_all(p->ctx, &reader, &fields);
        if (status == ALEXNET_OK)
            ++whole;
        else
            assert_int_equal(status, ALEXNET_BAD_FILE);
        free(copy);
    }
    assert_int_equal(whole, 5);
    an_pb_free(&out);
}

/* A file whose sizes are false is refused before anything is allocated for them. */
static void claims_allocate_nothing(void **state)
{
    static const char huge[] = "\x0a\xff\xff\xff\xff\x7f";
    const an_test_place *p = *state;
    const long before = atomic_load(&p->memory.total);
    an_reader reader;
    an_pb_field field;
    an_pb_cursor message = open_bytes(p->ctx, &reader, huge, sizeof huge - 1);

    assert_false(an_pb_next(&message, &field));
    an_assert_status(p->ctx, message.status, ALEXNET_BAD_FILE);
    assert_int_equal(atomic_load(&p->memory.total), before + 1); /* the window */
    an_pb_close(&message);
}

static void refusals_are_told(void **state)
{
    const an_test_place *p = *state;
    const char *path = an_test_path(p->folder, "w.pb");
    an_pb_out out = {.ctx = p->ctx};
    int fields;

    write_all(p->ctx, &out);
    an_test_write(path, out.data, out.bytes);
    an_pb_free(&out);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_reader reader;
        an_assert_ok(p->ctx, an_reader_open(p->ctx, path, &reader));
        an_test_fault_arm(&fault, p->ctx,
                          AN_FAULT_BIT(AN_FAULT_MEMORY) | AN_FAULT_BIT(AN_FAULT_READ), n, false,
                          EIO);
        const alexnet_status status = read_all(p->ctx, &reader, &fields);
        const bool failed = an_test_fault_disarm(&fault);
        an_reader_close(&reader);
        if (!failed) {
            an_assert_ok(p->ctx, status);
            break;
        }
        assert_true(status == ALEXNET_NO_MEMORY || status == ALEXNET_IO);
    }
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_test_fault_arm(&fault, p->ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, ENOMEM);
        write_all(p->ctx, &out);
        const bool failed = an_test_fault_disarm(&fault);
        assert_int_equal(out.failed, failed);
        an_pb_free(&out);
        if (!failed) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(fields_of_every_wire_type_are_read),
        an_test_in_place(false_claims_are_refused),
        an_test_in_place(texts_are_checked),
        an_test_in_place(nesting_is_bounded),
        an_test_in_place(a_number_is_not_entered),
        an_test_in_place(what_is_written_is_read_back),
        an_test_in_place(every_truncation_is_seen_or_ends_a_field),
        an_test_in_place(claims_allocate_nothing),
        an_test_in_place(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
