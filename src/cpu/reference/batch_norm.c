/*
 * batch_norm.c: batch_norm_tmpl.h for the portable tier.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "base/compiler.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include <math.h>
#include <string.h>

#include "cpu/fp32/batch_norm_tmpl.h"

size_t an_batch_norm_scratch__portable(an_shape shape) { return batch_norm_scratch(shape); }

alexnet_status an_batch_statistics__portable(const an_run *run, an_shape shape, const float *x,
                                             const float *running_mean,
                                             const float *running_variance, float *mean,
                                             float *variance, float *seen_variance)
{
    return batch_statistics(run, shape, x, running_mean, running_variance, mean, variance,
                            seen_variance);
}

alexnet_status an_batch_norm__portable(const an_run *run, an_shape shape, float epsilon,
                                       const float *x, const an_batch_norm_channels *t, bool relu,
                                       float *y)
{
    return batch_norm(run, shape, epsilon, x, t, relu, y);
}

alexnet_status an_batch_norm_backward__portable(const an_run *run, an_shape shape, float epsilon,
                                                bool fixed, const float *x, const float *dy,
                                                const an_batch_norm_channels *t, float *dx,
                                                float *dweight, float *dbias)
{
    return batch_norm_backward(run, shape, epsilon, fixed, x, dy, t, dx, dweight, dbias);
}
