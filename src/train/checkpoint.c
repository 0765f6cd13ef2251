/*
 * checkpoint.c: writing, finding and reading checkpoints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/checkpoint.h"

#include "base/context.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/weights.h"
#include <stdlib.h>
#include <string.h>

#define PREFIX     "step-"
#define TEMPORARY  ".tmp"
#define NAME_BYTES 64

enum { WEIGHTS, MOMENTUM };
static const char *const file_names[AN_MANIFEST_FILES] = {"weights.safetensors",
                                                          "momentum.safetensors"};
static const char manifest_name[] = "manifest.json";

static alexnet_status join(alexnet_context *ctx, const char *folder, const char *name, char **out)
{
    *out = an_path_join(ctx, folder, name);
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s/%s", folder, name);
}

static alexnet_status hash_file(alexnet_context *ctx, const char *path, int64_t *bytes,
                                char hex[AN_SHA256_HEX_SIZE])
{
    an_map map;
    an_sha256 hash;
    uint8_t digest[AN_SHA256_BYTES];

    AN_TRY(an_file_map(ctx, path, &map));
    an_sha256_open(&hash);
    an_sha256_add(&hash, map.data, map.size);
    an_sha256_close(&hash, digest);
    an_sha256_hex(digest, hex);
    *bytes = (int64_t)map.size;
    an_file_unmap(&map);
    return ALEXNET_OK;
}

/* ---- writing one ---- */

static alexnet_status save_velocity(const alexnet_model *model, const char *path,
                                    const float *velocity)
{
    const size_t count = (size_t)model->params.count;
    an_tensor_out *tensors = an_new_array(model->ctx, count, sizeof *tensors);

    if (tensors == NULL) return an_fail(model->ctx, ALEXNET_NO_MEMORY, "%s", path);
    for (size_t i = 0; i < count; ++i) {
        const an_param *param = &model->params.items[i];
        tensors[i].name = param->name;
        tensors[i].dtype = AN_F32;
        tensors[i].rank = param->rank;
        tensors[i].data = velocity + param->offset;
        memcpy(tensors[i].shape, param->shape, sizeof param->shape);
    }
    const alexnet_status status =
        an_safetensors_write(model->ctx, path, tensors, count, NULL, NULL, 0);
    an_free(model->ctx, tensors);
    return status;
}

/* Writes one of the two files into `folder` and notes its size and checksum. */
static alexnet_status save_file(const alexnet_model *model, const char *folder,
                                const float *velocity, int which, an_manifest_file *file)
{
    char *path;
    alexnet_status status;

    AN_TRY(join(model->ctx, folder, file_names[which], &path));
    file->name = file_names[which];
    status =
        which == WEIGHTS ? alexnet_model_save(model, path) : save_velocity(model, path, velocity);
    if (status == ALEXNET_OK) status = hash_file(model->ctx, path, &file->bytes, file->sha256);
    an_free(model->ctx, path);
    return status;
}

