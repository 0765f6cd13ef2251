/*
 * rounded_linear_tmpl.h: all passes of linear layers in bf16, computed in fp32 from rounded
 * factors (bf16.h).
 *
 * Needs: linear_direct[AN_PASSES], the algorithms in fp32.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_ROUNDED_LINEAR_TMPL_H
#define AN_CPU_ROUNDED_LINEAR_TMPL_H

#include "core/backend.h"
#include "cpu/bf16.h"

static an_cost rounded_linear_cost(const an_linear *g, an_pass pass, int threads)
{
    return linear_direct[pass].cost(g, pass, threads);
}

static size_t rounded_forward_scratch(const an_linear *g, int threads)
{
    return an_bf16_linear_scratch(&linear_direct[AN_FORWARD], g, threads);
}

static alexnet_status rounded_forward_run(const an_run *run, const an_linear *g,
                                          const an_linear_tensors *t)
{
    return an_bf16_linear(&linear_direct[AN_FORWARD], run, g, t);
}

static size_t rounded_data_scratch(const an_linear *g, int threads)
{
    return an_bf16_linear_scratch(&linear_direct[AN_BACKWARD_DATA], g, threads);
}

static alexnet_status rounded_data_run(const an_run *run, const an_linear *g,
                                       const an_linear_tensors *t)
{
    return an_bf16_linear(&linear_direct[AN_BACKWARD_DATA], run, g, t);
}

static size_t rounded_weights_scratch(const an_linear *g, int threads)
{
    return an_bf16_linear_scratch(&linear_direct[AN_BACKWARD_WEIGHTS], g, threads);
}

static alexnet_status rounded_weights_run(const an_run *run, const an_linear *g,
                                          const an_linear_tensors *t)
{
    return an_bf16_linear(&linear_direct[AN_BACKWARD_WEIGHTS], run, g, t);
}

static const an_linear_algorithm rounded_linear[AN_PASSES] = {
    [AN_FORWARD] = {.name = "rounded bf16",
                    .pass = AN_FORWARD,
                    .dtype = ALEXNET_BF16,
                    .cost = rounded_linear_cost,
                    .scratch_bytes = rounded_forward_scratch,
                    .run = rounded_forward_run,
                    .packed_bytes = an_bf16_linear_packed_bytes,
                    .pack_weights = an_bf16_linear_pack_weights},
    [AN_BACKWARD_DATA] = {.name = "rounded bf16",
                          .pass = AN_BACKWARD_DATA,
                          .dtype = ALEXNET_BF16,
                          .cost = rounded_linear_cost,
                          .scratch_bytes = rounded_data_scratch,
                          .run = rounded_data_run},
    [AN_BACKWARD_WEIGHTS] = {.name = "rounded bf16",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .dtype = ALEXNET_BF16,
                             .cost = rounded_linear_cost,
                             .scratch_bytes = rounded_weights_scratch,
                             .run = rounded_weights_run},
};

#endif
