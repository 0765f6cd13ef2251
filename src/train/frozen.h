/*
 * frozen.h: the output of frozen layers, computed once for each image and augmented view, and kept.
 *
 *     images --> frozen layers --> rows [view][image][c * h * w] --> trained layers, at each step
 *
 * Epoch e uses view e % views of each image: the result of augmentation in epoch e % views. With as
 * many views as epochs, the kept rows equal the rows that would be computed at each step. The rows
 * of validation images are kept, too.
 *
 * A view is computed when its first epoch begins. Rows are float32 in memory, AN_FROZEN_BYTES_MAX
 * at most. The limit does not depend on the machine because the number of views decides the bits.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_FROZEN_H
#define AN_TRAIN_FROZEN_H

#include "base/footprint.h"
#include "core/model.h"
#include "data/loader.h"
#include "infer/metrics.h"

#define AN_FROZEN_BYTES_MAX ((size_t)1 << 30)

/*
 * The first node whose output is not a function of the image alone: the first with trained
 * parameters or random numbers (dropout). 0: no layer before it has parameters.
 */
int an_frozen_part(const alexnet_model *model);

typedef struct an_frozen_options {
    alexnet_model *model;
    int first; /* an_frozen_part(), above 0 */
    int views; /* at most; at least 1 */
    /* as for the training loader; epoch and first_batch: where to start */
    an_loader_options train;
    an_loader_options val;        /* count 0: no validation */
    double epochs;                /* of the run; no more views than that are computed */
    alexnet_progress_fn progress; /* phase "features"; may be NULL */
    void *progress_user;
} an_frozen_options;

typedef struct an_frozen an_frozen;

/*
 * *out stays NULL, with status OK, if one view of the training images and the validation images do
 * not fit the limit. NO_MEMORY, BAD_SHAPE.
 */
alexnet_status an_frozen_open(const an_frozen_options *options, an_frozen **out) AN_NODISCARD;
void an_frozen_close(an_frozen *frozen);

/*
 * Adds the memory of the rows and of computing them. The model may be only described. *kept:
 * whether rows will be kept; if not, nothing is added. Errors as an_frozen_open().
 */
alexnet_status an_frozen_book(const an_frozen_options *options, an_footprint *footprint,
                              bool *kept) AN_NODISCARD;

int an_frozen_views(const an_frozen *frozen);
size_t an_frozen_bytes(const an_frozen *frozen); /* of all rows */

/*
 * As an_loader_next(), with rows [n][c * h * w] instead of images. STOPPED by the progress
 * callback.
 */
alexnet_status an_frozen_next(an_frozen *frozen, const an_batch **batch) AN_NODISCARD;

/* Evaluates on the validation images. STOPPED, DIVERGED. */
alexnet_status an_frozen_eval(an_frozen *frozen, an_metrics *metrics) AN_NODISCARD;

/* Times the frozen layers on random images, for an_frozen_seconds_left(). Computes no rows. */
alexnet_status an_frozen_rehearse(an_frozen *frozen, uint64_t seed) AN_NODISCARD;

double an_frozen_seconds(const an_frozen *frozen); /* spent on rows so far */
/* Estimate for the rows still to compute; 0: not known. */
double an_frozen_seconds_left(const an_frozen *frozen);

/* Unreadable images so far. NO_MEMORY. */
alexnet_status an_frozen_take_skipped(const an_frozen *frozen, an_bad_list *train,
                                      an_bad_list *val) AN_NODISCARD;

#endif
