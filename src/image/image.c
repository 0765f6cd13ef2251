/*
 * image.c: the pixel buffer, and the choice of a decoder by the first bytes of a file.
 * SPDX-License-Identifier: MIT
 */
#include "image/image.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "image/codec.h"
#include <errno.h>
#include <string.h>

/* ---- the buffer ---- */

void an_image_free(alexnet_context *ctx, an_image *image)
{
    an_free(ctx, image->pixels);
    *image = (an_image){0};
}

size_t an_image_bytes(const an_image *image)
{
    return (size_t)image->width * (size_t)image->height * 3;
}

static bool fits_limits(const alexnet_context *ctx, int64_t width, int64_t height)
{
    return width >= 1 && height >= 1 && width <= AN_IMAGE_SIDE_MAX && height <= AN_IMAGE_SIDE_MAX &&
           width * height <= ctx->options.max_pixels;
}

alexnet_status an_image_check_size(alexnet_context *ctx, const char *what, int64_t width,
                                   int64_t height)
{
    if (fits_limits(ctx, width, height)) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: %lld x %lld pixels; expected 1 to %d per side and at most %lld in total "
                   "(--max-pixels, max_pixels)",
                   what, (long long)width, (long long)height, AN_IMAGE_SIDE_MAX,
                   (long long)ctx->options.max_pixels);
}

alexnet_status an_image_check_ratio(alexnet_context *ctx, const char *what, int64_t width,
                                    int64_t height, size_t bytes)
{
    const int64_t pixels = width * height;

    if (pixels <= AN_IMAGE_PIXELS_FREE ||
        (uint64_t)pixels / AN_IMAGE_PIXELS_PER_BYTE <= (uint64_t)bytes)
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: %lld x %lld pixels in %zu bytes: expected at most %d per byte", what,
                   (long long)width, (long long)height, bytes, AN_IMAGE_PIXELS_PER_BYTE);
}

alexnet_status an_image_reserve(alexnet_context *ctx, an_image *image, int width, int height)
{
    if (!fits_limits(ctx, width, height))
        return an_fail(ctx, ALEXNET_BAD_ARG, "image of %d x %d pixels is outside the limits", width,
                       height);

    const size_t bytes = (size_t)width * (size_t)height * 3;
    if (bytes > image->capacity && !image->measured) {
        an_image_free(ctx, image); /* first, so that both buffers need not exist at once */
        image->pixels = an_new(ctx, bytes);
        if (image->pixels == NULL)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "image of %d x %d pixels", width, height);
        image->capacity = bytes;
    }
    image->width = width;
    image->height = height;
    return image->measured ? ALEXNET_STOPPED : ALEXNET_OK;
}

/* ---- colours ---- */

void an_image_rgb_of_cmyk(const uint8_t *cmyk, int width, uint8_t *rgb)
{
    for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
        const int k = cmyk[3];
        for (int c = 0; c < 3; ++c) {
            const int product = (255 - cmyk[c]) * k + 128;
            rgb[c] = (uint8_t)(k - ((product + (product >> 8)) >> 8));
        }
    }
}

/* ---- decoding ---- */

static const an_codec *const codecs[] = {&an_codec_jpeg, &an_codec_png,  &an_codec_webp,
                                         &an_codec_gif,  &an_codec_tiff, &an_codec_bmp};

static const an_codec *find_codec(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < AN_COUNT(codecs); ++i) {
        if (codecs[i]->sniff(data, bytes)) return codecs[i];
    }
    return NULL;
}

int an_image_sniff(const void *data, size_t bytes)
{
    return find_codec(data, bytes) != NULL || an_gzip_sniff(data, bytes);
}

static alexnet_status fail_unknown(alexnet_context *ctx, const uint8_t *data, size_t bytes)
{
    if (bytes < 4)
        return an_fail(ctx, ALEXNET_BAD_FILE, "not an image: only %zu %s", bytes,
                       AN_NOUN(bytes, "byte", "bytes"));
    const char *unread = an_image_unread(data, bytes);
    if (unread != NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "%s is not supported; " AN_IMAGE_WAY_ON, unread);
    const char *archive = an_image_archive(data, bytes);
    if (archive != NULL)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s, not an image: unpack it", archive);
    return an_fail(ctx, ALEXNET_BAD_FILE, "not an image: begins with bytes %02x %02x %02x %02x",
                   data[0], data[1], data[2], data[3]);
}

/* giflib and libwebp sometimes report a failed allocation as damaged data; errno is reliable. */
static alexnet_status decode_by(const an_codec *codec, alexnet_context *ctx, const uint8_t *data,
                                size_t bytes, int *turn, an_image *image)
{
    errno = 0;
    const alexnet_status status = codec->decode(ctx, data, bytes, turn, image);
    return status == ALEXNET_BAD_FILE && errno == ENOMEM
               ? an_fail(ctx, ALEXNET_NO_MEMORY, "%s: the decoder", codec->name)
               : status;
}

static alexnet_status decode_plain(alexnet_context *ctx, const uint8_t *data, size_t bytes,
                                   an_orientation orientation, an_image *image)
{
    int turn = 1;
    int *const wanted = orientation == AN_ORIENTATION_EXIF ? &turn : NULL;
    const an_codec *codec = find_codec(data, bytes);

    if (codec == NULL || an_image_raw(data, bytes) != NULL) return fail_unknown(ctx, data, bytes);
    if (codec->decode == NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED,
                       "this build does not support %s: it was built without %s", codec->name,
                       codec->library);
    const alexnet_status status = decode_by(codec, ctx, data, bytes, wanted, image);
    if (status == ALEXNET_STOPPED && turn > 1) image->working += an_image_bytes(image);
    AN_TRY(status);
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
    if (status == ALEXNET_STOPPED) image->working += unpacked.size;
    an_bytes_free(ctx, &unpacked);
    return status == ALEXNET_OK || status == ALEXNET_STOPPED ? status
                                                             : an_fail_within(ctx, status, "gzip");
}

alexnet_status an_image_measure(alexnet_context *ctx, const void *data, size_t bytes,
                                an_orientation orientation, an_image *image)
{
    *image = (an_image){.measured = true};
    const alexnet_status status = an_image_decode(ctx, data, bytes, orientation, image);
    return status == ALEXNET_STOPPED ? ALEXNET_OK : status;
}
