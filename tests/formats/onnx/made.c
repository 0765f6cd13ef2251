/*
 * made.c: ONNX models from text (made.h).
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/made.h"

#include "formats/graph.h"
#include "support/support.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD 400

typedef struct line {
    char words[16][WORD];
    int count;
} line;

float made_value(int i) { return (float)((i * 37 + 11) % 64 - 30) / 64; }

static const char *split(const char *text, line *out)
{
    out->count = 0;
    while (*text != '\0' && *text != '\n') {
        const size_t length = strcspn(text, " \n");
        assert_true(out->count < 16 && length < WORD);
        if (length > 0) {
            memcpy(out->words[out->count], text, length);
            out->words[out->count++][length] = '\0';
        }
        text += length + (text[length] == ' ');
    }
    return *text == '\n' ? text + 1 : text;
}

/* Calls `add` with each part between commas; an empty last part is none. */
static int for_each(const char *list, void (*add)(void *to, const char *part), void *to)
{
    char part[WORD];
    int count = 0;

    while (*list != '\0') {
        const size_t length = strcspn(list, ",");
        memcpy(part, list, length);
        part[length] = '\0';
        if (add != NULL) add(to, part);
        ++count;
        list += length + (list[length] == ',');
    }
    return count;
}

static void add_dim(void *to, const char *part)
{
    an_pb_out dimension = {.ctx = ((an_pb_out *)to)->ctx};

    if (isalpha((unsigned char)part[0]))
        an_pb_add_text(&dimension, 2, part);
    else if (part[0] != '-')
        an_pb_add_varint(&dimension, 1, strtoull(part, NULL, 10));
    an_pb_add_message(to, 1, &dimension);
    an_pb_free(&dimension);
}

static void add_info(an_pb_out *graph, int field, const char *name, const char *dims)
{
    an_pb_out shape = {.ctx = graph->ctx}, tensor = shape, type = shape, info = shape;

    for_each(dims, add_dim, &shape);
    an_pb_add_varint(&tensor, 1, 1);
    an_pb_add_message(&tensor, 2, &shape);
    an_pb_add_message(&type, 1, &tensor);
    an_pb_add_text(&info, 1, name);
    if (dims[0] != '\0') an_pb_add_message(&info, 2, &type);
    an_pb_add_message(graph, field, &info);
    an_pb_free(&shape);
    an_pb_free(&tensor);
    an_pb_free(&type);
    an_pb_free(&info);
}

typedef struct numbers {
    int64_t whole[64];
    float real[64];
    int count;
} numbers;

static void add_number(void *to, const char *part)
{
    numbers *n = to;

    n->whole[n->count] = strtoll(part, NULL, 10);
    n->real[n->count++] = strtof(part, NULL);
}

static void add_initializer(an_pb_out *graph, const line *l)
{
    an_pb_out tensor = {.ctx = graph->ctx};
    numbers n = {.count = 0};
    const bool drawn = strcmp(l->words[0], "float") == 0, whole = l->words[0][0] == 'i';
    int64_t count = 1;

    if (l->count > 2) for_each(l->words[2], add_number, &n);
    for (int i = 0; drawn && i < n.count; ++i) {
        an_pb_add_varint(&tensor, 1, (uint64_t)n.whole[i]);
        count *= n.whole[i];
    }
    if (!drawn) count = n.count;
    if (!drawn && (count > 1 || whole)) an_pb_add_varint(&tensor, 1, (uint64_t)count);
    an_pb_add_varint(&tensor, 2, whole ? 7 : 1);
    an_pb_add_text(&tensor, 8, l->words[1]);
    float *values = calloc((size_t)count + 1, sizeof *values);
    assert_non_null(values);
    for (int i = 0; i < count; ++i)
        values[i] = drawn ? made_value(i) : n.real[i];
    if (whole)
        an_pb_add_bytes(&tensor, 9, n.whole, (size_t)count * sizeof *n.whole);
    else
        an_pb_add_bytes(&tensor, 9, values, (size_t)count * sizeof *values);
    free(values);
    an_pb_add_message(graph, 5, &tensor);
    an_pb_free(&tensor);
}

static void add_attribute(an_pb_out *node, const char *text)
{
    const char *value = strchr(text, '=');
    an_pb_out attribute = {.ctx = node->ctx};
    char name[WORD];
    numbers n = {.count = 0};

    assert_non_null(value);
    snprintf(name, sizeof name, "%.*s", (int)(value - text), text);
    ++value;
    an_pb_add_text(&attribute, 1, name);
    int type = 2;
    if (strchr(value, ',') != NULL) {
        type = 7;
        for_each(value, add_number, &n);
        for (int i = 0; i < n.count; ++i)
            an_pb_add_varint(&attribute, 8, (uint64_t)n.whole[i]);
    } else if (isalpha((unsigned char)value[0])) {
        type = 3;
        an_pb_add_text(&attribute, 4, value);
    } else if (strchr(value, '.') != NULL) {
        type = 1;
        an_pb_add_float(&attribute, 2, strtof(value, NULL));
    } else {
        an_pb_add_varint(&attribute, 3, (uint64_t)strtoll(value, NULL, 10));
    }
    an_pb_add_varint(&attribute, 20, (uint64_t)type);
    an_pb_add_message(node, 5, &attribute);
    an_pb_free(&attribute);
}

