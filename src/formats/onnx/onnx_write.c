/*
 * onnx_write.c: a chain as nodes and initializers. The structure is made in memory first, as every
 * message is preceded by its size; the tensors' values then go from the caller to the file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/onnx_write.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/metadata.h"
#include "formats/protobuf.h"
#include <limits.h>
#include <string.h>

#define IR_VERSION 10
#define OPSET      22
#define NAME_BYTES 160
#define CHUNK      ((size_t)16384) /* numbers that are converted at a time */
#define VALUES_MAX ((size_t)8192)  /* of a constant that is made here */

/* Types of TensorProto. */
enum { FLOAT = 1, INT64 = 7, FLOAT16 = 10, BFLOAT16 = 16 };

/* A tensor of the file. */
typedef struct initializer {
    an_pb_out head, fields; /* what precedes its values */
    const void *data;
    an_dtype dtype, stored; /* of data; in the file, to which it is converted */
    size_t count;
    const char *name; /* of a parameter */
    void *made;       /* the values of a constant; NULL: those of a parameter */
} initializer;

typedef struct job {
    alexnet_context *ctx;
    const char *path;
    const an_network_out *what;
    an_pb_out nodes, tail;
    initializer *list;
    size_t count, room;
    const an_graph_node *layer; /* the one that is being added */
    char value[NAME_BYTES];     /* what it reads */
    int rank;                   /* of that value: 4 or 2 */
    bool failed;                /* no memory */
} job;

static alexnet_status fail_layer(const job *j, const char *fact)
{
    return an_fail(j->ctx, ALEXNET_UNSUPPORTED, "%s: layer %s: %s", j->path, j->layer->name, fact);
}

/* ---- attributes ---- */

enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7 };

static void add_attribute(an_pb_out *node, an_pb_out *attribute, int type)
{
    an_pb_add_varint(attribute, 20, (uint64_t)type);
    an_pb_add_message(node, 5, attribute);
    an_pb_free(attribute);
}

static void add_float(an_pb_out *node, const char *name, double value)
{
    an_pb_out attribute = {.ctx = node->ctx};

    an_pb_add_text(&attribute, 1, name);
    an_pb_add_float(&attribute, 2, (float)value);
    add_attribute(node, &attribute, ATTRIBUTE_FLOAT);
}

static void add_int(an_pb_out *node, const char *name, int value)
{
    an_pb_out attribute = {.ctx = node->ctx};

    an_pb_add_text(&attribute, 1, name);
    an_pb_add_varint(&attribute, 3, (uint64_t)value);
    add_attribute(node, &attribute, ATTRIBUTE_INT);
}

static void add_ints(an_pb_out *node, const char *name, const int *values, int count)
{
    an_pb_out attribute = {.ctx = node->ctx};

    an_pb_add_text(&attribute, 1, name);
    for (int i = 0; i < count; ++i)
        an_pb_add_varint(&attribute, 8, (uint64_t)values[i]);
    add_attribute(node, &attribute, ATTRIBUTE_INTS);
}

/* ---- nodes ---- */

/* Adds a node with what is in *node so far, which it frees. inputs: ends with NULL. */
static void add_node(job *j, an_pb_out *node, const char *op, const char *name,
                     const char *const *inputs, const char *output)
{
    for (; *inputs != NULL; ++inputs)
        an_pb_add_text(node, 1, *inputs);
    an_pb_add_text(node, 2, output);
    an_pb_add_text(node, 3, name);
    an_pb_add_text(node, 4, op);
    an_pb_add_message(&j->nodes, 1, node);
    an_pb_free(node);
}

/* A node of the layer that reads the value before it and these, and gives the next value. `step`
   tells its nodes apart; "": the only or last one. */
static void add_step(job *j, an_pb_out *node, const char *op, const char *step, const char *second,
                     const char *const *more)
{
    char name[NAME_BYTES], output[NAME_BYTES];
    const char *inputs[8] = {j->value, second};

    for (int i = 2; more != NULL && *more != NULL && i < 7; ++i)
        inputs[i] = *more++;
    an_print(name, sizeof name, "%s%s", j->layer->name, step);
    an_print(output, sizeof output, "%s%s:0", j->layer->name, step);
    add_node(j, node, op, name, inputs, output);
    memcpy(j->value, output, sizeof output);
}

/* ---- tensors ---- */

