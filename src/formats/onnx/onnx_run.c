/*
 * onnx_run.c: runs the graph node by node by the rules of ONNX (docs/Operators.md), on dense
 * tensors. It knows nothing of the chain: what the two say of a file must agree.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/dense.h"

#include "base/memory.h"
#include "base/status.h"
#include <string.h>

/* ---- tensors ---- */

alexnet_status an_dense_fail(const an_dense_run *r, const an_onnx_node *node, const char *fact)
{
    return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: node '%s' (%s): %s", r->path, node->name,
                   node->op, fact);
}

int64_t an_dense_count(const an_dense_tensor *x)
{
    int64_t count = 1;

    for (int i = 0; i < x->rank; ++i)
        count *= x->dims[i];
    return count;
}

alexnet_status an_dense_new(const an_dense_run *r, const an_onnx_node *node, int rank,
                            const int64_t *dims, an_dense_tensor *out)
{
    int64_t count = 1;

    *out = (an_dense_tensor){.rank = rank};
    for (int i = 0; i < rank; ++i) {
        if (dims[i] < 1 || dims[i] > AN_DENSE_ELEMENTS_MAX / count)
            return an_dense_fail(r, node, "its output is empty or too large");
        out->dims[i] = dims[i];
        count *= dims[i];
    }
    out->data = an_new(r->ctx, (size_t)count * sizeof *out->data);
    if (out->data == NULL)
        return an_fail(r->ctx, ALEXNET_NO_MEMORY, "%s: no memory for %lld numbers", node->name,
                       (long long)count);
    return ALEXNET_OK;
}

void an_dense_free(const an_dense_run *r, an_dense_tensor *x)
{
    an_free(r->ctx, x->data);
    *x = (an_dense_tensor){0};
}

bool an_dense_as_map(const an_dense_tensor *x, an_plain_map *out)
{
    if ((x->rank != 4 && x->rank != 2) || x->data == NULL) return false;
    *out = (an_plain_map){(int)x->dims[0], (int)x->dims[1], x->rank == 4 ? (int)x->dims[2] : 1,
                          x->rank == 4 ? (int)x->dims[3] : 1, x->data};
    return true;
}

void an_dense_take_map(const an_plain_map *map, int rank, an_dense_tensor *out)
{
    *out = (an_dense_tensor){
        .rank = rank, .dims = {map->n, map->c, map->h, map->w}, .data = map->data};
}

alexnet_status an_dense_copy(const an_dense_run *r, const an_onnx_node *node,
                             const an_dense_tensor *x, an_dense_tensor *out)
{
    if (x->data == NULL) {
        *out = *x;
        return ALEXNET_OK;
    }
    AN_TRY(an_dense_new(r, node, x->rank, x->dims, out));
    memcpy(out->data, x->data, (size_t)an_dense_count(x) * sizeof *x->data);
    return ALEXNET_OK;
}

/* ---- constants ---- */

/* The values of a tensor of the file. */
static alexnet_status load(const an_dense_run *r, const an_onnx_node *node,
                           const an_tensor_view *view, an_dense_tensor *out)
{
    *out = (an_dense_tensor){.rank = view->rank};
    memcpy(out->dims, view->shape, sizeof out->dims);
    if (view->dtype > AN_I32) return ALEXNET_OK; /* no operator reads it */
    if (view->dtype > AN_BF16)
        return an_onnx_read_ints(r->ctx, r->path, view, AN_ONNX_LIST_MAX, out->ints, &out->count);
    AN_TRY(an_dense_new(r, node, view->rank, view->shape, out));
    const alexnet_status status = an_tensor_to_float(r->ctx, r->path, view, out->data);
    if (status != ALEXNET_OK) an_dense_free(r, out);
    return status;
}

/* ---- nodes ---- */

