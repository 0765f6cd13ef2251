/*
 * webp.c: WebP to RGB by libwebp: lossy and lossless, alpha dropped; of an animation the first
 * frame, on black where it does not fill the canvas.
 *
 * A file is "RIFF", its size, "WEBP" and chunks: a name of 4 bytes, a size, data, padded to an
 * even number of bytes ("WebP Container Specification", Google). libwebp decodes a still image from
 * the whole file. In an animation a frame is a chunk ANMF that contains further chunks.
 * SPDX-License-Identifier: MIT
 */
#include "image/codec.h"
#include <string.h>

static bool sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

#ifndef AN_HAVE_WEBP
const an_codec an_codec_webp = {.name = "WebP", .library = "libwebp", .sniff = sniff};
#else

#include "base/cursor.h"
#include "base/status.h"
#include <webp/decode.h>

typedef struct webp {
    alexnet_context *ctx;
    int width, height;   /* of the image: an animation's canvas */
    int left, top;       /* where the frame below lies in it */
    const uint8_t *bits; /* what libwebp decodes */
    size_t bytes;
    const uint8_t *exif; /* NULL: none */
    size_t exif_bytes;
} webp;

static alexnet_status fail(const webp *w, VP8StatusCode code)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return an_fail(w->ctx, ALEXNET_NO_MEMORY, "WebP: the decoder");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return an_fail(w->ctx, ALEXNET_UNSUPPORTED,
                       "WebP: a feature that libwebp does not support");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return an_fail(w->ctx, ALEXNET_BAD_FILE, "WebP: truncated: the file ends within the image");
    default:
        return an_fail(w->ctx, ALEXNET_BAD_FILE, "WebP: damaged data");
    }
}

/* ---- the container ---- */

static int u24(an_cursor *c)
{
    const int low = an_cursor_u16le(c);

    return low | an_cursor_u8(c) << 16;
}

static bool is(const uint8_t *name, const char *chunk)
{
    return name != NULL && memcmp(name, chunk, 4) == 0;
}

/* The first frame: its position and its chunks. libwebp reports its size. */
static void take_frame(webp *w, const uint8_t *data, size_t bytes)
{
    enum { HEADER = 16 }; /* position, size, duration, flags */
    an_cursor c = an_cursor_open(data, bytes);

    w->left = 2 * u24(&c);
    w->top = 2 * u24(&c);
    if (bytes < HEADER) return;
    w->bits = data + HEADER;
    w->bytes = bytes - HEADER;
}

/* Looks through the chunks for EXIF and, in an animation, for the first frame. */
static void read_chunks(webp *w, const uint8_t *data, size_t bytes, bool animated)
{
    an_cursor c = an_cursor_open(data, bytes);

    an_cursor_skip(&c, 12);
    while (an_cursor_left(&c) >= 8) {
        const uint8_t *name = an_cursor_bytes(&c, 4);
        const size_t size = an_cursor_u32le(&c);
        const uint8_t *chunk = an_cursor_bytes(&c, size);
        if (chunk == NULL) return;
        if (animated && w->bits == NULL && is(name, "ANMF")) take_frame(w, chunk, size);
        if (w->exif == NULL && is(name, "EXIF")) {
            w->exif = chunk;
            w->exif_bytes = size;
        }
        if (size % 2 != 0) an_cursor_skip(&c, 1);
    }
}

static alexnet_status open_webp(webp *w, const uint8_t *data, size_t bytes)
{
    WebPBitstreamFeatures whole, part;

    VP8StatusCode code = WebPGetFeatures(data, bytes, &whole);
    if (code != VP8_STATUS_OK) return fail(w, code);
    AN_TRY(an_image_check_size(w->ctx, "WebP", whole.width, whole.height));
    AN_TRY(an_image_check_ratio(w->ctx, "WebP", whole.width, whole.height, bytes));
    w->width = whole.width;
    w->height = whole.height;
    if (!whole.has_animation) {
        w->bits = data;
        w->bytes = bytes;
    }
    read_chunks(w, data, bytes, whole.has_animation != 0);
    if (w->bits == NULL) return fail(w, VP8_STATUS_NOT_ENOUGH_DATA);
    if (!whole.has_animation) return ALEXNET_OK;

    code = WebPGetFeatures(w->bits, w->bytes, &part);
    if (code != VP8_STATUS_OK) return fail(w, code);
    if (part.width > w->width - w->left || part.height > w->height - w->top)
        return an_fail(w->ctx, ALEXNET_BAD_FILE, "WebP: the first frame lies outside the image");
    return ALEXNET_OK;
}

/* ---- pixels ---- */

static alexnet_status read_pixels(const webp *w, const an_image *image)
{
    const size_t stride = (size_t)w->width * 3;
    const size_t size = stride * (size_t)w->height;
    const size_t first = stride * (size_t)w->top + (size_t)w->left * 3;
    WebPDecoderConfig config;

    if (!WebPInitDecoderConfig(&config))
        return an_fail(w->ctx, ALEXNET_UNSUPPORTED,
                       "WebP: libwebp differs from the version it was built with");
    if (w->bytes == 0) return fail(w, VP8_STATUS_NOT_ENOUGH_DATA);
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = (WebPRGBABuffer){
        .rgba = image->pixels + first, .stride = (int)stride, .size = size - first};
    const VP8StatusCode code = WebPDecode(w->bits, w->bytes, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? ALEXNET_OK : fail(w, code);
}

static alexnet_status decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image)
{
    webp w = {.ctx = ctx};

    AN_TRY(open_webp(&w, data, bytes));
    if (turn != NULL && w.exif != NULL) *turn = an_exif_orientation(w.exif, w.exif_bytes);
    AN_TRY(an_image_reserve(ctx, image, w.width, w.height));
    memset(image->pixels, 0, (size_t)w.width * (size_t)w.height * 3);
    return read_pixels(&w, image);
}

const an_codec an_codec_webp = {
    .name = "WebP", .library = "libwebp", .sniff = sniff, .decode = decode};
#endif
