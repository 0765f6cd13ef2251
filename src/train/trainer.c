/*
 * trainer.c: the training loop (Krizhevsky, Sutskever, Hinton 2012, section 5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/trainer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/team.h"
#include "infer/examine.h"
#include "train/checkpoint.h"
#include "train/optimiser.h"
#include "train/report.h"
#include "train/schedule.h"
#include <math.h>
#include <string.h>

typedef struct trainer {
    alexnet_context *ctx;
    const an_training *given;
    const an_config *config;
    alexnet_model *model;
    an_train_state *state;
    int64_t epoch_steps, total_steps;
    an_schedule schedule, bias_schedule;
    an_events events;

    alexnet_session *session;
    an_preprocess record;
    an_augment augment, calm; /* calm: without colour noise */
    an_loader *loader;
    an_optimiser optimiser;
    float *probs;       /* [batch][classes] */
    an_network network; /* the model as it is in testing, for validation */
    an_bad_list val_skipped;

    an_report report;
    double lr;             /* of the last step */
    double start;          /* of this sitting, on the team's clock */
    double seconds_before; /* of training in earlier sittings */
    double busy_seconds;   /* in steps, this sitting */
    int64_t first_step;    /* of this sitting */
    int64_t saved_step;    /* of the newest checkpoint, or where this sitting began */
    double saved_at;
    bool paced; /* the pace has been held against the limit in time, or need not be */
    char config_sha256[AN_SHA256_HEX_SIZE];
} trainer;

/* ---- where it stands ---- */

static bool at_epoch_end(const trainer *t)
{
    return t->state->step > 0 && t->state->step % t->epoch_steps == 0;
}

static double epochs_done(const trainer *t)
{
    return (double)t->state->step / (double)t->epoch_steps;
}

static bool limit_reached(const trainer *t)
{
    return t->state->step >= t->total_steps ||
           (t->config->seconds >= 0 && t->state->seconds >= t->config->seconds);
}

/* Validation says that more is of no use. Comparisons with NaN, which stands for "none yet", are
 * false. */
static bool good_enough(const trainer *t)
{
    return (t->config->patience > 0 && t->state->stale >= t->config->patience) ||
           (t->config->stop_at_top1 >= 0 && t->state->val_top1 >= t->config->stop_at_top1);
}

static bool validation_due(const trainer *t)
{
    return t->given->data->val.count > 0 && t->state->validated != t->state->step &&
           (at_epoch_end(t) || limit_reached(t));
}

static bool checkpoint_due(const trainer *t)
{
    const an_config *config = t->config;

    if (t->saved_step == t->state->step) return false;
    return at_epoch_end(t) || t->report.go == ALEXNET_GO_CHECKPOINT ||
           (config->checkpoint_steps > 0 && t->state->step % config->checkpoint_steps == 0) ||
           (config->checkpoint_seconds > 0 &&
            an_seconds() - t->saved_at >= config->checkpoint_seconds);
}

/* By the mean of all so far, validations and checkpoints included. */
static double seconds_left(const trainer *t)
{
    const int64_t done = t->state->step - t->first_step;
    const double by_step = done > 0 ? (t->state->seconds - t->seconds_before) / (double)done *
                                          (double)(t->total_steps - t->state->step)
                                    : (double)NAN;

    return t->config->seconds >= 0 ? fmin(by_step, t->config->seconds - t->state->seconds)
                                   : by_step;
}

static an_position position(const trainer *t)
{
    return (an_position){
        .step = t->state->step,
        .epoch_steps = t->epoch_steps,
        .total_steps = t->total_steps,
        .lr = t->lr,
        .busy_seconds = t->busy_seconds,
        .wait_seconds = an_loader_wait_seconds(t->loader),
        .seconds = t->state->seconds,
        .seconds_left = seconds_left(t),
    };
}

static void look_at_clock(trainer *t)
{
    t->state->seconds = t->seconds_before + (an_seconds() - t->start);
}

/* ---- saving ---- */

