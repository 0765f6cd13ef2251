/*
 * features.c: alexnet_features(): writes the output of any layer, or the preprocessed images, to a
 * file of one tensor.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "base/extend.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include "base/text.h"
#include "data/files.h"
#include "formats/numpy/npy.h"
#include "formats/partial.h"
#include "formats/run_weights.h"
#include "formats/safetensors.h"
#include "infer/network.h"
#include "infer/output.h"
#include <math.h>
#include <string.h>

#define DEFAULT_BATCH 32

typedef struct extraction {
    alexnet_context *ctx;
    const alexnet_features_options *options;
    char *weights; /* path of the file */
    alexnet_model *model;
    an_preprocess record;
    alexnet_session *session; /* NULL: only preprocessing */
    int batch;
    int64_t count; /* rows */
    int shape[3];  /* of one row: channels, height, width */
    size_t row_values;
    float *rows;    /* [count][row_values] */
    uint8_t *bytes; /* instead of rows: the pixels as bytes, [count][h][w][3] */
    double start;
} extraction;

static alexnet_status report(const extraction *e, int64_t done)
{
    const alexnet_progress progress =
        an_progress("predict", done, e->count, an_seconds() - e->start);

    return an_progress_tell(e->ctx, &progress, e->options->progress, e->options->progress_user);
}

/* ---- rows ---- */

/* Allocates memory for all rows; called when their number is known. */
static alexnet_status open_rows(extraction *e, int64_t count)
{
    const bool as_bytes = e->options->as_bytes != 0 && e->session == NULL;
    size_t values;

    e->count = count;
    e->batch = (int)AN_MIN(e->batch, count);
    e->row_values = (size_t)e->shape[0] * (size_t)e->shape[1] * (size_t)e->shape[2];
    if (!an_multiply((size_t)count, e->row_values, &values))
        return an_fail(e->ctx, ALEXNET_NO_MEMORY, "%lld rows", (long long)count);
    if (as_bytes)
        e->bytes = an_new(e->ctx, values);
    else
        e->rows = an_new_array(e->ctx, values, sizeof *e->rows);
    if (e->bytes == NULL && e->rows == NULL)
        return an_fail(e->ctx, ALEXNET_NO_MEMORY, "%lld rows of %zu values", (long long)count,
                       e->row_values);
    return ALEXNET_OK;
}

/* Refuses values that are not finite, as classification does. */
static alexnet_status check_rows(const extraction *e, int n, int64_t first)
{
    const float *values = e->rows + (size_t)first * e->row_values;

    for (size_t i = 0; i < (size_t)n * e->row_values; ++i)
        if (!isfinite(values[i]))
            return an_fail(e->ctx, ALEXNET_DIVERGED,
                           "row %lld: the output of %s is %s: the weights or the input are too "
                           "large",
                           (long long)(first + (int64_t)(i / e->row_values)),
                           e->options->layer != NULL ? e->options->layer : "preprocessing",
                           isnan(values[i]) ? "not a number" : "infinite");
    return ALEXNET_OK;
}

/* Runs n preprocessed images, from a loader or a tensor. */
static alexnet_status add_rows(extraction *e, const float *images, int n, int64_t first)
{
    float *out = e->rows + (size_t)first * e->row_values;

    if (e->session != NULL)
        AN_TRY(alexnet_session_run(e->session, images, n, out));
    else
        memcpy(out, images, (size_t)n * e->row_values * sizeof *out);
    AN_TRY(check_rows(e, n, first));
    return report(e, first + n);
}

/* ---- the session ---- */

/* Called when the input size is known. */
static alexnet_status open_session(extraction *e)
{
    const an_shape input = e->model->nodes[0].x;

    e->shape[0] = input.c;
    e->shape[1] = input.h;
    e->shape[2] = input.w;
    if (e->options->layer == NULL) return ALEXNET_OK;
    if (e->model->options.classes == 0 &&
        (strcmp(e->options->layer, "prob") == 0 || strcmp(e->options->layer, "logits") == 0))
        an_log(e->ctx, ALEXNET_LOG_INFO, "the network has no classes: its output is that of %s",
               e->model->nodes[e->model->node_count - 1].name);
    AN_TRY(an_session_open_exclusive(e->model, e->batch, e->options->layer, &e->session));
    alexnet_session_get_output(e->session, e->shape);
    return ALEXNET_OK;
}

/* ---- from images ---- */

