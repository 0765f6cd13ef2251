/*
 * onnx_chain.c: the graph as a chain of layers.
 *
 * The nodes are gone through in their order, and each value gets a meaning: a map of the network, a
 * constant, a shape, a step of a normalisation that is spelled out in elementary operators, or
 * something that no chain has, with the reason. Only what the output depends on matters.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/chain.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- values ---- */

alexnet_status an_chain_refuse(an_chain *k, const an_onnx_node *node, an_chain_value *out,
                               const char *format, ...)
{
    char text[400];
    va_list list;

    va_start(list, format);
    an_print_list(text, sizeof text, format, list);
    va_end(list);
    out->kind = AN_CHAIN_REFUSED;
    out->reason = an_store_format(k->ctx, &k->file->store, "%s: node '%s' (%s): %s", k->path,
                                  node->name, node->op, text);
    return out->reason != NULL ? ALEXNET_OK : an_chain_fail_memory(k);
}

alexnet_status an_chain_refuse_as(an_chain_value *out, const an_chain_value *input)
{
    out->kind = AN_CHAIN_REFUSED;
    out->reason = input->reason;
    return ALEXNET_OK;
}

alexnet_status an_chain_fail_memory(const an_chain *k)
{
    return an_fail(k->ctx, ALEXNET_NO_MEMORY, "%s: no memory for its graph", k->path);
}

static an_chain_value *new_value(an_chain *k, int value)
{
    return k->values[value] = an_store_new(k->ctx, &k->scratch, sizeof *k->values[value]);
}

/* The meaning of an input; NULL: left out, or no memory. */
static an_chain_value *input_value(an_chain *k, const an_onnx_node *node, int i)
{
    const int value = i < node->input_count ? node->inputs[i] : -1;
    const int tensor = value >= 0 ? k->model->values[value].tensor : -1;

    if (value < 0 || k->values[value] != NULL || tensor < 0)
        return value >= 0 ? k->values[value] : NULL;
    an_chain_value *made = new_value(k, value);
    if (made == NULL) return NULL;
    made->kind = AN_CHAIN_TENSOR;
    made->tensor = tensor;
    made->view = k->model->tensors[tensor].view;
    return made;
}

bool an_chain_has_input(const an_onnx_node *node, int i)
{
    return i < node->input_count && node->inputs[i] >= 0;
}

const an_chain_value *an_chain_input(an_chain *k, const an_onnx_node *node, int i)
{
    static const an_chain_value nothing = {.kind = AN_CHAIN_NOTHING};
    const an_chain_value *found = input_value(k, node, i);

    return found != NULL ? found : &nothing;
}

const an_chain_map *an_chain_map_input(an_chain *k, const an_onnx_node *node, int i, unsigned takes,
                                       an_chain_value *out, alexnet_status *status)
{
    const an_chain_value *x = an_chain_input(k, node, i);

    *status = ALEXNET_OK;
    if (x->kind == AN_CHAIN_REFUSED) {
        *status = an_chain_refuse_as(out, x);
        return NULL;
    }
    if (x->kind != AN_CHAIN_MAP)
        *status = an_chain_refuse(k, node, out, "expected a map of the network as its input");
    else if (x->map.softmax && (takes & AN_CHAIN_TAKES_SOFTMAX) == 0)
        *status = an_chain_refuse(k, node, out, "expected nothing after the softmax");
    else if (x->map.padded && (takes & AN_CHAIN_TAKES_PAD) == 0)
        *status = an_chain_refuse(k, node, out, "expected a convolution or a pooling after a Pad");
    else if (x->map.fold != 1 && (takes & AN_CHAIN_TAKES_FOLD) == 0)
        *status = an_chain_refuse(k, node, out, "expected a normalisation of %d groups of channels",
                                  x->map.fold);
    return out->kind == AN_CHAIN_REFUSED || *status != ALEXNET_OK ? NULL : &x->map;
}

