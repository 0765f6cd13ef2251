/*
 * folder.c: the source of a folder of class folders (kind.h). source.h has the rules; tree.h, which
 * tar files use as well, applies them.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/list_tree.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- splits ---- */

static alexnet_status fail_memory(alexnet_context *ctx, const an_source *source)
{
    return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
}

static alexnet_status is_folder(alexnet_context *ctx, const char *folder, const char *name,
                                bool *out)
{
    an_file_info info;

    *out = false;
    if (name[0] == '.' || an_tree_is_image(name)) return ALEXNET_OK; /* as list_name() */
    char *path = an_path_join(ctx, folder, name);
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", folder);
    const alexnet_status status = an_list_tree_stat(ctx, path, &info);
    an_free(ctx, path);
    if (status == ALEXNET_OK) *out = info.kind == AN_FILE_FOLDER;
    return status;
}

static alexnet_status holds_folder(alexnet_context *ctx, const char *folder, const char *name,
                                   bool *out)
{
    alexnet_status status;
    an_names inside = {0};
    char *path = an_path_join(ctx, folder, name);

    *out = false;
    if (path == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", folder);
    status = an_folder_list(ctx, path, &inside);
    for (size_t i = 0; i < inside.count && !*out && status == ALEXNET_OK; ++i)
        status = is_folder(ctx, path, inside.names[i], out);
    an_names_free(ctx, &inside);
    an_free(ctx, path);
    return status;
}

static alexnet_status look_at(alexnet_context *ctx, const char *folder, const char *name,
                              an_parts_top *top)
{
    const bool part = an_part_of(name, strlen(name)) < AN_PARTS;
    bool found, nested = false;

    if (!part && top->others) return ALEXNET_OK;
    AN_TRY(is_folder(ctx, folder, name, &found));
    if (!found) return ALEXNET_OK;
    if (part) AN_TRY(holds_folder(ctx, folder, name, &nested));
    an_parts_note(top, name, strlen(name), nested);
    return ALEXNET_OK;
}

static alexnet_status look_at_all(alexnet_context *ctx, const an_source *source,
                                  const an_names *names, an_parts_top *top)
{
    for (size_t i = 0; i < names->count; ++i)
        AN_TRY(look_at(ctx, source->path, names->names[i], top));
    return ALEXNET_OK;
}

/* ---- a single outer folder ---- */

#define WRAPPERS_MAX 16

/* The only folder among the names, none of which is an image; NULL: there is none, or several. */
static alexnet_status only_folder(alexnet_context *ctx, const char *path, const an_names *names,
                                  const char **only)
{
    bool found;

    *only = NULL;
    for (size_t i = 0; i < names->count; ++i) {
        const char *name = names->names[i];
        if (name[0] == '.') continue;
        AN_TRY(is_folder(ctx, path, name, &found));
        if (an_image_kind_of(name).name != NULL || (found && *only != NULL)) {
            *only = NULL;
            return ALEXNET_OK;
        }
        if (found) *only = name;
    }
    return ALEXNET_OK;
}

/* Whether the folder contains folders, and no image directly. */
static alexnet_status holds_folders_only(alexnet_context *ctx, const char *path, bool *out)
{
    an_names names = {0};
    alexnet_status status = an_folder_list(ctx, path, &names);
    bool images = false;

    *out = false;
    for (size_t i = 0; i < names.count && !images; ++i)
        images = names.names[i][0] != '.' && an_image_kind_of(names.names[i]).name != NULL;
    for (size_t i = 0; i < names.count && !images && !*out && status == ALEXNET_OK; ++i)
        status = is_folder(ctx, path, names.names[i], out);
    an_names_free(ctx, &names);
    return status;
}

/* Descends into the only folder of the data set, as tar.c does. *inside: it has done so. */
static alexnet_status step_in(alexnet_context *ctx, an_source *source, const an_names *names,
                              bool *inside)
{
    const char *only;

    *inside = false;
    AN_TRY(only_folder(ctx, source->path, names, &only));
    if (only == NULL) return ALEXNET_OK;
    char *path = an_path_join(ctx, source->path, only);
    if (path == NULL) return fail_memory(ctx, source);
    const alexnet_status status = holds_folders_only(ctx, path, inside);
    if (status != ALEXNET_OK || !*inside) {
        an_free(ctx, path);
        return status;
    }
    an_free(ctx, source->path);
    source->path = path;
    source->stepped_in = true;
    return ALEXNET_OK;
}

static alexnet_status find_parts(alexnet_context *ctx, an_source *source)
{
    bool inside = true;

    for (int depth = 0; inside; ++depth) {
        an_parts_top top = {0};
        an_names names;
        AN_TRY(an_folder_list(ctx, source->path, &names));
        alexnet_status status = look_at_all(ctx, source, &names, &top);
        inside = false;
        if (status == ALEXNET_OK && an_parts_present(&top) == 0 && depth < WRAPPERS_MAX)
            status = step_in(ctx, source, &names, &inside);
        an_names_free(ctx, &names);
        AN_TRY(status);
        AN_TRY(an_parts_find(ctx, source->path, &top, &source->parts));
    }
    return ALEXNET_OK;
}

/* Adds the files of the split `name`, or of the whole data set (""). */
static alexnet_status list_part(alexnet_context *ctx, const an_source *source, const char *name,
                                an_tree *tree)
{
    char *path = an_path_join(ctx, source->path, name);

    if (path == NULL) return fail_memory(ctx, source);
    const size_t skip = strlen(path) - strlen(name);
    const alexnet_status status = an_list_tree(ctx, path, skip, tree);
    an_free(ctx, path);
    return status;
}

static alexnet_status list_parts(alexnet_context *ctx, const an_source *source)
{
    const an_parts *parts = &source->parts;

    if (parts->wanted == 0) return list_part(ctx, source, "", source->own);
    for (int i = 0; i < AN_PARTS; ++i) {
        if ((parts->wanted >> i & 1) != 0)
            AN_TRY(list_part(ctx, source, parts->names[i], source->own));
    }
    return ALEXNET_OK;
}

/* A training split may have a million files on a far disk: it is not counted. */
static int64_t count_part(const an_source *source, alexnet_context *ctx, int part)
{
    an_tree tree = {0};
    int64_t count = -1;

    if (1u << part == AN_TRAIN_BIT) return -1;
    if (list_part(ctx, source, source->parts.names[part], &tree) == ALEXNET_OK)
        count = an_tree_count(&tree, &source->parts, 1u << part);
    an_tree_free(ctx, &tree);
    return count;
}

/*
 * Lists a folder that is no split. If it cannot be read it counts as empty: its images are not
 * used.
 */
static alexnet_status list_stranger(alexnet_context *ctx, const an_source *source, const char *name,
                                    an_tree *tree)
{
    char *folder = an_format(ctx, "%s/", name);

    if (folder == NULL) return fail_memory(ctx, source);
    alexnet_status status = an_tree_add(ctx, tree, folder, 0, 0);
    an_free(ctx, folder);
    AN_TRY(status);
    status = an_status_of_reading(ctx, list_part(ctx, source, name, tree));
    return status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED ? ALEXNET_OK : status;
}

/* Lists what is in none of the splits. */
static alexnet_status collect_beside(alexnet_context *ctx, const an_source *source,
                                     const an_names *names, an_tree *tree)
{
    const an_parts *parts = &source->parts;
    bool folder;

    for (size_t i = 0; i < names->count; ++i) {
        const char *name = names->names[i];
        bool part = false;
        for (int k = 0; k < AN_PARTS; ++k)
            part = part || ((parts->present >> k & 1) != 0 && strcmp(parts->names[k], name) == 0);
        if (part) continue;
        AN_TRY(is_folder(ctx, source->path, name, &folder));
        AN_TRY(folder ? list_stranger(ctx, source, name, tree)
                      : an_tree_add(ctx, tree, name, 0, 0));
    }
    return ALEXNET_OK;
}

static alexnet_status look_beside(an_source *source, alexnet_context *ctx)
{
    an_names names;
    an_tree tree = {0};

    AN_TRY(an_folder_list(ctx, source->path, &names));
    alexnet_status status = collect_beside(ctx, source, &names, &tree);
    if (status == ALEXNET_OK) status = an_tree_beside(ctx, &tree, source);
    an_tree_free(ctx, &tree);
    an_names_free(ctx, &names);
    return status;
}

/* ---- reading ---- */

/* The caller puts the path there in its own words. */
void an_source_drop_path(alexnet_context *ctx, const char *path)
{
    char shown[AN_ERROR_BYTES]; /* escaped, as in the message */
    size_t length;

    an_escape(shown, sizeof shown, path);
    length = strlen(shown);
    while (length > 1 && shown[length - 1] == '/')
        --length;
    if (strncmp(ctx->error, shown, length) != 0) return;
    length += strspn(ctx->error + length, "/");
    if (strlen(ctx->error) > length + 2 && ctx->error[length] == ':')
        memmove(ctx->error, ctx->error + length + 2, strlen(ctx->error + length + 2) + 1);
}

static alexnet_status read_bytes(alexnet_context *ctx, const char *path, an_source_buffer *buffer,
                                 size_t *bytes)
{
    an_reader reader;

    AN_TRY(an_reader_open(ctx, path, &reader));
    *bytes = (size_t)AN_MIN(reader.size, SIZE_MAX);
    alexnet_status status = ALEXNET_OK;
    if (reader.size > AN_IMAGE_BYTES_MAX)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: %ju bytes, at most %ju for an image", path,
                         (uintmax_t)reader.size, (uintmax_t)AN_IMAGE_BYTES_MAX);
    if (status == ALEXNET_OK) status = an_source_buffer_reserve(ctx, buffer, *bytes);
    if (status == ALEXNET_OK) status = an_reader_read(ctx, &reader, path, 0, buffer->data, *bytes);
    an_reader_close(&reader);
    return status;
}

