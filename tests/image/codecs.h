/*
 * codecs.h: what the tests of one image format share: the drawn images of tests/fuzz/corpus/FORMAT/, and PIL's answers.
 * Both are written by tests/golden/formats_golden.py.
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

/* What PIL makes of a file. */
typedef struct codec_answer {
    const char *file;
    int width, height;
    const char *stored, *upright; /* digests */
} codec_answer;

/* A file that must fail. */
typedef struct codec_fault {
    const char *file;
    alexnet_status status;
    const char *message; /* a part of it */
} codec_fault;

/* False, and it is printed, where this build does not read the format: the test then checks that it says so. */
bool codec_is_read(alexnet_context *ctx, const codec_format *format, const char *file);

void codec_decodes_as_pil(alexnet_context *ctx, const codec_format *format,
                          const codec_answer *answers, size_t count);
void codec_refuses(alexnet_context *ctx, const codec_format *format, const codec_fault *faults,
                   size_t count);

/* Cut anywhere the file is an error or, where only what follows the pixels is gone, what it was. */
void codec_notices_truncation(alexnet_context *ctx, const codec_format *format, const char *file);

/* The n-th allocation fails, for every n. */
void codec_survives_short_memory(alexnet_context *ctx, const codec_format *format,
                                 const char *file);

#endif