bool an_chain_is_nchw(const an_chain_map *x)
{
    const bool in_order = x->order[0] == 0 && x->order[1] == 1 && x->order[2] == 2;

    return x->rank == 4 && x->dims[1] == x->side[0] / x->fold && x->dims[2] == x->side[1] &&
           x->dims[3] == x->side[2] && (in_order || (x->side[1] == 1 && x->side[2] == 1));
}

int64_t an_chain_elements(const an_chain_map *x)
{
    return (int64_t)x->side[0] * x->side[1] * x->side[2];
}

alexnet_status an_chain_add(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                            const an_graph_node *layer, const an_chain_value *const params[4],
                            an_chain_value *out)
{
    an_chain_layer *layers = k->layers;

    if (k->layer_count == k->layer_room) {
        const size_t room = AN_MAX((size_t)64, 2 * k->layer_room);
        layers = an_grow(k->ctx, k->layers, k->layer_room * sizeof *layers, room * sizeof *layers);
        if (layers == NULL) return an_chain_fail_memory(k);
        k->layers = layers;
        k->layer_room = room;
    }
    an_chain_layer *added = &layers[k->layer_count];
    *added = (an_chain_layer){.node = *layer, .of = node, .before = x->layer};
    added->node.name = node->name;
    memcpy(added->node.in, x->side, sizeof added->node.in);
    for (int i = 0; i < 4; ++i)
        added->params[i] = params != NULL ? params[i] : NULL;
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    out->map.layer = (int)k->layer_count++;
    memcpy(out->map.side, added->node.out, sizeof out->map.side);
    return ALEXNET_OK;
}

/* A layer that treats each element by itself. */
static alexnet_status add_elementwise(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                                      an_graph_op op, double factor, an_chain_value *out)
{
    an_graph_node layer = {.op = op, .factor = factor};

    memcpy(layer.out, x->side, sizeof layer.out);
    return an_chain_add(k, node, x, &layer, NULL, out);
}

/* ---- constants ---- */

bool an_chain_number(an_chain *k, const an_chain_value *value, double *out, alexnet_status *status)
{
    float number;
    int64_t whole;
    int count;

    *status = ALEXNET_OK;
    if (value->kind != AN_CHAIN_TENSOR || value->view.count != 1) return false;
    if (value->view.dtype == AN_I64 || value->view.dtype == AN_I32) {
        *status = an_onnx_read_ints(k->ctx, k->path, &value->view, 1, &whole, &count);
        *out = (double)whole;
    } else if (value->view.dtype == AN_BOOL) {
        uint8_t byte = 0;
        if (value->view.data != NULL)
            byte = value->view.data[0];
        else
            *status =
                an_reader_read(k->ctx, &value->view.reader, k->path, value->view.place, &byte, 1);
        *out = byte != 0;
    } else {
        *status = an_tensor_to_float(k->ctx, k->path, &value->view, &number);
        *out = *status == ALEXNET_OK ? (double)number : 0;
    }
    return *status == ALEXNET_OK;
}

bool an_chain_ints(an_chain *k, const an_chain_value *value, an_chain_dims *out,
                   alexnet_status *status)
{
    *status = ALEXNET_OK;
    if (value->kind == AN_CHAIN_DIMS) {
        *out = value->shape;
        return true;
    }
    if (value->kind != AN_CHAIN_TENSOR ||
        (value->view.dtype != AN_I64 && value->view.dtype != AN_I32) || value->view.rank > 1 ||
        value->view.count > AN_ONNX_LIST_MAX)
        return false;
    out->scalar = value->view.rank == 0;
    *status = an_onnx_read_ints(k->ctx, k->path, &value->view, AN_ONNX_LIST_MAX, out->values,
                                &out->count);
    return *status == ALEXNET_OK;
}

/* ---- convolution and linear layers ---- */

