/*
 * solverstate.c: reads the state of Caffe's solver.
 * SPDX-License-Identifier: MIT
 */
#include "formats/caffe/solverstate.h"

#include "base/status.h"
#include "base/text.h"
#include <string.h>

enum { ITERATION = 1, LEARNED_NET = 2, HISTORY = 3, CURRENT_STEP = 4 };

#define PATH_MAX_BYTES 4096

/* ---- reading ---- */

static alexnet_status make_list(an_pb_cursor message, an_caffe_solverstate *out)
{
    an_pb_field field;

    while (an_pb_next(&message, &field))
        if (field.number == HISTORY && ++out->count > AN_CAFFE_HISTORY_MAX)
            return an_fail(message.ctx, ALEXNET_BAD_FILE, "%s: more than %d blobs of history",
                           message.path, AN_CAFFE_HISTORY_MAX);
    AN_TRY(message.status);
    if (out->count == 0)
        return an_fail(message.ctx, ALEXNET_BAD_FILE,
                       "%s: not a solver state of Caffe: it has no history", message.path);
    out->history =
        an_store_array(message.ctx, &out->store, (size_t)out->count, sizeof *out->history);
    return out->history != NULL
               ? ALEXNET_OK
               : an_fail(message.ctx, ALEXNET_NO_MEMORY, "%s: history", message.path);
}

static void read_history(an_pb_cursor *message, const an_pb_field *field, int index,
                         an_caffe_solverstate *out)
{
    an_pb_cursor inner = an_pb_enter(message, field);
    an_caffe_blob blob = {0};
    char what[32];

    an_print(what, sizeof what, "history %d", index);
    if (inner.status == ALEXNET_OK) an_caffe_blob_read(&inner, what, &out->store, &blob);
    an_pb_leave(message, &inner);
    an_tensor_view *view = &out->history[index];
    *view = blob.view;
    view->name = "history";
    view->reader = out->reader;
    if (view->data == NULL && out->reader.memory != NULL)
        view->data = out->reader.memory + view->place;
}

static alexnet_status read_state(an_pb_cursor *message, an_caffe_solverstate *out)
{
    an_pb_field field;
    int index = 0;

    AN_TRY(message->status = make_list(*message, out));
    while (an_pb_next(message, &field)) {
        if (field.number == HISTORY && index < out->count)
            read_history(message, &field, index++, out);
        else if (field.number == LEARNED_NET)
            out->learned_net = an_pb_text(message, &field, &out->store, PATH_MAX_BYTES);
        else if (field.number == ITERATION && field.wire == AN_PB_VARINT)
            out->iteration = an_pb_signed(&field);
        else if (field.number == CURRENT_STEP && field.wire == AN_PB_VARINT)
            out->current_step = an_pb_signed(&field);
    }
    AN_TRY(message->status);
    if (index < out->count || out->iteration < 0 || out->current_step < 0)
        return an_fail(message->ctx, ALEXNET_BAD_FILE,
                       "%s: its iteration is negative, or it changed while it was read",
                       message->path);
    return ALEXNET_OK;
}

/* Reads the file of out->reader; on failure closes *out. */
static alexnet_status describe(alexnet_context *ctx, const char *path, an_caffe_solverstate *out)
{
    an_pb_cursor message = an_pb_open(ctx, path, &out->reader);
    alexnet_status status = message.status;

    if (status == ALEXNET_OK) status = read_state(&message, out);
    an_pb_close(&message);
    if (status != ALEXNET_OK) an_caffe_solverstate_close(ctx, out);
    return status;
}

alexnet_status an_caffe_solverstate_open(alexnet_context *ctx, const char *path,
                                         an_caffe_solverstate *out)
{
    an_reader reader;

    *out = (an_caffe_solverstate){0};
    AN_TRY(an_reader_open(ctx, path, &reader));
    out->open = true;
    out->reader = reader;
    return describe(ctx, path, out);
}

alexnet_status an_caffe_solverstate_parse(alexnet_context *ctx, const char *what, const void *data,
                                          size_t bytes, an_caffe_solverstate *out)
{
    *out = (an_caffe_solverstate){.reader = an_reader_of(data, bytes)};
    return describe(ctx, what, out);
}

void an_caffe_solverstate_close(alexnet_context *ctx, an_caffe_solverstate *state)
{
    if (state->open) an_reader_close(&state->reader);
    an_store_free(ctx, &state->store);
    *state = (an_caffe_solverstate){0};
}

/* ---- whose momentum it is ---- */

static int count_blobs(const an_caffe_net *net)
{
    int blobs = 0;

    for (int i = 0; i < net->layer_count; ++i)
        blobs += net->layers[i].blob_count;
    return blobs;
}

/* The momentum in the shape and order of the tensor that is made of the same blob. */
static bool take_layout(const an_caffe_layer *layer, const an_tensor_view *tensor,
                        an_tensor_view *view)
{
    static const int transposed[] = {1, 0};

    if (view->count != tensor->count) return false;
    if (layer->kind != AN_CAFFE_INNER_PRODUCT || !layer->transpose || tensor->rank != 2)
        return an_tensor_reshape(view, tensor->shape, tensor->rank);
    const int64_t stored[] = {tensor->shape[1], tensor->shape[0]};
    if (!an_tensor_reshape(view, stored, 2)) return false;
    an_tensor_permute(view, transposed);
    return true;
}

alexnet_status an_caffe_solverstate_match(alexnet_context *ctx, const char *path,
                                          const an_caffe_solverstate *state,
                                          const an_tensor_file *weights, an_tensor_view *momentum)
{
    const an_caffe_net *net = weights->network;
    const int blobs = net != NULL ? count_blobs(net) : 0;
    int at = 0;

    for (size_t i = 0; i < weights->count; ++i)
        momentum[i] = (an_tensor_view){0};
    if (blobs > 0 && state->count > blobs && state->count % blobs == 0)
        return an_fail(ctx, ALEXNET_UNSUPPORTED,
                       "%s: %d blobs of history for %d of weights: it is not of the solver SGD",
                       path, state->count, blobs);
    if (state->count != blobs)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: %d blobs of history, the network has %d of weights", path, state->count,
                       blobs);
    for (int i = 0; i < net->layer_count; ++i) {
        const an_caffe_layer *layer = &net->layers[i];
        for (int k = 0; k < layer->blob_count; ++k, ++at) {
            const int index = k < 2 && layer->kind != AN_CAFFE_BATCH_NORM ? layer->tensors[k] : -1;
            if (index < 0) continue;
            an_tensor_view view = state->history[at];
            view.name = weights->tensors[index].name;
            if (!take_layout(layer, &weights->tensors[index], &view))
                return an_fail(
                    ctx, ALEXNET_BAD_FILE, "%s: history %d has %lld numbers, '%s' has %lld", path,
                    at, (long long)view.count, view.name, (long long)weights->tensors[index].count);
            momentum[index] = view;
        }
    }
    return ALEXNET_OK;
}
