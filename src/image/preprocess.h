/*
 * preprocess.h: from pixels to the network's input. Every image goes this way: in inference by the
 * preprocessing record of a weights file, in training with an augmentation as well.
 *
 * A record is text, settings of base/settings.h, so that people can read it in the file:
 *
 *     resize=short:256 filter=bilinear crop=224 orientation=stored channels=rgb divide=255
 *     mean=0.485,0.456,0.406 std=0.229,0.224,0.225
 *
 *   resize       short:N    the short side becomes N, the other int(N * long / short)
 *                           (torchvision's Resize)
 *                square:N   the same, and then the middle N x N of it, or what a larger crop needs
 *                           (Krizhevsky et al. 2012, 2)
 *                exact:HxW  both sides; the aspect ratio is lost (Caffe)
 *                none
 *   crop         N or HxW: the centre, offset round-half-even((size - crop) / 2) (torchvision's
 *                CenterCrop; zero padding if the image is smaller); none
 *   orientation  stored | exif; older records say ignore for stored
 *   channels     rgb | bgr
 *   divide       255: x / 255 in float32 (torchvision's ToTensor); 1: pixels stay 0 .. 255
 *   mean, std    per channel in the network's order, in the units after `divide`:
 *                (x - mean) / std in float32
 *   mean=image   subtracts the mean image stored with the weights (of its own size; a smaller crop
 *                uses its centre)
 *
 * Training uses the same record; the augmentation of augment.h precedes or replaces its resize and
 * crop.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_PREPROCESS_H
#define AN_IMAGE_PREPROCESS_H

#include "base/rng.h"
#include "image/augment.h"
#include "image/image.h"
#include "image/resize.h"
#include <stdbool.h>

typedef enum an_resize_rule {
    AN_RESIZE_NONE,
    AN_RESIZE_SHORT,
    AN_RESIZE_SQUARE,
    AN_RESIZE_EXACT
} an_resize_rule;

typedef struct an_preprocess {
    an_resize_rule resize;
    int resize_h, resize_w; /* SHORT and SQUARE: both are the short side */
    an_filter filter;
    int crop_h, crop_w; /* 0: none; resize must then give the size of the input */
    an_orientation orientation;
    bool bgr;
    double divide;
    float mean[3], std[3];
    bool subtract_image;
} an_preprocess;

/* BAD_ARG names the word that is wrong. */
alexnet_status an_preprocess_parse(alexnet_context *ctx, const char *text,
                                   an_preprocess *out) AN_NODISCARD;

/*
 * Checks what can be checked of a record before any image is known: a mean image that it needs is
 * there (else BAD_ARG) and not smaller than height x width, and its sizes give height x width
 * (else BAD_SHAPE). Where the size depends on the image, it is not checked.
 */
alexnet_status an_preprocess_check(alexnet_context *ctx, const an_preprocess *record,
                                   const float *mean_image, int mean_h, int mean_w, int height,
                                   int width) AN_NODISCARD;

/* Working memory of one thread. Must be zeroed before the first use. */
typedef struct an_preparer {
    an_image a, b;
    an_resizer resizer;
} an_preparer;

void an_preparer_free(alexnet_context *ctx, an_preparer *preparer);

/* About how many bytes it takes when such images become height x width. */
size_t an_preparer_bytes(const an_image *image, int height, int width);

/* A view is one crop of an image in inference: 0 centre; 1 .. 4 corners (top left, top right,
   bottom left, bottom right); 5 .. 9 the same mirrored. */
#define AN_VIEWS 10

/*
 * Makes 8-bit pixels of exactly height x width (the network's input) from the image, before divide,
 * mean and std.
 *   augment, stream  both NULL: inference, view 0 .. 9; else training, with the image's own stream
 * BAD_SHAPE if the record does not give height x width.
 */
alexnet_status an_preprocess_pixels(alexnet_context *ctx, an_preparer *preparer,
                                    const an_preprocess *record, const an_augment *augment,
                                    an_stream *stream, int view, const an_image *image, int height,
                                    int width, an_image *out) AN_NODISCARD;

/*
 * As above, and converts them to the network's tensor: out [3][height][width] float32.
 * mean_image [3][mean_h][mean_w], channels in the network's order, for records that say mean=image;
 * else ignored.
 */
alexnet_status an_preprocess_tensor(alexnet_context *ctx, an_preparer *preparer,
                                    const an_preprocess *record, const float *mean_image,
                                    int mean_h, int mean_w, const an_augment *augment,
                                    an_stream *stream, int view, const an_image *image, int height,
                                    int width, float *out) AN_NODISCARD;

#endif