static const struct {
    const char *op;
    an_dense_operator *run;
} operators[] = {
    {"Conv", an_dense_conv},
    {"MaxPool", an_dense_pool},
    {"AveragePool", an_dense_pool},
    {"GlobalAveragePool", an_dense_global_pool},
    {"LRN", an_dense_lrn},
    {"Gemm", an_dense_gemm},
    {"MatMul", an_dense_gemm},
    {"BatchNormalization", an_dense_batch_norm},
    {"Relu", an_dense_activation},
    {"Tanh", an_dense_activation},
    {"Sigmoid", an_dense_activation},
    {"Mul", an_dense_arithmetic},
    {"Add", an_dense_arithmetic},
    {"Div", an_dense_arithmetic},
    {"Pow", an_dense_arithmetic},
    {"ReduceMean", an_dense_reduce_mean},
    {"Identity", an_dense_identity},
    {"Dropout", an_dense_identity},
    {"Cast", an_dense_identity},
    {"Flatten", an_dense_flatten},
    {"Reshape", an_dense_reshape},
    {"Squeeze", an_dense_squeeze},
    {"Unsqueeze", an_dense_squeeze},
    {"Transpose", an_dense_transpose},
    {"Pad", an_dense_pad},
    {"Shape", an_dense_shape},
    {"Gather", an_dense_gather},
    {"Concat", an_dense_concat},
};

static alexnet_status run_node(an_dense_run *r, const an_onnx_node *node)
{
    an_dense_tensor loaded[AN_ONNX_LIST_MAX] = {{0}};
    const an_dense_tensor *inputs[AN_ONNX_LIST_MAX] = {NULL};
    alexnet_status status = ALEXNET_OK;
    size_t op = 0;

    while (op < AN_COUNT(operators) && strcmp(operators[op].op, node->op) != 0)
        ++op;
    if (op == AN_COUNT(operators)) return an_dense_fail(r, node, "this operator cannot be run");
    for (int i = 0; i < node->input_count && status == ALEXNET_OK; ++i) {
        const int value = node->inputs[i];
        const int tensor = value >= 0 ? r->model->values[value].tensor : -1;
        if (tensor >= 0) {
            status = load(r, node, &r->model->tensors[tensor].view, &loaded[i]);
            inputs[i] = &loaded[i];
        } else if (value >= 0) {
            inputs[i] = &r->values[value];
        }
    }
    if (status == ALEXNET_OK && inputs[0] == NULL)
        status = an_dense_fail(r, node, "it has no input");
    if (status == ALEXNET_OK)
        status = operators[op].run(r, node, inputs, &r->values[node->outputs[0]]);
    for (int i = 0; i < node->input_count; ++i)
        an_dense_free(r, &loaded[i]);
    return status;
}

/* What the logits depend on, and the last node that reads each value. */
static void mark(const an_dense_run *r, bool *needed, int *last)
{
    const an_onnx_model *model = r->model;

    for (int i = 0; i < model->value_count; ++i)
        last[i] = -1;
    for (int i = model->node_count - 1; i >= 0; --i) {
        const an_onnx_node *node = &model->nodes[i];
        const int value = node->output_count > 0 ? node->outputs[0] : -1;
        needed[i] = value >= 0 && model->values[value].tensor < 0 &&
                    (value == model->logits || last[value] >= 0);
        for (int j = 0; j < node->input_count && needed[i]; ++j)
            if (node->inputs[j] >= 0 && last[node->inputs[j]] < 0) last[node->inputs[j]] = i;
    }
}

static alexnet_status run_nodes(an_dense_run *r, const bool *needed, const int *last)
{
    const an_onnx_model *model = r->model;

    for (int i = 0; i < model->node_count; ++i) {
        if (!needed[i]) continue;
        AN_TRY(run_node(r, &model->nodes[i]));
        for (int j = 0; j < model->nodes[i].input_count; ++j) {
            const int value = model->nodes[i].inputs[j];
            if (value >= 0 && last[value] == i && value != model->logits)
                an_dense_free(r, &r->values[value]);
        }
    }
    return ALEXNET_OK;
}

/* ---- images in, logits out ---- */

/* `count` images from `first` on, and zeros for the rest of a batch of n, in the layout of the
   graph's input. */
