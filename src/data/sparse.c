/*
 * sparse.c: sparse files in a tar file.
 * SPDX-License-Identifier: MIT
 */
#include "data/sparse.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/kind.h"
#include <string.h>

#define BLOCK 512

/* ---- segments ---- */

alexnet_status an_sparse_add(alexnet_context *ctx, an_sparse *sparse, uint64_t at, uint64_t bytes)
{
    if (sparse->count == AN_SPARSE_SEGMENTS_MAX) {
        sparse->too_many = true;
        return ALEXNET_OK;
    }
    if (sparse->count == sparse->capacity) {
        const size_t larger = sparse->capacity == 0 ? 4 : 2 * sparse->capacity;
        an_segment *segments = an_grow(ctx, sparse->segments, sparse->capacity * sizeof *segments,
                                       larger * sizeof *segments);
        if (segments == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "a sparse file of %zu segments", larger);
        sparse->segments = segments;
        sparse->capacity = larger;
    }
    sparse->segments[sparse->count++] = (an_segment){at, bytes};
    return ALEXNET_OK;
}

/*
 * Parses a number that ends at the character `end`, and moves *text behind it. False: there is
 * none.
 */
static bool take_number(const char **text, const char *limit, char end, uint64_t *out)
{
    const char *stop = memchr(*text, end, (size_t)(limit - *text));
    int64_t number;

    if (stop == NULL || !an_parse_int(*text, (size_t)(stop - *text), &number) || number < 0)
        return false;
    *out = (uint64_t)number;
    *text = stop + 1;
    return true;
}

alexnet_status an_sparse_parse_list(alexnet_context *ctx, an_sparse *sparse, const char *text,
                                    size_t length)
{
    char *list = an_format(ctx, "%.*s,", (int)length, text); /* every number now ends with one */
    alexnet_status status = ALEXNET_OK;
    uint64_t at, bytes;

    if (list == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "the map of a sparse file");
    const char *from = list, *limit = list + strlen(list);
    while (from < limit && length > 0 && status == ALEXNET_OK) {
        if (take_number(&from, limit, ',', &at) && take_number(&from, limit, ',', &bytes))
            status = an_sparse_add(ctx, sparse, at, bytes);
        else
            status = an_fail(ctx, ALEXNET_BAD_FILE, "a bad map of a sparse file");
    }
    an_free(ctx, list);
    return status;
}

alexnet_status an_sparse_parse_map(alexnet_context *ctx, an_sparse *sparse, const uint8_t *data,
                                   size_t bytes, size_t *used)
{
    const char *from = (const char *)data, *limit = from + bytes;
    uint64_t count, at, length;

    if (!take_number(&from, limit, '\n', &count))
        return an_fail(ctx, ALEXNET_BAD_FILE, "no map in front of a sparse file");
    for (uint64_t i = 0; i < count; ++i) {
        if (!take_number(&from, limit, '\n', &at) || !take_number(&from, limit, '\n', &length))
            return an_fail(ctx, ALEXNET_BAD_FILE, "a bad map in front of a sparse file");
        AN_TRY(an_sparse_add(ctx, sparse, at, length));
    }
    *used = AN_ROUND_UP((size_t)(from - (const char *)data), BLOCK);
    return *used <= bytes
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_FILE, "the map in front of a sparse file is cut short");
}

const char *an_sparse_fault(const an_sparse *sparse, uint64_t stored)
{
    uint64_t end = 0, bytes = 0;

    if (sparse->too_many) return "a sparse file of too many segments";
    for (size_t i = 0; i < sparse->count; ++i) {
        const an_segment *segment = &sparse->segments[i];
        if (segment->at < end) return "a sparse file whose segments overlap";
        if (segment->at > sparse->size || segment->bytes > sparse->size - segment->at)
            return "a sparse file with a segment beyond its end";
        end = segment->at + segment->bytes;
        bytes += segment->bytes;
    }
    return bytes <= stored ? NULL : "a sparse file whose segments are not all there";
}

void an_sparse_free(alexnet_context *ctx, an_sparse *sparse)
{
    an_free(ctx, sparse->segments);
    *sparse = (an_sparse){0};
}

/* ---- files ---- */

alexnet_status an_sparse_keep(alexnet_context *ctx, an_sparse_list *list, an_sparse *sparse)
{
    if (list->count == list->capacity) {
        const size_t larger = list->capacity == 0 ? 16 : 2 * list->capacity;
        an_sparse *files =
            an_grow(ctx, list->files, list->capacity * sizeof *files, larger * sizeof *files);
        if (files == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu sparse files", larger);
        list->files = files;
        list->capacity = larger;
    }
    list->files[list->count++] = *sparse;
    *sparse = (an_sparse){0};
    return ALEXNET_OK;
}

const an_sparse *an_sparse_find(const an_sparse_list *list, uint64_t offset)
{
    size_t low = 0;

    for (size_t high = list->count; low < high;) {
        const size_t middle = (low + high) / 2;
        if (list->files[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->files[low].offset == offset ? &list->files[low] : NULL;
}

alexnet_status an_sparse_view(const an_sparse *sparse, const an_blob *blob, alexnet_context *ctx,
                              an_source_buffer *buffer)
{
    uint64_t offset = sparse->offset;

    if (sparse->size > AN_IMAGE_BYTES_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%ju bytes, at most %ju for an image",
                       (uintmax_t)sparse->size, (uintmax_t)AN_IMAGE_BYTES_MAX);
    AN_TRY(an_source_buffer_reserve(ctx, buffer, (size_t)sparse->size));
    memset(buffer->data, 0, (size_t)sparse->size);
    for (size_t i = 0; i < sparse->count; ++i) {
        const an_segment *segment = &sparse->segments[i];
        AN_TRY(an_blob_read(blob, ctx, offset, (size_t)segment->bytes,
                            buffer->data + (size_t)segment->at));
        offset += segment->bytes;
    }
    return ALEXNET_OK;
}

void an_sparse_list_free(alexnet_context *ctx, an_sparse_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        an_sparse_free(ctx, &list->files[i]);
    an_free(ctx, list->files);
    *list = (an_sparse_list){0};
}
