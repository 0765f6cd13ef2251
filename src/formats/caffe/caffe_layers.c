/*
 * caffe_layers.c: the layers of Caffe that compute what a chain says, exactly.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/caffe_layers.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

#define PER_NODE 2 /* layers of a node, at most */

/* The layers that are being made. */
typedef struct maker {
    alexnet_context *ctx;
    an_caffe_layers *out;
    const an_graph_node *node, *next; /* next NULL: the last */
    const char *top;                  /* that the last layer wrote */
} maker;

static alexnet_status refuse(const maker *m, const char *fact)
{
    return an_fail(m->ctx, ALEXNET_UNSUPPORTED, "layer %s: Caffe has no %s", m->node->name, fact);
}

/* ---- settings ---- */

static void add_words(an_caffe_layer_out *l, const char *name, const char *value)
{
    const size_t used = strlen(l->words);

    an_print(l->words + used, sizeof l->words - used, "%s: %s ", name, value);
}

static void add_int(an_caffe_layer_out *l, const char *name, int number, int value)
{
    char text[16];

    an_print(text, sizeof text, "%d", value);
    add_words(l, name, text);
    an_pb_add_varint(&l->settings, number, (uint64_t)value);
}

/* As float32, in both forms. */
static void add_real(an_caffe_layer_out *l, const char *name, int number, double value)
{
    char text[32];

    an_print(text, sizeof text, "%.9g", (double)(float)value);
    add_words(l, name, text);
    an_pb_add_float(&l->settings, number, (float)value);
}

/* A value of an enum, or a bool. */
static void add_word(an_caffe_layer_out *l, const char *name, int number, const char *word,
                     int value)
{
    add_words(l, name, word);
    an_pb_add_varint(&l->settings, number, (uint64_t)value);
}

/* The fields of a size: one number for both sides, and one for each. */
typedef struct size_names {
    const char *both, *rows, *columns;
    int both_number, rows_number, columns_number;
} size_names;

static void add_size(an_caffe_layer_out *l, const size_names *names, const int size[2])
{
    if (size[0] == size[1]) {
        add_int(l, names->both, names->both_number, size[0]);
    } else {
        add_int(l, names->rows, names->rows_number, size[0]);
        add_int(l, names->columns, names->columns_number, size[1]);
    }
}

/* ---- layers ---- */

/* A layer that reads what the last one wrote. It writes a blob of its own name, or the same. */
static an_caffe_layer_out *add_layer(maker *m, const char *name, const char *type, bool in_place)
{
    an_caffe_layer_out *l = &m->out->layers[m->out->count++];

    *l = (an_caffe_layer_out){.name = name,
                              .type = type,
                              .bottom = m->top,
                              .top = in_place ? m->top : name,
                              .settings.ctx = m->ctx,
                              .blobs = {AN_CAFFE_NONE, AN_CAFFE_NONE, AN_CAFFE_NONE}};
    m->top = l->top;
    return l;
}

static void set_message(an_caffe_layer_out *l, const char *message, int number)
{
    l->message = message;
    l->number = number;
}

/* The number of windows that Caffe makes of a side; pooling may round up. */
static int64_t count_windows(const an_graph_node *n, int side, bool up)
{
    const int64_t in = n->in[1 + side], pad = n->pad[side], stride = n->stride[side];
    const int64_t span = in + 2 * pad - n->kernel[side];
    int64_t count = 1 + (up ? (span + stride - 1) / stride : span / stride);

    if (span < 0 || stride < 1) return 0;
    if (up && pad > 0 && (count - 1) * stride >= in + pad) --count;
    return count;
}

static bool makes_windows(const an_graph_node *n, bool up)
{
    return n->stride[0] > 0 && n->stride[1] > 0 && count_windows(n, 0, up) == n->out[1] &&
           count_windows(n, 1, up) == n->out[2];
}

static alexnet_status add_convolution(maker *m)
{
    static const size_names kernel = {"kernel_size", "kernel_h", "kernel_w", 4, 11, 12};
    static const size_names stride = {"stride", "stride_h", "stride_w", 6, 13, 14};
    static const size_names pad = {"pad", "pad_h", "pad_w", 3, 9, 10};
    const an_graph_node *n = m->node;

    if (!makes_windows(n, false))
        return refuse(m, "convolution whose last windows reach further beyond the map than its "
                         "padding, as this one that rounds its size up");
    an_caffe_layer_out *l = add_layer(m, n->name, "Convolution", false);
    set_message(l, "convolution_param", 106);
    add_int(l, "num_output", 1, n->out[0]);
    if (n->bias < 0) add_word(l, "bias_term", 2, "false", 0);
    add_size(l, &kernel, n->kernel);
    add_size(l, &stride, n->stride);
    if (n->pad[0] > 0 || n->pad[1] > 0) add_size(l, &pad, n->pad);
    if (n->groups > 1) add_int(l, "group", 5, n->groups);
    l->blobs[0] = n->weight;
    l->blobs[1] = n->bias;
    return ALEXNET_OK;
}

