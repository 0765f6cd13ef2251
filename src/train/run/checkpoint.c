/*
 * checkpoint.c: writing, finding and reading checkpoints.
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
#include <stdlib.h>
#include <string.h>

#define PREFIX     "step-"
#define TEMPORARY  ".tmp"      /* being written: whole once its manifest exists and verifies */
#define GONE       ".gone.tmp" /* being removed */
#define NAME_BYTES 64

enum { WEIGHTS, OPTIMISER, FROZEN };
static const char *const file_names[AN_MANIFEST_FILES] = {
    "weights.safetensors", "optimiser.safetensors", AN_CHECKPOINT_FROZEN};
static const char manifest_name[] = "manifest.json";

static alexnet_status join(alexnet_context *ctx, const char *folder, const char *name, char **out)
{
    *out = an_path_join(ctx, folder, name);
    return *out != NULL ? ALEXNET_OK : an_fail(ctx, ALEXNET_NO_MEMORY, "%s/%s", folder, name);
}

/* ---- writing one ---- */

/* "momentum/conv1.weight" */
typedef struct slot_name {
    char text[AN_PARAM_NAME_BYTES + 16];
} slot_name;

static slot_name name_slot(int slot, const an_param *param)
{
    slot_name name;

    an_print(name.text, sizeof name.text, "%s/%s", an_slot_names[slot], param->name);
    return name;
}

