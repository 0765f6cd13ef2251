/*
 * list_tree.h: lists what is in a folder, at any depth, for the sources of folders (folder.c,
 * files.c). tree.h makes classes of the list.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_LIST_TREE_H
#define AN_DATA_LIST_TREE_H

#include "data/tree.h"

/*
 * Adds the contents of the folder to the tree, in byte order: files, and folders with '/' at the
 * end. Paths begin with the folder's own, less its first `skip` characters. Names that begin with
 * '.' are added but not entered. Links are followed, except to a folder that contains them. IO,
 * NO_MEMORY, UNSUPPORTED (a path too long, folders nested too deep).
 */
alexnet_status an_list_tree(alexnet_context *ctx, const char *folder, size_t skip,
                            an_tree *tree) AN_NODISCARD;

/*
 * As an_file_stat(), but an image whose status the system refuses (no permission, a link to itself,
 * a name too long) is AN_FILE_OTHER: reading it gives the reason. Anything that may be a folder
 * fails with IO.
 */
alexnet_status an_list_tree_stat(alexnet_context *ctx, const char *path,
                                 an_file_info *out) AN_NODISCARD;

/*
 * Members of an an_kind whose images are the leaves of a tree of files, which is source->own.
 * Their paths begin at source->path; NULL: they are complete. A leaf with a reason is BAD_FILE.
 */
void an_list_tree_name_of(const an_source *source, int64_t index, char *buffer, size_t bytes);
alexnet_status an_list_tree_read(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image) AN_NODISCARD;
void an_list_tree_close(an_source *source);

#endif
