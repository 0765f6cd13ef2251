/*
 * bad_list.c: the pictures that could not be read.
 * SPDX-License-Identifier: MIT
 */
#include "data/bad_list.h"

#include "base/memory.h"
#include "base/status.h"
#include <string.h>

/* Where `index` stands, or ought to. */
static size_t find(const an_bad_list *list, int64_t index)
{
    size_t low = 0;

    for (size_t high = list->count; low < high;) {
        const size_t middle = (low + high) / 2;
        if (list->pictures[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static alexnet_status make_room(alexnet_context *ctx, an_bad_list *list)
{
    const size_t larger = list->capacity == 0 ? 16 : 2 * list->capacity;
    an_bad_picture *pictures = list->pictures;

    if (list->count < list->capacity) return ALEXNET_OK;
    pictures = an_grow(ctx, pictures, list->capacity * sizeof *pictures, larger * sizeof *pictures);
    if (pictures == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for %zu bad pictures", larger);
    list->pictures = pictures;
    list->capacity = larger;
    return ALEXNET_OK;
}

alexnet_status an_bad_list_add(alexnet_context *ctx, an_bad_list *list, int64_t index,
                               const char *reason)
{
    const size_t place = find(list, index);
    const size_t after = list->count - place;

    if (after > 0 && list->pictures[place].index == index) return ALEXNET_OK;
    AN_TRY(make_room(ctx, list));
    const char *copy = an_copy_text(ctx, reason);
    if (copy == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for a bad picture's reason");
    memmove(&list->pictures[place + 1], &list->pictures[place], after * sizeof *list->pictures);
    list->pictures[place] = (an_bad_picture){.index = index, .reason = copy};
    ++list->count;
    return ALEXNET_OK;
}

alexnet_status an_bad_list_add_all(alexnet_context *ctx, an_bad_list *list,
                                   const an_bad_list *others)
{
    for (size_t i = 0; i < others->count; ++i)
        AN_TRY(an_bad_list_add(ctx, list, others->pictures[i].index, others->pictures[i].reason));
    return ALEXNET_OK;
}

void an_bad_list_free(alexnet_context *ctx, an_bad_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        an_free(ctx, (void *)(uintptr_t)list->pictures[i].reason); /* const to others only */
    an_free(ctx, list->pictures);
    *list = (an_bad_list){0};
}
