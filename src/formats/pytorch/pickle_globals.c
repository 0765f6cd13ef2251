/*
 * pickle_globals.c: the names that a pickle may refer to. None of them is ever called: each is a
 * way to write down data.
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pickle_globals.h"

#include "base/status.h"
#include "base/text.h"
#include <string.h>

/* clang-format off */
static const an_pickle_global globals[] = {
    {"collections", "OrderedDict", AN_PICKLE_ORDERED_DICT, AN_U8},

    /* PyTorch (torch/_utils.py, torch/storage.py) */
    {"torch._utils", "_rebuild_tensor", AN_PICKLE_TENSOR, AN_U8},
    {"torch._utils", "_rebuild_tensor_v2", AN_PICKLE_TENSOR, AN_U8},
    {"torch._utils", "_rebuild_tensor_v3", AN_PICKLE_TENSOR_OF, AN_U8},
    {"torch._utils", "_rebuild_parameter", AN_PICKLE_PARAMETER, AN_U8},
    {"torch._utils", "_rebuild_parameter_with_state", AN_PICKLE_PARAMETER, AN_U8},
    {"torch", "Size", AN_PICKLE_SIZE, AN_U8},
    {"torch", "device", AN_PICKLE_OPAQUE, AN_U8},
    {"torch", "FloatStorage", AN_PICKLE_STORAGE, AN_F32},
    {"torch", "DoubleStorage", AN_PICKLE_STORAGE, AN_F64},
    {"torch", "HalfStorage", AN_PICKLE_STORAGE, AN_F16},
    {"torch", "BFloat16Storage", AN_PICKLE_STORAGE, AN_BF16},
    {"torch", "LongStorage", AN_PICKLE_STORAGE, AN_I64},
    {"torch", "IntStorage", AN_PICKLE_STORAGE, AN_I32},
    {"torch", "ShortStorage", AN_PICKLE_STORAGE, AN_I16},
    {"torch", "CharStorage", AN_PICKLE_STORAGE, AN_I8},
    {"torch", "ByteStorage", AN_PICKLE_STORAGE, AN_U8},
    {"torch", "BoolStorage", AN_PICKLE_STORAGE, AN_BOOL},
    {"torch.storage", "UntypedStorage", AN_PICKLE_BARE, AN_U8},
    {"torch.storage", "TypedStorage", AN_PICKLE_BARE, AN_U8},
    {"torch", "float32", AN_PICKLE_DTYPE, AN_F32},
    {"torch", "float64", AN_PICKLE_DTYPE, AN_F64},
    {"torch", "float16", AN_PICKLE_DTYPE, AN_F16},
    {"torch", "bfloat16", AN_PICKLE_DTYPE, AN_BF16},
    {"torch", "int64", AN_PICKLE_DTYPE, AN_I64},
    {"torch", "int32", AN_PICKLE_DTYPE, AN_I32},
    {"torch", "int16", AN_PICKLE_DTYPE, AN_I16},
    {"torch", "int8", AN_PICKLE_DTYPE, AN_I8},
    {"torch", "uint8", AN_PICKLE_DTYPE, AN_U8},
    {"torch", "bool", AN_PICKLE_DTYPE, AN_BOOL},
    {"torch", "FloatTensor", AN_PICKLE_TYPE, AN_F32},
    {"torch", "DoubleTensor", AN_PICKLE_TYPE, AN_F64},
    {"torch", "HalfTensor", AN_PICKLE_TYPE, AN_F16},
    {"torch", "LongTensor", AN_PICKLE_TYPE, AN_I64},
    {"torch", "IntTensor", AN_PICKLE_TYPE, AN_I32},
    {"torch", "ShortTensor", AN_PICKLE_TYPE, AN_I16},
    {"torch", "CharTensor", AN_PICKLE_TYPE, AN_I8},
    {"torch", "ByteTensor", AN_PICKLE_TYPE, AN_U8},

    /* NumPy; its modules were renamed in 2.0 */
    {"numpy.core.multiarray", "_reconstruct", AN_PICKLE_ARRAY, AN_U8},
    {"numpy._core.multiarray", "_reconstruct", AN_PICKLE_ARRAY, AN_U8},
    {"numpy.core.numeric", "_frombuffer", AN_PICKLE_ARRAY_OF, AN_U8},
    {"numpy._core.numeric", "_frombuffer", AN_PICKLE_ARRAY_OF, AN_U8},
    {"numpy.core.multiarray", "scalar", AN_PICKLE_OPAQUE, AN_U8},
    {"numpy._core.multiarray", "scalar", AN_PICKLE_OPAQUE, AN_U8},
    {"numpy", "ndarray", AN_PICKLE_TYPE, AN_U8},
    {"numpy", "dtype", AN_PICKLE_ARRAY_TYPE, AN_U8},
    {"_codecs", "encode", AN_PICKLE_ENCODE, AN_U8},

    /* cuda-convnet keeps its command line in a checkpoint. */
    {"options", NULL, AN_PICKLE_OPAQUE, AN_U8},
    {"python_util.options", NULL, AN_PICKLE_OPAQUE, AN_U8},
};
/* clang-format on */

const an_pickle_global *an_pickle_global_find(const char *module, const char *name)
{
    for (size_t i = 0; i < AN_COUNT(globals); ++i) {
        const an_pickle_global *g = &globals[i];
        if (strcmp(g->module, module) == 0 && (g->name == NULL || strcmp(g->name, name) == 0))
            return g;
    }
    return NULL;
}

/* Whether the module is `word` or inside it. */
static bool belongs_to(const char *module, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(module, word, length) == 0 && (module[length] == '.' || module[length] == '\0');
}

alexnet_status an_pickle_global_refuse(alexnet_context *ctx, const char *path, const char *module,
                                       const char *name)
{
    char safe_module[96], safe_name[96];

    an_escape(safe_module, sizeof safe_module, module);
    an_escape(safe_name, sizeof safe_name, name);
    if (strcmp(module, "torch") == 0)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: torch.%s is not read; expected dense tensors of float32, float64, "
                       "float16, bfloat16, bool, or integers",
                       path, safe_name);
    if (belongs_to(module, "torch") || belongs_to(module, "torchvision"))
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: %s.%s: only plain tensors in dicts are read, nothing that has code; "
                       "save the weights by torch.save(model.state_dict(), FILE)",
                       path, safe_module, safe_name);
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: %s.%s: this file asks for code to be run; only plain tensors and arrays in "
                   "dicts are read, as by torch.save(model.state_dict(), FILE)",
                   path, safe_module, safe_name);
}
