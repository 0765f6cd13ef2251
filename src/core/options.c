/*
 * options.c: model options: defaults, the values that a family fills in, and their text.
 * SPDX-License-Identifier: MIT
 */
#include "core/options.h"

#include "base/settings.h"
#include "base/status.h"
#include "base/text.h"
#include "core/shape.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The options with two values, each named by a word in `when` and in the text. */
static const struct choice {
    size_t offset; /* of an int: 0 or 1; -1: the family's */
    const char *words[2];
    int usual;          /* the default of a family that mentions it */
    const char *mark;   /* how a row mentions it, if not by a word in its `when` */
    const char *refuse; /* the message of a family without it */
} choices[] = {
    {offsetof(alexnet_model_options, global_pool),
     {"no-global-pool", "global-pool"},
     0,
     NULL,
     "no global pool: there is no map before its last layer that would be averaged"},
    {offsetof(alexnet_model_options, squeeze),
     {"no-squeeze", "squeeze"},
     1,
     NULL,
     "it has no squeeze to leave out"},
    {offsetof(alexnet_model_options, lrn),
     {"no-lrn", "lrn"},
     1,
     NULL,
     "it has no response normalisation to leave out"},
    {offsetof(alexnet_model_options, activation),
     {"relu", "tanh"},
     0,
     "ACTIVATION",
     "its activation cannot be chosen: the family has only one"},
    {offsetof(alexnet_model_options, pooling),
     {"3/2", "2/2"},
     0,
     "POOL",
     "it has no pooling to choose"},
};
static int *value_of(alexnet_model_options *options, const struct choice *choice)
{
    return (int *)(void *)((char *)options + choice->offset);
}

static int value_in(const alexnet_model_options *options, const struct choice *choice)
{
    return *(const int *)(const void *)((const char *)options + choice->offset);
}

void an_options_fill_in(alexnet_model_options *options, const alexnet_model_options *other)
{
    if (options->classes < 0) options->classes = other->classes;
    if (!(options->dropout >= 0)) options->dropout = other->dropout;
    if (options->input_h < 0) options->input_h = other->input_h;
    if (options->input_w < 0) options->input_w = other->input_w;
    for (size_t i = 0; i < AN_COUNT(choices); ++i)
        if (value_in(options, &choices[i]) < 0)
            *value_of(options, &choices[i]) = value_in(other, &choices[i]);
}

/* ---- what a family's table mentions ---- */

/* Whether the word is among the conditions of a row. */
static bool is_condition(const an_row *row, const char *word)
{
    for (const char *at = row->when; at != NULL && *at != '\0';) {
        const size_t length = strcspn(at, " ");
        if (an_is_word(at, length, word)) return true;
        at += length;
        at += strspn(at, " ");
    }
    return false;
}

static bool is_mentioned(const an_family *family, const struct choice *choice)
{
    for (size_t i = 0; i < family->row_count; ++i) {
        const an_row *row = &family->rows[i];
        if (is_condition(row, choice->words[0]) || is_condition(row, choice->words[1])) return true;
        if (choice->mark != NULL &&
            (strcmp(row->type, choice->mark) == 0 || strstr(row->settings, choice->mark) != NULL))
            return true;
    }
    return false;
}

/* Whether a row depends on there being classes. */
static bool may_lack_classes(const an_family *family)
{
    for (size_t i = 0; i < family->row_count; ++i)
        if (is_condition(&family->rows[i], "classes")) return true;
    return false;
}

static alexnet_status resolve_choice(alexnet_context *ctx, const an_family *family,
                                     const struct choice *choice, alexnet_model_options *options)
{
    int *value = value_of(options, choice);

    if (*value > 1)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: %d is neither %s nor %s", family->name,
                       *value, choice->words[0], choice->words[1]);
    if (is_mentioned(family, choice)) {
        if (*value < 0) *value = choice->usual;
        return ALEXNET_OK;
    }
    if (*value >= 0)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: %s", family->name, choice->refuse);
    return ALEXNET_OK;
}

alexnet_status an_options_resolve(alexnet_context *ctx, const an_family *family,
                                  alexnet_model_options *options)
{
    if (options->classes < 0) options->classes = family->classes;
    if (options->classes == 0 && !may_lack_classes(family))
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: it cannot be built without classes",
                       family->name);
    if (options->classes > ALEXNET_CLASSES_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: %d classes, at most %d are possible",
                       family->name, options->classes, ALEXNET_CLASSES_MAX);
    if (options->dropout >= 0 && family->dropout < 0)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: it has no dropout to set", family->name);
    if (options->dropout > ALEXNET_DROPOUT_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: dropout %g, expected 0 to %g", family->name,
                       options->dropout, ALEXNET_DROPOUT_MAX);
    if (!(options->dropout >= 0)) options->dropout = family->dropout;
    if (options->input_h < 0) options->input_h = family->input[1];
    if (options->input_w < 0) options->input_w = family->input[2];
    if (options->input_h > ALEXNET_INPUT_MAX || options->input_w > ALEXNET_INPUT_MAX)
        return an_fail(ctx, ALEXNET_BAD_ARG, "model %s: input size %dx%d, expected up to %d",
                       family->name, options->input_h, options->input_w, ALEXNET_INPUT_MAX);
    for (size_t i = 0; i < AN_COUNT(choices); ++i)
        AN_TRY(resolve_choice(ctx, family, &choices[i], options));
    return ALEXNET_OK;
}

