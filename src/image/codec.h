/*
 * codec.h: what image.c is built from. Each decoder gets the whole file in memory and trusts none
 * of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_CODEC_H
#define AN_IMAGE_CODEC_H

#include "base/file.h"
#include "image/image.h"
#include <stdbool.h>

/*
 * A supported format; each has one file in this folder. The table of them is in image.c.
 *   sniff    true if the first bytes, AN_IMAGE_SNIFF_BYTES or fewer, are those of such a file
 *   decode   decodes to RGB. `turn`, unless NULL, receives the EXIF orientation, 1 .. 8; it is not
 *            changed if the file has none. BAD_FILE, UNSUPPORTED, NO_MEMORY; the contents of the
 *            image are then unspecified, but it can be reused and freed.
 *            NULL: the library was missing when this was built
 */
typedef struct an_codec {
    const char *name;    /* "WebP", without an article */
    const char *library; /* that decode() uses, "libwebp" */
    bool (*sniff)(const uint8_t *data, size_t bytes);
    alexnet_status (*decode)(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image);
} an_codec;

extern const an_codec an_codec_jpeg, an_codec_png, an_codec_webp, an_codec_gif, an_codec_tiff,
    an_codec_bmp;

alexnet_status an_jpeg_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                              an_image *image) AN_NODISCARD;
alexnet_status an_png_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image) AN_NODISCARD;

bool an_gzip_sniff(const uint8_t *data, size_t bytes);

/* The name of the unsupported format that the bytes are in, such as "HEIC"; NULL: none is known. */
const char *an_image_unread(const uint8_t *data, size_t bytes);

/* The same for raw photographs that are TIFF files: "raw photograph (DNG)". */
const char *an_image_raw(const uint8_t *data, size_t bytes);

/* Converts CMYK, stored as 255 - ink, to RGB as PIL does: ink * k / 255 is rounded. */
void an_image_rgb_of_cmyk(const uint8_t *cmyk, int width, uint8_t *rgb);

/* BAD_FILE unless the limits of image.h allow width x height. The message begins with `what`. */
alexnet_status an_image_check_size(alexnet_context *ctx, const char *what, int64_t width,
                                   int64_t height) AN_NODISCARD;

/* BAD_FILE if width x height is implausible for a file of `bytes` bytes (see image.h). */
alexnet_status an_image_check_ratio(alexnet_context *ctx, const char *what, int64_t width,
                                    int64_t height, size_t bytes) AN_NODISCARD;

/* Unpacks one gzip member of at most AN_GZIP_BYTES_MAX bytes. Free with an_bytes_free().
   BAD_FILE, NO_MEMORY. */
#define AN_GZIP_BYTES_MAX ((size_t)32 << 20)
alexnet_status an_gzip_unpack(alexnet_context *ctx, const uint8_t *data, size_t bytes,
                              an_bytes *out) AN_NODISCARD;

/* The orientation, 1 .. 8, in EXIF data (a TIFF file, with or without "Exif\0\0" before it); 1 if
   it has none. */
int an_exif_orientation(const uint8_t *data, size_t bytes);

/* Rotates and mirrors the pixels so that an image of this orientation is upright. 1: does nothing.
   NO_MEMORY. */
alexnet_status an_exif_turn(alexnet_context *ctx, int orientation, an_image *image) AN_NODISCARD;

#endif
