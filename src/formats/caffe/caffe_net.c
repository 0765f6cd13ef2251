/*
 * caffe_net.c: reads a NetParameter. Each layer's message is read twice: first to count its parts
 * and to learn its type, then for its settings.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/caffe_net.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <string.h>

/* ---- kinds ---- */

/* Names of V2; the number of V1's enum LayerType, or -1; the name of V0, or NULL. */
static const struct {
    const char *type;
    int v1;
    const char *v0;
    an_caffe_kind kind;
} types[] = {
    {"Convolution", 4, "conv", AN_CAFFE_CONVOLUTION},
    {"Pooling", 17, "pool", AN_CAFFE_POOLING},
    {"LRN", 15, "lrn", AN_CAFFE_LRN},
    {"InnerProduct", 14, "innerproduct", AN_CAFFE_INNER_PRODUCT},
    {"ReLU", 18, "relu", AN_CAFFE_RELU},
    {"TanH", 23, "tanh", AN_CAFFE_TANH},
    {"Sigmoid", 19, "sigmoid", AN_CAFFE_SIGMOID},
    {"Dropout", 6, "dropout", AN_CAFFE_DROPOUT},
    {"Softmax", 20, "softmax", AN_CAFFE_SOFTMAX},
    {"BatchNorm", -1, NULL, AN_CAFFE_BATCH_NORM},
    {"Scale", -1, NULL, AN_CAFFE_SCALE},
    {"Power", 26, "power", AN_CAFFE_POWER},
    {"Flatten", 8, "flatten", AN_CAFFE_FLATTEN},
    {"Split", 22, "split", AN_CAFFE_SPLIT},
    {"Padding", -1, "padding", AN_CAFFE_PADDING},
    {"Input", -1, NULL, AN_CAFFE_DATA},
    {"Data", 5, "data", AN_CAFFE_DATA},
    {"DummyData", 32, NULL, AN_CAFFE_DATA},
    {"HDF5Data", 9, "hdf5_data", AN_CAFFE_DATA},
    {"ImageData", 12, "images", AN_CAFFE_DATA},
    {"MemoryData", 29, NULL, AN_CAFFE_DATA},
    {"WindowData", 24, "window_data", AN_CAFFE_DATA},
    {"Accuracy", 1, "accuracy", AN_CAFFE_LOSS},
    {"ContrastiveLoss", 37, NULL, AN_CAFFE_LOSS},
    {"EuclideanLoss", 7, "euclidean_loss", AN_CAFFE_LOSS},
    {"HingeLoss", 28, "hinge_loss", AN_CAFFE_LOSS},
    {"InfogainLoss", 13, "infogain_loss", AN_CAFFE_LOSS},
    {"MultinomialLogisticLoss", 16, "multinomial_logistic_loss", AN_CAFFE_LOSS},
    {"SigmoidCrossEntropyLoss", 27, NULL, AN_CAFFE_LOSS},
    {"SoftmaxWithLoss", 21, "softmax_loss", AN_CAFFE_LOSS},
    {"HDF5Output", 10, "hdf5_output", AN_CAFFE_LOSS},
    {"Silence", 36, NULL, AN_CAFFE_LOSS},
};

/* ---- settings: one table for each message ---- */

typedef enum field_type {
    INT,      /* int, 0 .. AN_CAFFE_SIZE_MAX */
    SIGNED,   /* int, -16 .. 16: an axis */
    BOOL,     /* bool */
    REAL,     /* double, a float in the file */
    PAIR,     /* an_caffe_pair: a repeated number */
    FIRST,    /* an_caffe_pair: its rows */
    SECOND,   /* an_caffe_pair: its columns */
    TEXT,     /* const char * */
    SHAPE,    /* an_caffe_shape: a BlobShape */
    DIMENSION /* an_caffe_shape: one of its numbers, in the order of the fields */
} field_type;

typedef struct setting {
    int number;
    field_type type;
    size_t offset; /* in an_caffe_layer */
} setting;

