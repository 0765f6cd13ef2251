/*
 * dataset.h: the training and validation images of a run. The validation images are
 *
 *   val is given             that data set (its `val` or `test` split, else all of it)
 *   data has val or test     that split
 *   otherwise                held back from the training images (split.h); none if val_split is 0
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_DATASET_H
#define AN_TRAIN_DATASET_H

#include "train/config.h"
#include "train/split.h"

/* A selection of the images of a source. */
typedef struct an_image_set {
    const an_source *source;
    const int64_t *indices; /* NULL: all */
    int64_t count;
    const int *labels; /* class of the source to class of the model; NULL: the same */
} an_image_set;

/* Zeroed: closed. */
typedef struct an_dataset {
    an_image_set train, val;              /* val.count 0: no validation */
    an_source *train_source, *val_source; /* val_source NULL: held back from the training images */
    an_split split;
    int *train_labels, *val_labels;
} an_dataset;

alexnet_status an_dataset_open(alexnet_context *ctx, const an_config *config,
                               an_dataset *out) AN_NODISCARD;
/* The same without log messages, which training has printed already. */
alexnet_status an_dataset_open_again(alexnet_context *ctx, const an_config *config,
                                     an_dataset *out) AN_NODISCARD;
void an_dataset_close(alexnet_context *ctx, an_dataset *data);

/* BAD_FILE if these are not the images that the run of this config began with. */
alexnet_status an_dataset_check(alexnet_context *ctx, const an_dataset *data,
                                const an_config *config) AN_NODISCARD;

/* Sets the labels to the model's class numbers. A class that the model does not have is BAD_ARG
 * among the training images, BAD_FILE among the validation images. */
alexnet_status an_dataset_map(an_dataset *data, const alexnet_model *model,
                              const an_config *config) AN_NODISCARD;

#endif
