/*
 * kernels_tmpl.h: the fast tiers' kernels, written once: all templates, and the table that they make.
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
#include "cpu/bf16.h"
#include "cpu/cost.h"
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
#include "cpu/int8.h"
#include "cpu/reference/reference.h"
#include "cpu/simd/compiler.h"
#include "cpu/simd/crc32c_tmpl.h"
#include "cpu/winograd.h"
#include <assert.h>

/* ---- which way a pass is computed ---- */

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
                    .cost = conv2d_direct_cost,
                    .scratch_bytes = conv2d_forward_scratch,
                    .run = conv2d_forward,
                    .prepared_bytes = conv2d_prepared_bytes,
                    .prepare = conv2d_prepare},
    [AN_BACKWARD_DATA] = {.name = "direct",
                          .cost = conv2d_direct_cost,
                          .scratch_bytes = conv2d_data_scratch,
                          .run = conv2d_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct",
                             .cost = conv2d_direct_cost,
                             .scratch_bytes = conv2d_weights_scratch,
                             .run = conv2d_backward_weights},
};

static const an_linear_algorithm linear_direct[AN_PASSES] = {
    [AN_FORWARD] = {.name = "direct",
                    .cost = linear_direct_cost,
                    .scratch_bytes = linear_forward_scratch,
                    .run = linear_forward},
    [AN_BACKWARD_DATA] = {.name = "direct",
                          .cost = linear_direct_cost,
                          .scratch_bytes = linear_backward_scratch,
                          .run = linear_backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "direct",
                             .cost = linear_direct_cost,
                             .scratch_bytes = linear_backward_scratch,
                             .run = linear_backward_weights},
};

/* The cheapest of those that apply. */
static const an_conv2d_algorithm *conv2d_fp32(const an_conv2d *g, an_pass pass)
{
    static const an_conv2d_algorithm winograd[AN_PASSES] = {
        [AN_FORWARD] = {.name = "winograd",
                        .cost = conv2d_winograd_cost,
                        .pools = true,
                        .takes_nchw = true,
                        .scratch_bytes = winograd_forward_scratch,
                        .run = winograd_forward,
                        .prepared_bytes = winograd_prepared_bytes,
                        .prepare = winograd_prepare},
        [AN_BACKWARD_DATA] = {.name = "winograd",
                              .cost = conv2d_winograd_cost,
                              .pools = true,
                              .takes_relu = true,
                              .scratch_bytes = winograd_data_scratch,
                              .run = winograd_backward_data},
        [AN_BACKWARD_WEIGHTS] = {.name = "winograd",
                                 .cost = conv2d_winograd_cost,
                                 .pools = true,
                                 .takes_nchw = true,
                                 .scratch_bytes = winograd_weights_scratch,
                                 .run = winograd_backward_weights},
    };
    static const an_conv2d_algorithm whole[AN_PASSES] = {
        [AN_FORWARD] = {.name = "linear",
                        .cost = conv2d_whole_cost,
                        .scratch_bytes = whole_scratch,
                        .run = whole_forward},
        [AN_BACKWARD_DATA] = {.name = "linear",
                              .cost = conv2d_whole_cost,
                              .scratch_bytes = whole_scratch,
                              .run = whole_backward_data},
        [AN_BACKWARD_WEIGHTS] = {.name = "linear",
                                 .cost = conv2d_whole_cost,
                                 .scratch_bytes = whole_scratch,
                                 .run = whole_backward_weights},
    };

    const an_conv2d_algorithm *const others[] = {an_winograd_applies(g, pass) ? &winograd[pass]
                                                                              : NULL,
                                                 is_whole_map(g) ? &whole[pass] : NULL};
    const an_conv2d_algorithm *best = &conv2d_direct[pass];
    double least = best->cost(g, pass, AN_CHOICE_THREADS).seconds;

    for (size_t i = 0; i < AN_COUNT(others); ++i) {
        if (others[i] == NULL) continue;
        const double seconds = others[i]->cost(g, pass, AN_CHOICE_THREADS).seconds;
        if (seconds >= least) continue;
        best = others[i];
        least = seconds;
    }
    return best;
}

AN_ROUNDED_CONV2D(rounded_conv2d, conv2d_direct)
AN_ROUNDED_LINEAR(rounded_linear, linear_direct)

/* What a tier has for machines of a level; NULL: nothing of its own. */
#if !defined(CONV2D_BF16)
#define CONV2D_BF16(level)       NULL
#define LINEAR_BF16(level, pass) NULL
#define CONV2D_INT8(level)       NULL
#define LINEAR_INT8(level)       NULL
#endif

