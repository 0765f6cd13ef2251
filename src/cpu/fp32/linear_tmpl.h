/*
 * linear_tmpl.h: the fully connected layers of a fast tier. x [n][inputs], w [outputs][inputs], y
 * [n][outputs]. The weights stay in place and are read once per pass; with few images, once for
 * both gradients. x and dy are small, so they are packed. Rows of w are often a multiple of 4 KB
 * apart, so that all fall into one set of the L1 cache: code that reads down a column of such a
 * matrix reads a copy.
 *
 *     forward          y^T = w * x^T     w broadcast, x^T in panels of NR images
 *     data gradient    dx  = dy * w      dy broadcast, w copied to panels of NR inputs
 *     weight gradient  dw  = dy^T * x    dy broadcast, x in panels of NR inputs
 *
 * Long sums are computed in blocks of LINEAR_DEPTH, which fit the caches and are added in a fixed
 * order. Each pass names the caches it counts on. Registers are those of the micro-kernel.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LINEAR_TMPL_H
#define AN_CPU_FP32_LINEAR_TMPL_H

#include "base/status.h"
#include "core/backend.h"
#include "cpu/fp32/linear_backward_tmpl.h"
#include "cpu/fp32/linear_few_tmpl.h"
#include "cpu/fp32/linear_forward_tmpl.h"

/* ---- the backward passes ---- */

static alexnet_status linear_backward_data(const an_run *run, const an_linear *g,
                                           const an_linear_tensors *t)
{
    return g->n <= AN_FEW_BACKWARD ? backward_few(run, g, t) : backward_data_many(run, g, t);
}

static alexnet_status linear_backward_weights(const an_run *run, const an_linear *g,
                                              const an_linear_tensors *t)
{
    if (g->n <= AN_FEW_BACKWARD) return backward_few(run, g, t);
    if (t->dx != NULL) AN_TRY(backward_data_many(run, g, t));
    return backward_weights_many(run, g, t);
}

/* Enough for any batch up to g->n. */
static size_t linear_backward_scratch(const an_linear *g, int threads)
{
    an_linear few = *g;

    few.n = AN_MIN(g->n, AN_FEW_BACKWARD);
    const size_t bytes = plan_linear_few(&few, threads).bytes;
    if (g->n <= AN_FEW_BACKWARD) return bytes;
    return AN_MAX(
        bytes, AN_MAX(plan_linear_data(g, threads).bytes, plan_linear_weights(g, threads).bytes));
}

static size_t linear_scratch(const an_linear *g, int threads) /* enough for all three */
{
    return AN_MAX(linear_forward_scratch(g, threads), linear_backward_scratch(g, threads));
}

#endif
