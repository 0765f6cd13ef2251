/*
 * kernels_tmpl.h: the fast tiers' kernels, written once: all templates, and the table that they
 * make.
 *
 * Needs: of kernels_avx2.c, kernels_avx512.c and kernels_neon.c, which include it,
 *
 *     TIER    avx2       the name that the functions and the table carry
 *     LANES   8          floats in a vector
 *     NV      2          vectors in a row of a tile
 *     MR      6          rows of a tile: with NV as many as the registers hold
 *
 * and a vector vocabulary (vf, vf_load, vf_fma ...: cpu/simd). No other line of the templates knows
 * the machine. Legend: N images, C channels, K filters, H W map in, P Q map out, R S kernel, G
 * groups.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_KERNELS_TMPL_H
#define AN_CPU_FP32_KERNELS_TMPL_H

#include "base/compiler.h"
#include "base/status.h"
#include "core/backend.h"
#include "cpu/backend.h"
#include "cpu/choice.h"
#include "cpu/cost.h"
#include "cpu/detect.h"
#include "cpu/fp32/batch_norm_tmpl.h"
#include "cpu/fp32/conv2d_direct_tmpl.h"
#include "cpu/fp32/conv2d_weights_tmpl.h"
#include "cpu/fp32/conv2d_whole_tmpl.h"
#include "cpu/fp32/elementwise_tmpl.h"
#include "cpu/fp32/layout_tmpl.h"
#include "cpu/fp32/linear_tmpl.h"
#include "cpu/fp32/local_tmpl.h"
#include "cpu/fp32/loss_tmpl.h"
#include "cpu/fp32/lrn_tmpl.h"
#include "cpu/fp32/pool_tmpl.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/fp32/winograd_tmpl.h"
#include "cpu/reference/reference.h"
#include "cpu/simd/compiler.h"
#include "cpu/simd/crc32c_tmpl.h"
#include "cpu/winograd.h"

/* ---- the algorithms ---- */

#define TIER_COST (&PASTE(an_cost_, TIER))

static an_cost conv2d_direct_cost(const an_conv2d *g, an_pass pass, int threads)
{
    return an_direct_cost(TIER_COST, ALEXNET_FP32, g, pass, threads);
}

static an_cost conv2d_winograd_cost(const an_conv2d *g, an_pass pass, int threads)
{
    return an_winograd_cost(TIER_COST, g, pass, threads);
}

static an_cost linear_direct_cost(const an_linear *g, an_pass pass, int threads)
{
    return an_linear_cost(TIER_COST, ALEXNET_FP32, g, pass, true, threads);
}

static an_cost conv2d_whole_cost(const an_conv2d *g, an_pass pass, int threads)
{
    const an_linear linear = whole_linear(g);

    return an_linear_cost(TIER_COST, ALEXNET_FP32, &linear, pass, false, threads);
}

static double plain_seconds(double macs, double bytes, int threads)
{
    return an_plain_seconds(TIER_COST, macs, bytes, threads);
}

static const an_conv2d_algorithm conv2d_direct[AN_PASSES] = {
    [AN_FORWARD] = {.name = "direct",
                    .pass = AN_FORWARD,
                    .cost = conv2d_direct_cost,
                    .scratch_bytes = conv2d_forward_scratch,
                    .run = conv2d_forward,
                    .packed_bytes = conv2d_packed_bytes,
                    .pack_weights = conv2d_pack_weights},
    [AN_BACKWARD_DATA] = {.name = "direct",
                          .pass = AN_BACKWARD_DATA,
                          .cost = conv2d_direct_cost,
                          .scratch_bytes = conv2d_data_scratch,
                          .run = conv2d_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .cost = conv2d_direct_cost,
                             .scratch_bytes = conv2d_weights_scratch,
                             .run = conv2d_backward_weights},
};

static const an_conv2d_algorithm conv2d_winograd[AN_PASSES] = {
    [AN_FORWARD] = {.name = "winograd",
                    .pass = AN_FORWARD,
                    .pools = true,
                    .takes_nchw = true,
                    .applies = an_winograd_applies,
                    .cost = conv2d_winograd_cost,
                    .scratch_bytes = winograd_forward_scratch,
                    .run = winograd_forward,
                    .packed_bytes = winograd_packed_bytes,
                    .pack_weights = winograd_pack_weights},
    [AN_BACKWARD_DATA] = {.name = "winograd",
                          .pass = AN_BACKWARD_DATA,
                          .pools = true,
                          .takes_relu = true,
                          .applies = an_winograd_applies,
                          .cost = conv2d_winograd_cost,
                          .scratch_bytes = winograd_data_scratch,
                          .run = winograd_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "winograd",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .pools = true,
                             .takes_nchw = true,
                             .applies = an_winograd_applies,
                             .cost = conv2d_winograd_cost,
                             .scratch_bytes = winograd_weights_scratch,
                             .run = winograd_backward_weights},
};

