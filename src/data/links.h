/*
 * links.h: hard and symbolic links inside a tar file, followed inside it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_LINKS_H
#define AN_DATA_LINKS_H

#include "data/tar.h"

typedef struct an_link {
    char *path, *target;
    bool hard; /* the target is the path of an earlier entry; else relative to the link's folder */
    uint64_t order; /* where its header lies */
} an_link;

typedef struct an_link_list {
    an_link *links;
    size_t count, capacity;
} an_link_list;

#define AN_LINK_HOPS_MAX     40 /* links on the way to a file: as many as Linux follows */
#define AN_LINK_EXPANDED_MAX ((size_t)1 << 20) /* files behind links to folders */

/* Copies both texts. NO_MEMORY. */
alexnet_status an_link_add(alexnet_context *ctx, an_link_list *list, const char *path,
                           const char *target, bool hard, uint64_t order) AN_NODISCARD;
void an_link_list_free(alexnet_context *ctx, an_link_list *list);

/*
 * Adds a leaf for each link to a file in the tar, and for each file below a folder that a link leads to; a link on the way
 * is followed like any other. One that leads to nothing, out of the archive or round in a circle is an image that cannot be
 * read where its name is that of an image, else counted. Links to folders that lie below a linked folder, and links to a
 * folder that they lie in, are counted and not followed. NO_MEMORY, UNSUPPORTED (over AN_LINK_EXPANDED_MAX).
 */
alexnet_status an_links_follow(alexnet_context *ctx, const an_link_list *list,
                               an_tar *tar) AN_NODISCARD;

#endif
