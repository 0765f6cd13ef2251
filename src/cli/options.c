/*
 * options.c: the parser of options.h. It prints nothing and keeps no state.
 * SPDX-License-Identifier: MIT
 */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 64
#define WORD_MAX       48 /* longest word that is compared with candidates */

typedef struct parser {
    const cli_option *const *tables;
    void *args;
    char *error;
    size_t error_bytes;
} parser;

/* ---- the nearest word ---- */

static int least(int a, int b, int c)
{
    const int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance: insertions, deletions, replacements, swaps of neighbours.
 * Lengths at most WORD_MAX. */
static int distance(const char *a, const char *b)
{
    int d[WORD_MAX + 1][WORD_MAX + 1];
    const int n = (int)strlen(a), m = (int)strlen(b);

    for (int i = 0; i <= n; ++i)
        d[i][0] = i;
    for (int j = 0; j <= m; ++j)
        d[0][j] = j;
    for (int i = 1; i <= n; ++i) {
        for (int j = 1; j <= m; ++j) {
            d[i][j] =
                least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

const char *cli_nearest(const char *word, const char *const *candidates, size_t count)
{
    const size_t length = strlen(word);
    const char *best = NULL;
    int best_distance = 1 + (int)length / 3; /* a word farther away would be a guess */

    if (length < 2 || length > WORD_MAX) return NULL;
    for (size_t i = 0; i < count; ++i) {
        if (strlen(candidates[i]) > WORD_MAX) continue;
        const int d = strncmp(candidates[i], word, length) == 0 ? 1 : distance(word, candidates[i]);
        if (d < best_distance || (d == best_distance && best == NULL)) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}

/* ---- values ---- */

bool cli_parse_count(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || isspace((unsigned char)*text)) return false;
    *out = value;
    return true;
}

bool cli_parse_real(const char *text, double *out)
{
    char *end;

    if (text[strspn(text, "0123456789+-.eE")] !=
        '\0') /* strtod also takes "inf", "nan" and hexadecimal */
        return false;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value)) return false;
    *out = value;
    return true;
}

bool cli_parse_time(const char *text, double *seconds)
{
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    double sum = 0;
    size_t unit = 0; /* from large to small, each at most once */

    if (*text == '\0') return false;
    while (*text != '\0') {
        if (!isdigit((unsigned char)*text) || text[1] == 'x' || text[1] == 'X')
            return false; /* strtod takes hexadecimal */
        char *end;
        const double value = strtod(text, &end);
        const char letter = *end == '\0' && unit == 0 ? 's' : *end; /* a bare number */
        while (unit < sizeof units / sizeof units[0] && units[unit].letter != letter)
            ++unit;
        if (unit == sizeof units / sizeof units[0]) return false;
        sum += value * units[unit++].seconds;
        text = *end == '\0' ? end : end + 1;
    }
    *seconds = sum;
    return isfinite(sum);
}

/* "600M" */
static bool parse_bytes(const char *text, int64_t *out)
{
    static const char units[] = "KMGT";
    char *end;

    if (!isdigit((unsigned char)*text) || text[1] == 'x' || text[1] == 'X') return false;
    double value = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit != NULL) {
        for (const char *u = units; u <= unit; ++u)
            value *= 1024;
        end += end[1] == 'i' ? 2 : 1;
        if (*end == 'B' || *end == 'b') ++end;
    }
    if (*end != '\0' || !(value < 0x1p62)) return false;
    *out = (int64_t)value;
    return true;
}

/* "224" or "224x256" */
static bool parse_size(const char *text, int size[2])
{
    char *end;
    const long height = strtol(text, &end, 10);
    const char *second = *end == 'x' ? end + 1 : text;
    const long width = *end == 'x' ? strtol(second, &end, 10) : height;

    if (*end != '\0' || !isdigit((unsigned char)*text) || !isdigit((unsigned char)*second) ||
        height < 1 || width < 1 || height > INT_MAX || width > INT_MAX)
        return false;
    size[0] = (int)height;
    size[1] = (int)width;
    return true;
}

/* The index of the word in "first|second|third", from 1; 0: it is not there. */
static int parse_choice(const char *text, const char *choices)
{
    const size_t length = strlen(text);
    int place = 1;

    for (const char *at = choices; length > 0; ++place) {
        const size_t n = strcspn(at, "|");
        if (n == length && memcmp(at, text, n) == 0) return place;
        if (at[n] == '\0') break;
        at += n + 1;
    }
    return 0;
}

/* ---- mistakes ---- */

__attribute__((format(printf, 2, 3))) static cli_outcome mistake(const parser *p,
                                                                 const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(p->error, p->error_bytes, format, list);
    va_end(list);
    return CLI_MISTAKE;
}

/* "a whole number from 1 to 65536" */
static void describe(const cli_option *option, char *text, size_t bytes)
{
    const char *kind = option->type == CLI_REAL ? "a number" : "a whole number";
    const int digits =
        option->type == CLI_REAL ? 6 : 15; /* so that whole numbers are printed whole */

    switch (option->type) {
    case CLI_TIME:
        snprintf(text, bytes, "a time%s such as 90s, 30m or 1h30m",
                 option->min > 0 ? " above 0," : "");
        return;
    case CLI_BYTES:
        snprintf(text, bytes, "a size in memory such as 600M or 1.5G");
        return;
    case CLI_SIZE:
        snprintf(text, bytes, "a size such as 224 or 224x256 (height x width)");
        return;
    case CLI_CHOICE:
        snprintf(text, bytes, "one of %s", option->value);
        return;
    case CLI_INT:
    case CLI_COUNT:
    case CLI_REAL:
        break;
    case CLI_PATH:
    case CLI_WEIGHTS:
        snprintf(text, bytes, "a path");
        return;
    default:
        snprintf(text, bytes, "a text");
        return;
    }
    if (option->max == 0)
        snprintf(text, bytes, "%s of at least %.*g", kind, digits, option->min);
    else
        snprintf(text, bytes, "%s from %.*g to %.*g", kind, digits, option->min, digits,
                 option->max);
}

/* "N|none" */
static bool takes_none(const cli_option *option)
{
    const char *bar = option->value != NULL ? strchr(option->value, '|') : NULL;

    return option->type != CLI_CHOICE && bar != NULL && strcmp(bar, "|none") == 0;
}

static cli_outcome bad_value(const parser *p, const cli_option *option, const char *value)
{
    char expected[160];

    describe(option, expected, sizeof expected);
    return mistake(p, "--%s: expected %s%s, found '%s'", option->name, expected,
                   takes_none(option) ? ", or none" : "", value);
}

static cli_outcome unknown_option(const parser *p, const char *word)
{
    const char *names[CANDIDATES_MAX];
    size_t count = 0;
    char name[WORD_MAX + 1];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (int t = 0; p->tables[t] != NULL; ++t)
        for (const cli_option *o = p->tables[t]; o->name != NULL && count < CANDIDATES_MAX; ++o)
            names[count++] = o->name;

    const char *near = word[1] == '-' ? cli_nearest(name, names, count) : NULL;
    if (near != NULL) return mistake(p, "unknown option '%s'; did you mean '--%s'?", word, near);
    return mistake(p, "unknown option '%s'", word);
}

/* ---- the parser ---- */

static bool in_range(const cli_option *option, double value)
{
    return value >= option->min && (option->max == 0 || value <= option->max);
}

static bool is_optional(const cli_option *option) { return option->value[0] == '['; }

/* Writes CLI_NONE into a number. */
static void store_none(const cli_option *option, void *at)
{
    if (option->type == CLI_INT)
        *(int *)at = CLI_NONE;
    else if (option->type == CLI_COUNT || option->type == CLI_BYTES)
        *(int64_t *)at = CLI_NONE;
    else
        *(double *)at = CLI_NONE;
}

static cli_outcome store(const parser *p, const cli_option *option, const char *value)
{
    void *at = (char *)p->args + option->offset;
    union { /* receives a value that is only checked, since its text is stored */
        int integer, size[2];
        int64_t count;
        double real;
        const char *text;
    } checked;
    void *to = option->as_text ? &checked : at;
    int64_t count = 0;
    bool good = true;

    if (takes_none(option) && strcmp(value, "none") == 0) {
        store_none(option, at);
        return CLI_PARSED;
    }
    switch (option->type) {
    case CLI_FLAG:
        *(int *)to = 1;
        break;
    case CLI_TEXT:
    case CLI_PATH:
    case CLI_WEIGHTS: /* an empty text is usually an unset shell variable */
        good = *value != '\0' || is_optional(option);
        if (good) *(const char **)to = value;
        break;
    case CLI_INT:
        good = cli_parse_count(value, &count) && in_range(option, (double)count) &&
               count <= INT_MAX && count >= INT_MIN;
        if (good) *(int *)to = (int)count;
        break;
    case CLI_COUNT:
        good = cli_parse_count(value, &count) && in_range(option, (double)count);
        if (good) *(int64_t *)to = count;
        break;
    case CLI_BYTES:
        good = parse_bytes(value, &count) && in_range(option, (double)count);
        if (good) *(int64_t *)at = count;
        break;
    case CLI_REAL: {
        double real = 0;
        good = cli_parse_real(value, &real) && in_range(option, real);
        if (good) *(double *)to = real;
        break;
    }
    case CLI_TIME: {
        double seconds = 0;
        good = cli_parse_time(value, &seconds) && in_range(option, seconds);
        if (good) *(double *)to = seconds;
        break;
    }
    case CLI_SIZE: {
        int size[2];
        good = parse_size(value, size) && in_range(option, size[0]) && in_range(option, size[1]);
        if (good) memcpy(to, size, sizeof size);
        break;
    }
    case CLI_CHOICE:
        *(int *)to = parse_choice(value, option->value);
        good = *(int *)to != 0;
        break;
    }
    if (good && option->as_text) *(const char **)at = value;
    return good ? CLI_PARSED : bad_value(p, option, value);
}

/* "--name", "--name=value" or "-x" */
static const cli_option *find(const parser *p, const char *word)
{
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word + 2, "=") : 0;

    for (int t = 0; p->tables[t] != NULL; ++t) {
        for (const cli_option *o = p->tables[t]; o->name != NULL; ++o) {
            if (is_long ? strlen(o->name) == length && memcmp(o->name, word + 2, length) == 0
                        : o->letter != 0 && o->letter == word[1] && word[2] == '\0')
                return o;
        }
    }
    return NULL;
}

