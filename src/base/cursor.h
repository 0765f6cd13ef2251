/*
 * cursor.h: reads bytes of a file without ever leaving their buffer.
 *
 * After the first read past the end every read gives zeros and `bad` stays set. So a parser checks
 * `bad` once, at the end.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_CURSOR_H
#define AN_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct an_cursor {
    const uint8_t *at, *end;
    bool bad;
} an_cursor;

an_cursor an_cursor_open(const void *data, size_t bytes);
size_t an_cursor_left(const an_cursor *cursor);
/* NULL and bad when fewer are left */
const uint8_t *an_cursor_bytes(an_cursor *cursor, size_t bytes);
void an_cursor_skip(an_cursor *cursor, size_t bytes);
uint8_t an_cursor_u8(an_cursor *cursor);
uint16_t an_cursor_u16le(an_cursor *cursor);
uint16_t an_cursor_u16be(an_cursor *cursor);
uint32_t an_cursor_u32le(an_cursor *cursor);
uint32_t an_cursor_u32be(an_cursor *cursor);
uint64_t an_cursor_u64le(an_cursor *cursor);

#endif
