/*
 * conv2d.c: convolution by its definition, one output element at a time, summed in double. Legend:
 * N images, C channels, K filters, H W map in, P Q map out, R S kernel, G groups; x [n][h][w][c].
 * SPDX-License-Identifier: MIT
 */
#include "cpu/reference/reference.h"

#include "cpu/cost.h"
#include "cpu/parallel.h"

/* Row h, column w of an image of c channels. */
static const float *pixel(const float *image, int h, int w, int width, int c)
{
    return image + ((size_t)h * (size_t)width + (size_t)w) * (size_t)c;
}

static const float *image_at(const float *x, int n, int h, int w, int c)
{
    return x + (size_t)n * (size_t)h * (size_t)w * (size_t)c;
}

/* x[n][c][h][w], in either layout. */
static float x_at(const an_conv2d *g, const float *image, int h, int w, int c)
{
    if (!g->nchw) return pixel(image, h, w, g->w, g->c)[c];
    return image[((size_t)c * (size_t)g->h + (size_t)h) * (size_t)g->w + (size_t)w];
}

/* One weight: w[k][c][r][s], c within the group. */
static size_t weight_index(const an_conv2d *g, int k, int c, int r, int s)
{
    return (((size_t)k * (size_t)(g->c / g->groups) + (size_t)c) * (size_t)g->r + (size_t)r) *
               (size_t)g->s +
           (size_t)s;
}

/* y[n][p][q][k] without bias: the sum over the kernel, padding skipped. */
static double output_sum(const an_conv2d *g, const float *image, const float *weights, int p, int q,
                         int k)
{
    const int group_c = g->c / g->groups;
    const int first_c = k / (g->k / g->groups) * group_c;
    double sum = 0;

    for (int r = 0; r < g->r; ++r) {
        const int h = p * g->stride + r - g->pad_top;
        for (int s = 0; s < g->s; ++s) {
            const int w = q * g->stride + s - g->pad_left;
            if (h < 0 || h >= g->h || w < 0 || w >= g->w) continue;
            for (int c = 0; c < group_c; ++c)
                sum += (double)x_at(g, image, h, w, first_c + c) *
                       (double)weights[weight_index(g, k, c, r, s)];
        }
    }
    return sum;
}

static alexnet_status forward(const an_run *run, const an_conv2d *g, const an_conv2d_tensors *t)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            const float *image = image_at(t->x, n, g->h, g->w, g->c);
            float *y = t->y + ((size_t)n * (size_t)g->p + (size_t)p) * (size_t)g->q * (size_t)g->k;
            for (int q = 0; q < g->q; ++q) {
                for (int k = 0; k < g->k; ++k, ++y) {
                    double sum = output_sum(g, image, t->w, p, q, k);
                    if (t->bias != NULL) sum += (double)t->bias[k];
                    *y = t->relu && sum < 0 ? 0 : (float)sum;
                }
            }
        }
    }
    return ALEXNET_OK;
}

/* dx[n][h][w][c]: the sum over every output whose window holds the element, with its weight there.
   */
static double input_sum(const an_conv2d *g, const float *dy_image, const float *weights, int h,
                        int w, int c)
{
    const int group_c = g->c / g->groups;
    const int group_k = g->k / g->groups;
    const int first_k = c / group_c * group_k;
    double sum = 0;

    for (int r = 0; r < g->r; ++r) {
        const int p = (h + g->pad_top - r) / g->stride;
        if (h + g->pad_top < r || (h + g->pad_top - r) % g->stride != 0 || p >= g->p) continue;
        for (int s = 0; s < g->s; ++s) {
            const int q = (w + g->pad_left - s) / g->stride;
            if (w + g->pad_left < s || (w + g->pad_left - s) % g->stride != 0 || q >= g->q)
                continue;
            const float *dy = pixel(dy_image, p, q, g->q, g->k);
            for (int k = first_k; k < first_k + group_k; ++k)
                sum += (double)dy[k] * (double)weights[weight_index(g, k, c % group_c, r, s)];
        }
    }
    return sum;
}