#define AT(member) offsetof(an_caffe_layer, member)

static const setting convolution[] = {
    {1, INT, AT(outputs)},    {2, BOOL, AT(bias_term)}, {3, PAIR, AT(pad)},
    {4, PAIR, AT(kernel)},    {5, INT, AT(groups)},     {6, PAIR, AT(stride)},
    {9, FIRST, AT(pad)},      {10, SECOND, AT(pad)},    {11, FIRST, AT(kernel)},
    {12, SECOND, AT(kernel)}, {13, FIRST, AT(stride)},  {14, SECOND, AT(stride)},
    {16, SIGNED, AT(axis)},   {18, PAIR, AT(dilation)}, {0},
};
static const setting pooling[] = {
    {1, INT, AT(method)},
    {2, PAIR, AT(kernel)},
    {3, PAIR, AT(stride)},
    {4, PAIR, AT(pad)},
    {5, FIRST, AT(kernel)},
    {6, SECOND, AT(kernel)},
    {7, FIRST, AT(stride)},
    {8, SECOND, AT(stride)},
    {9, FIRST, AT(pad)},
    {10, SECOND, AT(pad)},
    {12, BOOL, AT(global)},
    {13, INT, AT(round_mode)},
    {0},
};
static const setting lrn[] = {
    {1, INT, AT(size)},   {2, REAL, AT(alpha)}, {3, REAL, AT(beta)},
    {4, INT, AT(region)}, {5, REAL, AT(k)},     {0},
};
static const setting inner_product[] = {
    {1, INT, AT(outputs)},
    {2, BOOL, AT(bias_term)},
    {5, SIGNED, AT(axis)},
    {6, BOOL, AT(transpose)},
    {0},
};
static const setting relu[] = {{1, REAL, AT(slope)}, {0}};
static const setting dropout[] = {{1, REAL, AT(ratio)}, {2, BOOL, AT(scale_train)}, {0}};
static const setting softmax[] = {{2, SIGNED, AT(axis)}, {0}};
static const setting batch_norm[] = {{3, REAL, AT(epsilon)}, {0}};
static const setting scale[] = {
    {1, SIGNED, AT(axis)}, {2, SIGNED, AT(axes)}, {4, BOOL, AT(bias_term)}, {0}};
static const setting power[] = {
    {1, REAL, AT(power)}, {2, REAL, AT(factor)}, {3, REAL, AT(shift)}, {0}};
static const setting flatten[] = {{1, SIGNED, AT(axis)}, {2, SIGNED, AT(end_axis)}, {0}};
static const setting input[] = {{1, SHAPE, AT(shape)}, {0}};
static const setting memory_data[] = {
    {1, DIMENSION, AT(shape)},
    {2, DIMENSION, AT(shape)},
    {3, DIMENSION, AT(shape)},
    {4, DIMENSION, AT(shape)},
    {0},
};
static const setting transform[] = {
    {1, REAL, AT(transform.scale)},
    {2, BOOL, AT(transform.mirror)},
    {3, INT, AT(transform.crop[0])},
    {4, TEXT, AT(transform.mean_file)},
    {5, REAL, AT(transform.mean_value)}, /* repeated */
    {11, INT, AT(transform.crop[0])},
    {12, INT, AT(transform.crop[1])},
    {0},
};
/* DataParameter and ImageDataParameter, before there were TransformationParameters */
static const setting data[] = {
    {2, REAL, AT(transform.scale)},
    {3, TEXT, AT(transform.mean_file)},
    {5, INT, AT(transform.crop[0])},
    {6, BOOL, AT(transform.mirror)},
    {0},
};
/* V0LayerParameter, for each kind: its fields share names that differ elsewhere. */
static const setting v0[] = {
    {3, INT, AT(outputs)},
    {4, BOOL, AT(bias_term)},
    {7, PAIR, AT(pad)},
    {8, PAIR, AT(kernel)},
    {9, INT, AT(groups)},
    {10, PAIR, AT(stride)},
    {11, INT, AT(method)},
    {12, REAL, AT(ratio)},
    {13, INT, AT(size)},
    {14, REAL, AT(alpha)},
    {15, REAL, AT(beta)},
    {17, REAL, AT(transform.scale)},
    {18, TEXT, AT(transform.mean_file)},
    {20, INT, AT(transform.crop[0])},
    {21, BOOL, AT(transform.mirror)},
    {22, REAL, AT(k)},
    {0},
};

