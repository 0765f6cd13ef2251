/*
 * protobuf.h: the wire format of protocol buffers, read field by field with a bounded cursor, and
 * written.
 *
 * This is our own code and not a library's: a message of 240 MB is one array of floats within a
 * few kilobytes of structure. A generated parser would copy all of it; the cursor passes over it
 * and leaves it in the file (tensor.h). What remains is small: five wire types, in a file that is
 * read through a window of a few kilobytes.
 *
 *     an_pb_field field;
 *     while (an_pb_next(&message, &field)) {
 *         if (field.number == 3) ...
 *     }
 *     if (message.status != ALEXNET_OK) return message.status;
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PROTOBUF_H
#define AN_FORMATS_PROTOBUF_H

#include "base/file.h"
#include "formats/store.h"
#include <stdbool.h>

typedef enum an_pb_wire {
    AN_PB_VARINT = 0,
    AN_PB_64 = 1,
    AN_PB_BYTES = 2,
    AN_PB_32 = 5
} an_pb_wire;

/* One field of a message. Unknown fields are simply not looked at. */
typedef struct an_pb_field {
    int number; /* 1 .. 2^29 - 1 */
    an_pb_wire wire;
    uint64_t value; /* VARINT, 64, 32: the bits. BYTES: their number */
    uint64_t place; /* BYTES: position of the first in the file */
} an_pb_field;

/* The part of a file that holds one message. */
typedef struct an_pb_cursor {
    alexnet_context *ctx;
    const char *path;            /* for messages */
    const an_reader *reader;     /* of the file */
    uint64_t at, end;            /* positions in the file */
    int depth;                   /* of nesting, bounded */
    alexnet_status status;       /* of the first failure; its message is in ctx */
    struct an_pb_window *window; /* bytes of the file that were read; shared by nested cursors */
} an_pb_cursor;

/* A cursor over all of the file. NO_MEMORY is left in its status. Close the outermost one. */
an_pb_cursor an_pb_open(alexnet_context *ctx, const char *path, const an_reader *reader);
void an_pb_close(an_pb_cursor *cursor);

/* The next field. False: the message ends, or is damaged: see status (BAD_FILE: a field that
   exceeds the message, a varint of more than 64 bits, field number 0, a group or an unknown wire
   type). */
bool an_pb_next(an_pb_cursor *message, an_pb_field *field) AN_NODISCARD;

/* A cursor over a field of wire type BYTES that is itself a message, or a packed list. After it,
   pass its status on: an_pb_leave(). It fails when the nesting is too deep (32). */
an_pb_cursor an_pb_enter(an_pb_cursor *message, const an_pb_field *field);
void an_pb_leave(an_pb_cursor *message, const an_pb_cursor *inner);

/* Numbers of a packed list, or the bits of one field. */
bool an_pb_varint(an_pb_cursor *list, uint64_t *value) AN_NODISCARD; /* false: end, or damaged */
int64_t an_pb_signed(const an_pb_field *field);                      /* int32, int64, bool, enum */
float an_pb_float(const an_pb_field *field);
double an_pb_double(const an_pb_field *field);

/* A field of wire type BYTES as text in the store: valid UTF-8 without zero bytes, of at most
   `limit` bytes. NULL: damaged or no memory; see the cursor's status. */
const char *an_pb_text(an_pb_cursor *message, const an_pb_field *field, an_store *store,
                       size_t limit) AN_NODISCARD;

/* ---- writing: a message in memory, except large arrays ---- */

/* Bytes of a message that is being made. A nested message is made first, then added as bytes. */
typedef struct an_pb_out {
    alexnet_context *ctx;
    uint8_t *data;
    size_t bytes, room;
    bool failed; /* no memory: checked once, at the end */
} an_pb_out;

void an_pb_add_varint(an_pb_out *out, int number, uint64_t value);
void an_pb_add_float(an_pb_out *out, int number, float value);
void an_pb_add_text(an_pb_out *out, int number, const char *text);
void an_pb_add_bytes(an_pb_out *out, int number, const void *data, size_t bytes);
void an_pb_add_message(an_pb_out *out, int number, const an_pb_out *message);
/* The tag and the size only: the caller writes `bytes` bytes after what is in *out. */
void an_pb_add_head(an_pb_out *out, int number, uint64_t bytes);
/* All fields of another message, as further fields of this one. */
void an_pb_append(an_pb_out *out, const an_pb_out *fields);
void an_pb_free(an_pb_out *out);

#endif
