/*
 * tensor.c: element types, sizes, and the order of elements.
 * SPDX-License-Identifier: MIT
 */
#include "formats/tensor.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [AN_F32] = {"F32", 4}, [AN_F64] = {"F64", 8},   [AN_F16] = {"F16", 2}, [AN_BF16] = {"BF16", 2},
    [AN_I64] = {"I64", 8}, [AN_I32] = {"I32", 4},   [AN_I16] = {"I16", 2}, [AN_I8] = {"I8", 1},
    [AN_U8] = {"U8", 1},   [AN_BOOL] = {"BOOL", 1},
};

size_t an_dtype_bytes(an_dtype dtype) { return types[dtype].bytes; }

const char *an_dtype_name(an_dtype dtype) { return types[dtype].name; }

bool an_dtype_find(const char *name, an_dtype *out)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        if (strcmp(types[i].name, name) == 0) {
            *out = (an_dtype)i;
            return true;
        }
    }
    return false;
}

bool an_tensor_size(const int64_t *shape, int rank, an_dtype dtype, int64_t *count, size_t *bytes)
{
    size_t product = 1;

    for (int i = 0; i < rank; ++i) {
        if (shape[i] < 0 || !an_multiply(product, (size_t)shape[i], &product)) return false;
    }
    *count = (int64_t)product;
    return product <= INT64_MAX && an_multiply(product, types[dtype].bytes, bytes);
}

const char *an_tensor_shape_text(const int64_t *shape, int rank, char text[AN_SHAPE_TEXT])
{
    size_t used = (size_t)an_print(text, AN_SHAPE_TEXT, "[");

    for (int i = 0; i < rank && used < AN_SHAPE_TEXT; ++i)
        used += (size_t)an_print(text + used, AN_SHAPE_TEXT - used, "%s%lld", i > 0 ? "," : "",
                                 (long long)shape[i]);
    if (used < AN_SHAPE_TEXT) an_print(text + used, AN_SHAPE_TEXT - used, "]");
    return text;
}

/* ---- other orders of the elements ---- */

/* Makes the axes of a row-major tensor explicit. One without elements has no order, and the product
   of its other dimensions may be too large. */
static void set_axes(an_tensor_view *t)
{
    int64_t stride = 1;

    if (t->axes > 0 || t->rank == 0 || t->count == 0) return;
    t->axes = t->rank;
    for (int i = t->rank - 1; i >= 0; --i) {
        t->axis[i] = t->shape[i];
        t->stride[i] = stride;
        stride *= t->shape[i];
    }
}

void an_tensor_permute(an_tensor_view *tensor, const int *order)
{
    set_axes(tensor);
    const an_tensor_view old = *tensor;

    for (int i = 0; i < old.rank; ++i) {
        tensor->shape[i] = old.shape[order[i]];
        tensor->axis[i] = old.axis[order[i]];
        tensor->stride[i] = old.stride[order[i]];
    }
}

bool an_tensor_reshape(an_tensor_view *tensor, const int64_t *shape, int rank)
{
    int64_t count;
    size_t bytes;

    if (rank > AN_TENSOR_RANK_MAX || !an_tensor_size(shape, rank, tensor->dtype, &count, &bytes) ||
        count != tensor->count)
        return false;
    tensor->rank = rank;
    if (rank > 0) memcpy(tensor->shape, shape, (size_t)rank * sizeof *shape);
    return true;
}

int an_tensor_sort_axes(const an_tensor_view *t, int order[AN_TENSOR_RANK_MAX])
{
    int count = 0;

    for (int i = 0; i < t->axes; ++i) {
        if (t->axis[i] == 1) continue;
        int at = count++;
        for (; at > 0 && t->stride[order[at - 1]] > t->stride[i]; --at)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return count;
}

bool an_tensor_set_strides(an_tensor_view *tensor, const int64_t *stride)
{
    an_tensor_view next = *tensor;
    int order[AN_TENSOR_RANK_MAX];
    size_t span = 1, reach, bytes; /* span: of the axes so far */

    next.axes = next.rank;
    memcpy(next.axis, next.shape, sizeof next.axis);
    if (next.rank > 0) memcpy(next.stride, stride, (size_t)next.rank * sizeof *stride);
    for (int i = 0; i < next.rank; ++i)
        if (stride[i] < 0) return false;
    const int axes = next.count > 0 ? an_tensor_sort_axes(&next, order) : 0;
    for (int i = 0; i < axes; ++i) {
        const int64_t step = next.stride[order[i]];
        if ((size_t)step < span ||
            !an_multiply((size_t)step, (size_t)next.axis[order[i]] - 1, &reach) ||
            !an_add(span, reach, &span))
            return false;
    }
    if (!an_multiply(span, types[next.dtype].bytes, &bytes) || bytes > INT64_MAX) return false;
    if (next.count == 0) next.axes = 0;
    *tensor = next;
    return true;
}

int64_t an_tensor_span(const an_tensor_view *tensor)
{
    int64_t span = 1;

    if (tensor->axes == 0 || tensor->count == 0) return tensor->count;
    for (int i = 0; i < tensor->axes; ++i)
        span += (tensor->axis[i] - 1) * tensor->stride[i];
    return span;
}