/* Which message of a layer has the settings of a kind; the field's number in V2 and V1. */
static const struct {
    an_caffe_kind kind;
    int v2, v1;
    const setting *settings;
} messages[] = {
    {AN_CAFFE_CONVOLUTION, 106, 10, convolution},
    {AN_CAFFE_POOLING, 121, 19, pooling},
    {AN_CAFFE_LRN, 118, 18, lrn},
    {AN_CAFFE_INNER_PRODUCT, 117, 17, inner_product},
    {AN_CAFFE_RELU, 123, 30, relu},
    {AN_CAFFE_DROPOUT, 108, 12, dropout},
    {AN_CAFFE_SOFTMAX, 125, 39, softmax},
    {AN_CAFFE_BATCH_NORM, 139, 0, batch_norm},
    {AN_CAFFE_SCALE, 142, 0, scale},
    {AN_CAFFE_POWER, 122, 21, power},
    {AN_CAFFE_FLATTEN, 135, 0, flatten},
    {AN_CAFFE_DATA, 143, 0, input},
    {AN_CAFFE_DATA, 119, 22, memory_data},
    {AN_CAFFE_DATA, 107, 11, data},
    {AN_CAFFE_DATA, 115, 15, data},
    {AN_CAFFE_DATA, 100, 36, transform},
};

/* The numbers of the fields that layers of each generation have. */
typedef struct generation {
    int number; /* 0, 1, 2 */
    int name, type, bottom, top, blobs, include, exclude;
} generation;

static const generation generations[] = {
    {0, 1, 2, 0, 0, 50, 0, 0}, /* bottoms and tops are those of the V1 layer around it */
    {1, 4, 5, 2, 3, 6, 32, 33},
    {2, 1, 2, 3, 4, 7, 8, 9},
};

#define NET_NAME      1
#define NET_LAYERS_V1 2
#define NET_INPUT_DIM 4
#define NET_SHAPE     8
#define NET_LAYER     100
#define V1_LAYER_V0   1

/* The file that is being read. */
typedef struct source {
    an_store *store;
    an_caffe_net *net;
    int room; /* for layers */
} source;

/* ---- a layer's settings ---- */

static alexnet_status fail_layer(an_pb_cursor *message, const an_caffe_layer *layer,
                                 const char *fact)
{
    return message->status = an_fail(message->ctx, ALEXNET_BAD_FILE, "%s: layer '%s': %s",
                                     message->path, layer->name, fact);
}

static alexnet_status set_int(an_pb_cursor *message, const an_caffe_layer *layer,
                              const an_pb_field *field, int64_t min, int64_t max, int *out)
{
    const int64_t value = an_pb_signed(field);

    if (field->wire != AN_PB_VARINT || value < min || value > max)
        return message->status = an_fail(
                   message->ctx, ALEXNET_BAD_FILE,
                   "%s: layer '%s' (%s): field %d of its settings is %jd; expected %jd to %jd",
                   message->path, layer->name, layer->type, field->number, (intmax_t)value,
                   (intmax_t)min, (intmax_t)max);
    *out = (int)value;
    return ALEXNET_OK;
}

