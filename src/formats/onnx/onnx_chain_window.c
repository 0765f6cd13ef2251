/*
 * onnx_chain_window.c: windows that slide over a map. Where they begin and how many there are
 * decides about every value: so what ONNX's versions and runtimes read differently is refused.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/chain.h"

#include "base/status.h"
#include <float.h>
#include <string.h>

void an_chain_to_nchw(an_chain_map *x)
{
    x->rank = 4;
    for (int i = 0; i < 3; ++i) {
        x->order[i] = i;
        x->dims[1 + i] = x->side[i];
    }
    x->padded = false;
    memset(x->pad, 0, sizeof x->pad);
    x->positive = false;
}

/* `count` numbers of an attribute, or as many times `otherwise`. False: another number of them, or
   one is not within 0 .. 2^20. */
static bool read_list(const an_onnx_node *node, const char *name, int otherwise, int count,
                      int *out)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    for (int i = 0; i < count; ++i)
        out[i] = otherwise;
    if (found == NULL || found->count == 0) return true;
    for (int i = 0; i < count && found->count == count; ++i) {
        if (found->ints[i] < 0 || found->ints[i] > AN_CHAIN_SIDE_MAX) return false;
        out[i] = (int)found->ints[i];
    }
    return found->count == count;
}

/* Padding as TensorFlow chooses it: the odd one below and to the right. */
static void pad_same(const int side[2], an_chain_window *window)
{
    for (int i = 0; i < 2; ++i) {
        const int count = (side[i] + window->stride[i] - 1) / window->stride[i];
        const int needed = (count - 1) * window->stride[i] + window->kernel[i] - side[i];
        window->pad[i] = needed > 0 ? needed / 2 : 0;
        window->pad[2 + i] = needed > 0 ? needed - needed / 2 : 0;
    }
}

static alexnet_status count_windows(an_chain *k, const an_onnx_node *node, const int side[2],
                                    bool up, an_chain_window *window, an_chain_value *out)
{
    for (int i = 0; i < 2; ++i) {
        const int64_t stride = window->stride[i], before = window->pad[i];
        const int64_t room = side[i] + before + window->pad[2 + i] - window->kernel[i];
        if (room < 0 || room > AN_CHAIN_SIDE_MAX)
            return an_chain_refuse(k, node, out, "a window of %d on a padded side of %lld",
                                   window->kernel[i], (long long)(room + window->kernel[i]));
        const int64_t count = (room + (up ? stride - 1 : 0)) / stride + 1;
        if (up && (count - 1) * stride >= side[i] + before)
            return an_chain_refuse(k, node, out,
                                   "rounded up, its last window begins beyond the input of %d: "
                                   "runtimes differ in that",
                                   side[i]);
        window->out[i] = (int)count;
        window->reach[i] = (int)((count - 1) * stride + window->kernel[i] - before - side[i]);
    }
    return ALEXNET_OK;
}

alexnet_status an_chain_read_window(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                                    const int64_t *kernel, an_chain_window *window,
                                    an_chain_value *out)
{
    const char *automatic = an_onnx_string(node, "auto_pad", "NOTSET");
    const int *side = x->side + 1;
    int dilations[2];

    *window = (an_chain_window){0};
    if (!read_list(node, "kernel_shape", 0, 2, window->kernel) ||
        !read_list(node, "strides", 1, 2, window->stride) ||
        !read_list(node, "dilations", 1, 2, dilations) ||
        !read_list(node, "pads", 0, 4, window->pad))
        return an_chain_refuse(k, node, out,
                               "expected kernel, strides, dilations and pads of two dimensions");
    for (int i = 0; i < 2; ++i) {
        if (kernel != NULL && window->kernel[i] == 0 && kernel[i] <= AN_CHAIN_SIDE_MAX)
            window->kernel[i] = (int)kernel[i];
        if (window->kernel[i] < 1 || window->stride[i] < 1 || dilations[i] != 1 ||
            (kernel != NULL && window->kernel[i] != kernel[i]))
            return an_chain_refuse(k, node, out,
                                   "expected windows like its weights, strides of 1 or more and "
                                   "dilations of 1");
    }
    if (strcmp(automatic, "SAME_UPPER") == 0 && !x->padded) {
        pad_same(side, window);
    } else if (strcmp(automatic, "VALID") == 0) {
        memset(window->pad, 0, sizeof window->pad);
    } else if (strcmp(automatic, "NOTSET") != 0) {
        return an_chain_refuse(k, node, out, "auto_pad %s is not read here", automatic);
    }
    for (int i = 0; i < 4 && x->padded; ++i)
        window->pad[i] += x->pad[i];
    const int64_t up = an_onnx_int(node, "ceil_mode", 0);
    if (up != 0 && strcmp(automatic, "NOTSET") != 0)
        return an_chain_refuse(k, node, out, "ceil_mode and auto_pad %s together", automatic);
    return count_windows(k, node, side, up != 0, window, out);
}

