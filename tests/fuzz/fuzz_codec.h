/*
 * fuzz_codec.h: what the fuzz targets of image formats share.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_FUZZ_CODEC_H
#define AN_TEST_FUZZ_CODEC_H

#include "fuzz/fuzz.h"
#include "image/codec.h"

/* Decodes; the sanitizers look on. */
static inline int fuzz_codec(const an_codec *codec, const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    an_image image = {0};
    int turn = 1;

    (void)codec->sniff(data, size);
    if (codec->decode == NULL) return 0;
    const alexnet_status status = codec->decode(ctx, data, size, &turn, &image);
    FUZZ_REQUIRE(turn >= 1 && turn <= 8);
    if (status == ALEXNET_OK) {
        FUZZ_REQUIRE(image.width >= 1 && image.height >= 1);
        FUZZ_REQUIRE((int64_t)image.width * image.height <= ALEXNET_PIXELS);
        FUZZ_REQUIRE(image.capacity >= (size_t)image.width * (size_t)image.height * 3);
    } else {
        FUZZ_REQUIRE(alexnet_error(ctx)[0] != '\0');
        FUZZ_REQUIRE(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED ||
                     status == ALEXNET_NO_MEMORY);
    }
    an_image_free(ctx, &image);
    return 0;
}

#endif
