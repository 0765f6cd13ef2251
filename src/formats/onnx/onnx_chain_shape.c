/*
 * onnx_chain_shape.c: operators that arrange the same elements in another way, and those that
 * compute a shape for them, as exporters do where the number of images is open.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/chain.h"

#include "base/status.h"
#include <string.h>

static bool is_in_our_order(const an_chain_map *x)
{
    return x->order[0] == 0 && x->order[1] == 1 && x->order[2] == 2;
}

/* Whether its dimensions are the images, then its sides in the order of the elements. */
static bool lists_its_sides(const an_chain_map *x)
{
    bool lists = x->rank == 4;

    for (int i = 0; i < 3 && lists; ++i)
        lists = x->dims[1 + i] == x->side[x->order[i]] / (x->order[i] == 0 ? x->fold : 1);
    return lists;
}

/* ---- Flatten ---- */

alexnet_status an_chain_add_flatten(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_SOFTMAX, out, &status);
    const int64_t axis = an_onnx_int(node, "axis", 1);

    if (x == NULL) return status;
    if (axis != 1 && axis != 1 - x->rank)
        return an_chain_refuse(k, node, out, "expected a row for each image, axis 1, found %lld",
                               (long long)axis);
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    out->map.rank = 2;
    out->map.dims[1] = an_chain_elements(x);
    return ALEXNET_OK;
}

/* ---- Reshape ---- */

/* The product of dims[from ...], where one may be -1 (*open is then its index, else -1). False: a
   dimension is not positive, or the product exceeds `most`. */
static bool multiply_dims(const an_chain_dims *dims, int from, int64_t most, int64_t *product,
                          int *open)
{
    *product = 1;
    *open = -1;
    for (int i = from; i < dims->count; ++i) {
        if (dims->values[i] == -1 && *open < 0) {
            *open = i;
            continue;
        }
        if (dims->values[i] < 1 || dims->values[i] > most / *product) return false;
        *product *= dims->values[i];
    }
    return true;
}

/* Each 0 copies the dimension there. False: there is none. */
static bool copy_zeros(an_chain_dims *dims, const int64_t *from, int rank)
{
    for (int i = 0; i < dims->count; ++i) {
        if (dims->values[i] != 0) continue;
        if (i >= rank) return false;
        dims->values[i] = from[i];
    }
    return true;
}

/* Into how many groups of channels the images are cut by this first dimension; 0: into none. */
static int64_t find_fold(const an_chain *k, const an_chain_map *x, int64_t first, bool copied,
                         int64_t rest, int open)
{
    const int64_t elements = an_chain_elements(x);

    if (copied) return x->fold;
    if (first == -1) return open < 0 && elements % rest == 0 ? elements / rest : 0;
    if (first == k->batch) return 1;
    return k->batch != AN_CHAIN_BATCH && first > 0 && first % k->batch == 0 ? first / k->batch : 0;
}

static alexnet_status reshape_map(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                                  an_chain_dims to, an_chain_value *out)
{
    const int64_t elements = an_chain_elements(x);
    const bool copied = to.count > 0 && to.values[0] == 0 && an_onnx_int(node, "allowzero", 0) == 0;
    int64_t rest;
    int open;

    if (to.count < 2 || to.count > AN_TENSOR_RANK_MAX ||
        (an_onnx_int(node, "allowzero", 0) == 0 && !copy_zeros(&to, x->dims, x->rank)) ||
        !multiply_dims(&to, 1, elements, &rest, &open))
        return an_chain_refuse(k, node, out, "expected a shape of %lld elements for each image",
                               (long long)elements);
    const int64_t fold = find_fold(k, x, to.values[0], copied, rest, open);
    if (fold < 1 || elements % fold != 0 || (elements / fold) % rest != 0 ||
        (open < 0 && rest != elements / fold))
        return an_chain_refuse(k, node, out, "expected a shape of %lld elements for each image",
                               (long long)elements);
    if (open >= 0) to.values[open] = elements / fold / rest;
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    out->map.rank = to.count;
    memcpy(out->map.dims, to.values, (size_t)to.count * sizeof *to.values);
    out->map.dims[0] = k->batch;
    out->map.fold = (int)fold;
    if (fold > 1 && (x->side[0] % fold != 0 || !is_in_our_order(x) || !lists_its_sides(&out->map)))
        return an_chain_refuse(k, node, out, "it cuts the images in %lld, not along channels",
                               (long long)fold);
    return ALEXNET_OK;
}

