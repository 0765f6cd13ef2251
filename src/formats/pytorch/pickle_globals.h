/*
 * pickle_globals.h: the names that a pickle may refer to, and what they stand for.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PICKLE_GLOBALS_H
#define AN_FORMATS_PYTORCH_PICKLE_GLOBALS_H

#include "alexnet.h"
#include "base/compiler.h"
#include "formats/tensor.h"

/* What a global stands for. Those from AN_PICKLE_ORDERED_DICT on may be called. */
typedef enum an_pickle_role {
    AN_PICKLE_STORAGE, /* torch.FloatStorage: a type of stored elements */
    AN_PICKLE_BARE,    /* torch.storage.UntypedStorage: stored bytes */
    AN_PICKLE_DTYPE,   /* torch.float32 */
    AN_PICKLE_TYPE,    /* torch.FloatTensor, numpy.ndarray: only named */
    AN_PICKLE_ORDERED_DICT,
    AN_PICKLE_TENSOR, /* torch._utils._rebuild_tensor, _v2, and _v3 with a dtype */
    AN_PICKLE_TENSOR_OF,
    AN_PICKLE_PARAMETER,  /* of a tensor */
    AN_PICKLE_SIZE,       /* torch.Size */
    AN_PICKLE_ARRAY,      /* numpy: _reconstruct, its state is the array */
    AN_PICKLE_ARRAY_OF,   /* numpy: _frombuffer */
    AN_PICKLE_ARRAY_TYPE, /* numpy.dtype */
    AN_PICKLE_ENCODE,     /* _codecs.encode: bytes as a text */
    AN_PICKLE_OPAQUE      /* known, and of no interest here */
} an_pickle_role;

typedef struct an_pickle_global {
    const char *module, *name; /* NULL: any name */
    an_pickle_role role;
    an_dtype dtype; /* of a storage or a dtype */
} an_pickle_global;

/* NULL: not allowed. */
const an_pickle_global *an_pickle_global_find(const char *module, const char *name);

/* Refuses a global: BAD_FILE, and how to save what is wanted. */
alexnet_status an_pickle_global_refuse(alexnet_context *ctx, const char *path, const char *module,
                                       const char *name) AN_NODISCARD;

#endif
