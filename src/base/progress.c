/*
 * progress.c: progress reports of jobs that process many images.
 * SPDX-License-Identifier: MIT
 */
#include "base/progress.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>

alexnet_progress an_progress(const char *phase, int64_t done, int64_t total, double seconds)
{
    const double rate = seconds > 0 ? (double)done / seconds : 0;

    return (alexnet_progress){
        .phase = phase,
        .done = done,
        .total = total,
        .loss = (double)NAN,
        .top1 = (double)NAN,
        .top5 = (double)NAN,
        .images_per_second = rate,
        .seconds_left = rate > 0 ? (double)(total - done) / rate : (double)NAN,
    };
}

alexnet_status an_progress_tell(alexnet_context *ctx, const alexnet_progress *progress,
                                alexnet_progress_fn callback, void *user)
{
    if (callback == NULL || callback(user, progress) != ALEXNET_GO_STOP) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_STOPPED, "stopped after %lld of %lld %s", (long long)progress->done,
                   (long long)progress->total, AN_NOUN(progress->total, "image", "images"));
}
