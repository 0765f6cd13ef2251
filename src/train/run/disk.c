/*
 * disk.c: the sizes of a run's files before they are written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/disk.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "train/optimiser.h"
#include <string.h>

/* Added for each file: a header with class names, a manifest, a log, a partly filled disk block. */
#define SLACK ((int64_t)64 << 10)

#define LINE 128 /* bytes of a line in a list of images */

/* ---- needed ---- */

static int64_t values_of(const alexnet_model *model, bool frozen)
{
    int64_t count = 0;

    for (int i = 0; i < model->params.count; ++i)
        if (model->params.items[i].frozen == frozen) count += model->params.items[i].count;
    return count * (int64_t)sizeof *model->values;
}

static int64_t mean_image_of(const alexnet_model *model)
{
    const int *shape = model->mean_shape;

    return model->mean_image == NULL
               ? 0
               : (int64_t)shape[0] * shape[1] * shape[2] * (int64_t)sizeof *model->mean_image;
}

int64_t an_disk_checkpoint(const alexnet_model *model, const an_config *config)
{
    return values_of(model, false) * (1 + an_optimiser_slots(&config->recipe)) +
           mean_image_of(model) + 3 * SLACK;
}

static an_disk plan(const alexnet_model *model, const an_config *config, bool validates,
                    bool resumed)
{
    const int64_t trained = values_of(model, false), frozen = values_of(model, true);
    const int64_t mean_image = mean_image_of(model);
    const int64_t weights = trained + frozen + mean_image + SLACK;
    const int64_t checkpoint = an_disk_checkpoint(model, config);
    const int64_t keep = AN_MAX(config->checkpoint_keep, 1);
    const int64_t kept = keep * checkpoint + (frozen > 0 ? frozen + SLACK : 0);
    const int64_t images = config->train_images + config->val_images;
    const int64_t lists = images < ALEXNET_SMALL_SET ? 2 * images * LINE : 0;
    const int64_t lasting = (validates ? 2 * weights : weights) + lists;

    /* a file is whole before it replaces another, and a checkpoint before an older one is removed;
       last.safetensors is written after all checkpoints except those of a resumed run */
    return (an_disk){
        .end = lasting + (config->checkpoint_keep > 0 ? kept : 0),
        .peak = kept + lasting + AN_MAX(checkpoint - weights, 0) + (resumed ? weights : 0),
    };
}

/* ---- available ---- */

static alexnet_status add_file(alexnet_context *ctx, const char *path, int64_t *bytes)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, path, &info));
    if (info.kind == AN_FILE_REGULAR && info.size < INT64_MAX / 4) *bytes += (int64_t)info.size;
    return ALEXNET_OK;
}

/* The files of a folder that may be absent. */
static alexnet_status add_folder(alexnet_context *ctx, const char *folder, int depth,
                                 int64_t *bytes)
{
    an_file_info info;
    an_names names;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_file_stat(ctx, folder, &info));
    if (info.kind != AN_FILE_FOLDER) return add_file(ctx, folder, bytes);
    if (depth == 0) return ALEXNET_OK;
    AN_TRY(an_folder_list(ctx, folder, &names));
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        char *path = an_path_join(ctx, folder, names.names[i]);
        status = path != NULL ? add_folder(ctx, path, depth - 1, bytes)
                              : an_fail(ctx, ALEXNET_NO_MEMORY, "%s", folder);
        an_free(ctx, path);
    }
    an_names_free(ctx, &names);
    return status;
}

/* The bytes that the run holds already; they count as free because they are removed, or are part of
 * what is needed. */
static alexnet_status add_present(alexnet_context *ctx, const an_run_folder *folder, int64_t *bytes)
{
    bool same;

    AN_TRY(add_folder(ctx, folder->checkpoints, 2, bytes));
    AN_TRY(add_file(ctx, folder->best, bytes));
    AN_TRY(an_file_same(ctx, folder->best, folder->last, &same));
    return same ? ALEXNET_OK : add_file(ctx, folder->last, bytes);
}

alexnet_status an_disk_look(const alexnet_model *model, const an_config *config, bool validates,
                            bool resumed, const an_run_folder *folder, an_disk *out)
{
    const uint64_t free = an_disk_free(model->ctx, folder->path);

    *out = plan(model, config, validates, resumed);
    out->free = -1;
    if (free > INT64_MAX / 2) return ALEXNET_OK;
    out->free = (int64_t)free;
    return add_present(model->ctx, folder, &out->free);
}

alexnet_status an_disk_check(alexnet_context *ctx, const an_run_folder *folder, const an_disk *disk)
{
    char needed[AN_REAL_SIZE], there[AN_REAL_SIZE];

    if (disk->free < 0 || disk->free >= disk->peak) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_IO,
                   "run folder '%s': the run needs up to %s of disk space, and %s are free: "
                   "make room, keep fewer checkpoints (checkpoint_keep), or choose another place",
                   folder->path, an_show_bytes(needed, disk->peak),
                   an_show_bytes(there, disk->free));
}
