/*
 * pth_storage.c: storages of PyTorch, and tensors as views of them (torch/_utils.py,
 * torch/serialization.py).
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/pytorch/pth.h"
#include <stdlib.h>
#include <string.h>

#define WRAPS_MAX 4 /* of a parameter around a tensor */

alexnet_status an_pth_fail_memory(const an_pth *pth)
{
    return an_fail(pth->ctx, ALEXNET_NO_MEMORY, "%s: no memory for the list of its storages",
                   pth->path);
}

const char *an_pth_key(an_pth *pth, const an_pickle_value *value)
{
    return value->kind == AN_PICKLE_INT
               ? an_store_format(pth->ctx, &pth->store, "%lld", (long long)value->integer)
               : an_pickle_text(value);
}

/* ---- storages ---- */

static int compare_storages(const void *a, const void *b)
{
    return strcmp(((const an_pth_storage *)a)->key, ((const an_pth_storage *)b)->key);
}

void an_pth_sort_storages(an_pth *pth)
{
    if (pth->storage_count > 1)
        qsort(pth->storages, pth->storage_count, sizeof *pth->storages, compare_storages);
}

an_pth_storage *an_pth_find_storage(const an_pth *pth, const char *key)
{
    const an_pth_storage sought = {.key = key};

    return pth->storage_count > 0 ? bsearch(&sought, pth->storages, pth->storage_count,
                                            sizeof *pth->storages, compare_storages)
                                  : NULL;
}

/*
 * ('storage', type, key, device, number of elements), and in a legacy file a view, None or (key,
 * offset, number of elements)
 */
typedef struct storage_id {
    const char *key;
    bool bare; /* bytes without a type */
    an_dtype dtype;
    uint64_t bytes;         /* of the storage */
    uint64_t begin, length; /* of the part that is meant, in bytes */
} storage_id;

static alexnet_status fail_id(const an_pth *pth)
{
    return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                   "%s: its pickle refers to something that is no storage of a type, with a key "
                   "and a number of elements",
                   pth->path);
}

/* Takes a number of elements as bytes; false: it is none, or too large. */
static bool take_bytes(const an_pickle_value *value, an_dtype dtype, uint64_t *bytes)
{
    size_t product;

    if (value->kind != AN_PICKLE_INT || value->integer < 0 ||
        !an_multiply((size_t)value->integer, an_dtype_bytes(dtype), &product))
        return false;
    *bytes = product;
    return true;
}

static alexnet_status read_id(const an_pth *pth, const an_pickle_value *value, storage_id *out)
{
    if (value->kind != AN_PICKLE_TUPLE || !an_pickle_is(an_pickle_item(value->items, 0), "storage"))
        return fail_id(pth);
    const an_pickle_value *type = an_pickle_item(value->items, 1);
    const an_pickle_value *view = an_pickle_item(value->items, 5);
    *out = (storage_id){.key = an_pickle_text(an_pickle_item(value->items, 2))};
    if (type->kind != AN_PICKLE_GLOBAL || out->key == NULL ||
        (type->global->role != AN_PICKLE_STORAGE && type->global->role != AN_PICKLE_BARE))
        return fail_id(pth);
    out->dtype = type->global->dtype;
    out->bare = type->global->role == AN_PICKLE_BARE;
    if (!take_bytes(an_pickle_item(value->items, 4), out->dtype, &out->bytes)) return fail_id(pth);
    out->length = out->bytes;
    if (view->kind == AN_PICKLE_NONE) return ALEXNET_OK;
    if (view->kind != AN_PICKLE_TUPLE ||
        !take_bytes(an_pickle_item(view->items, 1), out->dtype, &out->begin) ||
        !take_bytes(an_pickle_item(view->items, 2), out->dtype, &out->length) ||
        out->begin > out->bytes || out->length > out->bytes - out->begin)
        return fail_id(pth);
    return ALEXNET_OK;
}