static alexnet_status add_pooling(maker *m)
{
    static const size_names kernel = {"kernel_size", "kernel_h", "kernel_w", 2, 5, 6};
    static const size_names stride = {"stride", "stride_h", "stride_w", 3, 7, 8};
    static const size_names pad = {"pad", "pad_h", "pad_w", 4, 9, 10};
    const an_graph_node *n = m->node;
    const bool maximum = n->op == AN_GRAPH_MAX_POOL, padded = n->pad[0] > 0 || n->pad[1] > 0;

    if (!maximum && padded && !n->counts_pad)
        return refuse(m, "average that leaves its padding out of its divisor");
    if (!makes_windows(n, true) && !makes_windows(n, false))
        return refuse(m, "pooling with such windows");
    an_caffe_layer_out *l = add_layer(m, n->name, "Pooling", false);
    set_message(l, "pooling_param", 121);
    add_word(l, "pool", 1, maximum ? "MAX" : "AVE", maximum ? 0 : 1);
    add_size(l, &kernel, n->kernel);
    add_size(l, &stride, n->stride);
    if (padded) add_size(l, &pad, n->pad);
    if (!makes_windows(n, true)) add_word(l, "round_mode", 13, "FLOOR", 1);
    return ALEXNET_OK;
}

static void add_power(maker *m, const char *name, double factor)
{
    an_caffe_layer_out *l = add_layer(m, name, "Power", true);

    set_message(l, "power_param", 122);
    add_real(l, "scale", 2, factor);
}

/* The name of a node with "_scale"; NULL: no memory. */
static const char *scale_name(const maker *m)
{
    return an_store_format(m->ctx, &m->out->store, "%s_scale", m->node->name);
}

static alexnet_status fail_memory(const maker *m)
{
    return an_fail(m->ctx, ALEXNET_NO_MEMORY, "layer %s", m->node->name);
}

/*
 * With k other than 1 it is 1 / k^beta times that with k = 1 and alpha / k:
 * (k + alpha s)^-beta = k^-beta (1 + alpha / k s)^-beta. Caffe has a k across channels, but OpenCV
 * does not read it.
 */
static alexnet_status add_lrn(maker *m)
{
    const an_graph_node *n = m->node;
    const bool across = n->op == AN_GRAPH_LRN_ACROSS;

    if (n->size % 2 == 0) return refuse(m, "normalisation over an even number of elements");
    if (across && n->groups > 1) return refuse(m, "normalisation in groups of channels");
    if (!(n->k > 0)) return refuse(m, "normalisation with k of 0");
    an_caffe_layer_out *l = add_layer(m, n->name, "LRN", false);
    set_message(l, "lrn_param", 118);
    add_int(l, "local_size", 1, n->size);
    add_real(l, "alpha", 2, n->alpha / n->k * n->size * (across ? 1 : n->size)); /* of the mean */
    add_real(l, "beta", 3, n->beta);
    if (!across) add_word(l, "norm_region", 4, "WITHIN_CHANNEL", 1);
    if (n->k == 1) return ALEXNET_OK;
    const char *name = scale_name(m);
    if (name == NULL) return fail_memory(m);
    add_power(m, name, pow(n->k, -n->beta));
    return ALEXNET_OK;
}

static void add_linear(maker *m)
{
    an_caffe_layer_out *l = add_layer(m, m->node->name, "InnerProduct", false);

    set_message(l, "inner_product_param", 117);
    add_int(l, "num_output", 1, m->node->out[0]);
    if (m->node->bias < 0) add_word(l, "bias_term", 2, "false", 0);
    l->blobs[0] = m->node->weight;
    l->blobs[1] = m->node->bias;
}

