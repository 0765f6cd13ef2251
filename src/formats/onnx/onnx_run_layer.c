/*
 * onnx_run_layer.c: ONNX's operators for layers.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/dense.h"

#include "base/memory.h"
#include "base/status.h"
#include <limits.h>
#include <string.h>

/* ---- windows ---- */

/* ONNX's automatic padding of one side; 0 for VALID. */
static void pad_automatically(const char *how, int in, int axis, an_plain_window *window)
{
    const int64_t count = (in + (int64_t)window->stride[axis] - 1) / window->stride[axis];
    const int64_t needed = (count - 1) * window->stride[axis] + window->kernel[axis] - in;
    const int total = needed > 0 && strncmp(how, "SAME", 4) == 0 ? (int)needed : 0;
    const int less = total / 2;

    window->pad[axis] = strcmp(how, "SAME_LOWER") == 0 ? total - less : less;
    window->pad[2 + axis] = total - window->pad[axis];
}

/* False: a list is too short, or a number outside 0 .. 2^24. */
static bool read_numbers(const an_onnx_node *node, const char *name, int otherwise, int count,
                         int *out)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    for (int i = 0; i < count; ++i) {
        out[i] = otherwise;
        if (found == NULL) continue;
        if (found->count != count || found->ints[i] < 0 || found->ints[i] > 1 << 24) return false;
        out[i] = (int)found->ints[i];
    }
    return true;
}

static alexnet_status read_window(const an_dense_run *r, const an_onnx_node *node,
                                  const an_plain_map *x, const int64_t *kernel,
                                  an_plain_window *window)
{
    const char *automatic = an_onnx_string(node, "auto_pad", "NOTSET");
    int dilations[2];

    *window = (an_plain_window){.up = an_onnx_int(node, "ceil_mode", 0) != 0};
    if (kernel != NULL && kernel[0] < INT_MAX && kernel[1] < INT_MAX) {
        window->kernel[0] = (int)kernel[0];
        window->kernel[1] = (int)kernel[1];
    } else if (!read_numbers(node, "kernel_shape", 0, 2, window->kernel)) {
        return an_dense_fail(r, node, "kernel_shape");
    }
    if (!read_numbers(node, "strides", 1, 2, window->stride) ||
        !read_numbers(node, "pads", 0, 4, window->pad) || window->stride[0] < 1 ||
        window->stride[1] < 1)
        return an_dense_fail(r, node, "strides or pads");
    if (!read_numbers(node, "dilations", 1, 2, dilations) || dilations[0] != 1 || dilations[1] != 1)
        return an_dense_fail(r, node, "dilations");
    if (strcmp(automatic, "NOTSET") == 0) return ALEXNET_OK;
    pad_automatically(automatic, x->h, 0, window);
    pad_automatically(automatic, x->w, 1, window);
    return ALEXNET_OK;
}

alexnet_status an_dense_conv(const an_dense_run *r, const an_onnx_node *node,
                             const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *weight = inputs[1], *bias = inputs[2];
    const int64_t groups = an_onnx_int(node, "group", 1);
    an_plain_window window;
    an_plain_map x, y;

    if (!an_dense_as_map(inputs[0], &x) || weight == NULL || weight->rank != 4 ||
        weight->data == NULL || groups < 1 || groups > x.c || weight->dims[1] * groups != x.c ||
        (bias != NULL && (bias->data == NULL || an_dense_count(bias) != weight->dims[0])))
        return an_dense_fail(r, node, "its weights do not fit its input");
    AN_TRY(read_window(r, node, &x, weight->dims + 2, &window));
    AN_TRY(an_plain_conv2d(r->ctx, node->name, &x, &window, (int)groups, (int)weight->dims[0],
                           weight->data, bias != NULL ? bias->data : NULL, &y));
    an_dense_take_map(&y, 4, out);
    return ALEXNET_OK;
}