static alexnet_status set_pair(an_pb_cursor *message, const an_caffe_layer *layer,
                               const an_pb_field *field, an_caffe_pair *pair)
{
    int value;

    if (field->wire == AN_PB_BYTES) { /* packed */
        an_pb_cursor list = an_pb_enter(message, field);
        an_pb_field one = {.number = field->number, .wire = AN_PB_VARINT};
        while (an_pb_varint(&list, &one.value))
            (void)set_pair(&list, layer, &one, pair);
        an_pb_leave(message, &list);
        return message->status;
    }
    if (pair->given == 2)
        return fail_layer(message, layer, "a size has more than two numbers: it is not of images");
    AN_TRY(set_int(message, layer, field, 0, AN_CAFFE_SIZE_MAX, &value));
    if (pair->given++ == 0) pair->at[0] = value;
    pair->at[1] = value;
    return ALEXNET_OK;
}

static alexnet_status add_mean(an_pb_cursor *message, const an_caffe_layer *layer, double value,
                               an_caffe_transform *t)
{
    if (t->mean_values == (int)AN_COUNT(t->mean_value))
        return fail_layer(message, layer, "a mean has more than 4 numbers");
    t->mean_value[t->mean_values++] = value;
    return ALEXNET_OK;
}

static alexnet_status set(an_pb_cursor *message, const source *from, an_caffe_layer *layer,
                          const setting *s, const an_pb_field *field)
{
    void *out = (char *)layer + s->offset;
    int value;

    switch (s->type) {
    case INT:
        return set_int(message, layer, field, 0, AN_CAFFE_SIZE_MAX, out);
    case SIGNED:
        return set_int(message, layer, field, -16, 16, out);
    case BOOL:
        *(bool *)out = field->value != 0;
        return ALEXNET_OK;
    case REAL:
        if (field->wire != AN_PB_32)
            return fail_layer(message, layer, "a real number has no value");
        if (s->offset == AT(transform.mean_value))
            return add_mean(message, layer, (double)an_pb_float(field), &layer->transform);
        *(double *)out = (double)an_pb_float(field);
        return ALEXNET_OK;
    case PAIR:
        return set_pair(message, layer, field, out);
    case FIRST:
    case SECOND:
        AN_TRY(set_int(message, layer, field, 0, AN_CAFFE_SIZE_MAX, &value));
        ((an_caffe_pair *)out)->at[s->type == SECOND] = value;
        return ALEXNET_OK;
    case TEXT:
        *(const char **)out = an_pb_text(message, field, from->store, AN_CAFFE_TEXT_MAX);
        return message->status;
    case SHAPE:
        return an_caffe_shape_read(message, field, layer->name, out);
    case DIMENSION:
        AN_TRY(set_int(message, layer, field, 0, AN_CAFFE_SIZE_MAX, &value));
        ((an_caffe_shape *)out)->rank = 4;
        ((an_caffe_shape *)out)->dims[field->number - 1] = value;
        return ALEXNET_OK;
    }
    return ALEXNET_OK;
}

static alexnet_status read_settings(an_pb_cursor *outer, const an_pb_field *field,
                                    const source *from, an_caffe_layer *layer,
                                    const setting *settings)
{
    an_pb_cursor message = an_pb_enter(outer, field);
    an_pb_field found;

    while (an_pb_next(&message, &found))
        for (const setting *s = settings; s->number > 0; ++s)
            if (s->number == found.number && message.status == ALEXNET_OK)
                (void)set(&message, from, layer, s, &found);
    an_pb_leave(outer, &message);
    return outer->status;
}

/* ---- rules of phases ---- */

/* Whether the network that Caffe makes for testing (phase TEST, level 0, no stages) meets a
   NetStateRule. */
static bool meets_rule(an_pb_cursor *outer, const an_pb_field *field)
{
    an_pb_cursor rule = an_pb_enter(outer, field);
    an_pb_field found;
    bool meets = true;

    while (an_pb_next(&rule, &found)) {
        if (found.number == 1 && found.value != 1) meets = false;         /* phase */
        if (found.number == 2 && an_pb_signed(&found) > 0) meets = false; /* min_level */
        if (found.number == 3 && an_pb_signed(&found) < 0) meets = false; /* max_level */
        if (found.number == 4) meets = false;                             /* stage */
    }
    an_pb_leave(outer, &rule);
    return meets;
}

/* ---- a layer ---- */