static const an_conv2d_algorithm conv2d_whole[AN_PASSES] = {
    [AN_FORWARD] = {.name = "linear",
                    .pass = AN_FORWARD,
                    .applies = whole_applies,
                    .cost = conv2d_whole_cost,
                    .scratch_bytes = whole_scratch,
                    .run = whole_forward},
    [AN_BACKWARD_DATA] = {.name = "linear",
                          .pass = AN_BACKWARD_DATA,
                          .applies = whole_applies,
                          .cost = conv2d_whole_cost,
                          .scratch_bytes = whole_scratch,
                          .run = whole_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "linear",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .applies = whole_applies,
                             .cost = conv2d_whole_cost,
                             .scratch_bytes = whole_scratch,
                             .run = whole_backward_weights},
};

static const an_linear_algorithm linear_direct[AN_PASSES] = {
    [AN_FORWARD] = {.name = "direct",
                    .pass = AN_FORWARD,
                    .cost = linear_direct_cost,
                    .scratch_bytes = linear_forward_scratch,
                    .run = linear_forward},
    [AN_BACKWARD_DATA] = {.name = "direct",
                          .pass = AN_BACKWARD_DATA,
                          .cost = linear_direct_cost,
                          .scratch_bytes = linear_backward_scratch,
                          .run = linear_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .cost = linear_direct_cost,
                             .scratch_bytes = linear_backward_scratch,
                             .run = linear_backward_weights},
};

#include "cpu/rounded_conv2d_tmpl.h"
#include "cpu/rounded_linear_tmpl.h"

/* Additional algorithms of a tier, for machines that multiply packed numbers; see
   kernels_avx512.c. */
#if !defined(PACKED_CONV2D)
#define PACKED_CONV2D
#define PACKED_LINEAR
#endif

static const an_conv2d_algorithm *const conv2d_algorithms[] = {
    &conv2d_direct[AN_FORWARD],          &conv2d_direct[AN_BACKWARD_DATA],
    &conv2d_direct[AN_BACKWARD_WEIGHTS], &conv2d_winograd[AN_FORWARD],
    &conv2d_winograd[AN_BACKWARD_DATA],  &conv2d_winograd[AN_BACKWARD_WEIGHTS],
    &conv2d_whole[AN_FORWARD],           &conv2d_whole[AN_BACKWARD_DATA],
    &conv2d_whole[AN_BACKWARD_WEIGHTS],  PACKED_CONV2D &rounded_conv2d,
    &an_conv2d_int8__portable,           NULL,
};

static const an_linear_algorithm *const linear_algorithms[] = {
    &linear_direct[AN_FORWARD],          &linear_direct[AN_BACKWARD_DATA],
    &linear_direct[AN_BACKWARD_WEIGHTS], PACKED_LINEAR &rounded_linear[AN_FORWARD],
    &rounded_linear[AN_BACKWARD_DATA],   &rounded_linear[AN_BACKWARD_WEIGHTS],
    &an_linear_int8__portable,           NULL,
};

/* ---- the table ---- */

/*
 * MR * NV independent sums hide the latency of the multiply-add. They are its third operand, as in
 * the kernels: an ARM's instruction writes no other. The compiler cannot know the value that is
 * added.
 */
float PASTE(an_peak_loop_, TIER)(int64_t rounds)
{
    const vf half = vf_set1(0.5f);
    const vf step = vf_set1(1 / (float)(rounds + 1));
    vf total = vf_zero();
    vf sums[MR * NV];

    UNROLL
    for (int j = 0; j < MR * NV; ++j)
        sums[j] = vf_set1((float)j); /* all different, or the compiler makes one of them */
    for (int64_t i = 0; i < rounds; ++i)
        UNROLL
    for (int j = 0; j < MR * NV; ++j)
        sums[j] = vf_fma(half, step, sums[j]);
    UNROLL
    for (int j = 0; j < MR * NV; ++j)
        total = vf_add(total, sums[j]);
    return 2 * LANES * MR * NV + 0 * vf_sum(total);
}

const an_backend *PASTE(an_backend_, TIER)(void)
{
    static const an_backend table = {
        .name = "cpu",
        .tier = TEXT(TIER),
        .features = an_cpu_features,
        .conv2d_algorithms = conv2d_algorithms,
        .linear_algorithms = linear_algorithms,
        .conv2d = an_choose_conv2d,
        .linear = an_choose_linear,
        .plain_seconds = plain_seconds,
        .local_scratch = local_scratch,
        .local_forward = local_forward,
        .local_backward_data = local_backward_data,
        .local_backward_weights = local_backward_weights,
        .max_pool = max_pool,
        .max_pool_backward = max_pool_backward,
        .average_pool = average_pool,
        .average_pool_backward = average_pool_backward,
        .adaptive_average = adaptive_average,
        .adaptive_average_backward = adaptive_average_backward,
        .lrn_pools = true,
        .lrn_scratch = lrn_scratch,
        .lrn = lrn,
        .lrn_backward = lrn_backward,
        .batch_norm_scratch = batch_norm_scratch,
        .batch_statistics = batch_statistics,
        .batch_norm = batch_norm,
        .batch_norm_backward = batch_norm_backward,
        .from_nchw = from_nchw,
        .to_nchw = to_nchw,
        .flatten = to_nchw,
        .unflatten = from_nchw,
        .tanh = tanh_forward,
        .sigmoid = sigmoid_forward,
        .dropout = dropout,
        .softmax = softmax,
        .cross_entropy = cross_entropy,
        .crc32c = crc32c,
        AN_PRIMITIVES_ALL_TIERS,
    };

    return &table;
}

#endif
