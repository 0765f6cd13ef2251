/*
 * zip.c: reads the directory of a zip archive and checks it against the entries.
 *
 * The code is our own, where libzip or minizip would read archives as well, for two reasons: the
 * values of a network are read in place, at their position in the file, which libraries hide; and
 * overlapping entries must be seen, which they do not look for. Only decompression is left to zlib.
 *
 * Memory: the directory (AN_ZIP_DIRECTORY_MAX), its names once more, and an entry each. Time:
 * entries are sorted, by place and by name, never compared in pairs; no byte is read for two.
 * SPDX-License-Identifier: MIT
 */
#include "formats/zip.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/inflate.h"
#include "formats/zip_records.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COMMENT_MAX  65535
#define TAIL_MAX     (AN_ZIP_LOCATOR_BYTES + AN_ZIP_END_BYTES + COMMENT_MAX)
#define VARIABLE_MAX (2 * 65535) /* name and extra of a local header */
#define NAME_SHOWN   160         /* bytes of a name in a message */

/* ---- names ---- */

/* Whether a part of the name, between slashes, is "..". */
static bool escapes(const char *name)
{
    for (const char *part = name; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) return true;
    }
    return false;
}

bool an_zip_name_fits(const char *name)
{
    if (name[0] == '\0' || name[0] == '/' || escapes(name)) return false;
    for (size_t length; *name != '\0'; name += length) {
        length = an_utf8_length(name);
        if (length == 0 || (unsigned char)*name < 32 || *name == 127 || *name == '\\') return false;
    }
    return true;
}

/* ---- the end of the archive ---- */

/* An entry by the place of its local header in the file. */
typedef struct located {
    uint64_t header;
    an_zip_entry *entry;
} located;

/* An archive that is being read. */
typedef struct archive {
    alexnet_context *ctx;
    const char *path;
    const an_reader *reader;
    an_zip *zip;
    an_store *store;
    uint64_t directory; /* its place: all entries lie before */
    size_t directory_bytes;
    located *located; /* one for each entry */
} archive;

static alexnet_status fail(const archive *a, const char *fact)
{
    return an_fail(a->ctx, ALEXNET_BAD_FILE, "%s: its zip directory %s", a->path, fact);
}

static alexnet_status fail_entry(const archive *a, alexnet_status status, const char *name,
                                 const char *fact)
{
    char shown[NAME_SHOWN];

    an_escape(shown, sizeof shown, name);
    return an_fail(a->ctx, status, "%s: entry '%s': %s", a->path, shown, fact);
}

static alexnet_status fail_memory(const archive *a)
{
    return an_fail(a->ctx, ALEXNET_NO_MEMORY, "%s: no memory for its zip directory", a->path);
}

/* What the two end records say of the directory. */
typedef struct zip_end {
    uint32_t disk, directory_disk;
    uint64_t here, entries; /* on this disk, and in all */
    uint64_t bytes, place;  /* of the directory */
} zip_end;

static zip_end take_end(an_cursor record)
{
    zip_end end = {0};

    an_cursor_skip(&record, 4);
    end.disk = an_cursor_u16le(&record);
    end.directory_disk = an_cursor_u16le(&record);
    end.here = an_cursor_u16le(&record);
    end.entries = an_cursor_u16le(&record);
    end.bytes = an_cursor_u32le(&record);
    end.place = an_cursor_u32le(&record);
    return end;
}

/* The position of the last end record in the tail whose comment ends where the file ends. */
static bool find_end(const uint8_t *tail, size_t bytes, size_t *out)
{
    for (size_t at = bytes; at-- > 0;) {
        an_cursor record = an_cursor_open(tail + at, bytes - at);
        if (an_cursor_u32le(&record) != AN_ZIP_END) continue;
        an_cursor_skip(&record, AN_ZIP_END_BYTES - 4 - 2);
        const size_t comment = an_cursor_u16le(&record);
        if (record.bad || an_cursor_left(&record) != comment) continue;
        *out = at;
        return true;
    }
    return false;
}

