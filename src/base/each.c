/*
 * each.c: one job for each of many images, on several threads.
 * SPDX-License-Identifier: MIT
 */
#include "base/each.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/progress.h"
#include "base/status.h"
#include "base/team.h"
#include "base/text.h"
#include <pthread.h>
#include <string.h>
#include <time.h>

#define REPORT_SECONDS 0.1

typedef struct each {
    const an_each_options *options;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t all_gone;
    int64_t next, done;
    int working; /* threads that have not finished */
    bool stop;
    alexnet_status status; /* of the failure with the lowest index */
    int64_t failed_index;
    char error[AN_ERROR_BYTES];
} each;

/* ---- members ---- */

static void record_failure(each *e, int64_t index, alexnet_status status,
                           const alexnet_context *ctx)
{
    e->stop = true;
    if (e->status != ALEXNET_OK && e->failed_index < index) return;
    e->status = status;
    e->failed_index = index;
    memcpy(e->error, ctx->error, sizeof e->error);
}

static void work(void *arg, alexnet_context *ctx, int member)
{
    each *e = arg;

    pthread_mutex_lock(&e->lock);
    while (!e->stop && e->next < e->options->count) {
        const int64_t index = e->next++;
        pthread_mutex_unlock(&e->lock);
        const alexnet_status status = e->options->job(e->options->arg, ctx, member, index);
        pthread_mutex_lock(&e->lock);
        ++e->done;
        if (status != ALEXNET_OK) record_failure(e, index, status, ctx);
    }
    if (--e->working == 0) pthread_cond_signal(&e->all_gone);
    pthread_mutex_unlock(&e->lock);
}

/* ---- the caller ---- */

/* False: the caller's callback asked to stop. */
static bool report(const an_each_options *options, int64_t done, double seconds)
{
    const alexnet_progress progress = an_progress(options->phase, done, options->count, seconds);

    return options->progress == NULL ||
           options->progress(options->progress_user, &progress) != ALEXNET_GO_STOP;
}

static struct timespec after(double seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)(seconds * 1e9);
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/*
 * Reports progress regularly until the last thread has finished. True: the callback asked to stop.
 */
static bool wait_for_members(each *e)
{
    const double start = an_seconds();
    bool stopped = false;

    pthread_mutex_lock(&e->lock);
    while (e->working > 0) {
        const struct timespec until = after(REPORT_SECONDS);
        if (pthread_cond_timedwait(&e->all_gone, &e->lock, &until) == 0) continue;
        const int64_t done = e->done;
        pthread_mutex_unlock(&e->lock);
        const bool go_on = stopped || report(e->options, done, an_seconds() - start);
        pthread_mutex_lock(&e->lock);
        stopped = stopped || !go_on;
        e->stop = e->stop || stopped;
    }
    const int64_t done = e->done;
    pthread_mutex_unlock(&e->lock);
    report(e->options, done, an_seconds() - start); /* too late to stop */
    return stopped && done < e->options->count;
}

/*
 * Does all jobs on the caller's thread, if the system starts no other. True: the callback asked to
 * stop.
 */
static bool work_alone(each *e, alexnet_context *ctx)
{
    const an_each_options *o = e->options;
    const double start = an_seconds();
    double told = start;
    bool stopped = false;

    while (!e->stop && e->next < o->count) {
        const alexnet_status status = o->job(o->arg, ctx, 0, e->next);
        if (status != ALEXNET_OK) record_failure(e, e->next, status, ctx);
        ++e->next;
        ++e->done;
        const double now = an_seconds();
        if (now - told < REPORT_SECONDS || e->done == o->count) continue;
        told = now;
        stopped = !report(o, e->done, now - start);
        e->stop = e->stop || stopped;
    }
    report(o, e->done, an_seconds() - start); /* too late to stop */
    return stopped;
}

/* Waits for the threads that were started. True: the callback asked to stop. */
static bool run(each *e, alexnet_context *ctx, const an_team *team)
{
    const int members = an_team_members(team);

    if (members == 0) return work_alone(e, ctx);
    pthread_mutex_lock(&e->lock);
    e->working -= e->options->members - members;
    pthread_mutex_unlock(&e->lock);
    return wait_for_members(e);
}

static void open_lock(each *e)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&e->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&e->all_gone, &attributes);
    pthread_condattr_destroy(&attributes);
}

alexnet_status an_each(alexnet_context *ctx, const an_each_options *options)
{
    each e = {.options = options, .working = options->members};
    an_team *team;
    bool stopped = false;

    open_lock(&e);
    alexnet_status status = an_team_open(ctx, options->members, work, &e, &team);
    if (status == ALEXNET_OK) {
        stopped = run(&e, ctx, team);
        an_team_close(team);
        status = e.status;
        if (status != ALEXNET_OK)
            an_fail(ctx, status, "%s", e.error);
        else if (stopped)
            status = an_fail(ctx, ALEXNET_STOPPED, "%s: stopped on request after %jd of %jd %s",
                             options->phase, (intmax_t)e.done, (intmax_t)options->count,
                             AN_NOUN(options->count, "image", "images"));
    }
    pthread_cond_destroy(&e.all_gone);
    pthread_mutex_destroy(&e.lock);
    return status;
}
