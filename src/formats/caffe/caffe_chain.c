/*
 * caffe_chain.c: which of a network's layers compute something in inference, and what exactly, by
 * Caffe's rules of sizes: a convolution rounds down, pooling up.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "base/text.h"
#include "formats/caffe/caffe.h"
#include <math.h>
#include <string.h>

/* ---- the chain ---- */

/* What the blob is called before Caffe's Split layers, which give it further names. */
static const char *before_split(const an_caffe_net *net, int index, const char *name)
{
    while (index-- > 0) {
        const an_caffe_layer *layer = &net->layers[index];
        if (layer->kind != AN_CAFFE_SPLIT || layer->left_out || layer->bottom_count != 1) continue;
        for (int i = 0; i < layer->top_count; ++i)
            if (strcmp(layer->tops[i], name) == 0) {
                name = layer->bottoms[0];
                break;
            }
    }
    return name;
}

/* Padding of a whole kernel makes windows of padding alone. */
static bool pads_too_much(const an_caffe_layer *l)
{
    return l->pad.at[0] > AN_MAX(l->kernel.at[0] - 1, 0) ||
           l->pad.at[1] > AN_MAX(l->kernel.at[1] - 1, 0);
}

/* Why no network here has such a layer; NULL: it may have. */
static const char *find_fault(const an_caffe_layer *l, const an_caffe_layer *previous)
{
    switch (l->kind) {
    case AN_CAFFE_CONVOLUTION:
        return l->dilation.at[0] != 1 || l->dilation.at[1] != 1 ? "its kernel is dilated"
               : l->axis != 1                                   ? "its axis is not 1"
               : pads_too_much(l) ? "its padding is not less than its kernel"
                                  : NULL;
    case AN_CAFFE_POOLING:
        return l->method > 1       ? "it is stochastic"
               : pads_too_much(l)  ? "its padding is not less than its kernel"
               : l->round_mode > 1 ? "its rounding is unknown"
                                   : NULL;
    case AN_CAFFE_LRN:
        return l->size % 2 == 0 ? "its size is even"
               : l->region > 1  ? "its region is unknown"
                                : NULL;
    case AN_CAFFE_INNER_PRODUCT:
        return l->axis != 1 ? "its axis is not 1" : NULL;
    case AN_CAFFE_RELU:
        return l->slope != 0 ? "its negative slope is not 0" : NULL;
    case AN_CAFFE_SOFTMAX:
        return l->axis != 1 ? "its axis is not 1" : NULL;
    case AN_CAFFE_POWER:
        return l->power != 1 || l->shift != 0 ? "it does more than scale" : NULL;
    case AN_CAFFE_FLATTEN:
        return l->axis != 1 || (l->end_axis != -1 && l->end_axis != 3)
                   ? "it flattens other axes than channels, rows and columns"
                   : NULL;
    case AN_CAFFE_SCALE:
        return previous == NULL || previous->kind != AN_CAFFE_BATCH_NORM
                   ? "it does not follow a BatchNorm"
               : l->axis != 1 || l->axes != 1 ? "its factors are not those of channels"
                                              : NULL;
    case AN_CAFFE_TANH:
    case AN_CAFFE_SIGMOID:
    case AN_CAFFE_DROPOUT:
    case AN_CAFFE_BATCH_NORM:
        return NULL;
    default:
        return "no network here has such a layer";
    }
}

/* Whether inference does not change its input. */
static bool is_skipped(const an_caffe_layer *l)
{
    return l->kind == AN_CAFFE_SOFTMAX ||
           (l->kind == AN_CAFFE_DROPOUT && (l->scale_train || l->ratio == 0));
}

/* The search for the chain, from layer to layer. */
typedef struct search {
    alexnet_context *ctx;
    const char *path;
    an_store *store;
    an_caffe_net *net;
    const char *current; /* blob that the last layer wrote; NULL: none yet */
    bool ended;          /* by a softmax */
} search;

static alexnet_status refuse(search *s, const an_caffe_layer *layer, const char *fact,
                             const char *blob)
{
    s->net->not_chain = an_store_format(s->ctx, s->store, "layer '%s' (%s): %s%s%s%s", layer->name,
                                        layer->type, fact, blob != NULL ? " '" : "",
                                        blob != NULL ? blob : "", blob != NULL ? "'" : "");
    return s->net->not_chain != NULL ? ALEXNET_OK
                                     : an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: layers", s->path);
}