/* Parses the option at argv[*at]; moves *at to its last word. */
static cli_outcome parse_option(const parser *p, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    const cli_option *option = find(p, word);
    const char *equals = strchr(word, '=');
    const char *next = *at + 1 < argc ? argv[*at + 1] : NULL;

    if (option == NULL) return unknown_option(p, word);
    if (option->type == CLI_FLAG)
        return equals == NULL ? store(p, option, NULL)
                              : mistake(p, "--%s takes no value", option->name);
    if (equals != NULL) return store(p, option, equals + 1);

    if (next != NULL && (is_optional(option) ? next[0] != '-' : strncmp(next, "--", 2) != 0)) {
        ++*at;
        return store(p, option, next);
    }
    if (is_optional(option)) return store(p, option, "");
    return mistake(p, "--%s needs a value: %s", option->name, option->value);
}

cli_outcome cli_parse(const cli_option *const tables[], int argc, char **argv, void *args,
                      int *words, char *error, size_t error_bytes)
{
    const parser p = {tables, args, error, error_bytes};
    bool options_end = false;

    *words = 0;
    for (int i = 0; i < argc; ++i) {
        char *word = argv[i];
        if (word[0] == '\0') return mistake(&p, "an argument is empty");
        if (options_end || word[0] != '-' || word[1] == '\0') {
            argv[(*words)++] = word; /* never past i */
        } else if (strcmp(word, "--") == 0) {
            options_end = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            return CLI_HELP_WANTED;
        } else {
            const cli_outcome outcome = parse_option(&p, argc, argv, &i);
            if (outcome != CLI_PARSED) return outcome;
        }
    }
    return CLI_PARSED;
}
