/*
 * protobuf.c: the wire format (protobuf.dev/programming-guides/encoding): a field is a varint of
 * its number * 8 + its wire type, and then its bits, or a size and its bytes.
 * SPDX-License-Identifier: MIT
 */
#include "formats/protobuf.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <string.h>

#define DEPTH_MAX    32
#define WINDOW_BYTES ((size_t)4096)
#define NUMBER_MAX   ((1u << 29) - 1)
#define VARINT_BYTES 10 /* of 64 bits, 7 in each byte */

/* Bytes of the file from `start` on. */
typedef struct an_pb_window {
    uint64_t start;
    size_t bytes;
    uint8_t data[WINDOW_BYTES];
} an_pb_window;

/* ---- reading ---- */

static bool fail_at(an_pb_cursor *cursor, uint64_t place, const char *fact)
{
    cursor->status = an_fail(cursor->ctx, ALEXNET_BAD_FILE, "%s: byte %ju: %s", cursor->path,
                             (uintmax_t)place, fact);
    return false;
}

an_pb_cursor an_pb_open(alexnet_context *ctx, const char *path, const an_reader *reader)
{
    an_pb_cursor cursor = {.ctx = ctx, .path = path, .reader = reader, .end = reader->size};

    cursor.window = an_new_zeroed(ctx, sizeof *cursor.window);
    if (cursor.window == NULL)
        cursor.status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", path);
    return cursor;
}

void an_pb_close(an_pb_cursor *cursor)
{
    an_free(cursor->ctx, cursor->window);
    cursor->window = NULL;
}

/* The next bytes of the message, copied; false: they are not in it, or cannot be read. */
static bool take(an_pb_cursor *cursor, void *out, size_t bytes)
{
    an_pb_window *window = cursor->window;

    if (bytes > cursor->end - cursor->at)
        return fail_at(cursor, cursor->at, "a field is longer than its message");
    if (cursor->at < window->start || cursor->at - window->start > window->bytes ||
        bytes > window->bytes - (size_t)(cursor->at - window->start)) {
        window->start = cursor->at;
        window->bytes = (size_t)AN_MIN(cursor->reader->size - cursor->at, (uint64_t)WINDOW_BYTES);
        cursor->status = an_reader_read(cursor->ctx, cursor->reader, cursor->path, window->start,
                                        window->data, window->bytes);
        if (cursor->status != ALEXNET_OK) {
            window->bytes = 0;
            return false;
        }
    }
    memcpy(out, window->data + (cursor->at - window->start), bytes);
    cursor->at += bytes;
    return true;
}

static bool take_varint(an_pb_cursor *cursor, uint64_t *value)
{
    const uint64_t place = cursor->at;
    uint8_t byte = 0x80;

    *value = 0;
    for (int i = 0; byte >= 0x80; ++i) {
        if (i == VARINT_BYTES) return fail_at(cursor, place, "a number of more than 10 bytes");
        if (!take(cursor, &byte, 1)) return false;
        if (i == VARINT_BYTES - 1 && (byte & 0x7f) > 1)
            return fail_at(cursor, place, "a number of more than 64 bits");
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
    }
    return true;
}

static bool take_little_endian(an_pb_cursor *cursor, int bytes, uint64_t *value)
{
    uint8_t read[8];

    if (!take(cursor, read, (size_t)bytes)) return false;
    *value = 0;
    for (int i = 0; i < bytes; ++i)
        *value |= (uint64_t)read[i] << (8 * i);
    return true;
}

static bool take_content(an_pb_cursor *message, an_pb_field *field, uint64_t place)
{
    switch (field->wire) {
    case AN_PB_VARINT:
        return take_varint(message, &field->value);
    case AN_PB_64:
        return take_little_endian(message, 8, &field->value);
    case AN_PB_32:
        return take_little_endian(message, 4, &field->value);
    case AN_PB_BYTES:
        break;
    default:
        return fail_at(message, place, "a field of a wire type that is not in use");
    }
    if (!take_varint(message, &field->value)) return false;
    if (field->value > message->end - message->at)
        return fail_at(message, place, "a field is longer than its message");
    field->place = message->at;
    message->at += field->value;
    return true;
}

bool an_pb_next(an_pb_cursor *message, an_pb_field *field)
{
    const uint64_t place = message->at;
    uint64_t tag;

    *field = (an_pb_field){0};
    if (message->status != ALEXNET_OK || message->at == message->end) return false;
    if (!take_varint(message, &tag)) return false;
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
        return fail_at(message, place, "a field's number is not in 1 .. 2^29 - 1");
    field->number = (int)(tag >> 3);
    field->wire = (an_pb_wire)(tag & 7);
    return take_content(message, field, place);
}

