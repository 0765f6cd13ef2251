/*
 * batch_norm.c: batch normalisation, one channel at a time. Sums are in double, in AN_NORM_PARTS
 * runs of pixels, and then of the runs in their order: fp32/batch_norm_tmpl.h adds in the same
 * order, so that all tiers give the same bits.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/parallel.h"
#include <math.h>

static size_t pixels_of(an_shape shape)
{
    return (size_t)shape.n * (size_t)shape.h * (size_t)shape.w;
}

/* The terms that are summed over the pixels. */
typedef enum term { VALUE, SQUARE, GRADIENT, PRODUCT } term;

static double term_at(term what, double x, double dy, double mean)
{
    switch (what) {
    case VALUE:
        return x;
    case SQUARE:
        return (x - mean) * (x - mean);
    case GRADIENT:
        return dy;
    case PRODUCT:
        return dy * (x - mean);
    }
    return 0;
}

/* Over all pixels of channel c. dy: NULL where it is not needed. */
static double sum_of(term what, an_shape shape, int c, const float *x, const float *dy, double mean)
{
    const size_t pixels = pixels_of(shape), channels = (size_t)shape.c;
    double sum = 0;

    for (size_t part = 0; part < AN_NORM_PARTS; ++part) {
        double run = 0;
        for (size_t i = pixels * part / AN_NORM_PARTS; i < pixels * (part + 1) / AN_NORM_PARTS;
             ++i) {
            const size_t at = i * channels + (size_t)c;
            run += term_at(what, (double)x[at], dy != NULL ? (double)dy[at] : 0, mean);
        }
        sum = part == 0 ? run : sum + run;
    }
    return sum;
}

size_t an_batch_norm_scratch__portable(an_shape shape)
{
    (void)shape;
    return 0;
}

alexnet_status an_batch_statistics__portable(const an_run *run, an_shape shape, const float *x,
                                             const float *running_mean,
                                             const float *running_variance, float *mean,
                                             float *variance, float *sample_variance)
{
    const double pixels = (double)pixels_of(shape);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int c = 0; c < shape.c; ++c) {
        if (pixels < 2) {
            mean[c] = running_mean[c];
            variance[c] = sample_variance[c] = running_variance[c];
            continue;
        }
        const double centre = sum_of(VALUE, shape, c, x, NULL, 0) / pixels;
        const double squares = sum_of(SQUARE, shape, c, x, NULL, centre);
        mean[c] = (float)centre;
        variance[c] = (float)(squares / pixels);
        sample_variance[c] = (float)(squares / (pixels - 1));
    }
    return ALEXNET_OK;
}

static double deviation_of(const an_batch_norm_channels *t, int c, float epsilon)
{
    return sqrt((double)t->variance[c] + (double)epsilon);
}

static double weight_of(const an_batch_norm_channels *t, int c)
{
    return t->weight != NULL ? (double)t->weight[c] : 1;
}

alexnet_status an_batch_norm__portable(const an_run *run, an_shape shape, float epsilon,
                                       const float *x, const an_batch_norm_channels *t, bool relu,
                                       float *y)
{
    const size_t pixels = pixels_of(shape), channels = (size_t)shape.c;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int c = 0; c < shape.c; ++c) {
        const float scale = (float)(weight_of(t, c) / deviation_of(t, c, epsilon));
        const float shift = t->bias != NULL ? t->bias[c] : 0;
        for (size_t at = (size_t)c; at < pixels * channels; at += channels) {
            const float value = (x[at] - t->mean[c]) * scale + shift;
            y[at] = relu && value < 0 ? 0 : value;
        }
    }
    return ALEXNET_OK;
}

/* The formulas are in fp32/batch_norm_tmpl.h. */
alexnet_status an_batch_norm_backward__portable(const an_run *run, an_shape shape, float epsilon,
                                                bool fixed, const float *x, const float *dy,
                                                const an_batch_norm_channels *t, float *dx,
                                                float *dweight, float *dbias)
{
    const size_t pixels = pixels_of(shape), channels = (size_t)shape.c;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int c = 0; c < shape.c; ++c) {
        const double mean = (double)t->mean[c], d = 1 / deviation_of(t, c, epsilon);
        const double factor = d * weight_of(t, c);
        const double sum = sum_of(GRADIENT, shape, c, x, dy, mean);
        const double products = sum_of(PRODUCT, shape, c, x, dy, mean);
        const float of_dy = (float)factor;
        const float of_x = fixed ? 0 : (float)(-factor * d * d * products / (double)pixels);
        const float constant = fixed ? 0 : (float)(-factor * sum / (double)pixels);
        if (dbias != NULL) dbias[c] = (float)sum;
        if (dweight != NULL) dweight[c] = (float)(d * products);
        for (size_t at = (size_t)c; dx != NULL && at < pixels * channels; at += channels)
            dx[at] = of_dy * dy[at] + ((x[at] - t->mean[c]) * of_x + constant);
    }
    return ALEXNET_OK;
}
