/*
 * plan.h: everything that is decided before a run. From the model, the number of images in a batch,
 * training or inference, and the last layer that is wanted, the planner decides which layers are
 * fused (computed as one), which work in place, which algorithm computes each pass, and where every
 * buffer lies in the step arena.
 *
 * Four arenas by lifetime:
 *
 *   model    | weights | gradients | optimiser           |   until the model or session closes
 *   packed   | w0 | w3 | ... |                               inference: weights as the kernels
 *                                                            read them, packed once, and again
 *                                                            when the model's values changed
 *   step     | y0 | saved0 | y1 | ... | dx1 | dx0 |          laid out once, rewritten every step
 *   scratch  | one operation's working memory |              rewritten by every operation
 *
 * The step arena places buffers by their live ranges on a time line of forward steps 0 .. L-1 and
 * backward steps L .. 2L-1: two buffers may share bytes if their live ranges do not overlap. In
 * training the live range of an activation ends with the last backward step that reads it; that of
 * a gradient goes from the step that writes it to the step that reads it. In inference that of an
 * activation ends with the next layer.
 *
 * An example: layers 0 convolution, 1 ReLU, 2 maximum pooling, 3 convolution. x, y: input and
 * output of a layer; dx, dy: the gradients of the loss with respect to them; f, b: forward and
 * backward step; saved: what a layer keeps for its own backward step beside x and y.
 *
 *            time ->   f0   f1   f2   f3 | b3   b2   b1   b0
 *   y0  conv (+relu)   ###########
 *   saved2 argmax                #####################
 *   y2  pool                     #####################           (read by conv3's weight gradient)
 *   dx3                                    ######
 *   dx2                                         ###########
 *
 * y0, the largest, is not needed in backward: a gradient passes the ReLU where the maximum of a
 * window is above 0, which y2 shows as well. So pooling does the ReLU's backward pass before its
 * own, on fewer elements. If the convolution can do the pooling itself (an_needs.fuses_pool),
 * neither y0 nor its gradient is stored. The same holds for a normalisation before a pooling.
 *
 * Where buffers lie, and which of them share bytes, may be changed: tests/core/plan_test.c checks
 * for every family that no buffer is overwritten before it is read for the last time. What is fused
 * and which algorithm is chosen decides how results are rounded (docs/determinism.md).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_PLAN_H
#define AN_CORE_PLAN_H

#include "core/model.h"

#define AN_NOWHERE SIZE_MAX

/* One layer of the plan. Offsets are bytes in the step arena; AN_NOWHERE: no such buffer. */
typedef struct an_plan_step {
    const an_node *node;
    an_needs needs;
    an_shape x_shape, y_shape; /* for one image: the node's, unless a pooling is fused */
    bool fused_relu;           /* forward applies the ReLU of the next step */
    an_pool fused_pool; /* r > 0: this step includes the pooling after it: y, saved and dy have the
                           pooling's shape. So has a ReLU in between, forward and backward */
    bool relu_before;   /* backward includes the ReLU of the step before */
    bool run_forward;   /* false: y is x (an_needs.alias), or fused into an earlier step */
    bool run_backward;  /* false: nothing to train here or before, dx is dy, or fused into another
                           step */
    bool want_dx;       /* a layer before this one is trained */
    size_t x, y, saved; /* forward */
    size_t dy, dx;      /* backward */
    size_t packed;      /* in the arena of packed weights, not in the step arena */
} an_plan_step;

typedef struct an_plan {
    const alexnet_model *model;
    an_setup setup;
    int batch;
    int first;      /* the first node that runs; above 0, its input is given in place of images */
    int step_count; /* nodes up to and including the output; those before `first` do nothing */
    an_plan_step *steps;
    size_t input; /* offset of the converted images; AN_NOWHERE: the first layer takes_nchw */
    size_t step_bytes, scratch_bytes, packed_bytes;
} an_plan;

/*
 * Plans in the context's format of numbers; training in int8 is planned in fp32.
 *   first   index of the first node that runs: 0, or the input of that node replaces the images
 *   output  index of the node whose result is wanted; in training the last
 * Nothing is fused across either. BAD_ARG (batch out of range), NO_MEMORY, BAD_SHAPE (too large).
 */
alexnet_status an_plan_open(const alexnet_model *model, an_mode mode, int batch, int first,
                            int output, an_plan *out) AN_NODISCARD;
void an_plan_close(alexnet_context *ctx, an_plan *plan); /* safe on a zeroed plan */

/*
 * Whether backward stores the gradient of the step's parameter `index` (0 .. param_count-1). It
 * stores none for a frozen parameter, nor, with `updates`, for one that it updates itself.
 */
bool an_plan_stores_gradient(const an_plan *plan, const an_plan_step *step, int index,
                             bool updates);

/* The size of all stored gradients. */
size_t an_plan_gradient_bytes(const an_plan *plan, bool updates);

#endif
