/*
 * mean_image.c: one pass over the training images.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/mean_image.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "infer/network.h"
#include <math.h>

#define NAME_BYTES 1024 /* of an image's name in a message */

#define BATCH 64

/* The record that leaves pixels unchanged: integers from 0 to 255. */
static an_preprocess plain_pixels(const an_preprocess *record)
{
    an_preprocess plain = *record;

    plain.divide = 1;
    plain.subtract_image = false;
    for (int c = 0; c < 3; ++c) {
        plain.mean[c] = 0;
        plain.std[c] = 1;
    }
    return plain;
}

static alexnet_status report(const an_mean_job *job, int64_t done)
{
    const alexnet_progress progress = {
        .phase = "mean",
        .done = done,
        .total = job->images.count,
        .loss = (double)NAN,
        .top1 = (double)NAN,
        .top5 = (double)NAN,
        .seconds_left = (double)NAN,
    };

    if (job->progress != NULL && job->progress(job->progress_user, &progress) == ALEXNET_GO_STOP)
        return an_fail(job->model->ctx, ALEXNET_STOPPED,
                       "stopped while the mean image was computed");
    return ALEXNET_OK;
}

/* Adds up all images. A double holds integers up to 2^53: enough for 2^45 images. */
static alexnet_status sum_images(const an_mean_job *job, an_loader *loader, double *sums,
                                 int64_t pixels, int64_t *images)
{
    const an_batch *batch;

    for (int64_t done = 0;;) {
        AN_TRY(an_loader_next(loader, &batch));
        if (batch == NULL) return ALEXNET_OK;
        for (int64_t i = 0; i < batch->n * pixels; ++i)
            sums[i % pixels] += (double)batch->images[i];
        *images += batch->n;
        done = AN_MIN(done + BATCH, job->images.count);
        AN_TRY(report(job, done));
    }
}

static alexnet_status set_mean(const an_mean_job *job, const an_loader_options *options,
                               const double *sums, int64_t images)
{
    alexnet_model *model = job->model;
    const int shape[3] = {3, options->height, options->width};
    const int64_t pixels = (int64_t)3 * options->height * options->width;

    if (images == 0)
        return an_fail(model->ctx, ALEXNET_BAD_FILE,
                       "no mean image: none of the %lld training %s can be read",
                       (long long)options->count, AN_NOUN(options->count, "image", "images"));
    float *mean = an_new(model->ctx, (size_t)pixels * sizeof *mean);
    if (mean == NULL) return an_fail(model->ctx, ALEXNET_NO_MEMORY, "mean image");
    for (int64_t i = 0; i < pixels; ++i)
        mean[i] = (float)(sums[i] / (double)images / job->record->divide);
    const alexnet_status status = an_model_set_mean_image(model, shape, mean);
    an_free(model->ctx, mean);
    return status;
}

/*
 * Training reads these images again and may succeed, so only this warning tells that the mean image
 * is without them.
 */
static void tell_left_out(alexnet_context *ctx, const an_source *source, an_loader *loader)
{
    const an_bad_image *bad;
    const size_t count = an_loader_bad(loader, &bad);
    char name[NAME_BYTES];

    for (size_t i = 0; i < count; ++i) {
        an_source_name(source, bad[i].index, name, sizeof name);
        an_log(ctx, ALEXNET_LOG_WARNING, "left out of the mean image: %s: %s", name, bad[i].reason);
    }
}

alexnet_status an_mean_image_compute(const an_mean_job *job)
{
    alexnet_context *ctx = job->model->ctx;
    const an_preprocess plain = plain_pixels(job->record);
    an_loader_options options = job->images;
    an_loader *loader = NULL;
    int64_t images = 0;
    alexnet_status status;

    an_network_set_input(job->model, &plain, &options);
    options.mean_image = NULL;
    options.batch = BATCH;
    options.views = 1;

    const int64_t pixels = (int64_t)3 * options.height * options.width;
    double *sums = an_new_array(ctx, (size_t)pixels, sizeof *sums);
    if (sums == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "mean image");
    status = an_loader_open(ctx, &options, &loader);
    if (status == ALEXNET_OK) status = sum_images(job, loader, sums, pixels, &images);
    if (status == ALEXNET_OK) tell_left_out(ctx, options.source, loader);
    an_loader_close(loader);
    if (status == ALEXNET_OK) status = set_mean(job, &options, sums, images);
    an_free(ctx, sums);
    return status;
}