static alexnet_status run_loader(extraction *e, an_loader *loader)
{
    const an_batch *batch;

    for (int64_t done = 0; done < e->count; done += batch->n) {
        AN_TRY(an_loader_next(loader, &batch));
        AN_TRY(add_rows(e, batch->images, batch->n, done));
    }
    return ALEXNET_OK;
}

static alexnet_status extract_tensors(extraction *e, const an_source *source)
{
    an_loader_options options = {
        .source = source, .count = e->count, .views = 1, .batch = e->batch, .workers = -1};
    an_loader *loader;

    an_network_set_input(e->model, &e->record, &options);
    AN_TRY(an_loader_open(e->ctx, &options, &loader));
    const alexnet_status status = run_loader(e, loader);
    an_loader_close(loader);
    return status;
}

/* Preprocesses without mean and std: one image after the other, on this thread. */
static alexnet_status extract_bytes(extraction *e, const an_source *source)
{
    an_source_buffer buffer = {0};
    an_image image = {0}, pixels = {0};
    an_preparer preparer = {0};
    alexnet_status status = ALEXNET_OK;
    char name[1024];

    for (int64_t i = 0; i < e->count && status == ALEXNET_OK; ++i) {
        status = an_source_read(source, e->ctx, i, e->record.orientation, &buffer, &image);
        if (status == ALEXNET_OK)
            status = an_preprocess_pixels(e->ctx, &preparer, &e->record, NULL, NULL, 0, &image,
                                          e->shape[1], e->shape[2], &pixels);
        if (status == ALEXNET_OK) {
            memcpy(e->bytes + (size_t)i * e->row_values, pixels.pixels, e->row_values);
            status = report(e, i + 1);
        } else {
            an_source_name(source, i, name, sizeof name);
            status = an_fail_within(e->ctx, status, "%s", name);
        }
    }
    an_source_buffer_free(e->ctx, &buffer);
    an_image_free(e->ctx, &image);
    an_image_free(e->ctx, &pixels);
    an_preparer_free(e->ctx, &preparer);
    return status;
}

static alexnet_status extract_from_images(extraction *e)
{
    an_source *source;
    alexnet_status status;

    AN_TRY(open_session(e));
    AN_TRY(an_files_open(e->ctx, e->options->images, e->options->image_count, &source));
    an_source_tell_passed(e->ctx, source,
                          e->options->image_count == 1 ? e->options->images[0] : "the folders");
    status = open_rows(e, an_source_count(source));
    if (status == ALEXNET_OK)
        status = e->bytes != NULL ? extract_bytes(e, source) : extract_tensors(e, source);
    an_source_close(source);
    return status;
}

/* ---- from a tensor ---- */

/* Resizes the model to the tensor's images. A size in the options must be the same. */
static alexnet_status fit_to_view(extraction *e, const an_tensor_view *view)
{
    const int channels = e->model->family->input[0];
    const char *path = e->options->input;
    alexnet_run_size size = alexnet_run_size_default();
    char found[AN_SHAPE_TEXT];

    if (view->rank != 4 || view->shape[0] < 1 || view->shape[1] != channels ||
        view->shape[2] > ALEXNET_INPUT_MAX || view->shape[3] > ALEXNET_INPUT_MAX)
        return an_fail(e->ctx, ALEXNET_BAD_SHAPE, "%s: expected a tensor [n,%d,h,w], found %s",
                       path, channels, an_tensor_shape_text(view->shape, view->rank, found));
    if (e->options->size != NULL) AN_TAKE_OPTIONS(e->ctx, e->options->size, &size);
    const int h = (int)view->shape[2], w = (int)view->shape[3];
    if ((size.input_h > 0 && size.input_h != h) || (size.input_w > 0 && size.input_w != w))
        return an_fail(e->ctx, ALEXNET_BAD_ARG,
                       "%s is of %dx%d, but an input of %dx%d was requested", path, h, w,
                       size.input_h, size.input_w);
    size.input_h = h;
    size.input_w = w;
    const alexnet_status status = alexnet_model_resize(e->model, &size);
    return status == ALEXNET_OK ? ALEXNET_OK : an_fail_within(e->ctx, status, "%s", path);
}