/* The model's record of how it was trained. No times in it, and not where on this machine the data
 * lies: equal runs write equal files. */
static alexnet_status note_training(trainer *t)
{
    const an_train_state *state = t->state;
    json_t *object = json_pack("{s:s, s:s, s:I, s:f, s:s}", "version", alexnet_version(), "recipe",
                               t->config->recipe_name, "steps", (json_int_t)state->step, "epochs",
                               epochs_done(t), "data", an_path_base(t->config->data));
    alexnet_status status = ALEXNET_OK;

    if (t->config->train_sha256 != NULL)
        json_object_set_new(object, "train_sha256", json_string(t->config->train_sha256));
    if (state->validated >= 0) {
        json_object_set_new(object, "val_top1", json_real(state->val_top1));
        json_object_set_new(object, "val_top5", json_real(state->val_top5));
    }
    char *text = object != NULL ? an_json_text(t->ctx, object) : NULL;
    if (text == NULL)
        status = an_fail(t->ctx, ALEXNET_NO_MEMORY, "the model's record of its training");
    else
        status = an_model_set_metadata(t->model, "alexnet.trained", text);
    an_free(t->ctx, text);
    json_decref(object);
    return status;
}

static alexnet_status save_weights(trainer *t, const char *path)
{
    AN_TRY(note_training(t));
    return alexnet_model_save(t->model, path);
}

static alexnet_status save_checkpoint(trainer *t)
{
    AN_TRY(note_training(t));
    AN_TRY(an_checkpoint_save(t->model, t->given->folder->checkpoints, &t->optimiser, t->state,
                              t->config_sha256, t->config->checkpoint_keep));
    t->saved_step = t->state->step;
    t->saved_at = an_seconds();
    if (t->report.go == ALEXNET_GO_CHECKPOINT) t->report.go = ALEXNET_GO_ON;
    return ALEXNET_OK;
}

/* ---- validation ---- */

/* For the schedule, which counts epochs: a validation in the middle of one, where a limit ended a sitting,
   is none of them. */
static void look_for_plateau(trainer *t)
{
    an_plateau *plateau = &t->state->plateau;
    const int64_t drops = plateau->drops;

    if (!at_epoch_end(t)) return;
    *plateau = an_schedule_look(&t->schedule, *plateau, t->state->val_top1);
    if (plateau->drops > drops)
        an_log(t->ctx, ALEXNET_LOG_INFO,
               "epoch %.4g: validation has not improved for %lld epochs: the learning rate is now "
               "multiplied by %.4g",
               epochs_done(t), (long long)t->schedule.patience,
               pow(t->schedule.factor, (double)plateau->drops));
}

static alexnet_status note_validation(trainer *t, const an_metrics *metrics)
{
    an_train_state *state = t->state;

    state->validated = state->step;
    state->val_loss = an_metrics_loss(metrics);
    state->val_top1 = an_metrics_top1(metrics);
    state->val_top5 = an_metrics_top5(metrics);
    look_for_plateau(t);
    ++state->stale;
    if (state->best_step >= 0 && !(state->val_top1 > state->best_top1)) return ALEXNET_OK;
    state->best_step = state->step;
    state->best_top1 = state->val_top1;
    state->stale = 0;
    return save_weights(t, t->given->folder->best);
}

static alexnet_status validate_model(trainer *t)
{
    const an_pictures *val = &t->given->data->val;
    an_metrics metrics;
    const an_exam exam = {
        .networks = &t->network,
        .network_count = 1,
        .source = val->source,
        .indices = val->indices,
        .count = val->count,
        .labels = val->labels,
        .batch = AN_EXAM_BATCH,
        .workers = t->given->options->workers,
        .on_bad_image = (alexnet_bad_image)t->config->on_bad_image,
        .phase = "val",
        .progress = an_report_watch,
        .progress_user = &t->report,
    };
    const alexnet_status status = an_examine(t->ctx, &exam, &metrics, &t->val_skipped);

    if (status == ALEXNET_STOPPED)
        return ALEXNET_OK; /* the loop sees the wish to stop; the resumed run validates again */
    AN_TRY(status);
    look_at_clock(t);
    AN_TRY(note_validation(t, &metrics));
    const an_position at = position(t);
    AN_TRY(an_report_validation(&t->report, &at, &metrics));
    an_report_epoch(&t->report, &at, t->model->options.classes, &metrics);
    return ALEXNET_OK;
}

