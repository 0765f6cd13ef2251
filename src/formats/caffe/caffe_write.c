/*
 * caffe_write.c: the files of Caffe. A layer's message is a head in memory and its tensors, which
 * go from where they are into the file.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/caffe_write.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/caffe/caffe_layers.h"
#include <limits.h>
#include <string.h>

#define KEYS      "alexnet." /* metadata that are kept */
#define MEAN_KEY  "alexnet.mean"
#define EXTENSION ".caffemodel"

/* The files that are being written. */
typedef struct job {
    alexnet_context *ctx;
    const an_network_out *what;
    an_caffe_layers layers;
    const char *path;
    char *definition, *mean; /* paths; mean NULL: none */
} job;

static alexnet_status fail_memory(const job *j)
{
    return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", j->path);
}

/* ---- blobs ---- */

static const float one = 1;

/* The tensor of a blob; the number 1 has a shape of one element. */
static an_tensor_out tensor_of(const job *j, int index)
{
    return index == AN_CAFFE_ONE ? (an_tensor_out){.rank = 1, .shape = {1}, .data = &one}
                                 : j->what->tensors[index];
}

static uint64_t bytes_of(const an_tensor_out *tensor)
{
    uint64_t bytes = sizeof(float);

    for (int i = 0; i < tensor->rank; ++i)
        bytes *= (uint64_t)tensor->shape[i];
    return bytes;
}

/* All of a blob's field but its values, which follow. Free it. */
static an_pb_out head_of_blob(alexnet_context *ctx, int number, const an_tensor_out *tensor)
{
    an_pb_out shape = {.ctx = ctx}, blob = {.ctx = ctx}, head = {.ctx = ctx};

    for (int i = 0; i < tensor->rank; ++i)
        an_pb_add_varint(&shape, 1, (uint64_t)tensor->shape[i]);
    an_pb_add_message(&blob, 7, &shape);
    an_pb_free(&shape);
    an_pb_add_head(&blob, 5, bytes_of(tensor));
    if (number == 0) return blob; /* the blob is the file */
    an_pb_add_head(&head, number, blob.bytes + bytes_of(tensor));
    an_pb_append(&head, &blob);
    an_pb_free(&blob);
    return head;
}

/* ---- the file of weights ---- */

/* A layer's message but its blobs. Free it. */
static an_pb_out fields_of_layer(alexnet_context *ctx, const an_caffe_layer_out *l)
{
    an_pb_out fields = {.ctx = ctx};

    an_pb_add_text(&fields, 1, l->name);
    an_pb_add_text(&fields, 2, l->type);
    an_pb_add_text(&fields, 3, l->bottom);
    an_pb_add_text(&fields, 4, l->top);
    if (l->message != NULL) an_pb_add_message(&fields, l->number, &l->settings);
    return fields;
}

/* The bytes of a layer's blobs, with their heads. False: no memory. */
static bool measure_blobs(const job *j, const an_caffe_layer_out *l, uint64_t *bytes)
{
    bool failed = false;

    *bytes = 0;
    for (size_t i = 0; i < AN_COUNT(l->blobs); ++i) {
        if (l->blobs[i] == AN_CAFFE_NONE) continue;
        const an_tensor_out tensor = tensor_of(j, l->blobs[i]);
        an_pb_out head = head_of_blob(j->ctx, 7, &tensor);
        *bytes += head.bytes + bytes_of(&tensor);
        failed = failed || head.failed;
        an_pb_free(&head);
    }
    return !failed;
}

static alexnet_status write_out(const job *j, an_writer *writer, an_pb_out *out)
{
    const alexnet_status status =
        out->failed ? fail_memory(j) : an_writer_add(writer, out->data, out->bytes);

    an_pb_free(out);
    return status;
}

static alexnet_status write_blob(const job *j, an_writer *writer, int number,
                                 const an_tensor_out *tensor)
{
    an_pb_out head = head_of_blob(j->ctx, number, tensor);

    AN_TRY(write_out(j, writer, &head));
    return an_writer_add(writer, tensor->data, (size_t)bytes_of(tensor));
}

