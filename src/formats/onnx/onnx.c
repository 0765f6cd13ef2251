/*
 * onnx.c: ModelProto, GraphProto and NodeProto: the graph as tables.
 * SPDX-License-Identifier: MIT
 */
#include "formats/onnx/onnx.h"

#include "base/memory.h"
#include "base/status.h"
#include "formats/onnx/onnx_write.h"
#include <string.h>

enum { MODEL_IR_VERSION = 1, MODEL_DOC = 6, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
enum {
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15
};
enum {
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7
};

/* The file while it is read. */
typedef struct source {
    alexnet_context *ctx;
    const char *path;
    an_tensor_file *file;
    an_onnx_model *model;
    size_t texts; /* bytes of all names */
    int *slots;   /* values by the hash of their name; -1: free */
    size_t slot_count;
    size_t value_room, tensor_room;
    int attributes; /* of all nodes */
    const char *graph_name;
} source;

#define PROBES_MAX 1000 /* names that were made to share a slot must not take long */

static alexnet_status fail_memory(const source *s)
{
    return an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: no memory for its graph", s->path);
}

/* ---- names ---- */

/* A text of the file; NULL: see the cursor's status. */
static const char *read_text(source *s, an_pb_cursor *message, const an_pb_field *field)
{
    const char *text = an_pb_text(message, field, &s->file->store, AN_ONNX_TEXT_MAX);

    if (text == NULL) return NULL;
    s->texts += strlen(text) + 1;
    if (s->texts <= AN_ONNX_TEXTS_MAX) return text;
    message->status = an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: its names have more than %zu bytes",
                              s->path, AN_ONNX_TEXTS_MAX);
    return NULL;
}

static size_t hash(const char *text)
{
    uint64_t sum = 0xcbf29ce484222325; /* FNV-1a */

    for (; *text != '\0'; ++text)
        sum = (sum ^ (uint8_t)*text) * 0x100000001b3;
    return (size_t)(sum ^ sum >> 32);
}

/* The value of this name, added if it is new; -1: the name is empty. */
static alexnet_status find_value(source *s, const char *name, int *out)
{
    size_t slot = hash(name) % s->slot_count;

    *out = -1;
    if (name[0] == '\0') return ALEXNET_OK;
    int probes = 0;
    for (; s->slots[slot] >= 0 && probes < PROBES_MAX; slot = (slot + 1) % s->slot_count) {
        if (strcmp(s->model->values[s->slots[slot]].name, name) == 0) {
            *out = s->slots[slot];
            return ALEXNET_OK;
        }
        ++probes;
    }
    if ((size_t)s->model->value_count == s->value_room || probes == PROBES_MAX)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: more than %d values", s->path,
                       AN_ONNX_VALUES_MAX);
    *out = s->slots[slot] = s->model->value_count++;
    s->model->values[*out] = (an_onnx_value){.name = name, .tensor = -1, .producer = -1};
    return ALEXNET_OK;
}

static alexnet_status read_value(source *s, an_pb_cursor *message, const an_pb_field *field,
                                 int *out)
{
    const char *name = read_text(s, message, field);

    *out = -1;
    return name != NULL ? find_value(s, name, out) : message->status;
}

/* ---- tensors of the graph ---- */

static alexnet_status add_tensor(source *s, const an_tensor_view *view, int value, bool listed)
{
    an_onnx_model *model = s->model;
    an_onnx_value *of = value >= 0 ? &model->values[value] : NULL;

    if (of != NULL && (of->tensor >= 0 || of->producer >= 0))
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: value '%s' is set twice", s->path, of->name);
    if ((size_t)model->tensor_count == s->tensor_room)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: more than %zu tensors in its graph", s->path,
                       s->tensor_room);
    if (of != NULL) of->tensor = model->tensor_count;
    model->tensors[model->tensor_count++] =
        (an_onnx_tensor){.view = *view, .listed = listed ? (int)s->file->count : -1};
    return listed ? an_tensor_file_add(s->ctx, s->path, s->file, view) : ALEXNET_OK;
}

