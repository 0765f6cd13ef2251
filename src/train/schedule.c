/*
 * schedule.c: a schedule's text is parsed, and its factor computed for a step. The grammar, the
 * formulas and what a new shape needs are in schedule.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/schedule.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

/* ---- parsing ---- */

/* Moves *text past `word` if it begins with it. */
static bool take_word(const char **text, const char *word)
{
    const size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0) return false;
    *text += length;
    return true;
}

/*
 * Moves *text past a number above 0, which ends at the first character of `ends` or with the text.
 */
static bool take_number(const char **text, const char *ends, double *out)
{
    const size_t length = strcspn(*text, ends);

    if (!an_parse_real(*text, length, out) || *out <= 0) return false;
    *text += length;
    return true;
}

/* The same for an integer of 1 or more. */
static bool take_count(const char **text, const char *ends, int64_t *out)
{
    const size_t length = strcspn(*text, ends);

    if (!an_parse_int(*text, length, out) || *out < 1) return false;
    *text += length;
    return true;
}

/* Moves *text past "warmup:STEPS+", if it begins with that. */
static bool take_warmup(const char **text, int64_t *steps)
{
    if (!take_word(text, "warmup:")) return true;
    const size_t length = strcspn(*text, "+");
    if (!an_parse_int(*text, length, steps) || *steps < 0) return false;
    *text += length;
    return take_word(text, "+");
}

/* Moves *text past "30,60,80". */
static bool take_epochs(const char **text, an_reals *at)
{
    do {
        if (at->count == AN_SETTING_REALS || !take_number(text, ",:", &at->values[at->count]))
            return false;
        ++at->count;
    } while (take_word(text, ","));
    return true;
}

static bool take_step(const char **text, an_schedule *out)
{
    out->shape = AN_SCHEDULE_STEP;
    return take_number(text, ",", &out->every) && take_word(text, ",") &&
           take_number(text, "", &out->factor);
}

static bool take_at(const char **text, an_schedule *out)
{
    out->shape = AN_SCHEDULE_AT;
    return take_epochs(text, &out->at) && take_word(text, ":") &&
           take_number(text, "", &out->factor);
}

static bool take_poly(const char **text, an_schedule *out)
{
    out->shape = AN_SCHEDULE_POLY;
    if (!take_number(text, ",", &out->power)) return false;
    return !take_word(text, ",") || take_number(text, "", &out->end);
}

static bool take_dexp(const char **text, an_schedule *out)
{
    out->shape = AN_SCHEDULE_DEXP;
    return take_number(text, ",", &out->factor) && take_word(text, ",") &&
           take_count(text, "", &out->parts);
}

static bool take_plateau(const char **text, an_schedule *out)
{
    out->shape = AN_SCHEDULE_PLATEAU;
    return take_number(text, ",", &out->factor) && take_word(text, ",") &&
           take_count(text, ",", &out->patience) && take_word(text, ",") &&
           take_count(text, "", &out->times);
}

static bool take_shape(const char **text, an_schedule *out)
{
    static const struct {
        const char *word;
        bool (*take)(const char **text, an_schedule *out);
    } shapes[] = {
        {"step:", take_step}, {"exp:", take_step},  {"at:", take_at},
        {"poly:", take_poly}, {"dexp:", take_dexp}, {"plateau:", take_plateau},
    };

    if (take_word(text, "constant")) return true;
    if (take_word(text, "cosine")) {
        out->shape = AN_SCHEDULE_COSINE;
        return true;
    }
    for (size_t i = 0; i < AN_COUNT(shapes); ++i)
        if (take_word(text, shapes[i].word)) return shapes[i].take(text, out);
    return false;
}

alexnet_status an_schedule_parse(alexnet_context *ctx, const char *text, an_schedule *out)
{
    const char *rest = text;

    *out = (an_schedule){.shape = AN_SCHEDULE_CONSTANT, .factor = 1};
    if (take_warmup(&rest, &out->warmup) && take_shape(&rest, out) && *rest == '\0')
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_ARG,
                   "schedule '%s': expected constant, step:EPOCHS,FACTOR, exp:EPOCHS,FACTOR, "
                   "at:EPOCH,...:FACTOR, cosine, poly:POWER[,END], dexp:FACTOR,PARTS or "
                   "plateau:FACTOR,PATIENCE,TIMES, maybe after warmup:STEPS+",
                   text);
}

/* ---- a plateau ---- */

an_plateau an_plateau_start(void) { return (an_plateau){.best = (double)NAN}; }

