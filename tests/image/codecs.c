/*
 * codecs.c: what the tests of the image formats share.
 * SPDX-License-Identifier: MIT
 */
#include "image/codecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static an_bytes read_image(alexnet_context *ctx, const codec_format *format, const char *file)
{
    char name[128];

    snprintf(name, sizeof name, "../%s/%s", format->folder, file);
    return an_sample_read(ctx, name);
}

bool codec_is_read(alexnet_context *ctx, const codec_format *format, const char *file)
{
    const an_codec *codec = format->codec;
    an_image image = {0};
    char expected[128];

    if (codec->decode != NULL) return true;
    an_bytes bytes = read_image(ctx, format, file);
    snprintf(expected, sizeof expected, "this build does not support %s: it was built without %s",
             codec->name, codec->library);
    printf("skipped: %s\n", expected);
    an_assert_status(ctx, an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &image),
                     ALEXNET_UNSUPPORTED);
    an_assert_error(ctx, expected);
    an_bytes_free(ctx, &bytes);
    return false;
}

void codec_decodes_as_pil(alexnet_context *ctx, const codec_format *format,
                          const codec_expected *rows, size_t count)
{
    an_image image = {0}; /* one for all files, so that buffers of every size are reused */

    for (size_t i = 0; i < count; ++i) {
        const codec_expected *a = &rows[i];
        if (!codec_is_read(ctx, format, a->file)) return;
        an_bytes bytes = read_image(ctx, format, a->file);
        assert_true(format->codec->sniff(bytes.data, AN_IMAGE_SNIFF_BYTES));
        assert_true(an_image_sniff(bytes.data, AN_IMAGE_SNIFF_BYTES));
        an_assert_ok(ctx,
                     an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_IGNORE, &image));
        assert_int_equal(image.width, a->width);
        assert_int_equal(image.height, a->height);
        an_assert_pixels(a->file, &image, a->stored);
        an_assert_ok(ctx,
                     an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &image));
        an_assert_pixels(a->file, &image, a->upright);
        an_bytes_free(ctx, &bytes);
    }
    an_image_free(ctx, &image);
}

void codec_refuses(alexnet_context *ctx, const codec_format *format, const codec_fault *faults,
                   size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        an_image image = {0};
        if (!codec_is_read(ctx, format, faults[i].file)) return;
        an_bytes bytes = read_image(ctx, format, faults[i].file);
        an_assert_status(ctx,
                         an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &image),
                         faults[i].status);
        an_assert_error(ctx, faults[i].message);
        assert_true(image.capacity < 10000); /* a claim in a header allocates nothing */
        an_image_free(ctx, &image);
        an_bytes_free(ctx, &bytes);
    }
}

void codec_detects_truncation(alexnet_context *ctx, const codec_format *format, const char *file)
{
    an_image whole = {0}, part = {0};

    if (!codec_is_read(ctx, format, file)) return;
    an_bytes bytes = read_image(ctx, format, file);
    an_assert_ok(ctx, an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &whole));
    for (size_t size = 0; size < bytes.size; ++size) {
        uint8_t *cut = malloc(size > 0 ? size : 1); /* of exactly this size, for AddressSanitizer */
        assert_non_null(cut);
        memcpy(cut, bytes.data, size);
        if (an_image_decode(ctx, cut, size, AN_ORIENTATION_EXIF, &part) == ALEXNET_OK) {
            assert_true(size + 16 > bytes.size);
            an_assert_image(&part, whole.width, whole.height, whole.pixels);
        }
        free(cut);
    }
    an_bytes_free(ctx, &bytes);
    an_image_free(ctx, &whole);
    an_image_free(ctx, &part);
}

void codec_survives_failed_allocations(alexnet_context *ctx, const codec_format *format,
                                       const char *file)
{
    if (!codec_is_read(ctx, format, file)) return;
    an_bytes bytes = read_image(ctx, format, file);
    for (long n = 0;; ++n) {
        an_test_fault fault;
        an_image image = {0};
        an_test_fault_arm(&fault, ctx, AN_FAULT_BIT(AN_FAULT_MEMORY), n, false, 1);
        const alexnet_status status =
            an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_EXIF, &image);
        const bool failed = an_test_fault_disarm(&fault);
        an_image_free(ctx, &image);
        assert_int_equal(status, failed ? ALEXNET_NO_MEMORY : ALEXNET_OK);
        if (!failed) break;
    }
    an_bytes_free(ctx, &bytes);
}