static alexnet_status reshape_tensor(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                                     an_chain_dims to, an_chain_value *out)
{
    int64_t product;
    int open;

    if (!copy_zeros(&to, x->view.shape, x->view.rank) ||
        !multiply_dims(&to, 0, INT64_MAX, &product, &open) ||
        (open >= 0 && x->view.count % product != 0))
        return an_chain_refuse(k, node, out, "expected a shape of %lld elements",
                               (long long)x->view.count);
    if (open >= 0) to.values[open] = x->view.count / product;
    *out = *x;
    if (!an_tensor_reshape(&out->view, to.values, to.count))
        return an_chain_refuse(k, node, out, "expected a shape of %lld elements",
                               (long long)x->view.count);
    return ALEXNET_OK;
}

/* x^2 gets or loses a dimension before its channels. */
static alexnet_status reshape_norm(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                                   const an_chain_dims *to, an_chain_value *out)
{
    const bool deep = to->count == 5;
    const int *side = x->map.side;
    bool fits = (deep && to->values[1] == 1) || to->count == 4;

    for (int i = 0; i < 3 && fits; ++i)
        fits = to->values[to->count - 3 + i] == side[i] ||
               (to->values[to->count - 3 + i] == -1 && to->values[0] != -1);
    if (!fits || (to->values[0] != -1 && to->values[0] != k->batch && to->values[0] != 0))
        return an_chain_refuse(k, node, out, "expected the shape of a normalised map");
    *out = *x;
    out->norm.deep = deep;
    return ALEXNET_OK;
}

alexnet_status an_chain_add_reshape(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *input = an_chain_input(k, node, 0);
    an_chain_dims to = {0};
    alexnet_status status;

    if (!an_chain_ints(k, an_chain_input(k, node, 1), &to, &status))
        return status != ALEXNET_OK ? status
               : input->kind == AN_CHAIN_REFUSED
                   ? an_chain_refuse_as(out, input)
                   : an_chain_refuse(k, node, out, "expected a constant shape");
    if (input->kind == AN_CHAIN_TENSOR) return reshape_tensor(k, node, input, to, out);
    if (input->kind == AN_CHAIN_NORM) return reshape_norm(k, node, input, &to, out);
    const an_chain_map *x =
        an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_FOLD | AN_CHAIN_TAKES_SOFTMAX, out, &status);
    return x != NULL ? reshape_map(k, node, x, to, out) : status;
}

/* ---- Transpose ---- */

static bool read_order(const an_onnx_node *node, int rank, int *order)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, "perm");
    unsigned seen = 0;

    if (found != NULL && found->count != rank) return false;
    for (int i = 0; i < rank; ++i) {
        const int64_t axis = found != NULL ? found->ints[i] : rank - 1 - i;
        if (axis < 0 || axis >= rank || (seen >> axis & 1) != 0) return false;
        seen |= 1U << axis;
        order[i] = (int)axis;
    }
    return true;
}

/* A constant whose dimensions are those that its elements are arranged by. */
static bool is_as_stored(const an_tensor_view *view)
{
    return view->axes == 0 ||
           (view->axes == view->rank &&
            memcmp(view->axis, view->shape, (size_t)view->rank * sizeof *view->axis) == 0);
}

