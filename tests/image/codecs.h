/*
 * codecs.h: what the tests of the image formats share: the drawn images of
 * tests/fuzz/corpus/FORMAT/, and how PIL decodes them. tests/golden/formats_golden.py writes both.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_CODECS_H
#define AN_TEST_CODECS_H

#include "image/codec.h"
#include "image/samples.h"

typedef struct codec_format {
    const an_codec *codec;
    const char *folder; /* of the corpus */
} codec_format;

/* How PIL decodes a file. */
typedef struct codec_expected {
    const char *file;
    int width, height;
    const char *stored, *upright; /* digests of the pixels */
} codec_expected;

/* A file that must fail. */
typedef struct codec_fault {
    const char *file;
    alexnet_status status;
    const char *message; /* a substring of it */
} codec_fault;

/* Returns false if this build does not support the format, after checking that the decoder says so;
   prints that the rest of the test is skipped. */
bool codec_is_read(alexnet_context *ctx, const codec_format *format, const char *file);

void codec_decodes_as_pil(alexnet_context *ctx, const codec_format *format,
                          const codec_expected *rows, size_t count);
void codec_refuses(alexnet_context *ctx, const codec_format *format, const codec_fault *faults,
                   size_t count);

/* Truncated at any byte, the file is an error, or decodes to the same image if only bytes after the
   pixels are missing. */
void codec_detects_truncation(alexnet_context *ctx, const codec_format *format, const char *file);

/* Makes the n-th allocation fail, for every n. */
void codec_survives_failed_allocations(alexnet_context *ctx, const codec_format *format,
                                       const char *file);

#endif
