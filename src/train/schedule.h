/*
 * schedule.h: the learning rate over a run: a pure function of the step, so that a resumed run
 * needs nothing saved.
 *
 *     schedule = [ "warmup:" STEPS "+" ] shape
 *     shape    = "constant"
 *              | "step:" EPOCHS "," FACTOR                times FACTOR after every EPOCHS epochs
 *              | "at:" EPOCH { "," EPOCH } ":" FACTOR     times FACTOR after each of these epochs
 *              | "cosine"                                 half a cosine from 1 to 0 at the end
 *
 *     1 |   ___                     warmup:W+cosine
 *       |  /   `--.
 *       | /        `-.
 *     0 |/____________`.__
 *       0  W           total
 *
 * Warm-up multiplies the shape by 1/W, 2/W, ... 1; a cosine begins where it ends. The end
 * follows from epochs and steps alone: a limit in seconds cuts a run short, but never bends its
 * schedule.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_SCHEDULE_H
#define AN_TRAIN_SCHEDULE_H

#include "base/settings.h"
#include <stdint.h>

typedef enum an_schedule_shape {
    AN_SCHEDULE_CONSTANT,
    AN_SCHEDULE_STEP,
    AN_SCHEDULE_AT,
    AN_SCHEDULE_COSINE
} an_schedule_shape;

typedef struct an_schedule {
    an_schedule_shape shape;
    int64_t warmup; /* steps */
    double every;   /* epochs; STEP */
    an_reals at;    /* epochs; AT */
    double factor;  /* STEP and AT */
} an_schedule;

/* BAD_ARG, naming the text and the grammar. */
alexnet_status an_schedule_parse(alexnet_context *ctx, const char *text,
                                 an_schedule *out) AN_NODISCARD;

/*
 * What the recipe's rate is multiplied with.
 *   step         0 .. total - 1
 *   epoch_steps  steps in an epoch
 *   total        planned steps of the run
 */
double an_schedule_factor(const an_schedule *schedule, int64_t step, int64_t epoch_steps,
                          int64_t total);

/*
 * Steps that fit into the time left, where that cuts the rest of the schedule short by more than
 * 5 %; -1: it does not, or the schedule has no end to miss.
 */
int64_t an_schedule_cut(const an_schedule *schedule, int64_t steps_left, double step_seconds,
                        double seconds_left);

#endif
