/*
 * alike.c: compares names in decomposed form (Unicode Standard Annex 15) and small letters.
 *
 * Marks are not sorted: in both forms they already are in Unicode's order.
 * SPDX-License-Identifier: MIT
 */
#include "base/alike.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- one letter ---- */

typedef struct composition {
    uint16_t whole, base, mark;
} composition;

static const composition compositions[] = {
#include "base/compositions.inc"
};

static const composition *find_composition(uint32_t code)
{
    size_t low = 0;

    for (size_t high = AN_COUNT(compositions); low < high;) {
        const size_t middle = (low + high) / 2;
        if (compositions[middle].whole == code) return &compositions[middle];
        if (compositions[middle].whole < code)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

#define LETTERS_MAX 4 /* of one character: a Greek letter with three marks */

/* The letters of a Korean syllable are computed from its number (the standard's 3.12). */
static int split_syllable(uint32_t code, uint32_t out[LETTERS_MAX])
{
    const uint32_t index = code - 0xac00, last = index % 28;

    out[0] = 0x1100 + index / (21 * 28);
    out[1] = 0x1161 + index / 28 % 21;
    out[2] = 0x11a7 + last;
    return last > 0 ? 3 : 2;
}

static int decompose(uint32_t code, uint32_t out[LETTERS_MAX])
{
    uint32_t marks[LETTERS_MAX];
    int count = 0, written = 0;

    if (code >= 0xac00 && code <= 0xd7a3) return split_syllable(code, out);
    for (const composition *c; count < LETTERS_MAX - 1 && (c = find_composition(code)) != NULL;) {
        marks[count++] = c->mark;
        code = c->base;
    }
    out[written++] = code;
    while (count > 0)
        out[written++] = marks[--count];
    return written;
}

/* The small letter of a capital that has no decomposition. */
static uint32_t fold(uint32_t code)
{
    static const struct {
        uint16_t first, last;
        uint8_t step, add; /* every `step`-th code point from `first` on is a capital */
    } rows[] = {
        {'A', 'Z', 1, 32},       {0x00c6, 0x00c6, 1, 32}, {0x00d0, 0x00d0, 1, 32},
        {0x00d8, 0x00de, 1, 32}, {0x0100, 0x0136, 2, 1},  {0x0139, 0x0147, 2, 1},
        {0x014a, 0x0176, 2, 1},  {0x0391, 0x03a9, 1, 32}, {0x0400, 0x040f, 1, 80},
        {0x0410, 0x042f, 1, 32}, {0x0460, 0x0480, 2, 1},  {0x048a, 0x04be, 2, 1},
        {0x04d0, 0x052e, 2, 1},
    };

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        if (code >= rows[i].first && code <= rows[i].last &&
            (code - rows[i].first) % rows[i].step == 0)
            return code + rows[i].add;
    }
    return code;
}

/* ---- a name ---- */

/* The character of `length` bytes at `text`, which is UTF-8. */
static uint32_t decode(const char *text, size_t length)
{
    static const uint8_t heads[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (uint8_t)text[0] & heads[length];

    for (size_t i = 1; i < length; ++i)
        code = code << 6 | ((uint8_t)text[i] & 0x3f);
    return code;
}

static char *encode(char *out, uint32_t code)
{
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (int i = length - 1; i > 0; --i) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(heads[length] | code);
    return out + length;
}

/* The letters of one character of a name, or of one byte that is no UTF-8. Advances *text. */
static int next_letters(const char **text, bool folded, uint32_t out[LETTERS_MAX])
{
    const size_t length = an_utf8_length(*text);

    if (length == 0) {
        out[0] = UINT32_C(0x80000000) | (uint8_t) * *text; /* no character has such a number */
        ++*text;
        return 1;
    }
    const int count = decompose(decode(*text, length), out);
    for (int i = 0; i < count && folded; ++i)
        out[i] = fold(out[i]);
    *text += length;
    return count;
}

/* A name, letter by letter. */
typedef struct letters {
    const char *at;
    uint32_t ready[LETTERS_MAX];
    int next, count;
} letters;

static uint32_t next_letter(letters *l, bool folded)
{
    if (l->next == l->count) {
        if (*l->at == '\0') return 0;
        l->count = next_letters(&l->at, folded, l->ready);
        l->next = 0;
    }
    return l->ready[l->next++];
}

static bool are_same(const char *a, const char *b, bool folded)
{
    letters x = {.at = a}, y = {.at = b};
    uint32_t letter;

    do {
        letter = next_letter(&x, folded);
        if (letter != next_letter(&y, folded)) return false;
    } while (letter != 0);
    return true;
}

an_likeness an_compare_likeness(const char *a, const char *b)
{
    if (strcmp(a, b) == 0 || !are_same(a, b, true)) return AN_LIKENESS_NONE;
    return are_same(a, b, false) ? AN_LIKENESS_FORM : AN_LIKENESS_CASE;
}

char *an_alike_key(alexnet_context *ctx, const char *name)
{
    const size_t length = strlen(name);
    size_t bytes; /* a character grows to at most three times its bytes */
    char *key = an_multiply(length + 1, 3, &bytes) ? an_new(ctx, bytes) : NULL;
    char *out = key;
    uint32_t ready[LETTERS_MAX];

    if (key == NULL) return NULL;
    while (*name != '\0') {
        const int count = next_letters(&name, true, ready);
        for (int i = 0; i < count; ++i) {
            if (ready[i] < UINT32_C(0x80000000))
                out = encode(out, ready[i]);
            else
                *out++ = (char)(ready[i] & 0xff);
        }
    }
    *out = '\0';
    return key;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

alexnet_status an_find_twice(alexnet_context *ctx, const char *const *names, size_t count,
                             const char **twice)
{
    const char **sorted = an_new_array(ctx, count, sizeof *sorted);

    *twice = NULL;
    if (sorted == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%zu names", count);
    if (count > 0) {
        memcpy(sorted, names, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_names);
    }
    for (size_t i = 1; i < count && *twice == NULL; ++i)
        if (strcmp(sorted[i - 1], sorted[i]) == 0) *twice = sorted[i];
    an_free(ctx, sorted);
    return ALEXNET_OK;
}
