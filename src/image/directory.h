/*
 * directory.h: the first directory of a TIFF file. EXIF data and many raw photographs are such.
 *
 *     byte order "II" or "MM", 42, offset of the directory         TIFF 6.0, section 2
 *     directory: count, entries of tag, type, count of values, value or its offset
 *
 * BigTIFF has 43, and wider counts and offsets.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_DIRECTORY_H
#define AN_IMAGE_DIRECTORY_H

#include "base/cursor.h"

typedef struct an_directory {
    an_cursor at;
    bool big_endian, wide; /* wide: BigTIFF */
    uint64_t left;         /* entries */
} an_directory;

typedef enum an_entry_type {
    AN_ENTRY_BYTE = 1,
    AN_ENTRY_SHORT = 3,
    AN_ENTRY_LONG = 4
} an_entry_type;

typedef struct an_directory_entry {
    uint16_t tag, type;
    uint64_t count;
    uint32_t value; /* the first, of one of these types, when all values fit in the entry */
} an_directory_entry;

/* False when there is none: not TIFF, or it lies beyond the end. */
bool an_directory_open(const uint8_t *data, size_t bytes, an_directory *out);

/* False after the last entry that is whole. */
bool an_directory_next(an_directory *directory, an_directory_entry *entry);

#endif