an_pb_cursor an_pb_enter(an_pb_cursor *message, const an_pb_field *field)
{
    an_pb_cursor inner = *message;

    inner.at = field->place;
    inner.end = field->place + field->value;
    inner.depth = message->depth + 1;
    if (inner.status == ALEXNET_OK && field->wire != AN_PB_BYTES)
        fail_at(&inner, message->at, "expected a message before it, found a number");
    else if (inner.status == ALEXNET_OK && inner.depth > DEPTH_MAX)
        fail_at(&inner, field->place, "messages are nested more than 32 deep");
    if (inner.status != ALEXNET_OK) inner.end = inner.at;
    return inner;
}

void an_pb_leave(an_pb_cursor *message, const an_pb_cursor *inner)
{
    if (message->status == ALEXNET_OK) message->status = inner->status;
}

bool an_pb_varint(an_pb_cursor *list, uint64_t *value)
{
    *value = 0;
    return list->status == ALEXNET_OK && list->at < list->end && take_varint(list, value);
}

int64_t an_pb_signed(const an_pb_field *field)
{
    int64_t value;

    memcpy(&value, &field->value, sizeof value);
    return value;
}

float an_pb_float(const an_pb_field *field)
{
    const uint32_t bits = (uint32_t)field->value;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

double an_pb_double(const an_pb_field *field)
{
    double value;

    memcpy(&value, &field->value, sizeof value);
    return value;
}

/* Whether the text is valid UTF-8 and ends at its first zero. */
static bool is_text(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && text[at] != '\0') {
        const size_t bytes = an_utf8_length(text + at);
        if (bytes == 0) return false;
        at += bytes;
    }
    return at == length;
}

const char *an_pb_text(an_pb_cursor *message, const an_pb_field *field, an_store *store,
                       size_t limit)
{
    if (message->status != ALEXNET_OK) return NULL;
    if (field->wire != AN_PB_BYTES) {
        fail_at(message, message->at, "expected a text before it, found a number");
        return NULL;
    }
    if (field->value > limit) {
        message->status =
            an_fail(message->ctx, ALEXNET_BAD_FILE,
                    "%s: byte %ju: a text of %ju bytes; expected at most %zu", message->path,
                    (uintmax_t)field->place, (uintmax_t)field->value, limit);
        return NULL;
    }
    const size_t length = (size_t)field->value;
    char *text = an_store_new(message->ctx, store, length + 1); /* zeroed */
    if (text == NULL) {
        message->status = an_fail(message->ctx, ALEXNET_NO_MEMORY, "%s: a text of %zu bytes",
                                  message->path, length);
        return NULL;
    }
    message->status =
        an_reader_read(message->ctx, message->reader, message->path, field->place, text, length);
    if (message->status == ALEXNET_OK && !is_text(text, length))
        fail_at(message, field->place, "a text is not UTF-8, or has a zero byte");
    return message->status == ALEXNET_OK ? text : NULL;
}

/* ---- writing ---- */

static void add(an_pb_out *out, const void *data, size_t bytes)
{
    size_t end;

    if (out->failed) return;
    if (!an_add(out->bytes, bytes, &end)) {
        out->failed = true;
        return;
    }
    if (end > out->room) {
        const size_t room = AN_MAX(end, AN_MAX((size_t)256, out->room + out->room / 2));
        uint8_t *grown = an_grow(out->ctx, out->data, out->room, room);
        if (grown == NULL) {
            out->failed = true;
            return;
        }
        out->data = grown;
        out->room = room;
    }
    if (bytes > 0) memcpy(out->data + out->bytes, data, bytes);
    out->bytes = end;
}

static void add_varint(an_pb_out *out, uint64_t value)
{
    uint8_t bytes[VARINT_BYTES];
    size_t count = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (uint8_t)(value | 0x80);
    bytes[count++] = (uint8_t)value;
    add(out, bytes, count);
}

static void add_tag(an_pb_out *out, int number, an_pb_wire wire)
{
    add_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

void an_pb_add_varint(an_pb_out *out, int number, uint64_t value)
{
    add_tag(out, number, AN_PB_VARINT);
    add_varint(out, value);
}

void an_pb_add_float(an_pb_out *out, int number, float value)
{
    add_tag(out, number, AN_PB_32);
    add(out, &value, sizeof value);
}

void an_pb_add_text(an_pb_out *out, int number, const char *text)
{
    an_pb_add_bytes(out, number, text, strlen(text));
}

void an_pb_add_bytes(an_pb_out *out, int number, const void *data, size_t bytes)
{
    an_pb_add_head(out, number, bytes);
    add(out, data, bytes);
}

void an_pb_add_message(an_pb_out *out, int number, const an_pb_out *message)
{
    if (message->failed) out->failed = true;
    an_pb_add_bytes(out, number, message->data, message->bytes);
}

void an_pb_add_head(an_pb_out *out, int number, uint64_t bytes)
{
    add_tag(out, number, AN_PB_BYTES);
    add_varint(out, bytes);
}

void an_pb_append(an_pb_out *out, const an_pb_out *fields)
{
    if (fields->failed) out->failed = true;
    add(out, fields->data, fields->bytes);
}

void an_pb_free(an_pb_out *out)
{
    an_free(out->ctx, out->data);
    *out = (an_pb_out){.ctx = out->ctx};
}