/* Keeps one of each key; two of a key must agree. */
static alexnet_status merge_storages(an_pth *pth)
{
    size_t kept = 0;

    for (size_t i = 0; i < pth->storage_count; ++i) {
        const an_pth_storage *storage = &pth->storages[i];
        if (kept == 0 || strcmp(pth->storages[kept - 1].key, storage->key) != 0)
            pth->storages[kept++] = *storage;
        else if (pth->storages[kept - 1].bytes != storage->bytes ||
                 pth->storages[kept - 1].dtype != storage->dtype)
            return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                           "%s: two tensors differ in the type or the size of storage '%s'",
                           pth->path, storage->key);
    }
    pth->storage_count = kept;
    return ALEXNET_OK;
}

alexnet_status an_pth_list_storages(an_pth *pth)
{
    const an_pickle_items *ids = &pth->pickle.persistent;

    pth->storages = an_store_array(pth->ctx, &pth->store, ids->count, sizeof *pth->storages);
    if (pth->storages == NULL) return an_pth_fail_memory(pth);
    for (size_t i = 0; i < ids->count; ++i) {
        storage_id id;
        AN_TRY(read_id(pth, &ids->values[i], &id));
        pth->storages[i] = (an_pth_storage){.key = id.key, .dtype = id.dtype, .bytes = id.bytes};
    }
    pth->storage_count = ids->count;
    an_pth_sort_storages(pth);
    return merge_storages(pth);
}

/* ---- views ---- */

static alexnet_status fail_tensor(const an_pth *pth, const an_tensor_view *tensor, const char *fact)
{
    return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': %s", pth->path, tensor->name,
                   fact);
}

/* Whether the strides are those of a row-major tensor, as far as they matter. */
static bool is_row_major(const an_tensor_view *tensor, const int64_t *stride)
{
    int64_t product = 1;

    for (int i = tensor->rank - 1; i >= 0; --i) {
        if (tensor->shape[i] != 1 && stride[i] != product) return false;
        product *= tensor->shape[i];
    }
    return true;
}

/* Sets the order of its elements. */
static alexnet_status set_order(const an_pth *pth, an_tensor_view *tensor, const int64_t *stride)
{
    char shape[AN_SHAPE_TEXT];
    size_t bytes;

    if (!an_tensor_size(tensor->shape, tensor->rank, tensor->dtype, &tensor->count, &bytes))
        return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': shape %s is too large",
                       pth->path, tensor->name,
                       an_tensor_shape_text(tensor->shape, tensor->rank, shape));
    if (tensor->count == 0 || is_row_major(tensor, stride)) return ALEXNET_OK;
    return an_tensor_set_strides(tensor, stride)
               ? ALEXNET_OK
               : an_fail(pth->ctx, ALEXNET_UNSUPPORTED,
                         "%s: tensor '%s': its strides give two of its elements one place, or are "
                         "too large; save tensor.contiguous() instead",
                         pth->path, tensor->name);
}

/* Places a tensor of known type, shape and order: `offset` elements after byte `begin` of the
   storage, before byte begin + length. */
static alexnet_status set_place(const an_pth *pth, const char *key, uint64_t begin, uint64_t length,
                                int64_t offset, an_tensor_view *tensor)
{
    const an_pth_storage *storage = an_pth_find_storage(pth, key);
    const uint64_t size = an_dtype_bytes(tensor->dtype);
    const uint64_t room = length / size, span = (uint64_t)an_tensor_span(tensor);

    if (storage == NULL || !storage->placed)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE, "%s: tensor '%s': storage '%s' is missing",
                       pth->path, tensor->name, key);
    if ((uint64_t)offset > room || span > room - (uint64_t)offset)
        return an_fail(pth->ctx, ALEXNET_BAD_FILE,
                       "%s: tensor '%s': elements %lld to %ju of storage '%s', which has %ju",
                       pth->path, tensor->name, (long long)offset,
                       (uintmax_t)((uint64_t)offset + span), key, (uintmax_t)room);
    begin += (uint64_t)offset * size;
    const bool whole = begin == 0 && span * size == storage->bytes;
    if (storage->packed > 0 && !whole)
        return an_fail(pth->ctx, ALEXNET_UNSUPPORTED,
                       "%s: tensor '%s' is a part of compressed data; save it again by "
                       "torch.save(), which does not compress",
                       pth->path, tensor->name);
    tensor->place = storage->place + begin;
    tensor->packed = storage->packed;
    if (whole && storage->has_crc) {
        tensor->sum = AN_SUM_CRC32;
        tensor->crc = storage->crc32;
    }
    return ALEXNET_OK;
}

