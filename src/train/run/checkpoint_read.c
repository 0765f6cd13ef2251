/*
 * checkpoint_read.c: verifying, finding and loading checkpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/checkpoint_read.h"

#include "base/context.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/weights.h"
#include "train/run/checkpoint_files.h"
#include <string.h>

/* ---- verifying ---- */

static alexnet_status verify_file(alexnet_context *ctx, const char *folder,
                                  const an_manifest_file *file)
{
    char found[AN_SHA256_HEX_SIZE];
    int64_t bytes;
    char *path;
    alexnet_status status;

    AN_TRY(an_checkpoint_join(ctx, folder, file->name, &path));
    status = an_file_hash(ctx, path, &bytes, found);
    if (status == ALEXNET_OK && bytes != file->bytes)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: %lld %s, the manifest says %lld", path,
                         (long long)bytes, AN_NOUN(bytes, "byte", "bytes"), (long long)file->bytes);
    if (status == ALEXNET_OK && strcmp(found, file->sha256) != 0)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: SHA-256 is %s, the manifest says %s", path,
                         found, file->sha256);
    an_free(ctx, path);
    return status;
}

/* The manifest of the checkpoint in `folder`, undamaged and of this run. */
static alexnet_status verify_manifest(alexnet_context *ctx, const char *folder, int64_t step,
                                      const char *config_sha256, an_manifest *manifest)
{
    AN_TRY(an_checkpoint_read_manifest(ctx, folder, manifest));
    if (manifest->state.step != step)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it is of step %lld", folder,
                       (long long)manifest->state.step);
    if (strcmp(manifest->config_sha256, config_sha256) != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it belongs to another config.json", folder);
    return ALEXNET_OK;
}

/* Verifies that all files exist, are undamaged and of this run. checkpoints: the folder of all;
 * folder: that of this one. */
static alexnet_status verify(alexnet_context *ctx, const char *checkpoints, const char *folder,
                             int64_t step, const char *config_sha256, an_train_state *state)
{
    an_manifest manifest;

    AN_TRY(verify_manifest(ctx, folder, step, config_sha256, &manifest));
    for (int i = 0; i < AN_MANIFEST_FILES; ++i)
        if (manifest.files[i].bytes >= 0)
            AN_TRY(verify_file(ctx, i == AN_CHECKPOINT_FROZEN ? checkpoints : folder,
                               &manifest.files[i]));
    *state = manifest.state;
    return ALEXNET_OK;
}

/* Reports the result for `name` in `folder`, unless memory ran out. */
static alexnet_status tell_file(alexnet_context *ctx, const char *folder, const char *name,
                                alexnet_status fits, const an_train_state *state,
                                an_checkpoint_told told, void *user)
{
    char cause[AN_ERROR_BYTES];
    char *path;

    if (fits == ALEXNET_NO_MEMORY) return fits;
    memcpy(cause, ctx->error, sizeof cause);
    AN_TRY(an_checkpoint_join(ctx, folder, name, &path));
    memcpy(ctx->error, cause, sizeof cause);
    told(user, path, fits, state);
    an_free(ctx, path);
    return ALEXNET_OK;
}

/* The same, and reports every file. */
static alexnet_status verify_step(alexnet_context *ctx, const char *checkpoints, int64_t step,
                                  const char *config_sha256, an_checkpoint_told told, void *user)
{
    an_manifest manifest;
    char *folder;

    AN_TRY(an_checkpoint_step_path(ctx, checkpoints, step, "", &folder));
    const alexnet_status whole = verify_manifest(ctx, folder, step, config_sha256, &manifest);
    alexnet_status status = tell_file(ctx, folder, AN_CHECKPOINT_MANIFEST, whole,
                                      whole == ALEXNET_OK ? &manifest.state : NULL, told, user);
    for (int i = 0; whole == ALEXNET_OK && status == ALEXNET_OK && i < AN_MANIFEST_FILES; ++i) {
        const an_manifest_file *file = &manifest.files[i];
        const char *home = i == AN_CHECKPOINT_FROZEN ? checkpoints : folder;
        if (file->bytes >= 0)
            status =
                tell_file(ctx, home, file->name, verify_file(ctx, home, file), NULL, told, user);
    }
    an_free(ctx, folder);
    return status;
}