static void add_input(void *to, const char *part)
{
    an_pb_add_text(to, 1, strcmp(part, "-") == 0 ? "" : part);
}

static void add_output(void *to, const char *part) { an_pb_add_text(to, 2, part); }

static void add_node(an_pb_out *graph, const line *l)
{
    an_pb_out node = {.ctx = graph->ctx};

    assert_true(l->count >= 4);
    if (strcmp(l->words[2], "-") != 0) for_each(l->words[2], add_input, &node);
    for_each(l->words[3], add_output, &node);
    an_pb_add_text(&node, 3, l->words[1]);
    an_pb_add_text(&node, 4, l->words[0]);
    for (int i = 4; i < l->count; ++i)
        add_attribute(&node, l->words[i]);
    an_pb_add_message(graph, 1, &node);
    an_pb_free(&node);
}

an_pb_out made_model(alexnet_context *ctx, const char *text)
{
    an_pb_out model = {.ctx = ctx}, graph = model, opset = model;
    uint64_t version = 17;
    line l;

    while (*text != '\0') {
        text = split(text, &l);
        if (l.count == 0) continue;
        if (strcmp(l.words[0], "opset") == 0)
            version = strtoull(l.words[1], NULL, 10);
        else if (strcmp(l.words[0], "input") == 0)
            add_info(&graph, 11, l.words[1], l.words[2]);
        else if (strcmp(l.words[0], "output") == 0)
            add_info(&graph, 12, l.words[1], "");
        else if (islower((unsigned char)l.words[0][0]))
            add_initializer(&graph, &l);
        else
            add_node(&graph, &l);
    }
    an_pb_add_varint(&model, 1, 8);
    an_pb_add_message(&model, 7, &graph);
    an_pb_add_varint(&opset, 2, version);
    an_pb_add_message(&model, 8, &opset);
    an_pb_free(&graph);
    an_pb_free(&opset);
    assert_false(model.failed);
    return model;
}

alexnet_status made_open(alexnet_context *ctx, const char *text, an_pb_out *bytes,
                         an_tensor_file *file)
{
    *bytes = made_model(ctx, text);
    return an_tensor_file_parse(ctx, "made", bytes->data, bytes->bytes,
                                an_tensor_format_find("onnx"), file);
}

static int describe_node(const an_graph_node *n, char *to, size_t room)
{
    static const char *const names[] = {"conv",  "linear", "relu",   "tanh", "sigmoid",
                                        "lrn",   "within", "max",    "mean", "norm",
                                        "local", "scale",  "flatten"};
    int used = snprintf(to, room, "%s", names[n->op]);

    if (n->op == AN_GRAPH_CONV2D || n->op == AN_GRAPH_MAX_POOL || n->op == AN_GRAPH_AVERAGE_POOL)
        used += snprintf(to + used, room - (size_t)used, " %dx%d/%d,%d", n->kernel[0], n->kernel[1],
                         n->stride[0], n->stride[1]);
    if (n->pad[0] > 0 || n->pad[1] > 0)
        used += snprintf(to + used, room - (size_t)used, " pad %d,%d%s", n->pad[0], n->pad[1],
                         n->counts_pad ? " counted" : "");
    if (n->groups > 1) used += snprintf(to + used, room - (size_t)used, " groups %d", n->groups);
    if (n->size > 0)
        used += snprintf(to + used, room - (size_t)used, " %d %.4g %.4g %.4g", n->size, n->alpha,
                         n->beta, n->k);
    if (n->op == AN_GRAPH_SCALE)
        used += snprintf(to + used, room - (size_t)used, " %.4g", n->factor);
    if (n->op == AN_GRAPH_BATCH_NORM)
        used += snprintf(to + used, room - (size_t)used, " %.4g", n->epsilon);
    if (n->weight >= 0)
        used += snprintf(to + used, room - (size_t)used, "%s", n->bias >= 0 ? " bias" : "");
    used +=
        snprintf(to + used, room - (size_t)used, " > %d,%d,%d; ", n->out[0], n->out[1], n->out[2]);
    return used;
}

const char *made_describe(const an_tensor_file *file, char text[MADE_TEXT])
{
    int used = 0;

    if (file->graph == NULL) return file->no_graph;
    text[0] = '\0';
    for (int i = 0; i < file->graph->count; ++i)
        used += describe_node(&file->graph->nodes[i], text + used, MADE_TEXT - (size_t)used);
    if (used >= 2) text[used - 2] = '\0';
    return text;
}
