/*
 * zip_write.c: writes a zip archive of stored entries in one pass.
 *
 * The data of an entry is summed before it is written, so that its header has the CRC-32 and no
 * data descriptor follows. Padding in front of it is an extra field of the id that PyTorch uses.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/zip.h"
#include "formats/zip_records.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VERSION      20     /* of the format that a reader needs; 4.4.3 */
#define VERSION64    45     /* the same where 64-bit fields are used */
#define DATE         0x0021 /* 1 January 1980 */
#define PADDING      0x4246 /* "FB" */
#define PADDING_BYTE 'Z'
#define ALIGNED_MAX  4096
#define RECORD_MAX   128 /* bytes of a record without names and padding */

typedef struct written {
    an_zip_entry entry;
    uint64_t header; /* place of its local header */
} written;

struct an_zip_writer {
    alexnet_context *ctx;
    const char *path; /* for messages */
    an_writer *writer;
    size_t alignment;
    bool force64;
    alexnet_status status; /* of the first failure */
    uint64_t at;           /* bytes written */
    an_store store;        /* names */
    written *entries;
    size_t count, room;
};

/* ---- records ---- */

/* A record that is being made, little-endian. */
typedef struct record {
    uint8_t bytes[RECORD_MAX];
    size_t used;
} record;

static void put(record *r, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; ++i)
        r->bytes[r->used++] = (uint8_t)(value >> 8 * i);
}

static alexnet_status emit(an_zip_writer *zip, const void *data, size_t bytes)
{
    zip->at += bytes;
    return an_writer_add(zip->writer, data, bytes);
}

/* Whether a number needs a 64-bit field. */
static bool is_wide(const an_zip_writer *zip, uint64_t value)
{
    return zip->force64 || value >= UINT32_MAX;
}

static uint32_t narrow(const an_zip_writer *zip, uint64_t value)
{
    return is_wide(zip, value) ? UINT32_MAX : (uint32_t)value;
}

/* The fields from the version to the extra field's size, which both headers have. */
static void put_fields(an_zip_writer *zip, record *r, const an_zip_entry *entry, size_t extra_bytes,
                       bool wide)
{
    put(r, wide ? VERSION64 : VERSION, 2);
    put(r, AN_ZIP_FLAG_UTF8, 2);
    put(r, AN_ZIP_STORED, 2);
    put(r, 0, 2); /* time */
    put(r, DATE, 2);
    put(r, entry->crc32, 4);
    put(r, narrow(zip, entry->size), 4);
    put(r, narrow(zip, entry->size), 4);
    put(r, strlen(entry->name), 2);
    put(r, extra_bytes, 2);
}

/* The local header, and the padding after which the data begins. */
static alexnet_status put_local(an_zip_writer *zip, const an_zip_entry *entry)
{
    const size_t name_bytes = strlen(entry->name);
    const bool wide = is_wide(zip, entry->size);
    const size_t wide_bytes = wide ? 4 + 16 : 0;
    const uint64_t begin = zip->at + AN_ZIP_LOCAL_BYTES + name_bytes + wide_bytes + 4;
    const size_t padding =
        zip->alignment > 1 ? (size_t)(AN_ROUND_UP(begin, (uint64_t)zip->alignment) - begin) : 0;
    const size_t padding_bytes = zip->alignment > 1 ? 4 + padding : 0;
    record header = {.used = 0}, extra = {.used = 0};
    uint8_t fill[ALIGNED_MAX];

    put(&header, AN_ZIP_LOCAL, 4);
    put_fields(zip, &header, entry, wide_bytes + padding_bytes, wide);
    if (wide) {
        put(&extra, AN_ZIP_EXTRA64, 2);
        put(&extra, 16, 2);
        put(&extra, entry->size, 8);
        put(&extra, entry->size, 8);
    }
    if (zip->alignment > 1) {
        put(&extra, PADDING, 2);
        put(&extra, padding, 2);
    }
    memset(fill, PADDING_BYTE, padding);
    AN_TRY(emit(zip, header.bytes, header.used));
    AN_TRY(emit(zip, entry->name, name_bytes));
    AN_TRY(emit(zip, extra.bytes, extra.used));
    return emit(zip, fill, padding);
}

static alexnet_status put_central(an_zip_writer *zip, const written *w)
{
    const bool wide_size = is_wide(zip, w->entry.size), wide_header = is_wide(zip, w->header);
    record r = {.used = 0}, extra = {.used = 0};

    if (wide_size || wide_header) {
        put(&extra, AN_ZIP_EXTRA64, 2);
        put(&extra, (wide_size ? 16u : 0u) + (wide_header ? 8u : 0u), 2);
        if (wide_size) {
            put(&extra, w->entry.size, 8);
            put(&extra, w->entry.size, 8);
        }
        if (wide_header) put(&extra, w->header, 8);
    }
    put(&r, AN_ZIP_CENTRAL, 4);
    put(&r, VERSION64, 2); /* made by: this version of the format, on MS-DOS */
    put_fields(zip, &r, &w->entry, extra.used, wide_size || wide_header);
    put(&r, 0, 2); /* comment */
    put(&r, 0, 2); /* disk */
    put(&r, 0, 2); /* attributes */
    put(&r, 0, 4);
    put(&r, narrow(zip, w->header), 4);
    AN_TRY(emit(zip, r.bytes, r.used));
    AN_TRY(emit(zip, w->entry.name, strlen(w->entry.name)));
    return emit(zip, extra.bytes, extra.used);
}