static alexnet_status read_initializer(source *s, an_pb_cursor *graph, const an_pb_field *field)
{
    an_tensor_view view;
    int value;
    an_pb_cursor message = an_pb_enter(graph, field);

    AN_TRY(an_onnx_read_tensor(s->ctx, s->path, s->file, &message, NULL, &view));
    if (view.name[0] == '\0')
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: an initializer has no name", s->path);
    s->texts += strlen(view.name) + 1;
    AN_TRY(find_value(s, view.name, &value));
    return add_tensor(s, &view, value, true);
}

/* ---- attributes ---- */

static alexnet_status fail_attribute(const source *s, const an_onnx_attribute *attribute,
                                     const char *fact)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: attribute '%s': %s", s->path, attribute->name,
                   fact);
}

static alexnet_status add_int(source *s, an_onnx_attribute *attribute, uint64_t bits)
{
    const an_pb_field field = {.value = bits};

    if (attribute->count == AN_ONNX_LIST_MAX)
        return fail_attribute(s, attribute, "more than 16 numbers");
    attribute->ints[attribute->count++] = an_pb_signed(&field);
    return ALEXNET_OK;
}

static alexnet_status read_ints(source *s, an_pb_cursor *message, const an_pb_field *field,
                                an_onnx_attribute *attribute)
{
    uint64_t value;

    if (field->wire != AN_PB_BYTES) return add_int(s, attribute, field->value);
    an_pb_cursor list = an_pb_enter(message, field);
    alexnet_status status = ALEXNET_OK;
    while (status == ALEXNET_OK && an_pb_varint(&list, &value))
        status = add_int(s, attribute, value);
    an_pb_leave(message, &list);
    return status != ALEXNET_OK ? status : message->status;
}

static alexnet_status read_tensor_attribute(source *s, an_pb_cursor *message,
                                            const an_pb_field *field, an_onnx_attribute *attribute)
{
    an_tensor_view view;
    an_pb_cursor inner = an_pb_enter(message, field);

    if (attribute->tensor >= 0) return fail_attribute(s, attribute, "two tensors");
    AN_TRY(an_onnx_read_tensor(s->ctx, s->path, s->file, &inner, "of a node", &view));
    attribute->tensor = s->model->tensor_count;
    return add_tensor(s, &view, -1, false);
}

static alexnet_status read_attribute(source *s, an_pb_cursor *node, const an_pb_field *field,
                                     an_onnx_attribute *out)
{
    an_pb_cursor message = an_pb_enter(node, field);
    an_pb_field part;
    alexnet_status status = ALEXNET_OK;

    *out = (an_onnx_attribute){.name = "", .tensor = -1};
    while (status == ALEXNET_OK && an_pb_next(&message, &part)) {
        if (part.number == 1) {
            out->name = read_text(s, &message, &part);
        } else if (part.number == 2 && part.wire == AN_PB_32) {
            out->f = (double)an_pb_float(&part);
        } else if (part.number == 3 && part.wire == AN_PB_VARINT) {
            out->i = an_pb_signed(&part);
        } else if (part.number == 4 && part.value <= AN_ONNX_TEXT_MAX) {
            out->s = read_text(s, &message, &part);
        } else if (part.number == 5) {
            status = read_tensor_attribute(s, &message, &part, out);
        } else if (part.number == 8) {
            status = read_ints(s, &message, &part, out);
        } else if (part.number == 20) {
            out->type = part.value < 32 ? (int)part.value : 0;
        } else if (part.number == 21) {
            status = fail_attribute(s, out, "it refers to a function");
        }
    }
    an_pb_leave(node, &message);
    return status != ALEXNET_OK ? status : node->status;
}

const an_onnx_attribute *an_onnx_attribute_find(const an_onnx_node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; ++i)
        if (strcmp(node->attributes[i].name, name) == 0) return &node->attributes[i];
    return NULL;
}

