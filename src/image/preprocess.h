/*
 * preprocess.h: the one path for pixels. The preprocessing record of a weights file, and what training adds to it.
 *
 * A record is text, settings of base/settings.h, so that it can be read in the file by eye:
 *
 *     resize=short:256 filter=bilinear crop=224 orientation=stored channels=rgb divide=255
 *     mean=0.485,0.456,0.406 std=0.229,0.224,0.225
 *
 *   resize       short:N  the short side becomes N, the other int(N * long / short) (torchvision's Resize)
 *                square:N  the same, and of that the middle N x N, or what a larger crop needs (Krizhevsky et al. 2012, 2);
 *                exact:HxW  both sides, aspect ratio lost (Caffe);   none
 *   crop         N or HxW: the centre, offset round-half-even((size - crop) / 2) (torchvision's CenterCrop, zero padding
 *                when the image is smaller); none
 *   orientation  stored | exif; older records say ignore for stored
 *   channels     rgb | bgr
 *   divide       255: x / 255 in float32 (torchvision's ToTensor); 1: pixels stay 0 .. 255
 *   mean, std    per channel in the network's order, in the units after `divide`: (x - mean) / std in float32
 *   mean=image   minus the mean image stored with the weights (its own size; the centre of it for a smaller crop)
 *
 * Training uses the same record, with the augmentation of augment.h in front of, or in place of, resize and crop.
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
    int            resize_h, resize_w; /* SHORT and SQUARE: both the short side */
    an_filter      filter;
    int            crop_h, crop_w; /* 0: none; the output is then whatever resize gives, which must be the network's input */
    an_orientation orientation;
    bool           bgr;
    double         divide;
    float          mean[3], std[3];
    bool           subtract_image;
} an_preprocess;

/* BAD_ARG naming the word. */
alexnet_status an_preprocess_parse(alexnet_context *ctx, const char *text, an_preprocess *out) AN_NODISCARD;

/*
 * What shows of a record before any image: that it does not ask for a mean image that is missing (BAD_ARG) or smaller than
 * height x width, and that its sizes give that (BAD_SHAPE). Where the image decides on the size it cannot be known.
 */
alexnet_status an_preprocess_check(alexnet_context *ctx, const an_preprocess *record, const float *mean_image, int mean_h,
                                   int mean_w, int height, int width) AN_NODISCARD;

/* Working memory of one thread. Zeroed to begin with. */
typedef struct an_preparer {
    an_image   a, b;
    an_resizer resizer;
} an_preparer;

void an_preparer_free(alexnet_context *ctx, an_preparer *preparer);

/* What that comes to, about, when such images are made height x width. */
size_t an_preparer_bytes(const an_image *image, int height, int width);

/* A view of the crops of testing: 0 centre; 1 .. 4 corners (top left, top right, bottom left, bottom right); 5 .. 9 the same mirrored. */
#define AN_VIEWS 10

/*
 * The image as 8-bit pixels of exactly height x width (the network's input), before divide, mean and scale.
 *   augment, stream  both NULL: testing, view 0 .. 9;  else training, with the image's own stream
 * BAD_SHAPE when the record does not give height x width.
 */
alexnet_status an_preprocess_pixels(alexnet_context *ctx, an_preparer *preparer, const an_preprocess *record,
                                    const an_augment *augment, an_stream *stream, int view, const an_image *image,
                                    int height, int width, an_image *out) AN_NODISCARD;

/*
 * As above, on to the network's tensor: out [3][height][width] float32. mean_image [3][mean_h][mean_w] in the network's
 * order of channels, for records that say mean=image; otherwise ignored.
 */
alexnet_status an_preprocess_tensor(alexnet_context *ctx, an_preparer *preparer, const an_preprocess *record,
                                    const float *mean_image, int mean_h, int mean_w, const an_augment *augment,
                                    an_stream *stream, int view, const an_image *image, int height, int width,
                                    float *out) AN_NODISCARD;

#endif
