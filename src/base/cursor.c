/*
 * cursor.c: reads bytes without ever leaving their buffer.
 * SPDX-License-Identifier: MIT
 */
#include "base/cursor.h"

an_cursor an_cursor_open(const void *data, size_t bytes)
{
    static const uint8_t nothing[1]; /* data is NULL for no bytes, but NULL + 0 is undefined */
    const uint8_t *at = data == NULL ? nothing : data;

    return (an_cursor){.at = at, .end = at + (data == NULL ? 0 : bytes)};
}

size_t an_cursor_left(const an_cursor *cursor) { return (size_t)(cursor->end - cursor->at); }

const uint8_t *an_cursor_bytes(an_cursor *cursor, size_t bytes)
{
    const uint8_t *taken = cursor->at;

    if (cursor->bad || bytes > an_cursor_left(cursor)) {
        cursor->bad = true;
        cursor->at = cursor->end;
        return NULL;
    }
    cursor->at += bytes;
    return taken;
}

void an_cursor_skip(an_cursor *cursor, size_t bytes) { (void)an_cursor_bytes(cursor, bytes); }

uint8_t an_cursor_u8(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 1);

    return p == NULL ? 0 : p[0];
}

uint16_t an_cursor_u16le(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 2);

    if (p == NULL) return 0;
    return (uint16_t)(p[0] | p[1] << 8);
}

uint16_t an_cursor_u16be(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 2);

    if (p == NULL) return 0;
    return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t an_cursor_u32le(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 4);

    if (p == NULL) return 0;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t an_cursor_u32be(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 4);

    if (p == NULL) return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

uint64_t an_cursor_u64le(an_cursor *cursor)
{
    const uint8_t *p = an_cursor_bytes(cursor, 8);
    uint64_t value = 0;

    for (int i = 7; p != NULL && i >= 0; --i)
        value = value << 8 | p[i];
    return value;
}
