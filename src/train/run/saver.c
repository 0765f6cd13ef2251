/*
 * saver.c: writes checkpoints, the best weights and the last ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/run/saver.h"

#include "base/context.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/metadata.h"
#include "formats/weights.h"
#include "train/limits.h"
#include "train/run/checkpoint.h"
#include <string.h>

#define SMALL_CHECKPOINT ((int64_t)16 << 20) /* bytes; the time to write it is negligible */
#define BYTES_PER_IMAGE  ((int64_t)128 << 10)
#define EPOCHS_MAX       1000

/* ---- when ---- */

int an_saver_epochs(int64_t checkpoint_bytes, int64_t epoch_images)
{
    if (checkpoint_bytes < SMALL_CHECKPOINT || epoch_images < 1) return 1;
    const int64_t images = checkpoint_bytes / BYTES_PER_IMAGE;

    return (int)AN_MIN((images + epoch_images - 1) / epoch_images, EPOCHS_MAX);
}

/* Depends only on the step, so that equal runs write equal checkpoints. */
static bool falls_on_checkpoint(const an_saver *saver)
{
    return saver->state->step % (saver->epoch_steps * saver->epochs_per_checkpoint) == 0;
}

bool an_saver_due(const an_saver *saver, bool asked)
{
    const an_config *config = saver->config;
    const int64_t step = saver->state->step;

    if (saver->saved_step == step || step == 0) return false;
    return asked || saver->best == AN_BEST_DUE || falls_on_checkpoint(saver) ||
           (config->checkpoint_steps > 0 && step % config->checkpoint_steps == 0) ||
           (config->checkpoint_seconds > 0 &&
            an_context_seconds(saver->ctx) - saver->saved_at >= config->checkpoint_seconds);
}

/* ---- the best weights of an epoch without a checkpoint ---- */

static bool keep(an_saver *saver)
{
    const size_t bytes = saver->model->params.values * sizeof *saver->kept;

    if (saver->kept == NULL) {
        if (an_arena_open(saver->ctx, "the best weights", bytes, &saver->memory) != ALEXNET_OK)
            return false;
        saver->kept = an_arena_alloc(&saver->memory, bytes);
    }
    memcpy(saver->kept, saver->model->values, bytes);
    saver->kept_state = *saver->state;
    return true;
}

void an_saver_validated(an_saver *saver, bool best)
{
    saver->saved_step = -1; /* a checkpoint of this step has no record of them */
    if (!best) return;
    saver->state->best_sha256[0] = '\0'; /* not written yet */
    const bool saved_now =
        falls_on_checkpoint(saver) || an_limit_reached(saver->config, saver->state);
    saver->best = !saved_now && keep(saver) ? AN_BEST_KEPT : AN_BEST_DUE;
}

/* ---- writing ---- */

/* The model's record of its training. It has no times and no path of the data, so that equal runs
 * write equal files. */
static alexnet_status note_training(const an_saver *saver, const an_train_state *state)
{
    const an_config *config = saver->config;
    an_json_maker m = {0};
    json_t *object = an_json_pack(&m, "{s:s, s:s, s:I, s:f, s:s}", "version", alexnet_version(),
                                  "recipe", config->recipe_name, "steps", (json_int_t)state->step,
                                  "epochs", (double)state->step / (double)saver->epoch_steps,
                                  "data", an_path_base(config->data));
    alexnet_status status = ALEXNET_OK;

    if (config->train_sha256 != NULL)
        an_json_set(&m, object, "train_sha256", an_json_string(&m, config->train_sha256));
    if (state->validated >= 0) {
        an_json_set(&m, object, "val_top1", an_json_real(&m, state->val_top1));
        an_json_set(&m, object, "val_top5", an_json_real(&m, state->val_top5));
    }
    char *text = m.status == ALEXNET_OK ? an_json_text(saver->ctx, object) : NULL;
    if (m.status == ALEXNET_BAD_ARG)
        status = an_json_made(saver->ctx, &m, "the model's record of its training");
    else if (text == NULL)
        status = an_fail(saver->ctx, ALEXNET_NO_MEMORY, "the model's record of its training");
    else
        status = an_model_set_metadata(saver->model, AN_KEY_TRAINED, text);
    an_free(saver->ctx, text);
    json_decref(object);
    return status;
}

static alexnet_status save_weights(const an_saver *saver, const an_train_state *state,
                                   const char *path, an_file_sum *sum)
{
    AN_TRY(note_training(saver, state));
    return an_weights_save(saver->model, AN_WEIGHTS_ALL, path, sum);
}

alexnet_status an_saver_last(an_saver *saver)
{
    if (saver->best_here == saver->state->step &&
        an_file_link(saver->ctx, saver->folder->best, saver->folder->last) == ALEXNET_OK)
        return ALEXNET_OK;
    return save_weights(saver, saver->state, saver->folder->last,
                        NULL); /* or the file system has no hard links */
}

/* The weights as validated: averaged, if the recipe has an average. */
static alexnet_status save_kept(an_saver *saver, an_file_sum *sum)
{
    an_model_swap_values(saver->model, saver->kept);
    const alexnet_status status = save_weights(saver, &saver->kept_state, saver->folder->best, sum);
    an_model_swap_values(saver->model, saver->kept);
    return status;
}

static alexnet_status save_averaged(an_saver *saver, an_file_sum *sum)
{
    an_optimiser_swap_average(saver->optimiser, saver->model);
    const alexnet_status status = save_weights(saver, saver->state, saver->folder->best, sum);
    an_optimiser_swap_average(saver->optimiser, saver->model);
    return status;
}

/* Stores the hash for later manifests: a resumed run compares the file with it. */
static alexnet_status write_best(an_saver *saver)
{
    const bool kept = saver->best == AN_BEST_KEPT;
    an_file_sum sum;

    AN_TRY(kept ? save_kept(saver, &sum) : save_averaged(saver, &sum));
    memcpy(saver->state->best_sha256, sum.sha256, sizeof saver->state->best_sha256);
    saver->best = AN_BEST_WRITTEN;
    saver->best_here = kept ? saver->kept_state.step : saver->state->step;
    return ALEXNET_OK;
}

static alexnet_status save_checkpoint(an_saver *saver)
{
    an_train_state state = *saver->state;

    if (state.step == saver->before.step &&
        state.step > 0) { /* a course without a step taken is not saved */
        state.course = saver->before.course;
        state.limit = saver->before.limit;
        state.most = saver->before.most;
        state.bias_most = saver->before.bias_most;
    }
    AN_TRY(an_run_folder_sync_log(saver->ctx, saver->folder));
    AN_TRY(note_training(saver, saver->state));
    AN_TRY(an_checkpoint_save(saver->model, saver->folder->checkpoints, saver->optimiser, &state,
                              saver->config_sha256, AN_MAX(saver->config->checkpoint_keep, 1)));
    saver->saved_step = state.step;
    saver->saved_at = an_context_seconds(saver->ctx);
    return ALEXNET_OK;
}

alexnet_status an_saver_best(an_saver *saver)
{
    AN_TRY(write_best(saver));
    return an_checkpoint_note_best(saver->ctx, saver->folder->checkpoints, saver->state);
}

alexnet_status an_saver_checkpoint(an_saver *saver)
{
    if (saver->best == AN_BEST_KEPT && saver->kept_state.step < saver->state->step)
        AN_TRY(write_best(saver));
    AN_TRY(save_checkpoint(saver));
    return saver->best == AN_BEST_WRITTEN ? ALEXNET_OK : an_saver_best(saver);
}

void an_saver_close(an_saver *saver) { an_arena_close(saver->ctx, &saver->memory); }
