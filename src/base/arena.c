/*
 * arena.c: see arena.h. Here is when an arena is large, and how large its pages are.
 * SPDX-License-Identifier: MIT
 */
#include "base/arena.h"

#include "base/memory.h"
#include "base/status.h"
#include <stdint.h>
#include <sys/mman.h>

#define PAGE       ((size_t)4096)
#define HUGE_PAGE  ((size_t)2 << 20)
/* Below this capacity, rounding up to huge pages costs more than it gains. */
#define HUGE_ARENA ((size_t)4 << 20)

size_t an_arena_page(size_t capacity) { return capacity >= HUGE_ARENA ? HUGE_PAGE : PAGE; }

alexnet_status an_arena_open(alexnet_context *ctx, const char *what, size_t capacity,
                             an_arena *arena)
{
    const bool huge = capacity >= HUGE_ARENA;

    *arena = (an_arena){0};
    if (capacity <= SIZE_MAX - AN_ALIGNMENT) {
        capacity = AN_ROUND_UP(capacity, (size_t)AN_ALIGNMENT);
        arena->base = an_new_aligned(ctx, capacity, huge ? HUGE_PAGE : (size_t)AN_ALIGNMENT);
    }
    if (arena->base == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu bytes", what, capacity);
    arena->capacity = capacity;
    if (huge) /* only advice: if the system declines, only speed changes */
        (void)madvise(arena->base, capacity / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return ALEXNET_OK;
}

void *an_arena_alloc(an_arena *arena, size_t bytes)
{
    if (bytes > arena->capacity - arena->used) return NULL;
    char *block = arena->base + arena->used;
    /* This does not exceed the capacity, which is a multiple of the alignment, too. */
    arena->used += AN_ROUND_UP(bytes, (size_t)AN_ALIGNMENT);
    return block;
}

void an_arena_close(alexnet_context *ctx, an_arena *arena)
{
    an_free(ctx, arena->base);
    *arena = (an_arena){0};
}