static const struct {
    an_dtype dtype;
    int number;
} types[] = {{AN_F32, FLOAT}, {AN_I64, INT64}, {AN_F16, FLOAT16}, {AN_BF16, BFLOAT16}};

static int type_of(an_dtype dtype)
{
    for (size_t i = 0; i < AN_COUNT(types); ++i)
        if (types[i].dtype == dtype) return types[i].number;
    return 0;
}

/* NULL: no memory. */
static initializer *add_initializer(job *j, const char *name, an_dtype stored, int rank,
                                    const int64_t *shape)
{
    if (j->count == j->room) {
        const size_t room = AN_MAX((size_t)64, 2 * j->room);
        initializer *grown =
            an_grow(j->ctx, j->list, j->room * sizeof *grown, room * sizeof *grown);
        j->failed = j->failed || grown == NULL;
        if (grown == NULL) return NULL;
        j->list = grown;
        j->room = room;
    }
    initializer *added = &j->list[j->count++];
    *added = (initializer){.head = {.ctx = j->ctx}, .fields = {.ctx = j->ctx}, .count = 1};
    for (int i = 0; i < rank; ++i) {
        an_pb_add_varint(&added->fields, 1, (uint64_t)shape[i]);
        added->count *= (size_t)shape[i];
    }
    an_pb_add_varint(&added->fields, 2, (uint64_t)type_of(stored));
    an_pb_add_text(&added->fields, 8, name);
    const size_t bytes = added->count * an_dtype_bytes(stored);
    an_pb_add_head(&added->fields, 9, bytes);
    an_pb_add_head(&added->head, 5, added->fields.bytes + bytes);
    return added;
}

/* A constant of this layer, of float or int64; its name is left in `name`. */
static void add_constant(job *j, const char *step, an_dtype dtype, int rank, int64_t count,
                         const void *values, char name[NAME_BYTES])
{
    an_print(name, NAME_BYTES, "%s%s", j->layer->name, step);
    initializer *added = add_initializer(j, name, dtype, rank, &count);
    if (added == NULL) return;
    const size_t bytes = added->count * an_dtype_bytes(dtype);
    added->made = an_new(j->ctx, bytes);
    j->failed = j->failed || added->made == NULL;
    if (added->made != NULL) memcpy(added->made, values, bytes);
    added->data = added->made;
    added->dtype = added->stored = dtype;
}

/* A parameter, converted to float first if it is stored otherwise. Its value is left in `name`; ""
   if index is -1. */
static void add_param(job *j, int index, char name[NAME_BYTES])
{
    static const char tail[] = ":float";
    an_pb_out node = {.ctx = j->ctx};

    name[0] = '\0';
    if (index < 0) return;
    const an_tensor_out *tensor = &j->what->tensors[index];
    initializer *added =
        add_initializer(j, tensor->name, j->what->dtype, tensor->rank, tensor->shape);
    if (added == NULL) return;
    added->data = tensor->data;
    added->dtype = AN_F32;
    added->stored = j->what->dtype;
    added->name = tensor->name;
    an_print(name, NAME_BYTES, "%s", tensor->name);
    if (j->what->dtype == AN_F32) return;
    an_print(name, NAME_BYTES, "%s%s", tensor->name, tail);
    add_int(&node, "to", FLOAT);
    add_node(j, &node, "Cast", name, (const char *const[]){tensor->name, NULL}, name);
}

/* ---- windows ---- */

/* The padding below and to the right. If the same as above fits, it is that, as everybody writes
   it. */
static void set_pads(const an_graph_node *g, bool *up, int pads[4])
{
    *up = false;
    for (int i = 0; i < 2; ++i) {
        const int same = (g->in[1 + i] + 2 * g->pad[i] - g->kernel[i]) / g->stride[i] + 1;
        const int reach =
            (g->out[1 + i] - 1) * g->stride[i] + g->kernel[i] - g->pad[i] - g->in[1 + i];
        pads[i] = pads[2 + i] = g->pad[i];
        if (same == g->out[1 + i] && g->in[1 + i] + 2 * g->pad[i] >= g->kernel[i]) continue;
        /* an average counts zeros up to `pad` only: so what lies beyond must be left to rounding */
        if (g->op == AN_GRAPH_AVERAGE_POOL && g->counts_pad && reach > g->pad[i] && g->pad[i] > 0)
            *up = true;
        else
            pads[2 + i] = AN_MAX(reach, 0);
    }
}

