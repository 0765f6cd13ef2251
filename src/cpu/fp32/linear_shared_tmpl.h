/*
 * linear_shared_tmpl.h: helpers of all passes of a linear layer: copies of matrices whose rows lie
 * an odd number of cache lines apart, the number of rows to prefetch, the gradient of the biases.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LINEAR_SHARED_TMPL_H
#define AN_CPU_FP32_LINEAR_SHARED_TMPL_H

#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/simd/vectors_tmpl.h"
#include <string.h>

#define LINEAR_DEPTH 512 /* steps of a sum at a time */

/* Rows of the next block of w that each tile prefetches: one in each quarter of its steps. */
#define FETCH_ROWS 4

/* Floats of a row in a copy of a matrix: an odd number of cache lines. */
static size_t copy_row(int columns) { return (size_t)odd_lines(columns); }

/* A copy of a matrix [rows][columns] with rows an odd number of lines apart. */
static void copy_rows(const an_run *run, int rows, int columns, const float *from, float *to)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, 8))
    for (int i = 0; i < rows; ++i)
        memcpy(to + (size_t)i * copy_row(columns), from + (size_t)i * (size_t)columns,
               (size_t)columns * sizeof *to);
}

#define BIAS_OUTPUTS 16 /* a cache line of dy: a thread's chunk */

/* row: floats from image to image of dy. */
static void bias_gradient(const an_run *run, const an_linear *g, const float *dy, size_t row,
                          float *db)
{
    AN_PARALLEL_FOR(run, schedule(dynamic, BIAS_OUTPUTS))
    for (int o = 0; o < g->outputs; ++o) {
        double sum = 0;
        for (int n = 0; n < g->n; ++n)
            sum += (double)dy[(size_t)n * row + (size_t)o];
        db[o] = (float)sum;
    }
}

#endif