static alexnet_status add_conv(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_PAD, out, &status);
    const an_chain_value *weight = an_chain_input(k, node, 1), *bias = an_chain_input(k, node, 2);
    const int64_t *shape = weight->view.shape;
    const int64_t groups = an_onnx_int(node, "group", 1);

    if (x == NULL) return status;
    if (!an_chain_is_nchw(x))
        return an_chain_refuse(k, node, out, "expected an input of channels, rows, columns");
    if (weight->kind != AN_CHAIN_TENSOR || weight->view.rank != 4)
        return an_chain_refuse(k, node, out, "expected constant weights of 4 dimensions");
    if (groups < 1 || groups > x->side[0] || shape[1] * groups != x->side[0] || shape[0] < 1 ||
        shape[0] > AN_CHAIN_SIDE_MAX || shape[0] % groups != 0)
        return an_chain_refuse(
            k, node, out,
            "%lld groups of %lld channels and %lld filters on an input of %d channels",
            (long long)groups, (long long)shape[1], (long long)shape[0], x->side[0]);
    if (an_chain_has_input(node, 2) &&
        (bias->kind != AN_CHAIN_TENSOR || bias->view.rank != 1 || bias->view.count != shape[0]))
        return an_chain_refuse(k, node, out, "expected a constant bias for each of %lld filters",
                               (long long)shape[0]);
    an_graph_node layer = {.op = AN_GRAPH_CONV2D, .groups = (int)groups};
    an_chain_window window;
    AN_TRY(an_chain_read_window(k, node, x, shape + 2, &window, out));
    if (out->kind == AN_CHAIN_REFUSED) return ALEXNET_OK;
    an_chain_set_window(&window, (int)shape[0], &layer);
    if (x->padded && x->pad_value != 0)
        return an_chain_refuse(k, node, out, "expected a padding of zeros before it, found %g",
                               x->pad_value);
    const an_chain_value *const params[4] = {weight, bias->kind == AN_CHAIN_TENSOR ? bias : NULL};
    AN_TRY(an_chain_add(k, node, x, &layer, params, out));
    an_chain_to_nchw(&out->map);
    return ALEXNET_OK;
}

/*
 * Cuts the axis of the inputs in its channels, rows and columns, which the map lists in another
 * order, and brings them into ours.
 */
static bool reorder_inputs(const an_chain_map *x, an_tensor_view *weight)
{
    const int64_t outputs = weight->shape[0], inputs = weight->shape[1];
    int64_t stride[2] = {inputs, 1}, at = 1;

    if (x->order[0] == 0 && x->order[1] == 1) return true;
    if (weight->axes != 0) {
        if (weight->axes != 2 || weight->axis[0] != outputs) return false;
        memcpy(stride, weight->stride, sizeof stride);
    }
    weight->axes = 4;
    weight->axis[0] = outputs;
    weight->stride[0] = stride[0];
    for (int i = 2; i >= 0; --i) { /* the last of the map's order is the innermost */
        weight->axis[1 + x->order[i]] = x->side[x->order[i]];
        weight->stride[1 + x->order[i]] = stride[1] * at;
        at *= x->side[x->order[i]];
    }
    return true;
}