/* Reads the 64-bit end record, which begins at `place`; `locator` is where it must end. */
static alexnet_status read_end64(const archive *a, uint64_t place, uint64_t locator, zip_end *end)
{
    uint8_t bytes[AN_ZIP_END64_BYTES];
    zip_end wide;

    if (locator < sizeof bytes || place > locator - sizeof bytes)
        return fail(a, "has no 64-bit end record where its locator says");
    AN_TRY(an_reader_read(a->ctx, a->reader, a->path, place, bytes, sizeof bytes));
    an_cursor record = an_cursor_open(bytes, sizeof bytes);
    if (an_cursor_u32le(&record) != AN_ZIP_END64 ||
        an_cursor_u64le(&record) != locator - place - 12 /* what these two fields take */)
        return fail(a, "has no 64-bit end record where its locator says");
    an_cursor_skip(&record, 4); /* versions */
    wide.disk = an_cursor_u32le(&record);
    wide.directory_disk = an_cursor_u32le(&record);
    wide.here = an_cursor_u64le(&record);
    wide.entries = an_cursor_u64le(&record);
    wide.bytes = an_cursor_u64le(&record);
    wide.place = an_cursor_u64le(&record);
    if ((end->disk != UINT16_MAX && end->disk != wide.disk) ||
        (end->directory_disk != UINT16_MAX && end->directory_disk != wide.directory_disk) ||
        (end->here != UINT16_MAX && end->here != wide.here) ||
        (end->entries != UINT16_MAX && end->entries != wide.entries) ||
        (end->bytes != UINT32_MAX && end->bytes != wide.bytes) ||
        (end->place != UINT32_MAX && end->place != wide.place))
        return fail(a, "has two end records that differ");
    *end = wide;
    return ALEXNET_OK;
}

/* Checks the end records' claims; the directory must end at `place`, where they begin. */
static alexnet_status check_end(archive *a, const zip_end *end, uint64_t place)
{
    if (end->disk != 0 || end->directory_disk != 0 || end->here != end->entries)
        return an_fail(a->ctx, ALEXNET_UNSUPPORTED, "%s: a zip archive of several files", a->path);
    if (end->entries > AN_ZIP_ENTRIES_MAX)
        return an_fail(a->ctx, ALEXNET_BAD_FILE, "%s: %ju zip entries; expected at most %d",
                       a->path, (uintmax_t)end->entries, AN_ZIP_ENTRIES_MAX);
    if (end->bytes > AN_ZIP_DIRECTORY_MAX)
        return an_fail(a->ctx, ALEXNET_BAD_FILE,
                       "%s: a zip directory of %ju bytes; expected at most %zu", a->path,
                       (uintmax_t)end->bytes, AN_ZIP_DIRECTORY_MAX);
    if (end->place > place || end->bytes != place - end->place)
        return fail(a, "does not end where its end record begins");
    a->directory = end->place;
    a->directory_bytes = (size_t)end->bytes;
    a->zip->count = (size_t)end->entries;
    return ALEXNET_OK;
}

/* `tail` is the end of the file, of `bytes` bytes. */
static alexnet_status read_end(archive *a, const uint8_t *tail, size_t bytes)
{
    size_t at;

    if (!find_end(tail, bytes, &at))
        return an_fail(a->ctx, ALEXNET_BAD_FILE,
                       "%s: a zip archive without its end; it is truncated", a->path);
    zip_end end = take_end(an_cursor_open(tail + at, bytes - at));
    uint64_t place = a->reader->size - (bytes - at);
    if (at >= AN_ZIP_LOCATOR_BYTES) {
        an_cursor locator = an_cursor_open(tail + at - AN_ZIP_LOCATOR_BYTES, AN_ZIP_LOCATOR_BYTES);
        if (an_cursor_u32le(&locator) == AN_ZIP_LOCATOR) {
            an_cursor_skip(&locator, 4); /* a disk: that record is checked */
            const uint64_t wide = an_cursor_u64le(&locator);
            AN_TRY(read_end64(a, wide, place - AN_ZIP_LOCATOR_BYTES, &end));
            place = wide;
        }
    }
    return check_end(a, &end, place);
}

static alexnet_status find_directory(archive *a)
{
    const size_t bytes = (size_t)AN_MIN(a->reader->size, (uint64_t)TAIL_MAX);
    uint8_t *tail = an_new(a->ctx, bytes);

    if (tail == NULL) return fail_memory(a);
    alexnet_status status =
        an_reader_read(a->ctx, a->reader, a->path, a->reader->size - bytes, tail, bytes);
    if (status == ALEXNET_OK) status = read_end(a, tail, bytes);
    an_free(a->ctx, tail);
    return status;
}

/* ---- the directory ---- */

/* The fields of a local header or a central record that the other has as well. */
typedef struct zip_fields {
    uint16_t flags, method;
    uint32_t crc32;
    uint64_t packed, size;
    uint64_t header, disk; /* central only */
    size_t name_bytes, extra_bytes;
} zip_fields;

