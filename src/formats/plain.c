/*
 * plain.c: layers in plain loops. Their innermost loops run along rows, so that a compiler
 * vectorises them; sums of many terms are kept in double.
 * SPDX-License-Identifier: MIT
 */
#include "formats/plain.h"

#include "base/memory.h"
#include "base/status.h"
#include <limits.h>
#include <math.h>
#include <string.h>

static size_t plane(const an_plain_map *x) { return (size_t)x->h * (size_t)x->w; }

static size_t elements(const an_plain_map *x) { return (size_t)x->n * (size_t)x->c * plane(x); }

alexnet_status an_plain_new(alexnet_context *ctx, const char *node, int n, int c, int h, int w,
                            an_plain_map *out)
{
    size_t count = 0, bytes = 0;

    *out = (an_plain_map){0};
    if (n < 1 || c < 1 || h < 1 || w < 1 || !an_multiply((size_t)n, (size_t)c, &count) ||
        !an_multiply(count, (size_t)h, &count) || !an_multiply(count, (size_t)w, &count) ||
        !an_multiply(count, sizeof *out->data, &bytes))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: a map of %dx%dx%dx%d is impossible", node, n, c,
                       h, w);
    float *data = an_new(ctx, bytes);
    if (data == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a map of %zu bytes", node, bytes);
    *out = (an_plain_map){n, c, h, w, data};
    return ALEXNET_OK;
}

void an_plain_free(alexnet_context *ctx, an_plain_map *map)
{
    an_free(ctx, map->data);
    *map = (an_plain_map){0};
}

/* ---- windows ---- */

/* The number of windows over a side of `in` elements; 0: they do not fit. */
static int window_count(const an_plain_window *window, int axis, int in)
{
    const int64_t kernel = window->kernel[axis], stride = window->stride[axis];
    const int64_t before = window->pad[axis], after = window->pad[axis + 2];

    if (kernel < 1 || stride < 1 || before < 0 || after < 0) return 0;
    const int64_t room = in + before + after - kernel;
    if (room < 0 || room > INT_MAX) return 0;
    int64_t count = (room + (window->up ? stride - 1 : 0)) / stride + 1;
    if (window->up && (count - 1) * stride >= in + before) --count;
    return (int)count;
}

static alexnet_status check_windows(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                    const an_plain_window *window, int out[2])
{
    out[0] = window_count(window, 0, x->h);
    out[1] = window_count(window, 1, x->w);
    if (out[0] > 0 && out[1] > 0) return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_FILE,
                   "%s: a window of %dx%d, stride %dx%d, pads %d,%d,%d,%d does not fit a map of "
                   "%dx%d",
                   node, window->kernel[0], window->kernel[1], window->stride[0], window->stride[1],
                   window->pad[0], window->pad[1], window->pad[2], window->pad[3], x->h, x->w);
}

/* ---- convolution ---- */

/*
 * The padded planes of a group of channels, cut by the stride: element (i, j) of a padded plane
 * lies in part (i % stride, j % stride) at (i / stride, j / stride). What one weight reads for all
 * windows is then one run of a part:
 *
 *     stride 2    a b a b      part 0,0  a a    the windows (p, q) read element (p * 2 + r, ...)
 *                 c d c d                a a    at p * width + q, from a start that depends on
 *                 a b a b      part 0,1  b b    (r, s) alone
 *                 c d c d                b b
 */
typedef struct plain_parts {
    int stride[2];
    size_t height, width; /* of a part */
    size_t floats;        /* of all parts of a plane */
    float *data;          /* [channel][row part][column part][height][width] */
} plain_parts;

static alexnet_status new_parts(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                const an_plain_window *window, const int windows[2], int channels,
                                plain_parts *out)
{
    size_t side[2], floats, bytes;

    for (int axis = 0; axis < 2; ++axis) {
        const size_t stride = (size_t)window->stride[axis];
        size_t padded = (size_t)(axis == 0 ? x->h : x->w) + (size_t)window->pad[axis] +
                        (size_t)window->pad[axis + 2];
        /* rounded up, the last window may reach further */
        padded =
            AN_MAX(padded, ((size_t)windows[axis] - 1) * stride + (size_t)window->kernel[axis]);
        /* a stride beyond the map has one window, and needs no further parts */
        out->stride[axis] = (int)AN_MIN(stride, padded);
        side[axis] = (padded + (size_t)out->stride[axis] - 1) / (size_t)out->stride[axis];
    }
    out->height = side[0];
    out->width = side[1];
    if (!an_multiply(side[0], side[1], &floats) ||
        !an_multiply(floats, (size_t)out->stride[0] * (size_t)out->stride[1], &floats) ||
        !an_multiply(floats, (size_t)channels, &bytes) ||
        !an_multiply(bytes, sizeof(float), &bytes))
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: its padding is too large", node);
    out->floats = floats;
    out->data = an_new_zeroed(ctx, bytes);
    if (out->data == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for %zu bytes of padded maps", node,
                       bytes);
    return ALEXNET_OK;
}