/* transposed: the weights are [outputs][inputs]. */
static alexnet_status add_linear(an_chain *k, const an_onnx_node *node, bool transposed,
                                 const an_chain_value *bias, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);
    const an_chain_value *weight = an_chain_input(k, node, 1);
    an_chain_value flat = {0};

    if (x == NULL) return status;
    const int64_t inputs = an_chain_elements(x);
    if (x->rank != 2 || inputs > AN_CHAIN_SIDE_MAX)
        return an_chain_refuse(k, node, out, "expected a row for each image as its input");
    if (weight->kind != AN_CHAIN_TENSOR || weight->view.rank != 2)
        return an_chain_refuse(k, node, out, "expected constant weights of 2 dimensions");
    an_chain_value *ours = an_store_new(k->ctx, &k->scratch, sizeof *ours);
    if (ours == NULL) return an_chain_fail_memory(k);
    *ours = *weight;
    if (!transposed) an_tensor_permute(&ours->view, (const int[]){1, 0});
    const int64_t outputs = ours->view.shape[0];
    if (ours->view.shape[1] != inputs || outputs < 1 || outputs > AN_CHAIN_SIDE_MAX)
        return an_chain_refuse(k, node, out, "weights for %lld inputs, the map has %lld",
                               (long long)ours->view.shape[1], (long long)inputs);
    if (bias != NULL && (bias->kind != AN_CHAIN_TENSOR || bias->view.count != outputs))
        return an_chain_refuse(k, node, out, "expected a constant bias for each of %lld outputs",
                               (long long)outputs);
    if (!reorder_inputs(x, &ours->view))
        return an_chain_refuse(k, node, out, "its weights are reordered in a way that is not read");
    if (x->side[1] > 1 || x->side[2] > 1) {
        const an_graph_node flatten = {.op = AN_GRAPH_FLATTEN, .out = {(int)inputs, 1, 1}};
        AN_TRY(an_chain_add(k, node, x, &flatten, NULL, &flat));
        flat.map.order[0] = 0;
        flat.map.order[1] = 1;
        flat.map.order[2] = 2;
        x = &flat.map;
    }
    const an_graph_node layer = {.op = AN_GRAPH_LINEAR, .out = {(int)outputs, 1, 1}};
    const an_chain_value *const params[4] = {ours, bias};
    AN_TRY(an_chain_add(k, node, x, &layer, params, out));
    out->map.dims[1] = outputs;
    out->map.positive = false;
    return ALEXNET_OK;
}

static alexnet_status add_gemm(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    if (an_onnx_float(node, "alpha", 1) != 1 || an_onnx_float(node, "beta", 1) != 1 ||
        an_onnx_int(node, "transA", 0) != 0)
        return an_chain_refuse(k, node, out, "expected alpha and beta 1, and no transA");
    return add_linear(k, node, an_onnx_int(node, "transB", 0) != 0,
                      an_chain_has_input(node, 2) ? an_chain_input(k, node, 2) : NULL, out);
}

static alexnet_status add_matmul(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    return add_linear(k, node, false, NULL, out);
}

/* ---- element by element ---- */

static alexnet_status add_activation(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_FOLD, out, &status);
    const an_graph_op op = strcmp(node->op, "Relu") == 0   ? AN_GRAPH_RELU
                           : strcmp(node->op, "Tanh") == 0 ? AN_GRAPH_TANH
                                                           : AN_GRAPH_SIGMOID;

    if (x == NULL) return status;
    AN_TRY(add_elementwise(k, node, x, op, 0, out));
    out->map.positive = op != AN_GRAPH_TANH;
    return ALEXNET_OK;
}

/* The input is the output: Dropout, Identity, a Cast to what it is. */
static alexnet_status pass(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *x = an_chain_input(k, node, 0);

    if (x->kind == AN_CHAIN_NOTHING) return an_chain_refuse(k, node, out, "it has no input");
    *out = *x;
    return ALEXNET_OK;
}

static alexnet_status add_dropout(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status = ALEXNET_OK;
    double training = 0;

    if (an_chain_has_input(node, 2) &&
        (!an_chain_number(k, an_chain_input(k, node, 2), &training, &status) || training != 0))
        return status != ALEXNET_OK
                   ? status
                   : an_chain_refuse(k, node, out, "it is in training mode; expected inference");
    return pass(k, node, out);
}

/* AttributeProto `to`: a type of TensorProto. */
static alexnet_status add_cast(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    enum { FLOAT = 1, INT64 = 7 };
    const an_chain_value *x = an_chain_input(k, node, 0);
    const int64_t to = an_onnx_int(node, "to", 0);
    const bool whole =
        x->kind == AN_CHAIN_DIMS ||
        (x->kind == AN_CHAIN_TENSOR && (x->view.dtype == AN_I64 || x->view.dtype == AN_I32));
    const bool real = x->kind == AN_CHAIN_MAP || x->kind == AN_CHAIN_NORM ||
                      (x->kind == AN_CHAIN_TENSOR && x->view.dtype <= AN_BF16);

    if (x->kind == AN_CHAIN_REFUSED || (to == FLOAT && real) || (to == INT64 && whole))
        return pass(k, node, out);
    return an_chain_refuse(k, node, out, "expected a conversion to float, found type %lld",
                           (long long)to);
}

