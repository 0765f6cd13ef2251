/*
 * dataset.h: the training and validation images of a run. The validation images are
 *
 *   val is given             that data set (its `val` or `test` split, else all of it)
 *   data has val or test     that split
 *   otherwise                held back from the training images (split.h); none if val_split is 0
 *
 * `data`, `val` and `val_split` are settings of the run (config.h); splits: data/source.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_DATASET_H
#define AN_TRAIN_DATASET_H

#include "train/config.h"
#include "train/split.h"

/* A selection of the images of a source. It borrows all three pointers. */
typedef struct an_image_set {
    const an_source *source;
    const int64_t *indices; /* [count] of the source's images; NULL: all of them */
    int64_t count;
    const int *labels; /* class of the source to class of the model; NULL: the same */
} an_image_set;

/* Zeroed: closed. */
typedef struct an_dataset {
    an_image_set train, val; /* what callers read; val.count 0: no validation */
    /* what these point to: */
    an_source *train_source, *val_source; /* val_source NULL: held back from the training images */
    an_split split;                       /* empty if val_source is not NULL */
    int *train_labels, *val_labels;       /* NULL: nothing to map */
} an_dataset;

/*
 * Opens the data of a run. Logs what the user may not expect of them. Errors of an_source_open()
 * and an_split_open(); BAD_FILE: the name of a class is not UTF-8. Nothing is open then.
 */
alexnet_status an_dataset_open(alexnet_context *ctx, const an_config *config,
                               an_dataset *out) AN_NODISCARD;
/* The same without log messages, for a run whose training has logged them. */
alexnet_status an_dataset_open_again(alexnet_context *ctx, const an_config *config,
                                     an_dataset *out) AN_NODISCARD;
void an_dataset_close(alexnet_context *ctx, an_dataset *data);

/*
 * Compares the data with what config says of those that its run began with: counts, names, classes,
 * sizes of files. BAD_FILE: they differ.
 */
alexnet_status an_dataset_check(alexnet_context *ctx, const an_dataset *data,
                                const an_config *config) AN_NODISCARD;

/*
 * Sets `labels` of both sets, so that images have the model's class numbers. Logs classes that have
 * one training image, or no validation image. A class that the model does not have is BAD_ARG among
 * the training images, BAD_FILE among the validation images. NO_MEMORY.
 */
alexnet_status an_dataset_map_classes(an_dataset *data, const alexnet_model *model,
                                      const an_config *config) AN_NODISCARD;

#endif
