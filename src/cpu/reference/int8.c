/*
 * int8.c: forward passes in 8-bit integers, as int8.h defines them, one output element at
 * a time. The sums are exact: tiers that have instructions for them give the same bits.
 *
 * Packed weights: q as [k][r][s][c/g] of int16_t, and then the scale of each filter. Inputs become
 * q - zero, of int16_t, too, so that the zeros of the padding are zeros.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/int8.h"
#include "cpu/cost.h"
#include "cpu/reference/reference.h"

#include "cpu/scratch.h"

/* Bytes of so many int16_t, up to the next boundary. */
static size_t words_bytes(size_t count) { return an_scratch_round((count + 1) / 2); }

static int32_t dot(const int16_t *a, const int16_t *b, size_t count)
{
    int32_t sum = 0;

    for (size_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

static float finished(int32_t sum, float image_scale, float weight_scale, const float *bias,
                      bool relu)
{
    const float value = (float)sum * (image_scale * weight_scale) + (bias != NULL ? *bias : 0);

    return relu && value < 0 ? 0 : value;
}

/* The numbers of an image, or of a row, less zero; returns their scale. */
static float take_image(const float *x, size_t count, int16_t *to)
{
    const an_int8_scale s = an_int8_scale_of_image(x, count);

    for (size_t i = 0; i < count; ++i)
        to[i] = (int16_t)an_int8_of_image(&s, x[i]);
    return s.scale;
}

/* ---- convolution ---- */

static size_t filter_size(const an_conv2d *g)
{
    return (size_t)(g->c / g->groups) * (size_t)g->r * (size_t)g->s;
}

static const float *filter_scales(const an_conv2d *g, const void *packed)
{
    return (const float *)(const void *)((const char *)packed +
                                         words_bytes((size_t)g->k * filter_size(g)));
}

static size_t conv2d_packed_bytes(const an_conv2d *g)
{
    return words_bytes((size_t)g->k * filter_size(g)) + an_scratch_round((size_t)g->k);
}

static alexnet_status conv2d_pack_weights(const an_run *run, const an_conv2d *g, const float *w,
                                          void *packed)
{
    const size_t size = filter_size(g), map = (size_t)g->r * (size_t)g->s;
    const size_t channels = (size_t)(g->c / g->groups);
    int16_t *const to = packed;
    float *const scales = (float *)(void *)((char *)packed + words_bytes((size_t)g->k * size));

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int k = 0; k < g->k; ++k) {
        const float *from = w + (size_t)k * size;
        const an_int8_scale s = an_int8_scale_of_weights(from, size);
        scales[k] = s.scale;
        for (size_t c = 0; c < channels; ++c)
            for (size_t i = 0; i < map; ++i)
                to[(size_t)k * size + i * channels + c] =
                    (int16_t)an_int8_signed(&s, from[c * map + i]);
    }
    return ALEXNET_OK;
}

static size_t image_size(const an_conv2d *g) { return (size_t)g->h * (size_t)g->w * (size_t)g->c; }

static size_t conv2d_scratch(const an_conv2d *g, int threads)
{
    an_scratch plan = {0};

    (void)an_scratch_floats(&plan, (size_t)g->n);
    (void)an_scratch_floats(&plan, ((size_t)g->n * image_size(g) + 1) / 2);
    (void)threads;
    return plan.bytes;
}

/* y[n][p][q][k] without bias: the sum over the places of the window that are on the map. */
static int32_t window_sum(const an_conv2d *g, const int16_t *image, const int16_t *filter, int p,
                          int q, int k)
{
    const size_t channels = (size_t)(g->c / g->groups);
    const size_t first = (size_t)(k / (g->k / g->groups)) * channels;
    int32_t sum = 0;

    for (int r = 0; r < g->r; ++r) {
        const int h = p * g->stride + r - g->pad_top;
        for (int s = 0; s < g->s; ++s) {
            const int w = q * g->stride + s - g->pad_left;
            if (h < 0 || h >= g->h || w < 0 || w >= g->w) continue;
            sum += dot(image + ((size_t)h * (size_t)g->w + (size_t)w) * (size_t)g->c + first,
                       filter + ((size_t)r * (size_t)g->s + (size_t)s) * channels, channels);
        }
    }
    return sum;
}

static alexnet_status conv2d_forward(const an_run *run, const an_conv2d *g,
                                     const an_conv2d_tensors *t)
{
    an_scratch plan = {0};
    const size_t size = image_size(g);
    float *const scales = an_scratch_at(run, an_scratch_floats(&plan, (size_t)g->n));
    int16_t *const images =
        (void *)an_scratch_at(run, an_scratch_floats(&plan, ((size_t)g->n * size + 1) / 2));
    const int16_t *const filters = t->packed;
    const float *const of_filter = filter_scales(g, t->packed);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < g->n; ++n)
        scales[n] = take_image(t->x + (size_t)n * size, size, images + (size_t)n * size);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int p = 0; p < g->p; ++p) {
            const int16_t *image = images + (size_t)n * size;
            float *y = t->y + ((size_t)n * (size_t)g->p + (size_t)p) * (size_t)g->q * (size_t)g->k;
            for (int q = 0; q < g->q; ++q)
                for (int k = 0; k < g->k; ++k, ++y)
                    *y = finished(
                        window_sum(g, image, filters + (size_t)k * filter_size(g), p, q, k),
                        scales[n], of_filter[k], t->bias != NULL ? t->bias + k : NULL, t->relu);
        }
    }
    return ALEXNET_OK;
}

