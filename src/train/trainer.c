/*
 * trainer.c: the training loop (Krizhevsky, Sutskever, Hinton 2012, section 5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/trainer.h"

#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "infer/eval_run.h"
#include "train/account.h"
#include "train/caffe_momentum.h"
#include "train/limits.h"
#include "train/run/checkpoint_read.h"
#include "train/run/saver.h"
#include <math.h>

#define LOW_RATE 0.05 /* fraction of the recipe's rate; below it little is learnt */

typedef struct trainer {
    alexnet_context *ctx;
    const an_training *given;
    const an_config *config;
    alexnet_model *model;
    an_train_state *state;
    int64_t epoch_steps;
    an_schedule schedule, bias_schedule;
    an_events events;

    an_feed feed;
    an_optimiser optimiser;
    float *probs;       /* [batch][classes] */
    an_network network; /* the model for inference, used by validation */
    an_bad_list val_skipped;

    an_report report;
    an_pacer pacer;
    an_saver saver;
    bool end_moved;     /* the end of a resumed run has changed */
    bool limit_changed; /* the time limit differs from the one that the course was computed for */
    double lr;          /* of the last step */
    char config_sha256[AN_SHA256_HEX_SIZE];
} trainer;

/* ---- position ---- */

static bool at_epoch_end(const trainer *t)
{
    return t->state->step > 0 && t->state->step % t->epoch_steps == 0;
}

static double epochs_done(const trainer *t)
{
    return (double)t->state->step / (double)t->epoch_steps;
}

static bool validation_due(const trainer *t)
{
    return t->given->data->val.count > 0 && t->state->validated != t->state->step &&
           (at_epoch_end(t) || an_limit_reached(t->config, t->state));
}

static an_position position(const trainer *t)
{
    return (an_position){
        .step = t->state->step,
        .epoch_steps = t->epoch_steps,
        .total_steps = t->state->course.total,
        .lr = t->lr,
        .busy_seconds = t->pacer.busy_seconds,
        .wait_seconds = an_feed_wait_seconds(&t->feed),
        .seconds = t->state->seconds,
        .seconds_left = an_pacer_seconds_left(&t->pacer),
    };
}

/* ---- validation ---- */

/* The schedule counts epochs, so it ignores a validation within an epoch, after a limit ended the
   process. */
static void look_for_plateau(trainer *t)
{
    an_plateau *plateau = &t->state->plateau;
    const int64_t drops = plateau->drops;

    if (!at_epoch_end(t)) return;
    *plateau = an_plateau_update(&t->schedule, *plateau, t->state->val_top1);
    if (plateau->drops > drops)
        an_log(t->ctx, ALEXNET_LOG_INFO,
               "epoch %.4g: validation has not improved for %lld %s: the learning rate is now "
               "multiplied by %.4g",
               epochs_done(t), (long long)t->schedule.patience,
               AN_NOUN(t->schedule.patience, "epoch", "epochs"),
               pow(t->schedule.factor, (double)plateau->drops));
}

/* Better by top-1, then by loss. */
static bool is_best(const an_train_state *state)
{
    if (state->best_step < 0 || state->val_top1 > state->best_top1) return true;
    return state->val_top1 == state->best_top1 && state->val_loss < state->best_loss;
}

static void note_validation(trainer *t, const an_metrics *metrics)
{
    an_train_state *state = t->state;

    state->validated = state->step;
    state->val_loss = an_metrics_loss(metrics);
    state->val_top1 = an_metrics_top1(metrics);
    state->val_top5 = an_metrics_top5(metrics);
    look_for_plateau(t);
    ++state->stale;
    if (state->best_step < 0 || state->val_top1 > state->best_top1) state->stale = 0;
    const bool best = is_best(state);
    if (best) {
        state->best_step = state->step;
        state->best_top1 = state->val_top1;
        state->best_loss = state->val_loss;
    }
    an_saver_validated(&t->saver, best);
}

