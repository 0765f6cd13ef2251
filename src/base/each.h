/*
 * each.h: the same job for every one of many images, on several threads, with progress reported on
 * the caller's.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_EACH_H
#define AN_BASE_EACH_H

#include "alexnet.h"
#include "base/compiler.h"

/* One image. `member` tells apart the threads, so that each can have memory of its own. */
typedef alexnet_status (*an_each_job)(void *arg, alexnet_context *ctx, int member, int64_t index);

typedef struct an_each_options {
    int64_t count; /* images 0 .. count-1 */
    int members;   /* of an_team_size() */
    an_each_job job;
    void *arg;
    const char *phase;            /* "verify": of the progress */
    alexnet_progress_fn progress; /* or NULL */
    void *progress_user;
} an_each_options;

/*
 * Jobs begin in the order of index; the first failure (that of the lowest index) ends the call with
 * its status and message. STOPPED: the progress callback asked for it.
 */
alexnet_status an_each(alexnet_context *ctx, const an_each_options *options) AN_NODISCARD;

#endif
