/*
 * span.h: which elements of a map a window covers, for rows and columns alike. Window w of `size`
 * elements begins at element w * stride - pad of the map, and may extend past both its ends.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CPU_SPAN_H
#define AN_CPU_SPAN_H

#include "base/compiler.h"
#include "core/backend.h"

typedef struct an_span {
    int first, end; /* first .. end-1; nothing where end <= first */
} an_span;

/* The places of a window, of 0 .. size-1, that lie on a map of `limit` elements. start: the
   element under place 0. */
static inline an_span an_places_on_map(int start, int size, int limit)
{
    return (an_span){AN_MAX(0, -start), AN_MIN(size, limit - start)};
}

/* The windows that hold element i: those w of 0 .. windows-1 with 0 <= i + pad - w * stride < size.
   */
static inline an_span an_windows_over(int i, int pad, int size, int stride, int windows)
{
    const int first = i + pad - size + 1;

    return (an_span){first > 0 ? (first + stride - 1) / stride : 0,
                     AN_MIN((i + pad) / stride + 1, windows)};
}

/* The same, from the windows over an earlier element, without dividing; begin with {0, 0}. */
static inline void an_windows_move(an_span *over, int i, int pad, int size, int stride, int windows)
{
    while (over->end < windows && over->end * stride <= i + pad)
        ++over->end;
    while (over->first < over->end && over->first * stride + size <= i + pad)
        ++over->first;
}

/*
 * Window i of `out` windows that divide `in` elements evenly. The same rule with in and out
 * exchanged gives the windows that hold element i: floor(i in / out) <= h  and  h < ceil((i+1) in /
 * out) <=> floor(h out / in) <= i < ceil((h+1) out / in).
 */
static inline an_span an_even_window(int i, int in, int out)
{
    return (an_span){(int)((int64_t)i * in / out), (int)((((int64_t)i + 1) * in + out - 1) / out)};
}

/* Rows, or columns, of window p on the map; with `padded` on the map and its padding. */
static inline int an_window_extent(bool padded, int p, int stride, int pad, int window, int size)
{
    const an_span on_map = an_places_on_map(p * stride - pad, window, size);

    return padded ? AN_MIN(window, size + 2 * pad - p * stride) : on_map.end - on_map.first;
}

/* 1 / the number of pixels that count in window (p, q); 0 for a window that is entirely outside. */
static inline float an_window_scale(const an_pool *g, int p, int q)
{
    const int rows = an_window_extent(g->padded, p, g->stride, g->pad_top, g->r, g->h);
    const int columns = an_window_extent(g->padded, q, g->stride, g->pad_left, g->s, g->w);

    return rows > 0 && columns > 0 ? 1.0f / (float)(rows * columns) : 0;
}

#endif
