/*
 * classifier.c: classifies one image at a time, for programs that embed the library.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "infer/metrics.h"
#include "infer/network.h"
#include <string.h>

#define IMAGE_BYTES_MAX ((size_t)256 << 20)

struct alexnet_classifier {
    alexnet_context *ctx;
    alexnet_model *model;
    an_network network; /* for batches of one image */
    an_image image;
    an_preparer preparer;
    float *tensor;                  /* [3][h][w] */
    int *order;                     /* [classes] */
    char (*labels)[AN_LABEL_BYTES]; /* [classes] if the classes are unnamed, else NULL */
};

static alexnet_status open_classifier(alexnet_classifier *c)
{
    AN_TRY(an_network_join(c->model));
    AN_TRY(an_network_open(c->model, 1, 1, true, &c->network));

    const size_t classes = (size_t)c->model->options.classes;
    const size_t pixels = (size_t)an_shape_image(c->model->nodes[0].x);
    c->tensor = an_new_array(c->ctx, pixels, sizeof *c->tensor);
    c->order = an_new_array(c->ctx, classes, sizeof *c->order);
    if (c->model->classes == NULL) c->labels = an_new_array(c->ctx, classes, sizeof *c->labels);
    if (c->tensor == NULL || c->order == NULL || (c->model->classes == NULL && c->labels == NULL))
        return an_fail(c->ctx, ALEXNET_NO_MEMORY, "classifier");
    return ALEXNET_OK;
}

alexnet_status alexnet_classifier_take_model(alexnet_model *model, alexnet_classifier **out)
{
    alexnet_classifier *c;

    AN_NEED(NULL, model);
    alexnet_context *ctx = model->ctx;
    AN_NEED(ctx, out);
    *out = NULL;
    if (model->values == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "classifier: the model is only described, without weights");
    AN_TRY(an_network_check(model));
    c = an_new_zeroed(ctx, sizeof *c);
    if (c == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "classifier");
    c->ctx = ctx;
    c->model = model;
    const alexnet_status status = open_classifier(c);
    if (status != ALEXNET_OK) {
        c->model = NULL; /* still owned by the caller */
        alexnet_classifier_close(c);
        return status;
    }
    *out = c;
    return ALEXNET_OK;
}

alexnet_status alexnet_classifier_open(alexnet_context *ctx, const char *weights,
                                       alexnet_classifier **out)
{
    alexnet_model *model;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED(ctx, weights);
    AN_TRY(an_network_load(ctx, weights, ALEXNET_ORIENTATION_DEFAULT, NULL, &model));
    const alexnet_status status = alexnet_classifier_take_model(model, out);
    if (status != ALEXNET_OK) alexnet_model_free(model);
    return status;
}

void alexnet_classifier_close(alexnet_classifier *c)
{
    if (c == NULL) return;
    an_network_close(&c->network);
    alexnet_model_free(c->model);
    an_image_free(c->ctx, &c->image);
    an_preparer_free(c->ctx, &c->preparer);
    an_free(c->ctx, c->tensor);
    an_free(c->ctx, c->order);
    an_free(c->ctx, c->labels);
    an_free(c->ctx, c);
}

static alexnet_status prepare(alexnet_classifier *c, const void *data, size_t bytes)
{
    const an_preprocess *record = &c->network.record;
    const an_shape input = c->model->nodes[0].x;

    AN_TRY(an_image_decode(c->ctx, data, bytes, record->orientation, &c->image));
    return an_preprocess_tensor(c->ctx, &c->preparer, record, c->model->mean_image,
                                c->model->mean_shape[1], c->model->mean_shape[2], NULL, NULL, 0,
                                &c->image, input.h, input.w, c->tensor);
}

alexnet_status alexnet_classifier_memory(alexnet_classifier *c, const void *data, size_t bytes,
                                         int topk, alexnet_prediction *predictions, int *count)
{
    AN_NEED(NULL, c);
    AN_NEED(c->ctx, data);
    AN_NEED(c->ctx, predictions);
    const int filled = AN_MIN(topk, c->network.classes);
    if (topk < 1) return an_fail(c->ctx, ALEXNET_BAD_ARG, "topk is %d, expected 1 or more", topk);
    AN_TRY(prepare(c, data, bytes));
    AN_TRY(an_network_classify(&c->network, c->tensor, 1));
    an_best_classes(c->network.probs, c->network.classes, filled, c->order);
    for (int i = 0; i < filled; ++i) {
        const int index = c->order[i];
        predictions[i] = (alexnet_prediction){
            .index = index,
            .label = an_network_label(c->model, index, c->labels != NULL ? c->labels[index] : NULL),
            .probability = c->network.probs[index],
        };
    }
    if (count != NULL) *count = filled;
    return ALEXNET_OK;
}

alexnet_status alexnet_classifier_file(alexnet_classifier *c, const char *path, int topk,
                                       alexnet_prediction *predictions, int *count)
{
    an_bytes bytes;
    alexnet_status status;

    AN_NEED(NULL, c);
    AN_NEED(c->ctx, path);
    AN_NEED(c->ctx, predictions);
    AN_TRY(an_file_read(c->ctx, path, IMAGE_BYTES_MAX, &bytes));
    status = alexnet_classifier_memory(c, bytes.data, bytes.size, topk, predictions, count);
    an_bytes_free(c->ctx, &bytes);
    if (status != ALEXNET_OK) status = an_fail_within(c->ctx, status, "%s", path);
    return status;
}
