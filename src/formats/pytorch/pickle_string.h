/*
 * pickle_string.h: texts and byte strings of a pickle, and the file as the pickle reader sees it.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PICKLE_STRING_H
#define AN_FORMATS_PYTORCH_PICKLE_STRING_H

#include "base/compiler.h"
#include "base/file.h"
#include "formats/store.h"
#include <stdbool.h>

/* Texts of at most so many bytes are decoded at once. */
#define AN_PICKLE_TEXT_MAX 1024

typedef enum an_pickle_encoding {
    AN_PICKLE_PLAIN,          /* bytes as they are, or UTF-8 */
    AN_PICKLE_QUOTED,         /* a literal of Python 2 without its quotes: 'a\x00' */
    AN_PICKLE_UNICODE_ESCAPED /* Latin-1 with \u0000 for some characters */
} an_pickle_encoding;

typedef struct an_pickle_string {
    uint64_t place, length; /* of the encoded string in the file */
    an_pickle_encoding encoding;
    size_t text_length;
    char *text;       /* decoded, followed by a 0; NULL: too long */
    uint8_t *decoded; /* by an_pickle_string_decode() */
    size_t decoded_bytes;
} an_pickle_string;

/* ---- a window over a file ---- */

#define AN_PICKLE_WINDOW ((size_t)16 << 10)

/* As a cursor (base/cursor.h): after the first failure every read gives zeros, and `status` stays.
   The bytes after the last one are a failure. */
typedef struct an_pickle_source {
    alexnet_context *ctx;
    const char *path;
    const an_reader *reader;
    uint64_t at, end; /* positions in the file */
    alexnet_status status;
    uint8_t *window; /* AN_PICKLE_WINDOW bytes */
    uint64_t window_place;
    size_t window_bytes;
} an_pickle_source;

alexnet_status an_pickle_source_open(alexnet_context *ctx, const char *path,
                                     const an_reader *reader, uint64_t place, uint64_t end,
                                     an_pickle_source *out) AN_NODISCARD;
void an_pickle_source_close(an_pickle_source *source);

void an_pickle_take(an_pickle_source *source, void *out, size_t bytes);
uint8_t an_pickle_take_byte(an_pickle_source *source);
uint64_t an_pickle_take_number(an_pickle_source *source, size_t bytes); /* the lowest byte first */
void an_pickle_skip(an_pickle_source *source, uint64_t bytes);
/* The number of bytes before the next newline, which must come. Nothing is taken. */
uint64_t an_pickle_line_length(an_pickle_source *source);

/* ---- strings ---- */

/* Takes a string of `length` encoded bytes. Its text, if it is short, goes into the store. */
alexnet_status an_pickle_take_string(an_pickle_source *source, an_store *store,
                                     an_pickle_encoding encoding, uint64_t length,
                                     an_pickle_string *out) AN_NODISCARD;

/*
 * Decodes a string to exactly `bytes` bytes in the store; the second time it has them already.
 * `latin1`: a text of which each character is a byte. BAD_FILE: of another size, or badly encoded.
 */
alexnet_status an_pickle_string_decode(alexnet_context *ctx, const char *path,
                                       const an_reader *reader, an_store *store, bool latin1,
                                       size_t bytes, an_pickle_string *string) AN_NODISCARD;

#endif
