/*
 * frozen.h: what frozen layers give is computed once for each image and augmented view, and kept.
 *
 *     images --> frozen layers --> rows [view][image][c * h * w] --> the layers that are trained, each step
 *
 * Epoch e takes view e % views of each image: the view that augmentation makes of it in epoch e % views. As many
 * views as epochs, and the kept rows are those that would have been computed. The images of validation are kept, too.
 *
 * A view is computed when its first epoch begins. Rows are float32 in memory, AN_FROZEN_BYTES_MAX at most: a limit that
 * does not depend on the machine, as the number of views decides the bits.
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
 * The first node that is not a function of the image alone: the first that has something to train, or that draws
 * (dropout). 0: there is no layer with parameters before it.
 */
int an_frozen_part(const alexnet_model *model);

typedef struct an_frozen_options {
    alexnet_model *model;
    int first; /* an_frozen_part(), above 0 */
    int views; /* at most; at least 1 */
    an_loader_options
        train; /* as for the loader of training; epoch and first_batch: where to start */
    an_loader_options val;        /* count 0: no validation */
    double epochs;                /* of the run: more views are of no use */
    alexnet_progress_fn progress; /* phase "features"; may be NULL */
    void *progress_user;
} an_frozen_options;

typedef struct an_frozen an_frozen;

/*
 * *out stays NULL, with status OK, where one view of the images and those of validation do not fit the limit.
 * NO_MEMORY, BAD_SHAPE.
 */
alexnet_status an_frozen_open(const an_frozen_options *options, an_frozen **out) AN_NODISCARD;
void an_frozen_close(an_frozen *frozen);

/*
 * The memory that rows take, and computing them; the model may be an outline. *kept: whether there will be any, else
 * nothing is added. As an_frozen_open().
 */
alexnet_status an_frozen_book(const an_frozen_options *options, an_footprint *footprint,
                              bool *kept) AN_NODISCARD;

int an_frozen_views(const an_frozen *frozen);
size_t an_frozen_bytes(const an_frozen *frozen); /* of all rows */

/* As an_loader_next(), with rows [n][c * h * w] in place of images. STOPPED when the progress callback says so. */
alexnet_status an_frozen_next(an_frozen *frozen, const an_batch **batch) AN_NODISCARD;

/* Marks the answers to the images of validation. STOPPED, DIVERGED. */
alexnet_status an_frozen_eval(an_frozen *frozen, an_metrics *metrics) AN_NODISCARD;

/* Times the frozen layers on random images, for an_frozen_seconds_left(). Counts as nothing computed. */
alexnet_status an_frozen_rehearse(an_frozen *frozen, uint64_t seed) AN_NODISCARD;

double an_frozen_seconds(const an_frozen *frozen); /* spent on rows so far */
double
an_frozen_seconds_left(const an_frozen *frozen); /* an estimate for those to come; 0: not known */

/* Unreadable images so far. NO_MEMORY. */
alexnet_status an_frozen_take_skipped(const an_frozen *frozen, an_bad_list *train,
                                      an_bad_list *val) AN_NODISCARD;

#endif