int64_t an_onnx_int(const an_onnx_node *node, const char *name, int64_t otherwise)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    return found != NULL ? found->i : otherwise;
}

double an_onnx_float(const an_onnx_node *node, const char *name, double otherwise)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    return found != NULL ? found->f : otherwise;
}

const char *an_onnx_string(const an_onnx_node *node, const char *name, const char *otherwise)
{
    const an_onnx_attribute *found = an_onnx_attribute_find(node, name);

    return found != NULL && found->s != NULL ? found->s : otherwise;
}

/* ---- nodes ---- */

static alexnet_status fail_node(const source *s, const an_onnx_node *node, const char *fact)
{
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: node '%s' (%s): %s", s->path, node->name,
                   node->op, fact);
}

static alexnet_status read_input_or_output(source *s, an_pb_cursor *message,
                                           const an_pb_field *field, an_onnx_node *node)
{
    const bool is_input = field->number == NODE_INPUT;
    int *list = is_input ? node->inputs : node->outputs;
    int *count = is_input ? &node->input_count : &node->output_count;

    if (*count == AN_ONNX_LIST_MAX) return fail_node(s, node, "more than 16 inputs or outputs");
    return read_value(s, message, field, &list[(*count)++]);
}

/* Its output is a tensor of the graph. */
static alexnet_status read_constant(source *s, const an_onnx_node *node)
{
    const an_onnx_attribute *value =
        node->attribute_count == 1 && node->output_count == 1 ? &node->attributes[0] : NULL;
    an_tensor_view view = {.rank = 0, .count = 1};

    if (value == NULL || node->outputs[0] < 0)
        return fail_node(s, node, "expected one value and one output");
    view.name = s->model->values[node->outputs[0]].name;
    if (value->tensor >= 0) {
        an_onnx_tensor *tensor = &s->model->tensors[value->tensor];
        an_onnx_value *of = &s->model->values[node->outputs[0]];
        if (of->tensor >= 0 || of->producer >= 0)
            return fail_node(s, node, "its output is set twice");
        of->tensor = value->tensor;
        tensor->view.name = view.name;
        if (tensor->view.rank == 0 || tensor->view.dtype == AN_I64) return ALEXNET_OK;
        tensor->listed = (int)s->file->count;
        return an_tensor_file_add(s->ctx, s->path, s->file, &tensor->view);
    }
    uint8_t *data = an_store_new(s->ctx, &s->file->store, sizeof value->ints);
    if (data == NULL) return fail_memory(s);
    view.data = data;
    if (strcmp(value->name, "value_float") == 0) {
        const float number = (float)value->f;
        view.dtype = AN_F32;
        memcpy(data, &number, sizeof number);
    } else if (strcmp(value->name, "value_int") == 0) {
        view.dtype = AN_I64;
        memcpy(data, &value->i, sizeof value->i);
    } else if (strcmp(value->name, "value_ints") == 0) {
        view.dtype = AN_I64;
        view.rank = 1;
        view.count = view.shape[0] = value->count;
        memcpy(data, value->ints, sizeof value->ints);
    } else {
        return fail_node(s, node, "a constant that is no tensor, number or list of whole numbers");
    }
    return add_tensor(s, &view, node->outputs[0], false);
}

static alexnet_status count_attributes(an_pb_cursor message, int *out)
{
    an_pb_field field;

    for (*out = 0; an_pb_next(&message, &field);)
        if (field.number == NODE_ATTRIBUTE) ++*out;
    return message.status;
}

