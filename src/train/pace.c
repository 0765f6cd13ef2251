/*
 * pace.c: see pace.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/pace.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include <math.h>
#include <string.h>

#define FIRST_STEPS     20 /* when the pace is known for the first time, or */
#define FIRST_SECONDS   10
#define PARTS           20 /* then it is looked at so often in the time that there is */
#define REHEARSAL_STEPS 2

int64_t an_pace_fit(const an_pace *pace, int64_t epoch_steps, int64_t into, double seconds)
{
    const double epoch = (double)AN_MAX(epoch_steps, 1), rest_steps = epoch - (double)into;
    const double left = seconds - pace->once;
    const double rest = rest_steps * pace->step + pace->epoch; /* of this epoch, and its end */
    const double whole = epoch * pace->step + pace->epoch;
    double fit;

    if (!(left > 0)) return 0;
    if (left < rest) {
        fit = (left - pace->epoch) / pace->step;
    } else {
        const double ends = floor((left - rest) / whole);
        const double last = left - rest - ends * whole - pace->epoch; /* in the epoch after them */
        fit = rest_steps + ends * epoch + (last > pace->epoch ? last / pace->step : 0);
    }
    if (!(fit > 0)) return 0; /* no time, or no pace */
    return fit < (double)INT64_MAX / 2 ? (int64_t)fit : INT64_MAX / 2;
}

/* ---- the clock of a process ---- */

static an_pace_mark mark_here(const an_pacer *p)
{
    return (an_pace_mark){.step = p->state->step,
                          .epoch_ends = p->epoch_ends,
                          .busy = p->busy_seconds,
                          .seconds = p->state->seconds,
                          .rows = an_feed_row_seconds(p->feed)};
}

void an_pacer_begin(an_pacer *p, alexnet_context *ctx)
{
    p->ctx = ctx;
    p->start = an_context_seconds(ctx);
    p->seconds_before = p->state->seconds;
    p->first_step = p->state->step;
    p->epoch_seconds = -1;
    p->expected_seconds = (double)NAN;
    p->mark = mark_here(p);
}

void an_pacer_look(an_pacer *p)
{
    p->state->seconds = p->seconds_before + (an_context_seconds(p->ctx) - p->start);
}

double an_pacer_seconds_left(const an_pacer *p)
{
    const int64_t done = p->state->step - p->first_step;
    const double by_step = done > 0 ? (p->state->seconds - p->seconds_before) / (double)done *
                                          (double)(p->state->course.total - p->state->step)
                                    : (double)NAN;

    return p->config->seconds >= 0 ? fmin(by_step, p->config->seconds - p->state->seconds)
                                   : by_step;
}

/* ---- estimates ---- */

/* A validation image needs only the forward pass: a third of the work of training on it. */
static double guess_epoch_seconds(const an_pacer *p, double step_seconds)
{
    if (p->feed->frozen != NULL) return 0; /* rows are kept */
    return step_seconds / 3 * (double)p->val_images / (double)p->config->recipe.batch;
}

/* Moves the end of the run to where the time limit will be at this pace. */
static void set_course(an_pacer *p, an_pace pace)
{
    const double left = p->config->seconds - p->state->seconds;

    pace.step *= an_feed_rest(p->feed);
    pace.once += an_feed_row_seconds_left(p->feed);
    const int64_t fit = an_pace_fit(&pace, p->epoch_steps, p->state->step % p->epoch_steps, left);
    p->state->course = an_course_end_at(&p->state->course, p->state->step, p->state->step + fit);
}

static alexnet_status log_pace(const an_pacer *p, const an_pace *pace)
{
    return an_run_folder_log_pace(p->ctx, p->folder, p->state->step,
                                  (double)p->state->step / (double)p->epoch_steps, pace->step,
                                  p->state->course.total, p->state->seconds);
}

static bool estimate_due(const an_pacer *p)
{
    const int64_t steps = p->state->step - p->mark.step;

    if (p->config->seconds < 0 || steps == 0) return false;
    if (!p->estimated)
        return steps >= FIRST_STEPS || p->busy_seconds - p->mark.busy >= FIRST_SECONDS;
    return p->state->seconds - p->mark.seconds >= p->config->seconds / PARTS;
}

