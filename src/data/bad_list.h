/*
 * bad_list.h: the images that could not be read, each once, in order of index.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_BAD_LIST_H
#define AN_DATA_BAD_LIST_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>
#include <stdint.h>

typedef struct an_bad_image {
    int64_t index;
    const char *reason;
} an_bad_image;

/* Zeroed: empty. */
typedef struct an_bad_list {
    an_bad_image *images;
    size_t count, capacity;
} an_bad_list;

/* Copies the reason. An image that is already in the list keeps its first one. NO_MEMORY. */
alexnet_status an_bad_list_add(alexnet_context *ctx, an_bad_list *list, int64_t index,
                               const char *reason) AN_NODISCARD;
/* Adds every image of another list. NO_MEMORY. */
alexnet_status an_bad_list_add_all(alexnet_context *ctx, an_bad_list *list,
                                   const an_bad_list *others) AN_NODISCARD;
void an_bad_list_free(alexnet_context *ctx, an_bad_list *list);

#endif