/* The statistics, which have a divisor of 1, and then scale and shift. */
static alexnet_status add_batch_norm(maker *m)
{
    const an_graph_node *n = m->node;
    an_caffe_layer_out *l = add_layer(m, n->name, "BatchNorm", true);

    set_message(l, "batch_norm_param", 139);
    add_word(l, "use_global_stats", 1, "true", 1);
    add_real(l, "eps", 3, n->epsilon);
    l->blobs[0] = n->mean;
    l->blobs[1] = n->variance;
    l->blobs[2] = AN_CAFFE_ONE;
    if (n->weight < 0) return n->bias < 0 ? ALEXNET_OK : refuse(m, "shift without a scale");
    const char *name = scale_name(m);
    if (name == NULL) return fail_memory(m);
    l = add_layer(m, name, "Scale", true);
    set_message(l, "scale_param", 142);
    if (n->bias >= 0) add_word(l, "bias_term", 4, "true", 1);
    l->blobs[0] = n->weight;
    l->blobs[1] = n->bias;
    return ALEXNET_OK;
}

static alexnet_status add_node(maker *m)
{
    switch (m->node->op) {
    case AN_GRAPH_CONV2D:
        return add_convolution(m);
    case AN_GRAPH_MAX_POOL:
    case AN_GRAPH_AVERAGE_POOL:
        return add_pooling(m);
    case AN_GRAPH_LRN_ACROSS:
    case AN_GRAPH_LRN_WITHIN:
        return add_lrn(m);
    case AN_GRAPH_LINEAR:
        add_linear(m);
        return ALEXNET_OK;
    case AN_GRAPH_BATCH_NORM:
        return add_batch_norm(m);
    case AN_GRAPH_LOCAL:
        return refuse(m, "locally connected layers");
    case AN_GRAPH_RELU:
        add_layer(m, m->node->name, "ReLU", true);
        return ALEXNET_OK;
    case AN_GRAPH_TANH:
        add_layer(m, m->node->name, "TanH", true);
        return ALEXNET_OK;
    case AN_GRAPH_SIGMOID:
        add_layer(m, m->node->name, "Sigmoid", true);
        return ALEXNET_OK;
    case AN_GRAPH_SCALE:
        add_power(m, m->node->name, m->node->factor);
        return ALEXNET_OK;
    case AN_GRAPH_FLATTEN: /* InnerProduct flattens itself */
        if (m->next == NULL || m->next->op != AN_GRAPH_LINEAR)
            add_layer(m, m->node->name, "Flatten", false);
        return ALEXNET_OK;
    }
    return ALEXNET_OK;
}

static alexnet_status add_softmax(maker *m)
{
    const char *name = "prob";

    for (int i = 0; i < m->out->count; ++i)
        if (strcmp(m->out->layers[i].name, name) == 0) name = "softmax";
    add_layer(m, name, "Softmax", false);
    for (int i = 0; i < m->out->count; ++i) {
        if (m->out->layers[i].settings.failed)
            return an_fail(m->ctx, ALEXNET_NO_MEMORY, "settings of Caffe's layers");
        for (int k = 0; k < i; ++k)
            if (strcmp(m->out->layers[i].name, m->out->layers[k].name) == 0)
                return an_fail(m->ctx, ALEXNET_BAD_ARG, "two layers are called '%s'",
                               m->out->layers[i].name);
    }
    return ALEXNET_OK;
}

alexnet_status an_caffe_layers_make(alexnet_context *ctx, const an_graph *graph,
                                    an_caffe_layers *out)
{
    maker m = {.ctx = ctx, .out = out, .top = "data"};
    alexnet_status status = ALEXNET_OK;

    *out = (an_caffe_layers){0};
    out->layers = an_new_array(ctx, (size_t)graph->count * PER_NODE + 1, sizeof *out->layers);
    if (out->layers == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "Caffe's layers");
    for (int i = 0; i < graph->count && status == ALEXNET_OK; ++i) {
        m.node = &graph->nodes[i];
        m.next = i + 1 < graph->count ? &graph->nodes[i + 1] : NULL;
        status = add_node(&m);
    }
    if (status == ALEXNET_OK) status = add_softmax(&m);
    if (status != ALEXNET_OK) an_caffe_layers_free(ctx, out);
    return status;
}

void an_caffe_layers_free(alexnet_context *ctx, an_caffe_layers *layers)
{
    for (int i = 0; i < layers->count; ++i)
        an_pb_free(&layers->layers[i].settings);
    an_free(ctx, layers->layers);
    an_store_free(ctx, &layers->store);
    *layers = (an_caffe_layers){0};
}