static alexnet_status set_type(an_pb_cursor *message, const source *from, const generation *g,
                               const an_pb_field *field, an_caffe_layer *layer)
{
    const char *name =
        g->number == 1 ? NULL : an_pb_text(message, field, from->store, AN_CAFFE_TEXT_MAX);

    AN_TRY(message->status);
    layer->type = name != NULL ? name : "of a type without a name";
    layer->kind = AN_CAFFE_OTHER;
    for (size_t i = 0; i < AN_COUNT(types); ++i) {
        const bool same = g->number == 2 ? strcmp(types[i].type, name) == 0
                          : g->number == 1
                              ? types[i].v1 >= 0 && field->value == (uint64_t)types[i].v1
                              : types[i].v0 != NULL && strcmp(types[i].v0, name) == 0;
        if (!same) continue;
        layer->kind = types[i].kind;
        layer->type = types[i].type;
    }
    return ALEXNET_OK;
}

/* Its name and type, and the numbers of its parts. */
static alexnet_status measure_layer(an_pb_cursor message, const source *from, const generation *g,
                                    an_caffe_layer *layer)
{
    bool included = false, has_include = false;
    an_pb_field field;

    while (an_pb_next(&message, &field)) {
        if (field.number == g->name)
            layer->name = an_pb_text(&message, &field, from->store, AN_CAFFE_TEXT_MAX);
        else if (field.number == g->type)
            (void)set_type(&message, from, g, &field, layer);
        else if (field.number == g->bottom)
            ++layer->bottom_count;
        else if (field.number == g->top)
            ++layer->top_count;
        else if (field.number == g->blobs)
            ++layer->blob_count;
        else if (field.number == g->include) {
            has_include = true;
            if (meets_rule(&message, &field)) included = true;
        } else if (field.number == g->exclude && meets_rule(&message, &field))
            layer->left_out = true;
        if (layer->bottom_count + layer->top_count > AN_CAFFE_ENDS_MAX ||
            layer->blob_count > AN_CAFFE_BLOBS_MAX)
            return fail_layer(&message, layer, "it has more than 32 bottoms and tops, or 16 blobs");
    }
    if (has_include && !included) layer->left_out = true;
    return message.status;
}

static alexnet_status make_lists(an_pb_cursor *message, const source *from, an_caffe_layer *layer)
{
    const size_t ends = (size_t)layer->bottom_count + (size_t)layer->top_count;

    if (layer->bottoms == NULL) {
        layer->bottoms = an_store_array(message->ctx, from->store, ends, sizeof *layer->bottoms);
        layer->tops = layer->bottoms + layer->bottom_count;
    }
    layer->blobs =
        an_store_array(message->ctx, from->store, (size_t)layer->blob_count, sizeof *layer->blobs);
    if (layer->bottoms == NULL || layer->blobs == NULL)
        return message->status =
                   an_fail(message->ctx, ALEXNET_NO_MEMORY, "%s: layers", message->path);
    return ALEXNET_OK;
}

static void read_blob(an_pb_cursor *message, const an_pb_field *field, const source *from,
                      const an_caffe_layer *layer, an_caffe_blob *blob)
{
    an_pb_cursor inner = an_pb_enter(message, field);
    char what[AN_CAFFE_TEXT_MAX + 64];

    an_print(what, sizeof what, "layer '%s', blob %d", layer->name, (int)(blob - layer->blobs));
    if (inner.status == ALEXNET_OK) an_caffe_blob_read(&inner, what, from->store, blob);
    an_pb_leave(message, &inner);
}

