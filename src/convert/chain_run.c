/*
 * chain_run.c: a chain of layers in plain loops, over tensors in the layout of their source.
 * SPDX-License-Identifier: MIT
 */
#include "convert/chain_run.h"

#include "base/memory.h"
#include "base/status.h"
#include "formats/graph.h"
#include "formats/maps.h"
#include <string.h>

typedef struct job {
    alexnet_context *ctx;
    const alexnet_model *model;
    const char *path;
    const an_tensor_file *raw, *file;
} job;

/* ---- tensors as they lie in the file ---- */

/* The tensor of the raw description whose values are those of the translated one. */
static const an_tensor_view *find_raw(const job *j, const an_tensor_view *translated)
{
    for (size_t i = 0; i < j->raw->count; ++i) {
        const an_tensor_view *raw = &j->raw->tensors[i];
        const bool same = translated->data != NULL
                              ? raw->data == translated->data
                              : raw->data == NULL && raw->place == translated->place &&
                                    raw->reader.size == translated->reader.size;
        if (same && raw->count == translated->count) return raw;
    }
    return translated; /* made by the translation: a bias of zeros */
}

/* The values of a parameter in the order of the file, with their shape there. index -1: NULL. */
static alexnet_status read_raw(const job *j, int index, float **values, const an_tensor_view **view)
{
    *values = NULL;
    *view = NULL;
    if (index < 0) return ALEXNET_OK;
    const an_param *param = &j->model->params.items[index];
    const an_tensor_view *translated = an_tensor_file_find(j->file, param->name);
    if (translated == NULL)
        return an_fail(j->ctx, ALEXNET_BAD_FILE, "%s: it has no %s", j->path, param->name);
    *view = find_raw(j, translated);
    *values = an_new_array(j->ctx, (size_t)(*view)->count, sizeof **values);
    if (*values == NULL) return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: %s", j->path, param->name);
    const alexnet_status status = an_tensor_to_float(j->ctx, j->path, *view, *values);
    if (status == ALEXNET_OK) return status;
    an_free(j->ctx, *values);
    *values = NULL;
    return status;
}

/* ---- layers in the layouts of other sources ---- */

/* The channels of one image as [h][w][c], or back. */
static void swap_layout(const an_plain_map *map, bool to_nhwc, const float *from, float *to)
{
    const size_t places = (size_t)map->h * (size_t)map->w, c = (size_t)map->c;

    for (size_t p = 0; p < places; ++p)
        for (size_t k = 0; k < c; ++k) {
            if (to_nhwc)
                to[p * c + k] = from[k * places + p];
            else
                to[k * places + p] = from[p * c + k];
        }
}

/* One output place of a convolution over [h][w][c]: out[o] += x[i] * w[i][o]. */
static void add_place(const an_graph_node *g, const float *image, int y, int x, const float *w,
                      float *out)
{
    const size_t in = (size_t)g->in[0], outs = (size_t)g->out[0];

    for (int r = 0; r < g->kernel[0]; ++r)
        for (int s = 0; s < g->kernel[1]; ++s) {
            const int row = y * g->stride[0] + r - g->pad[0];
            const int column = x * g->stride[1] + s - g->pad[1];
            if (row < 0 || row >= g->in[1] || column < 0 || column >= g->in[2]) continue;
            const float *pixel = image + ((size_t)row * (size_t)g->in[2] + (size_t)column) * in;
            const float *weights = w + ((size_t)r * (size_t)g->kernel[1] + (size_t)s) * in * outs;
            for (size_t i = 0; i < in; ++i)
                for (size_t o = 0; o < outs; ++o)
                    out[o] += pixel[i] * weights[i * outs + o];
        }
}

