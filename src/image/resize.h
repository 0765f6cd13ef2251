/*
 * resize.h: PIL's resampling, bit for bit: separable, antialiased (the filter is stretched when
 * shrinking), weights rounded to 22 bits, 8 bits per pixel between the two axes. The order of the
 * axes is that of Pillow 13; earlier versions always resized the rows first, which differs in the
 * last bit of some pixels of tall images.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_RESIZE_H
#define AN_IMAGE_RESIZE_H

#include "image/image.h"

typedef enum an_filter { AN_FILTER_BILINEAR, AN_FILTER_BICUBIC, AN_FILTER_NEAREST } an_filter;
#define AN_FILTER_CHOICES "bilinear|bicubic|nearest"

/* A rectangle of an image, in its pixels; may be fractional, lies within the image. */
typedef struct an_box {
    double left, top, right, bottom;
} an_box;

/* Working memory of a resize, grown as needed and reused. Must be zeroed before the first use. */
typedef struct an_resizer {
    void *memory;
    size_t bytes;
} an_resizer;

void an_resizer_free(alexnet_context *ctx, an_resizer *resizer);

/*
 * Resizes the box (NULL: all) of `from` to width x height, as PIL's Image.resize(size, filter,
 * box). `to` must be another image. If the box is the whole image and the size is unchanged, copies
 * it.
 * NO_MEMORY, BAD_ARG.
 */
alexnet_status an_image_resize(alexnet_context *ctx, an_resizer *resizer, const an_image *from,
                               const an_box *box, int width, int height, an_filter filter,
                               an_image *to) AN_NODISCARD;

/* A rectangle of an image in whole pixels. */
typedef struct an_rect {
    int left, top, width, height;
} an_rect;

/*
 * Three steps of preprocessing at once: cuts `part` (NULL: all) out of `from`, resizes it to
 * width x height, and keeps `window` (NULL: all) of the result. Bit for bit PIL's
 * from.crop(part).resize((width, height), filter).crop(window), but pixels outside the window cost
 * nothing. NO_MEMORY, BAD_ARG (a part or a window that exceeds its image).
 */
alexnet_status an_image_resize_window(alexnet_context *ctx, an_resizer *resizer,
                                      const an_image *from, const an_rect *part, int width,
                                      int height, an_filter filter, const an_rect *window,
                                      an_image *to) AN_NODISCARD;

#endif
