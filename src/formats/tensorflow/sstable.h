/*
 * sstable.h: a sorted table of keys and values, as LevelDB stores it (google/leveldb,
 * doc/table_format.md) and TensorFlow the index of a checkpoint.
 *
 *     data blocks     entries, sorted by key
 *     further blocks  filters, which are not looked at
 *     meta index      names of those
 *     index           for each data block a key, not below its last one, and its place
 *     footer          places of meta index and index, magic number: 48 bytes
 *
 * A block is a list of entries, the places of some of them (restarts), their number as u32; after
 * it its compression as u8 and the masked CRC-32C of all of that as u32. An entry has three
 * varints: how many bytes of the key it shares with the entry before it, how many it adds, the size
 * of its value; then the added bytes and the value.
 *
 * Every byte that is read is covered by a checksum that matches, except the footer, which must be
 * exactly what a writer makes of its two places. Keys ascend throughout, and blocks lie in the file
 * in the order of the index, so that a table is read in one pass and no byte twice.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_SSTABLE_H
#define AN_FORMATS_SSTABLE_H

#include "base/file.h"
#include <stdbool.h>

/* A table with a larger block or a longer key is refused. LevelDB's blocks have 4 KiB, TensorFlow's
   256 KiB, or one entry that is larger. */
#define AN_SSTABLE_BLOCK_MAX ((size_t)2 << 20)
#define AN_SSTABLE_KEY_MAX   ((size_t)2048)

/* A part of the file. */
typedef struct an_sstable_range {
    uint64_t place, bytes;
} an_sstable_range;

/* A block and a position in it. */
typedef struct an_sstable_block {
    uint8_t *data; /* NULL: none was read */
    size_t room;
    uint64_t place;     /* of its first byte in the file */
    size_t at, end;     /* of the entries */
    size_t next, count; /* restarts: the next one, and all */
    uint8_t key[AN_SSTABLE_KEY_MAX];
    size_t key_bytes;
} an_sstable_block;

typedef struct an_sstable_entry {
    const uint8_t *key, *value; /* valid until the next call */
    size_t key_bytes, value_bytes;
    uint64_t place; /* of the value in the file */
} an_sstable_entry;

typedef struct an_sstable {
    alexnet_context *ctx;
    const char *path; /* for messages */
    const an_reader *reader;
    an_sstable_block *index, *block;
    uint8_t *bound; /* AN_SSTABLE_KEY_MAX bytes: the next key is above this one */
    size_t bound_bytes;
    bool bounded;
    uint64_t from, to; /* where further data blocks may lie */
} an_sstable;

/* Whether these are the last bytes of a table. */
bool an_sstable_matches(const uint8_t *tail, size_t bytes);

/*
 * Opens a table and checks its footer, meta index and index. `path` names it in messages; both
 * arguments must outlive *out. BAD_FILE, UNSUPPORTED (a compressed block), IO, NO_MEMORY. Close
 * *out also after a failure.
 */
alexnet_status an_sstable_open(alexnet_context *ctx, const char *path, const an_reader *reader,
                               an_sstable *out) AN_NODISCARD;

/* The next entry; *more false: there is none. Errors as above. */
alexnet_status an_sstable_next(an_sstable *table, an_sstable_entry *out, bool *more) AN_NODISCARD;

void an_sstable_close(an_sstable *table); /* safe on a zeroed table */

/* The CRC-32C that was stored so that a checksum over bytes with a checksum does not find it there:
   rotated, with a number added. */
uint32_t an_sstable_unmask(uint32_t masked);

#endif
