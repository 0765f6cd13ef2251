/*
 * account.c: see account.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/account.h"

#include "base/memory.h"
#include "base/room.h"
#include "base/status.h"
#include "base/text.h"
#include "infer/skipped.h"
#include "train/limits.h"
#include <math.h>
#include <string.h>

/* ---- at the start ---- */

static int64_t optimiser_bytes(const an_account *a)
{
    int64_t slots = 0;

    for (int i = 0; i < AN_SLOTS; ++i)
        slots += a->optimiser->slots[i] != NULL;
    return slots * (int64_t)(a->training->model->params.values * sizeof(float));
}

static int64_t trained_parameters(const alexnet_model *model)
{
    int64_t count = 0;

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (!param->frozen && param->role != AN_PARAM_STATISTIC) count += param->count;
    }
    return count;
}

void an_account_begin(const an_account *a)
{
    const an_training *training = a->training;
    const an_config *config = training->config;
    const alexnet_train_start start = {
        .model = training->model,
        .run = training->folder->path,
        .recipe = config->recipe_name,
        .recipe_reason = config->recipe_reason,
        .images = training->data->train.count,
        .val_images = training->data->val.count,
        .batch = (int)AN_MIN(config->recipe.batch, training->data->train.count),
        .steps_per_epoch = a->epoch_steps,
        .trained_parameters = trained_parameters(training->model),
        .optimiser_bytes = optimiser_bytes(a),
        .gradient_bytes = (int64_t)an_session_gradient_bytes(a->feed->session),
        .disk_bytes = training->disk->end,
        .disk_bytes_max = training->disk->peak,
        .disk_bytes_free = training->disk->free,
        .memory_bytes = training->memory->peak,
        .memory_bytes_free = training->memory->free,
        .step = a->state->step,
        .steps = a->state->course.total,
        .planned_steps = a->state->course.planned,
        .seconds = config->seconds,
        .expected_seconds = a->pacer->expected_seconds,
    };

    if (training->options->start != NULL)
        training->options->start(training->options->start_user, &start);
}

/* ---- at the end ---- */

static int label_of(const an_image_set *set, int64_t index)
{
    const int label = an_source_label(set->source, index);

    return set->labels != NULL ? set->labels[label] : label;
}

alexnet_status an_account_guess(alexnet_context *ctx, const an_image_set *set,
                                const an_bad_list *skipped, int classes, double *out)
{
    const int64_t images = set->count - (int64_t)skipped->count;
    int64_t *counts = an_new_array(ctx, (size_t)classes, sizeof *counts);
    int64_t largest = 0;

    *out = (double)NAN;
    if (counts == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%d classes", classes);
    memset(counts, 0, (size_t)classes * sizeof *counts);
    for (int64_t i = 0; i < set->count; ++i)
        ++counts[label_of(set, set->indices != NULL ? set->indices[i] : i)];
    for (size_t i = 0; i < skipped->count; ++i)
        --counts[label_of(set, skipped->images[i].index)];
    for (int c = 0; c < classes; ++c)
        largest = AN_MAX(largest, counts[c]);
    an_free(ctx, counts);
    if (images > 0) *out = (double)largest / (double)images;
    return ALEXNET_OK;
}

/* The results that depend on unreadable images. */
static alexnet_status fill_skipped(const an_account *a, an_bad_list *skipped,
                                   alexnet_train_result *result)
{
    const an_training *training = a->training;
    const alexnet_train_options *options = training->options;
    const an_image_set *train = &training->data->train, *val = &training->data->val;

    AN_TRY(an_feed_take_skipped(a->feed, skipped, a->val_skipped));
    an_skipped_tell(skipped, train->source, options->skipped, options->skipped_user);
    an_skipped_tell(a->val_skipped, val->source, options->skipped, options->skipped_user);
    result->skipped = (int64_t)(skipped->count + a->val_skipped->count);
    return an_account_guess(training->model->ctx, val, a->val_skipped,
                            training->model->options.classes, &result->guess_top1);
}

alexnet_status an_account_end(const an_account *a, alexnet_train_result *result)
{
    const an_run_folder *folder = a->training->folder;
    const an_config *config = a->training->config;
    alexnet_model *model = a->training->model;
    const an_train_state *state = a->state;
    const an_report *report = a->report;
    const double busy = a->pacer->busy_seconds, steps = (double)a->epoch_steps;
    an_bad_list skipped = {0};

    *result = (alexnet_train_result){
        .steps = state->step,
        .epochs = (double)state->step / steps,
        .train_loss = an_metrics_loss(&report->epoch),
        .val_top1 = state->val_top1,
        .val_top5 = state->val_top5,
        .best_top1 = state->best_top1,
        .images_per_second = busy > 0 ? (double)report->images / busy : 0,
        .seconds = state->seconds,
        .train_top1 = an_metrics_top1(&report->epoch),
        .best_epoch = state->best_step >= 0 ? (double)state->best_step / steps : (double)NAN,
        .classes = model->options.classes,
        .images = a->training->data->train.count,
        .ended = report->go == ALEXNET_GO_STOP ? "stopped" : an_limit_name(config, state),
        .planned_epochs = (double)state->course.planned / steps,
        .memory_bytes = a->training->memory->peak,
        .peak_rss_bytes = an_room_peak(model->ctx),
    };
    an_print(result->run, sizeof result->run, "%s", folder->path);
    an_print(result->recipe, sizeof result->recipe, "%s", config->recipe_name);
    an_print(result->model, sizeof result->model, "%s", config->model);
    an_print(result->weights, sizeof result->weights, "%s",
             state->best_step >= 0 ? folder->best : folder->last);
    an_print(result->last_weights, sizeof result->last_weights, "%s", folder->last);
    AN_TRY(alexnet_model_hash(model, result->last_sha256));
    const alexnet_status status = fill_skipped(a, &skipped, result);
    an_bad_list_free(model->ctx, &skipped);
    return status;
}