static alexnet_status add_softmax(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);

    if (x == NULL) return status;
    int64_t axis = an_onnx_int(node, "axis", k->model->opset < 13 ? 1 : -1);
    if (axis < 0) axis += x->rank;
    const bool row = x->side[1] == 1 && x->side[2] == 1;
    if (axis < 1 || axis >= x->rank || x->dims[axis] != x->side[0] ||
        !(row || (k->model->opset >= 13 && axis == 1 && an_chain_is_nchw(x))))
        return an_chain_refuse(k, node, out, "expected a softmax over classes, found axis %lld",
                               (long long)axis);
    out->kind = AN_CHAIN_MAP;
    out->map = *x;
    out->map.softmax = true;
    out->map.logits = node->inputs[0];
    return ALEXNET_OK;
}

/* ---- normalisation ---- */

static alexnet_status add_lrn(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, AN_CHAIN_TAKES_FOLD, out, &status);
    const int64_t size = an_onnx_int(node, "size", 0);

    if (x == NULL) return status;
    if (!an_chain_is_nchw(x))
        return an_chain_refuse(k, node, out, "expected an input of channels, rows, columns");
    if (size < 1 || size > AN_CHAIN_SIDE_MAX || size % 2 == 0)
        return an_chain_refuse(k, node, out, "expected an odd size, found %lld", (long long)size);
    an_graph_node layer = {.op = AN_GRAPH_LRN_ACROSS,
                           .size = (int)size,
                           .groups = x->fold,
                           .alpha = an_onnx_float(node, "alpha", 1e-4) / (double)size,
                           .beta = an_onnx_float(node, "beta", 0.75),
                           .k = an_onnx_float(node, "bias", 1)};
    memcpy(layer.out, x->side, sizeof layer.out);
    return an_chain_add(k, node, x, &layer, NULL, out);
}

static alexnet_status add_batch_norm(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, 0, 0, out, &status);
    const an_chain_value *params[4];

    if (x == NULL) return status;
    if (!(an_chain_is_nchw(x) || (x->rank == 2 && x->side[1] == 1 && x->side[2] == 1)))
        return an_chain_refuse(k, node, out, "expected an input of channels, rows, columns");
    if (an_onnx_int(node, "training_mode", 0) != 0 || an_onnx_int(node, "spatial", 1) == 0)
        return an_chain_refuse(k, node, out, "expected running statistics for each channel");
    for (int i = 0; i < 4; ++i) {
        params[i] = an_chain_input(k, node, i + 1);
        if (params[i]->kind != AN_CHAIN_TENSOR || params[i]->view.count != x->side[0])
            return an_chain_refuse(k, node, out, "expected %d constants as its input %d",
                                   x->side[0], i + 1);
    }
    an_graph_node layer = {.op = AN_GRAPH_BATCH_NORM,
                           .epsilon = an_onnx_float(node, "epsilon", 1e-5)};
    memcpy(layer.out, x->side, sizeof layer.out);
    AN_TRY(an_chain_add(k, node, x, &layer, params, out));
    out->map.positive = false;
    return ALEXNET_OK;
}

/* ---- arithmetic: a bias, a scaling, or a step of a normalisation ---- */