/* TensorFlow's convolution: images [h][w][c], weights [kh][kw][in][out]. */
static alexnet_status conv_hwio(const job *j, const an_graph_node *g, const an_plain_map *x,
                                const float *w, const float *bias, an_plain_map *y)
{
    const size_t outs = (size_t)g->out[0], pixels = (size_t)x->h * (size_t)x->w * (size_t)x->c;

    AN_TRY(an_plain_new(j->ctx, g->name, x->n, g->out[0], g->out[1], g->out[2], y));
    const size_t results = (size_t)y->h * (size_t)y->w * outs;
    float *image = an_new_array(j->ctx, pixels, sizeof *image);
    float *map = an_new_array(j->ctx, results, sizeof *map);
    if (image == NULL || map == NULL) {
        an_free(j->ctx, image);
        an_free(j->ctx, map);
        return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: %s", j->path, g->name);
    }
    for (int n = 0; n < x->n; ++n) {
        swap_layout(x, true, x->data + (size_t)n * pixels, image);
        for (size_t p = 0; p < (size_t)y->h * (size_t)y->w; ++p) {
            float *out = map + p * outs;
            for (size_t o = 0; o < outs; ++o)
                out[o] = bias != NULL ? bias[o] : 0;
            add_place(g, image, (int)(p / (size_t)y->w), (int)(p % (size_t)y->w), w, out);
        }
        swap_layout(y, false, map, y->data + (size_t)n * results);
    }
    an_free(j->ctx, image);
    an_free(j->ctx, map);
    return ALEXNET_OK;
}

/* Where filter weights begin and how far apart they lie, in cuda-convnet's matrices. */
typedef struct matrix_layout {
    size_t group_outputs, outputs; /* of one group, of all */
    bool local;                    /* a matrix for each place */
} matrix_layout;

/* One output of cuda-convnet's layers: the column o of a matrix [channels * kernel^2][outputs]. */
static float matrix_output(const an_graph_node *g, const an_plain_map *x, int n, int o, int row,
                           int column, const float *w, const matrix_layout *layout)
{
    const int channels = g->in[0] / g->groups, first = o / (int)layout->group_outputs * channels;
    const size_t area = (size_t)g->kernel[0] * (size_t)g->kernel[1];
    const size_t place = layout->local ? (size_t)(row * g->out[2] + column) : 0;
    const float *matrix = w + place * (size_t)channels * area * layout->outputs;
    float sum = 0;

    for (int c = 0; c < channels; ++c)
        for (int r = 0; r < g->kernel[0]; ++r)
            for (int s = 0; s < g->kernel[1]; ++s) {
                const int yy = row * g->stride[0] + r - g->pad[0];
                const int xx = column * g->stride[1] + s - g->pad[1];
                if (yy < 0 || yy >= g->in[1] || xx < 0 || xx >= g->in[2]) continue;
                const size_t at =
                    ((size_t)(n * x->c + first + c) * (size_t)x->h + (size_t)yy) * (size_t)x->w +
                    (size_t)xx;
                const size_t line = (size_t)c * area + (size_t)(r * g->kernel[1] + s);
                sum += x->data[at] * matrix[line * layout->outputs + (size_t)o];
            }
    return sum;
}

/* A convolution, or a locally connected layer, with cuda-convnet's weights. bias: of each output,
   or for a local layer of each place and output. */
static alexnet_status conv_matrix(const job *j, const an_graph_node *g, const an_plain_map *x,
                                  const float *w, const float *bias, an_plain_map *y)
{
    const matrix_layout layout = {.group_outputs = (size_t)(g->out[0] / g->groups),
                                  .outputs = (size_t)g->out[0],
                                  .local = g->op == AN_GRAPH_LOCAL};

    AN_TRY(an_plain_new(j->ctx, g->name, x->n, g->out[0], g->out[1], g->out[2], y));
    float *out = y->data;
    for (int n = 0; n < x->n; ++n)
        for (int o = 0; o < y->c; ++o)
            for (int row = 0; row < y->h; ++row)
                for (int column = 0; column < y->w; ++column) {
                    const size_t place = (size_t)(row * y->w + column) * layout.outputs;
                    *out = matrix_output(g, x, n, o, row, column, w, &layout);
                    if (bias != NULL) *out += bias[(layout.local ? place : 0) + (size_t)o];
                    ++out;
                }
    return ALEXNET_OK;
}

