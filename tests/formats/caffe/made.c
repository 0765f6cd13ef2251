/*
 * made.c: small networks in Caffe's format (BVLC/caffe, src/caffe/proto/caffe.proto).
 * SPDX-License-Identifier: MIT
 */
#include "made.h"

#include "support/support.h"
#include <string.h>

const made_form made_forms[MADE_FORMS] = {
    {2, MADE_PACKED, false, false, false}, {2, MADE_PACKED, false, true, true},
    {2, MADE_SINGLE, false, false, false}, {2, MADE_PIECES, false, false, false},
    {2, MADE_DOUBLE, true, false, true},   {2, MADE_DOUBLE_SINGLE, false, true, false},
    {1, MADE_PACKED, true, false, false},  {1, MADE_SINGLE, true, true, false},
    {0, MADE_PACKED, true, false, false},
};

/* ---- fields ---- */

static void add(made *m, const void *data, size_t bytes)
{
    assert_true(bytes <= sizeof m->data - m->bytes);
    if (bytes > 0) memcpy(m->data + m->bytes, data, bytes);
    m->bytes += bytes;
}

static void add_varint(made *m, uint64_t value)
{
    for (uint8_t byte = 0x80; byte >= 0x80; value >>= 7) {
        byte = (uint8_t)(value >= 0x80 ? value | 0x80 : value);
        add(m, &byte, 1);
    }
}

void made_varint(made *m, int number, uint64_t value)
{
    add_varint(m, (uint64_t)number * 8);
    add_varint(m, value);
}

void made_float(made *m, int number, float value)
{
    add_varint(m, (uint64_t)number * 8 + 5);
    add(m, &value, sizeof value);
}

void made_double(made *m, int number, double value)
{
    add_varint(m, (uint64_t)number * 8 + 1);
    add(m, &value, sizeof value);
}

void made_bytes(made *m, int number, const void *data, size_t bytes)
{
    add_varint(m, (uint64_t)number * 8 + 2);
    add_varint(m, bytes);
    add(m, data, bytes);
}

void made_text(made *m, int number, const char *text) { made_bytes(m, number, text, strlen(text)); }

void made_message(made *m, int number, const made *inner)
{
    made_bytes(m, number, inner->data, inner->bytes);
}

/* ---- blobs ---- */

float made_value(float start, float step, int i)
{
    return start + step * (float)(i % 7) - step * (float)(i % 3) * 2;
}

static void add_values(made *blob, made_values values, int count, const float *v)
{
    double doubles[512];

    assert_in_range(count, 1, 512);
    for (int i = 0; i < count; ++i)
        doubles[i] = (double)v[i];
    if (values == MADE_PACKED) made_bytes(blob, 5, v, (size_t)count * sizeof *v);
    if (values == MADE_DOUBLE) made_bytes(blob, 8, doubles, (size_t)count * sizeof *doubles);
    for (int i = 0; i < count && values == MADE_SINGLE; ++i)
        made_float(blob, 5, v[i]);
    for (int i = 0; i < count && values == MADE_DOUBLE_SINGLE; ++i)
        made_double(blob, 8, doubles[i]);
    if (values != MADE_PIECES) return;
    made_bytes(blob, 5, v, sizeof *v);
    for (int i = 1; i < 3; ++i)
        made_float(blob, 5, v[i]);
    made_bytes(blob, 5, v + 3, (size_t)(count - 3) * sizeof *v);
}

void made_blob(made *m, int number, const made_form *form, int rank, const int *dims, float start,
               float step)
{
    made blob = {.bytes = 0}, shape = {.bytes = 0};
    float values[512];
    int count = 1;

    for (int i = 0; i < rank; ++i)
        count *= dims[i];
    for (int i = 0; i < count; ++i)
        values[i] = made_value(start, step, i);
    for (int i = 0; i < 4 && form->legacy; ++i)
        made_varint(&blob, 1 + i, i < 4 - rank ? 1 : (uint64_t)dims[i - (4 - rank)]);
    for (int i = 0; i < rank; ++i)
        made_varint(&shape, 1, (uint64_t)dims[i]);
    if (!form->legacy) made_message(&blob, 7, &shape);
    add_values(&blob, form->values, count, values);
    made_message(m, number, &blob);
}