/* A bias of the convolution or linear layer before, which has none yet. */
static alexnet_status add_bias(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                               const an_chain_value *bias, an_chain_value *out)
{
    const an_chain_layer *last = x->layer >= 0 ? &k->layers[x->layer] : NULL;

    if (last == NULL || last->params[1] != NULL || last->params[0] == NULL ||
        (last->node.op != AN_GRAPH_CONV2D && last->node.op != AN_GRAPH_LINEAR))
        return an_chain_refuse(k, node, out,
                               "expected a convolution or a linear layer without bias before it");
    /* aligned at the last dimension, it must lie along the channels */
    const an_tensor_view *view = &bias->view;
    int along = -1;
    for (int i = 0; i < view->rank; ++i)
        if (view->shape[i] != 1) along = along < 0 ? x->rank - view->rank + i : x->rank;
    int channels = 1;
    while (channels < x->rank && x->dims[channels] != x->side[0])
        ++channels;
    if (view->count != x->side[0] || view->rank > x->rank || (along != channels && x->side[0] != 1))
        return an_chain_refuse(k, node, out, "expected a bias for each of %d channels", x->side[0]);
    const an_chain_value *const params[4] = {last->params[0], bias};
    const an_graph_node layer = last->node;
    an_chain_map before = *x;
    before.layer = last->before;
    memcpy(before.side, layer.in, sizeof before.side);
    AN_TRY(an_chain_add(k, last->of, &before, &layer, params, out));
    return ALEXNET_OK;
}

static alexnet_status scale(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                            double factor, an_chain_value *out)
{
    if (factor == 1) {
        out->kind = AN_CHAIN_MAP;
        out->map = *x;
        return ALEXNET_OK;
    }
    AN_TRY(add_elementwise(k, node, x, AN_GRAPH_SCALE, factor, out));
    out->map.positive = x->positive && factor >= 0;
    return ALEXNET_OK;
}

static alexnet_status refuse_arithmetic(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    return an_chain_refuse(k, node, out,
                           "expected a bias, a scaling by one number, or a step of a response "
                           "normalisation");
}

/* Mul, Add, Sub, Div, Pow of a map and something else. */
static alexnet_status add_to_map(an_chain *k, const an_onnx_node *node, int of, an_chain_value *out)
{
    alexnet_status status;
    const an_chain_map *x = an_chain_map_input(k, node, of, 0, out, &status);
    const an_chain_value *other = an_chain_input(k, node, 1 - of);
    double number = 0;

    if (x == NULL) return status;
    const bool constant = an_chain_number(k, other, &number, &status);
    if (status != ALEXNET_OK) return status;
    if (strcmp(node->op, "Mul") == 0 && constant) return scale(k, node, x, number, out);
    if (strcmp(node->op, "Div") == 0 && constant && of == 0 && number != 0)
        return scale(k, node, x, 1 / number, out);
    if (strcmp(node->op, "Add") == 0 && other->kind == AN_CHAIN_TENSOR)
        return add_bias(k, node, x, other, out);
    if ((strcmp(node->op, "Mul") == 0 && node->inputs[0] == node->inputs[1]) ||
        (strcmp(node->op, "Pow") == 0 && constant && of == 0 && number == 2))
        return an_chain_square(k, node, x, node->inputs[0], out);
    return refuse_arithmetic(k, node, out);
}

static alexnet_status add_arithmetic(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *a = an_chain_input(k, node, 0), *b = an_chain_input(k, node, 1);

    if (a->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, a);
    if (b->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, b);
    if (a->kind == AN_CHAIN_NORM || b->kind == AN_CHAIN_NORM)
        return an_chain_normalise(k, node, out);
    if (a->kind == AN_CHAIN_MAP) return add_to_map(k, node, 0, out);
    if (b->kind == AN_CHAIN_MAP) return add_to_map(k, node, 1, out);
    return refuse_arithmetic(k, node, out);
}

/* ---- all operators ---- */

