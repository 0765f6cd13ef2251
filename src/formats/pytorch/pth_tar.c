/*
 * pth_tar.c: the tar archive that torch.save() wrote before 0.1.10 (torch/serialization.py,
 * legacy_load).
 *
 *   storages   pickle: their number; for each a pickle (key, device, type), the number of its
 *              elements in 8 bytes, these; pickle: a list of (key, key of another, offset, number
 *              of elements), which are parts of others
 *   tensors    pickle: their number; for each a pickle (key, key of its storage, type), the number
 *              of its dimensions in 4 bytes, 4 bytes of nothing, its shape, its strides, its
 *              offset, in 8 bytes each
 *   pickle     the value, which refers to tensors by their keys
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/pytorch/pth.h"
#include <stdlib.h>
#include <string.h>

#define BLOCK       512
#define ENTRIES_MAX 64

static const char *const names[] = {"storages", "tensors", "pickle"};

typedef enum { STORAGES, TENSORS, PICKLE, ENTRIES } entry;

typedef struct range {
    uint64_t place, end; /* 0, 0: absent */
} range;

/* ---- the archive ---- */

bool an_pth_is_tar(const uint8_t *head, size_t head_bytes)
{
    const char *name = (const char *)head;

    if (head_bytes < BLOCK || memcmp(head + 257, "ustar", 5) != 0) return false;
    if (strncmp(name, "./", 2) == 0) name += 2;
    return strncmp(name, "sys_info", 9) == 0 || strncmp(name, "storages", 9) == 0 ||
           strncmp(name, "tensors", 8) == 0 || strncmp(name, "pickle", 7) == 0;
}

/* A number in octal digits; false: it is none. */
static bool take_octal(const uint8_t *text, size_t digits, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    while (i < digits && text[i] == ' ')
        ++i;
    for (; i < digits && text[i] >= '0' && text[i] <= '7'; ++i)
        *out = *out << 3 | (uint64_t)(text[i] - '0');
    return i == digits || text[i] == ' ' || text[i] == '\0';
}

/* Whether a header has its checksum: the sum of its bytes, with spaces in place of the sum. */
static bool has_checksum(const uint8_t header[BLOCK], uint64_t expected)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < BLOCK; ++i)
        sum += i >= 148 && i < 156 ? ' ' : header[i];
    return sum == expected;
}

static alexnet_status fail(const an_pth *pth, const char *fact)
{
    return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: an old file of torch.save(): %s", pth->path,
                   fact);
}

/* Notes the entry of a header whose content begins at `place`. */
static void note_entry(const uint8_t header[BLOCK], uint64_t place, uint64_t bytes,
                       range found[ENTRIES])
{
    const char *name = (const char *)header;

    if (header[156] != '0' && header[156] != '\0') return; /* no regular file */
    if (strncmp(name, "./", 2) == 0) name += 2;
    for (size_t i = 0; i < ENTRIES; ++i)
        if (strncmp(name, names[i], strlen(names[i]) + 1) == 0)
            found[i] = (range){place, place + bytes};
}

static alexnet_status find_entries(const an_pth *pth, range found[ENTRIES])
{
    const an_reader *reader = &pth->file->reader;
    uint64_t at = 0, bytes, sum;
    uint8_t header[BLOCK] = {1};

    for (int i = 0; i < ENTRIES_MAX && reader->size - at >= BLOCK; ++i) {
        AN_TRY(an_reader_read(pth->ctx, reader, pth->path, at, header, BLOCK));
        at += BLOCK;
        if (header[0] == '\0') break; /* the end */
        if (!take_octal(header + 124, 12, &bytes) || !take_octal(header + 148, 8, &sum) ||
            !has_checksum(header, sum))
            return fail(pth, "a header of its tar archive is damaged");
        if (bytes > reader->size - at) return fail(pth, "its tar archive is truncated");
        note_entry(header, at, bytes, found);
        at += AN_MIN(AN_ROUND_UP(bytes, (uint64_t)BLOCK), reader->size - at);
    }
    if (header[0] != '\0') return fail(pth, "its tar archive has no end; it is truncated");
    for (size_t i = 0; i < ENTRIES; ++i)
        if (found[i].end == 0)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                           "%s: an old file of torch.save() without '%s'", pth->path, names[i]);
    return ALEXNET_OK;
}

/* ---- numbers and pickles in an entry ---- */

