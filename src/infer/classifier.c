/*
 * classifier.c: alexnet_classifier_...(): classifies encoded images, for programs that embed the
 * library.
 *
 * Images are decoded in groups, each image by one thread with its own working memory (decoder);
 * then the network runs on the group, `batch` images at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/each.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include "base/text.h"
#include "infer/metrics.h"
#include "infer/network.h"
#include <string.h>

#define IMAGE_BYTES_MAX ((size_t)256 << 20)

/* The working memory of one thread. */
typedef struct decoder {
    an_image image;
    an_preparer preparer;
} decoder;

struct alexnet_classifier {
    alexnet_context *ctx;
    alexnet_model *model;
    an_network network; /* for batches of `batch` images */
    int group;          /* images that are decoded together */
    int decoder_count;
    decoder *decoders;
    float *tensors;                 /* [group][3][h][w] */
    int *order;                     /* [classes] */
    char (*labels)[AN_LABEL_BYTES]; /* [classes] if the classes are unnamed, else NULL */
    char **errors;                  /* one for each image of the last batch; NULL: success */
    int error_count;
};

/* ---- opening and closing ---- */

/* A group is large enough to keep every thread busy and to fill a batch of the network. */
static void choose_group(alexnet_classifier *c)
{
    const int batch = c->network.batch;

    c->decoder_count = an_team_size(c->ctx, -1, INT32_MAX);
    c->group = AN_MAX(batch, c->decoder_count);
}

static alexnet_status open_buffers(alexnet_classifier *c)
{
    const size_t classes = (size_t)c->model->options.classes;
    const size_t pixels = (size_t)an_shape_image(c->model->nodes[0].x);

    choose_group(c);
    c->decoders = an_new_array(c->ctx, (size_t)c->decoder_count, sizeof *c->decoders);
    c->tensors = an_new_array(c->ctx, (size_t)c->group, pixels * sizeof *c->tensors);
    c->order = an_new_array(c->ctx, classes, sizeof *c->order);
    if (c->model->classes == NULL) c->labels = an_new_array(c->ctx, classes, sizeof *c->labels);
    if (c->decoders == NULL || c->tensors == NULL || c->order == NULL ||
        (c->model->classes == NULL && c->labels == NULL))
        return an_fail(c->ctx, ALEXNET_NO_MEMORY, "classifier");
    return ALEXNET_OK;
}

static alexnet_status open_classifier(alexnet_classifier *c, int batch)
{
    AN_TRY(an_network_join(c->model));
    AN_TRY(an_network_open(c->model, batch, 1, c->model->lender == NULL, &c->network));
    return open_buffers(c);
}

/* Returns NULL if there is no memory, with the message in the model's context. */
static alexnet_classifier *create(alexnet_model *model)
{
    alexnet_classifier *c = an_new_zeroed(model->ctx, sizeof *c);

    if (c == NULL) {
        an_fail(model->ctx, ALEXNET_NO_MEMORY, "classifier");
        return NULL;
    }
    c->ctx = model->ctx;
    c->model = model;
    return c;
}

/* Hands the classifier to the caller, or closes it after an error; the caller then keeps the model.
   */
static alexnet_status conclude(alexnet_classifier *c, alexnet_status status,
                               alexnet_classifier **out)
{
    if (status == ALEXNET_OK) {
        *out = c;
        return ALEXNET_OK;
    }
    an_network_close(&c->network);
    c->model = NULL;
    alexnet_classifier_close(c);
    return status;
}

alexnet_status alexnet_classifier_take_model(alexnet_model *model, int batch,
                                             alexnet_classifier **out)
{
    AN_NEED(NULL, model);
    alexnet_context *ctx = model->ctx;
    AN_NEED(ctx, out);
    *out = NULL;
    AN_NEED_WITHIN(ctx, batch, 1, ALEXNET_BATCH_MAX);
    if (model->values == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "classifier: the model is only described, without weights");
    AN_TRY(an_model_check_unshared(model, "classifier"));
    AN_TRY(an_network_check(model));
    alexnet_classifier *c = create(model);
    return c != NULL ? conclude(c, open_classifier(c, batch), out) : ALEXNET_NO_MEMORY;
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
    const alexnet_status status = alexnet_classifier_take_model(model, 1, out);
    if (status != ALEXNET_OK) alexnet_model_free(model);
    return status;
}