void an_chain_set_window(const an_chain_window *window, int channels, an_graph_node *layer)
{
    layer->out[0] = channels;
    for (int i = 0; i < 2; ++i) {
        layer->kernel[i] = window->kernel[i];
        layer->stride[i] = window->stride[i];
        layer->pad[i] = window->pad[i];
        layer->out[1 + i] = window->out[i];
    }
}

/* ---- pooling ---- */

/* An average over the whole map has no stride. */
static alexnet_status add_average_of_map(an_chain *k, const an_onnx_node *node,
                                         const an_chain_map *x, an_chain_value *out)
{
    an_graph_node layer = {.op = AN_GRAPH_AVERAGE_POOL, .out = {x->side[0], 1, 1}};

    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    if (x->side[1] == 1 && x->side[2] == 1) return ALEXNET_OK;
    for (int i = 0; i < 2; ++i)
        layer.kernel[i] = layer.stride[i] = x->side[1 + i];
    return an_chain_add(k, node, x, &layer, NULL, out);
}

/* A padding that a maximum ignores: smaller than every number, or zeros beside no negative one. */
static bool is_ignored(const an_chain_map *x)
{
    return x->pad_value <= (double)-FLT_MAX || (x->pad_value == 0 && x->positive);
}

/* Whether an average over these windows divides by a number that a chain can say. */
static alexnet_status check_divisor(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                                    const an_chain_window *window, bool *counts,
                                    an_chain_value *out)
{
    *counts = an_onnx_int(node, "count_include_pad", 0) != 0 || x->padded;
    if (x->padded && x->pad_value != 0)
        return an_chain_refuse(k, node, out, "expected a padding of zeros before it, found %g",
                               x->pad_value);
    for (int i = 0; i < 2; ++i) {
        const int reach = AN_MAX(window->reach[i], 0);
        if (*counts && AN_MIN(reach, window->pad[2 + i]) != AN_MIN(reach, window->pad[i]))
            return an_chain_refuse(k, node, out,
                                   "expected the same padding on both sides, as it is counted");
    }
    return ALEXNET_OK;
}

/* The pooling of x^2 is a step of a normalisation. */
static alexnet_status pool_norm(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                                an_chain_value *out)
{
    return strcmp(node->op, "AveragePool") == 0
               ? an_chain_normalise(k, node, out)
               : an_chain_refuse(k, node, out,
                                 "expected an average in a normalisation, not %s of "
                                 "'%s'",
                                 node->op, k->model->values[x->norm.value].name);
}

