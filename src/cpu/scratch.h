/*
 * scratch.h: how a primitive divides its scratch. One function per primitive makes the plan, buffer
 * by buffer. Booking uses its total, the run uses its offsets, so the two cannot disagree:
 *
 *     an_scratch   plan  = {0};
 *     const size_t sums  = an_scratch_floats(&plan, count);
 *     const size_t tiles = an_scratch_per_thread(&plan, threads, floats);
 *     ...                                                          booked: plan.bytes
 *     float *own = an_scratch_of_thread(run, tiles, floats);       used, inside a parallel loop
 *
 * Sizes that do not fit a size_t become SIZE_MAX, which no arena can give.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SCRATCH_H
#define AN_CPU_SCRATCH_H

#include "core/backend.h"
#include "cpu/parallel.h"
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

typedef struct an_scratch {
    size_t bytes; /* in all plans so far: a multiple of AN_ALIGNMENT, or SIZE_MAX */
} an_scratch;

/* a * b, a + b, or SIZE_MAX. */
static inline size_t an_size_times(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static inline size_t an_size_plus(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

/* The bytes of so many floats, up to the next boundary. */
static inline size_t an_scratch_round(size_t floats)
{
    const size_t bytes = an_size_plus(an_size_times(floats, sizeof(float)), AN_ALIGNMENT - 1);

    return bytes == SIZE_MAX ? SIZE_MAX : bytes / AN_ALIGNMENT * AN_ALIGNMENT;
}

/* Plans room for so many floats, or bytes; returns its offset in bytes. */
static inline size_t an_scratch_floats(an_scratch *plan, size_t count)
{
    const size_t at = plan->bytes;

    plan->bytes = an_size_plus(at, an_scratch_round(count));
    return at;
}

static inline size_t an_scratch_bytes(an_scratch *plan, size_t bytes)
{
    return an_scratch_floats(plan, bytes / sizeof(float) + 1);
}

/* The same for each thread. */
static inline size_t an_scratch_per_thread(an_scratch *plan, int threads, size_t count)
{
    const size_t at = plan->bytes;

    plan->bytes = an_size_plus(at, an_size_times((size_t)threads, an_scratch_round(count)));
    return at;
}

/* ---- in the run ---- */

/* False when the caller booked too little, which is a bug in the caller. */
static inline bool an_scratch_fits(const an_run *run, size_t bytes)
{
    assert(run->scratch_bytes >= bytes);
    return run->scratch_bytes >= bytes;
}

static inline float *an_scratch_at(const an_run *run, size_t at)
{
    return (float *)(void *)((char *)run->scratch + at);
}

static inline float *an_scratch_of_thread(const an_run *run, size_t at, size_t count)
{
    return an_scratch_at(run, at + (size_t)an_thread() * an_scratch_round(count));
}

#endif