static void add_window(an_pb_out *node, const an_graph_node *g)
{
    int pads[4];
    bool up;

    set_pads(g, &up, pads);
    add_ints(node, "kernel_shape", g->kernel, 2);
    add_ints(node, "strides", g->stride, 2);
    add_ints(node, "pads", pads, 4);
    if (up) add_int(node, "ceil_mode", 1);
}

/* ---- layers ---- */

static void add_filter(job *j)
{
    const an_graph_node *g = j->layer;
    an_pb_out node = {.ctx = j->ctx};
    char weight[NAME_BYTES], bias[NAME_BYTES];

    add_param(j, g->weight, weight);
    add_param(j, g->bias, bias);
    if (g->op == AN_GRAPH_CONV2D) {
        add_window(&node, g);
        add_int(&node, "group", g->groups);
    } else {
        add_int(&node, "transB", 1);
    }
    add_step(j, &node, g->op == AN_GRAPH_CONV2D ? "Conv" : "Gemm", "", weight,
             (const char *const[]){bias[0] != '\0' ? bias : NULL, NULL});
    if (g->op == AN_GRAPH_LINEAR) j->rank = 2;
}

static void add_flatten(job *j)
{
    an_pb_out node = {.ctx = j->ctx};

    add_int(&node, "axis", 1);
    add_step(j, &node, "Flatten", "", NULL, NULL);
    j->rank = 2;
}

static void add_pool(job *j)
{
    const an_graph_node *g = j->layer;
    an_pb_out node = {.ctx = j->ctx};

    add_window(&node, g);
    if (g->op == AN_GRAPH_AVERAGE_POOL)
        add_int(&node, "count_include_pad", g->counts_pad && (g->pad[0] > 0 || g->pad[1] > 0));
    add_step(j, &node, g->op == AN_GRAPH_MAX_POOL ? "MaxPool" : "AveragePool", "", NULL, NULL);
}

static void add_reshape(job *j, const char *step, const char *constant, int channels)
{
    const int64_t shape[4] = {-1, channels, j->layer->in[1], j->layer->in[2]};
    an_pb_out node = {.ctx = j->ctx};
    char name[NAME_BYTES];

    add_constant(j, constant, AN_I64, 1, 4, shape, name);
    add_step(j, &node, "Reshape", step, name, NULL);
}

static void add_lrn_across(job *j)
{
    const an_graph_node *g = j->layer;
    const int groups = AN_MAX(g->groups, 1);
    an_pb_out node = {.ctx = j->ctx};

    if (groups > 1) add_reshape(j, ".split", ".split.shape", g->in[0] / groups);
    add_float(&node, "alpha", g->alpha * g->size); /* ONNX divides it by the size */
    add_float(&node, "beta", g->beta);
    add_float(&node, "bias", g->k);
    add_int(&node, "size", g->size);
    add_step(j, &node, "LRN", groups > 1 ? ".lrn" : "", NULL, NULL);
    if (groups > 1) add_reshape(j, "", ".shape", g->in[0]);
}

/* One operator with a constant. */
static void add_arithmetic(job *j, const char *op, const char *step, const char *constant,
                           double value)
{
    const float number = (float)value;
    an_pb_out node = {.ctx = j->ctx};
    char name[NAME_BYTES];

    add_constant(j, constant, AN_F32, 0, 1, &number, name);
    add_step(j, &node, op, step, name, NULL);
}

/* x / (k + alpha * sum of squares)^beta; the sum is an average times size^2. */
static void add_lrn_within(job *j)
{
    const an_graph_node *g = j->layer;
    const int reach = g->size / 2, window[2] = {g->size, g->size}, one[2] = {1, 1};
    const int pads[4] = {reach, reach, reach, reach};
    an_pb_out node = {.ctx = j->ctx};
    char x[NAME_BYTES], divisor[NAME_BYTES];

    memcpy(x, j->value, sizeof x);
    add_step(j, &node, "Mul", ".square", x, NULL);
    add_ints(&node, "kernel_shape", window, 2);
    add_ints(&node, "strides", one, 2);
    add_ints(&node, "pads", pads, 4);
    add_int(&node, "count_include_pad", 1);
    add_step(j, &node, "AveragePool", ".mean", NULL, NULL);
    add_arithmetic(j, "Mul", ".scaled", ".alpha", g->alpha * g->size * g->size);
    add_arithmetic(j, "Add", ".shifted", ".k", g->k);
    add_arithmetic(j, "Pow", ".power", ".beta", g->beta);
    memcpy(divisor, j->value, sizeof divisor);
    memcpy(j->value, x, sizeof x);
    add_step(j, &node, "Div", "", divisor, NULL);
}

