/*
 * resize.c: PIL's resampling, bit for bit (Pillow, src/libImaging/Resample.c; nearest: Geometry.c).
 *
 * Each output pixel is a weighted sum of the input pixels under the filter, computed first along
 * the rows and then along the columns; both sums are rounded to 8 bits. Pixels that the window does
 * not need are never computed, and an axis that keeps its size is not resampled.
 *
 *     from -across-> [rows needed][window.width]     -down->   the window    usually
 *     from -down->   [window.height][columns needed] -across-> the window    tall images
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/resize.h"

#include "base/memory.h"
#include "base/status.h"
#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define FRACTION_BITS 22 /* of a weight: 32 minus 8 for the pixel, 2 for bicubic's overshoot */
#define HALF          (1 << (FRACTION_BITS - 1))
#define CHUNK         96 /* bytes of a row that resize_down() sums at a time */

/* A rectangle of an image. */
typedef struct pixels {
    const uint8_t *first;
    size_t stride; /* bytes from row to row */
    int width, height;
} pixels;

/* One axis of a resize: [begin, end) of the `input` pixels is resized to `size` pixels; `count` of
   these are needed, from number `offset` on. */
typedef struct span {
    double begin, end; /* with single precision, as in PIL */
    int input, size, offset, count;
} span;

/* What follows from a span: output i is the sum over k < count[i] of weights[i * taps + k] times
   input low + first[i] + k. */
typedef struct axis {
    double (*filter)(double x);
    double step;    /* input pixels per output pixel */
    double stretch; /* of the filter, so that no input is skipped; 1 when enlarging */
    double support; /* of the stretched filter, in input pixels: it is zero beyond */
    bool same;      /* nothing changes along this axis */
    int low, high;  /* the inputs that are used, low .. high - 1 */
    int taps;
    int *first, *count, *weights;
} axis;

void an_resizer_free(alexnet_context *ctx, an_resizer *resizer)
{
    an_free(ctx, resizer->memory);
    *resizer = (an_resizer){0};
}

static alexnet_status reserve(alexnet_context *ctx, an_resizer *resizer, size_t bytes)
{
    if (bytes <= resizer->bytes) return ALEXNET_OK;
    an_resizer_free(ctx, resizer);
    resizer->memory = an_new(ctx, bytes);
    if (resizer->memory == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "resizing: %zu bytes of working memory", bytes);
    resizer->bytes = bytes;
    return ALEXNET_OK;
}

/* ---- filters ---- */

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

/* ---- one axis ---- */

static double length_of(const span *s) { return (double)(float)(s->end - s->begin); }

static double center_of(const span *s, double step, int i)
{
    return s->begin + (s->offset + i + 0.5) * step;
}

static int first_input(const span *s, const axis *a, int i)
{
    return AN_MAX((int)(center_of(s, a->step, i) - a->support + 0.5), 0);
}

static int end_input(const span *s, const axis *a, int i)
{
    return AN_MIN((int)(center_of(s, a->step, i) + a->support + 0.5), s->input);
}

/* Computes everything but the weights. */
static axis plan_axis(const span *s, an_filter filter)
{
    const bool cubic = filter == AN_FILTER_BICUBIC;
    axis a = {.filter = cubic ? bicubic : bilinear, .step = length_of(s) / s->size};

    a.stretch = fmax(a.step, 1.0);
    a.support = (cubic ? 2.0 : 1.0) * a.stretch;
    a.taps = (int)ceil(a.support) * 2 + 1;
    a.same = length_of(s) == s->size && s->begin == floor(s->begin);
    a.low = a.same ? (int)s->begin + s->offset : first_input(s, &a, 0);
    a.high = a.same ? a.low + s->count : end_input(s, &a, s->count - 1);
    return a;
}

