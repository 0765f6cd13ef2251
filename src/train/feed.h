/*
 * feed.h: the input of the network: its batches, and the session that trains on them, at the
 * present size of the input.
 *
 *     images --> loader -----------------------------+--> mixup --> session    all layers
 *     images --> frozen layers, once --> kept rows --'                         the trained ones
 *
 * The images of a batch and their augmentation are functions of (seed, epoch, image). The size is
 * decided at the start of each epoch (growth.h): a session and a loader of the new size then
 * replace the old ones, with the same weights.
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
    an_train_state *state; /* step and course are read; side is set */
    int64_t epoch_steps;
    int64_t noise_end;            /* the first epoch without colour noise: an_events_noise_end() */
    int workers;                  /* of the loader */
    alexnet_progress_fn progress; /* while rows are computed; may be NULL */
    void *progress_user;
} an_feed_options;

/* Zeroed: closed. Must not move in memory while it is open. Other files use only `session` and
   `frozen`. */
typedef struct an_feed {
    an_feed_options options;
    alexnet_session *session;
    an_frozen *frozen;   /* the kept rows; NULL: none, all layers run at each step */
    int first;           /* the first node that runs at each step */
    alexnet_model *view; /* the model at the input's present size; NULL: that is the model's size */
    an_loader *loader;   /* NULL with kept rows, and until the first batch */
    an_mixup mixup;      /* closed: images are not blended */
    an_preprocess record;
    an_augment augment, augment_no_noise; /* the second without colour noise */
    an_bad_list skipped;                  /* by loaders that are closed */
    double waited;                        /* seconds, for images of loaders that are closed */
} an_feed;

/* Opens the feed at the state's step. NO_MEMORY, BAD_ARG, BAD_SHAPE; nothing is open then. */
alexnet_status an_feed_open(const an_feed_options *options, an_feed *out) AN_NODISCARD;
void an_feed_close(an_feed *feed);

/*
 * Adds the memory that the feed takes at most during the whole run. The model may be only
 * described. *kept: as in an_frozen_book(). Errors as an_feed_open().
 */
alexnet_status an_feed_book(const an_feed_options *options, an_footprint *footprint,
                            bool *kept) AN_NODISCARD;

/* Call before each step: at the start of an epoch, sets the input size by the fraction of the
   run that is done. Errors as an_feed_open(). */
alexnet_status an_feed_grow(an_feed *feed) AN_NODISCARD;

/*
 * The batch of the state's step; steps must be consecutive. Valid until the next call. *batch is
 * NULL if the progress callback asks to stop. BAD_FILE by the policy for bad images, NO_MEMORY.
 */
alexnet_status an_feed_next(an_feed *feed, const an_batch **batch) AN_NODISCARD;

/* Estimated mean cost of the remaining steps, relative to a step of the present size. */
double an_feed_rest(const an_feed *feed);

double an_feed_wait_seconds(const an_feed *feed); /* spent waiting for images */
double an_feed_row_seconds(const an_feed *feed);  /* spent on rows, within steps and validation */
double an_feed_row_seconds_left(const an_feed *feed); /* estimate for the rows still to compute */

/* Adds the unreadable images found so far: of training, and of validation if its rows are kept.
   NO_MEMORY. */
alexnet_status an_feed_take_skipped(an_feed *feed, an_bad_list *train,
                                    an_bad_list *val) AN_NODISCARD;

#endif
