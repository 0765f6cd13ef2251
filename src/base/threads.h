/*
 * threads.h: as many arithmetic threads as the system lets a process have.
 *
 * OpenMP's runtime of GCC ends the process where it cannot start a thread (a limit of the user's, of a container's, of
 * memory). So it is found out before it is asked to.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_THREADS_H
#define AN_BASE_THREADS_H

#include "alexnet.h"

/*
 * Called before the first parallel region on a context. Starts the threads that its options ask for, once, all at a time;
 * where fewer start, options.threads becomes what there is, and the log says so. Then has OpenMP start its own in their
 * place, which it keeps. Any number of threads computes the same bits.
 */
void an_threads_settle(alexnet_context *ctx);

/* For a message: what pthread_create() means by an error. */
const char *an_threads_reason(int error);

#endif
