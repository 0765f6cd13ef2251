/*
 * winograd.c: see winograd.h.
 * SPDX-License-Identifier: MIT
 */
#include "cpu/winograd.h"

#include "base/compiler.h"
#include <limits.h>

/* ---- tiles ---- */

/* 7 points for a 3x3 filter, 8 for 5x5: larger tiles would round too much (docs/engine.md). */
static int largest_m(int r) { return r == 3 ? 5 : 4; }

#define REST_MAX                                                                                   \
    (6 * AN_WINOGRAD_M_MAX) /* outputs whose cut is searched; the others are before
                                            them, in largest tiles */

/* The cheapest cut of a few outputs: fewest points, then the most even. */
static void cut_rest(int r, int outputs, int count[AN_WINOGRAD_M_MAX + 1])
{
    int cost[REST_MAX + 1] = {0}; /* 1024 times the points, and the squares of m */
    int last[REST_MAX + 1] = {0};

    for (int i = 1; i <= outputs; ++i) {
        cost[i] = INT_MAX;
        for (int m = 2; m <= largest_m(r); ++m) {
            const int before = cost[AN_MAX(i - m, 0)];
            const int with = before + 1024 * (m + r - 1) + m * m;
            if (with < cost[i]) {
                cost[i] = with;
                last[i] = m;
            }
        }
    }
    for (int i = outputs; i > 0; i -= last[i])
        ++count[last[i]];
}

an_winograd_axis an_winograd_cut(int r, int outputs)
{
    const int m = largest_m(r);
    const int whole = outputs > REST_MAX ? (outputs - REST_MAX) / m + 1 : 0;
    an_winograd_axis axis = {.r = r, .outputs = outputs};

    axis.count[m] = whole;
    cut_rest(r, outputs - whole * m, axis.count);
    for (int i = 2; i <= m; ++i) {
        axis.tiles += axis.count[i];
        if (axis.count[i] > 0) axis.points = i + r - 1;
    }
    return axis;
}

an_winograd_tile an_winograd_tile_at(const an_winograd_axis *axis, int index)
{
    int first = 0;

    for (int m = AN_WINOGRAD_M_MAX; m > 1; --m) {
        if (index < axis->count[m])
            return (an_winograd_tile){first + index * m, m, m + axis->r - 1};
        index -= axis->count[m];
        first += axis->count[m] * m;
    }
    return (an_winograd_tile){0};
}

int an_winograd_tiles_with(const an_winograd_axis *axis, int i)
{
    int tiles = 0;

    if (i == axis->points - 1) return axis->tiles; /* infinity: all of them */
    for (int m = 2; m <= AN_WINOGRAD_M_MAX; ++m)
        if (i < m + axis->r - 2) tiles += axis->count[m];
    return tiles;
}

int an_winograd_point(const an_winograd_axis *axis, int points, int i)
{
    return i == points - 1 ? axis->points - 1 : i;
}

/* ---- where it applies ---- */

#define CHANNELS_MIN       16 /* of a group, both in and out: with fewer, products are too small */
#define STRIDE_MAX         8
#define BLOCK_CHANNELS_MAX 64 /* with more, the direct algorithm is efficient */

an_conv2d an_winograd_blocks(const an_conv2d *g)
{
    const int r = (g->r + g->stride - 1) / g->stride, s = (g->s + g->stride - 1) / g->stride;

    if (g->stride == 1) return *g;
    return (an_conv2d){.n = g->n,
                       .c = g->c * g->stride * g->stride,
                       .h = g->p + r - 1,
                       .w = g->q + s - 1,
                       .k = g->k,
                       .r = r,
                       .s = s,
                       .stride = 1,
                       .groups = 1,
                       .p = g->p,
                       .q = g->q};
}

/* Whether the convolution can be tiled at all. A single output would need a whole tile. */
static bool is_possible(const an_conv2d *g, an_pass pass)
{
    if ((g->p == 1 && g->q == 1) || (g->nchw && g->stride == 1)) return false;
    if (g->stride > 1)
        return pass != AN_BACKWARD_DATA && g->groups == 1 && g->stride <= STRIDE_MAX &&
               g->c <= BLOCK_CHANNELS_MAX / (g->stride * g->stride);
    return pass != AN_BACKWARD_DATA || (g->pad_top < g->r && g->pad_left < g->s);
}

bool an_winograd_applies(const an_conv2d *given, an_pass pass)
{
    const an_conv2d g =
        is_possible(given, pass) ? an_winograd_blocks(given) : (an_conv2d){.groups = 1};

    return g.r == g.s && (g.r == 3 || g.r == 5) && g.c / g.groups >= CHANNELS_MIN &&
           g.k / g.groups >= CHANNELS_MIN;
}
