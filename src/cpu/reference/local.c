/*
 * local.c: the locally connected layer: a convolution whose filter is another at every place.
 * Legend: N images, C channels, K filters, H W map in, P Q map out, R S kernel; x [n][h][w][c], w
 * [p][q][c][r][s][k].
 *
 * The filter is the last index of weights and outputs alike, so every inner loop runs along the
 * filters, BLOCK at a time in registers. The weights of a place are read once for all images:
 * threads divide places, not images.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/parallel.h"
#include "cpu/span.h"

#define BLOCK 16 /* filters */

size_t an_local_scratch__portable(const an_conv2d *g, int threads)
{
    (void)g, (void)threads;
    return 0;
}

static size_t times(int a, int b) { return (size_t)a * (size_t)b; }

/* The taps r and s of a place that lie on the map, and where tap (0, 0) would lie. */
typedef struct window {
    int h, w;
    an_span r, s;
} window;

static window window_at(const an_conv2d *g, int p, int q)
{
    const int h = p * g->stride - g->pad_top, w = q * g->stride - g->pad_left;

    return (window){
        .h = h, .w = w, .r = an_places_on_map(h, g->r, g->h), .s = an_places_on_map(w, g->s, g->w)};
}

/* Place (p, q) in order. */
static size_t place_index(const an_conv2d *g, int p, int q) { return times(p, g->q) + (size_t)q; }

/* The first of a place's weights. */
static size_t weights_at(const an_conv2d *g, size_t place)
{
    return place * times(g->c, g->k) * times(g->r, g->s);
}

/* The first filter's weight of a place for channel c and tap (r, s), from the first of the place.
   */
static size_t tap_at(const an_conv2d *g, int c, int r, int s)
{
    return ((times(c, g->r) + (size_t)r) * (size_t)g->s + (size_t)s) * (size_t)g->k;
}

static const float *pixel(const float *image, const an_conv2d *g, int h, int w)
{
    return image + (times(h, g->w) + (size_t)w) * (size_t)g->c;
}

/* ---- forward ---- */

/* y for `count` filters, at most BLOCK, of one place and image. Inlined with count known to be
   BLOCK. */
static inline void output_sums(const an_conv2d *g, const window *at, const float *image,
                               const float *weights, const float *bias, int count, bool relu,
                               float *y)
{
    float sum[BLOCK];

    for (int j = 0; j < count; ++j)
        sum[j] = bias[j];
    for (int c = 0; c < g->c; ++c) {
        for (int r = at->r.first; r < at->r.end; ++r) {
            for (int s = at->s.first; s < at->s.end; ++s) {
                const float value = pixel(image, g, at->h + r, at->w + s)[c];
                const float *w = weights + tap_at(g, c, r, s);
                AN_SIMD
                for (int j = 0; j < count; ++j)
                    sum[j] += value * w[j];
            }
        }
    }
    for (int j = 0; j < count; ++j)
        y[j] = relu && sum[j] < 0 ? 0 : sum[j];
}

static void place_forward(const an_conv2d *g, int p, int q, const float *x, const float *w,
                          const float *bias, bool relu, float *y)
{
    const window at = window_at(g, p, q);
    const size_t place = place_index(g, p, q), places = times(g->p, g->q);

    for (int k = 0; k < g->k; k += BLOCK) {
        const float *weights = w + weights_at(g, place) + k;
        const float *first = bias + place * (size_t)g->k + k;
        for (int n = 0; n < g->n; ++n) {
            const float *image = x + (size_t)n * times(g->h, g->w) * (size_t)g->c;
            float *out = y + ((size_t)n * places + place) * (size_t)g->k + k;
            if (k + BLOCK <= g->k)
                output_sums(g, &at, image, weights, first, BLOCK, relu, out);
            else
                output_sums(g, &at, image, weights, first, g->k - k, relu, out);
        }
    }
}

alexnet_status an_local_forward__portable(const an_run *run, const an_conv2d *g, const float *x,
                                          const float *w, const float *bias, bool relu, float *y)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int p = 0; p < g->p; ++p)
        for (int q = 0; q < g->q; ++q)
            place_forward(g, p, q, x, w, bias, relu, y);
    return ALEXNET_OK;
}

/* ---- backward: data ---- */

/* sum[j] += a[j] b[j], the rest of BLOCK left alone; longer rows fold onto themselves. */
static inline void add_products(int count, const float *a, const float *b, float sum[BLOCK])
{
    int k = 0;

    for (; k + BLOCK <= count; k += BLOCK) {
        AN_SIMD
        for (int j = 0; j < BLOCK; ++j)
            sum[j] += a[k + j] * b[k + j];
    }
    for (int j = 0; k + j < count; ++j)
        sum[j] += a[k + j] * b[k + j];
}

