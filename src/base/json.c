/*
 * json.c: makes and prints JSON with jansson, and remembers allocations that failed.
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define FILE_MAX ((size_t)16 << 20)

/* ---- reading ---- */

alexnet_status an_json_read(alexnet_context *ctx, const char *path, json_t **out)
{
    an_bytes bytes;

    *out = NULL;
    AN_TRY(an_file_read(ctx, path, FILE_MAX, &bytes));
    const alexnet_status status =
        an_json_parse(ctx, path, (const char *)bytes.data, bytes.size, out);
    an_bytes_free(ctx, &bytes);
    return status;
}

/* ---- making ---- */

static json_t *remember(an_json_maker *m, alexnet_status status)
{
    if (m->status == ALEXNET_OK) m->status = status;
    return NULL;
}

static json_t *made(an_json_maker *m, json_t *value)
{
    return value != NULL ? value : remember(m, ALEXNET_NO_MEMORY);
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text != '\0' && length > 0; text += length)
        length = an_utf8_length(text);
    return length > 0;
}

json_t *an_json_object(an_json_maker *m) { return made(m, json_object()); }

json_t *an_json_list(an_json_maker *m) { return made(m, json_array()); }

json_t *an_json_string(an_json_maker *m, const char *text)
{
    if (text == NULL) return json_null();
    return is_utf8(text) ? made(m, json_string_nocheck(text)) : remember(m, ALEXNET_BAD_ARG);
}

json_t *an_json_int(an_json_maker *m, int64_t value) { return made(m, json_integer(value)); }

json_t *an_json_real(an_json_maker *m, double value)
{
    return isfinite(value) ? made(m, json_real(value)) : json_null();
}

json_t *an_json_pack(an_json_maker *m, const char *format, ...)
{
    json_error_t error;
    va_list list;

    va_start(list, format);
    json_t *value = json_vpack_ex(&error, 0, format, list);
    va_end(list);
    if (value != NULL) return value;
    const enum json_error_code code = json_error_code(&error);
    return remember(m, code == json_error_invalid_utf8 || code == json_error_numeric_overflow
                           ? ALEXNET_BAD_ARG
                           : ALEXNET_NO_MEMORY);
}

void an_json_set(an_json_maker *m, json_t *object, const char *key, json_t *value)
{
    const bool failed_before = m->status != ALEXNET_OK && m->key[0] != '\0';

    if (value == NULL || object == NULL) {
        json_decref(value);
        remember(m, ALEXNET_NO_MEMORY); /* unless the cause is known */
    } else if (!is_utf8(key)) {
        json_decref(value);
        remember(m, ALEXNET_BAD_ARG);
    } else if (json_object_set_new_nocheck(object, key, value) != 0)
        remember(m, ALEXNET_NO_MEMORY);
    if (m->status != ALEXNET_OK && !failed_before) an_print(m->key, sizeof m->key, "%s", key);
}

void an_json_add(an_json_maker *m, json_t *list, json_t *value)
{
    if (value == NULL || list == NULL) {
        json_decref(value);
        remember(m, ALEXNET_NO_MEMORY);
    } else if (json_array_append_new(list, value) != 0)
        remember(m, ALEXNET_NO_MEMORY);
}

alexnet_status an_json_made(alexnet_context *ctx, const an_json_maker *m, const char *what)
{
    if (m->status == ALEXNET_NO_MEMORY)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", what);
    if (m->status != ALEXNET_OK)
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be written as JSON: is it UTF-8?",
                       what, m->key);
    return ALEXNET_OK;
}

/* ---- printing ---- */

/* The object as text with `flags`, with space for one newline more; NULL: no memory. */
static char *dump(alexnet_context *ctx, const json_t *object, size_t flags, size_t *length)
{
    *length = json_dumpb(object, NULL, 0, flags);
    char *text = *length == 0 ? NULL : an_new(ctx, *length + 2);

    if (text == NULL) return NULL;
    if (json_dumpb(object, text, *length, flags) != *length) { /* it allocates, too */
        an_free(ctx, text);
        return NULL;
    }
    text[*length] = '\0';
    return text;
}

/* Whether the text reads back as the same value. NO_MEMORY: unknown. */
static alexnet_status is_exact(alexnet_context *ctx, const char *text, size_t length,
                               const json_t *object, bool *exact)
{
    json_t *back;

    AN_TRY(json_is_array(object) ? an_json_parse_list(ctx, "JSON", text, length, &back)
                                 : an_json_parse(ctx, "JSON", text, length, &back));
    *exact = json_equal(back, object);
    json_decref(back);
    return ALEXNET_OK;
}

/* 15 digits, so that 0.1 is "0.1", or as many as read back exactly: 17 always do. */
static char *dump_exactly(alexnet_context *ctx, const json_t *object, size_t flags, size_t *length)
{
    for (size_t digits = 15; digits < 17; ++digits) {
        bool exact = false;
        char *text = dump(ctx, object, flags | JSON_REAL_PRECISION(digits), length);
        if (text == NULL) return NULL;
        const alexnet_status status = is_exact(ctx, text, *length, object, &exact);
        if (status == ALEXNET_OK && exact) return text;
        an_free(ctx, text);
        if (status == ALEXNET_NO_MEMORY) return NULL;
    }
    return dump(ctx, object, flags | JSON_REAL_PRECISION(17), length);
}

char *an_json_text(alexnet_context *ctx, const json_t *object)
{
    size_t length;

    return dump_exactly(ctx, object, JSON_COMPACT, &length);
}

char *an_json_line(alexnet_context *ctx, const json_t *value, int digits)
{
    size_t length;

    return dump(ctx, value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION((size_t)digits),
                &length);
}

void an_json_free(alexnet_context *ctx, char *text) { an_free(ctx, text); }

alexnet_status an_json_write(alexnet_context *ctx, const char *path, const json_t *object)
{
    size_t length;
    char *text = dump_exactly(ctx, object, JSON_INDENT(2), &length);

    if (text == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    text[length] = '\n';
    const alexnet_status status = an_file_write(ctx, path, text, length + 1);
    an_free(ctx, text);
    return status;
}

/* ---- members ---- */

const char *an_json_get_text(const json_t *object, const char *key, const char *fallback)
{
    const json_t *member = json_object_get(object, key);

    return json_is_string(member) ? json_string_value(member) : fallback;
}

int64_t an_json_get_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *member = json_object_get(object, key);

    return json_is_integer(member) ? json_integer_value(member) : fallback;
}

double an_json_get_real(const json_t *object, const char *key, double fallback)
{
    const json_t *member = json_object_get(object, key);

    return json_is_number(member) ? json_number_value(member) : fallback; /* 1 counts as 1.0 */
}
