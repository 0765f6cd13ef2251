/*
 * tree.h: from the paths in a data set to classes and labelled images. The rules (data/source.h)
 * stand here once, for folders and tar files alike: both list what they hold, this sorts it out.
 *
 *     train/dog/0001.jpg        part / class / image
 *     train/dog/                a folder: the class exists, even when it is empty
 *     dog/0001.jpg              class / image, in a data set without parts
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_TREE_H
#define AN_DATA_TREE_H

#include "data/kind.h"
#include <stdbool.h>

/* The offset of a link to a folder that it lies in: no bytes in a tar file begin there. */
#define AN_LEAF_ROUND 1

/* Something a data set holds. A path that ends in '/' is a folder's. */
typedef struct an_leaf {
    const char *path;      /* relative to the data set */
    uint64_t offset, size; /* tar: where its bytes lie; or AN_LEAF_ROUND */
    const char *reason;    /* of a folder that cannot be listed, or holds nothing; else NULL */
    uint64_t order;        /* of two with one path the higher one counts; the offset, unless set */
} an_leaf;

typedef struct an_tree {
    an_leaf *leaves;
    size_t count, capacity;
    struct an_tree_text *texts; /* the paths and reasons */
    bool forgiving;             /* a folder that cannot be listed is a leaf with a reason */
    an_leaf refused; /* the first one with a reason of the system's; its own is NULL: none has */
} an_tree;

alexnet_status an_tree_add(alexnet_context *ctx, an_tree *tree, const char *path, uint64_t offset,
                           uint64_t size) AN_NODISCARD; /* copies the path */
/* Gives the latest leaf the context's message as its reason, without `path` at its head. NO_MEMORY. */
alexnet_status an_tree_excuse(alexnet_context *ctx, an_tree *tree, const char *path) AN_NODISCARD;
void an_tree_free(alexnet_context *ctx, an_tree *tree);

/* True when the file's name says image, of a format that is read; hidden: when a component of the path begins with '.'. */
bool an_tree_is_image(const char *path);
bool an_tree_is_hidden(const char *path);

/* Notes what of the tree lies in no part that is present. The tree is in order. NO_MEMORY. */
alexnet_status an_tree_beside(alexnet_context *ctx, const an_tree *tree,
                              an_source *source) AN_NODISCARD;

/* Counts a leaf that is passed over; `inside` is its path in the data set. NO_MEMORY. */
alexnet_status an_tree_pass(alexnet_context *ctx, const an_leaf *leaf, const char *inside,
                            an_tally *tally) AN_NODISCARD;

/* Images below class folders, in a part of the data set. */
int64_t an_tree_count(const an_tree *tree, const an_parts *parts, unsigned part);

/*
 * Sorts the leaves by path, keeps the images of the wanted parts (of a path that comes twice the
 * one with the higher order), and fills in the source's classes, labels, count and tally, and how
 * many images its other parts have, and what lies beside them. Logs which class folders hold folders.
 * NOT_FOUND (no images), BAD_FILE (an empty class; a part to validate or test with, beside one to
 * train on, that holds no images), NO_MEMORY.
 */
alexnet_status an_tree_finish(alexnet_context *ctx, an_tree *tree, an_source *source) AN_NODISCARD;

#endif
