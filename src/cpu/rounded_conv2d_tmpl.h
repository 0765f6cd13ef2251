/*
 * rounded_conv2d_tmpl.h: forward convolution in bf16, computed in fp32 from rounded factors
 * (bf16.h).
 *
 * Needs: conv2d_direct[AN_PASSES], the algorithms in fp32.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_ROUNDED_CONV2D_TMPL_H
#define AN_CPU_ROUNDED_CONV2D_TMPL_H

#include "core/backend.h"
#include "cpu/bf16.h"

static an_cost rounded_conv2d_cost(const an_conv2d *g, an_pass pass, int threads)
{
    return conv2d_direct[pass].cost(g, pass, threads);
}

static size_t rounded_conv2d_scratch(const an_conv2d *g, int threads)
{
    return an_bf16_conv2d_scratch(&conv2d_direct[AN_FORWARD], g, threads);
}

static alexnet_status rounded_conv2d_run(const an_run *run, const an_conv2d *g,
                                         const an_conv2d_tensors *t)
{
    return an_bf16_conv2d(&conv2d_direct[AN_FORWARD], run, g, t);
}

static const an_conv2d_algorithm rounded_conv2d = {
    .name = "rounded bf16",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_BF16,
    .cost = rounded_conv2d_cost,
    .scratch_bytes = rounded_conv2d_scratch,
    .run = rounded_conv2d_run,
    .packed_bytes = an_bf16_conv2d_packed_bytes,
    .pack_weights = an_bf16_conv2d_pack_weights,
};

#endif