static bool join(char path[AN_PATH_BYTES], const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool absolute = name[0] == '/';
    const char *slash = absolute || length == 0 || folder[length - 1] == '/' ? "" : "/";

    const int wanted = snprintf(path, AN_PATH_BYTES, "%s%s%s", absolute ? "" : folder, slash, name);
    return wanted >= 0 && wanted < AN_PATH_BYTES;
}

uint64_t an_source_file_bytes(alexnet_context *ctx, const char *folder, const char *name)
{
    char path[AN_PATH_BYTES];
    an_file_info info;

    if (!join(path, folder, name)) return 0;
    if (an_file_stat(ctx, path, &info) != ALEXNET_OK) {
        /* A disk that fails now and then would make other data of it: not without a word. */
        if (ctx->error_number == EIO)
            an_log(ctx, ALEXNET_LOG_WARNING, "%s; its size counts as 0", ctx->error);
        return 0;
    }
    return info.kind == AN_FILE_REGULAR ? info.size : 0;
}

alexnet_status an_source_read_file(alexnet_context *ctx, const char *folder, const char *name,
                                   an_orientation orientation, an_source_buffer *buffer,
                                   an_image *image)
{
    char path[AN_PATH_BYTES];
    size_t bytes;

    if (!join(path, folder, name))
        return an_fail(ctx, ALEXNET_BAD_FILE, "path of more than %d bytes", AN_PATH_BYTES - 1);
    const alexnet_status status = read_bytes(ctx, path, buffer, &bytes);
    if (status != ALEXNET_OK) {
        an_source_drop_path(ctx, path);
        return status;
    }
    return an_image_decode(ctx, buffer->data, bytes, orientation, image);
}

