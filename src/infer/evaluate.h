/*
 * evaluate.h: alexnet_evaluate() once it is known which images it evaluates: those that a run held
 * back (train/run/held_back.c has alexnet_evaluate() itself), or those of options->data.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_INFER_EVALUATE_H
#define AN_INFER_EVALUATE_H

#include "data/source.h"

/* The images to evaluate. */
typedef struct an_evaluated {
    const an_source *source;
    const int64_t *indices; /* NULL: all */
    int64_t count;
    const char *name; /* for messages */
} an_evaluated;

/* images may be NULL: options->data. */
alexnet_status an_evaluate(alexnet_context *ctx, const alexnet_evaluate_options *options,
                           const an_evaluated *images, alexnet_evaluate_result *out) AN_NODISCARD;

#endif
