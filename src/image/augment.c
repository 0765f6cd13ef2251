/*
 * augment.c: the random part of preprocessing. augment.h says what each word means, and what may be
 * changed.
 * SPDX-License-Identifier: MIT
 */
#include "image/augment.h"

#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

/* ---- the list ---- */

#define WORD_SIZE 32 /* of one word of the list, with its terminating 0 */

/* A word that the list may contain, and where its value goes; `number` is NULL if it takes none. */
typedef struct word {
    const char *name;
    bool *on;
    float *number;
    double fallback, min, max;
} word;

static alexnet_status fail_unknown(alexnet_context *ctx, const char *text, const word *words,
                                   size_t count)
{
    const char *names[8];

    for (size_t i = 0; i < count; ++i)
        names[i] = words[i].name;
    const char *nearest = an_nearest(text, names, count);
    if (nearest != NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "augment: '%s' is unknown; did you mean '%s'?", text,
                       nearest);
    return an_fail(
        ctx, ALEXNET_BAD_ARG,
        "augment: '%s' is unknown; expected none, crop, flip, rrc, jitter, pca or pca-text", text);
}

/* `text` is "flip" or "rrc:0.25"; it is cut at the colon. */
static alexnet_status parse_word(alexnet_context *ctx, char *text, const word *words, size_t count)
{
    char *number = strchr(text, ':');
    double value;
    size_t i = 0;

    if (number != NULL) *number++ = '\0';
    while (i < count && strcmp(text, words[i].name) != 0)
        ++i;
    if (i == count) return fail_unknown(ctx, text, words, count);

    const word *w = &words[i];
    if (*w->on) return an_fail(ctx, ALEXNET_BAD_ARG, "augment: '%s' is given twice", text);
    *w->on = true;
    if (number == NULL) {
        if (w->number != NULL) *w->number = (float)w->fallback;
        return ALEXNET_OK;
    }
    if (w->number == NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "augment: '%s' takes no number, found '%s'", text,
                       number);
    if (!an_parse_real(number, strlen(number), &value) || value < w->min || value > w->max)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "augment: '%s' takes a number from %g to %g, found '%s'", text, w->min,
                       w->max, number);
    *w->number = (float)value;
    return ALEXNET_OK;
}

alexnet_status an_augment_parse(alexnet_context *ctx, const char *text, an_augment *out)
{
    an_augment a = {0};
    /* clang-format off */
    const word words[] = {
        {"crop",   &a.crop,   NULL,               0,    0,    0},
        {"flip",   &a.flip,   NULL,               0,    0,    0},
        {"rrc",    &a.rrc,    &a.rrc_min_area,    0.08, 1e-4, 1},
        {"jitter", &a.jitter, &a.jitter_strength, 0.4,  0,    1},
        {"pca",    &a.pca,    &a.pca_sd,          0.1,  0,    1},
        {"pca-text", &a.pca_text, &a.pca_text_sd, 0.1,  0,    1},
    };
    /* clang-format on */
    char one[WORD_SIZE];

    *out = a;
    if (strcmp(text, "none") == 0) return ALEXNET_OK;
    for (const char *at = text;; ++at) {
        const size_t length = strcspn(at, ",");
        if (length >= sizeof one)
            return an_fail(ctx, ALEXNET_BAD_ARG, "augment: '%.*s...' is unknown", WORD_SIZE, at);
        memcpy(one, at, length);
        one[length] = '\0';
        AN_TRY(parse_word(ctx, one, words, AN_COUNT(words)));
        at += length;
        if (*at == '\0') break;
    }
    if (a.rrc && a.crop)
        return an_fail(ctx, ALEXNET_BAD_ARG, "augment: crop and rrc exclude each other");
    if (a.pca && a.pca_text)
        return an_fail(ctx, ALEXNET_BAD_ARG, "augment: pca and pca-text exclude each other");
    *out = a;
    return ALEXNET_OK;
}

/* ---- rrc: torchvision's RandomResizedCrop.get_params ---- */

#define TRIES      10
#define ASPECT_MIN (3.0 / 4.0)
#define ASPECT_MAX (4.0 / 3.0)

static double random_between(an_stream *stream, double low, double high)
{
    return low + (high - low) * an_random_unit64(stream);
}

/* As Python's round(): halves go to the even neighbour. */
static int round_even(double x) { return (int)nearbyint(x); }