alexnet_status an_chain_add_transpose(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *input = an_chain_input(k, node, 0);
    int order[AN_TENSOR_RANK_MAX];
    alexnet_status status;

    if (input->kind == AN_CHAIN_TENSOR) {
        if (!is_as_stored(&input->view) || !read_order(node, input->view.rank, order))
            return an_chain_refuse(k, node, out,
                                   "its constant is reordered in a way that is not "
                                   "read");
        *out = *input;
        an_tensor_permute(&out->view, order);
        return ALEXNET_OK;
    }
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_SOFTMAX, out, &status);
    if (x == NULL) return status;
    if (!lists_its_sides(x) || !read_order(node, 4, order) || order[0] != 0)
        return an_chain_refuse(k, node, out,
                               "expected a map of channels, rows, columns in another order");
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    for (int i = 0; i < 3; ++i) {
        const int from = order[1 + i] - 1;
        out->map.dims[1 + i] = x->dims[1 + from];
        if (x->layer >= 0) {
            out->map.order[i] = x->order[from];
        } else { /* so the input of the network has its channels elsewhere */
            out->map.side[i] = x->side[from];
            out->map.from[i] = x->from[from];
        }
    }
    return ALEXNET_OK;
}

/* ---- Squeeze and Unsqueeze ---- */

/* The axes of the smaller or, for Unsqueeze, the larger shape. None: all of size 1. */
static bool read_axes(an_chain *k, const an_onnx_node *node, int rank, bool *at,
                      alexnet_status *status)
{
    const an_onnx_attribute *attribute = an_onnx_attribute_find(node, "axes");
    an_chain_dims axes = {0};

    *status = ALEXNET_OK;
    if (attribute != NULL) {
        axes.count = attribute->count;
        memcpy(axes.values, attribute->ints, sizeof axes.values);
    } else if (!an_chain_has_input(node, 1) ||
               !an_chain_ints(k, an_chain_input(k, node, 1), &axes, status)) {
        return false;
    }
    const bool inserts = strcmp(node->op, "Unsqueeze") == 0;
    const int all = inserts ? rank + axes.count : rank;
    if (all > AN_TENSOR_RANK_MAX) return false;
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.values[i] < 0 ? axes.values[i] + all : axes.values[i];
        if (axis < 0 || axis >= all || at[axis]) return false;
        at[axis] = true;
    }
    return axes.count > 0;
}

/* Adds or removes dimensions of size 1. False: one that is removed has another size. */
static bool change_dims(const an_onnx_node *node, const bool *at, int64_t *dims, int *rank)
{
    const bool inserts = strcmp(node->op, "Unsqueeze") == 0;
    int64_t old[AN_TENSOR_RANK_MAX];
    int from = 0, to = 0;

    memcpy(old, dims, (size_t)*rank * sizeof *old);
    if (inserts) {
        for (; to < AN_TENSOR_RANK_MAX && (from < *rank || at[to]); ++to)
            dims[to] = at[to] ? 1 : old[from++];
    } else {
        for (; from < *rank; ++from) {
            if (at[from] && old[from] != 1) return false;
            if (!at[from]) dims[to++] = old[from];
        }
    }
    *rank = to;
    return true;
}

static alexnet_status squeeze_norm(const an_onnx_node *node, const an_chain_value *x,
                                   const bool *at, an_chain_value *out)
{
    bool others = at[0];

    for (int i = 2; i < AN_TENSOR_RANK_MAX; ++i)
        others = others || at[i];
    *out = *x;
    out->norm.deep = strcmp(node->op, "Unsqueeze") == 0;
    if (others || !at[1] || x->norm.deep == out->norm.deep) out->kind = AN_CHAIN_NOTHING;
    return ALEXNET_OK;
}

