/*
 * expect.h: a family's numbers as its source has them, against the table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TESTS_MODELS_EXPECT_H
#define AN_TESTS_MODELS_EXPECT_H

#include "core/model.h"

typedef struct expect_layer {
    const char *name;
    int output[3];
    int64_t parameters, macs;
} expect_layer;

typedef struct expect_tensor {
    const char *name;
    int rank;
    int64_t shape[4];
} expect_tensor;

typedef struct expect_family {
    const char *name;
    int input[3];
    int64_t parameters, macs, neurons;
    const expect_layer *layers;   /* those worth checking, in order; ended by name NULL */
    const expect_tensor *tensors; /* all of them, in order; ended by name NULL */
} expect_family;

void an_expect_family(const expect_family *expected);

#endif
