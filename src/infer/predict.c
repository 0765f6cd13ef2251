/*
 * predict.c: alexnet_predict(): the best classes of each image, in the given order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "base/extend.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include "data/files.h"
#include "infer/metrics.h"
#include "infer/network.h"
#include <string.h>

#define NAME_BYTES    4096 /* of an image's name */
#define DEFAULT_BATCH 32
#define DEFAULT_TOPK  5

typedef struct prediction {
    alexnet_context *ctx;
    const alexnet_predict_options *options;
    int batch, topk;
    alexnet_model *model;
    an_network network;
    an_source *source;
    an_loader *loader;
    alexnet_prediction *best;       /* [topk] */
    int *order;                     /* [topk] */
    char (*labels)[AN_LABEL_BYTES]; /* [topk], for unnamed classes */
    double start;
    int64_t failed;
} prediction;

/* ---- results ---- */

static void tell(const prediction *p, const alexnet_prediction_result *result)
{
    if (p->options->result != NULL) p->options->result(p->options->result_user, result);
}

static void tell_best(prediction *p, const char *image, const float *probs)
{
    an_best_classes(probs, p->network.classes, p->topk, p->order);
    for (int i = 0; i < p->topk; ++i)
        p->best[i] = (alexnet_prediction){
            .index = p->order[i],
            .label = an_network_label(p->model, p->order[i], p->labels[i]),
            .probability = probs[p->order[i]],
        };
    tell(p, &(alexnet_prediction_result){.image = image, .predictions = p->best, .count = p->topk});
}

/* The reason why image `index` could not be read. */
static const char *find_reason(prediction *p, int64_t index)
{
    const an_bad_image *bad;
    const size_t count = an_loader_bad(p->loader, &bad);

    for (size_t i = count; i-- > 0;) /* backwards: it is one of the last */
        if (bad[i].index == index) return bad[i].reason;
    return "unreadable";
}

/* Reports images first .. end-1; the batch has those that could be read. */
static void tell_batch(prediction *p, const an_batch *batch, int64_t first, int64_t end)
{
    char name[NAME_BYTES];
    int row = 0;

    for (int64_t index = first; index < end; ++index) {
        an_source_name(p->source, index, name, sizeof name);
        if (row < batch->n && batch->indices[row] == index) {
            tell_best(p, name, p->network.probs + (ptrdiff_t)row * p->network.classes);
            ++row;
        } else {
            tell(p, &(alexnet_prediction_result){.image = name, .error = find_reason(p, index)});
            ++p->failed;
        }
    }
}

static alexnet_status report(const prediction *p, int64_t done)
{
    const alexnet_progress progress =
        an_progress("predict", done, an_source_count(p->source), an_seconds() - p->start);

    return an_progress_tell(p->ctx, &progress, p->options->progress, p->options->progress_user);
}

/* ---- the prediction ---- */

static an_loader_options input_of(prediction *p)
{
    an_loader_options options = {
        .source = p->source,
        .count = an_source_count(p->source),
        .views = 1,
        .batch = p->batch,
        .workers = p->options->workers > 0 ? p->options->workers : -1,
        .skip_bad = true,
        .skip_max = -1,
    };

    an_network_set_input(p->model, &p->network.record, &options);
    return options;
}

static alexnet_status open_loader(prediction *p)
{
    const an_loader_options options = input_of(p);

    return an_loader_open(p->ctx, &options, &p->loader);
}

/* The images come first: they are read ahead while the network prepares its weights. */
static alexnet_status check_memory(prediction *p)
{
    an_footprint f = an_footprint_begin(p->ctx);
    int64_t bytes = 0;

    AN_TRY(an_preprocess_parse(p->ctx, p->model->preprocess, &p->network.record));
    const an_loader_options images = input_of(p);
    AN_TRY(an_loader_book(p->ctx, &images, &bytes));
    an_footprint_add(&f, bytes);
    AN_TRY(an_network_book(p->model, p->batch, images.count, 1, true, &f));
    const alexnet_start start = {
        .images = images.count,
        .batch = p->batch,
        .memory_bytes = f.peak,
        .memory_bytes_free = f.free,
    };
    if (p->options->start != NULL) p->options->start(p->options->start_user, &start);
    return an_footprint_check(p->ctx, &f, "prediction", "take a smaller batch (--batch)");
}

