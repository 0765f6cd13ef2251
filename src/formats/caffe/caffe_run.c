/*
 * caffe_run.c: a network run layer by layer, by the rules of Caffe's own layers (BVLC/caffe,
 * src/caffe/layers). Blobs are read as they are in the file: nothing here uses the tensors' names,
 * layouts or the graph that the rest of the program reads, as `convert` compares the two.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/status.h"
#include "formats/caffe/caffe.h"
#include <string.h>

/* A layer that runs, and its map, which it replaces. */
typedef struct job {
    alexnet_context *ctx;
    const char *path;
    const an_tensor_file *file;
    const an_caffe_layer *layer;
    an_plain_map *map;
} job;

static alexnet_status fail_job(const job *j, const char *fact)
{
    return an_fail(j->ctx, ALEXNET_BAD_FILE, "%s: layer '%s' (%s): %s", j->path, j->layer->name,
                   j->layer->type, fact);
}

/* The values of a blob, which the caller frees; NULL if there is no such blob. */
static alexnet_status read_values(const job *j, int blob, int64_t count, float **out)
{
    *out = NULL;
    if (blob >= j->layer->blob_count) return ALEXNET_OK;
    an_tensor_view view = j->layer->blobs[blob].view;
    view.name = j->layer->name;
    view.reader = j->file->reader;
    if (view.count != count) return fail_job(j, "its values are not as many as its settings say");
    *out = an_new_array(j->ctx, (size_t)count, sizeof **out);
    if (*out == NULL)
        return an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: layer '%s'", j->path, j->layer->name);
    return an_tensor_to_float(j->ctx, j->path, &view, *out);
}

/* The values of the layer's first two blobs; free both whatever the status. */
static alexnet_status read_weights(const job *j, int64_t weights, int64_t biases, float *values[2])
{
    values[0] = values[1] = NULL;
    AN_TRY(read_values(j, 0, weights, &values[0]));
    if (values[0] == NULL) return fail_job(j, "it has no weights");
    if (j->layer->bias_term) AN_TRY(read_values(j, 1, biases, &values[1]));
    return values[1] != NULL || !j->layer->bias_term ? ALEXNET_OK : fail_job(j, "it has no biases");
}

static void replace(const job *j, const an_plain_map *y)
{
    an_plain_free(j->ctx, j->map);
    *j->map = *y;
}

static an_plain_window window_of(const job *j)
{
    const an_caffe_layer *l = j->layer;
    an_plain_window window = {.up = l->kind == AN_CAFFE_POOLING && l->round_mode == 0,
                              .pad = {l->pad.at[0], l->pad.at[1], l->pad.at[0], l->pad.at[1]}};

    memcpy(window.kernel, l->kernel.at, sizeof window.kernel);
    memcpy(window.stride, l->stride.at, sizeof window.stride);
    if (l->kind == AN_CAFFE_POOLING && l->global) {
        window.kernel[0] = j->map->h;
        window.kernel[1] = j->map->w;
    }
    return window;
}

static alexnet_status run_convolution(const job *j)
{
    const an_caffe_layer *l = j->layer;
    const an_plain_window window = window_of(j);
    an_plain_map y = {0};
    float *values[2];

    if (l->groups < 1 || j->map->c % l->groups != 0 || l->outputs % l->groups != 0)
        return fail_job(j, "its groups do not divide its channels");
    /* sizes are at most 2^24: a product of three of them fits only where it is that of the blob */
    const int64_t kernel = (int64_t)l->kernel.at[0] * l->kernel.at[1];
    const int64_t inputs = (int64_t)(j->map->c / l->groups) * l->outputs;
    if (kernel < 1 || inputs < 1 || kernel > INT64_MAX / inputs)
        return fail_job(j, "its kernel is impossible");
    alexnet_status status = read_weights(j, kernel * inputs, l->outputs, values);
    if (status == ALEXNET_OK)
        status = an_plain_conv2d(j->ctx, l->name, j->map, &window, l->groups, l->outputs, values[0],
                                 values[1], &y);
    an_free(j->ctx, values[0]);
    an_free(j->ctx, values[1]);
    if (status == ALEXNET_OK) replace(j, &y);
    return status;
}

/* [inputs][outputs] to [outputs][inputs]; NULL: no memory. */
static float *transpose(alexnet_context *ctx, const float *from, int64_t inputs, int outputs)
{
    float *to = an_new_array(ctx, (size_t)(inputs * outputs), sizeof *to);

    for (int64_t i = 0; to != NULL && i < inputs; ++i)
        for (int k = 0; k < outputs; ++k)
            to[k * inputs + i] = from[i * outputs + k];
    return to;
}

static alexnet_status run_inner_product(const job *j)
{
    const an_caffe_layer *l = j->layer;
    const an_plain_map *x = j->map;
    const int64_t inputs = (int64_t)x->c * x->h * x->w;
    an_plain_map y = {0};
    float *values[2];

    if (inputs > INT64_MAX / AN_MAX(l->outputs, 1)) return fail_job(j, "its map is too large");
    alexnet_status status = read_weights(j, inputs * l->outputs, l->outputs, values);
    if (status == ALEXNET_OK && l->transpose) {
        float *turned = transpose(j->ctx, values[0], inputs, l->outputs);
        an_free(j->ctx, values[0]);
        values[0] = turned;
        if (turned == NULL)
            status = an_fail(j->ctx, ALEXNET_NO_MEMORY, "%s: layer '%s'", j->path, l->name);
    }
    if (status == ALEXNET_OK)
        status = an_plain_linear(j->ctx, l->name, x, l->outputs, values[0], values[1], &y);
    an_free(j->ctx, values[0]);
    an_free(j->ctx, values[1]);
    if (status == ALEXNET_OK) replace(j, &y);
    return status;
}

