/*
 * metadata_json.c: metadata to a JSON object and back.
 * SPDX-License-Identifier: MIT
 */
#include "formats/metadata_json.h"

#include "base/json.h"
#include "base/status.h"
#include <string.h>

/* ---- reading ---- */

/*
 * Whether the text has nothing but texts in one object, and not too many: a parsed document takes
 * up to eighty times the memory of its text, but one of this form no more than twice.
 */
static bool is_simple(const char *text, size_t bytes)
{
    bool inside = false; /* a text */
    size_t quotes = 0;

    for (size_t i = 0; i < bytes; ++i) {
        if (text[i] == '"') {
            inside = !inside;
            ++quotes;
        } else if (inside) {
            i += text[i] == '\\';
        } else if (memchr("{}:, \t\r\n", text[i], 8) == NULL || (text[i] == '{' && quotes > 0)) {
            return false;
        }
    }
    return quotes <= 4 * AN_METADATA_COUNT_MAX;
}

static alexnet_status add_members(alexnet_context *ctx, const char *path, json_t *object,
                                  an_tensor_file *out)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return an_fail(ctx, ALEXNET_BAD_FILE, "%s: metadata '%s' is not a string", path, key);
        AN_TRY(an_tensor_file_add_metadata(ctx, path, out, key, json_string_value(value)));
    }
    return ALEXNET_OK;
}

alexnet_status an_metadata_parse(alexnet_context *ctx, const char *path, const char *text,
                                 size_t bytes, an_tensor_file *out)
{
    json_t *object;

    if (!is_simple(text, bytes))
        return an_fail(ctx, ALEXNET_BAD_FILE,
                       "%s: its metadata is not a JSON object of at most %d texts", path,
                       AN_METADATA_COUNT_MAX);
    AN_TRY(an_json_parse(ctx, path, text, bytes, &object));
    const alexnet_status status = add_members(ctx, path, object, out);
    json_decref(object);
    return status;
}

/* ---- making ---- */

static alexnet_status set_members(alexnet_context *ctx, const char *path, const char *const *keys,
                                  const char *const *values, size_t count, json_t *object)
{
    an_json_maker m = {0};

    for (size_t i = 0; i < count; ++i) {
        if (json_object_get(object, keys[i]) != NULL)
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' would be written twice", path, keys[i]);
        an_json_set(&m, object, keys[i], an_json_string(&m, values[i]));
        if (m.status == ALEXNET_BAD_ARG)
            return an_fail(ctx, ALEXNET_BAD_ARG, "%s: '%s' cannot be written: it is not UTF-8",
                           path, keys[i]);
        AN_TRY(an_json_made(ctx, &m, path));
    }
    return ALEXNET_OK;
}

alexnet_status an_metadata_print(alexnet_context *ctx, const char *path, const char *const *keys,
                                 const char *const *values, size_t count, char **out)
{
    an_json_maker m = {0};
    json_t *object = an_json_object(&m);
    alexnet_status status = an_json_made(ctx, &m, path);

    *out = NULL;
    if (status == ALEXNET_OK) status = set_members(ctx, path, keys, values, count, object);
    if (status == ALEXNET_OK && (*out = an_json_text(ctx, object)) == NULL)
        status = an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", path);
    json_decref(object);
    if (status == ALEXNET_OK &&
        (count > AN_METADATA_COUNT_MAX || strlen(*out) > AN_METADATA_JSON_MAX)) {
        an_json_free(ctx, *out);
        *out = NULL;
        status = an_fail(ctx, ALEXNET_BAD_ARG,
                         "%s: metadata of %zu entries; expected at most %d, in %zu bytes", path,
                         count, AN_METADATA_COUNT_MAX, AN_METADATA_JSON_MAX);
    }
    return status;
}
