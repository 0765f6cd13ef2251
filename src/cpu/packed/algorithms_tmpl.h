/*
 * algorithms_tmpl.h: the templates of a packed format's forward passes, and what they cost.
 *
 * Needs: DTYPE; and as the templates it includes.
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

#endif
