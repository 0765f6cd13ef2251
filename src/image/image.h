/*
 * image.h: pixels. Bytes of a file become an 8-bit RGB image, and nothing else in the project decodes pictures.
 *
 * Decoders are chosen by content, never by name: JPEG (libjpeg-turbo; greyscale, YCbCr, RGB, CMYK, YCCK; baseline,
 * progressive, arithmetic) and PNG (libpng; palette, grey, alpha, 1 to 16 bits, interlaced), either also compressed by gzip.
 * Everything becomes RGB the way PIL's Image.convert("RGB") does it, bit for bit: alpha is dropped, CMYK by PIL's formula.
 * Three differences, on purpose:
 *   - 16-bit greyscale keeps the high byte, as all other 16-bit pictures do (PIL cuts off at 255: all white)
 *   - JPEG of four channels without Adobe's marker is YCbCr and a channel to ignore (PIL: CMYK)
 *   - JPEG data that are damaged or missing are an error (PIL fills some of the gaps with grey)
 *
 * Limits: AN_IMAGE_PIXELS_MAX is checked in the header, before anything is allocated.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_IMAGE_H
#define AN_IMAGE_IMAGE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stddef.h>
#include <stdint.h>

#define AN_IMAGE_PIXELS_MAX ((int64_t)64 << 20) /* 64 Mi pixels */
#define AN_IMAGE_SIDE_MAX   65535

/* [height][width][3] uint8, RGB. Zeroed: no image. */
typedef struct an_image {
    int      width, height;
    uint8_t *pixels;
    size_t   capacity; /* bytes allocated: a decoder reuses the buffer when it is large enough */
} an_image;

void an_image_free(alexnet_context *ctx, an_image *image);

/* Makes room for width x height, contents unspecified. NO_MEMORY, BAD_ARG (over the limits). */
alexnet_status an_image_reserve(alexnet_context *ctx, an_image *image, int width, int height) AN_NODISCARD;

typedef enum an_orientation {
    AN_ORIENTATION_EXIF,  /* turn and mirror as the EXIF tag says (PIL's ImageOps.exif_transpose) */
    AN_ORIENTATION_IGNORE /* the pixels as they are stored (PIL's Image.open alone) */
} an_orientation;

/*
 * Decodes a picture held in memory. `image` may hold an earlier picture; its buffer is reused.
 * BAD_FILE (not a picture; truncated; corrupt: the decoder's own words), UNSUPPORTED (12-bit or lossless JPEG; GIF, WebP and
 * the like), NO_MEMORY. A truncated JPEG is an error, never a half grey picture.
 */
alexnet_status an_image_decode(alexnet_context *ctx, const void *data, size_t bytes, an_orientation orientation,
                               an_image *image) AN_NODISCARD;

/* True when the first bytes are those of a picture we decode, or of gzip, which may hold one; 16 bytes suffice. */
int an_image_sniff(const void *data, size_t bytes);

/* JPEG of an image, quality 1 .. 100, in memory allocated with an_new(). For drawn data sets. */
alexnet_status an_image_encode_jpeg(alexnet_context *ctx, const an_image *image, int quality, uint8_t **data, size_t *bytes) AN_NODISCARD;

/* PNG likewise. */
alexnet_status an_image_encode_png(alexnet_context *ctx, const an_image *image, uint8_t **data, size_t *bytes) AN_NODISCARD;

#endif