/* The parts of one plane of x; the zeros around it stay. */
static void fill_parts(const plain_parts *p, float *to, const float *from, const an_plain_map *x,
                       const an_plain_window *window)
{
    for (int h = 0; h < x->h; ++h) {
        const size_t i = (size_t)(h + window->pad[0]);
        const size_t row = i % (size_t)p->stride[0] * (size_t)p->stride[1] * p->height * p->width +
                           i / (size_t)p->stride[0] * p->width;
        for (int w = 0; w < x->w; ++w) {
            const size_t j = (size_t)(w + window->pad[1]);
            to[row + j % (size_t)p->stride[1] * p->height * p->width + j / (size_t)p->stride[1]] =
                from[(size_t)h * (size_t)x->w + (size_t)w];
        }
    }
}

/* sum[i] += weight * from[i] */
static void add_run(float *restrict sum, const float *restrict from, float weight, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        sum[i] += weight * from[i];
}

/* All windows of one output channel, at [p * width + q] of total; the rest of a row is of no use.
   `sum` is as long. */
static void convolve(const plain_parts *parts, const an_plain_window *window, int channels,
                     const float *weight, size_t run, float *restrict sum, double *restrict total)
{
    const size_t part = parts->height * parts->width;

    for (int c = 0; c < channels; ++c) {
        const float *from = parts->data + (size_t)c * parts->floats;
        memset(sum, 0, run * sizeof *sum);
        for (size_t r = 0; r < (size_t)window->kernel[0]; ++r)
            for (size_t s = 0; s < (size_t)window->kernel[1]; ++s) {
                const size_t rows = (size_t)parts->stride[0], columns = (size_t)parts->stride[1];
                add_run(sum,
                        from + (r % rows * columns + s % columns) * part + r / rows * parts->width +
                            s / columns,
                        *weight++, run);
            }
        for (size_t i = 0; i < run; ++i)
            total[i] += (double)sum[i];
    }
}

alexnet_status an_plain_conv2d(alexnet_context *ctx, const char *node, const an_plain_map *x,
                               const an_plain_window *window, int groups, int out_channels,
                               const float *weight, const float *bias, an_plain_map *y)
{
    plain_parts parts = {0};
    int out[2];

    *y = (an_plain_map){0};
    if (groups < 1 || x->c % groups != 0 || out_channels < 1 || out_channels % groups != 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: %d and %d channels do not divide into %d groups",
                       node, x->c, out_channels, groups);
    AN_TRY(check_windows(ctx, node, x, window, out));
    AN_TRY(an_plain_new(ctx, node, x->n, out_channels, out[0], out[1], y));

    const int in = x->c / groups, outputs = out_channels / groups;
    const size_t filter = (size_t)in * (size_t)window->kernel[0] * (size_t)window->kernel[1];
    alexnet_status status = new_parts(ctx, node, x, window, out, in, &parts);
    const size_t run = ((size_t)out[0] - 1) * parts.width + (size_t)out[1];
    float *sum = status == ALEXNET_OK ? an_new(ctx, run * sizeof *sum) : NULL;
    double *total = status == ALEXNET_OK ? an_new(ctx, run * sizeof *total) : NULL;
    if (status == ALEXNET_OK && (sum == NULL || total == NULL))
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for a map of sums", node);

    for (int i = 0; status == ALEXNET_OK && i < x->n * groups; ++i) {
        const int n = i / groups, group = i % groups;
        for (int c = 0; c < in; ++c)
            fill_parts(&parts, parts.data + (size_t)c * parts.floats,
                       x->data + ((size_t)n * (size_t)x->c + (size_t)(group * in + c)) * plane(x),
                       x, window);
        for (int k = group * outputs; k < (group + 1) * outputs; ++k) {
            float *to = y->data + ((size_t)n * (size_t)out_channels + (size_t)k) * plane(y);
            for (size_t j = 0; j < run; ++j)
                total[j] = bias != NULL ? (double)bias[k] : 0;
            convolve(&parts, window, in, weight + (size_t)k * filter, run, sum, total);
            for (int p = 0; p < out[0]; ++p)
                for (int q = 0; q < out[1]; ++q)
                    *to++ = (float)total[(size_t)p * parts.width + (size_t)q];
        }
    }
    an_free(ctx, parts.data);
    an_free(ctx, sum);
    an_free(ctx, total);
    if (status != ALEXNET_OK) an_plain_free(ctx, y);
    return status;
}

