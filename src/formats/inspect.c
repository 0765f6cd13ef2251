/*
 * inspect.c: describes a file of tensors of any format: alexnet_file_format(),
 * alexnet_file_inspect().
 *
 * The file is described twice: as it is, for the list of its tensors, and translated as if weights
 * were read from it, for the network that it holds.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/caffe/solverstate.h"
#include "formats/metadata.h"
#include "formats/numpy/npy.h"
#include "formats/partial.h"
#include "formats/run_weights.h"
#include "formats/weights.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LAYERS_BYTES 1024

#define NPY         "npy"
#define SOLVERSTATE "solverstate"
#define BINARYPROTO "binaryproto"

typedef struct inspection {
    alexnet_context *ctx;
    const char *path;
    bool stats;
    an_store *store; /* of the result's texts and lists */
    alexnet_file_info *out;
} inspection;

static alexnet_status fail_memory(const inspection *in)
{
    return an_fail(in->ctx, ALEXNET_NO_MEMORY, "%s: no memory to describe it", in->path);
}

/* ---- formats ---- */

/* A zip archive that is called so is one of images, until it is unpacked. */
static alexnet_status find_format(alexnet_context *ctx, const char *path, const an_reader *reader,
                                  const char **format)
{
    const an_tensor_format *found;
    uint8_t head[6] = {0};

    AN_TRY(an_reader_read(ctx, reader, path, 0, head, (size_t)AN_MIN(reader->size, sizeof head)));
    AN_TRY(an_tensor_format_recognise(ctx, path, reader, &found));
    if (an_path_has_extension(path, SOLVERSTATE))
        *format = SOLVERSTATE;
    else if (memcmp(head, "\x93NUMPY", sizeof head) == 0)
        *format = NPY;
    else if (found != NULL && !an_path_has_extension(path, "zip"))
        *format = found->name;
    return ALEXNET_OK;
}

alexnet_status alexnet_file_format(alexnet_context *ctx, const char *path, const char **format)
{
    an_reader reader;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, format);
    *format = NULL;
    AN_NEED(ctx, path);
    alexnet_status status = an_reader_open(ctx, path, &reader);
    if (status == ALEXNET_BAD_FILE) return ALEXNET_OK; /* a folder, a pipe */
    AN_TRY(status);
    status = find_format(ctx, path, &reader, format);
    an_reader_close(&reader);
    return status;
}

/* ---- tensors and metadata ---- */

static alexnet_status take_tensor(const inspection *in, const an_tensor_view *view,
                                  const char *name, alexnet_file_tensor *to)
{
    const double none = (double)NAN;
    an_tensor_statistics stats = {none, none, none, none, -1};
    char *copy = an_store_text(in->ctx, in->store, name, strlen(name));

    if (copy == NULL) return fail_memory(in);
    if (in->stats) AN_TRY(an_tensor_measure(in->ctx, in->path, view, &stats));
    *to = (alexnet_file_tensor){
        .name = copy,
        .type = an_dtype_name(view->dtype),
        .rank = view->rank,
        .count = view->count,
        .min = stats.min,
        .max = stats.max,
        .mean = stats.mean,
        .sd = stats.sd,
        .not_finite = stats.not_finite,
    };
    memcpy(to->shape, view->shape, (size_t)view->rank * sizeof view->shape[0]);
    return ALEXNET_OK;
}

/* numbered: the name of each is followed by its place in the list */
static alexnet_status take_tensors(const inspection *in, const an_tensor_view *views, size_t count,
                                   bool numbered)
{
    alexnet_file_tensor *list = an_store_array(in->ctx, in->store, count + 1, sizeof *list);
    char name[64];

    if (list == NULL) return fail_memory(in);
    for (size_t i = 0; i < count; ++i) {
        an_print(name, sizeof name, "%.40s.%zu", views[i].name, i);
        AN_TRY(take_tensor(in, &views[i], numbered ? name : views[i].name, &list[i]));
    }
    in->out->tensors = list;
    in->out->tensor_count = count;
    return ALEXNET_OK;
}