alexnet_status an_chain_add_pool(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *input = an_chain_input(k, node, 0);
    const bool average = strcmp(node->op, "AveragePool") == 0;
    an_graph_node layer = {.op = average ? AN_GRAPH_AVERAGE_POOL : AN_GRAPH_MAX_POOL};
    an_chain_window window;
    alexnet_status status;

    if (input->kind == AN_CHAIN_NORM) return pool_norm(k, node, input, out);
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_PAD, out, &status);
    if (x == NULL) return status;
    if (!an_chain_is_nchw(x))
        return an_chain_refuse(k, node, out, "expected an input of channels, rows, columns");
    AN_TRY(an_chain_read_window(k, node, x, NULL, &window, out));
    if (out->kind == AN_CHAIN_REFUSED) return ALEXNET_OK;
    for (int i = 0; i < 4; ++i) {
        if (window.pad[i] >= window.kernel[i % 2])
            return an_chain_refuse(k, node, out, "expected less padding than a window of %d",
                                   window.kernel[i % 2]);
        if (x->padded && window.pad[i] != x->pad[i])
            return an_chain_refuse(k, node, out, "expected no second padding after a Pad");
    }
    if (average)
        AN_TRY(check_divisor(k, node, x, &window, &layer.counts_pad, out));
    else if (x->padded && !is_ignored(x))
        return an_chain_refuse(k, node, out, "expected a padding that is no maximum, found %g",
                               x->pad_value);
    if (out->kind == AN_CHAIN_REFUSED) return ALEXNET_OK;
    an_chain_set_window(&window, x->side[0], &layer);
    const bool positive = x->positive;
    if (window.kernel[0] == 1 && window.kernel[1] == 1 && window.stride[0] == 1 &&
        window.stride[1] == 1) {
        out->kind = AN_CHAIN_MAP;
        out->map = *x;
    } else if (average && window.kernel[0] == x->side[1] && window.kernel[1] == x->side[2] &&
               window.out[0] == 1 && window.out[1] == 1 && window.pad[0] == 0 &&
               window.pad[1] == 0) {
        AN_TRY(add_average_of_map(k, node, x, out));
    } else {
        AN_TRY(an_chain_add(k, node, x, &layer, NULL, out));
    }
    an_chain_to_nchw(&out->map);
    out->map.positive = positive;
    return ALEXNET_OK;
}

alexnet_status an_chain_add_global_pool(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);

    if (x == NULL) return status;
    if (!an_chain_is_nchw(x))
        return an_chain_refuse(k, node, out, "expected an input of channels, rows, columns");
    const bool positive = x->positive;
    AN_TRY(add_average_of_map(k, node, x, out));
    an_chain_to_nchw(&out->map);
    out->map.positive = positive;
    return ALEXNET_OK;
}

/* The mean over rows and columns, wherever these dimensions are. */
alexnet_status an_chain_add_reduce_mean(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_onnx_attribute *attribute = an_onnx_attribute_find(node, "axes");
    an_chain_dims axes = {0};
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);

    if (x == NULL) return status;
    if (attribute != NULL) {
        axes.count = attribute->count;
        memcpy(axes.values, attribute->ints, sizeof axes.values);
    } else if (!an_chain_ints(k, an_chain_input(k, node, 1), &axes, &status)) {
        if (status != ALEXNET_OK) return status;
    }
    bool reduced[4] = {false};
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.values[i] < 0 ? axes.values[i] + 4 : axes.values[i];
        if (axis >= 1 && axis < 4) reduced[axis] = true;
    }
    int count = 0;
    for (int i = 0; i < 3 && x->rank == 4; ++i)
        count += x->dims[1 + i] == x->side[x->order[i]] && reduced[1 + i] == (x->order[i] != 0);
    if (count != 3 || axes.count != 2)
        return an_chain_refuse(k, node, out, "expected a mean over rows and columns");
    const bool positive = x->positive;
    const int channels = x->order[0] == 0 ? 1 : x->order[1] == 0 ? 2 : 3;
    AN_TRY(add_average_of_map(k, node, x, out));
    if (an_onnx_int(node, "keepdims", 1) != 0) {
        for (int i = 1; i < 4; ++i)
            out->map.dims[i] = i == channels ? out->map.side[0] : 1;
    } else {
        out->map.rank = 2;
        out->map.dims[1] = out->map.side[0];
    }
    out->map.positive = positive;
    return ALEXNET_OK;
}

