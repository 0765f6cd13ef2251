/*
 * param.h: the one table of parameters: name, shape, place, first values, multipliers. Model,
 * session, optimiser, weights file and checkpoint all walk the same table. SPDX-License-Identifier:
 * MIT
 */
#ifndef AN_CORE_PARAM_H
#define AN_CORE_PARAM_H

#include "alexnet.h"
#include "base/compiler.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AN_PARAM_NAME_BYTES 96

/* How first values are drawn. Text form in tables: "normal:0.01", "const:1", "torch", "he". */
typedef enum an_init_kind {
    AN_INIT_CONST,  /* value */
    AN_INIT_NORMAL, /* N(0, value) : value is the standard deviation */
    AN_INIT_TORCH,  /* U(-b, b), b = 1 / sqrt(fan_in): what torch.nn.Conv2d and Linear do (FACTS:
                       torchvision) */
    AN_INIT_HE      /* N(0, sqrt(2 / fan_in)) (He et al. 2015); biases 0 */
} an_init_kind;

typedef struct an_init {
    an_init_kind kind;
    double value;
} an_init;

/* "normal:0.01" to a rule. BAD_ARG naming `what`. */
alexnet_status an_init_parse(alexnet_context *ctx, const char *what, const char *text,
                             an_init *out) AN_NODISCARD;

typedef struct an_param {
    char name[AN_PARAM_NAME_BYTES]; /* "features.0.weight" */
    int rank;
    int64_t shape[4];
    int64_t count; /* product of shape */
    size_t offset; /* in floats, in the model's block of values; a multiple of 16 */
    int64_t fan_in;
    bool is_bias;
    an_init init;
    double lr_multiplier, decay_multiplier;
    bool frozen;
} an_param;

typedef struct an_param_list {
    an_param *items;
    int count, capacity;
    size_t values; /* floats in all, paddings included */
} an_param_list;

/* Appends a parameter "LAYER.SUFFIX"; fills count and offset. *out (may be NULL) is valid until the
 * next call. NO_MEMORY, BAD_SHAPE. */
alexnet_status an_param_add(alexnet_context *ctx, an_param_list *list, const char *layer,
                            const char *suffix, int rank, const int64_t *shape,
                            an_param **out) AN_NODISCARD;
void an_param_list_free(alexnet_context *ctx, an_param_list *list);

/* Draws the first values of one parameter: a function of (seed, index, rule) alone. */
void an_param_start(const an_param *param, an_init rule, uint64_t seed, int index, float *values);

#endif
