/*
 * trainer.h: the training loop: section 5 of the paper, with what a long run needs around it.
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

/* What a run works on; all of it borrowed. */
typedef struct an_training {
    const an_config *config;
    const an_run_folder *folder;
    const an_dataset *data;
    alexnet_model *model;
    const an_disk *disk;
    const an_footprint *memory; /* only to be told */
    const char *checkpoint;     /* whose optimiser to go on with; NULL: from the start */
    bool best_due; /* its weights are the best, and best.safetensors is none of them yet */
    const alexnet_train_options *options; /* workers and callbacks; nothing else is looked at */
} an_training;

/*
 * Trains from *state until the first limit; *state and *result then say how it ended (but for
 * result->weights_sha256, the hash of a file). STOPPED (with a checkpoint written), DIVERGED, BAD_FILE
 * (bad images), IO, NO_MEMORY.
 */
alexnet_status an_train_run(const an_training *training, an_train_state *state,
                            alexnet_train_result *result) AN_NODISCARD;

#endif
