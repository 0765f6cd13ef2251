/*
 * gzip.c: unpacks images that were compressed with gzip but kept their name (26 in ImageNet);
 * codec.h.
 *
 * The last four bytes of the file are the uncompressed size (RFC 1952). It is trusted only up to
 * the largest compression ratio, so a small file cannot make us allocate much memory.
 * SPDX-License-Identifier: MIT
 */
#define ZLIB_CONST /* declares zlib's input const */

#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "image/codec.h"
#include <string.h>
#include <zlib.h>

#define SMALLEST_MEMBER 18   /* bytes: header 10, checksum 4, size 4 */
#define RATIO_MAX       1032 /* deflate: a pair of one-bit codes produces 258 bytes */

bool an_gzip_sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == Z_DEFLATED;
}

static voidpf take(voidpf ctx, uInt count, uInt size) { return an_new_array(ctx, count, size); }

static void give_back(voidpf ctx, voidpf block) { an_free(ctx, block); }

static alexnet_status inflate_into(alexnet_context *ctx, const uint8_t *data, size_t bytes,
                                   an_bytes *out)
{
    z_stream stream = {
        .zalloc = take,
        .zfree = give_back,
        .opaque = ctx,
        .next_in = data,
        .avail_in = (uInt)bytes,
        .next_out = out->data,
        .avail_out = (uInt)out->size,
    };

    if (inflateInit2(&stream, 15 + 16 /* largest window, gzip header */) != Z_OK)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "gzip: the decompressor's tables");
    const int result = inflate(&stream, Z_FINISH);
    const size_t found = stream.total_out;
    inflateEnd(&stream);

    if (result == Z_MEM_ERROR)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "gzip: the decompressor's window");
    if (result != Z_STREAM_END || found != out->size)
        return an_fail(ctx, ALEXNET_BAD_FILE, "gzip: truncated or corrupt: %zu of %zu bytes", found,
                       out->size);
    return ALEXNET_OK;
}

alexnet_status an_gzip_unpack(alexnet_context *ctx, const uint8_t *data, size_t bytes,
                              an_bytes *out)
{
    *out = (an_bytes){0};
    if (bytes < SMALLEST_MEMBER)
        return an_fail(ctx, ALEXNET_BAD_FILE, "gzip: truncated: only %zu %s", bytes,
                       AN_NOUN(bytes, "byte", "bytes"));

    an_cursor trailer = an_cursor_open(data + bytes - 4, 4);
    const size_t size = an_cursor_u32le(&trailer);
    if (bytes > AN_GZIP_BYTES_MAX || size > AN_GZIP_BYTES_MAX || size / RATIO_MAX > bytes)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "gzip: %zu bytes claim to hold %zu; expected at most %zu", bytes, size,
                       AN_GZIP_BYTES_MAX);

    out->data = an_new(ctx, size + 1);
    if (out->data == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "gzip: room for %zu bytes", size);
    out->data[size] = 0;
    out->size = size;
    const alexnet_status status = inflate_into(ctx, data, bytes, out);
    if (status != ALEXNET_OK) an_bytes_free(ctx, out);
    return status;
}
