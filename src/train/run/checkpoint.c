/*
 * checkpoint.c: writing, replacing and removing checkpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoint.h"

#include "base/context.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/weights.h"
#include "train/run/checkpoint_files.h"
#include <string.h>

/* ---- writing one ---- */

/* Describes all slots; returns the number of tensors. */
static size_t list_slots(const alexnet_model *model, const an_optimiser *optimiser,
                         an_tensor_out *tensors, an_slot_name *names)
{
    size_t count = 0;

    for (int slot = 0; slot < AN_SLOTS; ++slot) {
        for (int i = 0; optimiser->slots[slot] != NULL && i < model->params.count; ++i) {
            const an_param *param = &model->params.items[i];
            if (param->frozen) continue;
            names[count] = an_checkpoint_name_slot(slot, param);
            tensors[count].name = names[count].text;
            tensors[count].dtype = AN_F32;
            tensors[count].rank = param->rank;
            tensors[count].data = optimiser->slots[slot] + param->offset;
            memcpy(tensors[count++].shape, param->shape, sizeof param->shape);
        }
    }
    return count;
}

static alexnet_status save_optimiser(const alexnet_model *model, const char *path,
                                     const an_optimiser *optimiser, an_file_sum *sum)
{
    const size_t most = AN_SLOTS * (size_t)model->params.count;
    an_tensor_out *tensors = an_new_array(model->ctx, most, sizeof *tensors);
    an_slot_name *names = an_new_array(model->ctx, most, sizeof *names);
    alexnet_status status;

    if (tensors == NULL || names == NULL)
        status = an_fail(model->ctx, ALEXNET_NO_MEMORY, "%s", path);
    else
        status = an_safetensors_write_sum(model->ctx, path, tensors,
                                          list_slots(model, optimiser, tensors, names), NULL, NULL,
                                          0, sum);
    an_free(model->ctx, tensors);
    an_free(model->ctx, names);
    return status;
}

/* ---- frozen parameters ---- */

static int count_frozen(const alexnet_model *model)
{
    int count = 0;

    for (int i = 0; i < model->params.count; ++i)
        count += model->params.items[i].frozen;
    return count;
}

/* Whether the file holds exactly the model's frozen values, bit for bit, and nothing else. */
static alexnet_status holds_frozen(const alexnet_model *model, const char *path,
                                   const an_tensor_file *file, bool *out)
{
    *out = file->count == (size_t)count_frozen(model);
    for (int i = 0; i < model->params.count && *out; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *view = an_tensor_file_find(file, param->name);
        if (!param->frozen) continue;
        *out = view != NULL && view->dtype == AN_F32 && an_weights_same_shape(param, view);
        if (*out)
            AN_TRY(an_tensor_equals(model->ctx, path, view, model->values + param->offset, out));
    }
    return ALEXNET_OK;
}

/*
 * Writes the frozen values, unless the file has them: the manifest of an older checkpoint has its
 * hash then. A file that is damaged or cannot be read is replaced.
 */
static alexnet_status save_frozen(const alexnet_model *model, const char *path, an_file_sum *sum)
{
    an_tensor_file file;
    alexnet_status status = an_safetensors_open(model->ctx, path, &file);
    bool there = false;

    if (status == ALEXNET_OK) {
        status = holds_frozen(model, path, &file, &there);
        an_tensor_file_close(model->ctx, &file);
    }
    if (status == ALEXNET_NO_MEMORY) return status;
    return status == ALEXNET_OK && there ? an_file_hash(model->ctx, path, &sum->bytes, sum->sha256)
                                         : an_weights_save(model, AN_WEIGHTS_FROZEN, path, sum);
}

/* ---- all files ---- */

static alexnet_status save_values(const alexnet_model *model, const char *path,
                                  const an_optimiser *optimiser, int which, an_file_sum *sum)
{
    if (which == AN_CHECKPOINT_FROZEN) return save_frozen(model, path, sum);
    return which == AN_CHECKPOINT_WEIGHTS ? an_weights_save(model, AN_WEIGHTS_TRAINED, path, sum)
                                          : save_optimiser(model, path, optimiser, sum);
}