static int fixed_point(double weight)
{
    return (int)(weight * (1 << FRACTION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

/* `scratch` has room for `taps` doubles. */
static void work_out_weights(const span *s, double *scratch, axis *a)
{
    for (int i = 0; i < s->count; ++i) {
        const int first = first_input(s, a, i);
        const int count = end_input(s, a, i) - first;
        const double center = center_of(s, a->step, i);
        int *weights = a->weights + (size_t)i * (size_t)a->taps;
        double sum = 0.0;

        for (int k = 0; k < count; ++k) {
            scratch[k] = a->filter((k + first - center + 0.5) * (1.0 / a->stretch));
            sum += scratch[k];
        }
        for (int k = 0; k < count; ++k)
            weights[k] = fixed_point(sum != 0.0 ? scratch[k] / sum : scratch[k]);
        a->first[i] = first - a->low;
        a->count[i] = count;
    }
}

/* ---- along the rows, along the columns ---- */

static inline uint8_t round_pixel(int sum)
{
    const int pixel = sum >> FRACTION_BITS;

    return (uint8_t)AN_MIN(AN_MAX(pixel, 0), 255);
}

/* Resizes every row of `from` to `width` pixels. */
static pixels resize_across(const axis *a, int width, pixels from, uint8_t *to)
{
    const pixels result = {to, (size_t)width * 3, width, from.height};

    for (int y = 0; y < from.height; ++y, from.first += from.stride) {
        const int *weights = a->weights;
        for (int x = 0; x < width; ++x, weights += a->taps, to += 3) {
            const uint8_t *pixel = from.first + (size_t)a->first[x] * 3;
            const int count = a->count[x];
            int red = HALF, green = HALF, blue = HALF;
            for (int k = 0; k < count; ++k, pixel += 3) {
                red += pixel[0] * weights[k];
                green += pixel[1] * weights[k];
                blue += pixel[2] * weights[k];
            }
            to[0] = round_pixel(red);
            to[1] = round_pixel(green);
            to[2] = round_pixel(blue);
        }
    }
    return result;
}

/* Sums CHUNK bytes of an output row; the constant lets the compiler vectorise. */
static void sum_chunk(const uint8_t *from, size_t stride, const int *weights, int count,
                      uint8_t *to)
{
    int sum[CHUNK];

    for (int x = 0; x < CHUNK; ++x)
        sum[x] = HALF;
    for (int k = 0; k < count; ++k, from += stride)
        for (int x = 0; x < CHUNK; ++x)
            sum[x] += from[x] * weights[k];
    for (int x = 0; x < CHUNK; ++x)
        to[x] = round_pixel(sum[x]);
}

/* Sums one byte of an output row, for rows shorter than a chunk. */
static uint8_t sum_byte(const uint8_t *from, size_t stride, const int *weights, int count)
{
    int sum = HALF;

    for (int k = 0; k < count; ++k, from += stride)
        sum += *from * weights[k];
    return round_pixel(sum);
}

/* Resizes every column of `from` to `height` pixels. */
static pixels resize_down(const axis *a, int height, pixels from, uint8_t *to)
{
    const int bytes = from.width * 3;
    const pixels result = {to, (size_t)bytes, from.width, height};
    const int *weights = a->weights;

    for (int y = 0; y < height; ++y, weights += a->taps, to += bytes) {
        const uint8_t *row = from.first + (size_t)a->first[y] * from.stride;
        const int count = a->count[y], last = bytes - CHUNK;
        for (int x = 0; x < last; x += CHUNK)
            sum_chunk(row + x, from.stride, weights, count, to + x);
        if (last >= 0) sum_chunk(row + last, from.stride, weights, count, to + last);
        for (int x = 0; last < 0 && x < bytes; ++x)
            to[x] = sum_byte(row + x, from.stride, weights, count);
    }
    return result;
}

static void copy_rows(pixels from, uint8_t *to)
{
    const size_t bytes = (size_t)from.width * 3;

    for (int y = 0; y < from.height; ++y, from.first += from.stride, to += bytes)
        memcpy(to, from.first, bytes);
}

/* ---- both axes ---- */

/* PIL accumulates the step, so the position of output i depends on all those before it. */
static void skip_nearest(const span *s, double *at, double *step)
{
    *step = length_of(s) / s->size;
    *at = s->begin + *step * 0.5;
    for (int i = 0; i < s->offset; ++i)
        *at += *step;
}

static alexnet_status pick_nearest(alexnet_context *ctx, an_resizer *resizer, const pixels *in,
                                   const span *across, const span *down, uint8_t *to)
{
    double at, step;

    AN_TRY(reserve(ctx, resizer, (size_t)across->count * sizeof(size_t)));
    size_t *columns = resizer->memory;
    skip_nearest(across, &at, &step);
    for (int x = 0; x < across->count; ++x, at += step)
        columns[x] = (size_t)AN_MIN((int)at, in->width - 1) * 3;

    skip_nearest(down, &at, &step);
    for (int y = 0; y < down->count; ++y, at += step) {
        const uint8_t *row = in->first + (size_t)AN_MIN((int)at, in->height - 1) * in->stride;
        for (int x = 0; x < across->count; ++x, to += 3)
            memcpy(to, row + columns[x], 3);
    }
    return ALEXNET_OK;
}

/* Every array in the working memory takes whole cache lines. */
static size_t room(size_t count, size_t size) { return AN_ROUND_UP(count * size, AN_ALIGNMENT); }

static void *take(char **memory, size_t count, size_t size)
{
    void *array = *memory;

    *memory += room(count, size);
    return array;
}

/* Stays small: m outputs of n inputs have at most 4 n + 3 m weights. */
static size_t axis_room(const span *s, const axis *a)
{
    return 2 * room((size_t)s->count, sizeof(int)) +
           room((size_t)s->count * (size_t)a->taps, sizeof(int));
}

static void fill_axis(char **memory, const span *s, double *scratch, axis *a)
{
    if (a->same) return;
    a->first = take(memory, (size_t)s->count, sizeof(int));
    a->count = take(memory, (size_t)s->count, sizeof(int));
    a->weights = take(memory, (size_t)s->count * (size_t)a->taps, sizeof(int));
    work_out_weights(s, scratch, a);
}

/* PIL resizes the columns first if the height loses more than twice the pixels the width loses. */
static bool goes_down_first(const span *across, const span *down)
{
    const int64_t lost_y = (int64_t)down->input - down->size;
    const int64_t lost_x = (int64_t)across->input - across->size;

    return lost_y > 0 && lost_y > 2 * lost_x;
}

static alexnet_status resample(alexnet_context *ctx, an_resizer *resizer, const pixels *in,
                               const span *across, const span *down, an_filter filter, uint8_t *to)
{
    axis x = plan_axis(across, filter), y = plan_axis(down, filter);
    const bool down_first = goes_down_first(across, down);
    pixels p = {in->first + (size_t)y.low * in->stride + (size_t)x.low * 3, in->stride,
                x.high - x.low, y.high - y.low}; /* at first the needed part of the input */
    const int between_w = down_first ? p.width : across->count;
    const int between_h = down_first ? down->count : p.height;
    const size_t taps = (size_t)AN_MAX(x.taps, y.taps);
    size_t between = 0; /* bytes of the intermediate image */

    if (!x.same && !y.same && !an_multiply((size_t)between_w * 3, (size_t)between_h, &between))
        return an_fail(ctx, ALEXNET_NO_MEMORY, "resizing: %d x %d pixels", between_w, between_h);
    AN_TRY(reserve(ctx, resizer,
                   room(taps, sizeof(double)) + axis_room(across, &x) + axis_room(down, &y) +
                       room(between, 1)));
    char *memory = resizer->memory;
    double *scratch = take(&memory, taps, sizeof(double));
    fill_axis(&memory, across, scratch, &x);
    fill_axis(&memory, down, scratch, &y);
    uint8_t *first_result = between == 0 ? to : take(&memory, between, 1);

    if (!y.same && down_first) p = resize_down(&y, down->count, p, first_result);
    if (!x.same) p = resize_across(&x, across->count, p, down_first ? to : first_result);
    if (!y.same && !down_first) p = resize_down(&y, down->count, p, to);
    if (x.same && y.same) copy_rows(p, to);
    return ALEXNET_OK;
}

static alexnet_status resize(alexnet_context *ctx, an_resizer *resizer, const pixels *in,
                             const span *across, const span *down, an_filter filter, an_image *to)
{
    AN_TRY(an_image_reserve(ctx, to, across->count, down->count));
    assert(in->first != to->pixels);
    if (filter == AN_FILTER_NEAREST)
        return pick_nearest(ctx, resizer, in, across, down, to->pixels);
    return resample(ctx, resizer, in, across, down, filter, to->pixels);
}

/* ---- public functions ---- */

static double single(double x) { return (double)(float)x; }

alexnet_status an_image_resize(alexnet_context *ctx, an_resizer *resizer, const an_image *from,
                               const an_box *box, int width, int height, an_filter filter,
                               an_image *to)
{
    const an_box all = {0, 0, from->width, from->height};
    const an_box *b = box != NULL ? box : &all;
    const pixels in = {from->pixels, (size_t)from->width * 3, from->width, from->height};
    const span across = {single(b->left), single(b->right), from->width, width, 0, width};
    const span down = {single(b->top), single(b->bottom), from->height, height, 0, height};

    if (!(b->left >= 0 && b->left < b->right && b->right <= from->width && b->top >= 0 &&
          b->top < b->bottom && b->bottom <= from->height))
        return an_fail(ctx, ALEXNET_BAD_ARG, "box (%g, %g, %g, %g) outside an image of %d x %d",
                       b->left, b->top, b->right, b->bottom, from->width, from->height);
    return resize(ctx, resizer, &in, &across, &down, filter, to);
}

static alexnet_status check_rect(alexnet_context *ctx, const char *what, const an_rect *r,
                                 int width, int height)
{
    if (r->width >= 1 && r->height >= 1 && r->left >= 0 && r->top >= 0 &&
        r->left <= width - r->width && r->top <= height - r->height)
        return ALEXNET_OK;
    return an_fail(ctx, ALEXNET_BAD_ARG, "%s of %d x %d at (%d, %d) outside an image of %d x %d",
                   what, r->width, r->height, r->left, r->top, width, height);
}

alexnet_status an_image_resize_window(alexnet_context *ctx, an_resizer *resizer,
                                      const an_image *from, const an_rect *part, int width,
                                      int height, an_filter filter, const an_rect *window,
                                      an_image *to)
{
    const an_rect p = part != NULL ? *part : (an_rect){0, 0, from->width, from->height};
    const an_rect w = window != NULL ? *window : (an_rect){0, 0, width, height};
    const size_t stride = (size_t)from->width * 3;

    AN_TRY(check_rect(ctx, "part", &p, from->width, from->height));
    AN_TRY(check_rect(ctx, "window", &w, width, height));
    const pixels in = {from->pixels + (size_t)p.top * stride + (size_t)p.left * 3, stride, p.width,
                       p.height};
    const span across = {0, p.width, p.width, width, w.left, w.width};
    const span down = {0, p.height, p.height, height, w.top, w.height};
    return resize(ctx, resizer, &in, &across, &down, filter, to);
}
