/*
 * eval_run.c: labelled images through networks, answers marked.
 *
 * SPDX-License-Identifier: MIT
 */
#include "infer/eval_run.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include <string.h>

/* Each network sees the images as its own record asks, so each has its own loader; all give the
 * same images. */
typedef struct examiner {
    const an_eval *exam;
    an_loader **loaders;
    double start;
    int64_t shown; /* images, with the unreadable ones */
} examiner;

static an_loader_options ask_images(const an_eval *exam, size_t network)
{
    const an_network *n = &exam->networks[network];
    an_loader_options options = {
        .source = exam->source,
        .indices = exam->indices,
        .count = exam->count,
        .labels = exam->labels,
        .views = n->views,
        .batch = exam->batch,
        .workers = exam->workers,
    };

    an_network_ask(n->model, &n->record, &options);
    an_skip_policy(exam->on_bad_image, exam->count, &options);
    return options;
}

static alexnet_status open_loaders(alexnet_context *ctx, examiner *e)
{
    const an_eval *exam = e->exam;

    e->loaders = an_new_array(ctx, exam->network_count, sizeof *e->loaders);
    if (e->loaders == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "loaders of %zu networks", exam->network_count);
    for (size_t i = 0; i < exam->network_count; ++i) {
        const an_loader_options options = ask_images(exam, i);
        AN_TRY(an_loader_open(ctx, &options, &e->loaders[i]));
    }
    return ALEXNET_OK;
}

alexnet_status an_eval_run_book(alexnet_context *ctx, const an_eval *exam, int64_t *bytes)
{
    for (size_t i = 0; i < exam->network_count; ++i) {
        const an_loader_options options = ask_images(exam, i);
        AN_TRY(an_loader_book(ctx, &options, bytes));
    }
    return ALEXNET_OK;
}

static void close_loaders(alexnet_context *ctx, examiner *e)
{
    for (size_t i = 0; e->loaders != NULL && i < e->exam->network_count; ++i)
        an_loader_close(e->loaders[i]);
    an_free(ctx, e->loaders);
}

/* Averages the networks' probabilities into those of the first. */
static void average_networks(const an_eval *exam, int n)
{
    float *first = exam->networks[0].probs;
    const ptrdiff_t count = (ptrdiff_t)n * exam->networks[0].classes;

    for (ptrdiff_t j = 0; exam->network_count > 1 && j < count; ++j) {
        double sum = 0;
        for (size_t i = 0; i < exam->network_count; ++i)
            sum += (double)exam->networks[i].probs[j];
        first[j] = (float)(sum / (double)exam->network_count);
    }
}

/* Each network by itself, before their answers are averaged. */
static void mark_each(const an_eval *exam, const an_batch *batch)
{
    const int classes = exam->networks[0].classes;

    for (size_t k = 0; exam->each != NULL && k < exam->network_count; ++k)
        for (int i = 0; i < batch->n; ++i) {
            const float *probs = exam->networks[k].probs + (ptrdiff_t)i * classes;
            const int label = batch->labels[i];
            an_metrics_add(&exam->each[k], an_rank(probs, classes, label),
                           an_cross_entropy(probs[label]));
        }
}

/* The next batch through every network. *batch = NULL: there are no more. */
static alexnet_status classify_batch(alexnet_context *ctx, const examiner *e,
                                     const an_batch **batch)
{
    const an_eval *exam = e->exam;

    AN_TRY(an_loader_next(e->loaders[0], batch));
    if (*batch != NULL && (*batch)->n > 0)
        AN_TRY(an_network_classify(&exam->networks[0], (*batch)->images, (*batch)->n));
    for (size_t i = 1; i < exam->network_count; ++i) {
        const an_batch *other;
        AN_TRY(an_loader_next(e->loaders[i], &other));
        if (*batch == NULL || (*batch)->n == 0) continue;
        if (other == NULL || other->n != (*batch)->n)
            return an_fail(ctx, ALEXNET_BAD_FILE,
                           "an image can be read for one network, but not for another");
        AN_TRY(an_network_classify(&exam->networks[i], other->images, other->n));
    }
    if (*batch == NULL) return ALEXNET_OK;
    mark_each(exam, *batch);
    average_networks(exam, (*batch)->n);
    return ALEXNET_OK;
}

static alexnet_status mark(const an_eval *exam, const an_batch *batch, an_metrics *metrics)
{
    const int classes = exam->networks[0].classes;

    for (int i = 0; i < batch->n; ++i) {
        const float *probs = exam->networks[0].probs + (ptrdiff_t)i * classes;
        const int label = batch->labels[i];
        const an_eval_result answer = {
            .index = batch->indices[i],
            .label = label,
            .rank = an_rank(probs, classes, label),
            .loss = an_cross_entropy(probs[label]),
            .probs = probs,
        };
        an_metrics_add(metrics, answer.rank, answer.loss);
        if (exam->answer != NULL) AN_TRY(exam->answer(exam->answer_user, &answer));
    }
    return ALEXNET_OK;
}

static alexnet_status report(alexnet_context *ctx, const examiner *e, const an_metrics *metrics)
{
    const an_eval *exam = e->exam;
    const double seconds = an_seconds() - e->start;
    alexnet_progress progress = an_progress(exam->phase, e->shown, exam->count, seconds);

    progress.loss = an_metrics_loss(metrics);
    progress.top1 = an_metrics_top1(metrics);
    progress.top5 = an_metrics_top5(metrics);
    progress.data_wait = seconds > 0 ? an_loader_wait_seconds(e->loaders[0]) / seconds : 0;
    return an_progress_tell(ctx, &progress, exam->progress, exam->progress_user);
}

static alexnet_status run(alexnet_context *ctx, examiner *e, an_metrics *metrics)
{
    const an_batch *batch;

    AN_TRY(open_loaders(ctx, e));
    for (;;) {
        AN_TRY(classify_batch(ctx, e, &batch));
        if (batch == NULL) return ALEXNET_OK;
        AN_TRY(mark(e->exam, batch, metrics));
        e->shown = AN_MIN(e->shown + e->exam->batch, e->exam->count);
        AN_TRY(report(ctx, e, metrics));
    }
}

alexnet_status an_eval_run(alexnet_context *ctx, const an_eval *exam, an_metrics *metrics,
                           an_bad_list *skipped)
{
    examiner e = {.exam = exam, .start = an_seconds()};
    alexnet_status status;

    *metrics = (an_metrics){0};
    for (size_t i = 0; exam->each != NULL && i < exam->network_count; ++i)
        exam->each[i] = (an_metrics){0};
    status = run(ctx, &e, metrics);
    if (status == ALEXNET_OK && skipped != NULL)
        status = an_skipped_take(ctx, e.loaders[0], skipped);
    close_loaders(ctx, &e);
    return status;
}
