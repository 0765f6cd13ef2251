/*
 * onnx_run_dense.c: ONNX's operators on tensors of any shape, and on shapes.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/dense.h"

#include "base/memory.h"
#include "base/status.h"
#include <math.h>
#include <string.h>

#define RANK AN_TENSOR_RANK_MAX

/* Steps along the dimensions of a shape, the last one first. */
static void advance(const an_dense_tensor *shape, int64_t *index)
{
    for (int i = shape->rank - 1; i >= 0 && ++index[i] == shape->dims[i]; --i)
        index[i] = 0;
}

static void set_strides(const an_dense_tensor *x, int64_t *strides)
{
    int64_t stride = 1;

    for (int i = x->rank - 1; i >= 0; --i) {
        strides[i] = stride;
        stride *= x->dims[i];
    }
}

static int64_t place(const int64_t *index, const int64_t *strides, int rank)
{
    int64_t at = 0;

    for (int i = 0; i < rank; ++i)
        at += index[i] * strides[i];
    return at;
}

/* The whole numbers of an attribute, before some operator set, or of an input. */
static bool read_ints(const an_onnx_node *node, const char *name, const an_dense_tensor *input,
                      an_dense_tensor *out)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    *out = (an_dense_tensor){0};
    if (found != NULL) {
        out->count = found->count;
        memcpy(out->ints, found->ints, sizeof out->ints);
        return true;
    }
    if (input == NULL || input->data != NULL) return false;
    *out = *input;
    return true;
}

/* ---- element by element, one shape stretched over the other ---- */

static float compute(const char *op, float a, float b)
{
    switch (op[0]) {
    case 'M':
        return a * b;
    case 'A':
        return a + b;
    case 'D':
        return a / b;
    default:
        return (float)pow((double)a, (double)b);
    }
}

alexnet_status an_dense_arithmetic(const an_dense_run *r, const an_onnx_node *node,
                                   const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *of[2] = {inputs[0], inputs[1]};
    int64_t strides[2][RANK] = {{0}}, dims[RANK], index[RANK] = {0};

    if (of[1] == NULL || of[0]->data == NULL || of[1]->data == NULL)
        return an_dense_fail(r, node, "expected two inputs of type float");
    const int rank = AN_MAX(of[0]->rank, of[1]->rank);
    for (int i = 0; i < rank; ++i)
        dims[i] = 1;
    for (int side = 0; side < 2; ++side) { /* the last dimensions belong together */
        const int offset = rank - of[side]->rank;
        set_strides(of[side], strides[side] + offset);
        for (int i = offset; i < rank; ++i) {
            const int64_t size = of[side]->dims[i - offset];
            if (size == 1)
                strides[side][i] = 0;
            else if (dims[i] != 1 && dims[i] != size)
                return an_dense_fail(r, node, "the shapes of its inputs do not fit each other");
            else
                dims[i] = size;
        }
    }
    AN_TRY(an_dense_new(r, node, rank, dims, out));
    const int64_t count = an_dense_count(out);
    for (int64_t i = 0; i < count; ++i, advance(out, index))
        out->data[i] = compute(node->op, of[0]->data[place(index, strides[0], rank)],
                               of[1]->data[place(index, strides[1], rank)]);
    return ALEXNET_OK;
}

alexnet_status an_dense_reduce_mean(const an_dense_run *r, const an_onnx_node *node,
                                    const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0];
    an_dense_tensor axes, kept = {.rank = x->rank};
    int64_t strides[RANK], index[RANK] = {0}, reduced = 1;

    if (x->data == NULL || !read_ints(node, "axes", inputs[1], &axes) || axes.count == 0)
        return an_dense_fail(r, node, "expected axes");
    memcpy(kept.dims, x->dims, sizeof kept.dims);
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.ints[i] < 0 ? axes.ints[i] + x->rank : axes.ints[i];
        if (axis < 0 || axis >= x->rank)
            return an_dense_fail(r, node, "expected axes of its input");
        reduced *= kept.dims[axis];
        kept.dims[axis] = 1;
    }
    AN_TRY(an_dense_new(r, node, kept.rank, kept.dims, out));
    set_strides(out, strides);
    for (int i = 0; i < x->rank; ++i)
        if (kept.dims[i] == 1 && x->dims[i] != 1) strides[i] = 0;
    const int64_t count = an_dense_count(x), results = an_dense_count(out);
    double *sums = an_new_array(r->ctx, (size_t)results, sizeof *sums);
    if (sums == NULL) {
        an_dense_free(r, out);
        return an_fail(r->ctx, ALEXNET_NO_MEMORY, "%s: no memory for its sums", node->name);
    }
    for (int64_t i = 0; i < count; ++i, advance(x, index))
        sums[place(index, strides, x->rank)] += (double)x->data[i];
    for (int64_t i = 0; i < results; ++i)
        out->data[i] = (float)(sums[i] / (double)reduced);
    an_free(r->ctx, sums);
    if (an_onnx_int(node, "keepdims", 1) != 0) return ALEXNET_OK;
    int to = 0;
    for (int i = 0; i < x->rank; ++i) {
        bool dropped = false;
        for (int j = 0; j < axes.count; ++j)
            dropped = dropped || axes.ints[j] == i || axes.ints[j] + x->rank == i;
        if (!dropped) out->dims[to++] = kept.dims[i];
    }
    out->rank = to;
    return ALEXNET_OK;
}

