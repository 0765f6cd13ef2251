/*
 * metadata.c: which entries are the file's own, and model options as text.
 * SPDX-License-Identifier: MIT
 */
#include "formats/metadata.h"

#include "base/settings.h"
#include "base/status.h"
#include "base/text.h"
#include "core/shape.h"
#include <limits.h>
#include <string.h>

bool an_metadata_is_own(const char *key)
{
    static const char *const own[] = {AN_KEY_SCHEMA,  AN_KEY_FAMILY,     AN_KEY_OPTIONS,
                                      AN_KEY_CLASSES, AN_KEY_PREPROCESS, AN_KEY_FORMAT};

    for (size_t i = 0; i < AN_COUNT(own); ++i) {
        if (strcmp(key, own[i]) == 0) return true;
    }
    return false;
}

typedef struct stored_options {
    int classes;
    double dropout;              /* -1: the family's, or it has none */
    char input[AN_SETTING_TEXT]; /* "224x224", height first */
} stored_options;

/* clang-format off */
static const an_key keys[] = {
    {"classes", AN_KEY_INT,  offsetof(stored_options, classes),  0, INT_MAX, NULL, NULL, "how many"},
    {"dropout", AN_KEY_REAL, offsetof(stored_options, dropout), -1, ALEXNET_DROPOUT_MAX, NULL, "-1", "probability of dropping"},
    {"input",   AN_KEY_TEXT, offsetof(stored_options, input),    0, 0,       NULL, NULL, "HEIGHTxWIDTH in pixels"},
    {0},
};
/* clang-format on */

void an_options_print(const alexnet_model_options *options, char text[AN_OPTIONS_TEXT])
{
    stored_options stored = {.classes = options->classes, .dropout = AN_MAX(options->dropout, -1)};

    an_print(stored.input, sizeof stored.input, "%dx%d", options->input_h, options->input_w);
    an_settings_print(keys, &stored, text, AN_OPTIONS_TEXT);
}

static bool parse_pixels(const char *text, size_t length, int *out)
{
    int64_t value;

    if (!an_parse_int(text, length, &value) || value < 1 || value > AN_DIMENSION_MAX) return false;
    *out = (int)value;
    return true;
}

alexnet_status an_options_parse(alexnet_context *ctx, const char *text, alexnet_model_options *out)
{
    stored_options stored;

    AN_TRY(an_settings_parse(ctx, AN_KEY_OPTIONS, keys, text, &stored));
    *out = (alexnet_model_options){.classes = stored.classes, .dropout = stored.dropout};

    const char *x = strchr(stored.input, 'x');
    if (x == NULL || !parse_pixels(stored.input, (size_t)(x - stored.input), &out->input_h) ||
        !parse_pixels(x + 1, strlen(x + 1), &out->input_w))
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: input=%s: expected HEIGHTxWIDTH in pixels",
                       AN_KEY_OPTIONS, stored.input);
    return ALEXNET_OK;
}
