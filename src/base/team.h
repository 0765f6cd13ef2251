/*
 * team.h: threads that work for the thread that started them, each with a context of its own.
 *
 * Members block all signals: those are the business of the program's own threads.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_TEAM_H
#define AN_BASE_TEAM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

#define AN_TEAM_MAX 64

typedef struct an_team an_team;

/* What a member does, from beginning to end. `member` counts from 0. */
typedef void (*an_team_work)(void *arg, alexnet_context *ctx, int member);

/* Starts the members, or none of them. NO_MEMORY, IO (the system gives no more threads). */
alexnet_status an_team_open(alexnet_context *ctx, int members, an_team_work work, void *arg,
                            an_team **out) AN_NODISCARD;

/* Waits until every member has come to its end. What makes them do so is the caller's. */
void an_team_close(an_team *team);

/* How many members serve `images` images; wanted < 0: as many as the context has threads. */
int an_team_size(const alexnet_context *ctx, int wanted, int64_t images);

#endif
