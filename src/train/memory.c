/*
 * memory.c: see memory.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/memory.h"

#include "base/status.h"
#include "infer/eval_run.h"
#include "train/feed.h"
#include "train/optimiser.h"
#include "train/run/disk.h"
#include "train/run/saver.h"

static alexnet_status book_validation(const an_memory_job *job, an_footprint *footprint)
{
    alexnet_context *ctx = job->model->ctx;
    const an_image_set *val = &job->data->val;
    an_network network = {.model = job->model, .views = 1};
    const an_eval eval = {
        .networks = &network,
        .network_count = 1,
        .source = val->source,
        .indices = val->indices,
        .count = val->count,
        .batch = AN_EVAL_BATCH,
        .workers = job->workers,
        .on_bad_image = (alexnet_bad_image)job->config->on_bad_image,
    };
    int64_t bytes = 0;

    AN_TRY(an_preprocess_parse(ctx, job->model->preprocess, &network.record));
    AN_TRY(an_network_book(job->model, AN_EVAL_BATCH, val->count, 1, false, footprint));
    AN_TRY(an_eval_run_book(ctx, &eval, &bytes));
    an_footprint_add(footprint, bytes);
    return ALEXNET_OK;
}

/* Whether the best weights may be kept in memory until the next checkpoint: train/run/saver.h. */
static bool keeps_best(const an_memory_job *job)
{
    const int64_t images = job->data->train.count;

    return job->data->val.count > 0 && job->config->recipe.epochs > 1 &&
           an_saver_epochs(an_disk_checkpoint(job->model, job->config), images) > 1;
}

alexnet_status an_memory_book(const an_memory_job *job, an_footprint *footprint)
{
    const alexnet_model *model = job->model;
    const an_recipe *recipe = &job->config->recipe;
    const int64_t batch = AN_MIN(recipe->batch, job->data->train.count);
    const an_feed_options feed = {
        .model = job->model,
        .config = job->config,
        .data = job->data,
        .state = job->state,
        .epoch_steps = (job->data->train.count + batch - 1) / batch,
        .workers = job->workers,
    };
    bool rows;

    *footprint = an_footprint_begin(model->ctx);
    if (model->values == NULL) an_footprint_add(footprint, an_model_bytes(model));
    an_footprint_add(footprint, an_optimiser_bytes(model, recipe));
    an_footprint_add(footprint, batch * model->options.classes * (int64_t)sizeof(float));
    if (keeps_best(job)) an_footprint_add(footprint, an_model_bytes(model));
    AN_TRY(an_feed_book(&feed, footprint, &rows));
    return rows || job->data->val.count == 0 ? ALEXNET_OK : book_validation(job, footprint);
}
