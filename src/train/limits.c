/*
 * limits.c: see limits.h. Comparisons with NaN, which stands for "none yet", are false.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/limits.h"

#include "base/log.h"

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

void an_limit_tell(alexnet_context *ctx, const an_config *config, const an_train_state *state)
{
    const an_course *course = &state->course;
    const long long step = state->step;

    if (!an_limit_reached(config, state)) return;
    if (step >= course->planned)
        an_log(ctx, ALEXNET_LOG_INFO,
               "the run is finished: step %lld is the last of its epochs; raise --epochs or "
               "--steps to go on",
               step);
    else if (an_course_place(course, step) >= (double)course->planned)
        an_log(ctx, ALEXNET_LOG_INFO,
               "the run is finished: its limit in time ended it after step %lld, with the learning "
               "rate at its end; to train on, start another run from its weights: alexnet train "
               "DATA --from RUN",
               step);
    else
        an_log(ctx, ALEXNET_LOG_INFO,
               "the limit in time is used up after step %lld: raise --time to go on", step);
}