static alexnet_status examine(trainer *t, an_metrics *metrics)
{
    const an_image_set *val = &t->given->data->val;
    const an_eval eval = {
        .networks = &t->network,
        .network_count = 1,
        .source = val->source,
        .indices = val->indices,
        .count = val->count,
        .labels = val->labels,
        .batch = AN_EVAL_BATCH,
        .workers = t->given->options->workers,
        .on_bad_image = (alexnet_bad_image)t->config->on_bad_image,
        .phase = "val",
        .progress = an_report_watch,
        .progress_user = &t->report,
    };

    return t->feed.frozen != NULL ? an_frozen_eval(t->feed.frozen, metrics)
                                  : an_eval_run(t->ctx, &eval, metrics, &t->val_skipped);
}

static alexnet_status validate_model(trainer *t)
{
    an_metrics metrics;
    const alexnet_status status = examine(t, &metrics);

    if (status == ALEXNET_STOPPED)
        return ALEXNET_OK; /* the loop stops; the resumed run validates again */
    AN_TRY(status);
    an_pacer_look(&t->pacer);
    note_validation(t, &metrics);
    const an_position at = position(t);
    AN_TRY(an_report_validation(&t->report, &at, &metrics));
    an_report_epoch(&t->report, &at, t->model->options.classes, &metrics);
    return ALEXNET_OK;
}

/* Uses the averaged weights, if the recipe has an average. */
static alexnet_status validate(trainer *t)
{
    an_optimiser_swap_average(&t->optimiser, t->model);
    const alexnet_status status = validate_model(t);
    an_optimiser_swap_average(&t->optimiser, t->model);
    return status;
}

/* ---- the loop ---- */

static double rate_by(const trainer *t, const an_schedule *schedule, double most)
{
    return t->config->recipe.lr * an_schedule_factor(schedule, t->state->step, t->epoch_steps,
                                                     &t->state->course, &t->state->plateau, most);
}

static an_rates step_rates(const trainer *t)
{
    return (an_rates){
        .weights = rate_by(t, &t->schedule, t->state->most),
        .biases = rate_by(t, &t->bias_schedule, t->state->bias_most),
        .step = t->state->step,
        .epochs = an_course_position(&t->state->course, t->state->step) / (double)t->epoch_steps,
        .events = &t->events,
    };
}

static alexnet_status take_step(trainer *t)
{
    const an_batch *batch;
    double loss;

    an_pacer_begin_step(&t->pacer);
    if (at_epoch_end(t)) t->report.epoch = (an_metrics){0};
    AN_TRY(an_feed_grow(&t->feed));
    const an_rates rates = step_rates(t);
    t->lr = rates.weights * an_events_at(&t->events, rates.epochs, NULL).weights;
    AN_TRY(an_feed_next(&t->feed, &batch)); /* augmented by (seed, epoch, image) */
    if (batch == NULL) return ALEXNET_OK;   /* the loop stops */
    if (batch->n > 0) {                     /* 0: all of its images are unreadable */
        AN_TRY(an_optimiser_train(&t->optimiser, t->feed.session, t->model, &rates, batch, &loss,
                                  t->probs));
        an_report_predictions(&t->report, t->probs, t->model->options.classes, batch->labels,
                              batch->n, loss);
    }
    ++t->state->step;
    AN_TRY(an_pacer_end_step(&t->pacer));

    const an_position at = position(t);
    AN_TRY(an_report_step(&t->report, &at));
    if (at_epoch_end(t) && t->given->data->val.count == 0)
        an_report_epoch(&t->report, &at, t->model->options.classes, NULL);
    return ALEXNET_OK;
}

static alexnet_status save_checkpoint(trainer *t)
{
    AN_TRY(an_saver_checkpoint(&t->saver));
    if (t->report.go == ALEXNET_GO_CHECKPOINT) t->report.go = ALEXNET_GO_ON;
    return ALEXNET_OK;
}

static alexnet_status train(trainer *t)
{
    while (t->report.go != ALEXNET_GO_STOP) {
        if (validation_due(t))
            AN_TRY(validate(t));
        else if (an_limit_reached(t->config, t->state) || an_limit_good_enough(t->config, t->state))
            break;
        else if (an_saver_due(&t->saver, t->report.go == ALEXNET_GO_CHECKPOINT))
            AN_TRY(save_checkpoint(t));
        else
            AN_TRY(take_step(t));
    }
    if (t->saver.saved_step != t->state->step) AN_TRY(save_checkpoint(t));
    an_optimiser_swap_average(&t->optimiser,
                              t->model); /* not swapped back: the checkpoint has the others */
    AN_TRY(an_saver_last(&t->saver));
    if (t->report.go == ALEXNET_GO_STOP)
        return an_fail(t->ctx, ALEXNET_STOPPED,
                       "stopped after step %lld; the run in '%s' can be resumed",
                       (long long)t->state->step, t->given->folder->path);
    return ALEXNET_OK;
}