/* ---- the same elements in another shape ---- */

alexnet_status an_dense_identity(const an_dense_run *r, const an_onnx_node *node,
                                 const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    return an_dense_copy(r, node, inputs[0], out);
}

alexnet_status an_dense_flatten(const an_dense_run *r, const an_onnx_node *node,
                                const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0];
    int64_t axis = an_onnx_int(node, "axis", 1), rows = 1;

    if (axis < 0) axis += x->rank;
    if (x->data == NULL || axis < 0 || axis > x->rank)
        return an_dense_fail(r, node, "expected an axis of its input");
    for (int i = 0; i < axis; ++i)
        rows *= x->dims[i];
    AN_TRY(an_dense_copy(r, node, x, out));
    out->dims[1] = an_dense_count(x) / rows;
    out->dims[0] = rows;
    out->rank = 2;
    return ALEXNET_OK;
}

alexnet_status an_dense_reshape(const an_dense_run *r, const an_onnx_node *node,
                                const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0], *shape = inputs[1];
    const int64_t count = an_dense_count(x);
    int64_t product = 1, dims[RANK];
    int open = -1;

    if (x->data == NULL || shape == NULL || shape->data != NULL || shape->count > RANK)
        return an_dense_fail(r, node, "expected numbers and a shape");
    for (int i = 0; i < shape->count; ++i) {
        dims[i] = shape->ints[i];
        if (dims[i] == 0 && an_onnx_int(node, "allowzero", 0) == 0 && i < x->rank)
            dims[i] = x->dims[i];
        if (dims[i] == -1 && open < 0) {
            open = i;
            continue;
        }
        if (dims[i] < 1 || dims[i] > count / product)
            return an_dense_fail(r, node, "its shape has another number of elements");
        product *= dims[i];
    }
    if (open >= 0) dims[open] = count / product;
    if (open >= 0 ? count % product != 0 : count != product)
        return an_dense_fail(r, node, "its shape has another number of elements");
    AN_TRY(an_dense_copy(r, node, x, out));
    out->rank = shape->count;
    memcpy(out->dims, dims, (size_t)out->rank * sizeof *dims);
    return ALEXNET_OK;
}

alexnet_status an_dense_squeeze(const an_dense_run *r, const an_onnx_node *node,
                                const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0];
    const bool inserts = strcmp(node->op, "Unsqueeze") == 0;
    an_dense_tensor axes;
    bool at[RANK] = {false};

    if (!read_ints(node, "axes", inputs[1], &axes)) return an_dense_fail(r, node, "expected axes");
    const int all = x->rank + (inserts ? axes.count : 0);
    if (all > RANK) return an_dense_fail(r, node, "more than 8 dimensions");
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.ints[i] < 0 ? axes.ints[i] + all : axes.ints[i];
        if (axis < 0 || axis >= all || at[axis] || (!inserts && x->dims[axis] != 1))
            return an_dense_fail(r, node, "expected axes of size 1");
        at[axis] = true;
    }
    AN_TRY(an_dense_copy(r, node, x, out));
    int from = 0, to = 0;
    for (int i = 0; i < all; ++i) {
        if (inserts)
            out->dims[to++] = at[i] ? 1 : x->dims[from++];
        else if (!at[i])
            out->dims[to++] = x->dims[i];
    }
    out->rank = to;
    return ALEXNET_OK;
}

/* ---- other orders ---- */

alexnet_status an_dense_transpose(const an_dense_run *r, const an_onnx_node *node,
                                  const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0];
    const an_onnx_attribute *order = an_onnx_attribute_find(node, "perm");
    int64_t strides[RANK], of_axis[RANK], dims[RANK], index[RANK] = {0};
    unsigned seen = 0;

    if (x->data == NULL || (order != NULL && order->count != x->rank))
        return an_dense_fail(r, node, "expected an order of its dimensions");
    set_strides(x, strides);
    for (int i = 0; i < x->rank; ++i) {
        const int64_t axis = order != NULL ? order->ints[i] : x->rank - 1 - i;
        if (axis < 0 || axis >= x->rank || (seen >> axis & 1) != 0)
            return an_dense_fail(r, node, "expected an order of its dimensions");
        seen |= 1U << axis;
        dims[i] = x->dims[axis];
        of_axis[i] = strides[axis];
    }
    AN_TRY(an_dense_new(r, node, x->rank, dims, out));
    const int64_t count = an_dense_count(out);
    for (int64_t i = 0; i < count; ++i, advance(out, index))
        out->data[i] = x->data[place(index, of_axis, x->rank)];
    return ALEXNET_OK;
}

