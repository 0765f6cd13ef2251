/*
 * place.c: where a run folder may be.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/place.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/parts.h"
#include <string.h>

/* The part of `path` after the folder `outer`; both are absolute. NULL: it is not inside. */
static const char *part_inside(const char *outer, const char *path)
{
    const size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);

    return strncmp(outer, path, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* The absolute path, links resolved; the path need not exist yet. */
static alexnet_status find_place(alexnet_context *ctx, const char *path, char **out)
{
    an_file_info info = {.kind = AN_FILE_ABSENT};
    char *above = an_copy_text(ctx, path), *absolute = NULL;
    size_t length = strlen(path);
    alexnet_status status =
        above != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);

    *out = NULL;
    while (status == ALEXNET_OK && length > 0) {
        above[length] = '\0';
        status = an_file_stat(ctx, above, &info);
        if (info.kind != AN_FILE_ABSENT) break;
        while (length > 0 && above[length - 1] == '/')
            --length;
        while (length > 0 && above[length - 1] != '/')
            --length;
    }
    if (status == ALEXNET_OK) status = an_path_absolute(ctx, length > 0 ? above : ".", &absolute);
    if (status == ALEXNET_OK && (*out = an_path_join(ctx, absolute, path + length)) == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);
    an_free(ctx, absolute);
    an_free(ctx, above);
    return status;
}

alexnet_status an_place_check(alexnet_context *ctx, const an_run_folder *folder,
                              const an_source *source, const char *data)
{
    char *outer, *place;

    if (source == NULL || data == NULL || strcmp(an_source_kind(source), "folder") != 0)
        return ALEXNET_OK;
    AN_TRY(an_path_absolute(ctx, data, &outer));
    alexnet_status status = find_place(ctx, folder->path, &place);
    if (status == ALEXNET_OK) {
        const char *inside = part_inside(outer, place);
        const bool hidden = inside != NULL && *inside == '.';
        const bool beside = inside != NULL && an_source_parts(source)->wanted != 0 &&
                            an_part_of(inside, strcspn(inside, "/")) == AN_PARTS;
        if (inside != NULL && !hidden && !beside)
            status = an_fail(ctx, ALEXNET_BAD_ARG,
                             "run folder '%s' is inside the data %s, where it would count as "
                             "a class: choose a place outside",
                             folder->path, data);
        an_free(ctx, place);
    }
    an_free(ctx, outer);
    return status;
}
