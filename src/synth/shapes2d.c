/*
 * shapes2d.c: the shapes and textures of drawn images, as signed distances (after Quilez, 2D
 * distance functions, iquilezles.org/articles/distfunctions2d).
 *
 * Only arithmetic that IEEE 754 defines to the last bit is used: no library function but sqrtf().
 * SPDX-License-Identifier: MIT
 */
#include "synth/shapes2d.h"

#include "base/compiler.h"
#include <math.h>

static float size_of(float x) { return x < 0 ? -x : x; }

static float length_of(float u, float v) { return sqrtf(u * u + v * v); }

/* x - floor(x), for x > -1000, which is enough here. */
static float fraction(float x)
{
    const float positive = x + 1000;

    return positive - (float)(int)positive;
}

/* The distance from the middle of a period: 0 .. 1/2. */
static float from_middle(float x) { return size_of(fraction(x) - 0.5f); }

/* ---- shapes ---- */

static float disc(float u, float v) { return length_of(u, v) - 0.9f; }

static float ring(float u, float v) { return size_of(length_of(u, v) - 0.72f) - 0.2f; }

static float square(float u, float v) { return AN_MAX(size_of(u), size_of(v)) - 0.75f; }

static float triangle(float u, float v)
{
    return AN_MAX(v, 0.8660254f * size_of(u) - 0.5f * v) -
           0.5f; /* three edges, 120 degrees apart */
}

static float cross(float u, float v)
{
    const float along = AN_MAX(size_of(u), size_of(v));
    const float across = AN_MIN(size_of(u), size_of(v));

    return AN_MAX(along - 0.95f, across - 0.27f);
}

/* Five points. The plane is folded onto one half of one point. */
static float star(float u, float v)
{
    const float c = 0.80901699f, s = 0.58778525f; /* cos and sin of 36 degrees */
    float x = size_of(u);
    float y = -v;

    float over = c * x - s * y;
    if (over > 0) {
        x -= 2 * over * c;
        y += 2 * over * s;
    }
    over = -c * x - s * y;
    if (over > 0) {
        x += 2 * over * c;
        y += 2 * over * s;
    }
    x = size_of(x);
    y -= 1;
    const float inner = 0.42f; /* radius of the inner corners; the points have 1 */
    const float edge_x = inner * s, edge_y = inner * c - 1;
    float along = (x * edge_x + y * edge_y) / (edge_x * edge_x + edge_y * edge_y);
    along = AN_MIN(AN_MAX(along, 0), 1);
    const float distance = length_of(x - edge_x * along, y - edge_y * along);
    return y * edge_x > x * edge_y ? distance : -distance;
}

/* The angle of (u, v) in turns, 0 .. 1, to about a thousandth. */
static float turns(float u, float v)
{
    const float x = size_of(u), y = size_of(v);
    const float low = AN_MIN(x, y), high = AN_MAX(x, y);
    const float t = high > 0 ? low / high : 0;
    const float eighth = t * (0.1591549f - 0.0415f * t * t * (1 - 0.18f * t));
    const float quarter = y > x ? 0.25f - eighth : eighth;
    const float half = u < 0 ? 0.5f - quarter : quarter;

    return v < 0 ? 1 - half : half;
}

static float spiral(float u, float v)
{
    const float arms = 2.6f; /* windings from the middle to the edge */
    const float radius = length_of(u, v);
    const float band = (from_middle(arms * radius - turns(u, v)) - 0.23f) / arms;

    return AN_MAX(band, radius - 1);
}

/* ---- textures ---- */

static float stripes(float u, float v)
{
    (void)v;
    return from_middle(u) - 0.25f;
}

static float zigzag(float u, float v)
{
    return (from_middle(u + 1.2f * from_middle(0.5f * v)) - 0.24f) * 0.85f;
}

static float checker(float u, float v)
{
    const float x = from_middle(u) - 0.25f;
    const float y = from_middle(v) - 0.25f;
    const float distance = AN_MIN(size_of(x), size_of(y));

    return x * y < 0 ? -distance : distance;
}

static float dots(float u, float v) { return length_of(from_middle(u), from_middle(v)) - 0.3f; }

static float grid(float u, float v) { return 0.5f - AN_MAX(from_middle(u), from_middle(v)) - 0.1f; }

const an_shape2d an_shapes2d[AN_SHAPES2D] = {
    {"checker", checker, true}, {"cross", cross, false},       {"disc", disc, false},
    {"dots", dots, true},       {"grid", grid, true},          {"ring", ring, false},
    {"spiral", spiral, false},  {"square", square, false},     {"star", star, false},
    {"stripes", stripes, true}, {"triangle", triangle, false}, {"zigzag", zigzag, true},
};
