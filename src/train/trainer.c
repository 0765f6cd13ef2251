/*
 * trainer.c: the training loop (Krizhevsky, Sutskever, Hinton 2012, section 5).
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/trainer.h"

#include "base/context.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/refit.h"
#include "data/team.h"
#include "infer/examine.h"
#include "train/checkpoint.h"
#include "train/frozen.h"
#include "train/growth.h"
#include "train/mixup.h"
#include "train/optimiser.h"
#include "train/report.h"
#include "train/schedule.h"
#include <math.h>
#include <string.h>

/* A moment of this sitting. */
typedef struct pace_mark {
    int64_t step, epoch_ends;
    double busy, seconds, rows; /* rows: an_frozen_seconds() */
    bool first;                 /* no estimate yet */
} pace_mark;

typedef struct trainer {
    alexnet_context *ctx;
    const an_training *given;
    const an_config *config;
    alexnet_model *model;
    an_train_state *state;
    int64_t epoch_steps;
    an_schedule schedule, bias_schedule;
    an_events events;

    alexnet_model *view; /* the model at the input's present size; NULL: it is the model's own */
    alexnet_session *session;
    an_preprocess record;
    an_augment augment, calm; /* calm: without colour noise */
    an_loader *loader;        /* NULL with `frozen` */
    an_frozen *frozen;        /* NULL: every layer runs at each step */
    int first;                /* the first node that does */
    an_mixup mixup;           /* closed: images are not blended */
    an_optimiser optimiser;
    float *probs;       /* [batch][classes] */
    an_network network; /* the model as it is in testing, for validation */
    an_bad_list skipped, val_skipped;
    double waited; /* for images, of loaders that are closed */

    an_report report;
    double lr;             /* of the last step */
    double start;          /* of this sitting, on the team's clock */
    double seconds_before; /* of training in earlier sittings */
    double busy_seconds;   /* in steps, this sitting */
    int64_t first_step;    /* of this sitting */
    int64_t saved_step;    /* of the newest checkpoint; -1: there is none */
    int64_t best_here;     /* step of best.safetensors, if this sitting wrote it; else -1 */
    double saved_at;
    pace_mark mark;          /* where the window began over which the pace is measured */
    double epoch_seconds;    /* an_pace.epoch, as last seen */
    double expected_seconds; /* of the whole run, before its first step; NaN: not known */
    int64_t epoch_ends;      /* this sitting */
    bool rehearses;          /* the limit in time is not the one that the course was made for */
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
    if (t->state->step == 0) return false; /* however short the time is: one step */
    return t->state->step >= t->state->course.total ||
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

    if (t->saved_step == t->state->step || t->state->step == 0) return false;
    return at_epoch_end(t) || t->report.go == ALEXNET_GO_CHECKPOINT ||
           (config->checkpoint_steps > 0 && t->state->step % config->checkpoint_steps == 0) ||
           (config->checkpoint_seconds > 0 &&
            an_context_seconds(t->ctx) - t->saved_at >= config->checkpoint_seconds);
}

/* By the mean of all so far, validations and checkpoints included. */
static double seconds_left(const trainer *t)
{
    const int64_t done = t->state->step - t->first_step;
    const double by_step = done > 0 ? (t->state->seconds - t->seconds_before) / (double)done *
                                          (double)(t->state->course.total - t->state->step)
                                    : (double)NAN;

    return t->config->seconds >= 0 ? fmin(by_step, t->config->seconds - t->state->seconds)
                                   : by_step;
}

static an_position position(const trainer *t)
{
    return (an_position){
        .step = t->state->step,
        .epoch_steps = t->epoch_steps,
        .total_steps = t->state->course.total,
        .lr = t->lr,
        .busy_seconds = t->busy_seconds,
        .wait_seconds = t->waited + (t->loader != NULL ? an_loader_wait_seconds(t->loader) : 0),
        .seconds = t->state->seconds,
        .seconds_left = seconds_left(t),
    };
}

