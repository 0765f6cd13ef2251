/*
 * settings.c: settings, parsed and printed by the same table.
 * SPDX-License-Identifier: MIT
 */
#include "base/settings.h"

#include "base/status.h"
#include "base/text.h"
#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define KEYS_MAX  64  /* in a table: one bit each in a uint64_t */
#define WORDS_MAX 256 /* keys and choices that a typing error is compared with */
#define SHOWN_MAX 64  /* characters of a user's word in a message */

/* A word of the text, or a part of one. */
typedef struct span {
    const char *at;
    size_t length;
} span;

/* One value of any type. */
typedef union any_value {
    int integer;
    double real;
    char text[AN_SETTING_TEXT];
    an_reals reals;
} any_value;

static const size_t value_sizes[] = {
    [AN_KEY_INT] = sizeof(int),        [AN_KEY_REAL] = sizeof(double),
    [AN_KEY_CHOICE] = sizeof(int),     [AN_KEY_TEXT] = AN_SETTING_TEXT,
    [AN_KEY_REALS] = sizeof(an_reals),
};

static span whole(const char *text) { return (span){text, strlen(text)}; }

static bool equals(span word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.at, text, word.length) == 0;
}

/* Returns the part of `rest` before the first separator, and leaves the part after it in `rest`. */
static span next_part(span *rest, char separator)
{
    const char *end = rest->length == 0 ? NULL : memchr(rest->at, separator, rest->length);
    const size_t used = end == NULL ? rest->length : (size_t)(end - rest->at);
    const span part = {rest->at, used};
    const size_t skip = end == NULL ? used : used + 1;

    *rest = (span){rest->at + skip, rest->length - skip};
    return part;
}

/* The position of `word` in "max|average", or -1. */
static int find_choice(const char *choices, span word)
{
    span rest = whole(choices);

    for (int i = 0; rest.length > 0; ++i) {
        const span choice = next_part(&rest, '|');
        if (choice.length == word.length && memcmp(choice.at, word.at, word.length) == 0) return i;
    }
    return -1;
}

/* ---- values ---- */

static bool parse_reals(span text, an_reals *out)
{
    *out = (an_reals){0};
    if (text.length == 0) return true;
    for (bool more = true; more;) {
        more = memchr(text.at, ',', text.length) != NULL;
        const span part = next_part(&text, ',');
        if (out->count == AN_SETTING_REALS ||
            !an_parse_real(part.at, part.length, &out->values[out->count]))
            return false;
        ++out->count;
    }
    return true;
}

static bool parse_text(span text, char out[AN_SETTING_TEXT])
{
    if (text.length >= AN_SETTING_TEXT) return false;
    for (size_t i = 0; i < text.length; ++i) {
        if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f) return false;
    }
    memset(out, 0, AN_SETTING_TEXT);
    memcpy(out, text.at, text.length);
    return true;
}

static bool parse_value(const an_key *key, span text, any_value *out)
{
    int64_t integer;

    memset(out, 0, sizeof *out);
    switch (key->type) {
    case AN_KEY_INT:
        if (!an_parse_int(text.at, text.length, &integer) || integer < INT_MIN || integer > INT_MAX)
            return false;
        out->integer = (int)integer;
        return out->integer >= key->min && out->integer <= key->max;
    case AN_KEY_REAL:
        return an_parse_real(text.at, text.length, &out->real) && out->real >= key->min &&
               out->real <= key->max;
    case AN_KEY_CHOICE:
        out->integer = find_choice(key->choices, text);
        return out->integer >= 0;
    case AN_KEY_TEXT:
        return parse_text(text, out->text);
    case AN_KEY_REALS:
        return parse_reals(text, &out->reals);
    }
    return false;
}

/* Describes the values of this key: "a whole number from 1 to 64". */
static void describe(const an_key *key, char *text, size_t bytes)
{
    char min[AN_REAL_SIZE], max[AN_REAL_SIZE];

    an_print_real(min, key->min);
    an_print_real(max, key->max);
    switch (key->type) {
    case AN_KEY_INT:
        an_print(text, bytes, "a whole number from %s to %s", min, max);
        break;
    case AN_KEY_REAL:
        an_print(text, bytes, "a number from %s to %s", min, max);
        break;
    case AN_KEY_CHOICE:
        an_print(text, bytes, "one of %s", key->choices);
        break;
    case AN_KEY_TEXT:
        an_print(text, bytes, "a text of at most %d characters", AN_SETTING_TEXT - 1);
        break;
    case AN_KEY_REALS:
        an_print(text, bytes, "at most %d numbers separated by commas", AN_SETTING_REALS);
        break;
    }
}