/* ---- layers ---- */

void made_layer(made *net, const char *name, const char *type, const char *bottom, const char *top,
                const made *rest)
{
    made layer = {.bytes = 0};

    made_text(&layer, 1, name);
    made_text(&layer, 2, type);
    if (bottom != NULL) made_text(&layer, 3, bottom);
    if (top != NULL) made_text(&layer, 4, top);
    if (rest != NULL) add(&layer, rest->data, rest->bytes);
    made_message(net, 100, &layer);
}

/* A layer in the words of each generation. settings: a message in V2 and V1, fields in V0. */
typedef struct names {
    const char *v2;
    int v1;
    const char *v0;
    int settings_v2, settings_v1;
} names;

static const names convolution = {"Convolution", 4, "conv", 106, 10};
static const names relu = {"ReLU", 18, "relu", 123, 30};
static const names pooling = {"Pooling", 17, "pool", 121, 19};
static const names lrn = {"LRN", 15, "lrn", 118, 18};
static const names dropout = {"Dropout", 6, "dropout", 108, 12};
static const names inner_product = {"InnerProduct", 14, "innerproduct", 117, 17};
static const names softmax = {"Softmax", 20, "softmax", 125, 39};
static const names softmax_loss = {"SoftmaxWithLoss", 21, "softmax_loss", 125, 39};
static const names accuracy = {"Accuracy", 1, "accuracy", 102, 27};
static const names split = {"Split", 22, "split", 0, 0};

static int blob_number(const made_form *form)
{
    return form->generation == 2 ? 7 : form->generation == 1 ? 6 : 50;
}

static void add_layer(made *net, const made_form *form, const names *type, const char *name,
                      const char *bottom, const char *top, const made *settings, const made *blobs)
{
    made layer = {.bytes = 0}, v0 = {.bytes = 0};
    const bool old = form->generation < 2;

    if (form->generation == 0) {
        made_text(&v0, 1, name);
        made_text(&v0, 2, type->v0);
        add(&v0, settings->data, settings->bytes);
        add(&v0, blobs->data, blobs->bytes);
        made_message(&layer, 1, &v0);
    } else {
        made_text(&layer, old ? 4 : 1, name);
        if (old)
            made_varint(&layer, 5, (uint64_t)type->v1);
        else
            made_text(&layer, 2, type->v2);
    }
    made_text(&layer, old ? 2 : 3, bottom);
    if (top != NULL) made_text(&layer, old ? 3 : 4, top);
    if (form->generation > 0) {
        add(&layer, blobs->data, blobs->bytes);
        if (settings->bytes > 0)
            made_message(&layer, old ? type->settings_v1 : type->settings_v2, settings);
    }
    made_message(net, old ? 2 : 100, &layer);
}

/* ---- the network ---- */

static const made none = {.bytes = 0};

static void add_convolution(made *net, const made_form *form)
{
    static const int weights[] = {4, 1, 3, 3}, biases[] = {4};
    made settings = {.bytes = 0}, blobs = {.bytes = 0};
    const bool v0 = form->generation == 0;

    made_varint(&settings, v0 ? 3 : 1, 4);
    made_varint(&settings, v0 ? 8 : 4, 3);
    made_varint(&settings, v0 ? 9 : 5, 2);
    if (v0) { /* the padding is a layer of its own, and replaced the convolution's */
        made padding = {.bytes = 0};
        static const names name = {"", 0, "padding", 0, 0};
        made_varint(&padding, 7, 1);
        add_layer(net, form, &name, "pad", "data", "padded", &padding, &none);
    } else {
        made_varint(&settings, 3, 1);
    }
    made_blob(&blobs, blob_number(form), form, 4, weights, 0.25f, 0.125f);
    made_blob(&blobs, blob_number(form), form, 1, biases, -0.5f, 0.25f);
    add_layer(net, form, &convolution, "conv", v0 ? "padded" : "data", "conv", &settings, &blobs);
}

