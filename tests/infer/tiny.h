/*
 * tiny.h: small models and data sets for the tests of training and inference: a context with a
 * backend, a drawn data set, initial weights.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_TINY_H
#define AN_TEST_TINY_H

#include "support/support.h"

#include "core/model.h"

/* Opens a context with a backend. With `memory` (may be NULL) its blocks are counted. Close with
   an_test_close(). */
alexnet_context *an_tiny_open(an_test_memory *memory, int threads);

/* Draws FOLDER/{train,val}/CLASS/NNNN.jpg, 32x32: per_class training images of each class, and half
   as many validation images. */
void an_tiny_draw(alexnet_context *ctx, const char *folder, int classes, int per_class);

/* Creates a cifar-19pct with He's initial weights, a grey mean image, and class names (NULL:
   unnamed). */
alexnet_model *an_tiny_model(alexnet_context *ctx, const char *const *names, int classes,
                             uint64_t seed);
void an_tiny_weights(alexnet_context *ctx, const char *path, const char *const *names, int classes,
                     uint64_t seed);

/*
 * Creates a network of batch_norm, on maps and on rows, and a locally connected layer, with their
 * own initial weights; for images of 3x8x8. Its family is not in the table.
 */
alexnet_model *an_tiny_normed(alexnet_context *ctx, int classes, uint64_t seed);

/* The names of an_tiny_draw()'s classes. */
extern const char *const an_tiny_classes[3];

/* Collects log lines and skipped images as one text; for alexnet_options.log and the like. */
typedef struct an_tiny_text {
    char text[8192];
} an_tiny_text;

void an_tiny_log(void *user, alexnet_log_level level, const char *line);
void an_tiny_skipped(void *user, const char *path, const char *reason);

/* Overwrites a file in FOLDER, so that it is not readable as an image. */
void an_tiny_spoil(const char *folder, const char *name);

#endif