/* With averaged weights, where the recipe averages; these are what best.safetensors then holds. */
static alexnet_status validate(trainer *t)
{
    an_optimiser_swap_average(&t->optimiser, t->model);
    const alexnet_status status = validate_model(t);
    an_optimiser_swap_average(&t->optimiser, t->model);
    return status;
}

/* ---- the loop ---- */

#define PACE_STEPS   20 /* when the pace is known, or */
#define PACE_SECONDS 10

/* Once in a run: a schedule that is cut off leaves out its best part. */
static void warn_of_cut(trainer *t)
{
    const double step = (double)t->state->step, epoch = (double)t->epoch_steps;
    const double step_seconds = t->state->seconds / step;

    if (t->paced || (t->state->step < PACE_STEPS && t->state->seconds < PACE_SECONDS)) return;
    t->paced = true;
    const int64_t fit = an_schedule_cut(&t->schedule, t->total_steps - t->state->step, step_seconds,
                                        t->config->seconds - t->state->seconds);
    if (fit < 0) return;
    an_log(
        t->ctx, ALEXNET_LOG_WARNING,
        "at %.2g s a step the limit in time ends the run after about %.3g of %.6g epochs and cuts "
        "the schedule '%s' short: epochs %.3g would fit",
        step_seconds, (step + (double)fit) / epoch, (double)t->total_steps / epoch,
        t->config->recipe.schedule, (step + (double)fit) / epoch);
}

static double rate_by(const trainer *t, const an_schedule *schedule)
{
    return t->config->recipe.lr * an_schedule_factor(schedule, t->state->step, t->epoch_steps,
                                                     t->total_steps, &t->state->plateau);
}

static an_rates step_rates(const trainer *t)
{
    return (an_rates){
        .weights = rate_by(t, &t->schedule),
        .biases = rate_by(t, &t->bias_schedule),
        .step = t->state->step,
        .epochs = epochs_done(t),
        .events = &t->events,
    };
}

static alexnet_status take_step(trainer *t)
{
    const double before = an_seconds();
    const an_batch *batch;
    double loss;

    if (at_epoch_end(t)) t->report.epoch = (an_metrics){0};
    const an_rates rates = step_rates(t);
    t->lr = rates.weights * an_events_at(&t->events, rates.epochs, NULL).weights;
    AN_TRY(an_loader_next(t->loader, &batch)); /* prefetched; varied by (seed, epoch, picture) */
    if (batch->n > 0) {                        /* 0: all of its pictures are unreadable */
        AN_TRY(an_optimiser_train(&t->optimiser, t->session, t->model, &rates, batch, &loss,
                                  t->probs));
        an_report_answers(&t->report, t->probs, t->model->options.classes, batch->labels, batch->n,
                          loss);
    }
    ++t->state->step;
    t->busy_seconds += an_seconds() - before;
    look_at_clock(t);
    warn_of_cut(t);

    const an_position at = position(t);
    AN_TRY(an_report_step(&t->report, &at));
    if (at_epoch_end(t) && t->given->data->val.count == 0)
        an_report_epoch(&t->report, &at, t->model->options.classes, NULL);
    return ALEXNET_OK;
}