an_plateau an_plateau_update(const an_schedule *schedule, an_plateau plateau, double top1)
{
    if (schedule->shape != AN_SCHEDULE_PLATEAU) return plateau;
    if (isnan(plateau.best) || top1 > plateau.best)
        return (an_plateau){.best = top1, .drops = plateau.drops};
    ++plateau.stale;
    if (plateau.stale < schedule->patience || plateau.drops == schedule->times) return plateau;
    ++plateau.drops;
    plateau.stale = 0;
    return plateau;
}

/* ---- the rate ---- */

/* STEP and AT: how many times the rate has dropped after `epochs` epochs. */
static double count_drops(const an_schedule *schedule, double epochs)
{
    double drops = 0;

    if (schedule->shape == AN_SCHEDULE_STEP) return floor(epochs / schedule->every);
    for (int i = 0; i < schedule->at.count; ++i)
        drops += schedule->at.values[i] <= epochs;
    return drops;
}

/* Steps of warm-up, bounded so that even a short run reaches its full rate. */
static double warmup_steps(const an_schedule *schedule, const an_course *course)
{
    return (double)AN_MIN(schedule->warmup, course->planned / 5);
}

/* How much of the schedule after warm-up lies before `position` (course.h): 0 .. 1. */
static double fraction_done(const an_schedule *schedule, double position, const an_course *course)
{
    const double warmup = warmup_steps(schedule, course);
    const double length = (double)course->planned - warmup;

    if (position < warmup || length <= 0) return 0;
    return AN_MIN((position - warmup) / length, 1);
}

/* FACTOR^(-i / (PARTS - 1)) in part i = 0 .. PARTS - 1. */
static double dexp(const an_schedule *schedule, double done)
{
    const double last = (double)schedule->parts - 1;
    const double part = AN_MIN(floor(done * (double)schedule->parts), last);

    return last > 0 ? pow(schedule->factor, -part / last) : 1;
}

/* The factor of a shape that depends on the end of the run, at most `bound`; other shapes: 1. */
static double shape_by_end(const an_schedule *schedule, double position, const an_course *course,
                           double bound)
{
    const double done = fraction_done(schedule, position, course);

    switch (schedule->shape) {
    case AN_SCHEDULE_COSINE:
        return fmin(0.5 * (1 + cos(acos(-1.0) * done)), bound);
    case AN_SCHEDULE_POLY:
        return fmin(schedule->end + (1 - schedule->end) * pow(1 - done, schedule->power), bound);
    case AN_SCHEDULE_DEXP:
        return fmin(dexp(schedule, done), bound);
    case AN_SCHEDULE_CONSTANT:
    case AN_SCHEDULE_STEP:
    case AN_SCHEDULE_AT:
    case AN_SCHEDULE_PLATEAU:
        break;
    }
    return 1;
}

static bool depends_on_end(const an_schedule *schedule)
{
    return schedule->shape == AN_SCHEDULE_COSINE || schedule->shape == AN_SCHEDULE_POLY ||
           schedule->shape == AN_SCHEDULE_DEXP;
}

double an_schedule_factor(const an_schedule *schedule, int64_t step, int64_t epoch_steps,
                          const an_course *course, const an_plateau *plateau, double bound)
{
    const double steps = warmup_steps(schedule, course);
    /* a bound below 1: the end moved after the warm-up, which a longer run must not repeat */
    const bool is_warm = (depends_on_end(schedule) && bound < 1) || (double)step >= steps;
    const double warmup = is_warm ? 1 : (double)(step + 1) / steps;
    const double position = an_course_position(course, step);

    switch (schedule->shape) {
    case AN_SCHEDULE_CONSTANT:
        break;
    case AN_SCHEDULE_STEP:
    case AN_SCHEDULE_AT:
        return warmup *
               pow(schedule->factor, count_drops(schedule, position / (double)epoch_steps));
    case AN_SCHEDULE_COSINE:
    case AN_SCHEDULE_POLY:
    case AN_SCHEDULE_DEXP:
        return warmup * shape_by_end(schedule, position, course, bound);
    case AN_SCHEDULE_PLATEAU:
        return warmup * pow(schedule->factor, (double)plateau->drops);
    }
    return warmup;
}

double an_schedule_bound(const an_schedule *schedule, int64_t step, const an_course *course,
                         double bound)
{
    const bool at_end = an_course_position(course, step) >= (double)course->planned;

    if (step == 0 || !depends_on_end(schedule)) return AN_SCHEDULE_UNBOUND;
    return shape_by_end(schedule, an_course_position(course, step - at_end), course, bound);
}
