/*
 * backend.c: the table of tiers, and the choice among them. The tables of the fast tiers are in
 * fp32/kernels_tmpl.h.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/backend.h"

#include "base/hash.h"
#include "base/status.h"
#include "cpu/choice.h"
#include "cpu/cost.h"
#include "cpu/reference/reference.h"
#include <string.h>

static double plain_seconds(double macs, double bytes, int threads)
{
    return an_plain_seconds(&an_cost_portable, macs, bytes, threads);
}

const an_backend *an_backend_portable(void)
{
    static const an_backend table = {
        .name = "cpu",
        .tier = "portable",
        .features = an_cpu_features,
        .conv2d_algorithms = an_conv2d_algorithms__portable,
        .linear_algorithms = an_linear_algorithms__portable,
        .conv2d = an_choose_conv2d,
        .linear = an_choose_linear,
        .plain_seconds = plain_seconds,
        .local_scratch = an_local_scratch__portable,
        .local_forward = an_local_forward__portable,
        .local_backward_data = an_local_backward_data__portable,
        .local_backward_weights = an_local_backward_weights__portable,
        .max_pool = an_max_pool__portable,
        .max_pool_backward = an_max_pool_backward__portable,
        .average_pool = an_average_pool__portable,
        .average_pool_backward = an_average_pool_backward__portable,
        .adaptive_average = an_adaptive_average__portable,
        .adaptive_average_backward = an_adaptive_average_backward__portable,
        .lrn_scratch = an_lrn_scratch__portable,
        .lrn = an_lrn__portable,
        .lrn_backward = an_lrn_backward__portable,
        .batch_norm_scratch = an_batch_norm_scratch__portable,
        .batch_statistics = an_batch_statistics__portable,
        .batch_norm = an_batch_norm__portable,
        .batch_norm_backward = an_batch_norm_backward__portable,
        .from_nchw = an_from_nchw__portable,
        .to_nchw = an_to_nchw__portable,
        .flatten = an_to_nchw__portable,
        .unflatten = an_from_nchw__portable,
        .tanh = an_tanh__portable,
        .sigmoid = an_sigmoid__portable,
        .dropout = an_dropout__portable,
        .softmax = an_softmax__portable,
        .cross_entropy = an_cross_entropy__portable,
        .crc32c = an_crc32c,
        AN_PRIMITIVES_ALL_TIERS,
    };

    return &table;
}

static const struct tier {
    const char *name;
    an_cpu_level needs;
    const an_backend *(*get)(void); /* NULL: the build lacks it */
    an_peak_loop peak_loop;
} tiers[] = {
    /* best first */
    {"avx512", AN_CPU_AVX512, an_backend_avx512, an_peak_loop_avx512},
    {"avx2", AN_CPU_AVX2, an_backend_avx2, an_peak_loop_avx2},
    {"neon", AN_CPU_NEON, an_backend_neon, an_peak_loop_neon},
    {"portable", AN_CPU_BASELINE, an_backend_portable, an_peak_loop_portable},
};
#define TIER_CHOICES "avx512, avx2, neon, portable"

/* NULL when the machine of this level, or the build, lacks the tier. */
static const an_backend *tier_get(const struct tier *tier, an_cpu_level level)
{
    return level >= tier->needs ? tier->get() : NULL;
}

const char *an_tier_name(int index, const an_backend **out)
{
    *out = NULL;
    if (index < 0 || (size_t)index >= AN_COUNT(tiers)) return NULL;
    *out = tier_get(&tiers[index], an_cpu_detect());
    return tiers[index].name;
}

an_peak_loop an_tier_peak_loop(const an_backend *backend)
{
    size_t i = 0;

    while (strcmp(tiers[i].name, backend->tier) != 0)
        ++i;
    return tiers[i].peak_loop;
}

alexnet_status an_backend_choose(alexnet_context *ctx, const char *most, an_cpu_level level,
                                 const an_backend **out)
{
    size_t i = 0;

    *out = NULL;
    while (most != NULL && i < AN_COUNT(tiers) && strcmp(most, tiers[i].name) != 0)
        ++i;
    if (i == AN_COUNT(tiers))
        return an_fail(ctx, ALEXNET_BAD_ARG, "unknown CPU tier '%s' (choices: " TIER_CHOICES ")",
                       most);
    if (most != NULL && tiers[i].get() == NULL)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "CPU tier '%s': this build lacks it", most);
    while ((*out = tier_get(&tiers[i], level)) == NULL) /* the last one needs nothing */
        ++i;
    return ALEXNET_OK;
}

alexnet_status an_backend_find(alexnet_context *ctx, const char *tier, const an_backend **out)
{
    return an_backend_choose(ctx, tier, an_cpu_detect(), out);
}
