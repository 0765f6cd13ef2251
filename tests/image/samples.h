/*
 * samples.h: the drawn images of tests/fuzz/corpus/image/, and digests of pixels. See tests/golden/image_golden.py.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_SAMPLES_H
#define AN_TEST_SAMPLES_H

#include "base/file.h"
#include "image/image.h"
#include "support/support.h"

/* For cmocka: *state is a context whose blocks are counted; the test fails if one is left. */
int an_setup_context(void **state);
int an_teardown_context(void **state);
#define an_unit_test(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, an_setup_context, an_teardown_context)

/* The bytes of a drawn image. Free with an_bytes_free(). */
an_bytes an_kind_read_image(alexnet_context *ctx, const char *name);

/* A drawn image, decoded as stored. */
an_image an_sample_decode(alexnet_context *ctx, const char *name);

/* Fails the test, naming `what`, unless the data's SHA-256 begins with these 16 hexadecimal digits. */
void an_assert_digest(const char *what, const void *data, size_t bytes, const char *digest);
void an_assert_pixels(const char *what, const an_image *image, const char *digest);

/* An image of width x height pixels, each of `pixels` bytes in turn. */
an_image an_image_of(alexnet_context *ctx, int width, int height, const uint8_t *pixels);

/* Fails the test unless the image is width x height and has exactly these bytes. */
void an_assert_image(const an_image *image, int width, int height, const uint8_t *pixels);

#endif