/* Describes all slots; returns the number of tensors. */
static size_t list_slots(const alexnet_model *model, const an_optimiser *optimiser,
                         an_tensor_out *tensors, slot_name *names)
{
    size_t count = 0;

    for (int slot = 0; slot < AN_SLOTS; ++slot) {
        for (int i = 0; optimiser->slots[slot] != NULL && i < model->params.count; ++i) {
            const an_param *param = &model->params.items[i];
            if (param->frozen) continue;
            names[count] = name_slot(slot, param);
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
    slot_name *names = an_new_array(model->ctx, most, sizeof *names);
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
    if (which == FROZEN) return save_frozen(model, path, sum);
    return which == WEIGHTS ? an_weights_save(model, AN_WEIGHTS_TRAINED, path, sum)
                            : save_optimiser(model, path, optimiser, sum);
}

/* Writes one of the files into `folder` and notes its size and checksum. */
static alexnet_status save_file(const alexnet_model *model, const char *folder,
                                const an_optimiser *optimiser, int which, an_manifest_file *file)
{
    an_file_sum sum;
    char *path;

    AN_TRY(join(model->ctx, folder, file_names[which], &path));
    const alexnet_status status = save_values(model, path, optimiser, which, &sum);
    an_free(model->ctx, path);
    AN_TRY(status);
    file->name = file_names[which];
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
        AN_TRY(save_file(model, checkpoints, optimiser, FROZEN, &manifest.files[FROZEN]));
    AN_TRY(save_file(model, folder, optimiser, WEIGHTS, &manifest.files[WEIGHTS]));
    AN_TRY(save_file(model, folder, optimiser, OPTIMISER, &manifest.files[OPTIMISER]));
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

/* The step of a checkpoint's folder; -1 for any other name. */
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

/* The leftovers of an interrupted save. */
static bool is_leftover(const char *name)
{
    const size_t length = strlen(name), head = sizeof PREFIX - 1, tail = sizeof TEMPORARY - 1;

    if (an_file_is_temporary(name, AN_CHECKPOINT_FROZEN)) return true;
    return length >= head + tail && strncmp(name, PREFIX, head) == 0 &&
           strcmp(name + length - tail, TEMPORARY) == 0;
}

/*
 * Renames the checkpoint of a step, which may be absent, to its .gone.tmp name, so that an
 * interrupted removal leaves no half of a checkpoint.
 */
static alexnet_status set_aside(alexnet_context *ctx, const char *folder, int64_t step)
{
    char *path = NULL, *aside = NULL;
    an_file_info info;
    alexnet_status status = step_path(ctx, folder, step, "", &path);

    if (status == ALEXNET_OK) status = step_path(ctx, folder, step, GONE, &aside);
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

    AN_TRY(step_path(ctx, folder, step, GONE, &aside));
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
    char own[NAME_BYTES];
    char *path;
    alexnet_status status;

    an_print(own, sizeof own, PREFIX "%08lld", (long long)step_of(name));
    if (strcmp(name, own) == 0) return remove_step(ctx, folder, step_of(name));
    AN_TRY(join(ctx, folder, name, &path));
    status = strncmp(name, PREFIX, sizeof PREFIX - 1) == 0 ? an_folder_remove(ctx, path)
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

    AN_TRY(join(ctx, folder, name, &step));
    alexnet_status status = an_folder_list(ctx, step, &names);
    if (status != ALEXNET_NO_MEMORY) status = ALEXNET_OK;
    for (size_t i = 0; status == ALEXNET_OK && i < names.count; ++i) {
        if (!an_file_is_temporary(names.names[i], manifest_name)) continue;
        status = join(ctx, step, names.names[i], &path);
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
        const bool ours = step_of(name) >= 0 || strcmp(name, AN_CHECKPOINT_FROZEN) == 0;
        if (is_leftover(name) || (all && ours))
            status = remove_entry(ctx, folder, name);
        else
            ++*others;
        if (!all && step_of(name) >= 0) status = clear_step(ctx, folder, name);
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

    AN_TRY(list_steps(ctx, folder, &steps, count));
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

    AN_TRY(list_steps(ctx, folder, &steps, &count));
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
    if (step_path(ctx, folder, step, GONE, &aside) == ALEXNET_OK &&
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

    status = step_path(ctx, folder, state->step, TEMPORARY, &temporary);
    if (status == ALEXNET_OK) status = step_path(ctx, folder, state->step, "", &path);
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

/* ---- reading ---- */

static alexnet_status verify_file(alexnet_context *ctx, const char *folder,
                                  const an_manifest_file *file)
{
    char found[AN_SHA256_HEX_SIZE];
    int64_t bytes;
    char *path;
    alexnet_status status;

    AN_TRY(join(ctx, folder, file->name, &path));
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

/* The manifest of the checkpoint in `folder`. */
static alexnet_status read_manifest(alexnet_context *ctx, const char *folder, an_manifest *manifest)
{
    char *path;

    *manifest = (an_manifest){.files = {{.name = file_names[WEIGHTS]},
                                        {.name = file_names[OPTIMISER]},
                                        {.name = file_names[FROZEN], .optional = true}}};
    AN_TRY(join(ctx, folder, manifest_name, &path));
    const alexnet_status status = an_manifest_read(ctx, path, manifest);
    an_free(ctx, path);
    return status;
}

alexnet_status an_checkpoint_note_best(alexnet_context *ctx, const char *folder,
                                       const an_train_state *state)
{
    an_manifest manifest;
    char *step, *path = NULL;

    AN_TRY(step_path(ctx, folder, state->step, "", &step));
    alexnet_status status = read_manifest(ctx, step, &manifest);
    if (status == ALEXNET_OK) status = join(ctx, step, manifest_name, &path);
    if (status == ALEXNET_OK) {
        memcpy(manifest.state.best_sha256, state->best_sha256, sizeof state->best_sha256);
        status = an_manifest_write(ctx, path, &manifest);
    }
    an_free(ctx, path);
    an_free(ctx, step);
    return status;
}

/* The manifest of the checkpoint in `folder`, undamaged and of this run. */
static alexnet_status verify_manifest(alexnet_context *ctx, const char *folder, int64_t step,
                                      const char *config_sha256, an_manifest *manifest)
{
    AN_TRY(read_manifest(ctx, folder, manifest));
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
            AN_TRY(verify_file(ctx, i == FROZEN ? checkpoints : folder, &manifest.files[i]));
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
    AN_TRY(join(ctx, folder, name, &path));
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

    AN_TRY(step_path(ctx, checkpoints, step, "", &folder));
    const alexnet_status whole = verify_manifest(ctx, folder, step, config_sha256, &manifest);
    alexnet_status status = tell_file(ctx, folder, manifest_name, whole,
                                      whole == ALEXNET_OK ? &manifest.state : NULL, told, user);
    for (int i = 0; whole == ALEXNET_OK && status == ALEXNET_OK && i < AN_MANIFEST_FILES; ++i) {
        const an_manifest_file *file = &manifest.files[i];
        const char *home = i == FROZEN ? checkpoints : folder;
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

    AN_TRY(list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; i < count && status == ALEXNET_OK; ++i)
        status = verify_step(ctx, folder, steps[i], config_sha256, told, user);
    an_free(ctx, steps);
    return status;
}

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
    AN_TRY(read_manifest(ctx, path, &manifest));
    AN_TRY(join(ctx, path, file_names[WEIGHTS], &weights));
    if (manifest.files[FROZEN].bytes < 0) {
        status = alexnet_model_load(ctx, weights, model);
    } else {
        status = join(ctx, path, "../" AN_CHECKPOINT_FROZEN, &frozen);
        if (status == ALEXNET_OK) status = load_joined(ctx, weights, frozen, model);
    }
    an_free(ctx, frozen);
    an_free(ctx, weights);
    return status;
}

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

    AN_TRY(step_path(ctx, folder, step, "", path));
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

/* The step of "step-00000120.tmp"; -1 for any other name. */
static int64_t unnamed_step_of(const char *name)
{
    const size_t length = strlen(name), head = sizeof PREFIX - 1, tail = sizeof TEMPORARY - 1;
    int64_t step;

    if (length <= head + tail || !is_leftover(name) ||
        !an_parse_int(name + head, length - head - tail, &step))
        return -1;
    return step;
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
    alexnet_status status = step_path(ctx, folder, step, TEMPORARY, &temporary);

    if (status == ALEXNET_OK) status = step_path(ctx, folder, step, "", &path);
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
        const int64_t step = unnamed_step_of(names.names[i]);
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
    AN_TRY(list_steps(ctx, folder, &steps, &count));
    for (size_t i = 0; i < count && *path == NULL && status == ALEXNET_OK; ++i)
        status = try_step(ctx, folder, steps[i], config_sha256, path, state, model);
    an_free(ctx, steps);
    if (status == ALEXNET_OK && *path == NULL && count > 0)
        return an_fail_within(ctx, ALEXNET_BAD_FILE,
                              "%s: none of %zu checkpoints verifies, the oldest", folder, count);
    return status;
}

static alexnet_status read_slot(const alexnet_model *model, const char *path,
                                const an_tensor_file *file, int slot, float *values)
{
    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (param->frozen) continue; /* keeps its initial slots */
        const slot_name name = name_slot(slot, param);
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

    AN_TRY(join(model->ctx, path, file_names[OPTIMISER], &slots));
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
