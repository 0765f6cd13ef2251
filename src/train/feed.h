/*
 * feed.h: what feeds the network: its batches, and the session that takes them, at the size that
 * the input has now.
 *
 *     images --> loader -----------------------------+--> mixup --> session    all layers
 *     images --> frozen layers, once --> kept rows --'                         those that are trained
 *
 * Which images a batch has, and how they are varied, are functions of (seed, epoch, image). The size
 * is decided where an epoch begins (growth.h): a session and a loader of the new size then take the
 * place of the old ones, over the same values.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_FEED_H
#define AN_TRAIN_FEED_H

#include "core/session.h"
#include "train/dataset.h"
#include "train/frozen.h"
#include "train/mixup.h"
#include "train/run/manifest.h"

/* All borrowed. */
typedef struct an_feed_options {
    alexnet_model *model;
    const an_config *config;
    const an_dataset *data;
    an_train_state *state; /* step and course are looked at; side is set */
    int64_t epoch_steps;
    int64_t noise_end;            /* the first epoch without colour noise: an_events_noise_end() */
    int workers;                  /* of the loader */
    alexnet_progress_fn progress; /* while rows are computed; may be NULL */
    void *progress_user;
} an_feed_options;

/* Zeroed: closed. Not to be moved while it is open. Others look at the session and the kept rows
   alone. */
typedef struct an_feed {
    an_feed_options options;
    alexnet_session *session;
    an_frozen *frozen;   /* the kept rows; NULL: there are none, all layers run at each step */
    int first;           /* the first node that runs at each step */
    alexnet_model *view; /* the model at the input's present size; NULL: it is the model's own */
    an_loader *loader;   /* NULL with rows, and until the first batch */
    an_mixup mixup;      /* closed: images are not blended */
    an_preprocess record;
    an_augment augment, calm; /* calm: without colour noise */
    an_bad_list skipped;      /* of loaders that are closed */
    double waited;            /* for images, the same */
} an_feed;

/* For the step where the state stands. NO_MEMORY, BAD_ARG, BAD_SHAPE; then nothing is open. */
alexnet_status an_feed_open(const an_feed_options *options, an_feed *out) AN_NODISCARD;
void an_feed_close(an_feed *feed);

/*
 * The memory that it takes, in a run of however many steps; the model may be an outline. *kept: an_frozen_book(). As
 * an_feed_open().
 */
alexnet_status an_feed_book(const an_feed_options *options, an_footprint *footprint,
                            bool *kept) AN_NODISCARD;

/* To be called before each step: where an epoch begins, the input takes the size of its place in the
   run. As an_feed_open(). */
alexnet_status an_feed_grow(an_feed *feed) AN_NODISCARD;

/*
 * The batch of the step that the state names; steps follow each other. Valid until the next call.
 * *batch is NULL when the progress callback says to stop. BAD_FILE by the policy for bad images,
 * NO_MEMORY.
 */
alexnet_status an_feed_next(an_feed *feed, const an_batch **batch) AN_NODISCARD;

/* What the mean step of the rest of the run costs, in steps of the present size: an estimate. */
double an_feed_rest(const an_feed *feed);

double an_feed_wait_seconds(const an_feed *feed); /* spent waiting for images */
double an_feed_row_seconds(const an_feed *feed);  /* spent on rows, within steps and validation */
double an_feed_row_seconds_left(const an_feed *feed); /* on those to come: an estimate */

/* Adds the unreadable images that it has met: of training, and of validation, if those are rows.
   NO_MEMORY. */
alexnet_status an_feed_take_skipped(an_feed *feed, an_bad_list *train,
                                    an_bad_list *val) AN_NODISCARD;

#endif