static alexnet_status read_node_fields(source *s, an_pb_cursor *message, an_onnx_node *node)
{
    const char *domain = "";
    an_pb_field field;

    while (an_pb_next(message, &field)) {
        if (field.number == NODE_INPUT || field.number == NODE_OUTPUT)
            AN_TRY(read_input_or_output(s, message, &field, node));
        else if (field.number == NODE_NAME || field.number == NODE_OP ||
                 field.number == NODE_DOMAIN) {
            const char *text = read_text(s, message, &field);
            if (text == NULL) return message->status;
            if (field.number == NODE_NAME) node->name = text;
            if (field.number == NODE_OP) node->op = text;
            if (field.number == NODE_DOMAIN) domain = text;
        } else if (field.number == NODE_ATTRIBUTE) {
            AN_TRY(read_attribute(s, message, &field, &node->attributes[node->attribute_count]));
            ++node->attribute_count;
        }
    }
    if (message->status == ALEXNET_OK && domain[0] != '\0' && strcmp(domain, "ai.onnx") != 0) {
        node->op = an_store_format(s->ctx, &s->file->store, "%s::%s", domain, node->op);
        if (node->op == NULL) return fail_memory(s);
    }
    return message->status;
}

static alexnet_status read_node(source *s, an_pb_cursor *graph, const an_pb_field *field)
{
    const int index = s->model->node_count;
    an_onnx_node *node = &s->model->nodes[index];
    an_pb_cursor message = an_pb_enter(graph, field);
    int attributes;

    *node = (an_onnx_node){.name = "", .op = ""};
    AN_TRY(count_attributes(message, &attributes));
    s->attributes += attributes;
    if (attributes > AN_ONNX_ATTRIBUTES_MAX || s->attributes > AN_ONNX_ATTRIBUTES_MAX)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: more than %d attributes", s->path,
                       AN_ONNX_ATTRIBUTES_MAX);
    if (attributes > 0) {
        node->attributes =
            an_store_array(s->ctx, &s->file->store, (size_t)attributes, sizeof *node->attributes);
        if (node->attributes == NULL) return fail_memory(s);
    }
    AN_TRY(read_node_fields(s, &message, node));
    if (node->name[0] == '\0' && node->output_count > 0 && node->outputs[0] >= 0)
        node->name = s->model->values[node->outputs[0]].name;
    ++s->model->node_count;
    if (strcmp(node->op, "Constant") == 0) return read_constant(s, node);
    for (int i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] < 0) continue;
        an_onnx_value *value = &s->model->values[node->outputs[i]];
        if (value->producer >= 0 || value->tensor >= 0)
            return fail_node(s, node, "its output is set twice");
        value->producer = index;
    }
    return ALEXNET_OK;
}

/* ---- inputs and outputs of the graph ---- */

static alexnet_status read_dimension(source *s, an_pb_cursor *shape, const an_pb_field *field)
{
    an_onnx_model *model = s->model;
    an_pb_cursor message = an_pb_enter(shape, field);
    an_pb_field part;

    const int at = model->input_rank++;
    if (at < 4) model->input_known[at] = false;
    while (an_pb_next(&message, &part)) {
        if (part.number != 1 || part.wire != AN_PB_VARINT || at >= 4) continue;
        model->input_shape[at] = an_pb_signed(&part);
        model->input_known[at] = model->input_shape[at] > 0;
    }
    an_pb_leave(shape, &message);
    return shape->status;
}

/* TypeProto of an input: a tensor's element type and shape. */
static alexnet_status read_input_type(source *s, an_pb_cursor *info, const an_pb_field *field)
{
    an_pb_cursor type = an_pb_enter(info, field);
    an_pb_field part, piece, dimension;

    s->model->input_rank = s->model->input_type = 0;
    while (an_pb_next(&type, &part)) {
        if (part.number != 1) continue;
        an_pb_cursor tensor = an_pb_enter(&type, &part);
        while (an_pb_next(&tensor, &piece)) {
            if (piece.number == 1 && piece.value < 64) s->model->input_type = (int)piece.value;
            if (piece.number != 2) continue;
            an_pb_cursor shape = an_pb_enter(&tensor, &piece);
            while (an_pb_next(&shape, &dimension))
                if (dimension.number == 1 && s->model->input_rank <= AN_TENSOR_RANK_MAX)
                    AN_TRY(read_dimension(s, &shape, &dimension));
            an_pb_leave(&tensor, &shape);
        }
        an_pb_leave(&type, &tensor);
    }
    an_pb_leave(info, &type);
    return info->status;
}

