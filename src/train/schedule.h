/*
 * schedule.h: the factor of the learning rate in each step. It depends on the step alone (with a
 * plateau also on the validations so far), so that a resumed run continues like one that was not
 * stopped. The paper (section 5) divides the rate by 10 when validation stops improving:
 * plateau:0.1,PATIENCE,3.
 *
 *     schedule = [ "warmup:" STEPS "+" ] shape
 *     shape    = "constant"
 *              | "step:" EPOCHS "," FACTOR                times FACTOR after every EPOCHS epochs
 *              | "at:" EPOCH { "," EPOCH } ":" FACTOR     times FACTOR after each of these epochs
 *              | "exp:" EPOCHS "," FACTOR                 the same as step: TensorFlow's
 *                                                         exponential decay as a staircase
 *              | "cosine"                                 half a cosine, from 1 to 0 at the end
 *              | "poly:" POWER [ "," END ]                END + (1 - END) (1 - done)^POWER, where
 *                                                         done goes from 0 to 1; END defaults to 0
 *              | "dexp:" FACTOR "," PARTS                 1 in the first of PARTS equal parts of
 *                                                         the run, 1 / FACTOR in the last, by equal
 *                                                         factors between (cuda-convnet2)
 *              | "plateau:" FACTOR "," PATIENCE "," TIMES times FACTOR when validation has not
 *                                                         improved for PATIENCE epochs, at most
 *                                                         TIMES times
 *
 *     1 |   ___                     warmup:W+cosine
 *       |  /   `--.
 *       | /        `-.
 *     0 |/____________`.__
 *       0  W           total
 *
 * Warm-up multiplies the shape by 1/W, 2/W, ... 1, and takes at most a fifth of the planned run;
 * cosine, poly and dexp begin where it ends. Where a step is on the schedule is its place
 * (course.h). Without a time limit that is the step itself. With one, the schedule is compressed
 * into the steps that fit, and EPOCHS here are epochs of the whole schedule: at:30:0.1 in a run of
 * 90 epochs takes effect after a third of the time.
 *
 * A new shape needs a word in take_shape(), its factor in an_schedule_factor(), and a line in
 * docs/training.md. The factors of the present ones are those of published runs and of checkpoints
 * to be resumed: they stay (tests/train/schedule_test.c).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_SCHEDULE_H
#define AN_TRAIN_SCHEDULE_H

#include "base/settings.h"
#include "train/course.h"
#include <math.h>
#include <stdint.h>

typedef enum an_schedule_shape {
    AN_SCHEDULE_CONSTANT,
    AN_SCHEDULE_STEP,
    AN_SCHEDULE_AT,
    AN_SCHEDULE_COSINE,
    AN_SCHEDULE_POLY,
    AN_SCHEDULE_DEXP,
    AN_SCHEDULE_PLATEAU
} an_schedule_shape;

typedef struct an_schedule {
    an_schedule_shape shape;
    int64_t warmup;    /* steps */
    double every;      /* STEP: epochs between two drops */
    an_reals at;       /* AT: epochs */
    double factor;     /* STEP, AT, DEXP and PLATEAU */
    double power, end; /* POLY */
    int64_t parts;     /* DEXP: steps of the staircase */
    int64_t patience;  /* PLATEAU: epochs */
    int64_t times;     /* PLATEAU: drops at most */
} an_schedule;

/* BAD_ARG naming the text and the grammar. */
alexnet_status an_schedule_parse(alexnet_context *ctx, const char *text,
                                 an_schedule *out) AN_NODISCARD;

/*
 * The state of a plateau after the validations so far. Other shapes leave it in its initial state.
 */
typedef struct an_plateau {
    double best;   /* top-1; NaN: none yet */
    int64_t stale; /* epochs since the best, or since the last drop */
    int64_t drops; /* how often the rate was multiplied by FACTOR */
} an_plateau;

an_plateau an_plateau_start(void);

/* The state after the validation at the end of an epoch. */
an_plateau an_plateau_update(const an_schedule *schedule, an_plateau plateau, double top1);

/* No bound. */
#define AN_SCHEDULE_UNBOUND ((double)INFINITY)

/*
 * The factor of the recipe's learning rate.
 *   step         0 .. course->total - 1
 *   epoch_steps  steps in an epoch
 *   bound        upper bound for a shape that depends on the end of the run: when the end has moved
 *                away, the rate keeps its value until the shape is below it
 */
double an_schedule_factor(const an_schedule *schedule, int64_t step, int64_t epoch_steps,
                          const an_course *course, const an_plateau *plateau, double bound);

/*
 * The bound for a run whose end moves after `step` steps on this course: the factor of the next
 * step, or of the last one if the schedule is at its end, without warm-up. AN_SCHEDULE_UNBOUND
 * before the first step, and for shapes that do not depend on the end.
 */
double an_schedule_bound(const an_schedule *schedule, int64_t step, const an_course *course,
                         double bound);

#endif
