/*
 * team.c: worker threads. Each has a context.
 * SPDX-License-Identifier: MIT
 */
#include "base/team.h"

#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "base/threads.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>

typedef struct member {
    an_team *team;
    int number;
    alexnet_context *ctx;
    pthread_t thread;
} member;

/* No worker starts its job before all of them have been started. */
typedef enum gate_state { CLOSED, OPEN, CANCELLED } gate_state;

struct an_team {
    alexnet_context *ctx;
    an_team_work work;
    void *arg;
    int count, started;
    member *members;
    pthread_mutex_t lock;
    pthread_cond_t gate_opened;
    gate_state gate;
};

static void set_gate(an_team *team, gate_state gate)
{
    pthread_mutex_lock(&team->lock);
    team->gate = gate;
    pthread_cond_broadcast(&team->gate_opened);
    pthread_mutex_unlock(&team->lock);
}

static void *run_member(void *arg)
{
    member *m = arg;
    an_team *team = m->team;

    pthread_mutex_lock(&team->lock);
    while (team->gate == CLOSED)
        pthread_cond_wait(&team->gate_opened, &team->lock);
    const bool go = team->gate == OPEN;
    pthread_mutex_unlock(&team->lock);
    if (go) team->work(team->arg, m->ctx, m->number);
    return NULL;
}

/* *error: the system's error number if the thread does not start; else 0. */
static alexnet_status start_member(an_team *team, int *error)
{
    member *m = &team->members[team->started];

    *m = (member){.team = team, .number = team->started, .ctx = an_context_fork(team->ctx)};
    if (m->ctx == NULL)
        return an_fail(team->ctx, ALEXNET_NO_MEMORY, "no memory for a thread's context");
    *error = an_fault(team->ctx, AN_FAULT_THREAD) ? EAGAIN
                                                  : pthread_create(&m->thread, NULL, run_member, m);
    if (*error == 0)
        ++team->started;
    else
        alexnet_close(m->ctx);
    return ALEXNET_OK;
}

static void tell_refusal(const an_team *team, int error)
{
    alexnet_context *ctx = team->ctx;

    if (ctx->members_told) return;
    ctx->members_told = true;
    if (team->started == 0)
        an_log(ctx, ALEXNET_LOG_WARNING,
               "no thread but the main one works on images: the system refused to start another "
               "(%s)",
               an_threads_reason(error));
    else
        an_log(ctx, ALEXNET_LOG_WARNING,
               "%d %s on images: the system refused to start more of the %d wanted (%s)",
               team->started, AN_NOUN(team->started, "thread works", "threads work"), team->count,
               an_threads_reason(error));
}

static alexnet_status start_members(an_team *team)
{
    alexnet_status status = ALEXNET_OK;
    sigset_t all, before;
    int error = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* new threads inherit the mask */
    while (team->started < team->count && status == ALEXNET_OK && error == 0)
        status = start_member(team, &error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) tell_refusal(team, error);
    return status;
}

alexnet_status an_team_open(alexnet_context *ctx, int members, an_team_work work, void *arg,
                            an_team **out)
{
    *out = NULL;
    an_team *team = an_new_zeroed(ctx, sizeof *team);
    if (team == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for threads");
    team->ctx = ctx;
    team->work = work;
    team->arg = arg;
    team->count = members;
    team->members = an_new_array(ctx, (size_t)members, sizeof *team->members);
    if (team->members == NULL) {
        an_free(ctx, team);
        return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for %d threads", members);
    }
    pthread_mutex_init(&team->lock, NULL); /* cannot fail on Linux: nothing is allocated */
    pthread_cond_init(&team->gate_opened, NULL);

    const alexnet_status status = start_members(team);
    set_gate(team, status == ALEXNET_OK ? OPEN : CANCELLED);
    if (status != ALEXNET_OK) {
        an_team_close(team);
        return status;
    }
    *out = team;
    return ALEXNET_OK;
}

int an_team_members(const an_team *team) { return team->started; }

void an_team_close(an_team *team)
{
    if (team == NULL) return;
    for (int i = 0; i < team->started; ++i) {
        pthread_join(team->members[i].thread, NULL);
        alexnet_close(team->members[i].ctx);
    }
    pthread_cond_destroy(&team->gate_opened);
    pthread_mutex_destroy(&team->lock);
    an_free(team->ctx, team->members);
    an_free(team->ctx, team);
}

int an_team_size(const alexnet_context *ctx, int wanted, int64_t images)
{
    const int members = wanted < 0 ? ctx->options.threads : wanted;

    return (int)AN_MIN(AN_MIN(members, AN_TEAM_MAX), AN_MAX(images, 1));
}
