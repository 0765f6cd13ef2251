/*
 * conv2d_tmpl.h: helpers of all convolutions of a fast tier: zeros around an image, filters in
 * panels.
 *
 * Needs: TIER, LANES, NV, MR and the vector vocabulary (kernels_tmpl.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_FP32_CONV2D_TMPL_H
#define AN_CPU_FP32_CONV2D_TMPL_H

#include "base/compiler.h"
#include "cpu/fp32/tile_tmpl.h"
#include "cpu/scratch.h"
#include <string.h>

/* ---- images with zeros around them ---- */

/* A copy of a [h][w][c] map in which no window passes the border. */
typedef struct padded_map {
    int h, w;      /* with the zeros */
    int top, left; /* where the map begins */
    int from_h, from_w, c;
    ptrdiff_t pixel, row; /* floats to the next pixel, at least c; to the next row */
} padded_map;

static size_t padded_floats(const padded_map *g)
{
    return an_size_times((size_t)g->h, an_size_times((size_t)g->w, (size_t)g->pixel));
}

/* Row `i` of the copy. Pixels beyond its right or bottom edge are left out. */
static void pad_row(const padded_map *g, int i, const float *map, float *copy)
{
    const size_t pixel = (size_t)g->pixel;
    const size_t c = (size_t)g->c;
    const int first = AN_MIN(g->left, g->w);
    const int count = AN_MIN(g->from_w, g->w - first);
    float *to = copy + i * g->row;

    if (i < g->top || i - g->top >= g->from_h) {
        memset(to, 0, (size_t)g->w * pixel * sizeof *to);
        return;
    }
    const float *from = map + (size_t)(i - g->top) * (size_t)g->from_w * c;
    memset(to, 0, (size_t)first * pixel * sizeof *to);
    to += (size_t)first * pixel;
    if (pixel == c)
        memcpy(to, from, (size_t)count * c * sizeof *to);
    else
        for (size_t w = 0; w < (size_t)count; ++w)
            memcpy(to + w * pixel, from + w * c, c * sizeof *to);
    memset(to + (size_t)count * pixel, 0, (size_t)(g->w - first - count) * pixel * sizeof *to);
}

static void pad_image(const padded_map *g, const float *map, float *copy)
{
    for (int i = 0; i < g->h; ++i)
        pad_row(g, i, map, copy);
}

/* ---- filters in panels: [block of NR][r][s][c][NR], each group with blocks of its own ---- */

typedef struct filter_panels {
    int groups, filters, channels; /* filters and channels of one group */
    int r, s;
    int blocks; /* of one group */
    size_t block_floats;
} filter_panels;

static filter_panels panels_of(int groups, int filters, int channels, int r, int s)
{
    const size_t window = an_size_times((size_t)r, an_size_times((size_t)s, (size_t)channels));

    return (filter_panels){.groups = groups,
                           .filters = filters,
                           .channels = channels,
                           .r = r,
                           .s = s,
                           .blocks = (filters + NR - 1) / NR,
                           .block_floats = an_size_times(window, NR)};
}

static int panels_blocks(const filter_panels *g) /* of all groups */
{
    return g->groups * g->blocks;
}

static size_t panels_floats(const filter_panels *g)
{
    return an_size_times((size_t)panels_blocks(g), g->block_floats);
}

/* The filters of block b: the first one's number among all groups, and how many there are. */
static int block_first(const filter_panels *g, int b)
{
    return b / g->blocks * g->filters + b % g->blocks * NR;
}

static int block_columns(const filter_panels *g, int b)
{
    return AN_MIN(NR, g->filters - b % g->blocks * NR);
}

/* Offset of element e of a filter in its block: e counts [c][r][s], the block [r][s][c][NR]. */
static size_t panel_offset(const filter_panels *g, size_t e)
{
    const size_t map = (size_t)g->r * (size_t)g->s;

    return (e % map * (size_t)g->channels + e / map) * NR;
}

/* A transposition goes in chunks of one cache line of a filter, so that both sides stay in L1. */
#define TRANSPOSE_CHUNK 16

/* Block b of the weights w[k][c][r][s], missing filters as 0. */
static void pack_filters(const filter_panels *g, int b, const float *w, float *block)
{
    const size_t window = g->block_floats / NR;
    const int columns = block_columns(g, b);
    const float *from = w + (size_t)block_first(g, b) * window;

    for (size_t e = 0; e < window; e += TRANSPOSE_CHUNK) {
        const size_t count = AN_MIN(TRANSPOSE_CHUNK, window - e);
        float *to[TRANSPOSE_CHUNK];
        for (size_t i = 0; i < count; ++i)
            to[i] = block + panel_offset(g, e + i);
        for (int j = 0; j < columns; ++j)
            for (size_t i = 0; i < count; ++i)
                to[i][j] = from[(size_t)j * window + e + i];
        for (int j = columns; j < NR; ++j)
            for (size_t i = 0; i < count; ++i)
                to[i][j] = 0;
    }
}

/* The other way: weights w[k][c][r][s] from block b. */
static void unpack_filters(const filter_panels *g, int b, const float *block, float *w)
{
    const size_t window = g->block_floats / NR;
    const int columns = block_columns(g, b);
    float *to = w + (size_t)block_first(g, b) * window;

    for (size_t e = 0; e < window; e += TRANSPOSE_CHUNK) {
        const size_t count = AN_MIN(TRANSPOSE_CHUNK, window - e);
        const float *from[TRANSPOSE_CHUNK];
        for (size_t i = 0; i < count; ++i)
            from[i] = block + panel_offset(g, e + i);
        for (int j = 0; j < columns; ++j)
            for (size_t i = 0; i < count; ++i)
                to[(size_t)j * window + e + i] = from[i][j];
    }
}

#endif
