/*
 * cases_kinds.h: helpers of the files that define kinds of cases. Each kind is in the file of its
 * layers:
 *
 *     cases_conv2d.c       convolutions, and locally connected layers
 *     cases_linear.c       linear layers, and SGD's update with the gradient
 *     cases_maps.c         pooling, normalisations
 *     cases_elementwise.c  activations, dropout, changes of layout, loss, updates
 *
 * The calls that networks make are in cases_networks.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BENCH_CASES_KINDS_H
#define AN_BENCH_CASES_KINDS_H

#include "bench/cases.h"

static inline an_operand an_floats(int64_t count)
{
    return (an_operand){.count = (size_t)count, .type = AN_OPERAND_FLOAT};
}

/* The number of outputs of a pooling; without a pooling (all sizes 0) none. */
static inline int64_t an_pooled(const an_pool *g) { return (int64_t)g->n * g->c * g->p * g->q; }

/* The argmax of each. */
static inline an_operand an_argmaxes(const an_pool *g)
{
    return (an_operand){.count = (size_t)an_pooled(g), .type = AN_OPERAND_ARGMAX, .pool = *g};
}

/* The inputs of the forward pass of a layer with weights. */
static inline an_operand an_layer_input(const an_case *c, int64_t count)
{
    return (an_operand){.count = (size_t)count,
                        .type = c->after_relu ? AN_OPERAND_UNIT : AN_OPERAND_FLOAT};
}

/* The tensors of a pass of a convolution or a linear layer, from the operands of its case. */
an_conv2d_tensors an_case_tensors(const an_case *c, an_pass pass,
                                  const void *const in[AN_CASE_INPUTS],
                                  void *const out[AN_CASE_OUTPUTS]);

/* The rule of SGD, whether it is fused with a gradient or not. */
static inline an_sgd an_case_sgd_rule(const an_case *c)
{
    return (an_sgd){.lr = c->adds_gradient ? -0.01f : 0.01f,
                    .momentum = 0.9f,
                    .weight_decay = 0.0005f,
                    .lr_inside = c->lr_inside};
}

/* The run of a primitive, without the first `bytes` of scratch, which the case itself uses. */
static inline an_run an_run_behind(const an_run *run, size_t bytes)
{
    return (an_run){run->threads, (char *)run->scratch + bytes, run->scratch_bytes - bytes};
}

#endif