static void add_batch_norm(job *j)
{
    const an_graph_node *g = j->layer;
    an_pb_out node = {.ctx = j->ctx};
    float values[VALUES_MAX];
    char names[4][NAME_BYTES];
    const int params[4] = {g->weight, g->bias, g->mean, g->variance};

    for (int i = 0; i < 4; ++i) {
        add_param(j, params[i], names[i]);
        if (params[i] >= 0) continue;
        for (int c = 0; c < g->in[0]; ++c) /* it has no scale or shift */
            values[c] = i == 0 ? 1 : 0;
        add_constant(j, i == 0 ? ".scale" : ".shift", AN_F32, 1, g->in[0], values, names[i]);
    }
    add_float(&node, "epsilon", g->epsilon);
    add_step(j, &node, "BatchNormalization", "", names[0],
             (const char *const[]){names[1], names[2], names[3], NULL});
}

static void add_simple(job *j, const char *op)
{
    an_pb_out node = {.ctx = j->ctx};

    add_step(j, &node, op, "", NULL, NULL);
}

/* What the nodes can say of a layer. */
static alexnet_status check_layer(const job *j)
{
    const an_graph_node *g = j->layer;
    const bool on_map = g->op == AN_GRAPH_CONV2D || g->op == AN_GRAPH_MAX_POOL ||
                        g->op == AN_GRAPH_AVERAGE_POOL || g->op == AN_GRAPH_LRN_ACROSS ||
                        g->op == AN_GRAPH_LRN_WITHIN;

    if (g->op == AN_GRAPH_LOCAL)
        return fail_layer(j, "ONNX has no operator for a locally connected layer");
    if (on_map && j->rank != 4) return fail_layer(j, "it comes after a flatten");
    if (g->op == AN_GRAPH_BATCH_NORM &&
        (g->mean < 0 || g->variance < 0 || (size_t)g->in[0] > VALUES_MAX))
        return fail_layer(j, "a batch normalisation without statistics, or of too many channels");
    if (strlen(g->name) > NAME_BYTES / 2) return fail_layer(j, "its name is too long");
    return ALEXNET_OK;
}

static alexnet_status add_layer(job *j)
{
    AN_TRY(check_layer(j));
    switch (j->layer->op) {
    case AN_GRAPH_CONV2D:
        add_filter(j);
        break;
    case AN_GRAPH_LINEAR:
        if (j->rank == 4) return fail_layer(j, "it reads a map that is not flattened");
        add_filter(j);
        break;
    case AN_GRAPH_RELU:
        add_simple(j, "Relu");
        break;
    case AN_GRAPH_TANH:
        add_simple(j, "Tanh");
        break;
    case AN_GRAPH_SIGMOID:
        add_simple(j, "Sigmoid");
        break;
    case AN_GRAPH_LRN_ACROSS:
        add_lrn_across(j);
        break;
    case AN_GRAPH_LRN_WITHIN:
        add_lrn_within(j);
        break;
    case AN_GRAPH_MAX_POOL:
    case AN_GRAPH_AVERAGE_POOL:
        add_pool(j);
        break;
    case AN_GRAPH_BATCH_NORM:
        add_batch_norm(j);
        break;
    case AN_GRAPH_SCALE:
        add_arithmetic(j, "Mul", "", ".factor", j->layer->factor);
        break;
    case AN_GRAPH_FLATTEN:
        add_flatten(j);
        break;
    case AN_GRAPH_LOCAL: /* refused by check_layer() */
        break;
    }
    return ALEXNET_OK;
}

/* ---- the ends ---- */

static void add_dimension(an_pb_out *shape, const char *name, int value)
{
    an_pb_out dimension = {.ctx = shape->ctx};

    if (name != NULL)
        an_pb_add_text(&dimension, 2, name);
    else
        an_pb_add_varint(&dimension, 1, (uint64_t)value);
    an_pb_add_message(shape, 1, &dimension);
    an_pb_free(&dimension);
}