static alexnet_status backward_data(const an_run *run, const an_conv2d *g,
                                    const an_conv2d_tensors *t)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const float *dy = image_at(t->dy, n, g->p, g->q, g->k);
            float *dx =
                t->dx + ((size_t)n * (size_t)g->h + (size_t)h) * (size_t)g->w * (size_t)g->c;
            for (int w = 0; w < g->w; ++w) {
                for (int c = 0; c < g->c; ++c, ++dx) {
                    const bool stays = !t->relu || t->x[dx - t->dx] > 0;
                    *dx = stays ? (float)input_sum(g, dy, t->w, h, w, c) : 0;
                }
            }
        }
    }
    return ALEXNET_OK;
}

/* dw[k][c][r][s]: over all images and outputs, the gradient times the input under this weight. */
static double weight_sum(const an_conv2d *g, const an_conv2d_tensors *t, int k, int c, int r, int s)
{
    const int input_c = k / (g->k / g->groups) * (g->c / g->groups) + c;
    double sum = 0;

    for (int n = 0; n < g->n; ++n) {
        const float *x = image_at(t->x, n, g->h, g->w, g->c);
        const float *dy = image_at(t->dy, n, g->p, g->q, g->k);
        for (int p = 0; p < g->p; ++p) {
            const int h = p * g->stride + r - g->pad_top;
            if (h < 0 || h >= g->h) continue;
            for (int q = 0; q < g->q; ++q) {
                const int w = q * g->stride + s - g->pad_left;
                if (w >= 0 && w < g->w)
                    sum +=
                        (double)pixel(dy, p, q, g->q, g->k)[k] * (double)x_at(g, x, h, w, input_c);
            }
        }
    }
    return sum;
}

static alexnet_status backward_weights(const an_run *run, const an_conv2d *g,
                                       const an_conv2d_tensors *t)
{
    const size_t pixels = (size_t)g->n * (size_t)g->p * (size_t)g->q;

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int k = 0; k < g->k; ++k)
        for (int c = 0; c < g->c / g->groups; ++c)
            for (int r = 0; r < g->r; ++r)
                for (int s = 0; s < g->s; ++s)
                    t->dw[weight_index(g, k, c, r, s)] = (float)weight_sum(g, t, k, c, r, s);

    if (t->db == NULL) return ALEXNET_OK;
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int k = 0; k < g->k; ++k) {
        double sum = 0;
        for (size_t i = 0; i < pixels; ++i)
            sum += (double)t->dy[i * (size_t)g->k + (size_t)k];
        t->db[k] = (float)sum;
    }
    return ALEXNET_OK;
}

static an_cost cost(const an_conv2d *g, an_pass pass, int threads)
{
    return an_direct_cost(&an_cost_portable, ALEXNET_FP32, g, pass, threads);
}

static const an_conv2d_algorithm conv2d_direct[AN_PASSES] = {
    [AN_FORWARD] =
        {.name = "reference", .pass = AN_FORWARD, .takes_nchw = true, .cost = cost, .run = forward},
    [AN_BACKWARD_DATA] = {.name = "reference",
                          .pass = AN_BACKWARD_DATA,
                          .takes_relu = true,
                          .cost = cost,
                          .run = backward_data},
    [AN_BACKWARD_WEIGHTS] = {.name = "reference",
                             .pass = AN_BACKWARD_WEIGHTS,
                             .takes_nchw = true,
                             .cost = cost,
                             .run = backward_weights},
};

#include "cpu/rounded_conv2d_tmpl.h"

const an_conv2d_algorithm *const an_conv2d_algorithms__portable[] = {
    &conv2d_direct[AN_FORWARD],          &conv2d_direct[AN_BACKWARD_DATA],
    &conv2d_direct[AN_BACKWARD_WEIGHTS], &rounded_conv2d,
    &an_conv2d_int8__portable,           NULL,
};
