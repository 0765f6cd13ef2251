/*
 * squeeze.c: makes a row of a map of one place. There is nothing to compute; a larger map is
 * refused (tf.squeeze over height and width, as in slim's alexnet_v2).
 *
 * layers.h says what may be changed here, and where the arithmetic is.
 * SPDX-License-Identifier: MIT
 */
#include "base/status.h"
#include "layers/layers.h"

static alexnet_status squeeze_shape(alexnet_context *ctx, const an_node *node, an_shape x,
                                    an_shape *y)
{
    if (x.h != 1 || x.w != 1)
        return an_fail(
            ctx, ALEXNET_BAD_SHAPE,
            "layer %s: the predictions are a map of %dx%d, expected 1x1: use another input "
            "size, a global pool, or no squeeze",
            node->name, x.h, x.w);
    *y = x;
    return ALEXNET_OK;
}

static void squeeze_plan(const an_node *node, const an_setup *setup, an_shape x, an_shape y,
                         an_needs *needs)
{
    (void)node, (void)setup, (void)x, (void)y;
    needs->alias = true;
}

/* Never called: y is x. */
static alexnet_status squeeze_run(const an_op *op)
{
    (void)op;
    return ALEXNET_OK;
}

const an_layer_def an_layer_squeeze = {
    .name = "squeeze",
    .summary = "a map of 1x1 as a row; refuses a larger one",
    .shape = squeeze_shape,
    .plan = squeeze_plan,
    .forward = squeeze_run,
    .backward = squeeze_run,
};
