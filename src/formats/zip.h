/*
 * zip.h: zip archives (PKWARE's APPNOTE), as PyTorch and NumPy write them: entries that are stored
 * or deflated, with the 64-bit extension.
 *
 * Reading trusts the central directory alone, and checks it: entries lie within the file, before
 * the directory, and do not overlap; names are relative, without "..", and unique; every local
 * header agrees with the directory on name, method, and sizes (unless it leaves them to a data
 * descriptor). Refused: encrypted or spanned archives, other methods.
 *
 * Writing stores entries, so that each can be read in place: PyTorch wants their data at multiples
 * of 64 bytes. Equal entries give equal bytes: the date is that of the format's first day.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ZIP_H
#define AN_FORMATS_ZIP_H

#include "base/file.h"
#include "formats/store.h"
#include <stdbool.h>

/* Archives of more are refused. A directory of 20,000 entries with names of 50 bytes fits. */
#define AN_ZIP_ENTRIES_MAX   20000
#define AN_ZIP_DIRECTORY_MAX ((size_t)2 << 20) /* bytes */

typedef struct an_zip_entry {
    const char *name;      /* UTF-8 */
    bool deflated;         /* else stored */
    uint64_t place;        /* of its data in the file */
    uint64_t packed, size; /* bytes in the file, and of the content */
    uint32_t crc32;        /* of the content */
} an_zip_entry;

typedef struct an_zip {
    an_zip_entry *entries; /* in the order of the directory, in the store */
    size_t count;
    const an_zip_entry **by_name; /* sorted; in the store */
} an_zip;

/* Whether a name is one that both sides accept: UTF-8 without control characters or backslashes,
   relative, without "..". */
bool an_zip_name_fits(const char *name);

/* Whether a file that begins with these bytes may be an archive of at least one entry. */
bool an_zip_matches(const uint8_t *head, size_t head_bytes);

/* Reads the directory. BAD_FILE, UNSUPPORTED (encrypted, spanned, another method), IO, NO_MEMORY.
   Messages name `path`. */
alexnet_status an_zip_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                           an_store *store, an_zip *out) AN_NODISCARD;

const an_zip_entry *an_zip_find(const an_zip *zip, const char *name); /* NULL: none */

/* The content of an entry of at most `limit` bytes, checked against its CRC-32. BAD_FILE (larger,
   damaged), IO, NO_MEMORY. Free it with an_bytes_free(). */
alexnet_status an_zip_content(alexnet_context *ctx, const char *path, const an_reader *reader,
                              const an_zip_entry *entry, size_t limit, an_bytes *out) AN_NODISCARD;

/* ---- writing ---- */

typedef struct an_zip_writer an_zip_writer;

/* Writes to `writer`, to which nothing was written before, and which stays the caller's to commit
   or abandon. `path` is for messages. `alignment` of the data of entries: 1 or a power of 2 up to
   4096. NO_MEMORY. */
alexnet_status an_zip_begin(alexnet_context *ctx, const char *path, an_writer *writer,
                            size_t alignment, an_zip_writer **out) AN_NODISCARD;
/* One entry of two parts, one after the other (a header and an array); either may have 0 bytes.
   BAD_ARG (a name that does not fit, too many entries), IO, NO_MEMORY. */
alexnet_status an_zip_add(an_zip_writer *zip, const char *name, const void *head, size_t head_bytes,
                          const void *data, size_t data_bytes) AN_NODISCARD;
/* Writes the directory and frees the writer; after a failed an_zip_add() it only frees it, and
   returns that status. BAD_ARG (two entries of one name), IO, NO_MEMORY. */
alexnet_status an_zip_end(an_zip_writer *zip) AN_NODISCARD;
void an_zip_abandon(an_zip_writer *zip); /* NULL is legal */
/* Writes 64-bit fields even where 32 bits do. Small files can so test what large ones need. */
void an_zip_force64(an_zip_writer *zip);

#endif
