/*
 * image.h: decodes the bytes of a file to an 8-bit RGB image. Nothing else in the project decodes
 * images.
 *
 * The format is detected by content, never by name; any file may also be compressed by gzip:
 *   JPEG   libjpeg-turbo; greyscale, YCbCr, RGB, CMYK, YCCK; baseline, progressive, arithmetic
 *   PNG    libpng; palette, grey, alpha, 1 to 16 bits, interlaced
 *   WebP   libwebp; lossy, lossless, with alpha, the first frame of an animation
 *   GIF    giflib; the first frame
 *   TIFF   libtiff; the first directory, whatever libtiff's RGBA interface supports: 1 to 16 bits,
 *          grey, RGB, palette, CMYK, YCbCr, Lab
 *   BMP    our own; 1, 4, 8, 16, 24, 32 bits, not compressed
 * WebP, GIF and TIFF are supported if their library was found when this was built.
 *
 * Everything is converted to RGB as by PIL's Image.convert("RGB"), bit for bit: alpha is dropped,
 * CMYK is converted with PIL's formula. Deliberate differences:
 *   - 16-bit greyscale keeps the high byte, as all other 16-bit images do (PIL clips at 255: white)
 *   - a JPEG of four channels without Adobe's marker is YCbCr and an ignored channel (PIL: CMYK)
 *   - damaged or missing JPEG data are an error (PIL fills some of the gaps with grey)
 *   - the orientation of a TIFF is applied on request, as for other formats (PIL: always)
 *
 * Limits, checked in the header before anything is allocated: alexnet_options.max_pixels, and
 * AN_IMAGE_SIDE_MAX per side. Against files made to be expensive: an image of more than
 * AN_IMAGE_PIXELS_FREE pixels may have at most AN_IMAGE_PIXELS_PER_BYTE per byte of the file, and
 * the number of scans of a JPEG is limited (jpeg.c). docs/reliability.md describes them for users.
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
    int width, height;
    uint8_t *pixels;
    size_t capacity; /* bytes allocated: a decoder reuses the buffer when it is large enough */
    bool measured;   /* nothing is decoded: see an_image_measure() */
    size_t working;  /* then: bytes that the decoder needs beside the pixels, if many */
} an_image;

void an_image_free(alexnet_context *ctx, an_image *image);

size_t an_image_bytes(const an_image *image); /* of its pixels */

/* Allocates width x height, contents unspecified. NO_MEMORY, BAD_ARG (beyond the limits);
   STOPPED: see an_image_measure(). */
alexnet_status an_image_reserve(alexnet_context *ctx, an_image *image, int width,
                                int height) AN_NODISCARD;

typedef enum an_orientation {
    AN_ORIENTATION_EXIF,  /* rotate and mirror by the EXIF tag (PIL's ImageOps.exif_transpose) */
    AN_ORIENTATION_IGNORE /* the pixels as they are stored (PIL's Image.open alone) */
} an_orientation;

/*
 * Decodes an image in memory. `image` may hold an earlier image; its buffer is reused.
 * BAD_FILE (not an image; truncated; corrupt: the decoder's own message), UNSUPPORTED (12-bit or
 * lossless JPEG; HEIC and the like; a format that this build does not support), NO_MEMORY.
 * A truncated image is an error; it is never returned half grey.
 */
alexnet_status an_image_decode(alexnet_context *ctx, const void *data, size_t bytes,
                               an_orientation orientation, an_image *image) AN_NODISCARD;

/*
 * Finds by the header alone how large the decoded image will be: width, height and `working`. If
 * `measured` is set, decoding into the image does the same and returns STOPPED. Otherwise as
 * an_image_decode().
 */
alexnet_status an_image_measure(alexnet_context *ctx, const void *data, size_t bytes,
                                an_orientation orientation, an_image *image) AN_NODISCARD;

/* True if the first bytes are those of a format above, or of gzip, which may contain one. */
#define AN_IMAGE_SNIFF_BYTES 32
int an_image_sniff(const void *data, size_t bytes);

/* What the user can do with an image in an unsupported format. */
#define AN_IMAGE_WAY_ON "convert to JPEG, for example with 'magick IN out.jpg'"

/* The format that the extension of a file's name indicates. */
typedef struct an_image_kind {
    const char *name; /* of the format, "HEIC"; NULL: not the name of an image */
    bool read;        /* this format is supported */
} an_image_kind;

an_image_kind an_image_kind_of(const char *path);

/* The kind of archive that the first bytes (512 to detect all) belong to: "a ZIP archive"; NULL:
   none. */
const char *an_image_archive(const uint8_t *data, size_t bytes);

/* Encodes as JPEG, quality 1 .. 100, into memory from an_new(). For drawn data sets. */
alexnet_status an_image_encode_jpeg(alexnet_context *ctx, const an_image *image, int quality,
                                    uint8_t **data, size_t *bytes) AN_NODISCARD;

/* Encodes as PNG, likewise. */
alexnet_status an_image_encode_png(alexnet_context *ctx, const an_image *image, uint8_t **data,
                                   size_t *bytes) AN_NODISCARD;

#endif
