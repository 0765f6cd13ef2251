/*
 * images.h: the images that a run began with, as a list in its folder. If the data changes,
 * images.txt tells which images differ.
 *
 *     train dog/0007.jpg 18344
 *     val dog/0012.jpg 20311
 *
 * There is a line for each image that is a separate file: its split ("data": training, and
 * validation images are held back from it), its class and name (escaped as in messages), and its
 * bytes. Sets of ALEXNET_SMALL_SET images or more get no list: it would be as large as the weights.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TRAIN_RUN_IMAGES_H
#define AN_TRAIN_RUN_IMAGES_H

#include "train/dataset.h"

/* Writes the list, or nothing if the data has none. IO, NO_MEMORY. */
alexnet_status an_images_write(alexnet_context *ctx, const an_dataset *data,
                               const char *path) AN_NODISCARD;

/*
 * How the data differs from the list, cut to `bytes`: "gone: 'dog/0007.jpg'; new: 'dog/1.jpg' and 3
 * more; of another size: ...". "": no difference, or there is no list. IO, NO_MEMORY.
 */
alexnet_status an_images_differ(alexnet_context *ctx, const an_dataset *data, const char *path,
                                char *text, size_t bytes) AN_NODISCARD;

#endif