/* dx of one element: the sum over every place whose window holds it, with its weight there. */
static float input_gradient(const an_conv2d *g, const float *dy, const float *w, int row,
                            int column, int c)
{
    const an_span rows = an_windows_over(row, g->pad_top, g->r, g->stride, g->p);
    const an_span columns = an_windows_over(column, g->pad_left, g->s, g->stride, g->q);
    float sum[BLOCK] = {0};
    float total = 0;

    for (int p = rows.first; p < rows.end; ++p) {
        for (int q = columns.first; q < columns.end; ++q) {
            const size_t place = place_index(g, p, q);
            const int r = row - (p * g->stride - g->pad_top);
            const int s = column - (q * g->stride - g->pad_left);
            add_products(g->k, dy + place * (size_t)g->k,
                         w + weights_at(g, place) + tap_at(g, c, r, s), sum);
        }
    }
    for (int j = 0; j < BLOCK; ++j)
        total += sum[j];
    return total;
}

alexnet_status an_local_backward_data__portable(const an_run *run, const an_conv2d *g,
                                                const float *dy, const float *w, float *dx)
{
    const size_t x_image = times(g->h, g->w) * (size_t)g->c;
    const size_t y_image = times(g->p, g->q) * (size_t)g->k;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int h = 0; h < g->h; ++h) {
        for (int column = 0; column < g->w; ++column) {
            for (int n = 0; n < g->n; ++n) {
                float *out =
                    dx + (size_t)n * x_image + times(h, g->w) * (size_t)g->c + times(column, g->c);
                for (int c = 0; c < g->c; ++c)
                    out[c] = input_gradient(g, dy + (size_t)n * y_image, w, h, column, c);
            }
        }
    }
    return ALEXNET_OK;
}

/* ---- backward: weights ---- */

/* The gradient of one weight of each of `count` filters, at most BLOCK, over the images; a NULL x
   means ones: the biases. dy and x are of the first image, y_image and x_image floats before
   the next. */
static inline void weight_sums(int n, const float *x, size_t x_image, const float *dy,
                               size_t y_image, int count, float *dw)
{
    float sum[BLOCK] = {0};

    for (int i = 0; i < n; ++i) {
        const float value = x != NULL ? x[(size_t)i * x_image] : 1;
        const float *gradient = dy + (size_t)i * y_image;
        AN_SIMD
        for (int j = 0; j < count; ++j)
            sum[j] += value * gradient[j];
    }
    for (int j = 0; j < count; ++j)
        dw[j] = sum[j];
}

static void some_weight_sums(int n, const float *x, size_t x_image, const float *dy, size_t y_image,
                             int count, float *dw)
{
    if (count >= BLOCK)
        weight_sums(n, x, x_image, dy, y_image, BLOCK, dw);
    else
        weight_sums(n, x, x_image, dy, y_image, count, dw);
}

/* The gradients of the weights of one place. Taps outside the map are in no output: 0. */
static void place_backward(const an_conv2d *g, int p, int q, const float *x, const float *dy,
                           float *dw, float *db)
{
    const window at = window_at(g, p, q);
    const size_t place = place_index(g, p, q);
    const size_t x_image = times(g->h, g->w) * (size_t)g->c;
    const size_t y_image = times(g->p, g->q) * (size_t)g->k;
    const float *gradients = dy + place * (size_t)g->k;

    for (int k = 0; k < g->k; k += BLOCK) {
        const int count = g->k - k;
        some_weight_sums(g->n, NULL, 0, gradients + k, y_image, count,
                         db + place * (size_t)g->k + k);
        for (int r = 0; r < g->r; ++r) {
            for (int s = 0; s < g->s; ++s) {
                const bool on_map =
                    r >= at.r.first && r < at.r.end && s >= at.s.first && s < at.s.end;
                for (int c = 0; c < g->c; ++c) {
                    float *out = dw + weights_at(g, place) + tap_at(g, c, r, s) + k;
                    if (on_map)
                        some_weight_sums(g->n, pixel(x, g, at.h + r, at.w + s) + c, x_image,
                                         gradients + k, y_image, count, out);
                    else
                        some_weight_sums(0, NULL, 0, gradients + k, y_image, count, out);
                }
            }
        }
    }
}

alexnet_status an_local_backward_weights__portable(const an_run *run, const an_conv2d *g,
                                                   const float *x, const float *dy, float *dw,
                                                   float *db)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int p = 0; p < g->p; ++p)
        for (int q = 0; q < g->q; ++q)
            place_backward(g, p, q, x, dy, dw, db);
    return ALEXNET_OK;
}
