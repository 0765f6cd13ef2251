/*
 * shapes2d.h: the outlines of the drawn images, each a signed distance: negative inside, positive
 * outside, about 1 for a step of 1 away from the edge. From the distance follow sharp edges without
 * stairs (its size in pixels is how much of a pixel is covered) and soft shadows.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_SYNTH_SHAPES2D_H
#define AN_SYNTH_SHAPES2D_H

#include <stdbool.h>

/* The distance of the point (u, v); a shape fills about -1 .. 1, a texture has period 1. */
typedef float (*an_shape2d_distance)(float u, float v);

typedef struct an_shape2d {
    const char *name;
    an_shape2d_distance distance;
    bool texture; /* endless */
} an_shape2d;

#define AN_SHAPES2D 12
extern const an_shape2d an_shapes2d[AN_SHAPES2D]; /* sorted by name */

#endif