/* Reads `count` numbers of 8 bytes. */
static alexnet_status take_numbers(const an_pth *pth, range *from, int64_t *out, size_t count)
{
    const size_t bytes = count * sizeof *out;

    if (bytes > from->end - from->place) return fail(pth, "it is truncated");
    AN_TRY(an_reader_read(pth->ctx, &pth->file->reader, pth->path, from->place, out, bytes));
    from->place += bytes;
    return ALEXNET_OK;
}

/* Reads a pickle of a tuple or list of at least `count` values. Close it. */
static alexnet_status take_pickle(const an_pth *pth, range *from, size_t count, an_pickle *out)
{
    AN_TRY(an_pickle_read(pth->ctx, pth->path, &pth->file->reader, from->place, from->end, out));
    from->place = out->end;
    return (out->value.kind == AN_PICKLE_TUPLE || out->value.kind == AN_PICKLE_LIST) &&
                   out->value.items->count >= count
               ? ALEXNET_OK
               : fail(pth, "expected a tuple");
}

/* Reads the number of what follows. */
static alexnet_status take_count(const an_pth *pth, range *from, size_t *count)
{
    an_pickle pickle;
    alexnet_status status =
        an_pickle_read(pth->ctx, pth->path, &pth->file->reader, from->place, from->end, &pickle);

    from->place = pickle.end;
    if (status == ALEXNET_OK && (pickle.value.kind != AN_PICKLE_INT || pickle.value.integer < 0 ||
                                 pickle.value.integer > AN_TENSORS_MAX))
        status = fail(pth, "expected a number of storages or tensors");
    *count = status == ALEXNET_OK ? (size_t)pickle.value.integer : 0;
    an_pickle_close(pth->ctx, &pickle);
    return status;
}

/* A key of a pickle that is about to be closed: a copy. */
static alexnet_status copy_key(an_pth *pth, const an_pickle_value *value, const char **out)
{
    const char *key = an_pth_key(pth, value);

    if (key == NULL) return fail(pth, "a key is neither a text nor a number");
    *out = an_store_text(pth->ctx, &pth->store, key, strlen(key));
    return *out != NULL ? ALEXNET_OK : an_pth_fail_memory(pth);
}

/* ---- storages ---- */

static alexnet_status take_type(an_pth *pth, const an_pickle_value *tuple, an_pth_storage *out)
{
    const an_pickle_value *type = an_pickle_item(tuple->items, 2);

    if (type->kind != AN_PICKLE_GLOBAL || type->global->role != AN_PICKLE_STORAGE)
        return fail(pth, "a storage has no type");
    out->dtype = type->global->dtype;
    return copy_key(pth, an_pickle_item(tuple->items, 0), &out->key);
}

static alexnet_status read_storage(an_pth *pth, range *from, an_pth_storage *out)
{
    an_pickle pickle;
    int64_t count;
    size_t bytes;
    alexnet_status status = take_pickle(pth, from, 3, &pickle);

    if (status == ALEXNET_OK) status = take_type(pth, &pickle.value, out);
    an_pickle_close(pth->ctx, &pickle);
    AN_TRY(status);
    AN_TRY(take_numbers(pth, from, &count, 1));
    if (count < 0 || !an_multiply((size_t)count, an_dtype_bytes(out->dtype), &bytes) ||
        bytes > from->end - from->place)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: storage '%s' of %lld elements does not lie within the file", pth->path,
                       out->key, (long long)count);
    out->bytes = bytes;
    out->place = from->place;
    out->placed = true;
    from->place += bytes;
    return ALEXNET_OK;
}

/* (key, key of another, offset, number of elements) */
static alexnet_status read_part(an_pth *pth, const an_pickle_value *tuple, an_pth_storage *out)
{
    if (tuple->kind != AN_PICKLE_TUPLE || tuple->items->count != 4)
        return fail(pth, "expected a part of a storage");
    const an_pickle_value *offset = &tuple->items->values[2];
    const an_pickle_value *count = &tuple->items->values[3];
    const char *key = an_pth_key(pth, &tuple->items->values[1]);
    const an_pth_storage *whole = key != NULL ? an_pth_find_storage(pth, key) : NULL;
    const uint64_t size = whole != NULL ? an_dtype_bytes(whole->dtype) : 1;
    const uint64_t room = whole != NULL ? whole->bytes / size : 0;

    if (whole == NULL || offset->kind != AN_PICKLE_INT || count->kind != AN_PICKLE_INT ||
        offset->integer < 0 || count->integer < 0 || (uint64_t)offset->integer > room ||
        (uint64_t)count->integer > room - (uint64_t)offset->integer)
        return fail(pth, "a part does not lie within its storage");
    *out = *whole;
    out->place += (uint64_t)offset->integer * size;
    out->bytes = (uint64_t)count->integer * size;
    return copy_key(pth, &tuple->items->values[0], &out->key);
}