/* ---- the kind ---- */

static uint64_t size_of(const an_source *source, int64_t index)
{
    const an_tree *tree = source->own;

    return an_source_file_bytes(source->ctx, source->path, tree->leaves[index].path);
}

static const an_kind folder_kind = {.name = "folder",
                                    .names = AN_NAMES_INSIDE,
                                    .close = an_list_tree_close,
                                    .name_of = an_list_tree_name_of,
                                    .read = an_list_tree_read,
                                    .size_of = size_of,
                                    .count_part = count_part,
                                    .look_beside = look_beside};

alexnet_status an_folder_open(alexnet_context *ctx, an_part part, an_source *source)
{
    source->kind = &folder_kind;
    source->own = an_new_zeroed(ctx, sizeof(an_tree));
    if (source->own == NULL) return fail_memory(ctx, source);
    ((an_tree *)source->own)->forgiving = source->survey;
    AN_TRY(find_parts(ctx, source));
    AN_TRY(an_parts_choose(ctx, source->path, part, &source->parts));
    const alexnet_status status = list_parts(ctx, source);
    if (an_status_of_reading(ctx, status) == ALEXNET_BAD_FILE)
        return an_fail(ctx, status, "%s; make it readable, or remove it from the data",
                       alexnet_error(ctx));
    AN_TRY(status);
    return an_tree_finish(ctx, source->own, source);
}
