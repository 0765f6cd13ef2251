/*
 * linear.c: the fully connected layer, one output element at a time, summed in double.
 * x [n][inputs], w [outputs][inputs], y [n][outputs].
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "base/status.h"
#include "cpu/cost.h"
#include "cpu/parallel.h"
#include "cpu/sgd.h"

static alexnet_status forward(const an_run *run, const an_linear *g, const an_linear_tensors *t)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (size_t j = 0; j < outputs; ++j) {
        for (size_t n = 0; n < (size_t)g->n; ++n) {
            double sum = t->bias != NULL ? (double)t->bias[j] : 0;
            for (size_t i = 0; i < inputs; ++i)
                sum += (double)t->x[n * inputs + i] * (double)t->w[j * inputs + i];
            t->y[n * outputs + j] = t->relu && sum < 0 ? 0 : (float)sum;
        }
    }
    return ALEXNET_OK;
}

static alexnet_status backward_data(const an_run *run, const an_linear *g,
                                    const an_linear_tensors *t)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    AN_PARALLEL_FOR(run, schedule(dynamic, 16))
    for (size_t i = 0; i < inputs; ++i) {
        for (size_t n = 0; n < (size_t)g->n; ++n) {
            double sum = 0;
            for (size_t j = 0; j < outputs; ++j)
                sum += (double)t->dy[n * outputs + j] * (double)t->w[j * inputs + i];
            t->dx[n * inputs + i] = (float)sum;
        }
    }
    return ALEXNET_OK;
}

static alexnet_status backward_weights(const an_run *run, const an_linear *g,
                                       const an_linear_tensors *t)
{
    const size_t inputs = (size_t)g->inputs;
    const size_t outputs = (size_t)g->outputs;

    if (t->dx != NULL) AN_TRY(backward_data(run, g, t));
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (size_t j = 0; j < outputs; ++j) {
        for (size_t i = 0; i < inputs && (t->dw != NULL || t->update != NULL); ++i) {
            const size_t at = j * inputs + i;
            double sum = 0;
            for (size_t n = 0; n < (size_t)g->n; ++n)
                sum += (double)t->dy[n * outputs + j] * (double)t->x[n * inputs + i];
            const float gradient = (float)sum;
            if (t->update != NULL)
                an_sgd_row(&t->update->rule, 1, &gradient, t->update->v + at, t->update->w + at);
            else
                t->dw[at] = gradient;
        }
        if (t->db != NULL) {
            double sum = 0;
            for (size_t n = 0; n < (size_t)g->n; ++n)
                sum += (double)t->dy[n * outputs + j];
            t->db[j] = (float)sum;
        }
    }
    return ALEXNET_OK;
}

static an_cost cost(const an_linear *g, an_pass pass, int threads)
{
    return an_linear_cost(&an_cost_portable, ALEXNET_FP32, g, pass, true, threads);
}

static const an_linear_algorithm linear_direct[AN_PASSES] = {
    [AN_FORWARD] = {.name = "reference", .pass = AN_FORWARD, .cost = cost, .run = forward},
    [AN_BACKWARD_DATA] = {.name = "reference",
                          .pass = AN_BACKWARD_DATA,
                          .cost = cost,
                          .run = backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "reference",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .cost = cost,
                             .run = backward_weights},
};

#include "cpu/rounded_linear_tmpl.h"

const an_linear_algorithm *const an_linear_algorithms__portable[] = {
    &linear_direct[AN_FORWARD],          &linear_direct[AN_BACKWARD_DATA],
    &linear_direct[AN_BACKWARD_WEIGHTS], &rounded_linear[AN_FORWARD],
    &rounded_linear[AN_BACKWARD_DATA],   &rounded_linear[AN_BACKWARD_WEIGHTS],
    &an_linear_int8__portable,           NULL,
};