static alexnet_status read_parts(an_pb_cursor message, const source *from, const generation *g,
                                 an_caffe_layer *layer)
{
    int bottoms = 0, tops = 0, blobs = 0;
    an_pb_field field;

    while (an_pb_next(&message, &field)) {
        /* the counts are checked again, as the file may have changed meanwhile */
        if (field.number == g->bottom && bottoms < layer->bottom_count)
            layer->bottoms[bottoms++] =
                an_pb_text(&message, &field, from->store, AN_CAFFE_TEXT_MAX);
        else if (field.number == g->top && tops < layer->top_count)
            layer->tops[tops++] = an_pb_text(&message, &field, from->store, AN_CAFFE_TEXT_MAX);
        else if (field.number == g->blobs && blobs < layer->blob_count)
            read_blob(&message, &field, from, layer, &layer->blobs[blobs++]);
        else
            for (size_t i = 0; i < AN_COUNT(messages) && g->number > 0; ++i)
                if (messages[i].kind == layer->kind &&
                    field.number == (g->number == 2 ? messages[i].v2 : messages[i].v1))
                    (void)read_settings(&message, &field, from, layer, messages[i].settings);
    }
    if (message.status != ALEXNET_OK) return message.status;
    return (g->bottom > 0 && bottoms + tops < layer->bottom_count + layer->top_count) ||
                   blobs < layer->blob_count
               ? fail_layer(&message, layer, "it changed while it was read")
               : ALEXNET_OK;
}

static alexnet_status read_v0_settings(an_pb_cursor message, const source *from,
                                       an_caffe_layer *layer)
{
    an_pb_field field;

    while (an_pb_next(&message, &field))
        for (const setting *s = v0; s->number > 0; ++s)
            if (s->number == field.number && message.status == ALEXNET_OK)
                (void)set(&message, from, layer, s, &field);
    return message.status;
}

/* The values of absent fields. */
static void set_defaults(an_caffe_layer *layer)
{
    *layer = (an_caffe_layer){.name = "",
                              .type = "of a type without a name",
                              .stride = {.at = {1, 1}},
                              .dilation = {.at = {1, 1}},
                              .groups = 1,
                              .axis = 1,
                              .end_axis = -1,
                              .axes = 1,
                              .size = 5,
                              .alpha = 1,
                              .beta = 0.75,
                              .k = 1,
                              .ratio = 0.5,
                              .scale_train = true,
                              .power = 1,
                              .factor = 1,
                              .epsilon = (double)1e-5f,
                              .bias_term = true,
                              .transform.scale = 1};
}

static alexnet_status read_layer(an_pb_cursor *message, const source *from, const generation *g,
                                 an_caffe_layer *layer)
{
    AN_TRY(message->status = measure_layer(*message, from, g, layer));
    if (layer->kind == AN_CAFFE_SCALE) layer->bias_term = false;
    AN_TRY(make_lists(message, from, layer));
    return message->status = read_parts(*message, from, g, layer);
}

/* A V1 layer; a V0 layer may be inside of it, which has all but the bottoms and tops. */
static alexnet_status read_v1(an_pb_cursor *message, const source *from, an_caffe_layer *layer)
{
    an_pb_cursor again = *message;
    an_pb_field field;

    AN_TRY(read_layer(message, from, &generations[1], layer));
    from->net->generation = 1;
    while (an_pb_next(&again, &field)) {
        if (field.number != V1_LAYER_V0) continue;
        an_pb_cursor inner = an_pb_enter(&again, &field);
        layer->blob_count = 0;
        if (inner.status == ALEXNET_OK) (void)read_layer(&inner, from, &generations[0], layer);
        if (inner.status == ALEXNET_OK) inner.status = read_v0_settings(inner, from, layer);
        an_pb_leave(&again, &inner);
        from->net->generation = 0;
    }
    return message->status = again.status;
}

static alexnet_status add_layer(an_pb_cursor *net, const an_pb_field *field, source *from)
{
    an_caffe_net *out = from->net;

    if (out->layer_count == from->room)
        return net->status = an_fail(net->ctx, ALEXNET_BAD_FILE, "%s: more than %d layers",
                                     net->path, AN_CAFFE_LAYERS_MAX);
    an_caffe_layer *layer = &out->layers[out->layer_count++];
    an_pb_cursor message = an_pb_enter(net, field);
    set_defaults(layer);
    if (message.status == ALEXNET_OK && field->number == NET_LAYER) {
        out->generation = 2;
        (void)read_layer(&message, from, &generations[2], layer);
    } else if (message.status == ALEXNET_OK) {
        (void)read_v1(&message, from, layer);
    }
    an_pb_leave(net, &message);
    return net->status;
}

