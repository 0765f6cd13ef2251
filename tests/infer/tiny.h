/*
 * tiny.h: small worlds to train and to infer in: a context with a backend, a drawn data set,
 * weights that were never trained.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_TINY_H
#define AN_TEST_TINY_H

#include "support/support.h"

#include "core/model.h"

/* A context with a backend. With `memory` (or NULL) its blocks are counted; close with
 * an_test_close(). */
alexnet_context *an_tiny_open(an_test_memory *memory, int threads);

/* FOLDER/{train,val}/CLASS/NNNN.jpg, 32x32; per_class images of each class to train on, half as
 * many to validate with. */
void an_tiny_draw(alexnet_context *ctx, const char *folder, int classes, int per_class);

/* A cifar-19pct with He's first weights, a grey mean image, and class names (NULL: unnamed). */
alexnet_model *an_tiny_model(alexnet_context *ctx, const char *const *names, int classes,
                             uint64_t seed);
void an_tiny_weights(alexnet_context *ctx, const char *path, const char *const *names, int classes,
                     uint64_t seed);

/*
 * A network of batch_norm, on maps and on rows, and a local layer, with the first weights of their own; for images of
 * 3x8x8. Its family stands in no table.
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

/* Makes a file of FOLDER unreadable as an image. */
void an_tiny_spoil(const char *folder, const char *name);

#endif
