/*
 * held_back.h: the validation images that a run held back, as a list in its folder, and to evaluate
 * its weights on later.
 *
 * alexnet_evaluate() is implemented here: without data it evaluates a run on the images it held
 * back.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_HELD_BACK_H
#define AN_TRAIN_RUN_HELD_BACK_H

#include "train/dataset.h"

/*
 * Writes the images that were held back as a list, which can be used as a data set (data/list.c):
 *
 *     path,label
 *     /photos/dog/0007.jpg,dog
 *
 * Writes nothing if no image was held back, or if the data is not in a file. Paths are absolute;
 * for an image inside an archive, its name follows the archive's ("/photos.tar/dog/7.jpg"). IO,
 * NO_MEMORY.
 */
alexnet_status an_held_back_write(alexnet_context *ctx, const an_dataset *data,
                                  const an_config *config, const char *path) AN_NODISCARD;

#endif
