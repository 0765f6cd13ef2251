/*
 * caffe.c: the format "caffemodel": what shows it, and its tensors.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/caffe.h"

#include "formats/caffe/caffe_write.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <string.h>

/* ---- recognised by content ---- */

/* A field of the head; BYTES: `value` is their number and the cursor is before them. */
static bool head_field(an_cursor *c, int *number, int *wire, uint64_t *value)
{
    uint64_t parts[2] = {0, 0};

    for (int i = 0; i < 2; ++i) {
        if (i == 1 && (parts[0] & 7) == 5) {
            an_cursor_skip(c, 4);
            break;
        }
        for (int shift = 0; shift < 70; shift += 7) {
            const uint8_t byte = an_cursor_u8(c);
            if (shift < 64) parts[i] |= (uint64_t)(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
    }
    *wire = (int)(parts[0] & 7);
    *number = parts[0] >> 3 <= 1000 ? (int)(parts[0] >> 3) : 0;
    *value = parts[1];
    return !c->bad && (*wire == 0 || *wire == 2 || *wire == 5);
}

/* Whether every field of the head is one that the message has. wires[n]: the wire types of field n,
   a bit each. Sets `seen` to the fields that are there. */
static bool fields_fit(an_cursor c, const uint8_t *wires, size_t count, bool *seen)
{
    int number, wire;
    uint64_t value;

    while (an_cursor_left(&c) > 0 && head_field(&c, &number, &wire, &value)) {
        if (number < 1 || (size_t)number >= count || (wires[number] >> wire & 1) == 0) return false;
        seen[number] = true;
        if (wire != 2) continue;
        if (value >= an_cursor_left(&c)) return true; /* the rest is not in the head */
        an_cursor_skip(&c, (size_t)value);
    }
    return an_cursor_left(&c) == 0 || c.bad;
}

#define VARINT 1
#define BYTES  4
#define FLOAT  32

static bool is_blob(const uint8_t *head, size_t head_bytes)
{
    static const uint8_t wires[] = {
        0, VARINT, VARINT, VARINT, VARINT, BYTES | FLOAT, BYTES | FLOAT, BYTES, BYTES, BYTES};
    bool seen[AN_COUNT(wires)] = {false};

    return fields_fit(an_cursor_open(head, head_bytes), wires, AN_COUNT(wires), seen) &&
           (seen[5] || seen[8]) && (seen[7] || (seen[2] && seen[3] && seen[4]));
}

/* A NetParameter whose first layer, or as much of it as the head has, looks like one. */
static bool is_net(const uint8_t *head, size_t head_bytes)
{
    static const uint8_t wires[101] = {
        [1] = BYTES, [2] = BYTES,  [3] = BYTES, [4] = VARINT | BYTES, [5] = VARINT,
        [6] = BYTES, [7] = VARINT, [8] = BYTES, [100] = BYTES};
    bool seen[AN_COUNT(wires)] = {false};

    return fields_fit(an_cursor_open(head, head_bytes), wires, AN_COUNT(wires), seen) &&
           (seen[2] || seen[100]);
}

static bool matches(const uint8_t *head, size_t head_bytes, uint64_t size)
{
    (void)size;
    return is_net(head, head_bytes) || is_blob(head, head_bytes);
}

/* ---- tensors ---- */

/* Removes leading dimensions of 1, which older files have, down to `rank`. */
static void drop_ones(an_tensor_view *view, int rank)
{
    int64_t shape[AN_TENSOR_RANK_MAX];
    int first = 0;

    while (view->rank - first > rank && view->shape[first] == 1)
        ++first;
    memcpy(shape, view->shape, sizeof shape);
    (void)!an_tensor_reshape(view, shape + first, view->rank - first);
}

static alexnet_status add_tensor(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                 const char *layer, const char *suffix, an_tensor_view *view,
                                 int *index)
{
    char name[AN_CAFFE_TEXT_MAX + 32];

    an_print(name, sizeof name, "%s%s", layer, suffix);
    view->name = name;
    if (view->data == NULL) AN_TRY(an_tensor_file_check(ctx, path, file, view));
    *index = (int)file->count;
    return an_tensor_file_add(ctx, path, file, view);
}

/* Weights and biases; the first two blobs of a layer, any others under numbers. */
static alexnet_status add_weights(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  an_caffe_layer *layer)
{
    static const char *const suffixes[] = {".weight", ".bias"};
    static const int transposed[] = {1, 0};
    char suffix[32];
    int index;

    for (int i = 0; i < layer->blob_count; ++i) {
        an_tensor_view view = layer->blobs[i].view; /* the blob stays as it is: caffe_run.c */
        const bool linear = layer->kind == AN_CAFFE_INNER_PRODUCT;
        drop_ones(&view, i > 0 || layer->kind == AN_CAFFE_SCALE ? 1 : linear ? 2 : 4);
        if (i == 0 && linear && layer->transpose && view.rank == 2)
            an_tensor_permute(&view, transposed);
        an_print(suffix, sizeof suffix, ".%d", i);
        AN_TRY(
            add_tensor(ctx, path, file, layer->name, i < 2 ? suffixes[i] : suffix, &view, &index));
        if (i < 2) layer->tensors[i] = index;
    }
    return ALEXNET_OK;
}

/* The values times a factor, as float32 in the store. */
static alexnet_status scale_values(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                   an_tensor_view *view, float factor)
{
    view->name = "statistics";
    view->reader = file->reader;
    if (view->data == NULL) AN_TRY(an_tensor_file_check(ctx, path, file, view));
    float *values = an_store_array(ctx, &file->store, (size_t)view->count, sizeof *values);
    if (values == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: statistics", path);
    AN_TRY(an_tensor_to_float(ctx, path, view, values));
    for (int64_t i = 0; i < view->count; ++i)
        values[i] *= factor;
    view->data = (const uint8_t *)values;
    view->dtype = AN_F32;
    view->reader = (an_reader){0};
    return ALEXNET_OK;
}

/* Mean and variance are sums with weights; the third blob is the sum of these. */
static alexnet_status add_statistics(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                     an_caffe_layer *layer)
{
    static const char *const suffixes[] = {".running_mean", ".running_var"};
    float sum = 0;

    if (layer->blob_count != 3 || layer->blobs[2].view.count != 1)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: layer '%s' (BatchNorm): expected a mean, a variance and one number",
                       path, layer->name);
    an_tensor_view view = layer->blobs[2].view;
    AN_TRY(scale_values(ctx, path, file, &view, 1));
    memcpy(&sum, view.data, sizeof sum);
    for (int i = 0; i < 2; ++i) {
        view = layer->blobs[i].view;
        drop_ones(&view, 1);
        if (sum != 1) AN_TRY(scale_values(ctx, path, file, &view, sum == 0 ? 0 : 1 / sum));
        AN_TRY(add_tensor(ctx, path, file, layer->name, suffixes[i], &view, &layer->tensors[i]));
    }
    return ALEXNET_OK;
}

static alexnet_status add_tensors(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                  an_caffe_net *net)
{
    for (int i = 0; i < net->layer_count; ++i) {
        an_caffe_layer *layer = &net->layers[i];
        layer->tensors[0] = layer->tensors[1] = -1;
        AN_TRY(layer->kind == AN_CAFFE_BATCH_NORM && layer->blob_count > 0
                   ? add_statistics(ctx, path, file, layer)
                   : add_weights(ctx, path, file, layer));
    }
    return ALEXNET_OK;
}

/* ---- the graph and the metadata ---- */

static alexnet_status add_text(alexnet_context *ctx, const char *path, an_tensor_file *file,
                               const char *key, const char *value)
{
    return value != NULL ? an_tensor_file_add_metadata(ctx, path, file, key, value) : ALEXNET_OK;
}

/* Tries the size that the file says, or else those of the families. *from: which. */
static alexnet_status find_graph(alexnet_context *ctx, const char *path, an_tensor_file *file,
                                 const an_caffe_net *net, const char **from)
{
    const an_caffe_transform *t = net->transform;
    alexnet_status status;

    *from = "file";
    if (net->input.rank == 4 && net->input.dims[2] <= AN_CAFFE_SIZE_MAX &&
        net->input.dims[3] <= AN_CAFFE_SIZE_MAX)
        return an_caffe_set_input(ctx, path, file, (int)net->input.dims[2],
                                  (int)net->input.dims[3]);
    if (t != NULL && t->crop[0] > 0)
        return an_caffe_set_input(ctx, path, file, t->crop[0], t->crop[1]);
    status = an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: its input size is not known", path);
    for (int i = 0; an_family_at(i) != NULL; ++i) {
        const an_family *family = an_family_at(i);
        *from = family->name;
        status = an_caffe_set_input(ctx, path, file, family->input[1], family->input[2]);
        if (status != ALEXNET_BAD_FILE) break;
    }
    return status;
}

static alexnet_status describe(alexnet_context *ctx, const char *path, an_tensor_file *file,
                               const an_caffe_net *net)
{
    static const char *const generations[] = {"V0", "V1", "V2"};
    const char *from;
    char input[64];

    AN_TRY(add_text(ctx, path, file, "caffe.name", net->name));
    AN_TRY(add_text(ctx, path, file, "caffe.layers", generations[net->generation]));
    const alexnet_status status = find_graph(ctx, path, file, net, &from);
    if (status == ALEXNET_NO_MEMORY) return status;
    if (status != ALEXNET_OK) {
        const char *why = alexnet_error(ctx);
        const size_t length = strlen(path);
        if (strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0)
            why += length + 2;
        return add_text(ctx, path, file, "caffe.not_a_chain", why);
    }
    const int *in = file->graph->nodes[0].in;
    an_print(input, sizeof input, "%dx%dx%d", in[0], in[1], in[2]);
    AN_TRY(add_text(ctx, path, file, "caffe.input", input));
    return add_text(ctx, path, file, AN_CAFFE_INPUT_FROM, from);
}

/* ---- reading ---- */

static alexnet_status read_mean(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    an_pb_cursor message = an_pb_open(ctx, path, &out->reader);
    an_caffe_blob blob = {0};
    int index;

    if (message.status == ALEXNET_OK) an_caffe_blob_read(&message, "mean", &out->store, &blob);
    an_pb_close(&message);
    AN_TRY(message.status);
    drop_ones(&blob.view, 3);
    return add_tensor(ctx, path, out, "mean", "", &blob.view, &index);
}

static alexnet_status read_caffe(alexnet_context *ctx, const char *path, an_tensor_file *out)
{
    uint8_t head[512];
    const size_t bytes = (size_t)AN_MIN(out->reader.size, (uint64_t)sizeof head);

    AN_TRY(an_reader_read(ctx, &out->reader, path, 0, head, bytes));
    if (!is_net(head, bytes)) {
        if (is_blob(head, bytes)) return read_mean(ctx, path, out);
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: not a file of Caffe: it begins neither with a network nor with a blob",
                       path);
    }
    an_caffe_net *net = an_store_new(ctx, &out->store, sizeof *net);
    if (net == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: network", path);
    AN_TRY(an_caffe_net_read(ctx, path, &out->reader, &out->store, net));
    AN_TRY(add_tensors(ctx, path, out, net));
    out->network = net;
    return describe(ctx, path, out, net);
}

const an_tensor_format an_tensor_format_caffe = {.name = "caffemodel",
                                                 .extension = "caffemodel",
                                                 .matches = matches,
                                                 .read = read_caffe,
                                                 .run = an_caffe_run,
                                                 .write_network = an_caffe_write};
