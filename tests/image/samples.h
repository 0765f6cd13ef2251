/*
 * samples.h: the drawn images of tests/fuzz/corpus/image/ (written by
 * tests/golden/image_golden.py), and digests of pixels.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_SAMPLES_H
#define AN_TEST_SAMPLES_H

#include "base/file.h"
#include "image/image.h"
#include "support/support.h"

/* For cmocka: *state is a context that counts its blocks; the test fails if one is not freed. */
int an_setup_context(void **state);
int an_teardown_context(void **state);
#define an_unit_test(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, an_setup_context, an_teardown_context)

/* Reads the file of a drawn image. Free with an_bytes_free(). */
an_bytes an_sample_read(alexnet_context *ctx, const char *name);

/* Decodes a drawn image, with the pixels as stored. */
an_image an_sample_decode(alexnet_context *ctx, const char *name);

/* Fails the test, naming `what`, unless the SHA-256 of the data begins with these 16 hex digits. */
void an_assert_digest(const char *what, const void *data, size_t bytes, const char *digest);
void an_assert_pixels(const char *what, const an_image *image, const char *digest);

/* Returns an image of width x height with a copy of `pixels`, 3 bytes each. */
an_image an_image_of(alexnet_context *ctx, int width, int height, const uint8_t *pixels);

/* Fails the test unless the image is width x height and has exactly these bytes. */
void an_assert_image(const an_image *image, int width, int height, const uint8_t *pixels);

#endif