static alexnet_status take_metadata(const inspection *in, const char *const *keys,
                                    const char *const *values, size_t count)
{
    const char **lists[2];
    const char *const *from[2] = {keys, values};

    for (int k = 0; k < 2; ++k) {
        lists[k] = an_store_array(in->ctx, in->store, count + 1, sizeof *lists[k]);
        if (lists[k] == NULL) return fail_memory(in);
        for (size_t i = 0; i < count; ++i) {
            lists[k][i] = an_store_text(in->ctx, in->store, from[k][i], strlen(from[k][i]));
            if (lists[k][i] == NULL) return fail_memory(in);
        }
    }
    in->out->keys = lists[0];
    in->out->values = lists[1];
    in->out->metadata_count = count;
    return ALEXNET_OK;
}

static void set_format(const inspection *in, const char *format, uint64_t bytes)
{
    an_print(in->out->format, sizeof in->out->format, "%s", format);
    in->out->bytes = (int64_t)bytes;
}

/* The context's message, without the path that it begins with. */
static alexnet_status say_error(const inspection *in)
{
    const char *text = alexnet_error(in->ctx);
    const size_t length = strlen(in->path);

    if (strncmp(text, in->path, length) == 0 && strncmp(text + length, ": ", 2) == 0)
        text += length + 2;
    in->out->differs = an_store_text(in->ctx, in->store, text, strlen(text));
    return in->out->differs != NULL ? ALEXNET_OK : fail_memory(in);
}

/* ---- the network ---- */

/* Whether the file holds all parameters of a layer, of which there is at least one. */
static bool holds(const an_partial *partial, const alexnet_model *model, const an_node *node)
{
    for (int i = node->first_param; i < node->first_param + node->param_count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *tensor = an_partial_find(partial, param->name);
        if (tensor == NULL || !an_weights_same_shape(param, tensor)) return false;
    }
    return node->param_count > 0;
}

static alexnet_status list_layers(const inspection *in, const an_partial *partial,
                                  const an_family *family)
{
    char text[LAYERS_BYTES] = "";
    size_t used = 0;
    alexnet_model *model;

    AN_TRY(an_model_describe(in->ctx, family, NULL, &model));
    for (const an_node *node = model->nodes; node < model->nodes + model->node_count; ++node)
        if (holds(partial, model, node) && used < sizeof text - 2)
            used += (size_t)an_print(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "",
                                     node->name);
    alexnet_model_free(model);
    in->out->nearest = family->name;
    in->out->layers = an_store_text(in->ctx, in->store, text, strlen(text));
    return in->out->layers != NULL ? ALEXNET_OK : fail_memory(in);
}

/* Finds the family that the file holds a part of, if there is one. BAD_FILE: there is none. */
static alexnet_status find_nearest(const inspection *in)
{
    const an_family *family;
    an_partial partial;

    AN_TRY(an_partial_open(in->ctx, in->path, &partial));
    alexnet_status status = an_partial_family(in->ctx, &partial, &family);
    if (status == ALEXNET_OK) status = list_layers(in, &partial, family);
    an_partial_close(in->ctx, &partial);
    return status;
}

static bool is_of_file(alexnet_status status)
{
    return status == ALEXNET_BAD_FILE || status == ALEXNET_BAD_SHAPE ||
           status == ALEXNET_UNSUPPORTED;
}

static alexnet_status describe_network(const inspection *in)
{
    an_tensor_file file;

    AN_TRY(an_weights_open(in->ctx, in->path, NULL, false, &file));
    const alexnet_status status = an_weights_describe(in->ctx, in->path, &file, &in->out->model);
    an_tensor_file_close(in->ctx, &file);
    return status;
}

/* ours: the file's metadata say that it is one of ours */
static alexnet_status take_network(const inspection *in, bool ours)
{
    alexnet_context *ctx = in->ctx;
    const alexnet_log log = ctx->options.log;

    alexnet_status status = describe_network(in);
    if (!is_of_file(status)) return status;
    AN_TRY(say_error(in));
    ctx->options.log = NULL; /* it would say what differs once more */
    const alexnet_status found = find_nearest(in);
    ctx->options.log = log;
    if (!is_of_file(found)) return found;
    /* one of ours that is not even a part of a network is damaged, or of a later version */
    return ours ? an_fail(ctx, status, "%s: %s", in->path, in->out->differs) : ALEXNET_OK;
}