/* ---- pooling ---- */

/* The elements [from, to) of a side of `in` that window `i` covers. */
static void covered(const an_plain_window *window, int axis, int i, int in, int *from, int *to)
{
    const int start = i * window->stride[axis] - window->pad[axis];

    *from = AN_MAX(start, 0);
    *to = AN_MIN(start + window->kernel[axis], in);
}

static alexnet_status new_pooled(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                 const an_plain_window *window, an_plain_map *y)
{
    int out[2];

    *y = (an_plain_map){0};
    for (int i = 0; i < 4; ++i)
        if (window->pad[i] >= window->kernel[i % 2])
            return an_fail(ctx, ALEXNET_BAD_FILE, "%s: a padding of %d reaches past a window of %d",
                           node, window->pad[i], window->kernel[i % 2]);
    AN_TRY(check_windows(ctx, node, x, window, out));
    return an_plain_new(ctx, node, x->n, x->c, out[0], out[1], y);
}

alexnet_status an_plain_max_pool(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                 const an_plain_window *window, an_plain_map *y)
{
    AN_TRY(new_pooled(ctx, node, x, window, y));
    float *to = y->data;
    for (const float *from = x->data; from < x->data + elements(x); from += plane(x))
        for (int p = 0; p < y->h; ++p)
            for (int q = 0; q < y->w; ++q) {
                int top, bottom, left, right;
                covered(window, 0, p, x->h, &top, &bottom);
                covered(window, 1, q, x->w, &left, &right);
                float largest = from[(size_t)top * (size_t)x->w + (size_t)left];
                for (int i = top; i < bottom; ++i)
                    for (int j = left; j < right; ++j) {
                        const float value = from[(size_t)i * (size_t)x->w + (size_t)j];
                        if (value > largest || isnan(value)) largest = value;
                    }
                *to++ = largest;
            }
    return ALEXNET_OK;
}

/* Elements of window `i` within the input and its padding. */
static int counted(const an_plain_window *window, int axis, int i, int in)
{
    const int start = i * window->stride[axis] - window->pad[axis];

    return AN_MIN(start + window->kernel[axis], in + window->pad[axis + 2]) - start;
}

alexnet_status an_plain_average_pool(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                     const an_plain_window *window, bool counts_pad,
                                     an_plain_map *y)
{
    AN_TRY(new_pooled(ctx, node, x, window, y));
    float *to = y->data;
    for (const float *from = x->data; from < x->data + elements(x); from += plane(x))
        for (int p = 0; p < y->h; ++p)
            for (int q = 0; q < y->w; ++q) {
                int top, bottom, left, right;
                covered(window, 0, p, x->h, &top, &bottom);
                covered(window, 1, q, x->w, &left, &right);
                double sum = 0;
                for (int i = top; i < bottom; ++i)
                    for (int j = left; j < right; ++j)
                        sum += (double)from[(size_t)i * (size_t)x->w + (size_t)j];
                const double rows = counts_pad ? counted(window, 0, p, x->h) : bottom - top;
                const double columns = counts_pad ? counted(window, 1, q, x->w) : right - left;
                *to++ = (float)(sum / (rows * columns));
            }
    return ALEXNET_OK;
}

/* ---- normalisation ---- */

alexnet_status an_plain_lrn_across(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                   int size, double alpha, double beta, double k, an_plain_map *y)
{
    const size_t step = plane(x);

    *y = (an_plain_map){0};
    if (size < 1) return an_fail(ctx, ALEXNET_BAD_FILE, "%s: a window of %d channels", node, size);
    AN_TRY(an_plain_new(ctx, node, x->n, x->c, x->h, x->w, y));
    for (size_t n = 0; n < (size_t)x->n; ++n)
        for (int c = 0; c < x->c; ++c) {
            const int first = c - AN_MIN(c, (size - 1) / 2);
            const int last = c + AN_MIN(x->c - 1 - c, size / 2);
            const float *from = x->data + n * (size_t)x->c * step;
            float *to = y->data + n * (size_t)x->c * step + (size_t)c * step;
            for (size_t i = 0; i < step; ++i) {
                double sum = 0;
                for (int j = first; j <= last; ++j) {
                    const double value = (double)from[(size_t)j * step + i];
                    sum += value * value;
                }
                to[i] = (float)((double)from[(size_t)c * step + i] / pow(k + alpha * sum, beta));
            }
        }
    return ALEXNET_OK;
}

