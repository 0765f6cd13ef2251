/*
 * json.h: thin glue over jansson: strict parsing with limits, errors in our words, fields with a default.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_JSON_H
#define AN_BASE_JSON_H

#include "alexnet.h"
#include "base/compiler.h"
#include <jansson.h>
#include <stdint.h>

/* Parses an object; duplicate keys and trailing bytes are refused. `what` names the text in messages. BAD_FILE. */
alexnet_status an_json_parse(alexnet_context *ctx, const char *what, const char *text, size_t bytes, json_t **out) AN_NODISCARD;

/* Reads a JSON file of at most 16 MiB. */
alexnet_status an_json_read(alexnet_context *ctx, const char *path, json_t **out) AN_NODISCARD;

/* Writes an object atomically, indented, keys in the order they were set, reals as below. Takes no reference. */
alexnet_status an_json_write(alexnet_context *ctx, const char *path, const json_t *object) AN_NODISCARD;

/* One line, allocated with an_new(); reals with the 15 to 17 digits that bring each back as it was. NULL: no memory. */
char *an_json_text(alexnet_context *ctx, const json_t *object) AN_NODISCARD;

/* A member of an object, or the default where it is absent or of another type (an integer is a real, too).
 * Texts are borrowed. */
const char *an_json_get_text(const json_t *object, const char *key, const char *fallback);
int64_t     an_json_get_int(const json_t *object, const char *key, int64_t fallback);
double      an_json_get_real(const json_t *object, const char *key, double fallback);

#endif