static alexnet_status put_end(an_zip_writer *zip, uint64_t directory)
{
    const uint64_t end = zip->at, bytes = end - directory;
    record r = {.used = 0};

    if (is_wide(zip, directory) || is_wide(zip, bytes)) {
        put(&r, AN_ZIP_END64, 4);
        put(&r, AN_ZIP_END64_BYTES - 12, 8); /* without these two fields */
        put(&r, VERSION64, 2);
        put(&r, VERSION64, 2);
        put(&r, 0, 4); /* disks */
        put(&r, 0, 4);
        put(&r, zip->count, 8);
        put(&r, zip->count, 8);
        put(&r, bytes, 8);
        put(&r, directory, 8);
        put(&r, AN_ZIP_LOCATOR, 4);
        put(&r, 0, 4);
        put(&r, end, 8);
        put(&r, 1, 4); /* disks in all */
    }
    put(&r, AN_ZIP_END, 4);
    put(&r, 0, 2);
    put(&r, 0, 2);
    put(&r, zip->force64 ? UINT16_MAX : zip->count, 2);
    put(&r, zip->force64 ? UINT16_MAX : zip->count, 2);
    put(&r, narrow(zip, bytes), 4);
    put(&r, narrow(zip, directory), 4);
    put(&r, 0, 2); /* comment */
    return emit(zip, r.bytes, r.used);
}

/* ---- the interface ---- */

static alexnet_status fail_memory(alexnet_context *ctx, const char *path)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write a zip archive", path);
}

alexnet_status an_zip_begin(alexnet_context *ctx, const char *path, an_writer *writer,
                            size_t alignment, an_zip_writer **out)
{
    an_zip_writer *zip = an_new_zeroed(ctx, sizeof *zip);

    *out = zip;
    if (zip == NULL) return fail_memory(ctx, path);
    zip->ctx = ctx;
    zip->path = path;
    zip->writer = writer;
    zip->alignment = alignment;
    return ALEXNET_OK;
}

void an_zip_force64(an_zip_writer *zip) { zip->force64 = true; }

/* A new last entry, empty; NULL: no memory. */
static written *grow(an_zip_writer *zip)
{
    if (zip->count == zip->room) {
        const size_t more = zip->room > 0 ? 2 * zip->room : 32;
        written *grown =
            an_grow(zip->ctx, zip->entries, zip->room * sizeof *grown, more * sizeof *grown);
        if (grown == NULL) return NULL;
        zip->entries = grown;
        zip->room = more;
    }
    zip->entries[zip->count] = (written){0};
    return &zip->entries[zip->count++];
}

static alexnet_status add(an_zip_writer *zip, const char *name, const void *head, size_t head_bytes,
                          const void *data, size_t data_bytes)
{
    size_t size;

    if (!an_zip_name_fits(name) || strlen(name) > UINT16_MAX)
        return an_fail(zip->ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be the name of a zip entry",
                       zip->path, name);
    if (zip->count == AN_ZIP_ENTRIES_MAX || !an_add(head_bytes, data_bytes, &size))
        return an_fail(zip->ctx, ALEXNET_BAD_ARG, "%s: entry '%s' is too large, or one too many",
                       zip->path, name);
    written *w = grow(zip);
    if (w != NULL) w->entry.name = an_store_text(zip->ctx, &zip->store, name, strlen(name));
    if (w == NULL || w->entry.name == NULL) return fail_memory(zip->ctx, zip->path);
    const uLong head_crc = crc32_z(0, head_bytes > 0 ? head : "", head_bytes);
    w->entry.crc32 = (uint32_t)crc32_z(head_crc, data_bytes > 0 ? data : "", data_bytes);
    w->entry.packed = w->entry.size = size;
    w->header = zip->at;
    AN_TRY(put_local(zip, &w->entry));
    AN_TRY(emit(zip, head, head_bytes));
    return emit(zip, data, data_bytes);
}

alexnet_status an_zip_add(an_zip_writer *zip, const char *name, const void *head, size_t head_bytes,
                          const void *data, size_t data_bytes)
{
    if (zip->status == ALEXNET_OK) zip->status = add(zip, name, head, head_bytes, data, data_bytes);
    return zip->status;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* Checks that no two entries have one name. */
static alexnet_status check(an_zip_writer *zip)
{
    const char **names = an_new_array(zip->ctx, zip->count, sizeof *names);
    alexnet_status status = ALEXNET_OK;

    if (names == NULL) return fail_memory(zip->ctx, zip->path);
    for (size_t i = 0; i < zip->count; ++i)
        names[i] = zip->entries[i].entry.name;
    if (zip->count > 1) qsort(names, zip->count, sizeof *names, compare_names);
    for (size_t i = 1; i < zip->count && status == ALEXNET_OK; ++i)
        if (strcmp(names[i], names[i - 1]) == 0)
            status = an_fail(zip->ctx, ALEXNET_BAD_ARG, "%s: two zip entries called '%s'",
                             zip->path, names[i]);
    an_free(zip->ctx, names);
    return status;
}

static alexnet_status finish(an_zip_writer *zip)
{
    const uint64_t directory = zip->at;

    AN_TRY(zip->status);
    AN_TRY(check(zip));
    for (size_t i = 0; i < zip->count; ++i)
        AN_TRY(put_central(zip, &zip->entries[i]));
    if (zip->at - directory > AN_ZIP_DIRECTORY_MAX)
        return an_fail(zip->ctx, ALEXNET_BAD_ARG, "%s: the names of its zip entries are too long",
                       zip->path);
    return put_end(zip, directory);
}

alexnet_status an_zip_end(an_zip_writer *zip)
{
    const alexnet_status status = finish(zip);

    an_zip_abandon(zip);
    return status;
}

void an_zip_abandon(an_zip_writer *zip)
{
    if (zip == NULL) return;
    an_store_free(zip->ctx, &zip->store);
    an_free(zip->ctx, zip->entries);
    an_free(zip->ctx, zip);
}
