/*
 * footprint.h: how much memory a job will have at once, added up before it begins, in the order in which it takes and gives
 * back:
 *
 *     what is there   | values | activations | images | ...        now: at this point of the walk
 *     ---------------------------------------------------          peak: the most that it came to
 *
 * Each module that takes much says how much, beside where it takes it (..._book()). What they come to is held to the memory
 * that the program is measured to take: tests/memory.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_FOOTPRINT_H
#define AN_BASE_FOOTPRINT_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

/* Bytes. */
typedef struct an_footprint {
    int64_t start; /* in memory when the walk began */
    int64_t now, peak;
    int64_t free; /* what the process may have in all, by what limits it most; -1: not known */
} an_footprint;

/* The process as it is now, and what it grows by when it works: code that is read in when it is first run, stacks. */
an_footprint an_footprint_begin(const alexnet_context *ctx);

void an_footprint_add(an_footprint *f, int64_t bytes);
void an_footprint_subtract(an_footprint *f, int64_t bytes);

/* Whether its peak is there: an_room_check(). */
alexnet_status an_footprint_check(alexnet_context *ctx, const an_footprint *f, const char *what,
                                  const char *advice) AN_NODISCARD;

#endif
