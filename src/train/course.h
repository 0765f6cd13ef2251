/*
 * course.h: at which step a run ends, and how far along its schedule each step is (its place).
 *
 * Without a time limit a run ends at its planned step, and step and place are equal. With one, the
 * speed of the steps so far says how many more fit, and the rest of the schedule is compressed into
 * them: the place continues from its present value, in a straight line to the end.
 *
 *     place
 *     planned |            ,*      from: the step of the newest estimate
 *             |          ,'        done: the part of the schedule behind it
 *        done |       ,*           total: where the run ends by it
 *             |   ,-'
 *           0 |,-'
 *             +-------------------
 *             0      from  total
 *
 * When no further step fits, the rest of the schedule remains for a resumed run with more time.
 *
 * A checkpoint holds the newest estimate, and the steps after it depend on nothing else: the
 * learning rate stays a function of the step, and a resumed run repeats it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_COURSE_H
#define AN_TRAIN_COURSE_H

#include "base/compiler.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct an_course {
    int64_t planned; /* steps of the run, as epochs and steps say */
    int64_t from;    /* step of the newest estimate; 0 and done 0: none yet */
    double done;     /* 0 .. 1 */
    int64_t total;   /* from .. planned */
} an_course;

/* A course without an estimate. */
an_course an_course_start(int64_t planned);

/* For a run whose planned length changed at `step`: the place continues from its present value. */
an_course an_course_replan(const an_course *course, int64_t step, int64_t planned);

/*
 * For a run that reached the end of its schedule at `step` because of its time limit, and is to
 * continue: the place becomes that of the steps that were taken.
 */
an_course an_course_reopen(int64_t step, int64_t planned);

/* The place of a step on the schedule, in steps of the planned run: 0 .. planned. */
double an_course_place(const an_course *course, int64_t step);

/* The same as a fraction of the run: 0 .. 1. */
double an_course_fraction(const an_course *course, int64_t step);

/* From `step` on, the run is to end at `total` or at its planned step, whichever comes first. */
an_course an_course_move(const an_course *course, int64_t step, int64_t total);

#endif
