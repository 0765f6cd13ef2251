/*
 * pickle_string.c: a window over the file of a pickle, and the encodings of its strings (CPython,
 * Lib/pickletools.py).
 * SPDX-License-Identifier: MIT
 */
#include "formats/pytorch/pickle_string.h"

#include "base/memory.h"
#include "base/status.h"
#include <string.h>

/* ---- a window over a file ---- */

alexnet_status an_pickle_source_open(alexnet_context *ctx, const char *path,
                                     const an_reader *reader, uint64_t place, uint64_t end,
                                     an_pickle_source *out)
{
    *out = (an_pickle_source){.ctx = ctx, .path = path, .reader = reader, .at = place, .end = end};
    out->window = an_new(ctx, AN_PICKLE_WINDOW);
    return out->window != NULL ? ALEXNET_OK
                               : an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read", path);
}

void an_pickle_source_close(an_pickle_source *source)
{
    an_free(source->ctx, source->window);
    source->window = NULL;
}

/* The bytes at the current position: at least one, unless the source has failed or ends. */
static const uint8_t *look(an_pickle_source *s, size_t *bytes)
{
    if (s->at < s->window_place || s->at - s->window_place >= s->window_bytes) {
        s->window_place = s->at;
        s->window_bytes = (size_t)AN_MIN(s->end - s->at, (uint64_t)AN_PICKLE_WINDOW);
        s->status = an_reader_read(s->ctx, s->reader, s->path, s->at, s->window, s->window_bytes);
        if (s->status != ALEXNET_OK) s->window_bytes = 0;
    }
    const size_t skipped = (size_t)(s->at - s->window_place);
    *bytes = s->window_bytes - skipped;
    return s->window + skipped;
}

/* Whether so many bytes are left; else the source has failed. */
static bool has(an_pickle_source *s, uint64_t bytes)
{
    if (s->status == ALEXNET_OK && bytes > s->end - s->at)
        s->status = an_fail(s->ctx, ALEXNET_BAD_FILE,
                            "%s: truncated: its pickle needs %ju bytes at %ju, but ends at %ju",
                            s->path, (uintmax_t)bytes, (uintmax_t)s->at, (uintmax_t)s->end);
    if (s->status != ALEXNET_OK) s->window_bytes = 0; /* nothing more is taken */
    return s->status == ALEXNET_OK;
}

void an_pickle_take(an_pickle_source *s, void *out, size_t bytes)
{
    uint8_t *to = out;

    while (bytes > 0 && has(s, bytes)) {
        size_t here;
        const uint8_t *from = look(s, &here);
        if (s->status != ALEXNET_OK) break;
        here = AN_MIN(here, bytes);
        memcpy(to, from, here);
        to += here;
        bytes -= here;
        s->at += here;
    }
    if (bytes > 0) memset(to, 0, bytes);
}

uint8_t an_pickle_take_byte(an_pickle_source *s)
{
    uint8_t byte = 0;

    if (s->at >= s->window_place && s->at - s->window_place < s->window_bytes)
        return s->window[s->at++ - s->window_place];
    an_pickle_take(s, &byte, 1);
    return byte;
}

uint64_t an_pickle_take_number(an_pickle_source *s, size_t bytes)
{
    uint64_t number = 0;

    an_pickle_take(s, &number, bytes); /* little-endian, as the machine is */
    return number;
}

void an_pickle_skip(an_pickle_source *s, uint64_t bytes)
{
    if (has(s, bytes)) s->at += bytes;
}

uint64_t an_pickle_line_length(an_pickle_source *s)
{
    const uint64_t start = s->at;
    uint64_t length = 0;

    while (has(s, 1)) {
        size_t here;
        const uint8_t *text = look(s, &here);
        if (s->status != ALEXNET_OK) break;
        const uint8_t *newline = memchr(text, '\n', here);
        if (newline != NULL) {
            length = s->at - start + (uint64_t)(newline - text);
            break;
        }
        s->at += here;
    }
    s->at = start;
    return length;
}

/* ---- strings ---- */

/* The digits of a number in hexadecimal, or -1. */
static int take_hex(an_pickle_source *s, int digits)
{
    int number = 0;

    for (int i = 0; i < digits; ++i) {
        const uint8_t c = an_pickle_take_byte(s);
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        number = number << 4 | digit;
    }
    return number;
}

/* What follows a backslash in a literal of Python 2, or -1. */
static int take_escape(an_pickle_source *s)
{
    static const char escapes[] = "\\\\''\"\"n\nr\rt\ta\ab\bf\fv\v";
    const uint8_t c = an_pickle_take_byte(s);

    if (c == 'x') return take_hex(s, 2);
    for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
        if (escapes[i] == (char)c) return escapes[i + 1];
    return -1;
}

