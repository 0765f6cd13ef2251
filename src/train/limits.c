/*
 * limits.c: see limits.h. Comparisons with NaN, which means "none yet", are false.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/limits.h"

#include "base/log.h"
#include "base/text.h"

bool an_limit_reached(const an_config *config, const an_train_state *state)
{
    if (state->step == 0) return false;
    return state->step >= state->course.total ||
           (config->seconds >= 0 && state->seconds >= config->seconds);
}

static bool top1_reached(const an_config *config, const an_train_state *state)
{
    return config->stop_at_top1 >= 0 && state->val_top1 >= config->stop_at_top1;
}

bool an_limit_good_enough(const an_config *config, const an_train_state *state)
{
    return (config->patience > 0 && state->stale >= config->patience) ||
           top1_reached(config, state);
}

const char *an_limit_name(const an_config *config, const an_train_state *state)
{
    if (top1_reached(config, state)) return "top1";
    if (an_limit_good_enough(config, state)) return "patience";
    return state->step >= state->course.planned ? "epochs" : "time";
}

/* Validation has ended the run. */
static void tell_good_enough(alexnet_context *ctx, const an_config *config,
                             const an_train_state *state)
{
    const long long step = state->step;

    if (top1_reached(config, state))
        an_log(ctx, ALEXNET_LOG_WARNING,
               "the run is finished: validation reached the requested top-1 after step %lld; raise "
               "--stop-at-top1, or --stop-at-top1 none, to continue",
               step);
    else
        an_log(ctx, ALEXNET_LOG_WARNING,
               "the run is finished: after step %lld validation had not improved for %d %s; raise "
               "--patience, or --patience none, to continue",
               step, config->patience, AN_NOUN(config->patience, "epoch", "epochs"));
}

void an_limit_tell(alexnet_context *ctx, const an_config *config, const an_train_state *state)
{
    const an_course *course = &state->course;
    const long long step = state->step;

    if (!an_limit_reached(config, state)) {
        if (an_limit_good_enough(config, state)) tell_good_enough(ctx, config, state);
    } else if (step >= course->planned)
        an_log(ctx, ALEXNET_LOG_WARNING,
               "the run is finished: step %lld is the last of its %s to continue", step,
               config->steps >= 0 && step >= config->steps
                   ? "steps; raise --steps, or --steps none,"
                   : "epochs; raise --epochs");
    else if (an_course_position(course, step) >= (double)course->planned)
        an_log(ctx, ALEXNET_LOG_WARNING,
               "the run is finished: its time limit ended it after step %lld, with the learning "
               "rate at its end; raise --time, or --time none, to continue at that rate, or start "
               "another run from its weights: alexnet train DATA --from RUN",
               step);
    else
        an_log(ctx, ALEXNET_LOG_WARNING,
               "the time limit, which covers all processes of the run, is used up after step %lld: "
               "raise --time, or --time none, to continue",
               step);
}