/* An average over neighbouring channels, as [n][1][c][h][w]: rows and columns are one side. */
static alexnet_status pool_channels(const an_dense_run *r, const an_onnx_node *node,
                                    const an_dense_tensor *x, an_dense_tensor *out)
{
    an_plain_map map = {(int)x->dims[0], (int)x->dims[1], (int)x->dims[2],
                        (int)(x->dims[3] * x->dims[4]), x->data};
    int kernel[3], strides[3], pads[6];
    an_plain_map y;

    if (!read_numbers(node, "kernel_shape", 0, 3, kernel) ||
        !read_numbers(node, "strides", 1, 3, strides) || !read_numbers(node, "pads", 0, 6, pads) ||
        kernel[1] != 1 || kernel[2] != 1 || strides[1] != 1 || strides[2] != 1 || pads[1] != 0 ||
        pads[2] != 0 || pads[4] != 0 || pads[5] != 0)
        return an_dense_fail(r, node, "expected windows over its first side only");
    const an_plain_window window = {
        .kernel = {kernel[0], 1}, .stride = {strides[0], 1}, .pad = {pads[0], 0, pads[3], 0}};
    AN_TRY(an_plain_average_pool(r->ctx, node->name, &map, &window,
                                 an_onnx_int(node, "count_include_pad", 0) != 0, &y));
    *out = (an_dense_tensor){
        .rank = 5, .dims = {y.n, y.c, y.h, x->dims[3], x->dims[4]}, .data = y.data};
    return ALEXNET_OK;
}

alexnet_status an_dense_pool(const an_dense_run *r, const an_onnx_node *node,
                             const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const bool average = strcmp(node->op, "AveragePool") == 0;
    an_plain_window window;
    an_plain_map x, y;

    if (average && inputs[0]->rank == 5 && inputs[0]->data != NULL)
        return pool_channels(r, node, inputs[0], out);
    if (inputs[0]->rank != 4 || !an_dense_as_map(inputs[0], &x))
        return an_dense_fail(r, node, "expected an input of 4 dimensions");
    AN_TRY(read_window(r, node, &x, NULL, &window));
    AN_TRY(average ? an_plain_average_pool(r->ctx, node->name, &x, &window,
                                           an_onnx_int(node, "count_include_pad", 0) != 0, &y)
                   : an_plain_max_pool(r->ctx, node->name, &x, &window, &y));
    an_dense_take_map(&y, 4, out);
    return ALEXNET_OK;
}

alexnet_status an_dense_global_pool(const an_dense_run *r, const an_onnx_node *node,
                                    const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    an_plain_map x, y;

    if (inputs[0]->rank != 4 || !an_dense_as_map(inputs[0], &x))
        return an_dense_fail(r, node, "expected an input of 4 dimensions");
    const an_plain_window window = {.kernel = {x.h, x.w}, .stride = {1, 1}};
    AN_TRY(an_plain_average_pool(r->ctx, node->name, &x, &window, false, &y));
    an_dense_take_map(&y, 4, out);
    return ALEXNET_OK;
}

/* ---- normalisation ---- */

alexnet_status an_dense_lrn(const an_dense_run *r, const an_onnx_node *node,
                            const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const int64_t size = an_onnx_int(node, "size", 0);
    an_plain_map x, y;

    if (!an_dense_as_map(inputs[0], &x) || size < 1 || size > 1 << 24)
        return an_dense_fail(r, node, "expected an input of 4 dimensions and a size");
    AN_TRY(an_plain_lrn_across(
        r->ctx, node->name, &x, (int)size, an_onnx_float(node, "alpha", 1e-4) / (double)size,
        an_onnx_float(node, "beta", 0.75), an_onnx_float(node, "bias", 1), &y));
    an_dense_take_map(&y, inputs[0]->rank, out);
    return ALEXNET_OK;
}