/* Appends the parts, whose wholes are the storages so far. */
static alexnet_status add_parts(an_pth *pth, const an_pickle_value *list)
{
    const size_t count = list->items->count, wholes = pth->storage_count;

    if (count == 0) return ALEXNET_OK;
    if (count > AN_TENSORS_MAX) return fail(pth, "it has too many parts of storages");
    an_pth_storage *all =
        an_store_array(pth->ctx, &pth->store, wholes + count, sizeof *pth->storages);
    if (all == NULL) return an_pth_fail_memory(pth);
    if (wholes > 0) memcpy(all, pth->storages, wholes * sizeof *all);
    for (size_t i = 0; i < count; ++i)
        AN_TRY(read_part(pth, &list->items->values[i], &all[wholes + i]));
    pth->storages = all;
    pth->storage_count += count;
    an_pth_sort_storages(pth);
    return ALEXNET_OK;
}

static alexnet_status read_storages(an_pth *pth, range from)
{
    size_t count;
    an_pickle parts;

    AN_TRY(take_count(pth, &from, &count));
    pth->storages = an_store_array(pth->ctx, &pth->store, count, sizeof *pth->storages);
    if (pth->storages == NULL) return an_pth_fail_memory(pth);
    for (; pth->storage_count < count; ++pth->storage_count)
        AN_TRY(read_storage(pth, &from, &pth->storages[pth->storage_count]));
    an_pth_sort_storages(pth);
    alexnet_status status = take_pickle(pth, &from, 0, &parts);
    if (status == ALEXNET_OK) status = add_parts(pth, &parts.value);
    an_pickle_close(pth->ctx, &parts);
    return status;
}

/* ---- tensors ---- */

static alexnet_status read_tensor(an_pth *pth, range *from, an_pth_tensor *out)
{
    an_pickle pickle;
    int64_t head;
    alexnet_status status = take_pickle(pth, from, 3, &pickle);

    if (status == ALEXNET_OK) status = copy_key(pth, &pickle.value.items->values[0], &out->key);
    if (status == ALEXNET_OK) status = copy_key(pth, &pickle.value.items->values[1], &out->storage);
    an_pickle_close(pth->ctx, &pickle);
    AN_TRY(status);
    AN_TRY(take_numbers(pth, from, &head, 1));
    const uint32_t rank = (uint32_t)head; /* the lower 4 bytes */
    if (rank > AN_TENSOR_RANK_MAX) return fail(pth, "a tensor has more than 8 dimensions");
    out->rank = (int)rank;
    AN_TRY(take_numbers(pth, from, out->shape, rank));
    AN_TRY(take_numbers(pth, from, out->stride, rank));
    AN_TRY(take_numbers(pth, from, &out->offset, 1));
    for (uint32_t i = 0; i < rank; ++i)
        if (out->shape[i] < 0 || out->stride[i] < 0) return fail(pth, "a dimension is negative");
    return out->offset >= 0 ? ALEXNET_OK : fail(pth, "an offset is negative");
}

static int compare_tensors(const void *a, const void *b)
{
    return strcmp(((const an_pth_tensor *)a)->key, ((const an_pth_tensor *)b)->key);
}

static alexnet_status read_tensors(an_pth *pth, range from)
{
    size_t count;

    AN_TRY(take_count(pth, &from, &count));
    pth->tensors = an_store_array(pth->ctx, &pth->store, count, sizeof *pth->tensors);
    if (pth->tensors == NULL) return an_pth_fail_memory(pth);
    for (; pth->tensor_count < count; ++pth->tensor_count)
        AN_TRY(read_tensor(pth, &from, &pth->tensors[pth->tensor_count]));
    if (count > 1) qsort(pth->tensors, count, sizeof *pth->tensors, compare_tensors);
    return ALEXNET_OK;
}

alexnet_status an_pth_read_tar(an_pth *pth)
{
    range found[ENTRIES] = {0};

    AN_TRY(find_entries(pth, found));
    AN_TRY(read_storages(pth, found[STORAGES]));
    AN_TRY(read_tensors(pth, found[TENSORS]));
    return an_pickle_read(pth->ctx, pth->path, &pth->file->reader, found[PICKLE].place,
                          found[PICKLE].end, &pth->pickle);
}
