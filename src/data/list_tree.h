/*
 * list_tree.h: everything in a folder, at any depth.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_LIST_TREE_H
#define AN_DATA_LIST_TREE_H

#include "data/tree.h"

/*
 * Adds what lies in the folder to the tree, in byte order: files, and folders with '/' at the end.
 * Their paths begin with the folder's, without its first `skip` characters. Names that begin with
 * '.' are added, but not entered. Links are followed, but for those to a folder that they lie in.
 * IO, NO_MEMORY, UNSUPPORTED (a path too long, folders too deep inside each other).
 */
alexnet_status an_list_tree(alexnet_context *ctx, const char *folder, size_t skip,
                            an_tree *tree) AN_NODISCARD;

/*
 * As an_file_stat(), but an image that the system refuses to look at (no permission, a link to itself, a name too long) is a
 * file of another kind, AN_FILE_OTHER: reading it says why. What may be a folder is not taken so lightly: IO.
 */
alexnet_status an_list_tree_stat(alexnet_context *ctx, const char *path,
                                 an_file_info *out) AN_NODISCARD;

#endif