static const struct {
    const char *op;
    alexnet_status (*add)(an_chain *k, const an_onnx_node *node, an_chain_value *out);
} operators[] = {
    {"Conv", add_conv},
    {"Gemm", add_gemm},
    {"MatMul", add_matmul},
    {"Relu", add_activation},
    {"Tanh", add_activation},
    {"Sigmoid", add_activation},
    {"MaxPool", an_chain_add_pool},
    {"AveragePool", an_chain_add_pool},
    {"GlobalAveragePool", an_chain_add_global_pool},
    {"ReduceMean", an_chain_add_reduce_mean},
    {"LRN", add_lrn},
    {"BatchNormalization", add_batch_norm},
    {"Dropout", add_dropout},
    {"Identity", pass},
    {"Cast", add_cast},
    {"Softmax", add_softmax},
    {"Flatten", an_chain_add_flatten},
    {"Reshape", an_chain_add_reshape},
    {"Transpose", an_chain_add_transpose},
    {"Squeeze", an_chain_add_squeeze},
    {"Unsqueeze", an_chain_add_squeeze},
    {"Pad", an_chain_add_pad},
    {"Mul", add_arithmetic},
    {"Add", add_arithmetic},
    {"Div", add_arithmetic},
    {"Pow", add_arithmetic},
    {"Shape", an_chain_add_shape},
    {"Gather", an_chain_add_gather},
    {"Concat", an_chain_add_concat},
};

static alexnet_status add_node(an_chain *k, const an_onnx_node *node)
{
    if (node->output_count == 0 || node->outputs[0] < 0 || strcmp(node->op, "Constant") == 0)
        return ALEXNET_OK;
    an_chain_value *out = new_value(k, node->outputs[0]);
    if (out == NULL) return an_chain_fail_memory(k);
    for (int i = 1; i < node->output_count; ++i) {
        if (node->outputs[i] < 0) continue;
        an_chain_value *other = new_value(k, node->outputs[i]);
        if (other == NULL) return an_chain_fail_memory(k);
        AN_TRY(an_chain_refuse(k, node, other, "expected only its first output to be used"));
    }
    for (size_t i = 0; i < AN_COUNT(operators); ++i)
        if (strcmp(operators[i].op, node->op) == 0) return operators[i].add(k, node, out);
    const an_chain_value *x = an_chain_input(k, node, 0);
    if (x->kind == AN_CHAIN_REFUSED) return an_chain_refuse_as(out, x);
    return an_chain_refuse(k, node, out,
                           "expected an operator of AlexNet's families, from convolutions to "
                           "softmax");
}

/* ---- the ends of the chain ---- */

/* Whether the input is a batch of maps; else k->refusal says why not. */
static alexnet_status start(an_chain *k)
{
    enum { FLOAT = 1 };
    const an_onnx_model *model = k->model;
    const char *fact = NULL;

    if (model->input < 0)
        fact = model->input == -1 ? "it has no input" : "it has several inputs";
    else if (model->output < 0)
        fact = "it has no output";
    else if (model->input_type != FLOAT)
        fact = "its input is not float";
    else if (model->input_rank != 4)
        fact = "its input does not have 4 dimensions: images, channels, rows, columns";
    for (int i = 1; fact == NULL && i < 4; ++i)
        if (!model->input_known[i] || model->input_shape[i] > AN_CHAIN_SIDE_MAX)
            fact = "the size of its input is not given, or too large";
    if (fact != NULL) {
        k->refusal = an_store_format(k->ctx, &k->file->store, "%s: %s", k->path, fact);
        return k->refusal != NULL ? ALEXNET_OK : an_chain_fail_memory(k);
    }
    an_chain_value *input = new_value(k, model->input);
    if (input == NULL) return an_chain_fail_memory(k);
    input->kind = AN_CHAIN_MAP;
    input->map = (an_chain_map){.layer = -1, .rank = 4, .fold = 1, .order = {0, 1, 2}};
    input->map.dims[0] = model->input_known[0] ? model->input_shape[0] : AN_CHAIN_BATCH;
    for (int i = 1; i < 4; ++i) {
        input->map.dims[i] = model->input_shape[i];
        input->map.side[i - 1] = (int)model->input_shape[i];
        input->map.from[i - 1] = i;
    }
    k->batch = input->map.dims[0];
    return ALEXNET_OK;
}