/* ValueInfoProto. Of inputs, the type too if `typed`. */
static alexnet_status read_info(source *s, an_pb_cursor *graph, const an_pb_field *field,
                                bool typed, int *value)
{
    an_pb_cursor message = an_pb_enter(graph, field);
    an_pb_field part;

    *value = -1;
    while (an_pb_next(&message, &part)) {
        if (part.number == 1) AN_TRY(read_value(s, &message, &part, value));
        if (part.number == 2 && typed) AN_TRY(read_input_type(s, &message, &part));
    }
    an_pb_leave(graph, &message);
    return graph->status;
}

/* An input of a model before IR version 4 may be an initializer, which is then no input. */
static alexnet_status read_inputs(source *s, an_pb_cursor graph)
{
    an_pb_field field;
    int value;

    while (an_pb_next(&graph, &field)) {
        if (field.number == GRAPH_OUTPUT && s->model->output < 0)
            AN_TRY(read_info(s, &graph, &field, false, &s->model->output));
        if (field.number != GRAPH_INPUT) continue;
        AN_TRY(read_info(s, &graph, &field, false, &value));
        if (value < 0 || s->model->values[value].tensor >= 0) continue;
        s->model->values[value].is_input = true;
        if (s->model->values[value].producer >= 0)
            return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: value '%s' is set twice", s->path,
                           s->model->values[value].name);
        if (s->model->input >= 0 && s->model->input != value) {
            s->model->input = -2; /* several */
            continue;
        }
        if (s->model->input == -2) continue;
        AN_TRY(read_info(s, &graph, &field, true, &value));
        s->model->input = value;
    }
    return graph.status;
}

/* Every value is set before it is read: the nodes can be run in their order. */
static alexnet_status check_order(const source *s)
{
    const an_onnx_model *model = s->model;

    for (int i = 0; i < model->node_count; ++i) {
        const an_onnx_node *node = &model->nodes[i];
        for (int j = 0; j < node->input_count; ++j) {
            if (node->inputs[j] < 0) continue;
            const an_onnx_value *value = &model->values[node->inputs[j]];
            if (value->producer >= i ||
                (value->producer < 0 && value->tensor < 0 && !value->is_input))
                return an_fail(s->ctx, ALEXNET_BAD_FILE,
                               "%s: node '%s' (%s): it reads '%s', which is not computed before",
                               s->path, node->name, node->op, value->name);
        }
    }
    return ALEXNET_OK;
}

/* ---- the graph ---- */

/* Adds the number of the values that a node reads and gives. */
static void count_values(an_pb_cursor *graph, const an_pb_field *node, size_t *values)
{
    an_pb_cursor message = an_pb_enter(graph, node);
    an_pb_field field;

    while (an_pb_next(&message, &field))
        *values += field.number == NODE_INPUT || field.number == NODE_OUTPUT;
    an_pb_leave(graph, &message);
}

