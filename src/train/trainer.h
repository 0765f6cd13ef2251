/*
 * trainer.h: the training loop (section 5 of the paper), with validation, checkpoints and limits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_TRAINER_H
#define AN_TRAIN_TRAINER_H

#include "base/footprint.h"
#include "train/config.h"
#include "train/dataset.h"
#include "train/run/disk.h"
#include "train/run/manifest.h"
#include "train/run/run_folder.h"

/* The inputs of a run; all borrowed. */
typedef struct an_training {
    const an_config *config;
    const an_run_folder *folder;
    const an_dataset *data;
    alexnet_model *model;
    const an_disk *disk;
    const an_footprint *memory; /* only reported */
    const char *checkpoint;     /* to load the optimiser from; NULL: a new run */
    bool best_due; /* its weights are the best, but not yet written to best.safetensors */
    const alexnet_train_options *options; /* only workers and callbacks are read */
} an_training;

/*
 * Trains from *state to the first limit and fills *state and *result, except
 * result->weights_sha256, the hash of a file. STOPPED (a checkpoint is written), DIVERGED, BAD_FILE
 * (bad images), IO, NO_MEMORY.
 */
alexnet_status an_train_run(const an_training *training, an_train_state *state,
                            alexnet_train_result *result) AN_NODISCARD;

#endif
