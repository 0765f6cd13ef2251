/*
 * eval_run.c: runs networks on labelled images and compares their predictions with the labels.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/eval_run.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include <string.h>

/* Each network's preprocessing record may differ, so each network has its own loader; all loaders
   give the same images. */
typedef struct runner {
    const an_eval *eval;
    an_loader **loaders;
    double start;
    int64_t shown; /* images, including bad ones */
} runner;

static an_loader_options input_of(const an_eval *eval, size_t network)
{
    const an_network *n = &eval->networks[network];
    an_loader_options options = {
        .source = eval->source,
        .indices = eval->indices,
        .count = eval->count,
        .labels = eval->labels,
        .views = n->views,
        .batch = eval->batch,
        .workers = eval->workers,
    };

    an_network_set_input(n->model, &n->record, &options);
    an_skip_policy(eval->on_bad_image, eval->count, &options);
    return options;
}

static alexnet_status open_loaders(alexnet_context *ctx, runner *e)
{
    const an_eval *eval = e->eval;

    e->loaders = an_new_array(ctx, eval->network_count, sizeof *e->loaders);
    if (e->loaders == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "loaders of %zu networks", eval->network_count);
    for (size_t i = 0; i < eval->network_count; ++i) {
        const an_loader_options options = input_of(eval, i);
        AN_TRY(an_loader_open(ctx, &options, &e->loaders[i]));
    }
    return ALEXNET_OK;
}

alexnet_status an_eval_run_book(alexnet_context *ctx, const an_eval *eval, int64_t *bytes)
{
    for (size_t i = 0; i < eval->network_count; ++i) {
        const an_loader_options options = input_of(eval, i);
        AN_TRY(an_loader_book(ctx, &options, bytes));
    }
    return ALEXNET_OK;
}

static void close_loaders(alexnet_context *ctx, runner *e)
{
    for (size_t i = 0; e->loaders != NULL && i < e->eval->network_count; ++i)
        an_loader_close(e->loaders[i]);
    an_free(ctx, e->loaders);
}

/* Averages the networks' probabilities into those of the first. */
static void average_networks(const an_eval *eval, int n)
{
    float *first = eval->networks[0].probs;
    const ptrdiff_t count = (ptrdiff_t)n * eval->networks[0].classes;

    for (ptrdiff_t j = 0; eval->network_count > 1 && j < count; ++j) {
        double sum = 0;
        for (size_t i = 0; i < eval->network_count; ++i)
            sum += (double)eval->networks[i].probs[j];
        first[j] = (float)(sum / (double)eval->network_count);
    }
}

/* Updates the metrics of each network alone, before the probabilities are averaged. */
static void score_each(const an_eval *eval, const an_batch *batch)
{
    const int classes = eval->networks[0].classes;

    for (size_t k = 0; eval->each != NULL && k < eval->network_count; ++k)
        for (int i = 0; i < batch->n; ++i) {
            const float *probs = eval->networks[k].probs + (ptrdiff_t)i * classes;
            const int label = batch->labels[i];
            an_metrics_add(&eval->each[k], an_rank(probs, classes, label),
                           an_cross_entropy(probs[label]));
        }
}

/* Runs the next batch through all networks. *batch = NULL: there are no more. */
static alexnet_status classify_batch(alexnet_context *ctx, const runner *e, const an_batch **batch)
{
    const an_eval *eval = e->eval;

    AN_TRY(an_loader_next(e->loaders[0], batch));
    if (*batch != NULL && (*batch)->n > 0)
        AN_TRY(an_network_classify(&eval->networks[0], (*batch)->images, (*batch)->n));
    for (size_t i = 1; i < eval->network_count; ++i) {
        const an_batch *other;
        AN_TRY(an_loader_next(e->loaders[i], &other));
        if (*batch == NULL || (*batch)->n == 0) continue;
        if (other == NULL || other->n != (*batch)->n)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "an image can be read for one network, but not for another");
        AN_TRY(an_network_classify(&eval->networks[i], other->images, other->n));
    }
    if (*batch == NULL) return ALEXNET_OK;
    score_each(eval, *batch);
    average_networks(eval, (*batch)->n);
    return ALEXNET_OK;
}

static alexnet_status score(const an_eval *eval, const an_batch *batch, an_metrics *metrics)
{
    const int classes = eval->networks[0].classes;

    for (int i = 0; i < batch->n; ++i) {
        const float *probs = eval->networks[0].probs + (ptrdiff_t)i * classes;
        const int label = batch->labels[i];
        const an_eval_result result = {
            .index = batch->indices[i],
            .label = label,
            .rank = an_rank(probs, classes, label),
            .loss = an_cross_entropy(probs[label]),
            .probs = probs,
        };
        an_metrics_add(metrics, result.rank, result.loss);
        if (eval->result != NULL) AN_TRY(eval->result(eval->result_user, &result));
    }
    return ALEXNET_OK;
}

static alexnet_status report(alexnet_context *ctx, const runner *e, const an_metrics *metrics)
{
    const an_eval *eval = e->eval;
    const double seconds = an_seconds() - e->start;
    alexnet_progress progress = an_progress(eval->phase, e->shown, eval->count, seconds);

    progress.loss = an_metrics_loss(metrics);
    progress.top1 = an_metrics_top1(metrics);
    progress.top5 = an_metrics_top5(metrics);
    progress.data_wait = seconds > 0 ? an_loader_wait_seconds(e->loaders[0]) / seconds : 0;
    return an_progress_tell(ctx, &progress, eval->progress, eval->progress_user);
}

static alexnet_status run(alexnet_context *ctx, runner *e, an_metrics *metrics)
{
    const an_batch *batch;

    AN_TRY(open_loaders(ctx, e));
    for (;;) {
        AN_TRY(classify_batch(ctx, e, &batch));
        if (batch == NULL) return ALEXNET_OK;
        AN_TRY(score(e->eval, batch, metrics));
        e->shown = AN_MIN(e->shown + e->eval->batch, e->eval->count);
        AN_TRY(report(ctx, e, metrics));
    }
}

alexnet_status an_eval_run(alexnet_context *ctx, const an_eval *eval, an_metrics *metrics,
                           an_bad_list *skipped)
{
    runner e = {.eval = eval, .start = an_seconds()};
    alexnet_status status;

    *metrics = (an_metrics){0};
    for (size_t i = 0; eval->each != NULL && i < eval->network_count; ++i)
        eval->each[i] = (an_metrics){0};
    status = run(ctx, &e, metrics);
    if (status == ALEXNET_OK && skipped != NULL)
        status = an_skipped_take(ctx, e.loaders[0], skipped);
    close_loaders(ctx, &e);
    return status;
}
