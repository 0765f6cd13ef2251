/*
 * feed.c: see feed.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "train/feed.h"

#include "base/log.h"
#include "base/status.h"
#include "base/text.h"
#include "core/refit.h"
#include "infer/network.h"
#include "infer/skipped.h"
#include "train/growth.h"
#include "train/optimiser.h"
#include <string.h>

/* ---- the size of the input ---- */

static int full_side(const an_feed *feed)
{
    const an_shape full = feed->options.model->nodes[0].x;

    return AN_MIN(full.h, full.w);
}

/* The fraction of the run that is done, 0 .. 1. */
static double fraction_done(const an_feed *feed)
{
    return an_course_fraction(&feed->options.state->course, feed->options.state->step);
}

/* Decided at the start of an epoch, and constant within it. */
static int wanted_side(const an_feed *feed)
{
    const an_train_state *state = feed->options.state;

    if (feed->frozen != NULL) return full_side(feed);
    if (state->step % feed->options.epoch_steps != 0 && state->side > 0) return state->side;
    return an_growth_side(feed->options.config->recipe.grow, full_side(feed), fraction_done(feed));
}

double an_feed_rest(const an_feed *feed)
{
    if (feed->frozen != NULL) return 1; /* rows do not grow */
    return an_growth_rest(feed->options.config->recipe.grow, full_side(feed), fraction_done(feed));
}

/* The model at the session's input size. */
static alexnet_model *network_of(const an_feed *feed)
{
    return feed->view != NULL ? feed->view : feed->options.model;
}

/* ---- the options of the loader ---- */

static alexnet_status ask_training(an_feed *feed, an_loader_options *options)
{
    const alexnet_model *network = network_of(feed);
    const an_config *config = feed->options.config;
    const an_image_set *train = &feed->options.data->train;
    const char *augment = config->recipe.augment;
    const int64_t step = feed->options.state->step;

    *options = (an_loader_options){
        .source = train->source,
        .indices = train->indices,
        .count = train->count,
        .labels = train->labels,
        .views = 1,
        .batch = config->recipe.batch,
        .shuffle = true,
        .seed = config->seed,
        .epoch = step / feed->options.epoch_steps,
        .first_batch = step % feed->options.epoch_steps,
        .repeat = true,
        .workers = feed->options.workers,
    };
    AN_TRY(an_preprocess_parse(network->ctx, network->preprocess, &feed->record));
    AN_TRY(an_augment_parse(network->ctx, augment, &feed->augment));
    feed->augment_no_noise = feed->augment;
    feed->augment_no_noise.pca = feed->augment_no_noise.pca_text = false;
    if (strcmp(augment, "none") != 0) {
        options->augment = &feed->augment;
        options->later = &feed->augment_no_noise;
        options->later_epoch = feed->options.noise_end;
    }
    an_network_set_input(network, &feed->record, options);
    an_skip_policy((alexnet_bad_image)config->on_bad_image, train->count, options);
    return ALEXNET_OK;
}

static an_loader_options ask_validation(const an_feed *feed)
{
    const an_image_set *val = &feed->options.data->val;
    an_loader_options options = {
        .source = val->source,
        .indices = val->indices,
        .count = val->count,
        .labels = val->labels,
        .views = 1,
        .workers = feed->options.workers,
    };

    an_network_set_input(feed->options.model, &feed->record, &options);
    an_skip_policy((alexnet_bad_image)feed->options.config->on_bad_image, val->count, &options);
    return options;
}

/* ---- opening and closing ---- */

static alexnet_status ask_rows(an_feed *feed, an_frozen_options *options)
{
    alexnet_model *model = feed->options.model;
    const an_recipe *recipe = &feed->options.config->recipe;
    an_loader_options train;

    AN_TRY(ask_training(feed, &train));
    *options = (an_frozen_options){
        .model = model,
        .first = an_frozen_part(model),
        .views = recipe->views,
        .train = train,
        .val = ask_validation(feed),
        .epochs = recipe->epochs,
        .progress = feed->options.progress,
        .progress_user = feed->options.progress_user,
    };
    return ALEXNET_OK;
}

