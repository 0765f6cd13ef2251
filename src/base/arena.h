/*
 * arena.h: a block of one lifetime from which pieces are taken in order and given back all at once.
 *
 *     base                    used            capacity
 *      | piece | piece | piece | free          |
 *
 * Pages of a large arena are asked to be huge (madvise), which is worth 3 to 12 % to the kernels.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_ARENA_H
#define AN_BASE_ARENA_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>

typedef struct an_arena {
    char  *base;
    size_t capacity; /* bytes */
    size_t used;     /* bytes, a multiple of AN_ALIGNMENT */
} an_arena;

/* Reserves `capacity` bytes (not cleared). `what` names the arena in the error message. NO_MEMORY. */
alexnet_status an_arena_open(alexnet_context *ctx, const char *what, size_t capacity, an_arena *arena) AN_NODISCARD;

/* The pages of such an arena: what is touched of it takes memory in units of them. */
size_t an_arena_page(size_t capacity);

/* The next `bytes` bytes, aligned to AN_ALIGNMENT; NULL when the arena is full. */
void *an_arena_alloc(an_arena *arena, size_t bytes);

void an_arena_close(alexnet_context *ctx, an_arena *arena); /* safe on a zeroed arena */

#endif