alexnet_status an_dense_batch_norm(const an_dense_run *r, const an_onnx_node *node,
                                   const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    an_plain_map x;

    if (!an_dense_as_map(inputs[0], &x))
        return an_dense_fail(r, node, "expected 4 or 2 dimensions");
    for (int i = 1; i < 5; ++i)
        if (inputs[i] == NULL || inputs[i]->data == NULL || an_dense_count(inputs[i]) != x.c)
            return an_dense_fail(r, node, "expected a constant for each channel");
    AN_TRY(an_dense_copy(r, node, inputs[0], out));
    x.data = out->data;
    an_plain_batch_norm(&x, inputs[3]->data, inputs[4]->data, an_onnx_float(node, "epsilon", 1e-5),
                        inputs[1]->data, inputs[2]->data);
    return ALEXNET_OK;
}

/* ---- linear layers ---- */

/* y = x w + bias with w [inputs][outputs]: rows of w, so that no copy of it is needed. */
static alexnet_status multiply(const an_dense_run *r, const an_onnx_node *node,
                               const an_dense_tensor *x, const an_dense_tensor *w,
                               const float *bias, an_dense_tensor *out)
{
    const size_t inputs = (size_t)w->dims[0], outputs = (size_t)w->dims[1];
    const int64_t dims[2] = {x->dims[0], w->dims[1]};
    double *sums = an_new_array(r->ctx, outputs, sizeof *sums);

    if (sums == NULL)
        return an_fail(r->ctx, ALEXNET_NO_MEMORY, "%s: no memory for its sums", node->name);
    const alexnet_status status = an_dense_new(r, node, 2, dims, out);
    for (size_t n = 0; status == ALEXNET_OK && n < (size_t)x->dims[0]; ++n) {
        for (size_t k = 0; k < outputs; ++k)
            sums[k] = bias != NULL ? (double)bias[k] : 0;
        for (size_t i = 0; i < inputs; ++i) {
            const double value = (double)x->data[n * inputs + i];
            for (size_t k = 0; k < outputs; ++k)
                sums[k] += value * (double)w->data[i * outputs + k];
        }
        for (size_t k = 0; k < outputs; ++k)
            out->data[n * outputs + k] = (float)sums[k];
    }
    an_free(r->ctx, sums);
    return status;
}

alexnet_status an_dense_gemm(const an_dense_run *r, const an_onnx_node *node,
                             const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    const an_dense_tensor *w = inputs[1], *bias = inputs[2];
    const bool transposed = an_onnx_int(node, "transB", 0) != 0;
    an_plain_map x, y;

    if (inputs[0]->rank != 2 || !an_dense_as_map(inputs[0], &x) || w == NULL || w->rank != 2 ||
        w->data == NULL || w->dims[transposed ? 1 : 0] != x.c ||
        an_onnx_int(node, "transA", 0) != 0 || an_onnx_float(node, "alpha", 1) != 1 ||
        an_onnx_float(node, "beta", 1) != 1 ||
        (bias != NULL &&
         (bias->data == NULL || an_dense_count(bias) != w->dims[transposed ? 0 : 1])))
        return an_dense_fail(r, node, "its weights do not fit its input");
    if (!transposed) return multiply(r, node, inputs[0], w, bias != NULL ? bias->data : NULL, out);
    AN_TRY(an_plain_linear(r->ctx, node->name, &x, (int)w->dims[0], w->data,
                           bias != NULL ? bias->data : NULL, &y));
    an_dense_take_map(&y, 2, out);
    return ALEXNET_OK;
}

/* ---- activations ---- */

alexnet_status an_dense_activation(const an_dense_run *r, const an_onnx_node *node,
                                   const an_dense_tensor *const *inputs, an_dense_tensor *out)
{
    if (inputs[0]->data == NULL) return an_dense_fail(r, node, "expected numbers of type float");
    AN_TRY(an_dense_copy(r, node, inputs[0], out));
    an_plain_map all = {1, (int)an_dense_count(out), 1, 1, out->data};
    if (strcmp(node->op, "Relu") == 0)
        an_plain_relu(&all);
    else if (strcmp(node->op, "Tanh") == 0)
        an_plain_tanh(&all);
    else
        an_plain_sigmoid(&all);
    return ALEXNET_OK;
}