/* Only if the first layers are frozen and the recipe keeps their output. */
static alexnet_status open_frozen(an_feed *feed)
{
    alexnet_context *ctx = feed->options.model->ctx;
    an_frozen_options options;

    AN_TRY(ask_rows(feed, &options));
    if (options.first == 0 || options.views == 0) return ALEXNET_OK;
    AN_TRY(an_frozen_open(&options, &feed->frozen));
    if (feed->frozen == NULL) {
        an_log(ctx, ALEXNET_LOG_INFO,
               "the output of the frozen layers is not kept: for one view of each image it would "
               "take over %zu MiB",
               AN_FROZEN_BYTES_MAX >> 20);
        return ALEXNET_OK;
    }
    feed->first = options.first;
    an_log(ctx, ALEXNET_LOG_INFO,
           "the output of the frozen layers is computed once for %d %s of each image and kept: "
           "%zu MiB",
           an_frozen_views(feed->frozen), AN_NOUN(an_frozen_views(feed->frozen), "view", "views"),
           an_frozen_bytes(feed->frozen) >> 20);
    return ALEXNET_OK;
}

/* A session for the present size of the input. */
static alexnet_status open_size(an_feed *feed)
{
    alexnet_model *model = feed->options.model;
    const an_config *config = feed->options.config;
    const an_shape full = model->nodes[0].x;
    const int batch = (int)AN_MIN(config->recipe.batch, feed->options.data->train.count);
    const int side = wanted_side(feed), of = full_side(feed);

    if (side != of)
        AN_TRY(an_model_describe_like(model, full.h * side / of, full.w * side / of, &feed->view));
    feed->options.state->side = side;
    AN_TRY(an_optimiser_open_session(&config->recipe, network_of(feed), batch, feed->first,
                                     config->seed, &feed->session));
    if (config->recipe.mixup > 0)
        AN_TRY(an_mixup_open(model->ctx, config->recipe.mixup, config->seed, batch,
                             (size_t)an_shape_image(network_of(feed)->nodes[feed->first].x),
                             &feed->mixup));
    return ALEXNET_OK;
}

static void close_size(an_feed *feed)
{
    feed->waited = an_feed_wait_seconds(feed);
    an_loader_close(feed->loader);
    alexnet_session_close(feed->session);
    alexnet_model_free(feed->view);
    an_mixup_close(feed->options.model->ctx, &feed->mixup);
    feed->loader = NULL;
    feed->session = NULL;
    feed->view = NULL;
}

static void tell_size(const an_feed *feed)
{
    const an_shape x = network_of(feed)->nodes[0].x, full = feed->options.model->nodes[0].x;

    if (feed->view != NULL)
        an_log(feed->options.model->ctx, ALEXNET_LOG_INFO,
               "the input is %dx%d now, and grows to %dx%d", x.h, x.w, full.h, full.w);
}

alexnet_status an_feed_open(const an_feed_options *options, an_feed *out)
{
    *out = (an_feed){.options = *options};
    alexnet_status status = open_frozen(out);
    if (status == ALEXNET_OK) status = open_size(out);
    if (status == ALEXNET_OK)
        tell_size(out);
    else
        an_feed_close(out);
    return status;
}