static alexnet_status set_input(an_dense_run *r, const an_plain_map *images, int first, int n)
{
    const an_onnx_model *model = r->model;
    const int sides[3] = {images->c, images->h, images->w};
    static const an_onnx_node input = {.name = "input", .op = "input"};
    an_dense_tensor *to = &r->values[model->input];
    int64_t dims[4] = {n}, strides[4];

    for (int i = 0; i < 3; ++i) {
        if (model->input_shape[model->input_axes[i]] != sides[i])
            return an_fail(r->ctx, ALEXNET_BAD_SHAPE,
                           "%s: images of %dx%dx%d; its input has %lldx%lldx%lld", r->path,
                           images->c, images->h, images->w,
                           (long long)model->input_shape[model->input_axes[0]],
                           (long long)model->input_shape[model->input_axes[1]],
                           (long long)model->input_shape[model->input_axes[2]]);
        dims[model->input_axes[i]] = sides[i];
    }
    AN_TRY(an_dense_new(r, &input, 4, dims, to));
    strides[3] = 1;
    for (int i = 2; i >= 0; --i)
        strides[i] = strides[i + 1] * dims[i + 1];
    memset(to->data, 0, (size_t)an_dense_count(to) * sizeof *to->data);
    const int count = AN_MIN(n, images->n - first);
    const float *from =
        images->data + (size_t)first * (size_t)images->c * (size_t)images->h * (size_t)images->w;
    for (int i = 0; i < count; ++i)
        for (int c = 0; c < images->c; ++c)
            for (int h = 0; h < images->h; ++h)
                for (int w = 0; w < images->w; ++w)
                    to->data[i * strides[0] + c * strides[model->input_axes[0]] +
                             h * strides[model->input_axes[1]] +
                             w * strides[model->input_axes[2]]] = *from++;
    return ALEXNET_OK;
}

/* Copies the logits of the images from `first` on. */
static alexnet_status take_logits(an_dense_run *r, int images, int first, int n,
                                  an_plain_map *logits)
{
    const an_dense_tensor *from = &r->values[r->model->logits];
    an_plain_map map;

    if (!an_dense_as_map(from, &map) || map.n != n)
        return an_fail(r->ctx, ALEXNET_BAD_FILE, "%s: its output is not one row for each image",
                       r->path);
    if (logits->data == NULL)
        AN_TRY(an_plain_new(r->ctx, r->path, images, map.c, map.h, map.w, logits));
    const size_t row = (size_t)map.c * (size_t)map.h * (size_t)map.w;
    memcpy(logits->data + (size_t)first * row, map.data,
           (size_t)AN_MIN(n, images - first) * row * sizeof *map.data);
    return ALEXNET_OK;
}

static alexnet_status run_all(an_dense_run *r, const an_plain_map *images, const bool *needed,
                              const int *last, an_plain_map *logits)
{
    const an_onnx_model *model = r->model;
    /* a graph may be made for one number of images */
    const int64_t batch = model->input_known[0] ? model->input_shape[0] : images->n;
    const int n = (int)AN_MIN(batch, (int64_t)AN_DENSE_BATCH_MAX);
    alexnet_status status = ALEXNET_OK;

    if (n != batch)
        return an_fail(r->ctx, ALEXNET_UNSUPPORTED, "%s: %lld images at once; at most %d are run",
                       r->path, (long long)batch, AN_DENSE_BATCH_MAX);
    for (int first = 0; first < images->n && status == ALEXNET_OK; first += n) {
        status = set_input(r, images, first, n);
        if (status == ALEXNET_OK) status = run_nodes(r, needed, last);
        if (status == ALEXNET_OK) status = take_logits(r, images->n, first, n, logits);
        for (int i = 0; i < model->value_count; ++i)
            an_dense_free(r, &r->values[i]);
    }
    if (status != ALEXNET_OK) an_plain_free(r->ctx, logits);
    return status;
}

alexnet_status an_onnx_run(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                           const an_plain_map *images, an_plain_map *logits)
{
    an_dense_run r = {.ctx = ctx, .path = path, .model = file->network};

    *logits = (an_plain_map){0};
    if (file->graph == NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s",
                       file->no_graph != NULL ? file->no_graph : "no graph");
    r.values = an_new_array(ctx, (size_t)r.model->value_count, sizeof *r.values);
    bool *needed = an_new_array(ctx, (size_t)r.model->node_count, sizeof *needed);
    int *last = an_new_array(ctx, (size_t)r.model->value_count, sizeof *last);
    alexnet_status status = ALEXNET_OK;
    if (r.values == NULL || needed == NULL || last == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to run its graph", path);
    if (status == ALEXNET_OK) {
        mark(&r, needed, last);
        status = run_all(&r, images, needed, last, logits);
    }
    an_free(ctx, r.values);
    an_free(ctx, needed);
    an_free(ctx, last);
    return status;
}