static alexnet_status write_layer(const job *j, an_writer *writer, const an_caffe_layer_out *l)
{
    an_pb_out fields = fields_of_layer(j->ctx, l), head = {.ctx = j->ctx};
    uint64_t blobs;

    if (!measure_blobs(j, l, &blobs)) fields.failed = true;
    an_pb_add_head(&head, 100, fields.bytes + blobs);
    an_pb_append(&head, &fields);
    an_pb_free(&fields);
    AN_TRY(write_out(j, writer, &head));
    for (size_t i = 0; i < AN_COUNT(l->blobs); ++i) {
        if (l->blobs[i] == AN_CAFFE_NONE) continue;
        const an_tensor_out tensor = tensor_of(j, l->blobs[i]);
        AN_TRY(write_blob(j, writer, 7, &tensor));
    }
    return ALEXNET_OK;
}

/* The layer that names the input, and the sizes of images. */
static alexnet_status write_input(const job *j, an_writer *writer)
{
    const int *in = j->what->graph->nodes[0].in;
    an_pb_out net = {.ctx = j->ctx}, layer = net, input = net, shape = net;

    if (j->what->graph->name != NULL) an_pb_add_text(&net, 1, j->what->graph->name);
    an_pb_add_text(&layer, 1, "data");
    an_pb_add_text(&layer, 2, "Input");
    an_pb_add_text(&layer, 4, "data");
    an_pb_add_varint(&shape, 1, 1);
    for (int i = 0; i < 3; ++i)
        an_pb_add_varint(&shape, 1, (uint64_t)in[i]);
    an_pb_add_message(&input, 1, &shape);
    an_pb_add_message(&layer, 143, &input);
    an_pb_add_message(&net, 100, &layer);
    an_pb_free(&shape);
    an_pb_free(&input);
    an_pb_free(&layer);
    return write_out(j, writer, &net);
}

static alexnet_status write_weights(const job *j, an_writer *writer)
{
    AN_TRY(write_input(j, writer));
    for (int i = 0; i < j->layers.count; ++i)
        AN_TRY(write_layer(j, writer, &j->layers.layers[i]));
    return ALEXNET_OK;
}

/* ---- the definition ---- */

/* A text in quotes; bytes that would end it, or the line, as octal numbers. */
static alexnet_status write_quoted(an_writer *writer, const char *field, const char *text)
{
    AN_TRY(an_writer_format(writer, "%s: \"", field));
    for (const char *c = text; *c != '\0'; ++c) {
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == '\\' || *c == 0x7f)
            AN_TRY(an_writer_format(writer, "\\%03o", (unsigned)(unsigned char)*c));
        else
            AN_TRY(an_writer_add(writer, c, 1));
    }
    return an_writer_add(writer, "\"\n", 2);
}

/* A comment of one line: other control characters end the value. */
static alexnet_status write_comment(an_writer *writer, const char *key, const char *value)
{
    size_t length = 0;

    while ((unsigned char)value[length] >= 0x20)
        ++length;
    if (value[length] != '\0') return ALEXNET_OK; /* it would not be read back as it is */
    return an_writer_format(writer, "# %s: %s\n", key, value);
}

static alexnet_status write_comments(const job *j, an_writer *writer)
{
    const an_network_out *what = j->what;

    for (size_t i = 0; i < what->metadata_count; ++i)
        if (strncmp(what->keys[i], KEYS, strlen(KEYS)) == 0 && strcmp(what->keys[i], MEAN_KEY) != 0)
            AN_TRY(write_comment(writer, what->keys[i], what->values[i]));
    return j->mean != NULL ? write_comment(writer, MEAN_KEY, an_path_base(j->mean)) : ALEXNET_OK;
}