static void look_at_clock(trainer *t)
{
    t->state->seconds = t->seconds_before + (an_context_seconds(t->ctx) - t->start);
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

/* Where the last weights are the best ones, one file has both names. */
static alexnet_status save_last(trainer *t)
{
    const an_run_folder *folder = t->given->folder;

    if (t->best_here == t->state->step &&
        an_file_link(t->ctx, folder->best, folder->last) == ALEXNET_OK)
        return ALEXNET_OK;
    return save_weights(t, folder->last); /* or the file system knows no such thing */
}

static alexnet_status save_checkpoint(trainer *t)
{
    AN_TRY(note_training(t));
    AN_TRY(an_checkpoint_save(t->model, t->given->folder->checkpoints, &t->optimiser, t->state,
                              t->config_sha256, AN_MAX(t->config->checkpoint_keep, 1)));
    t->saved_step = t->state->step;
    t->saved_at = an_context_seconds(t->ctx);
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

/* By top-1, then by loss. */
static bool is_best(const an_train_state *state)
{
    if (state->best_step < 0 || state->val_top1 > state->best_top1) return true;
    return state->val_top1 == state->best_top1 && state->val_loss < state->best_loss;
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
    if (state->best_step < 0 || state->val_top1 > state->best_top1) state->stale = 0;
    if (!is_best(state)) return ALEXNET_OK;
    state->best_step = state->step;
    state->best_top1 = state->val_top1;
    state->best_loss = state->val_loss;
    AN_TRY(save_weights(t, t->given->folder->best));
    t->best_here = state->step;
    return ALEXNET_OK;
}

static alexnet_status examine(trainer *t, an_metrics *metrics)
{
    const an_pictures *val = &t->given->data->val;
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

    return t->frozen != NULL ? an_frozen_examine(t->frozen, metrics)
                             : an_examine(t->ctx, &exam, metrics, &t->val_skipped);
}

static alexnet_status validate_model(trainer *t)
{
    an_metrics metrics;
    const alexnet_status status = examine(t, &metrics);

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

/* ---- the size of the input ---- */

static int full_side(const trainer *t)
{
    return AN_MIN(t->model->nodes[0].x.h, t->model->nodes[0].x.w);
}

/* Of the run's course, 0 .. 1. */
static double part_done(const trainer *t)
{
    const an_course *course = &t->state->course;

    return an_course_place(course, t->state->step) / (double)AN_MAX(course->planned, 1);
}

/* Decided where an epoch begins, and kept for all of it. */
static int wanted_side(const trainer *t)
{
    if (t->frozen != NULL) return full_side(t);
    if (t->state->step % t->epoch_steps != 0 && t->state->side > 0) return t->state->side;
    return an_growth_side(t->config->recipe.grow, full_side(t), part_done(t));
}

/* ---- the pace ---- */

#define PACE_STEPS      20 /* when the pace is known for the first time, or */
#define PACE_SECONDS    10
#define PACE_PARTS      20 /* then it is looked at so often in the time that there is */
#define REHEARSAL_STEPS 2

/* Spent on what frozen layers give: no part of a step. */
static double row_seconds(const trainer *t)
{
    return t->frozen != NULL ? an_frozen_seconds(t->frozen) : 0;
}

static pace_mark mark_here(const trainer *t)
{
    return (pace_mark){.step = t->state->step,
                       .epoch_ends = t->epoch_ends,
                       .busy = t->busy_seconds,
                       .seconds = t->state->seconds,
                       .rows = row_seconds(t)};
}

static bool estimate_due(const trainer *t)
{
    const int64_t steps = t->state->step - t->mark.step;

    if (t->config->seconds < 0 || steps == 0) return false;
    if (t->mark.first) return steps >= PACE_STEPS || t->busy_seconds - t->mark.busy >= PACE_SECONDS;
    return t->state->seconds - t->mark.seconds >= t->config->seconds / PACE_PARTS;
}

/* An image of validation goes forward only: a third of the work of a step of training. */
static double guess_epoch_seconds(const trainer *t, double step_seconds)
{
    if (t->frozen != NULL) return 0; /* rows are kept */
    return step_seconds / 3 * (double)t->given->data->val.count / (double)t->config->recipe.batch;
}

/* Of the steps since the mark. */
static an_pace measure_pace(const trainer *t)
{
    const double step = (t->busy_seconds - t->mark.busy) / (double)(t->state->step - t->mark.step);
    const double epoch = t->epoch_seconds >= 0 ? t->epoch_seconds : guess_epoch_seconds(t, step);

    return (an_pace){.step = step, .epoch = epoch};
}

/* The run is to end where the limit in time will be, by this pace. A validation at its end counts, too. */
static void set_course(trainer *t, an_pace pace)
{
    const double left = t->config->seconds - t->state->seconds;

    pace.step *= an_growth_rest(t->config->recipe.grow, full_side(t), part_done(t));
    pace.once += pace.epoch + (t->frozen != NULL ? an_frozen_seconds_left(t->frozen) : 0);
    const int64_t fit = an_pace_fit(&pace, t->epoch_steps, left);
    t->state->course = an_course_move(&t->state->course, t->state->step, t->state->step + fit);
}

static alexnet_status log_pace(const trainer *t, const an_pace *pace)
{
    return an_run_folder_log_pace(t->ctx, t->given->folder, t->state->step, epochs_done(t),
                                  pace->step, t->state->course.total, t->state->seconds);
}

static alexnet_status estimate(trainer *t)
{
    const int64_t ends = t->epoch_ends - t->mark.epoch_ends;
    const pace_mark now = mark_here(t);
    const double other =
        now.seconds - t->mark.seconds - (now.busy - t->mark.busy) - (now.rows - t->mark.rows);

    if (ends > 0) t->epoch_seconds = other / (double)ends;
    const an_pace pace = measure_pace(t);
    set_course(t, pace);
    t->mark = now;
    return log_pace(t, &pace);
}

/* Three steps on random images before the first: how long one takes, the first of them not counted. Nothing is
   learnt in them. Their place in the run is the first estimate. */
static alexnet_status rehearse(trainer *t)
{
    const an_plan *plan = an_session_plan(t->session);
    const int n = plan->batch;
    const an_shape input = plan->model->nodes[plan->first].x;
    const size_t floats = (size_t)an_shape_count(an_shape_with_n(input, n));
    float *images = an_new_array(t->ctx, floats, sizeof *images);
    int32_t *labels = an_new_array(t->ctx, (size_t)n, sizeof *labels);
    alexnet_status status = images != NULL && labels != NULL
                                ? ALEXNET_OK
                                : an_fail(t->ctx, ALEXNET_NO_MEMORY, "%d images", n);
    const an_targets targets = {.labels = labels};
    double begin = 0, loss;

    if (status == ALEXNET_OK) {
        an_stream stream = an_stream_open(t->config->seed, AN_PURPOSE_BENCH, 0, 0);
        for (size_t i = 0; i < floats; ++i)
            images[i] = an_random_unit(&stream) - 0.5f;
        memset(labels, 0, (size_t)n * sizeof *labels);
    }
    for (int i = 0; i < REHEARSAL_STEPS + 1 && status == ALEXNET_OK; ++i) {
        if (i == 1) begin = an_context_seconds(t->ctx);
        status = an_session_train(t->session, images, &targets, n, 0, &loss, NULL);
    }
    an_free(t->ctx, images);
    an_free(t->ctx, labels);
    if (status == ALEXNET_DIVERGED)
        return ALEXNET_OK; /* the run itself will say so, if it is true of it */
    AN_TRY(status);
    const double step = (an_context_seconds(t->ctx) - begin) / REHEARSAL_STEPS;
    if (t->frozen != NULL) AN_TRY(an_frozen_rehearse(t->frozen, t->config->seed));
    look_at_clock(t);
    const an_pace pace = {.step = step, .epoch = guess_epoch_seconds(t, step)};
    if (t->config->seconds >= 0) {
        set_course(t, pace);
        AN_TRY(log_pace(t, &pace));
    }
    const double mean = step * an_growth_rest(t->config->recipe.grow, full_side(t), part_done(t));
    t->expected_seconds = (double)(t->state->course.total - t->state->step) *
                              (mean + pace.epoch / (double)t->epoch_steps) +
                          (t->frozen != NULL ? an_frozen_seconds_left(t->frozen) : 0);
    return ALEXNET_OK;
}

/* ---- the loop ---- */

static double rate_by(const trainer *t, const an_schedule *schedule)
{
    return t->config->recipe.lr * an_schedule_factor(schedule, t->state->step, t->epoch_steps,
                                                     &t->state->course, &t->state->plateau);
}

static an_rates step_rates(const trainer *t)
{
    return (an_rates){
        .weights = rate_by(t, &t->schedule),
        .biases = rate_by(t, &t->bias_schedule),
        .step = t->state->step,
        .epochs = an_course_place(&t->state->course, t->state->step) / (double)t->epoch_steps,
        .events = &t->events,
    };
}

/* Prefetched, or made of kept rows; varied by (seed, epoch, image). *batch stays NULL when the caller wishes to stop. */
static alexnet_status next_batch(trainer *t, const an_batch **batch)
{
    *batch = NULL;
    if (t->frozen == NULL) return an_loader_next(t->loader, batch);
    const alexnet_status status = an_frozen_next(t->frozen, batch);
    return status == ALEXNET_STOPPED ? ALEXNET_OK : status;
}

static alexnet_status grow(trainer *t);

static alexnet_status take_step(trainer *t)
{
    const double before = an_context_seconds(t->ctx), rows_before = row_seconds(t);
    const an_batch *batch;
    double loss;

    if (at_epoch_end(t)) t->report.epoch = (an_metrics){0};
    AN_TRY(grow(t));
    const an_rates rates = step_rates(t);
    t->lr = rates.weights * an_events_at(&t->events, rates.epochs, NULL).weights;
    AN_TRY(next_batch(t, &batch));
    if (batch == NULL) return ALEXNET_OK;
    if (t->mixup.strength > 0) batch = an_mixup_blend(&t->mixup, batch, t->state->step);
    if (batch->n > 0) { /* 0: all of its pictures are unreadable */
        AN_TRY(an_optimiser_train(&t->optimiser, t->session, t->model, &rates, batch, &loss,
                                  t->probs));
        an_report_answers(&t->report, t->probs, t->model->options.classes, batch->labels, batch->n,
                          loss);
    }
    ++t->state->step;
    t->busy_seconds += an_context_seconds(t->ctx) - before - (row_seconds(t) - rows_before);
    t->epoch_ends += at_epoch_end(t);
    look_at_clock(t);
    if (estimate_due(t)) AN_TRY(estimate(t));

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
    AN_TRY(save_last(t));
    if (t->report.go == ALEXNET_GO_STOP)
        return an_fail(t->ctx, ALEXNET_STOPPED,
                       "stopped after step %lld; the run in '%s' can be resumed",
                       (long long)t->state->step, t->given->folder->path);
    return ALEXNET_OK;
}

/* ---- opening and closing ---- */

/* What the loader of training is asked for. */
static alexnet_status ask_training(trainer *t, const alexnet_model *network,
                                   an_loader_options *options)
{
    const an_pictures *train = &t->given->data->train;
    const char *augment = t->config->recipe.augment;
    const int64_t step = t->state->step;

    *options = (an_loader_options){
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
    AN_TRY(an_preprocess_parse(t->ctx, network->preprocess, &t->record));
    AN_TRY(an_augment_parse(t->ctx, augment, &t->augment));
    t->calm = t->augment;
    t->calm.pca = t->calm.pca_text = false;
    if (strcmp(augment, "none") != 0) {
        options->augment = &t->augment;
        options->later = &t->calm;
        options->later_epoch = an_events_noise_end(&t->events);
    }
    an_network_ask(network, &t->record, options);
    an_skip_policy((alexnet_bad_image)t->config->on_bad_image, train->count, options);
    return ALEXNET_OK;
}

static an_loader_options ask_validation(const trainer *t)
{
    const an_pictures *val = &t->given->data->val;
    an_loader_options options = {
        .source = val->source,
        .indices = val->indices,
        .count = val->count,
        .labels = val->labels,
        .views = 1,
        .workers = t->given->options->workers,
    };

    an_network_ask(t->model, &t->record, &options);
    an_skip_policy((alexnet_bad_image)t->config->on_bad_image, val->count, &options);
    return options;
}

/* Where the first layers are frozen and the recipe keeps what they give. */
static alexnet_status open_frozen(trainer *t)
{
    an_loader_options train;

    AN_TRY(ask_training(t, t->model, &train));
    const an_frozen_options options = {
        .model = t->model,
        .first = an_frozen_part(t->model),
        .views = t->config->recipe.views,
        .train = train,
        .val = ask_validation(t),
        .epochs = t->config->recipe.epochs,
        .progress = an_report_watch,
        .progress_user = &t->report,
    };

    if (options.first == 0 || options.views == 0) return ALEXNET_OK;
    AN_TRY(an_frozen_open(&options, &t->frozen));
    if (t->frozen == NULL) {
        an_log(t->ctx, ALEXNET_LOG_INFO,
               "what frozen layers give is not kept: for one view of each image it would be over "
               "%zu MiB",
               AN_FROZEN_BYTES_MAX >> 20);
        return ALEXNET_OK;
    }
    t->first = options.first;
    an_log(t->ctx, ALEXNET_LOG_INFO,
           "what the frozen layers give is computed once for %d view%s of each image and kept: %zu "
           "MiB",
           an_frozen_views(t->frozen), an_frozen_views(t->frozen) == 1 ? "" : "s",
           an_frozen_bytes(t->frozen) >> 20);
    return ALEXNET_OK;
}

static alexnet_status add_skipped(trainer *t)
{
    const an_bad_picture *bad;
    const size_t count = t->loader != NULL ? an_loader_bad(t->loader, &bad) : 0;

    for (size_t i = 0; i < count; ++i)
        AN_TRY(an_bad_list_add(t->ctx, &t->skipped, bad[i].index, bad[i].reason));
    return ALEXNET_OK;
}

static void close_size(trainer *t)
{
    if (t->loader != NULL) t->waited += an_loader_wait_seconds(t->loader);
    an_loader_close(t->loader);
    alexnet_session_close(t->session);
    alexnet_model_free(t->view);
    an_mixup_close(t->ctx, &t->mixup);
    t->loader = NULL;
    t->session = NULL;
    t->view = NULL;
}

/* A session for the present size of the input. */
static alexnet_status open_size(trainer *t)
{
    const an_shape full = t->model->nodes[0].x;
    const int batch = (int)AN_MIN(t->config->recipe.batch, t->given->data->train.count);
    const int side = wanted_side(t), of = full_side(t);

    if (side != of)
        AN_TRY(an_model_lay_out_like(t->model, full.h * side / of, full.w * side / of, &t->view));
    t->state->side = side;
    AN_TRY(an_optimiser_open_session(&t->config->recipe, t->view != NULL ? t->view : t->model,
                                     batch, t->first, t->config->seed, &t->session));
    if (t->config->recipe.mixup > 0) {
        const alexnet_model *network = t->view != NULL ? t->view : t->model;
        AN_TRY(an_mixup_open(t->ctx, t->config->recipe.mixup, t->config->seed, batch,
                             (size_t)an_shape_image(network->nodes[t->first].x), &t->mixup));
    }
    return ALEXNET_OK;
}

static alexnet_status open_loader(trainer *t)
{
    an_loader_options options;

    if (t->frozen != NULL) return ALEXNET_OK;
    AN_TRY(ask_training(t, t->view != NULL ? t->view : t->model, &options));
    return an_loader_open(t->ctx, &options, &t->loader);
}

/* Where the input grows: a session and a loader of the new size. The optimiser stays. */
static alexnet_status grow(trainer *t)
{
    if (wanted_side(t) == t->state->side) return ALEXNET_OK;
    AN_TRY(add_skipped(t));
    close_size(t);
    AN_TRY(open_size(t));
    an_log(t->ctx, ALEXNET_LOG_INFO, "epoch %.4g: the input is %dx%d from now on", epochs_done(t),
           t->view != NULL ? t->view->nodes[0].x.h : t->model->nodes[0].x.h,
           t->view != NULL ? t->view->nodes[0].x.w : t->model->nodes[0].x.w);
    return open_loader(t);
}

static alexnet_status open_optimiser(trainer *t)
{
    AN_TRY(an_optimiser_open(t->model, &t->config->recipe, &t->optimiser));
    return t->given->checkpoint == NULL
               ? ALEXNET_OK
               : an_checkpoint_load_optimiser(t->model, t->given->checkpoint, &t->optimiser);
}

/* What was left of the schedule is gone through anew; a schedule at its end stays there. */
static void change_limit(trainer *t)
{
    an_course *course = &t->state->course;
    const bool at_end = an_course_place(course, t->state->step) >= (double)course->planned;

    if (!at_end && course->total < course->planned)
        *course = an_course_move(course, t->state->step, course->planned);
    t->state->limit = t->config->seconds;
    t->rehearses = true;
}

/* Batches larger than the whole set are as large as the set. */
static alexnet_status plan_steps(trainer *t)
{
    const int64_t count = t->given->data->train.count;
    const int64_t batch = t->config->recipe.batch;
    const double steps = ceil(t->config->recipe.epochs * (double)((count + batch - 1) / batch));

    t->epoch_steps = (count + batch - 1) / batch;
    int64_t planned = (int64_t)steps;
    if (t->config->steps >= 0) planned = AN_MIN(planned, t->config->steps);
    t->state->course = t->state->course.planned > 0 ? an_course_replan(&t->state->course, planned)
                                                    : an_course_start(planned);
    if (t->state->limit != t->config->seconds) change_limit(t);
    AN_TRY(an_events_parse(t->ctx, t->config->recipe.events, &t->events));
    return an_recipe_schedules(t->ctx, &t->config->recipe, &t->schedule, &t->bias_schedule);
}

static alexnet_status open_trainer(trainer *t)
{
    const int batch = (int)AN_MIN(t->config->recipe.batch, t->given->data->train.count);

    AN_TRY(plan_steps(t));
    AN_TRY(an_config_hash(t->ctx, t->config, t->config_sha256));
    AN_TRY(open_frozen(t));
    AN_TRY(open_size(t));
    AN_TRY(open_optimiser(t));
    t->probs =
        an_new_array(t->ctx, (size_t)batch, (size_t)t->model->options.classes * sizeof *t->probs);
    if (t->probs == NULL)
        return an_fail(t->ctx, ALEXNET_NO_MEMORY, "probabilities of %d pictures", batch);
    if ((t->state->step == 0 && t->given->options->start != NULL) ||
        (t->rehearses && t->config->seconds >= 0 && !limit_reached(t)))
        AN_TRY(rehearse(t));
    if (t->frozen == NULL && t->given->data->val.count > 0)
        AN_TRY(an_network_open(t->model, AN_EXAM_BATCH, 1, false, &t->network));
    return open_loader(t);
}

static void close_trainer(trainer *t)
{
    close_size(t);
    an_frozen_close(t->frozen);
    an_network_close(&t->network);
    an_bad_list_free(t->ctx, &t->skipped);
    an_bad_list_free(t->ctx, &t->val_skipped);
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

static int64_t trained_parameters(const alexnet_model *model)
{
    int64_t count = 0;

    for (int i = 0; i < model->params.count; ++i) {
        const an_param *param = &model->params.items[i];
        if (!param->frozen && param->role != AN_PARAM_STATISTIC) count += param->count;
    }
    return count;
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
        .recipe_reason = t->config->recipe_reason,
        .images = data->train.count,
        .val_images = data->val.count,
        .batch = (int)AN_MIN(t->config->recipe.batch, data->train.count),
        .steps_per_epoch = t->epoch_steps,
        .trained_parameters = trained_parameters(t->model),
        .optimiser_bytes = optimiser_bytes(t),
        .gradient_bytes = (int64_t)an_session_gradient_bytes(t->session),
        .disk_bytes = t->given->disk->end,
        .disk_bytes_max = t->given->disk->peak,
        .disk_bytes_free = t->given->disk->free,
        .step = t->state->step,
        .steps = t->state->course.total,
        .planned_steps = t->state->course.planned,
        .seconds = t->config->seconds,
        .expected_seconds = t->expected_seconds,
    };

    if (options->start != NULL) options->start(options->start_user, &start);
}

/* A resumed run may have nothing left to do: why, and the way on. */
static void tell_finished(const trainer *t)
{
    const an_course *course = &t->state->course;
    const int64_t step = t->state->step;

    if (!limit_reached(t)) return;
    if (step >= course->planned)
        an_log(t->ctx, ALEXNET_LOG_INFO,
               "the run is finished: step %lld is the last of its epochs; raise --epochs or "
               "--steps to go on",
               (long long)step);
    else if (an_course_place(course, step) >= (double)course->planned)
        an_log(
            t->ctx, ALEXNET_LOG_INFO,
            "the run is finished: its limit in time ended it after step %lld, with the learning "
            "rate at its "
            "end; to train on, start another run from its weights: alexnet train DATA --from RUN",
            (long long)step);
    else
        an_log(t->ctx, ALEXNET_LOG_INFO,
               "the limit in time is used up after step %lld: raise --time to go on",
               (long long)step);
}

/* What ended the run. */
static const char *find_end(const trainer *t)
{
    if (t->report.go == ALEXNET_GO_STOP) return "stopped";
    if (t->config->stop_at_top1 >= 0 && t->state->val_top1 >= t->config->stop_at_top1)
        return "top1";
    if (good_enough(t)) return "patience";
    return t->state->step >= t->state->course.planned ? "epochs" : "time";
}

static alexnet_status tell_skipped(trainer *t, alexnet_train_result *result)
{
    const alexnet_train_options *options = t->given->options;

    AN_TRY(t->frozen != NULL ? an_frozen_take_skipped(t->frozen, &t->skipped, &t->val_skipped)
                             : add_skipped(t));
    an_skipped_tell(&t->skipped, t->given->data->train.source, options->skipped,
                    options->skipped_user);
    an_skipped_tell(&t->val_skipped, t->given->data->val.source, options->skipped,
                    options->skipped_user);
    result->skipped = (int64_t)(t->skipped.count + t->val_skipped.count);
    return ALEXNET_OK;
}

/* The share of the largest class in validation. */
static alexnet_status find_guess(const trainer *t, double *out)
{
    const an_pictures *val = &t->given->data->val;
    const int classes = t->model->options.classes;
    int64_t *counts = an_new_array(t->ctx, (size_t)classes, sizeof *counts);
    int64_t largest = 0;

    *out = (double)NAN;
    if (counts == NULL) return an_fail(t->ctx, ALEXNET_NO_MEMORY, "%d classes", classes);
    memset(counts, 0, (size_t)classes * sizeof *counts);
    for (int64_t i = 0; i < val->count; ++i) {
        const int64_t index = val->indices != NULL ? val->indices[i] : i;
        const int label = an_source_label(val->source, index);
        ++counts[val->labels != NULL ? val->labels[label] : label];
    }
    for (size_t i = 0; i < t->val_skipped.count; ++i) { /* unreadable: not asked about */
        const int label = an_source_label(val->source, t->val_skipped.pictures[i].index);
        --counts[val->labels != NULL ? val->labels[label] : label];
    }
    for (int c = 0; c < classes; ++c)
        largest = AN_MAX(largest, counts[c]);
    an_free(t->ctx, counts);
    const int64_t images = val->count - (int64_t)t->val_skipped.count;
    if (images > 0) *out = (double)largest / (double)images;
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
        .seconds = t->state->seconds,
        .train_top1 = an_metrics_top1(&t->report.epoch),
        .best_epoch = t->state->best_step >= 0
                          ? (double)t->state->best_step / (double)t->epoch_steps
                          : (double)NAN,
        .classes = t->model->options.classes,
        .images = t->given->data->train.count,
        .ended = find_end(t),
        .planned_epochs = (double)t->state->course.planned / (double)t->epoch_steps,
    };
    an_print(result->run, sizeof result->run, "%s", folder->path);
    an_print(result->recipe, sizeof result->recipe, "%s", t->config->recipe_name);
    an_print(result->model, sizeof result->model, "%s", t->config->model);
    an_print(result->weights, sizeof result->weights, "%s",
             t->state->best_step >= 0 ? folder->best : folder->last);
    an_print(result->last_weights, sizeof result->last_weights, "%s", folder->last);
    AN_TRY(alexnet_model_hash(t->model, result->last_sha256));
    AN_TRY(tell_skipped(t, result));
    return find_guess(t, &result->guess_top1);
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
        .start = an_context_seconds(ctx),
        .seconds_before = state->seconds,
        .first_step = state->step,
        .best_here = -1,
        .saved_step = training->checkpoint != NULL ? state->step : -1,
        .saved_at = an_context_seconds(ctx),
        .mark = {.step = state->step, .seconds = state->seconds, .first = true},
        .epoch_seconds = -1,
        .expected_seconds = (double)NAN,
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
        tell_finished(&t);
        status = train(&t);
    }
    if (status == ALEXNET_OK || status == ALEXNET_STOPPED) {
        const alexnet_status filled = fill_result(&t, result);
        if (filled != ALEXNET_OK) status = filled;
    }
    close_trainer(&t);
    return status;
}