/* ---- opening and closing ---- */

/*
 * The rest of the schedule is stretched over the planned steps again. If the schedule was at its
 * end, only the steps that the time did not allow are left.
 */
static void change_limit(trainer *t, bool at_end)
{
    const int64_t step = t->state->step;
    an_course *course = &t->state->course;

    if (at_end && step < course->planned)
        *course = an_course_reopen(step, course->planned);
    else if (!at_end && course->total < course->planned)
        *course = an_course_end_at(course, step, course->planned);
    t->state->limit = t->config->seconds;
    t->limit_changed = true;
}

/* When the end of the run moves, the rates continue from their present values and never rise. */
static void bind_rates(trainer *t, const an_course *before)
{
    an_train_state *state = t->state;

    state->most = an_schedule_bound(&t->schedule, state->step, before, state->most);
    state->bias_most = an_schedule_bound(&t->bias_schedule, state->step, before, state->bias_most);
    t->end_moved = true;
}

static void plan_steps(trainer *t)
{
    an_train_state *state = t->state;
    const an_course before = state->course;
    const bool limit_changed = state->limit != t->config->seconds;
    int64_t planned = (int64_t)ceil(t->config->recipe.epochs * (double)t->epoch_steps);

    if (t->config->steps >= 0) planned = AN_MIN(planned, t->config->steps);
    if (before.planned == 0) {
        state->course = an_course_start(planned);
    } else {
        if (state->step > 0 && (planned != before.planned || limit_changed)) bind_rates(t, &before);
        state->course = an_course_replan(&before, state->step, planned);
    }
    if (limit_changed)
        change_limit(t, before.planned > 0 &&
                            an_course_position(&before, state->step) >= (double)before.planned);
}

/* Logs the rate, as it decides how much a longer run can still learn. */
static void tell_rate(const trainer *t)
{
    const an_train_state *state = t->state;
    const double lr = t->config->recipe.lr;
    char now[AN_REAL_SIZE], end[AN_REAL_SIZE];

    if (!t->end_moved || an_limit_reached(t->config, state)) return;
    const double rate = rate_by(t, &t->schedule, state->most);
    const double last = lr * an_schedule_factor(&t->schedule, state->course.total, t->epoch_steps,
                                                &state->course, &state->plateau, state->most);
    an_print(now, sizeof now, "%.3g", rate);
    an_print(end, sizeof end, "%.3g", last);
    an_log(t->ctx, ALEXNET_LOG_INFO,
           "the learning rate continues at %s, and is %s at the new end, after step %lld%s", now,
           end, (long long)state->course.total,
           rate < LOW_RATE * lr
               ? "; to continue at a higher one, start another run from these weights (--from)"
               : "");
}

static alexnet_status open_feed(trainer *t)
{
    const an_feed_options options = {
        .model = t->model,
        .config = t->config,
        .data = t->given->data,
        .state = t->state,
        .epoch_steps = t->epoch_steps,
        .noise_end = an_events_noise_end(&t->events),
        .workers = t->given->options->workers,
        .progress = an_report_watch,
        .progress_user = &t->report,
    };

    return an_feed_open(&options, &t->feed);
}

static alexnet_status open_optimiser(trainer *t)
{
    AN_TRY(an_optimiser_open(t->model, &t->config->recipe, &t->optimiser));
    if (t->given->checkpoint != NULL)
        return an_checkpoint_load_optimiser(t->model, t->given->checkpoint, &t->optimiser);
    return t->config->solverstate != NULL
               ? an_caffe_momentum_load(t->model, t->config, &t->optimiser)
               : ALEXNET_OK;
}

