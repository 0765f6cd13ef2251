/*
 * threads.c: as many arithmetic threads as the system allows.
 * SPDX-License-Identifier: MIT
 */
#include "base/threads.h"

#include "base/context.h"
#include "base/log.h"
#include "base/text.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* A thread waits here until all have been started, or one could not be. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
} gate;

static void *wait_at(void *arg)
{
    gate *g = arg;

    pthread_mutex_lock(&g->lock);
    while (!g->open)
        pthread_cond_wait(&g->opened, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static void open_gate(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->opened);
    pthread_mutex_unlock(&g->lock);
}

/* How many of `wanted` threads start besides this one; *error: the reason if not all do. */
static int count_that_start(const alexnet_context *ctx, int wanted, int *error)
{
    pthread_t threads[AN_THREADS_MAX];
    gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};
    sigset_t all, before;
    int started = 0;

    sigfillset(&all); /* none of them runs a signal handler of the caller */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (*error = 0; started < wanted && *error == 0;) {
        *error = an_fault(ctx, AN_FAULT_THREAD)
                     ? EAGAIN
                     : pthread_create(&threads[started], NULL, wait_at, &g);
        if (*error == 0) ++started;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    open_gate(&g);
    for (int i = 0; i < started; ++i)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&g.opened);
    pthread_mutex_destroy(&g.lock);
    return started;
}

const char *an_threads_reason(int error)
{
    return error == EAGAIN || error == ENOMEM ? "a limit on processes, or no memory"
                                              : "not allowed";
}

/* OpenMP keeps the threads of the first region for the next ones. */
static void start_team(int threads)
{
#if defined(_OPENMP)
#pragma omp parallel num_threads(threads)
    {
    }
#else
    (void)threads;
#endif
}

    void an_threads_settle(alexnet_context *ctx)
    {
        const int wanted = ctx->options.threads;
        int error;

        if (ctx->threads_settled || wanted < 2) return;
        ctx->threads_settled = true;
        const int there = 1 + count_that_start(ctx, wanted - 1, &error);
        if (there < wanted) {
            an_log(ctx, ALEXNET_LOG_WARNING,
                   "computing with %d %s: the system refused to start more of the %d wanted "
                   "(%s)",
                   there, AN_NOUN(there, "thread", "threads"), wanted, an_threads_reason(error));
            ctx->options.threads = there;
        }
        start_team(there);
    }
