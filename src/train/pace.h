/*
 * pace.h: the time of a run: how long its steps take, what is left, and where a limit in time will
 * end it.
 *
 *     a sitting    step step ... step | validation, checkpoint | step ... step | ...
 *                  '----- busy -----'   '-- an epoch's end --'   '-- busy --'
 *
 * Kept rows (frozen.h) are computed within steps and validation, and counted apart. The pace is
 * measured over a window, from one estimate to the next. Each estimate moves the end of the run
 * (course.h), and is a line of log.jsonl.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_PACE_H
#define AN_TRAIN_PACE_H

#include "train/feed.h"
#include "train/run/run_folder.h"

/* What the rest of a run takes. Seconds; all 0 or more. */
typedef struct an_pace {
    double step;  /* a step, with loading */
    double epoch; /* what comes on top of the steps of an epoch: validation, checkpoints */
    double once;  /* what is still to be done once */
} an_pace;

/*
 * How many more steps fit into `seconds`; 0 where nothing does. into: steps that are done of the present epoch, 0 ..
 * epoch_steps - 1. What follows an epoch follows the last step, too. Where the last epoch would be
 * shorter than that, the run ends before it.
 */
int64_t an_pace_fit(const an_pace *pace, int64_t epoch_steps, int64_t into, double seconds);

/* A moment of a sitting. */
typedef struct an_pace_mark {
    int64_t step, epoch_ends;
    double busy, seconds, rows; /* rows: an_feed_row_seconds() */
} an_pace_mark;

typedef struct an_pacer {
    /* to be given, borrowed */
    an_feed *feed; /* closed until the first rehearsal or step */
    const an_config *config;
    const an_run_folder *folder;
    an_train_state *state; /* seconds is kept, course is moved */
    int64_t epoch_steps, val_images;

    double busy_seconds;     /* in steps, this sitting */
    double expected_seconds; /* of the whole run, before its first step; NaN: not known */

    /* its own */
    double start, seconds_before; /* of the sitting, on the context's clock; in earlier ones */
    int64_t first_step, epoch_ends;
    double step_start, step_rows; /* of the step that runs */
    bool estimated;               /* once at least, from steps */
    an_pace_mark mark;            /* where the window began */
    double epoch_seconds;         /* an_pace.epoch, as last seen; below 0: not yet */
    alexnet_context *ctx;
} an_pacer;

/* A sitting begins now. */
void an_pacer_begin(an_pacer *pacer, alexnet_context *ctx);

/* Looks at the clock: state->seconds. */
void an_pacer_look(an_pacer *pacer);

/*
 * Three steps on random images, of which the first is not counted: how long one takes. Nothing is
 * learnt in them. They give expected_seconds and, with a limit in time, the first estimate. NO_MEMORY, IO.
 */
alexnet_status an_pacer_rehearse(an_pacer *pacer) AN_NODISCARD;

/* Around a step, which counts itself in the state. With a limit in time the end is estimated now and
   then. IO. */
void an_pacer_begin_step(an_pacer *pacer);
alexnet_status an_pacer_end_step(an_pacer *pacer) AN_NODISCARD;

/* By the mean of this sitting, validations and checkpoints included, and not more than a limit in
   time leaves. NaN: not known. */
double an_pacer_seconds_left(const an_pacer *pacer);

#endif