/* Needed if the caller wants an estimate of the time, or the time limit is new. */
static bool wants_rehearsal(const trainer *t)
{
    return (t->state->step == 0 && t->given->options->start != NULL) ||
           (t->limit_changed && t->config->seconds >= 0 && !an_limit_reached(t->config, t->state));
}

static alexnet_status open_trainer(trainer *t)
{
    const an_recipe *recipe = &t->config->recipe;
    const int batch = (int)AN_MIN(recipe->batch, t->given->data->train.count);

    AN_TRY(an_events_parse(t->ctx, recipe->events, &t->events));
    AN_TRY(an_recipe_schedules(t->ctx, recipe, &t->schedule, &t->bias_schedule));
    plan_steps(t);
    AN_TRY(an_config_hash(t->ctx, t->config, t->config_sha256));
    AN_TRY(open_feed(t));
    AN_TRY(open_optimiser(t));
    if (t->given->best_due) AN_TRY(an_saver_best(&t->saver));
    t->probs =
        an_new_array(t->ctx, (size_t)batch, (size_t)t->model->options.classes * sizeof *t->probs);
    if (t->probs == NULL)
        return an_fail(t->ctx, ALEXNET_NO_MEMORY, "probabilities of %d images", batch);
    if (wants_rehearsal(t)) AN_TRY(an_pacer_rehearse(&t->pacer));
    return t->feed.frozen == NULL && t->given->data->val.count > 0
               ? an_network_open(t->model, AN_EVAL_BATCH, 1, false, &t->network)
               : ALEXNET_OK;
}

static void close_trainer(trainer *t)
{
    an_feed_close(&t->feed);
    an_network_close(&t->network);
    an_bad_list_free(t->ctx, &t->val_skipped);
    an_optimiser_close(t->ctx, &t->optimiser);
    an_saver_close(&t->saver);
    an_free(t->ctx, t->probs);
}

/* ---- the run ---- */

static alexnet_status train_and_tell(trainer *t, alexnet_train_result *result)
{
    const an_account account = {
        .training = t->given,
        .state = t->state,
        .epoch_steps = t->epoch_steps,
        .optimiser = &t->optimiser,
        .feed = &t->feed,
        .pacer = &t->pacer,
        .report = &t->report,
        .val_skipped = &t->val_skipped,
    };

    an_account_begin(&account);
    an_limit_tell(t->ctx, t->config, t->state);
    tell_rate(t);
    const alexnet_status status = train(t);
    if (status != ALEXNET_OK && status != ALEXNET_STOPPED) return status;
    AN_TRY(an_account_end(&account, result));
    return status;
}

alexnet_status an_train_run(const an_training *training, an_train_state *state,
                            alexnet_train_result *result)
{
    alexnet_context *ctx = training->model->ctx;
    const an_config *config = training->config;
    const int64_t batch = config->recipe.batch, images = training->data->train.count;
    const int64_t epoch_steps = (images + batch - 1) / batch;
    trainer t = {
        .ctx = ctx,
        .given = training,
        .config = config,
        .model = training->model,
        .state = state,
        .epoch_steps = epoch_steps,
        .report =
            {
                .ctx = ctx,
                .folder = training->folder,
                .progress = training->options->progress,
                .progress_user = training->options->progress_user,
            },
        .pacer =
            {
                .feed = &t.feed,
                .config = config,
                .folder = training->folder,
                .state = state,
                .epoch_steps = epoch_steps,
                .val_images = training->data->val.count,
            },
        .saver =
            {
                .ctx = ctx,
                .config = config,
                .folder = training->folder,
                .config_sha256 = t.config_sha256,
                .model = training->model,
                .optimiser = &t.optimiser,
                .state = state,
                .before = *state,
                .epoch_steps = epoch_steps,
                .epochs_per_checkpoint =
                    an_saver_epochs(an_disk_checkpoint(training->model, config), images),
                .saved_step = training->checkpoint != NULL ? state->step : -1,
                .saved_at = an_context_seconds(ctx),
                .best_here = -1,
            },
    };

    an_pacer_begin(&t.pacer, ctx);
    alexnet_status status = open_trainer(&t);
    if (status == ALEXNET_OK) status = train_and_tell(&t, result);
    close_trainer(&t);
    return status;
}
