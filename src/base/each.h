/*
 * each.h: one job for each of many images, on several threads; progress is reported on the
 * caller's.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_EACH_H
#define AN_BASE_EACH_H

#include "alexnet.h"
#include "base/compiler.h"

/* The job for one image. `member` numbers the threads, so that each can have its own memory. */
typedef alexnet_status (*an_each_job)(void *arg, alexnet_context *ctx, int member, int64_t index);

typedef struct an_each_options {
    int64_t count; /* images 0 .. count-1 */
    int members;   /* threads, from an_team_size() */
    an_each_job job;
    void *arg;
    const char *phase;            /* of the progress reports: "verify" */
    alexnet_progress_fn progress; /* or NULL */
    void *progress_user;
} an_each_options;

/*
 * Jobs start in the order of their indices. The first failure ends the call with its status and
 * message; of several failures, the one with the lowest index counts. STOPPED: the progress
 * callback asked to stop.
 */
alexnet_status an_each(alexnet_context *ctx, const an_each_options *options) AN_NODISCARD;

#endif
