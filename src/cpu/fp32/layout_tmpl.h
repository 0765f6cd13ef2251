/*
 * layout_tmpl.h: between [n][c][h][w] and [n][h][w][c]: each image is a matrix [c][h * w],
 * transposed. Threads take PIXELS of an image at a time. A block of registers reads and writes
 * whole cache lines wherever c has as many channels.
 *
 * Needs: the vector vocabulary and its LANES (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_LAYOUT_TMPL_H
#define AN_CPU_FP32_LAYOUT_TMPL_H

#include "base/compiler.h"
#include "core/backend.h"
#include "cpu/parallel.h"
#include "cpu/simd/vectors_tmpl.h"
#include <string.h>

#define LAYOUT_PIXELS 256

/* Three channels are too few for a block: compilers know how to interleave three arrays. */
static void interleave_3(int count, const float *from, ptrdiff_t map, float *restrict to)
{
    AN_SIMD
    for (int i = 0; i < count; ++i) {
        to[3 * i] = from[i];
        to[3 * i + 1] = from[map + i];
        to[3 * i + 2] = from[2 * map + i];
    }
}

static alexnet_status from_nchw(const an_run *run, an_shape shape, const float *nchw, float *x)
{
    const int map = shape.h * shape.w;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < shape.n; ++n) {
        for (int i = 0; i < map; i += LAYOUT_PIXELS) {
            const ptrdiff_t image = (ptrdiff_t)n * shape.c * map;
            if (map == 1)
                memcpy(x + image, nchw + image, (size_t)shape.c * sizeof *x);
            else if (shape.c == 3)
                interleave_3(AN_MIN(LAYOUT_PIXELS, map - i), nchw + image + i, map,
                             x + image + (ptrdiff_t)i * 3);
            else
                transpose(shape.c, AN_MIN(LAYOUT_PIXELS, map - i), nchw + image + i, map,
                          x + image + (ptrdiff_t)i * shape.c, shape.c);
        }
    }
    return ALEXNET_OK;
}

static alexnet_status to_nchw(const an_run *run, an_shape shape, const float *x, float *nchw)
{
    const int map = shape.h * shape.w;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < shape.n; ++n) {
        for (int i = 0; i < map; i += LAYOUT_PIXELS) {
            const ptrdiff_t image = (ptrdiff_t)n * shape.c * map;
            if (map == 1)
                memcpy(nchw + image, x + image, (size_t)shape.c * sizeof *x);
            else
                transpose(AN_MIN(LAYOUT_PIXELS, map - i), shape.c,
                          x + image + (ptrdiff_t)i * shape.c, shape.c, nchw + image + i, map);
        }
    }
    return ALEXNET_OK;
}

#endif