/* The index of a parameter in the file's list, whose tensor gets the layout of the graph. */
static alexnet_status claim(an_chain *k, const an_chain_layer *layer, int i, bool *claimed,
                            int *out)
{
    const an_chain_value *param = layer->params[i];

    *out = -1;
    if (param == NULL) return ALEXNET_OK;
    const int listed = k->model->tensors[param->tensor].listed;
    if (listed < 0 || claimed[listed]) {
        an_chain_value unused = {0};
        AN_TRY(
            an_chain_refuse(k, layer->of, &unused, "expected parameters that no other node reads"));
        k->refusal = unused.reason;
        return ALEXNET_OK;
    }
    claimed[listed] = true;
    *out = listed;
    return ALEXNET_OK;
}

/* Copies the layers that lead to `last` into the file's graph. */
static alexnet_status finish(an_chain *k, int last, const char *name)
{
    an_store *store = &k->file->store;
    int count = 0;

    for (int i = last; i >= 0; i = k->layers[i].before)
        ++count;
    an_graph *graph = an_store_new(k->ctx, store, sizeof *graph);
    an_graph_node *nodes = an_store_array(k->ctx, store, (size_t)count, sizeof *nodes);
    bool *claimed = an_store_array(k->ctx, &k->scratch, k->file->count, sizeof *claimed);
    if (graph == NULL || nodes == NULL || claimed == NULL) return an_chain_fail_memory(k);
    *graph = (an_graph){.nodes = nodes, .count = count, .name = name};
    for (int i = last; i >= 0; i = k->layers[i].before) {
        const an_chain_layer *layer = &k->layers[i];
        an_graph_node *node = &nodes[--count];
        int *const params[4] = {&node->weight, &node->bias, &node->mean, &node->variance};
        *node = layer->node;
        for (int j = 0; j < 4; ++j)
            AN_TRY(claim(k, layer, j, claimed, params[j]));
    }
    if (k->refusal != NULL) return ALEXNET_OK;
    for (int i = last; i >= 0; i = k->layers[i].before)
        for (int j = 0; j < 4; ++j) {
            const an_chain_value *param = k->layers[i].params[j];
            if (param == NULL) continue;
            an_tensor_view *listed = &k->file->tensors[k->model->tensors[param->tensor].listed];
            const char *own = listed->name;
            const an_reader reader = listed->reader;
            *listed = param->view;
            listed->name = own;
            listed->reader = reader;
        }
    k->file->graph = graph;
    return ALEXNET_OK;
}

static alexnet_status find_chain(an_chain *k, const char *name)
{
    an_onnx_model *model = k->model;

    AN_TRY(start(k));
    for (int i = 0; i < model->node_count && k->refusal == NULL; ++i)
        AN_TRY(add_node(k, &model->nodes[i]));
    if (k->refusal != NULL) return ALEXNET_OK;
    const an_chain_value *end = k->values[model->output];
    if (end != NULL && end->kind == AN_CHAIN_REFUSED) {
        k->refusal = end->reason;
    } else if (end == NULL || end->kind != AN_CHAIN_MAP || end->map.padded || end->map.fold != 1 ||
               end->map.layer < 0) {
        k->refusal = an_store_format(k->ctx, &k->file->store,
                                     "%s: output '%s': expected the end of a chain of layers",
                                     k->path, model->values[model->output].name);
        if (k->refusal == NULL) return an_chain_fail_memory(k);
    } else {
        model->logits = end->map.softmax ? end->map.logits : model->output;
        memcpy(model->input_axes, end->map.from, sizeof model->input_axes);
        return finish(k, end->map.layer, name);
    }
    return ALEXNET_OK;
}

alexnet_status an_onnx_make_chain(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  an_onnx_model *model, const char *name)
{
    an_chain k = {.ctx = ctx, .path = path, .file = file, .model = model};

    k.values =
        an_store_array(ctx, &k.scratch, (size_t)model->value_count, sizeof(an_chain_value *));
    alexnet_status status = k.values != NULL ? find_chain(&k, name) : an_chain_fail_memory(&k);
    file->no_graph = file->graph == NULL ? k.refusal : NULL;
    an_free(ctx, k.layers);
    an_store_free(ctx, &k.scratch);
    return status;
}
