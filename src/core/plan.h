/*
 * plan.h: a plan comes before a run. From (model, batch, mode, output) the planner decides what is
 * fused, what is in place, which algorithm computes what, and where in the step arena every buffer
 * lies.
 *
 * Four arenas by lifetime:
 *
 *   model    | weights | gradients | optimiser           |   until the model or session closes
 *   prepared | w0 | w3 | ... |                               inference: weights in the form that the
 *                                                            kernels want, made once; again when the
 *                                                            model's values have changed
 *   step     | y0 | saved0 | y1 | ... | dx1 | dx0 |          laid out once, rewritten every step
 *   scratch  | one operation's working memory |              rewritten by every operation
 *
 * The step arena packs buffers by their lives on a time line of forward steps 0 .. L-1 and backward
 * steps L .. 2L-1: two buffers share bytes when their lives do not meet. In training an activation
 * lives until the last backward step that reads it; a gradient from the step that writes it to the
 * step that reads it. In inference an activation dies with the next layer.
 *
 *            time ->   f0   f1   f2   f3 | b3   b2   b1   b0
 *   y0  conv (+relu)   ###########
 *   saved2 arg-max               #####################
 *   y2  pool                     #####################           (read by conv3's weight gradient)
 *   dx3                                    ######
 *   dx2                                         ###########
 *
 * y0, the largest, is not needed in backward: a gradient passes the ReLU where the largest of a
 * window is above 0, which y2 says as well. So pooling does the ReLU's backward pass, on fewer
 * elements, before its own. Where the convolution can do the pooling itself (an_needs.fuses_pool),
 * there is no y0 at all, nor its gradient. The same holds for a normalisation before a pooling.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_PLAN_H
#define AN_CORE_PLAN_H

#include "core/model.h"

#define AN_NOWHERE SIZE_MAX

/* One layer of the plan. Offsets are bytes in the step arena; AN_NOWHERE: there is no such buffer.
 */
typedef struct an_plan_step {
    const an_node *node;
    an_needs needs;
    an_shape x_shape, y_shape; /* for one image: the node's, but for what is fused */
    bool fused_relu;    /* forward applies the ReLU of the next step */
    an_pool fused_pool; /* r > 0: this step is the pooling behind it as well: y, saved and dy are of its outputs, and
                           those of a ReLU in between, which goes backward on them */
    bool relu_before;   /* backward applies that of the step before */
    bool run_forward;   /* false: an alias, or a part of an earlier step */
    bool run_backward;  /* false: nothing to train here or below, an alias, or a part of another step */
    bool want_dx;
    size_t x, y, saved; /* forward */
    size_t dy, dx;      /* backward */
    size_t packed;      /* in the arena of prepared weights, not in the step arena */
} an_plan_step;

typedef struct an_plan {
    const alexnet_model *model;
    an_setup setup;
    int batch;
    int first; /* the first node that runs: 0, or what lies before it is given instead of images */
    int step_count; /* nodes up to and with the wanted output; those before `first` do nothing */
    an_plan_step *steps;
    size_t input; /* offset of the converted images; AN_NOWHERE: the first layer takes_nchw */
    size_t step_bytes, scratch_bytes, packed_bytes;
} an_plan;

/*
 * In the context's format of numbers; what cannot be trained in it is planned in fp32.
 * first: index of the node that gets what is given to run: 0, images. output: that of the node whose
 * result is wanted (the last, in training). Nothing is fused across either. BAD_ARG (batch below 1), NO_MEMORY, BAD_SHAPE (too large).
 */
alexnet_status an_plan_open(const alexnet_model *model, an_mode mode, int batch, int first,
                            int output, an_plan *out) AN_NODISCARD;
void an_plan_close(alexnet_context *ctx, an_plan *plan); /* safe on a zeroed plan */

/*
 * Whether backward stores the gradient of the step's parameter `index` (0 .. param_count-1): not of one that is
 * frozen, nor, with `updates`, of one that it updates itself.
 */
bool an_plan_stores_gradient(const an_plan *plan, const an_plan_step *step, int index,
                             bool updates);

/* What the stored gradients take. */
size_t an_plan_gradient_bytes(const an_plan *plan, bool updates);

#endif