static alexnet_status open_prediction(prediction *p)
{
    const alexnet_predict_options *options = p->options;

    if (options->weights == NULL || options->topk < 0 || options->batch < 0)
        return an_fail(p->ctx, ALEXNET_BAD_ARG,
                       "prediction needs weights, topk of at least 1 and batch of at least 1");
    AN_TRY(an_files_open(p->ctx, options->images, options->image_count, &p->source));
    an_source_tell_passed(p->ctx, p->source,
                          options->image_count == 1 ? options->images[0] : "the folders");
    AN_TRY(
        an_network_load(p->ctx, options->weights, options->orientation, options->size, &p->model));
    AN_TRY(an_network_join(p->model));
    p->batch = (int)AN_MIN(options->batch > 0 ? options->batch : DEFAULT_BATCH,
                           an_source_count(p->source));
    p->topk = AN_MIN(options->topk > 0 ? options->topk : DEFAULT_TOPK, p->model->options.classes);
    AN_TRY(an_model_check_classifier(p->model));
    AN_TRY(check_memory(p));
    AN_TRY(an_network_open(p->model, p->batch, 1, true, &p->network));
    p->best = an_new_array(p->ctx, (size_t)p->topk, sizeof *p->best);
    p->order = an_new_array(p->ctx, (size_t)p->topk, sizeof *p->order);
    p->labels = an_new_array(p->ctx, (size_t)p->topk, sizeof *p->labels);
    if (p->best == NULL || p->order == NULL || p->labels == NULL)
        return an_fail(p->ctx, ALEXNET_NO_MEMORY, "the best %d classes", p->topk);
    return open_loader(p);
}

static void close_prediction(prediction *p)
{
    an_loader_close(p->loader);
    an_network_close(&p->network);
    alexnet_model_free(p->model);
    an_source_close(p->source);
    an_free(p->ctx, p->best);
    an_free(p->ctx, p->order);
    an_free(p->ctx, p->labels);
}

static alexnet_status predict(prediction *p)
{
    const an_batch *batch;

    AN_TRY(open_prediction(p));
    for (int64_t done = 0, total = an_source_count(p->source); done < total;) {
        const int64_t end = AN_MIN(done + p->batch, total);
        AN_TRY(an_loader_next(p->loader, &batch));
        if (batch->n > 0) AN_TRY(an_network_classify(&p->network, batch->images, batch->n));
        tell_batch(p, batch, done, end);
        done = end;
        AN_TRY(report(p, done));
    }
    return ALEXNET_OK;
}

alexnet_status alexnet_predict(alexnet_context *ctx, const alexnet_predict_options *options,
                               int64_t *images, int64_t *failed)
{
    alexnet_predict_options given;

    AN_NEED(ctx, ctx);
    AN_NEED(ctx, options);
    AN_NEED(ctx, images);
    AN_NEED(ctx, failed);
    AN_TAKE_OPTIONS(ctx, options, &given);
    AN_TRY(an_network_check_paths(ctx, given.images, given.image_count));
    AN_NEED_WITHIN(ctx, given.batch, 0, ALEXNET_BATCH_MAX);
    AN_NEED_WITHIN(ctx, given.workers, 0, ALEXNET_WORKERS_MAX);
    AN_NEED_WITHIN(ctx, given.orientation, 0, ALEXNET_ORIENTATION_STORED);
    prediction p = {.ctx = ctx, .options = &given, .start = an_seconds()};
    const alexnet_status status = predict(&p);

    if (status == ALEXNET_OK) {
        *images = an_source_count(p.source);
        *failed = p.failed;
    }
    close_prediction(&p);
    return status;
}