/* ---- filling in a row ---- */

/* Whether one condition, a word of `length` letters, holds. */
static bool holds(const alexnet_model_options *options, const char *word, size_t length)
{
    if (an_is_word(word, length, "classes")) return options->classes > 0;
    for (size_t i = 0; i < AN_COUNT(choices); ++i) {
        const int value = value_in(options, &choices[i]);
        if (value >= 0 && an_is_word(word, length, choices[i].words[value])) return true;
    }
    return false;
}

bool an_options_hold(const alexnet_model_options *options, const char *when)
{
    while (when != NULL && *when != '\0') {
        const size_t length = strcspn(when, " ");
        if (!holds(options, when, length)) return false;
        when += length;
        when += strspn(when, " ");
    }
    return true;
}

const char *an_options_type(const alexnet_model_options *options, const char *type)
{
    if (strcmp(type, "ACTIVATION") != 0) return type;
    return options->activation == ALEXNET_ACTIVATION_TANH ? "tanh" : "relu";
}

void an_substitute(char *out, size_t bytes, const char *text, const char *name, const char *value)
{
    const char *found = strstr(text, name);

    if (found == NULL)
        snprintf(out, bytes, "%s", text);
    else
        snprintf(out, bytes, "%.*s%s%s", (int)(found - text), text, value, found + strlen(name));
}

void an_options_substitute(const alexnet_model_options *options, const char *settings,
                           char out[AN_ROW_SETTINGS])
{
    const bool simple = options->pooling == ALEXNET_POOLING_2_2;
    char with_classes[AN_ROW_SETTINGS], with_dropout[AN_ROW_SETTINGS], number[AN_REAL_SIZE];

    snprintf(number, sizeof number, "%d", options->classes);
    an_substitute(with_classes, AN_ROW_SETTINGS, settings, "CLASSES", number);
    an_print_real(number, options->dropout);
    an_substitute(with_dropout, AN_ROW_SETTINGS, with_classes, "DROPOUT", number);
    an_substitute(out, AN_ROW_SETTINGS, with_dropout, "POOL",
                  simple ? "size=2 stride=2" : "size=3 stride=2");
}

/* ---- text ---- */

typedef struct stored_options {
    int classes;
    double dropout;                 /* -1: the family's, or none */
    char input[AN_SETTING_TEXT];    /* "224x224", height first */
    int choices[AN_COUNT(choices)]; /* 0: usual, else 1 + the value */
} stored_options;

/* clang-format off */
#define CHOICE(index, name, words)                                                                 \
    {name, AN_KEY_CHOICE, offsetof(stored_options, choices[index]), 0, 0, "usual|" words, "usual", \
     "see alexnet_model_options"}

static const an_key keys[] = {
    {"classes", AN_KEY_INT,  offsetof(stored_options, classes),  0, INT_MAX, NULL, NULL, "how many"},
    {"dropout", AN_KEY_REAL, offsetof(stored_options, dropout), -1, ALEXNET_DROPOUT_MAX, NULL, "-1", "probability of dropping"},
    {"input",   AN_KEY_TEXT, offsetof(stored_options, input),    0, 0,       NULL, NULL, "HEIGHTxWIDTH in pixels"},
    CHOICE(0, "global_pool", "no-global-pool|global-pool"), /* in the order of `choices` */
    CHOICE(1, "squeeze",     "no-squeeze|squeeze"),
    CHOICE(2, "lrn",         "no-lrn|lrn"),
    CHOICE(3, "activation",  "relu|tanh"),
    CHOICE(4, "pooling",     "3/2|2/2"),
    {0},
};
/* clang-format on */

void an_options_print(const alexnet_model_options *options, char text[AN_OPTIONS_TEXT])
{
    stored_options stored = {.classes = options->classes, .dropout = AN_MAX(options->dropout, -1)};

    an_print(stored.input, sizeof stored.input, "%dx%d", options->input_h, options->input_w);
    for (size_t i = 0; i < AN_COUNT(choices); ++i) {
        const int value = value_in(options, &choices[i]);
        stored.choices[i] = value < 0 || value == choices[i].usual ? 0 : 1 + value;
    }
    an_settings_print(keys, &stored, text, AN_OPTIONS_TEXT);
}

static bool parse_pixels(const char *text, size_t length, int *out)
{
    int64_t value;

    if (!an_parse_int(text, length, &value) || value < 1 || value > AN_DIMENSION_MAX) return false;
    *out = (int)value;
    return true;
}

alexnet_status an_options_parse(alexnet_context *ctx, const char *what, const char *text,
                                alexnet_model_options *out)
{
    stored_options stored;

    AN_TRY(an_settings_parse(ctx, what, keys, text, &stored));
    *out = alexnet_model_options_default();
    out->classes = stored.classes;
    out->dropout = stored.dropout;
    for (size_t i = 0; i < AN_COUNT(choices); ++i)
        *value_of(out, &choices[i]) = stored.choices[i] - 1;

    const char *x = strchr(stored.input, 'x');
    if (x == NULL || !parse_pixels(stored.input, (size_t)(x - stored.input), &out->input_h) ||
        !parse_pixels(x + 1, strlen(x + 1), &out->input_w))
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: input=%s: expected HEIGHTxWIDTH in pixels", what,
                       stored.input);
    return ALEXNET_OK;
}
