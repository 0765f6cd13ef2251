/*
 * plain.h: layers in plain loops, for running a network by the rules of the format that describes
 * it. `convert` compares the results with the program's own: so nothing here uses the backend, the
 * layers or the planner.
 *
 * Maps are [n][c][h][w]; every function allocates its result, and the caller frees it. BAD_FILE:
 * the shapes do not fit; the message names `node`. NO_MEMORY.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PLAIN_H
#define AN_FORMATS_PLAIN_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>

/* A map; a matrix [n][c] has h and w 1. Zeroed: none. */
typedef struct an_plain_map {
    int n, c, h, w;
    float *data;
} an_plain_map;

alexnet_status an_plain_new(alexnet_context *ctx, const char *node, int n, int c, int h, int w,
                            an_plain_map *out) AN_NODISCARD;
void an_plain_free(alexnet_context *ctx, an_plain_map *map);

/* Windows of convolutions and pooling. pad: above, left, below, right; of pooling less than the
   kernel, so that every window has an element of the input. Anything else is BAD_FILE. */
typedef struct an_plain_window {
    int kernel[2], stride[2], pad[4];
    bool up; /* the number of windows is rounded up; the last must begin within the input or the
                padding before it, as in Caffe and PyTorch */
} an_plain_window;

/* weight [out][in/groups][kh][kw]; bias [out] or NULL. */
alexnet_status an_plain_conv2d(alexnet_context *ctx, const char *node, const an_plain_map *x,
                               const an_plain_window *window, int groups, int out_channels,
                               const float *weight, const float *bias,
                               an_plain_map *y) AN_NODISCARD;
alexnet_status an_plain_max_pool(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                 const an_plain_window *window, an_plain_map *y) AN_NODISCARD;
/* counts_pad: the divisor counts the padding (up to pad, as in Caffe and ONNX), else only elements
   of the input. */
alexnet_status an_plain_average_pool(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                     const an_plain_window *window, bool counts_pad,
                                     an_plain_map *y) AN_NODISCARD;
/* y = x / (k + alpha * sum of squares of the `size` channels around it)^beta. An even size has one
   more channel after it than before, as in ONNX. */
alexnet_status an_plain_lrn_across(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                   int size, double alpha, double beta, double k,
                                   an_plain_map *y) AN_NODISCARD;
/* The same over the size x size elements around it in the same map; size odd. */
alexnet_status an_plain_lrn_within(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                   int size, double alpha, double beta, double k,
                                   an_plain_map *y) AN_NODISCARD;
/* x [n][inputs] is the map in the order channel, row, column; weight [outputs][inputs] */
alexnet_status an_plain_linear(alexnet_context *ctx, const char *node, const an_plain_map *x,
                               int outputs, const float *weight, const float *bias,
                               an_plain_map *y) AN_NODISCARD;
void an_plain_relu(an_plain_map *x); /* in place, as all below */
void an_plain_tanh(an_plain_map *x);
void an_plain_sigmoid(an_plain_map *x);
/* over channels; values may be infinite or NaN, as their sum then is */
void an_plain_softmax(an_plain_map *x);
/* y = (x - mean) / sqrt(variance + epsilon) * scale + shift, per channel; the last two may be
   NULL */
void an_plain_batch_norm(an_plain_map *x, const float *mean, const float *variance, double epsilon,
                         const float *scale, const float *shift);

#endif
