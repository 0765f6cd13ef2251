/*
 * text.h: numbers as text and back, and the nearest word. The same on every machine: the host program's locale
 * (a decimal comma, translated system messages) has no say here.
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

/* A finite number in as few digits as bring back the same double: "0.1", "1e-05", "-3". */
#define AN_REAL_SIZE 32
void an_print_real(char text[AN_REAL_SIZE], double value);

/* The whole of text[0 .. length-1] as a decimal number; false when it is anything else or does not fit (inf, nan, hex). */
bool an_parse_int(const char *text, size_t length, int64_t *out) AN_NODISCARD;
bool an_parse_real(const char *text, size_t length, double *out) AN_NODISCARD;

/* Whether text[0 .. length-1] is `word`. */
bool an_is_word(const char *text, size_t length, const char *word);

/* Equal but for the case of the letters A to Z. */
bool an_same_word(const char *a, const char *b);

/*
 * A number for a person to read, with so many decimals, or so many digits in all: "0.7329", "not a number", "infinity",
 * "-infinity". Both return `text`.
 */
const char *an_show_fixed(char text[AN_REAL_SIZE], int decimals, double value);
const char *an_show_short(char text[AN_REAL_SIZE], int digits, double value);

/* The same of a size: "1.31 GiB". */
const char *an_show_bytes(char text[AN_REAL_SIZE], int64_t bytes);

/* Bytes of the UTF-8 character at `text`; 0: there is none (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF). */
size_t an_utf8_length(const char *text);

/*
 * The text with control characters and bytes that are not UTF-8 as "\x1b" ("\n", "\r", "\t"), to be shown in a message;
 * cut where it does not fit. The second shows every byte outside ASCII so, for names that look the same.
 */
void an_escape(char *buffer, size_t bytes, const char *text);
void an_escape_bytes(char *buffer, size_t bytes, const char *text);

/* What snprintf() wrote into buffer[0 .. bytes-1], fit to be shown as one line: a character that was cut off goes. */
void an_escape_line(char *buffer, size_t bytes, char *text);

/* Some names for a message, zeroed to begin with: "'ant', 'bee', 'cat', 'dog' and 3 more". */
typedef struct an_listing {
    char text[512];
    size_t used, count;
} an_listing;

void an_listing_add(an_listing *listing, const char *name);
const char *an_listing_text(an_listing *listing); /* once, at the end */

/* The candidate that `word` was probably meant to be (few typing errors away), or NULL. */
const char *an_nearest(const char *word, const char *const *candidates, size_t n);

#endif
