/*
 * image.h: pixels. Bytes of a file become an 8-bit RGB image, and nothing else in the project decodes images.
 *
 * Decoders are chosen by content, never by name, either also compressed by gzip:
 *   JPEG   libjpeg-turbo; greyscale, YCbCr, RGB, CMYK, YCCK; baseline, progressive, arithmetic
 *   PNG    libpng; palette, grey, alpha, 1 to 16 bits, interlaced
 *   WebP   libwebp; lossy, lossless, with alpha, the first frame of an animation
 *   GIF    giflib; the first frame
 *   TIFF   libtiff; the first directory, whatever its RGBA interface takes: 1 to 16 bits, grey, RGB, palette, CMYK, YCbCr, Lab
 *   BMP    our own; 1, 4, 8, 16, 24, 32 bits, not compressed
 * Those of WebP, GIF and TIFF are there when the library was, as this was built.
 *
 * Everything becomes RGB the way PIL's Image.convert("RGB") does it, bit for bit: alpha is dropped, CMYK by PIL's formula.
 * Differences, on purpose:
 *   - 16-bit greyscale keeps the high byte, as all other 16-bit images do (PIL cuts off at 255: all white)
 *   - JPEG of four channels without Adobe's marker is YCbCr and a channel to ignore (PIL: CMYK)
 *   - JPEG data that are damaged or missing are an error (PIL fills some of the gaps with grey)
 *   - the orientation of a TIFF is applied when it is asked for, as for other formats (PIL: always)
 *
 * Limits, checked in the header before anything is allocated: alexnet_options.max_pixels, and AN_IMAGE_SIDE_MAX a side. Of a
 * file that could be made to cost much: beyond AN_IMAGE_PIXELS_FREE at most AN_IMAGE_PIXELS_PER_BYTE; scans of a JPEG
 * (jpeg.c). docs/reliability.md says it to users.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_IMAGE_H
#define AN_IMAGE_IMAGE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AN_IMAGE_SIDE_MAX        65535
#define AN_IMAGE_PIXELS_FREE     ((int64_t)16 << 20)
#define AN_IMAGE_PIXELS_PER_BYTE 1000 /* photographs have 1 to 20 */

/* [height][width][3] uint8, RGB. Zeroed: no image. */
typedef struct an_image {
    int      width, height;
    uint8_t *pixels;
    size_t   capacity; /* bytes allocated: a decoder reuses the buffer when it is large enough */
    bool measured;     /* nothing is decoded: see an_image_measure() */
    size_t working;    /* then: bytes that the decoder takes beside the pixels, if that is much */
} an_image;

void an_image_free(alexnet_context *ctx, an_image *image);

size_t an_image_bytes(const an_image *image); /* of its pixels */

/* Makes room for width x height, contents unspecified. NO_MEMORY, BAD_ARG (over the limits); STOPPED: an_image_measure(). */
alexnet_status an_image_reserve(alexnet_context *ctx, an_image *image, int width, int height) AN_NODISCARD;

typedef enum an_orientation {
    AN_ORIENTATION_EXIF,  /* turn and mirror as the EXIF tag says (PIL's ImageOps.exif_transpose) */
    AN_ORIENTATION_IGNORE /* the pixels as they are stored (PIL's Image.open alone) */
} an_orientation;

/*
 * Decodes an image held in memory. `image` may hold an earlier one; its buffer is reused.
 * BAD_FILE (not an image; truncated; corrupt: the decoder's own words), UNSUPPORTED (12-bit or lossless JPEG; HEIC and the
 * like; a format that this build does not read), NO_MEMORY. A truncated image is an error, never a half grey one.
 */
alexnet_status an_image_decode(alexnet_context *ctx, const void *data, size_t bytes, an_orientation orientation,
                               an_image *image) AN_NODISCARD;

/*
 * How large decoding it would make an image, by the header alone: width and height, and `working`. An image that
 * `measured` is set of does the same wherever it is handed to be decoded into: the status is then STOPPED. As an_image_decode().
 */
alexnet_status an_image_measure(alexnet_context *ctx, const void *data, size_t bytes,
                                an_orientation orientation, an_image *image) AN_NODISCARD;

/* True when the first bytes are those of a format above, or of gzip, which may hold one. */
#define AN_IMAGE_SNIFF_BYTES 32
int an_image_sniff(const void *data, size_t bytes);

/* What to do about an image in a format that is not read. */
#define AN_IMAGE_WAY_ON "convert to JPEG, for example with 'magick IN out.jpg'"

/* What the end of a file's name says. */
typedef struct an_image_kind {
    const char *name; /* of the format, "HEIC"; NULL: the name is not that of an image */
    bool read;        /* images of this format are read */
} an_image_kind;

an_image_kind an_image_kind_of(const char *path);

/* What the first bytes (512 for all of them) say of a file that holds others: "a ZIP archive"; NULL: nothing. */
const char *an_image_archive(const uint8_t *data, size_t bytes);

/* JPEG of an image, quality 1 .. 100, in memory allocated with an_new(). For drawn data sets. */
alexnet_status an_image_encode_jpeg(alexnet_context *ctx, const an_image *image, int quality, uint8_t **data, size_t *bytes) AN_NODISCARD;

/* PNG likewise. */
alexnet_status an_image_encode_png(alexnet_context *ctx, const an_image *image, uint8_t **data, size_t *bytes) AN_NODISCARD;

#endif
