/*
 * network.c: from preprocessed images to class probabilities.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/network.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/partial.h"
#include <math.h>

alexnet_status an_network_check(const alexnet_model *model)
{
    const an_shape x = model->nodes[0].x;
    an_preprocess record;

    AN_TRY(an_preprocess_parse(model->ctx, model->preprocess, &record));
    return an_preprocess_check(model->ctx, &record, model->mean_image, model->mean_shape[1],
                               model->mean_shape[2], x.h, x.w);
}

/* A record that does not fit is the file's fault, not that of the caller's arguments. */
static alexnet_status check_file(const alexnet_model *model)
{
    const alexnet_status status = an_network_check(model);

    return status == ALEXNET_BAD_ARG ? ALEXNET_BAD_FILE : status;
}

/* Resizes the model; logs the new size and preprocessing. */
static alexnet_status resize(alexnet_model *model, const alexnet_run_size *size)
{
    const int h = model->options.input_h, w = model->options.input_w;

    AN_TRY(alexnet_model_resize(model, size));
    if (model->options.input_h != h || model->options.input_w != w)
        an_log(model->ctx, ALEXNET_LOG_INFO, "input of %dx%d instead of %dx%d; preprocessing: %s",
               model->options.input_h, model->options.input_w, h, w, model->preprocess);
    return ALEXNET_OK;
}

alexnet_status an_network_check_paths(alexnet_context *ctx, const char *const *paths, size_t count)
{
    if (count > 0 && paths == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "the list of %zu paths is NULL", count);
    for (size_t i = 0; i < count; ++i)
        if (paths[i] == NULL)
            return an_fail(ctx, ALEXNET_BAD_ARG, "path %zu of %zu is NULL", i, count);
    return ALEXNET_OK;
}

/* Makes a loaded model ready for images; on failure frees it. */
static alexnet_status prepare(alexnet_model *model, const char *path,
                              alexnet_orientation orientation, const alexnet_run_size *size,
                              alexnet_model **out)
{
    alexnet_context *ctx = model->ctx;

    alexnet_status status = alexnet_model_set_orientation(model, orientation);
    if (status == ALEXNET_OK) status = check_file(model);
    if (status == ALEXNET_OK) status = resize(model, size);
    if (status == ALEXNET_OK) status = check_file(model);
    if (status != ALEXNET_OK) {
        alexnet_model_free(model);
        return an_fail_within(ctx, status, "%s", path);
    }
    *out = model;
    return ALEXNET_OK;
}

alexnet_status an_network_load(alexnet_context *ctx, const char *path,
                               alexnet_orientation orientation, const alexnet_run_size *size,
                               alexnet_model **out)
{
    alexnet_model *model;

    *out = NULL;
    AN_TRY(alexnet_model_load(ctx, path, &model));
    return prepare(model, path, orientation, size, out);
}

alexnet_status an_network_load_part(alexnet_context *ctx, const char *path,
                                    alexnet_orientation orientation, const alexnet_run_size *size,
                                    alexnet_model **out, int *held)
{
    alexnet_model *model;

    *out = NULL;
    AN_TRY(an_partial_load(ctx, path, &model, held));
    return prepare(model, path, orientation, size, out);
}

alexnet_status an_network_join(alexnet_model *model)
{
    static const alexnet_run_size pooled = {.struct_size = sizeof pooled, .global_pool = 1};
    const an_shape last = model->nodes[model->node_count - 1].y;

    if (model->options.classes == 0 || (last.h == 1 && last.w == 1)) return ALEXNET_OK;
    AN_TRY(alexnet_model_resize(model, &pooled));
    an_log(model->ctx, ALEXNET_LOG_INFO,
           "its output is a map of %dx%d positions: the logits are averaged, as by a global pool",
           last.h, last.w);
    return ALEXNET_OK;
}

