/*
 * outline.h: the outlines of the drawn pictures, each a signed distance: negative inside, positive
 * outside, about 1 for a step of 1 away from the edge. From the distance follow sharp edges without
 * stairs (its size in pixels is how much of a pixel is covered) and soft shadows.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_DATA_OUTLINE_H
#define AN_DATA_OUTLINE_H

#include <stdbool.h>

/* The distance of the point (u, v); a shape fills about -1 .. 1, a texture has period 1. */
typedef float (*an_outline_distance)(float u, float v);

typedef struct an_outline {
    const char *name;
    an_outline_distance distance;
    bool texture; /* endless */
} an_outline;

#define AN_OUTLINES 12
extern const an_outline an_outlines[AN_OUTLINES]; /* sorted by name */

#endif
