/*
 * directory.c: see directory.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/directory.h"

#include <string.h>

static uint16_t read_u16(an_directory *d)
{
    return d->big_endian ? an_cursor_u16be(&d->at) : an_cursor_u16le(&d->at);
}

static uint32_t read_u32(an_directory *d)
{
    return d->big_endian ? an_cursor_u32be(&d->at) : an_cursor_u32le(&d->at);
}

/* A count or an offset: 64 bits in BigTIFF, else 32. */
static uint64_t read_wide(an_directory *d)
{
    if (!d->wide) return read_u32(d);
    const uint64_t first = read_u32(d), second = read_u32(d);
    return d->big_endian ? first << 32 | second : second << 32 | first;
}

bool an_directory_open(const uint8_t *data, size_t bytes, an_directory *out)
{
    *out = (an_directory){.at = an_cursor_open(data, bytes)};
    const uint16_t order = an_cursor_u16be(&out->at);
    out->big_endian = order == 0x4d4d; /* "MM"; "II" is little-endian */
    if (!out->big_endian && order != 0x4949) return false;
    const uint16_t version = read_u16(out);
    if (version != 42 && version != 43) return false;
    out->wide = version == 43;
    if (out->wide) an_cursor_skip(&out->at, 4); /* the size of an offset, 8, and 0 */

    const uint64_t directory = read_wide(out);
    if (out->at.bad || directory > bytes) return false;
    out->at = an_cursor_open(data + directory, bytes - (size_t)directory);
    out->left = out->wide ? read_wide(out) : read_u16(out);
    return !out->at.bad;
}

static uint32_t read_value(an_directory *d, uint16_t type)
{
    switch (type) {
    case AN_ENTRY_BYTE:
        return an_cursor_u8(&d->at);
    case AN_ENTRY_SHORT:
        return read_u16(d);
    case AN_ENTRY_LONG:
        return read_u32(d);
    default:
        return 0;
    }
}

bool an_directory_next(an_directory *d, an_directory_entry *entry)
{
    if (d->left == 0) return false;
    --d->left;
    entry->tag = read_u16(d);
    entry->type = read_u16(d);
    entry->count = read_wide(d);
    an_cursor after = d->at;
    an_cursor_skip(&after, d->wide ? 8 : 4);
    entry->value = read_value(d, entry->type);
    d->at = after;
    return !d->at.bad;
}