static void add_pooling(made *net, const made_form *form)
{
    made settings = {.bytes = 0};
    const bool v0 = form->generation == 0;

    made_varint(&settings, v0 ? 11 : 1, 0);
    made_varint(&settings, v0 ? 8 : 2, 2);
    made_varint(&settings, v0 ? 10 : 3, 2);
    add_layer(net, form, &pooling, "pool", "conv", "pool", &settings, &none);
}

static void add_lrn(made *net, const made_form *form)
{
    made settings = {.bytes = 0};
    const bool v0 = form->generation == 0;

    made_varint(&settings, v0 ? 13 : 1, 3);
    made_float(&settings, v0 ? 14 : 2, 0.3f);
    add_layer(net, form, &lrn, "norm", "pool", "norm", &settings, &none);
}

static void add_inner_product(made *net, const made_form *form)
{
    static const int weights[] = {3, 36}, turned[] = {36, 3}, biases[] = {3};
    made settings = {.bytes = 0}, blobs = {.bytes = 0};

    made_varint(&settings, form->generation == 0 ? 3 : 1, 3);
    if (form->transpose) made_varint(&settings, 6, 1);
    made_blob(&blobs, blob_number(form), form, 2, form->transpose ? turned : weights, 0.5f, 0.25f);
    made_blob(&blobs, blob_number(form), form, 1, biases, 1, 0.5f);
    add_layer(net, form, &inner_product, "ip", "norm", "ip", &settings, &blobs);
}

/* Images of phase TRAIN, and another such layer of phase TEST, with a crop. */
static void add_data(made *net, const made_form *form)
{
    const bool old = form->generation < 2;

    for (int phase = 0; phase < 2; ++phase) {
        made layer = {.bytes = 0}, rule = {.bytes = 0}, transform = {.bytes = 0};
        made_varint(&rule, 1, (uint64_t)phase);
        made_text(&transform, 4, "some/where/mean.binaryproto");
        made_varint(&transform, 11, phase == 1 ? MADE_HEIGHT : 999);
        made_varint(&transform, 12, phase == 1 ? MADE_WIDTH : 999);
        made_text(&layer, old ? 4 : 1, "data");
        if (old)
            made_varint(&layer, 5, 5);
        else
            made_text(&layer, 2, "Data");
        made_text(&layer, old ? 3 : 4, "data");
        made_text(&layer, old ? 3 : 4, "label");
        made_message(&layer, old ? 32 : 8, &rule);
        made_message(&layer, old ? 36 : 100, &transform);
        made_message(net, old ? 2 : 100, &layer);
    }
}

static void add_end(made *net, const made_form *form)
{
    if (!form->train) {
        add_layer(net, form, &softmax, "prob", "ip", "prob", &none, &none);
        return;
    }
    add_layer(net, form, &split, "ip_split", "ip", "ip_split_0", &none, &none);
    add_layer(net, form, &accuracy, "accuracy", "ip_split_0", "accuracy", &none, &none);
    add_layer(net, form, &softmax_loss, "loss", "ip_split_0", "loss", &none, &none);
}

void made_net(made *net, const made_form *form)
{
    static const int64_t input[] = {10, MADE_CHANNELS, MADE_HEIGHT, MADE_WIDTH};
    made shape = {.bytes = 0}, input_settings = {.bytes = 0}, rest = {.bytes = 0};

    net->bytes = 0;
    made_text(net, 1, "made");
    if (form->train) {
        add_data(net, form);
    } else if (form->generation == 2) {
        for (int i = 0; i < 4; ++i)
            made_varint(&shape, 1, (uint64_t)input[i]);
        made_message(&input_settings, 1, &shape);
        made_message(&rest, 143, &input_settings);
        made_layer(net, "data", "Input", NULL, "data", &rest);
    } else {
        made_text(net, 3, "data");
        for (int i = 0; i < 4; ++i)
            made_varint(net, 4, (uint64_t)input[i]);
    }
    add_convolution(net, form);
    add_layer(net, form, &relu, "relu", "conv", "conv", &none, &none);
    add_pooling(net, form);
    add_lrn(net, form);
    add_layer(net, form, &dropout, "drop", "norm", "norm", &none, &none);
    add_inner_product(net, form);
    add_end(net, form);
}
