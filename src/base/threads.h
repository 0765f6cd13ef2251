/*
 * threads.h: as many arithmetic threads as the system allows.
 *
 * GCC's OpenMP runtime ends the process if it cannot start a thread (because of a limit of the
 * user, of a container, or of memory). So the number of threads that start is determined first.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_THREADS_H
#define AN_BASE_THREADS_H

#include "alexnet.h"

/*
 * Called before the first parallel region on a context. Once per context, starts the threads of its
 * options, all at a time; if fewer start, options.threads becomes their number, with a warning.
 * They end, and OpenMP then starts its threads, which it keeps. Results do not depend on the number
 * of threads.
 */
void an_threads_settle(alexnet_context *ctx);

/* For a message: what pthread_create() means by an error. */
const char *an_threads_reason(int error);

#endif