/* ---- parsing ---- */

/* The index of the key called `name`, or -1. */
static int find_key(const an_key *keys, span name)
{
    for (int i = 0; keys[i].name != NULL; ++i) {
        if (equals(name, keys[i].name)) return i;
    }
    return -1;
}

/* The index of the first choice key that lists `flag`, or -1. */
static int find_flag(const an_key *keys, span flag)
{
    for (int i = 0; keys[i].name != NULL; ++i) {
        if (keys[i].type == AN_KEY_CHOICE && find_choice(keys[i].choices, flag) >= 0) return i;
    }
    return -1;
}

/* The key or flag that was probably meant, or NULL. Choices are copied to `pool`, to end with 0. */
static const char *nearest_word(const an_key *keys, const char *word, char *pool, size_t bytes)
{
    const char *words[WORDS_MAX];
    size_t count = 0;

    for (const an_key *key = keys; key->name != NULL && count < WORDS_MAX; ++key) {
        words[count++] = key->name;
        if (key->type != AN_KEY_CHOICE) continue;
        span rest = whole(key->choices);
        while (rest.length > 0 && count < WORDS_MAX) {
            const span choice = next_part(&rest, '|');
            if (choice.length >= bytes) break;
            words[count++] = memcpy(pool, choice.at, choice.length);
            pool[choice.length] = '\0';
            pool += choice.length + 1;
            bytes -= choice.length + 1;
        }
    }
    return an_nearest(word, words, count);
}

/* "unknown setting 'kernal'; did you mean 'kernel'?", or the list of keys. */
static alexnet_status fail_unknown(alexnet_context *ctx, const char *what, const an_key *keys,
                                   span word)
{
    char shown[SHOWN_MAX + 1];
    char pool[512];
    char known[512] = "none";
    size_t used = 0;

    an_print(shown, sizeof shown, "%.*s", (int)AN_MIN(word.length, SHOWN_MAX), word.at);
    const char *nearest = nearest_word(keys, shown, pool, sizeof pool);
    if (nearest != NULL)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: unknown setting '%s'; did you mean '%s'?", what,
                       shown, nearest);
    for (const an_key *key = keys; key->name != NULL && used < sizeof known; ++key)
        used +=
            (size_t)an_print(known + used, sizeof known - used, "%s%s=%s", used == 0 ? "" : ", ",
                             key->name, key->type == AN_KEY_CHOICE ? key->choices : "...");
    return an_fail(ctx, ALEXNET_BAD_ARG, "%s: unknown setting '%s'; expected %s", what, shown,
                   known);
}

static alexnet_status fail_value(alexnet_context *ctx, const char *what, const an_key *key,
                                 span text)
{
    char allowed[256];

    describe(key, allowed, sizeof allowed);
    return an_fail(ctx, ALEXNET_BAD_ARG, "%s: %s=%.*s: expected %s", what, key->name,
                   (int)AN_MIN(text.length, SHOWN_MAX), text.at, allowed);
}

/* Parses one word, "key=value" or a flag, into `out`; *index says which key it set. */
static alexnet_status parse_word(alexnet_context *ctx, const char *what, const an_key *keys,
                                 span word, void *out, int *index)
{
    span text = word;
    const span name = next_part(&text, '=');
    const bool flag = name.length == word.length;
    any_value parsed;

    *index = flag ? find_flag(keys, word) : find_key(keys, name);
    if (*index < 0) {
        const int named = find_key(keys, name); /* "kernel" without its value */
        return named >= 0 ? fail_value(ctx, what, &keys[named], text)
                          : fail_unknown(ctx, what, keys, name);
    }
    const an_key *key = &keys[*index];
    if (!parse_value(key, flag ? word : text, &parsed)) return fail_value(ctx, what, key, text);
    memcpy((char *)out + key->offset, &parsed, value_sizes[key->type]);
    return ALEXNET_OK;
}

/* Parses all words; sets one bit of *given for each key that the text names. */
static alexnet_status parse_words(alexnet_context *ctx, const char *what, const an_key *keys,
                                  const char *text, void *out, uint64_t *given)
{
    span rest = whole(text);

    *given = 0;
    while (rest.length > 0) {
        const span word = next_part(&rest, ' ');
        int i;
        if (word.length == 0) continue;
        AN_TRY(parse_word(ctx, what, keys, word, out, &i));
        assert(i < KEYS_MAX);
        if (*given >> i & 1)
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: setting '%s' is given twice", what,
                           keys[i].name);
        *given |= (uint64_t)1 << i;
    }
    return ALEXNET_OK;
}