/* Takes those of both. */
static zip_fields take_fields(an_cursor *record)
{
    zip_fields f = {0};

    an_cursor_skip(record, 2); /* version needed: flags and method say it */
    f.flags = an_cursor_u16le(record);
    f.method = an_cursor_u16le(record);
    an_cursor_skip(record, 4); /* time and date */
    f.crc32 = an_cursor_u32le(record);
    f.packed = an_cursor_u32le(record);
    f.size = an_cursor_u32le(record);
    f.name_bytes = an_cursor_u16le(record);
    f.extra_bytes = an_cursor_u16le(record);
    return f;
}

/* Replaces the fields that are all ones by those of the extra field, which has only them, in this
   order. False: it lacks one, or is malformed. */
static bool widen(zip_fields *f, an_cursor extra)
{
    an_cursor wide = an_cursor_open(NULL, 0);

    while (an_cursor_left(&extra) >= 4) { /* fewer are padding */
        const uint16_t id = an_cursor_u16le(&extra);
        const size_t bytes = an_cursor_u16le(&extra);
        const uint8_t *data = an_cursor_bytes(&extra, bytes);
        if (data == NULL) return false;
        if (id == AN_ZIP_EXTRA64) wide = an_cursor_open(data, bytes);
    }
    if (f->size == UINT32_MAX) f->size = an_cursor_u64le(&wide);
    if (f->packed == UINT32_MAX) f->packed = an_cursor_u64le(&wide);
    if (f->header == UINT32_MAX) f->header = an_cursor_u64le(&wide);
    if (f->disk == UINT16_MAX) f->disk = an_cursor_u32le(&wide);
    return !wide.bad;
}

static alexnet_status check_entry(const archive *a, const char *name, const zip_fields *f)
{
    if ((f->flags & AN_ZIP_FLAG_ENCRYPTED) != 0)
        return fail_entry(a, ALEXNET_UNSUPPORTED, name, "it is encrypted");
    if ((f->flags & AN_ZIP_FLAG_PATCH) != 0)
        return fail_entry(a, ALEXNET_UNSUPPORTED, name, "it is a patch");
    if (f->method != AN_ZIP_STORED && f->method != AN_ZIP_DEFLATED)
        return fail_entry(a, ALEXNET_UNSUPPORTED, name,
                          "its compression is neither 'stored' nor 'deflated'");
    if (f->disk != 0) return fail_entry(a, ALEXNET_UNSUPPORTED, name, "it is in another file");
    if (f->method == AN_ZIP_STORED && f->packed != f->size)
        return fail_entry(a, ALEXNET_BAD_FILE, name, "it is stored, but its two sizes differ");
    if (f->method == AN_ZIP_DEFLATED &&
        (f->packed == 0 || f->size / AN_INFLATE_RATIO_MAX > f->packed))
        return fail_entry(a, ALEXNET_BAD_FILE, name,
                          "it claims to be larger than its compressed data can be");
    if (f->packed > a->directory || f->header > a->directory - f->packed)
        return fail_entry(a, ALEXNET_BAD_FILE, name, "it does not lie before the directory");
    return ALEXNET_OK;
}

/* Reads record `index`. */
static alexnet_status read_record(archive *a, an_cursor *directory, size_t index)
{
    an_zip_entry *entry = &a->zip->entries[index];

    if (an_cursor_u32le(directory) != AN_ZIP_CENTRAL) return fail(a, "is damaged");
    an_cursor_skip(directory, 2); /* made by */
    zip_fields f = take_fields(directory);
    const size_t comment_bytes = an_cursor_u16le(directory);
    f.disk = an_cursor_u16le(directory);
    an_cursor_skip(directory, 2 + 4); /* attributes */
    f.header = an_cursor_u32le(directory);
    const char *name = (const char *)an_cursor_bytes(directory, f.name_bytes);
    const uint8_t *extra = an_cursor_bytes(directory, f.extra_bytes);
    an_cursor_skip(directory, comment_bytes);
    if (directory->bad) return fail(a, "is damaged");

    char *copy = an_store_text(a->ctx, a->store, name, f.name_bytes);
    if (copy == NULL) return fail_memory(a);
    if (strlen(copy) != f.name_bytes || !an_zip_name_fits(copy))
        return fail_entry(a, ALEXNET_BAD_FILE, copy,
                          "expected a relative name in UTF-8, without '..', backslashes or control "
                          "characters");
    if (!widen(&f, an_cursor_open(extra, f.extra_bytes)))
        return fail_entry(a, ALEXNET_BAD_FILE, copy, "its extra field is damaged");
    AN_TRY(check_entry(a, copy, &f));
    a->located[index] = (located){f.header, entry};
    *entry = (an_zip_entry){.name = copy,
                            .deflated = f.method == AN_ZIP_DEFLATED,
                            .packed = f.packed,
                            .size = f.size,
                            .crc32 = f.crc32};
    return ALEXNET_OK;
}

