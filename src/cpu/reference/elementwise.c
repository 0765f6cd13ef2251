/*
 * elementwise.c: element by element operations. Most are bound by memory in every tier, so all
 * tiers use them and give the same bits: each operation is rounded as written (the compiler may not
 * contract a * b + c). The fast tiers replace tanh, sigmoid and dropout.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "base/compiler.h"
#include "cpu/parallel.h"
#include "cpu/sgd.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* Elements that a thread takes at a time: 64 KB, so that a delayed thread does not delay the rest.
   */
#define CHUNK ((int64_t)1 << 14)

/* Not a number stays, so that a diverged run is seen. */
alexnet_status an_relu__portable(const an_run *run, int64_t count, const float *x, float *y)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i)
            y[i] = x[i] < 0 ? 0 : x[i];
    }
    return ALEXNET_OK;
}

alexnet_status an_relu_backward__portable(const an_run *run, int64_t count, const float *y,
                                          const float *dy, float *dx)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i) {
            const float gradient = dy[i]; /* read in any case: no branch */
            dx[i] = y[i] > 0 ? gradient : 0;
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_tanh__portable(const an_run *run, float a, float b, int64_t count, const float *x,
                                 float *y)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        for (int64_t i = start; i < end; ++i)
            y[i] = a * tanhf(b * x[i]);
    }
    return ALEXNET_OK;
}

alexnet_status an_tanh_backward__portable(const an_run *run, float a, float b, int64_t count,
                                          const float *y, const float *dy, float *dx)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i)
            dx[i] = dy[i] * (b * (a - y[i] * y[i] / a));
    }
    return ALEXNET_OK;
}

alexnet_status an_sigmoid__portable(const an_run *run, int64_t count, const float *x, float *y)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        for (int64_t i = start; i < end; ++i)
            y[i] = 1 / (1 + expf(-x[i])); /* exp may be infinite: y is 0 */
    }
    return ALEXNET_OK;
}

alexnet_status an_sigmoid_backward__portable(const an_run *run, int64_t count, const float *y,
                                             const float *dy, float *dx)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i)
            dx[i] = dy[i] * (y[i] * (1 - y[i]));
    }
    return ALEXNET_OK;
}

/* value or 0, without a branch, which would be mispredicted every other time. */
static float kept_if(bool stay, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    bits &= 0u - (uint32_t)stay;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/* One row. The random words are counted in the order c, h, w; x and y are [h][w][c], where the next
   in that order is c further on, or back at the first pixel, one channel on. */
static void dropout_row(const an_dropout *d, an_shape shape, int row, const float *x, float *y)
{
    const uint32_t place = (uint32_t)d->layer << 16 | (uint32_t)(d->first_row + row);
    const an_stream stream = an_stream_open(d->seed, AN_PURPOSE_DROPOUT, (uint64_t)d->step, place);
    const size_t count = (size_t)an_shape_image(shape);
    const size_t channels = (size_t)shape.c;
    uint32_t words[4];

    for (size_t j = 0, at = 0; j < count; ++j) {
        if (j % 4 == 0) an_stream_block(&stream, (uint32_t)(j / 4), words);
        y[at] = kept_if(an_unit_from_u32(words[j % 4]) >= d->drop, x[at] * d->scale);
        at += channels;
        at = at < count ? at : at - count + 1;
    }
}

alexnet_status an_dropout__portable(const an_run *run, const an_dropout *d, an_shape shape,
                                    const float *x, float *y)
{
    const size_t row = (size_t)an_shape_image(shape);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < shape.n; ++n)
        dropout_row(d, shape, n, x + (size_t)n * row, y + (size_t)n * row);
    return ALEXNET_OK;
}

alexnet_status an_sgd__portable(const an_run *run, const an_sgd *rule, int64_t count,
                                const float *g, float *v, float *w)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK)
        an_sgd_row(rule, AN_MIN(CHUNK, count - start), g + start, v + start, w + start);
    return ALEXNET_OK;
}

alexnet_status an_rmsprop__portable(const an_run *run, const an_rmsprop *rule, int64_t count,
                                    const float *g, float *v, float *s, float *w)
{
    const float lr = rule->lr, momentum = rule->momentum, decay = rule->weight_decay;
    const float rho = rule->rho, epsilon = rule->epsilon;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i) {
            const float d = g[i] + decay * w[i];
            s[i] = rho * s[i] + (1 - rho) * (d * d);
            v[i] = momentum * v[i] + lr * d / sqrtf(s[i] + epsilon);
            w[i] = w[i] - v[i];
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_adam__portable(const an_run *run, const an_adam *rule, int64_t count,
                                 const float *g, float *v, float *s, float *w)
{
    const float beta1 = rule->beta1, beta2 = rule->beta2, decay = rule->weight_decay;
    const float epsilon = rule->epsilon;
    /* 1 - beta^t is small at first: the powers are in double */
    const float lr = (float)((double)rule->lr / (1 - pow((double)rule->beta1, (double)rule->t)));
    const float root = (float)sqrt(1 - pow((double)rule->beta2, (double)rule->t));

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i) {
            const float d = g[i] + decay * w[i];
            v[i] = beta1 * v[i] + (1 - beta1) * d;
            s[i] = beta2 * s[i] + (1 - beta2) * (d * d);
            w[i] = w[i] - lr * v[i] / (sqrtf(s[i]) / root + epsilon);
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_average__portable(const an_run *run, float rate, int64_t count,
                                    const float *observed, float *w)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        AN_SIMD
        for (int64_t i = start; i < end; ++i)
            w[i] += rate * (observed[i] - w[i]);
    }
    return ALEXNET_OK;
}

bool an_all_finite__portable(const an_run *run, int64_t count, const float *x)
{
    int finite = 1;

    AN_PARALLEL_FOR(run, schedule(dynamic) reduction(&& : finite))
    for (int64_t start = 0; start < count; start += CHUNK) {
        const int64_t end = AN_MIN(start + CHUNK, count);
        int chunk = 1;
        for (int64_t i = start; i < end; ++i)
            chunk &= fabsf(x[i]) <= FLT_MAX; /* false for not a number, too */
        finite = finite && chunk;
    }
    return finite != 0;
}
