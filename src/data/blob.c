/*
 * blob.c: the bytes of a file that may be compressed (gzip: RFC 1952).
 * SPDX-License-Identifier: MIT
 */
#include "data/blob.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/kind.h"
#include <string.h>
#include <zlib.h>

#define INPUT_BYTES 65536
#define FIRST_BYTES 65536 /* of the unpacked memory, doubled as needed */

/* The bytes of an unpacked gzip file. The context keeps a list of these, for sharing. */
struct an_unpacked {
    struct an_unpacked *next;
    an_file_info file; /* identifies the file */
    int users;         /* blobs that use it */
    uint8_t *data;
    uint64_t size;
};

/* ---- unpacking ---- */

typedef struct unpacking {
    alexnet_context *ctx;
    const an_blob *blob; /* the packed file */
    struct an_unpacked *out;
    size_t limit, capacity;
    z_stream stream;
    bool between; /* between members: the next one has not begun */
} unpacking;

static voidpf take(voidpf ctx, uInt count, uInt size) { return an_new_array(ctx, count, size); }

static void give_back(voidpf ctx, voidpf block) { an_free(ctx, block); }

/* Makes room for output, at most one byte over the limit, which reveals that there is too much. */
static alexnet_status make_room(unpacking *u)
{
    const size_t larger = AN_MIN(AN_MAX(2 * u->capacity, FIRST_BYTES), u->limit + 1);
    uint8_t *memory = an_grow(u->ctx, u->out->data, (size_t)u->out->size, larger);
    if (memory == NULL)
        return an_fail(u->ctx, ALEXNET_NO_MEMORY, "%s: no memory to unpack %zu bytes",
                       u->blob->path, larger);
    u->out->data = memory;
    u->capacity = larger;
    return ALEXNET_OK;
}

static alexnet_status fail_corrupt(const unpacking *u, const char *what)
{
    return an_fail(u->ctx, ALEXNET_BAD_FILE, "%s: gzip: %s (%ju bytes unpacked)", u->blob->path,
                   what, (uintmax_t)u->out->size);
}

/* One call of inflate(). */
static alexnet_status unpack_some(unpacking *u)
{
    z_stream *s = &u->stream;

    if (u->out->size == u->capacity) AN_TRY(make_room(u));
    const size_t room = AN_MIN(u->capacity - (size_t)u->out->size, (size_t)1 << 30);
    s->next_out = u->out->data + u->out->size;
    s->avail_out = (uInt)room;
    const int result = inflate(s, Z_NO_FLUSH);
    u->out->size += room - s->avail_out;
    if (u->out->size > u->limit)
        return an_fail(u->ctx, ALEXNET_BAD_FILE,
                       "%s: unpacks to more than %zu bytes, which is the most for its size (%ju): "
                       "unpack it yourself if you trust it",
                       u->blob->path, u->limit, (uintmax_t)u->blob->reader.size);
    if (result == Z_STREAM_END) {
        u->between = true;
        return inflateReset(s) == Z_OK ? ALEXNET_OK : fail_corrupt(u, "bad state");
    }
    if (result == Z_MEM_ERROR)
        return an_fail(u->ctx, ALEXNET_NO_MEMORY, "%s: no memory to unpack", u->blob->path);
    if (result != Z_OK && result != Z_BUF_ERROR) /* Z_BUF_ERROR asks for more input or room */
        return fail_corrupt(u, s->msg != NULL ? s->msg : "corrupt");
    return ALEXNET_OK;
}

/* Unpacks the input in the buffer. Zeros after a member are padding (tapes, block devices). */
static alexnet_status unpack_input(unpacking *u)
{
    z_stream *s = &u->stream;

    do {
        if (u->between) {
            while (s->avail_in > 0 && *s->next_in == 0) {
                ++s->next_in;
                --s->avail_in;
            }
            if (s->avail_in == 0) break;
            u->between = false;
        }
        AN_TRY(unpack_some(u));
    } while (s->avail_in > 0 || s->avail_out == 0);
    return ALEXNET_OK;
}

static alexnet_status unpack_file(unpacking *u, uint8_t *input)
{
    const an_reader *reader = &u->blob->reader;

    for (uint64_t offset = 0; offset < reader->size;) {
        const size_t bytes = (size_t)AN_MIN(reader->size - offset, INPUT_BYTES);
        AN_TRY(an_reader_read(u->ctx, reader, u->blob->path, offset, input, bytes));
        offset += bytes;
        u->stream.next_in = input;
        u->stream.avail_in = (uInt)bytes;
        AN_TRY(unpack_input(u));
    }
    return u->between ? ALEXNET_OK : fail_corrupt(u, "cut short");
}

/* The most bytes that a gzip file of that size may unpack to. */
static size_t most_of(uint64_t packed)
{
    return packed > SIZE_MAX / 4 / AN_BLOB_RATIO
               ? SIZE_MAX / 4
               : AN_MAX((size_t)packed * AN_BLOB_RATIO, AN_BLOB_FREE);
}