/* Writes one of the files into `folder` and notes its size and checksum. */
static alexnet_status save_file(const alexnet_model *model, const char *folder,
                                const an_optimiser *optimiser, int which, an_manifest_file *file)
{
    an_file_sum sum;
    char *path;

    AN_TRY(an_checkpoint_join(model->ctx, folder, an_checkpoint_file_names[which], &path));
    const alexnet_status status = save_values(model, path, optimiser, which, &sum);
    an_free(model->ctx, path);
    AN_TRY(status);
    file->name = an_checkpoint_file_names[which];
    file->bytes = sum.bytes;
    memcpy(file->sha256, sum.sha256, sizeof file->sha256);
    return ALEXNET_OK;
}

/* checkpoints: the folder of all; folder: that of this one. */
static alexnet_status save_all(const alexnet_model *model, const char *checkpoints,
                               const char *folder, const an_optimiser *optimiser,
                               const an_train_state *state, const char *config_sha256)
{
    an_manifest manifest = {.state = *state};
    char *path;
    alexnet_status status;

    an_print(manifest.config_sha256, sizeof manifest.config_sha256, "%s", config_sha256);
    AN_TRY(an_folder_make(model->ctx, folder));
    if (count_frozen(model) > 0)
        AN_TRY(save_file(model, checkpoints, optimiser, AN_CHECKPOINT_FROZEN,
                         &manifest.files[AN_CHECKPOINT_FROZEN]));
    AN_TRY(save_file(model, folder, optimiser, AN_CHECKPOINT_WEIGHTS,
                     &manifest.files[AN_CHECKPOINT_WEIGHTS]));
    AN_TRY(save_file(model, folder, optimiser, AN_CHECKPOINT_OPTIMISER,
                     &manifest.files[AN_CHECKPOINT_OPTIMISER]));
    AN_TRY(an_checkpoint_join(model->ctx, folder, AN_CHECKPOINT_MANIFEST, &path));
    status = an_manifest_write(model->ctx, path, &manifest);
    an_free(model->ctx, path);
    return status;
}

/* Removes a folder that may be absent. */
static alexnet_status remove_folder(alexnet_context *ctx, const char *path)
{
    an_file_info info;

    AN_TRY(an_file_stat(ctx, path, &info));
    return info.kind == AN_FILE_ABSENT ? ALEXNET_OK : an_folder_remove(ctx, path);
}

/* Removes what a failed save left, and keeps the message that says why it failed. */
static void clear_away(alexnet_context *ctx, const char *path)
{
    char message[AN_ERROR_BYTES];

    memcpy(message, ctx->error, sizeof message);
    if (remove_folder(ctx, path) != ALEXNET_OK) /* a resume will remove it */
        an_log(ctx, ALEXNET_LOG_WARNING, "%s is left: %s", path, ctx->error);
    memcpy(ctx->error, message, sizeof message);
}

/* ---- existing checkpoints ---- */

/*
 * Renames the checkpoint of a step, which may be absent, to its .gone.tmp name, so that an
 * interrupted removal leaves no half of a checkpoint.
 */
static alexnet_status set_aside(alexnet_context *ctx, const char *folder, int64_t step)
{
    char *path = NULL, *aside = NULL;
    an_file_info info;
    alexnet_status status = an_checkpoint_step_path(ctx, folder, step, "", &path);

    if (status == ALEXNET_OK)
        status = an_checkpoint_step_path(ctx, folder, step, AN_CHECKPOINT_GONE, &aside);
    if (status == ALEXNET_OK) status = remove_folder(ctx, aside); /* of an earlier process */
    if (status == ALEXNET_OK) status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind != AN_FILE_ABSENT)
        status = an_file_rename(ctx, path, aside);
    an_free(ctx, aside);
    an_free(ctx, path);
    return status;
}

static alexnet_status remove_aside(alexnet_context *ctx, const char *folder, int64_t step)
{
    char *aside;

    AN_TRY(an_checkpoint_step_path(ctx, folder, step, AN_CHECKPOINT_GONE, &aside));
    const alexnet_status status = remove_folder(ctx, aside);
    an_free(ctx, aside);
    return status;
}