/* A tensor that the pickle describes. */
static alexnet_status describe_view(const an_pth *pth, const an_pickle_object *object,
                                    an_tensor_view *out)
{
    const an_pickle_items *arguments = object->arguments;
    const an_pickle_value *storage = an_pickle_item(arguments, 0);
    const an_pickle_value *offset = an_pickle_item(arguments, 1);
    const an_pickle_value *dtype = an_pickle_item(arguments, 6);
    int64_t stride[AN_TENSOR_RANK_MAX];
    int strides;
    storage_id id;

    if (storage->kind != AN_PICKLE_PERSISTENT) return fail_tensor(pth, out, "it has no storage");
    AN_TRY(read_id(pth, storage->id, &id));
    if (object->global->role == AN_PICKLE_TENSOR_OF) {
        if (dtype->kind != AN_PICKLE_GLOBAL || dtype->global->role != AN_PICKLE_DTYPE)
            return fail_tensor(pth, out, "it has no type");
        id.dtype = dtype->global->dtype;
    } else if (id.bare) {
        return fail_tensor(pth, out, "its storage has no type");
    }
    out->dtype = id.dtype;
    if (offset->kind != AN_PICKLE_INT || offset->integer < 0 ||
        !an_pickle_integers(an_pickle_item(arguments, 2), out->shape, AN_TENSOR_RANK_MAX,
                            &out->rank) ||
        !an_pickle_integers(an_pickle_item(arguments, 3), stride, AN_TENSOR_RANK_MAX, &strides) ||
        strides != out->rank)
        return fail_tensor(pth, out,
                           "expected an offset, a shape and strides of at most 8 dimensions, all "
                           "at least 0");
    AN_TRY(set_order(pth, out, stride));
    return set_place(pth, id.key, id.begin, id.length, offset->integer, out);
}

static int compare_tensors(const void *a, const void *b)
{
    return strcmp(((const an_pth_tensor *)a)->key, ((const an_pth_tensor *)b)->key);
}

/* A tensor of a tar, which the pickle names by its key. */
static alexnet_status describe_stored(an_pth *pth, const an_pickle_value *key, an_tensor_view *out)
{
    const an_pth_tensor sought = {.key = an_pth_key(pth, key)};
    const an_pth_tensor *found =
        sought.key != NULL && pth->tensor_count > 0
            ? bsearch(&sought, pth->tensors, pth->tensor_count, sizeof sought, compare_tensors)
            : NULL;
    const an_pth_storage *storage = found != NULL ? an_pth_find_storage(pth, found->storage) : NULL;

    if (storage == NULL) return fail_tensor(pth, out, "it is missing in the file");
    out->dtype = storage->dtype;
    out->rank = found->rank;
    memcpy(out->shape, found->shape, sizeof out->shape);
    AN_TRY(set_order(pth, out, found->stride));
    return set_place(pth, found->storage, 0, storage->bytes, found->offset, out);
}

/* The tensor that a parameter wraps. */
static const an_pickle_value *unwrap(const an_pickle_value *value)
{
    const an_pickle_object *parameter;

    for (int i = 0; i < WRAPS_MAX; ++i) {
        if ((parameter = an_pickle_made_by(value, AN_PICKLE_PARAMETER)) == NULL) break;
        value = an_pickle_item(parameter->arguments, 0);
    }
    return value;
}

bool an_pth_is_tensor(const an_pickle_value *value)
{
    value = unwrap(value);
    return an_pickle_made_by(value, AN_PICKLE_TENSOR) != NULL ||
           an_pickle_made_by(value, AN_PICKLE_TENSOR_OF) != NULL ||
           (value->kind == AN_PICKLE_PERSISTENT && value->id->kind != AN_PICKLE_TUPLE);
}

alexnet_status an_pth_describe(void *self, const an_pickle_value *value, an_tensor_view *out,
                               bool *is)
{
    an_pth *pth = self;

    *is = true;
    value = unwrap(value);
    return value->kind == AN_PICKLE_PERSISTENT ? describe_stored(pth, value->id, out)
                                               : describe_view(pth, value->object, out);
}
