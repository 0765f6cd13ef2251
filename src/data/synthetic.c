/*
 * synthetic.c: the source (kind.h) "synthetic:classes=6,images=600,size=224,seed=1", whose images
 * are drawn on demand. Image i is of class i % classes.
 * SPDX-License-Identifier: MIT
 */
#include "base/memory.h"
#include "base/settings.h"
#include "base/status.h"
#include "data/kind.h"
#include "synth/synth.h"
#include <stdio.h>
#include <string.h>

typedef struct synthetic {
    int classes, images, size, seed;
} synthetic;

static const an_key keys[] = {
    {"classes", AN_KEY_INT, offsetof(synthetic, classes), 1, AN_SYNTH_CLASSES_MAX, NULL, "6",
     "kinds of images"},
    {"images", AN_KEY_INT, offsetof(synthetic, images), 1, 100000000, NULL, "600", "images in all"},
    {"size", AN_KEY_INT, offsetof(synthetic, size), AN_SYNTH_SIZE_MIN, AN_SYNTH_SIZE_MAX, NULL,
     "224", "pixels a side"},
    {"seed", AN_KEY_INT, offsetof(synthetic, seed), 0, INT32_MAX, NULL, "1",
     "another seed, other images"},
    {0},
};

static void name_of(const an_source *source, int64_t index, char *buffer, size_t bytes)
{
    snprintf(buffer, bytes, "%s[%jd]", source->path, (intmax_t)index);
}

static alexnet_status read_image(const an_source *source, alexnet_context *ctx, int64_t index,
                                 an_orientation orientation, an_source_buffer *buffer,
                                 an_image *image)
{
    const synthetic *s = source->own;

    (void)orientation;
    (void)buffer;
    return an_synth_draw(ctx, (uint64_t)s->seed, (int)(index % s->classes),
                         (uint32_t)(index / s->classes), s->size, image);
}

static void close_synthetic(an_source *source) { an_free(source->ctx, source->own); }

static const an_kind synthetic_kind = {
    .name = "synthetic", .close = close_synthetic, .name_of = name_of, .read = read_image};

/* Converts "synthetic:classes=6,images=600" to the grammar of settings, and parses it. */
static alexnet_status parse(alexnet_context *ctx, const char *path, synthetic *out)
{
    const char *colon = strchr(path, ':');
    char *words = an_copy_text(ctx, colon == NULL ? "" : colon + 1);

    if (words == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", path);
    for (char *comma = words; (comma = strchr(comma, ',')) != NULL;)
        *comma = ' ';
    const alexnet_status status = an_settings_parse(ctx, "synthetic", keys, words, out);
    an_free(ctx, words);
    return status;
}

alexnet_status an_synthetic_open(alexnet_context *ctx, an_part part, an_source *source)
{
    synthetic *s = an_new_zeroed(ctx, sizeof *s);

    source->kind = &synthetic_kind;
    source->own = s;
    if (s == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory", source->path);
    if (part == AN_PART_VAL || part == AN_PART_TEST) return an_source_no_part(ctx, source, part);
    AN_TRY(parse(ctx, source->path, s));

    source->count = s->images;
    source->labels = an_new_array(ctx, (size_t)s->images, sizeof *source->labels);
    if (source->labels == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory for labels", source->path);
    for (int i = 0; i < s->images; ++i)
        source->labels[i] = i % s->classes;
    for (int i = 0; i < s->classes; ++i)
        AN_TRY(an_names_add(ctx, &source->classes, an_synth_class(i)));
    return ALEXNET_OK;
}
