/*
 * local.c: file: URLs. What arrived before is not used: reading again takes no longer than
 * comparing.
 * SPDX-License-Identifier: MIT
 */
#include "fetch/transfer.h"

#include "base/memory.h"
#include "base/status.h"
#include "fetch/url.h"

#define CHUNK ((size_t)1 << 20)

static alexnet_status copy_all(an_transfer *t, const char *path, const an_reader *reader,
                               uint8_t *chunk)
{
    for (uint64_t at = 0; at < reader->size; at += CHUNK) {
        const size_t bytes = (size_t)AN_MIN(reader->size - at, CHUNK);
        AN_TRY(an_reader_read(t->ctx, reader, path, at, chunk, bytes));
        AN_TRY(an_transfer_add(t, chunk, bytes));
        AN_TRY(an_transfer_tell(t));
    }
    return ALEXNET_OK;
}

static alexnet_status copy_file(an_transfer *t, const char *path)
{
    an_reader reader;

    AN_TRY(an_reader_open(t->ctx, path, &reader));
    alexnet_status status = an_transfer_begin(t, &(an_validator){.bytes = reader.size});
    uint8_t *chunk = status == ALEXNET_OK ? an_new(t->ctx, CHUNK) : NULL;
    if (status == ALEXNET_OK)
        status = chunk != NULL ? copy_all(t, path, &reader, chunk)
                               : an_fail(t->ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", path);
    an_free(t->ctx, chunk);
    an_reader_close(&reader);
    return status;
}

alexnet_status an_transfer_local(an_transfer *t, an_transfer_end *end)
{
    char *path;

    *end = AN_TRANSFER_WHOLE;
    AN_TRY(an_url_local_path(t->ctx, t->options->url, &path));
    const alexnet_status status = copy_file(t, path);
    an_free(t->ctx, path);
    return status;
}
