/*
 * schedule.c: parsing and evaluating schedules.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/schedule.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

/* ---- parsing ---- */

/* Moves *text past `word` when it begins with it. */
static bool take_word(const char **text, const char *word)
{
    const size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0) return false;
    *text += length;
    return true;
}

/* Moves *text past a number above 0; it ends at the first of `ends` or with the text. */
static bool take_number(const char **text, const char *ends, double *out)
{
    const size_t length = strcspn(*text, ends);

    if (!an_parse_real(*text, length, out) || *out <= 0) return false;
    *text += length;
    return true;
}

static bool take_warmup(const char **text, int64_t *steps)
{
    if (!take_word(text, "warmup:")) return true;
    const size_t length = strcspn(*text, "+");
    if (!an_parse_int(*text, length, steps) || *steps < 0) return false;
    *text += length;
    return take_word(text, "+");
}

static bool take_epochs(const char **text, an_reals *at)
{
    do {
        if (at->count == AN_SETTING_REALS || !take_number(text, ",:", &at->values[at->count]))
            return false;
        ++at->count;
    } while (take_word(text, ","));
    return true;
}

static bool take_shape(const char **text, an_schedule *out)
{
    if (take_word(text, "constant")) return true;
    if (take_word(text, "cosine")) {
        out->shape = AN_SCHEDULE_COSINE;
        return true;
    }
    if (take_word(text, "step:")) {
        out->shape = AN_SCHEDULE_STEP;
        return take_number(text, ",", &out->every) && take_word(text, ",") &&
               take_number(text, "", &out->factor);
    }
    if (take_word(text, "at:")) {
        out->shape = AN_SCHEDULE_AT;
        return take_epochs(text, &out->at) && take_word(text, ":") &&
               take_number(text, "", &out->factor);
    }
    return false;
}

alexnet_status an_schedule_parse(alexnet_context *ctx, const char *text, an_schedule *out)
{
    const char *rest = text;

    *out = (an_schedule){.shape = AN_SCHEDULE_CONSTANT, .factor = 1};
    if (take_warmup(&rest, &out->warmup) && take_shape(&rest, out) && *rest == '\0')
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_ARG,
                   "schedule '%s': expected constant, cosine, step:EPOCHS,FACTOR or "
                   "at:EPOCH,...:FACTOR, maybe after "
                   "warmup:STEPS+",
                   text);
}

/* ---- the rate ---- */

/* How many of the drops lie behind `epochs`. */
static int count_drops(const an_schedule *schedule, double epochs)
{
    int drops = 0;

    if (schedule->shape == AN_SCHEDULE_STEP) return (int)(epochs / schedule->every);
    for (int i = 0; i < schedule->at.count; ++i)
        drops += schedule->at.values[i] <= epochs;
    return drops;
}

static double cosine(const an_schedule *schedule, int64_t step, int64_t total)
{
    const double length = (double)(total - schedule->warmup);
    const double done = (double)(step - schedule->warmup);

    if (done < 0 || length <= 0) return 1;
    return 0.5 * (1 + cos(acos(-1.0) * AN_MIN(done / length, 1)));
}

double an_schedule_factor(const an_schedule *schedule, int64_t step, int64_t epoch_steps,
                          int64_t total)
{
    const double warm = step < schedule->warmup ? (double)(step + 1) / (double)schedule->warmup : 1;

    switch (schedule->shape) {
    case AN_SCHEDULE_CONSTANT:
        break;
    case AN_SCHEDULE_STEP:
    case AN_SCHEDULE_AT:
        return warm *
               pow(schedule->factor, count_drops(schedule, (double)step / (double)epoch_steps));
    case AN_SCHEDULE_COSINE:
        return warm * cosine(schedule, step, total);
    }
    return warm;
}

int64_t an_schedule_cut(const an_schedule *schedule, int64_t steps_left, double step_seconds,
                        double seconds_left)
{
    if (schedule->shape == AN_SCHEDULE_CONSTANT ||
        (double)steps_left * step_seconds <= 1.05 * seconds_left)
        return -1;
    return (int64_t)(AN_MAX(seconds_left, 0) / step_seconds);
}