alexnet_status an_plain_lrn_within(alexnet_context *ctx, const char *node, const an_plain_map *x,
                                   int size, double alpha, double beta, double k, an_plain_map *y)
{
    *y = (an_plain_map){0};
    if (size < 1 || size % 2 == 0)
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: a window of size %d, expected an odd size", node,
                       size);
    AN_TRY(an_plain_new(ctx, node, x->n, x->c, x->h, x->w, y));
    const int reach = size / 2;
    float *to = y->data;
    for (const float *from = x->data; from < x->data + elements(x); from += plane(x))
        for (int p = 0; p < x->h; ++p)
            for (int q = 0; q < x->w; ++q) {
                double sum = 0;
                for (int i = p - AN_MIN(p, reach); i <= p + AN_MIN(x->h - 1 - p, reach); ++i)
                    for (int j = q - AN_MIN(q, reach); j <= q + AN_MIN(x->w - 1 - q, reach); ++j) {
                        const double value = (double)from[(size_t)i * (size_t)x->w + (size_t)j];
                        sum += value * value;
                    }
                const double value = (double)from[(size_t)p * (size_t)x->w + (size_t)q];
                *to++ = (float)(value / pow(k + alpha * sum, beta));
            }
    return ALEXNET_OK;
}

void an_plain_batch_norm(an_plain_map *x, const float *mean, const float *variance, double epsilon,
                         const float *scale, const float *shift)
{
    float *at = x->data;

    for (int i = 0; i < x->n * x->c; ++i) {
        const int c = i % x->c;
        const double factor =
            (scale != NULL ? (double)scale[c] : 1) / sqrt((double)variance[c] + epsilon);
        const double add = shift != NULL ? (double)shift[c] : 0;
        for (size_t j = 0; j < plane(x); ++j, ++at)
            *at = (float)(((double)*at - (double)mean[c]) * factor + add);
    }
}

/* ---- linear layers ---- */

#define LANES 16   /* partial sums, which a compiler keeps in vectors */
#define BLOCK 1024 /* elements that are added up in float */

static double dot(const float *a, const float *b, size_t count)
{
    double total = 0;
    size_t i = 0;

    while (count - i >= LANES) {
        const size_t end = i + AN_MIN((count - i) / LANES * LANES, (size_t)BLOCK);
        float sums[LANES] = {0};
        for (; i < end; i += LANES)
            for (size_t j = 0; j < LANES; ++j)
                sums[j] += a[i + j] * b[i + j];
        for (size_t j = 0; j < LANES; ++j)
            total += (double)sums[j];
    }
    for (; i < count; ++i)
        total += (double)a[i] * (double)b[i];
    return total;
}

alexnet_status an_plain_linear(alexnet_context *ctx, const char *node, const an_plain_map *x,
                               int outputs, const float *weight, const float *bias, an_plain_map *y)
{
    const size_t inputs = (size_t)x->c * plane(x);

    AN_TRY(an_plain_new(ctx, node, x->n, outputs, 1, 1, y));
    for (int k = 0; k < outputs; ++k)
        for (int n = 0; n < x->n; ++n)
            y->data[(size_t)n * (size_t)outputs + (size_t)k] =
                (float)(dot(weight + (size_t)k * inputs, x->data + (size_t)n * inputs, inputs) +
                        (bias != NULL ? (double)bias[k] : 0));
    return ALEXNET_OK;
}

/* ---- element by element ---- */

void an_plain_relu(an_plain_map *x)
{
    for (size_t i = 0; i < elements(x); ++i)
        if (x->data[i] < 0) x->data[i] = 0; /* NaN stays */
}

void an_plain_tanh(an_plain_map *x)
{
    for (size_t i = 0; i < elements(x); ++i)
        x->data[i] = (float)tanh((double)x->data[i]);
}

void an_plain_sigmoid(an_plain_map *x)
{
    for (size_t i = 0; i < elements(x); ++i)
        x->data[i] = (float)(1 / (1 + exp(-(double)x->data[i])));
}

void an_plain_softmax(an_plain_map *x)
{
    const size_t step = plane(x);

    for (size_t i = 0; i < (size_t)x->n * step; ++i) {
        float *at = x->data + i / step * (size_t)x->c * step + i % step;
        float largest = at[0];
        double sum = 0;
        for (size_t c = 1; c < (size_t)x->c; ++c)
            largest = AN_MAX(largest, at[c * step]);
        for (size_t c = 0; c < (size_t)x->c; ++c)
            sum += exp((double)at[c * step] - (double)largest);
        for (size_t c = 0; c < (size_t)x->c; ++c)
            at[c * step] = (float)(exp((double)at[c * step] - (double)largest) / sum);
    }
}