static alexnet_status alloc_tables(source *s, an_pb_cursor graph)
{
    an_store *store = &s->file->store;
    size_t nodes = 0, tensors = 0, values = 0;
    an_pb_field field;

    while (an_pb_next(&graph, &field)) {
        nodes += field.number == GRAPH_NODE;
        tensors += field.number == GRAPH_INITIALIZER;
        values += field.number == GRAPH_INITIALIZER || field.number == GRAPH_INPUT ||
                  field.number == GRAPH_OUTPUT;
        if (field.number == GRAPH_NODE) count_values(&graph, &field, &values);
    }
    if (graph.status != ALEXNET_OK) return graph.status;
    if (nodes > AN_ONNX_NODES_MAX || tensors > AN_ONNX_TENSORS_MAX)
        return an_fail(s->ctx, ALEXNET_BAD_FILE,
                       "%s: more than %d nodes or %d tensors in its graph", s->path,
                       AN_ONNX_NODES_MAX, AN_ONNX_TENSORS_MAX);
    /* an attribute of a node may be a tensor, too */
    s->tensor_room = AN_MIN(tensors + nodes, (size_t)AN_ONNX_TENSORS_MAX);
    s->value_room = AN_MIN(values, (size_t)AN_ONNX_VALUES_MAX);
    s->slot_count = 4 * s->value_room + 1;
    s->slots = an_new(s->ctx, s->slot_count * sizeof *s->slots);
    s->model->nodes = an_store_array(s->ctx, store, nodes, sizeof *s->model->nodes);
    s->model->values = an_store_array(s->ctx, store, s->value_room, sizeof *s->model->values);
    s->model->tensors = an_store_array(s->ctx, store, s->tensor_room, sizeof *s->model->tensors);
    if (s->slots == NULL || s->model->nodes == NULL || s->model->values == NULL ||
        s->model->tensors == NULL)
        return fail_memory(s);
    for (size_t i = 0; i < s->slot_count; ++i)
        s->slots[i] = -1;
    return ALEXNET_OK;
}

static alexnet_status read_graph(source *s, an_pb_cursor *model, const an_pb_field *field)
{
    an_pb_cursor message = an_pb_enter(model, field);
    const an_pb_cursor start = message;
    an_pb_field part;

    if (s->model->nodes != NULL)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: it has two graphs", s->path);
    AN_TRY(alloc_tables(s, start));
    while (an_pb_next(&message, &part)) {
        if (part.number == GRAPH_INITIALIZER)
            AN_TRY(read_initializer(s, &message, &part));
        else if (part.number == GRAPH_NODE)
            AN_TRY(read_node(s, &message, &part));
        else if (part.number == GRAPH_SPARSE)
            return an_fail(s->ctx, ALEXNET_UNSUPPORTED, "%s: it has a sparse tensor", s->path);
        else if (part.number == GRAPH_NAME)
            s->graph_name = read_text(s, &message, &part);
    }
    an_pb_leave(model, &message);
    if (model->status != ALEXNET_OK) return model->status;
    AN_TRY(read_inputs(s, start));
    return check_order(s);
}

/* ---- the model ---- */

static alexnet_status read_opset(source *s, an_pb_cursor *model, const an_pb_field *field)
{
    an_pb_cursor message = an_pb_enter(model, field);
    const char *domain = "";
    int64_t version = 0;
    an_pb_field part;

    while (an_pb_next(&message, &part)) {
        if (part.number == 1) domain = read_text(s, &message, &part);
        if (part.number == 2 && part.wire == AN_PB_VARINT) version = an_pb_signed(&part);
    }
    an_pb_leave(model, &message);
    if (model->status != ALEXNET_OK) return model->status;
    if (domain[0] != '\0' && strcmp(domain, "ai.onnx") != 0) return ALEXNET_OK;
    if (version < AN_ONNX_OPSET_MIN || version > AN_ONNX_OPSET_MAX)
        return an_fail(s->ctx, ALEXNET_UNSUPPORTED, "%s: operator set %lld; expected %d to %d",
                       s->path, (long long)version, AN_ONNX_OPSET_MIN, AN_ONNX_OPSET_MAX);
    s->model->opset = (int)version;
    return ALEXNET_OK;
}

#define METADATA_MAX      1000
#define METADATA_TEXT_MAX ((size_t)1 << 20)

static alexnet_status read_metadata(source *s, an_pb_cursor *model, const an_pb_field *field)
{
    an_pb_cursor message = an_pb_enter(model, field);
    const char *key = "", *value = "";
    an_pb_field part;

    while (an_pb_next(&message, &part)) {
        if (part.number == 1) key = read_text(s, &message, &part);
        if (part.number == 2)
            value = an_pb_text(&message, &part, &s->file->store, METADATA_TEXT_MAX);
    }
    an_pb_leave(model, &message);
    if (model->status != ALEXNET_OK) return model->status;
    if (s->file->metadata_count == METADATA_MAX)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: more than %d entries of metadata", s->path,
                       METADATA_MAX);
    return an_tensor_file_add_metadata(s->ctx, s->path, s->file, key, value);
}

