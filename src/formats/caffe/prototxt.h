/*
 * prototxt.h: the text format of protocol buffers, as Caffe's `.prototxt` files have it, read into
 * a tree (protobuf.dev/reference/protobuf/textformat-spec).
 *
 *     name: "net"   layer { name: "conv1" convolution_param { num_output: 96 pad: [0, 1] } }
 *
 * A comment `# alexnet.KEY: VALUE` is a field "alexnet.KEY" of the file: what our own files say of
 * images and classes, and other programs do not read.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_CAFFE_PROTOTXT_H
#define AN_FORMATS_CAFFE_PROTOTXT_H

#include "formats/store.h"
#include <stdbool.h>

#define AN_PROTOTXT_BYTES_MAX  ((size_t)4 << 20) /* a list of class names may be long */
#define AN_PROTOTXT_FIELDS_MAX 50000
#define AN_PROTOTXT_DEPTH_MAX  32

/* A field: a text, or, if that is NULL, a message. A list of values is a field for each. */
typedef struct an_prototxt {
    const char *name;
    const char *text;          /* without quotes */
    struct an_prototxt *first; /* of the message's fields */
    struct an_prototxt *next;  /* of the same message */
} an_prototxt;

/* Parses a text into a message in the store. BAD_FILE names the line; NO_MEMORY. */
alexnet_status an_prototxt_parse(alexnet_context *ctx, const char *path, const char *text,
                                 size_t bytes, an_store *store,
                                 const an_prototxt **out) AN_NODISCARD;

/* Reads a file. NOT_FOUND, IO and the above. */
alexnet_status an_prototxt_read(alexnet_context *ctx, const char *path, an_store *store,
                                const an_prototxt **out) AN_NODISCARD;

/* The first field of this name, or the next one after `after`; NULL: none. `message` may be
   NULL. */
const an_prototxt *an_prototxt_find(const an_prototxt *message, const char *name,
                                    const an_prototxt *after);

/* The value of a field; the fallback if there is none, or it is of another type. */
const char *an_prototxt_text(const an_prototxt *message, const char *name, const char *fallback);
double an_prototxt_real(const an_prototxt *message, const char *name, double fallback);
/* 0 .. 2^24, else the fallback */
int an_prototxt_int(const an_prototxt *message, const char *name, int fallback);
bool an_prototxt_bool(const an_prototxt *message, const char *name, bool fallback);

#endif