static alexnet_status write_words(an_writer *writer, const an_caffe_layer_out *l)
{
    AN_TRY(an_writer_format(writer, "layer {\n"));
    AN_TRY(write_quoted(writer, "  name", l->name));
    AN_TRY(write_quoted(writer, "  type", l->type));
    AN_TRY(write_quoted(writer, "  bottom", l->bottom));
    AN_TRY(write_quoted(writer, "  top", l->top));
    if (l->message != NULL) AN_TRY(an_writer_format(writer, "  %s { %s}\n", l->message, l->words));
    return an_writer_format(writer, "}\n");
}

static alexnet_status write_definition(const job *j, an_writer *writer)
{
    const int *in = j->what->graph->nodes[0].in;

    AN_TRY(write_comments(j, writer));
    if (j->what->graph->name != NULL) AN_TRY(write_quoted(writer, "name", j->what->graph->name));
    AN_TRY(an_writer_format(writer,
                            "layer {\n  name: \"data\"\n  type: \"Input\"\n  top: \"data\"\n"
                            "  input_param { shape { dim: 1 dim: %d dim: %d dim: %d } }\n}\n",
                            in[0], in[1], in[2]));
    for (int i = 0; i < j->layers.count; ++i)
        AN_TRY(write_words(writer, &j->layers.layers[i]));
    return ALEXNET_OK;
}

/* ---- the files ---- */

static alexnet_status write_mean(const job *j, an_writer *writer)
{
    const int *shape = j->what->mean_shape;
    const an_tensor_out mean = {
        .rank = 4, .shape = {1, shape[0], shape[1], shape[2]}, .data = j->what->mean_image};

    return write_blob(j, writer, 0, &mean);
}

static alexnet_status write_file(const job *j, const char *path,
                                 alexnet_status (*write)(const job *, an_writer *),
                                 an_file_sum *sum)
{
    an_writer *writer;

    AN_TRY(an_writer_open(j->ctx, path, &writer));
    if (sum != NULL) an_writer_sum(writer, sum);
    const alexnet_status status = write(j, writer);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

static alexnet_status make_paths(job *j)
{
    const size_t length = strlen(j->path), end = strlen(EXTENSION);
    const bool has_end = length > end && strcmp(j->path + length - end, EXTENSION) == 0;
    const int stem = (int)(has_end ? length - end : length);

    j->definition = an_format(j->ctx, "%.*s.prototxt", stem, j->path);
    if (j->what->mean_image != NULL)
        j->mean = an_format(j->ctx, "%.*s_mean.binaryproto", stem, j->path);
    return j->definition != NULL && (j->mean != NULL || j->what->mean_image == NULL)
               ? ALEXNET_OK
               : fail_memory(j);
}

/* Caffe and OpenCV read files of up to 2^31 - 1 bytes. */
static alexnet_status check_size(const job *j)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < j->what->count; ++i)
        bytes += bytes_of(&j->what->tensors[i]);
    return bytes <= (uint64_t)INT_MAX - (1 << 20)
               ? ALEXNET_OK
               : an_fail(j->ctx, ALEXNET_UNSUPPORTED,
                         "%s: %ju bytes of weights; Caffe reads files of at most 2 GB", j->path,
                         (uintmax_t)bytes);
}

static alexnet_status write_files(job *j, an_file_sum *sum)
{
    AN_TRY(check_size(j));
    AN_TRY(make_paths(j));
    if (j->mean != NULL) AN_TRY(write_file(j, j->mean, write_mean, NULL));
    AN_TRY(write_file(j, j->definition, write_definition, NULL));
    return write_file(j, j->path, write_weights, sum);
}

alexnet_status an_caffe_write(alexnet_context *ctx, const char *path, const an_network_out *what,
                              an_file_sum *sum)
{
    job j = {.ctx = ctx, .what = what, .path = path};

    if (what->dtype != AN_F32)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: Caffe stores weights as F32, not %s", path,
                       an_dtype_name(what->dtype));
    AN_TRY(an_caffe_layers_make(ctx, what->graph, &j.layers));
    const alexnet_status status = write_files(&j, sum);
    an_caffe_layers_free(ctx, &j.layers);
    an_free(ctx, j.definition);
    an_free(ctx, j.mean);
    return status;
}
