/*
 * portable_linear.c: the fully connected layer, one output element at a time, summed in double.
 * x [n][inputs], w [outputs][inputs], y [n][outputs].
 * SPDX-License-Identifier: MIT
 */
#include "cpu/portable.h"

#include "cpu/parallel.h"
#include "cpu/sgd.h"

size_t an_linear_scratch__portable(const an_linear *g, int threads)
{
    (void)g;
    (void)threads;
    return 0;
}

alexnet_status an_linear_forward__portable(const an_run *run, const an_linear *g, const float *x,
                                           const float *w, const float *bias, bool relu, float *y)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (size_t j = 0; j < outputs; ++j) {
        for (size_t n = 0; n < (size_t)g->n; ++n) {
            double sum = bias != NULL ? (double)bias[j] : 0;
            for (size_t i = 0; i < inputs; ++i)
                sum += (double)x[n * inputs + i] * (double)w[j * inputs + i];
            y[n * outputs + j] = relu && sum < 0 ? 0 : (float)sum;
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_linear_backward_data__portable(const an_run *run, const an_linear *g,
                                                 const float *dy, const float *w, float *dx)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    AN_PARALLEL_FOR(run, schedule(dynamic, 16))
    for (size_t i = 0; i < inputs; ++i) {
        for (size_t n = 0; n < (size_t)g->n; ++n) {
            double sum = 0;
            for (size_t j = 0; j < outputs; ++j)
                sum += (double)dy[n * outputs + j] * (double)w[j * inputs + i];
            dx[n * inputs + i] = (float)sum;
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_linear_backward_weights__portable(const an_run *run, const an_linear *g,
                                                    const float *x, const float *dy, float *dw,
                                                    float *db, const an_sgd_update *update)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (size_t j = 0; j < outputs; ++j) {
        for (size_t i = 0; i < inputs && (dw != NULL || update != NULL); ++i) {
            const size_t at = j * inputs + i;
            double sum = 0;
            for (size_t n = 0; n < (size_t)g->n; ++n)
                sum += (double)dy[n * outputs + j] * (double)x[n * inputs + i];
            const float gradient = (float)sum;
            if (update != NULL)
                an_sgd_row(&update->rule, 1, &gradient, update->v + at, update->w + at);
            else
                dw[at] = gradient;
        }
        if (db != NULL) {
            double sum = 0;
            for (size_t n = 0; n < (size_t)g->n; ++n)
                sum += (double)dy[n * outputs + j];
            db[j] = (float)sum;
        }
    }
    return ALEXNET_OK;
}
