/*
 * expect.h: compares a family's table with the numbers of its source.
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
    const expect_layer *layers;   /* in order, ended by name NULL: all but those that keep the map
                                     or flatten it */
    const expect_tensor *tensors; /* all of them, in order; ended by name NULL */
} expect_family;

void an_expect_family(const expect_family *expected);

/* Initial weights of one layer with weights, and the multipliers of its rates. The bias is the
 * parameter after the weight. */
typedef struct expect_start {
    const char *weight;                /* the tensor's name; NULL ends a table */
    double sd;                         /* deviation of the weights, by their rule */
    double bias;                       /* all of the biases; NaN: drawn */
    double decay, bias_lr, bias_decay; /* multipliers; that of the weights' rate is 1 */
} expect_start;

void an_expect_start(const char *family, const expect_start *expected);

/* The tensors of Caffe, and of all families with the paper's sizes in two towers and layers named
 * conv1 to fc8; and its layers with weights. */
extern const expect_tensor expect_paper_tensors[];
extern const expect_layer expect_paper_layers[];

#endif
