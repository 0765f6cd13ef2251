/*
 * synth.c: drawn images. From back to front: a gradient between two colours, three soft spots, the
 * shape's shadow, the shape (or two of them; or a texture in a patch), light from one side, noise.
 *
 * Coordinates are -1 .. 1 across the image.
 * SPDX-License-Identifier: MIT
 */
#include "synth/synth.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include "synth/shapes2d.h"
#include <assert.h>
#include <math.h>

#define SPOTS        3
#define FIGURES      2
#define CONTRAST     0.28f /* the least difference of luminance between figure and background */
#define SHADOW       0.35f /* its darkness */
#define LIGHT        0.25f /* how much brighter the lit side is at most, and darker the other */
#define SHAPE_REACH  1.3f  /* radii: the bound of all shapes and shadows */
#define NOISE_BLOCKS 65536 /* of the random stream; the blocks before are for the scene */

typedef struct colour {
    float r, g, b;
} colour;

typedef struct vector {
    float x, y;
} vector;

typedef struct spot {
    vector at;
    float per_unit; /* 1 / radius */
    colour paint;
} spot;

typedef struct figure {
    vector at;
    vector turn; /* cosine and sine */
    float radius, per_unit;
    colour near, far; /* the ends of its gradient */
} figure;

typedef struct scene {
    const an_shape2d *outline;
    colour near, far; /* of the background's gradient */
    vector slope;     /* the direction and steepness of the gradient */
    vector light;
    vector shadow; /* its offset, in figure radii */
    spot spots[SPOTS];
    int figures;
    figure figure[FIGURES];
    vector patch_at; /* centre of the disc that a texture fills */
    float patch_radius;
    float noise; /* 8-bit steps */
    float pixel; /* the width of a pixel */
} scene;

/* ---- random numbers ----
 *
 * One draw per statement: C leaves the order in which arguments are evaluated to the compiler, and
 * every compiler must draw the same image.
 */

static float between(an_stream *stream, float low, float high)
{
    return low + (high - low) * an_random_unit(stream);
}

/* A random direction, all equally likely: a point in the unit disc, scaled to length 1. */
static vector direction(an_stream *stream)
{
    for (;;) {
        const float x = between(stream, -1, 1);
        const float y = between(stream, -1, 1);
        const float square = x * x + y * y;
        if (square > 0.01f && square <= 1) {
            const float length = sqrtf(square);
            return (vector){x / length, y / length};
        }
    }
}

/* A random point in the square of half side `reach`. */
static vector place(an_stream *stream, float reach)
{
    const float x = between(stream, -reach, reach);
    const float y = between(stream, -reach, reach);

    return (vector){x, y};
}

/* ---- colour ---- */