static alexnet_status open_shared(alexnet_classifier *c, alexnet_classifier *of)
{
    AN_TRY(an_network_open_like(c->model, &of->network, &c->network));
    return open_buffers(c);
}

alexnet_status alexnet_classifier_share(alexnet_classifier *classifier, alexnet_context *ctx,
                                        alexnet_classifier **out)
{
    alexnet_model *model;

    AN_NEED(ctx, classifier);
    AN_NEED(ctx, ctx);
    AN_NEED(ctx, out);
    *out = NULL;
    AN_TRY(alexnet_model_share(classifier->model, ctx, &model));
    alexnet_classifier *c = create(model);
    const alexnet_status status =
        c != NULL ? conclude(c, open_shared(c, classifier), out) : ALEXNET_NO_MEMORY;
    if (status != ALEXNET_OK) alexnet_model_free(model);
    return status;
}

static void free_errors(alexnet_classifier *c)
{
    for (int i = 0; i < c->error_count; ++i)
        an_free(c->ctx, c->errors[i]);
    an_free(c->ctx, c->errors);
    c->errors = NULL;
    c->error_count = 0;
}

void alexnet_classifier_close(alexnet_classifier *c)
{
    if (c == NULL) return;
    an_network_close(&c->network);
    alexnet_model_free(c->model);
    for (int i = 0; i < c->decoder_count && c->decoders != NULL; ++i) {
        an_image_free(c->ctx, &c->decoders[i].image);
        an_preparer_free(c->ctx, &c->decoders[i].preparer);
    }
    free_errors(c);
    an_free(c->ctx, c->decoders);
    an_free(c->ctx, c->tensors);
    an_free(c->ctx, c->order);
    an_free(c->ctx, c->labels);
    an_free(c->ctx, c);
}

/* ---- one image ---- */

static float *tensor_at(const alexnet_classifier *c, int i)
{
    return c->tensors + (ptrdiff_t)i * (ptrdiff_t)an_shape_image(c->model->nodes[0].x);
}

/* Decodes and preprocesses to the i-th tensor. Each thread needs its own context and decoder. */
static alexnet_status decode(const alexnet_classifier *c, alexnet_context *ctx, decoder *d,
                             const alexnet_image_bytes *bytes, int i)
{
    const an_preprocess *record = &c->network.record;
    const an_shape input = c->model->nodes[0].x;

    AN_TRY(an_image_decode(ctx, bytes->data, bytes->bytes, record->orientation, &d->image));
    return an_preprocess_tensor(ctx, &d->preparer, record, c->model->mean_image,
                                c->model->mean_shape[1], c->model->mean_shape[2], NULL, NULL, 0,
                                &d->image, input.h, input.w, tensor_at(c, i));
}

/* Fills in the best classes of a row of probabilities; returns their number. */
static int fill(alexnet_classifier *c, const float *probs, int topk,
                alexnet_prediction *predictions)
{
    const int filled = AN_MIN(topk, c->network.classes);

    an_best_classes(probs, c->network.classes, filled, c->order);
    for (int i = 0; i < filled; ++i) {
        const int index = c->order[i];
        predictions[i] = (alexnet_prediction){
            .index = index,
            .label = an_network_label(c->model, index, c->labels != NULL ? c->labels[index] : NULL),
            .probability = probs[index],
        };
    }
    return filled;
}

