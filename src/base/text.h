/*
 * text.h: numbers as text and back, and the nearest word. Results are the same on every machine:
 * the host program's locale (a decimal comma, translated system messages) is not used.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_TEXT_H
#define AN_BASE_TEXT_H

#include "base/compiler.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As snprintf() and vsnprintf() in the "C" locale. */
int an_print(char *buffer, size_t bytes, const char *format, ...) AN_PRINTF(3, 4);
int an_print_list(char *buffer, size_t bytes, const char *format, va_list list) AN_PRINTF(3, 0);

/* `one` for a count of 1, else `many`: "1 step", "2 steps". */
#define AN_NOUN(count, one, many) ((count) == 1 ? (one) : (many))

/* A finite number in the fewest digits that read back as the same double: "0.1", "1e-05", "-3". */
#define AN_REAL_SIZE 32
void an_print_real(char text[AN_REAL_SIZE], double value);

/* All of text[0 .. length-1] as a decimal number; false: it is something else (inf, nan, hex), or
   out of range. */
bool an_parse_int(const char *text, size_t length, int64_t *out) AN_NODISCARD;
bool an_parse_real(const char *text, size_t length, double *out) AN_NODISCARD;

/* Whether text[0 .. length-1] is `word`. */
bool an_is_word(const char *text, size_t length, const char *word);

/* Whether they are equal, ignoring the case of the letters A to Z. */
bool an_same_word(const char *a, const char *b);

/*
 * A number for the user to read, with a given number of decimals, or of digits in all: "0.7329",
 * "not a number", "infinity", "-infinity". Both return `text`.
 */
const char *an_show_fixed(char text[AN_REAL_SIZE], int decimals, double value);
const char *an_show_short(char text[AN_REAL_SIZE], int digits, double value);

/* The same for a size: "1.31 GiB". */
const char *an_show_bytes(char text[AN_REAL_SIZE], int64_t bytes);

/* Bytes of the UTF-8 character at `text`; 0: it is not UTF-8 (RFC 3629: no overlong forms, no
   surrogates, nothing above U+10FFFF). */
size_t an_utf8_length(const char *text);

/*
 * The text for a message, with control characters and bytes that are not UTF-8 as "\x1b" ("\n",
 * "\r", "\t"); truncated to `bytes`. The second also escapes all bytes outside ASCII, for names
 * that look the same.
 */
void an_escape(char *buffer, size_t bytes, const char *text);
void an_escape_bytes(char *buffer, size_t bytes, const char *text);

/* The same for a text that snprintf() wrote, to be shown as one line: a character that was cut off
   is removed. */
void an_escape_line(char *buffer, size_t bytes, char *text);

/* Some names for a message. Begins zeroed: "'ant', 'bee', 'cat', 'dog' and 3 more". */
typedef struct an_listing {
    char text[512];
    size_t used, count;
} an_listing;

void an_listing_add(an_listing *listing, const char *name);
const char *an_listing_text(an_listing *listing); /* once, at the end */

/* The candidate that was probably meant by `word`, a few typing errors away; or NULL. */
const char *an_nearest(const char *word, const char *const *candidates, size_t n);

#endif