static alexnet_status unpack(alexnet_context *ctx, const an_blob *blob, size_t limit,
                             struct an_unpacked *out)
{
    unpacking u = {
        .ctx = ctx,
        .blob = blob,
        .out = out,
        .limit = AN_MIN(AN_MIN(limit, SIZE_MAX / 4), most_of(blob->reader.size)),
        .stream = {.zalloc = take, .zfree = give_back, .opaque = ctx},
    };
    uint8_t *input = an_new(ctx, INPUT_BYTES);

    if (input == NULL || inflateInit2(&u.stream, 15 + 16 /* gzip only */) != Z_OK) {
        an_free(ctx, input);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to unpack", blob->path);
    }
    const alexnet_status status = unpack_file(&u, input);
    inflateEnd(&u.stream);
    an_free(ctx, input);
    return status;
}

/* ---- sharing ---- */

static void release(alexnet_context *ctx, struct an_unpacked *unpacked)
{
    struct an_unpacked *first = ctx->attached, **link = &first;

    if (unpacked == NULL || --unpacked->users > 0) return;
    while (*link != unpacked)
        link = &(*link)->next;
    *link = unpacked->next;
    ctx->attached = first;
    an_free(ctx, unpacked->data);
    an_free(ctx, unpacked);
}

static struct an_unpacked *find(const alexnet_context *ctx, const an_file_info *file)
{
    struct an_unpacked *at = ctx->attached;

    while (at != NULL && (at->file.device != file->device || at->file.inode != file->inode ||
                          at->file.size != file->size))
        at = at->next;
    return at;
}

/* Gives the blob the bytes of its gzip file: those of another blob, or newly unpacked ones. */
static alexnet_status share(alexnet_context *ctx, size_t limit, an_blob *blob)
{
    an_file_info file;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_file_stat(ctx, blob->path, &file));
    blob->unpacked = find(ctx, &file);
    if (blob->unpacked != NULL) {
        ++blob->unpacked->users;
    } else {
        blob->unpacked = an_new(ctx, sizeof *blob->unpacked);
        if (blob->unpacked == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to unpack", blob->path);
        *blob->unpacked = (struct an_unpacked){.next = ctx->attached, .file = file, .users = 1};
        ctx->attached = blob->unpacked;
        status = unpack(ctx, blob, limit, blob->unpacked);
    }
    blob->memory = blob->unpacked->data;
    blob->size = blob->unpacked->size;
    return status;
}

/* ---- blobs ---- */

static alexnet_status open_blob(alexnet_context *ctx, size_t limit, an_blob *blob)
{
    uint8_t head[2] = {0};

    AN_TRY(an_reader_open(ctx, blob->path, &blob->reader));
    blob->size = blob->reader.size;
    if (blob->size >= sizeof head)
        AN_TRY(an_reader_read(ctx, &blob->reader, blob->path, 0, head, sizeof head));
    if (head[0] != 0x1f || head[1] != 0x8b) return ALEXNET_OK;
    AN_TRY(share(ctx, limit, blob));
    an_reader_close(&blob->reader);
    return ALEXNET_OK;
}

alexnet_status an_blob_open(alexnet_context *ctx, const char *path, size_t limit, an_blob *out)
{
    *out = (an_blob){.path = an_copy_text(ctx, path), .reader = {.descriptor = -1}};
    if (out->path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", path);
    const alexnet_status status = open_blob(ctx, limit, out);
    if (status != ALEXNET_OK) an_blob_close(ctx, out);
    return status;
}

void an_blob_close(alexnet_context *ctx, an_blob *blob)
{
    if (blob->path != NULL) an_reader_close(&blob->reader);
    release(ctx, blob->unpacked);
    an_free(ctx, blob->path);
    *blob = (an_blob){0};
}

static alexnet_status check_range(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                                  size_t bytes)
{
    if (offset <= blob->size && bytes <= blob->size - offset) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: truncated: expected %zu %s at %ju, found %ju %s in all", blob->path, bytes,
                   AN_NOUN(bytes, "byte", "bytes"), (uintmax_t)offset, (uintmax_t)blob->size,
                   AN_NOUN((uintmax_t)blob->size, "byte", "bytes"));
}

alexnet_status an_blob_read(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, void *data)
{
    AN_TRY(check_range(blob, ctx, offset, bytes));
    if (blob->memory == NULL)
        return an_reader_read(ctx, &blob->reader, blob->path, offset, data, bytes);
    memcpy(data, blob->memory + offset, bytes);
    return ALEXNET_OK;
}

alexnet_status an_blob_view(const an_blob *blob, alexnet_context *ctx, uint64_t offset,
                            size_t bytes, an_source_buffer *buffer, const uint8_t **out)
{
    *out = NULL;
    AN_TRY(check_range(blob, ctx, offset, bytes));
    if (blob->memory != NULL) {
        *out = blob->memory + offset;
        return ALEXNET_OK;
    }
    AN_TRY(an_source_buffer_reserve(ctx, buffer, bytes));
    AN_TRY(an_reader_read(ctx, &blob->reader, blob->path, offset, buffer->data, bytes));
    *out = buffer->data;
    return ALEXNET_OK;
}