/* The largest centred rectangle whose aspect ratio is allowed. */
static an_rect central_part(int width, int height)
{
    const double aspect = (double)width / height;
    int w = width, h = height;

    if (aspect < ASPECT_MIN) h = round_even(width / ASPECT_MIN);
    if (aspect > ASPECT_MAX) w = round_even(height * ASPECT_MAX);
    return (an_rect){(width - w) / 2, (height - h) / 2, w, h};
}

an_rect an_augment_rrc(const an_augment *augment, an_stream *stream, int width, int height)
{
    const double area = (double)width * height;

    for (int i = 0; i < TRIES; ++i) {
        const double wanted = area * random_between(stream, (double)augment->rrc_min_area, 1.0);
        const double aspect = exp(random_between(stream, log(ASPECT_MIN), log(ASPECT_MAX)));
        const int w = round_even(sqrt(wanted * aspect)), h = round_even(sqrt(wanted / aspect));
        if (w < 1 || w > width || h < 1 || h > height) continue;
        const int top = (int)an_random_below(stream, (uint32_t)(height - h + 1));
        const int left = (int)an_random_below(stream, (uint32_t)(width - w + 1));
        return (an_rect){left, top, w, h};
    }
    return central_part(width, height);
}

/* ---- jitter: PIL's ImageEnhance ---- */

static size_t count_bytes(const an_image *image)
{
    return (size_t)image->width * (size_t)image->height * 3;
}

/* Image.blend: `a` for factor 0, `b` for factor 1, extrapolated beyond; the result is truncated. */
static inline uint8_t blend(int a, int b, float factor)
{
    const int x = (int)((float)a + factor * (float)(b - a));

    return (uint8_t)AN_MIN(AN_MAX(x, 0), 255);
}

/* convert("L"): ITU-R 601 luma, rounded. */
static inline int luma(const uint8_t *rgb)
{
    return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
}

/* Blends every value with the same `level`. */
static void blend_with_level(an_image *image, int level, float factor)
{
    const size_t bytes = count_bytes(image);
    uint8_t table[256];

    for (int i = 0; i < 256; ++i)
        table[i] = blend(level, i, factor);
    for (size_t i = 0; i < bytes; ++i)
        image->pixels[i] = table[image->pixels[i]];
}

void an_image_brightness(an_image *image, float factor) { blend_with_level(image, 0, factor); }

void an_image_contrast(an_image *image, float factor)
{
    const size_t bytes = count_bytes(image);
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes; i += 3)
        sum += (uint64_t)luma(image->pixels + i);
    const double mean = (double)sum / (double)(bytes / 3);
    blend_with_level(image, (int)(mean + 0.5), factor);
}

void an_image_saturation(an_image *image, float factor)
{
    const size_t bytes = count_bytes(image);

    for (size_t i = 0; i < bytes; i += 3) {
        uint8_t *rgb = image->pixels + i;
        const int grey = luma(rgb);
        for (int c = 0; c < 3; ++c)
            rgb[c] = blend(grey, rgb[c], factor);
    }
}

void an_augment_jitter(const an_augment *augment, an_stream *stream, an_image *image)
{
    const double s = (double)augment->jitter_strength;
    float factors[3];

    for (size_t i = 0; i < AN_COUNT(factors); ++i)
        factors[i] = (float)random_between(stream, 1 - s, 1 + s);
    an_image_brightness(image, factors[0]);
    an_image_contrast(image, factors[1]);
    an_image_saturation(image, factors[2]);
}

/* ---- pca ---- */

/* Principal components of ImageNet's pixels, in units of 0 .. 255 (cuda-convnet2,
   make-data/input_meta): the standard deviation along each, and its direction in R, G, B. */
/* clang-format off */
static const struct {
    double sd, direction[3];
} components[] = {
    {121.78006, {-.563510, -.576184, -.592003}},
    { 37.09389, {-.712579, -.023542,  .701196}},
    { 19.72083, { .417955, -.816981,  .397311}},
};
/* clang-format on */

void an_augment_pca(const an_augment *augment, an_stream *stream, double shift[3])
{
    const float spread = augment->pca_text ? augment->pca_text_sd : augment->pca_sd;

    memset(shift, 0, 3 * sizeof shift[0]);
    for (size_t i = 0; i < AN_COUNT(components); ++i) {
        const double sd = components[i].sd, a = (double)spread * (double)an_random_normal(stream);
        const double length = augment->pca_text ? sd * sd / 255 : sd; /* 255 (sd / 255)^2 */
        for (int c = 0; c < 3; ++c)
            shift[c] += a * length * components[i].direction[c];
    }
}
