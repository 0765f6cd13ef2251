/*
 * course.c: see course.h, which also says what depends on these formulas.
 * SPDX-License-Identifier: MIT
 */
#include "train/course.h"

#include <math.h>

an_course an_course_start(int64_t planned)
{
    return (an_course){.planned = planned, .total = planned};
}

an_course an_course_replan(const an_course *course, int64_t step, int64_t planned)
{
    const bool cut = course->total < course->planned;

    if (planned == course->planned) return *course;
    if (course->from == 0 && !(course->done > 0) && !cut) return an_course_start(planned);
    return (an_course){
        .planned = planned,
        .from = step,
        .done = planned > 0 ? AN_MIN(an_course_position(course, step) / (double)planned, 1) : 1,
        .total = AN_MAX(step, cut ? AN_MIN(course->total, planned) : planned),
    };
}

an_course an_course_reopen(int64_t step, int64_t planned)
{
    return (an_course){
        .planned = planned,
        .from = step,
        .done = planned > 0 ? AN_MIN((double)step / (double)planned, 1) : 1,
        .total = AN_MAX(step, planned),
    };
}

double an_course_position(const an_course *course, int64_t step)
{
    const double length = (double)(course->total - course->from);

    if (course->from == 0 && course->total == course->planned) return (double)step;
    if (length <= 0) return (double)course->planned * course->done; /* no time for the rest */
    if (step >= course->total) return (double)course->planned;
    return (double)course->planned *
           (course->done + (1 - course->done) * (double)(step - course->from) / length);
}

double an_course_fraction(const an_course *course, int64_t step)
{
    return an_course_position(course, step) / (double)AN_MAX(course->planned, 1);
}

an_course an_course_end_at(const an_course *course, int64_t step, int64_t total)
{
    const double planned = (double)course->planned;

    return (an_course){
        .planned = course->planned,
        .from = step,
        .done = planned > 0 ? AN_MIN(an_course_position(course, step) / planned, 1) : 1,
        .total = AN_MAX(step, AN_MIN(total, course->planned)),
    };
}
