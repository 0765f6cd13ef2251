/*
 * course.h: at which step a run ends, and at which position of its schedule each step is.
 *
 * Without a time limit a run ends at its planned step, and step s is at position s. With one, the
 * speed of the steps so far says how many more fit (pace.h): the run then ends there, and the rest
 * of the schedule is compressed into these steps. The position continues from its present value, in
 * a straight line to the end.
 *
 *     position
 *     planned |            ,*      from: the step of the newest estimate
 *             |          ,'        done: the fraction of the schedule behind it
 *        done |       ,*           total: where the run ends by it
 *             |   ,-'
 *           0 |,-'
 *             +-------------------
 *             0      from  total   step
 *
 * When no further step fits, the rest of the schedule remains for a resumed run with more time.
 *
 * The learning rate (schedule.h), the size of a growing input (growth.h) and the count of epochs
 * are functions of the position. A checkpoint holds an an_course, and nothing else decides the
 * positions after it: so a resumed run repeats them, and a change of a formula in course.c changes
 * the rates of runs that are resumed.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_COURSE_H
#define AN_TRAIN_COURSE_H

#include "base/compiler.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct an_course {
    int64_t planned; /* steps of the run, as its settings `epochs` and `steps` say; >= 0 */
    int64_t from;    /* 0 .. planned; 0 and done 0: no estimate yet */
    double done;     /* 0 .. 1 */
    int64_t total;   /* from .. planned */
} an_course;

/* The course of a new run: no estimate, the end at `planned`. */
an_course an_course_start(int64_t planned);

/*
 * The course of a run whose planned length changed at `step`: the position, in steps, continues
 * from its present value.
 */
an_course an_course_replan(const an_course *course, int64_t step, int64_t planned);

/*
 * The course of a run that reached the end of its schedule at `step` because of its time limit, and
 * is to continue: the position becomes `step`, that of a run without a limit.
 */
an_course an_course_reopen(int64_t step, int64_t planned);

/* The position of a step on the schedule, in steps of the planned run: 0 .. planned. */
double an_course_position(const an_course *course, int64_t step);

/* The same as a fraction of the planned run: 0 .. 1. */
double an_course_fraction(const an_course *course, int64_t step);

/*
 * The course with a new estimate, made at `step`: the run ends at step `total`, or at its planned
 * step, whichever comes first. The position of `step` stays the same.
 */
an_course an_course_end_at(const an_course *course, int64_t step, int64_t total);

#endif
