/*
 * text.c: numbers as text and back, words, and text that is safe to show.
 * SPDX-License-Identifier: MIT
 */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

int an_print_list(char *buffer, size_t bytes, const char *format, va_list list)
{
    /* The C library has its "C" locale built in: this allocates nothing. */
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(plain);
    const int written = vsnprintf(buffer, bytes, format, list);

    uselocale(before);
    freelocale(plain);
    return written;
}

int an_print(char *buffer, size_t bytes, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    const int written = an_print_list(buffer, bytes, format, list);
    va_end(list);
    return written;
}

/* True for numbers that printf() writes differently on some systems: "-nan", "inf". */
static bool show_other(char text[AN_REAL_SIZE], double value)
{
    if (isfinite(value)) return false;
    an_print(text, AN_REAL_SIZE, "%s",
             isnan(value) ? "not a number"
             : value > 0  ? "infinity"
                          : "-infinity");
    return true;
}

void an_print_real(char text[AN_REAL_SIZE], double value)
{
    if (show_other(text, value)) return;
    /* 15 digits suffice for every number that a user types, 17 for every double. */
    for (int digits = 15; digits <= 17; ++digits) {
        double back;

        an_print(text, AN_REAL_SIZE, "%.*g", digits, value);
        if (an_parse_real(text, strlen(text), &back) && back == value) return;
    }
}

#define WIDE_FROM 1e15 /* from here on decimals have more digits than are exact, or than fit */

const char *an_show_fixed(char text[AN_REAL_SIZE], int decimals, double value)
{
    if (!show_other(text, value)) {
        const bool wide = value >= WIDE_FROM || value <= -WIDE_FROM;
        an_print(text, AN_REAL_SIZE, wide ? "%.*g" : "%.*f", AN_MIN(decimals, 15), value);
    }
    return text;
}

const char *an_show_short(char text[AN_REAL_SIZE], int digits, double value)
{
    if (!show_other(text, value)) an_print(text, AN_REAL_SIZE, "%.*g", AN_MIN(digits, 17), value);
    return text;
}

const char *an_show_bytes(char text[AN_REAL_SIZE], int64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    for (; value >= 1000 && unit + 1 < AN_COUNT(units); ++unit)
        value /= 1024;
    an_print(text, AN_REAL_SIZE, "%.3g %s", value, units[unit]);
    return text;
}

bool an_parse_int(const char *text, size_t length, int64_t *out)
{
    const bool negative = length > 0 && text[0] == '-';
    int64_t value = 0;

    if (length == (size_t)negative) return false;
    for (size_t i = negative; i < length; ++i) {
        const int digit = text[i] - '0';
        if (digit < 0 || digit > 9) return false;
        /* Counted downwards: the smallest number has no positive counterpart. */
        if (value < (INT64_MIN + digit) / 10) return false;
        value = value * 10 - digit;
    }
    if (!negative && value == INT64_MIN) return false;
    *out = negative ? value : -value;
    return true;
}

bool an_parse_real(const char *text, size_t length, double *out)
{
    char copy[64];
    char *end;

    if (length == 0 || length >= sizeof copy) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strspn(copy, "0123456789+-.eE") != length) /* strtod alone would also take inf, nan, hex */
        return false;

    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double value = strtod_l(copy, &end, plain);
    freelocale(plain);
    if (*end != '\0' || end == copy || !isfinite(value)) return false;
    *out = value;
    return true;
}

/* ---- words ---- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool an_is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

bool an_same_word(const char *a, const char *b)
{
    for (; lower(*a) == lower(*b); ++a, ++b) {
        if (*a == '\0') return true;
    }
    return false;
}

size_t an_utf8_length(const char *text)
{
    static const struct {
        uint8_t first, last, low, high; /* of the lead byte; of the byte after it */
        uint8_t length;
    } rows[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const uint8_t *bytes = (const uint8_t *)text;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (bytes[0] < rows[i].first || bytes[0] > rows[i].last) continue;
        if (rows[i].length > 1 && (bytes[1] < rows[i].low || bytes[1] > rows[i].high)) return 0;
        for (size_t k = 2; k < rows[i].length; ++k)
            if (bytes[k] < 0x80 || bytes[k] > 0xbf) /* also the final 0 */
                return 0;
        return rows[i].length;
    }
    return 0;
}

