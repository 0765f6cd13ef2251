/*
 * settings.h: "filters=96 kernel=11 stride=4": the grammar of layer settings, preprocessing
 * records, recipes and augmentations. A table of keys defines what is allowed; settings are parsed
 * and printed by this table.
 *
 *     settings = { word }, words separated by spaces;   word = key "=" value | flag
 *
 * A flag ("max", "same") is a word without "=": it sets the choice key that lists it
 * (AN_KEY_CHOICE). Unknown keys, repeated keys, bad numbers and values out of range are refused;
 * the message has the key and what is allowed.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_SETTINGS_H
#define AN_BASE_SETTINGS_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>

typedef enum an_key_type {
    AN_KEY_INT,    /* int                                                                       */
    AN_KEY_REAL,   /* double                                                                    */
    AN_KEY_CHOICE, /* int: the index in `choices`, a list "max|average" separated by '|' */
    AN_KEY_TEXT,   /* char[AN_SETTING_TEXT], no spaces                                          */
    AN_KEY_REALS   /* an_reals: up to AN_SETTING_REALS numbers separated by commas */
} an_key_type;

#define AN_SETTING_TEXT  256 /* a recipe's events are the longest */
#define AN_SETTING_REALS 16

typedef struct an_reals {
    int count;
    double values[AN_SETTING_REALS];
} an_reals;

typedef struct an_key {
    const char *name;
    an_key_type type;
    size_t offset;        /* of the member in the settings struct, bytes */
    double min, max;      /* for INT and REAL, inclusive */
    const char *choices;  /* for CHOICE */
    const char *fallback; /* the default as text; NULL: the key is required */
    const char *help;     /* one line, with the unit */
} an_key;

/*
 * Parses `text` into `out`, defaults included; on failure `out` may be half filled. The message
 * begins with `what` ("layer conv1"). The table ends with name NULL and has at most 64 keys.
 * BAD_ARG.
 */
alexnet_status an_settings_parse(alexnet_context *ctx, const char *what, const an_key *keys,
                                 const char *text, void *out) AN_NODISCARD;

/* The same, but a key that `text` does not name leaves its member as it is. */
alexnet_status an_settings_override(alexnet_context *ctx, const char *what, const an_key *keys,
                                    const char *text, void *out) AN_NODISCARD;

/*
 * Writes the settings that differ from their defaults, in table order, into buffer (ended by 0
 * where bytes > 0). Returns the bytes needed, the final 0 included; the text is truncated if that
 * is more than `bytes`. A complete text parses back to the same values.
 */
size_t an_settings_print(const an_key *keys, const void *settings, char *buffer, size_t bytes);

#endif
