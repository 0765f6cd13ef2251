/*
 * mean_image.h: the mean of the training images, for each pixel, for families whose preprocessing
 * subtracts it.
 *
 * The images are preprocessed as in inference (resized, centre crop), so the mean has the network's
 * input size. Pixels are integers and so are their sums: the mean does not depend on threads or
 * order.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_MEAN_IMAGE_H
#define AN_TRAIN_MEAN_IMAGE_H

#include "core/model.h"
#include "data/loader.h"

/* Of `images`, only source, indices, count, workers, skip_bad and skip_max are read. */
typedef struct an_mean_job {
    alexnet_model *model;        /* gets the mean image */
    const an_preprocess *record; /* the model's */
    an_loader_options images;
    alexnet_progress_fn progress; /* phase "mean"; may be NULL */
    void *progress_user;
} an_mean_job;

/* STOPPED, BAD_FILE (bad images, or no good one), NO_MEMORY, IO. */
alexnet_status an_mean_image_compute(const an_mean_job *job) AN_NODISCARD;

#endif
