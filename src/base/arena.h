/*
 * arena.h: a bump allocator. One block of memory is allocated at once, handed out from its start to
 * its end, and freed as a whole, when everything in it has ended: weights, activations, images read
 * ahead.
 *
 *     base                       used            capacity
 *      | block  | block  | block  | free          |
 *
 * There is no way to free or move one block: callers keep pointers into the arena. A large arena
 * asks for huge pages (madvise), which makes the kernels 3 to 12 % faster.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ARENA_H
#define AN_BASE_ARENA_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

typedef struct an_arena {
    char *base;
    size_t capacity; /* bytes */
    size_t used;     /* bytes, a multiple of AN_ALIGNMENT */
} an_arena;

/*
 * Allocates an arena of at least `capacity` bytes, which are not cleared. `what` names it in the
 * error message: "activations". NO_MEMORY; *arena is then zeroed.
 */
alexnet_status an_arena_open(alexnet_context *ctx, const char *what, size_t capacity,
                             an_arena *arena) AN_NODISCARD;

/*
 * The size in bytes of the pages of an arena of this capacity. The system provides memory page by
 * page, at the first write to each: so a caller can count how much of an arena is in memory.
 */
size_t an_arena_page(size_t capacity);

/* The next `bytes` bytes, aligned to AN_ALIGNMENT, until the arena is closed. NULL: fewer are left;
   the arena stays as it is. */
void *an_arena_alloc(an_arena *arena, size_t bytes);

void an_arena_close(alexnet_context *ctx, an_arena *arena); /* safe on a zeroed arena */

#endif