/* At the input's full size, the largest. */
alexnet_status an_feed_book(const an_feed_options *options, an_footprint *footprint, bool *kept)
{
    an_feed feed = {.options = *options};
    alexnet_model *model = options->model;
    const an_recipe *recipe = &options->config->recipe;
    const int batch = (int)AN_MIN(recipe->batch, options->data->train.count);
    an_frozen_options rows;
    int64_t bytes = 0;

    *kept = false;
    AN_TRY(ask_rows(&feed, &rows));
    if (rows.first > 0 && rows.views > 0) AN_TRY(an_frozen_book(&rows, footprint, kept));
    const int first = *kept ? rows.first : 0;
    AN_TRY(an_optimiser_book_session(recipe, model, batch, first, footprint));
    if (recipe->mixup > 0)
        bytes += an_mixup_bytes(batch, (size_t)an_shape_image(model->nodes[first].x));
    if (!*kept) AN_TRY(an_loader_book(model->ctx, &rows.train, &bytes));
    an_footprint_add(footprint, bytes);
    return ALEXNET_OK;
}

void an_feed_close(an_feed *feed)
{
    if (feed->options.model == NULL) return;
    close_size(feed);
    an_frozen_close(feed->frozen);
    an_bad_list_free(feed->options.model->ctx, &feed->skipped);
    *feed = (an_feed){0};
}

/* ---- the run ---- */

static alexnet_status add_skipped(an_feed *feed, an_bad_list *list)
{
    alexnet_context *ctx = feed->options.model->ctx;
    const an_bad_image *bad;
    const size_t count = feed->loader != NULL ? an_loader_bad(feed->loader, &bad) : 0;

    for (size_t i = 0; i < count; ++i)
        AN_TRY(an_bad_list_add(ctx, list, bad[i].index, bad[i].reason));
    return ALEXNET_OK;
}

alexnet_status an_feed_grow(an_feed *feed)
{
    const an_train_state *state = feed->options.state;

    if (wanted_side(feed) == state->side) return ALEXNET_OK;
    AN_TRY(add_skipped(feed, &feed->skipped));
    close_size(feed);
    AN_TRY(open_size(feed));
    an_log(feed->options.model->ctx, ALEXNET_LOG_INFO, "epoch %.4g: the input is %dx%d from now on",
           (double)state->step / (double)feed->options.epoch_steps, network_of(feed)->nodes[0].x.h,
           network_of(feed)->nodes[0].x.w);
    return ALEXNET_OK;
}

/* The loader's threads start with the first batch, so that they do not disturb a rehearsal. */
static alexnet_status open_loader(an_feed *feed)
{
    an_loader_options options;

    AN_TRY(ask_training(feed, &options));
    return an_loader_open(feed->options.model->ctx, &options, &feed->loader);
}

static alexnet_status find_batch(an_feed *feed, const an_batch **batch)
{
    if (feed->frozen != NULL) {
        const alexnet_status status = an_frozen_next(feed->frozen, batch);
        return status == ALEXNET_STOPPED ? ALEXNET_OK : status;
    }
    if (feed->loader == NULL) AN_TRY(open_loader(feed));
    return an_loader_next(feed->loader, batch);
}

alexnet_status an_feed_next(an_feed *feed, const an_batch **batch)
{
    *batch = NULL;
    AN_TRY(find_batch(feed, batch));
    if (*batch != NULL && feed->mixup.strength > 0)
        *batch = an_mixup_blend(&feed->mixup, *batch, feed->options.state->step);
    return ALEXNET_OK;
}

double an_feed_wait_seconds(const an_feed *feed)
{
    return feed->waited + (feed->loader != NULL ? an_loader_wait_seconds(feed->loader) : 0);
}

double an_feed_row_seconds(const an_feed *feed)
{
    return feed->frozen != NULL ? an_frozen_seconds(feed->frozen) : 0;
}

double an_feed_row_seconds_left(const an_feed *feed)
{
    return feed->frozen != NULL ? an_frozen_seconds_left(feed->frozen) : 0;
}

alexnet_status an_feed_take_skipped(an_feed *feed, an_bad_list *train, an_bad_list *val)
{
    if (feed->frozen != NULL) return an_frozen_take_skipped(feed->frozen, train, val);
    AN_TRY(an_bad_list_add_all(feed->options.model->ctx, train, &feed->skipped));
    return add_skipped(feed, train);
}
