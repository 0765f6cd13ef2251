/*
 * footprint.h: the memory that a job will hold at once, computed before it begins. Its allocations
 * and releases are added up in their order:
 *
 *     in memory       | values | activations | images | ...        now: at this point of the order
 *     ---------------------------------------------------          peak: the largest `now` so far
 *
 * Each module that allocates much has a function for it beside the allocation (..._book()): who
 * changes one of the two changes both. tests/bench/said_test.py compares the sum with the measured
 * memory of the program.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_FOOTPRINT_H
#define AN_BASE_FOOTPRINT_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdint.h>

/* Bytes. */
typedef struct an_footprint {
    int64_t start; /* in memory at the beginning */
    int64_t now, peak;
    int64_t free; /* all that the process may hold, by the tightest limit; -1: unknown */
} an_footprint;

/* The memory of the process now, and what it adds while working: code that is loaded when first
   run, and stacks. */
an_footprint an_footprint_begin(const alexnet_context *ctx);

void an_footprint_add(an_footprint *f, int64_t bytes);
void an_footprint_subtract(an_footprint *f, int64_t bytes);

/* Checks that there is memory for the peak: an_room_check(). */
alexnet_status an_footprint_check(alexnet_context *ctx, const an_footprint *f, const char *what,
                                  const char *advice) AN_NODISCARD;

#endif
