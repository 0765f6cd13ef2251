/*
 * pth.h: the format "pth": files of PyTorch's torch.save(). Three containers hold the same thing: a
 * pickle (pickle.h) and storages, which are the bytes of one or more tensors. A tensor in the
 * pickle is a view of a storage: type, offset, shape, strides.
 *
 *   zip      since 1.6: TOP/data.pkl, TOP/data/KEY, which are stored as they are
 *   legacy   pickles one after the other: magic number, protocol, system, the value, the keys of
 *            the storages; then these in that order, each after its number of elements
 *   tar      before 0.1.10: the entries "storages", "tensors", "pickle"
 *
 * pth.c recognises the container and chooses the dict to read; pth_zip.c, pth_legacy.c and
 * pth_tar.c find pickle and storages; pth_storage.c makes views of them.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PTH_H
#define AN_FORMATS_PYTORCH_PTH_H

#include "formats/pytorch/pickle.h"
#include "formats/tensor_file.h"

typedef struct an_pth_storage {
    const char *key;
    an_dtype dtype; /* that of its first tensor */
    uint64_t bytes;
    bool placed; /* found in the file */
    uint64_t place;
    uint64_t packed; /* bytes in the file if they are deflated, else 0 */
    bool has_crc;
    uint32_t crc32; /* of all its bytes */
} an_pth_storage;

/* A tensor of a tar, which is stored beside the pickle. */
typedef struct an_pth_tensor {
    const char *key, *storage;
    int64_t shape[AN_TENSOR_RANK_MAX], stride[AN_TENSOR_RANK_MAX], offset; /* in elements */
    int rank;
} an_pth_tensor;

/* A file that is being read. */
typedef struct an_pth {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    an_store store;   /* as long as it is being read */
    an_bytes content; /* of an entry with the pickle */
    an_pickle pickle;
    an_pth_storage *storages; /* by their keys, in the store */
    size_t storage_count;
    an_pth_tensor *tensors; /* by their keys, in the store */
    size_t tensor_count;
} an_pth;

/* ---- containers: each fills the pickle and the storages ---- */

alexnet_status an_pth_read_zip(an_pth *pth) AN_NODISCARD;
alexnet_status an_pth_read_legacy(an_pth *pth) AN_NODISCARD;
alexnet_status an_pth_read_tar(an_pth *pth) AN_NODISCARD;
bool an_pth_is_legacy(const uint8_t *head, size_t head_bytes);
bool an_pth_is_tar(const uint8_t *head, size_t head_bytes);

/* ---- storages and tensors: pth_storage.c ---- */

/* Lists the storages that the pickle refers to, which are not placed yet. BAD_FILE, NO_MEMORY. */
alexnet_status an_pth_list_storages(an_pth *pth) AN_NODISCARD;
void an_pth_sort_storages(an_pth *pth);
an_pth_storage *an_pth_find_storage(const an_pth *pth, const char *key); /* NULL: none */

/* A key as text, which a tar has as an integer. NULL: neither, or no memory. */
const char *an_pth_key(an_pth *pth, const an_pickle_value *value);

/* Whether a value is a tensor of one of the containers. */
bool an_pth_is_tensor(const an_pickle_value *value);

/* Describes a tensor (an_pickle_walk.describe; `self` is the an_pth). BAD_FILE: it does not lie
   within its storage. UNSUPPORTED: its elements overlap, or it is part of compressed data. */
alexnet_status an_pth_describe(void *self, const an_pickle_value *value, an_tensor_view *out,
                               bool *is) AN_NODISCARD;

alexnet_status an_pth_fail_memory(const an_pth *pth);

#endif
