/*
 * shapes2d.h: the shapes and textures of drawn images, as signed distances: negative inside,
 * positive outside, with a slope of about 1. A distance gives anti-aliased edges (measured in
 * pixels, it is the covered part of a pixel) and soft shadows.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_SYNTH_SHAPES2D_H
#define AN_SYNTH_SHAPES2D_H

#include <stdbool.h>

/*
 * The distance of the point (u, v) from the edge. A shape fills about -1 .. 1, a texture has period
 * 1.
 */
typedef float (*an_shape2d_distance)(float u, float v);

typedef struct an_shape2d {
    const char *name;
    an_shape2d_distance distance;
    bool texture; /* without bounds */
} an_shape2d;

#define AN_SHAPES2D 12
extern const an_shape2d an_shapes2d[AN_SHAPES2D]; /* sorted by name */

#endif