/* ValueInfoProto of [N][sides...] of float. */
static void add_end(job *j, int field, const char *name, const int *sides, int count)
{
    an_pb_out shape = {.ctx = j->ctx}, tensor = shape, type = shape, info = shape;

    add_dimension(&shape, "N", 0);
    for (int i = 0; i < count; ++i)
        add_dimension(&shape, NULL, sides[i]);
    an_pb_add_varint(&tensor, 1, FLOAT);
    an_pb_add_message(&tensor, 2, &shape);
    an_pb_add_message(&type, 1, &tensor);
    an_pb_add_text(&info, 1, name);
    an_pb_add_message(&info, 2, &type);
    an_pb_add_message(&j->tail, field, &info);
    an_pb_free(&shape);
    an_pb_free(&tensor);
    an_pb_free(&type);
    an_pb_free(&info);
}

/* The last value is the output: a row for each image unless it is a map. */
static void add_output(job *j, const an_graph_node *last)
{
    const bool row = last->out[1] == 1 && last->out[2] == 1;
    an_pb_out node = {.ctx = j->ctx};

    if (row) add_int(&node, "axis", 1);
    add_node(j, &node, row ? "Flatten" : "Identity", "logits",
             (const char *const[]){j->value, NULL}, "logits");
    add_end(j, 12, "logits", last->out, row ? 1 : 3);
}

/* No node reads it: `preprocess` and `predict` do. */
static void add_mean_image(job *j)
{
    const int *shape = j->what->mean_shape;

    if (j->what->mean_image == NULL) return;
    initializer *added = add_initializer(j, AN_MEAN_IMAGE, AN_F32, 3,
                                         (const int64_t[]){shape[0], shape[1], shape[2]});
    if (added == NULL) return;
    added->data = j->what->mean_image;
    added->dtype = added->stored = AN_F32;
    added->name = AN_MEAN_IMAGE;
}

static alexnet_status add_graph(job *j)
{
    const an_graph *graph = j->what->graph;

    if (graph->count == 0)
        return an_fail(j->ctx, ALEXNET_UNSUPPORTED, "%s: a network without layers", j->path);
    an_print(j->value, sizeof j->value, "input");
    j->rank = 4;
    for (int i = 0; i < graph->count; ++i) {
        j->layer = &graph->nodes[i];
        AN_TRY(add_layer(j));
    }
    add_mean_image(j);
    an_pb_add_text(&j->nodes, 2, graph->name != NULL ? graph->name : "network");
    add_end(j, 11, "input", graph->nodes[0].in, 3);
    add_output(j, &graph->nodes[graph->count - 1]);
    return ALEXNET_OK;
}

/* ---- the file ---- */

static alexnet_status add_out(an_writer *writer, const an_pb_out *out)
{
    return out->bytes > 0 ? an_writer_add(writer, out->data, out->bytes) : ALEXNET_OK;
}

/* The values of a parameter, in the type of the file. */
static alexnet_status write_values(const job *j, const initializer *from, uint16_t *chunk,
                                   an_writer *writer)
{
    const float *values = from->data;

    if (from->stored == from->dtype)
        return an_writer_add(writer, from->data, from->count * an_dtype_bytes(from->dtype));
    for (size_t at = 0; at < from->count; at += CHUNK) {
        const size_t count = AN_MIN(from->count - at, CHUNK);
        const int64_t beyond = an_tensor_from_float(j->what->dtype, values + at, count, chunk);
        if (beyond >= 0)
            return an_fail(j->ctx, ALEXNET_BAD_ARG, "%s: %s: %g is beyond the range of %s", j->path,
                           from->name, (double)values[at + (size_t)beyond],
                           an_dtype_name(j->what->dtype));
        AN_TRY(an_writer_add(writer, chunk, count * sizeof *chunk));
    }
    return ALEXNET_OK;
}

static alexnet_status write_graph(const job *j, uint16_t *chunk, an_writer *writer)
{
    AN_TRY(add_out(writer, &j->nodes));
    for (size_t i = 0; i < j->count; ++i) {
        AN_TRY(add_out(writer, &j->list[i].head));
        AN_TRY(add_out(writer, &j->list[i].fields));
        AN_TRY(write_values(j, &j->list[i], chunk, writer));
    }
    return add_out(writer, &j->tail);
}

