/*
 * shape.h: the shape of an activation. Every activation has four dimensions;
 * a linear layer's output is [n][c][1][1].
 *
 * Legend used throughout: N images, C channels in, K filters (channels out), H W map in, R S
 * kernel, P Q map out, G groups.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_SHAPE_H
#define AN_CORE_SHAPE_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct an_shape {
    int n, c, h, w; /* each 1 .. AN_DIMENSION_MAX, and their product at most AN_ELEMENTS_MAX */
} an_shape;

#define AN_DIMENSION_MAX (1 << 24)
#define AN_ELEMENTS_MAX  ((int64_t)1 << 36)

int64_t an_shape_count(an_shape shape); /* n*c*h*w */
int64_t an_shape_image(an_shape shape); /* c*h*w */
an_shape an_shape_with_n(an_shape shape, int n);

/* BAD_SHAPE unless every dimension and the product are within the limits above. The message begins
   with `what`. */
alexnet_status an_shape_check(alexnet_context *ctx, const char *what, an_shape shape) AN_NODISCARD;

/* How an output size is rounded: see an_window_output(). */
typedef enum an_rounding {
    AN_ROUND_DOWN,
    AN_ROUND_UP_SIZE,
    AN_ROUND_SAME,
    AN_ROUND_VALID
} an_rounding;
#define AN_ROUNDING_CHOICES "down|up|same|valid"

/*
 * The output size of a window that slides along one dimension, and the padding that it uses before
 * and after the data.
 *
 *   down   1 + floor((in + 2 pad - window) / stride)      PyTorch, Caffe's convolution
 *   up     1 + ceil((in + 2 pad - window) / stride)       cuda-convnet, Caffe's pooling; the last
 *                                                        window may pass the end
 *   same   ceil(in / stride), padding split, the odd     TensorFlow SAME; pad must be 0
 *          one after
 *   valid  1 + floor((in - window) / stride)             TensorFlow VALID; pad must be 0
 *
 * With "up" pad_after is what the last window needs; it can be larger than `pad`. Caffe drops a
 * last pooling window that would start beyond the image and its left padding; with `clip`, and
 * "up", so does this function. Returns false if there is no output: the window is larger than the
 * padded input.
 */
typedef struct an_window {
    int out, pad_before, pad_after;
} an_window;

bool an_window_output(an_rounding rounding, int in, int window, int stride, int pad, bool clip,
                      an_window *out) AN_NODISCARD;

#endif
