/*
 * layout.c: converts between [n][c][h][w], the layout of the interface, and [n][h][w][c], that of
 * the kernels. Flattening to the order c, h, w is the same copy as to_nchw, and its inverse the
 * same as from_nchw.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/parallel.h"

alexnet_status an_from_nchw__portable(const an_run *run, an_shape shape, const float *nchw,
                                      float *x)
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

alexnet_status an_to_nchw__portable(const an_run *run, an_shape shape, const float *x, float *nchw)
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

/* The windows of one image: y[place][c][r][s], place = p * Q + q. */
static void unfold_image(an_shape shape, int size, const float *x, float *y)
{
    const int p_count = shape.h - size + 1, q_count = shape.w - size + 1;

    for (int p = 0; p < p_count; ++p)
        for (int q = 0; q < q_count; ++q)
            for (int c = 0; c < shape.c; ++c)
                for (int r = 0; r < size; ++r)
                    for (int s = 0; s < size; ++s)
                        *y++ = x[((size_t)(p + r) * (size_t)shape.w + (size_t)(q + s)) *
                                     (size_t)shape.c +
                                 (size_t)c];
}

/* The reverse; windows are added in their order. */
static void fold_image(an_shape shape, int size, const float *dy, float *dx)
{
    const int p_count = shape.h - size + 1, q_count = shape.w - size + 1;

    for (int64_t i = 0; i < an_shape_image(shape); ++i)
        dx[i] = 0;
    for (int p = 0; p < p_count; ++p)
        for (int q = 0; q < q_count; ++q)
            for (int c = 0; c < shape.c; ++c)
                for (int r = 0; r < size; ++r)
                    for (int s = 0; s < size; ++s)
                        dx[((size_t)(p + r) * (size_t)shape.w + (size_t)(q + s)) * (size_t)shape.c +
                           (size_t)c] += *dy++;
}

static size_t unfolded_image(an_shape shape, int size)
{
    return (size_t)shape.c * (size_t)size * (size_t)size * (size_t)(shape.h - size + 1) *
           (size_t)(shape.w - size + 1);
}

alexnet_status an_unfold__portable(const an_run *run, an_shape x_shape, int size, const float *x,
                                   float *y)
{
    const size_t from = (size_t)an_shape_image(x_shape), to = unfolded_image(x_shape, size);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < x_shape.n; ++n)
        unfold_image(x_shape, size, x + (size_t)n * from, y + (size_t)n * to);
    return ALEXNET_OK;
}

alexnet_status an_fold__portable(const an_run *run, an_shape x_shape, int size, const float *dy,
                                 float *dx)
{
    const size_t from = unfolded_image(x_shape, size), to = (size_t)an_shape_image(x_shape);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < x_shape.n; ++n)
        fold_image(x_shape, size, dy + (size_t)n * from, dx + (size_t)n * to);
    return ALEXNET_OK;
}