static alexnet_status train(trainer *t)
{
    while (t->report.go != ALEXNET_GO_STOP) {
        if (validation_due(t))
            AN_TRY(validate(t));
        else if (limit_reached(t) || good_enough(t))
            break;
        else if (checkpoint_due(t))
            AN_TRY(save_checkpoint(t));
        else
            AN_TRY(take_step(t));
    }
    if (t->saved_step != t->state->step) AN_TRY(save_checkpoint(t));
    an_optimiser_swap_average(&t->optimiser,
                              t->model); /* for good: the checkpoint has the others */
    AN_TRY(save_weights(t, t->given->folder->last));
    if (t->report.go == ALEXNET_GO_STOP)
        return an_fail(t->ctx, ALEXNET_STOPPED,
                       "stopped after step %lld; the run in '%s' can be resumed",
                       (long long)t->state->step, t->given->folder->path);
    return ALEXNET_OK;
}

/* ---- opening and closing ---- */

static alexnet_status open_loader(trainer *t)
{
    const an_pictures *train = &t->given->data->train;
    const char *augment = t->config->recipe.augment;
    const int64_t step = t->state->step;
    an_loader_options options = {
        .source = train->source,
        .indices = train->indices,
        .count = train->count,
        .labels = train->labels,
        .views = 1,
        .batch = t->config->recipe.batch,
        .shuffle = true,
        .seed = t->config->seed,
        .epoch = step / t->epoch_steps,
        .first_batch = step % t->epoch_steps,
        .repeat = true,
        .workers = t->given->options->workers,
    };

    AN_TRY(an_preprocess_parse(t->ctx, t->model->preprocess, &t->record));
    AN_TRY(an_augment_parse(t->ctx, augment, &t->augment));
    t->calm = t->augment;
    t->calm.pca = t->calm.pca_text = false;
    if (strcmp(augment, "none") != 0) {
        options.augment = &t->augment;
        options.later = &t->calm;
        options.later_epoch = an_events_noise_end(&t->events);
    }
    an_network_ask(t->model, &t->record, &options);
    an_skip_policy((alexnet_bad_image)t->config->on_bad_image, train->count, &options);
    return an_loader_open(t->ctx, &options, &t->loader);
}

static alexnet_status open_optimiser(trainer *t)
{
    AN_TRY(an_optimiser_open(t->model, &t->config->recipe, &t->optimiser));
    return t->given->checkpoint == NULL
               ? ALEXNET_OK
               : an_checkpoint_load_optimiser(t->model, t->given->checkpoint, &t->optimiser);
}

/* Batches larger than the whole set are as large as the set. */
static alexnet_status plan_steps(trainer *t)
{
    const int64_t count = t->given->data->train.count;
    const int64_t batch = t->config->recipe.batch;
    const double steps = ceil(t->config->recipe.epochs * (double)((count + batch - 1) / batch));

    t->epoch_steps = (count + batch - 1) / batch;
    t->total_steps = (int64_t)steps;
    if (t->config->steps >= 0) t->total_steps = AN_MIN(t->total_steps, t->config->steps);
    AN_TRY(an_events_parse(t->ctx, t->config->recipe.events, &t->events));
    return an_recipe_schedules(t->ctx, &t->config->recipe, &t->schedule, &t->bias_schedule);
}

static alexnet_status open_trainer(trainer *t)
{
    const int batch = (int)AN_MIN(t->config->recipe.batch, t->given->data->train.count);

    AN_TRY(plan_steps(t));
    AN_TRY(an_config_hash(t->ctx, t->config, t->config_sha256));
    AN_TRY(an_optimiser_open_session(&t->config->recipe, t->model, batch, t->config->seed,
                                     &t->session));
    an_session_smooth(t->session, t->config->recipe.smoothing);
    AN_TRY(open_optimiser(t));
    t->probs =
        an_new_array(t->ctx, (size_t)batch, (size_t)t->model->options.classes * sizeof *t->probs);
    if (t->probs == NULL)
        return an_fail(t->ctx, ALEXNET_NO_MEMORY, "probabilities of %d pictures", batch);
    if (t->given->data->val.count > 0)
        AN_TRY(an_network_open(t->model, AN_EXAM_BATCH, 1, false, &t->network));
    return open_loader(t);
}