/* The size of the graph; and whether all messages could be made. */
static size_t graph_bytes(job *j)
{
    size_t bytes = j->nodes.bytes + j->tail.bytes;

    j->failed = j->failed || j->nodes.failed || j->tail.failed;
    for (size_t i = 0; i < j->count; ++i) {
        const initializer *from = &j->list[i];
        bytes += from->head.bytes + from->fields.bytes + from->count * an_dtype_bytes(from->stored);
        j->failed = j->failed || from->head.failed || from->fields.failed;
    }
    return bytes;
}

/* What comes before the graph, and after it. */
static void make_ends(job *j, size_t bytes, an_pb_out *before, an_pb_out *after)
{
    an_pb_out part = {.ctx = j->ctx};

    an_pb_add_varint(before, 1, IR_VERSION);
    an_pb_add_text(before, 2, "alexnet");
    an_pb_add_text(before, 3, alexnet_version());
    an_pb_add_head(before, 7, bytes);
    an_pb_add_text(&part, 1, "");
    an_pb_add_varint(&part, 2, OPSET);
    an_pb_add_message(after, 8, &part);
    an_pb_free(&part);
    for (size_t i = 0; i < j->what->metadata_count; ++i) {
        an_pb_add_text(&part, 1, j->what->keys[i]);
        an_pb_add_text(&part, 2, j->what->values[i]);
        an_pb_add_message(after, 14, &part);
        an_pb_free(&part);
    }
    j->failed = j->failed || before->failed || after->failed;
}

static alexnet_status write_file(job *j, an_file_sum *sum)
{
    an_pb_out before = {.ctx = j->ctx}, after = {.ctx = j->ctx};
    const size_t bytes = graph_bytes(j);
    an_writer *writer = NULL;

    make_ends(j, bytes, &before, &after);
    uint16_t *chunk = an_new(j->ctx, CHUNK * sizeof *chunk);
    alexnet_status status = ALEXNET_OK;
    if (chunk == NULL || j->failed)
        status = an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", j->path);
    else if (bytes > INT_MAX - before.bytes - after.bytes)
        status = an_fail(j->ctx, ALEXNET_UNSUPPORTED,
                         "%s: %zu bytes; an ONNX file has at most 2 GB", j->path, bytes);
    else
        status = an_writer_open(j->ctx, j->path, &writer);
    if (status == ALEXNET_OK) {
        if (sum != NULL) an_writer_sum(writer, sum);
        status = add_out(writer, &before);
        if (status == ALEXNET_OK) status = write_graph(j, chunk, writer);
        if (status == ALEXNET_OK) status = add_out(writer, &after);
        if (status == ALEXNET_OK)
            status = an_writer_commit(writer);
        else
            an_writer_abandon(writer);
    }
    an_free(j->ctx, chunk);
    an_pb_free(&before);
    an_pb_free(&after);
    return status;
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text != '\0' && length > 0; text += length)
        length = an_utf8_length(text);
    return length > 0;
}

static alexnet_status check_texts(alexnet_context *ctx, const char *path,
                                  const an_network_out *what)
{
    for (size_t i = 0; i < what->count; ++i)
        if (strlen(what->tensors[i].name) > NAME_BYTES - 16)
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' is too long a name", path,
                           what->tensors[i].name);
    for (size_t i = 0; i < what->metadata_count; ++i)
        if (!is_utf8(what->keys[i]) || !is_utf8(what->values[i]))
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be written: it is not UTF-8",
                           path, what->keys[i]);
    return an_tensor_check_names(ctx, path, what->tensors, what->count);
}

alexnet_status an_onnx_write(alexnet_context *ctx, const char *path, const an_network_out *what,
                             an_file_sum *sum)
{
    job j = {.ctx = ctx, .path = path, .what = what, .nodes = {.ctx = ctx}, .tail = {.ctx = ctx}};

    AN_TRY(check_texts(ctx, path, what));
    alexnet_status status = add_graph(&j);
    if (status == ALEXNET_OK) status = write_file(&j, sum);
    for (size_t i = 0; i < j.count; ++i) {
        an_pb_free(&j.list[i].head);
        an_pb_free(&j.list[i].fields);
        an_free(ctx, j.list[i].made);
    }
    an_free(ctx, j.list);
    an_pb_free(&j.nodes);
    an_pb_free(&j.tail);
    return status;
}