static alexnet_status run_pooling(const job *j)
{
    const an_plain_window window = window_of(j);
    an_plain_map y = {0};

    AN_TRY(j->layer->method == 0
               ? an_plain_max_pool(j->ctx, j->layer->name, j->map, &window, &y)
               : an_plain_average_pool(j->ctx, j->layer->name, j->map, &window, true, &y));
    replace(j, &y);
    return ALEXNET_OK;
}

/* Across channels alpha is that of the mean of squares; within a map too, and k is 1. */
static alexnet_status run_lrn(const job *j)
{
    const an_caffe_layer *l = j->layer;
    an_plain_map y = {0};

    AN_TRY(l->region == 0
               ? an_plain_lrn_across(j->ctx, l->name, j->map, l->size, l->alpha / l->size, l->beta,
                                     l->k, &y)
               : an_plain_lrn_within(j->ctx, l->name, j->map, l->size,
                                     l->alpha / ((double)l->size * l->size), l->beta, 1, &y));
    replace(j, &y);
    return ALEXNET_OK;
}

/* The statistics are sums; the third blob is the number that they are divided by. */
static alexnet_status run_batch_norm(const job *j)
{
    const int64_t counts[3] = {j->map->c, j->map->c, 1};
    float *values[3] = {NULL, NULL, NULL};
    alexnet_status status = ALEXNET_OK;

    if (j->layer->blob_count != 3) return fail_job(j, "it has not three blobs");
    for (int i = 0; i < 3 && status == ALEXNET_OK; ++i)
        status = read_values(j, i, counts[i], &values[i]);
    if (status == ALEXNET_OK) {
        const float factor = values[2][0] == 0 ? 0 : 1 / values[2][0];
        for (int i = 0; i < 2 * j->map->c; ++i)
            values[i / j->map->c][i % j->map->c] *= factor;
        an_plain_batch_norm(j->map, values[0], values[1], j->layer->epsilon, NULL, NULL);
    }
    for (int i = 0; i < 3; ++i)
        an_free(j->ctx, values[i]);
    return status;
}

static alexnet_status run_scale(const job *j)
{
    an_plain_map *x = j->map;
    const int64_t plane = (int64_t)x->h * x->w;
    float *values[2];

    const alexnet_status status = read_weights(j, x->c, x->c, values);
    for (int64_t i = 0; status == ALEXNET_OK && i < (int64_t)x->n * x->c; ++i) {
        const float factor = values[0][i % x->c];
        const float shift = values[1] != NULL ? values[1][i % x->c] : 0;
        for (int64_t k = 0; k < plane; ++k)
            x->data[i * plane + k] = x->data[i * plane + k] * factor + shift;
    }
    an_free(j->ctx, values[0]);
    an_free(j->ctx, values[1]);
    return status;
}

static void multiply(an_plain_map *x, double factor)
{
    const int64_t count = (int64_t)x->n * x->c * x->h * x->w;

    for (int64_t i = 0; i < count; ++i)
        x->data[i] = (float)((double)x->data[i] * factor);
}

static alexnet_status run_flatten(const job *j)
{
    const int64_t count = (int64_t)j->map->c * j->map->h * j->map->w;

    if (count > AN_CAFFE_SIZE_MAX) return fail_job(j, "its map is too large");
    j->map->c = (int)count;
    j->map->h = j->map->w = 1;
    return ALEXNET_OK;
}

static alexnet_status run_layer(const job *j)
{
    switch (j->layer->kind) {
    case AN_CAFFE_CONVOLUTION:
        return run_convolution(j);
    case AN_CAFFE_POOLING:
        return run_pooling(j);
    case AN_CAFFE_LRN:
        return run_lrn(j);
    case AN_CAFFE_INNER_PRODUCT:
        return run_inner_product(j);
    case AN_CAFFE_BATCH_NORM:
        return run_batch_norm(j);
    case AN_CAFFE_SCALE:
        return run_scale(j);
    case AN_CAFFE_FLATTEN:
        return run_flatten(j);
    case AN_CAFFE_RELU:
        an_plain_relu(j->map);
        break;
    case AN_CAFFE_TANH:
        an_plain_tanh(j->map);
        break;
    case AN_CAFFE_SIGMOID:
        an_plain_sigmoid(j->map);
        break;
    case AN_CAFFE_POWER:
        multiply(j->map, j->layer->factor);
        break;
    default:
        multiply(j->map, 1 - j->layer->ratio); /* dropout that scales in inference */
    }
    return ALEXNET_OK;
}

alexnet_status an_caffe_run(alexnet_context *ctx, const char *path, const an_tensor_file *file,
                            const an_plain_map *images, an_plain_map *logits)
{
    const an_caffe_net *net = file->network;
    an_plain_map map = {0};

    *logits = (an_plain_map){0};
    if (net == NULL || net->not_chain != NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s: %s", path,
                       net != NULL ? net->not_chain : "it is a mean image, not a network");
    AN_TRY(an_plain_new(ctx, "data", images->n, images->c, images->h, images->w, &map));
    memcpy(map.data, images->data,
           (size_t)map.n * (size_t)map.c * (size_t)map.h * (size_t)map.w * sizeof *map.data);
    for (int i = 0; i < net->chain_count; ++i) {
        const job j = {ctx, path, file, net->chain[i], &map};
        const alexnet_status status = run_layer(&j);
        if (status == ALEXNET_OK) continue;
        an_plain_free(ctx, &map);
        return status;
    }
    *logits = map;
    return ALEXNET_OK;
}
