/*
 * fuzz_image.c: any bytes are an image or an error, and what is an image can be prepared.
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "image/codec.h"
#include "image/preprocess.h"
#include <stdint.h>
#include <stdlib.h>

#define PIXELS_MAX (1 << 20) /* of an image that is worth preparing */
#define SIDE       24

static void check(bool condition)
{
    if (!condition) abort();
}

static void prepare(alexnet_context *ctx, const an_image *image)
{
    an_preparer preparer = {0};
    an_preprocess record;
    float tensor[3 * SIDE * SIDE];

    check(an_preprocess_parse(ctx, "resize=short:30 crop=24 divide=255", &record) == ALEXNET_OK);
    check(an_preprocess_tensor(ctx, &preparer, &record, NULL, 0, 0, NULL, NULL, 0, image, SIDE,
                               SIDE, tensor) == ALEXNET_OK);
    for (int i = 0; i < 3 * SIDE * SIDE; ++i)
        check(tensor[i] >= 0 && tensor[i] <= 1);
    an_preparer_free(ctx, &preparer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx;
    an_image image = {0};

    check(an_context_open(NULL, &ctx) == ALEXNET_OK);
    const alexnet_status status = an_image_decode(ctx, data, size, AN_ORIENTATION_EXIF, &image);
    if (status == ALEXNET_OK) {
        check(image.width >= 1 && image.height >= 1);
        if ((int64_t)image.width * image.height <= PIXELS_MAX) prepare(ctx, &image);
    } else {
        check(alexnet_error(ctx)[0] != '\0');
        check(status == ALEXNET_BAD_FILE || status == ALEXNET_UNSUPPORTED ||
              status == ALEXNET_NO_MEMORY);
    }
    const int orientation = an_exif_orientation(data, size);
    check(orientation >= 1 && orientation <= 8);
    an_image_free(ctx, &image);
    alexnet_close(ctx);
    return 0;
}
