/*
 * links.h: resolves hard and symbolic links between the entries of a tar file.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_LINKS_H
#define AN_DATA_LINKS_H

#include "data/tar.h"

typedef struct an_link {
    char *path, *target;
    bool hard; /* the target is an earlier entry's path; else it is relative to the link's folder */
    uint64_t order; /* the offset of its header */
} an_link;

typedef struct an_link_list {
    an_link *links;
    size_t count, capacity;
} an_link_list;

#define AN_LINK_HOPS_MAX     40 /* links followed on the way to one file: Linux's own limit */
#define AN_LINK_EXPANDED_MAX ((size_t)1 << 20) /* files added for links to folders */

/* Copies both texts. NO_MEMORY. */
alexnet_status an_link_add(alexnet_context *ctx, an_link_list *list, const char *path,
                           const char *target, bool hard, uint64_t order) AN_NODISCARD;
void an_link_list_free(alexnet_context *ctx, an_link_list *list);

/*
 * Adds a leaf for each link to a file in the archive, and for each file below a folder that a link
 * leads to; links on the way are followed, too. A link that leads nowhere, out of the archive or in
 * a circle becomes an unreadable image if it has an image's name, and is counted otherwise. Links
 * to folders below a linked folder, and links to a folder that contains them, are counted and not
 * followed. NO_MEMORY, UNSUPPORTED (over AN_LINK_EXPANDED_MAX).
 */
alexnet_status an_links_follow(alexnet_context *ctx, const an_link_list *list,
                               an_tar *tar) AN_NODISCARD;

#endif