static alexnet_status extract_from_view(extraction *e, const an_tensor_view *view)
{
    const char *path = e->options->input;
    float *images;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(fit_to_view(e, view));
    AN_TRY(open_session(e));
    AN_TRY(open_rows(e, view->shape[0]));
    images = an_new_array(e->ctx, (size_t)view->count, sizeof *images);
    if (images == NULL) return an_fail(e->ctx, ALEXNET_NO_MEMORY, "%s", path);
    /* a ReLU turns NaN into 0, so the output might not show it */
    status = an_tensor_to_finite(e->ctx, path, view, images);
    for (int64_t done = 0; done < e->count && status == ALEXNET_OK; done += e->batch) {
        const int n = (int)AN_MIN(e->batch, e->count - done);
        status = add_rows(e, images + done * an_shape_image(e->model->nodes[0].x), n, done);
    }
    an_free(e->ctx, images);
    return status;
}

static alexnet_status extract_from_npy(extraction *e)
{
    an_reader reader;
    an_tensor_view view;

    AN_TRY(an_npy_open(e->ctx, e->options->input, &reader, &view));
    const alexnet_status status = extract_from_view(e, &view);
    an_reader_close(&reader);
    return status;
}

static alexnet_status extract_from_safetensors(extraction *e)
{
    an_tensor_file file;
    alexnet_status status;

    AN_TRY(an_safetensors_open(e->ctx, e->options->input, &file));
    if (file.count == 1)
        status = extract_from_view(e, &file.tensors[0]);
    else
        status = an_fail(e->ctx, ALEXNET_BAD_FILE, "%s: expected one tensor, found %zu",
                         e->options->input, file.count);
    an_tensor_file_close(e->ctx, &file);
    return status;
}

/* ---- the file ---- */

/* slim's alexnet_v2() returns a map of 1x1 if it has no classes or no squeeze. */
static bool keeps_map(const extraction *e)
{
    const alexnet_model_options *options = &e->model->options;
    const int first = e->model->node_count - (options->classes > 0 ? 2 : 1);

    return (options->classes == 0 || options->squeeze == 0) &&
           an_model_find_layer(e->model, e->options->layer) >= first;
}

static an_tensor_out describe(const extraction *e)
{
    const char *layer = e->options->layer;
    an_tensor_out out = {
        .name = layer != NULL ? layer : "images", .dtype = AN_F32, .rank = 4, .data = e->rows};

    out.shape[0] = e->count;
    if (e->bytes != NULL) {
        out.dtype = AN_U8;
        out.data = e->bytes;
        out.shape[1] = e->shape[1];
        out.shape[2] = e->shape[2];
        out.shape[3] = e->shape[0];
        return out;
    }
    for (int i = 0; i < 3; ++i)
        out.shape[1 + i] = e->shape[i];
    if (e->session != NULL && e->shape[1] == 1 && e->shape[2] == 1 && !keeps_map(e)) out.rank = 2;
    return out;
}

static bool is_npy(const char *path) { return an_path_has_extension(path, "npy"); }

static alexnet_status check_given(alexnet_context *ctx, const alexnet_features_options *options)
{
    return options->weights != NULL && options->out != NULL && options->batch >= 0
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_ARG,
                         "features need weights, an output file and a batch of at least 1");
}

static alexnet_status check_options(alexnet_context *ctx, const alexnet_features_options *options,
                                    const char *weights)
{
    AN_TRY(an_output_is_not(ctx, options->out, weights));
    if (options->input != NULL) AN_TRY(an_output_is_not(ctx, options->out, options->input));
    if (options->input != NULL && options->image_count > 0)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "features need either images or an input tensor, not both");
    if (options->input != NULL && options->orientation != ALEXNET_ORIENTATION_DEFAULT)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "orientation applies to images; the tensor '%s' is used as it is",
                       options->input);
    if (options->as_bytes && (options->layer != NULL || options->input != NULL))
        return an_fail(ctx, ALEXNET_BAD_ARG, "only preprocessed images can be written as bytes");
    if (!is_npy(options->out) && !an_path_has_extension(options->out, "safetensors"))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "'%s': expected a name that ends in .safetensors or .npy", options->out);
    return ALEXNET_OK;
}

/* held: of a part of a network, the number of nodes that can be run; NULL: load a whole one */
static alexnet_status load(extraction *e, int *held)
{
    const alexnet_features_options *options = e->options;
    alexnet_context *ctx = e->ctx;

    if (options->input != NULL) /* no images: the preprocessing record does not matter */
        return held != NULL ? an_partial_load(ctx, e->weights, &e->model, held)
                            : alexnet_model_load(ctx, e->weights, &e->model);
    return held != NULL
               ? an_network_load_part(ctx, e->weights, options->orientation, options->size,
                                      &e->model, held)
               : an_network_load(ctx, e->weights, options->orientation, options->size, &e->model);
}

