/*
 * made.h: small networks in Caffe's format, of each generation, made field by field without the
 * code that is tested.
 *
 * The network: data [2][5][6]; conv 4 outputs, 2 groups, 3x3, pad 1; relu in place; pool maximum
 * 2, stride 2; norm across 3, alpha 0.3, beta 0.75, k 1; drop; ip 3 outputs; prob. Values come from
 * a sequence, the same for every form.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_CAFFE_MADE_H
#define AN_TEST_CAFFE_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that is being made. */
typedef struct made {
    uint8_t data[20000];
    size_t bytes;
} made;

void made_varint(made *m, int number, uint64_t value);
void made_float(made *m, int number, float value);
void made_double(made *m, int number, double value);
void made_bytes(made *m, int number, const void *data, size_t bytes);
void made_text(made *m, int number, const char *text);
void made_message(made *m, int number, const made *inner);

typedef enum made_values {
    MADE_PACKED,
    MADE_SINGLE, /* each value a field of its own */
    MADE_PIECES, /* two packed pieces, and single values between them */
    MADE_DOUBLE,
    MADE_DOUBLE_SINGLE
} made_values;

typedef struct made_form {
    int generation; /* 0, 1, 2 */
    made_values values;
    bool legacy;    /* four dimensions instead of a shape */
    bool train;     /* as Caffe saves it in training: data, splits, losses, phases */
    bool transpose; /* the linear layer's weights are [inputs][outputs] */
} made_form;

#define MADE_FORMS 9
extern const made_form made_forms[MADE_FORMS];

#define MADE_CHANNELS 2
#define MADE_HEIGHT   5
#define MADE_WIDTH    6

/* Value i of a blob. */
float made_value(float start, float step, int i);

/* Adds a message BlobProto with `count` such values. */
void made_blob(made *m, int number, const made_form *form, int rank, const int *dims, float start,
               float step);

/* A layer of V2; bottom and top may be NULL. `rest`: its further fields. */
void made_layer(made *net, const char *name, const char *type, const char *bottom, const char *top,
                const made *rest);

/* The whole network. */
void made_net(made *net, const made_form *form);

#endif
