/*
 * account.h: what a run reports to its caller: its plan at the start, its result at the end.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_ACCOUNT_H
#define AN_TRAIN_ACCOUNT_H

#include "train/feed.h"
#include "train/optimiser.h"
#include "train/pace.h"
#include "train/report.h"
#include "train/trainer.h"

/* What the report is made from; all borrowed. */
typedef struct an_account {
    const an_training *training;
    const an_train_state *state;
    int64_t epoch_steps;
    const an_optimiser *optimiser;
    an_feed *feed;
    const an_pacer *pacer;
    const an_report *report;
    an_bad_list *val_skipped; /* unreadable validation images; those of the feed are added */
} an_account;

/* Calls the caller's `start` callback, if there is one. */
void an_account_begin(const an_account *account);

/* Fills the result, except weights_sha256, and logs the unreadable images. NO_MEMORY. */
alexnet_status an_account_end(const an_account *account, alexnet_train_result *result) AN_NODISCARD;

/*
 * The fraction of images in the largest class: the accuracy of always predicting it. Unreadable
 * images are not counted. NaN: there are no images. NO_MEMORY.
 */
alexnet_status an_account_guess(alexnet_context *ctx, const an_image_set *set,
                                const an_bad_list *skipped, int classes, double *out) AN_NODISCARD;

#endif
