/*
 * conv2d_whole_tmpl.h: a filter as large as the map fits in one place: the convolution is a
 * linear layer over the flattened map (slim's fc6, fc7 and fc8, alexnet_v2). The weights
 * [k][c][r][s] are then [outputs][inputs] without a copy; only x and dx, which are small beside
 * them, change their order.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_CONV2D_WHOLE_TMPL_H
#define AN_CPU_FP32_CONV2D_WHOLE_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/fp32/linear_tmpl.h"
#include "cpu/reference/reference.h"
#include "cpu/scratch.h"

static bool whole_applies(const an_conv2d *g, an_pass pass)
{
    (void)pass;
    return g->r == g->h && g->s == g->w && g->pad_top == 0 && g->pad_left == 0 && g->p == 1 &&
           g->q == 1 && g->groups == 1;
}

static an_linear whole_linear(const an_conv2d *g)
{
    return (an_linear){.n = g->n, .inputs = g->c * g->h * g->w, .outputs = g->k};
}

static an_shape whole_shape(const an_conv2d *g) { return (an_shape){g->n, g->c, g->h, g->w}; }

/* A map of one pixel is a row already. */
static bool whole_is_row(const an_conv2d *g) { return g->h == 1 && g->w == 1; }

/* Scratch: that of the linear layer, then the rows. */
static size_t whole_rows(const an_conv2d *g, int threads, an_scratch *plan)
{
    const an_linear linear = whole_linear(g);
    const size_t rows = an_size_times((size_t)g->n, (size_t)linear.inputs);

    plan->bytes = linear_scratch(&linear, threads);
    return an_scratch_floats(plan, whole_is_row(g) ? 0 : rows);
}

static size_t whole_scratch(const an_conv2d *g, int threads)
{
    an_scratch plan = {0};

    (void)whole_rows(g, threads, &plan);
    return plan.bytes;
}

/* x in the order of the weights. NULL: the scratch is too small. */
static const float *whole_x(const an_run *run, const an_conv2d *g, const float *x)
{
    an_scratch plan = {0};
    const size_t rows = whole_rows(g, run->threads, &plan);

    if (!an_scratch_fits(run, plan.bytes)) return NULL;
    if (whole_is_row(g)) return x;
    (void)an_to_nchw__portable(run, whole_shape(g), x, an_scratch_at(run, rows)); /* cannot fail */
    return an_scratch_at(run, rows);
}

static alexnet_status whole_forward(const an_run *run, const an_conv2d *g,
                                    const an_conv2d_tensors *t)
{
    const an_linear linear = whole_linear(g);
    const float *x = whole_x(run, g, t->x);

    const an_linear_tensors rows = {.x = x, .w = t->w, .bias = t->bias, .y = t->y, .relu = t->relu};

    if (x == NULL) return ALEXNET_BAD_ARG;
    return linear_forward(run, &linear, &rows);
}

static alexnet_status whole_backward_data(const an_run *run, const an_conv2d *g,
                                          const an_conv2d_tensors *t)
{
    const an_linear linear = whole_linear(g);
    an_scratch plan = {0};
    float *const dx = an_scratch_at(run, whole_rows(g, run->threads, &plan));
    const an_linear_tensors rows = {.dy = t->dy, .w = t->w, .dx = whole_is_row(g) ? t->dx : dx};

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_TRY(linear_backward_data(run, &linear, &rows));
    return whole_is_row(g) ? ALEXNET_OK : an_from_nchw__portable(run, whole_shape(g), dx, t->dx);
}

static alexnet_status whole_backward_weights(const an_run *run, const an_conv2d *g,
                                             const an_conv2d_tensors *t)
{
    const an_linear linear = whole_linear(g);
    const float *x = whole_x(run, g, t->x);

    const an_linear_tensors rows = {.x = x, .dy = t->dy, .dw = t->dw, .db = t->db};

    if (x == NULL) return ALEXNET_BAD_ARG;
    return linear_backward_weights(run, &linear, &rows);
}

#endif
