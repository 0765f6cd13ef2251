/*
 * dataset.h: the images of a run: those to train on, and those to validate with.
 *
 *   val is given             that data set (its own `val` or `test`, else all of it)
 *   data has val or test     that part
 *   otherwise                a split of the training part (split.h); none when val_split is 0
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_DATASET_H
#define AN_TRAIN_DATASET_H

#include "train/config.h"
#include "train/split.h"

/* Some images of a source. */
typedef struct an_image_set {
    const an_source *source;
    const int64_t *indices; /* NULL: all */
    int64_t count;
    const int *labels; /* class of the source to class of the model; NULL: the same */
} an_image_set;

/* Zeroed: closed. */
typedef struct an_dataset {
    an_image_set train, val;               /* val.count 0: no validation */
    an_source *train_source, *val_source; /* val_source NULL: split off the training part */
    an_split split;
    int *train_labels, *val_labels;
} an_dataset;

alexnet_status an_dataset_open(alexnet_context *ctx, const an_config *config,
                               an_dataset *out) AN_NODISCARD;
/* The same without a word: training told what there is to tell. */
alexnet_status an_dataset_open_again(alexnet_context *ctx, const an_config *config,
                                     an_dataset *out) AN_NODISCARD;
void an_dataset_close(alexnet_context *ctx, an_dataset *data);

/* BAD_FILE when these are not the images that the run of this config began with. */
alexnet_status an_dataset_check(alexnet_context *ctx, const an_dataset *data,
                                const an_config *config) AN_NODISCARD;

/* Gives the images the model's class numbers. A class that the model does not have is BAD_ARG in
 * the training part, BAD_FILE in the validation part. */
alexnet_status an_dataset_map(an_dataset *data, const alexnet_model *model,
                              const an_config *config) AN_NODISCARD;

#endif
