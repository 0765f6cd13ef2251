/*
 * portable_layout.c: between [n][c][h][w], which everybody else speaks, and [n][h][w][c], which the
 * kernels do. Flattening to the order c, h, w is the same copy as export, and its inverse the same
 * as import.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/portable.h"

#include "cpu/parallel.h"

alexnet_status an_import__portable(const an_run *run, an_shape shape, const float *nchw, float *x)
{
    const size_t c_count = (size_t)shape.c;
    const size_t h_count = (size_t)shape.h;
    const size_t w_count = (size_t)shape.w;
    const size_t map = h_count * w_count;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 8))
    for (int n = 0; n < shape.n; ++n) {
        for (size_t h = 0; h < h_count; ++h) {
            const float *from = nchw + (size_t)n * c_count * map + h * w_count;
            float *to = x + ((size_t)n * map + h * w_count) * c_count;
            for (size_t w = 0; w < w_count; ++w)
                for (size_t c = 0; c < c_count; ++c)
                    to[w * c_count + c] = from[c * map + w];
        }
    }
    return ALEXNET_OK;
}

alexnet_status an_export__portable(const an_run *run, an_shape shape, const float *x, float *nchw)
{
    const size_t c_count = (size_t)shape.c;
    const size_t h_count = (size_t)shape.h;
    const size_t w_count = (size_t)shape.w;
    const size_t map = h_count * w_count;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 8))
    for (int n = 0; n < shape.n; ++n) {
        for (size_t h = 0; h < h_count; ++h) {
            const float *from = x + ((size_t)n * map + h * w_count) * c_count;
            float *to = nchw + (size_t)n * c_count * map + h * w_count;
            for (size_t c = 0; c < c_count; ++c)
                for (size_t w = 0; w < w_count; ++w)
                    to[c * map + w] = from[w * c_count + c];
        }
    }
    return ALEXNET_OK;
}