static alexnet_status read_model(source *s, an_pb_cursor *message)
{
    an_pb_field field;

    while (an_pb_next(message, &field)) {
        if (field.number == MODEL_GRAPH)
            AN_TRY(read_graph(s, message, &field));
        else if (field.number == MODEL_OPSET)
            AN_TRY(read_opset(s, message, &field));
        else if (field.number == MODEL_METADATA)
            AN_TRY(read_metadata(s, message, &field));
    }
    if (message->status != ALEXNET_OK) return message->status;
    if (s->model->nodes == NULL)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: an ONNX model without a graph", s->path);
    if (s->model->opset == 0)
        return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: it names no version of ONNX's operators",
                       s->path);
    return an_onnx_make_chain(s->ctx, s->path, s->file, s->model, s->graph_name);
}

static alexnet_status onnx_read(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    source s = {.ctx = ctx, .path = path, .file = out};

    s.model = an_store_new(ctx, &out->store, sizeof *s.model);
    if (s.model == NULL) return fail_memory(&s);
    s.model->input = s.model->output = s.model->logits = -1;
    an_pb_cursor message = an_pb_open(ctx, path, &out->reader);
    alexnet_status status = message.status;
    if (status == ALEXNET_OK) status = read_model(&s, &message);
    an_pb_close(&message);
    an_free(ctx, s.slots);
    out->network = s.model;
    return status;
}

/* ---- its content ---- */

/* The wire types of ModelProto's fields; 0 elsewhere. */
static int wire_of(uint64_t field)
{
    static const char wires[] = "?VBBBVBBB?????B?????B????BB"; /* by number: varint or bytes */

    return field < sizeof wires - 1 && wires[field] != '?' ? wires[field] : 0;
}

/* A shape of four dimensions has fewer. */
#define SHAPE_BYTES_MAX 24

/* A varint within the head; false: it ends. */
static bool head_varint(const uint8_t *head, size_t bytes, size_t *at, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; *at < bytes && shift < 64; shift += 7) {
        const uint8_t byte = head[(*at)++];
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/* A model has a graph or a version of operators, after fields of ModelProto only. Caffe's messages
   have others of these numbers. */
static bool onnx_matches(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    uint64_t tag, value, last = 0;
    size_t at = 0;
    bool graph = false;

    while (at < head_bytes) {
        if (!head_varint(head, head_bytes, &at, &tag) ||
            !head_varint(head, head_bytes, &at, &value))
            return false;
        const int wire = wire_of(tag >> 3);
        if (wire != (int)((tag & 7) == AN_PB_VARINT ? 'V' : (tag & 7) == AN_PB_BYTES ? 'B' : -1))
            return false;
        if (wire == 'B' && value > size - at) return false;
        /* Caffe's BlobProto has a shape of this number, and then values, which are no field here */
        if (tag >> 3 == MODEL_GRAPH && value >= SHAPE_BYTES_MAX) return true;
        graph = graph || tag >> 3 == MODEL_GRAPH;
        if (tag >> 3 == MODEL_OPSET) return true;
        if (tag >> 3 == MODEL_IR_VERSION && value > 64) return false;
        last = tag >> 3;
        if (wire != 'B') continue;
        if (value > head_bytes - at) break;
        at += (size_t)value;
    }
    return graph || last == MODEL_DOC; /* so long that the graph comes later */
}

const an_tensor_format an_tensor_format_onnx = {
    .name = "onnx",
    .extension = "onnx",
    .matches = onnx_matches,
    .read = onnx_read,
    .run = an_onnx_run,
    .write_network = an_onnx_write,
};