static void close_trainer(trainer *t)
{
    an_loader_close(t->loader);
    an_network_close(&t->network);
    an_bad_list_free(t->ctx, &t->val_skipped);
    alexnet_session_close(t->session);
    an_optimiser_close(t->ctx, &t->optimiser);
    an_free(t->ctx, t->probs);
}

/* ---- beginning and outcome ---- */

static int64_t optimiser_bytes(const trainer *t)
{
    int64_t slots = 0;

    for (int i = 0; i < AN_SLOTS; ++i)
        slots += t->optimiser.slots[i] != NULL;
    return slots * (int64_t)(t->model->params.values * sizeof(float));
}

/* What the caller may want to say before a long wait. */
static void tell_start(const trainer *t)
{
    const alexnet_train_options *options = t->given->options;
    const an_dataset *data = t->given->data;
    const alexnet_train_start start = {
        .model = t->model,
        .run = t->given->folder->path,
        .recipe = t->config->recipe_name,
        .images = data->train.count,
        .val_images = data->val.count,
        .batch = (int)AN_MIN(t->config->recipe.batch, data->train.count),
        .steps_per_epoch = t->epoch_steps,
        .optimiser_bytes = optimiser_bytes(t),
        .gradient_bytes = (int64_t)an_session_gradient_bytes(t->session),
        .step = t->state->step,
        .steps = t->total_steps,
    };

    if (options->start != NULL) options->start(options->start_user, &start);
}

static alexnet_status tell_skipped(trainer *t, alexnet_train_result *result)
{
    const alexnet_train_options *options = t->given->options;
    an_bad_list skipped = {0};

    AN_TRY(an_skipped_take(t->ctx, t->loader, &skipped));
    an_skipped_tell(&skipped, t->given->data->train.source, options->skipped,
                    options->skipped_user);
    an_skipped_tell(&t->val_skipped, t->given->data->val.source, options->skipped,
                    options->skipped_user);
    result->skipped = (int64_t)(skipped.count + t->val_skipped.count);
    an_bad_list_free(t->ctx, &skipped);
    return ALEXNET_OK;
}

static alexnet_status fill_result(trainer *t, alexnet_train_result *result)
{
    const an_run_folder *folder = t->given->folder;

    *result = (alexnet_train_result){
        .steps = t->state->step,
        .epochs = epochs_done(t),
        .train_loss = an_metrics_loss(&t->report.epoch),
        .val_top1 = t->state->val_top1,
        .val_top5 = t->state->val_top5,
        .best_top1 = t->state->best_top1,
        .images_per_second = t->busy_seconds > 0 ? (double)t->report.images / t->busy_seconds : 0,
    };
    an_print(result->run, sizeof result->run, "%s", folder->path);
    an_print(result->weights, sizeof result->weights, "%s",
             t->state->best_step >= 0 ? folder->best : folder->last);
    an_print(result->last_weights, sizeof result->last_weights, "%s", folder->last);
    AN_TRY(alexnet_model_hash(t->model, result->last_sha256));
    return tell_skipped(t, result);
}

alexnet_status an_train_run(const an_training *training, an_train_state *state,
                            alexnet_train_result *result)
{
    alexnet_context *ctx = training->model->ctx;
    trainer t = {
        .ctx = ctx,
        .given = training,
        .config = training->config,
        .model = training->model,
        .state = state,
        .start = an_seconds(),
        .seconds_before = state->seconds,
        .first_step = state->step,
        .saved_step = state->step,
        .saved_at = an_seconds(),
        .paced = training->config->seconds < 0 || state->step > 0,
        .report =
            {
                .ctx = ctx,
                .folder = training->folder,
                .progress = training->options->progress,
                .progress_user = training->options->progress_user,
            },
    };
    alexnet_status status = open_trainer(&t);

    if (status == ALEXNET_OK) {
        tell_start(&t);
        status = train(&t);
    }
    if (status == ALEXNET_OK || status == ALEXNET_STOPPED) {
        const alexnet_status filled = fill_result(&t, result);
        if (filled != ALEXNET_OK) status = filled;
    }
    close_trainer(&t);
    return status;
}