/* ---- Pad ---- */

/* Its pads, one pair for each dimension. False: they are not constant. */
static bool read_pads(an_chain *k, const an_onnx_node *node, int rank, int64_t *pads, double *value,
                      alexnet_status *status)
{
    const an_onnx_attribute *attribute = an_onnx_attribute_find(node, "pads");
    an_chain_dims given = {0}, axes = {0};

    *status = ALEXNET_OK;
    *value = an_onnx_float(node, "value", 0);
    if (attribute != NULL) {
        given.count = attribute->count;
        memcpy(given.values, attribute->ints, sizeof given.values);
    } else if (!an_chain_ints(k, an_chain_input(k, node, 1), &given, status)) {
        return false;
    }
    if (an_chain_has_input(node, 2) &&
        !an_chain_number(k, an_chain_input(k, node, 2), value, status))
        return false;
    for (int i = 0; i < rank; ++i)
        axes.values[i] = i;
    axes.count = rank;
    if (an_chain_has_input(node, 3) && !an_chain_ints(k, an_chain_input(k, node, 3), &axes, status))
        return false;
    if (given.count != 2 * axes.count) return false;
    memset(pads, 0, 2 * (size_t)rank * sizeof *pads);
    for (int i = 0; i < axes.count; ++i) {
        const int64_t axis = axes.values[i] < 0 ? axes.values[i] + rank : axes.values[i];
        if (axis < 0 || axis >= rank) return false;
        pads[axis] = given.values[i];
        pads[rank + axis] = given.values[axes.count + i];
    }
    return true;
}

/* x^2 as [n][1][c][h][w] is padded along its channels. */
static alexnet_status pad_norm(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                               an_chain_value *out)
{
    int64_t pads[10];
    double value;
    alexnet_status status;

    if (!x->norm.deep || x->norm.size > 0 || !read_pads(k, node, 5, pads, &value, &status))
        return x->norm.deep && x->norm.size == 0 && status != ALEXNET_OK
                   ? status
                   : an_chain_refuse(k, node, out, "expected a padding of channels");
    for (int i = 0; i < 10; ++i)
        if (i % 5 != 2 && pads[i] != 0)
            return an_chain_refuse(k, node, out, "expected a padding of channels");
    *out = *x;
    out->norm.pads[0] = pads[2];
    out->norm.pads[1] = pads[7];
    return value == 0 ? ALEXNET_OK : an_chain_refuse(k, node, out, "expected a padding of zeros");
}

alexnet_status an_chain_add_pad(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *input = an_chain_input(k, node, 0);
    int64_t pads[8];
    double value;
    alexnet_status status;

    if (strcmp(an_onnx_string(node, "mode", "constant"), "constant") != 0)
        return an_chain_refuse(k, node, out, "expected a constant padding");
    if (input->kind == AN_CHAIN_NORM) return pad_norm(k, node, input, out);
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);
    if (x == NULL) return status;
    if (x->rank != 4 || !read_pads(k, node, 4, pads, &value, &status))
        return x->rank == 4 && status != ALEXNET_OK
                   ? status
                   : an_chain_refuse(k, node, out, "expected constant pads of 4 dimensions");
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    for (int i = 0; i < 3; ++i) {
        const int side = x->order[i];
        if (x->dims[1 + i] != x->side[side])
            return an_chain_refuse(k, node, out, "expected a map of channels, rows, columns");
        for (int end = 0; end < 2; ++end) {
            const int64_t pad = pads[4 * end + 1 + i];
            if (pads[4 * end] != 0 || pad < 0 || pad > AN_CHAIN_SIDE_MAX || (side == 0 && pad != 0))
                return an_chain_refuse(k, node, out, "expected a padding of rows and columns");
            if (side > 0) out->map.pad[2 * end + side - 1] = (int)pad;
            if (pad > 0) out->map.padded = true;
        }
    }
    out->map.pad_value = value;
    return ALEXNET_OK;
}
