/*
 * pth_legacy.c: the stream that torch.save() wrote before 1.6, and writes if asked to.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/pytorch/pth.h"
#include <string.h>

/* 0x1950a86a20f9469cfc6c as a pickle has it: LONG1, 10 bytes, the lowest first */
static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
#define MAGIC_LATEST 16 /* it comes after the protocol, and a frame of protocol 4 */
#define PROTOCOL     1001

bool an_pth_is_legacy(const uint8_t *head, size_t head_bytes)
{
    if (head_bytes < 2 || head[0] != 0x80) return false;
    for (size_t at = 2; at <= MAGIC_LATEST && at + sizeof magic <= head_bytes; ++at)
        if (memcmp(head + at, magic, sizeof magic) == 0) return true;
    return false;
}

/* Reads the next pickle of the stream; *at moves to its end. */
static alexnet_status read_next(const an_pth *pth, uint64_t *at, an_pickle *out)
{
    const an_reader *reader = &pth->file->reader;
    const alexnet_status status =
        an_pickle_read(pth->ctx, pth->path, reader, *at, reader->size, out);

    *at = out->end;
    return status;
}

static bool is_little(const an_pickle_value *system)
{
    const an_pickle_value *little = an_pickle_get(system, "little_endian");
    return little == NULL || little->kind != AN_PICKLE_BOOL || little->truth;
}

/* Reads magic number, protocol and system. */
static alexnet_status read_head(const an_pth *pth, uint64_t *at)
{
    an_pickle pickle;
    alexnet_status status = read_next(pth, at, &pickle);

    an_pickle_close(pth->ctx, &pickle); /* the magic number was recognised */
    AN_TRY(status);
    status = read_next(pth, at, &pickle);
    if (status == ALEXNET_OK &&
        (pickle.value.kind != AN_PICKLE_INT || pickle.value.integer != PROTOCOL))
        status =
            an_fail(pth->ctx, ALEXNET_UNSUPPORTED,
                    "%s: a file of torch.save() of another protocol than %d", pth->path, PROTOCOL);
    an_pickle_close(pth->ctx, &pickle);
    AN_TRY(status);
    status = read_next(pth, at, &pickle);
    if (status == ALEXNET_OK && !is_little(&pickle.value))
        status = an_fail(pth->ctx, ALEXNET_UNSUPPORTED,
                         "%s: its byte order is big-endian; save it on a little-endian machine",
                         pth->path);
    an_pickle_close(pth->ctx, &pickle);
    return status;
}

/* Places the storage that begins at *at with its number of elements. */
static alexnet_status place_storage(const an_pth *pth, const char *key, uint64_t *at)
{
    const an_reader *reader = &pth->file->reader;
    an_pth_storage *storage = key != NULL ? an_pth_find_storage(pth, key) : NULL;
    uint64_t count;

    if (storage == NULL || storage->placed)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: its list of storages has '%s', which no tensor has, or twice",
                       pth->path, key != NULL ? key : "");
    AN_TRY(an_reader_read(pth->ctx, reader, pth->path, *at, &count, sizeof count));
    *at += sizeof count;
    if (count != storage->bytes / an_dtype_bytes(storage->dtype))
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: storage '%s' has %ju elements, its pickle says %ju", pth->path, key,
                       (uintmax_t)count,
                       (uintmax_t)(storage->bytes / an_dtype_bytes(storage->dtype)));
    if (storage->bytes > reader->size - *at)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: truncated: storage '%s' has %ju bytes at %ju, the file has %ju",
                       pth->path, key, (uintmax_t)storage->bytes, (uintmax_t)*at,
                       (uintmax_t)reader->size);
    storage->placed = true;
    storage->place = *at;
    *at += storage->bytes;
    return ALEXNET_OK;
}

static alexnet_status place_storages(an_pth *pth, const an_pickle_value *keys, uint64_t at)
{
    if (keys->kind != AN_PICKLE_LIST)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: expected a list of storages", pth->path);
    for (size_t i = 0; i < keys->items->count; ++i)
        AN_TRY(place_storage(pth, an_pickle_text(&keys->items->values[i]), &at));
    for (size_t i = 0; i < pth->storage_count; ++i)
        if (!pth->storages[i].placed)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: storage '%s' is missing", pth->path,
                           pth->storages[i].key);
    return ALEXNET_OK;
}

alexnet_status an_pth_read_legacy(an_pth *pth)
{
    uint64_t at = 0;
    an_pickle keys;

    AN_TRY(read_head(pth, &at));
    AN_TRY(read_next(pth, &at, &pth->pickle));
    AN_TRY(an_pth_list_storages(pth));
    alexnet_status status = read_next(pth, &at, &keys);
    if (status == ALEXNET_OK) status = place_storages(pth, &keys.value, at);
    an_pickle_close(pth->ctx, &keys);
    return status;
}