static const an_conv2d_algorithm *conv2d_at(an_cpu_level level, const an_conv2d *g, an_pass pass,
                                            alexnet_dtype dtype)
{
    const an_conv2d_algorithm *own = NULL;

    (void)level;
    assert(an_conv2d_is_sound(g));
    if (dtype == ALEXNET_BF16 && an_bf16_conv2d_pays(g, pass)) {
        own = CONV2D_BF16(level);
        return own != NULL ? own : &rounded_conv2d;
    }
    if (dtype == ALEXNET_INT8 && an_int8_conv2d_fits(g, pass)) {
        own = CONV2D_INT8(level);
        return own != NULL ? own : an_conv2d_int8__portable();
    }
    return conv2d_fp32(g, pass);
}

static const an_linear_algorithm *linear_at(an_cpu_level level, const an_linear *g, an_pass pass,
                                            alexnet_dtype dtype)
{
    const an_linear_algorithm *own = NULL;

    (void)level;
    assert(an_linear_is_sound(g));
    if (dtype == ALEXNET_BF16 && an_bf16_linear_pays(g, pass)) {
        own = LINEAR_BF16(level, pass);
        return own != NULL ? own : &rounded_linear[pass];
    }
    if (dtype == ALEXNET_INT8 && an_int8_linear_fits(g, pass)) {
        own = LINEAR_INT8(level);
        return own != NULL ? own : an_linear_int8__portable();
    }
    return &linear_direct[pass];
}

#define CHOICE(level_name, feature_names)                                                          \
    static const an_conv2d_algorithm *conv2d_##level_name(const an_conv2d *g, an_pass pass,        \
                                                          alexnet_dtype dtype)                     \
    {                                                                                              \
        return conv2d_at(AN_CPU_##level_name, g, pass, dtype);                                     \
    }                                                                                              \
    static const an_linear_algorithm *linear_##level_name(const an_linear *g, an_pass pass,        \
                                                          alexnet_dtype dtype)                     \
    {                                                                                              \
        return linear_at(AN_CPU_##level_name, g, pass, dtype);                                     \
    }
AN_CPU_LEVEL_MAP(CHOICE)
#undef CHOICE

/*
 * MR * NV independent sums hide the latency of the multiply-add. They are its third operand, as in the
 * kernels: an ARM's instruction writes no other. What is added the compiler cannot know.
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

const an_backend *PASTE(an_backend_, TIER)(an_cpu_level level)
{
#define TABLE(level_name, feature_names)                                                           \
    {.name = "cpu",                                                                                \
     .tier = TEXT(TIER),                                                                           \
     .features = (feature_names),                                                                  \
     .conv2d = conv2d_##level_name,                                                                \
     .linear = linear_##level_name,                                                                \
     .plain_seconds = plain_seconds,                                                               \
     .local_scratch = local_scratch,                                                               \
     .local_forward = local_forward,                                                               \
     .local_backward_data = local_backward_data,                                                   \
     .local_backward_weights = local_backward_weights,                                             \
     .max_pool = max_pool,                                                                         \
     .max_pool_backward = max_pool_backward,                                                       \
     .average_pool = average_pool,                                                                 \
     .average_pool_backward = average_pool_backward,                                               \
     .adaptive_average = adaptive_average,                                                         \
     .adaptive_average_backward = adaptive_average_backward,                                       \
     .lrn_pools = true,                                                                            \
     .lrn_scratch = lrn_scratch,                                                                   \
     .lrn = lrn,                                                                                   \
     .lrn_backward = lrn_backward,                                                                 \
     .batch_norm_scratch = batch_norm_scratch,                                                     \
     .batch_statistics = batch_statistics,                                                         \
     .batch_norm = batch_norm,                                                                     \
     .batch_norm_backward = batch_norm_backward,                                                   \
     .from_nchw = from_nchw,                                                                       \
     .to_nchw = to_nchw,                                                                           \
     .flatten = to_nchw,                                                                           \
     .unflatten = from_nchw,                                                                       \
     .tanh = tanh_forward,                                                                         \
     .sigmoid = sigmoid_forward,                                                                   \
     .dropout = dropout,                                                                           \
     .softmax = softmax,                                                                           \
     .cross_entropy = cross_entropy,                                                               \
     .crc32c = crc32c,                                                                             \
     AN_PRIMITIVES_ALL_TIERS},
    static const an_backend tables[AN_CPU_LEVELS] = {AN_CPU_LEVEL_MAP(TABLE)};
#undef TABLE

    return &tables[level];
}

#endif