static alexnet_status read_records(archive *a, const uint8_t *bytes)
{
    an_cursor directory = an_cursor_open(bytes, a->directory_bytes);

    for (size_t i = 0; i < a->zip->count; ++i)
        AN_TRY(read_record(a, &directory, i));
    return an_cursor_left(&directory) == 0 ? ALEXNET_OK
                                           : fail(a, "has more entries than its end record says");
}

static alexnet_status read_directory(archive *a)
{
    if (a->zip->count > a->directory_bytes / AN_ZIP_CENTRAL_BYTES)
        return fail(a, "is too short for its entries");
    a->zip->entries = an_store_array(a->ctx, a->store, a->zip->count, sizeof *a->zip->entries);
    uint8_t *bytes = an_new(a->ctx, a->directory_bytes);
    alexnet_status status =
        a->zip->entries != NULL && bytes != NULL
            ? an_reader_read(a->ctx, a->reader, a->path, a->directory, bytes, a->directory_bytes)
            : fail_memory(a);
    if (status == ALEXNET_OK) status = read_records(a, bytes);
    an_free(a->ctx, bytes);
    return status;
}

/* ---- local headers, and overlaps ---- */

/* Whether a local header leaves a field to a data descriptor, or has the directory's value. */
static bool agrees(const zip_fields *local, uint64_t value, uint64_t expected)
{
    return value == expected || ((local->flags & AN_ZIP_FLAG_DESCRIPTOR) != 0 && value == 0);
}

/*
 * Compares an entry with its local header, and sets its place. It must end before `next`, where
 * another begins, or the directory. `buffer` has VARIABLE_MAX bytes.
 */
static alexnet_status read_local(const archive *a, const located *at, uint64_t next,
                                 uint8_t *buffer)
{
    an_zip_entry *entry = at->entry;
    const char *fact =
        next == a->directory ? "it does not lie before the directory" : "it overlaps another entry";
    uint8_t fixed[AN_ZIP_LOCAL_BYTES];

    if (next - at->header < sizeof fixed) return fail_entry(a, ALEXNET_BAD_FILE, entry->name, fact);
    AN_TRY(an_reader_read(a->ctx, a->reader, a->path, at->header, fixed, sizeof fixed));
    an_cursor record = an_cursor_open(fixed, sizeof fixed);
    if (an_cursor_u32le(&record) != AN_ZIP_LOCAL)
        return fail_entry(a, ALEXNET_BAD_FILE, entry->name,
                          "it has no header where the directory says");
    zip_fields f = take_fields(&record);
    const size_t bytes = f.name_bytes + f.extra_bytes;
    const uint64_t variable = at->header + sizeof fixed;
    if (bytes > next - variable || entry->packed > next - variable - bytes)
        return fail_entry(a, ALEXNET_BAD_FILE, entry->name, fact);
    entry->place = variable + bytes;
    AN_TRY(an_reader_read(a->ctx, a->reader, a->path, variable, buffer, bytes));
    const bool good = widen(&f, an_cursor_open(buffer + f.name_bytes, f.extra_bytes)) &&
                      an_is_word((const char *)buffer, f.name_bytes, entry->name) &&
                      f.method == (entry->deflated ? AN_ZIP_DEFLATED : AN_ZIP_STORED) &&
                      (f.flags & (AN_ZIP_FLAG_ENCRYPTED | AN_ZIP_FLAG_PATCH)) == 0 &&
                      agrees(&f, f.crc32, entry->crc32) && agrees(&f, f.packed, entry->packed) &&
                      agrees(&f, f.size, entry->size);
    return good ? ALEXNET_OK
                : fail_entry(a, ALEXNET_BAD_FILE, entry->name,
                             "its header and the directory differ");
}

static int compare_headers(const void *a, const void *b)
{
    const located *x = a, *y = b;

    return x->header < y->header ? -1 : x->header > y->header;
}