/* A linear layer with weights [in][out]. */
static alexnet_status linear_io(const job *j, const an_graph_node *g, const an_plain_map *x,
                                const float *w, const float *bias, an_plain_map *y)
{
    const size_t inputs = (size_t)x->c * (size_t)x->h * (size_t)x->w, outs = (size_t)g->out[0];

    AN_TRY(an_plain_new(j->ctx, g->name, x->n, g->out[0], 1, 1, y));
    for (int n = 0; n < x->n; ++n) {
        float *out = y->data + (size_t)n * outs;
        for (size_t o = 0; o < outs; ++o)
            out[o] = bias != NULL ? bias[o] : 0;
        for (size_t i = 0; i < inputs; ++i)
            for (size_t o = 0; o < outs; ++o)
                out[o] += x->data[(size_t)n * inputs + i] * w[i * outs + o];
    }
    return ALEXNET_OK;
}

/* ---- one layer ---- */

/* The zeros that the last windows need follow from the size of the output. */
static an_plain_window window_of(const an_graph_node *g)
{
    an_plain_window window = {.kernel = {g->kernel[0], g->kernel[1]},
                              .stride = {g->stride[0], g->stride[1]},
                              .pad = {g->pad[0], g->pad[1], 0, 0}};

    for (int i = 0; i < 2; ++i) {
        const int after =
            (g->out[i + 1] - 1) * g->stride[i] + g->kernel[i] - g->in[i + 1] - g->pad[i];
        window.pad[2 + i] = AN_MAX(after, 0);
    }
    /* An average that counts padding counts it only as far as `pad`. */
    if (g->op == AN_GRAPH_AVERAGE_POOL && g->counts_pad) {
        window.up = window.pad[2] > g->pad[0] || window.pad[3] > g->pad[1];
        window.pad[2] = g->pad[0];
        window.pad[3] = g->pad[1];
    }
    return window;
}

/* A layer with weights. view: those in the file, whose layout decides the arithmetic. */
static alexnet_status run_with(const job *j, const an_graph_node *g, const an_plain_map *x,
                               const an_tensor_view *view, const float *w, const float *bias,
                               an_plain_map *y)
{
    const an_map *map = j->file->map;
    const an_plain_window window = window_of(g);

    if (g->op == AN_GRAPH_LINEAR && map != NULL && map->linear == AN_LINEAR_IO)
        return linear_io(j, g, x, w, bias, y);
    if (g->op == AN_GRAPH_LINEAR) return an_plain_linear(j->ctx, g->name, x, g->out[0], w, bias, y);
    if (g->op == AN_GRAPH_LOCAL ||
        (map != NULL && map->convolutions == AN_CONV_MATRIX && view->rank == 2))
        return conv_matrix(j, g, x, w, bias, y);
    if (map != NULL && map->convolutions == AN_CONV_HWIO && view->shape[3] == g->out[0])
        return conv_hwio(j, g, x, w, bias, y);
    return an_plain_conv2d(j->ctx, g->name, x, &window, g->groups, g->out[0], w, bias, y);
}

static alexnet_status run_filter(const job *j, const an_graph_node *g, const an_plain_map *x,
                                 an_plain_map *y)
{
    const an_tensor_view *view, *unused;
    float *w, *bias;

    AN_TRY(read_raw(j, g->weight, &w, &view));
    alexnet_status status = read_raw(j, g->bias, &bias, &unused);
    if (status == ALEXNET_OK) status = run_with(j, g, x, view, w, bias, y);
    an_free(j->ctx, w);
    an_free(j->ctx, bias);
    return status;
}

static alexnet_status run_batch_norm(const job *j, const an_graph_node *g, an_plain_map *x)
{
    const int indices[4] = {g->mean, g->variance, g->weight, g->bias};
    const an_tensor_view *view;
    float *values[4] = {0};
    alexnet_status status = ALEXNET_OK;

    for (int i = 0; i < 4 && status == ALEXNET_OK; ++i)
        status = read_raw(j, indices[i], &values[i], &view);
    if (status == ALEXNET_OK)
        an_plain_batch_norm(x, values[0], values[1], g->epsilon, values[2], values[3]);
    for (int i = 0; i < 4; ++i)
        an_free(j->ctx, values[i]);
    return status;
}