/* The layer must be among those that the file holds, before the first that lacks its weights. */
static alexnet_status check_held(const extraction *e, int held)
{
    const alexnet_model *model = e->model;
    const char *layer = e->options->layer;
    const int index = layer != NULL ? an_model_find_layer(model, layer) : -1;

    if (index < held) return ALEXNET_OK;
    return an_fail(e->ctx, ALEXNET_BAD_FILE,
                   "%s: it is a part of %s without the weights of %s, which '%s' needs: the last "
                   "layer that it holds is %s; a part of a network is completed by 'alexnet init "
                   "%s --from %s -o whole.safetensors'",
                   e->weights, model->family->name, model->nodes[held].name, layer,
                   held > 0 ? model->nodes[held - 1].name : "none", model->family->name,
                   e->weights);
}

/* Loads a whole network, or else a part; if it is neither, the message is about a whole one. */
static alexnet_status load_any(extraction *e)
{
    char cause[AN_ERROR_BYTES];
    int held = -1;

    const alexnet_status status = load(e, NULL);
    if (status != ALEXNET_BAD_FILE && status != ALEXNET_BAD_SHAPE && status != ALEXNET_UNSUPPORTED)
        return status;
    an_print(cause, sizeof cause, "%s", alexnet_error(e->ctx));
    const alexnet_status part = load(e, &held);
    if (part == ALEXNET_OK) return check_held(e, held);
    if (held >= 0) return part; /* it is a part, but cannot be run */
    return part == ALEXNET_BAD_FILE || part == ALEXNET_BAD_SHAPE || part == ALEXNET_UNSUPPORTED
               ? an_fail(e->ctx, status, "%s", cause)
               : part;
}

static alexnet_status open_network(extraction *e)
{
    const alexnet_features_options *options = e->options;

    AN_TRY(load_any(e));
    if (options->layer != NULL && an_model_find_layer(e->model, options->layer) < 0)
        return an_fail(e->ctx, ALEXNET_NOT_FOUND,
                       "%s: model %s has no layer '%s': `alexnet info %s` lists them", e->weights,
                       e->model->family->name, options->layer, e->weights);
    return an_preprocess_parse(e->ctx, e->model->preprocess, &e->record);
}

static alexnet_status extract(extraction *e, an_tensor_out *out)
{
    AN_TRY(check_given(e->ctx, e->options));
    AN_TRY(an_weights_file(e->ctx, e->options->weights, &e->weights));
    AN_TRY(check_options(e->ctx, e->options, e->weights));
    AN_TRY(an_output_try(e->ctx, e->options->out));
    AN_TRY(open_network(e));
    if (e->options->input == NULL)
        AN_TRY(extract_from_images(e));
    else
        AN_TRY(is_npy(e->options->input) ? extract_from_npy(e) : extract_from_safetensors(e));
    *out = describe(e);
    return is_npy(e->options->out)
               ? an_npy_write(e->ctx, e->options->out, out)
               : an_safetensors_write(e->ctx, e->options->out, out, 1, NULL, NULL, 0);
}

alexnet_status alexnet_features(alexnet_context *ctx, const alexnet_features_options *options,
                                int *rank, int64_t shape[4])
{
    alexnet_features_options given;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_TAKE_OPTIONS(ctx, options, &given);
    AN_TRY(an_network_check_paths(ctx, given.images, given.image_count));
    AN_NEED_WITHIN(ctx, given.batch, 0, ALEXNET_BATCH_MAX);
    AN_NEED_WITHIN(ctx, given.orientation, 0, ALEXNET_ORIENTATION_STORED);
    extraction e = {.ctx = ctx,
                    .options = &given,
                    .batch = given.batch > 0 ? given.batch : DEFAULT_BATCH,
                    .start = an_seconds()};
    an_tensor_out out = {0};
    const alexnet_status status = extract(&e, &out);

    if (status == ALEXNET_OK && rank != NULL) *rank = out.rank;
    if (status == ALEXNET_OK && shape != NULL) memcpy(shape, out.shape, 4 * sizeof *shape);
    alexnet_session_close(e.session);
    alexnet_model_free(e.model);
    an_free(ctx, e.weights);
    an_free(ctx, e.rows);
    an_free(ctx, e.bytes);
    return status;
}
