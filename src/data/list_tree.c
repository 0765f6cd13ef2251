/*
 * list_tree.c: everything in a folder, at any depth.
 * SPDX-License-Identifier: MIT
 */
#include "data/list_tree.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

alexnet_status an_list_tree_stat(alexnet_context *ctx, const char *path, an_file_info *out)
{
    const alexnet_status status = an_file_stat(ctx, path, out);
    const bool no_folder = ctx->error_number == ELOOP || ctx->error_number == ENAMETOOLONG ||
                           an_image_kind_of(path).name != NULL;

    if (an_status_of_reading(ctx, status) != ALEXNET_BAD_FILE || !no_folder) return status;
    *out = (an_file_info){.kind = AN_FILE_OTHER};
    return ALEXNET_OK;
}

typedef struct walker {
    alexnet_context *ctx;
    an_tree *tree;
    size_t skip;
    char path[AN_PATH_BYTES];
    an_file_info above[DEPTH_MAX]; /* the folders on the way here */
} walker;

static alexnet_status walk(walker *w, const an_file_info *folder, int depth);

static bool is_above(const walker *w, const an_file_info *folder, int depth)
{
    for (int i = 0; i <= depth; ++i) {
        if (w->above[i].inode == folder->inode && w->above[i].device == folder->device) return true;
    }
    return false;
}

static alexnet_status add(walker *w)
{
    return an_tree_add(w->ctx, w->tree, w->path + w->skip, 0, 0);
}

/* Appends text to the path, which ends at `length`. */
static alexnet_status append(walker *w, size_t length, const char *text)
{
    const size_t bytes = strlen(text) + 1;

    if (bytes > AN_PATH_BYTES - length)
        return an_fail(w->ctx, ALEXNET_UNSUPPORTED, "%.*s%s: path of more than %d bytes",
                       (int)length, w->path, text, AN_PATH_BYTES - 1);
    memcpy(w->path + length, text, bytes);
    return ALEXNET_OK;
}

/* One folder that the system refuses is no reason to give up the others. */
static bool is_excused(const walker *w, alexnet_status status)
{
    return w->tree->forgiving && (an_status_of_reading(w->ctx, status) == ALEXNET_BAD_FILE ||
                                  status == ALEXNET_UNSUPPORTED);
}

/* What cannot be looked at may be a folder. */
static alexnet_status add_excused(walker *w)
{
    AN_TRY(append(w, strlen(w->path), "/"));
    AN_TRY(add(w));
    return an_tree_excuse(w->ctx, w->tree, w->path);
}

/* One name in a folder; the path ends with it. */
static alexnet_status walk_name(walker *w, const char *name, int depth)
{
    an_file_info info;

    /* What an image's name says inside a class is believed, until it is read: asking the system
       about each of a million files takes minutes where they are far away. */
    if (name[0] == '.' || (depth > 0 && an_tree_is_image(name))) return add(w);
    alexnet_status status = an_list_tree_stat(w->ctx, w->path, &info);
    if (is_excused(w, status)) return add_excused(w);
    AN_TRY(status);
    if (info.kind != AN_FILE_FOLDER) return add(w);
    if (is_above(w, &info, depth))
        return an_tree_add(w->ctx, w->tree, w->path + w->skip, AN_LEAF_ROUND, 0);

    AN_TRY(append(w, strlen(w->path), "/"));
    AN_TRY(add(w));
    const size_t before = w->tree->count, length = strlen(w->path);
    status = walk(w, &info, depth + 1);
    w->path[length] = '\0';
    return w->tree->count == before && is_excused(w, status)
               ? an_tree_excuse(w->ctx, w->tree, w->path)
               : status;
}

/* Everything in the folder whose path, ending in '/', is at hand. */
static alexnet_status walk(walker *w, const an_file_info *folder, int depth)
{
    const size_t length = strlen(w->path);
    alexnet_status status = ALEXNET_OK;
    an_names names;

    if (depth == DEPTH_MAX)
        return an_fail(w->ctx, ALEXNET_UNSUPPORTED, "%s: more than %d folders inside each other",
                       w->path, DEPTH_MAX);
    w->above[depth] = *folder;
    AN_TRY(an_folder_list(w->ctx, w->path, &names));
    for (size_t i = 0; i < names.count && status == ALEXNET_OK; ++i) {
        status = append(w, length, names.names[i]);
        if (status == ALEXNET_OK) status = walk_name(w, names.names[i], depth);
    }
    an_names_free(w->ctx, &names);
    return status;
}

static alexnet_status start(walker *w, const char *folder)
{
    an_file_info info;
    const size_t length = strlen(folder);

    AN_TRY(an_file_stat(w->ctx, folder, &info));
    AN_TRY(append(w, 0, folder));
    if (length > 0 && folder[length - 1] != '/') AN_TRY(append(w, length, "/"));
    return walk(w, &info, 0);
}

alexnet_status an_list_tree(alexnet_context *ctx, const char *folder, size_t skip, an_tree *tree)
{
    walker *w = an_new_zeroed(ctx, sizeof *w); /* large for a stack */

    if (w == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", folder);
    w->ctx = ctx;
    w->tree = tree;
    w->skip = skip;
    const alexnet_status status = start(w, folder);
    an_free(ctx, w);
    return status;
}