/* Normalisation across the channels of each group alone: the towers of the paper's network. */
static alexnet_status run_lrn_across(const job *j, const an_graph_node *g, const an_plain_map *x,
                                     an_plain_map *y)
{
    const int groups = AN_MAX(g->groups, 1);
    const size_t count = (size_t)x->c / (size_t)groups * (size_t)x->h * (size_t)x->w;

    AN_TRY(an_plain_new(j->ctx, g->name, x->n, x->c, x->h, x->w, y));
    for (int i = 0; i < x->n * groups; ++i) {
        const an_plain_map part = {1, x->c / groups, x->h, x->w, x->data + (size_t)i * count};
        an_plain_map out;
        AN_TRY(an_plain_lrn_across(j->ctx, g->name, &part, g->size, g->alpha, g->beta, g->k, &out));
        memcpy(y->data + (size_t)i * count, out.data, count * sizeof(float));
        an_plain_free(j->ctx, &out);
    }
    return ALEXNET_OK;
}

/* Layers that give a new map. */
static alexnet_status run_to_new(const job *j, const an_graph_node *g, const an_plain_map *x,
                                 an_plain_map *y)
{
    const an_plain_window window = window_of(g);

    switch (g->op) {
    case AN_GRAPH_MAX_POOL:
        return an_plain_max_pool(j->ctx, g->name, x, &window, y);
    case AN_GRAPH_AVERAGE_POOL:
        return an_plain_average_pool(j->ctx, g->name, x, &window, g->counts_pad, y);
    case AN_GRAPH_LRN_ACROSS:
        return run_lrn_across(j, g, x, y);
    case AN_GRAPH_LRN_WITHIN:
        return an_plain_lrn_within(j->ctx, g->name, x, g->size, g->alpha, g->beta, g->k, y);
    default:
        return run_filter(j, g, x, y);
    }
}

/* Layers that change the map in place. *done: it is one of them. */
static alexnet_status run_in_place(const job *j, const an_graph_node *g, an_plain_map *x,
                                   bool *done)
{
    const size_t count = (size_t)x->n * (size_t)x->c * (size_t)x->h * (size_t)x->w;

    *done = true;
    switch (g->op) {
    case AN_GRAPH_RELU:
        an_plain_relu(x);
        return ALEXNET_OK;
    case AN_GRAPH_TANH:
        an_plain_tanh(x);
        return ALEXNET_OK;
    case AN_GRAPH_SIGMOID:
        an_plain_sigmoid(x);
        return ALEXNET_OK;
    case AN_GRAPH_SCALE:
        for (size_t i = 0; i < count; ++i)
            x->data[i] *= (float)g->factor;
        return ALEXNET_OK;
    case AN_GRAPH_BATCH_NORM:
        return run_batch_norm(j, g, x);
    case AN_GRAPH_FLATTEN:
        return ALEXNET_OK; /* a linear layer reads a map in this order */
    default:
        *done = false;
        return ALEXNET_OK;
    }
}

/* Replaces *x by the output of one layer. */
static alexnet_status run_layer(const job *j, const an_graph_node *g, an_plain_map *x)
{
    an_plain_map y = {0};
    bool done;

    AN_TRY(run_in_place(j, g, x, &done));
    if (done) return ALEXNET_OK;
    const alexnet_status status = run_to_new(j, g, x, &y);
    if (status != ALEXNET_OK) {
        an_plain_free(j->ctx, &y);
        return status;
    }
    an_plain_free(j->ctx, x);
    *x = y;
    return ALEXNET_OK;
}

alexnet_status an_chain_run(const alexnet_model *model, const char *path, const an_tensor_file *raw,
                            const an_tensor_file *file, const an_plain_map *images,
                            an_plain_map *logits)
{
    const job j = {.ctx = model->ctx, .model = model, .path = path, .raw = raw, .file = file};
    const size_t count =
        (size_t)images->n * (size_t)images->c * (size_t)images->h * (size_t)images->w;
    an_graph chain;

    *logits = (an_plain_map){0};
    AN_TRY(an_graph_of_model(model, &chain));
    alexnet_status status =
        an_plain_new(model->ctx, "images", images->n, images->c, images->h, images->w, logits);
    if (status == ALEXNET_OK) memcpy(logits->data, images->data, count * sizeof(float));
    for (int i = 0; i < chain.count && status == ALEXNET_OK; ++i)
        status = run_layer(&j, &chain.nodes[i], logits);
    an_free(model->ctx, chain.nodes);
    if (status != ALEXNET_OK) an_plain_free(model->ctx, logits);
    return status;
}
