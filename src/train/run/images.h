/*
 * images.h: the images that a run began with, as a list in its folder: images.txt names what has
 * changed when they are no longer those.
 *
 *     train dog/0007.jpg 18344
 *     val dog/0012.jpg 20311
 *
 * A line for each image that is a file of its own: what it is for ("data": what is not split off later on is trained on), its class and own name (escaped as in messages), its
 * bytes. Sets of ALEXNET_SMALL_SET images and more get no list: it would be as large as weights are.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_IMAGES_H
#define AN_TRAIN_RUN_IMAGES_H

#include "train/dataset.h"

/* Writes the list, or nothing where there is none to write. IO, NO_MEMORY. */
alexnet_status an_images_write(alexnet_context *ctx, const an_dataset *data,
                               const char *path) AN_NODISCARD;

/*
 * How the data differs from the list: "gone: 'dog/0007.jpg'; new: 'dog/1.jpg' and 3 more; of another size: ...", cut where it
 * does not fit. "": it does not, or there is no list. IO, NO_MEMORY.
 */
alexnet_status an_images_differ(alexnet_context *ctx, const an_dataset *data, const char *path,
                                char *text, size_t bytes) AN_NODISCARD;

#endif