/* ---- each kind of file ---- */

static alexnet_status inspect_npy(const inspection *in)
{
    an_tensor_view view;
    an_reader reader;

    AN_TRY(an_npy_open(in->ctx, in->path, &reader, &view));
    set_format(in, NPY, reader.size);
    const alexnet_status status = take_tensors(in, &view, 1, false);
    an_reader_close(&reader);
    in->out->differs = "it is one array without a name, and no network";
    return status;
}

static alexnet_status take_state(const inspection *in, const an_caffe_solverstate *state)
{
    char iteration[32], step[32];
    const char *const keys[] = {"iter", "current_step", "learned_net"};
    const char *const values[] = {iteration, step, state->learned_net};

    set_format(in, SOLVERSTATE, state->reader.size);
    an_print(iteration, sizeof iteration, "%" PRId64, state->iteration);
    an_print(step, sizeof step, "%" PRId64, state->current_step);
    in->out->differs = "it is the state of a training in Caffe, which 'alexnet train DATA --from "
                       "WEIGHTS.caffemodel --solverstate FILE' goes on with";
    AN_TRY(take_metadata(in, keys, values, AN_COUNT(keys) - (state->learned_net == NULL)));
    return take_tensors(in, state->history, (size_t)state->count, true);
}

static alexnet_status inspect_state(const inspection *in)
{
    an_caffe_solverstate state;

    AN_TRY(an_caffe_solverstate_open(in->ctx, in->path, &state));
    const alexnet_status status = take_state(in, &state);
    an_caffe_solverstate_close(in->ctx, &state);
    return status;
}

static alexnet_status take_file(const inspection *in, const an_tensor_file *file, bool *network)
{
    *network = file->format != &an_tensor_format_caffe || file->network != NULL;
    set_format(in, *network ? file->format->name : BINARYPROTO, file->reader.size);
    if (!*network)
        in->out->differs = "it is one array of Caffe, such as a mean image, which 'alexnet convert "
                           "WEIGHTS OUT --mean FILE' subtracts";
    AN_TRY(take_metadata(in, file->keys, file->values, file->metadata_count));
    return take_tensors(in, file->tensors, file->count, false);
}

static alexnet_status inspect_file(const inspection *in)
{
    an_tensor_file file;
    bool network;

    AN_TRY(an_tensor_file_open(in->ctx, in->path, NULL, &file));
    const alexnet_status status = take_file(in, &file, &network);
    const bool ours = an_tensor_file_metadata(&file, AN_KEY_FAMILY) != NULL;
    an_tensor_file_close(in->ctx, &file);
    AN_TRY(status);
    return network ? take_network(in, ours) : ALEXNET_OK;
}

static alexnet_status inspect(const inspection *in)
{
    const char *format;

    AN_TRY(alexnet_file_format(in->ctx, in->path, &format));
    if (format != NULL && strcmp(format, NPY) == 0) return inspect_npy(in);
    if (format != NULL && strcmp(format, SOLVERSTATE) == 0) return inspect_state(in);
    return inspect_file(in);
}

/* ---- the public interface ---- */

alexnet_status alexnet_file_inspect(alexnet_context *ctx, const char *path, int stats,
                                    alexnet_file_info *out)
{
    char *found;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = (alexnet_file_info){0};
    AN_NEED(ctx, path);
    AN_NEED_WITHIN(ctx, stats, 0, 1);
    AN_TRY(an_weights_file(ctx, path, &found));
    an_store *store = an_new_array(ctx, 1, sizeof *store);
    out->owner = store;
    const inspection in = {ctx, found, stats != 0, store, out};
    const alexnet_status status = store != NULL ? inspect(&in) : fail_memory(&in);
    an_free(ctx, found);
    if (status != ALEXNET_OK) alexnet_file_info_free(ctx, out);
    return status;
}

void alexnet_file_info_free(alexnet_context *ctx, alexnet_file_info *info)
{
    if (ctx == NULL || info == NULL) return;
    an_store *store = info->owner;
    if (store != NULL) an_store_free(ctx, store);
    an_free(ctx, store);
    alexnet_model_free(info->model);
    *info = (alexnet_file_info){0};
}
