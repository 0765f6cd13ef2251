/*
 * algorithms_tmpl.h: the templates of a packed format's forward passes, and what they cost.
 *
 * Needs: a format, which kernels_avx512_bf16.c and kernels_avx512_vnni.c define before they include
 * this. A new format is another such file, and a line in packed.h and in the tier's list of
 * algorithms.
 *
 *     LANES, NV, MR      as in fp32/kernels_tmpl.h, with units of 4 bytes in place of floats
 *     number, UNIT       the type of a packed number; how many are in a unit
 *     sum_number, va     the type of a sum; 16 sums: va_zero(), va_dot(), va_sum()
 *     DTYPE, TILE_NAME   the format's value and the names of its micro-kernels
 *     PLAIN_WEIGHTS      1: linear layers also take weights that are not packed (vp_pack())
 *     packing            how floats become numbers: packing_of_image(), packing_of_weights(),
 *                        pack_weight(), pack_numbers(), packed_zero(), whole_value()
 *     weights_info       what lies behind packed weights: weights_info_bytes(), weights_info_at(),
 *                        weights_info_set()
 *     finish             how sums become the floats of y: finish_of(), finish_of_columns(),
 *                        va_finish(); value_of() for a single sum
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
