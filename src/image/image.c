/*
 * image.c: the pixel buffer, and the choice of a decoder by the first bytes of the file.
 * SPDX-License-Identifier: MIT
 */
#include "image/image.h"

#include "base/memory.h"
#include "base/status.h"
#include "image/codec.h"
#include <string.h>

/* ---- the buffer ---- */

void an_image_free(alexnet_context *ctx, an_image *image)
{
    an_free(ctx, image->pixels);
    *image = (an_image){0};
}

static bool fits_limits(int64_t width, int64_t height)
{
    return width >= 1 && height >= 1 && width <= AN_IMAGE_SIDE_MAX && height <= AN_IMAGE_SIDE_MAX &&
           width * height <= AN_IMAGE_PIXELS_MAX;
}

alexnet_status an_image_check_size(alexnet_context *ctx, const char *what, int64_t width,
                                   int64_t height)
{
    if (fits_limits(width, height)) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: %lld x %lld pixels; expected 1 to %d a side and at most %lld in all", what,
                   (long long)width, (long long)height, AN_IMAGE_SIDE_MAX,
                   (long long)AN_IMAGE_PIXELS_MAX);
}

alexnet_status an_image_reserve(alexnet_context *ctx, an_image *image, int width, int height)
{
    if (!fits_limits(width, height))
        return an_fail(ctx, ALEXNET_BAD_ARG, "image of %d x %d pixels is outside the limits", width,
                       height);

    const size_t bytes = (size_t)width * (size_t)height * 3;
    if (bytes > image->capacity) {
        an_image_free(ctx, image); /* first, so that old and new need not fit together */
        image->pixels = an_new(ctx, bytes);
        if (image->pixels == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "image of %d x %d pixels", width, height);
        image->capacity = bytes;
    }
    image->width = width;
    image->height = height;
    return ALEXNET_OK;
}

/* ---- decoding ---- */

int an_image_sniff(const void *data, size_t bytes)
{
    return an_jpeg_sniff(data, bytes) || an_png_sniff(data, bytes) || an_gzip_sniff(data, bytes);
}

/* Pictures that people have and we do not read, so that the message can name them. */
/* clang-format off */
static const struct {
    size_t at, length;
    const char *magic, *name;
} unread[] = {
    {0, 4, "GIF8",     "a GIF"      },
    {0, 2, "BM",       "a BMP"      },
    {0, 4, "II*\0",    "a TIFF"     },
    {0, 4, "MM\0*",    "a TIFF"     },
    {4, 4, "jP  ",     "a JPEG 2000"},
    {8, 4, "WEBP",     "a WebP"     },
    {4, 8, "ftypavif", "an AVIF"    },
    {4, 8, "ftypheic", "a HEIC"     },
};
/* clang-format on */

static alexnet_status fail_unknown(alexnet_context *ctx, const uint8_t *data, size_t bytes)
{
    if (bytes < 4) return an_fail(ctx, ALEXNET_BAD_FILE, "not a picture: %zu bytes in all", bytes);
    for (size_t i = 0; i < AN_COUNT(unread); ++i) {
        if (bytes >= unread[i].at + unread[i].length &&
            memcmp(data + unread[i].at, unread[i].magic, unread[i].length) == 0)
            return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s picture; JPEG and PNG are read",
                           unread[i].name);
    }
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "not a picture: begins with bytes %02x %02x %02x %02x; JPEG and PNG are read",
                   data[0], data[1], data[2], data[3]);
}

static alexnet_status decode_plain(alexnet_context *ctx, const uint8_t *data, size_t bytes,
                                   an_orientation orientation, an_image *image)
{
    int turn = 1;
    int *const wanted = orientation == AN_ORIENTATION_EXIF ? &turn : NULL;

    if (an_jpeg_sniff(data, bytes))
        AN_TRY(an_jpeg_decode(ctx, data, bytes, wanted, image));
    else if (an_png_sniff(data, bytes))
        AN_TRY(an_png_decode(ctx, data, bytes, wanted, image));
    else
        return fail_unknown(ctx, data, bytes);
    return an_exif_turn(ctx, turn, image);
}

alexnet_status an_image_decode(alexnet_context *ctx, const void *data, size_t bytes,
                               an_orientation orientation, an_image *image)
{
    an_bytes unpacked;

    if (!an_gzip_sniff(data, bytes)) return decode_plain(ctx, data, bytes, orientation, image);

    AN_TRY(an_gzip_unpack(ctx, data, bytes, &unpacked));
    const alexnet_status status =
        decode_plain(ctx, unpacked.data, unpacked.size, orientation, image);
    an_bytes_free(ctx, &unpacked);
    return status == ALEXNET_OK ? status : an_fail_within(ctx, status, "gzip");
}
