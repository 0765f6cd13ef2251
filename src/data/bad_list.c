/*
 * bad_list.c: the images that could not be read.
 * SPDX-License-Identifier: MIT
 */
#include "data/bad_list.h"

#include "base/memory.h"
#include "base/status.h"
#include <string.h>

/* The position of `index`, or where it is to be inserted. */
static size_t find(const an_bad_list *list, int64_t index)
{
    size_t low = 0;

    for (size_t high = list->count; low < high;) {
        const size_t middle = (low + high) / 2;
        if (list->images[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static alexnet_status make_room(alexnet_context *ctx, an_bad_list *list)
{
    const size_t larger = list->capacity == 0 ? 16 : 2 * list->capacity;
    an_bad_image *images = list->images;

    if (list->count < list->capacity) return ALEXNET_OK;
    images = an_grow(ctx, images, list->capacity * sizeof *images, larger * sizeof *images);
    if (images == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for %zu bad images", larger);
    list->images = images;
    list->capacity = larger;
    return ALEXNET_OK;
}

alexnet_status an_bad_list_add(alexnet_context *ctx, an_bad_list *list, int64_t index,
                               const char *reason)
{
    const size_t place = find(list, index);
    const size_t after = list->count - place;

    if (after > 0 && list->images[place].index == index) return ALEXNET_OK;
    AN_TRY(make_room(ctx, list));
    const char *copy = an_copy_text(ctx, reason);
    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "no memory for a bad image's reason");
    memmove(&list->images[place + 1], &list->images[place], after * sizeof *list->images);
    list->images[place] = (an_bad_image){.index = index, .reason = copy};
    ++list->count;
    return ALEXNET_OK;
}

alexnet_status an_bad_list_add_all(alexnet_context *ctx, an_bad_list *list,
                                   const an_bad_list *others)
{
    for (size_t i = 0; i < others->count; ++i)
        AN_TRY(an_bad_list_add(ctx, list, others->images[i].index, others->images[i].reason));
    return ALEXNET_OK;
}

void an_bad_list_free(alexnet_context *ctx, an_bad_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        an_free(ctx, (void *)(uintptr_t)list->images[i].reason); /* the list owns it */
    an_free(ctx, list->images);
    *list = (an_bad_list){0};
}
