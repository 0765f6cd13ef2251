/*
 * list_tree.c: see list_tree.h. A data set may have a million files, on a slow disk: so files are
 * not opened, and those with an image's name not even looked at.
 * SPDX-License-Identifier: MIT
 */
#include "data/list_tree.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16 /* nested folders */

alexnet_status an_list_tree_stat(alexnet_context *ctx, const char *path, an_file_info *out)
{
    const alexnet_status status = an_file_stat(ctx, path, out);
    const bool no_folder = ctx->error_number == ELOOP || ctx->error_number == ENAMETOOLONG ||
                           an_image_kind_of(path).name != NULL;

    if (an_status_of_reading(ctx, status) != ALEXNET_BAD_FILE || !no_folder) return status;
    *out = (an_file_info){.kind = AN_FILE_OTHER};
    return ALEXNET_OK;
}

typedef struct lister {
    alexnet_context *ctx;
    an_tree *tree;
    size_t skip;                   /* characters of paths that the tree does not get */
    char path[AN_PATH_BYTES];      /* of what is being listed */
    an_file_info above[DEPTH_MAX]; /* the folders that contain it */
} lister;

static alexnet_status list(lister *l, const an_file_info *folder, int depth);

/* True if the folder contains the one that is being listed: a loop of links. */
static bool is_above(const lister *l, const an_file_info *folder, int depth)
{
    for (int i = 0; i <= depth; ++i) {
        if (l->above[i].inode == folder->inode && l->above[i].device == folder->device) return true;
    }
    return false;
}

/* Adds the path to the tree. */
static alexnet_status add(lister *l)
{
    return an_tree_add(l->ctx, l->tree, l->path + l->skip, 0, 0);
}

/* Appends text to the path at `length`. */
static alexnet_status append(lister *l, size_t length, const char *text)
{
    const size_t bytes = strlen(text) + 1;

    if (bytes > AN_PATH_BYTES - length)
        return an_fail(l->ctx, ALEXNET_UNSUPPORTED, "%.*s%s: path of more than %d bytes",
                       (int)length, l->path, text, AN_PATH_BYTES - 1);
    memcpy(l->path + length, text, bytes);
    return ALEXNET_OK;
}

/* In a forgiving tree (tree.h) one unreadable folder is no reason to give up the others. */
static bool is_excused(const lister *l, alexnet_status status)
{
    return l->tree->forgiving && (an_status_of_reading(l->ctx, status) == ALEXNET_BAD_FILE ||
                                  status == ALEXNET_UNSUPPORTED);
}

/* Adds something whose status is unknown as a folder, which it may be. */
static alexnet_status add_excused(lister *l)
{
    AN_TRY(append(l, strlen(l->path), "/"));
    AN_TRY(add(l));
    return an_tree_excuse(l->ctx, l->tree, l->path);
}

/* Adds one name of a folder; the path ends with it. */
static alexnet_status list_name(lister *l, const char *name, int depth)
{
    an_file_info info;

    /*
     * A file with an image's name inside a class is taken to be one until it is read: the status of
     * a million files takes minutes on a disk in the network.
     */
    if (name[0] == '.' || (depth > 0 && an_tree_is_image(name))) return add(l);
    alexnet_status status = an_list_tree_stat(l->ctx, l->path, &info);
    if (is_excused(l, status)) return add_excused(l);
    AN_TRY(status);
    if (info.kind != AN_FILE_FOLDER) return add(l);
    if (is_above(l, &info, depth))
        return an_tree_add(l->ctx, l->tree, l->path + l->skip, AN_LEAF_ROUND, 0);

    AN_TRY(append(l, strlen(l->path), "/"));
    AN_TRY(add(l));
    const size_t before = l->tree->count, length = strlen(l->path);
    status = list(l, &info, depth + 1);
    l->path[length] = '\0';
    return l->tree->count == before && is_excused(l, status)
               ? an_tree_excuse(l->ctx, l->tree, l->path)
               : status;
}

/* Lists the folder whose path, ending in '/', is l->path. */
static alexnet_status list(lister *l, const an_file_info *folder, int depth)
{
    const size_t length = strlen(l->path);
    alexnet_status status = ALEXNET_OK;
    an_names names;

    if (depth == DEPTH_MAX)
        return an_fail(l->ctx, ALEXNET_UNSUPPORTED, "%s: more than %d nested folders", l->path,
                       DEPTH_MAX);
    l->above[depth] = *folder;
    AN_TRY(an_folder_list(l->ctx, l->path, &names));
    for (size_t i = 0; i < names.count && status == ALEXNET_OK; ++i) {
        status = append(l, length, names.names[i]);
        if (status == ALEXNET_OK) status = list_name(l, names.names[i], depth);
    }
    an_names_free(l->ctx, &names);
    return status;
}

static alexnet_status start(lister *l, const char *folder)
{
    an_file_info info;
    const size_t length = strlen(folder);

    AN_TRY(an_file_stat(l->ctx, folder, &info));
    AN_TRY(append(l, 0, folder));
    if (length > 0 && folder[length - 1] != '/') AN_TRY(append(l, length, "/"));
    return list(l, &info, 0);
}

alexnet_status an_list_tree(alexnet_context *ctx, const char *folder, size_t skip, an_tree *tree)
{
    lister *l = an_new_zeroed(ctx, sizeof *l); /* large for a stack */

    if (l == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", folder);
    l->ctx = ctx;
    l->tree = tree;
    l->skip = skip;
    const alexnet_status status = start(l, folder);
    an_free(ctx, l);
    return status;
}

/* ---- kinds ---- */

void an_list_tree_name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    const an_tree *tree = source->own;

    snprintf(buffer, bytes, "%s", tree->leaves[index].path);
}

alexnet_status an_list_tree_read(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const an_tree *tree = source->own;
    const an_leaf *leaf = &tree->leaves[index];

    if (leaf->reason != NULL) return an_fail(ctx, ALEXNET_BAD_FILE, "%s", leaf->reason);
    return an_source_read_file(ctx, source->path != NULL ? source->path : "", leaf->path,
                               orientation, buffer, image);
}

void an_list_tree_close(an_source *source)
{
    an_tree_free(source->ctx, source->own);
    an_free(source->ctx, source->own);
}
