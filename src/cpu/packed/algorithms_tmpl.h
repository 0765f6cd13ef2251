/*
 * algorithms_tmpl.h: a packed format's forward passes as the planner knows them: how they are called, what they
 * cost. Included last, where DTYPE is the format and ALGORITHM the name.
 *
 * Needs: DTYPE and ALGORITHM; and as the templates it includes.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_PACKED_ALGORITHMS_TMPL_H
#define AN_CPU_PACKED_ALGORITHMS_TMPL_H

#include "core/backend.h"
#include "cpu/cost.h"
#include "cpu/packed/conv2d_tmpl.h"
#include "cpu/packed/linear_tmpl.h"

static an_cost conv_cost(const an_conv2d *g, an_pass pass, int threads)
{
    return an_direct_cost(&an_cost_avx512, DTYPE, g, pass, threads);
}

static an_cost linear_cost(const an_linear *g, an_pass pass, int threads)
{
    return an_linear_cost(&an_cost_avx512, DTYPE, g, pass, true, threads);
}

static const an_conv2d_algorithm conv_forward_algorithm = {
    .name = ALGORITHM,
    .pools = true,
    .cost = conv_cost,
    .scratch_bytes = conv_scratch,
    .run = conv_forward,
    .prepared_bytes = conv_prepared,
    .prepare = conv_prepare,
};

static const an_linear_algorithm linear_forward_algorithm = {
    .name = ALGORITHM,
    .cost = linear_cost,
    .scratch_bytes = linear_scratch,
    .run = linear_forward,
    .prepared_bytes = linear_prepared,
    .prepare = linear_prepare,
};

#endif