/* In the order of the file, so that no byte is read for two entries, however they overlap. */
static alexnet_status read_locals(archive *a)
{
    const size_t count = a->zip->count;
    uint8_t *buffer = an_new(a->ctx, VARIABLE_MAX);
    alexnet_status status = buffer != NULL ? ALEXNET_OK : fail_memory(a);

    if (count > 1) qsort(a->located, count, sizeof *a->located, compare_headers);
    for (size_t i = 0; i < count && status == ALEXNET_OK; ++i)
        status = read_local(a, &a->located[i],
                            i + 1 < count ? a->located[i + 1].header : a->directory, buffer);
    an_free(a->ctx, buffer);
    return status;
}

/* ---- finding entries ---- */

static int compare_names(const void *a, const void *b)
{
    const an_zip_entry *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static alexnet_status sort_names(archive *a)
{
    const size_t count = a->zip->count;
    const an_zip_entry **sorted = an_store_array(a->ctx, a->store, count, sizeof *sorted);

    if (sorted == NULL) return fail_memory(a);
    for (size_t i = 0; i < count; ++i)
        sorted[i] = &a->zip->entries[i];
    if (count > 1) qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < count; ++i)
        if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
            return fail_entry(a, ALEXNET_BAD_FILE, sorted[i]->name, "two entries have this name");
    a->zip->by_name = sorted;
    return ALEXNET_OK;
}

/* ---- the interface ---- */

bool an_zip_matches(const uint8_t *head, size_t head_bytes)
{
    an_cursor cursor = an_cursor_open(head, head_bytes);

    return an_cursor_u32le(&cursor) == AN_ZIP_LOCAL;
}

static alexnet_status read_entries(archive *a)
{
    AN_TRY(read_directory(a));
    AN_TRY(read_locals(a));
    return sort_names(a);
}

alexnet_status an_zip_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                           an_store *store, an_zip *out)
{
    archive a = {.ctx = ctx, .path = path, .reader = reader, .zip = out, .store = store};

    *out = (an_zip){0};
    AN_TRY(find_directory(&a));
    a.located = an_new_array(ctx, out->count, sizeof *a.located);
    const alexnet_status status = a.located != NULL ? read_entries(&a) : fail_memory(&a);
    an_free(ctx, a.located);
    if (status != ALEXNET_OK) *out = (an_zip){0};
    return status;
}

static int compare_name(const void *name, const void *entry)
{
    return strcmp(name, (*(const an_zip_entry *const *)entry)->name);
}

const an_zip_entry *an_zip_find(const an_zip *zip, const char *name)
{
    if (zip->count == 0) return NULL;
    const an_zip_entry **found =
        bsearch(name, zip->by_name, zip->count, sizeof *zip->by_name, compare_name);
    return found != NULL ? *found : NULL;
}

static alexnet_status read_content(alexnet_context *ctx, const char *path, const an_reader *reader,
                                   const an_zip_entry *entry, uint8_t *out, size_t bytes)
{
    an_inflate inflate;

    if (!entry->deflated) return an_reader_read(ctx, reader, path, entry->place, out, bytes);
    alexnet_status status = an_inflate_open(ctx, path, "entry", entry->name, reader, entry->place,
                                            entry->packed, &inflate);
    if (status == ALEXNET_OK) status = an_inflate_read(&inflate, out, bytes);
    if (status == ALEXNET_OK) status = an_inflate_finish(&inflate);
    an_inflate_close(&inflate);
    return status;
}

alexnet_status an_zip_content(alexnet_context *ctx, const char *path, const an_reader *reader,
                              const an_zip_entry *entry, size_t limit, an_bytes *out)
{
    *out = (an_bytes){0};
    if (entry->size > limit)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: entry '%s' of %ju bytes; expected at most %zu",
                       path, entry->name, (uintmax_t)entry->size, limit);
    const size_t bytes = (size_t)entry->size;
    uint8_t *data = bytes < SIZE_MAX ? an_new(ctx, bytes + 1) : NULL;
    if (data == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for entry '%s'", path, entry->name);
    alexnet_status status = read_content(ctx, path, reader, entry, data, bytes);
    const uint32_t found = status == ALEXNET_OK ? (uint32_t)crc32_z(0, data, bytes) : 0;
    if (status == ALEXNET_OK && found != entry->crc32)
        status = an_fail(ctx, ALEXNET_BAD_FILE,
                         "%s: entry '%s': its CRC-32 is %08x, the file says %08x: the file is "
                         "damaged",
                         path, entry->name, found, entry->crc32);
    if (status != ALEXNET_OK) {
        an_free(ctx, data);
        return status;
    }
    data[bytes] = 0;
    *out = (an_bytes){data, bytes};
    return ALEXNET_OK;
}
