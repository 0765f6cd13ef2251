/*
 * caffe_record.h: how images become the input of a network of Caffe. Its file of weights may say a
 * part of it (the data layer of the network that was trained), a definition beside it another, and
 * the mean image is a file of its own:
 *
 *     NAME.prototxt                     as our own writer calls it (caffe_write.h); its comments
 *                                       may have a record, class names, a mean image's name
 *     train_val.prototxt, train_test.prototxt, or PREFIX_train_val.prototxt and
 *     PREFIX_train_test.prototxt where the weights' name begins with PREFIX
 *     mean.binaryproto, imagenet_mean.binaryproto, or the file that a data layer names
 *
 * Only these are looked for, and in the folder of the weights only.
 *
 * Caffe reads images as blue, green, red, but for CIFAR-10: its converter stores the planes as they
 * are, red first (BVLC/caffe, examples/cifar10/convert_cifar_data.cpp). So images of 32x32 or less
 * are taken to be red first.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_CAFFE_RECORD_H
#define AN_FORMATS_CAFFE_CAFFE_RECORD_H

#include "formats/tensor_file.h"

/* Zeroed: nothing was found. */
typedef struct an_caffe_sidecar {
    const char *record;     /* of preprocessing (image/preprocess.h); NULL: unknown */
    const char *classes;    /* a JSON list of names; NULL: unnamed */
    const char *definition; /* path of the prototxt that was used; NULL: none */
    const char *mean;       /* path of the mean image; NULL: none */
    float *mean_image;      /* [3][h][w] of mean_shape, in the order of the network's channels; NULL
                               unless the record says mean=image */
    int mean_shape[3];
    an_store store; /* the texts */
} an_caffe_sidecar;

/*
 * Looks for what belongs to an open `.caffemodel`, and logs a line for each file that is used, and
 * for a mean image that is missing or too small. Files that are not there are no failure. BAD_FILE
 * (one that is used is damaged), IO, NO_MEMORY. On failure *out is zeroed.
 */
alexnet_status an_caffe_sidecar_find(alexnet_context *ctx, const char *path,
                                     const an_tensor_file *file,
                                     an_caffe_sidecar *out) AN_NODISCARD;
void an_caffe_sidecar_close(alexnet_context *ctx, an_caffe_sidecar *sidecar);

/* Reads a mean image of three channels, such as Caffe's compute_image_mean writes: *out is
   [3][shape[1]][shape[2]]; free it. BAD_FILE, NOT_FOUND, IO, NO_MEMORY. */
alexnet_status an_caffe_mean_read(alexnet_context *ctx, const char *path, int shape[3],
                                  float **out) AN_NODISCARD;

#endif
