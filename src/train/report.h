/*
 * report.h: what a run reports while it trains: progress after every step and validation batch; a
 * line of log.jsonl every AN_LOG_STEPS steps, at the end of each epoch and after each validation;
 * and one sentence per epoch.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_REPORT_H
#define AN_TRAIN_REPORT_H

#include "infer/metrics.h"
#include "train/run/run_folder.h"

#define AN_LOG_STEPS 10

/* The progress of a run. */
typedef struct an_position {
    int64_t step, epoch_steps, total_steps;
    double lr;           /* of the last step */
    double busy_seconds; /* spent in steps, with loading, in this process */
    double wait_seconds; /* of these, waiting for images */
    double seconds;      /* in total, validation included, by all processes of the run */
    double seconds_left; /* NaN: not known */
} an_position;

typedef struct an_report {
    alexnet_context *ctx;
    const an_run_folder *folder;
    alexnet_progress_fn progress; /* the caller's; may be NULL */
    void *progress_user;
    alexnet_go go;                   /* the caller's last request; the trainer resets it */
    an_metrics window;               /* since the last line of the log */
    an_metrics epoch;                /* since the epoch's start */
    int64_t images;                  /* in this process */
    double window_busy, window_wait; /* at the start of the window */
    alexnet_progress val;            /* the last progress of the validation */
    bool guessing;                   /* the last epoch's loss was that of guessing: warned */
} an_report;

/* Counts the predictions of a batch. probs: [n][classes]; loss: the mean of the batch. */
void an_report_predictions(an_report *report, const float *probs, int classes,
                           const int32_t *labels, int n, double loss);

alexnet_status an_report_step(an_report *report, const an_position *at) AN_NODISCARD;

/* The progress callback for a validation; `user` is the report. */
alexnet_go an_report_watch(void *user, const alexnet_progress *progress);

alexnet_status an_report_validation(an_report *report, const an_position *at,
                                    const an_metrics *metrics) AN_NODISCARD;

/*
 * At an epoch's end, after its validation (metrics NULL: none): reports the sentence, and warns
 * once if the loss is that of guessing.
 */
void an_report_epoch(an_report *report, const an_position *at, int classes,
                     const an_metrics *metrics);

#endif
