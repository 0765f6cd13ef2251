/*
 * memory.h: how much memory a run takes at most, for the whole process: reported and checked before
 * it begins.
 *
 *     process so far | weights | optimiser | session, images | validation: session, images
 *
 * Validation runs while training images are held ready, so all of it adds up. The start and the end
 * of a run take less.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_MEMORY_H
#define AN_TRAIN_MEMORY_H

#include "base/footprint.h"
#include "train/dataset.h"
#include "train/run/manifest.h"

typedef struct an_memory_job {
    alexnet_model *model; /* may be only described; its frozen parameters are marked */
    const an_config *config;
    const an_dataset *data;
    an_train_state *state;
    int workers;
} an_memory_job;

/*
 * Starts with an_footprint_begin(). Counts the model's values, too, if they are not allocated yet.
 * NO_MEMORY, IO, BAD_ARG, BAD_SHAPE.
 */
alexnet_status an_memory_book(const an_memory_job *job, an_footprint *footprint) AN_NODISCARD;

#endif
