/*
 * checkpoint_files.c: see checkpoint_files.h. Runs that exist have these names: they must stay.
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoint_files.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "train/optimiser.h"
#include <stdlib.h>
#include <string.h>

enum { HEAD = sizeof AN_CHECKPOINT_PREFIX - 1, TAIL = sizeof AN_CHECKPOINT_TEMPORARY - 1 };

const char *const an_checkpoint_file_names[AN_MANIFEST_FILES] = {
    "weights.safetensors", "optimiser.safetensors", AN_CHECKPOINT_FROZEN_NAME};

alexnet_status an_checkpoint_join(alexnet_context *ctx, const char *folder, const char *name,
                                  char **out)
{
    *out = an_path_join(ctx, folder, name);
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s/%s", folder, name);
}

alexnet_status an_checkpoint_step_path(alexnet_context *ctx, const char *folder, int64_t step,
                                       const char *suffix, char **out)
{
    char name[AN_CHECKPOINT_NAME_BYTES];

    an_print(name, sizeof name, AN_CHECKPOINT_PREFIX "%08lld%s", (long long)step, suffix);
    return an_checkpoint_join(ctx, folder, name, out);
}

int64_t an_checkpoint_step_of(const char *name)
{
    int64_t step;

    if (strncmp(name, AN_CHECKPOINT_PREFIX, HEAD) != 0 ||
        !an_parse_int(name + HEAD, strlen(name) - HEAD, &step))
        return -1;
    return step;
}

int64_t an_checkpoint_unnamed_step_of(const char *name)
{
    const size_t length = strlen(name);
    int64_t step;

    if (length <= HEAD + TAIL || !an_checkpoint_is_leftover(name) ||
        !an_parse_int(name + HEAD, length - HEAD - TAIL, &step))
        return -1;
    return step;
}

bool an_checkpoint_is_leftover(const char *name)
{
    const size_t length = strlen(name);

    if (an_file_is_temporary(name, AN_CHECKPOINT_FROZEN_NAME)) return true;
    return length >= HEAD + TAIL && strncmp(name, AN_CHECKPOINT_PREFIX, HEAD) == 0 &&
           strcmp(name + length - TAIL, AN_CHECKPOINT_TEMPORARY) == 0;
}

static int newest_first(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

alexnet_status an_checkpoint_list_steps(alexnet_context *ctx, const char *folder, int64_t **steps,
                                        size_t *count)
{
    an_file_info info;
    an_names names;

    *steps = NULL;
    *count = 0;
    AN_TRY(an_file_stat(ctx, folder, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    AN_TRY(an_folder_list(ctx, folder, &names));
    *steps = an_new_array(ctx, names.count, sizeof **steps);
    for (size_t i = 0; *steps != NULL && i < names.count; ++i)
        if (an_checkpoint_step_of(names.names[i]) >= 0)
            (*steps)[(*count)++] = an_checkpoint_step_of(names.names[i]);
    an_names_free(ctx, &names);
    if (*steps == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", folder);
    qsort(*steps, *count, sizeof **steps, newest_first);
    return ALEXNET_OK;
}

alexnet_status an_checkpoint_read_manifest(alexnet_context *ctx, const char *folder,
                                           an_manifest *manifest)
{
    char *path;

    *manifest = (an_manifest){
        .files = {{.name = an_checkpoint_file_names[AN_CHECKPOINT_WEIGHTS]},
                  {.name = an_checkpoint_file_names[AN_CHECKPOINT_OPTIMISER]},
                  {.name = an_checkpoint_file_names[AN_CHECKPOINT_FROZEN], .optional = true}}};
    AN_TRY(an_checkpoint_join(ctx, folder, AN_CHECKPOINT_MANIFEST, &path));
    const alexnet_status status = an_manifest_read(ctx, path, manifest);
    an_free(ctx, path);
    return status;
}

an_slot_name an_checkpoint_name_slot(int slot, const an_param *param)
{
    an_slot_name name;

    an_print(name.text, sizeof name.text, "%s/%s", an_slot_names[slot], param->name);
    return name;
}
