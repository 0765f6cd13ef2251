/*
 * pace.h: the time of a run: how long its steps take, how much is left, and where a time limit will
 * end it.
 *
 *     a process    step step ... step | validation, checkpoint | step ... step | ...
 *                  '----- busy -----'   '-- an epoch's end --'   '-- busy --'
 *
 * Kept rows (frozen.h) are computed within steps and validation, and counted separately. The pace
 * is measured over a window, from one estimate to the next. Each estimate moves the end of the run
 * (course.h) and is written as a line of log.jsonl.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_PACE_H
#define AN_TRAIN_PACE_H

#include "train/feed.h"
#include "train/run/run_folder.h"

/* Costs of the rest of a run, in seconds; all are 0 or more. */
typedef struct an_pace {
    double step;  /* per step, with loading */
    double epoch; /* per epoch, in addition to its steps: validation, checkpoints */
    double once;  /* work that is still to be done once */
} an_pace;

/*
 * How many more steps fit into `seconds`; 0 if none does. into: steps done of the present epoch, 0
 * .. epoch_steps - 1. The work at an epoch's end also follows the last step. If the steps of the
 * last epoch would take less time than that work, the run ends before that epoch.
 */
int64_t an_pace_fit(const an_pace *pace, int64_t epoch_steps, int64_t into, double seconds);

/* A point in time of this process. */
typedef struct an_pace_mark {
    int64_t step, epoch_ends;
    double busy, seconds, rows; /* rows: an_feed_row_seconds() */
} an_pace_mark;

typedef struct an_pacer {
    /* set by the caller, borrowed */
    an_feed *feed; /* closed until the first rehearsal or step */
    const an_config *config;
    const an_run_folder *folder;
    an_train_state *state; /* seconds and course are updated */
    int64_t epoch_steps, val_images;

    double busy_seconds;     /* in steps, in this process */
    double expected_seconds; /* of the whole run, before its first step; NaN: not known */

    /* internal */
    double start;          /* of this process, on the context's clock */
    double seconds_before; /* spent by earlier processes of the run */
    int64_t first_step, epoch_ends;
    double step_start, step_rows; /* of the present step */
    bool estimated;               /* at least once, from steps */
    an_pace_mark mark;            /* start of the window */
    double epoch_seconds;         /* an_pace.epoch as last measured; below 0: not yet */
    alexnet_context *ctx;
} an_pacer;

/* Starts the clock of this process. */
void an_pacer_begin(an_pacer *pacer, alexnet_context *ctx);

/* Updates state->seconds from the clock. */
void an_pacer_look(an_pacer *pacer);

/*
 * Times three steps on random images; the first is not counted. The weights do not change. Sets
 * expected_seconds and, with a time limit, the first estimate. NO_MEMORY, IO.
 */
alexnet_status an_pacer_rehearse(an_pacer *pacer) AN_NODISCARD;

/*
 * Call before and after a step; the step itself increments state->step. With a time limit the end
 * of the run is estimated at intervals. IO.
 */
void an_pacer_begin_step(an_pacer *pacer);
alexnet_status an_pacer_end_step(an_pacer *pacer) AN_NODISCARD;

/* By the mean of this process, validations and checkpoints included, and at most what a time limit
   leaves. NaN: not known. */
double an_pacer_seconds_left(const an_pacer *pacer);

#endif
