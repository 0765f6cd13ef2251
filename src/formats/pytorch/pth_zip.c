/*
 * pth_zip.c: a zip archive of PyTorch (torch/serialization.py and
 * caffe2/serialize/inline_container.cc).
 *
 * Entries begin with a folder, whose name is up to the writer; here it is taken from the entry
 * data.pkl. An entry AN_METADATA_ENTRY in that folder is ours (pth_write.h).
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "formats/metadata_json.h"
#include "formats/pytorch/pth.h"
#include "formats/zip.h"
#include <string.h>

#define PICKLE          "data.pkl"
#define PICKLE_BYTES    ((size_t)2 << 20) /* at most; that of a network has some kilobytes */
#define BYTEORDER       "byteorder"
#define BYTEORDER_BYTES 16

typedef struct archive {
    an_pth *pth;
    an_zip zip;
    const an_zip_entry *pickle;
    size_t top_length; /* of the folder's name, with its slash */
} archive;

/* The entry of this name in the folder. */
static alexnet_status find(const archive *a, const char *name, const char *more,
                           const an_zip_entry **out)
{
    an_pth *pth = a->pth;
    char *path = an_store_format(pth->ctx, &pth->store, "%.*s%s%s", (int)a->top_length,
                                 a->pickle->name, name, more);

    if (path == NULL) return an_pth_fail_memory(pth);
    *out = an_zip_find(&a->zip, path);
    return ALEXNET_OK;
}

/* The length of the folder's name if this is the entry of a pickle; else SIZE_MAX. */
static size_t top_of(const char *name)
{
    const size_t length = strlen(name);

    if (length < strlen(PICKLE) || strcmp(name + length - strlen(PICKLE), PICKLE) != 0)
        return SIZE_MAX;
    const size_t top = length - strlen(PICKLE);
    return top == 0 || name[top - 1] == '/' ? top : SIZE_MAX;
}

static alexnet_status find_pickle(archive *a)
{
    const an_pth *pth = a->pth;

    for (size_t i = 0; i < a->zip.count; ++i) {
        const size_t top = top_of(a->zip.entries[i].name);
        if (top == SIZE_MAX) continue;
        if (a->pickle != NULL)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: a zip archive with two entries %s",
                           pth->path, PICKLE);
        a->pickle = &a->zip.entries[i];
        a->top_length = top;
    }
    return a->pickle != NULL ? ALEXNET_OK
                             : an_fail(pth->ctx, ALEXNET_BAD_FILE,
                                       "%s: a zip archive without %s: not a file of torch.save()",
                                       pth->path, PICKLE);
}

/* Scripted networks have their code in the archive. */
static alexnet_status refuse_scripts(const archive *a)
{
    for (size_t i = 0; i < a->zip.count; ++i) {
        const char *name = a->zip.entries[i].name;
        if (strncmp(name, a->pickle->name, a->top_length) != 0) continue;
        if (strncmp(name + a->top_length, "code/", 5) == 0 ||
            strcmp(name + a->top_length, "constants.pkl") == 0)
            return an_fail(a->pth->ctx, ALEXNET_UNSUPPORTED,
                           "%s: a TorchScript archive, which has code; save the weights by "
                           "torch.save(torch.jit.load(FILE).state_dict(), OTHER)",
                           a->pth->path);
    }
    return ALEXNET_OK;
}

static alexnet_status check_byte_order(const archive *a)
{
    an_pth *pth = a->pth;
    const an_zip_entry *entry;
    an_bytes content;

    AN_TRY(find(a, BYTEORDER, "", &entry));
    if (entry == NULL) return ALEXNET_OK; /* of a writer before 2.1 */
    AN_TRY(
        an_zip_content(pth->ctx, pth->path, &pth->file->reader, entry, BYTEORDER_BYTES, &content));
    const bool little = strcmp((const char *)content.data, "little") == 0;
    const bool big = strcmp((const char *)content.data, "big") == 0;
    an_bytes_free(pth->ctx, &content);
    if (little) return ALEXNET_OK;
    return big ? an_fail(pth->ctx, ALEXNET_UNSUPPORTED,
                         "%s: its byte order is big-endian; save it on a little-endian machine",
                         pth->path)
               : an_fail(pth->ctx, ALEXNET_BAD_FILE,
                         "%s: expected its byte order to be 'little' or 'big'", pth->path);
}

static alexnet_status read_metadata(const archive *a)
{
    const an_pth *pth = a->pth;
    const an_zip_entry *entry;
    an_bytes text;

    AN_TRY(find(a, AN_METADATA_ENTRY, "", &entry));
    if (entry == NULL) return ALEXNET_OK;
    AN_TRY(an_zip_content(pth->ctx, pth->path, &pth->file->reader, entry, AN_METADATA_JSON_MAX,
                          &text));
    const alexnet_status status =
        an_metadata_parse(pth->ctx, pth->path, (const char *)text.data, text.size, pth->file);
    an_bytes_free(pth->ctx, &text);
    return status;
}

/* Finds the entry of each storage, which must be as large as the pickle says. */
static alexnet_status place_storages(const archive *a)
{
    an_pth *pth = a->pth;

    for (size_t i = 0; i < pth->storage_count; ++i) {
        an_pth_storage *storage = &pth->storages[i];
        const an_zip_entry *entry;
        AN_TRY(find(a, "data/", storage->key, &entry));
        if (entry == NULL)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: entry 'data/%s' is missing", pth->path,
                           storage->key);
        if (entry->size != storage->bytes)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                           "%s: entry '%s' has %ju bytes, its pickle says %ju", pth->path,
                           entry->name, (uintmax_t)entry->size, (uintmax_t)storage->bytes);
        storage->placed = true;
        storage->place = entry->place;
        storage->packed = entry->deflated ? entry->packed : 0;
        storage->has_crc = true;
        storage->crc32 = entry->crc32;
    }
    return ALEXNET_OK;
}

alexnet_status an_pth_read_zip(an_pth *pth)
{
    archive a = {.pth = pth};

    AN_TRY(an_zip_read(pth->ctx, pth->path, &pth->file->reader, &pth->store, &a.zip));
    AN_TRY(find_pickle(&a));
    AN_TRY(refuse_scripts(&a));
    AN_TRY(check_byte_order(&a));
    AN_TRY(read_metadata(&a));
    AN_TRY(an_zip_content(pth->ctx, pth->path, &pth->file->reader, a.pickle, PICKLE_BYTES,
                          &pth->content));
    const an_reader reader = an_reader_of(pth->content.data, pth->content.size);
    AN_TRY(an_pickle_read(pth->ctx, pth->path, &reader, 0, reader.size, &pth->pickle));
    AN_TRY(an_pth_list_storages(pth));
    return place_storages(&a);
}
