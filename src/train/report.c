/*
 * report.c: progress, log lines and sentences of a run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/report.h"

#include "base/log.h"
#include "base/text.h"
#include <math.h>

#define SENTENCE_BYTES 256
#define GUESSING_STEPS 20 /* before that no network has learnt anything */

static double epochs_at(const an_position *at)
{
    return (double)at->step / (double)at->epoch_steps;
}

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static void tell(an_report *report, const alexnet_progress *progress)
{
    if (report->progress == NULL) return;
    const alexnet_go go = report->progress(report->progress_user, progress);
    if (go > report->go) /* a later GO_ON does not cancel a request to stop */
        report->go = go;
}

/* ---- steps ---- */

void an_report_predictions(an_report *report, const float *probs, int classes,
                           const int32_t *labels, int n, double loss)
{
    for (int i = 0; i < n; ++i) {
        const int rank = an_rank(probs + (ptrdiff_t)i * classes, classes, labels[i]);
        an_metrics_add(&report->window, rank, loss);
        an_metrics_add(&report->epoch, rank, loss);
    }
    report->images += n;
}

static void start_window(an_report *report, const an_position *at)
{
    report->window = (an_metrics){0};
    report->window_busy = at->busy_seconds;
    report->window_wait = at->wait_seconds;
}

alexnet_status an_report_step(an_report *report, const an_position *at)
{
    const double busy = at->busy_seconds - report->window_busy;
    const alexnet_progress progress = {
        .phase = "train",
        .done = at->step,
        .total = at->total_steps,
        .epoch = epochs_at(at),
        .loss = an_metrics_loss(&report->window),
        .top1 = an_metrics_top1(&report->window),
        .top5 = an_metrics_top5(&report->window),
        .lr = at->lr,
        .images_per_second = ratio((double)report->window.images, busy),
        .data_wait = ratio(at->wait_seconds - report->window_wait, busy),
        .seconds_left = at->seconds_left,
    };
    const an_log_line line = {
        .split = "train",
        .step = at->step,
        .epoch = progress.epoch,
        .lr = progress.lr,
        .loss = progress.loss,
        .top1 = progress.top1,
        .top5 = progress.top5,
        .images_per_second = progress.images_per_second,
        .data_wait = progress.data_wait,
        .seconds = at->seconds,
    };

    tell(report, &progress);
    if (at->step % AN_LOG_STEPS != 0 && at->step % at->epoch_steps != 0) return ALEXNET_OK;
    start_window(report, at);
    return an_run_folder_log(report->ctx, report->folder, &line);
}

/* ---- validations and epochs ---- */

alexnet_go an_report_watch(void *user, const alexnet_progress *progress)
{
    an_report *report = user;

    report->val = *progress;
    tell(report, progress);
    return report->go == ALEXNET_GO_STOP ? ALEXNET_GO_STOP : ALEXNET_GO_ON;
}

alexnet_status an_report_validation(an_report *report, const an_position *at,
                                    const an_metrics *metrics)
{
    const an_log_line line = {
        .split = "val",
        .step = at->step,
        .epoch = epochs_at(at),
        .lr = at->lr,
        .loss = an_metrics_loss(metrics),
        .top1 = an_metrics_top1(metrics),
        .top5 = an_metrics_top5(metrics),
        .images_per_second = report->val.images_per_second,
        .data_wait = report->val.data_wait,
        .seconds = at->seconds,
    };

    return an_run_folder_log(report->ctx, report->folder, &line);
}

/* Networks do get stuck there, with unsuitable initial weights or learning rates. The user should
 * know after an epoch, not after hours. */
static void warn_if_guessing(an_report *report, const an_position *at, int classes)
{
    const double guess = log(classes);
    const double loss = an_metrics_loss(&report->epoch);

    const bool said = report->guessing;

    report->guessing =
        at->step >= GUESSING_STEPS && classes > 1 && fabs(loss - guess) < 0.01 * guess;
    if (report->guessing && !said)
        an_log(report->ctx, ALEXNET_LOG_WARNING,
               "epoch %.4g: the training loss %.3f is that of guessing (ln %d = %.3f): if it stays "
               "there, try another learning rate, or the recipe 'quick'",
               epochs_at(at), loss, classes, guess);
}

/* "84.31 %" */
static const char *percent(char text[AN_REAL_SIZE], double fraction)
{
    if (isnan(fraction)) return an_show_fixed(text, 2, fraction);
    an_print(text, AN_REAL_SIZE, "%.2f %%", 100 * fraction);
    return text;
}

void an_report_epoch(an_report *report, const an_position *at, int classes,
                     const an_metrics *metrics)
{
    char sentence[SENTENCE_BYTES], loss[AN_REAL_SIZE], top1[AN_REAL_SIZE], top5[AN_REAL_SIZE];
    const bool trained =
        report->epoch.images > 0; /* false if this process began with a validation */
    size_t used = (size_t)an_print(sentence, sizeof sentence, "epoch %.4g: ", epochs_at(at));

    if (trained)
        used += (size_t)an_print(sentence + used, sizeof sentence - used, "loss %s, top-1 %s%s",
                                 an_show_fixed(loss, 4, an_metrics_loss(&report->epoch)),
                                 percent(top1, an_metrics_top1(&report->epoch)),
                                 metrics != NULL ? "; " : "");

    if (metrics != NULL && used < sizeof sentence)
        an_print(sentence + used, sizeof sentence - used, "validation: loss %s, top-1 %s%s%s",
                 an_show_fixed(loss, 4, an_metrics_loss(metrics)),
                 percent(top1, an_metrics_top1(metrics)),
                 classes > ALEXNET_TOP5_CLASSES ? ", top-5 " : "",
                 classes > ALEXNET_TOP5_CLASSES ? percent(top5, an_metrics_top5(metrics)) : "");
    const alexnet_progress progress = {
        .phase = "train",
        .done = at->step,
        .total = at->total_steps,
        .epoch = epochs_at(at),
        .loss = an_metrics_loss(&report->epoch),
        .top1 = an_metrics_top1(&report->epoch),
        .top5 = an_metrics_top5(&report->epoch),
        .lr = at->lr,
        .images_per_second = ratio((double)report->images, at->busy_seconds),
        .data_wait = ratio(at->wait_seconds, at->busy_seconds),
        .seconds_left = at->seconds_left,
        .message = sentence,
    };
    tell(report, &progress);
    warn_if_guessing(report, at, classes);
}
