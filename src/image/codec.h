/*
 * codec.h: the parts that image.c puts together. Each reader gets the whole file in memory and believes none of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_IMAGE_CODEC_H
#define AN_IMAGE_CODEC_H

#include "base/file.h"
#include "image/image.h"
#include <stdbool.h>

bool an_jpeg_sniff(const uint8_t *data, size_t bytes);
bool an_png_sniff(const uint8_t *data, size_t bytes);
bool an_gzip_sniff(const uint8_t *data, size_t bytes);

/*
 * Decode to RGB. `turn`, unless NULL, receives the EXIF orientation, 1 .. 8 (1: none is given).
 * BAD_FILE, UNSUPPORTED, NO_MEMORY; the image then holds anything, but can be reused and freed.
 */
alexnet_status an_jpeg_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn, an_image *image) AN_NODISCARD;
alexnet_status an_png_decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn, an_image *image) AN_NODISCARD;

/* Fails with BAD_FILE unless the limits of image.h allow a picture of width x height. `what` leads the message. */
alexnet_status an_image_check_size(alexnet_context *ctx, const char *what, int64_t width, int64_t height) AN_NODISCARD;

/* Unpacks one gzip member of at most AN_GZIP_BYTES_MAX bytes. Free with an_bytes_free(). BAD_FILE, NO_MEMORY. */
#define AN_GZIP_BYTES_MAX ((size_t)32 << 20)
alexnet_status an_gzip_unpack(alexnet_context *ctx, const uint8_t *data, size_t bytes, an_bytes *out) AN_NODISCARD;

/* The orientation 1 .. 8 of EXIF data (a TIFF file, with or without "Exif\0\0" in front); 1 when there is none. */
int an_exif_orientation(const uint8_t *data, size_t bytes);

/* Turns and mirrors the pixels so that a picture of this orientation stands upright. 1: nothing to do. NO_MEMORY. */
alexnet_status an_exif_turn(alexnet_context *ctx, int orientation, an_image *image) AN_NODISCARD;

#endif
