/*
 * tree.h: from the paths in a data set to classes and labelled images. The rules (data/source.h)
 * are implemented once, for folders and tar files: both list their contents, this sorts them.
 *
 *     train/dog/0001.jpg        split / class / image
 *     train/dog/                a folder: the class exists, even if it is empty
 *     dog/0001.jpg              class / image, in a data set without splits
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_TREE_H
#define AN_DATA_TREE_H

#include "data/kind.h"
#include <stdbool.h>

/* The offset of a link to a folder that contains it: no bytes in a tar file begin there. */
#define AN_LEAF_ROUND 1

/* A file or folder of a data set. A folder's path ends with '/'. */
typedef struct an_leaf {
    const char *path;      /* relative to the data set */
    uint64_t offset, size; /* tar: where its bytes are; or AN_LEAF_ROUND */
    const char *reason;    /* why a folder cannot be listed or is empty; else NULL */
    uint64_t order;        /* of two leaves with one path the higher counts; initially the offset */
} an_leaf;

typedef struct an_tree {
    an_leaf *leaves;
    size_t count, capacity;
    struct an_tree_text *texts; /* memory of paths and reasons */
    bool forgiving;             /* a folder that cannot be listed becomes a leaf with a reason */
    an_leaf refused; /* the first leaf whose reason is the system's; without a reason: none */
} an_tree;

alexnet_status an_tree_add(alexnet_context *ctx, an_tree *tree, const char *path, uint64_t offset,
                           uint64_t size) AN_NODISCARD; /* copies the path */
/*
 * Gives the last leaf the context's message, without `path` at its head, as its reason. NO_MEMORY.
 */
alexnet_status an_tree_excuse(alexnet_context *ctx, an_tree *tree, const char *path) AN_NODISCARD;
void an_tree_free(alexnet_context *ctx, an_tree *tree);

/*
 * Image: the file's name is that of a supported format. Hidden: a component of the path begins with
 * '.'.
 */
bool an_tree_is_image(const char *path);
bool an_tree_is_hidden(const char *path);

/* Notes in the source what is in none of its splits. The tree is sorted. NO_MEMORY. */
alexnet_status an_tree_beside(alexnet_context *ctx, const an_tree *tree,
                              an_source *source) AN_NODISCARD;

/* Counts a leaf that is passed over; `inside` is its path below the split or folder. NO_MEMORY. */
alexnet_status an_tree_pass(alexnet_context *ctx, const an_leaf *leaf, const char *inside,
                            an_tally *tally) AN_NODISCARD;

/* The number of images below class folders in a split of the data set. */
int64_t an_tree_count(const an_tree *tree, const an_parts *parts, unsigned part);

/*
 * Sorts the leaves by path, keeps the images of the wanted splits (of two with one path, the one
 * with the higher order), and fills in the source: classes, labels, count, tally, the number of
 * images in its other splits, and what is beside them. Logs which class folders contain folders.
 * NOT_FOUND (no images), BAD_FILE (an empty class; a validation or test split without images beside
 * a training split), NO_MEMORY.
 */
alexnet_status an_tree_finish(alexnet_context *ctx, an_tree *tree, an_source *source) AN_NODISCARD;

#endif
