/*
 * algorithms_tmpl.h: a packed format's forward passes as the planner knows them: how they are called, what they
 * cost. Included last, where DTYPE is the format and ALGORITHM the name.
 * SPDX-License-Identifier: MIT
 */

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