alexnet_status alexnet_classifier_memory(alexnet_classifier *c, const void *data, size_t bytes,
                                         int topk, alexnet_prediction *predictions, int *count)
{
    const alexnet_image_bytes image = {data, bytes};

    AN_NEED(NULL, c);
    AN_NEED(c->ctx, data);
    AN_NEED(c->ctx, predictions);
    if (topk < 1) return an_fail(c->ctx, ALEXNET_BAD_ARG, "topk is %d, expected 1 or more", topk);
    AN_TRY(decode(c, c->ctx, &c->decoders[0], &image, 0));
    AN_TRY(an_network_classify(&c->network, c->tensors, 1));
    const int filled = fill(c, c->network.probs, topk, predictions);
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

/* ---- several images ---- */

/* Consecutive images of the caller's batch, and where their results go. */
typedef struct group {
    alexnet_classifier *c;
    const alexnet_image_bytes *images;
    alexnet_image_result *results;
    char **errors;
} group;

/* An an_each_job. A bad image only gets its own error; a failed allocation ends the batch. */
static alexnet_status decode_one(void *arg, alexnet_context *ctx, int member, int64_t index)
{
    const group *g = arg;
    const int i = (int)index;
    alexnet_status status;

    if (g->images[i].data == NULL)
        status = an_fail(ctx, ALEXNET_BAD_ARG, "the image's data is NULL");
    else
        status = decode(g->c, ctx, &g->c->decoders[member], &g->images[i], i);
    if (status == ALEXNET_NO_MEMORY) return status;
    g->results[i].status = status;
    if (status == ALEXNET_OK) return ALEXNET_OK;
    g->errors[i] = an_copy_text(ctx, ctx->error);
    return g->errors[i] != NULL ? ALEXNET_OK
                                : an_fail(ctx, ALEXNET_NO_MEMORY, "message of an image");
}

static alexnet_status decode_group(group *g, int n)
{
    alexnet_classifier *c = g->c;
    const int members = AN_MIN(c->decoder_count, n);

    if (members > 1)
        return an_each(
            c->ctx,
            &(an_each_options){
                .count = n, .members = members, .job = decode_one, .arg = g, .phase = "predict"});
    for (int i = 0; i < n; ++i)
        AN_TRY(decode_one(g, c->ctx, 0, i));
    return ALEXNET_OK;
}

/* Closes the gaps left by bad images. rows[k] receives the image of tensor k; returns their number.
   */
static int compact(const group *g, int n, int *rows)
{
    const size_t bytes = (size_t)an_shape_image(g->c->model->nodes[0].x) * sizeof(float);
    int count = 0;

    for (int i = 0; i < n; ++i) {
        if (g->results[i].status != ALEXNET_OK) continue;
        if (count < i) memcpy(tensor_at(g->c, count), tensor_at(g->c, i), bytes);
        rows[count++] = i;
    }
    return count;
}

static alexnet_status classify_group(group *g, int n, int topk, alexnet_prediction *predictions,
                                     int *rows)
{
    alexnet_classifier *c = g->c;

    AN_TRY(decode_group(g, n));
    const int count = compact(g, n, rows);
    for (int first = 0; first < count; first += c->network.batch) {
        const int part = AN_MIN(c->network.batch, count - first);
        AN_TRY(an_network_classify(&c->network, tensor_at(c, first), part));
        for (int k = 0; k < part; ++k) {
            const int i = rows[first + k];
            g->results[i].count = fill(c, c->network.probs + (ptrdiff_t)k * c->network.classes,
                                       topk, predictions + (ptrdiff_t)i * topk);
        }
    }
    return ALEXNET_OK;
}

static alexnet_status classify_all(alexnet_classifier *c, const alexnet_image_bytes *images, int n,
                                   int topk, alexnet_prediction *predictions,
                                   alexnet_image_result *results, int *rows)
{
    for (int first = 0; first < n; first += c->group) {
        group g = {c, images + first, results + first, c->errors + first};
        AN_TRY(classify_group(&g, AN_MIN(c->group, n - first), topk,
                              predictions + (ptrdiff_t)first * topk, rows));
    }
    for (int i = 0; i < n; ++i)
        results[i].error = c->errors[i];
    return ALEXNET_OK;
}

alexnet_status alexnet_classifier_batch(alexnet_classifier *c, const alexnet_image_bytes *images,
                                        int n, int topk, alexnet_prediction *predictions,
                                        alexnet_image_result *results)
{
    AN_NEED(NULL, c);
    AN_NEED(c->ctx, images);
    AN_NEED(c->ctx, predictions);
    AN_NEED(c->ctx, results);
    AN_NEED_WITHIN(c->ctx, n, 1, ALEXNET_BATCH_MAX);
    if (topk < 1) return an_fail(c->ctx, ALEXNET_BAD_ARG, "topk is %d, expected 1 or more", topk);
    free_errors(c);
    memset(results, 0, (size_t)n * sizeof *results);
    int *rows = an_new_array(c->ctx, (size_t)c->group, sizeof *rows);
    c->errors = an_new_array(c->ctx, (size_t)n, sizeof *c->errors);
    alexnet_status status = ALEXNET_NO_MEMORY;
    if (rows == NULL || c->errors == NULL) {
        status = an_fail(c->ctx, ALEXNET_NO_MEMORY, "a batch of %d images", n);
    } else {
        c->error_count = n;
        status = classify_all(c, images, n, topk, predictions, results, rows);
    }
    an_free(c->ctx, rows);
    return status;
}