static alexnet_status follow(search *s, int index)
{
    an_caffe_layer *layer = &s->net->layers[index];
    const an_caffe_layer *previous =
        s->net->chain_count > 0 ? s->net->chain[s->net->chain_count - 1] : NULL;
    const char *fault = find_fault(layer, previous);

    if (fault != NULL) return refuse(s, layer, fault, NULL);
    if (layer->bottom_count != 1 || layer->top_count != 1)
        return refuse(s, layer, "it does not read and write one blob", NULL);
    if (s->ended) return refuse(s, layer, "it follows a softmax", NULL);
    const char *from = before_split(s->net, index, layer->bottoms[0]);
    if (s->current != NULL && strcmp(from, s->current) != 0)
        return refuse(s, layer,
                      "the layers are no chain: it reads a blob that the layer before it "
                      "did not write,",
                      layer->bottoms[0]);
    s->current = layer->tops[0];
    s->ended = layer->kind == AN_CAFFE_SOFTMAX;
    if (!is_skipped(layer)) s->net->chain[s->net->chain_count++] = layer;
    return ALEXNET_OK;
}

alexnet_status an_caffe_chain_find(alexnet_context *ctx, const char *path, an_store *store,
                                   an_caffe_net *net)
{
    search s = {.ctx = ctx, .path = path, .store = store, .net = net};

    net->chain = an_store_array(ctx, store, (size_t)net->layer_count, sizeof *net->chain);
    if (net->chain == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: layers", path);
    for (int i = 0; i < net->layer_count && net->not_chain == NULL; ++i) {
        const an_caffe_kind kind = net->layers[i].kind;
        if (net->layers[i].left_out || kind == AN_CAFFE_DATA || kind == AN_CAFFE_LOSS ||
            kind == AN_CAFFE_SPLIT)
            continue;
        AN_TRY(follow(&s, i));
    }
    return ALEXNET_OK;
}

/* ---- its arithmetic ---- */

/* The graph that is being made. */
typedef struct maker {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_file *file;
    an_graph *graph;
    int at[3]; /* channels, rows, columns of the current map */
} maker;

static alexnet_status fail_layer(const maker *m, const an_caffe_layer *layer, const char *fact)
{
    return an_fail(m->ctx, ALEXNET_BAD_FILE, "%s: layer '%s' (%s): %s", m->path, layer->name,
                   layer->type, fact);
}

static const an_tensor_view *tensor_of(const maker *m, int index)
{
    return index >= 0 ? &m->file->tensors[index] : NULL;
}

/* Whether it is a list of `count` numbers, or, with `optional`, absent. */
static bool is_list(const an_tensor_view *tensor, int count, bool optional)
{
    return tensor == NULL ? optional : tensor->rank == 1 && tensor->shape[0] == count;
}

static alexnet_status add_window(const maker *m, const an_caffe_layer *layer, an_graph_node *node)
{
    const bool pooling = layer->kind == AN_CAFFE_POOLING;

    for (int i = 0; i < 2; ++i) {
        const int in = node->in[1 + i];
        const int64_t kernel = pooling && layer->global ? in : layer->kernel.at[i];
        const int64_t stride = layer->stride.at[i], pad = layer->pad.at[i];
        const int64_t span = in + 2 * pad - kernel;
        if (kernel < 1 || stride < 1 || span < 0 || (pooling && (pad >= kernel || stride > kernel)))
            return fail_layer(m, layer, "its window does not fit its map");
        const bool up = pooling && layer->round_mode == 0;
        int64_t out = 1 + (up ? (span + stride - 1) / stride : span / stride);
        if (pooling && pad > 0 && (out - 1) * stride >= in + pad) --out;
        node->kernel[i] = (int)kernel;
        node->stride[i] = (int)stride;
        node->pad[i] = (int)pad;
        node->out[1 + i] = (int)out;
    }
    node->counts_pad = true;
    return ALEXNET_OK;
}

static alexnet_status add_convolution(const maker *m, const an_caffe_layer *layer,
                                      an_graph_node *node)
{
    const an_tensor_view *w = tensor_of(m, layer->tensors[0]);

    node->groups = layer->groups;
    node->out[0] = layer->outputs;
    AN_TRY(add_window(m, layer, node));
    if (layer->groups < 1 || node->in[0] % layer->groups != 0 || w == NULL || w->rank != 4 ||
        w->shape[0] != layer->outputs || w->shape[0] % layer->groups != 0 ||
        w->shape[1] != node->in[0] / layer->groups || w->shape[2] != node->kernel[0] ||
        w->shape[3] != node->kernel[1] ||
        !is_list(tensor_of(m, layer->tensors[1]), layer->outputs, !layer->bias_term))
        return fail_layer(m, layer, "its weights do not fit its settings and its map");
    return ALEXNET_OK;
}

static alexnet_status add_linear(const maker *m, const an_caffe_layer *layer, an_graph_node *node)
{
    const an_tensor_view *w = tensor_of(m, layer->tensors[0]);
    const int64_t inputs = (int64_t)node->in[0] * node->in[1] * node->in[2];

    node->out[0] = layer->outputs;
    node->out[1] = node->out[2] = 1;
    if (w == NULL || w->rank != 2 || w->shape[0] != layer->outputs || w->shape[1] != inputs ||
        !is_list(tensor_of(m, layer->tensors[1]), layer->outputs, !layer->bias_term))
        return fail_layer(m, layer, "its weights do not fit its settings and its map");
    return ALEXNET_OK;
}

static void add_lrn(const an_caffe_layer *layer, an_graph_node *node)
{
    const double window = layer->region == 0 ? layer->size : (double)layer->size * layer->size;

    node->size = layer->size;
    node->groups = 1;
    node->alpha = layer->alpha / window;
    node->beta = layer->beta;
    node->k = layer->region == 0 ? layer->k : 1;
}

/* A Scale layer adds its factors to the normalisation before it. */
static alexnet_status add_scale(const maker *m, const an_caffe_layer *layer)
{
    an_graph_node *node = &m->graph->nodes[m->graph->count - 1];

    node->weight = layer->tensors[0];
    node->bias = layer->tensors[1];
    if (!is_list(tensor_of(m, node->weight), node->in[0], false) ||
        !is_list(tensor_of(m, node->bias), node->in[0], !layer->bias_term))
        return fail_layer(m, layer, "its factors do not fit its map");
    return ALEXNET_OK;
}

/* A Power layer after a normalisation with k = 1 is that with another k: see caffe_layers.c. */
static bool merge_power(const maker *m, const an_caffe_layer *layer)
{
    an_graph_node *node = m->graph->count > 0 ? &m->graph->nodes[m->graph->count - 1] : NULL;

    if (layer->kind != AN_CAFFE_POWER || node == NULL || node->k != 1 || !(node->beta > 0) ||
        !(layer->factor > 0) ||
        (node->op != AN_GRAPH_LRN_ACROSS && node->op != AN_GRAPH_LRN_WITHIN))
        return false;
    node->k = pow(layer->factor, -1 / node->beta);
    node->alpha *= node->k;
    return true;
}

static alexnet_status add_batch_norm(const maker *m, const an_caffe_layer *layer,
                                     an_graph_node *node)
{
    node->epsilon = layer->epsilon;
    node->mean = layer->tensors[0];
    node->variance = layer->tensors[1];
    node->weight = node->bias = -1;
    if (!is_list(tensor_of(m, node->mean), node->in[0], false) ||
        !is_list(tensor_of(m, node->variance), node->in[0], false))
        return fail_layer(m, layer, "its statistics do not fit its map");
    return ALEXNET_OK;
}

static alexnet_status add_node(const maker *m, const an_caffe_layer *layer, an_graph_node *node)
{
    switch (layer->kind) {
    case AN_CAFFE_CONVOLUTION:
        node->op = AN_GRAPH_CONV2D;
        return add_convolution(m, layer, node);
    case AN_CAFFE_INNER_PRODUCT:
        node->op = AN_GRAPH_LINEAR;
        return add_linear(m, layer, node);
    case AN_CAFFE_BATCH_NORM:
        node->op = AN_GRAPH_BATCH_NORM;
        return add_batch_norm(m, layer, node);
    case AN_CAFFE_POOLING:
        node->op = layer->method == 0 ? AN_GRAPH_MAX_POOL : AN_GRAPH_AVERAGE_POOL;
        return add_window(m, layer, node);
    case AN_CAFFE_LRN:
        node->op = layer->region == 0 ? AN_GRAPH_LRN_ACROSS : AN_GRAPH_LRN_WITHIN;
        add_lrn(layer, node);
        return ALEXNET_OK;
    case AN_CAFFE_FLATTEN:
        node->op = AN_GRAPH_FLATTEN;
        if ((int64_t)node->in[0] * node->in[1] * node->in[2] > AN_CAFFE_SIZE_MAX)
            return fail_layer(m, layer, "its map is too large");
        node->out[0] = node->in[0] * node->in[1] * node->in[2];
        node->out[1] = node->out[2] = 1;
        return ALEXNET_OK;
    case AN_CAFFE_RELU:
        node->op = AN_GRAPH_RELU;
        return ALEXNET_OK;
    case AN_CAFFE_TANH:
        node->op = AN_GRAPH_TANH;
        return ALEXNET_OK;
    case AN_CAFFE_SIGMOID:
        node->op = AN_GRAPH_SIGMOID;
        return ALEXNET_OK;
    default: /* Power, or dropout that scales in inference */
        node->op = AN_GRAPH_SCALE;
        node->factor = layer->kind == AN_CAFFE_POWER ? layer->factor : 1 - layer->ratio;
        return ALEXNET_OK;
    }
}

static alexnet_status add_layer(maker *m, const an_caffe_layer *layer)
{
    an_graph_node *node = &m->graph->nodes[m->graph->count];

    if (layer->kind == AN_CAFFE_SCALE) return add_scale(m, layer);
    if (merge_power(m, layer)) return ALEXNET_OK;
    *node = (an_graph_node){.name = layer->name,
                            .weight = layer->tensors[0],
                            .bias = layer->tensors[1],
                            .mean = -1,
                            .variance = -1};
    memcpy(node->in, m->at, sizeof node->in);
    memcpy(node->out, m->at, sizeof node->out);
    AN_TRY(add_node(m, layer, node));
    memcpy(m->at, node->out, sizeof m->at);
    ++m->graph->count;
    return ALEXNET_OK;
}

/* The channels of the images: as the file says, or as the first convolution or linear layer. */
static int64_t find_channels(const an_caffe_net *net, const an_tensor_file *file)
{
    if (net->input.rank == 4) return net->input.dims[1];
    for (int i = 0; i < net->chain_count; ++i) {
        const an_caffe_layer *layer = net->chain[i];
        if (layer->kind != AN_CAFFE_CONVOLUTION || layer->tensors[0] < 0) continue;
        const an_tensor_view *w = &file->tensors[layer->tensors[0]];
        return w->rank == 4 && w->shape[1] <= AN_CAFFE_SIZE_MAX ? w->shape[1] * layer->groups : 0;
    }
    return 3;
}

alexnet_status an_caffe_set_input(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  int height, int width)
{
    const an_caffe_net *net = file->network;
    maker m = {.ctx = ctx, .path = path, .file = file, .at = {0, height, width}};

    if (net == NULL || net->not_chain != NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: %s", path,
                       net != NULL ? net->not_chain : "it is a mean image, not a network");
    const int64_t channels = find_channels(net, file);
    if (net->chain_count == 0 || channels < 1 || channels > AN_CAFFE_SIZE_MAX)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it has no layers, or no channels", path);
    m.at[0] = (int)channels;
    m.graph = an_store_new(ctx, &file->store, sizeof *m.graph);
    if (m.graph != NULL)
        m.graph->nodes =
            an_store_array(ctx, &file->store, (size_t)net->chain_count, sizeof *m.graph->nodes);
    if (m.graph == NULL || m.graph->nodes == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: chain of layers", path);
    m.graph->name = net->name;
    for (int i = 0; i < net->chain_count; ++i)
        AN_TRY(add_layer(&m, net->chain[i]));
    file->graph = m.graph;
    return ALEXNET_OK;
}
