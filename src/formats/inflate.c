/*
 * inflate.c: zlib over a reader.
 * SPDX-License-Identifier: MIT
 */
#include "formats/inflate.h"

#include "base/memory.h"
#include "base/status.h"
#include <zlib.h>

#define INPUT ((size_t)1 << 16) /* bytes of compressed data that are read at a time */
#define PART                                                                                       \
    ((size_t)1 << 30) /* bytes that are asked of zlib at a time, which counts them in 32
                                   bits */

static alexnet_status fail_memory(const an_inflate *s)
{
    return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory to decompress %s '%s'", s->path,
                   s->kind, s->name);
}

static alexnet_status fail_data(const an_inflate *s, const char *fact)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: %s '%s': its compressed data %s", s->path,
                   s->kind, s->name, fact);
}

static alexnet_status fail_size(const an_inflate *s, const char *how)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: %s '%s': its compressed data is %s than the %s",
                   s->path, s->kind, s->name, how, s->kind);
}

/* zlib's memory comes from the context, so that a test can refuse it. */
static void *zlib_new(void *ctx, unsigned count, unsigned size)
{
    return an_new_array(ctx, count, size);
}

static void zlib_free(void *ctx, void *block) { an_free(ctx, block); }

alexnet_status an_inflate_open(alexnet_context *ctx, const char *path, const char *kind,
                               const char *name, const an_reader *reader, uint64_t place,
                               uint64_t packed, an_inflate *out)
{
    *out = (an_inflate){.ctx = ctx,
                        .path = path,
                        .kind = kind,
                        .name = name,
                        .reader = reader,
                        .place = place,
                        .left = packed};
    out->input = an_new(ctx, INPUT);
    z_stream *stream = an_new_zeroed(ctx, sizeof *stream);
    if (out->input != NULL && stream != NULL) {
        stream->zalloc = zlib_new;
        stream->zfree = zlib_free;
        stream->opaque = ctx;
        if (inflateInit2(stream, -MAX_WBITS) == Z_OK) {
            out->stream = stream;
            return ALEXNET_OK;
        }
    }
    an_free(ctx, stream);
    return fail_memory(out);
}

static alexnet_status read_input(an_inflate *s)
{
    const size_t bytes = (size_t)AN_MIN(s->left, (uint64_t)INPUT);

    AN_TRY(an_reader_read(s->ctx, s->reader, s->path, s->place, s->input, bytes));
    s->place += bytes;
    s->left -= bytes;
    s->stream->next_in = s->input;
    s->stream->avail_in = (uInt)bytes;
    return ALEXNET_OK;
}

/* Decodes until the output is full or the input is used up. zlib may hold some of the output back,
   so its input may end before. */
static alexnet_status step(an_inflate *s)
{
    if (s->stream->avail_in == 0 && s->left > 0) AN_TRY(read_input(s));
    const int result = inflate(s->stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) return fail_memory(s);
    if (result == Z_BUF_ERROR) return fail_data(s, "ends early");
    if (result != Z_OK && result != Z_STREAM_END) return fail_data(s, "is damaged");
    s->ended = result == Z_STREAM_END;
    return ALEXNET_OK;
}

alexnet_status an_inflate_read(an_inflate *s, void *out, size_t bytes)
{
    uint8_t *at = out;

    while (bytes > 0) {
        const size_t part = AN_MIN(bytes, PART);
        s->stream->next_out = at;
        s->stream->avail_out = (uInt)part;
        while (s->stream->avail_out > 0) {
            if (s->ended) return fail_size(s, "shorter");
            AN_TRY(step(s));
        }
        at += part;
        bytes -= part;
    }
    return ALEXNET_OK;
}

alexnet_status an_inflate_finish(an_inflate *s)
{
    uint8_t beyond;

    s->stream->next_out = &beyond;
    s->stream->avail_out = 1;
    while (!s->ended && s->stream->avail_out > 0)
        AN_TRY(step(s));
    if (s->stream->avail_out == 0) return fail_size(s, "longer");
    if (s->stream->avail_in > 0 || s->left > 0)
        return fail_data(s, "is followed by something else");
    return ALEXNET_OK;
}

void an_inflate_close(an_inflate *s)
{
    if (s->stream != NULL) inflateEnd(s->stream);
    an_free(s->ctx, s->stream);
    an_free(s->ctx, s->input);
    *s = (an_inflate){0};
}