/* ---- the network ---- */

static bool is_layer(const an_pb_field *field)
{
    return field->number == NET_LAYER || field->number == NET_LAYERS_V1;
}

static alexnet_status make_layers(an_pb_cursor net, source *from)
{
    an_pb_field field;

    while (from->room < AN_CAFFE_LAYERS_MAX && an_pb_next(&net, &field))
        if (is_layer(&field)) ++from->room;
    AN_TRY(net.status);
    from->net->layers =
        an_store_array(net.ctx, from->store, (size_t)from->room, sizeof *from->net->layers);
    return from->net->layers != NULL
               ? ALEXNET_OK
               : an_fail(net.ctx, ALEXNET_NO_MEMORY, "%s: %d layers", net.path, from->room);
}

/* V0: padding belongs to the layer after it. */
static void merge_padding(an_caffe_net *net)
{
    for (int i = 0; i + 1 < net->layer_count; ++i) {
        an_caffe_layer *padding = &net->layers[i], *next = &net->layers[i + 1];
        if (padding->kind != AN_CAFFE_PADDING || padding->bottom_count != 1 ||
            padding->top_count != 1 || next->bottom_count != 1 ||
            strcmp(padding->tops[0], next->bottoms[0]) != 0 ||
            (next->kind != AN_CAFFE_CONVOLUTION && next->kind != AN_CAFFE_POOLING))
            continue;
        next->pad = padding->pad;
        next->bottoms[0] = padding->bottoms[0];
        padding->left_out = true;
    }
}

/* What the data layers say of the input; that of phase TEST before that of TRAIN. */
static void find_input(an_caffe_net *net)
{
    for (int train = 0; train < 2; ++train)
        for (int i = 0; i < net->layer_count; ++i) {
            an_caffe_layer *layer = &net->layers[i];
            if (layer->kind != AN_CAFFE_DATA || layer->left_out != (train == 1)) continue;
            if (layer->transform.crop[1] == 0) layer->transform.crop[1] = layer->transform.crop[0];
            if (net->transform == NULL && strcmp(layer->type, "Input") != 0)
                net->transform = &layer->transform;
            if (net->input.rank == 0 && layer->shape.rank == 4) net->input = layer->shape;
        }
}

static alexnet_status read_net(an_pb_cursor *net, source *from)
{
    an_caffe_net *out = from->net;
    an_pb_field field;

    AN_TRY(net->status = make_layers(*net, from));
    while (an_pb_next(net, &field)) {
        if (is_layer(&field))
            (void)add_layer(net, &field, from);
        else if (field.number == NET_NAME)
            out->name = an_pb_text(net, &field, from->store, AN_CAFFE_TEXT_MAX);
        else if (field.number == NET_SHAPE && out->input.rank == 0)
            an_caffe_shape_read(net, &field, "its input", &out->input);
        else if (field.number == NET_INPUT_DIM && field.wire == AN_PB_VARINT &&
                 out->input.rank < 4 && field.value <= AN_CAFFE_SIZE_MAX)
            out->input.dims[out->input.rank++] = (int64_t)field.value;
    }
    AN_TRY(net->status);
    if (out->input.rank != 4) out->input.rank = 0;
    merge_padding(out);
    find_input(out);
    return ALEXNET_OK;
}

alexnet_status an_caffe_net_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                                 an_store *store, an_caffe_net *out)
{
    an_pb_cursor net = an_pb_open(ctx, path, reader);
    source from = {.store = store, .net = out};

    *out = (an_caffe_net){0};
    if (net.status == ALEXNET_OK) (void)read_net(&net, &from);
    an_pb_close(&net);
    return net.status == ALEXNET_OK ? an_caffe_chain_find(ctx, path, store, out) : net.status;
}
