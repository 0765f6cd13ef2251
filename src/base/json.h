/*
 * json.h: JSON for the library and the program: strict parsing with limits, members with defaults,
 * and documents whose creation cannot hide an allocation that failed.
 *
 * jansson keeps the values, and its readers (json_object_get(), json_is_...(), json_array_size())
 * may be used anywhere: they allocate nothing. Functions of jansson that allocate are called in
 * json.c and json_parse.c only (scripts/check-structure).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_BASE_JSON_H
#define AN_BASE_JSON_H

#include "alexnet.h"
#include "base/compiler.h"
#include <jansson.h>
#include <stdint.h>

/* ---- reading ---- */

/*
 * Parses an object, or a list; duplicate keys and trailing bytes are refused. `what` names the text
 * in messages. BAD_FILE; NO_MEMORY, which is never reported as bad data.
 */
alexnet_status an_json_parse(alexnet_context *ctx, const char *what, const char *text, size_t bytes,
                             json_t **out) AN_NODISCARD;
alexnet_status an_json_parse_list(alexnet_context *ctx, const char *what, const char *text,
                                  size_t bytes, json_t **out) AN_NODISCARD;

/* Reads a JSON file of at most 16 MiB. */
alexnet_status an_json_read(alexnet_context *ctx, const char *path, json_t **out) AN_NODISCARD;

/* A member of an object, or the default if it is absent or of another type (an integer is a real,
 * too). Texts are borrowed. */
const char *an_json_get_text(const json_t *object, const char *key, const char *fallback);
int64_t an_json_get_int(const json_t *object, const char *key, int64_t fallback);
double an_json_get_real(const json_t *object, const char *key, double fallback);

/* ---- making ---- */

/*
 * Holds the first error of making a document. Begins as {0}. Every function below may be called
 * after an error, and accepts NULL for a value that could not be made; an_json_made() returns the
 * error at the end:
 *
 *     an_json_maker m = {0};
 *     json_t *list = an_json_list(&m);
 *     for (...) an_json_add(&m, list, an_json_int(&m, numbers[i]));
 *     json_t *object = an_json_pack(&m, "{s:i, s:o}", "schema", 1, "numbers", list);
 *     status = an_json_made(ctx, &m, path);
 *     if (status == ALEXNET_OK) status = an_json_write(ctx, path, object);
 *     json_decref(object);
 */
typedef struct an_json_maker {
    alexnet_status status; /* NO_MEMORY; BAD_ARG: a text that is not UTF-8 */
    char key[64];          /* the member where it was detected */
} an_json_maker;

json_t *an_json_object(an_json_maker *m);
json_t *an_json_list(an_json_maker *m);
json_t *an_json_string(an_json_maker *m, const char *text); /* NULL gives null */
json_t *an_json_int(an_json_maker *m, int64_t value);
json_t *an_json_real(an_json_maker *m, double value); /* null for NaN and infinities */

/* As json_pack(); takes ownership of the values of 'o'. */
json_t *an_json_pack(an_json_maker *m, const char *format, ...);

/* Both take ownership of `value`. */
void an_json_set(an_json_maker *m, json_t *object, const char *key, json_t *value);
void an_json_add(an_json_maker *m, json_t *list, json_t *value);

/* OK if every value was made; else NO_MEMORY or BAD_ARG, where `what` names the document in the
   message. */
alexnet_status an_json_made(alexnet_context *ctx, const an_json_maker *m,
                            const char *what) AN_NODISCARD;

/* ---- printing ---- */

/* Writes an object atomically, indented, keys in the order they were set, reals as below. Takes no
   reference. */
alexnet_status an_json_write(alexnet_context *ctx, const char *path,
                             const json_t *object) AN_NODISCARD;

/* One line, allocated with an_new(); reals with the 15 to 17 digits from which they are read back
   exactly. NULL: no memory. */
char *an_json_text(alexnet_context *ctx, const json_t *object) AN_NODISCARD;

/* The same for any value, with the given number of digits. */
char *an_json_line(alexnet_context *ctx, const json_t *value, int digits) AN_NODISCARD;

void an_json_free(alexnet_context *ctx, char *text); /* a text of the two functions above */

#endif
