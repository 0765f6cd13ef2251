/*
 * course.h: where a run ends, and how far along its schedule each step is.
 *
 * Without a limit in time a run ends at its planned step, and step and place are the same. With one, the pace
 * of the steps so far says how many still fit, and the rest of the schedule is fitted into those: the place
 * goes on from where it was, in a straight line to the end.
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
 * Where no step fits any more the rest of the schedule is left, for a sitting that has more time.
 *
 * A checkpoint holds the newest estimate, which is all that the steps behind it depend on: the rate stays a
 * function of the step, and a resumed run repeats it.
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

/* Without an estimate. */
an_course an_course_start(int64_t planned);

/* For a run whose planned length has changed at `step`: the place goes on from where it was. */
an_course an_course_replan(const an_course *course, int64_t step, int64_t planned);

/* For a run that its limit in time brought to the end of the schedule at `step`, and that is to go on: the place is that
 * of the steps that were really taken. */
an_course an_course_reopen(int64_t step, int64_t planned);

/* Where on the schedule a step is, in steps of the planned run: 0 .. planned. */
double an_course_place(const an_course *course, int64_t step);

/* The same as a part of the run: 0 .. 1. */
double an_course_part(const an_course *course, int64_t step);

/* From `step` on the run is to end at `total`, or as planned, where that comes first. */
an_course an_course_move(const an_course *course, int64_t step, int64_t total);

#endif
