/*
 * check.h: runs one layer by itself, and checks its gradients against central differences.
 * Tensors on this side are [n][c][h][w]; parameters and gradients are as the layer declares them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TESTS_LAYERS_CHECK_H
#define AN_TESTS_LAYERS_CHECK_H

#include "core/layer.h"

#define CHECK_PARAMS_MAX AN_LAYER_PARAMS

typedef struct check_layer {
    alexnet_context *ctx;
    an_node node;
    an_mode mode;
    an_needs needs;
    an_run run;
    an_shape x_shape, y_shape;
    an_param_list params;
    float *w[CHECK_PARAMS_MAX], *dw[CHECK_PARAMS_MAX];
    float *x, *y, *dy, *dx; /* in the backend's layout */
    void *saved, *packed;
    int32_t *labels; /* the loss layer */
    float *row_loss;
    int64_t step;
    float smoothing;
    bool relu;
} check_layer;

/* Builds the layer for an input of this shape on the given tier, to run on two threads. Parameters
 * are random numbers. Fails the test on error. */
void check_open(check_layer *c, const char *tier, const char *type, const char *settings,
                an_shape x, an_mode mode);
void check_open_threads(check_layer *c, const char *tier, int threads, const char *type,
                        const char *settings, an_shape x, an_mode mode);
void check_close(check_layer *c);

/* The tiers that this machine has, best first, for check_open(); NULL past the end. */
const char *check_tier(int index);

/* The status of the layer's shape rule for this input, for tests of refusals; the message goes to
 * `message`. */
alexnet_status check_shape(const char *type, const char *settings, an_shape x, an_shape *y,
                           char *message, size_t bytes);

void check_forward(check_layer *c, const float *x, float *y);
void check_backward(check_layer *c, const float *dy, float *dx); /* after check_forward() */

/*
 * For the loss sum(y * r) with random r: every parameter's and the input's gradient, each element
 * against (loss(+step) - loss(-step)) / (2 step), relative to the largest gradient of the tensor,
 * plus the error of the loss from rounding y. Inputs are `spread` apart from each other and from 0
 * (more than 2 step, so that no kink of ReLU or maximum is crossed).
 */
void check_gradient(const char *type, const char *settings, an_shape x, double step, double rtol);

/* Fills with numbers in -1 .. 1 that are distinct multiples of 2 / count, shuffled: none is closer
 * than that to another. */
void check_fill(float *values, size_t count, uint32_t stream);

#endif