/* The pads of all dimensions: before, then after. */
static bool read_pads(const an_onnx_node *node, const an_dense_tensor *const *inputs, int rank,
                      int64_t *pads)
{
    an_dense_tensor given, axes = {.count = rank};

    if (!read_ints(node, "pads", inputs[1], &given)) return false;
    for (int i = 0; i < rank; ++i)
        axes.ints[i] = i;
    if (inputs[3] != NULL) axes = *inputs[3];
    if (axes.data != NULL || given.count != 2 * axes.count) return false;
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.ints[i] < 0 ? axes.ints[i] + rank : axes.ints[i];
        if (axis < 0 || axis >= rank) return false;
        for (int end = 0; end < 2; ++end) {
            pads[end * rank + axis] = given.ints[end * axes.count + i];
            if (pads[end * rank + axis] < 0 || pads[end * rank + axis] > AN_DENSE_ELEMENTS_MAX)
                return false;
        }
    }
    return true;
}

alexnet_status an_dense_pad(const an_dense_run *r, const an_onnx_node *node,
                            const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0], *value = inputs[2];
    int64_t pads[2 * RANK] = {0}, strides[RANK], dims[RANK], index[RANK] = {0};

    if (x->data == NULL || !read_pads(node, inputs, x->rank, pads) ||
        strcmp(an_onnx_string(node, "mode", "constant"), "constant") != 0 ||
        (value != NULL && (value->data == NULL || an_dense_count(value) != 1)))
        return an_dense_fail(r, node, "expected pads of its dimensions, and a number");
    for (int i = 0; i < x->rank; ++i)
        dims[i] = x->dims[i] + pads[i] + pads[x->rank + i];
    AN_TRY(an_dense_new(r, node, x->rank, dims, out));
    const float fill = value != NULL ? value->data[0] : (float)an_onnx_float(node, "value", 0);
    const int64_t count = an_dense_count(out), inside = an_dense_count(x);
    for (int64_t i = 0; i < count; ++i)
        out->data[i] = fill;
    set_strides(out, strides);
    const int64_t start = place(pads, strides, x->rank);
    for (int64_t i = 0; i < inside; ++i, advance(x, index))
        out->data[start + place(index, strides, x->rank)] = x->data[i];
    return ALEXNET_OK;
}

/* ---- shapes ---- */

alexnet_status an_dense_shape(const an_dense_run *r, const an_onnx_node *node,
                              const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0];
    int64_t start = an_onnx_int(node, "start", 0), end = an_onnx_int(node, "end", x->rank);

    if (start < 0) start += x->rank;
    if (end < 0) end += x->rank;
    if (start < 0 || end > x->rank || start > end)
        return an_dense_fail(r, node, "expected a part of the shape of its input");
    *out = (an_dense_tensor){.rank = 1, .dims = {end - start}, .count = (int)(end - start)};
    memcpy(out->ints, x->dims + start, (size_t)out->count * sizeof *x->dims);
    return ALEXNET_OK;
}

alexnet_status an_dense_gather(const an_dense_run *r, const an_onnx_node *node,
                               const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *x = inputs[0], *at = inputs[1];

    if (x->data != NULL || at == NULL || at->data != NULL || an_onnx_int(node, "axis", 0) != 0)
        return an_dense_fail(r, node, "expected whole numbers");
    *out = *at;
    for (int i = 0; i < at->count; ++i) {
        const int64_t index = at->ints[i] < 0 ? at->ints[i] + x->count : at->ints[i];
        if (index < 0 || index >= x->count)
            return an_dense_fail(r, node, "expected indices of its input");
        out->ints[i] = x->ints[index];
    }
    return ALEXNET_OK;
}

alexnet_status an_dense_concat(const an_dense_run *r, const an_onnx_node *node,
                               const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    *out = (an_dense_tensor){.rank = 1};
    for (int i = 0; i < node->input_count; ++i) {
        const an_dense_tensor *x = inputs[i];
        if (x == NULL || x->data != NULL || x->count > AN_ONNX_LIST_MAX - out->count)
            return an_dense_fail(r, node, "expected whole numbers");
        memcpy(out->ints + out->count, x->ints, (size_t)x->count * sizeof *x->ints);
        out->count += x->count;
    }
    out->dims[0] = out->count;
    return ALEXNET_OK;
}
