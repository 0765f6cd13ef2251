/*
 * team.h: worker threads. Each has a context.
 *
 * Workers block all signals; the program's threads handle them.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_TEAM_H
#define AN_BASE_TEAM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

#define AN_TEAM_MAX 64

typedef struct an_team an_team;

/* A worker's whole job. `member` numbers the workers from 0. */
typedef void (*an_team_work)(void *arg, alexnet_context *ctx, int member);

/*
 * Starts the threads, or as many as the system allows: with none, the caller must do the work. A
 * warning says so, once per context. No thread works before their number is known. NO_MEMORY: none
 * was started.
 */
alexnet_status an_team_open(alexnet_context *ctx, int members, an_team_work work, void *arg,
                            an_team **out) AN_NODISCARD;

int an_team_members(const an_team *team); /* the number of threads that were started */

/* Joins all threads. The caller must have told them to stop. NULL is legal. */
void an_team_close(an_team *team);

/*
 * How many threads to use for `images` images; wanted < 0: one for each of the context's threads.
 */
int an_team_size(const alexnet_context *ctx, int wanted, int64_t images);

#endif