alexnet_status an_chain_add_squeeze(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *x = an_chain_input(k, node, 0);
    bool at[AN_TENSOR_RANK_MAX] = {false};
    alexnet_status status;

    if (x->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, x);
    if (x->kind == AN_CHAIN_DIMS) {
        *out = *x;
        out->shape.scalar = strcmp(node->op, "Squeeze") == 0;
        return x->shape.count == 1
                   ? ALEXNET_OK
                   : an_chain_refuse(k, node, out, "expected one number of a shape");
    }
    const int rank = x->kind == AN_CHAIN_MAP      ? x->map.rank
                     : x->kind == AN_CHAIN_TENSOR ? x->view.rank
                     : x->norm.deep               ? 5
                                                  : 4;
    if (!read_axes(k, node, rank, at, &status))
        return status != ALEXNET_OK ? status
                                    : an_chain_refuse(k, node, out, "expected constant axes");
    if (x->kind == AN_CHAIN_NORM) AN_TRY(squeeze_norm(node, x, at, out));
    if (x->kind == AN_CHAIN_TENSOR) {
        int64_t shape[AN_TENSOR_RANK_MAX];
        int changed = rank;
        memcpy(shape, x->view.shape, sizeof shape);
        *out = *x;
        if (!change_dims(node, at, shape, &changed) ||
            !an_tensor_reshape(&out->view, shape, changed))
            out->kind = AN_CHAIN_NOTHING;
    }
    if (x->kind == AN_CHAIN_MAP) {
        const an_chain_map *map =
            an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_SOFTMAX, out, &status);
        if (map == NULL) return status;
        out->kind = AN_CHAIN_MAP;
        out->map = *map;
        if (at[0] || !change_dims(node, at, out->map.dims, &out->map.rank))
            out->kind = AN_CHAIN_NOTHING;
    }
    return out->kind != AN_CHAIN_NOTHING
               ? ALEXNET_OK
               : an_chain_refuse(k, node, out, "expected dimensions of size 1");
}

/* ---- shapes ---- */

alexnet_status an_chain_add_shape(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);

    if (x == NULL) return status;
    int64_t start = an_onnx_int(node, "start", 0), end = an_onnx_int(node, "end", x->rank);
    if (start < 0) start += x->rank;
    if (end < 0) end += x->rank;
    if (start < 0 || start > end || end > x->rank)
        return an_chain_refuse(k, node, out, "expected a part of the shape of its input");
    out->kind = AN_CHAIN_DIMS;
    out->shape.count = (int)(end - start);
    memcpy(out->shape.values, x->dims + start, (size_t)out->shape.count * sizeof *x->dims);
    return ALEXNET_OK;
}

alexnet_status an_chain_add_gather(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *from = an_chain_input(k, node, 0);
    an_chain_dims list = {0}, at = {0};
    alexnet_status status;

    if (from->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, from);
    if (!an_chain_ints(k, from, &list, &status) ||
        !an_chain_ints(k, an_chain_input(k, node, 1), &at, &status) ||
        an_onnx_int(node, "axis", 0) != 0)
        return status != ALEXNET_OK ? status
                                    : an_chain_refuse(k, node, out, "expected numbers of a shape");
    for (int i = 0; i < at.count; ++i) {
        const int64_t index = at.values[i] < 0 ? at.values[i] + list.count : at.values[i];
        if (index < 0 || index >= list.count)
            return an_chain_refuse(k, node, out, "expected numbers of a shape");
        out->shape.values[i] = list.values[index];
    }
    out->kind = AN_CHAIN_DIMS;
    out->shape.count = at.count;
    out->shape.scalar = at.scalar;
    return ALEXNET_OK;
}

alexnet_status an_chain_add_concat(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    an_chain_dims part = {0};
    alexnet_status status;

    for (int i = 0; i < node->input_count; ++i) {
        const an_chain_value *x = an_chain_input(k, node, i);
        if (x->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, x);
        if (!an_chain_ints(k, x, &part, &status) || part.scalar ||
            part.count > AN_ONNX_LIST_MAX - out->shape.count)
            return status != ALEXNET_OK
                       ? status
                       : an_chain_refuse(k, node, out, "expected numbers of a shape");
        memcpy(out->shape.values + out->shape.count, part.values,
               (size_t)part.count * sizeof *part.values);
        out->shape.count += part.count;
    }
    out->kind = AN_CHAIN_DIMS;
    return ALEXNET_OK;
}
