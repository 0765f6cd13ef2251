/*
 * onnx_chain_norm.c: response normalisation in elementary operators, y = x / (k + alpha * s)^beta:
 *
 *     within a map        s = AveragePool(x * x) over size x size elements
 *     across channels     the same over [n][1][c][h][w] with a kernel of [size, 1, 1], as PyTorch
 *                         writes it
 *
 * with Mul, Add, Pow and Div by constants between the two.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/chain.h"

#include "base/status.h"
#include <string.h>

alexnet_status an_chain_square(an_chain *k, const an_onnx_node *node, const an_chain_map *x,
                               int value, an_chain_value *out)
{
    if (!an_chain_is_nchw(x))
        return an_chain_refuse(k, node, out, "expected a map of channels, rows, columns");
    out->kind = AN_CHAIN_NORM;
    out->map = *x;
    out->norm = (an_chain_norm){.value = value, .alpha = 1, .beta = 1};
    return ALEXNET_OK;
}

/* The sum over channels: a window of [size, 1, 1], with zeros before and after. */
static alexnet_status pool_channels(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                                    an_chain_value *out)
{
    const an_onnx_attribute *kernel = an_onnx_attribute_find(node, "kernel_shape");
    const an_onnx_attribute *strides = an_onnx_attribute_find(node, "strides");
    const an_onnx_attribute *pads = an_onnx_attribute_find(node, "pads");
    bool fits = kernel != NULL && kernel->count == 3 && kernel->ints[1] == 1 &&
                kernel->ints[2] == 1 && an_onnx_int(node, "ceil_mode", 0) == 0 &&
                strcmp(an_onnx_string(node, "auto_pad", "NOTSET"), "NOTSET") == 0;

    for (int i = 0; fits && strides != NULL && i < 3; ++i)
        fits = strides->ints[i] == 1;
    int64_t before = x->norm.pads[0], after = x->norm.pads[1];
    for (int i = 0; fits && pads != NULL && i < pads->count; ++i) {
        fits = pads->count == 6 && (i % 3 == 0 || pads->ints[i] == 0) &&
               (pads->ints[i] == 0 || an_onnx_int(node, "count_include_pad", 0) == 1);
        if (i % 3 != 0 || !fits) continue;
        if (pads->ints[i] < 0 || pads->ints[i] > AN_CHAIN_SIDE_MAX) fits = false;
        *(i == 0 ? &before : &after) += fits ? pads->ints[i] : 0;
    }
    const int64_t size = fits ? kernel->ints[0] : 0;
    if (size < 1 || size > AN_CHAIN_SIDE_MAX || size % 2 == 0 || before != size / 2 ||
        after != size / 2)
        return an_chain_refuse(k, node, out,
                               "expected an average over an odd number of channels around each");
    *out = *x;
    out->norm.size = (int)size;
    out->norm.alpha /= (double)size;
    return ALEXNET_OK;
}

/* The sum over a window of the map; zeros around it are counted. */
static alexnet_status pool_map(an_chain *k, const an_onnx_node *node, const an_chain_value *x,
                               an_chain_value *out)
{
    an_chain_window window;

    AN_TRY(an_chain_read_window(k, node, &x->map, NULL, &window, out));
    if (out->kind == AN_CHAIN_REFUSED) return ALEXNET_OK;
    const int size = window.kernel[0];
    bool fits = size % 2 == 1 && (size == 1 || an_onnx_int(node, "count_include_pad", 0) == 1);
    for (int i = 0; i < 4; ++i)
        fits = fits && window.kernel[i % 2] == size && window.stride[i % 2] == 1 &&
               window.pad[i] == size / 2;
    if (!fits || size > INT16_MAX)
        return an_chain_refuse(k, node, out,
                               "expected an average over an odd window around each element, "
                               "with its padding counted");
    *out = *x;
    out->norm.size = size;
    out->norm.within = true;
    out->norm.alpha /= (double)size * size;
    return ALEXNET_OK;
}

/* x divided by the power, or multiplied by a negative power. */
static alexnet_status complete(an_chain *k, const an_onnx_node *node, const an_chain_value *norm,
                               double beta, an_chain_value *out)
{
    const an_chain_norm *n = &norm->norm;
    an_graph_node layer = {.op = n->within ? AN_GRAPH_LRN_WITHIN : AN_GRAPH_LRN_ACROSS,
                           .size = n->size,
                           .groups = 1,
                           .alpha = n->alpha,
                           .beta = beta,
                           .k = n->k};

    memcpy(layer.out, norm->map.side, sizeof layer.out);
    return an_chain_add(k, node, &norm->map, &layer, NULL, out);
}

/* A step by a constant. False: there is no such step. */
static bool step(const an_onnx_node *node, bool norm_first, double number, an_chain_norm *n)
{
    if (strcmp(node->op, "Pow") == 0 && norm_first && n->size > 0 && !n->has_power) {
        n->beta = number;
        n->has_power = true;
        return true;
    }
    if (strcmp(node->op, "Add") == 0 && n->size > 0 && !n->has_power) {
        n->k += number;
        return true;
    }
    if (strcmp(node->op, "Div") == 0 && norm_first && number != 0)
        number = 1 / number;
    else if (strcmp(node->op, "Mul") != 0)
        return false;
    n->alpha *= number;
    n->k *= number;
    return !n->has_power;
}

alexnet_status an_chain_normalise(an_chain *k, const an_onnx_node *node, an_chain_value *out)
{
    const an_chain_value *a = an_chain_input(k, node, 0), *b = an_chain_input(k, node, 1);
    const bool norm_first = a->kind == AN_CHAIN_NORM;
    const an_chain_value *x = norm_first ? a : b, *other = norm_first ? b : a;
    double number = 0;
    alexnet_status status;

    if (strcmp(node->op, "AveragePool") == 0) {
        if (x->norm.size > 0)
            return an_chain_refuse(k, node, out, "expected one average in a normalisation");
        return x->norm.deep ? pool_channels(k, node, x, out) : pool_map(k, node, x, out);
    }
    const int other_value = node->inputs[norm_first ? 1 : 0];
    if (other->kind == AN_CHAIN_MAP && other_value == x->norm.value && x->norm.size > 0 &&
        !x->norm.deep) {
        if (strcmp(node->op, "Div") == 0 && !norm_first)
            return complete(k, node, x, x->norm.beta, out);
        if (strcmp(node->op, "Mul") == 0 && x->norm.has_power && x->norm.beta < 0)
            return complete(k, node, x, -x->norm.beta, out);
    }
    if (an_chain_number(k, other, &number, &status)) {
        *out = *x;
        if (step(node, norm_first, number, &out->norm)) return ALEXNET_OK;
    }
    if (status != ALEXNET_OK) return status;
    return an_chain_refuse(k, node, out, "expected a step of a response normalisation");
}