/* What a character of `length` bytes (0: no UTF-8) is shown as: that many characters in `shown`, or
   itself. */
static size_t show_character(const char *text, size_t length, bool ascii, char shown[5])
{
    static const char letters[] = "\n\r\t";
    static const char *const names[] = {"\\n", "\\r", "\\t"};
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
    const char *letter = strchr(letters, text[0]);
    const bool control = first < ' ' || first == 0x7f || (first == 0xc2 && second < 0xa0);

    if (letter != NULL) return (size_t)an_print(shown, 5, "%s", names[letter - letters]);
    if (length > 0 && !control && !(ascii && first >= 0x80)) return 0;
    return (size_t)an_print(shown, 5, "\\x%02x", first);
}

static void escape(char *buffer, size_t bytes, const char *text, bool ascii)
{
    size_t used = 0;
    char shown[5];

    while (*text != '\0') {
        const size_t length = an_utf8_length(text);
        const size_t escaped = show_character(text, length, ascii, shown);
        const size_t wanted = escaped > 0 ? escaped : length;
        if (used + wanted >= bytes) break;
        memcpy(buffer + used, escaped > 0 ? shown : text, wanted);
        used += wanted;
        text += escaped > 0 ? 1 : length;
    }
    buffer[used] = '\0';
}

void an_escape(char *buffer, size_t bytes, const char *text) { escape(buffer, bytes, text, false); }

void an_escape_bytes(char *buffer, size_t bytes, const char *text)
{
    escape(buffer, bytes, text, true);
}

void an_escape_line(char *buffer, size_t bytes, char *text)
{
    size_t length = strlen(text), back = 1;

    /* Back over bytes 10xxxxxx (three in a character at most) to the one that begins it. */
    while (back < 4 && back < length && ((unsigned char)text[length - back] & 0xc0) == 0x80)
        ++back;
    if (length + 1 == bytes && an_utf8_length(text + length - back) != back)
        text[length - back] = '\0';
    an_escape(buffer, bytes, text);
}

/* ---- lists of names ---- */

#define LISTED_MAX 4

void an_listing_add(an_listing *listing, const char *name)
{
    const size_t room = sizeof listing->text - listing->used;

    if (listing->count++ >= LISTED_MAX) return;
    listing->used += (size_t)an_print(listing->text + listing->used, room, "%s'%.80s'",
                                      listing->count == 1 ? "" : ", ", name); /* fits: 4 x 84 */
}

const char *an_listing_text(an_listing *listing)
{
    const size_t room = sizeof listing->text - listing->used;

    if (listing->count > LISTED_MAX)
        an_print(listing->text + listing->used, room, " and %zu more", listing->count - LISTED_MAX);
    return listing->text;
}

/* ---- the nearest word ---- */

#define LONGEST_WORD 63

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
static size_t typing_errors(const char *a, const char *b)
{
    /* rows[i % 3][j]: the distance of a's first i characters from b's first j */
    size_t rows[3][LONGEST_WORD + 1];
    const size_t m = strlen(a);
    const size_t n = strlen(b);

    if (m > LONGEST_WORD || n > LONGEST_WORD) return SIZE_MAX;
    for (size_t i = 0; i <= m; ++i) {
        size_t *row = rows[i % 3];
        for (size_t j = 0; j <= n; ++j) {
            if (i == 0 || j == 0) {
                row[j] = i + j;
                continue;
            }
            const size_t *above = rows[(i - 1) % 3];
            const size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = AN_MIN(replace, AN_MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = AN_MIN(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

const char *an_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *nearest = NULL;
    size_t fewest = (strlen(word) + 2) / 3 + 1; /* one error in three characters is a typo */

    for (size_t i = 0; i < n; ++i) {
        const size_t errors = typing_errors(word, candidates[i]);
        if (errors < fewest && errors < strlen(candidates[i])) {
            fewest = errors;
            nearest = candidates[i];
        }
    }
    return nearest;
}
