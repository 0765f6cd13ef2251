/*
 * footprint.c: the memory that a job will hold at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/footprint.h"

#include "base/room.h"

/* Measured: code and libraries that are not in memory yet, stacks, small allocations. */
#define GROWTH ((int64_t)3 << 19)

an_footprint an_footprint_begin(const alexnet_context *ctx)
{
    const int64_t resident = an_room_resident(ctx), now = resident + GROWTH;
    const int64_t room = an_room_find(ctx).bytes;

    return (an_footprint){
        .start = resident,
        .now = now,
        .peak = now,
        .free = room == AN_ROOM_UNKNOWN ? -1 : room + resident,
    };
}

void an_footprint_add(an_footprint *f, int64_t bytes)
{
    f->now += bytes;
    f->peak = AN_MAX(f->peak, f->now);
}

void an_footprint_subtract(an_footprint *f, int64_t bytes) { f->now -= bytes; }

alexnet_status an_footprint_check(alexnet_context *ctx, const an_footprint *f, const char *what,
                                  const char *advice)
{
    return an_room_check(ctx, what, f->peak - f->start, f->peak, advice);
}