/* The next byte, or character of an escaped text; -1: badly encoded, or the end. */
static int take_unit(an_pickle_source *s, an_pickle_encoding encoding)
{
    const uint8_t c = an_pickle_take_byte(s);
    size_t here = 0;

    if (s->status != ALEXNET_OK) return -1;
    if (c != '\\' || encoding == AN_PICKLE_PLAIN) return c;
    if (encoding == AN_PICKLE_QUOTED) return take_escape(s);
    if (s->at == s->end || *look(s, &here) != 'u' || s->status != ALEXNET_OK) return c;
    an_pickle_skip(s, 1);
    return take_hex(s, 4);
}

/* A character of a text in UTF-8, below 256; or -1. */
static int take_latin1(an_pickle_source *s)
{
    const uint8_t lead = an_pickle_take_byte(s);

    if (s->status != ALEXNET_OK) return -1;
    if (lead < 0x80) return lead;
    if (lead != 0xc2 && lead != 0xc3) return -1;
    const uint8_t next = an_pickle_take_byte(s);
    return s->status == ALEXNET_OK && (next & 0xc0) == 0x80 ? (lead & 3) << 6 | (next & 0x3f) : -1;
}

/* Appends the character in UTF-8. Surrogates stay as they are: their pair is nobody's name. */
static size_t put_utf8(char *out, int c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

static alexnet_status fail_encoding(const an_pickle_source *s)
{
    AN_TRY(s->status);
    return an_fail(s->ctx, ALEXNET_BAD_FILE, "%s: a string before byte %ju is badly encoded",
                   s->path, (uintmax_t)s->at);
}

/* Decodes a short text. */
static alexnet_status take_text(an_pickle_source *s, an_store *store, an_pickle_string *string)
{
    char text[2 * AN_PICKLE_TEXT_MAX + 8]; /* a Latin-1 character takes two bytes of UTF-8 */
    size_t length = 0;
    const uint64_t end = s->at + string->length;

    while (s->at < end) {
        const int c = take_unit(s, string->encoding);
        if (c < 0) return fail_encoding(s);
        if (string->encoding == AN_PICKLE_UNICODE_ESCAPED)
            length += put_utf8(text + length, c);
        else
            text[length++] = (char)c;
    }
    if (s->at != end) return fail_encoding(s);
    string->text = an_store_text(s->ctx, store, text, length);
    string->text_length = length;
    return string->text != NULL
               ? ALEXNET_OK
               : an_fail(s->ctx, ALEXNET_NO_MEMORY, "%s: a text of %zu bytes", s->path, length);
}

alexnet_status an_pickle_take_string(an_pickle_source *s, an_store *store,
                                     an_pickle_encoding encoding, uint64_t length,
                                     an_pickle_string *out)
{
    *out = (an_pickle_string){.place = s->at, .length = length, .encoding = encoding};
    if (!has(s, length)) return s->status;
    if (length <= AN_PICKLE_TEXT_MAX) return take_text(s, store, out);
    an_pickle_skip(s, length);
    return ALEXNET_OK;
}

static alexnet_status decode(an_pickle_source *s, bool latin1, const an_pickle_string *string,
                             uint8_t *out, size_t bytes)
{
    const bool utf8 = latin1 && string->encoding == AN_PICKLE_PLAIN;

    for (size_t i = 0; i < bytes; ++i) {
        const int c = utf8 ? take_latin1(s) : take_unit(s, string->encoding);
        if (c < 0 || c > 255) return fail_encoding(s);
        out[i] = (uint8_t)c;
    }
    return s->at == s->end ? ALEXNET_OK
                           : an_fail(s->ctx, ALEXNET_BAD_FILE,
                                     "%s: a string before byte %ju is longer than the %zu bytes "
                                     "of its array",
                                     s->path, (uintmax_t)s->end, bytes);
}

alexnet_status an_pickle_string_decode(alexnet_context *ctx, const char *path,
                                       const an_reader *reader, an_store *store, bool latin1,
                                       size_t bytes, an_pickle_string *string)
{
    an_pickle_source source;

    if ((string->decoded != NULL && string->decoded_bytes != bytes) || string->length < bytes)
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: an array needs %zu bytes, its string at %ju has "
                       "another length",
                       path, bytes, (uintmax_t)string->place);
    if (string->decoded != NULL) return ALEXNET_OK;
    uint8_t *decoded = an_store_new(ctx, store, bytes);
    if (decoded == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: %zu bytes", path, bytes);
    alexnet_status status = an_pickle_source_open(ctx, path, reader, string->place,
                                                  string->place + string->length, &source);
    if (status == ALEXNET_OK) status = decode(&source, latin1, string, decoded, bytes);
    an_pickle_source_close(&source);
    AN_TRY(status);
    string->decoded = decoded;
    string->decoded_bytes = bytes;
    return ALEXNET_OK;
}
