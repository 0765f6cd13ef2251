/*
 * memory.h: how much memory a run takes, said and checked before it begins: of the whole process, at most.
 *
 *     what is there   | weights | optimiser | session, images ahead | validation: session, images ahead |
 *
 * Validation comes while the images of training wait, so all of it counts. What ends a run, and what begins one, takes less.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_MEMORY_H
#define AN_TRAIN_MEMORY_H

#include "base/footprint.h"
#include "train/dataset.h"
#include "train/run/manifest.h"

typedef struct an_memory_job {
    alexnet_model *model; /* an outline will do; its frozen parameters are marked */
    const an_config *config;
    const an_dataset *data;
    an_train_state *state; /* where the run stands */
    int workers;
} an_memory_job;

/* From an_footprint_begin() on, the model's values counted where it has none yet. NO_MEMORY, IO, BAD_ARG, BAD_SHAPE. */
alexnet_status an_memory_book(const an_memory_job *job, an_footprint *footprint) AN_NODISCARD;

#endif