alexnet_status an_checkpoint_verify_all(alexnet_context *ctx, const char *folder,
                                        const char *config_sha256, an_checkpoint_told told,
                                        void *user)
{
    int64_t *steps;
    size_t count;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_checkpoint_list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; i < count && status == ALEXNET_OK; ++i)
        status = verify_step(ctx, folder, steps[i], config_sha256, told, user);
    an_free(ctx, steps);
    return status;
}

/* ---- the model ---- */

/* Joins the tensors of two files; the metadata are those of the first. */
static alexnet_status load_both(alexnet_context *ctx, const char *path, const an_tensor_file *a,
                                const an_tensor_file *b, alexnet_model **model)
{
    an_tensor_file both = *a;

    both.open = false; /* the two files are closed separately */
    both.count = a->count + b->count;
    both.tensors = an_new_array(ctx, both.count, sizeof *both.tensors);
    if (both.tensors == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", path);
    if (a->count > 0) memcpy(both.tensors, a->tensors, a->count * sizeof *both.tensors);
    if (b->count > 0) memcpy(both.tensors + a->count, b->tensors, b->count * sizeof *both.tensors);
    const alexnet_status status = an_weights_read(ctx, path, &both, model);
    an_free(ctx, both.tensors);
    return status;
}

static alexnet_status load_joined(alexnet_context *ctx, const char *weights, const char *frozen,
                                  alexnet_model **model)
{
    an_tensor_file a, b;

    AN_TRY(an_safetensors_open(ctx, weights, &a));
    alexnet_status status = an_safetensors_open(ctx, frozen, &b);
    if (status == ALEXNET_OK) {
        status = load_both(ctx, weights, &a, &b, model);
        an_tensor_file_close(ctx, &b);
    }
    an_tensor_file_close(ctx, &a);
    return status;
}

alexnet_status an_checkpoint_load_model(alexnet_context *ctx, const char *path,
                                        alexnet_model **model)
{
    an_manifest manifest;
    char *weights, *frozen = NULL;
    alexnet_status status;

    *model = NULL;
    AN_TRY(an_checkpoint_read_manifest(ctx, path, &manifest));
    AN_TRY(
        an_checkpoint_join(ctx, path, an_checkpoint_file_names[AN_CHECKPOINT_WEIGHTS], &weights));
    if (manifest.files[AN_CHECKPOINT_FROZEN].bytes < 0) {
        status = alexnet_model_load(ctx, weights, model);
    } else {
        status = an_checkpoint_join(ctx, path, "../" AN_CHECKPOINT_FROZEN_NAME, &frozen);
        if (status == ALEXNET_OK) status = load_joined(ctx, weights, frozen, model);
    }
    an_free(ctx, frozen);
    an_free(ctx, weights);
    return status;
}

/* ---- the newest ---- */

/*
 * A disk may fail between hashing and reading: a checkpoint that cannot be loaded does not verify.
 */
static alexnet_status verify_and_load(alexnet_context *ctx, const char *folder, const char *path,
                                      int64_t step, const char *config_sha256,
                                      an_train_state *state, alexnet_model **model)
{
    AN_TRY(verify(ctx, folder, path, step, config_sha256, state));
    return model == NULL ? ALEXNET_OK : an_checkpoint_load_model(ctx, path, model);
}

/* *path = NULL, and a line in the log, if this one does not verify. */
static alexnet_status try_step(alexnet_context *ctx, const char *folder, int64_t step,
                               const char *config_sha256, char **path, an_train_state *state,
                               alexnet_model **model)
{
    an_train_state found = an_train_state_start();

    AN_TRY(an_checkpoint_step_path(ctx, folder, step, "", path));
    const alexnet_status status =
        verify_and_load(ctx, folder, *path, step, config_sha256, &found, model);
    if (status == ALEXNET_OK) {
        *state = found;
        return ALEXNET_OK;
    }
    an_log(ctx, ALEXNET_LOG_WARNING, "checkpoint passed over: %s", ctx->error);
    an_free(ctx, *path);
    *path = NULL;
    return status == ALEXNET_NO_MEMORY ? status : ALEXNET_OK;
}

/*
 * A process that was killed between the renames of two checkpoints of one step left the new one
 * under its temporary name.
 */
static alexnet_status name_whole(alexnet_context *ctx, const char *folder, int64_t step,
                                 const char *config_sha256)
{
    char *temporary = NULL, *path = NULL;
    an_train_state state;
    an_file_info info;
    alexnet_status status =
        an_checkpoint_step_path(ctx, folder, step, AN_CHECKPOINT_TEMPORARY, &temporary);

    if (status == ALEXNET_OK) status = an_checkpoint_step_path(ctx, folder, step, "", &path);
    if (status == ALEXNET_OK) status = an_file_stat(ctx, path, &info);
    if (status == ALEXNET_OK && info.kind == AN_FILE_ABSENT) {
        status = verify(ctx, folder, temporary, step, config_sha256, &state);
        if (status == ALEXNET_OK)
            status = an_file_rename(ctx, temporary, path);
        else if (status != ALEXNET_NO_MEMORY)
            status = ALEXNET_OK; /* treated as an interrupted save */
    }
    an_free(ctx, path);
    an_free(ctx, temporary);
    return status;
}

static alexnet_status name_all_whole(alexnet_context *ctx, const char *folder,
                                     const char *config_sha256)
{
    an_file_info info;
    an_names names;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_file_stat(ctx, folder, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    AN_TRY(an_folder_list(ctx, folder, &names));
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        const int64_t step = an_checkpoint_unnamed_step_of(names.names[i]);
        if (step >= 0) status = name_whole(ctx, folder, step, config_sha256);
    }
    an_names_free(ctx, &names);
    return status;
}

alexnet_status an_checkpoint_find(alexnet_context *ctx, const char *folder,
                                  const char *config_sha256, char **path, an_train_state *state,
                                  alexnet_model **model)
{
    int64_t *steps;
    size_t count;
    alexnet_status status = ALEXNET_OK;

    *path = NULL;
    if (model != NULL) *model = NULL;
    AN_TRY(name_all_whole(ctx, folder, config_sha256));
    AN_TRY(an_checkpoint_list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; i < count && *path == NULL && status == ALEXNET_OK; ++i)
        status = try_step(ctx, folder, steps[i], config_sha256, path, state, model);
    an_free(ctx, steps);
    if (status == ALEXNET_OK && *path == NULL && count > 0)
        return an_fail_within(ctx, ALEXNET_BAD_FILE,
                              "%s: none of %zu checkpoints verifies, the oldest", folder, count);
    return status;
}

/* ---- the optimiser ---- */

static alexnet_status read_slot(const alexnet_model *model, const char *path,
                                const an_tensor_file *file, int slot, float *values)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (param->frozen) continue; /* keeps its initial slots */
        const an_slot_name name = an_checkpoint_name_slot(slot, param);
        const an_tensor_view *view = an_tensor_file_find(file, name.text);
        if (view == NULL || view->count != param->count)
            return an_fail(model->ctx, ALEXNET_BAD_FILE, "%s: %s: expected %lld %s, found %lld",
                           path, name.text, (long long)param->count,
                           AN_NOUN(param->count, "value", "values"),
                           (long long)(view != NULL ? view->count : 0));
        AN_TRY(an_tensor_to_float(model->ctx, path, view, values + param->offset));
    }
    return ALEXNET_OK;
}

alexnet_status an_checkpoint_load_optimiser(const alexnet_model *model, const char *path,
                                            an_optimiser *optimiser)
{
    an_tensor_file file;
    char *slots;
    alexnet_status status;

    AN_TRY(an_checkpoint_join(model->ctx, path, an_checkpoint_file_names[AN_CHECKPOINT_OPTIMISER],
                              &slots));
    status = an_safetensors_open(model->ctx, slots, &file);
    if (status == ALEXNET_OK) {
        for (int slot = 0; slot < AN_SLOTS && status == ALEXNET_OK; ++slot)
            if (optimiser->slots[slot] != NULL)
                status = read_slot(model, slots, &file, slot, optimiser->slots[slot]);
        an_tensor_file_close(model->ctx, &file);
    }
    an_free(model->ctx, slots);
    return status;
}
