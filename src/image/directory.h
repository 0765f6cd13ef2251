/*
 * directory.h: the first directory of a TIFF file, the container of EXIF data and raw photographs.
 *
 *     byte order "II" or "MM", 42, offset of the directory         TIFF 6.0, section 2
 *     directory: count, then entries of tag, type, number of values, value or its offset
 *
 * BigTIFF has 43 in place of 42, and wider counts and offsets.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_DIRECTORY_H
#define AN_IMAGE_DIRECTORY_H

#include "base/cursor.h"

typedef struct an_directory {
    an_cursor at;
    bool big_endian, wide; /* wide: BigTIFF */
    uint64_t left;         /* entries still to be read */
} an_directory;

typedef enum an_entry_type {
    AN_ENTRY_BYTE = 1,
    AN_ENTRY_SHORT = 3,
    AN_ENTRY_LONG = 4
} an_entry_type;

typedef struct an_directory_entry {
    uint16_t tag, type;
    uint64_t count;
    uint32_t value; /* the first value, if its type is above and all values fit in the entry */
} an_directory_entry;

/* False if the bytes are not TIFF or the directory lies beyond their end. */
bool an_directory_open(const uint8_t *data, size_t bytes, an_directory *out);

/* False after the last entry, or if the next one is truncated. */
bool an_directory_next(an_directory *directory, an_directory_entry *entry);

#endif