static alexnet_status remove_step(alexnet_context *ctx, const char *folder, int64_t step)
{
    AN_TRY(set_aside(ctx, folder, step));
    return remove_aside(ctx, folder, step);
}

/* Removes a checkpoint, the frozen file, or leftovers of them. */
static alexnet_status remove_entry(alexnet_context *ctx, const char *folder, const char *name)
{
    char own[AN_CHECKPOINT_NAME_BYTES];
    char *path;
    alexnet_status status;

    an_print(own, sizeof own, AN_CHECKPOINT_PREFIX "%08lld",
             (long long)an_checkpoint_step_of(name));
    if (strcmp(name, own) == 0) return remove_step(ctx, folder, an_checkpoint_step_of(name));
    AN_TRY(an_checkpoint_join(ctx, folder, name, &path));
    status = strncmp(name, AN_CHECKPOINT_PREFIX, sizeof AN_CHECKPOINT_PREFIX - 1) == 0
                 ? an_folder_remove(ctx, path)
                 : an_file_remove(ctx, path);
    an_free(ctx, path);
    return status;
}

/* Removes the temporary file of an interrupted manifest write from the folder of a checkpoint. A
 * folder that cannot be listed is passed over when it is read. */
static alexnet_status clear_step(alexnet_context *ctx, const char *folder, const char *name)
{
    char *step, *path;
    an_names names;

    AN_TRY(an_checkpoint_join(ctx, folder, name, &step));
    alexnet_status status = an_folder_list(ctx, step, &names);
    if (status != ALEXNET_NO_MEMORY) status = ALEXNET_OK;
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        if (!an_file_is_temporary(names.names[i], AN_CHECKPOINT_MANIFEST)) continue;
        status = an_checkpoint_join(ctx, step, names.names[i], &path);
        if (status == ALEXNET_OK) status = an_file_remove(ctx, path);
        an_free(ctx, path);
    }
    an_names_free(ctx, &names);
    an_free(ctx, step);
    return status;
}

/*
 * Removes leftovers or, with `all`, all our files, the frozen file last because a checkpoint needs
 * it. *others: the number of other files.
 */
static alexnet_status clear(alexnet_context *ctx, const char *folder, bool all, size_t *others)
{
    an_names names;
    alexnet_status status = ALEXNET_OK;

    *others = 0;
    AN_TRY(an_folder_list(ctx, folder, &names));
    for (size_t i = names.count;
         status == ALEXNET_OK && i-- > 0;) { /* "step-..." before "frozen..." */
        const char *name = names.names[i];
        const bool ours =
            an_checkpoint_step_of(name) >= 0 || strcmp(name, AN_CHECKPOINT_FROZEN_NAME) == 0;
        if (an_checkpoint_is_leftover(name) || (all && ours))
            status = remove_entry(ctx, folder, name);
        else
            ++*others;
        if (!all && an_checkpoint_step_of(name) >= 0) status = clear_step(ctx, folder, name);
    }
    an_names_free(ctx, &names);
    return status;
}

alexnet_status an_checkpoint_sweep(alexnet_context *ctx, const char *folder)
{
    an_file_info info;
    size_t others;

    AN_TRY(an_file_stat(ctx, folder, &info));
    return info.kind == AN_FILE_FOLDER ? clear(ctx, folder, false, &others) : ALEXNET_OK;
}

alexnet_status an_checkpoint_count(alexnet_context *ctx, const char *folder, size_t *count)
{
    int64_t *steps;

    AN_TRY(an_checkpoint_list_steps(ctx, folder, &steps, count));
    an_free(ctx, steps);
    return ALEXNET_OK;
}

alexnet_status an_checkpoint_remove_all(alexnet_context *ctx, const char *folder)
{
    an_file_info info;
    size_t others;

    AN_TRY(an_file_stat(ctx, folder, &info));
    if (info.kind != AN_FILE_FOLDER) return ALEXNET_OK;
    AN_TRY(clear(ctx, folder, true, &others));
    /* if the folder stays, our files must not reappear in it after a power failure */
    return others == 0 ? an_folder_remove(ctx, folder) : an_file_sync(ctx, folder);
}