/* Estimates from the steps since the mark. */
static alexnet_status estimate(an_pacer *p)
{
    const an_pace_mark now = mark_here(p), *mark = &p->mark;
    const int64_t ends = now.epoch_ends - mark->epoch_ends;
    const double busy = now.busy - mark->busy;
    const double other = now.seconds - mark->seconds - busy - (now.rows - mark->rows);
    const double step = busy / (double)(now.step - mark->step);

    if (ends > 0) p->epoch_seconds = other / (double)ends;
    const double epoch = p->epoch_seconds >= 0 ? p->epoch_seconds : guess_epoch_seconds(p, step);
    const an_pace pace = {
        .step = step,
        .epoch = epoch,
        .once = now.step % p->epoch_steps == 0 ? epoch : 0, /* after this very step */
    };
    set_course(p, pace);
    p->mark = now;
    p->estimated = true;
    return log_pace(p, &pace);
}

void an_pacer_begin_step(an_pacer *p)
{
    /* an epoch's end counts once its validation and checkpoint are done */
    p->epoch_ends += p->state->step > p->first_step && p->state->step % p->epoch_steps == 0;
    p->step_start = an_context_seconds(p->ctx);
    p->step_rows = an_feed_row_seconds(p->feed);
}

alexnet_status an_pacer_end_step(an_pacer *p)
{
    const double rows = an_feed_row_seconds(p->feed) - p->step_rows;

    p->busy_seconds += an_context_seconds(p->ctx) - p->step_start - rows;
    an_pacer_look(p);
    return estimate_due(p) ? estimate(p) : ALEXNET_OK;
}

/* ---- the rehearsal ---- */

/* Seconds of a step. DIVERGED. */
static alexnet_status time_steps(const an_pacer *p, const float *images, const int32_t *labels,
                                 double *seconds)
{
    alexnet_session *session = p->feed->session;
    const int n = an_session_plan(session)->batch;
    const an_targets targets = {.labels = labels};
    double begin = 0, loss;

    for (int i = 0; i < REHEARSAL_STEPS + 1; ++i) {
        if (i == 1) begin = an_context_seconds(p->ctx);
        AN_TRY(an_session_train(session, images, &targets, n, 0, &loss, NULL));
    }
    *seconds = (an_context_seconds(p->ctx) - begin) / REHEARSAL_STEPS;
    return ALEXNET_OK;
}

static alexnet_status time_random_steps(const an_pacer *p, double *seconds)
{
    const an_plan *plan = an_session_plan(p->feed->session);
    const an_shape input = plan->model->nodes[plan->first].x;
    const size_t n = (size_t)plan->batch, floats = n * (size_t)an_shape_image(input);
    float *images = an_new_array(p->ctx, floats, sizeof *images);
    int32_t *labels = an_new_array(p->ctx, n, sizeof *labels);
    alexnet_status status;

    if (images != NULL && labels != NULL) {
        an_stream stream = an_stream_open(p->config->seed, AN_PURPOSE_BENCH, 0, 0);
        for (size_t i = 0; i < floats; ++i)
            images[i] = an_random_unit(&stream) - 0.5f;
        memset(labels, 0, n * sizeof *labels);
        status = time_steps(p, images, labels, seconds);
    } else
        status = an_fail(p->ctx, ALEXNET_NO_MEMORY, "%zu images", n);
    an_free(p->ctx, images);
    an_free(p->ctx, labels);
    return status;
}

alexnet_status an_pacer_rehearse(an_pacer *p)
{
    double step = 0;
    const alexnet_status status = time_random_steps(p, &step);

    if (status == ALEXNET_DIVERGED)
        return ALEXNET_OK; /* if the run diverges, too, it reports that itself */
    AN_TRY(status);
    if (p->feed->frozen != NULL) AN_TRY(an_frozen_rehearse(p->feed->frozen, p->config->seed));
    an_pacer_look(p);
    const an_pace pace = {.step = step, .epoch = guess_epoch_seconds(p, step)};
    if (p->config->seconds >= 0) {
        set_course(p, pace);
        AN_TRY(log_pace(p, &pace));
    }
    p->expected_seconds = (double)(p->state->course.total - p->state->step) *
                              (step * an_feed_rest(p->feed) + pace.epoch / (double)p->epoch_steps) +
                          an_feed_row_seconds_left(p->feed);
    return ALEXNET_OK;
}