static float clamp(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

/* One channel of a colour in hue (0 .. 1), saturation and value. */
static float channel(float hue, float saturation, float value, float offset)
{
    float turn = hue + offset;

    turn -= (float)(int)turn;
    const float ramp = clamp((turn < 0.5f ? turn : 1 - turn) * 6 - 1); /* 0 at red, 1 across */
    return value * (1 - saturation * ramp);
}

static colour from_hue(float hue, float saturation, float value)
{
    return (colour){channel(hue, saturation, value, 0), channel(hue, saturation, value, 2.0f / 3),
                    channel(hue, saturation, value, 1.0f / 3)};
}

static colour mix(colour a, colour b, float t)
{
    return (colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static float luminance(colour c) { return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b; }

/* A strong colour that contrasts with the whole background. */
static colour contrasting(an_stream *stream, const scene *s)
{
    const float low = AN_MIN(luminance(s->near), luminance(s->far));
    const float high = AN_MAX(luminance(s->near), luminance(s->far));

    for (int attempt = 0; attempt < 32; ++attempt) {
        const float hue = an_random_unit(stream);
        const float saturation = between(stream, 0.35f, 1);
        const float value = between(stream, 0.1f, 1);
        const colour c = from_hue(hue, saturation, value);
        if (luminance(c) < low - CONTRAST || luminance(c) > high + CONTRAST) return c;
    }
    return low + high < 1 ? (colour){1, 1, 0.95f} : (colour){0.05f, 0.05f, 0.1f};
}

/* ---- composing ---- */

/* A spot of a colour between the background's two, mixed with a random one. */
static spot choose_spot(an_stream *stream, const scene *s)
{
    const vector at = place(stream, 1.2f);
    const float radius = between(stream, 0.3f, 1);
    const float t = an_random_unit(stream);
    const float hue = an_random_unit(stream);
    const colour base = mix(s->near, s->far, t);
    const colour other = from_hue(hue, 0.6f, AN_MAX(luminance(s->near), luminance(s->far)));

    return (spot){.at = at, .per_unit = 1 / radius, .paint = mix(base, other, 0.45f)};
}

static void choose_background(an_stream *stream, scene *s)
{
    const float hue = an_random_unit(stream);
    const float hue_step = between(stream, 0, 0.2f);
    const float value = between(stream, 0.2f, 0.95f);
    const float value_step = between(stream, -0.2f, 0.2f);
    const float near_saturation = between(stream, 0.1f, 0.7f);
    const float far_saturation = between(stream, 0.1f, 0.7f);
    const vector d = direction(stream);
    const float steepness = between(stream, 0.2f, 0.7f);

    s->near = from_hue(hue, near_saturation, value);
    s->far = from_hue(hue + hue_step, far_saturation, clamp(value + value_step));
    s->slope = (vector){d.x * steepness, d.y * steepness};
    for (int i = 0; i < SPOTS; ++i)
        s->spots[i] = choose_spot(stream, s);
}

static figure choose_figure(an_stream *stream, const scene *s, float radius)
{
    const float reach = AN_MAX(1.05f - radius, 0.1f); /* keeps nearly all of it inside the image */
    const vector turn = direction(stream);
    const vector at = place(stream, reach);
    const colour near = contrasting(stream, s);
    const float hue = an_random_unit(stream);
    const colour other = from_hue(hue, 0.5f, clamp(1.5f * luminance(near)));

    return (figure){.at = at,
                    .turn = turn,
                    .radius = radius,
                    .per_unit = 1 / radius,
                    .near = near,
                    .far = mix(near, other, 0.3f)};
}

static void choose_figures(an_stream *stream, scene *s)
{
    if (s->outline->texture) {
        const float period = between(stream, 0.22f, 0.55f);
        s->figures = 1;
        s->figure[0] = choose_figure(stream, s, period);
        s->patch_radius = between(stream, 0.75f, 1.7f);
        s->patch_at = place(stream, 0.25f);
        return;
    }
    const float radius = between(stream, 0.32f, 0.8f);
    s->figures = an_random_below(stream, 4) == 0 ? 2 : 1;
    s->figure[0] = choose_figure(stream, s, radius * (s->figures == 2 ? 0.55f : 1));
    if (s->figures == 1) return;
    const float second = radius * between(stream, 0.5f, 0.7f);
    s->figure[1] = choose_figure(stream, s, second);
    s->figure[0].at = (vector){-0.5f * s->figure[1].at.x - 0.25f, -0.45f};
    s->figure[1].at = (vector){s->figure[1].at.x * 0.5f + 0.25f, 0.45f};
}

static scene choose_scene(an_stream *stream, const an_shape2d *outline, int size)
{
    scene s = {.outline = outline, .pixel = 2 / (float)size};

    choose_background(stream, &s);
    choose_figures(stream, &s);
    const vector light = direction(stream);
    const float strength = between(stream, 0, LIGHT);
    s.light = (vector){light.x * strength, light.y * strength};
    s.shadow = (vector){-light.x * 0.12f, -light.y * 0.12f};
    s.noise = between(stream, 2, 14);
    return s;
}

/* ---- drawing ---- */

static float square_of(vector p) { return p.x * p.x + p.y * p.y; }

static float distance_to(const scene *s, const figure *f, vector p)
{
    const float x = p.x * f->per_unit;
    const float y = p.y * f->per_unit;

    return s->outline->distance(f->turn.x * x + f->turn.y * y, f->turn.x * y - f->turn.y * x) *
           f->radius;
}

/* The part of a pixel that is inside an edge at this distance. */
static float coverage(const scene *s, float distance) { return clamp(0.5f - distance / s->pixel); }

static colour background(const scene *s, vector p)
{
    colour c = mix(s->near, s->far, clamp(0.5f + s->slope.x * p.x + s->slope.y * p.y));

    for (int i = 0; i < SPOTS; ++i) {
        const spot *at = &s->spots[i];
        const vector d = {(p.x - at->at.x) * at->per_unit, (p.y - at->at.y) * at->per_unit};
        const float inside = 1 - square_of(d);
        if (inside > 0) c = mix(c, at->paint, inside * inside);
    }
    return c;
}

/*
 * The part of the pixel at p, relative to the figure's centre, that the figure covers. Darkens c by
 * its shadow.
 */
static float cover_shape(const scene *s, const figure *f, vector p, colour *c)
{
    const float reach = f->radius * SHAPE_REACH;
    const vector lifted = {p.x - s->shadow.x * f->radius, p.y - s->shadow.y * f->radius};

    if (square_of(p) > reach * reach) return 0;
    const float dark = clamp(0.5f - 4 * distance_to(s, f, lifted) * f->per_unit) * SHADOW;
    *c = mix(*c, (colour){0, 0, 0}, dark);
    return coverage(s, distance_to(s, f, p));
}

static float cover_texture(const scene *s, const figure *f, vector p)
{
    const vector d = {p.x + f->at.x - s->patch_at.x, p.y + f->at.y - s->patch_at.y};
    const float patch = coverage(s, sqrtf(square_of(d)) - s->patch_radius);

    return patch > 0 ? patch * coverage(s, distance_to(s, f, p)) : 0;
}

static colour draw_figure(const scene *s, const figure *f, vector p, colour c)
{
    const vector from_middle = {p.x - f->at.x, p.y - f->at.y};
    const float inside =
        s->outline->texture ? cover_texture(s, f, from_middle) : cover_shape(s, f, from_middle, &c);
    const float along = f->turn.x * from_middle.y - f->turn.y * from_middle.x;

    return inside > 0 ? mix(c, mix(f->near, f->far, clamp(0.5f + 0.5f * along)), inside) : c;
}

static colour draw_point(const scene *s, vector p)
{
    const float light = 1 + s->light.x * p.x + s->light.y * p.y;
    colour c = background(s, p);

    for (int i = 0; i < s->figures; ++i)
        c = draw_figure(s, &s->figure[i], p, c);
    return (colour){c.r * light, c.g * light, c.b * light};
}

static uint8_t to_byte(float value)
{
    return value < 0 ? 0 : value > 254.5f ? 255 : (uint8_t)(value + 0.5f);
}

/* Adds noise: one random byte for the brightness, one for each colour. */
static void add_noise(const scene *s, colour c, uint32_t chance, uint8_t pixel[3])
{
    const float scale = s->noise / 255;
    const float grey = (float)(chance >> 24) * scale - 1.25f * s->noise;
    const float tint = 1.5f * scale;

    pixel[0] = to_byte(c.r * 255 + grey + (float)(chance & 255) * tint);
    pixel[1] = to_byte(c.g * 255 + grey + (float)(chance >> 8 & 255) * tint);
    pixel[2] = to_byte(c.b * 255 + grey + (float)(chance >> 16 & 255) * tint);
}

static void draw_row(const scene *s, const an_stream *stream, int row, int size, uint8_t *pixels)
{
    const uint32_t first = NOISE_BLOCKS + (uint32_t)row * (uint32_t)((size + 3) / 4);
    uint32_t chance[4];

    for (int i = 0; i < size; ++i) {
        const vector p = {((float)i + 0.5f) * s->pixel - 1, ((float)row + 0.5f) * s->pixel - 1};
        if (i % 4 == 0) an_stream_block(stream, first + (uint32_t)i / 4, chance);
        add_noise(s, draw_point(s, p), chance[i % 4], pixels + 3 * i);
    }
}

const char *an_synth_class(int index)
{
    assert(index >= 0 && index < AN_SYNTH_CLASSES_MAX);
    return an_shapes2d[index].name;
}

alexnet_status an_synth_draw(alexnet_context *ctx, uint64_t seed, int class_index, uint32_t number,
                             int size, an_image *out)
{
    if (class_index < 0 || class_index >= AN_SYNTH_CLASSES_MAX || size < AN_SYNTH_SIZE_MIN ||
        size > AN_SYNTH_SIZE_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "drawn image of class %d, %d pixels a side",
                       class_index, size);
    AN_TRY(an_image_reserve(ctx, out, size, size));
    an_stream stream = an_stream_open(seed, AN_PURPOSE_SYNTH, (uint64_t)class_index, number);
    const scene s = choose_scene(&stream, &an_shapes2d[class_index], size);

    for (int row = 0; row < size; ++row)
        draw_row(&s, &stream, row, size, out->pixels + (size_t)row * (size_t)size * 3);
    return ALEXNET_OK;
}