/*
 * Removes all but the newest `keep` up to `step`. Later ones are from before the run was resumed at
 * an earlier step.
 */
static alexnet_status prune(alexnet_context *ctx, const char *folder, int64_t step, int keep)
{
    int64_t *steps;
    size_t count;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_checkpoint_list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; status == ALEXNET_OK && i < count; ++i) {
        if (steps[i] <= step && keep-- > 0) continue;
        status = remove_step(ctx, folder, steps[i]);
    }
    an_free(ctx, steps);
    return status;
}

/* Renames the checkpoint that was set aside back, unless its name is taken; keeps the message that
 * says what failed. */
static void put_back(alexnet_context *ctx, const char *folder, int64_t step, const char *path)
{
    char message[AN_ERROR_BYTES];
    char *aside = NULL;

    memcpy(message, ctx->error, sizeof message);
    if (an_checkpoint_step_path(ctx, folder, step, AN_CHECKPOINT_GONE, &aside) == ALEXNET_OK &&
        an_file_rename(ctx, aside, path) != ALEXNET_OK)
        an_log(ctx, ALEXNET_LOG_WARNING, "%s", ctx->error);
    an_free(ctx, aside);
    memcpy(ctx->error, message, sizeof message);
}

/* If there is a checkpoint of this step already (it did not verify, or was written before a
 * validation), both stay whole until the new one has its name. */
static alexnet_status put_in_place(alexnet_context *ctx, const char *folder, int64_t step,
                                   const char *temporary, const char *path)
{
    an_file_info before;

    AN_TRY(an_file_stat(ctx, path, &before));
    alexnet_status status = set_aside(ctx, folder, step);
    if (status == ALEXNET_OK) status = an_file_rename(ctx, temporary, path);
    if (status == ALEXNET_OK) return remove_aside(ctx, folder, step);
    if (before.kind != AN_FILE_ABSENT) put_back(ctx, folder, step, path);
    return status;
}

alexnet_status an_checkpoint_save(const alexnet_model *model, const char *folder,
                                  const an_optimiser *optimiser, const an_train_state *state,
                                  const char *config_sha256, int keep)
{
    alexnet_context *ctx = model->ctx;
    char *temporary = NULL, *path = NULL;
    alexnet_status status;

    status = an_checkpoint_step_path(ctx, folder, state->step, AN_CHECKPOINT_TEMPORARY, &temporary);
    if (status == ALEXNET_OK) status = an_checkpoint_step_path(ctx, folder, state->step, "", &path);
    if (status == ALEXNET_OK)
        status = remove_folder(ctx, temporary); /* of a process that was killed here */
    if (status == ALEXNET_OK)
        status = save_all(model, folder, temporary, optimiser, state, config_sha256);
    if (status == ALEXNET_OK) status = put_in_place(ctx, folder, state->step, temporary, path);
    if (status != ALEXNET_OK && temporary != NULL) clear_away(ctx, temporary);
    an_free(ctx, temporary);
    an_free(ctx, path);
    return status == ALEXNET_OK ? prune(ctx, folder, state->step, keep) : status;
}

alexnet_status an_checkpoint_note_best(alexnet_context *ctx, const char *folder,
                                       const an_train_state *state)
{
    an_manifest manifest;
    char *step, *path = NULL;

    AN_TRY(an_checkpoint_step_path(ctx, folder, state->step, "", &step));
    alexnet_status status = an_checkpoint_read_manifest(ctx, step, &manifest);
    if (status == ALEXNET_OK) status = an_checkpoint_join(ctx, step, AN_CHECKPOINT_MANIFEST, &path);
    if (status == ALEXNET_OK) {
        memcpy(manifest.state.best_sha256, state->best_sha256, sizeof state->best_sha256);
        status = an_manifest_write(ctx, path, &manifest);
    }
    an_free(ctx, path);
    an_free(ctx, step);
    return status;
}
