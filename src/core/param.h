/*
 * param.h: the table of parameters: name, shape, offset, initial weights, multipliers. Model,
 * session, optimiser, weights file and checkpoint all use this one table.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_CORE_PARAM_H
#define AN_CORE_PARAM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AN_PARAM_NAME_BYTES 96

/* How initial weights are drawn. Text form in tables: "normal:0.01", "const:1", "torch", "he". */
typedef enum an_init_kind {
    AN_INIT_CONST,     /* value */
    AN_INIT_NORMAL,    /* N(0, value): value is the standard deviation */
    AN_INIT_TRUNCATED, /* the same, drawn again beyond 2 deviations from 0 (TensorFlow) */
    AN_INIT_UNIFORM,   /* U(0, value) */
    AN_INIT_GLOROT,    /* U(-b, b), b = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010) */
    AN_INIT_TORCH,     /* U(-b, b), b = 1 / sqrt(fan_in): what torch.nn.Conv2d and Linear do */
    AN_INIT_HE         /* N(0, sqrt(2 / fan_in)) (He et al. 2015) */
} an_init_kind;

typedef struct an_init {
    an_init_kind kind;
    double value;
} an_init;

/* Parses a rule, "normal:0.01". BAD_ARG; the message begins with `what`. */
alexnet_status an_init_parse(alexnet_context *ctx, const char *what, const char *text,
                             an_init *out) AN_NODISCARD;

/* How the optimiser treats a parameter. */
typedef enum an_param_role {
    AN_PARAM_WEIGHT,
    AN_PARAM_BIAS,
    AN_PARAM_STATISTIC /* not learned but observed: in training its gradient holds the value of the
                          batch, and the update is w += lr_multiplier * (observed - w) */
} an_param_role;

typedef struct an_param {
    char name[AN_PARAM_NAME_BYTES]; /* "features.0.weight" */
    int rank;
    int64_t shape[4];
    int64_t count;           /* product of shape */
    size_t offset;           /* in floats, in the model's block of values; a multiple of 16 */
    int64_t fan_in, fan_out; /* inputs of one output, outputs of one input */
    an_param_role role;
    an_init init;
    double lr_multiplier, decay_multiplier;
    bool is_variance; /* never negative */
    bool frozen;
} an_param;

/* Tensor name = prefix + layer name up to '/' + suffix; these are the suffixes of weights and
 * biases. */
typedef struct an_naming {
    const char *prefix, *weight, *bias; /* NULL: "", ".weight", ".bias" */
} an_naming;

typedef struct an_param_list {
    an_naming naming;
    an_param *items;
    int count, capacity;
    size_t values; /* floats in all, padding included */
} an_param_list;

/*
 * Appends a parameter; fills name, role, count and offset.
 *   suffix   of its name, ".running_mean"; NULL: that of list->naming for weights or biases
 *   out      valid until the next call
 * NO_MEMORY, BAD_SHAPE.
 */
alexnet_status an_param_add(alexnet_context *ctx, an_param_list *list, const char *layer,
                            an_param_role role, const char *suffix, int rank, const int64_t *shape,
                            an_param **out) AN_NODISCARD;
void an_param_list_free(alexnet_context *ctx, an_param_list *list);

/* Draws the initial weights of one parameter: a function of (seed, index, rule) alone. */
void an_param_init(const an_param *param, an_init rule, uint64_t seed, int index, float *values);

#endif