static alexnet_status save_all(const alexnet_model *model, const char *folder,
                               const float *velocity, const an_train_state *state,
                               const char *config_sha256)
{
    an_manifest manifest = {.state = *state};
    char *path;
    alexnet_status status;

    an_print(manifest.config_sha256, sizeof manifest.config_sha256, "%s", config_sha256);
    AN_TRY(an_folder_make(model->ctx, folder));
    AN_TRY(save_file(model, folder, velocity, WEIGHTS, &manifest.files[WEIGHTS]));
    AN_TRY(save_file(model, folder, velocity, MOMENTUM, &manifest.files[MOMENTUM]));
    AN_TRY(join(model->ctx, folder, manifest_name, &path));
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

/* Clears away what a failed save left, without losing the message that says why it failed. */
static void clear_away(alexnet_context *ctx, const char *path)
{
    char message[AN_ERROR_BYTES];

    memcpy(message, ctx->error, sizeof message);
    if (remove_folder(ctx, path) != ALEXNET_OK) /* the next sitting sweeps */
        an_log(ctx, ALEXNET_LOG_WARNING, "%s stays behind: %s", path, ctx->error);
    memcpy(ctx->error, message, sizeof message);
}

/* ---- the checkpoints that there are ---- */

/* The number of a checkpoint's folder; -1 for any other name. */
static int64_t step_of(const char *name)
{
    const size_t skip = sizeof PREFIX - 1;
    int64_t step;

    if (strncmp(name, PREFIX, skip) != 0 || !an_parse_int(name + skip, strlen(name) - skip, &step))
        return -1;
    return step;
}

static int newest_first(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* The steps of all checkpoints in a folder that may be absent, newest first. Free *steps with
 * an_free(). */
static alexnet_status list_steps(alexnet_context *ctx, const char *folder, int64_t **steps,
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
        if (step_of(names.names[i]) >= 0) (*steps)[(*count)++] = step_of(names.names[i]);
    an_names_free(ctx, &names);
    if (*steps == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", folder);
    qsort(*steps, *count, sizeof **steps, newest_first);
    return ALEXNET_OK;
}

static alexnet_status step_path(alexnet_context *ctx, const char *folder, int64_t step,
                                const char *suffix, char **out)
{
    char name[NAME_BYTES];

    an_print(name, sizeof name, PREFIX "%08lld%s", (long long)step, suffix);
    return join(ctx, folder, name, out);
}

alexnet_status an_checkpoint_sweep(alexnet_context *ctx, const char *folder)
{
    const size_t head = sizeof PREFIX - 1, tail = sizeof TEMPORARY - 1;
    an_file_info info;
    an_names names;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(an_file_stat(ctx, folder, &info));
    if (info.kind == AN_FILE_ABSENT) return ALEXNET_OK;
    AN_TRY(an_folder_list(ctx, folder, &names));
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        const char *name = names.names[i];
        const size_t length = strlen(name);
        char *path;
        if (length < head + tail || strncmp(name, PREFIX, head) != 0 ||
            strcmp(name + length - tail, TEMPORARY) != 0)
            continue;
        status = join(ctx, folder, name, &path);
        if (status == ALEXNET_OK) status = an_folder_remove(ctx, path);
        an_free(ctx, path);
    }
    an_names_free(ctx, &names);
    return status;
}

/* Removes all but the newest `keep` up to `step`. Later ones are of a future that a resumed run has
 * left. */
static alexnet_status prune(alexnet_context *ctx, const char *folder, int64_t step, int keep)
{
    int64_t *steps;
    size_t count;
    alexnet_status status = ALEXNET_OK;

    AN_TRY(list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; status == ALEXNET_OK && i < count; ++i) {
        char *path;
        if (steps[i] <= step && keep-- > 0) continue;
        status = step_path(ctx, folder, steps[i], "", &path);
        if (status == ALEXNET_OK) status = an_folder_remove(ctx, path);
        an_free(ctx, path);
    }
    an_free(ctx, steps);
    return status;
}

alexnet_status an_checkpoint_save(const alexnet_model *model, const char *folder,
                                  const float *velocity, const an_train_state *state,
                                  const char *config_sha256, int keep)
{
    alexnet_context *ctx = model->ctx;
    char *temporary = NULL, *path = NULL;
    alexnet_status status;

    status = step_path(ctx, folder, state->step, TEMPORARY, &temporary);
    if (status == ALEXNET_OK) status = step_path(ctx, folder, state->step, "", &path);
    if (status == ALEXNET_OK)
        status = remove_folder(ctx, temporary); /* of a run that was killed here */
    if (status == ALEXNET_OK) status = save_all(model, temporary, velocity, state, config_sha256);
    if (status == ALEXNET_OK)
        status = remove_folder(ctx, path); /* one of the same step that did not verify */
    if (status == ALEXNET_OK) status = an_file_rename(ctx, temporary, path);
    if (status != ALEXNET_OK && temporary != NULL) clear_away(ctx, temporary);
    an_free(ctx, temporary);
    an_free(ctx, path);
    return status == ALEXNET_OK ? prune(ctx, folder, state->step, keep) : status;
}

/* ---- reading ---- */

static alexnet_status verify_file(alexnet_context *ctx, const char *folder,
                                  const an_manifest_file *file)
{
    char found[AN_SHA256_HEX_SIZE];
    int64_t bytes;
    char *path;
    alexnet_status status;

    AN_TRY(join(ctx, folder, file->name, &path));
    status = hash_file(ctx, path, &bytes, found);
    if (status == ALEXNET_OK && bytes != file->bytes)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: %lld bytes, the manifest says %lld", path,
                         (long long)bytes, (long long)file->bytes);
    if (status == ALEXNET_OK && strcmp(found, file->sha256) != 0)
        status = an_fail(ctx, ALEXNET_BAD_FILE, "%s: SHA-256 is %s, the manifest says %s", path,
                         found, file->sha256);
    an_free(ctx, path);
    return status;
}

/* Everything there, undamaged, and of this run. */
static alexnet_status verify(alexnet_context *ctx, const char *folder, int64_t step,
                             const char *config_sha256, an_train_state *state)
{
    an_manifest manifest = {
        .files = {{.name = file_names[WEIGHTS]}, {.name = file_names[MOMENTUM]}}};
    char *path;
    alexnet_status status;

    AN_TRY(join(ctx, folder, manifest_name, &path));
    status = an_manifest_read(ctx, path, &manifest);
    an_free(ctx, path);
    AN_TRY(status);
    if (manifest.state.step != step)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it is of step %lld", folder,
                       (long long)manifest.state.step);
    if (strcmp(manifest.config_sha256, config_sha256) != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: it belongs to another config.json", folder);
    for (int i = 0; i < AN_MANIFEST_FILES; ++i)
        AN_TRY(verify_file(ctx, folder, &manifest.files[i]));
    *state = manifest.state;
    return ALEXNET_OK;
}

/* *path = NULL, and a line in the log, when this one does not verify. */
static alexnet_status try_step(alexnet_context *ctx, const char *folder, int64_t step,
                               const char *config_sha256, char **path, an_train_state *state)
{
    AN_TRY(step_path(ctx, folder, step, "", path));
    const alexnet_status status = verify(ctx, *path, step, config_sha256, state);
    if (status == ALEXNET_OK) return ALEXNET_OK;
    an_log(ctx, ALEXNET_LOG_WARNING, "checkpoint passed over: %s", ctx->error);
    an_free(ctx, *path);
    *path = NULL;
    return status == ALEXNET_NO_MEMORY ? status : ALEXNET_OK;
}

alexnet_status an_checkpoint_find(alexnet_context *ctx, const char *folder,
                                  const char *config_sha256, char **path, an_train_state *state)
{
    int64_t *steps;
    size_t count;
    alexnet_status status = ALEXNET_OK;

    *path = NULL;
    AN_TRY(list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; i < count && *path == NULL && status == ALEXNET_OK; ++i)
        status = try_step(ctx, folder, steps[i], config_sha256, path, state);
    an_free(ctx, steps);
    if (status == ALEXNET_OK && *path == NULL && count > 0)
        return an_fail_within(ctx, ALEXNET_BAD_FILE,
                              "%s: none of %zu checkpoints verifies, the oldest", folder, count);
    return status;
}

alexnet_status an_checkpoint_load_model(alexnet_context *ctx, const char *path,
                                        alexnet_model **model)
{
    char *weights;

    *model = NULL;
    AN_TRY(join(ctx, path, file_names[WEIGHTS], &weights));
    const alexnet_status status = alexnet_model_load(ctx, weights, model);
    an_free(ctx, weights);
    return status;
}

static alexnet_status read_velocity(const alexnet_model *model, const char *path,
                                    const an_tensor_file *file, float *velocity)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        const an_tensor_view *view = an_tensor_file_find(file, param->name);
        if (view == NULL || view->count != param->count)
            return an_fail(model->ctx, ALEXNET_BAD_FILE, "%s: %s: expected %lld values, found %lld",
                           path, param->name, (long long)param->count,
                           (long long)(view != NULL ? view->count : 0));
        AN_TRY(an_tensor_to_float(model->ctx, path, view, velocity + param->offset));
    }
    return ALEXNET_OK;
}

alexnet_status an_checkpoint_load_velocity(const alexnet_model *model, const char *path,
                                           float *velocity)
{
    an_tensor_file file;
    char *momentum;
    alexnet_status status;

    AN_TRY(join(model->ctx, path, file_names[MOMENTUM], &momentum));
    status = an_safetensors_open(model->ctx, momentum, &file);
    if (status == ALEXNET_OK) {
        status = read_velocity(model, momentum, &file, velocity);
        an_tensor_file_close(model->ctx, &file);
    }
    an_free(model->ctx, momentum);
    return status;
}
