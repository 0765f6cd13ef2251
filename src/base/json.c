/*
 * json.c: thin glue over jansson.
 * SPDX-License-Identifier: MIT
 */
#include "base/json.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"

#define FILE_MAX ((size_t)16 << 20)

/* ---- reading ---- */

alexnet_status an_json_parse(alexnet_context *ctx, const char *what, const char *text, size_t bytes,
                             json_t **out)
{
    json_error_t error;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);

    *out = NULL;
    if (value == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to parse %zu bytes", what, bytes);
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: line %d, column %d: %s", what, error.line,
                       error.column, error.text);
    }
    if (!json_is_object(value)) {
        json_decref(value);
        return an_fail(ctx, ALEXNET_BAD_FILE, "%s: expected an object, found an array", what);
    }
    *out = value;
    return ALEXNET_OK;
}

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

/* ---- writing ---- */

/* The object as text with `flags`, in room for a newline more; NULL: no memory, or not an object.
 */
static char *dump(alexnet_context *ctx, const json_t *object, size_t flags, size_t *length)
{
    *length = json_dumpb(object, NULL, 0, flags);
    char *text = *length == 0 ? NULL : an_new(ctx, *length + 2);

    if (text != NULL) {
        json_dumpb(object, text, *length, flags);
        text[*length] = '\0';
    }
    return text;
}

/* 15 digits, so that 0.1 is "0.1", or as many as bring every real back as it was: 17 always do. */
static char *dump_exactly(alexnet_context *ctx, const json_t *object, size_t flags, size_t *length)
{
    for (size_t digits = 15; digits < 17; ++digits) {
        char *text = dump(ctx, object, flags | JSON_REAL_PRECISION(digits), length);
        if (text == NULL) return NULL;
        json_t *back = json_loadb(text, *length, 0, NULL);
        const bool exact = back != NULL && json_equal(back, object);
        json_decref(back);
        if (exact) return text;
        an_free(ctx, text);
    }
    return dump(ctx, object, flags | JSON_REAL_PRECISION(17), length);
}

char *an_json_text(alexnet_context *ctx, const json_t *object)
{
    size_t length;

    return dump_exactly(ctx, object, JSON_COMPACT, &length);
}

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

    return json_is_number(member) ? json_number_value(member) : fallback; /* 1 is as good as 1.0 */
}
