/*
 * pickle.h: reads a pickle of Python (protocols 0 to 5) as data.
 *
 * A pickle is a program for a stack machine that may call any function of Python. Here it only
 * describes a value: opcodes are those of a table, the names that it may refer to are those of
 * another (pickle_globals.c), and a call of one is recorded, not made. Everything else is refused;
 * there is no other way to read.
 *
 * Long byte strings and texts, such as the data of arrays, stay in the file until they are asked
 * for (pickle_string.h). Everything else takes at most AN_PICKLE_MEMORY_MAX.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_PYTORCH_PICKLE_H
#define AN_FORMATS_PYTORCH_PICKLE_H

#include "base/file.h"
#include "formats/pytorch/pickle_globals.h"
#include "formats/pytorch/pickle_string.h"
#include "formats/store.h"
#include <stdbool.h>

#define AN_PICKLE_MEMORY_MAX ((size_t)4 << 20) /* of values, stack and memo */
#define AN_PICKLE_DEPTH_MAX  64                /* of values in values, as far as they are used */

typedef enum an_pickle_kind {
    AN_PICKLE_NONE,
    AN_PICKLE_BOOL,
    AN_PICKLE_INT,
    AN_PICKLE_LONG, /* an integer of more than 64 bits, which nothing here needs */
    AN_PICKLE_REAL,
    AN_PICKLE_TEXT,
    AN_PICKLE_BYTES, /* bytes, or a text of Python 2 */
    AN_PICKLE_LIST,  /* or a set */
    AN_PICKLE_TUPLE,
    AN_PICKLE_DICT,
    AN_PICKLE_GLOBAL,     /* the name of a function, a class, or a constant */
    AN_PICKLE_OBJECT,     /* what a function or a class would have made of its arguments */
    AN_PICKLE_PERSISTENT, /* what its writer stored elsewhere, by a key */
    AN_PICKLE_MARK        /* only on the stack */
} an_pickle_kind;

typedef struct an_pickle_value {
    an_pickle_kind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        an_pickle_string *string;         /* of TEXT, BYTES */
        struct an_pickle_items *items;    /* of LIST, TUPLE, DICT */
        const an_pickle_global *global;   /* of GLOBAL */
        struct an_pickle_object *object;  /* of OBJECT */
        const struct an_pickle_value *id; /* of PERSISTENT */
    };
} an_pickle_value;

/* A dict has its key and value in turn, in the order of the pickle. */
typedef struct an_pickle_items {
    an_pickle_value *values;
    size_t count, room;
    bool barren; /* no tensor was found in it (pickle_walk.h) */
} an_pickle_items;

typedef struct an_pickle_object {
    const an_pickle_global *global;
    an_pickle_items *arguments;
    an_pickle_value state; /* what BUILD would have given to it; NONE: nothing */
} an_pickle_object;

/* Zeroed: closed. */
typedef struct an_pickle {
    an_pickle_value value;
    an_pickle_items persistent; /* the keys, in their order */
    uint64_t end;               /* position after it in the file */
    an_store store;
} an_pickle;

/*
 * Reads the pickle that begins at `place` of the file and ends before `end`. BAD_FILE: it is
 * damaged, or asks for more than is allowed. UNSUPPORTED (a protocol above 5), IO, NO_MEMORY.
 * Close *out, also after a failure. Strings read from the file as long as `reader` is open.
 */
alexnet_status an_pickle_read(alexnet_context *ctx, const char *path, const an_reader *reader,
                              uint64_t place, uint64_t end, an_pickle *out) AN_NODISCARD;
void an_pickle_close(alexnet_context *ctx, an_pickle *pickle); /* safe on a zeroed pickle */

/* ---- looking at values; no function needs a value to be of any kind ---- */

/* Whether it is this short text. */
bool an_pickle_is(const an_pickle_value *value, const char *text);
/* A text or bytes of at most AN_PICKLE_TEXT_MAX without a 0, or NULL. */
const char *an_pickle_text(const an_pickle_value *value);
/* The value at this key of a dict, or NULL. */
const an_pickle_value *an_pickle_get(const an_pickle_value *dict, const char *key);
/* An object that this kind of global would have made, or NULL. */
const an_pickle_object *an_pickle_made_by(const an_pickle_value *value, an_pickle_role role);
/* Argument or element `i` of an object, list or tuple; a value of kind NONE if there is none. */
const an_pickle_value *an_pickle_item(const an_pickle_items *items, size_t i);
/* Whether it is a tuple or a list (or a torch.Size of one) of at most `max` integers that are not
   negative. */
bool an_pickle_integers(const an_pickle_value *value, int64_t *out, int max, int *count);

#endif
