/*
 * samples.c: the drawn images, and digests of pixels.
 * SPDX-License-Identifier: MIT
 */
#include "image/samples.h"

#include "base/hash.h"
#include <string.h>

#define FILE_BYTES_MAX (1 << 20)

/* ---- contexts ---- */

static an_test_memory memory;

int an_setup_context(void **state)
{
    *state = an_test_open(&memory);
    return 0;
}

int an_teardown_context(void **state)
{
    an_test_close(*state, &memory);
    return 0;
}

/* ---- images ---- */

an_bytes an_sample_read(alexnet_context *ctx, const char *name)
{
    an_bytes bytes;

    an_assert_ok(ctx,
                 an_file_read(ctx, an_test_path(AN_TEST_SAMPLES, name), FILE_BYTES_MAX, &bytes));
    return bytes;
}

an_image an_sample_decode(alexnet_context *ctx, const char *name)
{
    an_bytes bytes = an_sample_read(ctx, name);
    an_image image = {0};

    an_assert_ok(ctx, an_image_decode(ctx, bytes.data, bytes.size, AN_ORIENTATION_IGNORE, &image));
    an_bytes_free(ctx, &bytes);
    return image;
}

void an_assert_digest(const char *what, const void *data, size_t bytes, const char *digest)
{
    an_sha256 hash;
    uint8_t value[AN_SHA256_BYTES];
    char hex[AN_SHA256_HEX_SIZE];

    an_sha256_open(&hash);
    an_sha256_add(&hash, data, bytes);
    an_sha256_close(&hash, value);
    an_sha256_hex(value, hex);
    if (strncmp(hex, digest, strlen(digest)) != 0)
        fail_msg("%s: digest %.16s, expected %s", what, hex, digest);
}

void an_assert_pixels(const char *what, const an_image *image, const char *digest)
{
    an_assert_digest(what, image->pixels, (size_t)image->width * (size_t)image->height * 3, digest);
}

an_image an_image_of(alexnet_context *ctx, int width, int height, const uint8_t *pixels)
{
    an_image image = {0};

    an_assert_ok(ctx, an_image_reserve(ctx, &image, width, height));
    memcpy(image.pixels, pixels, (size_t)width * (size_t)height * 3);
    return image;
}

void an_assert_image(const an_image *image, int width, int height, const uint8_t *pixels)
{
    assert_int_equal(image->width, width);
    assert_int_equal(image->height, height);
    assert_memory_equal(image->pixels, pixels, (size_t)width * (size_t)height * 3);
}