alexnet_status an_settings_override(alexnet_context *ctx, const char *what, const an_key *keys,
                                    const char *text, void *out)
{
    uint64_t given;

    return parse_words(ctx, what, keys, text, out, &given);
}

alexnet_status an_settings_parse(alexnet_context *ctx, const char *what, const an_key *keys,
                                 const char *text, void *out)
{
    uint64_t given;
    char allowed[256];

    AN_TRY(parse_words(ctx, what, keys, text, out, &given));
    for (int i = 0; keys[i].name != NULL; ++i) {
        any_value fallback;
        if (given >> i & 1) continue;
        if (keys[i].fallback == NULL) {
            describe(&keys[i], allowed, sizeof allowed);
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: setting '%s' is missing: expected %s", what,
                           keys[i].name, allowed);
        }
        if (!parse_value(&keys[i], whole(keys[i].fallback), &fallback))
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: the default of '%s' does not parse", what,
                           keys[i].name);
        memcpy((char *)out + keys[i].offset, &fallback, value_sizes[keys[i].type]);
    }
    return ALEXNET_OK;
}

/* ---- printing ---- */

/* A buffer that may be too small: `needed` counts all bytes. */
typedef struct printer {
    char *buffer;
    size_t bytes, needed;
} printer;

static void print_piece(printer *to, const char *text, size_t length)
{
    if (to->needed < to->bytes) {
        const size_t room = to->bytes - to->needed - 1;
        const size_t part = AN_MIN(length, room);
        memcpy(to->buffer + to->needed, text, part);
        to->buffer[to->needed + part] = '\0';
    }
    to->needed += length;
}

static void print_text(printer *to, const char *text) { print_piece(to, text, strlen(text)); }

static void print_real(printer *to, double real)
{
    char text[AN_REAL_SIZE];

    an_print_real(text, real);
    print_text(to, text);
}

/* A choice is printed as a flag if only this key has it. */
static void print_choice(printer *to, const an_key *keys, const an_key *key, int index)
{
    span rest = whole(key->choices);
    span choice = next_part(&rest, '|');

    for (int i = 0; i < index; ++i)
        choice = next_part(&rest, '|');
    if (find_flag(keys, choice) != key - keys) {
        print_text(to, key->name);
        print_text(to, "=");
    }
    print_piece(to, choice.at, choice.length);
}

static void print_reals(printer *to, const an_reals *reals)
{
    for (int i = 0; i < reals->count; ++i) {
        if (i > 0) print_text(to, ",");
        print_real(to, reals->values[i]);
    }
}

static void print_key(printer *to, const an_key *keys, const an_key *key, const any_value *value)
{
    if (key->type == AN_KEY_CHOICE) {
        print_choice(to, keys, key, value->integer);
        return;
    }
    print_text(to, key->name);
    print_text(to, "=");
    if (key->type == AN_KEY_INT)
        print_real(to, value->integer);
    else if (key->type == AN_KEY_REAL)
        print_real(to, value->real);
    else if (key->type == AN_KEY_TEXT)
        print_text(to, value->text);
    else
        print_reals(to, &value->reals);
}

static bool same_value(an_key_type type, const any_value *a, const any_value *b)
{
    switch (type) {
    case AN_KEY_INT:
    case AN_KEY_CHOICE:
        return a->integer == b->integer;
    case AN_KEY_REAL:
        return a->real == b->real;
    case AN_KEY_TEXT:
        return strcmp(a->text, b->text) == 0;
    case AN_KEY_REALS:
        for (int i = 0; i < a->reals.count && i < b->reals.count; ++i) {
            if (a->reals.values[i] != b->reals.values[i]) return false;
        }
        return a->reals.count == b->reals.count;
    }
    return false;
}

size_t an_settings_print(const an_key *keys, const void *settings, char *buffer, size_t bytes)
{
    printer to = {.buffer = buffer, .bytes = bytes};

    if (bytes > 0) buffer[0] = '\0';
    for (const an_key *key = keys; key->name != NULL; ++key) {
        any_value current, fallback;
        memcpy(&current, (const char *)settings + key->offset, value_sizes[key->type]);
        if (key->fallback != NULL && parse_value(key, whole(key->fallback), &fallback) &&
            same_value(key->type, &current, &fallback))
            continue;
        if (to.needed > 0) print_text(&to, " ");
        print_key(&to, keys, key, &current);
    }
    return to.needed + 1;
}
