/*
 * filters.c: draws the filters of a convolution.
 * SPDX-License-Identifier: MIT
 */
#include "figure/filters.h"

#include "base/memory.h"
#include "base/status.h"
#include "figure/grid.h"
#include <math.h>

static double largest(const float *weights, size_t count)
{
    float most = 0;

    for (size_t i = 0; i < count; ++i)
        most = fmaxf(most, fabsf(weights[i]));
    return (double)most;
}

/* scale: the weight that is white; 0 for a filter of zeros, which is grey. */
static uint8_t to_byte(double weight, double scale)
{
    return scale > 0 ? (uint8_t)(127.5 + 127.5 * weight / scale + 0.5) : 128;
}

/* The weight that a pixel shows in one colour; unless there are three channels, their mean. */
static double weight_at(const an_filters *f, const float *filter, int pixel, int colour)
{
    const ptrdiff_t plane = (ptrdiff_t)f->height * f->width;
    double sum = 0;

    if (f->channels == 3) return (double)filter[(f->bgr ? 2 - colour : colour) * plane + pixel];
    for (int c = 0; c < f->channels; ++c)
        sum += (double)filter[c * plane + pixel];
    return sum / f->channels;
}

static void draw_tile(const an_filters *f, const float *filter, double scale, uint8_t *tile)
{
    for (int pixel = 0; pixel < f->height * f->width; ++pixel)
        for (int colour = 0; colour < 3; ++colour)
            *tile++ = to_byte(weight_at(f, filter, pixel, colour), scale);
}

alexnet_status an_filters_draw(alexnet_context *ctx, const an_filters *f, an_image *image)
{
    const an_grid grid = an_grid_layout(f->count, f->towers, f->height, f->width);
    const size_t pixels = (size_t)f->height * (size_t)f->width, size = (size_t)f->channels * pixels;

    AN_TRY(an_grid_open(ctx, &grid, image));
    uint8_t *tile = an_new_array(ctx, pixels, 3);
    if (tile == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "a filter's image");
    double scale = largest(f->weights, (size_t)f->count * size);
    for (int i = 0; i < f->count; ++i) {
        const float *filter = f->weights + (size_t)i * size;
        if (!f->common) scale = largest(filter, size);
        draw_tile(f, filter, scale, tile);
        an_grid_put(&grid, image, i, tile);
    }
    an_free(ctx, tile);
    return ALEXNET_OK;
}
