/*
 * codec.h: the parts that image.c puts together. Each reader gets the whole file in memory and believes none of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_CODEC_H
#define AN_IMAGE_CODEC_H

#include "base/file.h"
#include "image/image.h"
#include <stdbool.h>

/*
 * A format that is read: one file of this directory each. image.c has the table of them.
 *   sniff    true when the first AN_IMAGE_SNIFF_BYTES or fewer bytes are those of such a file
 *   decode   to RGB. `turn`, unless NULL, receives the EXIF orientation, 1 .. 8; it is left alone where none is given.
 *            BAD_FILE, UNSUPPORTED, NO_MEMORY; the image then holds anything, but can be reused and freed.
 *            NULL: the library was not there when this was built
 */
typedef struct an_codec {
    const char *name;    /* "WebP", without an article */
    const char *library; /* that decode() is built on, "libwebp" */
    bool (*sniff)(const uint8_t *data, size_t bytes);
    alexnet_status (*decode)(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image);
} an_codec;

extern const an_codec an_codec_jpeg, an_codec_png, an_codec_webp, an_codec_gif, an_codec_tiff,
    an_codec_bmp;

alexnet_status an_jpeg_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn, an_image *image) AN_NODISCARD;
alexnet_status an_png_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn, an_image *image) AN_NODISCARD;

bool an_gzip_sniff(const uint8_t *data, size_t bytes);

/* What the bytes say of an image in a format that is not read: "HEIC"; NULL: nothing. */
const char *an_image_unread(const uint8_t *data, size_t bytes);

/* The same of raw photographs that are TIFF files: "raw photograph (DNG)". */
const char *an_image_raw(const uint8_t *data, size_t bytes);

/* Four channels of ink, stored as 255 - ink, as PIL makes RGB of them: ink * k / 255 is rounded. */
void an_image_rgb_of_cmyk(const uint8_t *cmyk, int width, uint8_t *rgb);

/* Fails with BAD_FILE unless the limits of image.h allow an image of width x height. `what` leads the message. */
alexnet_status an_image_check_size(alexnet_context *ctx, const char *what, int64_t width, int64_t height) AN_NODISCARD;

/* The same where so many pixels are not believed of a file of so many bytes. */
alexnet_status an_image_check_ratio(alexnet_context *ctx, const char *what, int64_t width,
                                    int64_t height, size_t bytes) AN_NODISCARD;

/* Unpacks one gzip member of at most AN_GZIP_BYTES_MAX bytes. Free with an_bytes_free(). BAD_FILE, NO_MEMORY. */
#define AN_GZIP_BYTES_MAX ((size_t)32 << 20)
alexnet_status an_gzip_unpack(alexnet_context *ctx, const uint8_t *data, size_t bytes, an_bytes *out) AN_NODISCARD;

/* The orientation 1 .. 8 of EXIF data (a TIFF file, with or without "Exif\0\0" in front); 1 when there is none. */
int an_exif_orientation(const uint8_t *data, size_t bytes);

/* Turns and mirrors the pixels so that an image of this orientation stands upright. 1: nothing to do. NO_MEMORY. */
alexnet_status an_exif_turn(alexnet_context *ctx, int orientation, an_image *image) AN_NODISCARD;

#endif
