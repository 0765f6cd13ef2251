/*
 * json_parse.c: the parser of json.h: JSON (RFC 8259) from text. jansson has a parser, too, but it
 * takes an allocation that failed for the end of the text, and then reads on. This one reports it
 * as NO_MEMORY, and never reads beyond the text.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   2048
#define ERROR_BYTES 128

typedef struct parser {
    const char *text, *at, *end;
    char *word; /* as large as the whole text: for a string without escapes, or a number */
    char error[ERROR_BYTES];
    alexnet_status status;
} parser;

/* ---- failing; all return NULL or false ---- */

static void *fail(parser *p, const char *error)
{
    p->status = ALEXNET_BAD_FILE;
    an_print(p->error, sizeof p->error, "%s", error);
    return NULL;
}

static void *fail_memory(parser *p)
{
    p->status = ALEXNET_NO_MEMORY;
    return NULL;
}

/* The parser's position: line from 1, column in characters, the current one included. */
static void locate(const parser *p, int *line, int *column)
{
    const char *stop = p->at < p->end ? p->at + 1 : p->end;

    *line = 1;
    *column = 0;
    for (const char *at = p->text; at < stop; ++at) {
        if (*at == '\n' && at + 1 < stop) {
            ++*line;
            *column = 0;
        } else if (((unsigned char)*at & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

/* ---- characters ---- */

static void skip_spaces(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        ++p->at;
}

/* The next character that is not a space; 0 at the end, as a 0 in the text is invalid anyway. */
static char peek(parser *p)
{
    skip_spaces(p);
    return p->at < p->end ? *p->at : '\0';
}

static bool take(parser *p, char wanted)
{
    if (peek(p) != wanted || p->at == p->end) return false;
    ++p->at;
    return true;
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits after "\u"; -1: there are none. */
static int32_t take_unit(parser *p)
{
    int32_t unit = 0;

    if (p->end - p->at < 4) return -1;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_digit(p->at[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    p->at += 4;
    return unit;
}

static size_t put_utf8(char *to, int32_t c)
{
    const size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length - 1; i > 0; --i, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(leads[length] | c);
    return length;
}

/* The character after "\u". */
static bool take_escaped_unit(parser *p, size_t *used)
{
    int32_t c = take_unit(p);

    if (c == 0) return fail(p, "a text with a NUL (\\u0000) in it");
    if (c >= 0xd800 && c < 0xdc00 && p->end - p->at >= 2 && p->at[0] == '\\' && p->at[1] == 'u') {
        p->at += 2;
        const int32_t low = take_unit(p);
        c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00) : -1;
    }
    if (c < 0 || (c >= 0xd800 && c < 0xe000)) return fail(p, "invalid escape \\u");
    *used += put_utf8(p->word + *used, c);
    return true;
}

static bool take_escape(parser *p, size_t *used)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char letter = p->at + 1 < p->end ? p->at[1] : '\0';
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (letter != 'u' && found == NULL) return fail(p, "invalid escape");
    p->at += 2;
    if (letter == 'u') return take_escaped_unit(p, used);
    p->word[(*used)++] = meant[found - letters];
    return true;
}

/* The bytes of the UTF-8 character here, which may be cut off by the end of the text; 0: none. */
static size_t character_length(const parser *p)
{
    const size_t left = (size_t)(p->end - p->at);
    char here[5] = "";

    memcpy(here, p->at, AN_MIN(left, 4));
    const size_t length = an_utf8_length(here);
    return length <= left ? length : 0;
}

/* A string into p->word, ended by 0. */
static bool take_string(parser *p, size_t *length)
{
    size_t used = 0;

    for (++p->at; p->at < p->end && *p->at != '"';) {
        const size_t bytes = character_length(p);
        if (bytes == 0) {
            fail(p, "");
            an_print(p->error, sizeof p->error, "unable to decode byte 0x%02x",
                     (unsigned char)*p->at);
            return false;
        }
        if ((unsigned char)*p->at < ' ') return fail(p, "control character in a text");
        if (*p->at == '\\') {
            if (!take_escape(p, &used)) return false;
            continue;
        }
        memcpy(p->word + used, p->at, bytes);
        used += bytes;
        p->at += bytes;
    }
    if (p->at == p->end) return fail(p, "premature end of input");
    ++p->at;
    p->word[used] = '\0';
    *length = used;
    return true;
}

/* ---- values ---- */

static json_t *parse_value(parser *p, int depth);

static json_t *or_no_memory(parser *p, json_t *value)
{
    return value != NULL ? value : fail_memory(p);
}

static json_t *parse_string(parser *p)
{
    size_t length;

    return take_string(p, &length) ? or_no_memory(p, json_stringn_nocheck(p->word, length)) : NULL;
}

static size_t take_digits(parser *p)
{
    const char *first = p->at;

    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        ++p->at;
    return (size_t)(p->at - first);
}

/* Whether a number is here, in JSON's form; *whole: it has neither a fraction nor an exponent. */
static bool take_number(parser *p, bool *whole)
{
    *whole = true;
    if (p->at < p->end && *p->at == '-') ++p->at;
    const bool zero = p->at < p->end && *p->at == '0';
    const size_t digits = take_digits(p);
    if (digits == 0 || (zero && digits > 1)) return false;
    if (p->at < p->end && *p->at == '.') {
        *whole = false;
        ++p->at;
        if (take_digits(p) == 0) return false;
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        *whole = false;
        ++p->at;
        if (p->at < p->end && (*p->at == '+' || *p->at == '-')) ++p->at;
        if (take_digits(p) == 0) return false;
    }
    return true;
}

static json_t *parse_number(parser *p)
{
    const char *first = p->at;
    bool whole;
    int64_t integer;

    if (!take_number(p, &whole)) return fail(p, "invalid token");
    const size_t length = (size_t)(p->at - first);
    if (whole)
        return an_parse_int(first, length, &integer) ? or_no_memory(p, json_integer(integer))
                                                     : fail(p, "too big integer");
    memcpy(p->word, first, length);
    p->word[length] = '\0';
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) return fail_memory(p);
    const double real = strtod_l(p->word, NULL, plain);
    freelocale(plain);
    return isfinite(real) ? or_no_memory(p, json_real(real)) : fail(p, "real number overflow");
}

static json_t *parse_word(parser *p)
{
    static const char *const words[] = {"true", "false", "null"};
    const size_t left = (size_t)(p->end - p->at);

    for (size_t i = 0; i < AN_COUNT(words); ++i) {
        const size_t length = strlen(words[i]);
        if (left < length || memcmp(p->at, words[i], length) != 0) continue;
        p->at += length;
        return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
    }
    return fail(p, p->at == p->end ? "premature end of input" : "invalid token");
}

static bool parse_member(parser *p, json_t *object, int depth)
{
    size_t length;

    if (peek(p) != '"')
        return fail(p, p->at == p->end ? "premature end of input" : "string expected");
    if (!take_string(p, &length)) return false;
    if (json_object_get(object, p->word) != NULL) return fail(p, "duplicate object key");
    /* Set the key first, as its value overwrites p->word. */
    if (json_object_set_new_nocheck(object, p->word, json_null()) != 0) return fail_memory(p);
    void *place = json_object_iter_at(object, p->word);
    if (!take(p, ':')) return fail(p, p->at == p->end ? "premature end of input" : "':' expected");
    json_t *value = parse_value(p, depth);
    return value != NULL && (json_object_iter_set_new(object, place, value) == 0 || fail_memory(p));
}

static bool parse_items(parser *p, json_t *parent, char close, int depth)
{
    if (take(p, close)) return true;
    do {
        json_t *item = NULL;
        if (close == '}') {
            if (!parse_member(p, parent, depth)) return false;
            continue;
        }
        if ((item = parse_value(p, depth)) == NULL) return false;
        if (json_array_append_new(parent, item) != 0) return fail_memory(p);
    } while (take(p, ','));
    if (take(p, close)) return true;
    return fail(p, p->at == p->end ? "premature end of input"
                   : close == '}'  ? "'}' expected"
                                   : "']' expected");
}

static json_t *parse_value(parser *p, int depth)
{
    const char first = peek(p);

    if (first == '"') return parse_string(p);
    if (first == '-' || (first >= '0' && first <= '9')) return parse_number(p);
    if (first != '{' && first != '[') return parse_word(p);
    if (depth > DEPTH_MAX) return fail(p, "maximum parsing depth reached");
    ++p->at;
    json_t *parent = or_no_memory(p, first == '{' ? json_object() : json_array());
    if (parent == NULL || parse_items(p, parent, first == '{' ? '}' : ']', depth + 1))
        return parent;
    json_decref(parent);
    return NULL;
}

/* ---- documents ---- */

static json_t *parse_document(parser *p)
{
    const char first = peek(p);

    if (first != '{' && first != '[') return fail(p, "'[' or '{' expected");
    json_t *value = parse_value(p, 1);
    skip_spaces(p);
    if (value == NULL || p->at == p->end) return value;
    json_decref(value);
    return fail(p, "end of file expected");
}

static alexnet_status parse(alexnet_context *ctx, const char *what, const char *text, size_t bytes,
                            json_t **out)
{
    parser p = {.text = text, .at = text, .end = text + bytes, .word = an_new(ctx, bytes + 1)};
    int line, column;

    *out = p.word != NULL ? parse_document(&p) : fail_memory(&p);
    an_free(ctx, p.word);
    if (*out != NULL) return ALEXNET_OK;
    if (p.status == ALEXNET_NO_MEMORY)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to read %zu bytes", what, bytes);
    locate(&p, &line, &column);
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: line %d, column %d: %s", what, line, column,
                   p.error);
}

/* Refuses a document of the other kind. */
static alexnet_status require(alexnet_context *ctx, const char *what, bool as_wanted,
                              const char *kinds, json_t **out)
{
    if (as_wanted) return ALEXNET_OK;
    json_decref(*out);
    *out = NULL;
    return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected %s", what, kinds);
}

alexnet_status an_json_parse(alexnet_context *ctx, const char *what, const char *text, size_t bytes,
                             json_t **out)
{
    AN_TRY(parse(ctx, what, text, bytes, out));
    return require(ctx, what, json_is_object(*out), "an object, found an array", out);
}

alexnet_status an_json_parse_list(alexnet_context *ctx, const char *what, const char *text,
                                  size_t bytes, json_t **out)
{
    AN_TRY(parse(ctx, what, text, bytes, out));
    return require(ctx, what, json_is_array(*out), "a list, found an object", out);
}