static an_cost conv2d_cost(const an_conv2d *g, an_pass pass, int threads)
{
    return an_direct_cost(&an_cost_portable, ALEXNET_INT8, g, pass, threads);
}

const an_conv2d_algorithm an_conv2d_int8__portable = {
    .name = "reference int8",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_INT8,
    .applies = an_int8_conv2d_fits,
    .cost = conv2d_cost,
    .scratch_bytes = conv2d_scratch,
    .run = conv2d_forward,
    .packed_bytes = conv2d_packed_bytes,
    .pack_weights = conv2d_pack_weights,
};

/* ---- linear: a convolution over maps of one pixel ---- */

static an_conv2d as_conv2d(const an_linear *g)
{
    return (an_conv2d){.n = g->n,
                       .c = g->inputs,
                       .h = 1,
                       .w = 1,
                       .k = g->outputs,
                       .r = 1,
                       .s = 1,
                       .stride = 1,
                       .groups = 1,
                       .p = 1,
                       .q = 1,
                       .packed = true};
}

static size_t linear_scratch(const an_linear *g, int threads)
{
    const an_conv2d conv = as_conv2d(g);

    return conv2d_scratch(&conv, threads);
}

static alexnet_status linear_forward(const an_run *run, const an_linear *g,
                                     const an_linear_tensors *t)
{
    const an_conv2d conv = as_conv2d(g);

    return conv2d_forward(run, &conv, t);
}

static size_t linear_packed_bytes(const an_linear *g)
{
    const an_conv2d conv = as_conv2d(g);

    return conv2d_packed_bytes(&conv);
}

static alexnet_status linear_pack_weights(const an_run *run, const an_linear *g, const float *w,
                                          void *packed)
{
    const an_conv2d conv = as_conv2d(g);

    return conv2d_pack_weights(run, &conv, w, packed);
}

static an_cost linear_cost(const an_linear *g, an_pass pass, int threads)
{
    return an_linear_cost(&an_cost_portable, ALEXNET_INT8, g, pass, true, threads);
}

const an_linear_algorithm an_linear_int8__portable = {
    .name = "reference int8",
    .pass = AN_FORWARD,
    .dtype = ALEXNET_INT8,
    .applies = an_int8_linear_fits,
    .cost = linear_cost,
    .scratch_bytes = linear_scratch,
    .run = linear_forward,
    .packed_bytes = linear_packed_bytes,
    .pack_weights = linear_pack_weights,
};
