/*
 * choice.c: see choice.h. The format depends on the shape alone, so that every tier gives results
 * of the same kind. Of the algorithms in that format that apply, the cheapest is taken in fp32, and
 * the first in other formats: one with instructions for the format is listed before one that rounds
 * for fp32 or that computes one number at a time.
 *
 * Convolutions and linear layers have the same loop twice: their shapes and algorithms are
 * different types, which the compiler checks only if no void * stands for both.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/choice.h"

#include "cpu/bf16.h"
#include "cpu/cost.h"
#include "cpu/int8.h"
#include "cpu/reference/reference.h"
#include <assert.h>

static alexnet_dtype conv2d_format(const an_conv2d *g, an_pass pass, alexnet_dtype dtype)
{
    if (dtype == ALEXNET_BF16 && an_bf16_conv2d_pays(g, pass)) return dtype;
    if (dtype == ALEXNET_INT8 && an_int8_conv2d_fits(g, pass)) return dtype;
    return ALEXNET_FP32;
}

const an_conv2d_algorithm *an_choose_conv2d(const an_backend *self, const an_conv2d *g,
                                            an_pass pass, alexnet_dtype dtype)
{
    const alexnet_dtype format = conv2d_format(g, pass, dtype);
    const an_conv2d_algorithm *best = NULL;
    double least = 0;

    assert(an_conv2d_is_sound(g));
    for (int i = 0; self->conv2d_algorithms[i] != NULL; ++i) {
        const an_conv2d_algorithm *a = self->conv2d_algorithms[i];
        if (a->pass != pass || a->dtype != format) continue;
        if (a->applies != NULL && !a->applies(g, pass)) continue;
        const double seconds = a->cost(g, pass, AN_CHOICE_THREADS).seconds;
        if (best != NULL && (a->dtype != ALEXNET_FP32 || seconds >= least)) continue;
        best = a;
        least = seconds;
    }
    return best;
}

static alexnet_dtype linear_format(const an_linear *g, an_pass pass, alexnet_dtype dtype)
{
    if (dtype == ALEXNET_BF16 && an_bf16_linear_pays(g, pass)) return dtype;
    if (dtype == ALEXNET_INT8 && an_int8_linear_fits(g, pass)) return dtype;
    return ALEXNET_FP32;
}

const an_linear_algorithm *an_choose_linear(const an_backend *self, const an_linear *g,
                                            an_pass pass, alexnet_dtype dtype)
{
    const alexnet_dtype format = linear_format(g, pass, dtype);
    const an_linear_algorithm *best = NULL;
    double least = 0;

    assert(an_linear_is_sound(g));
    for (int i = 0; self->linear_algorithms[i] != NULL; ++i) {
        const an_linear_algorithm *a = self->linear_algorithms[i];
        if (a->pass != pass || a->dtype != format) continue;
        if (a->applies != NULL && !a->applies(g, pass)) continue;
        const double seconds = a->cost(g, pass, AN_CHOICE_THREADS).seconds;
        if (best != NULL && (a->dtype != ALEXNET_FP32 || seconds >= least)) continue;
        best = a;
        least = seconds;
    }
    return best;
}
