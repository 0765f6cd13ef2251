/*
 * held_back.h: the images that a run validates with, for whoever measures its weights later, and as
 * a list in its folder.
 *
 * alexnet_evaluate() is implemented here: with no data given it measures what a run held back.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_HELD_BACK_H
#define AN_TRAIN_RUN_HELD_BACK_H

#include "train/dataset.h"

/*
 * Writes the images that were split off as a list, which is a data set of its own (data/list.c):
 *
 *     path,label
 *     /photos/dog/0007.jpg,dog
 *
 * Writes nothing where nothing was split off, or where the data lies in no file. Names are from the
 * root; those of images inside a file go on in it ("/photos.tar/dog/7.jpg"). IO, NO_MEMORY.
 */
alexnet_status an_held_back_write(alexnet_context *ctx, const an_dataset *data,
                                  const an_config *config, const char *path) AN_NODISCARD;

#endif