/* Allocates the rest of a network; `status` is that of opening its session. */
static alexnet_status complete(an_network *network, alexnet_status status)
{
    alexnet_context *ctx = network->model->ctx;

    AN_TRY(status);
    network->probs = an_new_array(ctx, (size_t)network->batch * (size_t)network->views,
                                  (size_t)network->classes * sizeof(float));
    if (network->probs != NULL) return ALEXNET_OK;
    status = an_fail(ctx, ALEXNET_NO_MEMORY, "probabilities of %d images", network->batch);
    an_network_close(network);
    return status;
}

alexnet_status an_network_open(alexnet_model *model, int batch, int views, bool exclusive,
                               an_network *network)
{
    *network = (an_network){
        .model = model, .batch = batch, .views = views, .classes = model->options.classes};
    AN_TRY(an_model_check_classifier(model));
    AN_TRY(an_preprocess_parse(model->ctx, model->preprocess, &network->record));
    return complete(network,
                    exclusive
                        ? an_session_open_exclusive(model, batch * views, NULL, &network->session)
                        : alexnet_session_open(model, batch * views, NULL, &network->session));
}

alexnet_status an_network_open_like(alexnet_model *model, an_network *of, an_network *network)
{
    *network = (an_network){.model = model,
                            .record = of->record,
                            .batch = of->batch,
                            .views = of->views,
                            .classes = of->classes};
    return complete(network, an_session_open_like(model, of->session, &network->session));
}

alexnet_status an_network_book(const alexnet_model *model, int batch, int64_t images, int views,
                               bool exclusive, an_footprint *footprint)
{
    const an_session_order order = {
        .mode = AN_INFER,
        .batch = batch * views,
        .images = (int)AN_MIN(batch, AN_MAX(images, 1)) * views,
        .output = model->node_count - 1,
        .exclusive = exclusive,
    };

    an_footprint_add(footprint,
                     (int64_t)batch * views * model->options.classes * (int64_t)sizeof(float));
    return an_session_book(model, &order, footprint);
}

void an_network_close(an_network *network)
{
    alexnet_session_close(network->session);
    if (network->probs != NULL) an_free(network->model->ctx, network->probs);
    *network = (an_network){0};
}

/* Writes the mean of each image's views to its row, which is at or before the rows of its views. */
static void average_views(float *probs, int n, int views, int classes)
{
    for (int i = 0; i < n; ++i)
        for (int c = 0; c < classes; ++c) {
            double sum = 0;
            for (int view = 0; view < views; ++view)
                sum += (double)probs[((ptrdiff_t)i * views + view) * classes + c];
            probs[(ptrdiff_t)i * classes + c] = (float)(sum / views);
        }
}

alexnet_status an_network_classify(an_network *network, const float *images, int n)
{
    const ptrdiff_t count = (ptrdiff_t)n * network->classes;

    AN_TRY(alexnet_session_run(network->session, images, n * network->views, network->probs));
    if (network->views > 1) average_views(network->probs, n, network->views, network->classes);
    for (ptrdiff_t i = 0; i < count; ++i)
        if (isnan(network->probs[i]))
            return an_fail(
                network->model->ctx, ALEXNET_DIVERGED,
                "the network's output is not a number: its weights are too large or not finite");
    return ALEXNET_OK;
}

void an_network_set_input(const alexnet_model *model, const an_preprocess *record,
                          an_loader_options *options)
{
    options->record = record;
    options->mean_image = model->mean_image;
    options->mean_h = model->mean_shape[1];
    options->mean_w = model->mean_shape[2];
    options->height = model->nodes[0].x.h;
    options->width = model->nodes[0].x.w;
}

const char *an_network_label(const alexnet_model *model, int index, char buffer[AN_LABEL_BYTES])
{
    const char *name = alexnet_model_class(model, index);

    if (name != NULL) return name;
    an_print(buffer, AN_LABEL_BYTES, "class %d", index);
    return buffer;
}
