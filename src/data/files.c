/*
 * files.c: images named one by one, and folders of images.
 * SPDX-License-Identifier: MIT
 */
#include "data/files.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/list_tree.h"
#include <string.h>

/* ---- finding ---- */

/*
 * A folder without images counts as one unreadable image, so that the other paths are still read.
 */
static alexnet_status add_excused(alexnet_context *ctx, const char *folder, an_tree *files)
{
    AN_TRY(an_tree_add(ctx, files, folder, 0, 0));
    return an_tree_excuse(ctx, files, folder);
}

/* Adds the images in a folder. It may be hidden itself, as the user named it. */
static alexnet_status add_images(alexnet_context *ctx, const char *folder, an_tree *files,
                                 an_tally *passed)
{
    size_t kept = files->count;
    const size_t before = kept;
    char text[AN_TALLY_TEXT];

    alexnet_status status = an_list_tree(ctx, folder, 0, files);
    if (an_status_of_reading(ctx, status) == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED) {
        files->count = before;
        return add_excused(ctx, folder, files);
    }
    AN_TRY(status);
    for (size_t i = before; i < files->count; ++i) {
        const char *inside = files->leaves[i].path + strlen(folder);
        if (files->leaves[i].reason != NULL ||
            (!an_tree_is_hidden(inside) && an_tree_is_image(inside)))
            files->leaves[kept++] = files->leaves[i];
        else if (inside[0] != '\0' && inside[strlen(inside) - 1] != '/')
            AN_TRY(an_tree_pass(ctx, &files->leaves[i], inside, passed));
    }
    files->count = kept;
    if (kept > before) return ALEXNET_OK;
    an_tally_explain(passed, text);
    (void)an_fail(ctx, ALEXNET_NOT_FOUND,
                  "no readable images (.jpg .png .webp ...) in this folder%s", text);
    return add_excused(ctx, folder, files);
}

static alexnet_status add_folder(alexnet_context *ctx, const char *folder, an_source *source)
{
    an_tally passed = {0};
    alexnet_status status = add_images(ctx, folder, source->own, &passed);

    if (status == ALEXNET_OK) status = an_tally_merge(ctx, &source->passed, &passed);
    an_tally_free(ctx, &passed);
    return status;
}

static alexnet_status add_named(alexnet_context *ctx, const char *path, an_source *source)
{
    an_file_info info;

    const alexnet_status status = an_list_tree_stat(ctx, path, &info);
    if (an_status_of_reading(ctx, status) == ALEXNET_BAD_FILE) /* it may be a folder */
        return add_excused(ctx, path, source->own);
    AN_TRY(status);
    return info.kind == AN_FILE_FOLDER ? add_folder(ctx, path, source)
                                       : an_tree_add(ctx, source->own, path, 0, 0);
}

/* ---- the kind ---- */

static const an_kind files_kind = {
    .name = "files",
    .close = an_list_tree_close,
    .name_of = an_list_tree_name_of,
    .read = an_list_tree_read,
};

static alexnet_status fill(alexnet_context *ctx, const char *const *paths, size_t count,
                           an_source *source)
{
    an_tree *files = an_new_zeroed(ctx, sizeof *files);

    source->ctx = ctx;
    source->kind = &files_kind;
    source->own = files;
    if (files == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "a list of images");
    files->forgiving = true;
    for (size_t i = 0; i < count; ++i)
        AN_TRY(add_named(ctx, paths[i], source));
    if (files->count == 0) return an_fail(ctx, ALEXNET_NOT_FOUND, "no images are given");
    size_t excused = 0;
    while (excused < files->count && files->leaves[excused].reason != NULL)
        ++excused;
    if (excused == files->count) {
        const bool refused = files->refused.reason != NULL;
        const an_leaf *leaf = refused ? &files->refused : &files->leaves[0];
        return an_fail(ctx, refused ? ALEXNET_IO : ALEXNET_NOT_FOUND, "%s: %s", leaf->path,
                       leaf->reason);
    }
    if (files->count > UINT32_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%zu images, at most %ju", files->count,
                       (uintmax_t)UINT32_MAX);
    source->count = (int64_t)files->count;
    source->labels = an_new_array(ctx, files->count, sizeof *source->labels);
    if (source->labels == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "a list of images");
    return an_names_add(ctx, &source->classes, "");
}

alexnet_status an_files_open(alexnet_context *ctx, const char *const *paths, size_t count,
                             an_source **out)
{
    an_source *source = an_new_zeroed(ctx, sizeof *source);

    *out = NULL;
    if (source == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "a list of images");
    const alexnet_status status = fill(ctx, paths, count, source);
    if (status != ALEXNET_OK) {
        an_source_close(source);
        return status;
    }
    *out = source;
    return ALEXNET_OK;
}
